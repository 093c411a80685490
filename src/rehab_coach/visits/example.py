"""A made-up patient with several visits, to try the report with. Nobody was ever measured for it."""

import math
from typing import Dict, List, Tuple

import numpy as np

from rehab_coach.exercises import EXERCISES, UNKNOWN
from rehab_coach.movement import Movement, Remark, Repetition
from rehab_coach.rounds import Outcome, Status
from rehab_coach.visits.store import RoundResult, VisitStore

NAME = "Example"
MADE_UP = "made up for the example"
FIRST_VISIT = 1740992400.0  # 3 March 2025, 9:00 UTC
DAYS = (0, 4, 8, 15, 22, 29, 36, 43)
ROUNDS = ("squat", "lunge", "push_up", "jumping_jack", "squat", "lunge", "squat")

# The value of its angle at rest and at the turning point in the first and in the last visit (degrees), repetitions in
# the first and the last visit, seconds down, hold, up, pause, left over right in the first visit.
_EXERCISES: Dict[str, Tuple[float, float, float, int, int, Tuple[float, ...], float]] = {
    "squat": (6, 68, 104, 3, 5, (0.9, 0.15, 0.8, 0.3), 0.80),
    "lunge": (8, 64, 92, 2, 4, (1.1, 0.2, 1.0, 0.4), 0.84),
    "push_up": (10, 62, 96, 2, 5, (0.8, 0.1, 0.8, 0.2), 0.97),
    "jumping_jack": (15, 138, 170, 7, 10, (0.45, 0.05, 0.4, 0.1), 0.95),
}

# exercise, rule, severity, limit, unit, share of the repetitions in which it is broken in the first and the last visit
_REMARKS = (
    ("squat", "knees_inwards", "warning", 85.0, "%", 1.0, 0.05),
    ("squat", "heels_up", "hint", 15.0, "%", 0.7, 0.1),
    ("squat", "shallow_depth", "hint", 35.0, "deg", 0.9, 0.0),
    ("squat", "improper_hip_flexion", "hint", 50.0, "deg", 0.0, 0.0),
    ("lunge", "trunk_lean", "hint", 25.0, "deg", 0.5, 0.2),
    ("push_up", "hips_sag", "warning", 14.0, "deg", 0.6, 0.0),
)
_NOT_JUDGED = {"squat": {"knees_over_toes": "seen from the front"}}


def add_example(store: VisitStore) -> int:
    """Add the patient; always the same rounds, so that a second time adds nothing. Returns how many were added."""
    store.give_consent(NAME, MADE_UP, at=FIRST_VISIT - 300)
    return sum(store.add_round(NAME, one) for one in example_rounds())


def example_rounds() -> List[RoundResult]:
    """The rounds of all visits, in the order of time."""
    random = np.random.RandomState(7)
    rounds = []
    for visit, day in enumerate(DAYS):
        progress = visit / (len(DAYS) - 1.0)
        for index, asked in enumerate(ROUNDS):
            rounds.append(_round(index + 1, FIRST_VISIT + 86400 * day + 40 * index, asked, progress, random))
    return rounds


def _round(number: int, started: float, asked: str, progress: float, random: np.random.RandomState) -> RoundResult:
    chance = random.uniform()
    seen, verdict, status = asked, Outcome.CORRECT, Status.RECOGNISED
    if chance > 0.72 + 0.25 * progress:
        seen, verdict = {"squat": "lunge", "lunge": "squat"}.get(asked, UNKNOWN), Outcome.WRONG
        if seen == UNKNOWN:
            verdict, status = Outcome.UNKNOWN, Status.UNKNOWN
    elif chance < 0.03:
        seen, verdict, status = "", Outcome.NOT_SEEN, Status.NOT_SEEN
    return RoundResult(
        number=number,
        started=started,
        ended=started + 18.0,
        asked=asked,
        status=str(status),
        recognised=seen if status is Status.RECOGNISED else "",
        confidence=round(random.uniform(0.7, 0.98), 3) if status is Status.RECOGNISED else 0.3,
        verdict=str(verdict),
        waiting_time=round(random.uniform(0.1, 0.3), 3),
        movement=_movement(seen, progress, random) if status is Status.RECOGNISED else None,
        measured_by=MADE_UP,
    )


def _movement(exercise: str, progress: float, random: np.random.RandomState) -> Movement:
    angle = EXERCISES[exercise].angle
    rest, first, last, fewest, most, phases, symmetry = _EXERCISES[exercise]
    count = int(round(fewest + (most - fewest) * progress + random.uniform(-0.6, 0.6)))
    repetitions = []
    start = 0.6
    for _ in range(max(count, 1)):
        down, hold, up, pause = (
            round(seconds * random.uniform(0.85, 1.15) * (1.25 - 0.25 * progress), 3) for seconds in phases
        )
        peak = first + (last - first) * math.sqrt(progress) + random.normal(0, 3)
        ratio = symmetry + (1 - symmetry) * 0.9 * progress + random.normal(0, 0.015)
        ranges = {}
        for side, share in (("r", 1.0), ("l", ratio)):
            low = rest + random.normal(0, 1.5)
            ranges["%s_%s" % (angle, side)] = (math.radians(low), math.radians(rest + (peak - rest) * share))
        repetitions.append(
            Repetition(
                start=round(start, 3),
                turn=round(start + down, 3),
                end=round(start + down + hold + up, 3),
                down=down,
                hold=hold,
                up=up,
                pause=pause,
                range_of_motion=ranges,
                smoothness=round(-2.2 + 0.5 * progress + random.normal(0, 0.1), 3),
                symmetry=round(ratio, 3),
            )
        )
        start += down + hold + up + pause
    remarks = []
    for of, rule, severity, limit, unit, early, late in _REMARKS:
        share = early + (late - early) * progress
        broken = tuple(number for number in range(len(repetitions)) if random.uniform() < share)
        if of == exercise and broken:
            remarks.append(Remark(rule, severity, round(limit * random.uniform(1.1, 1.5), 1), limit, unit, broken))
        elif of == exercise:
            remarks.append(Remark(rule, "praise", round(limit * 0.6, 1), limit, unit, tuple(range(len(repetitions)))))
    return Movement(exercise, 10.0, tuple(repetitions), tuple(remarks), _NOT_JUDGED.get(exercise, {}))
