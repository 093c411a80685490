import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.comparison import compare, table
from rehab_coach.opensim.coordinates import JointAngles


def squats(stamps, offset=0.0, scale=1.0):
    """Still for two seconds, then one a second; degrees."""
    moving = np.clip(stamps - 2, 0, None)
    return offset + scale * 40 * (1 - np.cos(2 * np.pi * moving))


def made(stamps, **degrees):
    values = np.radians(np.stack(list(degrees.values()), axis=1))
    return JointAngles(tuple(degrees), stamps, values, np.zeros_like(values))


SLOW, FAST = np.arange(0, 8, 0.1), np.arange(0, 8, 1 / 60)


def test_the_same_is_the_same_at_other_stamps():
    comparison = compare(made(FAST, knee=squats(FAST)), made(SLOW, knee=squats(SLOW)))
    knee = comparison.differences["knee"]
    assert knee.error < 0.1 and knee.correlation > 0.9999 and comparison.offset == 0
    assert (comparison.stamps == SLOW).all()


def test_a_standing_offset_is_taken_off():
    comparison = compare(made(SLOW, knee=squats(SLOW, offset=12)), made(SLOW, knee=squats(SLOW)))
    knee = comparison.differences["knee"]
    assert (knee.error, knee.rmse, knee.bias) == pytest.approx((12, 12, 12))
    assert knee.error_without_offset == pytest.approx(0, abs=1e-9) == knee.rmse_without_offset


def test_errors_are_those_of_their_definition():
    random = np.random.default_rng(0)
    one, other = random.normal(0, 10, 50), random.normal(0, 10, 50)
    stamps = np.arange(50) / 10
    found = compare(made(stamps, knee=one), made(stamps, knee=other), standing=(1.0, 1.5)).differences["knee"]
    apart = one - other
    rest = apart - apart[10:16].mean()
    assert found.error == pytest.approx(np.abs(apart).mean()) and found.rmse == pytest.approx(
        np.sqrt((apart**2).mean())
    )
    assert found.error_without_offset == pytest.approx(np.abs(rest).mean())
    assert found.correlation == pytest.approx(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("shift", [-0.73, 0.0, 0.25, 100.4])
def test_clocks_that_are_apart_are_found(shift):
    late = made(FAST + shift, knee=squats(FAST, offset=5), hip=0.5 * squats(FAST))
    reference = made(SLOW, knee=squats(SLOW), hip=0.5 * squats(SLOW))
    comparison = compare(late, reference, align=True)
    assert comparison.offset == pytest.approx(-shift, abs=0.02)
    assert comparison.differences["hip"].error < 2.5


def test_clocks_are_not_shifted_by_a_whole_repetition():
    growing = np.cos(2 * np.pi * FAST) * (1 + 0.1 * FAST)
    later = np.cos(2 * np.pi * FAST) * (1 + 0.1 * (FAST + 1))  # the very same, a repetition on
    assert abs(compare(made(FAST, knee=growing), made(FAST, knee=later), align=True).offset) < 0.05


def test_missing_values_are_left_out():
    values = squats(SLOW)
    values[30:40] = np.nan
    comparison = compare(made(SLOW, knee=values), made(SLOW, knee=squats(SLOW) + 3))
    assert comparison.differences["knee"].error == pytest.approx(3)
    assert np.isnan(comparison.first["knee"][30:40]).all()


def test_only_common_angles_in_common_time():
    comparison = compare(
        made(SLOW, knee=squats(SLOW), elbow=0 * SLOW), made(SLOW[20:40] - 1, hip=0 * SLOW[20:40], knee=SLOW[20:40])
    )
    assert list(comparison.differences) == ["knee"] and len(comparison.stamps) == 20


def test_what_does_not_move_has_no_correlation():
    assert np.isnan(compare(made(SLOW, knee=0 * SLOW), made(SLOW, knee=SLOW)).differences["knee"].correlation)


@pytest.mark.parametrize(
    "first, second, options, complaint",
    [
        (made(SLOW, knee=SLOW), made(SLOW, hip=SLOW), {}, "no angle in common: one has knee, the other hip"),
        (made(SLOW, knee=SLOW), made(SLOW + 100, knee=SLOW), {}, "no time in common"),
        (made(SLOW, knee=SLOW), made(SLOW, knee=SLOW), {"standing": (50, 60)}, "standing"),
        (made(SLOW, knee=0 * SLOW), made(SLOW, knee=0 * SLOW), {"align": True}, "nothing moves"),
    ],
)
def test_what_cannot_be_compared_is_told(first, second, options, complaint):
    with pytest.raises(RehabCoachError, match=complaint):
        compare(first, second, **options)


def test_the_table_names_every_angle():
    text = table(compare(made(SLOW, knee=squats(SLOW, 7)), made(SLOW, knee=squats(SLOW))))
    assert "knee" in text and "7.0" in text and "80 frames" in text
