"""What a sensor would measure that sat on a moving segment: from its place and direction over time."""

from typing import Tuple

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from rehab_coach.inertial.series import GRAVITY, InertialSeries

CUT_OFF = 6.0
"""Hz of the low pass before places are differentiated: exercises stay below 3 Hz, and markers tremble above."""


def virtual_sensor(
    times: np.ndarray, places: np.ndarray, axes: np.ndarray, up: Tuple[float, float, float] = (0, 0, 1)
) -> InertialSeries:
    """Acceleration and angular velocity of a segment in its own axes.

    The acceleration is the second derivative of the place, with gravity; the angular velocity is the rotation from one
    moment to the next, over the time between.

    Args:
        times: (n,) seconds, evenly spaced, n >= 20.
        places: (n, 3) metres.
        axes: (n, 3, 3) rows are the segment's x, y, z directions in the frame of the places; they are made orthogonal.
        up: direction against gravity in that frame, length 1.
    """
    rate = (len(times) - 1) / (times[-1] - times[0])
    smooth = butter(2, min(CUT_OFF, 0.45 * rate), fs=rate, output="sos")
    places = sosfiltfilt(smooth, places, axis=0)
    left, _, right = np.linalg.svd(sosfiltfilt(smooth, axes, axis=0))
    turned = left @ right
    acceleration = np.gradient(np.gradient(places, times, axis=0), times, axis=0) + GRAVITY * np.asarray(up, float)
    accelerometer = np.einsum("nij,nj->ni", turned, acceleration)
    # Rows are the segment's axes: the transpose takes the segment to the room.
    poses = Rotation.from_matrix(np.swapaxes(turned, 1, 2))
    steps = (poses[:-2].inv() * poses[2:]).as_rotvec() / (times[2:] - times[:-2])[:, None]
    gyroscope = np.concatenate([steps[:1], steps, steps[-1:]])
    return InertialSeries(times, accelerometer, gyroscope)
