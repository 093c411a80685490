import numpy as np
import pytest

from rehab_coach.kinematics.projection import EstimatorErrors
from rehab_coach.kinematics.repetitions.find import count_repetitions
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18

EXERCISES = ("squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack")


def counts(sequence, exercise):
    """The count after each frame."""
    counter = RepetitionCounter(exercise)
    return [counter.add(*frame, sequence.layout) for frame in zip(sequence.stamps, sequence.key_points)]


@pytest.mark.parametrize("exercise", EXERCISES + (None,))
@pytest.mark.parametrize("yaw", [0, 60])
def test_ends_with_the_count_of_the_whole_recording(exercise, yaw, act, repeats):
    sequence = act(exercise or "squat", repeats(5), yaw)
    found = counts(sequence, exercise)
    assert found[-1] == count_repetitions(sequence, exercise) == 5
    assert all(0 <= later - earlier <= 1 for earlier, later in zip(found, found[1:]))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_estimators_errors_do_not_make_it_count_twice(exercise, act, repeats):
    sequence = act(exercise, repeats(5), 45, EstimatorErrors(), seed=3)
    assert counts(sequence, exercise)[-1] == 5


def test_a_repetition_is_counted_on_its_way_back(act, repeats):
    sequence = act("squat", repeats(3, period=2, rest=1), 45)
    found = np.array(counts(sequence, "squat"))
    when = sequence.stamps[[int(np.argmax(found >= number)) for number in (1, 2, 3)]]
    turns = 2 + 3 * np.arange(3)
    assert (when > turns).all() and (when < turns + 1.2).all()


def test_longer_than_its_memory(act, repeats):
    sequence = act("squat", repeats(30, period=1.5, rest=0.5), 45, camera_rate=10.0)
    assert sequence.duration > 60
    assert counts(sequence, "squat")[-1] == 30


def test_missing_and_late_frames(act, repeats):
    sequence = act("squat", repeats(4), 45)
    counter = RepetitionCounter("squat")
    for number, (stamp, key_points) in enumerate(zip(sequence.stamps, sequence.key_points)):
        counter.add(stamp, np.zeros((0, 3)) if number % 4 == 1 else key_points, sequence.layout)
        before = counter.count
        assert counter.add(stamp - 1, key_points, sequence.layout) == before, "an older frame is left out"
    assert counter.count == 4


def test_nobody_is_no_repetition():
    counter = RepetitionCounter("squat")
    for number in range(60):
        assert counter.add(number / 15, np.zeros((18, 3)), COCO_18) == 0


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match="do not fit blazepose_33"):
        RepetitionCounter("squat").add(0.0, np.zeros((18, 3)), BLAZEPOSE_33)
