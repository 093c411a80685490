import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import ANGLES, angular_velocities, joint_angles, measured_points
from rehab_coach.kinematics.geometry import LUMBAR_SHARE, UP, angles_in_space, facing_in_picture
from rehab_coach.kinematics.points import BodyPoints, body_points
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

SIDE_VIEW = 90.0


def column(angles, name):
    return np.degrees(angles[name])


def standing(facing=1.0):
    """Somebody in a picture's plane, facing right (1) or left (-1), every segment upright; COCO-18 with scores 1."""
    places = {
        "nose": (14 * facing, 60),
        "neck": (0, 90),
        "hip": (0, 190),
        "knee": (0, 280),
        "ankle": (0, 370),
        "shoulder": (0, 90),
        "elbow": (0, 140),
        "wrist": (0, 190),
        "eye": (5 * facing, 57),
        "ear": (0, 60),
    }
    return {joint: np.array(places[joint.split("_")[-1]], float) + [300, 0] for joint in COCO_18.joints}


def still(places, frames=6):
    """A sequence of the same frame."""
    frame = np.array([[*places[joint], 1.0] for joint in COCO_18.joints])
    return SkeletonSequence(np.repeat(frame[None], frames, axis=0), np.arange(frames) / 10, (640, 480))


def turned(places, pivot, joints, degrees, facing=1.0):
    """Joints turned about another, forwards for somebody who faces right."""
    angle = -np.radians(degrees) * facing
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = dict(places)
    for joint in joints:
        moved[joint] = places[pivot] + rotation @ (places[joint] - places[pivot])
    return moved


def angle_of(places, name):
    return column(joint_angles(still(places), source="2d"), name)[0]


@pytest.mark.parametrize("facing", [1.0, -1.0])
def test_somebody_who_stands_upright_has_only_zeros(facing):
    angles = joint_angles(still(standing(facing)), source="2d")
    for name in ANGLES:
        if not name.startswith(("ankle", "hip_adduction")):  # no feet, not from the side
            assert column(angles, name) == pytest.approx(np.zeros(6), abs=1e-6), name


@pytest.mark.parametrize("facing", [1.0, -1.0])
@pytest.mark.parametrize("side, letter", [("right", "r"), ("left", "l")])
def test_signs_are_opensims(facing, side, letter):
    body = standing(facing)
    hip, knee, ankle = ("%s_%s" % (side, joint) for joint in ("hip", "knee", "ankle"))
    shoulder, elbow, wrist = ("%s_%s" % (side, joint) for joint in ("shoulder", "elbow", "wrist"))
    raised = turned(body, hip, (knee, ankle), 60, facing)
    bent_spine = LUMBAR_SHARE * 60 / 2  # the other thigh hangs
    assert angle_of(raised, "hip_flexion_" + letter) == pytest.approx(60 - bent_spine)
    assert angle_of(raised, "lumbar_extension") == pytest.approx(-bent_spine)
    assert angle_of(raised, "knee_angle_" + letter) == pytest.approx(0, abs=1e-4)
    assert angle_of(turned(body, hip, (knee, ankle), -20, facing), "hip_flexion_" + letter) < -15
    assert angle_of(turned(body, knee, (ankle,), -70, facing), "knee_angle_" + letter) == pytest.approx(70)
    assert angle_of(turned(body, shoulder, (elbow, wrist), 90, facing), "arm_flex_" + letter) == pytest.approx(90)
    assert angle_of(turned(body, shoulder, (elbow, wrist), 90, facing), "shoulder_elv_" + letter) == pytest.approx(90)
    assert angle_of(turned(body, elbow, (wrist,), 120, facing), "elbow_flex_" + letter) == pytest.approx(120)


def test_lean_and_pelvis():
    body = standing()
    upper = [joint for joint in COCO_18.joints if joint.split("_")[-1] not in ("hip", "knee", "ankle")]
    body["pelvis"] = body["right_hip"]
    assert angle_of(turned(body, "pelvis", upper, 15), "trunk_lean") == pytest.approx(-15)
    bowed = turned(body, "pelvis", upper, -40)
    assert angle_of(bowed, "trunk_lean") == pytest.approx(40)
    assert angle_of(bowed, "lumbar_extension") == pytest.approx(-40 * LUMBAR_SHARE)
    assert angle_of(bowed, "pelvis_tilt") == pytest.approx(-40 * (1 - LUMBAR_SHARE))
    assert angle_of(bowed, "hip_flexion_r") == pytest.approx(40 * (1 - LUMBAR_SHARE))


