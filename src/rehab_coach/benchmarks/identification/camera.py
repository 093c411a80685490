"""What one camera sees of people: proportions of limbs, with more or less of an estimator's errors, and the trunk."""

import contextlib
import glob
import json
import os
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.identification.methods import judge, minirocket
from rehab_coach.benchmarks.identification.protocols import first_half
from rehab_coach.benchmarks.identification.tables import row
from rehab_coach.dataset.ui_prmd import RATE, read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import (
    Pair,
    Sample,
    calibrate_together,
    fit_space,
    measured_pairs,
    verified,
)
from rehab_coach.identification.model import Space, shipped_model
from rehab_coach.identification.observation import CAMERA
from rehab_coach.identification.proportions import SIZES, trunk_turning
from rehab_coach.identification.sets import Cycle
from rehab_coach.identification.skeletons import (
    OTHER_FORM,
    WIDEST_YAW,
    Recording,
    filmed,
    made_up,
    recordings_of,
)
from rehab_coach.inertial import cut_spans
from rehab_coach.kinematics.projection import NO_ERRORS, EstimatorErrors, film, random_view
from rehab_coach.skeleton import SkeletonSequence

LIKE_AN_ESTIMATOR = "an estimator's"

NOISE = {
    "true key points": NO_ERRORS,
    "trembling": replace(NO_ERRORS, slow=0.03, fast=0.015),
    "standing errors of 1 %": replace(NO_ERRORS, standing=0.01, slow=0.03, fast=0.015),
    LIKE_AN_ESTIMATOR: replace(EstimatorErrors(), never=0.0),
}
"""Errors of key points, in trunk lengths; standing ones are drawn anew for each recording."""

DIMENSIONS = 10
"""Of each stream's space: where people differ least, a camera mostly sees its own errors. Of 6, 10, 20 and all the
nearest on virtual patients who are learned from, by cross-validation (docs/identification.md)."""

MADE_UP, FILMS = 60, 6
PROJECTED, CHANGED = "UI-PRMD, projected", "the same, correct -> incorrect"

WAYS = {"proportions": ("proportions",), "and motion": ("proportions", "motion"), "and posture": tuple(CAMERA)}
"""What people are told apart by: streams whose log odds are added up."""

JUDGED = 20
"""Virtual patients, the first of a plan, who are judged; the others are learned from."""

FEWEST_LEARNED = 4
"""Of whom the odds of two halves can be learned."""

ENROLLED = (2, 3)
"""Films of a virtual patient that are enrolled, where as many are left to judge."""


def seen(sequence: SkeletonSequence) -> np.ndarray:
    """All that a camera sees of who somebody is: the values of `CAMERA` one after the other."""
    return np.concatenate([measure(sequence) for measure in CAMERA.values()])


def streams_of(samples: Sequence[Sample]) -> Dict[str, List[Sample]]:
    """Samples of `seen`, divided into the streams again."""
    ends = np.cumsum([SIZES[stream] for stream in CAMERA])
    parts = {stream: slice(end - SIZES[stream], end) for stream, end in zip(CAMERA, ends)}
    return {stream: [one._replace(values=one.values[part]) for one in samples] for stream, part in parts.items()}


def made_up_films(
    captured: Sequence[Recording], wrong: Sequence[Recording], errors: EstimatorErrors, people: int, seed: int
) -> List[Sample]:
    """Films of made-up people to learn from, three of nine in another form; see `made_up`."""
    return made_up(captured, people, FILMS, errors, seed, seen, wrong)


