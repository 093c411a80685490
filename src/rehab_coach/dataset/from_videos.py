"""From a table of videos to sets of skeletons, one for each estimator.

    OUT/label_name.txt                  the labels
    OUT/ESTIMATOR/NAME.json             skeletons (.npz if wanted)
    OUT/ESTIMATOR_label.json            the summary
    OUT/report.csv                      what became of every clip
    OUT/settings.json                   what all files have in common
    OUT/.work/                          the clips that are worked on

A run may end at any point: a file has its name only when it is whole, and is in the report only after that. The next
run does what is not in the report, and what failed. Workers hand whole files back, and this process alone writes to
OUT: so a cluster needs no common disk.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Dict, Generator, Iterator, List, Optional, Sequence, Tuple

from rehab_coach import workers as pools
from rehab_coach.dataset.extraction import (
    DONE,
    ENDINGS,
    FAILED,
    NOBODY,
    Outcome,
    Task,
    entry_of,
    extract,
    require_ffmpeg_here,
)
from rehab_coach.dataset.footage import FITS
from rehab_coach.dataset.labels import LABEL_FILE, Entry, read_labels, write_summary
from rehab_coach.dataset.report import Report
from rehab_coach.dataset.videos import Variant, read_videos, skeleton_name
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, written_whole
from rehab_coach.pose.clips import BadLine, Clip, threads_each
from rehab_coach.pose.registry import DEFAULT


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Attributes:
        table: CSV file of the videos, see `rehab_coach.pose.clips`.
        out: folder of the sets.
        estimators: their names.
        variants: views of each clip.
        fit: "letterbox" or "stretch".
        format: "kinetics" or "npz".
        label_file: the labels that may occur, in order; "" = those of the table.
        workers: processes of this machine (or processors of a local Ray); 0 = everything in this process.
        ray: address of a Ray cluster, or "local"; "" = none.
        temporary: folder for downloads and cuts; "" = OUT/.work, on a cluster each machine's own.
        retry: try again what failed in an earlier run.
    """

    table: str
    out: str
    estimators: Tuple[str, ...] = (DEFAULT,)
    variants: Tuple[Variant, ...] = (Variant(),)
    fit: str = "letterbox"
    format: str = "kinetics"
    label_file: str = ""
    workers: int = 1
    ray: str = ""
    temporary: str = ""
    retry: bool = True

    def __post_init__(self):
        if self.fit not in FITS or self.format not in ENDINGS or not self.estimators:
            raise ValueError("a plan needs estimators, a fit of %s and a format of %s" % (FITS, tuple(ENDINGS)))