def test_in_space_every_direction_gives_the_same_angles():
    """World coordinates of a squat, turned about gravity: nothing changes, nothing jumps."""
    joints = _squat_in_space()
    reference = None
    for yaw in np.radians([0, 37, 90, 180, 250]):
        rotation = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        points = BodyPoints(
            np.arange(51) / 25,
            {name: place @ rotation.T for name, place in joints.items()},
            {name: np.ones(51) for name in joints},
        )
        angles = angles_in_space(points, UP)
        reference = reference or angles
        for name, values in angles.items():
            assert np.allclose(values, reference[name], atol=1e-9, equal_nan=True), name
    assert np.degrees(reference["knee_angle_r"].max()) == pytest.approx(100)
    assert np.degrees(reference["trunk_lean"].max()) == pytest.approx(35)
    assert np.degrees(reference["hip_flexion_r"].max()) == pytest.approx(105 * (1 - LUMBAR_SHARE))
    assert np.degrees(reference["ankle_angle_l"].max()) == pytest.approx(30)
    assert np.abs(reference["hip_adduction_r"]).max() < 1e-9


def _squat_in_space(frames=51):
    """Shanks 30, thighs 70, trunk 35 degrees at the lowest: right down away, facing the camera (-z)."""
    amount = (1 - np.cos(np.linspace(0, 2 * np.pi, frames))) / 2

    def leaning(degrees, length):
        angle = np.radians(degrees) * amount
        return np.stack([0 * angle, -length * np.cos(angle), -length * np.sin(angle)], axis=1)

    places = {}
    for side, sign in (("right", -1), ("left", 1)):
        ankle = np.tile([sign * 0.1, 0.9, 3.0], (frames, 1))
        knee = ankle + leaning(30, 0.4)
        hip = knee + leaning(-70, 0.4)
        shoulder = hip + leaning(35, 0.5)
        places.update({side + "_ankle": ankle, side + "_knee": knee, side + "_hip": hip, side + "_shoulder": shoulder})
        places[side + "_elbow"], places[side + "_wrist"] = shoulder + [0, 0.3, 0], shoulder + [0, 0.55, 0]
        places[side + "_heel"], places[side + "_foot_index"] = ankle + [0, 0.07, 0.05], ankle + [0, 0.07, -0.15]
    places["neck"] = (places["right_shoulder"] + places["left_shoulder"]) / 2
    places["pelvis"] = (places["right_hip"] + places["left_hip"]) / 2
    places["head"] = places["neck"] + leaning(35, 0.2)
    return places


@pytest.mark.parametrize("yaw", [SIDE_VIEW, -SIDE_VIEW])
@pytest.mark.parametrize("exercise, highest", [("squat", 115), ("deadlift", 57)])
def test_from_the_side_the_picture_shows_the_angles(act, repeats, yaw, exercise, highest):
    sequence = act(exercise, repeats(2), yaw=yaw)
    for source in ("2d", "fit"):
        angles = joint_angles(sequence, source=source)
        for side in "rl":
            assert column(angles, "knee_angle_" + side).max() == pytest.approx(highest, abs=9), source
            assert column(angles, "knee_angle_" + side)[:10].max() < 12
        assert column(angles, "trunk_lean").max() == pytest.approx(40 if exercise == "squat" else 65, abs=6)


def test_a_mirrored_person_has_left_and_right_exchanged(act, repeats):
    sequence = act("lunge", repeats(2), yaw=70.0)
    angles, mirrored = (joint_angles(one, source="2d") for one in (sequence, sequence.mirror()))
    for name in ANGLES:
        other = name[:-1] + {"r": "l", "l": "r"}[name[-1]] if name[-2:] in ("_r", "_l") else name
        assert np.allclose(angles[name], mirrored[other], atol=1e-4, equal_nan=True), name


@pytest.mark.parametrize(
    "exercise, yaw",
    [
        (exercise, yaw)
        for exercise in ("squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack")
        for yaw in (0.0, 25.0, 60.0, 90.0, -90.0, 135.0, 180.0)
        if exercise != "push_up" or 25 < abs(yaw) < 180  # seen along the body, nothing of a push-up can be measured
    ],
)
def test_angles_do_not_jump(act, repeats, exercise, yaw):
    """No angle moves faster than a person can: no flips of sign, no jumps by a turn."""
    sequence = act(exercise, repeats(2), yaw=yaw)
    angles = joint_angles(sequence)
    speed = np.abs(np.degrees(angular_velocities(angles)))
    for number, name in enumerate(ANGLES):
        if not name.startswith("arm_flex"):  # has no direction when the arm points to the side: shoulder_elv has
            assert np.isnan(speed[:, number]).all() or np.nanmax(speed[:, number]) < 700, name


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_walking_left_and_right_the_hips_flex_forwards(direction):
    """A swinging leg is flexed when it is in front, whichever way the person walks."""
    frames, swing = 60, 25 * np.sin(np.linspace(0, 4 * np.pi, 60))
    key_points = np.zeros((frames, 18, 3))
    for frame, degrees in enumerate(swing):
        body = turned(standing(direction), "right_hip", ("right_knee", "right_ankle"), degrees, direction)
        body = turned(body, "left_hip", ("left_knee", "left_ankle"), -degrees, direction)
        key_points[frame] = [[*(body[joint] + [direction * 2 * frame, 0]), 1] for joint in COCO_18.joints]
    angles = joint_angles(SkeletonSequence(key_points, np.arange(frames) / 20, (640, 480)), source="2d")
    assert np.corrcoef(angles["hip_flexion_r"], swing)[0, 1] > 0.99
    assert np.corrcoef(angles["hip_flexion_l"], -swing)[0, 1] > 0.99
    assert column(angles, "hip_flexion_r").max() == pytest.approx(25, abs=2)


