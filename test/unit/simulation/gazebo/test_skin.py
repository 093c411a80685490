import numpy as np
import pytest

from rehab_coach.simulation.gazebo.skin import BONES, NAMES, PARENTS, PLACES, joints, make_skeleton, pose
from rehab_coach.simulation.motions import MOTIONS, make_motion

# Names and numbers of children, in the order in which Gazebo 11 lists the joints of its skin.
CHILDREN = {"Hips": 3, "Spine1": 3, "LeftHand": 2, "RightHand": 2}
ENDS = ("LeftToeBase", "RightToeBase", "Head", "LeftHandIndex1", "LThumb", "RightHandIndex1", "RThumb")


@pytest.fixture(scope="module")
def skin():
    return make_skeleton()


def index(name):
    return NAMES.index(name)


def test_the_tree_is_the_skins():
    assert len(BONES) == 31 and len(set(NAMES)) == 31
    for number, name in enumerate(NAMES):
        expected = 0 if name in ENDS else CHILDREN.get(name, 1)
        assert PARENTS.count(number) == expected, name
    # Depth-first: a joint's parent is the last one before it or one of that one's ancestors.
    for number in range(1, len(NAMES)):
        ancestors, joint = [], number - 1
        while joint >= 0:
            ancestors.append(joint)
            joint = PARENTS[joint]
        assert PARENTS[number] in ancestors


def test_left_and_right_are_alike():
    # The skin is a person's, so not a perfect mirror image.
    for bone in BONES:
        if bone.name.startswith("Left"):
            x, y, z = BONES[index("Right" + bone.name[4:])].place
            np.testing.assert_allclose(bone.place, (-x, y, z), atol=0.025)


def test_a_joint_without_turns_is_where_the_t_pose_has_it():
    still = joints(np.tile(np.eye(3), (31, 1, 1)), np.zeros(3))
    np.testing.assert_allclose(still, PLACES, atol=1e-12)


def test_upright_the_arms_hang_and_the_soles_are_on_the_floor(skin):
    turns, hips = pose(skin, make_motion("standing", 1.0, variation=0))
    at = joints(turns, hips)
    for side in ("Left", "Right"):
        arm = at[0, index(side + "Hand")] - at[0, index(side + "Arm")]
        assert arm[1] / np.linalg.norm(arm) < -0.95
        assert at[0, index(side + "Foot"), 1] == pytest.approx(0.07, abs=0.01)
    assert at[0, index("Head"), 1] == pytest.approx(1.53, abs=0.02)


@pytest.mark.parametrize("name", MOTIONS)
def test_every_motion_keeps_bones_and_floor(skin, name):
    turns, hips = pose(skin, make_motion(name, 8.0, 20.0, seed=3))
    at = joints(turns, hips)
    assert np.isfinite(at).all()
    assert at[..., 1].min() > -0.01
    np.testing.assert_allclose(np.linalg.det(turns), 1.0, atol=1e-9)
    # No joint of anybody moves faster than a fast hand.
    assert np.linalg.norm(np.diff(at, axis=0), axis=-1).max() * 20 < 8


def test_exercises_look_like_themselves(skin):
    def at(name, joint):
        turns, hips = pose(skin, make_motion(name, 8.0, 20.0, seed=1))
        return joints(turns, hips)[:, index(joint)]

    assert np.ptp(at("squat", "Hips")[:, 1]) > 0.3
    assert at("jumping_jack", "LeftHand")[:, 1].max() > at("jumping_jack", "Head")[:, 1].max()
    assert at("push_up", "Head")[:, 1].max() < 0.8
    assert np.ptp(at("pull_up", "LeftHand")[:, 1]) < 0.02 and np.ptp(at("pull_up", "Head")[:, 1]) > 0.25
    assert at("deadlift", "Head")[:, 1].min() < 1.2 < at("squat", "Head")[:, 1].max()
    assert at("lunge", "LeftToeBase")[:, 2].max() - at("lunge", "RightToeBase")[:, 2].min() > 0.5
