import numpy as np
import pytest

from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.posing import DOWN, FORWARD, LEFT, frame, reach, rotation, turns_of


def still(**angles):
    """A motion of one frame with these angles (degrees) and no others."""
    motion = make_motion("standing", duration=0.1, rate=10, variation=0)
    for name in motion.angles:
        motion.angles[name][:] = np.radians(angles.get(name, 0.0))
    return motion


def heads(skeleton, **angles):
    placed = skeleton.place(turns_of(still(**angles)), np.zeros((1, 3)))[1][0]
    return {label: placed[bone] for label, bone in skeleton.index.items()}


def test_rotation_follows_the_right_hand():
    np.testing.assert_allclose(rotation(np.array([0, 0, 1.0]), np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_frame_is_orthonormal():
    rng = np.random.default_rng(0)
    made = frame(rng.normal(size=(5, 3)), rng.normal(size=(5, 3)))
    np.testing.assert_allclose(made @ made.transpose(0, 2, 1), np.tile(np.eye(3), (5, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(made), 1.0)


def test_upright_with_all_angles_zero(skeleton):
    at = heads(skeleton)
    for side in "RL":
        for upper, lower in (
            ("upperleg01", "lowerleg01"),
            ("lowerleg01", "foot"),
            ("upperarm01", "lowerarm01"),
            ("lowerarm01", "wrist"),
        ):
            limb = at["%s.%s" % (lower, side)] - at["%s.%s" % (upper, side)]
            np.testing.assert_allclose(limb / np.linalg.norm(limb), DOWN, atol=1e-9)


@pytest.mark.parametrize(
    "angle, value, upper, lower, direction",
    [
        ("hip_flexion_r", 90, "upperleg01.R", "lowerleg01.R", FORWARD),
        ("hip_adduction_r", -90, "upperleg01.R", "lowerleg01.R", -LEFT),
        ("hip_adduction_l", -90, "upperleg01.L", "lowerleg01.L", LEFT),
        ("knee_angle_l", 90, "lowerleg01.L", "foot.L", -FORWARD),
        ("arm_flex_r", 90, "upperarm01.R", "lowerarm01.R", FORWARD),
        ("arm_add_l", -90, "upperarm01.L", "lowerarm01.L", LEFT),
        ("elbow_flex_r", 90, "lowerarm01.R", "wrist.R", FORWARD),
        ("pelvis_tilt", -90, "spine05", "spine01", FORWARD),
    ],
)
def test_signs_are_opensims(skeleton, angle, value, upper, lower, direction):
    at = heads(skeleton, **{angle: value})
    limb = at[lower] - at[upper]
    assert limb / np.linalg.norm(limb) @ direction > 0.98


def test_left_mirrors_right(skeleton):
    angles = {
        "hip_flexion": 40,
        "hip_adduction": -20,
        "hip_rotation": -15,
        "knee_angle": 60,
        "arm_flex": 30,
        "arm_add": -50,
        "arm_rot": 25,
        "elbow_flex": 70,
        "pro_sup": 30,
        "wrist_flex": 20,
        "finger_flex": 15,
    }
    at = heads(skeleton, **{name + side: value for name, value in angles.items() for side in ("_r", "_l")})
    for label in skeleton.labels:
        if label.endswith(".R"):
            np.testing.assert_allclose(at[label], at[label[:-1] + "L"] * [-1, 1, 1], atol=1e-9, err_msg=label)


def test_external_rotation_turns_the_toes_out(skeleton):
    at = heads(skeleton, hip_rotation_r=-20)
    toes = at["toe2-1.R"] - at["foot.R"]
    assert np.degrees(np.arctan2(-toes[0], -toes[1])) == pytest.approx(20, abs=4)


def test_reach_leads_the_limb_there_and_bends_to_the_side_asked_for():
    rng = np.random.default_rng(1)
    start = rng.normal(size=(20, 3))
    way = rng.normal(size=(20, 3))
    end = start + way / np.linalg.norm(way, axis=1, keepdims=True) * rng.uniform(0.3, 0.85, (20, 1))
    bend = np.cross(way, rng.normal(size=(20, 3)))
    turns = {}
    reach(turns, "upper", "lower", start, end, (0.45, 0.42), bend, LEFT)
    knee = start + turns["upper"] @ (0.45 * DOWN)
    np.testing.assert_allclose(knee + turns["lower"] @ (0.42 * DOWN), end, atol=1e-9)
    assert (np.sum((knee - (start + end) / 2) * bend, axis=1) > 0).all()


def test_reach_stretches_towards_what_is_too_far():
    turns = {}
    reach(turns, "upper", "lower", np.zeros((1, 3)), np.array([[0, 0, -2.0]]), (0.45, 0.42), FORWARD, LEFT)
    foot = turns["upper"] @ (0.45 * DOWN) + turns["lower"] @ (0.42 * DOWN)
    np.testing.assert_allclose(foot[0], [0, 0, -0.87], atol=0.01)
