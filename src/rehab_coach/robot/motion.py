"""Short motions that end by themselves: a list of segments, each a velocity that is held for a while."""

import math
from dataclasses import dataclass
from typing import Any, Optional, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.velocity import Velocity


@dataclass(frozen=True)
class Segment:
    """A velocity and how long it is held, in seconds."""

    velocity: Velocity
    seconds: float


@dataclass(frozen=True)
class Motion:
    """Segments that are driven one after the other; none at all: the robot stays where it is."""

    segments: Tuple[Segment, ...] = ()

    @property
    def duration(self) -> float:
        """Seconds from the first command to the end."""
        return sum(segment.seconds for segment in self.segments)

    def velocity_at(self, elapsed: float) -> Optional[Velocity]:
        """The velocity ``elapsed`` seconds after the start, None before it and after the end."""
        if elapsed < 0.0:
            return None
        for segment in self.segments:
            if elapsed < segment.seconds:
                return segment.velocity
            elapsed -= segment.seconds
        return None


def read_motion(name: str, entries: Any, longest: float) -> Motion:
    """Make a motion from its configuration.

    Args:
        name: where the entries stand, for the error message.
        entries: a list of tables {linear: m/s, angular: rad/s, seconds: s}; linear and angular default to 0.
        longest: the longest motion that is allowed, in seconds.

    Raises:
        RehabCoachError: names the entry that is wrong and how to write it.
    """
    if not isinstance(entries, (list, tuple)):
        raise RehabCoachError(
            "{} is {!r}; it must be a list such as [{{angular: 0.5, seconds: 1.0}}], or [] for no motion".format(
                name, entries
            )
        )
    segments = []
    for number, entry in enumerate(entries, 1):
        where = "segment {} of {}".format(number, name)
        if not isinstance(entry, dict) or not set(entry) <= {"linear", "angular", "seconds"}:
            raise RehabCoachError(
                "{} is {!r}; it may hold linear (m/s), angular (rad/s) and seconds".format(where, entry)
            )
        values = [entry.get("linear", 0.0), entry.get("angular", 0.0), entry.get("seconds")]
        if (
            any(
                isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
                for value in values
            )
            or values[2] <= 0
        ):
            raise RehabCoachError(
                "{} is {!r}; linear, angular and seconds must be numbers, seconds above 0".format(where, entry)
            )
        segments.append(Segment(Velocity(float(values[0]), float(values[1])), float(values[2])))
    motion = Motion(tuple(segments))
    if motion.duration > longest:
        raise RehabCoachError(
            "{} lasts {:.1f} s; shorten it to at most {:.1f} s".format(name, motion.duration, longest)
        )
    return motion


class MotionRunner:
    """Follows one motion in time and gives up when the clock cannot be trusted.

    ROS time drives the motion, so that it is right in a simulation that is slower than the world; a clock
    that jumps or stands still would make the last command last for ever, so a monotonic clock watches it.

    Args:
        longest: seconds after which any motion ends, whatever its segments say.
        longest_step: seconds between two calls of :meth:`advance` above which the clock has jumped.
    """

    def __init__(self, longest: float, longest_step: float = 1.0):
        self._longest = longest
        self._longest_step = longest_step
        self._motion: Optional[Motion] = None
        self._start = self._last = self._last_moved = 0.0
        self.fault = ""

    @property
    def running(self) -> bool:
        """A motion was started and is not over."""
        return self._motion is not None

    def start(self, motion: Motion, now: float, monotonic: float) -> None:
        """Begin a motion, in place of one that may be running."""
        self._motion = motion
        self._start = self._last = now
        self._last_moved = monotonic
        self.fault = ""

    def stop(self) -> None:
        """Forget the motion."""
        self._motion = None

    def advance(self, now: float, monotonic: float) -> Optional[Velocity]:
        """The velocity at this moment.

        Args:
            now: ROS time in seconds.
            monotonic: a clock that nobody sets, in seconds.

        Returns:
            The velocity, or None when the motion is over or none was started. ``fault`` then says why it
            ended before its time, or is empty.
        """
        if self._motion is None:
            return None
        step = now - self._last
        if step != 0.0:
            self._last_moved = monotonic
        if step < 0.0 or step > self._longest_step:
            self.fault = "the clock jumped by {:.1f} s".format(step)
        elif monotonic - self._last_moved > self._longest_step:
            self.fault = "the clock stands still"
        velocity = self._motion.velocity_at(now - self._start)
        if self.fault or velocity is None or now - self._start >= self._longest:
            self._motion = None
            return None
        self._last = now
        return velocity
