"""How the model of people in general is made.

What differs within one person weighs little, what differs between people weighs much, and a distance becomes the odds
that two recordings are of one person: linear discriminant analysis of features from which the mean of their context
(the set, the sensor's place, the movement) was taken. The same person is another one in another exercise, and that is
not what is to be learned.
"""

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.features import MiniRocket
from rehab_coach.identification.model import Space
from rehab_coach.kinematics.threads import one_thread

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
def fit_space(samples: Sequence[Sample], rocket: Optional[MiniRocket]) -> Space:
    """Learn a space; its odds are those of `calibrate`.

    Raises:
        RehabCoachError: there are not two people with two samples in any context.
    """
    values = np.stack([sample.values for sample in samples]).astype(np.float32)
    features = values if rocket is None else rocket(values)
    mean = features.mean(axis=0)
    deviation = features.std(axis=0) + 1e-2
    rest = (features - mean) / deviation
    contexts = np.array([sample.context for sample in samples])
    persons = np.array([sample.person for sample in samples])
    for context in np.unique(contexts):
        rest[contexts == context] -= rest[contexts == context].mean(axis=0)
    components = _principal(rest)
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
    directions = np.linalg.eigh(between.T @ between)[1][:, ::-1][:, :DIMENSIONS]
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
    """Centre and steepness of the log odds of a distance: logistic regression with either kind as likely.

    Args:
        same: (n,) distances between recordings of one person.
        other: (m,) of two people.
    """
    from sklearn.linear_model import LogisticRegression

    distances = np.concatenate([same, other])[:, None]
    one = np.concatenate([np.ones(len(same)), np.zeros(len(other))])
    regression = LogisticRegression(C=100.0, class_weight="balanced").fit(distances, one)
    slope, begin = float(regression.coef_[0, 0]), float(regression.intercept_[0])
    if not slope < 0:
        raise RehabCoachError(
            "the distances of one person are no smaller than those of two: these recordings say nothing"
        )
    return -begin / slope, -slope
