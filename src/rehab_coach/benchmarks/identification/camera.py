"""What one camera sees of people: proportions of limbs, with more or less of an estimator's errors, and the trunk."""

import glob
import json
import os
from collections import defaultdict
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.identification.methods import judge, minirocket
from rehab_coach.benchmarks.identification.protocols import first_half
from rehab_coach.benchmarks.identification.tables import row
from rehab_coach.dataset.ui_prmd import RATE, read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import Pair, Sample, fit_space, learn_spaces, measured_pairs, verified
from rehab_coach.identification.model import Space
from rehab_coach.identification.proportions import (
    LONGEST,
    NAMES,
    body_proportions,
    limb_motion,
    trunk_turning,
)
from rehab_coach.identification.sets import Cycle
from rehab_coach.identification.skeletons import WIDEST_YAW, filmed, made_up, recordings_of
from rehab_coach.inertial import cut_spans
from rehab_coach.kinematics.projection import NO_ERRORS, EstimatorErrors, film, random_view
from rehab_coach.skeleton import SkeletonSequence

NOISE = {
    "true key points": NO_ERRORS,
    "trembling": replace(NO_ERRORS, slow=0.03, fast=0.015),
    "standing errors of 1 %": replace(NO_ERRORS, standing=0.01, slow=0.03, fast=0.015),
    "an estimator's": replace(EstimatorErrors(), never=0.0),
}
"""Errors of key points, in trunk lengths; standing ones are drawn anew for each recording."""

MADE_UP, FILMS = 60, 6
PROJECTED, OTHER_FORM, VIRTUAL = "UI-PRMD, projected", "the same, correct -> incorrect", "virtual patients"


def proportions_space(data: str, progress: Callable[[str], None] = lambda line: None) -> Space:
    """The space of proportions, for key points as wrong as an estimator's."""
    people = made_up(recordings_of(read_executions(data)), 2 * MADE_UP, FILMS, NOISE["an estimator's"], 0)
    return learn_spaces({"proportions": people}, progress=progress).model.spaces["proportions"]


def with_motion(sequence: SkeletonSequence) -> np.ndarray:
    """Proportions, and how the limbs move."""
    return np.concatenate([body_proportions(sequence), limb_motion(sequence)])


WAYS = {"proportions": slice(0, len(NAMES) * len(LONGEST)), "and motion": slice(None)}
"""What people are told apart by: parts of `with_motion`."""

HEADER = """\
| people | key points | by | recordings | rank-1 | EER | known against stranger |
|---|---|---|---|---|---|---|"""


def skeletons(data: str, rendered: Optional[str] = None) -> Iterator[str]:
    """What one camera sees, as lines of a Markdown table: half of the people are learned from, half measured.

    Args:
        data: folder with mocap/ui_prmd.
        rendered: folder that `rehab-coach render --plan ... --skeletons-only --estimator truth` wrote.
    """
    yield HEADER
    executions = read_executions(data)
    captured = recordings_of(executions)
    wrong = [
        (person, "wrong " + session, joints) for person, session, joints in recordings_of(executions, correct=False)
    ]
    people = sorted({person for person, _, _ in captured})
    halves = [set(people[::2]), set(people[1::2])]
    virtual = read_rendered(rendered) if rendered else []
    for name, errors in NOISE.items():
        found: Dict[Tuple[str, str], Dict[Pair, float]] = defaultdict(dict)
        films = [
            Sample(with_motion(spoiled(one, errors, order)), person, session, "squat")
            for order, (person, session, one) in enumerate(virtual)
        ]
        for number, half in enumerate(halves):
            others = [one for one in captured if one[0] not in half]
            strangers = made_up(others, MADE_UP, FILMS, errors, number, with_motion)
            own = filmed([one for one in captured if one[0] in half], errors, 100 + number, measure=with_motion)
            # "wrong" comes after all the numbers of the correct sessions, which are enrolled: the first half.
            both = own + filmed([one for one in wrong if one[0] in half], errors, 200 + number, measure=with_motion)
            for way in WAYS:
                space = fit_space(_by(strangers, way), None)
                found[PROJECTED, way].update(measured_pairs(space, _by(own, way), 2))
                found[OTHER_FORM, way].update(measured_pairs(space, _by(both, way), len(both)))
                if films:
                    found[VIRTUAL, way].update(measured_pairs(space, _by(films, way), 2))
        for (who, way), distances in sorted(found.items(), key=lambda entry: entry[0][0] == VIRTUAL):
            yield line(who, name, way, {pair: -value for pair, value in distances.items()})


