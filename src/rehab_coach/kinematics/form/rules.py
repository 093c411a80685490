"""What each rule of form measures, and from where that can be seen.

A measure takes the body and the number of a repetition and returns a number, NaN where it was not seen. What the
numbers mean, their units and limits are in config/form.yaml.
"""

from dataclasses import dataclass
from typing import Callable, Dict, Tuple

import numpy as np

from rehab_coach.kinematics.form.body import FormBody, median, percentile
from rehab_coach.kinematics.points import SIDES

FRONTAL, OBLIQUE, SIDE = "frontal", "oblique", "side"
ANY = (FRONTAL, OBLIQUE, SIDE)
FROM_THE_SIDE = (OBLIQUE, SIDE)
FROM_THE_FRONT = (FRONTAL, OBLIQUE)

STRAIGHT = 20.0
"""Degrees off the person's front from which hips that go back look as if they went aside."""
TOES_BEFORE_ANKLE = 0.47
"""Shank lengths from the ankle to the tip of the toes (Drillis and Contini 1966: foot 0.152, shank 0.246 of the
body's height, the ankle a quarter of the foot from the heel), for layouts without toes."""
BAR_ABOVE_WRIST = 0.15
"""Trunk lengths from the wrist to a bar in the hand."""
CHIN_BELOW_NOSE = 0.4
"""Of the way from the nose to the middle of the shoulders."""

TOP_SEEN = 0.2
"""Seconds that a recording must go on after a repetition for its end to be judged."""

Measure = Callable[[FormBody, int], float]


@dataclass(frozen=True)
class FormRule:
    """How a rule is applied.

    Attributes:
        measure: (body, number of the repetition) -> value.
        needs: points that must be seen.
        views: from which it can be judged.
        largest_angle: degrees that the camera may be off the person's front (or back) at most.
    """

    measure: Measure
    needs: Tuple[str, ...]
    views: Tuple[str, ...] = ANY
    largest_angle: float = 90.0


def _thigh(body: FormBody, number: int) -> float:
    angles = [median(body.thigh_above_horizontal(side), body.turn(number)) for side in SIDES]
    return float(np.nanmean(angles)) if np.isfinite(angles).any() else float("nan")


def _sinking(body: FormBody, number: int) -> float:
    height = body.above("pelvis", "mid_ankle")
    # A lunge may begin with the feet apart, so that the hips are not as high as the legs are long.
    return 100 * (median(height, body.before(number)) - median(height, body.turn(number))) / (body.thigh + body.shank)


def _lean(body: FormBody, number: int) -> float:
    return percentile(body.lean(), body.during(number), 90)


def _over_toes(body: FormBody, number: int, side: str) -> float:
    if np.isfinite(median(body[side + "_foot_index"][:, 0], body.during(number))):
        beyond = body.ahead(side + "_knee", side + "_foot_index")
    else:
        beyond = body.ahead(side + "_knee", side + "_ankle") - TOES_BEFORE_ANKLE * body.shank
    return 100 * median(beyond, body.turn(number)) / body.shank


def _knees_over_toes(body: FormBody, number: int) -> float:
    values = [_over_toes(body, number, side) for side in SIDES]
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _leading_knee_over_toes(body: FormBody, number: int) -> float:
    return _over_toes(body, number, body.leading_side(number))


def _knee_distance(body: FormBody, number: int) -> float:
    knees, ankles = (
        median(body["left_" + joint][:, 0] - body["right_" + joint][:, 0], body.turn(number))
        for joint in ("knee", "ankle")
    )
    # Feet that touch, or a view in which they hide each other, tell nothing about the knees.
    if abs(ankles) < 0.25 * body.trunk:
        return float("nan")
    return 100 * knees / ankles


def _leading_knee_inwards(body: FormBody, number: int) -> float:
    side = body.leading_side(number)
    knee, foot, toes = (body["%s_%s" % (side, joint)][:, 0] for joint in ("knee", "ankle", "foot_index"))
    # Knee and foot are both before the hip, so that a view that is a little oblique moves them alike.
    foot = np.where(np.isnan(toes), foot, (foot + toes) / 2)
    inwards = (foot - knee) * body.left() * (1 if side == "left" else -1)
    return 100 * median(inwards, body.turn(number)) / (body.thigh + body.shank)


def _lean_unless_sideways(body: FormBody, number: int) -> float:
    # A lunge to the side needs the trunk forwards.
    return float("nan") if body.sideways(number) else _lean(body, number)


def _lean_sideways(body: FormBody, number: int) -> float:
    across = np.abs(body["neck"][:, 0] - body["pelvis"][:, 0])
    lean = np.degrees(np.arctan2(across, body.above("neck", "pelvis")))
    return float("nan") if body.sideways(number) else percentile(lean, body.during(number), 90)


def _heel_rise(body: FormBody, number: int) -> float:
    rises = []
    for side in SIDES:
        # A heel that lifts takes the ankle along: where only one of them rises, it is the estimator that errs.
        heights = [body.above("%s_%s" % (side, joint), side + "_foot_index") for joint in ("heel", "ankle")]
        rise = [median(height, body.turn(number)) - median(height, body.before(number)) for height in heights]
        rises.append(min(rise))
    return 100 * float(np.nanmax(rises)) / body.shank if np.isfinite(rises).any() else float("nan")


