"""Which joints a skeleton has, in which order, and how they are connected."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np


@dataclass(frozen=True)
class Layout:
    """The order of the joints of one key-point set.

    Attributes:
        name: what files and contracts call it.
        joints: joint names in order; left and right are the person's own.
        limbs: pairs of joint indices that are drawn (and, in the network, connected) by a bone.
        mirror: for each joint the index of its counterpart on the other side; itself where there is none.
    """

    name: str
    joints: Tuple[str, ...]
    limbs: Tuple[Tuple[int, int], ...]
    mirror: Tuple[int, ...]

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Index of a joint by its name; ValueError if the layout has no such joint."""
        return self.joints.index(joint)


def _layout(name: str, joints: str, limbs: str) -> Layout:
    names = tuple(joints.split())
    ends = [limb.split("-") for limb in limbs.split()]
    pairs = tuple((names.index(first), names.index(second)) for first, second in ends)

    def counterpart(joint: str) -> str:
        if joint.startswith("left_"):
            return "right_" + joint[len("left_") :]
        if joint.startswith("right_"):
            return "left_" + joint[len("right_") :]
        return {"mouth_left": "mouth_right", "mouth_right": "mouth_left"}.get(joint, joint)

    return Layout(name, names, pairs, tuple(names.index(counterpart(joint)) for joint in names))


COCO_18 = _layout(
    "coco_18",
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear",
    "neck-nose neck-right_shoulder right_shoulder-right_elbow right_elbow-right_wrist "
    "neck-left_shoulder left_shoulder-left_elbow left_elbow-left_wrist "
    "neck-right_hip right_hip-right_knee right_knee-right_ankle "
    "neck-left_hip left_hip-left_knee left_knee-left_ankle "
    "nose-right_eye right_eye-right_ear nose-left_eye left_eye-left_ear",
)
"""OpenPose's 18 key points: the 17 of COCO and the neck (the middle of the shoulders)."""

BLAZEPOSE_33 = _layout(
    "blazepose_33",
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
    "mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_pinky right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee "
    "left_ankle right_ankle left_heel right_heel left_foot_index right_foot_index",
    "left_shoulder-right_shoulder left_shoulder-left_elbow left_elbow-left_wrist right_shoulder-right_elbow "
    "right_elbow-right_wrist left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip "
    "left_hip-left_knee left_knee-left_ankle right_hip-right_knee right_knee-right_ankle "
    "left_ankle-left_heel left_heel-left_foot_index right_ankle-right_heel right_heel-right_foot_index "
    "nose-left_eye left_eye-left_ear nose-right_eye right_eye-right_ear",
)
"""MediaPipe Pose's 33 landmarks, with heels and toes."""

LAYOUTS = {layout.name: layout for layout in (COCO_18, BLAZEPOSE_33)}


def get_layout(name: str) -> Layout:
    """Layout by name; ValueError names the layouts that exist."""
    if name not in LAYOUTS:
        raise ValueError("unknown joint layout '%s'; known: %s" % (name, ", ".join(sorted(LAYOUTS))))
    return LAYOUTS[name]


_COCO_FROM_BLAZEPOSE = np.array([-1 if joint == "neck" else BLAZEPOSE_33.index(joint) for joint in COCO_18.joints])


def to_coco_18(key_points: np.ndarray, layout: Layout) -> np.ndarray:
    """The COCO-18 view of key points in another layout.

    BlazePose has no neck: it becomes the middle of the shoulders with the smaller of their scores.

    Args:
        key_points: (..., V, 3) x, y, score.
        layout: the layout that they are in.

    Returns:
        (..., 18, 3), the same array if it is COCO-18 already.
    """
    if layout.name == COCO_18.name:
        return key_points
    coco = key_points[..., _COCO_FROM_BLAZEPOSE, :].copy()
    neck, right, left = (COCO_18.index(joint) for joint in ("neck", "right_shoulder", "left_shoulder"))
    coco[..., neck, :2] = (coco[..., right, :2] + coco[..., left, :2]) / 2
    coco[..., neck, 2] = np.minimum(coco[..., right, 2], coco[..., left, 2])
    return coco
