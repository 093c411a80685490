"""Spaces in which people are apart, and the odds that they give."""

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import (
    Sample,
    calibrate,
    calibrate_together,
    fit_space,
    known_and_strangers,
    measured_pairs,
)
from rehab_coach.identification.measures import equal_error


def test_equal_error_rate_by_hand():
    rate, threshold = equal_error(np.array([1.0, 2.0, 3.0, 4.0]), np.array([-1.0, 0.0, 1.5, -2.0]))
    assert rate == pytest.approx(0.25)
    assert 1.0 < threshold <= 2.0
    assert equal_error(np.array([2.0, 3.0]), np.array([0.0, 1.0]))[0] == 0


def test_odds_are_those_of_the_distances():
    draw = np.random.default_rng(0)
    centre, steepness = calibrate(draw.normal(1, 0.5, 2000), draw.normal(3, 0.5, 2000))
    assert centre == pytest.approx(2, abs=0.1)
    assert steepness == pytest.approx(2 / 0.25, rel=0.2)  # (3 - 1) / 0.5^2 for two normal distributions


def test_distances_that_say_nothing_are_refused():
    with pytest.raises(RehabCoachError, match="say nothing"):
        calibrate(np.array([3.0, 4.0, 5.0]), np.array([1.0, 2.0, 1.5]))


def test_streams_weigh_what_they_say_beside_each_other():
    draw = np.random.default_rng(0)
    same, other = (draw.normal(middle, 0.5, (4000, 2)) for middle in ((1, 1), (3, 1.5)))
    centres, steepnesses = calibrate_together(same, other)
    # Independent normal distributions: the log odds of both are the sum of each one's own.
    np.testing.assert_allclose(steepnesses, (8, 2), rtol=0.2)
    assert steepnesses @ centres == pytest.approx(8 * 2 + 2 * 1.25, rel=0.1)
    alone = calibrate(same[:, 0], other[:, 0])[1]
    twice = calibrate_together(*(one[:, [0, 0]] for one in (same, other)))[1]
    assert twice.sum() == pytest.approx(alone, rel=0.02)


def test_people_who_were_left_out_are_told_apart(learned):
    distances = learned.distances["gyroscope"]
    assert {pair.enrolled for pair in distances} == {"p%02d" % person for person in range(10)}
    known, strangers = known_and_strangers({pair: -value for pair, value in distances.items()})
    assert (known > strangers).mean() > 0.9


def test_what_differs_within_a_person_counts_little():
    draw = np.random.default_rng(0)
    rows = []
    for person in range(8):
        identity = draw.normal(0, 1)
        for session in range(6):
            values = np.array([identity + draw.normal(0, 0.1), draw.normal(0, 10)], np.float32)
            rows.append(Sample(values, "p%d" % person, str(session), "one"))
    space = fit_space(rows, None)
    step = space.embed(np.array([[0, 0], [1, 0], [0, 1]], np.float32))
    assert np.linalg.norm(step[1] - step[0]) > 5 * np.linalg.norm(step[2] - step[0])
    line = fit_space(rows, None, dimensions=1).embed(np.array([[0, 0], [1, 0], [0, 1]], np.float32))
    assert line.shape == (3, 1)
    assert abs(line[1] - line[0]) > 5 * abs(line[2] - line[0])


def test_only_the_same_context_is_compared(learned, samples):
    space = learned.model.spaces["gyroscope"]
    both = samples(range(3), 5, "a") + samples(range(3, 6), 5, "b")
    pairs = measured_pairs(space, both)
    assert all((pair.person < "p03") == (pair.enrolled < "p03") for pair in pairs)


def test_one_person_is_refused():
    with pytest.raises(RehabCoachError, match="two people or more"):
        fit_space([Sample(np.zeros(3, np.float32), "p", str(number), "one") for number in range(4)], None)
