"""Driving and laser against what geometry says, without ROS and without rendering."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.laser import LaserCheck, Scan
from rehab_coach.robot.velocity import Velocity
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.turtlebot import FloorPlan, Laser, Place, camera_at, driven, floor_plan

speeds = st.tuples(st.floats(-0.26, 0.26), st.floats(-1.82, 1.82))


def test_it_drives_straight_turns_on_the_spot_and_drives_a_circle():
    assert driven(Place(1, 2, math.pi / 2), Velocity(0.2, 0), 3) == pytest.approx((1, 2.6, math.pi / 2))
    assert driven(Place(1, 2, 0), Velocity(0, 0.5), 2) == pytest.approx((1, 2, 1))
    half = driven(Place(), Velocity(0.2, 0.4), math.pi / 0.4)  # a half circle of radius 0.5 m to the left
    assert (half.x, half.y, abs(half.yaw)) == pytest.approx((0, 1, math.pi), abs=1e-9)


@given(speeds, st.floats(0.01, 5))
def test_many_small_steps_make_the_same_way_as_a_large_one(speed, seconds):
    velocity, place = Velocity(*speed), Place(0.3, -0.2, 1.0)
    for _ in range(20):
        place = driven(place, velocity, seconds / 20)
    once = driven(Place(0.3, -0.2, 1.0), velocity, seconds)
    assert (place.x, place.y) == pytest.approx((once.x, once.y), abs=1e-9)
    assert math.remainder(place.yaw - once.yaw, 2 * math.pi) == pytest.approx(0, abs=1e-9)


@given(speeds, st.floats(0.01, 5))
def test_driving_back_ends_where_it_began(speed, seconds):
    there = driven(Place(), Velocity(*speed), seconds)
    back = driven(there, Velocity(-speed[0], -speed[1]), seconds)
    assert back == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_laser_measures_walls_and_the_person():
    plan = floor_plan([-1, 3, -2, 2], [2, 0], 0.25)
    quarters = np.deg2rad([0, 90, 180, 270])
    assert plan.distances(Place(), quarters) == pytest.approx([1.75, 2, 1, 2])
    assert plan.distances(Place(0, 0, math.pi / 2), quarters) == pytest.approx([2, 1, 2, 1.75])
    # The tangent of the circle is its edge as seen from the robot.
    edge = math.asin(0.25 / 2)
    inside, outside = plan.distances(Place(), np.array([edge - 1e-3, edge + 1e-3]))
    assert inside < 2 < 2.9 < outside
    assert plan.distances(Place(2, 0.1), quarters).tolist() == [0, 0, 0, 0]


def test_distances_agree_with_walking_along_the_ray():
    plan = floor_plan([-1, 3, -2, 2], [1.5, 0.5], 0.3)
    place = Place(0.2, -0.4, 0.7)
    angles = np.linspace(0, 2 * math.pi, 50)
    steps = np.arange(0, 6, 1e-3)
    for angle, distance in zip(angles, plan.distances(place, angles)):
        x = place.x + steps * math.cos(place.yaw + angle)
        y = place.y + steps * math.sin(place.yaw + angle)
        free = (x > -1) & (x < 3) & (y > -2) & (y < 2) & (np.hypot(x - 1.5, y - 0.5) > 0.3)
        assert distance == pytest.approx(steps[np.argmin(free)], abs=2e-3)


def test_what_the_laser_cannot_measure_is_zero():
    laser = Laser(noise=0.0)
    ranges = laser.scan(Place(), floor_plan([-0.15, 9, -1, 1], [], 0.2))
    assert ranges.dtype == np.float32 and ranges.shape == (360,)
    assert ranges[0] == 0 and ranges[180] == 0  # 9 m is too far, 0.086 m too near
    assert ranges[90] == pytest.approx(1.0)


def test_the_noise_has_the_size_that_was_asked_for():
    plan, rng = FloorPlan(), np.random.default_rng(0)
    scans = np.stack([Laser(noise=0.02).scan(Place(), plan, rng) for _ in range(200)])
    assert scans[:, 90].std() == pytest.approx(0.02, rel=0.2)


def test_the_controllers_check_sees_the_person_in_the_way():
    angles = (0.0, 2 * math.pi / 360, 0.12, 3.5)
    for x, objection in ((2.0, None), (0.6, "in front")):
        scan = Scan(Laser().scan(Place(), floor_plan([-1.5, 4, -2, 2], [x, 0], 0.25)), *angles)
        answer = LaserCheck().objection(scan, Velocity(0.1, 0))
        assert answer is None if objection is None else objection in answer


@pytest.mark.parametrize(
    "walls, patient, radius",
    [([0, 1, 2], [], 1), ([0, 1, 0, 1], [1], 1), ([1, 0, 0, 1], [], 1), ([0, 1, 0, 1], [1, 1], 0)],
)
def test_impossible_rooms_are_refused(walls, patient, radius):
    with pytest.raises(RehabCoachError):
        floor_plan(walls, patient, radius)


@given(st.floats(-0.5, 1.5), st.floats(-1, 1), st.floats(-1, 1))
def test_the_robots_camera_drives_with_it(x, y, yaw):
    """Against the same camera built from the robot's place: the person is at (3, 0) and faces the negative x axis."""
    first = Camera(distance=3.0, height=1.0, look_at=1.2)
    camera = camera_at(Place(x, y, yaw), first)
    # The room's axes (person's left, back, up) from the floor's (x, y, up).
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(camera.pose()[:3, 3], turn @ [x - 3.0, y, 1.0], atol=1e-9)
    up = math.atan2(0.2, 3.0)
    ahead = turn @ [math.cos(yaw) * math.cos(up), math.sin(yaw) * math.cos(up), math.sin(up)]
    np.testing.assert_allclose(-camera.pose()[:3, 2], ahead, atol=1e-9)


def test_a_robot_that_has_not_moved_sees_what_it_saw():
    first = Camera(distance=3.2, look_at=1.15)
    assert camera_at(Place(), first) == first
