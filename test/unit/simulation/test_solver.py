import numpy as np
import pytest

from rehab_coach.opensim.coordinates import limits
from rehab_coach.simulation.motions import KINDS, MOTIONS, make_motion
from rehab_coach.simulation.posing import Skeleton
from rehab_coach.simulation.solver import angles_of, bar_height, solve

STANDING = [name for name, kind in KINDS.items() if kind.contact == "feet"]
FAULTS = [(name, fault) for name, kind in KINDS.items() for fault in kind.faults]
STANDING_FAULTS = [(name, fault) for name, fault in FAULTS if name in STANDING]


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


@pytest.mark.parametrize("name, fault", [(name, None) for name in STANDING] + STANDING_FAULTS)
@pytest.mark.parametrize("seed", (0, 1))
def test_feet_stand_on_the_floor_and_never_go_through_it(skeleton, name, fault, seed):
    motion, rotations, at = solved(skeleton, name, seed=seed, faults=[fault] if fault else [], asymmetry=0.5 * seed)
    lowest = soles(skeleton, rotations, at)[:, :, 2].min(axis=0)
    assert lowest.min() > -0.015
    assert lowest[motion.support.any(axis=1)].max() < 0.015


@pytest.mark.parametrize("name, fault", [(name, None) for name in STANDING] + STANDING_FAULTS)
@pytest.mark.parametrize("seed", (0, 1))
def test_feet_that_stand_do_not_slide(skeleton, name, fault, seed):
    motion, _, at = solved(skeleton, name, seed=seed, faults=[fault] if fault else [], asymmetry=0.5 * seed)
    for number, side in enumerate("RL"):
        both = motion.support[1:, number] & motion.support[:-1, number]
        speed = np.linalg.norm(np.diff(at["toe2-1." + side], axis=0), axis=1)[both] * 30
        assert speed.max() < 0.08  # m/s


@pytest.mark.parametrize("name", STANDING)
def test_nobody_wanders_off(skeleton, name):
    _, _, at = solved(skeleton, name)
    assert np.abs(at["head"][:, 0]).max() < 0.25
    assert KINDS[name].travels or np.abs(at["root"][-1, :2] - at["root"][0, :2]).max() < 0.9


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


@pytest.mark.parametrize("name, fault", [(name, None) for name in MOTIONS] + FAULTS)
@pytest.mark.parametrize("large", (0.8, 1.2))
def test_no_joint_leaves_the_human_range_when_hands_and_feet_are_held(skeleton, name, fault, large):
    """Also in bodies of other sizes: what inverse kinematics makes of hips, knees, ankles, shoulders, elbows."""
    sized = Skeleton(
        skeleton.labels,
        skeleton.parents,
        skeleton.heads * large,
        {side: heel * large for side, heel in skeleton.heels.items()},
    )
    motion = make_motion(name, 8, seed=2, faults=[fault] if fault else [], asymmetry=-0.3)
    angles = angles_of(sized, motion, solve(sized, motion)[0])
    for angle, values in angles.items():
        if angle.startswith("pelvis") and motion.contact != "feet":
            continue  # of the body in the room, not of a joint
        low, high = limits(angle)
        assert low - 1 < np.degrees(values).min() and np.degrees(values).max() < high + 1, angle
        assert np.abs(np.diff(values)).max() * 30 < 16, angle  # and none jumps


def test_angles_of_a_body_that_is_held_nowhere_are_the_motions_own(skeleton):
    motion = make_motion("waving", 4, seed=3)
    angles = angles_of(skeleton, motion, solve(skeleton, motion)[0])
    for angle in ("pelvis_tilt", "arm_add_r", "lumbar_bending"):
        np.testing.assert_allclose(angles[angle], motion.angles[angle], atol=1e-6)
    for angle in ("hip_flexion_r", "knee_angle_l", "hip_adduction_l"):  # legs reach for the floor
        np.testing.assert_allclose(angles[angle], motion.angles[angle], atol=np.radians(8))


