"""Cycles: found, cut, put on a hundred moments."""

import numpy as np
import pytest

from rehab_coach.inertial import Cycles, InertialSeries, SensorError, cut_cycles, cut_spans
from rehab_coach.inertial.cycles import find_cycles


def squats(period=2.5, repetitions=5, rate=50.0, still=1.0, noise=0.02):
    """Repetitions about the y axis, with somebody who stands before and after."""
    draw = np.random.default_rng(1)
    times = np.arange(0, still * 2 + period * repetitions, 1 / rate)
    phase = np.clip((times - still) / period, 0, repetitions)
    turn = np.sin(2 * np.pi * phase) * (phase > 0) * (phase < repetitions)
    gyroscope = np.stack([0.1 * turn, 1.5 * turn, 0 * turn], axis=1) + noise * draw.normal(size=(len(times), 3))
    accelerometer = [0, 0, 9.81] + np.stack([turn, 0 * turn, turn**2], axis=1)
    return InertialSeries(times, accelerometer + noise * draw.normal(size=(len(times), 3)), gyroscope)


@pytest.mark.parametrize("period", [1.0, 2.5, 4.0])
def test_finds_the_repetitions(period):
    spans = find_cycles(squats(period))
    assert len(spans) == 4  # from one fastest moment to the next
    assert [end - begin for begin, end in spans] == pytest.approx([period] * 4, rel=0.05)


def test_rate_and_gaps_change_little():
    whole = cut_cycles(squats(rate=100.0))
    slow = squats(rate=25.0)
    kept = np.ones(len(slow), bool)
    kept[60:66] = False
    holed = InertialSeries(slow.times[kept], slow.accelerometer[kept], slow.gyroscope[kept])
    other = cut_cycles(holed)
    assert whole.values.shape == other.values.shape == (4, 8, 100)
    assert np.abs(whole.of("gyroscope").mean(0) - other.of("gyroscope").mean(0)).max() < 0.3  # of a swing of 1.5


def test_turning_the_sensor_over_finds_as_many():
    one = squats()
    turned = InertialSeries(one.times, one.accelerometer * [1, -1, -1], one.gyroscope * [1, -1, -1])
    assert len(find_cycles(turned)) == len(find_cycles(one))


def test_accelerometer_alone():
    one = squats()
    cycles = cut_cycles(InertialSeries(one.times, one.accelerometer))
    assert cycles.sensors == ("accelerometer",) and cycles.values.shape[1:] == (4, 100)


def test_known_spans_are_cut_where_they_are():
    times = np.arange(200) / 50
    line = np.stack([times, 2 * times, 0 * times], axis=1)
    cycles = cut_spans(InertialSeries(times, None, line), [(1.0, 2.0), (2.0, 3.5)])
    np.testing.assert_allclose(cycles.values[0, 0], np.linspace(1, 2, 100), atol=1e-6)
    np.testing.assert_allclose(cycles.values[1, 3], np.sqrt(5) * np.linspace(2, 3.5, 100), rtol=1e-6)


def test_nothing_repeated_is_refused():
    draw = np.random.default_rng(0)
    noise = InertialSeries(np.arange(500) / 50, None, draw.normal(size=(500, 3)))
    with pytest.raises(SensorError, match="nothing is repeated"):
        cut_cycles(noise)
    with pytest.raises(SensorError, match="nothing is repeated"):
        cut_cycles(squats(repetitions=1, still=3.0))


def test_another_unit_shows_in_how_far_a_repetition_turns():
    slow = squats(period=4.0)
    slow = InertialSeries(slow.times, None, slow.gyroscope / 2)
    assert len(cut_cycles(slow)) == 4
    with pytest.raises(SensorError, match="rad in a repetition, .* degrees per second"):
        cut_cycles(InertialSeries(slow.times, None, np.degrees(slow.gyroscope)))
    with pytest.raises(SensorError, match="degrees in a repetition, .* rad/s already"):
        cut_cycles(InertialSeries(slow.times, None, np.radians(slow.gyroscope)))


def test_only_one_sensor_is_kept():
    cycles = cut_cycles(squats()).only("gyroscope")
    assert cycles.sensors == ("gyroscope",)
    with pytest.raises(ValueError, match="not in tuple"):
        cycles.of("accelerometer")


@pytest.mark.parametrize(
    ("shape", "sensors"), [((3, 4, 99), ("gyroscope",)), ((3, 8, 100), ("gyroscope",)), ((3, 4, 100), ("compass",))]
)
def test_shapes_that_do_not_fit(shape, sensors):
    with pytest.raises(ValueError):
        Cycles(np.zeros(shape), sensors)
