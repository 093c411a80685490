import math

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.laser import LaserCheck, Scan
from rehab_coach.robot.velocity import Velocity

FORWARDS, BACKWARDS, TURN, CURVE = Velocity(0.1), Velocity(-0.1), Velocity(0.0, -0.5), Velocity(0.1, 0.5)
EVERY = (FORWARDS, BACKWARDS, TURN, CURVE)
CHECK = LaserCheck(stop_distance=0.5, robot_radius=0.3, laser_x=-0.064)


def scan(background=2.0, **at_degrees):
    """A scan with one ray per degree; d90=0.4 puts 0.4 m at 90 degrees to the left."""
    ranges = np.full(360, float(background))
    for name, distance in at_degrees.items():
        ranges[int(name[1:])] = distance
    return Scan(ranges, 0.0, math.radians(1.0), 0.12, 3.5)


def blocked(a_scan, check=CHECK):
    """Which of the four velocities are refused."""
    return [velocity for velocity in EVERY if check.objection(a_scan, velocity)]


@pytest.mark.parametrize("background", [2.0, 3.6, math.inf])
def test_a_free_room_forbids_nothing(background):
    assert blocked(scan(background)) == []


def test_what_is_in_front_forbids_driving_forwards_only():
    assert blocked(scan(d0=0.49)) == [FORWARDS, CURVE]
    assert "0.49 m away in front" in CHECK.objection(scan(d0=0.49), FORWARDS)
    assert blocked(scan(d0=0.51)) == []


def test_what_is_behind_forbids_driving_backwards_only():
    assert blocked(scan(d180=0.4)) == [BACKWARDS]
    assert "behind" in CHECK.objection(scan(d180=0.4), BACKWARDS)


def test_what_is_beside_the_corridor_forbids_nothing():
    assert blocked(scan(d60=0.45)) == []  # 0.39 m to the left, 0.22 m ahead
    assert blocked(scan(d30=0.45)) == [FORWARDS, CURVE]  # 0.22 m to the left: its side would touch it


def test_what_touches_the_turning_robot_forbids_turning():
    assert TURN in blocked(scan(d90=0.28))
    assert TURN not in blocked(scan(d90=0.31))
    assert TURN in blocked(scan(d0=0.35))  # the laser sits behind the axle: 0.29 m from it
    assert TURN not in blocked(scan(d180=0.25))  # 0.31 m from it


def test_too_near_to_measure_is_in_the_way_and_not_measured_is_not():
    assert FORWARDS in blocked(scan(d0=-math.inf))
    assert FORWARDS in blocked(scan(d0=0.05))
    assert blocked(scan(d0=0.0)) == [] and blocked(scan(d0=math.nan)) == []


@pytest.mark.parametrize("background", [0.0, math.nan, 65.535])
def test_a_laser_that_measures_next_to_nothing_forbids_everything(background):
    covered = scan(background, d10=2.0, d20=2.0)
    assert blocked(covered) == list(EVERY)
    assert "covered" in CHECK.objection(covered, TURN)


@pytest.mark.parametrize("nothing", [0.0, math.nan, 65.535])
@pytest.mark.parametrize(
    "covered, refused",
    [(0, [FORWARDS, TURN, CURVE]), (180, [BACKWARDS, TURN, CURVE]), (90, [TURN, CURVE]), (270, [TURN, CURVE])],
)
def test_a_sector_without_measurement_forbids_what_leads_there(nothing, covered, refused):
    directions = range(covered - 44, covered + 45)
    assert blocked(scan(**{"d%d" % (degree % 360): nothing for degree in directions})) == refused


def test_in_an_open_room_a_tenth_of_the_rays_is_enough():
    assert blocked(scan(0.0, **{"d%d" % degree: 3.4 for degree in range(0, 360, 9)})) == []
    assert blocked(scan(0.0, **{"d%d" % degree: 3.4 for degree in range(0, 360, 12)})) == list(EVERY)


def test_a_laser_that_does_not_look_there_forbids():
    front = Scan(np.full(180, 2.0), -math.pi / 2, math.radians(1.0), 0.12, 3.5)
    assert blocked(front) == [BACKWARDS, TURN, CURVE]
    back = Scan(np.full(90, 2.0), math.radians(135), math.radians(1.0), 0.12, 3.5)
    assert FORWARDS in blocked(back) and BACKWARDS not in blocked(back)


@pytest.mark.parametrize(
    "broken",
    [
        Scan(np.array([]), 0.0, 0.01, 0.12, 3.5),
        Scan(np.full(360, 2.0), 0.0, 0.0, 0.12, 3.5),
        Scan(np.full(360, 2.0), math.nan, 0.01, 0.12, 3.5),
        Scan(np.full(360, 2.0), 0.0, 0.01, math.nan, 3.5),
        Scan(np.full(360, 2.0), 0.0, math.radians(1.0), 3.5, 0.12),
    ],
)
def test_a_broken_scan_forbids_everything(broken):
    assert blocked(broken) == list(EVERY)


def test_a_laser_that_is_mounted_backwards():
    turned = LaserCheck(laser_yaw=math.pi)
    assert blocked(scan(d0=0.4), turned) == [BACKWARDS]
    assert blocked(scan(d180=0.4), turned) == [FORWARDS, CURVE]


def test_scans_that_begin_elsewhere_or_run_clockwise():
    ranges = np.full(360, 2.0)
    ranges[180] = 0.4
    assert blocked(Scan(ranges, -math.pi, math.radians(1.0), 0.12, 3.5)) == [FORWARDS, CURVE]
    assert blocked(Scan(ranges, math.pi, math.radians(-1.0), 0.12, 3.5)) == [FORWARDS, CURVE]


@pytest.mark.parametrize("stop_distance, robot_radius", [(0.2, 0.3), (0.5, 0.0), (0.5, -1.0)])
def test_room_that_makes_no_sense_is_refused(stop_distance, robot_radius):
    with pytest.raises(RehabCoachError, match="stop distance"):
        LaserCheck(stop_distance=stop_distance, robot_radius=robot_radius)
