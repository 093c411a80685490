"""What a backbone sees of the person in a film's pictures: computed once, kept beside the film.

FILMS/clips/NAME.mp4      the film, as `rehab-coach render --plan` makes it
FILMS/BACKBONE/NAME.npz   what the backbone sees of it
"""

import hashlib
import os
import zipfile
from typing import Iterable, List, Tuple

import cv2
import numpy as np

from rehab_coach.direct_kinematics.backbones import Backbone
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.video import VideoSource

CLIPS = "clips"
SIDE = 224
"""Pixels of what is cut out."""
MARGIN = 1.25
"""How much larger than the key points it is: hair and hands are beyond them."""
TOGETHER = 16
"""Pictures that a backbone looks at at a time."""
SHORT = 0.2
"""Seconds by which a film may end before its skeletons."""
LATE = 1e-3
"""Seconds by which stamps of the same picture may differ."""


def cut_out(picture: np.ndarray, key_points: np.ndarray) -> np.ndarray:
    """The square around a person, uint8 (SIDE, SIDE, 3), black beyond the picture.

    Args:
        picture: uint8 (H, W, 3).
        key_points: (K, 3) of the person, at least one of whom is seen.
    """
    points = key_points[key_points[:, 2] > 0, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    side = MARGIN * max(float((high - low).max()), 1.0)
    scale, corner = (SIDE - 1) / side, (low + high - side) / 2
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE))


def look(backbone: Backbone, pictures: Iterable[Tuple[np.ndarray, float]], sequence: SkeletonSequence) -> np.ndarray:
    """What a backbone sees of a person, and of the mirror image: float16 (2, T, F), 0 where nobody is seen.

    Args:
        backbone: which looks.
        pictures: of the film, with their stamps. A frame gets the first picture that is not earlier, the last frame
            the last one.
        sequence: who is looked at, at any rate.

    Raises:
        RehabCoachError: the film ends before the sequence does.
    """
    film = iter(pictures)
    picture, stamp = next(film, (None, -np.inf))
    waiting: List[np.ndarray] = []
    seen: List[np.ndarray] = []
    for key_points, due in zip(sequence.key_points, sequence.stamps):
        while stamp < due - LATE:
            later = next(film, None)
            if later is None:
                break
            picture, stamp = later
        if picture is None or stamp < due - SHORT:
            raise RehabCoachError(
                "the film ends after %.1f s, its skeletons do not: estimate them anew" % max(stamp, 0)
            )
        if (key_points[:, 2] > 0).any():
            waiting.append(cut_out(picture, key_points))
        if len(waiting) == TOGETHER:
            seen.append(_both(backbone, waiting))
            waiting = []
    seen.append(_both(backbone, waiting or [np.zeros((SIDE, SIDE, 3), np.uint8)]))
    found = np.concatenate(seen, axis=1)
    everything = np.zeros((2, len(sequence), found.shape[2]), np.float16)
    everything[:, sequence.seen] = found[:, : sequence.seen.sum()]
    return everything


def _both(backbone: Backbone, cut: List[np.ndarray]) -> np.ndarray:
    """Of pictures and their mirror images, (2, N, F)."""
    pictures = np.stack(cut)
    return np.stack([backbone(pictures), backbone(pictures[:, :, ::-1])])


def look_at_film(backbone: Backbone, folder: str, name: str, sequence: SkeletonSequence) -> np.ndarray:
    """The same of one film of a folder, as it was kept there; now, and kept, where it was not.

    Raises:
        RehabCoachError: there is no such film, or it ends before the sequence does.
    """
    kept = os.path.join(folder, backbone.name, name + ".npz")
    # Other weights see something else, and other key points cut out something else.
    made_of = "%s %s" % (backbone.weights, hashlib.sha256(sequence.key_points.tobytes()).hexdigest())
    if os.path.exists(kept):
        try:
            with np.load(kept, allow_pickle=False) as arrays:
                seen, before = arrays["seen"], str(arrays["made_of"])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise RehabCoachError("%s is damaged: remove it, and it is made again" % kept) from error
        if before == made_of:
            return seen
    film = os.path.join(folder, CLIPS, name + ".mp4")
    if not os.path.exists(film):
        raise RehabCoachError(
            "%s is missing, which the backbone %s looks at: render the same plan into the same folder once more, "
            "without --skeletons-only" % (film, backbone.name)
        )
    with VideoSource(film) as source:
        seen = look(backbone, source.read(), sequence)
    with written_whole(kept) as temporary:
        np.savez_compressed(temporary, seen=seen, made_of=np.array(made_of))
    return seen