def camera_spaces(films: Sequence[Sample], beside: Sequence[Sample] = ()) -> Dict[str, Space]:
    """The spaces of what a camera sees, by the name of the stream.

    They are learned from films in the usual form. How much each stream weighs is learned from people who were left out,
    one of whose films is enrolled; the others may be in another form, where motion and posture say little.

    Args:
        films: of `seen`, several of each person, who are named "NAME.NUMBER" where several move as one.
        beside: of others, in the usual form alone: the spaces are learned from these too, the weights are not.
    """
    names = sorted({one.person for one in films})
    rows: List[List[float]] = []
    own: List[bool] = []
    for half in (set(names[::2]), set(names[1::2])):
        spaces = _learned([one for one in films if one.person not in half] + list(beside))
        judged = streams_of([one for one in films if one.person in half])
        distances = [measured_pairs(spaces[stream], judged[stream], 1) for stream in CAMERA]
        for pair in distances[0]:
            # Two who were made of one person move as one.
            if pair.person == pair.enrolled or pair.person.split(".")[0] != pair.enrolled.split(".")[0]:
                rows.append([one[pair] for one in distances])
                own.append(pair.person == pair.enrolled)
    table, same = np.array(rows), np.array(own)
    scores = zip(*calibrate_together(table[same], table[~same]))
    return {
        stream: replace(space, centre=float(centre), steepness=float(steepness))
        for (stream, space), (centre, steepness) in zip(_learned([*films, *beside]).items(), scores)
    }


def _learned(made: Sequence[Sample]) -> Dict[str, Space]:
    usual = streams_of([one for one in made if not one.session.startswith(OTHER_FORM)])
    return {stream: fit_space(samples, None, DIMENSIONS) for stream, samples in usual.items()}


def camera_odds(
    spaces: Dict[str, Space], samples: Sequence[Sample], enrolled: int, streams: Sequence[str]
) -> Dict[Pair, float]:
    """Log odds of samples of `seen` beside templates, see `measured_pairs`."""
    if len(streams) == 1:  # alone it counts, even if beside the others it does not
        spaces = {stream: replace(spaces[stream], steepness=spaces[stream].steepness or 1.0) for stream in streams}
    values = streams_of(samples)
    distances = {stream: measured_pairs(spaces[stream], values[stream], enrolled) for stream in streams}
    return {
        pair: sum(spaces[stream].log_odds(distances[stream][pair]) for stream in streams)
        for pair in distances[streams[0]]
    }


HEADER = """\
| people | key points | by | recordings | rank-1 | EER | known against stranger |
|---|---|---|---|---|---|---|"""


class VirtualPatients(NamedTuple):
    """What is `seen` in a plan's films, by the key points: true ones with each of `NOISE`, and each estimator's own.

    Attributes:
        folder: of the films.
        judged: films of the first `JUDGED` people.
        others: of those who are learned from.
    """

    folder: str
    judged: Dict[str, List[Sample]]
    others: Dict[str, List[Sample]]


def skeletons(data: str, others: Dict[str, List[Sample]]) -> Iterator[str]:
    """What one camera sees, as lines of a Markdown table: half of the people are learned from, half measured.

    Args:
        data: folder with mocap/ui_prmd.
        others: virtual patients who are learned from too, by the key points; see `VirtualPatients`.
    """
    executions = read_executions(data)
    captured = recordings_of(executions)
    wrong = [
        (person, OTHER_FORM + session, joints) for person, session, joints in recordings_of(executions, correct=False)
    ]
    people = sorted({person for person, _, _ in captured})
    halves = [set(people[::2]), set(people[1::2])]
    for name, errors in NOISE.items():
        found: Dict[Tuple[str, str], Dict[Pair, float]] = defaultdict(dict)
        for number, half in enumerate(halves):
            usual, other = ([one for one in those if one[0] not in half] for those in (captured, wrong))
            made = made_up_films(usual, other, errors, MADE_UP, number)
            spaces = camera_spaces(made, others.get(name, ()))
            own = filmed([one for one in captured if one[0] in half], errors, 100 + number, measure=seen)
            # The other form comes after all the correct sessions, which are enrolled: the first half.
            both = own + filmed([one for one in wrong if one[0] in half], errors, 200 + number, measure=seen)
            for way, streams in WAYS.items():
                found[PROJECTED, way].update(camera_odds(spaces, own, 2, streams))
                found[CHANGED, way].update(camera_odds(spaces, both, len(both), streams))
        for (who, way), odds in found.items():
            yield line(who, name, way, odds)


