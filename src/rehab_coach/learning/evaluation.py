"""What a model does on labelled clips: videos, or sets of skeletons."""

import sys
import zlib
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.datasets import TRUTH, Sample
from rehab_coach.learning.estimator_noise import as_seen_by
from rehab_coach.learning.fold_models import Judges
from rehab_coach.learning.sources import read_source
from rehab_coach.pose.clips import Clip, Job, estimate_clips
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.skeleton import SkeletonSequence

ERROR = "error"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was answered about one clip.

    Attributes:
        file: the clip, as its table calls it.
        label: what it shows.
        predicted: the answer; "" for a clip that could not be read.
        status: recognised, unknown, not_seen, or error.
        confidence: of the answer.
        probabilities: float (classes,); zeros if nobody was seen.
        problem: why the clip could not be read.
        whole_body: whether a whole body is in view; where it is not, rejecting the clip says nothing.
        variant: the way in which the exercise is done; "" = not known.
    """

    file: str
    label: str
    predicted: str
    status: str
    confidence: float
    probabilities: np.ndarray
    problem: str = ""
    whole_body: bool = True
    variant: str = ""


@dataclass(frozen=True, eq=False)
class Judged:
    """A labelled clip whose key points are known, or why they are not.

    Attributes:
        file, label, group: as in the table or set; where that knows no groups, every clip is one.
        sequence: of the patient; None for a clip that could not be read.
        problem: why not.
        whole_body, variant: as in `Outcome`.
    """

    file: str
    label: str
    group: str
    sequence: Optional[SkeletonSequence]
    problem: str = ""
    whole_body: bool = True
    variant: str = ""


def judge(
    recognizer: Recognizer,
    sequence: SkeletonSequence,
    file: str,
    label: str,
    method: str = "interpolate",
    whole_body: bool = True,
    variant: str = "",
) -> Outcome:
    """The answer about one sequence; nobody seen counts as the answer `unknown`."""
    answer = recognizer.recognize(sequence, method)
    return Outcome(
        file, label, answer.label, answer.status, answer.confidence, answer.probabilities, "", whole_body, variant
    )


def judge_all(judges: Judges, clips: Sequence[Judged], method: str = "interpolate") -> List[Outcome]:
    """The answers about clips, in their order; an unreadable one is an error, not the end."""
    nothing = np.zeros(len(judges.labels), np.float32)
    return [
        Outcome(clip.file, clip.label, "", ERROR, 0.0, nothing, clip.problem, clip.whole_body, clip.variant)
        if clip.sequence is None
        else judge(judges.of(clip.group), clip.sequence, clip.file, clip.label, method, clip.whole_body, clip.variant)
        for clip in clips
    ]


def tell(line: str) -> None:
    """A line about what could not be measured; not among the numbers, which may go into a file."""
    tqdm.write(line, file=sys.stderr)


def estimate_judged(
    clips: Sequence[Clip],
    estimator: str,
    workers: int = 1,
    cache: Optional[str] = None,
    rate: Optional[float] = None,
    report: Callable[[str], None] = tell,
    network: str = "",
) -> List[Judged]:
    """The key points of videos.

    Args:
        clips: of a table.
        estimator: its name.
        workers: processes.
        cache: folder for finished sequences.
        rate: frames per second that are looked at, at most; None = all.
        report: called once with a line about each clip that cannot be used.
        network: of the estimator; "" = its own.
    """
    judged: Dict[int, Judged] = {}
    jobs = [Job(clip, estimator, rate, network) for clip in clips]
    for number, sequence, problem in estimate_clips(jobs, cache, workers):
        row = clips[number].row
        if sequence is None:
            report("cannot be used: " + problem)
        judged[number] = Judged(
            row["file"],
            row["label"],
            clips[number].group,
            sequence,
            problem,
            row.get("body", "yes") != "no",
            row.get("variant", ""),
        )
    return [judged[number] for number in sorted(judged)]


def read_judged_table(
    path: str, labels: Sequence[str], like: Sequence[str] = (), report: Callable[[str], None] = tell
) -> Dict[str, List[Judged]]:
    """The sequences of a table (see `rehab_coach.learning.sources`) by who saw them.

    Args:
        path: the table, or a folder that holds it.
        labels: of the model; a sequence of another label is an error.
        like: estimators that are imitated (see `estimator_noise`) where the places are true; none = they stay true.
        report: called with a line about each sequence that cannot be used.

    Raises:
        RehabCoachError: there is no such table, or nothing to imitate an estimator with.
    """
    parts: Dict[str, List[Judged]] = {}
    for sample in read_source("", path, labels, report):
        seen = {sample.estimator: sample.sequence}
        if sample.estimator == TRUTH and like:
            seen = {"like_" + name: _imitated(sample, name) for name in like}
        for name, sequence in seen.items():
            parts.setdefault(name, []).append(
                Judged(sample.name, sample.label, sample.group, sequence, "", sample.whole_body, sample.variant)
            )
    if like and not any(name.startswith("like_") for name in parts):
        raise RehabCoachError("%s has no true key points: leave --like out" % path)
    return parts


def _imitated(sample: Sample, estimator: str) -> SkeletonSequence:
    return as_seen_by(sample.sequence, estimator, np.random.default_rng(zlib.crc32(sample.name.encode())))


def read_judged(path: str, labels: Sequence[str], report: Callable[[str], None] = tell) -> List[Judged]:
    """The clips of a set of labelled skeletons (see `rehab_coach.dataset`); of several people the first is meant.

    Args:
        path: a packed pair's data file, or any other set.
        labels: of the model; a clip of another label is an error.
        report: called with a line about each clip that cannot be used.

    Raises:
        RehabCoachError: there is no such set, it has no labels, or some that the model lacks.
    """
    from rehab_coach.dataset import open_set

    opened = open_set(path)
    unlabelled = [entry.name for entry in opened.entries if not entry.label]
    if unlabelled:
        raise RehabCoachError(
            "nothing says what %s of %s shows: put a table there, a CSV file with the columns label and file"
            % (unlabelled[0], path)
        )
    strange = sorted({entry.label for entry in opened.entries} - set(labels))
    if strange:
        raise RehabCoachError(
            "%s has the label '%s', which the model does not know (%s)" % (path, strange[0], ", ".join(labels))
        )
    judged = []
    for entry in opened.entries:
        group = entry.group or entry.name
        try:
            judged.append(Judged(entry.name, entry.label, group, opened.load(entry)[0]))
        except RehabCoachError as error:
            judged.append(Judged(entry.name, entry.label, group, None, str(error)))
    judged += [Judged("", "", "", None, problem) for problem in opened.problems]
    for clip in judged:
        if clip.problem:
            report("cannot be used: " + clip.problem)
    return judged
