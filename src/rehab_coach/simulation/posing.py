"""From joint angles to where every bone is: forward kinematics, feet and hands held where they belong.

Axes are the body model's: metres, z up, x to the person's left, the person faces -y. A *turn* is a rotation
(3, 3) of a body segment in these axes, relative to a person who stands upright with hanging arms; all turns
are identity there.
"""

from typing import Dict, Tuple

import numpy as np

from rehab_coach.simulation.motions import Motion

DOWN, FORWARD, LEFT = np.array([0.0, 0.0, -1.0]), np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])
PALM_HEIGHT = 0.035  # the wrist's height over a floor that the palm lies on, metres
BAR_CLEARANCE = 0.10  # between the hanging feet and the floor, metres

SPINE = {"spine05": 0.1, "spine04": 0.35, "spine03": 0.6, "spine02": 0.85, "spine01": 1.0}
NECK = {"neck01": 0.3, "neck02": 0.5, "neck03": 0.75, "head": 1.0}


def rotation(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) by `angle` (...) radians about a unit axis (Rodrigues' formula)."""
    angle = np.asarray(angle, float)[..., None, None]
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def frame(along: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """Orthonormal frames (..., 3, 3) whose columns are `along`, `hinge` and their cross product."""
    along = unit(along)
    hinge = unit(hinge - np.sum(hinge * along, axis=-1, keepdims=True) * along)
    return np.stack(np.broadcast_arrays(along, hinge, np.cross(along, hinge)), axis=-1)


def _flexion(angle: np.ndarray) -> np.ndarray:
    """About OpenSim's axis to the right: what hangs down swings forwards."""
    return rotation(-LEFT, angle)


def _ball_joint(flexion: np.ndarray, adduction: np.ndarray, inwards: np.ndarray, side: str) -> np.ndarray:
    """OpenSim's order of hip and shoulder: flexion, adduction, rotation; left is right's mirror image."""
    sign = 1.0 if side == "R" else -1.0
    return _flexion(flexion) @ rotation(FORWARD, sign * adduction) @ rotation(-DOWN, sign * inwards)


class Skeleton:
    """The bones of one body at rest.

    Args:
        labels: the names of the bones (anny's), parents before children.
        parents: index of each bone's parent, -1 for the root.
        heads: float (B, 3) where each bone begins in the rest pose, metres.
        heels: where the heels of "R" and "L" touch the floor at rest, each (3,).
    """

    def __init__(self, labels, parents, heads: np.ndarray, heels: Dict[str, np.ndarray]):
        self.labels, self.parents = list(labels), list(parents)
        self.heads, self.heels = np.asarray(heads), heels
        self.index = {label: number for number, label in enumerate(self.labels)}
        self._neutral = self._neutral_turns()
        self.thigh = self.length("upperleg01.R", "lowerleg01.R")
        self.shank = self.length("lowerleg01.R", "foot.R")
        self.upper_arm = self.length("upperarm01.R", "lowerarm01.R")
        self.forearm = self.length("lowerarm01.R", "wrist.R")

    def length(self, start: str, end: str) -> float:
        """Metres between two bones' heads."""
        return float(np.linalg.norm(self.heads[self.index[end]] - self.heads[self.index[start]]))

    def _between(self, start: str, end: str) -> np.ndarray:
        return self.heads[self.index[end]] - self.heads[self.index[start]]

    def _neutral_turns(self) -> Dict[str, np.ndarray]:
        """Rotations from the rest pose (arms and legs apart, elbows bent) to standing upright."""
        turns = {}
        for side in "RL":
            thigh = self._between("upperleg01." + side, "lowerleg01." + side)
            shank = self._between("lowerleg01." + side, "foot." + side)
            turns["thigh" + side] = frame(DOWN, LEFT) @ frame(thigh, LEFT).T
            turns["shank" + side] = frame(DOWN, LEFT) @ frame(shank, LEFT).T
            upper = self._between("upperarm01." + side, "lowerarm01." + side)
            fore = self._between("lowerarm01." + side, "wrist." + side)
            # The elbows are bent at rest, which tells where their hinge is; upright it points to the right.
            hinge = np.cross(upper, fore)
            turns["upper_arm" + side] = frame(DOWN, -LEFT) @ frame(upper, hinge).T
            turns["forearm" + side] = frame(DOWN, -LEFT) @ frame(fore, hinge).T
        return turns

    def segment(self, label: str) -> Tuple[str, str]:
        """Which segment a bone moves with (a key of the turns), and which neutral rotation it needs."""
        side = label[-1] if label[-2:] in (".R", ".L") else ""
        stem = label[:-2] if side else label
        for names, segment, neutral in (
            (("upperleg",), "thigh", "thigh"),
            (("lowerleg",), "shank", "shank"),
            (("foot",), "foot", ""),
            (("toe",), "toes", ""),
            (("clavicle", "shoulder"), "clavicle", ""),
            (("upperarm",), "upper_arm", "upper_arm"),
            (("lowerarm01",), "forearm", "forearm"),
            (("lowerarm02",), "twist", "forearm"),
            (("wrist", "metacarpal"), "hand", "forearm"),
        ):
            if stem.startswith(names):
                return segment + side, neutral + side if neutral else ""
        if stem.startswith("finger"):
            return ("thumb" if stem.startswith("finger1") else "hand" + stem[-1]) + side, "forearm" + side
        if stem in SPINE or stem in NECK:
            return stem, ""
        return ("head" if stem == "eye" else "spine01" if stem == "breast" else "pelvis"), ""

    def turn(self, rotations: np.ndarray, label: str) -> np.ndarray:
        """The turn (..., 3, 3) of the segment that a bone moves with, from the bones' rotations (..., B, 3, 3)."""
        neutral = self.segment(label)[1]
        rotation_from_rest = rotations[..., self.index[label], :, :]
        return rotation_from_rest @ self._neutral[neutral].T if neutral else rotation_from_rest

    def place(self, turns: Dict[str, np.ndarray], root: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Where all bones are.

        Args:
            turns: segment -> (T, 3, 3).
            root: (T, 3) position of the root bone's head.

        Returns:
            rotations from rest (T, B, 3, 3) and heads (T, B, 3).
        """
        frames = len(root)
        rotations, heads = np.empty((frames, len(self.labels), 3, 3)), np.empty((frames, len(self.labels), 3))
        for bone, label in enumerate(self.labels):
            segment, neutral = self.segment(label)
            turn = turns[segment]
            rotations[:, bone] = turn @ self._neutral[neutral] if neutral else turn
            parent = self.parents[bone]
            heads[:, bone] = (
                root
                if parent < 0
                else heads[:, parent] + (rotations[:, parent] @ (self.heads[bone] - self.heads[parent]))
            )
        return rotations, heads

    def follow(self, rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Heads (B, 3) of the bones of one frame, from their rotations (B, 3, 3) and the root's head (3,)."""
        heads = np.empty_like(self.heads)
        for bone, parent in enumerate(self.parents):
            offset = self.heads[bone] - self.heads[parent]
            heads[bone] = root if parent < 0 else heads[parent] + rotations[parent] @ offset
        return heads


def turns_of(motion: Motion) -> Dict[str, np.ndarray]:
    """The turn (T, 3, 3) of every body segment, from the angles alone."""
    angles = motion.angles
    pelvis = (
        rotation(-DOWN, angles["pelvis_rotation"])
        @ rotation(FORWARD, angles["pelvis_list"])
        @ _flexion(angles["pelvis_tilt"])
    )
    turns = {"pelvis": pelvis}
    for label, share in SPINE.items():
        turns[label] = (
            pelvis
            @ _flexion(share * angles["lumbar_extension"])
            @ rotation(FORWARD, share * angles["lumbar_bending"])
            @ rotation(-DOWN, share * angles["lumbar_rotation"])
        )
    for label, share in NECK.items():
        turns[label] = (
            turns["spine01"]
            @ _flexion(share * angles["neck_extension"])
            @ rotation(-DOWN, share * angles["neck_rotation"])
        )
    for side in "RL":
        _add_leg(turns, angles, side)
        _add_arm(turns, angles, side)
    return turns


def _add_leg(turns, angles, side: str) -> None:
    end = "_" + side.lower()
    turns["thigh" + side] = turns["pelvis"] @ _ball_joint(
        angles["hip_flexion" + end], angles["hip_adduction" + end], angles["hip_rotation" + end], side
    )
    turns["shank" + side] = turns["thigh" + side] @ _flexion(-angles["knee_angle" + end])
    turns["foot" + side] = turns["shank" + side] @ _flexion(angles["ankle_angle" + end])
    turns["toes" + side] = turns["foot" + side] @ _flexion(angles["mtp_angle" + end])


def _add_arm(turns, angles, side: str) -> None:
    end, sign = "_" + side.lower(), 1.0 if side == "R" else -1.0
    # Above some 40 degrees of elevation the shoulder girdle takes part of the way (scapulohumeral rhythm).
    shoulder = _ball_joint(angles["arm_flex" + end], angles["arm_add" + end], angles["arm_rot" + end], side)
    elevation = np.arccos(np.clip((shoulder @ DOWN) @ DOWN, -1, 1))
    raised = 0.22 * np.clip(elevation - np.radians(40), 0, None)
    turns["clavicle" + side] = turns["spine01"] @ rotation(FORWARD, -sign * raised)
    turns["upper_arm" + side] = turns["spine01"] @ shoulder
    turns["forearm" + side] = turns["upper_arm" + side] @ _flexion(angles["elbow_flex" + end])
    add_hand(turns, angles, side)


def add_hand(turns, angles, side: str) -> None:
    """The hand and what turns with it, from the forearm."""
    end, sign = "_" + side.lower(), 1.0 if side == "R" else -1.0
    forearm, pronation = turns["forearm" + side], sign * angles["pro_sup" + end]
    turns["twist" + side] = forearm @ rotation(-DOWN, 0.5 * pronation)
    turns["hand" + side] = forearm @ rotation(-DOWN, pronation) @ rotation(FORWARD, sign * angles["wrist_flex" + end])
    add_fingers(turns, angles, side)


def add_fingers(turns, angles, side: str) -> None:
    """Turn the thumb with its hand, and each knuckle of the fingers by its share of "finger_flex"."""
    end, sign = "_" + side.lower(), 1.0 if side == "R" else -1.0
    turns["thumb" + side] = turns["hand" + side]
    for knuckle in (1, 2, 3):
        turns["hand%d%s" % (knuckle, side)] = turns["hand" + side] @ rotation(
            FORWARD, sign * knuckle * angles["finger_flex" + end]
        )


def reach(
    turns,
    upper: str,
    lower: str,
    start: np.ndarray,
    end: np.ndarray,
    lengths: Tuple[float, float],
    bend: np.ndarray,
    hinge: np.ndarray,
) -> None:
    """Two-bone inverse kinematics: turn two segments so that the limb leads from `start` to `end`.

    Args:
        turns: changed in place at the segments `upper` and `lower`.
        start, end: (T, 3); an end out of reach is approached as far as the limb is long.
        lengths: of the two segments, metres.
        bend: (T, 3) or (3,), the side to which the knee or elbow points.
        hinge: (3,) the hinge's direction when the person stands upright.
    """
    first, second = lengths
    along = end - start
    distance = np.clip(
        np.linalg.norm(along, axis=-1, keepdims=True), abs(first - second) + 1e-4, (first + second) * 0.9999
    )
    along = unit(along)
    aside = unit(bend - np.sum(bend * along, axis=-1, keepdims=True) * along)
    near = (first**2 - second**2 + distance**2) / (2 * distance)
    away = np.sqrt(np.clip(first**2 - near**2, 0, None))
    axis = np.cross(aside, along)
    neutral = frame(DOWN, hinge).T
    turns[upper] = frame(near * along + away * aside, axis) @ neutral
    turns[lower] = frame((distance - near) * along - away * aside, axis) @ neutral
