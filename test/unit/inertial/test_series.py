"""Series of a worn sensor: what is refused, with which words."""

import numpy as np
import pytest

from rehab_coach.inertial import InertialSeries, SensorError


def series(seconds=6.0, rate=50.0, gravity=9.81, turn=1.0):
    draw = np.random.default_rng(0)
    times = np.arange(int(seconds * rate)) / rate
    swing = np.sin(2 * np.pi * 0.5 * times)[:, None]
    accelerometer = [0, 0, gravity] + gravity * (0.1 * swing + 0.01 * draw.normal(size=(len(times), 3)))
    gyroscope = turn * (swing * [1, 0.2, 0] + 0.01 * draw.normal(size=(len(times), 3)))
    return InertialSeries(times, accelerometer, gyroscope)


def test_good_series_passes():
    one = series()
    one.check()
    assert one.rate == pytest.approx(50)
    assert one.duration == pytest.approx(5.98)
    assert one.sensors == ["accelerometer", "gyroscope"]


def test_channels_are_axes_and_magnitude_of_each_sensor():
    one = series()
    channels = one.channels()
    assert channels.shape == (len(one), 8)
    np.testing.assert_allclose(channels[:, 3], np.linalg.norm(one.accelerometer, axis=1))
    np.testing.assert_allclose(channels[:, 7], np.linalg.norm(one.gyroscope, axis=1))


def test_slice_keeps_both_sensors():
    part = series()[10:20]
    assert len(part) == 10 and part.accelerometer.shape == part.gyroscope.shape == (10, 3)
    with pytest.raises(TypeError, match="slice"):
        series()[3]


@pytest.mark.parametrize(
    ("times", "accelerometer", "gyroscope", "said"),
    [
        (np.arange(5), None, None, "needs an accelerometer"),
        (np.arange(5), np.zeros((4, 3)), None, "does not fit 5 times"),
        (np.arange(5), None, np.full((5, 3), np.nan), "not finite"),
        (np.array([0, 1, 1, 2, 3]), None, np.zeros((5, 3)), "rise"),
        (np.zeros((5, 2)), None, np.zeros((5, 3)), "one row"),
    ],
)
def test_impossible_series(times, accelerometer, gyroscope, said):
    with pytest.raises(ValueError, match=said):
        InertialSeries(times, accelerometer, gyroscope)


def without(one, first, last):
    kept = np.r_[0:first, last : len(one)]
    return InertialSeries(one.times[kept], one.accelerometer[kept], one.gyroscope[kept])


def without_gravity(magnitude):
    one = series()
    linear = one.accelerometer - [0, 0, 9.81]
    return InertialSeries(one.times, linear * magnitude / np.median(np.linalg.norm(linear, axis=1)), one.gyroscope)


def stopped(one):
    gyroscope = one.gyroscope.copy()
    gyroscope[100:180] = gyroscope[100]
    return InertialSeries(one.times, one.accelerometer, gyroscope)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (series(seconds=0.02), "1 samples"),
        (series(rate=5), "5 samples per second"),
        (without(series(), 100, 150), "nothing for 1.0 s after 2.0 s"),
        (stopped(series()), "gyroscope gave the same values for 1.6 s: it stopped"),
        (InertialSeries(np.arange(100) / 50, None, np.zeros((100, 3))), "flat line"),
        (series(gravity=1.0), "that is g"),
        (series(gravity=0.83), "reads 0.83 at rest: it is in g, or without gravity"),
        (without_gravity(0.83), "gravity was taken out"),
        (without_gravity(0.83 * 9.81), "gravity was taken out"),
        (series(gravity=3.0), "gravity was taken out"),
        (series(gravity=0.01), "gravity was taken out"),
        (series(gravity=981.0), "which unit"),
        (series(turn=180.0), "degrees per second"),
    ],
)
def test_useless_series_is_refused_with_what_to_do(one, said):
    with pytest.raises(SensorError, match=said):
        one.check()
