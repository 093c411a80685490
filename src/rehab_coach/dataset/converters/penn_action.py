"""Penn Action (Zhang, Zhu and Derpanis 2013): 2-D joints of 2,326 videos of 15 actions, marked by hand.

SOURCE/labels/0001.mat ...   action, pose (where the camera stands), train, x and y (T, 13), visibility (T, 13)
SOURCE/frames/               the pictures; not needed
"""

import os
from typing import List, Optional, Tuple

import numpy as np

from rehab_coach.dataset.converters.public_set import PublicSet, check_places, files_like, read_matlab
from rehab_coach.dataset.sequences import FLAT, Recording
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import label_of_action
from rehab_coach.skeleton import COCO_18

JOINTS = (
    "nose right_shoulder left_shoulder right_elbow left_elbow right_wrist left_wrist "
    "right_hip left_hip right_knee left_knee right_ankle left_ankle"
).split()
"""In the set's order. Its description calls the second joint the left shoulder; seen from the front it is the one on
the left of the picture, from behind the one on the right: the person's right one. The first is the head."""

RATE = 30.0
"""Frames per second; the set does not say."""

NOWHERE = 2.0
"""Pixels from the corner of the picture: there lie hidden joints that nobody could place."""

HIDDEN = 0.5
"""Score of joints that were guessed behind something."""

HANGING = 0.2
"""Parts of the trunk's length that the wrists hang below the hips of somebody who stands upright with a barbell."""


class PennAction(PublicSet):
    """See the module."""

    title = "Penn Action (Zhang, Zhu and Derpanis 2013)"
    file = FLAT
    layout = "labels/0001.mat ..."

    def files(self, folder: str, everything: bool) -> List[str]:
        """See `PublicSet`."""
        return files_like(folder, "labels/[0-9][0-9][0-9][0-9].mat")

    def read(self, path: str, everything: bool) -> Optional[Recording]:
        """See `PublicSet`; without `everything` the set's own training part."""
        content = read_matlab(path, "action", "pose", "train", "x", "y", "visibility")
        action, view = (_word(content[name], name, path) for name in ("action", "pose"))
        if not everything and np.ravel(content["train"])[:1] != [1]:
            return None
        frames = key_points(path, content["x"], content["y"], content["visibility"])
        further = {}
        if action == "clean_and_jerk":
            pull = first_pull(frames)
            further["deadlift_pulls"] = "%d:%d" % pull if pull else ""
        name = os.path.splitext(os.path.basename(path))[0]
        return Recording(action, label_of_action(action), "penn_vid" + name, RATE, frames, view, further)


def _word(value: np.ndarray, name: str, path: str) -> str:
    if value.size != 1 or value.dtype.kind != "U":
        raise RehabCoachError("%s: '%s' must be a word" % (path, name))
    return str(value.ravel()[0])


def key_points(path: str, x: np.ndarray, y: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """Key points in pixels, float32 (T, 18, 3), from what the set has for each of its joints, (T, 13) each."""
    if x.shape != y.shape or x.shape != visibility.shape:
        raise RehabCoachError("%s: x, y and visibility have different sizes" % path)
    places = check_places(path, np.stack([x, y], axis=-1), len(JOINTS), 2)
    frames = np.zeros((len(places), len(COCO_18), 3), np.float32)
    order = [COCO_18.index(joint) for joint in JOINTS]
    frames[:, order, :2] = places
    frames[:, order, 2] = np.where(visibility > 0, 1.0, HIDDEN)
    nowhere = (visibility == 0) & (places < NOWHERE).all(axis=-1)
    frames[:, order] *= ~nowhere[..., None]
    # The neck is in the middle of the shoulders, as certain as the less certain of both.
    neck, right, left = (COCO_18.index(joint) for joint in ("neck", "right_shoulder", "left_shoulder"))
    frames[:, neck, :2] = (frames[:, right, :2] + frames[:, left, :2]) / 2
    frames[:, neck, 2] = np.minimum(frames[:, right, 2], frames[:, left, 2])
    frames[frames[:, neck, 2] == 0, neck] = 0
    return frames


def first_pull(frames: np.ndarray) -> Optional[Tuple[int, int]]:
    """First and last frame in which the barbell of a clean and jerk comes up from the floor to the thighs.

    Args:
        frames: key points (T, 18, 3).

    Returns:
        None where the clip does not begin with it.
    """

    def height(joint: str) -> np.ndarray:  # of both sides, or of the one that is seen
        sides = frames[:, [COCO_18.index(side + joint) for side in ("right_", "left_")]]
        seen = (sides[..., 2] > 0).astype(float)
        return np.where(seen.any(axis=1), (sides[..., 1] * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1), np.nan)

    hips = height("hip")
    trunk = np.abs(hips - height("shoulder"))
    if np.isnan(trunk).all():
        return None
    below = (height("wrist") - hips) / max(float(np.nanmedian(trunk)), 1e-6)
    up = np.flatnonzero(below <= HANGING)
    return (0, int(up[0])) if len(up) and up[0] > 1 else None
