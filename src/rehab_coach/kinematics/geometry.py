"""From points to angles: the formulas, in space and in the picture."""

from typing import Dict

import numpy as np

from rehab_coach.kinematics.points import SIDES, BodyPoints

UP = np.array([0.0, -1.0, 0.0])
"""Against gravity for a camera that is held level: y points down."""


LUMBAR_SHARE = 0.18
"""Of the angle between trunk and thighs, how much is bending of the lumbar spine and not of the hips.

Least squares over squats, inline and side lunges and sitting down of eight people with markers on the pelvis
(UI-PRMD); 0.17 to 0.21 for each movement, 0.14 to 0.28 for seven of the people, 0 for the eighth."""


SIDEWAYS = np.sin(np.radians(60))
"""An arm that points so far to the side is neither before nor behind: arm_flex is missing."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) of length 1; NaN where there is no direction."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 1e-9, length, np.nan)


def dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Scalar product along the last axis."""
    return (first * second).sum(axis=-1)


def between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angle between vectors, 0..pi: never jumps, whatever side they bend to."""
    return 2 * np.arctan2(
        np.linalg.norm(unit(first) - unit(second), axis=-1), np.linalg.norm(unit(first) + unit(second), axis=-1)
    )


def around(angles: np.ndarray, middle: float) -> np.ndarray:
    """The same directions within half a turn of `middle`, so that a joint's range holds no jump by a whole turn."""
    return (angles - np.radians(middle) + np.pi) % (2 * np.pi) - np.pi + np.radians(middle)


def angles_in_space(points: BodyPoints, up: np.ndarray = UP) -> Dict[str, np.ndarray]:
    """Joint angles from points in space.

    The trunk's frame is OpenSim's: y from the pelvis to the neck, z to the person's right (hips for the legs,
    shoulders for arms and head), x forwards. Flexion is the first of OpenSim's rotations (about z), adduction the
    second (about x); a segment's direction gives both.

    Args:
        points: with D = 3.
        up: (3,) direction against gravity.

    Returns:
        For each angle float64 (T,) radians.
    """
    trunk = unit(points.vector("pelvis", "neck"))
    angles = {}
    hips, shoulders = (
        _forward(trunk, points.vector("left_" + joint, "right_" + joint)) for joint in ("hip", "shoulder")
    )
    for side, letter, outwards in zip(SIDES, "rl", (1, -1)):
        thigh = points.vector(side + "_hip", side + "_knee")
        shank = points.vector(side + "_knee", side + "_ankle")
        foot = points.vector(side + "_heel", side + "_foot_index")
        upper_arm = points.vector(side + "_shoulder", side + "_elbow")
        forearm = points.vector(side + "_elbow", side + "_wrist")
        right = np.cross(hips, trunk)
        angles["hip_flexion_" + letter] = around(np.arctan2(dot(thigh, hips), -dot(thigh, trunk)), 45)
        angles["hip_adduction_" + letter] = -outwards * np.arcsin(np.clip(dot(unit(thigh), right), -1, 1))
        angles["knee_angle_" + letter] = between(thigh, shank)
        angles["ankle_angle_" + letter] = np.pi / 2 - between(foot, -shank)
        aside = np.abs(dot(unit(upper_arm), np.cross(shoulders, trunk))) > SIDEWAYS
        forwards = np.arctan2(dot(upper_arm, shoulders), -dot(upper_arm, trunk))
        angles["arm_flex_" + letter] = np.where(aside, np.nan, around(forwards, 60))
        angles["shoulder_elv_" + letter] = between(upper_arm, -trunk)
        angles["elbow_flex_" + letter] = between(upper_arm, forearm)
    head = points.vector("neck", "head")
    angles["neck_flexion"] = np.arctan2(dot(head, shoulders), dot(head, trunk))
    across = points.vector("left_hip", "right_hip")
    ahead = unit(np.cross(up, across))
    angles["trunk_lean"] = around(np.arctan2(dot(trunk, ahead), trunk @ up), 45)
    return _with_pelvis(angles)


