"""People who are made up: each swings a sensor in a way of their own."""

import numpy as np
import pytest

from rehab_coach.identification.fitting import Sample, learn_spaces
from rehab_coach.identification.observation import Observation

PEOPLE, SESSIONS = 10, 4


def swing(person, draw):
    """One cycle (4, 100) of a person: a few sines whose strengths are theirs, and some noise."""
    own = np.random.default_rng(1000 + person)
    moments = np.linspace(0, 2 * np.pi, 100)
    strengths, phases = own.normal(1, 0.5, (3, 3)), own.uniform(0, 1.5, (3, 3))
    axes = sum(
        strengths[:, k, None] * np.sin((k + 1) * moments + phases[:, k, None] + draw.normal(0, 0.03)) for k in range(3)
    )
    axes = axes * draw.uniform(0.8, 1.25) + draw.normal(0, 0.1, (3, 100))
    return np.vstack([axes, np.linalg.norm(axes, axis=0)]).astype(np.float32)


def _samples(people, seed=0, context="set|pelvis|squat|"):
    draw = np.random.default_rng(seed)
    return [
        Sample(swing(person, draw), "p%02d" % person, "%d" % session, context)
        for person in people
        for session in range(SESSIONS)
        for _ in range(3)
    ]


def _observation(person, seed):
    draw = np.random.default_rng(seed)
    cycles = np.stack([swing(person, draw) for _ in range(3)])
    return Observation({"gyroscope": cycles, "accelerometer": 3 * cycles})


@pytest.fixture(scope="session")
def learned():
    """Spaces of ten people, learned once for all tests."""
    both = _samples(range(PEOPLE))
    strong = [one._replace(values=3 * one.values) for one in both]
    return learn_spaces({"accelerometer": strong, "gyroscope": both}, kernels=336, training={"sets": ["made up"]})


@pytest.fixture(scope="session")
def samples():
    """Makes samples of people by their numbers."""
    return _samples


@pytest.fixture(scope="session")
def observation():
    """Makes an observation of a person by number; the seed is of what differs from time to time."""
    return _observation
