"""What the network sees of a frame: BlazePose's key points in the picture and its world coordinates.

Where the network has a backbone of pictures, what that sees comes behind (see `pictures`).
"""

from typing import Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

FEATURES = 33 * 6 + 2
WORLD, PICTURE, SCORES, PLACE = slice(0, 99), slice(99, 165), slice(165, 198), slice(198, 200)
"""Which of them are what; see `features_of`."""

_HIPS = [BLAZEPOSE_33.index(side + "_hip") for side in ("left", "right")]


def features_of(sequence: SkeletonSequence) -> np.ndarray:
    """Features float32 (T, 200): world coordinates, key points, scores, and where in the picture the person is.

    World coordinates are metres from between the hips. Key points are seen from between the hips, in heights of the
    person's box; the place is that of the hips, from -1 to 1 along the picture's longer side. A frame without a person
    is 0.

    Raises:
        RehabCoachError: not BlazePose's layout, or without world coordinates.
    """
    check_estimator(sequence)
    assert sequence.world is not None
    points, scores = sequence.key_points[..., :2], sequence.key_points[..., 2]
    seen = scores > 0
    hips = points[:, _HIPS].mean(axis=1)
    low = np.where(seen, points[..., 1], np.inf).min(axis=1)
    high = np.where(seen, points[..., 1], -np.inf).max(axis=1)
    height = np.where(np.isfinite(high - low), np.maximum(high - low, 1.0), 1.0)
    relative = np.where(seen[..., None], (points - hips[:, None]) / height[:, None, None], 0)
    middle, longest = np.array(sequence.size) / 2, max(sequence.size) / 2
    place = (hips - middle) / longest
    world = sequence.world - sequence.world[:, _HIPS].mean(axis=1, keepdims=True)
    frames = len(sequence)
    features = [world.reshape(frames, -1), relative.reshape(frames, -1), scores, place]
    return np.where(sequence.seen[:, None], np.concatenate(features, axis=1), 0).astype(np.float32)


def both_sides(
    sequence: SkeletonSequence, picture_features: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, np.ndarray]:
    """Features float32 (T, 200 + F) of a sequence and of its mirror image.

    Args:
        sequence: of one person.
        picture_features: (2, T, F) what a backbone sees of both, None = there is none.

    Raises:
        RehabCoachError: see `features_of`.
    """
    sides = features_of(sequence), features_of(sequence.mirror())
    if picture_features is None:
        return sides
    one, other = (
        np.concatenate([side, more.astype(np.float32)], axis=1) for side, more in zip(sides, picture_features)
    )
    return one, other


def check_estimator(sequence: SkeletonSequence) -> None:
    """RehabCoachError where the key points are not BlazePose's, or have no world coordinates."""
    if sequence.layout.name != BLAZEPOSE_33.name or sequence.world is None:
        raise RehabCoachError("these kinematics need the estimator mediapipe, whose key points are in space too")
