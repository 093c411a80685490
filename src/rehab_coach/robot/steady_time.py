"""Time that goes on evenly although somebody sets a clock, a bag begins anew, or a camera writes no stamps."""

from typing import Optional

LONGEST_STEP = 5.0
"""Seconds between two looks at a clock; more means that it was set."""


class SteadyClock:
    """Goes on with another clock, but not with its jumps."""

    def __init__(self) -> None:
        self._now = 0.0
        self._last: Optional[float] = None

    def follow(self, time: float) -> float:
        """Seconds since the first call; `time` is what the other clock says. Call it more often than LONGEST_STEP."""
        step = 0.0 if self._last is None else time - self._last
        self._last = time
        if 0.0 <= step <= LONGEST_STEP:
            self._now += step
        return self._now


class PictureTimes:
    """Increasing times of pictures, out of stamps that may be missing, equal, falling, or jump with the camera's clock.

    A stamp is taken as it is as long as it follows the time before; else time has gone on by as much as passed between
    the arrivals.
    """

    def __init__(self) -> None:
        self._last: Optional[float] = None
        self._arrival = 0.0

    def time_of(self, stamp: float, arrival: float) -> float:
        """The time of the next picture, in seconds.

        Args:
            stamp: seconds, as its header says.
            arrival: seconds of a steady clock, when it came.
        """
        if self._last is None or 0.0 < stamp - self._last <= LONGEST_STEP:
            self._last = stamp
        else:
            self._last += max(arrival - self._arrival, 1e-3)
        self._arrival = arrival
        return self._last
