"""The points of the body that angles are made of, by name, from any layout, in the picture or in space."""

from dataclasses import dataclass
from typing import Dict

import numpy as np

from rehab_coach.kinematics.filtering import fill_gaps, low_pass
from rehab_coach.skeleton import SkeletonSequence

LEAST_SCORE = 0.05
"""Key points at or under this score count as not seen, as in the drawing of skeletons."""
SIDES = ("right", "left")


@dataclass(frozen=True, eq=False)
class BodyPoints:
    """Points over time.

    Attributes:
        stamps: float64 (T,) seconds.
        places: for each point float64 (T, D); D = 2: pixels, x right, y down; D = 3: metres, z away from the camera.
            NaN where a point was not seen.
        scores: for each point float64 (T,), 0 where it was not seen.
    """

    stamps: np.ndarray
    places: Dict[str, np.ndarray]
    scores: Dict[str, np.ndarray]

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return self.places["neck"].shape[1]

    def vector(self, start: str, end: str) -> np.ndarray:
        """float64 (T, D) from one point to the other."""
        return self.places[end] - self.places[start]

    def score(self, *names: str) -> np.ndarray:
        """float64 (T,): the smallest score of these points."""
        return np.min([self.scores[name] for name in names], axis=0)


def body_points(sequence: SkeletonSequence, dimensions: int = 2, smooth: bool = True) -> BodyPoints:
    """The named points of a sequence.

    To the layout's own joints come neck (middle of the shoulders), pelvis (middle of the hips) and head (middle of
    the ears, or the ear that was seen). Joints that the layout lacks are there, but never seen.

    Args:
        sequence: any layout.
        dimensions: 2 for the picture, 3 for the estimator's world coordinates.
        smooth: fill short gaps and filter.

    Raises:
        ValueError: 3 dimensions of a sequence without world coordinates.
    """
    frames = len(sequence)
    score = sequence.key_points[..., 2].astype(np.float64)
    score = np.where(score > LEAST_SCORE, score, 0)
    source = sequence.key_points[..., :2] if dimensions == 2 else sequence.world
    if source is None:
        raise ValueError("the sequence has no world coordinates")
    values = np.where(score[..., None] > 0, source, np.nan).astype(np.float64)
    if smooth and frames > 1:
        values = low_pass(fill_gaps(values, sequence.stamps), sequence.stamps)
        score = np.where(np.isnan(values[..., 0]), 0, np.maximum(score, LEAST_SCORE))
    joints = sequence.layout.joints
    places = {joint: values[:, index] for index, joint in enumerate(joints) if joint != "neck"}
    scores = {joint: score[:, index] for index, joint in enumerate(joints) if joint != "neck"}
    for side in SIDES:
        for joint in ("ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index"):
            places.setdefault("%s_%s" % (side, joint), np.full((frames, dimensions), np.nan))
            scores.setdefault("%s_%s" % (side, joint), np.zeros(frames))
    for name, joint in (("neck", "shoulder"), ("pelvis", "hip")):
        both = ["%s_%s" % (side, joint) for side in SIDES]
        places[name] = (places[both[0]] + places[both[1]]) / 2
        scores[name] = np.minimum(scores[both[0]], scores[both[1]])
    right, left = places["right_ear"], places["left_ear"]
    middle = np.where(np.isnan(right), left, np.where(np.isnan(left), right, (right + left) / 2))
    places["head"], scores["head"] = middle, np.maximum(scores["right_ear"], scores["left_ear"])
    return BodyPoints(sequence.stamps, places, scores)


def resampled(points: BodyPoints, rate: float) -> BodyPoints:
    """The points at about this many frames per second, regularly.

    Where a point was not seen its place is interpolated, or the nearest in time, with score 0; one that was never
    seen stays NaN.
    """
    duration = points.stamps[-1] - points.stamps[0]
    grid = np.linspace(points.stamps[0], points.stamps[-1], int(round(duration * rate)) + 1)
    places, scores = {}, {}
    for name, place in points.places.items():
        known = ~np.isnan(place[:, 0])
        if known.any():
            stamps = points.stamps[known]
            places[name] = np.stack([np.interp(grid, stamps, axis) for axis in place[known].T], axis=1)
        else:
            places[name] = np.full((len(grid), place.shape[1]), np.nan)
        seen = np.interp(grid, points.stamps, known.astype(float)) > 0.5
        scores[name] = np.where(seen, np.interp(grid, points.stamps, points.scores[name]), 0)
    return BodyPoints(grid, places, scores)
