"""How a patient gets on: what the rounds of each visit come to, before anything is drawn."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.movement import SEVERITIES, Movement, Remark, Repetition
from rehab_coach.paths import share_path
from rehab_coach.rounds import Outcome
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
class RuleCount:
    """In how many repetitions of a visit a rule of form was broken, of those in which it could be judged."""

    broken: int
    of: int


@dataclass(frozen=True)
class RuleSummary:
    """A rule about which there was a remark.

    Attributes:
        severity: the worst that it ever had; "praise": it was never broken.
        side: "right" or "left" if it was always that side, else "".
    """

    severity: str
    side: str


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
        rules: rule of form -> how often it was broken.
    """

    asked: int = 0
    recognised: int = 0
    sets: int = 0
    repetitions: Tuple[int, ...] = ()
    peaks: Dict[str, Tuple[float, ...]] = field(default_factory=dict)
    phases: Dict[str, float] = field(default_factory=dict)
    symmetry: Tuple[float, ...] = ()
    rules: Dict[str, RuleCount] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """A patient's visits.

    Attributes:
        patient: pseudonym.
        starts: stamp of each visit's first round; the lists below are as long.
        rounds: rounds of each visit; not_judged: those in which nobody was seen or something failed.
        exercises: label -> what was done in each visit.
        rules: label -> rule of form -> what there was to say about it, the worst first.
        measured_by: everything that measured, in the order of time.
    """

    patient: str
    starts: Tuple[float, ...]
    rounds: Tuple[int, ...]
    not_judged: Tuple[int, ...]
    exercises: Dict[str, Tuple[ExerciseVisit, ...]]
    rules: Dict[str, Dict[str, RuleSummary]]
    measured_by: Tuple[str, ...]


def read_normal_ranges(path: Optional[str] = None) -> Dict[str, NormalRange]:
    """The normal ranges of the catalogue's exercises, and under "symmetry" that of the symmetry.

    Args:
        path: a YAML file like config/report/normal_ranges.yaml; None: that one.

    Raises:
        RehabCoachError: the file is missing or is something else.
    """
    path = path or share_path("config", "report", "normal_ranges.yaml")
    try:
        with open(path, encoding="utf-8") as stream:
            limits = yaml.safe_load(stream)
            symmetry = NormalRange(**limits.pop("symmetry"))
            if not set(limits) <= set(EXERCISES):
                raise TypeError("it names an exercise that the catalogue lacks")
            ranges = {
                label: NormalRange(exercise.angle, **limits.get(label, {})) for label, exercise in EXERCISES.items()
            }
            return {**ranges, "symmetry": symmetry}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
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
    rules = {label: _rules([one for one in map(measured, rounds) if one and one.exercise == label]) for label in order}
    exercises = {
        label: tuple(
            _exercise_visit(label, visit, ranges.get(label, NormalRange()), rules[label]) for visit in visits.values()
        )
        for label in order
    }
    return Progress(
        patient,
        tuple(visit[0].started for visit in visits.values()),
        tuple(len(visit) for visit in visits.values()),
        tuple(sum(not _was_seen(one) for one in visit) for visit in visits.values()),
        exercises,
        rules,
        tuple(dict.fromkeys(one.measured_by for one in rounds if one.measured_by)),
    )


def measured(one: RoundResult) -> Optional[Movement]:
    """The round's movement, if it is of the exercise that was recognised: angles of something else say nothing."""
    return one.movement if one.movement and one.movement.exercise == one.recognised else None


def _was_seen(one: RoundResult) -> bool:
    return one.verdict in (Outcome.CORRECT, Outcome.WRONG, Outcome.UNKNOWN)


def _exercise_visit(
    label: str, visit: Sequence[RoundResult], normal: NormalRange, rules: Iterable[str]
) -> ExerciseVisit:
    asked = [one for one in visit if one.asked == label and _was_seen(one)]
    movements = [movement for movement in map(measured, visit) if movement and movement.exercise == label]
    repetitions = [one for movement in movements for one in movement.repetitions]
    return ExerciseVisit(
        asked=len(asked),
        recognised=sum(one.verdict == Outcome.CORRECT for one in asked),
        sets=len(movements),
        repetitions=tuple(len(movement.repetitions) for movement in movements),
        peaks=_peaks(repetitions, normal.angle),
        phases={phase: statistics.mean(getattr(one, phase) for one in repetitions) for phase in PHASES}
        if repetitions
        else {},
        symmetry=tuple(100 * one.symmetry for one in repetitions if one.symmetry is not None),
        rules={rule: _count(movements, rule) for rule in rules},
    )


def _peaks(repetitions: Sequence[Repetition], angle: str) -> Dict[str, Tuple[float, ...]]:
    peaks = {}
    for side in SIDES:
        name = "%s_%s" % (angle, side[0])
        seen = [one.range_of_motion[name][1] for one in repetitions if name in one.range_of_motion]
        if seen:
            peaks[side] = tuple(map(math.degrees, seen))
    return peaks


def _rules(movements: Sequence[Movement]) -> Dict[str, RuleSummary]:
    remarks: Dict[str, List[Remark]] = {}
    for movement in movements:
        for remark in movement.remarks:
            remarks.setdefault(remark.rule, []).append(remark)
    summaries = {}
    for rule, made in remarks.items():
        severity = max((remark.severity for remark in made), key=SEVERITIES.index)
        sides = {remark.side for remark in made if remark.severity != "praise"}
        summaries[rule] = RuleSummary(severity, sides.pop() if len(sides) == 1 else "")
    return dict(sorted(summaries.items(), key=lambda entry: (-SEVERITIES.index(entry[1].severity), entry[0])))


def _count(movements: Sequence[Movement], rule: str) -> RuleCount:
    broken = of = 0
    for movement in movements:
        if rule in movement.not_judged:
            continue
        of += len(movement.repetitions)
        for remark in movement.remarks:
            if remark.rule == rule and remark.severity != "praise":
                # A remark without repetitions is about all of them.
                broken += len(remark.repetitions) or len(movement.repetitions)
    return RuleCount(broken, of)