def make_sets(plan: Plan, progress: Optional[Callable] = None) -> Report:
    """Make the sets, or what is missing of them.

    Args:
        plan: what.
        progress: called as progress(clips finished before, all clips); returns an object with update() and
            set_postfix_str() (tqdm).

    Returns:
        The report, which is also in OUT/report.csv.

    Raises:
        RehabCoachError: the table or the folder is not usable, ffmpeg or yt-dlp is missing, the disk is full, no
            clip could be used. What was finished before is kept.
    """
    clips, bad_lines = read_videos(plan.table)
    if not plan.ray:  # on a cluster it is the workers who need them
        require_ffmpeg_here(any(clip.is_url for clip in clips))
    with locked(plan.out):
        _check_settings(plan)
        labels = _labels(plan, clips)
        report = Report(os.path.join(plan.out, "report.csv"))
        for key in [key for key in report.rows if not key[0]]:
            del report.rows[key]  # lines of the table that could not be used: they are told anew
        work = _work_folder(plan)
        shutil.rmtree(work, ignore_errors=True)
        _remove_unfinished(plan)
        tasks = list(_tasks(plan, clips, labels, report, "" if plan.ray and not plan.temporary else work))
        bar = progress(len(clips) - len(tasks), len(clips)) if progress else None
        order = [
            (estimator, skeleton_name(clip) + variant.suffix)
            for clip in clips
            for estimator in plan.estimators
            for variant in plan.variants
        ]
        try:
            report.add(_bad_line_row(bad) for bad in bad_lines)
            failures = 0
            with contextlib.closing(_results(plan, tasks)) as results:
                for task, outcomes, problem in results:
                    outcomes = _all_failed(task, problem) if outcomes is None else outcomes
                    _keep(plan, report, task, outcomes)
                    failures += any(outcome.status == FAILED for outcome in outcomes)
                    if bar:
                        bar.set_postfix_str("%d failed" % failures, refresh=False)
                        bar.update()
        except RehabCoachError as error:
            raise RehabCoachError(
                "%s. What was finished is kept in %s: put it right and run the same command again" % (error, plan.out)
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
            with contextlib.suppress(RehabCoachError):  # a full disk was told already
                _finish(plan, report, labels, order)
    if not any(row["status"] in (DONE, NOBODY) for row in report.rows.values()):
        reasons = [row["reason"] for row in report.rows.values()]
        raise RehabCoachError("no clip of %s could be used: %s (see %s)" % (plan.table, reasons[0], report.path))
    return report


def _work_folder(plan: Plan) -> str:
    if not plan.temporary:
        return os.path.join(plan.out, ".work")
    # Always the same for the same OUT, so that the next run finds what a kill left.
    digest = hashlib.sha256(os.path.abspath(plan.out).encode()).hexdigest()[:8]
    return os.path.join(plan.temporary, "rehab-coach-" + digest)


def _check_settings(plan: Plan) -> None:
    path = os.path.join(plan.out, "settings.json")
    settings = {"fit": plan.fit, "format": plan.format}
    if os.path.exists(path):
        try:
            with open(path) as stream:
                earlier = json.load(stream)
        except (OSError, ValueError) as error:
            raise RehabCoachError("cannot read %s: %s" % (path, error)) from error
        if earlier != settings:
            raise RehabCoachError(
                "%s was begun with %s, not with %s: go on with the same or choose another folder"
                % (plan.out, _options(earlier), _options(settings))
            )
        return
    with written_whole(path) as temporary, open(temporary, "w") as stream:
        json.dump(settings, stream)


def _options(settings) -> str:
    return " ".join("--%s %s" % item for item in sorted(dict(settings).items()))


def _labels(plan: Plan, clips: Sequence[Clip]) -> Tuple[str, ...]:
    """The labels of OUT; new ones of the table come behind those that were there, whose numbers stay."""
    path = os.path.join(plan.out, LABEL_FILE)
    earlier = read_labels(path) if os.path.exists(path) else ()
    labels = read_labels(plan.label_file) if plan.label_file else earlier
    used = list(dict.fromkeys(clip.label for clip in clips))
    if plan.label_file:
        lacking = [label for label in used if label not in labels]
        if lacking:
            raise RehabCoachError("the label file %s lacks: %s" % (plan.label_file, ", ".join(lacking)))
    labels = tuple(labels) + tuple(label for label in used if label not in labels)
    if labels[: len(earlier)] != earlier:
        raise RehabCoachError("%s has other labels than %s: choose another folder" % (path, plan.label_file))
    if labels != earlier:
        with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
            stream.write("".join("%s\n" % label for label in labels))
    return labels


def _remove_unfinished(plan: Plan) -> None:
    """Files that a kill left without their name."""
    for folder in [plan.out] + [os.path.join(plan.out, estimator) for estimator in plan.estimators]:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith(".partial-"):
                with contextlib.suppress(OSError):
                    os.remove(os.path.join(folder, name))


def _path(plan: Plan, estimator: str, name: str) -> str:
    return os.path.join(plan.out, estimator, name + ENDINGS[plan.format])


def _tasks(plan: Plan, clips: Sequence[Clip], labels: Sequence[str], report: Report, temporary: str) -> Iterator[Task]:
    """What is still to be done."""
    threads = 1 if plan.ray else threads_each(plan.workers)
    for clip in clips:
        wanted = tuple(
            (estimator, variant)
            for variant in plan.variants
            for estimator in plan.estimators
            if not _is_finished(plan, report, clip, estimator, variant)
        )
        if wanted:
            index = labels.index(clip.label)
            yield Task(clip, index, wanted, plan.format, plan.fit, temporary or None, threads)


def _is_finished(plan: Plan, report: Report, clip: Clip, estimator: str, variant: Variant) -> bool:
    name = skeleton_name(clip) + variant.suffix
    row = report.rows.get((estimator, name))
    if row is None or row["label"] != clip.label:
        return False
    if row["status"] == FAILED:
        return not plan.retry
    return os.path.exists(_path(plan, estimator, name))


def _results(plan: Plan, tasks: List[Task]) -> Generator[pools.Result, None, None]:
    if plan.ray:
        return pools.run_on_ray(extract, tasks, plan.ray, max(1, plan.workers))
    if plan.workers:
        return pools.run_in_processes(extract, tasks, min(plan.workers, max(1, len(tasks))))
    return pools.run_here(extract, tasks)


def _all_failed(task: Task, problem: str) -> List[Outcome]:
    return [
        Outcome(estimator, entry_of(task.clip, task.label_index, variant), FAILED, problem)
        for estimator, variant in task.wanted
    ]


def _keep(plan: Plan, report: Report, task: Task, outcomes: Sequence[Outcome]) -> None:
    """First the files, then their rows: a row promises a file."""
    for outcome in outcomes:
        if outcome.content:
            with written_whole(_path(plan, outcome.estimator, outcome.entry.name)) as temporary:
                with open(temporary, "wb") as stream:
                    stream.write(outcome.content)
    report.add(
        {
            "name": outcome.entry.name,
            "estimator": outcome.estimator,
            "label": outcome.entry.label,
            "group": outcome.entry.group,
            "status": outcome.status,
            "reason": outcome.reason,
            "frames": outcome.frames,
            "frames_with_person": outcome.frames_with_person,
            "processor_seconds": "%.3f" % outcome.processor_seconds,
            "bytes": len(outcome.content),
            "line": task.clip.line,
            "source": task.clip.path,
        }
        for outcome in outcomes
    )


def _bad_line_row(bad: BadLine) -> Dict[str, object]:
    name = "line %d" % bad.line
    return {"name": name, "status": FAILED, "reason": bad.reason, "line": bad.line, "source": bad.file}


def _finish(plan: Plan, report: Report, labels: Sequence[str], order: Sequence[Tuple[str, str]]) -> None:
    """Report and summaries as they would be had nothing interrupted the work."""
    report.write(order)
    sets: Dict[str, List[Entry]] = {}
    for (estimator, name), row in report.rows.items():
        if row["status"] in (DONE, NOBODY) and row["label"] in labels:
            entry = Entry(name, row["label"], labels.index(row["label"]), row["group"], row["status"] == DONE)
            sets.setdefault(estimator, []).append(entry)
    for estimator, entries in sets.items():
        write_summary(os.path.join(plan.out, estimator + "_label.json"), entries)


def costs(report: Report) -> List[str]:
    """Lines for people: how many files of each estimator, what each cost, and why others failed."""
    lines = []
    for estimator in sorted({estimator for estimator, _ in report.rows if estimator}):
        rows = [row for (by, _), row in report.rows.items() if by == estimator]
        made = [row for row in rows if row["status"] in (DONE, NOBODY)]
        count = len(made) or 1
        lines.append(
            "%s: %d files, nobody seen in %d, %d failed; per file %.1f s of processor time and %.0f kB"
            % (
                estimator,
                len(made),
                sum(row["status"] == NOBODY for row in made),
                len(rows) - len(made),
                sum(float(row["processor_seconds"]) for row in made) / count,
                sum(int(row["bytes"]) for row in made) / count / 1000,
            )
        )
    reasons = Counter(row["reason"] for row in report.rows.values() if row["status"] == FAILED)
    lines += ["%d failed: %s" % (number, reason) for reason, number in reasons.most_common(5)]
    if len(reasons) > 5:
        lines.append("%d more reasons are in %s" % (len(reasons) - 5, report.path))
    return lines
