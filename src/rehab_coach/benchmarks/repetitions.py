"""How well repetitions are counted: on videos that were counted by eye, on OpenCap's squats, on motion capture.

Signals and limits were chosen while looking at the first half of the clips: every second `group` of the table in
alphabetical order, that is, other people than in the second half.
"""

import os
import time
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.dataset.ui_prmd import RATE, read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.kinematics.projection import CameraView, film
from rehab_coach.kinematics.repetitions.find import count_repetitions
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.paths import share_path
from rehab_coach.pose.clips import Clip, Job, cached_name, estimate_clips, read_clips
from rehab_coach.pose.registry import NAMES
from rehab_coach.skeleton import SkeletonSequence

FRAME_RATE = 15.0
"""Frames per second that the estimators look at."""
CAMERA_RATE = 30.0
"""Frames per second at which the cost of counting live is measured: a fast estimator's."""
OPENCAP_COUNT = 6
MOCAP_EXERCISES = {"deep_squat": "squat", "inline_lunge": "lunge", "side_lunge": "lunge", "sit_to_stand": "squat"}
MOCAP_VIEWS = (("front", 0.0), ("oblique", 45.0), ("side", 90.0))


class Counted(NamedTuple):
    """One recording: what it belongs to, how often by eye, offline, live, without being told the exercise."""

    kind: str
    estimator: str
    first_half: bool
    name: str
    expected: int
    found: int
    live: int
    periodic: int


def measure(data: str, cache: Optional[str] = None, report: Callable[[str], None] = print) -> None:
    """Count everything there is in a data folder and report tables.

    Args:
        data: holds clips/clips.csv, kinematics/opencap_squat and mocap/ui_prmd.
        cache: folder of key points that were estimated before; None: they are estimated now and not kept.
        report: called with each table.

    Raises:
        RehabCoachError: the data is missing or not as it should be.
    """
    clips, counts = _counted_clips(data)
    opencap = [
        Clip(os.path.join(data, "kinematics", "opencap_squat", camera, "squats-with-arm-raise.mov"), {"file": camera})
        for camera in ("cam0", "cam1")
    ]
    groups = sorted({clip.row["group"] for clip in clips})
    first = set(groups[::2])
    jobs = [Job(clip, estimator, FRAME_RATE) for clip in clips + opencap for estimator in NAMES]
    cached = cache is not None and all(os.path.exists(cached_name(job, cache)) for job in jobs)
    workers = 1 if cached else os.cpu_count() or 1
    seconds: List[float] = []
    results: List[Counted] = []
    for number, sequence, problem in sorted(estimate_clips(jobs, cache, workers), key=lambda result: result[0]):
        if sequence is None:
            raise RehabCoachError(problem)
        row = jobs[number].clip.row
        exercise = row.get("label", "squat")
        expected = int(counts[row["file"]]["count"]) if "label" in row else OPENCAP_COUNT
        if "label" not in row:
            seconds += _live(sequence.resample(CAMERA_RATE), exercise)[1]
        results.append(
            Counted(
                exercise if "label" in row else "opencap",
                jobs[number].estimator,
                row.get("group") in first,
                row["file"],
                expected,
                count_repetitions(sequence, exercise),
                _live(sequence, exercise)[0],
                count_repetitions(sequence),
            )
        )
    report(_opencap_table([one for one in results if one.kind == "opencap"]))
    report(_clips_table([one for one in results if one.kind != "opencap"]))
    report(
        "live at %.0f frames/s: %.2f ms of processor time per frame on average, 99 %% of the frames below %.1f ms"
        % (CAMERA_RATE, 1000 * np.mean(seconds), 1000 * np.percentile(seconds, 99))
    )
    report(_mocap_table(data))


def _counted_clips(data: str) -> Tuple[List[Clip], Dict[str, Dict[str, str]]]:
    counts = {row["file"]: row for row in read_table(share_path("test", "data", "counts.csv"), ("file", "count"))}
    clips = read_clips(os.path.join(data, "clips", "clips.csv"))
    chosen = [clip for clip in clips if clip.row["file"] in counts]
    if not chosen:
        raise RehabCoachError("no clip of %s was counted by eye (test/data/counts.csv)" % data)
    return chosen, counts