def virtual_patients(patients: VirtualPatients) -> Iterator[str]:
    """The same of virtual patients: the first `JUDGED` are judged, the others learned from.

    True key points are judged by what others' with the same errors taught; an estimator's own by what others' with "an
    estimator's" errors did, and those of others by the estimator itself, as far as there are some; and by what ships,
    which was learned from none of those who are judged.

    Raises:
        RehabCoachError: there are too few films of somebody who is judged.
    """
    for name, judged in patients.judged.items():
        others = patients.others.get(name, [])
        spaces = camera_spaces(others if name in NOISE else patients.others[LIKE_AN_ESTIMATOR] + others)
        counts = Counter(film.person for film in judged)
        most = min(counts.values()) // 2 if len(counts) == JUDGED else 0
        if most < min(ENROLLED):
            raise RehabCoachError(
                "%s has not %d films by %s of each of the %d who are judged: render more of the plan's clips"
                % (patients.folder, 2 * min(ENROLLED), name, JUDGED)
            )
        for enrolled in (number for number in ENROLLED if number <= most):
            who = "virtual patients, %d enrolled" % enrolled
            for way, streams in WAYS.items():
                yield line(who, name, way, camera_odds(spaces, judged, enrolled, streams))
            if name not in NOISE:
                ships = camera_odds(shipped_model().spaces, judged, enrolled, tuple(CAMERA))
                yield line(who, name, "all, by the model that ships", ships)


def line(who: str, points: str, way: str, odds: Dict[Pair, float]) -> str:
    """Of the table whose head is `HEADER`."""
    people = len({pair.enrolled for pair in odds})
    return "| %s (%d) | %s | %s | %d | %.3f | %.3f | %.3f |" % (who, people, points, way, *verified(odds))


def read_rendered(folder: str) -> VirtualPatients:
    """What is seen of virtual patients; films in which a limb is never seen are left out.

    Args:
        folder: that `rehab-coach render --plan config/plans/identification.yaml --skeletons-only` wrote.

    Raises:
        RehabCoachError: there are no true key points, it is not known of whom they are, or of too few people.
    """
    truth = os.path.join(folder, "truth")
    render = (
        "rehab-coach render --plan config/plans/identification.yaml --out %s --skeletons-only --estimator truth"
        % folder
    )
    if not glob.glob(os.path.join(glob.escape(truth), "*.npz")):
        raise RehabCoachError("there are no key points in %s: %s" % (truth, render))
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*", "*.npz")))
    found: Dict[str, List[Sample]] = defaultdict(list)
    number = 0
    for path in paths:
        estimator, name = os.path.basename(os.path.dirname(path)), os.path.basename(path)[: -len(".npz")]
        said = os.path.join(truth, name + ".json")
        try:
            with open(said, encoding="utf-8") as stream:
                person = json.dumps(json.load(stream)["person"], sort_keys=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RehabCoachError("%s does not say who is in %s: %s" % (said, path, render)) from error
        sequence = SkeletonSequence.load(path)
        by_points = {estimator: sequence}
        if estimator == "truth":
            by_points = {points: spoiled(sequence, errors, number) for points, errors in NOISE.items()}
            number += 1
        for points, one in by_points.items():
            with contextlib.suppress(RehabCoachError):
                found[points].append(Sample(seen(one), person, "%s by %s" % (name, points), "virtual squat"))
    if LIKE_AN_ESTIMATOR not in found:
        raise RehabCoachError("in no film of %s is the whole body seen: %s" % (truth, render))
    people = list(dict.fromkeys(film.person for film in found[LIKE_AN_ESTIMATOR]))
    if len(people) < JUDGED + FEWEST_LEARNED:
        raise RehabCoachError(
            "%s has true key points of %d people, and beside the %d who are judged %d are needed to learn from: render "
            "more of the plan's clips" % (folder, len(people), JUDGED, FEWEST_LEARNED)
        )
    first = set(people[:JUDGED])
    judged, others = (
        {points: [film for film in films if (film.person in first) == part] for points, films in found.items()}
        for part in (True, False)
    )
    return VirtualPatients(folder, judged, others)


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