def test_facing_is_kept_while_it_cannot_be_seen(act, repeats):
    sequence = act("squat", repeats(1), yaw=0.0)
    facing = facing_in_picture(body_points(sequence))
    assert set(np.unique(facing)) <= {1.0, -1.0} and (np.abs(np.diff(facing)) > 0).sum() <= 1


def test_feet_give_ankles_only_where_there_are_feet(act, repeats):
    amount = repeats(1)
    with_feet = joint_angles(act("squat", amount, yaw=80.0), source="2d")
    without = joint_angles(act("squat", amount, yaw=80.0, layout=COCO_18), source="2d")
    assert np.isnan(without["ankle_angle_r"]).all()
    assert column(with_feet, "ankle_angle_r").max() == pytest.approx(30, abs=8)


def test_gaps_are_bridged_only_when_short(act, repeats):
    sequence = act("squat", repeats(2), yaw=80.0, camera_rate=30.0)
    key_points = sequence.key_points.copy()
    knee = BLAZEPOSE_33.index("right_knee")
    key_points[20:24, knee] = 0
    key_points[60:100, knee] = 0
    holes = SkeletonSequence(key_points, sequence.stamps, sequence.size, sequence.layout)
    for source in ("2d", "fit"):
        angles = joint_angles(holes, source=source)
        assert np.isfinite(angles["knee_angle_r"][:60]).all() and np.isnan(angles["knee_angle_r"][61:99]).all()
        assert np.isfinite(angles["knee_angle_l"]).all()
        assert (np.isnan(angles.values) == np.isnan(angles.uncertainty)).all()


def test_uncertainty_grows_with_the_view_and_with_low_scores(act, repeats):
    amount = repeats(1)
    side, front = (joint_angles(act("squat", amount, yaw=yaw), source="2d") for yaw in (90.0, 0.0))
    knee = ANGLES.index("knee_angle_r")
    assert 2 * np.nanmedian(side.uncertainty[:, knee]) < np.nanmedian(front.uncertainty[:, knee])
    sequence = act("squat", amount, yaw=90.0)
    key_points = sequence.key_points.copy()
    key_points[:, BLAZEPOSE_33.index("right_knee"), 2] = 0.1
    doubtful = SkeletonSequence(key_points, sequence.stamps, sequence.size, sequence.layout)
    assert np.nanmedian(joint_angles(doubtful, source="2d").uncertainty[:, knee]) > 1.3 * np.nanmedian(
        side.uncertainty[:, knee]
    )


def test_auto_takes_the_best_that_there_is(act, repeats):
    amount = repeats(1)
    assert joint_angles(act("squat", amount, yaw=20.0, layout=COCO_18)).source == "fit"
    assert joint_angles(act("push_up", amount, yaw=90.0, layout=COCO_18)).source == "2d"
    sequence = act("squat", amount, yaw=20.0, layout=COCO_18)
    upper = sequence.key_points.copy()
    upper[:, [9, 10, 12, 13]] = 0
    half = SkeletonSequence(upper, sequence.stamps, sequence.size)
    angles = joint_angles(half)
    assert angles.source == "2d" and np.isnan(angles["knee_angle_r"]).all()
    assert np.isfinite(angles["elbow_flex_r"]).any()
    assert measured_points(half, "2d").dimensions == 2


def test_one_frame_gives_angles_but_no_velocity():
    angles = joint_angles(still(standing(), frames=1))
    assert column(angles, "knee_angle_r")[0] < 15
    with pytest.raises(RehabCoachError, match="two frames"):
        angular_velocities(angles)


def test_velocities_are_derivatives(act, repeats):
    angles = joint_angles(act("squat", repeats(1), yaw=90.0, camera_rate=60.0), source="2d")
    knee = ANGLES.index("knee_angle_r")
    turn = int(np.argmax(angles["knee_angle_r"]))
    speed = angular_velocities(angles)[:, knee]
    assert abs(np.degrees(speed[turn])) < 15 and speed[turn - 25] > 0.5 and speed[turn + 25] < -0.5


def test_nobody_and_impossible_sources_are_errors(act, repeats):
    empty = SkeletonSequence(np.zeros((5, 18, 3)), np.arange(5) / 10, (640, 480))
    for sequence in (empty, empty[:0]):
        with pytest.raises(RehabCoachError, match="nobody"):
            joint_angles(sequence)
    with pytest.raises(RehabCoachError, match="mediapipe"):
        joint_angles(still(standing()), source="3d")
    with pytest.raises(ValueError, match="auto"):
        joint_angles(still(standing()), source="best")


def test_what_was_measured_cannot_be_changed_behind_the_memory(act):
    sequence = act("squat", np.linspace(0, 1, 40))
    joint_angles(sequence)
    with pytest.raises(ValueError, match="read-only"):
        sequence.key_points[0] = 0
