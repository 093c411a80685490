"""Clocks that are set, and stamps that are wrong."""

import numpy as np
import pytest

from rehab_coach.robot.steady_time import PictureTimes, SteadyClock

ARRIVALS = np.arange(20) / 10 + 3.0


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -1e9])
def test_a_clock_that_is_set_takes_no_time_and_gives_none(jump):
    clock = SteadyClock()
    shown = [clock.follow(1e9 + second / 10 + (jump if second >= 10 else 0.0)) for second in range(20)]
    assert shown[9] == pytest.approx(0.9) and shown[-1] == pytest.approx(1.8)
    assert (np.diff(shown) >= 0).all()


@pytest.mark.parametrize(
    "stamps",
    [
        1000.0 + ARRIVALS,
        5000.0 + ARRIVALS,  # in the future
        np.full(20, 1000.0),  # all the same
        1000.0 - ARRIVALS,  # falling
        1000.0 + ARRIVALS + np.where(np.arange(20) < 10, 0.0, 3600.0),  # the camera's clock is set ahead
        1000.0 + ARRIVALS + np.where(np.arange(20) < 10, 0.0, -3600.0),
        1000.0 + np.where(np.arange(20) % 3 == 0, ARRIVALS, 0.0),  # some of them have none
        1000.0 + np.repeat(ARRIVALS[::2], 2),  # each twice
    ],
)
def test_the_times_of_pictures_go_on_as_the_pictures_come(stamps):
    times = PictureTimes()
    taken = np.array([times.time_of(stamp, arrival) for stamp, arrival in zip(stamps, ARRIVALS)])
    assert taken[0] == stamps[0]
    assert (np.diff(taken) > 0).all()
    assert taken - taken[0] == pytest.approx(ARRIVALS - ARRIVALS[0], abs=0.15)
