"""A patient who squats, while somebody else walks past in front of her, or stands nearer to the camera.

Two of the films that ship, laid over each other: their walls and floors are plain, so that a person can be cut out.
"""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from rehab_coach.kinematics.analysis import analyse
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator
from rehab_coach.pose.tracking import similarity
from rehab_coach.robot.recording import Phase, Recording, Timing
from rehab_coach.skeleton import COCO_18
from rehab_coach.video import VideoSource

RATE = 10.0  # pictures a second that are estimated
SECONDS = 4.0  # the first squat


def film(name):
    with VideoSource(share_path("test", "data", name)) as source:
        return [picture for picture, _ in source.read(end=SECONDS)][:: round(source.rate / RATE)]


PATIENT, OTHER = film("squat.mp4"), film("jumping_jack.mp4")


def beside(scene, person, shift, scale):
    """A person in front of a scene, `shift` pixels to the right, `scale` times as large on the same floor."""
    height, width = person.shape[:2]
    is_person = (np.abs(person.astype(int) - person[:, :1]).max(axis=2) > 14).astype(np.uint8)
    move = np.float32([[scale, 0, (1 - scale) * width / 2 + shift], [0, scale, (1 - scale) * 400]])
    cut_out, mask = (cv2.warpAffine(each, move, (width, height)) for each in (person, is_person))
    return np.where(mask[..., None] > 0, cut_out, scene)


FILMS = {
    "alone": PATIENT,
    "crossed": [beside(scene, OTHER[0], 42 * number - 620, 1.15) for number, scene in enumerate(PATIENT)],
    "nearer": [beside(scene, other, 210, 1.35) for scene, other in zip(PATIENT, OTHER)],
    "mirrored": [np.ascontiguousarray(scene[:, ::-1]) for scene in PATIENT],
}


@pytest.fixture(scope="module")
def rounds():
    """Name of the film -> the patient's poses, and what was measured."""
    estimator = create_estimator("tf_pose")
    made = {}
    for name, pictures in FILMS.items():
        recording = Recording(0.0, estimator.layout, Timing(countdown=0.0, duration=SECONDS - 2 / RATE, framing=0.0))
        poses = []
        for number, picture in enumerate(pictures):
            recording.update(number / RATE)
            everybody = estimator.estimate(picture)
            poses.append(recording.add(number / RATE, number / RATE, everybody, (picture.shape[1], picture.shape[0])))
        sequence = recording.sequence()
        assert recording.phase is Phase.OVER and len(sequence) > 30
        made[name] = poses, analyse(replace(sequence, stamps=sequence.stamps - sequence.stamps[0]), "squat")
    estimator.close()
    return made


def knees(movement):
    """(repetitions, 2, 2) degrees: smallest and largest of the right and the left knee."""
    names = "knee_angle_r", "knee_angle_l"
    return np.degrees([[each.range_of_motion[name] for name in names] for each in movement.repetitions])


@pytest.mark.parametrize("name", ["crossed", "nearer"])
def test_the_patient_stays_the_patient_and_is_measured_as_if_alone(rounds, name):
    (alone, truth), (poses, movement) = rounds["alone"], rounds[name]
    alike = [similarity(pose, before) for pose, before in zip(poses, alone) if pose is not None]
    assert min(alike) > 0.5 and len(alike) >= len(alone) - 3  # while somebody covers her, nobody is the patient
    assert len(movement.repetitions) == len(truth.repetitions) == 1
    assert knees(movement) == pytest.approx(knees(truth), abs=6.0)


def test_the_other_person_really_is_in_the_way():
    differs = [np.abs(one.astype(int) - two).max(axis=2) > 14 for one, two in zip(FILMS["crossed"], FILMS["alone"])]
    hidden = [each[100:400, 280:360].mean() for each in differs]  # where the patient stands
    assert max(hidden) > 0.3 and hidden[0] == hidden[-1] == 0.0


def test_in_a_mirror_left_and_right_change_places(rounds):
    (poses, truth), (mirrored, movement) = rounds["alone"], rounds["mirrored"]
    assert len(movement.repetitions) == len(truth.repetitions)
    assert knees(movement)[:, ::-1] == pytest.approx(knees(truth), abs=6.0)
    width = PATIENT[0].shape[1]
    for pose, reflection in zip(poses, mirrored):
        right, left = pose.key_points[COCO_18.index("right_hip")], reflection.key_points[COCO_18.index("left_hip")]
        assert right[0] + left[0] == pytest.approx(width - 1, abs=12)