def _live(sequence: SkeletonSequence, exercise: str) -> Tuple[int, List[float]]:
    """The count at the end, and the seconds of all of this process's threads for each frame.

    Other programs do not add to them.
    """
    counter = RepetitionCounter(exercise)
    seconds = []
    for stamp, key_points in zip(sequence.stamps, sequence.key_points):
        began = time.process_time()
        counter.add(stamp, key_points, sequence.layout)
        seconds.append(time.process_time() - began)
    return counter.count, seconds


def _share(differences: Sequence[int], largest: int) -> str:
    right = sum(abs(difference) <= largest for difference in differences)
    return "%d of %d (%.0f %%)" % (right, len(differences), 100 * right / len(differences))


def _opencap_table(results: Sequence[Counted]) -> str:
    lines = ["squats of OpenCap (%d by eye)%23s %7s %9s" % (OPENCAP_COUNT, "offline", "live", "unnamed")]
    for one in results:
        lines.append(
            "  %-10s %-30s %9d %7d %9d" % (one.estimator, "view " + one.name, one.found, one.live, one.periodic)
        )
    return "\n".join(lines)


def _clips_table(results: Sequence[Counted]) -> str:
    """Off by at most one from the count by eye, except for the last but one: live from offline."""
    titles = ("exact", "off by at most 1", "live: at most 1", "live from offline", "unnamed: at most 1")
    lines = ["%-33s" % "clips counted by eye" + "".join(" %19s" % title for title in titles)]

    def line(name: str, chosen: Iterable[Counted]) -> None:
        chosen = list(chosen)
        if chosen:
            found = [one.found - one.expected for one in chosen]
            live = [one.live - one.expected for one in chosen]
            apart = [one.live - one.found for one in chosen]
            periodic = [one.periodic - one.expected for one in chosen]
            shares = (_share(found, 0), _share(found, 1), _share(live, 1), _share(apart, 1), _share(periodic, 1))
            lines.append("  %-31s" % name + "".join(" %19s" % share for share in shares))

    for estimator in NAMES:
        own = [one for one in results if one.estimator == estimator]
        for exercise in sorted({one.kind for one in own}):
            line("%-10s %s" % (estimator, exercise), (one for one in own if one.kind == exercise))
        line("%-10s first half of people" % estimator, (one for one in own if one.first_half))
        line("%-10s second half" % estimator, (one for one in own if not one.first_half))
        line("%-10s two or more by eye" % estimator, (one for one in own if one.expected > 1))
        line("%-10s all" % estimator, own)
    wrong = [one for one in results if abs(one.found - one.expected) > 1]
    lines += ["  %s, %s: %d instead of %d" % (one.estimator, one.name, one.found, one.expected) for one in wrong]
    return "\n".join(lines)


def _mocap_table(data: str) -> str:
    """Single repetitions of motion capture as a camera and an estimator would see them."""
    random = np.random.default_rng(0)
    executions = read_executions(data)
    found: Dict[Tuple[str, str], List[int]] = {}
    for one in tqdm(executions, desc="motion capture", unit="repetition", dynamic_ncols=True):
        for view, yaw in MOCAP_VIEWS:
            filmed = film(one.joints, RATE, CameraView(yaw=yaw), random)
            exercise = MOCAP_EXERCISES[one.movement]
            found.setdefault((one.movement, view), []).append(count_repetitions(filmed, exercise) - 1)
    lines = ["single repetitions of UI-PRMD, projected with an estimator's errors: exactly one"]
    for movement in MOCAP_EXERCISES:
        shares = ["%s %s" % (view, _share(found[movement, view], 0)) for view, _ in MOCAP_VIEWS]
        lines.append("  %-14s %s" % (movement, "  ".join("%-26s" % share for share in shares).rstrip()))
    lines.append("  %-14s %s" % ("all", _share([one for many in found.values() for one in many], 0)))
    return "\n".join(lines)
