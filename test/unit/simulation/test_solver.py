import numpy as np
import pytest

from rehab_coach.simulation.motions import MOTIONS, make_motion
from rehab_coach.simulation.solver import bar_height, solve

STANDING = [name for name in MOTIONS if name not in ("push_up", "pull_up")]


def solved(skeleton, name, **options):
    motion = make_motion(name, duration=8, **options)
    rotations, heads = solve(skeleton, motion)
    return motion, rotations, {label: heads[:, bone] for label, bone in skeleton.index.items()}


def soles(skeleton, rotations, at):
    """Heels and balls of both feet, (4, T, 3): the toes bend, so they say nothing about the sole."""
    points = []
    for side in "RL":
        foot, ball = skeleton.index["foot." + side], skeleton.heads[skeleton.index["toe2-1." + side]]
        heel = skeleton.heels[side]
        for point in (heel, np.array([ball[0], ball[1], heel[2]])):
            points.append(at["foot." + side] + rotations[:, foot] @ (point - skeleton.heads[foot]))
    return np.array(points)


@pytest.mark.parametrize("name", MOTIONS)
def test_bones_keep_their_lengths(skeleton, name):
    _, _, at = solved(skeleton, name, seed=2)
    for bone, parent in enumerate(skeleton.parents):
        if parent >= 0:
            length = np.linalg.norm(at[skeleton.labels[bone]] - at[skeleton.labels[parent]], axis=1)
            np.testing.assert_allclose(length, np.linalg.norm(skeleton.heads[bone] - skeleton.heads[parent]), atol=1e-6)


@pytest.mark.parametrize("name", STANDING)
@pytest.mark.parametrize("seed", (0, 1))
def test_feet_stand_on_the_floor_and_never_go_through_it(skeleton, name, seed):
    motion, rotations, at = solved(skeleton, name, seed=seed)
    lowest = soles(skeleton, rotations, at)[:, :, 2].min(axis=0)
    assert lowest.min() > -0.015
    assert lowest[motion.support.any(axis=1)].max() < 0.015


@pytest.mark.parametrize("name", STANDING)
@pytest.mark.parametrize("seed", (0, 1))
def test_feet_that_stand_do_not_slide(skeleton, name, seed):
    motion, _, at = solved(skeleton, name, seed=seed)
    for number, side in enumerate("RL"):
        both = motion.support[1:, number] & motion.support[:-1, number]
        speed = np.linalg.norm(np.diff(at["toe2-1." + side], axis=0), axis=1)[both] * 30
        assert speed.max() < 0.08  # m/s


@pytest.mark.parametrize("name", STANDING)
def test_nobody_wanders_off(skeleton, name):
    _, _, at = solved(skeleton, name)
    assert np.abs(at["head"][:, 0]).max() < 0.25
    assert np.abs(at["root"][-1, :2] - at["root"][0, :2]).max() < 0.9


@pytest.mark.parametrize("name", MOTIONS)
def test_body_moves_smoothly(skeleton, name):
    """No joint is faster than 9 m/s (a jumping jack's hand) and none jumps by inverse kinematics."""
    _, _, at = solved(skeleton, name, seed=1)
    for label, path in at.items():
        assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() * 30 < 9, label


def test_squat_lowers_the_hips_to_the_knees_and_keeps_the_balance(skeleton):
    _, _, at = solved(skeleton, "squat", repetitions=2, variation=0)
    bottom = at["root"][:, 2].argmin()
    assert abs(at["upperleg01.R"][bottom, 2] - at["lowerleg01.R"][bottom, 2]) < 0.15
    assert at["root"][bottom, 1] > at["foot.R"][bottom, 1] + 0.1  # hips behind the feet
    assert at["head"][bottom, 1] < at["root"][bottom, 1] - 0.2  # trunk leans forwards


def test_jumping_jack_opens_arms_and_legs_and_leaves_the_floor(skeleton):
    motion, _, at = solved(skeleton, "jumping_jack", variation=0)
    feet, hands = at["foot.L"][:, 0] - at["foot.R"][:, 0], at["wrist.L"][:, 2] - at["head"][:, 2]
    assert feet.max() > feet.min() + 0.4 and hands.max() > 0.2 and hands.min() < -0.5
    assert np.corrcoef(feet, hands)[0, 1] > 0.9
    assert motion.hop.max() > 0.02


def test_lunge_brings_the_rear_knee_close_to_the_floor(skeleton):
    _, _, at = solved(skeleton, "lunge", repetitions=2, variation=0)
    for side in "RL":
        assert 0.02 < at["lowerleg01." + side][:, 2].min() < 0.25
    apart = np.abs(at["foot.R"][:, 1] - at["foot.L"][:, 1])
    assert apart.max() > 0.6 and apart.min() < 0.1


def test_push_up_turns_about_the_toes_with_the_hands_in_place(skeleton):
    _, _, at = solved(skeleton, "push_up", repetitions=2)
    for label in ("wrist.R", "wrist.L", "toe2-1.R", "toe2-1.L"):
        assert np.ptp(at[label], axis=0).max() < 0.02, label
        assert 0 < at[label][:, 2].min() < 0.08
    shoulders = at["upperarm01.R"][:, 2]
    assert shoulders.max() > 0.4 and shoulders.min() < 0.75 * shoulders.max()
    assert min(path[:, 2].min() for path in at.values()) > -0.01


def test_pull_up_hangs_from_the_bar_and_brings_the_chin_to_it(skeleton):
    _, _, at = solved(skeleton, "pull_up", repetitions=2)
    for side in "RL":
        assert np.ptp(at["wrist." + side], axis=0).max() < 0.02
    height = bar_height(skeleton)
    assert at["foot.R"][:, 2].min() > 0.05
    assert at["head"][:, 2].max() > height - 0.1 > at["head"][:, 2].min() + 0.2
