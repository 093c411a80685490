"""How far an angle may be off: from the view, from how long its segments look, and from the scores of its joints."""

from typing import Dict, Tuple

import numpy as np

from rehab_coach.kinematics.points import BodyPoints
from rehab_coach.kinematics.view import estimate_view
from rehab_coach.skeleton import SkeletonSequence

VIEWS = (0.0, 30.0, 60.0, 90.0)
"""Degrees between the camera and the person's front or back, for the columns of VIEW_ERRORS."""

VIEW_ERRORS: Dict[str, Dict[str, Tuple[float, ...]]] = {
    "2d": {
        "hip_flexion": (60, 35, 14, 7),
        "knee_angle": (42, 31, 13, 9),
        "ankle_angle": (65, 42, 16, 12),
        "arm_flex": (63, 64, 44, 13),
        "shoulder_elv": (8, 13, 26, 47),
        "elbow_flex": (14, 20, 26, 46),
        "trunk_lean": (19, 10, 4, 3),
        "neck_flexion": (40, 18, 12, 12),
    },
    "fit": {
        "hip_flexion": (23, 17, 11, 7),
        "hip_adduction": (14, 16, 14, 16),
        "knee_angle": (16, 12, 9, 9),
        "ankle_angle": (20, 15, 10, 9),
        "arm_flex": (37, 42, 31, 13),
        "shoulder_elv": (10, 13, 14, 18),
        "elbow_flex": (14, 20, 22, 25),
        "trunk_lean": (17, 9, 4, 3),
        "neck_flexion": (40, 18, 12, 12),
    },
}
"""Degrees, root mean square, as `rehab-coach benchmark angles` measures them on motion capture of eight people."""

SCATTER = 0.02
"""How far key points of the best score lie from the joint, in lengths of the trunk."""

SEGMENTS = {
    "trunk": ("pelvis", "neck"),
    "head": ("neck", "head"),
    "thigh": ("_hip", "_knee"),
    "shank": ("_knee", "_ankle"),
    "foot": ("_heel", "_foot_index"),
    "upper_arm": ("_shoulder", "_elbow"),
    "forearm": ("_elbow", "_wrist"),
}
PARTS = {
    "hip_flexion": ("trunk", "thigh"),
    "hip_adduction": ("trunk", "thigh"),
    "knee_angle": ("thigh", "shank"),
    "ankle_angle": ("shank", "foot"),
    "arm_flex": ("trunk", "upper_arm"),
    "shoulder_elv": ("trunk", "upper_arm"),
    "elbow_flex": ("upper_arm", "forearm"),
    "neck_flexion": ("trunk", "head"),
    "trunk_lean": ("trunk",),
}
"""The segments between which each angle is."""


def uncertainties(sequence: SkeletonSequence, points: BodyPoints, source: str) -> Dict[str, np.ndarray]:
    """Standard deviations in radians, (T,) for each angle.

    Args:
        sequence: for its view.
        points: its points in the picture.
        source: "2d", "3d" or "fit".
    """
    view = estimate_view(sequence, points).angle
    errors = VIEW_ERRORS["2d" if source == "2d" else "fit"]
    trunk = _typical_length(points, "pelvis", "neck")
    best = np.percentile([score.max() for score in points.scores.values() if score.any()], 75)
    directions = {}
    for segment, (start, end) in SEGMENTS.items():
        for side, letter in (("right", "r"), ("left", "l")):
            names = (side + start, side + end) if start.startswith("_") else (start, end)
            directions[segment + letter] = _direction(points, names, trunk, best)
    found = {}
    for angle, parts in PARTS.items():
        if angle not in errors:
            continue
        general = np.radians(np.interp(45.0 if np.isnan(view) else view, VIEWS, errors[angle]))
        for letter in "rl":
            own = [directions[part + letter] for part in parts]
            found["%s_%s" % (angle, letter)] = np.sqrt(general**2 + np.sum(np.square(own), axis=0))
    for angle in ("trunk_lean", "neck_flexion"):
        found[angle] = found.pop(angle + "_r")
        del found[angle + "_l"]
    # Of the pelvis only the trunk and the thighs are known, and people differ.
    found["lumbar_extension"] = np.full(len(points.stamps), np.radians(7))
    found["pelvis_tilt"] = np.hypot(found["trunk_lean"], np.radians(7))
    return found


def _typical_length(points: BodyPoints, start: str, end: str) -> float:
    length = np.linalg.norm(points.vector(start, end), axis=1)
    return float(np.nanpercentile(length, 95)) if np.isfinite(length).any() else float("nan")


def _direction(points: BodyPoints, names: Tuple[str, str], trunk: float, best: float) -> np.ndarray:
    """Standard deviation of a segment's direction: the shorter it looks and the less sure its ends, the larger."""
    length = np.linalg.norm(points.vector(*names), axis=1)
    longest = _typical_length(points, *names)
    score = np.clip(points.score(*names) / best, 0.05, 1)
    return np.minimum(SCATTER * trunk / np.maximum(length, 0.1 * longest) / score, np.pi / 2)
