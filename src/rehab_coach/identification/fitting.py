"""How the model of people in general is made.

What differs within one person weighs little, what differs between people weighs much, and a distance becomes the odds
that two recordings are of one person: linear discriminant analysis of features from which the mean of their context
(the set, the sensor's place, the movement) was taken. The same person is another one in another exercise, and that is
not what is to be learned.
"""

from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.features import MiniRocket
from rehab_coach.identification.measures import equal_error
from rehab_coach.identification.model import IdentityModel, Space
from rehab_coach.identification.verifier import log_distance
from rehab_coach.kinematics.threads import one_thread

KERNELS = 1500
"""Features of a cycle; more make the file larger and the answer slower."""

DIMENSIONS = 100
"""Of the space, at most."""

COMPONENTS = 300
"""Principal components in which variances are estimated, at most."""

SHRINKAGE = 0.1
"""Of the mean variance within people, added to every direction: few recordings say little about the small ones."""


class Sample(NamedTuple):
    """One cycle, or one recording's proportions.

    Attributes:
        values: (4, 100) or (P,).
        person: who; people of two sets are different people.
        session: when: those of one person and context are recorded in one go.
        context: what was measured and done: set, place of the sensor, movement.
    """

    values: np.ndarray
    person: str
    session: str
    context: str


@one_thread
def fit_space(samples: Sequence[Sample], rocket: Optional[MiniRocket], dimensions: int = DIMENSIONS) -> Space:
    """Learn a space; its odds are those of `calibrate`.

    Args:
        samples: of all the people to learn from.
        rocket: makes features of cycles; None: values are features.
        dimensions: of the space, at most: those in which people differ most.

    Raises:
        RehabCoachError: there are not two people with two samples in any context.
    """
    values = np.stack([sample.values for sample in samples]).astype(np.float32)
    features = values if rocket is None else rocket(values)
    mean = features.mean(axis=0)
    deviation = features.std(axis=0) + 1e-2
    rest = ((features - mean) / deviation).astype(np.float32)
    contexts = np.array([sample.context for sample in samples])
    persons = np.array([sample.person for sample in samples])
    for context in np.unique(contexts):
        rest[contexts == context] -= rest[contexts == context].mean(axis=0)
    components = _principal(rest).astype(np.float32)
    rest = rest @ components
    within, middles = rest.copy(), []
    for context in np.unique(contexts):
        here = contexts == context
        people = np.unique(persons[here])
        for person in people:
            chosen = here & (persons == person)
            middle = rest[chosen].mean(axis=0)
            within[chosen] -= middle
            if len(people) > 1 and chosen.sum() > 1:
                middles.append(middle)
    if len(middles) < 2:
        raise RehabCoachError("a space needs several recordings each of two people or more")
    covariance = (within.T @ within / len(within)).astype(np.float64)
    covariance += SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    whitening = np.linalg.cholesky(np.linalg.inv(covariance))
    between = np.array(middles) @ whitening
    directions = np.linalg.eigh(between.T @ between)[1][:, ::-1][:, :dimensions]
    weights = components @ (whitening @ directions) / deviation[:, None]
    return Space(rocket, mean.astype(np.float32), weights.astype(np.float32), 0.0, 1.0)


def _principal(rows: np.ndarray) -> np.ndarray:
    """Directions (F, P) of the largest variance, from at most 3000 rows."""
    chosen = rows[np.random.default_rng(0).permutation(len(rows))[:3000]].astype(np.float64)
    if len(chosen) >= chosen.shape[1]:
        return np.linalg.eigh(chosen.T @ chosen)[1][:, ::-1][:, :COMPONENTS]
    variances, vectors = np.linalg.eigh(chosen @ chosen.T)
    kept = slice(None, -min(COMPONENTS, len(chosen) - 1) - 1, -1)
    return chosen.T @ vectors[:, kept] / np.sqrt(np.maximum(variances[kept], 1e-9))


def calibrate(same: np.ndarray, other: np.ndarray) -> Tuple[float, float]:
    """Centre and steepness of the log odds of a log distance; see `calibrate_together`.

    Args:
        same: (n,) log distances between recordings of one person.
        other: (m,) of two people.
    """
    centres, steepnesses = calibrate_together(same[:, None], other[:, None])
    return float(centres[0]), float(steepnesses[0])


