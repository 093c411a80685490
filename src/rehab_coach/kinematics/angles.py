"""Joint angles over time from a skeleton sequence, with an uncertainty for each.

Names, zero positions and signs are OpenSim's where OpenSim has the angle (docs/angles.md has the drawing):

    hip_flexion_r, _l     thigh against the trunk; 0 standing, positive forwards
    hip_adduction_r, _l   thigh against the trunk seen from the front; positive inwards (only in space)
    knee_angle_r, _l      0 straight, positive bent
    ankle_angle_r, _l     0 foot square to the shank, positive toes up (only where heels and toes are seen)
    arm_flex_r, _l        upper arm against the trunk; 0 hanging, positive forwards, 180 degrees overhead
    shoulder_elv_r, _l    upper arm against the trunk in whatever direction, 0..180 degrees (ISB's elevation)
    elbow_flex_r, _l      0 straight, positive bent
    trunk_lean            trunk against the vertical, positive forwards
    neck_flexion          head (ears) against the trunk, positive forwards
"""

from typing import Dict, Optional

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.geometry import angles_in_picture, angles_in_space, facing_in_picture
from rehab_coach.kinematics.movement import JointAngles
from rehab_coach.kinematics.points import BodyPoints, body_points
from rehab_coach.skeleton import SkeletonSequence

SOURCES = ("auto", "2d", "3d")
_SIDED = "hip_flexion hip_adduction knee_angle ankle_angle arm_flex shoulder_elv elbow_flex".split()
ANGLES = tuple("%s_%s" % (name, side) for name in _SIDED for side in "rl") + ("trunk_lean", "neck_flexion")
"""Names of all angles, in the order of the columns."""


def joint_angles(sequence: SkeletonSequence, smooth: bool = True, source: str = "auto") -> JointAngles:
    """The joint angles of one person.

    Args:
        sequence: any layout; `source` "3d" needs world coordinates.
        smooth: fill gaps up to 0.3 s and filter the points (Butterworth, 6 Hz, no delay) before the angles are made.
        source: "2d" as seen in the picture, "3d" from the estimator's world coordinates, "auto" 3d where it can be.

    Returns:
        All of ANGLES; what was never seen is NaN throughout.

    Raises:
        RehabCoachError: no frame, nobody seen, or no world coordinates for "3d".
        ValueError: an unknown source.
    """
    if source not in SOURCES:
        raise ValueError("unknown source '%s' of angles; known: %s" % (source, ", ".join(SOURCES)))
    if not len(sequence) or not sequence.seen.any():
        raise RehabCoachError("nobody is seen in this recording: there are no angles to measure")
    if source == "auto":
        source = "2d" if sequence.world is None else "3d"
    if source == "3d" and sequence.world is None:
        raise RehabCoachError(
            "this recording has no 3-D key points: take them with the estimator mediapipe, or the source 2d"
        )
    picture = body_points(sequence, 2, smooth)
    if source == "3d":
        angles = angles_in_space(body_points(sequence, 3, smooth))
    else:
        angles = angles_in_picture(picture, facing_in_picture(picture))
    values = _columns(angles, len(sequence))
    uncertainty = _columns(_uncertainties(picture, source), len(sequence))
    return JointAngles(ANGLES, sequence.stamps, values, np.where(np.isnan(values), np.nan, uncertainty), source)


def angular_velocities(angles: JointAngles) -> np.ndarray:
    """Angular velocities, float64 (T, A) rad/s: central differences, NaN beside missing values.

    Raises:
        RehabCoachError: fewer than two frames.
    """
    if len(angles.stamps) < 2:
        raise RehabCoachError("a velocity needs at least two frames, there is %d" % len(angles.stamps))
    return np.gradient(angles.values, angles.stamps, axis=0)


def _columns(angles: Dict[str, np.ndarray], frames: int) -> np.ndarray:
    missing = np.full(frames, np.nan)
    return np.stack([angles.get(name, missing) for name in ANGLES], axis=1)


SCATTER = 0.02
"""How far key points of score 1 lie from the joint, in lengths of the trunk."""


def _uncertainties(points: BodyPoints, source: str) -> Dict[str, np.ndarray]:
    """Standard deviations in radians from the scores and from how much of each segment the view shows."""
    trunk = _typical_length(points, "pelvis", "neck")
    segments = {}
    for side, letter in (("right", "r"), ("left", "l")):
        for name, start, end in (
            ("thigh", "hip", "knee"),
            ("shank", "knee", "ankle"),
            ("foot", "heel", "foot_index"),
            ("upper_arm", "shoulder", "elbow"),
            ("forearm", "elbow", "wrist"),
        ):
            segments[name + letter] = _segment(points, "%s_%s" % (side, start), "%s_%s" % (side, end), trunk, source)
    segments["trunk"] = _segment(points, "pelvis", "neck", trunk, source)
    segments["head"] = _segment(points, "neck", "head", trunk, source)
    uncertainties = {"trunk_lean": segments["trunk"]}
    uncertainties["neck_flexion"] = np.hypot(segments["head"], segments["trunk"])
    pairs = {
        "hip_flexion": ("trunk", "thigh"),
        "hip_adduction": ("trunk", "thigh"),
        "knee_angle": ("thigh", "shank"),
        "ankle_angle": ("shank", "foot"),
        "arm_flex": ("trunk", "upper_arm"),
        "shoulder_elv": ("trunk", "upper_arm"),
        "elbow_flex": ("upper_arm", "forearm"),
    }
    for name, parts in pairs.items():
        for letter in "rl":
            first, second = (segments[part if part == "trunk" else part + letter] for part in parts)
            uncertainties["%s_%s" % (name, letter)] = np.hypot(first, second)
    return uncertainties


def _typical_length(points: BodyPoints, start: str, end: str) -> Optional[float]:
    length = np.linalg.norm(points.vector(start, end), axis=1)
    return float(np.nanpercentile(length, 95)) if np.isfinite(length).any() else None


def _segment(points: BodyPoints, start: str, end: str, trunk: Optional[float], source: str) -> np.ndarray:
    """Standard deviation of a segment's direction, (T,) radians."""
    longest = _typical_length(points, start, end)
    if longest is None or not longest or not trunk:
        return np.full(len(points.stamps), np.nan)
    score = np.clip(points.score(start, end), 0.05, 1)
    visible = np.clip(np.linalg.norm(points.vector(start, end), axis=1) / longest, 0.1, 1)
    scatter = SCATTER * trunk / score / longest
    # What is turned out of the picture is seen shorter: by how much is the only hint at an angle that 2-D points
    # show wrongly, and that the third dimension of an estimator guesses.
    hidden = np.arccos(visible) * (0.5 if source == "2d" else 0.15)
    return np.hypot(scatter / visible if source == "2d" else 2 * scatter, hidden)
