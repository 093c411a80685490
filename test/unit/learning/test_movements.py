import numpy as np
import pytest

from rehab_coach.benchmarks.enrolment import FRAMES, LIMBS, limb_directions
from rehab_coach.learning.movements import Recording, halves, movement_of, seen_from
from rehab_coach.skeleton import COCO_18, SkeletonSequence


def person(frames=30):
    """Somebody who stands upright and faces the camera, in metres right, down, away."""
    heights = dict(nose=-0.7, neck=-0.5, shoulder=-0.5, elbow=-0.2, wrist=0.0, hip=0.0, knee=0.45, ankle=0.9)
    world = np.zeros((frames, 18, 3))
    for number, joint in enumerate(COCO_18.joints):
        aside = -0.2 if joint.startswith("right") else 0.2 if joint.startswith("left") else 0.0
        world[:, number] = aside, heights.get(joint.split("_")[-1], -0.72), 0
    return SkeletonSequence(np.ones((frames, 18, 3)), np.arange(frames) / 15, (640, 480), world=world)


@pytest.mark.parametrize("turned", [0.0, 60.0, 150.0, -90.0])
def test_a_view_counts_from_the_persons_front(turned):
    sequence = person()
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    world = sequence.world @ np.float32([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T
    sequence = SkeletonSequence(sequence.key_points, sequence.stamps, sequence.size, world=world)
    right, left = COCO_18.index("right_shoulder"), COCO_18.index("left_shoulder")
    front = seen_from(sequence, 0, 0, 4).key_points[0]
    assert front[left, 0] - front[right, 0] == pytest.approx(0.4 * 500 / 4, rel=0.05)
    side = seen_from(sequence, 90, 0, 4).key_points[0]
    assert abs(side[left, 0] - side[right, 0]) < 1
    assert front[COCO_18.index("right_ankle"), 1] > front[COCO_18.index("nose"), 1]


def test_repetitions_are_takes():
    recording = Recording(seen_from(person(60), 0, 0, 4), "waving", "one", "virtual", ((0.0, 1.0), (1.5, 2.5)))
    assert [len(take) for take in recording.takes()] == [16, 15]
    assert len(recording._replace(repetitions=()).takes()[0]) == 60
    assert recording.movement == "wave" == movement_of("wave")


def test_halves_are_of_names():
    assert halves(["b", "a", "c", "a"]) == {"a": 0, "b": 1, "c": 0}


def test_limbs_are_compared_by_their_direction():
    near, far = (limb_directions(seen_from(person(), 0, 0, distance)) for distance in (3, 6))
    assert near.shape == (FRAMES, 2 * len(LIMBS))
    np.testing.assert_allclose(near, far, atol=1e-3)
    lengths = np.linalg.norm(near.reshape(FRAMES, -1, 2), axis=-1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)
    hidden = seen_from(person(), 0, 0, 3)
    hidden.key_points[:, COCO_18.index("left_wrist")] = 0
    assert (np.linalg.norm(limb_directions(hidden).reshape(FRAMES, -1, 2), axis=-1) == 0).any(axis=0).sum() == 1
