"""Whether a laser scan shows something in the way of a velocity."""

import math
from dataclasses import dataclass
from typing import Optional

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.velocity import Velocity

_EIGHTH = math.pi / 4.0  # of a turn, radians
# Share of the rays; below it the laser is covered or broken. The LDS-01's 0 also means "nothing within reach",
# so it is low, and asked of the whole turn and of each sector that the motion needs.
_LEAST_MEASURED = 0.1
# Times the laser's reach; what is farther, such as 65.535 m, stands for an error.
_BEYOND = 2.0


@dataclass(frozen=True, eq=False)
class Scan:
    """One turn of the laser, as in sensor_msgs/LaserScan.

    Attributes:
        ranges: float (N,), metres. As in REP 117, +inf is "nothing within reach" and -inf "too near to
            measure"; NaN and 0 (the LDS-01's way) are "not measured".
        angle_min, angle_increment: radians, counter-clockwise from the laser's own front.
        range_min, range_max: metres.
    """

    ranges: np.ndarray
    angle_min: float
    angle_increment: float
    range_min: float
    range_max: float


def _enough(measured: np.ndarray) -> bool:
    """Whether a sector has rays, and enough of them measured something."""
    return measured.size > 0 and measured.mean() >= _LEAST_MEASURED


@dataclass(frozen=True)
class LaserCheck:
    """The room that the robot needs around it.

    Driving needs a corridor as wide as the robot (``robot_radius`` to either side) that is free for
    ``stop_distance`` in the direction of motion; turning needs a free circle of ``robot_radius`` around the
    middle of the wheels' axle. In 45 degrees to either side of the direction of driving, or in each quarter
    when turning, at least a tenth of the rays must have measured something: a laser that is covered there
    forbids the motion. So does a hall so large that a laser like the LDS-01, which tells "nothing within
    reach" as "not measured", reaches no wall in one of these sectors.

    Attributes:
        stop_distance: metres from the laser.
        robot_radius: metres from the middle of the axle to the farthest corner, and a margin.
        laser_x: metres, how far the laser sits in front of the axle (negative: behind).
        laser_yaw: radians, direction of the laser's front, counter-clockwise from the robot's.
    """

    stop_distance: float = 0.5
    robot_radius: float = 0.3
    laser_x: float = -0.064
    laser_yaw: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.robot_radius <= self.stop_distance:
            raise RehabCoachError(
                "the stop distance is %s m, the robot's radius %s m; make the distance at least the radius"
                % (self.stop_distance, self.robot_radius)
            )

    def objection(self, scan: Scan, velocity: Velocity) -> Optional[str]:
        """Why the robot must not move with this velocity, None when the way is free."""
        ranges = np.asarray(scan.ranges, dtype=float).ravel()
        geometry = (scan.angle_min, scan.angle_increment, scan.range_min, scan.range_max)
        valid = all(map(math.isfinite, geometry)) and scan.angle_increment and scan.range_min <= scan.range_max
        if not (ranges.size and valid):
            return "the laser scan is empty or not valid"
        measured = ~np.isnan(ranges) & (ranges != 0.0) & ((ranges <= _BEYOND * scan.range_max) | np.isinf(ranges))
        if not _enough(measured):
            return "the laser measures next to nothing; is it covered?"
        angles = scan.angle_min + scan.angle_increment * np.arange(ranges.size) + self.laser_yaw
        # A ray without measurement is free where its neighbours have one: the LDS-01's 0 is "nothing within reach".
        ranges = np.where(measured, ranges, np.inf)
        ranges = np.where(ranges < 0.0, scan.range_min, ranges)  # -inf: too near to measure
        if velocity.linear:
            ahead = 0.0 if velocity.linear > 0.0 else math.pi
            reason = self._driving(ranges, angles - ahead, measured)
            if reason:
                return reason + (" in front" if velocity.linear > 0.0 else " behind")
        if velocity.angular:
            return self._turning(ranges, angles, measured)
        return None

    def _driving(self, ranges: np.ndarray, angles: np.ndarray, measured: np.ndarray) -> Optional[str]:
        """``angles`` are measured from the direction of motion."""
        if not _enough(measured[np.cos(angles) > math.cos(_EIGHTH)]):
            return "the laser sees nothing of the way"
        near = ranges < self.stop_distance
        ranges, angles = ranges[near], angles[near]
        in_way = (np.cos(angles) > 0.0) & (np.abs(ranges * np.sin(angles)) <= self.robot_radius)
        return "something is %.2f m away" % ranges[in_way].min() if in_way.any() else None

    def _turning(self, ranges: np.ndarray, angles: np.ndarray, measured: np.ndarray) -> Optional[str]:
        quarters = np.round(angles / (2.0 * _EIGHTH)).astype(int) % 4
        if not all(_enough(measured[quarters == quarter]) for quarter in range(4)):
            return "the laser does not see all around"
        near = ranges < self.robot_radius + abs(self.laser_x)
        x = ranges[near] * np.cos(angles[near]) + self.laser_x
        y = ranges[near] * np.sin(angles[near])
        distances = np.hypot(x, y)
        inside = distances < self.robot_radius
        return "something is %.2f m from the axle" % distances[inside].min() if inside.any() else None
