"""What makes each near miss the one that it is, and none of the six exercises."""

import numpy as np
import pytest

from rehab_coach.exercises import UNKNOWN, label_of_motion
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.near_misses import NEAR_MISSES
from rehab_coach.simulation.solver import dip_bars_height, solve


@pytest.fixture
def done(skeleton):
    def perform(name, duration=4.0, repetitions=1):
        motion = make_motion(name, duration, variation=0, repetitions=repetitions)
        rotations, heads = solve(skeleton, motion)
        return motion, {label: heads[:, bone] for label, bone in skeleton.index.items()}

    return perform


def lean(at):
    """Degrees of the trunk from upright, (T,)."""
    up = at["spine01"] - at["root"]
    return np.degrees(np.arctan2(-up[:, 1], up[:, 2]))


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_a_near_miss_is_none_of_the_six(name):
    assert label_of_motion(name) == UNKNOWN


def test_a_good_morning_bows_with_the_hands_at_the_shoulders(done):
    _, at = done("good_morning")
    assert lean(at).max() > 50
    assert max(np.linalg.norm(at["wrist." + side] - at["spine01"], axis=1).max() for side in "RL") < 0.45


def test_a_row_moves_the_arms_and_not_the_trunk(done):
    motion, at = done("bent_over_row")
    assert lean(at).min() > 40 and np.ptp(lean(at)) < 10
    assert np.ptp(at["wrist.R"][:, 2] - at["upperarm01.R"][:, 2]) > 0.2
    assert motion.support.all()


def test_a_swing_ends_before_the_chest_and_between_the_legs(done):
    _, at = done("kettlebell_swing", 1.8)
    top = at["wrist.R"][:, 2].argmax()
    assert abs(at["wrist.R"][top, 2] - at["upperarm01.R"][top, 2]) < 0.15 and abs(lean(at)[top]) < 12
    low = at["wrist.R"][:, 1].argmax()  # the farthest back
    assert lean(at)[low] > 35 and at["wrist.R"][low, 1] > at["foot.R"][low, 1]


def test_a_tuck_jump_brings_the_knees_up_in_the_air(done):
    motion, at = done("tuck_jump", 1.7)
    flying = ~motion.support.any(axis=1)
    assert 0.3 < flying.sum() / motion.rate < 0.8
    highest = at["root"][:, 2].argmax()
    assert flying[highest] and at["root"][highest, 2] > at["root"][0, 2] + 0.1
    assert at["lowerleg01.R"][highest, 2] > at["upperleg01.R"][highest, 2] - 0.25
    assert at["foot.R"][highest, 2] > 0.5


def test_a_dip_sinks_between_hands_that_stay(done, skeleton):
    _, at = done("dip")
    for side in "RL":
        assert np.ptp(at["wrist." + side], axis=0).max() < 0.02
        assert at["foot." + side][:, 2].min() > 0.1
    assert np.ptp(at["upperarm01.R"][:, 2]) > 0.1
    assert at["upperarm01.R"][:, 2].min() > dip_bars_height(skeleton)


def test_a_burpee_stands_lies_on_hands_and_toes_and_jumps(done):
    motion, at = done("burpee", 3.4)
    height = at["root"][:, 2]
    assert abs(lean(at)[0]) < 12 and lean(at)[51] > 70 and height[51] < 0.6 * height[0]
    lying = slice(42, 60)
    for side in "RL":
        assert np.ptp(at["wrist." + side][lying], axis=0).max() < 0.02
        assert at["wrist." + side][lying, 2].max() < 0.08 > at["toe2-1." + side][lying, 2].max()
    assert np.ptp(at["upperarm01.R"][lying, 2]) > 0.1  # a push-up
    assert min(at["foot." + side][93:96, 2].max() for side in "RL") > at["foot.R"][0, 2] + 0.05
    assert min(path[:, 2].min() for path in at.values()) > -0.03