def _shift(body: FormBody, number: int) -> float:
    moved = []
    for point in ("pelvis", "mid_knee"):
        beside = (body[point][:, 0] - body["mid_ankle"][:, 0]) * body.left()
        moved.append(median(beside, body.turn(number)) - median(beside, body.before(number)))
    hips, knees = moved
    # Hips that shift take the knees along, about half as far. Seen a little obliquely, hips that go back and knees that
    # go forwards move to different sides: that is no shift.
    shift = np.sign(hips) * min(abs(hips), 2 * abs(knees)) if hips * knees > 0 else 0 * hips * knees
    return 100 * float(shift) / body.trunk


def _shift_right(body: FormBody, number: int) -> float:
    return -_shift(body, number)


def _hips_before_shoulders(body: FormBody, number: int) -> float:
    one = body.repetitions[number]
    frames = (body.stamps >= one.turn) & (body.stamps <= one.end)
    rises = []
    for point in ("pelvis", "neck"):
        height = body.above(point, "mid_ankle")[frames]
        if not np.isfinite(height).sum() >= 3:
            return float("nan")
        low, high = np.nanpercentile(height, 5), np.nanpercentile(height, 95)
        rises.append((height - low) / max(high - low, 1.0))
    middle = (rises[0] > 0.1) & (rises[0] < 0.9)
    return 100 * percentile(rises[0] - rises[1], middle, 90)


def _bar_away(body: FormBody, number: int) -> float:
    return 100 * percentile(body.ahead("mid_wrist", "mid_ankle"), body.during(number), 90) / body.shank


def _bent_at_the_top(body: FormBody, number: int) -> float:
    # Of a repetition with which the recording ends nobody knows whether it would have gone on.
    if body.repetitions[number].end > body.stamps[-1] - TOP_SEEN:
        return float("nan")
    frames = body.way_back(number)
    hip, knee = body.bend("neck", "pelvis", "mid_knee"), body.bend("pelvis", "mid_knee", "mid_ankle")
    return percentile(np.maximum(hip, knee), frames, 5)


def _leaning_back(body: FormBody, number: int) -> float:
    forwards = np.degrees(np.arctan2(body.ahead("neck", "pelvis"), body.above("neck", "pelvis")))
    return percentile(-forwards, body.way_back(number), 90)


def _sag(body: FormBody, number: int) -> float:
    """Degrees between trunk and thighs, positive when the hips hang below the line from shoulders to knees."""
    bend = body.bend("neck", "pelvis", "mid_knee")
    line = body["mid_knee"] - body["neck"]
    along = body["pelvis"] - body["neck"]
    share = (along * line).sum(axis=1) / np.maximum((line**2).sum(axis=1), 1.0)
    below = body["pelvis"][:, 1] - (body["neck"] + share[:, None] * line)[:, 1]
    return median(bend * np.sign(below), body.during(number))


def _pike(body: FormBody, number: int) -> float:
    return -_sag(body, number)


def _shoulders_over_hands(body: FormBody, number: int) -> float:
    return 100 * median(body.above("mid_shoulder", "mid_wrist"), body.turn(number)) / body.arm


def _chin_to_chest(body: FormBody, number: int) -> float:
    """Degrees by which the face (ear to nose) is turned to the chest; 0: square to the trunk, as when standing."""
    trunk, face = body["neck"] - body["pelvis"], body["nose"] - body["head"]
    along = (trunk * face).sum(axis=1)
    across = np.abs(trunk[:, 0] * face[:, 1] - trunk[:, 1] * face[:, 0])
    return median(np.degrees(np.arctan2(-along, across)), body.during(number))


def _chin_below_bar(body: FormBody, number: int) -> float:
    chin = body["nose"][:, 1] + CHIN_BELOW_NOSE * (body["neck"][:, 1] - body["nose"][:, 1])
    bar = body["mid_wrist"][:, 1] - BAR_ABOVE_WRIST * body.trunk
    return 100 * percentile(chin - bar, body.turn(number), 20) / body.trunk


def _elbows_at_the_bottom(body: FormBody, number: int) -> float:
    bends = [
        percentile(
            body.bend(side + "_shoulder", side + "_elbow", side + "_wrist"),
            body.way_back(number) | body.before(number),
            5,
        )
        for side in SIDES
    ]
    return float(np.nanmean(bends)) if np.isfinite(bends).any() else float("nan")


def _swing(body: FormBody, number: int) -> float:
    place = body.ahead("pelvis", "mid_wrist")
    ends = [percentile(place, body.during(number), share) for share in (5, 95)]
    return 100 * (ends[1] - ends[0]) / body.trunk


