import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.robot.exercise_picker import ExercisePicker


def picks(picker, number=60):
    return [picker.pick() for _ in range(number)]


def test_random_never_repeats_at_once_and_leaves_none_out():
    labels = picks(ExercisePicker(list(EXERCISES), seed=1))
    assert set(labels) == set(EXERCISES)
    assert all(before != after for before, after in zip(labels, labels[1:]))


def test_the_seed_decides():
    assert picks(ExercisePicker(list(EXERCISES), seed=5)) == picks(ExercisePicker(list(EXERCISES), seed=5))
    assert picks(ExercisePicker(list(EXERCISES), seed=5)) != picks(ExercisePicker(list(EXERCISES), seed=6))


def test_a_single_exercise_must_repeat():
    assert picks(ExercisePicker(["squat"]), 3) == ["squat"] * 3
    assert picks(ExercisePicker(["squat", "squat"]), 3) == ["squat"] * 3


def test_a_list_is_gone_through_in_its_order():
    picker = ExercisePicker(["lunge", "squat", "squat"], order="listed")
    assert picks(picker, 4) == ["lunge", "squat", "squat", "lunge"]


@pytest.mark.parametrize(
    "exercises, order, message",
    [
        ([], "random", "no exercise to ask for"),
        (["squat"], "backwards", "'backwards'; choose one of: random, listed"),
    ],
)
def test_unknown_ones_are_refused(exercises, order, message):
    with pytest.raises(RehabCoachError, match=message):
        ExercisePicker(exercises, order)
