"""How deep the joints may lie, from a picture alone: where the fit of a body begins."""

from typing import Dict

import numpy as np

from rehab_coach.kinematics.angles.body_model import HEIGHT, SEGMENTS
from rehab_coach.kinematics.geometry import facing_in_picture
from rehab_coach.kinematics.points import SIDES, BodyPoints

LEANING = (
    ("_hip", "_shoulder", "trunk", 1),
    ("_hip", "_knee", "thigh", 1),
    ("_knee", "_ankle", "shank", -1),
    ("_shoulder", "_elbow", "upper_arm", 1),
    ("_elbow", "_wrist", "forearm", 1),
    ("_ankle", "_heel", "heel", -1),
    ("_heel", "_foot_index", "foot", 1),
)
"""From which joint to which, the segment, and whether it points forwards or backwards when it looks short."""


def first_depths(joints: Dict[str, int], flat: np.ndarray, stamps: np.ndarray, seen: BodyPoints) -> np.ndarray:
    """Depths to begin with.

    How broad hips and shoulders look tells how far the person is turned away from the camera; the front of the body
    in the picture, to which side; what looks short leans forwards or, the shanks, backwards.

    Args:
        joints: index of each joint.
        flat: (T, V, 2) metres in the picture's plane at the person's distance.
        stamps: (T,) seconds.
        seen: the points in the picture, at their own stamps.

    Returns:
        float64 (T, V) metres behind the middle of the body.
    """
    depths = np.zeros(flat.shape[:2])

    def way(start: str, end: str) -> np.ndarray:
        return flat[:, joints[end]] - flat[:, joints[start]]

    # Raised arms draw the shoulders together: the broader of both counts.
    breadths = [
        -way("left_" + joint, "right_" + joint)[:, 0] / (SEGMENTS[kind].length * HEIGHT)
        for joint, kind in (("shoulder", "shoulders"), ("hip", "hips"))
    ]
    breadth = np.abs(breadths).max(axis=0) * np.sign(np.sum(breadths, axis=0))
    near = np.abs(stamps[:, None] - stamps[None]) <= 0.5
    towards = np.clip(near @ breadth / near.sum(axis=1), -1, 1)
    facing = np.interp(stamps, seen.stamps, facing_in_picture(seen))
    rightwards = -facing * np.sqrt(1 - towards**2)  # depth of a metre to the person's right
    forwards = -np.sign(towards) * np.minimum(1, 1.5 * np.abs(towards))
    for side, sign in zip(SIDES, (1, -1)):
        for joint, kind in (("_hip", "hips"), ("_shoulder", "shoulders")):
            depths[:, joints[side + joint]] = sign * rightwards * SEGMENTS[kind].length * HEIGHT / 2
        for start, end, kind, sense in LEANING:
            if side + start in joints and side + end in joints:
                length = SEGMENTS[kind].length * HEIGHT
                hidden = np.sqrt(np.maximum(length**2 - (way(side + start, side + end) ** 2).sum(axis=1), 0))
                offset = depths[:, joints[side + end]] if kind == "trunk" else depths[:, joints[side + start]]
                depths[:, joints[side + end]] = offset + sense * 0.8 * hidden * forwards
    return depths
