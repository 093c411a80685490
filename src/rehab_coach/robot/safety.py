"""Whether the robot may move at this moment. Every doubt says no."""

import math
from typing import Optional

from rehab_coach.robot.laser import LaserCheck, Scan
from rehab_coach.robot.velocity import Velocity


class SafetyState:
    """Everything that can forbid a motion.

    Args:
        laser: the room that the robot needs.
        require_scan: no motion without a laser scan. When it is False, scans may be missing altogether; but
            once one came, they must go on coming, for a laser that falls silent is a doubt.
        scan_timeout: seconds after which a scan is old.

    Attributes:
        stopped: somebody stopped the robot; set until it is released.
        require_scan: see above.
        recording: a person is being filmed; a moving camera would spoil the recording.
    """

    def __init__(self, laser: LaserCheck, require_scan: bool, scan_timeout: float):
        self._laser = laser
        self.require_scan = require_scan
        self._scan_timeout = scan_timeout
        self._scan: Optional[Scan] = None
        self._stamp: Optional[float] = None
        self._arrival = -math.inf
        self.stopped = False
        self.recording = False

    @property
    def has_scan(self) -> bool:
        """A scan came, however old it is."""
        return self._scan is not None

    def set_scan(self, scan: Scan, stamp: Optional[float], monotonic: float) -> None:
        """Take the newest scan.

        Args:
            scan: what the laser saw.
            stamp: ROS time of the scan in seconds, None when its driver gives none.
            monotonic: when it arrived, on a clock that nobody sets.
        """
        self._scan, self._stamp, self._arrival = scan, stamp, monotonic

    def objection(self, velocity: Velocity, now: float, monotonic: float) -> Optional[str]:
        """Why the robot must not move with this velocity now, None when it may.

        Args:
            velocity: what is about to be commanded.
            now: ROS time in seconds.
            monotonic: a clock that nobody sets, in seconds.
        """
        if self.stopped:
            return "the stop is on"
        if self.recording:
            return "a recording is going on"
        if self._scan is None:
            return "no laser scan has come; is the laser running?" if self.require_scan else None
        age = monotonic - self._arrival
        if age > self._scan_timeout:
            return "the last laser scan came %.1f s ago; is the laser running?" % age
        if self._stamp is not None and abs(now - self._stamp) > self._scan_timeout:
            return "the stamp of the laser scan is %.1f s off; are the clocks of the computers in step?" % (
                now - self._stamp
            )
        return self._laser.objection(self._scan, velocity)
