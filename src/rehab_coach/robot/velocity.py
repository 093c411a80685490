"""Velocities of a robot with two driven wheels, and their limits."""

import math
from dataclasses import dataclass

from rehab_coach.errors import RehabCoachError

# TurtleBot 3 Waffle and Waffle Pi, from the maker's table of specifications.
WAFFLE_LINEAR = 0.26
WAFFLE_ANGULAR = 1.82


@dataclass(frozen=True)
class Velocity:
    """A velocity command.

    Attributes:
        linear: m/s, forwards positive.
        angular: rad/s, counter-clockwise (to the left) positive.
    """

    linear: float = 0.0
    angular: float = 0.0

    @property
    def is_still(self) -> bool:
        """Neither drives nor turns."""
        return self.linear == 0.0 and self.angular == 0.0


STILL = Velocity()


@dataclass(frozen=True)
class VelocityLimits:
    """The highest speeds that are allowed in either direction.

    Attributes:
        linear: m/s, 0 to 0.26.
        angular: rad/s, 0 to 1.82.
    """

    linear: float = WAFFLE_LINEAR
    angular: float = WAFFLE_ANGULAR

    def __post_init__(self) -> None:
        if not (0.0 <= self.linear <= WAFFLE_LINEAR and 0.0 <= self.angular <= WAFFLE_ANGULAR):
            raise RehabCoachError(
                "the limits are %s m/s and %s rad/s; choose 0 to %s and 0 to %s"
                % (self.linear, self.angular, WAFFLE_LINEAR, WAFFLE_ANGULAR)
            )

    def clamp(self, velocity: Velocity) -> Velocity:
        """The velocity, reduced to the limits; a command that is no finite number becomes a stop."""
        if not (math.isfinite(velocity.linear) and math.isfinite(velocity.angular)):
            return STILL
        return Velocity(
            max(-self.linear, min(self.linear, velocity.linear)),
            max(-self.angular, min(self.angular, velocity.angular)),
        )
