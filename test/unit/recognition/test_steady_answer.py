"""The steady answer: no flicker, and no reliance on what has only just come."""

import numpy as np

from rehab_coach.recognition.steady_answer import Hysteresis, SteadyAnswer

LABELS = ("squat", "lunge", "unknown")


def _follow(probabilities, rate=10.0, **hysteresis):
    """What is shown, and whether it is stable, after each of the probabilities of (squat, lunge)."""
    steady = SteadyAnswer(
        LABELS, 0.4, Hysteresis(**{"clear": 0.9, "hold": 0.3, "sure": 0.7, "sure_for": 0.5, **hysteresis})
    )
    seen = []
    for number, (squat, lunge) in enumerate(probabilities):
        steady.update(number / rate, np.array([squat, lunge, 1 - squat - lunge], np.float32))
        seen.append((steady.label, steady.stable))
    return seen


def test_an_answer_is_shown_when_it_has_lasted_and_stable_when_it_has_been_sure():
    seen = _follow([(0.1, 0.1)] * 3 + [(0.8, 0.1)] * 12)
    assert [label for label, _ in seen] == ["unknown"] * 6 + ["squat"] * 9
    assert [stable for _, stable in seen].index(True) == 11  # 0.5 s after it was shown


def test_what_is_clear_is_shown_at_once():
    seen = _follow([(0.1, 0.1)] * 3 + [(0.95, 0.0)] * 2 + [(0.02, 0.95)] + [(0.02, 0.02)])
    assert [label for label, _ in seen] == ["unknown"] * 3 + ["squat"] * 2 + ["lunge", "unknown"]


def test_what_flickers_is_not_shown():
    seen = _follow([(0.8, 0.1)] * 10 + [(0.2, 0.7), (0.8, 0.1)] * 10)
    assert {label for label, _ in seen[4:]} == {"squat"}


def test_another_answer_that_lasts_takes_over_and_is_not_stable_yet():
    seen = _follow([(0.8, 0.1)] * 20 + [(0.1, 0.8)] * 20)
    assert seen[19] == ("squat", True)
    assert seen[24] == ("lunge", False)
    assert seen[-1] == ("lunge", True)


def test_a_pause_in_being_sure_begins_anew():
    seen = _follow([(0.8, 0.1)] * 7 + [(0.6, 0.1)] + [(0.8, 0.1)] * 5)
    assert not any(stable for _, stable in seen[:13])


def test_an_exercise_below_the_threshold_is_unknown():
    assert {label for label, _ in _follow([(0.39, 0.31)] * 20)} == {"unknown"}


def test_unknown_is_never_stable():
    assert not any(stable for _, stable in _follow([(0.05, 0.05)] * 50))
