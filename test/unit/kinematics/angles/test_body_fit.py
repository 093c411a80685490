import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.body_fit import fit_body
from rehab_coach.kinematics.angles.body_model import SEGMENTS
from rehab_coach.kinematics.angles.frame_equations import FrameEquations
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.projection import EstimatorErrors
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

ERRORS = EstimatorErrors(standing=0.02, slow=0.02, fast=0.01, missing=0.0, never=0.0, head_never=0.0)


def test_equations_equal_a_dense_solution():
    """The banded solver against NumPy's least squares on the same residuals, written out one by one."""
    random = np.random.default_rng(0)
    frames, joints, shared = 7, 3, 2
    places = random.normal(size=(frames, joints, 3))
    equations = FrameEquations(frames, joints, shared)
    size = frames * joints * 3
    rows, residuals = [], []

    residual = random.normal(size=(frames, 4))
    by_place = {0: random.normal(size=(frames, 4, 3)), 2: random.normal(size=(frames, 4, 3))}
    by_shared = random.normal(size=(frames, 4))
    equations.add(residual, by_place, (1, by_shared))
    for frame in range(frames):
        for row in range(4):
            line = np.zeros(size + shared)
            for joint, derivative in by_place.items():
                line[(frame * joints + joint) * 3 :][:3] = derivative[frame, row]
            line[size + 1] = by_shared[frame, row]
            rows.append(line)
            residuals.append(residual[frame, row])

    for steps, factors, deviation in (((1, -2, 1), {1: 1.0}, 0.3), ((-1, 1), {2: 1.0, 0: -1.0}, 0.5)):
        equations.add_over_time(steps, factors, places, deviation)
        for frame in range(frames - len(steps) + 1):
            for axis in range(3):
                line = np.zeros(size + shared)
                value = 0.0
                for later, step in enumerate(steps):
                    for joint, factor in factors.items():
                        line[((frame + later) * joints + joint) * 3 + axis] += step * factor / deviation
                        value += step * factor * places[frame + later, joint, axis] / deviation
                rows.append(line)
                residuals.append(value)

    for number, difference in ((0, 0.7), (1, -0.2)):
        equations.expect(number, difference, 0.1)
        line = np.zeros(size + shared)
        line[size + number] = 1 / 0.1
        rows.append(line)
        residuals.append(difference / 0.1)

    damping = 0.2
    moves, numbers = equations.solve(damping)
    matrix, residual = np.array(rows), np.array(residuals)
    normal = matrix.T @ matrix + np.diag([damping] * size + [0] * shared)
    expected = np.linalg.solve(normal, -matrix.T @ residual)
    assert np.allclose(moves.ravel(), expected[:size]) and np.allclose(numbers, expected[size:])
    assert equations.cost == pytest.approx((residual**2).sum())


@pytest.mark.parametrize("yaw", [0.0, 30.0, -60.0, 90.0])
def test_a_squat_is_measured_from_every_side(act, repeats, yaw):
    """The stick figure's knees bend by 115 degrees, its trunk leans by 40; plain angles miss 60 from the front."""
    sequence = act("squat", repeats(3), yaw=yaw, errors=ERRORS, layout=COCO_18)
    angles = joint_angles(sequence, source="fit")
    for side in "rl":
        knee = np.degrees(angles["knee_angle_" + side])
        assert knee.max() == pytest.approx(115, abs=18) and np.median(knee[:8]) < 15
    assert np.degrees(angles["trunk_lean"]).max() == pytest.approx(40, abs=15)
    if yaw == 0.0:
        plain = np.degrees(joint_angles(sequence, source="2d")["knee_angle_r"])
        assert plain.max() < 80


def test_the_fitted_body_is_in_the_picture_and_keeps_its_limbs(act, repeats):
    sequence = act("lunge", repeats(2), yaw=40.0, errors=ERRORS)
    fitted = fit_body(sequence)
    focal_length, centre = 0.8 * max(sequence.size), (np.array(sequence.size) - 1) / 2
    for joint in ("right_knee", "left_ankle", "right_shoulder"):
        place = fitted.points.places[joint]
        pixels = place[:, :2] / place[:, 2:] * focal_length + centre
        seen = sequence.key_points[:, BLAZEPOSE_33.index(joint), :2]
        assert np.median(np.linalg.norm(pixels - seen, axis=1)) < 0.02 * sequence.size[1]
    for kind in ("thigh", "shank"):
        for start, end in SEGMENTS[kind].pairs:
            length = np.linalg.norm(fitted.points.vector(start, end), axis=1)
            assert length.std() < 0.03 * length.mean()
            assert length.mean() / 1.7 == pytest.approx(fitted.lengths[kind], rel=0.05)


def test_gravity_is_found_while_somebody_squats(act, repeats):
    """A camera on the floor that looks up, one above the head that looks down."""
    low, high = (
        fit_body(act("squat", repeats(3), yaw=20.0, height=height, distance=2.5, errors=ERRORS)).up
        for height in (0.2, 1.9)
    )
    tilt = [np.degrees(np.arctan2(up[2], -up[1])) for up in (low, high)]  # away from the camera: positive
    assert tilt[0] - tilt[1] > 12


def test_world_coordinates_help(act, repeats):
    """With depths that an estimator might give, the front view gets better."""
    amount = repeats(3)
    sequence = act("squat", amount, yaw=0.0, errors=ERRORS)
    depths = act("squat", amount, yaw=90.0)  # what is left and right from the side is depth from the front
    world = np.zeros_like(sequence.key_points)
    scale = 0.52 / 110
    world[..., :2] = sequence.key_points[..., :2] * scale
    world[..., 2] = depths.key_points[..., 0] * scale  # she faces left there
    spatial = SkeletonSequence(sequence.key_points, sequence.stamps, sequence.size, BLAZEPOSE_33, world)
    angles = joint_angles(spatial)
    assert angles.source == "fit"
    for side in "rl":
        assert np.degrees(angles["knee_angle_" + side]).max() == pytest.approx(115, abs=12)
    assert np.degrees(angles["trunk_lean"]).max() == pytest.approx(40, abs=8)


def test_a_leg_or_the_ankles_out_of_sight_are_no_error(act, repeats):
    sequence = act("squat", repeats(1), yaw=60.0)
    for hidden in (("left_ankle", "right_ankle"), ("left_knee", "left_ankle", "left_heel", "left_foot_index")):
        key_points = sequence.key_points.copy()
        key_points[:, [BLAZEPOSE_33.index(joint) for joint in hidden]] = 0
        points = fit_body(SkeletonSequence(key_points, sequence.stamps, sequence.size, BLAZEPOSE_33)).points
        assert np.isnan(points.places[hidden[0]]).all() and np.isfinite(points.places["right_knee"]).all()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_few_frames_are_fitted(act, repeats, frames):
    sequence = act("squat", repeats(1), yaw=60.0)[:frames]
    assert np.isfinite(fit_body(sequence).points.places["right_knee"]).all()


def test_half_a_body_is_an_error(act, repeats):
    sequence = act("squat", repeats(1))
    key_points = sequence.key_points.copy()
    key_points[:, 23:] = 0
    with pytest.raises(RehabCoachError, match="hips"):
        fit_body(SkeletonSequence(key_points, sequence.stamps, sequence.size, BLAZEPOSE_33))
