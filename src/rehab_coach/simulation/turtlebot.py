"""The TurtleBot 3 Waffle without the robot: where it drives, and what its laser sees of a simple room."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.velocity import Velocity
from rehab_coach.simulation.camera import Camera


class Place(NamedTuple):
    """Where something is on the floor: metres, and radians counter-clockwise from the x axis."""

    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0


def driven(place: Place, velocity: Velocity, seconds: float) -> Place:
    """Where a robot with two driven wheels is after some time with a constant velocity: further on a circle.

    Source: Thrun, Burgard, Fox, "Probabilistic Robotics", 2005, equation 5.9, without noise.
    """
    turn = velocity.angular * seconds
    # The chord of the arc; sinc keeps it exact when the robot drives straight on.
    chord = velocity.linear * seconds * np.sinc(turn / 2 / math.pi)
    x = place.x + chord * math.cos(place.yaw + turn / 2)
    y = place.y + chord * math.sin(place.yaw + turn / 2)
    return Place(float(x), float(y), math.remainder(place.yaw + turn, 2 * math.pi))


def camera_at(place: Place, camera: Camera) -> Camera:
    """What a camera on the robot sees of a person who stands still when the robot has driven.

    Args:
        place: where the robot is, its first place being (0, 0, 0).
        camera: as it was at that place: the person is at (camera.distance, 0) and looks at the robot.
    """
    x, y = camera.distance - place.x, -place.y
    distance = min(max(math.hypot(x, y), 0.5), 20.0)
    towards = math.atan2(y, x)
    # The camera is bolted to the robot: it keeps its tilt.
    look_at = camera.height + (camera.look_at - camera.height) * distance / camera.distance
    return replace(
        camera,
        yaw=camera.yaw + math.degrees(towards),
        distance=distance,
        look_at=min(max(look_at, 0.0), 4.0),
        turn=math.degrees(math.remainder(place.yaw - towards, 2 * math.pi)),
    )


@dataclass(frozen=True)
class FloorPlan:
    """A room with four walls, and round things that stand in it.

    Attributes:
        left, right, bottom, top: metres, where the walls are on the x axis (left < right) and the y axis.
        cylinders: x, y and radius of each thing, metres.

    Raises:
        RehabCoachError: a room without inside, a radius that is not positive.
    """

    left: float = -1.5
    right: float = 4.0
    bottom: float = -2.5
    top: float = 2.5
    cylinders: Tuple[Tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        if not (self.left < self.right and self.bottom < self.top):
            raise RehabCoachError("the room's walls are on the wrong sides: left < right and bottom < top are needed")
        if any(radius <= 0 for _, _, radius in self.cylinders):
            raise RehabCoachError("the radius of what stands in the room must be positive")

    def distances(self, place: Place, angles: np.ndarray) -> np.ndarray:
        """How far it is to the next surface.

        Args:
            place: from where.
            angles: (N,) radians, counter-clockwise from the place's yaw.

        Returns:
            float64 (N,) metres; 0 inside of something.
        """
        directions = place.yaw + np.asarray(angles, float)
        cosine, sine = np.cos(directions), np.sin(directions)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.where(cosine > 0, self.right - place.x, self.left - place.x) / cosine
            y = np.where(sine > 0, self.top - place.y, self.bottom - place.y) / sine
        nearest = np.fmin(np.where(cosine == 0, np.inf, x), np.where(sine == 0, np.inf, y))
        for centre_x, centre_y, radius in self.cylinders:
            along = (centre_x - place.x) * cosine + (centre_y - place.y) * sine
            squared = (centre_x - place.x) ** 2 + (centre_y - place.y) ** 2
            chord = radius**2 - (squared - along**2)
            hit = along - np.sqrt(np.maximum(chord, 0))
            nearest = np.where((chord >= 0) & (along >= 0), np.minimum(nearest, hit), nearest)
            if squared < radius**2:
                nearest = np.zeros_like(nearest)
        return np.maximum(nearest, 0)


@dataclass(frozen=True)
class Laser:
    """The LDS-01 on top of the Waffle.

    Attributes:
        rays: of one turn.
        nearest, farthest: metres that it measures; outside of them it reports 0, "not measured".
        noise: metres, standard deviation.
        x: metres, how far it sits in front of the wheels' axle.
    """

    rays: int = 360
    nearest: float = 0.12
    farthest: float = 3.5
    noise: float = 0.01
    x: float = -0.064

    def scan(self, place: Place, plan: FloorPlan, rng: Optional[np.random.Generator] = None) -> np.ndarray:
        """One turn of the laser, float32 (rays,) metres, counter-clockwise from the robot's front.

        Args:
            place: of the robot.
            plan: of the room.
            rng: of the noise; None: no noise.
        """
        angles = 2 * math.pi / self.rays * np.arange(self.rays)
        laser = Place(
            place.x + self.x * math.cos(place.yaw),
            place.y + self.x * math.sin(place.yaw),
            place.yaw,
        )
        ranges = plan.distances(laser, angles)
        if rng is not None:
            ranges = ranges + rng.normal(0, self.noise, self.rays)
        return np.where((ranges >= self.nearest) & (ranges <= self.farthest), ranges, 0).astype(np.float32)


def floor_plan(walls: Sequence[float], patient: Sequence[float], radius: float) -> FloorPlan:
    """A room with one person in it.

    Args:
        walls: left, right, bottom, top in metres.
        patient: x and y in metres; empty: nobody.
        radius: of the person, metres.

    Raises:
        RehabCoachError: a wrong number of values, or see FloorPlan.
    """
    if len(walls) != 4 or len(patient) not in (0, 2):
        raise RehabCoachError(
            "walls needs four numbers (left, right, bottom, top) and patient two (x, y) or none, not %s and %s"
            % (list(walls), list(patient))
        )
    cylinders = ((float(patient[0]), float(patient[1]), float(radius)),) if len(patient) else ()
    left, right, bottom, top = map(float, walls)
    return FloorPlan(left, right, bottom, top, cylinders)