def _raised(body: FormBody, number: int, side: str) -> float:
    arm = body[side + "_wrist"] - body[side + "_shoulder"]
    down = body["pelvis"] - body["neck"]
    cross = arm[:, 0] * down[:, 1] - arm[:, 1] * down[:, 0]
    return percentile(np.degrees(np.abs(np.arctan2(cross, (arm * down).sum(axis=1)))), body.turn(number), 80)


def _arms_raised(body: FormBody, number: int) -> float:
    values = [_raised(body, number, side) for side in SIDES]
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _arms_uneven(body: FormBody, number: int) -> float:
    return abs(_raised(body, number, "left") - _raised(body, number, "right"))


def _feet_apart(body: FormBody, number: int) -> float:
    feet = np.abs(body["left_ankle"][:, 0] - body["right_ankle"][:, 0])
    shoulders = np.abs(body["left_shoulder"][:, 0] - body["right_shoulder"][:, 0])
    return 100 * percentile(feet, body.turn(number), 80) / max(float(np.nanmedian(shoulders)), 1.0)


_LEGS = ("mid_hip", "mid_knee", "mid_ankle")
_BOTH_LEGS = tuple("%s_%s" % (side, joint) for side in SIDES for joint in ("hip", "knee", "ankle"))
_FEET = ("mid_heel", "mid_foot_index")
_TRUNK = ("neck", "pelvis")
_ARMS = tuple("%s_%s" % (side, joint) for side in SIDES for joint in ("shoulder", "wrist"))

RULES: Dict[str, Dict[str, FormRule]] = {
    "squat": {
        "knees_inwards": FormRule(_knee_distance, _BOTH_LEGS + _TRUNK, FROM_THE_FRONT),
        "knees_outwards": FormRule(_knee_distance, _BOTH_LEGS + _TRUNK, FROM_THE_FRONT),
        "heels_up": FormRule(_heel_rise, _FEET + _LEGS),
        "knees_over_toes": FormRule(_knees_over_toes, _LEGS + _TRUNK, (SIDE,)),
        "hips_shifted_left": FormRule(_shift, _BOTH_LEGS + _TRUNK, (FRONTAL,), STRAIGHT),
        "hips_shifted_right": FormRule(_shift_right, _BOTH_LEGS + _TRUNK, (FRONTAL,), STRAIGHT),
        "improper_hip_flexion": FormRule(_lean, _TRUNK, FROM_THE_SIDE),
        "shallow_depth": FormRule(_thigh, _LEGS),
    },
    "lunge": {
        "front_knee_inwards": FormRule(_leading_knee_inwards, _BOTH_LEGS + _TRUNK, (FRONTAL,)),
        "front_knee_over_toes": FormRule(_leading_knee_over_toes, _BOTH_LEGS + _TRUNK, (SIDE,)),
        "trunk_lean": FormRule(_lean_unless_sideways, _TRUNK, FROM_THE_SIDE),
        "leaning_sideways": FormRule(_lean_sideways, _TRUNK, (FRONTAL,)),
        "shallow_lunge": FormRule(_sinking, ("pelvis",) + _LEGS),
    },
    "deadlift": {
        "hips_rise_first": FormRule(_hips_before_shoulders, _TRUNK + ("mid_ankle",), FROM_THE_SIDE),
        "bar_away": FormRule(_bar_away, _LEGS + ("mid_wrist",), FROM_THE_SIDE),
        "leaning_back": FormRule(_leaning_back, _TRUNK, FROM_THE_SIDE),
        "not_locked_out": FormRule(_bent_at_the_top, _TRUNK + _LEGS, FROM_THE_SIDE),
    },
    "push_up": {
        "hips_sag": FormRule(_sag, _TRUNK + ("mid_knee",), FROM_THE_SIDE),
        "hips_piked": FormRule(_pike, _TRUNK + ("mid_knee",), FROM_THE_SIDE),
        "head_drop": FormRule(_chin_to_chest, _TRUNK + ("head", "nose"), FROM_THE_SIDE),
        "shallow_push_up": FormRule(_shoulders_over_hands, ("mid_shoulder", "mid_elbow", "mid_wrist")),
    },
    "pull_up": {
        "chin_below_bar": FormRule(_chin_below_bar, _TRUNK + ("nose", "mid_wrist")),
        "elbows_not_extended": FormRule(
            _elbows_at_the_bottom, ("mid_shoulder", "mid_elbow", "mid_wrist"), FROM_THE_FRONT
        ),
        "swinging": FormRule(_swing, _TRUNK + ("mid_wrist",), FROM_THE_SIDE),
    },
    "jumping_jack": {
        "arms_not_overhead": FormRule(_arms_raised, ("mid_shoulder", "mid_wrist") + _TRUNK, FROM_THE_FRONT),
        "feet_not_apart": FormRule(
            _feet_apart, ("left_ankle", "right_ankle", "left_shoulder", "right_shoulder"), FROM_THE_FRONT
        ),
        "arms_uneven": FormRule(_arms_uneven, _ARMS + _TRUNK, FROM_THE_FRONT),
    },
}
"""The rules of form by the name that an exercise's record gives them."""

SIDED = {"front_knee_inwards", "front_knee_over_toes"}
"""Rules about one leg, the one that leads."""
