import numpy as np
import pytest

pytest.importorskip("rospy")

import rospy  # noqa: E402
from sensor_msgs.msg import Imu  # noqa: E402

from rehab_coach.inertial import SensorError  # noqa: E402
from rehab_coach.ros.imu import to_sample, to_series  # noqa: E402


def message(stamp, frame="lumbar", turn=0.1):
    made = Imu()
    made.header.stamp, made.header.frame_id = rospy.Time.from_sec(stamp), frame
    made.linear_acceleration.x, made.linear_acceleration.y, made.linear_acceleration.z = 0.1, 0.2, 9.8
    made.angular_velocity.x, made.angular_velocity.y, made.angular_velocity.z = turn, 0.5, 0.6
    return made


def samples(stamps, **options):
    return [to_sample(message(stamp, **options)) for stamp in stamps]


def test_a_series_has_the_values_and_times_of_the_messages():
    stamps = 1700000000 + 0.01 * np.arange(50)
    series = to_series(samples(stamps))
    np.testing.assert_allclose(series.times, stamps, atol=1e-6)
    np.testing.assert_array_equal(series.accelerometer[7], (0.1, 0.2, 9.8))
    np.testing.assert_array_equal(series.gyroscope[7], (0.1, 0.5, 0.6))


def test_what_is_not_measured_is_not_there():
    without = [message(1.0), message(1.1)]
    without[1].angular_velocity_covariance[0] = -1
    series = to_series([to_sample(one) for one in without])
    assert series.sensors == ["accelerometer"]
    for one in without:
        one.linear_acceleration_covariance[0] = one.angular_velocity_covariance[0] = -1
    with pytest.raises(SensorError, match="neither acceleration nor angular velocity"):
        to_series([to_sample(one) for one in without])


def test_a_message_that_comes_twice_counts_once():
    assert len(to_series(samples([1.0, 1.1, 1.1, 1.2]))) == 3


@pytest.mark.parametrize(
    "given, said",
    [
        ([], "gave nothing: is it switched on"),
        (samples([1.0, 1.1], frame="imu_link"), "frame is 'imu_link' and must be 'lumbar'.*imu_frame"),
        (samples([1.0]) + samples([1.1], frame="wrist"), r"several sensors \(frames lumbar, wrist\)"),
        (samples([0.0, 0.0]), "no stamps"),
        (samples([5.0, 6.0, 4.5, 4.6]), "go back by 1.5 s after 1.0 s"),
        (samples([1.0]) + samples([1.1], turn=float("nan")), "turn is not always a number"),
    ],
)
def test_what_is_no_series_is_told_in_plain_words(given, said):
    with pytest.raises(SensorError, match=said) as error:
        to_series(given, "lumbar")
    assert len(str(error.value).splitlines()) == 1
