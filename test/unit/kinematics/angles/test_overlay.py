import numpy as np

from rehab_coach.kinematics.angles.overlay import draw_frame
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.skeleton import COCO_18, SkeletonSequence


def drawn(name, value):
    """Where a picture changes when this angle is known rather than missing."""
    points = np.random.default_rng(1).uniform(50, 250, (1, 18, 3)).astype(np.float32)
    points[..., 2] = 0.9
    sequence = SkeletonSequence(points, np.zeros(1), (300, 300), COCO_18)
    pictures = []
    for each in (np.nan, value):
        picture = np.zeros((300, 300, 3), np.uint8)
        values = np.full((1, 1), each)
        draw_frame(picture, sequence, JointAngles((name,), np.zeros(1), values, np.full((1, 1), 0.1), "test"), [], 0)
        pictures.append(picture)
    return (pictures[0] != pictures[1]).any()


def test_angles_are_written_where_a_source_has_them():
    assert drawn("knee_angle_r", 1.0)
    assert not drawn("pelvis_list", 1.0)  # no place in the picture, and every other angle is missing