def _forward(trunk: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The person's forward direction: across the trunk and the line from left to right."""
    return unit(np.cross(trunk, across))


def angles_in_picture(points: BodyPoints, facing: np.ndarray) -> Dict[str, np.ndarray]:
    """Joint angles as they look in the picture: right for a person seen from the side.

    Args:
        points: with D = 2.
        facing: (T,) +1: the front of the body is to the right of a person standing in the picture, -1: to the left.

    Returns:
        As from `angles_in_space`; hip_adduction is left out, because it cannot be seen from the side.
    """
    trunk = unit(points.vector("pelvis", "neck"))
    ahead = _turned(trunk) * facing[:, None]
    angles = {}
    for side, letter in zip(SIDES, "rl"):
        thigh = points.vector(side + "_hip", side + "_knee")
        shank = points.vector(side + "_knee", side + "_ankle")
        foot = points.vector(side + "_heel", side + "_foot_index")
        upper_arm = points.vector(side + "_shoulder", side + "_elbow")
        forearm = points.vector(side + "_elbow", side + "_wrist")
        angles["hip_flexion_" + letter] = around(np.arctan2(dot(thigh, ahead), -dot(thigh, trunk)), 45)
        angles["knee_angle_" + letter] = between(thigh, shank)
        angles["ankle_angle_" + letter] = np.pi / 2 - between(foot, -shank)
        angles["arm_flex_" + letter] = around(np.arctan2(dot(upper_arm, ahead), -dot(upper_arm, trunk)), 60)
        angles["shoulder_elv_" + letter] = between(upper_arm, -trunk)
        angles["elbow_flex_" + letter] = between(upper_arm, forearm)
    head = points.vector("neck", "head")
    angles["neck_flexion"] = np.arctan2(dot(head, ahead), dot(head, trunk))
    angles["trunk_lean"] = around(np.arctan2(trunk[:, 0] * facing, -trunk[:, 1]), 45)
    return _with_pelvis(angles)


def _with_pelvis(angles: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """Divide the angle between trunk and thigh between hip and lumbar spine, because no key point shows the pelvis."""
    thighs = np.stack([angles["hip_flexion_r"], angles["hip_flexion_l"]])
    seen = np.isfinite(thighs)
    bent = LUMBAR_SHARE * np.where(seen, thighs, 0).sum(axis=0) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
    for side in "rl":
        angles["hip_flexion_" + side] = angles["hip_flexion_" + side] - bent
    angles["lumbar_extension"] = -bent
    angles["pelvis_tilt"] = bent - angles["trunk_lean"]
    return angles


def _turned(up: np.ndarray) -> np.ndarray:
    """What is on the right hand in the picture when `up` (T, 2) is up."""
    return np.stack([-up[:, 1], up[:, 0]], axis=1)


def facing_in_picture(points: BodyPoints, least: float = 0.08) -> np.ndarray:
    """To which side of the trunk the front of the body is, +1 right or -1 left of a standing person, (T,).

    Nose before ears, toes before heels, a bent knee before the line from hip to ankle: each tells the front, and so
    also for somebody who lies. Their sum over the length of the trunk, averaged over a second, must exceed `least`;
    frames in which it does not (the person faces the camera) go on with what was seen before: no flips.
    """
    trunk = points.vector("pelvis", "neck")
    ahead = _turned(unit(trunk))
    clues = [dot(points.vector("head", "nose"), ahead)]
    for side in SIDES:
        clues.append(dot(points.vector(side + "_heel", side + "_foot_index"), ahead))
        line = unit(points.vector(side + "_hip", side + "_ankle"))
        knee = points.vector(side + "_hip", side + "_knee")
        clues.append(dot(knee - line * dot(knee, line)[:, None], ahead))
    length = np.nanmedian(np.linalg.norm(trunk, axis=1)) if np.isfinite(trunk).any() else 1.0
    evidence = np.nansum(clues, axis=0) / max(length, 1.0)
    stamps = points.stamps
    near = np.abs(stamps[:, None] - stamps[None]) <= 0.5
    evidence = near @ evidence / near.sum(axis=1)
    sure = np.flatnonzero(np.abs(evidence) > least)
    if not len(sure):
        return np.full(len(stamps), 1.0 if evidence.sum() >= 0 else -1.0)
    last = np.searchsorted(sure, np.arange(len(stamps)), side="right") - 1
    return np.sign(evidence[sure[np.maximum(last, 0)]])