def calibrate_together(same: np.ndarray, other: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Centres (K,) and steepnesses (K,) of streams whose log odds add up to those of all of them.

    Logistic regression with either kind as likely: what two streams say twice is weighed once. A stream that says
    nothing beside the others has the steepness 0.

    Args:
        same: (n, K) log distances between recordings of one person, in each stream.
        other: (m, K) of two people.

    Raises:
        RehabCoachError: no stream says anything.
    """
    from sklearn.linear_model import LogisticRegression

    distances = np.concatenate([same, other])
    one = np.concatenate([np.ones(len(same)), np.zeros(len(other))])
    regression = LogisticRegression(C=100.0, class_weight="balanced").fit(distances, one)
    steepnesses = np.maximum(-regression.coef_[0], 0)
    if not steepnesses.any():
        raise RehabCoachError(
            "the distances of one person are no smaller than those of two: these recordings say nothing"
        )
    middles = (same.mean(axis=0) + other.mean(axis=0)) / 2
    rest = float(regression.intercept_[0] + regression.coef_[0] @ middles)
    return middles + rest / steepnesses.sum(), steepnesses


class Pair(NamedTuple):
    """A recording beside a template.

    Attributes:
        context, session, person: of the recording.
        enrolled: whose template.
    """

    context: str
    session: str
    person: str
    enrolled: str


def measured_pairs(space: Space, samples: Sequence[Sample], enrolled: int = 3) -> Dict[Pair, float]:
    """Log distances of recordings from templates of their own person and of all others in the same context.

    Args:
        space: that was made from other people.
        samples: a session's samples are one recording; a person's first sessions are enrolled.
        enrolled: how many sessions a template is made of, at most half of a person's.
    """
    points = space.embed(np.stack([sample.values for sample in samples]))
    by_context: Dict[str, Dict[str, Dict[str, List[int]]]] = {}
    for number, sample in enumerate(samples):
        sessions = by_context.setdefault(sample.context, {}).setdefault(sample.person, {})
        sessions.setdefault(sample.session, []).append(number)
    found = {}
    for context, people in by_context.items():
        templates, recordings = {}, []
        for person, sessions in people.items():
            if len(sessions) < 2:
                continue
            names = sorted(sessions)
            first = min(enrolled, len(names) // 2)
            templates[person] = points[[number for name in names[:first] for number in sessions[name]]]
            recordings += [(person, name, points[sessions[name]]) for name in names[first:]]
        for person, session, values in recordings:
            for other, template in templates.items():
                found[Pair(context, session, person, other)] = log_distance(values, template)
    return found


class Learned(NamedTuple):
    """What comes out of `learn_spaces`.

    Attributes:
        model: the spaces, with a threshold at which as many known people are refused as strangers are taken for one of
            the enrolled.
        distances: by the name of the stream, log distances of people who were left out when they were measured.
    """

    model: IdentityModel
    distances: Dict[str, Dict[Pair, float]]


def learn_spaces(
    samples: Dict[str, List[Sample]],
    kernels: int = KERNELS,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
    training: Optional[Dict[str, Any]] = None,
) -> Learned:
    """Learn the spaces of streams, with odds from people who were left out.

    Args:
        samples: by the name of the stream; of cycles where the values have two dimensions.
        kernels: of MiniRocket.
        seed: of the division of people into halves, and of MiniRocket.
        progress: is told what was done.
        training: what shall be known of the model.

    Raises:
        RehabCoachError: too few people or recordings of a stream.
    """
    people = np.random.default_rng(seed).permutation(sorted({s.person for one in samples.values() for s in one}))
    halves = [set(people[::2]), set(people[1::2])]
    spaces: Dict[str, Space] = {}
    odds: Dict[Pair, List[float]] = {}
    measured: Dict[str, Dict[Pair, float]] = {}
    for name, one in samples.items():
        rocket = None
        if one[0].values.ndim == 2:
            chosen = np.random.default_rng(seed).permutation(len(one))[:2000]
            rocket = MiniRocket.fit(np.stack([one[number].values for number in chosen]), kernels, seed)
        distances: Dict[Pair, float] = {}
        for half in halves:
            space = fit_space([sample for sample in one if sample.person not in half], rocket)
            distances.update(measured_pairs(space, [sample for sample in one if sample.person in half]))
            progress("%s: %d distances" % (name, len(distances)))
        measured[name] = distances
        centre, steepness = calibrate(*same_and_other(distances))
        spaces[name] = replace(fit_space(one, rocket), centre=centre, steepness=steepness)
        for pair, value in distances.items():
            odds.setdefault(pair, []).append(spaces[name].log_odds(value))
    overlap = _overlap(odds)
    model = IdentityModel(spaces, 0.0, overlap, training or {})
    threshold = _threshold({pair: model.together(values) for pair, values in odds.items()})
    return Learned(replace(model, threshold=threshold), measured)


def _overlap(odds: Dict[Pair, List[float]]) -> float:
    """What the sum of two streams' odds must be divided by to be odds again, less one; 0 without two streams."""
    same, other = same_and_other({pair: sum(values) for pair, values in odds.items() if len(values) == 2})
    if not len(same) or not len(other):
        return 0.0
    _, steepness = calibrate(-same, -other)
    return float(np.clip(1 / steepness - 1, 0, 1))


def same_and_other(values: Dict[Pair, float]) -> Tuple[np.ndarray, np.ndarray]:
    """Values of recordings beside their own person's template, and beside those of others."""
    same = [value for pair, value in values.items() if pair.person == pair.enrolled]
    other = [value for pair, value in values.items() if pair.person != pair.enrolled]
    return np.array(same), np.array(other)


def known_and_strangers(odds: Dict[Pair, float]) -> Tuple[np.ndarray, np.ndarray]:
    """Log odds of each recording for its own person, and the highest for any other: what a stranger would reach."""
    known, strangers = [], []
    recordings: Dict[Tuple[str, str, str], List[Tuple[bool, float]]] = {}
    for pair, value in odds.items():
        recordings.setdefault(pair[:3], []).append((pair.person == pair.enrolled, value))
    for one in recordings.values():
        others = [value for own, value in one if not own]
        if others:
            known += [value for own, value in one if own]
            strangers.append(max(others))
    return np.array(known), np.array(strangers)


class Verification(NamedTuple):
    """How well people are verified whom a space had not seen.

    Attributes:
        judged: recordings.
        rank_1: part of them that are nearest to their own person.
        pairs: equal error rate of a recording beside any template.
        strangers: equal error rate of known people against strangers; see `known_and_strangers`.
    """

    judged: int
    rank_1: float
    pairs: float
    strangers: float


def verified(odds: Dict[Pair, float]) -> Verification:
    """The rates of log odds, or of log distances with a minus sign."""
    known, strangers = known_and_strangers(odds)
    rates = (equal_error(*same_and_other(odds))[0], equal_error(known, strangers)[0])
    return Verification(len(known), float((known > strangers).mean()), *rates)


def _threshold(odds: Dict[Pair, float]) -> float:
    return equal_error(*known_and_strangers(odds))[1]