def _by(samples: Sequence[Sample], way: str) -> List[Sample]:
    return [one._replace(values=one.values[WAYS[way]]) for one in samples]


def line(who: str, points: str, way: str, odds: Dict[Pair, float]) -> str:
    """Of the table whose head is `HEADER`."""
    people = len({pair.enrolled for pair in odds})
    return "| %s (%d) | %s | %s | %d | %.3f | %.3f | %.3f |" % (who, people, points, way, *verified(odds))


def read_rendered(folder: str) -> List[Tuple[str, str, SkeletonSequence]]:
    """Person, session and true key points of a plan's films.

    Raises:
        RehabCoachError: there are none.
    """
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "truth", "*.npz")))
    if not paths:
        raise RehabCoachError(
            "there are no key points in %s: rehab-coach render --plan PLAN --out %s --skeletons-only --estimator truth"
            % (os.path.join(folder, "truth"), folder)
        )
    found = []
    for path in paths:
        with open(path[: -len(".npz")] + ".json", encoding="utf-8") as stream:
            person = json.dumps(json.load(stream)["person"], sort_keys=True)
        found.append((person, os.path.basename(path), SkeletonSequence.load(path)))
    return found


def spoiled(sequence: SkeletonSequence, errors: EstimatorErrors, seed: int) -> SkeletonSequence:
    """Key points with an estimator's errors, in trunk lengths as `film` has them; hidden joints count as seen."""
    draw = np.random.default_rng(seed)
    points = sequence.key_points.copy()
    frames, joints = points.shape[:2]
    hips = (points[:, 8, :2] + points[:, 11, :2]) / 2
    trunk = float(np.percentile(np.linalg.norm(points[:, 1, :2] - hips, axis=1), 90))
    place = np.arange(frames) / max(sequence.rate, 1.0) / errors.slow_time
    slow = draw.standard_normal((int(place[-1]) + 2, joints, 2))
    below, part = place.astype(int), (place % 1)[:, None, None]
    wrong = errors.standing * draw.standard_normal((joints, 2)) + errors.fast * draw.standard_normal(
        (frames, joints, 2)
    )
    wrong += errors.slow * (slow[below] * (1 - part) + slow[below + 1] * part)
    points[..., :2] += trunk * wrong
    points[..., 2] = points[..., 2] > 0
    return replace(sequence, key_points=points, world=None)


def trunk(data: str, progress: Callable[[], None] = lambda: None) -> Dict[str, Any]:
    """Who squats by how the trunk of the body turns that is fitted to one camera's true key points.

    First half of the recordings against the second, MiniRocket.
    """
    draw = np.random.default_rng(0)
    cycles = []
    for order, (person, session, joints) in enumerate(recordings_of(read_executions(data))):
        sequence = film(joints, RATE, random_view(draw, 0, WIDEST_YAW), draw, NO_ERRORS)
        series = trunk_turning(sequence)
        # Two repetitions are too few to find a cycle: each half of the recording is one.
        begin, end = float(series.times[0]), float(series.times[-1])
        halves = cut_spans(series, [(begin, (begin + end) / 2), ((begin + end) / 2, end)])
        for values in halves.values:
            cycles.append(Cycle(person, session, "camera", "squat", "", order, values, halves.sensors))
        progress()
    outcome = judge(first_half(cycles), minirocket, ("gyroscope",))
    return row("trunk's turning", "first half, second half", "MiniRocket", "camera", [outcome])
