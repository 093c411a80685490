"""How a patient gets on: what the rounds of each visit come to, before anything is drawn."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.movement import SEVERITIES, Movement, Repetition
from rehab_coach.paths import share_path
from rehab_coach.visits.store import RoundResult

SIDES = ("right", "left")
PHASES = ("down", "hold", "up", "pause")


@dataclass(frozen=True)
class NormalRange:
    """What is normal for the angle that tells most about an exercise.

    Attributes:
        angle: name without its side, such as knee_angle; "" for a ratio.
        low, high: degrees or percent; None: nobody has published one.
        source: where the limits are from.
    """

    angle: str = ""
    low: Optional[float] = None
    high: Optional[float] = None
    source: str = ""


@dataclass(frozen=True)
class RemarkCount:
    """How often a remark was made in a visit: in so many of so many repetitions."""

    repetitions: int
    of: int


@dataclass(frozen=True)
class ExerciseVisit:
    """One exercise in one visit.

    Attributes:
        asked: how often the exercise was asked for and the patient was seen.
        recognised: how often it was then recognised.
        sets: recordings that were measured: those in which the exercise was recognised, whatever was asked for.
        repetitions: in each of these recordings.
        peaks: "right", "left" -> largest angle of each repetition in degrees.
        phases: mean seconds of "down", "hold", "up", "pause".
        symmetry: left over right in percent, of each repetition.
        remarks: (rule, side) -> how often.
    """

    asked: int = 0
    recognised: int = 0
    sets: int = 0
    repetitions: Tuple[int, ...] = ()
    peaks: Dict[str, Tuple[float, ...]] = field(default_factory=dict)
    phases: Dict[str, float] = field(default_factory=dict)
    symmetry: Tuple[float, ...] = ()
    remarks: Dict[Tuple[str, str], RemarkCount] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """A patient's visits.

    Attributes:
        patient: pseudonym.
        starts: stamp of each visit's first round; the lists below are as long.
        rounds: rounds of each visit; not_judged: those in which nobody was seen or something failed.
        exercises: label -> what was done in each visit.
        severities: rule -> the worst severity that it had.
        measured_by: everything that measured, in the order of time.
    """

    patient: str
    starts: Tuple[float, ...]
    rounds: Tuple[int, ...]
    not_judged: Tuple[int, ...]
    exercises: Dict[str, Tuple[ExerciseVisit, ...]]
    severities: Dict[str, str]
    measured_by: Tuple[str, ...]


def read_normal_ranges(path: Optional[str] = None) -> Dict[str, NormalRange]:
    """The normal ranges by exercise, and under "symmetry" that of the symmetry; None: those that ship.

    Raises:
        RehabCoachError: the file is missing or is something else.
    """
    path = path or share_path("config", "report", "normal_ranges.yaml")
    try:
        with open(path, encoding="utf-8") as stream:
            return {name: NormalRange(**values) for name, values in yaml.safe_load(stream).items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise RehabCoachError("cannot read the normal ranges %s: %s" % (path, " ".join(str(error).split()))) from error


def follow(patient: str, rounds: Sequence[RoundResult], ranges: Dict[str, NormalRange]) -> Progress:
    """Bring the rounds of a patient together by visit and exercise.

    Args:
        patient: pseudonym.
        rounds: in the order of time, as VisitStore.rounds gives them.
        ranges: says which angle tells most about an exercise.
    """
    visits: Dict[int, List[RoundResult]] = {}
    for one in rounds:
        visits.setdefault(one.visit, []).append(one)
    labels = {one.asked for one in rounds} | {movement.exercise for movement in map(measured, rounds) if movement}
    order = [label for label in ranges if label in labels] + sorted(labels - set(ranges))
    exercises = {
        label: tuple(_exercise_visit(label, visit, ranges.get(label, NormalRange())) for visit in visits.values())
        for label in order
    }
    severities: Dict[str, str] = {}
    for movement in filter(None, map(measured, rounds)):
        for remark in movement.remarks:
            worst = max(severities.get(remark.rule, remark.severity), remark.severity, key=SEVERITIES.index)
            severities[remark.rule] = worst
    return Progress(
        patient,
        tuple(visit[0].started for visit in visits.values()),
        tuple(len(visit) for visit in visits.values()),
        tuple(sum(not _was_seen(one) for one in visit) for visit in visits.values()),
        exercises,
        severities,
        tuple(dict.fromkeys(one.measured_by for one in rounds if one.measured_by)),
    )


def measured(one: RoundResult) -> Optional[Movement]:
    """The round's movement, if it is of the exercise that was recognised: angles of something else say nothing."""
    return one.movement if one.movement and one.movement.exercise == one.recognised else None


def _was_seen(one: RoundResult) -> bool:
    return one.verdict in ("correct", "wrong", "unknown")


def _exercise_visit(label: str, visit: Sequence[RoundResult], normal: NormalRange) -> ExerciseVisit:
    asked = [one for one in visit if one.asked == label and _was_seen(one)]
    movements = [movement for movement in map(measured, visit) if movement and movement.exercise == label]
    repetitions = [one for movement in movements for one in movement.repetitions]
    return ExerciseVisit(
        asked=len(asked),
        recognised=sum(one.verdict == "correct" for one in asked),
        sets=len(movements),
        repetitions=tuple(len(movement.repetitions) for movement in movements),
        peaks=_peaks(repetitions, normal.angle),
        phases={phase: statistics.mean(getattr(one, phase) for one in repetitions) for phase in PHASES}
        if repetitions
        else {},
        symmetry=tuple(100 * one.symmetry for one in repetitions if one.symmetry is not None),
        remarks=_remarks(movements),
    )


def _peaks(repetitions: Sequence[Repetition], angle: str) -> Dict[str, Tuple[float, ...]]:
    peaks = {}
    for side in SIDES:
        name = "%s_%s" % (angle, side[0])
        seen = [one.range_of_motion[name][1] for one in repetitions if name in one.range_of_motion]
        if seen:
            peaks[side] = tuple(map(math.degrees, seen))
    return peaks


def _remarks(movements: Sequence[Movement]) -> Dict[Tuple[str, str], RemarkCount]:
    counts: Dict[Tuple[str, str], int] = {}
    for movement in movements:
        for remark in movement.remarks:
            # A remark without repetitions is about all of them.
            key = (remark.rule, remark.side)
            counts[key] = counts.get(key, 0) + (len(remark.repetitions) or len(movement.repetitions))
    of = sum(len(movement.repetitions) for movement in movements)
    return {key: RemarkCount(count, of) for key, count in counts.items()}
