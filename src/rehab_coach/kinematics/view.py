"""From which side the camera sees a person: what can be judged depends on it."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

from rehab_coach.kinematics.geometry import facing_in_picture
from rehab_coach.kinematics.points import BodyPoints, body_points
from rehab_coach.skeleton import SkeletonSequence

FRONTAL_WIDTH = 0.95
"""Width of shoulders and hips together, seen from the front, in trunk lengths (shoulders to hips): the median of the
motion-capture people of UI-PRMD, whose joints lie where pose estimators put them."""

FRONTAL_LIMIT, SIDE_LIMIT = 35.0, 58.0
"""Degrees between the camera and the person's front (or back): below the first frontal, above the second side."""


@dataclass(frozen=True, eq=False)
class View:
    """How the camera sees the person.

    Attributes:
        name: "frontal" (also from behind), "oblique" or "side"; "" when shoulders, hips or both were not seen.
        angle: degrees between the camera's direction and the person's front or back, 0..90; NaN if not known.
        facing: float64 (T,) +1: the front of a standing person is to the right in the picture, -1: to the left.
    """

    name: str
    angle: float
    facing: np.ndarray


def estimate_view(sequence: SkeletonSequence, points: Optional[BodyPoints] = None) -> View:
    """The view of a recording, from the width of shoulders and hips.

    Where the estimator gives world coordinates, their direction in space counts as much as their width in the picture.

    Args:
        sequence: any layout; a person who turns round gets the view of the middle of the time.
        points: `body_points(sequence)`, if it is there already.
    """
    points = body_points(sequence) if points is None else points
    facing = facing_in_picture(points) if len(sequence) else np.zeros(0)
    widths = [np.linalg.norm(points.vector("left_" + joint, "right_" + joint), axis=1) for joint in ("shoulder", "hip")]
    trunk = np.linalg.norm(points.vector("pelvis", "neck"), axis=1)
    if not np.isfinite(trunk).any():
        return View("", float("nan"), facing)
    # Somebody who bends towards the camera has a short trunk: only frames in which it is long tell the scale.
    length = np.nanpercentile(trunk, 90)
    width = np.nanmedian(np.sum(widths, axis=0)) / max(length, 1.0)
    angle = float(np.degrees(np.arccos(np.clip(width / FRONTAL_WIDTH, 0, 1))))
    if sequence.world is not None:
        angle = (angle + _angle_in_space(sequence)) / 2
    name = "frontal" if angle < FRONTAL_LIMIT else "side" if angle > SIDE_LIMIT else "oblique"
    return View(name, angle, facing)


def _angle_in_space(sequence: SkeletonSequence) -> float:
    points = body_points(sequence, 3)
    angles = []
    for joint in ("shoulder", "hip"):
        across = points.vector("left_" + joint, "right_" + joint)
        angles.append(np.degrees(np.arctan2(np.abs(across[:, 2]), np.abs(across[:, 0]))))
    return float(np.nanmedian(angles))
