import numpy as np
import pytest

from rehab_coach.kinematics.filtering import fill_gaps, low_pass

RATE = 30.0


def stamps(frames, rate=RATE):
    return np.arange(frames) / rate


def test_short_gaps_are_interpolated_and_long_ones_stay():
    values = np.arange(40.0)
    values[5:8] = values[20:35] = values[:2] = values[-1:] = np.nan
    filled = fill_gaps(values, stamps(40), longest=0.3)
    assert filled[5:8] == pytest.approx([5, 6, 7])
    assert np.isnan(filled[20:35]).all() and np.isnan(filled[:2]).all() and np.isnan(filled[-1])
    assert np.isnan(values[5])  # the input is left alone


def test_gaps_are_measured_in_seconds_not_in_frames():
    values = np.array([0.0, np.nan, 2.0])
    assert fill_gaps(values, np.array([0.0, 0.1, 0.2]))[1] == pytest.approx(1)
    assert np.isnan(fill_gaps(values, np.array([0.0, 1.0, 2.0]))[1])


def test_each_column_has_its_own_gaps():
    values = np.ones((10, 2, 3))
    values[4, 0, 1] = np.nan
    filled = fill_gaps(values, stamps(10))
    assert filled.shape == (10, 2, 3) and (filled == 1).all()


def test_low_pass_keeps_slow_movement_without_delay_and_takes_jitter_away():
    time = stamps(300)
    slow, jitter = np.sin(2 * np.pi * 0.5 * time), 0.2 * np.sin(2 * np.pi * 13 * time)
    filtered = low_pass(slow + jitter, time)
    assert np.abs(filtered - slow)[10:-10].max() < 0.02


def test_both_passes_together_halve_the_power_at_the_cutoff():
    time = stamps(3000, 100.0)
    filtered = low_pass(np.sin(2 * np.pi * 6 * time), time, cutoff=6.0)[500:-500]
    assert filtered.std() * 2**0.5 == pytest.approx(0.5**0.5, abs=0.01)


def test_irregular_frames_are_filtered_at_their_own_stamps():
    time = np.sort(np.random.default_rng(0).uniform(0, 10, 300))
    slow = np.sin(2 * np.pi * 0.4 * time)
    noisy = slow + np.random.default_rng(1).normal(0, 0.1, 300)
    assert np.abs(low_pass(noisy, time) - slow).mean() < 0.6 * np.abs(noisy - slow).mean()


def test_missing_values_stay_missing_and_do_not_spread():
    values = np.ones(100)
    values[50:60] = np.nan
    filtered = low_pass(values, stamps(100))
    assert np.isnan(filtered[50:60]).all() and filtered[:50] == pytest.approx(1) and filtered[60:] == pytest.approx(1)


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 4, 5])
def test_few_frames_are_no_error(frames):
    assert low_pass(np.ones((frames, 2)), stamps(frames)) == pytest.approx(np.ones((frames, 2)))


def test_a_slow_camera_is_left_unfiltered():
    values = np.random.default_rng(0).normal(size=50)
    assert (low_pass(values, stamps(50, 8.0)) == values).all()


def test_values_and_stamps_must_fit():
    with pytest.raises(ValueError):
        low_pass(np.ones(5), stamps(6))
