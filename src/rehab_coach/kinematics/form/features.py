"""What a learned scorer looks at: one repetition as a fixed number of values, whatever its length, place and scale.

Twenty-odd distances and angles of the body are followed through the repetition; of each, six values are kept: at the
start, at the turning point (hips lowest), their difference, low, high and mean. What depends on the side is sorted
(the more bent knee first), so that a person and her mirror image give the same values.
"""

from typing import Dict, Optional

import numpy as np

from rehab_coach.skeleton import COCO_18, SkeletonSequence

FRAMES = 32
"""Moments of a repetition, evenly spaced."""
LEAST_SEEN = 0.15
"""Share of the frames in which a joint must be seen."""
TRUNKS_PER_HEIGHT = 2.6
"""Distance of shoulders and ankles over the trunk, where the ankles are not seen."""

JOINTS = ("nose",) + tuple(
    side + joint for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("right_", "left_")
)
MOMENTS = ("start", "turn", "change", "low", "high", "mean")


def repetition_features(sequence: SkeletonSequence) -> Optional[Dict[str, float]]:
    """The values of one repetition.

    Args:
        sequence: one repetition, any layout; cut it out with the stamps of a `Repetition`.

    Returns:
        name -> value, NaN for what was not seen; None if fewer than three frames, hips or shoulders were seen.
    """
    places = trajectories(sequence)
    if places is None:
        return None
    # A joint was followed through all of the repetition or not at all, and so was each series.
    series = _series(places)
    values = np.stack(list(series.values()))
    height = series["hip height"]
    turn = int(np.argmin(height)) if np.isfinite(height).all() else FRAMES // 2
    start = values[:, :3].mean(axis=1)
    middle = values[:, max(turn - 1, 0) : turn + 2].mean(axis=1)
    low, high = np.percentile(values, (8, 92), axis=1)
    kept = np.stack([start, middle, middle - start, low, high, values.mean(axis=1)], axis=1)
    names = ["%s %s" % (name, moment) for name in series for moment in MOMENTS]
    features = dict(zip(names, kept.ravel().tolist()))
    features["duration"] = float(np.log(max(sequence.duration, 0.1)))
    return features


def trajectories(sequence: SkeletonSequence) -> Optional[np.ndarray]:
    """Joints over the repetition, float64 (FRAMES, 13, 2), NaN where not seen.

    In lengths from shoulders to ankles (standing), from where the hips are at the start; x right, y down.
    """
    key_points = sequence.coco_18().key_points[:, [COCO_18.index(joint) for joint in JOINTS]].astype(float)
    frames = len(key_points)
    if frames < 3:
        return None
    places = np.full((FRAMES, len(JOINTS), 2), np.nan)
    moments = np.linspace(sequence.stamps[0], sequence.stamps[-1], FRAMES)
    for joint in range(len(JOINTS)):
        seen = key_points[:, joint, 2] > 0
        if seen.sum() >= max(2, LEAST_SEEN * frames):
            for axis in range(2):
                places[:, joint, axis] = np.interp(moments, sequence.stamps[seen], key_points[seen, joint, axis])
    shoulders, hips, ankles = (_middle(places, joint) for joint in ("shoulder", "hip", "ankle"))
    if not (np.isfinite(shoulders).all() and np.isfinite(hips).all()):
        return None
    if np.isfinite(ankles).all():
        height = np.percentile(ankles[:, 1] - shoulders[:, 1], 95)
    else:
        height = TRUNKS_PER_HEIGHT * np.percentile(np.linalg.norm(hips - shoulders, axis=1), 95)
    return (places - hips[:3].mean(axis=0)) / max(height, 1.0)


def _middle(places: np.ndarray, joint: str) -> np.ndarray:
    """Between both sides, or the one that was seen."""
    right, left = (places[:, JOINTS.index(side + joint)] for side in ("right_", "left_"))
    return np.where(np.isnan(right), left, np.where(np.isnan(left), right, (right + left) / 2))


def _bend(places: np.ndarray, side: str, first: str, middle: str, last: str) -> np.ndarray:
    """Angle at a joint as it looks in the picture, 0..pi; pi is straight."""
    one, centre, other = (places[:, JOINTS.index(side + joint)] for joint in (first, middle, last))
    one, other = one - centre, other - centre
    cross = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return np.arctan2(np.abs(cross), (one * other).sum(axis=1))


def _series(places: np.ndarray) -> Dict[str, np.ndarray]:
    """Distances and angles over time, each (FRAMES,)."""
    at = {name: places[:, number] for number, name in enumerate(JOINTS)}
    shoulders, hips, ankles = (_middle(places, joint) for joint in ("shoulder", "hip", "ankle"))
    trunk, nose = shoulders - hips, at["nose"]
    length = np.linalg.norm(trunk, axis=1)
    series = {
        "trunk length": length,
        "trunk height": -trunk[:, 1],
        "trunk across": np.abs(trunk[:, 0]),
        "trunk lean": np.arctan2(np.abs(trunk[:, 0]), -trunk[:, 1]),
        "trunk shortening": length / length.max(),
        "hip height": ankles[:, 1] - hips[:, 1],
        "hip across": np.abs(hips[:, 0] - ankles[:, 0]),
        "shoulder height": ankles[:, 1] - shoulders[:, 1],
        "shoulder across": np.abs(shoulders[:, 0] - ankles[:, 0]),
        "nose over shoulders": shoulders[:, 1] - nose[:, 1],
        "nose over hips": hips[:, 1] - nose[:, 1],
        "nose across": np.abs(nose[:, 0] - shoulders[:, 0]),
    }
    for joint in ("shoulder", "hip", "knee", "ankle"):
        apart = np.abs(at["right_" + joint] - at["left_" + joint])
        series[joint + " width"] = apart[:, 0]
        if joint != "knee":
            series[joint + " slope"] = apart[:, 1]
    series["knees over ankles"] = np.clip(series["knee width"] / (series["ankle width"] + 0.05), 0, 4)
    outwards = np.sign((at["right_ankle"] - at["left_ankle"])[:, 0].mean())
    sides = {
        "knee angle": [_bend(places, side, "hip", "knee", "ankle") for side in ("right_", "left_")],
        "hip angle": [_bend(places, side, "shoulder", "hip", "knee") for side in ("right_", "left_")],
        "elbow angle": [_bend(places, side, "shoulder", "elbow", "wrist") for side in ("right_", "left_")],
        "wrist over shoulder": [(at[s + "shoulder"] - at[s + "wrist"])[:, 1] for s in ("right_", "left_")],
        "wrist over hips": [(hips - at[s + "wrist"])[:, 1] for s in ("right_", "left_")],
        "thigh length": [np.linalg.norm(at[s + "knee"] - at[s + "hip"], axis=1) for s in ("right_", "left_")],
        "thigh height": [(at[s + "knee"] - at[s + "hip"])[:, 1] for s in ("right_", "left_")],
        "shank across": [np.abs(at[s + "knee"] - at[s + "ankle"])[:, 0] for s in ("right_", "left_")],
        "knee outwards": [
            sign * outwards * (at[s + "knee"] - at[s + "ankle"])[:, 0] for s, sign in (("right_", 1), ("left_", -1))
        ],
    }
    for name, (right, left) in sides.items():
        series["smaller " + name], series["larger " + name] = np.fmin(right, left), np.fmax(right, left)
    return series