def test_knees_inwards_brings_the_knees_together_and_the_angles_say_so(skeleton):
    (right, _, straight), (wrong, rotations, at) = (
        solved(skeleton, "squat", variation=0, repetitions=2, faults=faults) for faults in ((), ("knees_inwards",))
    )
    bottom = at["root"][:, 2].argmin()

    def apart(where, label):
        return where[label + ".L"][bottom, 0] - where[label + ".R"][bottom, 0]

    assert apart(at, "lowerleg01") < apart(straight, "lowerleg01") - 0.15
    assert apart(at, "foot") == pytest.approx(apart(straight, "foot"), abs=0.03)
    inwards = angles_of(skeleton, wrong, rotations)["hip_rotation_r"][bottom]
    usual = angles_of(skeleton, right, solve(skeleton, right)[0])["hip_rotation_r"][bottom]
    assert inwards > usual + np.radians(8)


@pytest.mark.parametrize("side, sign", [("left", 1), ("right", -1)])
def test_shifted_hips_move_to_that_side_over_feet_that_stay(skeleton, side, sign):
    _, _, at = solved(skeleton, "squat", variation=0, repetitions=2, faults=["hips_shifted_" + side])
    bottom = at["root"][:, 2].argmin()
    assert sign * at["root"][bottom, 0] > 0.08
    assert np.ptp(at["foot.R"][:, 0]) < 0.03


def test_heels_up_lifts_the_heels_only(skeleton):
    _, rotations, at = solved(skeleton, "squat", variation=0, repetitions=2, faults=["heels_up"])
    bottom = at["root"][:, 2].argmin()
    heels, balls = (soles(skeleton, rotations, at)[part, bottom, 2] for part in ([0, 2], [1, 3]))
    assert heels.min() > 0.05 and np.abs(balls).max() < 0.02


def test_hips_first_straightens_the_knees_before_the_trunk(skeleton):
    def knees_when_half_up(faults):
        motion = make_motion("deadlift", 4, variation=0, repetitions=1, faults=faults, rate=100)
        trunk, knees = motion.angles["pelvis_tilt"], motion.angles["knee_angle_r"]
        up = np.arange(400) > 210
        return knees[up][np.abs(trunk[up] - trunk.min() / 2).argmin()]

    assert knees_when_half_up(["hips_rise_first"]) < 0.55 * knees_when_half_up([])


def test_hips_sag_and_pike_between_shoulders_and_ankles(skeleton):
    def hips_over_the_line(faults):
        _, _, at = solved(skeleton, "push_up", variation=0, repetitions=2, faults=faults)
        shoulder, hip, ankle = (at[label + ".R"][0] for label in ("upperarm01", "upperleg01", "foot"))
        part = (hip[1] - ankle[1]) / (shoulder[1] - ankle[1])
        return hip[2] - (ankle[2] + part * (shoulder[2] - ankle[2]))

    straight = hips_over_the_line([])
    assert hips_over_the_line(["hips_sag"]) < straight - 0.08
    assert hips_over_the_line(["hips_piked"]) > straight + 0.1


def test_who_kneels_or_lies_is_on_the_floor_and_stays_there(skeleton):
    for name in ("kneeling", "crunch"):
        _, _, at = solved(skeleton, name, seed=1)
        lowest = np.min([path[:, 2] for path in at.values()], axis=0)
        assert 0 < lowest.min() and lowest.max() < 0.12
        assert max(np.ptp(at["foot.R"], axis=0)) < 0.05


@pytest.mark.parametrize("name", ["standing", "deadlift", "good_morning", "jump_squat", "split_squat"])
def test_feet_of_a_narrow_stance_do_not_cross(skeleton, name):
    _, _, at = solved(skeleton, name, habits={"stance": -10.0, "toes_out": 0.0})
    assert (at["foot.L"] - at["foot.R"])[:, 0].min() > 0
