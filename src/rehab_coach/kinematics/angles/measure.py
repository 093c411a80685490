"""Joint angles over time from a skeleton sequence, with an uncertainty for each.

Names, zero positions and signs are OpenSim's where OpenSim has the angle (docs/angles.md has the drawing):

    hip_flexion_r, _l     thigh against the pelvis; 0 standing, positive forwards
    hip_adduction_r, _l   thigh against the trunk seen from the front; positive inwards (only in space)
    knee_angle_r, _l      0 straight, positive bent
    ankle_angle_r, _l     0 foot square to the shank, positive toes up (only where heels and toes are seen)
    arm_flex_r, _l        upper arm against the trunk; 0 hanging, positive forwards, 180 degrees overhead
    shoulder_elv_r, _l    upper arm against the trunk in whatever direction, 0..180 degrees (ISB's elevation)
    elbow_flex_r, _l      0 straight, positive bent
    pelvis_tilt           pelvis against the vertical, negative forwards
    lumbar_extension      trunk against the pelvis, negative bent forwards
    trunk_lean            trunk against the vertical, positive forwards
    neck_flexion          head (ears) against the trunk, positive forwards

No key point shows the pelvis: its angles are estimated (`geometry.LUMBAR_SHARE`).
"""

from functools import lru_cache
from typing import Dict

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.body_fit import fit_body
from rehab_coach.kinematics.angles.uncertainty import uncertainties
from rehab_coach.kinematics.geometry import angles_in_picture, angles_in_space, facing_in_picture
from rehab_coach.kinematics.points import SIDES, BodyPoints, body_points
from rehab_coach.kinematics.threads import one_thread
from rehab_coach.opensim.coordinates import COORDINATES, JointAngles
from rehab_coach.skeleton import SkeletonSequence

SOURCES = ("auto", "fit", "3d", "2d")
_MEASURED = (
    "hip_flexion hip_adduction knee_angle ankle_angle arm_flex shoulder_elv elbow_flex pelvis_tilt lumbar_extension "
    "trunk_lean neck_flexion"
).split()
ANGLES = tuple(column for name in _MEASURED for column in COORDINATES[name].names)
"""Names of all angles, in the order of the columns."""


@lru_cache(maxsize=4)  # repetitions, form and drawings ask for the same angles one after the other
@one_thread
def joint_angles(sequence: SkeletonSequence, smooth: bool = True, source: str = "auto") -> JointAngles:
    """The joint angles of one person.

    Args:
        sequence: any layout; `source` "3d" needs world coordinates. Its arrays become read-only.
        smooth: fill gaps up to 0.3 s and filter the points (Butterworth, 6 Hz, no delay) before the angles are made.
        source: "fit" from a body fitted to the picture (and to world coordinates where there are some), "3d" from the
            estimator's world coordinates as they are, "2d" as it looks in the picture. "auto" takes "fit" where the
            whole body is seen and upright or has world coordinates, else "3d" where it can be, else "2d".

    Returns:
        All of ANGLES, read-only; what was never seen is NaN throughout.

    Raises:
        RehabCoachError: no frame, nobody seen, no world coordinates for "3d", too little of the body for "fit".
        ValueError: an unknown source.
    """
    if source not in SOURCES:
        raise ValueError("unknown source '%s' of angles; known: %s" % (source, ", ".join(SOURCES)))
    if not len(sequence) or not sequence.seen.any():
        raise RehabCoachError("nobody is seen in this recording: there are no angles to measure")
    if source == "3d" and sequence.world is None:
        raise RehabCoachError(
            "this recording has no 3-D key points: take them with the estimator mediapipe, or another source of angles"
        )
    # The result is remembered for this very sequence: from now on nobody may change what it was made of.
    for array in (sequence.key_points, sequence.stamps, sequence.world):
        if array is not None:
            array.setflags(write=False)
    picture = body_points(sequence, 2, smooth)
    if source == "auto":
        plain = "2d" if sequence.world is None else "3d"
        if not _can_be_fitted(sequence, picture):
            return joint_angles(sequence, smooth, plain)
        try:
            return joint_angles(sequence, smooth, "fit")
        except RehabCoachError:
            return joint_angles(sequence, smooth, plain)
    angles = angles_in_picture(picture, facing_in_picture(picture))
    if source == "3d":
        angles = angles_in_space(body_points(sequence, 3, smooth))
    elif source == "fit":
        fitted = fit_body(sequence)
        if sequence.world is not None:
            angles = angles_in_space(body_points(sequence, 3, smooth))
        own = angles_in_space(fitted.points, fitted.up)
        kept = [name for name in angles if name == "neck_flexion"]
        if sequence.world is not None:  # the fit knows nothing of arms that would hold them to the body
            kept += [name for name in angles if name.startswith(("arm_flex", "shoulder_elv", "elbow_flex"))]
        angles = dict(own, **{name: angles[name] for name in kept})
    values = _columns(angles, len(sequence))
    deviations = np.where(np.isnan(values), np.nan, _columns(uncertainties(sequence, picture, source), len(sequence)))
    for array in (values, deviations):
        array.setflags(write=False)
    return JointAngles(ANGLES, sequence.stamps, values, deviations, source)


def measured_points(sequence: SkeletonSequence, source: str) -> BodyPoints:
    """The smoothed points that the angles of a source ("fit", "3d", "2d" or "d3ke") are made from."""
    if source == "fit":
        return fit_body(sequence).points
    return body_points(sequence, 2 if source == "2d" else 3)


def _can_be_fitted(sequence: SkeletonSequence, picture: BodyPoints) -> bool:
    needed = [side + joint for side in SIDES for joint in ("_shoulder", "_hip")]
    knees = [side + "_knee" for side in SIDES]
    seen = all(picture.scores[name].any() for name in needed) and any(picture.scores[name].any() for name in knees)
    return seen and (sequence.world is not None or _is_upright(picture))


def _is_upright(picture: BodyPoints) -> bool:
    """Whether the person stands or hangs: only then is it clear which way what looks short points.

    Somebody who lies along the line of sight looks upright, but not much longer than broad.
    """
    middles = [(picture.places["right" + joint] + picture.places["left" + joint]) / 2 for joint in ("_ankle", "_knee")]
    stature = np.where(np.isnan(middles[0]), middles[1], middles[0]) - picture.places["neck"]
    breadth = np.linalg.norm(picture.vector("left_shoulder", "right_shoulder"), axis=1)
    if not np.isfinite(stature).any() or not np.isfinite(breadth).any():
        return False
    return bool(
        np.nanmedian(stature[:, 1] - np.abs(stature[:, 0])) > 0
        and np.nanpercentile(stature[:, 1], 90) > 2.2 * np.nanpercentile(breadth, 90)
    )


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
