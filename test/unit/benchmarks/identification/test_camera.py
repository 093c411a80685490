"""What a camera sees, and how much of it counts."""

import numpy as np
import pytest

from rehab_coach.benchmarks.identification.camera import NOISE, WAYS, camera_odds, camera_spaces, seen
from rehab_coach.identification.observation import CAMERA
from rehab_coach.identification.skeletons import filmed

ERRORS = NOISE["an estimator's"]


@pytest.fixture(scope="module")
def captured(act, repeats):
    """Three squats each of four people with one body: their tempo and depth are their own."""
    found = []
    for person, (period, depth) in enumerate(((1.5, 0.7), (2.0, 1.0), (2.6, 0.8), (3.2, 1.0))):
        for session in range(3):
            amount = repeats(2, period=period * (1 + 0.02 * session), depth=depth)
            found.append(("p%d" % person, str(session), act.joints("squat", amount)))
    return found


@pytest.fixture(scope="module")
def spaces(captured):
    return camera_spaces(captured, captured, ERRORS, people=16, seed=0)


def test_motion_counts_less_where_it_changes_with_the_form(captured, spaces):
    others = ["p%d" % ((int(person[1:]) + 1 + int(session)) % 4) for person, session, _ in captured]
    changed = [(other, session, joints) for other, (_, session, joints) in zip(others, captured)]
    less = camera_spaces(captured, changed, ERRORS, people=16, seed=0)
    assert 0 <= less["motion"].steepness < 0.7 * spaces["motion"].steepness


def test_log_odds_of_a_cameras_streams_are_added_up(captured, spaces):
    samples = filmed(captured, ERRORS, 1, measure=seen)
    alone = [camera_odds(spaces, samples, 1, [stream]) for stream in CAMERA]
    both = camera_odds(spaces, samples, 1, WAYS["and motion"])
    assert {pair.enrolled for pair in both} == {"p0", "p1", "p2", "p3"}
    for pair, value in both.items():
        assert value == pytest.approx(sum(one[pair] for one in alone))
    own = [value for pair, value in both.items() if pair.person == pair.enrolled]
    other = [value for pair, value in both.items() if pair.person != pair.enrolled]
    assert np.median(own) > np.median(other)
