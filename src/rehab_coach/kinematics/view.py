"""From which side the camera sees a person: what can be judged depends on it."""

from dataclasses import dataclass
from typing import List, Optional

import numpy as np

from rehab_coach.kinematics.geometry import facing_in_picture
from rehab_coach.kinematics.points import SIDES, BodyPoints, body_points
from rehab_coach.skeleton import SkeletonSequence

FRONTAL_WIDTHS = {"shoulder": 0.60, "hip": 0.35}
"""Widths of shoulders and hips seen from the front, in trunk lengths (shoulders to hips): medians of the motion-capture
people of UI-PRMD, whose joints lie where pose estimators put them."""

NOSE_AHEAD, FOOT_LENGTH, KNEES_AHEAD = 0.35, 0.60, 0.80
"""Seen from the side: how far the nose is before the shoulders (in trunk lengths) and the toes before the heels (in
shank lengths), and the knees before the hips in parts of how far a thigh that is so steep reaches; from UI-PRMD too."""
LEAST_REACH = 0.7
"""Parts of a thigh's length that it reaches forwards in frames that tell the view: knees bent well."""

FRONTAL_LIMIT, SIDE_LIMIT = 32.0, 58.0
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
    """The view of a recording: how wide shoulders and hips look, and how far nose, toes and knees are to one side.

    The width alone cannot tell a view from the front and a somewhat oblique one apart, and people differ in it.
    Where only one side of the body was seen, the other is taken to be hidden behind it.

    Args:
        sequence: any layout; a person who turns round gets the view of the middle of the time.
        points: `whole_points(sequence)`, if it is there already.
    """
    points = whole_points(sequence) if points is None else points
    facing = facing_in_picture(points) if len(sequence) else np.zeros(0)
    trunk = length(points, "pelvis", "neck")
    if np.isnan(trunk):
        return View("", float("nan"), facing)
    seen, expected = 0.0, 0.0
    for joint, width in FRONTAL_WIDTHS.items():
        across = np.linalg.norm(points.vector("left_" + joint, "right_" + joint), axis=1)
        if np.isfinite(across).any():
            seen, expected = seen + float(np.nanmedian(across)) / trunk, expected + width
    cosine = min(seen / expected, 1.0) if expected else 0.0
    aside = _aside(points, trunk)
    sine = abs(float(np.median(aside))) if aside else float(np.sqrt(1 - cosine**2))
    angle = float(np.degrees(np.arctan2(sine, cosine)))
    name = "frontal" if angle < FRONTAL_LIMIT else "side" if angle > SIDE_LIMIT else "oblique"
    return View(name, angle, facing)


def _aside(points: BodyPoints, trunk: float) -> List[float]:
    """What points forwards from the body, to the right in the picture: about the sine of the view's angle, each."""
    aside = [points.vector("neck", "nose")[:, 0] / trunk / NOSE_AHEAD]
    legs = [[side + joint for joint in ("_hip", "_knee", "_ankle", "_heel", "_foot_index")] for side in SIDES]
    shank = np.fmax.reduce([length(points, knee, ankle) for _, knee, ankle, _, _ in legs])
    feet = [points.vector(heel, toes)[:, 0] for _, _, _, heel, toes in legs]
    aside.append((feet[0] + feet[1]) / 2 / shank / FOOT_LENGTH)
    # Both legs together: knees that go apart do not count.
    thigh = np.fmax.reduce([length(points, hip, knee) for hip, knee, _, _, _ in legs])
    ahead, down = np.mean([points.vector(hip, knee) for hip, knee, _, _, _ in legs], axis=0).T / thigh
    reach = np.sqrt(1 - np.clip(down, 0, 1) ** 2)
    aside.append(np.where(reach > LEAST_REACH, ahead / np.maximum(reach, LEAST_REACH), np.nan) / KNEES_AHEAD)
    return [float(np.nanmedian(values)) for values in aside if np.isfinite(values).sum() >= 3]


def length(points: BodyPoints, start: str, end: str) -> float:
    """Pixels from one point to the other, NaN if they were never seen.

    The 90th percentile over the recording: a limb that points at the camera at times is as long as it looked when it
    did not.
    """
    lengths = np.linalg.norm(points.vector(start, end), axis=1)
    return max(float(np.nanpercentile(lengths, 90)), 1.0) if np.isfinite(lengths).any() else float("nan")


def whole_points(sequence: SkeletonSequence) -> BodyPoints:
    """The points of a recording; neck and pelvis also where only one shoulder or hip was seen."""
    points = body_points(sequence)
    places, scores = dict(points.places), dict(points.scores)
    for name, joint in (("neck", "shoulder"), ("pelvis", "hip")):
        sides = ["%s_%s" % (side, joint) for side in SIDES]
        places[name] = middle(*(places[side] for side in sides))
        scores[name] = np.maximum(*(scores[side] for side in sides))
    return BodyPoints(points.stamps, places, scores)


def middle(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The middle of two points, or the one that was seen."""
    return np.where(np.isnan(first), second, np.where(np.isnan(second), first, (first + second) / 2))
