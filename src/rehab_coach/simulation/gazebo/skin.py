"""The skeleton of Gazebo's own skin `walk.dae`, moved by the same solver as the rendered patient.

The skin's bones have the names of the Carnegie Mellon motion capture database. It is bound to them in a T-pose:
arms sideways, palms down, everything else straight. Its axes here are those of the database: metres, x to the
person's left, y up, z forwards, from between the hips; a BVH file for it has its joints in this order.
"""

from typing import NamedTuple, Tuple

import numpy as np

from rehab_coach.simulation.motions import Motion
from rehab_coach.simulation.posing import Skeleton
from rehab_coach.simulation.solver import solve

FLOOR = -1.062  # y of the soles
HEEL = 0.0  # z of the heels' ends


class Bone(NamedTuple):
    """One joint of the skin.

    Attributes:
        name: as the skin calls it.
        parent: name of the joint that it hangs on, "" for the root.
        place: metres, where it is in the T-pose.
        moves_with: the bone of the body model whose rotation it takes.
    """

    name: str
    parent: str
    place: Tuple[float, float, float]
    moves_with: str


BONES = (
    Bone("Hips", "", (0.0, 0.0, 0.0), "root"),
    Bone("LHipJoint", "Hips", (0.0, 0.0, 0.0), "root"),
    Bone("LeftUpLeg", "LHipJoint", (0.098, -0.110, 0.045), "upperleg01.L"),
    Bone("LeftLeg", "LeftUpLeg", (0.090, -0.546, 0.045), "lowerleg01.L"),
    Bone("LeftFoot", "LeftLeg", (0.082, -0.991, 0.045), "foot.L"),
    Bone("LeftToeBase", "LeftFoot", (0.081, -1.029, 0.177), "toe2-1.L"),
    Bone("RHipJoint", "Hips", (0.0, 0.0, 0.0), "root"),
    Bone("RightUpLeg", "RHipJoint", (-0.093, -0.110, 0.045), "upperleg01.R"),
    Bone("RightLeg", "RightUpLeg", (-0.085, -0.551, 0.045), "lowerleg01.R"),
    Bone("RightFoot", "RightLeg", (-0.077, -0.991, 0.045), "foot.R"),
    Bone("RightToeBase", "RightFoot", (-0.076, -1.038, 0.183), "toe2-1.R"),
    Bone("LowerBack", "Hips", (0.0, 0.0, 0.0), "spine05"),
    Bone("Spine", "LowerBack", (0.0, 0.132, 0.026), "spine03"),
    Bone("Spine1", "Spine", (0.003, 0.265, 0.024), "spine01"),
    Bone("Neck", "Spine1", (0.003, 0.265, 0.024), "neck01"),
    Bone("Neck1", "Neck", (0.004, 0.378, 0.039), "neck03"),
    Bone("Head", "Neck1", (0.004, 0.468, 0.025), "head"),
    Bone("LeftShoulder", "Spine1", (0.003, 0.265, 0.024), "clavicle.L"),
    Bone("LeftArm", "LeftShoulder", (0.207, 0.314, -0.018), "upperarm01.L"),
    Bone("LeftForeArm", "LeftArm", (0.527, 0.314, -0.018), "lowerarm01.L"),
    Bone("LeftHand", "LeftForeArm", (0.760, 0.314, -0.018), "wrist.L"),
    Bone("LeftFingerBase", "LeftHand", (0.760, 0.314, -0.018), "wrist.L"),
    Bone("LeftHandIndex1", "LeftFingerBase", (0.792, 0.314, -0.018), "wrist.L"),
    Bone("LThumb", "LeftHand", (0.760, 0.314, -0.018), "wrist.L"),
    Bone("RightShoulder", "Spine1", (0.003, 0.265, 0.024), "clavicle.R"),
    Bone("RightArm", "RightShoulder", (-0.187, 0.330, -0.003), "upperarm01.R"),
    Bone("RightForeArm", "RightArm", (-0.516, 0.330, -0.003), "lowerarm01.R"),
    Bone("RightHand", "RightForeArm", (-0.749, 0.330, -0.003), "wrist.R"),
    Bone("RightFingerBase", "RightHand", (-0.749, 0.330, -0.003), "wrist.R"),
    Bone("RightHandIndex1", "RightFingerBase", (-0.795, 0.330, -0.003), "wrist.R"),
    Bone("RThumb", "RightHand", (-0.749, 0.330, -0.003), "wrist.R"),
)
"""Measured on Gazebo 11's skin; in depth-first order, as Gazebo pairs the joints of a skin and of a BVH file."""

NAMES = tuple(bone.name for bone in BONES)
PARENTS = tuple(NAMES.index(bone.parent) if bone.parent else -1 for bone in BONES)
PLACES = np.array([bone.place for bone in BONES])

# From the body model's axes (x left, y backwards, z up) to the skin's.
TO_SKIN = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
TO_WORLD = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""From the skin's axes to a world with z up in which the person faces along x."""


def make_skeleton() -> Skeleton:
    """The skin's bones as the solver knows a body: one bone of each label, the first that has it."""
    labels = list(dict.fromkeys(bone.moves_with for bone in BONES))
    first = [next(number for number, bone in enumerate(BONES) if bone.moves_with == label) for label in labels]
    parents = []
    for number in first:
        parent = PARENTS[number]
        parents.append(labels.index(BONES[parent].moves_with) if parent >= 0 else -1)
    heads = PLACES[first] @ TO_SKIN
    # The body model's elbows are a little bent at rest, which tells the solver where their hinges are.
    for label in ("wrist.L", "wrist.R"):
        heads[labels.index(label), 1] -= 0.001
    heels = {
        side: np.array([heads[labels.index("foot." + side), 0], -HEEL, FLOOR])  # on the sole, below the ankle
        for side in "RL"
    }
    return Skeleton(labels, parents, heads, heels)


def pose(skeleton: Skeleton, motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
    """How the skin does a motion.

    Args:
        skeleton: from `make_skeleton`.
        motion: from `make_motion`.

    Returns:
        turns (T, 31, 3, 3) of each joint from the T-pose, against the room, and the path (T, 3) of the hips, both in
        the skin's axes; the floor is at y = 0.
    """
    rotations, heads = solve(skeleton, motion)
    turns = TO_SKIN @ rotations[:, [skeleton.index[bone.moves_with] for bone in BONES]] @ TO_SKIN.T
    return turns, heads[:, 0] @ TO_SKIN.T


def joints(turns: np.ndarray, hips: np.ndarray) -> np.ndarray:
    """Where all joints (..., 31, 3) are, from their turns (..., 31, 3, 3) and the hips' places (..., 3)."""
    places = np.empty(turns.shape[:-1])
    for number, parent in enumerate(PARENTS):
        offset = PLACES[number] - PLACES[parent]
        places[..., number, :] = hips if parent < 0 else places[..., parent, :] + turns[..., parent, :, :] @ offset
    return places
