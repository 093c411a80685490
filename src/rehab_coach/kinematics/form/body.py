"""A recorded person as the rules of form look at it: points, lengths of the body, and moments of a repetition."""

from typing import Sequence

import numpy as np

from rehab_coach.kinematics.points import SIDES
from rehab_coach.kinematics.view import estimate_view, length, middle, whole_points
from rehab_coach.movement import Repetition
from rehab_coach.skeleton import SkeletonSequence

TURN_SHARE, LEAST_TURN = 0.05, 0.07
"""The turning point is looked at for this share of the repetition to either side, but at least so many seconds."""
WIDE_STANCE = 1.1
"""Trunk lengths between the ankles, seen from the front, from which on a lunge goes to the side."""
STRAIGHT_LEG = 25.0
"""Degrees of bend in the picture up to which a leg is straight."""


class FormBody:
    """The points of a recording in the picture, and what is measured from them.

    All of it holds for a camera that is held about level.

    Args:
        sequence: any layout.
        repetitions: of the recording.
    """

    def __init__(self, sequence: SkeletonSequence, repetitions: Sequence[Repetition]):
        self.points = whole_points(sequence)
        self.view = estimate_view(sequence, self.points)
        self.stamps = sequence.stamps
        self.repetitions = list(repetitions)
        self.places = dict(self.points.places)
        for joint in ("hip", "knee", "ankle", "wrist", "shoulder", "heel", "foot_index", "elbow"):
            self.places["mid_" + joint] = middle(*(self.places["%s_%s" % (side, joint)] for side in SIDES))
        self.trunk = length(self.points, "pelvis", "neck")
        self.thigh = self._limb("hip", "knee")
        self.shank = self._limb("knee", "ankle")
        self.arm = self._limb("shoulder", "elbow") + self._limb("elbow", "wrist")

    def __getitem__(self, name: str) -> np.ndarray:
        """A point (T, 2) in pixels, y down, NaN where it was not seen; mid_ and a joint: between both sides."""
        return self.places[name]

    def _limb(self, start: str, end: str) -> float:
        lengths = [length(self.points, "%s_%s" % (side, start), "%s_%s" % (side, end)) for side in SIDES]
        return float(np.nanmax(lengths)) if np.isfinite(lengths).any() else float("nan")

    def seen(self, *names: str) -> bool:
        """Whether each of the points was seen in at least a third of the frames."""
        return all(np.isfinite(self.places[name][:, 0]).mean() >= 1 / 3 for name in names)

    # Moments of a repetition: (T,) bool.

    def during(self, number: int) -> np.ndarray:
        """From the start of the repetition to its end."""
        one = self.repetitions[number]
        return self._between(one.start, one.end)

    def turn(self, number: int) -> np.ndarray:
        """Around the turning point."""
        one = self.repetitions[number]
        beside = max(LEAST_TURN, TURN_SHARE * (one.end - one.start), self._frame())
        return self._between(one.turn - beside, one.turn + beside)

    def before(self, number: int) -> np.ndarray:
        """At the start."""
        start = self.repetitions[number].start
        return self._between(start - max(0.3, self._frame()), start + max(0.1, self._frame()))

    def way_back(self, number: int) -> np.ndarray:
        """From the turning point until the next repetition begins, or half a second after the end."""
        one = self.repetitions[number]
        following = self.repetitions[number + 1].start if number + 1 < len(self.repetitions) else one.end + 0.5
        return self._between(one.turn, max(one.end, min(following, one.end + 2.0)))

    def _frame(self) -> float:
        return float(np.median(np.diff(self.stamps))) if len(self.stamps) > 1 else 1.0

    def _between(self, start: float, end: float) -> np.ndarray:
        return (self.stamps >= start - 1e-6) & (self.stamps <= end + 1e-6)

    # What is measured in every frame: (T,), NaN where it is not seen.

    def above(self, upper: str, lower: str) -> np.ndarray:
        """How far one point is above another, pixels."""
        return self[lower][:, 1] - self[upper][:, 1]

    def ahead(self, first: str, second: str) -> np.ndarray:
        """How far one point is before another as the person faces, pixels; full length only from the side."""
        leak = np.sin(np.radians(max(self.view.angle, 30.0)))
        return (self[first][:, 0] - self[second][:, 0]) * self.view.facing / leak

    def thigh_above_horizontal(self, side: str) -> np.ndarray:
        """Degrees from any side: 90 standing, 0 when the thigh is level."""
        return _degrees(np.arcsin, self.above(side + "_hip", side + "_knee") / self.thigh)

    def lean(self) -> np.ndarray:
        """The trunk's inclination to the front or back in degrees; not from the front, where it only looks shorter."""
        across = np.abs(self["neck"][:, 0] - self["pelvis"][:, 0])
        return np.degrees(np.arctan2(across / np.sin(np.radians(self.view.angle)), self.above("neck", "pelvis")))

    def bend(self, first: str, middle: str, last: str) -> np.ndarray:
        """By how many degrees a chain of three points is not straight."""
        one, other = self[middle] - self[first], self[last] - self[middle]
        cross = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
        return np.degrees(np.abs(np.arctan2(cross, (one * other).sum(axis=1))))

    def sideways(self, number: int) -> bool:
        """Whether a lunge goes to the side: feet far apart seen from the front, else the other leg straight."""
        turn = self.turn(number)
        if self.view.name == "frontal":
            feet = np.abs(self["left_ankle"][:, 0] - self["right_ankle"][:, 0])
            return median(feet, turn) > WIDE_STANCE * self.trunk
        bends = [median(self.bend(side + "_hip", side + "_knee", side + "_ankle"), turn) for side in SIDES]
        return min(bends) < STRAIGHT_LEG and max(bends) > 2 * STRAIGHT_LEG

    def leading_side(self, number: int) -> str:
        """The leg that carries a lunge at its turning point.

        Forwards it is the one whose thigh is nearer to level, to the side the one whose foot is nearer to the hips.
        """
        if self.view.name == "frontal" and self.sideways(number):
            values = [np.abs(self["pelvis"][:, 0] - self[side + "_ankle"][:, 0]) for side in SIDES]
        else:
            values = [self.thigh_above_horizontal(side) for side in SIDES]
        right, left = (median(value, self.turn(number)) for value in values)
        if np.isnan(right) or np.isnan(left):
            return SIDES[int(np.isnan(right))]
        return SIDES[int(left < right)]

    def left(self) -> float:
        """+1 if the person's left is on the right in the picture, as for somebody who faces the camera; else -1."""
        across = np.nansum(
            [self["left_" + joint][:, 0] - self["right_" + joint][:, 0] for joint in ("hip", "shoulder")], axis=0
        )
        return 1.0 if np.median(across) >= 0 else -1.0


def _degrees(inverse, ratio: np.ndarray) -> np.ndarray:
    return np.degrees(inverse(np.clip(ratio, -1, 1)))


def median(values: np.ndarray, frames: np.ndarray) -> float:
    """Median over the frames in which there is a value; NaN if there are none."""
    return percentile(values, frames, 50)


def percentile(values: np.ndarray, frames: np.ndarray, share: float) -> float:
    """Percentile over the frames in which there is a value; NaN if there are none."""
    chosen = values[frames]
    chosen = chosen[np.isfinite(chosen)]
    return float(np.percentile(chosen, share)) if len(chosen) else float("nan")
