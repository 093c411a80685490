"""What an inertial sensor measured over time, in one set of units."""

from dataclasses import dataclass, replace
from typing import List, Optional

import numpy as np

from rehab_coach.errors import RehabCoachError

GRAVITY = 9.80665
"""m/s2 of a sensor at rest."""

LOWEST_RATE = 15.0
"""Samples per second below which a movement's shape is lost; the slowest watch of the public sets has 20."""

HIGHEST_RATE = 5000.0
"""More than any worn sensor gives."""

LONGEST_GAP = 0.5
"""Seconds without a sample that are still bridged by a straight line."""

STILL = 1.0
"""Seconds of exactly the same values after which a sensor has stopped: a real one has noise."""

FASTEST_TURN = 70.0
"""rad/s: twice the range of the sensors that are sold (2000 degrees per second); more is another unit."""

LEAST_STEADY = 0.3
"""Of the usual acceleration, what its mean must have: gravity stays where it is, and what a movement adds comes back.
The public sets have 0.36 (a watch of somebody who runs) to 1.1."""

SENSORS = ("accelerometer", "gyroscope")


class SensorError(RehabCoachError):
    """A series that nothing can be said about: the message says what is wrong with it and what to do next."""


@dataclass(frozen=True, eq=False)
class InertialSeries:
    """One sensor on one person over time, in its own axes.

    Attributes:
        times: float64 (n,) seconds, rising.
        accelerometer: float64 (n, 3) m/s2 with gravity, as REP-145 and sensor_msgs/Imu have it; None: not measured.
        gyroscope: float64 (n, 3) rad/s; None: not measured.

    Raises:
        ValueError: shapes that do not fit each other, neither sensor, values that are not finite, times that do not
            rise.
    """

    times: np.ndarray
    accelerometer: Optional[np.ndarray] = None
    gyroscope: Optional[np.ndarray] = None

    def __post_init__(self):
        times = np.asarray(self.times, np.float64)
        if times.ndim != 1:
            raise ValueError("times %s must be one row" % (times.shape,))
        if self.accelerometer is None and self.gyroscope is None:
            raise ValueError("a series needs an accelerometer, a gyroscope or both")
        for name in SENSORS:
            values = getattr(self, name)
            if values is None:
                continue
            values = np.asarray(values, np.float64)
            if values.shape != (len(times), 3):
                raise ValueError("%s %s does not fit %d times: expected (n, 3)" % (name, values.shape, len(times)))
            if not np.isfinite(values).all():
                raise ValueError("the %s has values that are not finite" % name)
            object.__setattr__(self, name, values)
        if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            raise ValueError("times must be finite and rise")
        object.__setattr__(self, "times", times)

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, samples: slice) -> "InertialSeries":
        """The series of a slice of the samples."""
        if not isinstance(samples, slice):
            raise TypeError("a series is indexed by a slice of samples, not by %s" % type(samples).__name__)
        chosen = {name: None if getattr(self, name) is None else getattr(self, name)[samples] for name in SENSORS}
        return replace(self, times=self.times[samples], **chosen)

    @property
    def duration(self) -> float:
        """Seconds from the first sample to the last."""
        return float(self.times[-1] - self.times[0]) if len(self) else 0.0

    @property
    def rate(self) -> float:
        """Mean samples per second; 0 for fewer than two samples."""
        return (len(self) - 1) / self.duration if len(self) > 1 else 0.0

    @property
    def sensors(self) -> List[str]:
        """Which of `SENSORS` measured."""
        return [name for name in SENSORS if getattr(self, name) is not None]

    def channels(self) -> np.ndarray:
        """float64 (n, 4 or 8): x, y, z and magnitude of each sensor, the accelerometer first."""
        columns = []
        for name in self.sensors:
            values = getattr(self, name)
            columns += [values, np.linalg.norm(values, axis=1, keepdims=True)]
        return np.concatenate(columns, axis=1)

    def check(self) -> None:
        """See that a person may have moved like this.

        Raises:
            SensorError: too few samples, a gap, a sensor that stopped, a flat line, or values in another unit.
        """
        if len(self) < 2:
            raise SensorError("the series has %d samples: record some seconds of the exercise" % len(self))
        if self.rate < LOWEST_RATE:
            raise SensorError(
                "the sensor gave %.3g samples per second, and %g are needed: raise its rate (are the times in seconds?)"
                % (self.rate, LOWEST_RATE)
            )
        if self.rate > HIGHEST_RATE:
            raise SensorError(
                "%d samples in %.3g s: no worn sensor is so fast; are the times in another unit?"
                % (len(self), self.duration)
            )
        gaps = np.diff(self.times)
        if gaps.max() > LONGEST_GAP:
            raise SensorError(
                "the sensor gave nothing for %.1f s after %.1f s: record again, nearer to the receiver"
                % (gaps.max(), self.times[gaps.argmax()] - self.times[0])
            )
        for name in self.sensors:
            self._check_moving(name)
        if self.accelerometer is not None:
            self._check_gravity(self.accelerometer)
        if self.gyroscope is not None and np.abs(self.gyroscope).max() > FASTEST_TURN:
            raise SensorError(
                "the gyroscope says up to %.0f rad/s, faster than anybody turns: is it in degrees per second?"
                % np.abs(self.gyroscope).max()
            )

    def _check_moving(self, name: str) -> None:
        values = getattr(self, name)
        if np.ptp(values, axis=0).max() == 0:
            raise SensorError("the %s is a flat line: is it switched on, and worn?" % name)
        changes = np.flatnonzero((np.diff(values, axis=0) != 0).any(axis=1))
        same = np.diff(self.times[np.concatenate([[0], changes + 1, [len(self) - 1]])])
        if same.max() > STILL:
            raise SensorError(
                "the %s gave the same values for %.1f s: it stopped; record again, with a charged sensor"
                % (name, same.max())
            )

    def _check_gravity(self, values: np.ndarray) -> None:
        magnitude = float(np.median(np.linalg.norm(values, axis=1)))
        if np.linalg.norm(values.mean(axis=0)) < LEAST_STEADY * magnitude:
            raise SensorError(
                "the accelerometer reads %.2f, now this way and now that: gravity was taken out of it; use the "
                "raw values" % magnitude
            )
        if 0.9 <= magnitude <= 1.1:
            raise SensorError("the accelerometer reads %.2f at rest: that is g, and m/s2 is wanted" % magnitude)
        if 0.5 < magnitude < 2:
            raise SensorError(
                "the accelerometer reads %.2f at rest: it is in g, or without gravity, which is needed: use the raw "
                "values" % magnitude
            )
        if magnitude < GRAVITY / 2:
            raise SensorError(
                "the accelerometer reads %.2f m/s2 at rest: gravity was taken out of it; use the raw values" % magnitude
            )
        if magnitude > 2 * GRAVITY:
            raise SensorError(
                "the accelerometer reads %.4g at rest, and gravity is 9.8 m/s2: which unit is it in?" % magnitude
            )
