import math

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.velocity import STILL, Velocity, VelocityLimits


def test_a_velocity_within_the_limits_is_left_alone():
    assert VelocityLimits(0.2, 1.0).clamp(Velocity(-0.2, 0.9)) == Velocity(-0.2, 0.9)


@pytest.mark.parametrize(
    "asked, allowed",
    [
        (Velocity(3.0, 0.0), Velocity(0.2, 0.0)),
        (Velocity(-3.0, 0.0), Velocity(-0.2, 0.0)),
        (Velocity(0.0, 9.0), Velocity(0.0, 1.0)),
        (Velocity(0.1, -9.0), Velocity(0.1, -1.0)),
    ],
)
def test_a_faster_one_is_clamped(asked, allowed):
    assert VelocityLimits(0.2, 1.0).clamp(asked) == allowed


@pytest.mark.parametrize("broken", [Velocity(math.nan, 0.1), Velocity(0.1, math.inf), Velocity(-math.inf, 0.0)])
def test_what_is_no_number_becomes_a_stop(broken):
    assert VelocityLimits().clamp(broken) == STILL
    assert STILL.is_still


@pytest.mark.parametrize("linear, angular", [(0.27, 1.0), (0.2, 1.83), (-0.1, 1.0), (math.nan, 1.0)])
def test_limits_beyond_the_waffle_are_refused(linear, angular):
    with pytest.raises(RehabCoachError, match="0 to 0.26"):
        VelocityLimits(linear, angular)
