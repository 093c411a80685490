"""Turning back to where the robot looked before it moved: commands that are only timed never close exactly.

A robot turns more or less than it is told: wheels slip, and a computer that is busy for half a second lets it turn
on for as long. Over the rounds that adds up, until the camera has lost the patient. Odometry says how far it got.
"""

import math
from typing import Optional

from rehab_coach.robot.velocity import WAFFLE_ANGULAR

TOLERANCE = 0.03  # rad: near enough
FASTEST = 0.4  # rad/s
_SLOWEST = 0.1  # rad/s: the last degrees would take for ever
_GAIN = 1.5  # rad/s per rad; stable as long as odometry is less than a second late
_STALE = 0.5  # s
_SETTLE = 0.3  # s in which the robot comes to rest before it turns back
_REST = 2.0  # s after its last command in which the robot may still move by itself, also when the network is slow
_MOVED = math.radians(5.0)  # more than that without a command: somebody has moved the robot
_AWAY = math.radians(15.0)  # farther away while it turns back: somebody turns it
_JUMP = math.radians(20.0)  # more than the fastest Waffle turns between two messages: the odometry began anew
_STUCK = 1.0  # s
_STEP = 0.02  # rad that it must turn in that time


def difference(heading: float, other: float) -> float:
    """How far the heading is to the left of the other, -pi .. pi radians."""
    return math.remainder(heading - other, 2.0 * math.pi)


class HeadingKeeper:
    """Knows the heading to which the robot belongs, and turns it back there after a motion.

    That heading is the one before the first motion, so that what is left over each time does not add up. But when
    the heading changes while the robot stands still, somebody has moved it, and the new heading is the right one.

    Args:
        timeout: seconds (ROS time) after which it gives up; 0: it never turns back.
        fastest: rad/s.

    Attributes:
        fault: why it gave up the last time; empty when it got there.
    """

    def __init__(self, timeout: float, fastest: float = FASTEST):
        self._timeout = timeout
        self._fastest = min(FASTEST, fastest)
        self._heading: Optional[float] = None
        self._stamp = self._arrival = -math.inf
        self._reference: Optional[float] = None
        self._rest: Optional[float] = None  # heading in which the robot came to rest, once it surely did
        self._ended = math.inf  # when the last motion ended
        self._unfinished = False
        self._lost = ""  # why the reference was forgotten during a motion
        self._start = 0.0
        self._mark, self._progressed = 0.0, math.inf  # heading and stamp when it last was seen to turn
        self._nearest = math.inf  # rad, the least that was missing
        self.fault = ""

    def set_heading(self, heading: float, stamp: float, monotonic: float) -> None:
        """Take the newest odometry.

        Args:
            heading: radians counter-clockwise, wrapped or not; what is no finite number is not listened to.
            stamp: ROS time of the measurement in seconds. One that comes again is not listened to, so that
                odometry under a clock that stands still becomes stale.
            monotonic: when it arrived, on a clock that nobody sets.
        """
        if not math.isfinite(heading) or stamp == self._stamp:
            return
        if self._heading is not None:
            step = stamp - self._stamp
            change = difference(heading, self._heading)
            if step < 0.0 or abs(change) > _JUMP + WAFFLE_ANGULAR * step:
                self._forget("the odometry jumped by %.0f degrees" % math.degrees(change))
        self._heading, self._stamp, self._arrival = heading, stamp, monotonic
        if self._rest is None and stamp >= self._ended + _REST:
            self._rest = heading

    @property
    def turned_away(self) -> Optional[float]:
        """How far the robot is to the left of where it belongs, radians; None: nobody knows."""
        if self._heading is None or self._reference is None:
            return None
        return difference(self._heading, self._reference)

    @property
    def unfinished(self) -> bool:
        """A motion ended before the robot was back, and nobody has moved it since."""
        return self._timeout > 0.0 and self._unfinished and self._reference is not None and not self._was_moved()

    def begin(self, now: float, monotonic: float) -> None:
        """A motion begins."""
        self._lost = self.fault = ""
        if self._reference is None or self._was_moved():
            doubt = self._doubt(now, monotonic)
            self._reference = None if doubt else self._heading
            if doubt and self._heading is not None:
                self._lost = "not turned back: when it began, " + doubt
        self._rest, self._ended = None, math.inf
        self._unfinished = True

    def end(self, now: float) -> None:
        """The robot was told to stand still, whatever it did."""
        self._ended = max(now, self._stamp)

    def start(self, now: float) -> bool:
        """Begin to turn back.

        Returns:
            False when there is nothing to turn back to: it is switched off, or there was no odometry when the
            motion began. ``fault`` says so when there was, but cannot be trusted any more.
        """
        self.fault = self._lost
        if self._timeout == 0.0 or self._fastest == 0.0 or self._reference is None:
            return False
        self._start, self._nearest, self._progressed = now, math.inf, math.inf
        return True

    def advance(self, now: float, monotonic: float) -> Optional[float]:
        """What to do at this moment.

        Args:
            now: ROS time in seconds.
            monotonic: a clock that nobody sets, in seconds.

        Returns:
            The angular velocity in rad/s, 0 while it comes to rest and while odometry is stale; None when it is
            back, or gave up: ``fault``.
        """
        if self._reference is None or self._heading is None:
            self.fault = self._lost
            return None
        doubt = self._doubt(now, monotonic)
        # Two clocks: one that stands still must not let it wait for ever.
        if not 0.0 <= now - self._start <= self._timeout or monotonic - self._arrival > self._timeout + _STALE:
            self._give_up(doubt or "it took too long")
            return None
        if doubt:
            self._progressed = math.inf
        if doubt or self._stamp < self._start + _SETTLE:
            return 0.0
        error = -difference(self._heading, self._reference)
        if abs(error) <= TOLERANCE:
            self._unfinished = False
            return None
        if self._progressed == math.inf or abs(difference(self._heading, self._mark)) >= _STEP:
            self._mark, self._progressed = self._heading, self._stamp
        self._nearest = min(self._nearest, abs(error))
        if abs(error) > self._nearest + _AWAY:
            self._forget("something turns it away")
            self._give_up(self._lost)
            return None
        if self._stamp - self._progressed > _STUCK:
            self._give_up("it does not turn; is it held, are its wheels in the air?")
            return None
        speed = min(max(_GAIN * abs(error), _SLOWEST), self._fastest)
        return math.copysign(speed, error)

    def _was_moved(self) -> bool:
        return (
            self._rest is not None and self._heading is not None and abs(difference(self._heading, self._rest)) > _MOVED
        )

    def _doubt(self, now: float, monotonic: float) -> str:
        """Why the odometry cannot be trusted now, empty when it can."""
        if self._heading is None:
            return "there is no odometry"
        age = monotonic - self._arrival
        if age > _STALE:
            return "the last odometry came %.1f s ago" % age
        if abs(now - self._stamp) > _STALE:
            return "the stamp of the odometry is %.1f s off" % (now - self._stamp)
        return ""

    def _forget(self, reason: str) -> None:
        self._reference, self._lost = None, "not turned back: " + reason

    def _give_up(self, reason: str) -> None:
        away = self.turned_away
        where = "" if away is None else "%.0f degrees away, " % abs(math.degrees(away))
        self.fault = reason if reason == self._lost else "not turned back, %s%s" % (where, reason)
