import numpy as np
import pytest

from rehab_coach.pose import PatientTracker, Pose, framing_problem
from rehab_coach.skeleton import COCO_18

SIZE = (640, 480)
# A standing person of 300 pixels, hips at the origin.
BODY = np.array(
    [
        (0, -130),
        (0, -105),
        (-30, -105),
        (-35, -55),
        (-35, -10),
        (30, -105),
        (35, -55),
        (35, -10),
        (-15, 0),
        (-15, 70),
        (-15, 150),
        (15, 0),
        (15, 70),
        (15, 150),
        (-6, -137),
        (6, -137),
        (-14, -132),
        (14, -132),
    ],
    np.float32,
)


def person(x, y=280, scale=1.0, without=()):
    key_points = np.concatenate([BODY * scale + (x, y), np.full((18, 1), 0.8)], axis=1).astype(np.float32)
    for joint in without:
        key_points[COCO_18.index(joint)] = 0
    return Pose(key_points)


def test_the_patient_is_the_large_one_in_the_middle():
    aside, middle, small = person(80), person(330), person(300, scale=0.4)
    assert PatientTracker().update([aside, small, middle], SIZE, 0.0) is middle


def test_a_bystander_who_is_larger_does_not_steal_the_track():
    tracker = PatientTracker()
    tracker.update([person(320)], SIZE, 0.0)
    for frame in range(1, 30):
        patient, bystander = person(320 + 2 * frame), person(600 - 8 * frame, scale=1.3)
        if abs(600 - 8 * frame - 320 - 2 * frame) > 60:
            assert tracker.update([bystander, patient], SIZE, frame / 15) is patient


def test_nobody_takes_the_place_of_a_patient_who_is_missed_for_a_moment():
    tracker = PatientTracker(patience=1.0)
    tracker.update([person(320)], SIZE, 0.0)
    assert tracker.update([person(80)], SIZE, 0.5) is None
    back = person(325)
    assert tracker.update([person(80), back], SIZE, 0.9) is back


def test_after_the_patience_the_choice_starts_anew():
    tracker = PatientTracker(patience=1.0)
    tracker.update([person(320)], SIZE, 0.0)
    other = person(80)
    assert tracker.update([other], SIZE, 1.5) is other


def test_a_squatting_person_is_the_same_person():
    tracker = PatientTracker()
    standing, squatting = person(320), person(320)
    squatting.key_points[:9, 1] += 60
    tracker.update([standing], SIZE, 0.0)
    assert tracker.update([squatting], SIZE, 0.25) is squatting


def test_stamps_that_jump_back_begin_a_new_track():
    tracker = PatientTracker()
    tracker.update([person(320)], SIZE, 100.0)
    other = person(80)
    assert tracker.update([other], SIZE, 0.0) is other


LEGS = ("knee", "ankle")
UPPER = [joint for joint in COCO_18.joints if not any(part in joint for part in LEGS)]


@pytest.mark.parametrize(
    "people, expected",
    [
        ([person(320)], ""),
        ([person(320), person(100, scale=0.3)], ""),
        ([person(320, without=["left_ankle", "left_knee", "left_hip", "left_shoulder"])], ""),
        ([person(320), person(100)], "two people"),
        ([person(320, without=UPPER)], "only your legs"),
        ([person(320, without=["left_ankle", "right_ankle"])], "your feet"),
        ([person(320, without=["nose", "left_eye", "right_eye", "left_ear", "right_ear"])], "all of you"),
        ([person(320, scale=0.3)], "closer"),
        ([], "cannot see you"),
    ],
)
def test_what_keeps_the_recording_from_starting(people, expected):
    problem = framing_problem(people, people[0] if people else None, SIZE)
    assert expected in problem and bool(problem) == bool(expected)
