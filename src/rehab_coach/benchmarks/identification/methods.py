"""Methods that name people by their cycles, and how they are judged."""

from dataclasses import replace
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.identification.protocols import Split
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.features import MiniRocket
from rehab_coach.identification.network import GaitNetwork, NetworkRecipe, scores, train_people
from rehab_coach.identification.sets import Cycle

KERNELS = 3000
"""Of MiniRocket for each sensor, where it is a classifier of its own."""

PENALTIES = np.logspace(1, 6, 8)
"""Of the ridge regression; it chooses among them by leaving out one training cycle after the other."""

DTW_LENGTH, DTW_WINDOW = 50, 8
"""Moments to which a cycle is thinned for dynamic time warping, and how far it may be shifted."""

Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""(cycles to learn from (n, C, 100), people int (n,), cycles to judge (m, C, 100), seed) -> scores (m, people)."""


def minirocket(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
    """MiniRocket of each sensor, and one ridge regression."""
    from sklearn.linear_model import RidgeClassifierCV

    features, wanted = [], []
    for first in range(0, training.shape[1], 4):
        rocket = MiniRocket.fit(training[:, first : first + 4], KERNELS, seed)
        features.append(rocket(training[:, first : first + 4]))
        wanted.append(rocket(judged[:, first : first + 4]))
    known, asked = np.concatenate(features, axis=1), np.concatenate(wanted, axis=1)
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-2
    ridge = RidgeClassifierCV(PENALTIES).fit((known - mean) / deviation, people)
    decided = ridge.decision_function((asked - mean) / deviation)
    if decided.ndim == 1:
        decided = np.stack([-decided, decided], axis=1)
    return _columns(decided, ridge.classes_, people)


def dtw(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
    """The nearest cycle by dynamic time warping, all channels together (dtaidistance)."""
    from dtaidistance import dtw_ndim

    thin = np.linspace(0, training.shape[2] - 1, DTW_LENGTH).round().astype(int)
    scale = np.sqrt((training**2).mean(axis=(0, 2)))[:, None] + 1e-6
    both = np.concatenate([judged, training]) / scale
    series = [np.ascontiguousarray(one[:, thin].T, dtype=np.float64) for one in both]
    nearness = np.full((len(judged), people.max() + 1), -np.inf)
    matrix = dtw_ndim.distance_matrix_fast(
        series,
        ndim=training.shape[1],
        window=DTW_WINDOW,
        parallel=False,
        block=((0, len(judged)), (len(judged), len(both))),
    )
    for person in np.unique(people):
        own = len(judged) + np.flatnonzero(people == person)
        nearness[:, person] = -matrix[: len(judged), own].min(axis=1)
    return nearness


def network(recipe: NetworkRecipe, start: Optional[GaitNetwork] = None) -> Method:
    """The people's network, from random weights or from the gait network's features; one sensor."""

    def judge(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
        trained, _ = train_people(replace(recipe, seed=seed), training, people, start)
        return scores(trained, judged)

    return judge


def _columns(decided: np.ndarray, classes: np.ndarray, people: np.ndarray) -> np.ndarray:
    full = np.full((len(decided), people.max() + 1), decided.min() - 1.0)
    full[:, classes] = decided
    return full


class Outcome(NamedTuple):
    """Who the judged executions are of, and who they were taken for; `single` is the share of single cycles."""

    people: List[str]
    done: np.ndarray
    named: np.ndarray
    single: float

    @property
    def rank_1(self) -> float:
        return float((self.done == self.named).mean())


def judge(split: Split, method: Method, sensors: Sequence[str], seed: int = 0) -> Outcome:
    """Learn and judge; each movement by itself, the scores of one execution added up.

    Raises:
        RehabCoachError: the cycles lack a sensor, or there are not two people.
    """
    people = sorted({one.person for one in split.training})
    if len(people) < 2:
        raise RehabCoachError("there is %d person to tell apart: two are needed" % len(people))
    totals: Dict[Tuple[str, str], np.ndarray] = {}
    right = []
    for movement in sorted({one.movement for one in split.training}):
        training = [one for one in split.training if one.movement == movement]
        judged = [one for one in split.judged if one.movement == movement and one.person in people]
        if not judged:
            continue
        numbers = np.array([people.index(one.person) for one in training])
        found = method(_values(training, sensors), numbers, _values(judged, sensors), seed)
        right += [people[row.argmax()] == one.person for row, one in zip(found, judged)]
        for row, one in zip(found, judged):
            key = (one.person, "%s %s" % (one.session, one.place))
            totals[key] = totals.get(key, np.zeros(len(people)))[: len(row)] + row
    done = np.array([people.index(person) for person, _ in totals])
    named = np.array([int(row.argmax()) for row in totals.values()])
    return Outcome(people, done, named, float(np.mean(right)))


def _values(cycles: Sequence[Cycle], sensors: Sequence[str]) -> np.ndarray:
    rows = []
    for one in cycles:
        if not set(sensors) <= set(one.sensors):
            raise RehabCoachError("a recording of %s has no %s" % (one.person, " and ".join(sensors)))
        rows.append(np.concatenate([one.values[4 * one.sensors.index(name) :][:4] for name in sensors]))
    return np.stack(rows)
