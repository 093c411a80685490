"""The recogniser of recordings beside the stream: when it is asked, about what, and what its answer weighs."""

import numpy as np
import pytest

from rehab_coach.recognition import Recognition
from rehab_coach.recognition.second_look import WEIGHT, OtherLabels, SecondLook, looks_until
from rehab_coach.rounds import Status

SIZE = (640, 480)
STREAM = np.array([1.0, 0.0, 0.0])


class _Recognizer:
    """Remembers what it was asked about."""

    labels = ("lunge", "unknown", "squat")

    def __init__(self, *probabilities):
        self.probabilities, self.asked = np.array(probabilities, np.float32), []

    def recognize(self, sequence, method):
        self.asked.append((sequence.stamps[0], sequence.stamps[-1]))
        status = Status.RECOGNISED if self.probabilities.any() else Status.NOT_SEEN
        return Recognition("squat", status, 0.0, self.labels, self.probabilities)


def _answers(look, seconds, rate=4):
    answers = []
    for number in range(int(seconds * rate) + 1):
        look.add(number / rate, np.ones((18, 3), np.float32))
        answers.append(look.mixed(number / rate, STREAM, SIZE))
    return answers


def test_it_is_asked_ever_more_seldom_about_all_that_is_remembered():
    recognizer = _Recognizer(0.0, 0.0, 1.0)
    _answers(SecondLook(recognizer, ("squat", "lunge", "unknown")), 33)
    assert recognizer.asked == [(0, 2), (0, 4), (0, 8), (0, 16), (8, 24), (16, 32)]
    assert looks_until(33) == [end for _, end in recognizer.asked]
    assert looks_until(1.9) == []


def test_its_answer_weighs_more_than_the_streams_and_labels_may_be_in_another_order():
    answers = _answers(SecondLook(_Recognizer(0.9, 0.1, 0.0), ("squat", "lunge", "unknown")), 3)
    np.testing.assert_array_equal(answers[7], STREAM)
    np.testing.assert_allclose(answers[8], [1 - WEIGHT, 0.9 * WEIGHT, 0.1 * WEIGHT], atol=1e-6)
    np.testing.assert_allclose(answers[-1], answers[8])


def test_a_look_that_sees_nobody_changes_nothing():
    answers = _answers(SecondLook(_Recognizer(0.0, 0.0, 0.0), ("squat", "lunge", "unknown")), 3)
    np.testing.assert_array_equal(answers, np.tile(STREAM, (13, 1)))


def test_it_forgets():
    recognizer = _Recognizer(1.0, 0.0, 0.0)
    look = SecondLook(recognizer, ("squat", "lunge", "unknown"))
    _answers(look, 3)
    look.reset()
    assert look.mixed(0.5, STREAM, SIZE) is STREAM
    _answers(look, 2)
    assert recognizer.asked[-1] == (0, 2)


def test_other_labels():
    with pytest.raises(OtherLabels, match="the model for streams answers squat, unknown, the model lunge, unknown, sq"):
        SecondLook(_Recognizer(), ("squat", "unknown"))
