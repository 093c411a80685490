"""What goes wrong in front of a camera: the count of the whole recording and the one while it happens."""

from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.kinematics.projection import EstimatorErrors
from rehab_coach.kinematics.repetitions.find import count_repetitions
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.pose import PatientTracker, Pose

EXERCISES = ("squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack")


def both(sequence, exercise):
    """(offline, live); live never goes back and never counts two at once."""
    counter = RepetitionCounter(exercise)
    found = [0] + [counter.add(*frame, sequence.layout) for frame in zip(sequence.stamps, sequence.key_points)]
    assert all(later - earlier in (0, 1) for earlier, later in zip(found, found[1:]))
    return count_repetitions(sequence, exercise), found[-1]


def hidden(sequence, joints=(), frames=slice(None)):
    key_points = sequence.key_points.copy()
    for index, joint in enumerate(sequence.layout.joints):
        if not joints or any(part in joint for part in joints):
            key_points[frames, index] = 0
    return replace(sequence, key_points=key_points)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_one_frame_and_nobody(exercise, act, repeats):
    sequence = act(exercise, repeats(2), 45)
    assert both(sequence[:1], exercise) == (0, 0)
    assert both(hidden(sequence), exercise) == (0, 0)
    assert both(hidden(sequence, frames=slice(2, None)), exercise) == (0, 0), "seen in two frames only"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_half_a_body(exercise, act, repeats):
    sequence = act(exercise, repeats(5), 45, EstimatorErrors(), seed=5)
    assert both(hidden(sequence, ("right_",)), exercise) == (5, 5)
    assert both(hidden(sequence, ("knee", "ankle", "heel", "foot")), exercise) == (5, 5)
    no_legs = hidden(sequence, ("hip", "knee", "ankle", "heel", "foot"))
    assert both(no_legs, exercise) == (5, 5)
    legs_only = hidden(sequence, ("shoulder", "elbow", "wrist", "nose"))
    assert both(legs_only, exercise) == ((0, 0) if exercise in ("push_up", "pull_up") else (5, 5)), "arms do those"


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_person_who_leaves(exercise, act, repeats):
    sequence = act(exercise, repeats(5, period=2, rest=0.5), 45, EstimatorErrors(), seed=6)
    third_done = int(np.searchsorted(sequence.stamps, 1 + 3 * 2.5))
    assert both(hidden(sequence, frames=slice(third_done, None)), exercise) == (3, 3)
    # Away for five seconds between the third and the fourth.
    stamps = sequence.stamps + 5.0 * (np.arange(len(sequence)) >= third_done)
    assert both(replace(sequence, stamps=stamps), exercise) == (5, 5)


def test_after_a_minute_without_a_camera_the_count_goes_on(act, repeats):
    sequence = act("squat", repeats(3), 45)
    counter = RepetitionCounter("squat")
    for begin in (0.0, 90.0):
        for stamp, key_points in zip(sequence.stamps, sequence.key_points):
            counter.add(begin + stamp, key_points, sequence.layout)
    assert counter.count == 6


@pytest.mark.parametrize("exercise", EXERCISES)
def test_two_people(exercise, act, repeats):
    amount = repeats(5)
    patient = act(exercise, amount, 30, EstimatorErrors(), seed=7, distance=3.0)
    other = act(
        "jumping_jack", repeats(12, period=1, rest=0)[: len(amount)], 0, EstimatorErrors(), seed=8, distance=4.5
    )
    tracker = PatientTracker()
    rows = []
    for number, key_points in enumerate(patient.key_points):
        beside = other.key_points[min(number, len(other) - 1)].copy()
        beside[:, 0] += 170
        poses = [Pose(points) for points in (key_points, beside)]
        found = tracker.update(poses[:: 1 if number % 2 else -1], patient.size, patient.stamps[number])
        rows.append(np.zeros_like(key_points) if found is None else found.key_points)
    assert both(replace(patient, key_points=np.array(rows)), exercise) == (5, 5)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_somebody_else_is_taken_for_the_patient_for_a_moment(exercise, act, repeats):
    sequence = act(exercise, repeats(5), 45, EstimatorErrors(), seed=9)
    key_points = sequence.key_points.copy()
    key_points[30:36, :, 0] += 200  # as large, 0.4 s long
    assert both(replace(sequence, key_points=key_points), exercise) == (5, 5)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_recording_that_begins_in_the_middle_of_a_repetition(exercise, act, repeats):
    sequence = act(exercise, repeats(4, period=2, rest=0.5), 45, EstimatorErrors(), seed=10)
    at_the_turning_point = int(np.searchsorted(sequence.stamps, 2.0))
    nearly_done = int(np.searchsorted(sequence.stamps, 2.75))
    assert both(sequence[at_the_turning_point:], exercise) == (4, 4)
    assert both(sequence[nearly_done:], exercise) == (3, 3)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_estimators_errors_on_somebody_who_stands(exercise, act):
    found = [both(act(exercise, np.zeros(500), 45, EstimatorErrors(), seed=seed), exercise) for seed in range(3)]
    # Three times 10 s. Bending the arms by a tenth of the body's height is a whole push-up, so that errors weigh more.
    assert np.sum(found, axis=0).max() <= (2 if exercise == "push_up" else 1)
