"""Short motions that end by themselves: a list of segments, each a velocity that is held for a while."""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Optional, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.heading import HeadingKeeper
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
        return self.ends[-1] if self.segments else 0.0

    @property
    def ends(self) -> Tuple[float, ...]:
        """When each segment ends, seconds after the start."""
        return tuple(accumulate(segment.seconds for segment in self.segments))

    def velocity_at(self, elapsed: float) -> Optional[Velocity]:
        """The velocity ``elapsed`` seconds after the start, None before it and after the end."""
        if elapsed < 0.0:
            return None
        for segment, end in zip(self.segments, self.ends):
            if elapsed < end:
                return segment.velocity
        return None

    def end_after(self, elapsed: float) -> float:
        """When the segment ends that goes on ``elapsed`` seconds after the start; infinity after the last."""
        return next((end for end in self.ends if elapsed < end), math.inf)


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
            "%s is %r; it must be a list such as [{angular: 0.5, seconds: 1.0}], or [] for no motion" % (name, entries)
        )
    segments = []
    for number, entry in enumerate(entries, 1):
        where = "segment %d of %s" % (number, name)
        if not isinstance(entry, dict) or not set(entry) <= {"linear", "angular", "seconds"}:
            raise RehabCoachError("%s is %r; it may hold linear (m/s), angular (rad/s) and seconds" % (where, entry))
        values = [entry.get("linear", 0.0), entry.get("angular", 0.0), entry.get("seconds")]
        if (
            any(
                isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
                for value in values
            )
            or values[2] <= 0
        ):
            raise RehabCoachError(
                "%s is %r; linear, angular and seconds must be numbers, seconds above 0" % (where, entry)
            )
        segments.append(Segment(Velocity(float(values[0]), float(values[1])), float(values[2])))
    motion = Motion(tuple(segments))
    if motion.duration > longest:
        raise RehabCoachError("%s lasts %.1f s; shorten it to at most %.1f s" % (name, motion.duration, longest))
    return motion


class MotionRunner:
    """Follows one motion in time, then turns the robot back; gives up when the clock cannot be trusted.

    ROS time drives the motion, so that it is right in a simulation that is slower than the world; a clock
    that jumps or stands still would make the last command last for ever, so a monotonic clock watches it.

    On a busy computer a call comes late and the robot has kept the last command for too long. The next segment
    still gets its whole time: else it, which mostly leads back, would be too short by as much.

    Args:
        longest: seconds after which any motion ends, whatever its segments say.
        longest_step: seconds between two calls of :meth:`advance` above which the clock has jumped.
        heading: turns the robot back after each motion, also after one that a fault of the clock ended.
    """

    def __init__(self, longest: float, longest_step: float = 1.0, heading: Optional[HeadingKeeper] = None):
        self._longest = longest
        self._longest_step = longest_step
        self._heading = heading if heading is not None else HeadingKeeper(0.0)
        self._motion: Optional[Motion] = None
        self._turning_back = False
        self._start = self._last = self._last_moved = 0.0
        self._elapsed = self._late = 0.0  # within the motion; by how much it is behind its time
        self.fault = ""

    @property
    def running(self) -> bool:
        """A motion was started and is not over."""
        return self._motion is not None or self._turning_back

    def start(self, motion: Motion, now: float, monotonic: float) -> None:
        """Begin a motion, in place of one that may be running; one without segments only turns back."""
        self._motion, self._turning_back = motion, False
        self._start = self._last = now
        self._last_moved = monotonic
        self._elapsed = self._late = 0.0
        self.fault = ""
        self._heading.begin(now, monotonic)

    def stop(self) -> None:
        """Forget the motion."""
        if self.running:
            self._heading.end(self._last)
        self._motion, self._turning_back = None, False

    def advance(self, now: float, monotonic: float) -> Optional[Velocity]:
        """The velocity at this moment.

        Args:
            now: ROS time in seconds.
            monotonic: a clock that nobody sets, in seconds.

        Returns:
            The velocity, or None when the motion is over or none was started. ``fault`` then says why it
            ended before its time, or why the robot was not turned back, or is empty.
        """
        if self._motion is not None:
            velocity = self._follow(self._motion, now, monotonic)
            if velocity is not None:
                return velocity
            self._motion = None
            self._turning_back = self._heading.start(now)
            if not self._turning_back:
                self._end(now)
        if self._turning_back:
            self._last = now
            angular = self._heading.advance(now, monotonic)
            if angular is not None:
                return Velocity(angular=angular)
            self._end(now)
        return None

    def _end(self, now: float) -> None:
        self._turning_back = False
        self._heading.end(now)
        self.fault = "; ".join(reason for reason in (self.fault, self._heading.fault) if reason)

    def _follow(self, motion: Motion, now: float, monotonic: float) -> Optional[Velocity]:
        step = now - self._last
        if step != 0.0:
            self._last_moved = monotonic
        if step < 0.0 or step > self._longest_step:
            self.fault = "the clock jumped by %.1f s" % step
        elif monotonic - self._last_moved > self._longest_step:
            self.fault = "the clock stands still"
        if self.fault or now - self._start >= self._longest:
            return None
        self._last = now
        end = motion.end_after(self._elapsed)
        elapsed = now - self._start - self._late
        if elapsed > end:
            self._late += elapsed - end
            elapsed = end
        self._elapsed = max(self._elapsed, elapsed)
        return motion.velocity_at(self._elapsed)
