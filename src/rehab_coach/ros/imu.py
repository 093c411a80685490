"""From messages of a worn sensor (sensor_msgs/Imu, REP-145) to a series."""

import math
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
from sensor_msgs.msg import Imu

from rehab_coach.inertial.series import InertialSeries, SensorError

_Vector = Tuple[float, float, float]


class Sample(NamedTuple):
    """What is needed of a message, which is ten times as large.

    Attributes:
        stamp: seconds since 1970.
        frame: of the sensor.
        acceleration: m/s2 with gravity; None: not measured.
        turn: rad/s; None: not measured.
    """

    stamp: float
    frame: str
    acceleration: Optional[_Vector]
    turn: Optional[_Vector]


def to_sample(message: Imu) -> Sample:
    """A message; a covariance that begins with -1 says that something is not measured."""
    acceleration, turn = message.linear_acceleration, message.angular_velocity
    return Sample(
        message.header.stamp.to_sec(),
        message.header.frame_id,
        None if message.linear_acceleration_covariance[0] == -1 else (acceleration.x, acceleration.y, acceleration.z),
        None if message.angular_velocity_covariance[0] == -1 else (turn.x, turn.y, turn.z),
    )


def to_series(samples: Sequence[Sample], frame: str = "") -> InertialSeries:
    """One sensor's series.

    Args:
        samples: as they came.
        frame: that they must have; empty: any, but one.

    Raises:
        SensorError: they are not of one sensor with a clock that goes forwards; the sentence says what to do.
    """
    if not samples:
        raise SensorError("the sensor gave nothing: is it switched on, and its driver running?")
    frames = sorted({one.frame for one in samples})
    if len(frames) > 1:
        raise SensorError("the samples are of several sensors (frames %s): let one alone publish" % ", ".join(frames))
    if frame and frames != [frame]:
        raise SensorError(
            "the sensor's frame is '%s' and must be '%s': remap imu/data to the sensor that the person wears, or "
            "change imu_frame" % (frames[0], frame)
        )
    times = np.array([one.stamp for one in samples])
    if (times == 0).any():
        raise SensorError("the samples have no stamps: let the sensor's driver set them")
    steps = np.diff(times)
    if (steps < 0).any():
        back = int(np.flatnonzero(steps < 0)[0])
        raise SensorError(
            "the stamps go back by %.3g s after %.1f s: was the sensor's clock set, or do two sensors share a topic?"
            % (-steps[back], times[back] - times[0])
        )
    new = np.concatenate([[True], steps > 0])  # a message may come twice
    accelerometer, gyroscope = (_measured(samples, name, new) for name in ("acceleration", "turn"))
    if accelerometer is None and gyroscope is None:
        raise SensorError("the sensor measures neither acceleration nor angular velocity (covariances of -1)")
    return InertialSeries(times[new], accelerometer, gyroscope)


def _measured(samples: Sequence[Sample], name: str, new: np.ndarray) -> Optional[np.ndarray]:
    """float64 (n, 3); None where it is not measured all the time."""
    vectors = [getattr(one, name) for one, kept in zip(samples, new) if kept]
    if any(vector is None for vector in vectors):
        return None
    if not all(math.isfinite(value) for vector in vectors for value in vector):
        raise SensorError("the sensor's %s is not always a number: restart its driver" % name)
    return np.array(vectors, np.float64)
