"""One number over time that tells how far a person is from the starting position of an exercise.

Several measures of the body show the same movement: the hips sink, the thighs turn level, the shoulders come down.
Which of them a camera sees depends on its place. So all are taken, each side for itself, in body heights and divided
by what a full repetition changes them; those that agree are averaged. 0 is an ordinary frame, the turning point lies
about 1 above the starting position.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np
from scipy import ndimage, signal

from rehab_coach.exercises import find
from rehab_coach.skeleton import COCO_18, SkeletonSequence

RATE = 20.0
"""Samples per second of a movement signal."""
CUTOFF = 3.5
"""Hz: the fastest push-ups of people last half a second."""
_SECTIONS = signal.butter(2, CUTOFF, fs=RATE, output="sos")
_STEADY = signal.sosfilt_zi(_SECTIONS)
SEEN = 0.1
"""Score from which a joint counts as seen."""
LEAST_COVERAGE = 0.3
"""Share of the frames with a body in which a measure must be seen to count."""

# Lengths of segments in body heights (Drillis and Contini 1966; shoulders and hips between the joints' centres).
SEGMENTS = (
    ("neck", "right_hip", 0.30),
    ("neck", "left_hip", 0.30),
    ("right_shoulder", "left_shoulder", 0.20),
    ("right_hip", "right_knee", 0.245),
    ("left_hip", "left_knee", 0.245),
    ("right_knee", "right_ankle", 0.246),
    ("left_knee", "left_ankle", 0.246),
    ("right_shoulder", "right_elbow", 0.17),
    ("left_shoulder", "left_elbow", 0.17),
    ("right_elbow", "right_wrist", 0.146),
    ("left_elbow", "left_wrist", 0.146),
)
_STARTS = [COCO_18.index(start) for start, _, _ in SEGMENTS]
_ENDS = [COCO_18.index(end) for _, end, _ in SEGMENTS]
_SHARES = np.array([share for _, _, share in SEGMENTS])
SIDES = ("right_", "left_")
_TRUNK = [COCO_18.index(side + joint) for side in SIDES for joint in ("shoulder", "hip")]
SCALE_TIME = 3.0
"""Seconds in which a body keeps its size in the picture: longer than a squat hides the thighs of a person who faces
the camera, short enough for somebody who walks up to it."""


class _Points:
    """Joints (T, 2) by name, NaN where they are not seen, in COCO-18's names."""

    def __init__(self, key_points: np.ndarray):
        self.places = np.where(key_points[..., 2:] > SEEN, key_points[..., :2], np.nan).astype(float)

    def __getitem__(self, joint: str) -> np.ndarray:
        return self.places[:, COCO_18.index(joint)]

    def length(self, start: str, end: str) -> np.ndarray:
        return np.linalg.norm(self[end] - self[start], axis=1)

    def above(self, upper: str, lower: str) -> np.ndarray:
        """How far one joint is above another, pixels."""
        return self[lower][:, 1] - self[upper][:, 1]

    def height(self, joint: str) -> np.ndarray:
        """Height in the picture, from its upper edge: negative."""
        return -self[joint][:, 1]

    def trunk(self) -> np.ndarray:
        """Where the trunk is in the picture from left to right, pixels."""
        return self._trunk

    @cached_property
    def _trunk(self) -> np.ndarray:
        places = self.places[:, _TRUNK, 0]
        seen = np.isfinite(places)
        count = seen.sum(axis=1)
        return np.where(count > 0, np.where(seen, places, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


Measure = Callable[[_Points, str], np.ndarray]


def _bend(start: str, middle: str, end: str) -> Measure:
    """How much shorter a limb of two segments has become, in pixels."""

    def measure(points, side):
        a, b, c = (side + name for name in (start, middle, end))
        return points.length(a, b) + points.length(b, c) - points.length(a, c)

    return measure


# Each with what a full repetition adds to it, in body heights, and how far it is trusted. What is relative to
# another joint also holds when the camera moves; what is only a height in the picture when the other is cut off.
MEASURES: Dict[str, Tuple[Tuple[Measure, float, float], ...]] = {
    "sinking": (
        (lambda p, s: -p.above(s + "hip", s + "ankle"), 0.22, 1.0),
        (lambda p, s: -p.above(s + "hip", s + "knee"), 0.20, 1.0),
        (lambda p, s: -p.above(s + "shoulder", s + "ankle"), 0.28, 1.0),
        (lambda p, s: -p.height(s + "hip"), 0.22, 0.5),
        (lambda p, s: -p.height(s + "shoulder"), 0.28, 0.5),
    ),
    "bending_over": (
        (lambda p, s: -p.above(s + "shoulder", s + "ankle"), 0.30, 1.0),
        (lambda p, s: -p.above(s + "shoulder", s + "hip"), 0.18, 1.0),
        (lambda p, s: -p.above(s + "hip", s + "ankle"), 0.12, 1.0),
        (lambda p, s: -p.above(s + "wrist", s + "ankle"), 0.28, 0.7),
        (lambda p, s: -p.height(s + "shoulder"), 0.30, 0.5),
    ),
    "lowering_to_the_hands": (
        (lambda p, s: -p.above(s + "shoulder", s + "wrist"), 0.20, 1.0),
        (lambda p, s: -p.length(s + "shoulder", s + "wrist"), 0.18, 0.7),
        (_bend("shoulder", "elbow", "wrist"), 0.10, 0.5),
        (lambda p, s: -p.height(s + "shoulder"), 0.20, 0.7),
        (lambda p, s: -p.height("nose"), 0.20, 0.35),
    ),
    "pulling_to_the_hands": (
        (lambda p, s: p.above(s + "shoulder", s + "wrist"), 0.25, 1.0),
        (lambda p, s: -p.length(s + "shoulder", s + "wrist"), 0.20, 0.7),
        (_bend("shoulder", "elbow", "wrist"), 0.12, 0.5),
        (lambda p, s: p.height(s + "shoulder"), 0.25, 0.7),
        (lambda p, s: p.height("nose"), 0.25, 0.35),
    ),
    "raising_the_arms": (
        (lambda p, s: p.above(s + "wrist", s + "shoulder"), 0.55, 1.0),
        (lambda p, s: p.above(s + "elbow", s + "shoulder"), 0.28, 1.0),
        (lambda p, s: p.length("right_ankle", "left_ankle"), 0.30, 0.5),
    ),
}
ANY_AMPLITUDE = 0.15
"""Body heights by which the parts of the body that move most do so in a movement without a name."""


@dataclass(frozen=True, eq=False)
class MovementSignal:
    """How far from the starting position, over time.

    Attributes:
        stamps: float64 (N,) seconds, regular.
        values: float64 (N,); a full repetition adds about 1 and takes it back.
        heights: float64 (N,) pixels, the body's height, changing slowly.
        places: float64 (N,) pixels, where the trunk is from left to right.
    """

    stamps: np.ndarray
    values: np.ndarray
    heights: np.ndarray
    places: np.ndarray


def movement_signal(sequence: SkeletonSequence, exercise: Optional[str] = None) -> Optional[MovementSignal]:
    """The signal of an exercise.

    Args:
        sequence: any layout.
        exercise: label; None, or one whose record names no signal: whatever the body does most.

    Returns:
        None when too little is seen of what the exercise moves.
    """
    sequence = sequence.coco_18()
    grid = sample_stamps(sequence.stamps)
    if len(grid) < 3:
        return None
    columns, trust = raw_measures(sequence.key_points, exercise)
    coverage = share_known(columns)
    smoothed = smooth(regular_samples(sequence.stamps, columns, grid))
    return combine(grid, smoothed, coverage, trust, signed=signal_of(exercise) is not None)


def signal_of(exercise: Optional[str]) -> Optional[str]:
    """The key of `MEASURES` by which an exercise is counted; None: any periodic movement."""
    return None if exercise is None else find(exercise).signal


def sample_stamps(stamps: np.ndarray) -> np.ndarray:
    """The stamps (N,) at `RATE` within those (T,) of frames."""
    if not len(stamps):
        return np.empty(0)
    return stamps[0] + np.arange(int((stamps[-1] - stamps[0]) * RATE + 1e-6) + 1) / RATE


def raw_measures(key_points: np.ndarray, exercise: Optional[str]) -> Tuple[np.ndarray, np.ndarray]:
    """What is measured in each frame by itself.

    Args:
        key_points: (T, 18, 3), COCO-18.

    Returns:
        float64 (T, 2 + M): the body's height and the trunk's place in pixels, then the measures in pixels over their
        amplitudes, NaN where they are not seen; and (M,) how far each is trusted.
    """
    points = _Points(key_points)
    columns: List[np.ndarray] = []
    trust: List[float] = []
    name = signal_of(exercise)
    if name is None:
        for joint in COCO_18.joints[:14]:
            columns += [points.height(joint) / ANY_AMPLITUDE, (points[joint][:, 0] - points.trunk()) / ANY_AMPLITUDE]
            trust += [1.0, 0.5]
    else:
        for measure, amplitude, trusted in MEASURES[name]:
            for side in SIDES:
                columns.append(measure(points, side) / amplitude)
                trust.append(trusted)
    return np.stack([_body_height(points), points.trunk()] + columns, axis=1), np.array(trust)


def _body_height(points: _Points) -> np.ndarray:
    """Body height in pixels from the segments that are seen; those turned out of the picture say too little."""
    heights = np.linalg.norm(points.places[:, _ENDS] - points.places[:, _STARTS], axis=2) / _SHARES
    seen = np.isfinite(heights)
    count = seen.sum(axis=1)
    ordered = np.sort(np.where(seen, heights, np.inf), axis=1)
    index = np.maximum(np.ceil(0.8 * count).astype(int) - 1, 0)
    return np.where(count > 0, np.take_along_axis(ordered, index[:, None], axis=1)[:, 0], np.nan)


def share_known(columns: np.ndarray) -> np.ndarray:
    """(2 + M,): in how many of the frames in which a body is seen each is known; 0 when there are hardly any."""
    known = np.isfinite(columns).sum(axis=0)
    return known / known[0] if known[0] > 2 else np.zeros(len(known))


def regular_samples(stamps: np.ndarray, columns: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Columns (T, C) at regular stamps (N,): linear over gaps, constant at both ends, NaN where nothing is known."""
    known = np.isfinite(columns)
    samples = np.full((len(grid), columns.shape[1]), np.nan)
    for column in np.flatnonzero(known.any(axis=0)):
        seen = known[:, column]
        samples[:, column] = np.interp(grid, stamps[seen], columns[seen, column])
    return samples


def smooth(samples: np.ndarray) -> np.ndarray:
    """Without delay: heights over `SCALE_TIME`, the trunk's place and the measures by a low-pass filter.

    Args:
        samples: (N, 2 + M) as `regular_samples` returns them, N > 1.
    """
    heights = ndimage.uniform_filter1d(ndimage.median_filter(samples[:, 0], 5), int(SCALE_TIME * RATE))
    return np.concatenate([heights[:, None], low_pass(samples[:, 1:])], axis=1)


def combine(
    grid: np.ndarray, smoothed: np.ndarray, coverage: np.ndarray, trust: np.ndarray, signed: bool
) -> Optional[MovementSignal]:
    """One signal from all measures.

    Args:
        grid: (N,) seconds, at `RATE`.
        smoothed: (N, 2 + M), as `smooth` returns them.
        coverage: (2 + M,) as `share_known` returns it.
        trust: (M,) as `raw_measures` returns it.
        signed: all measures grow towards the turning point; otherwise the direction is guessed.
    """
    use = coverage[2:] >= LEAST_COVERAGE
    if not use.any() or not coverage[1] > 0:
        return None
    heights, moved = smoothed[:, 0], smoothed[:, 2:][:, use]
    if signed:
        values = moved / heights[:, None]
    else:  # places in the picture: nothing tells drifting from moving, so it is taken out
        values = _without_drift(moved) / heights[:, None]
    values = np.clip(values - np.median(values, axis=0), -2, 2)
    weights = trust[use] * np.minimum(coverage[2:][use], 1)
    weights = _agreeing(values * weights, signed) * weights
    combined = values @ weights / max(np.abs(weights).sum(), 1e-12)
    return MovementSignal(grid, combined if signed else _oriented(combined), heights, smoothed[:, 1])


def _without_drift(values: np.ndarray) -> np.ndarray:
    """Less the straight line through each column; SciPy's detrend solves for it in a hundred times the time."""
    time = np.linspace(-1, 1, len(values))[:, None]
    return values - values.mean(axis=0) - time * (time * values).sum(axis=0) / (time**2).sum()


def low_pass(values: np.ndarray) -> np.ndarray:
    """Without delay, along the first axis of samples at `RATE`.

    What `scipy.signal.sosfiltfilt` does, which spends most of a short signal's time on `_STEADY`.
    """
    more = min(len(values) - 1, int(RATE))
    before, after = 2 * values[0] - values[more:0:-1], 2 * values[-1] - values[-2 : -2 - more : -1]
    filtered = np.concatenate([before, values, after])
    for _ in range(2):
        steady = _STEADY[..., None] * filtered[0]
        filtered = signal.sosfilt(_SECTIONS, filtered, axis=0, zi=steady)[0][::-1]
    return filtered[more : more + len(values)]


def _agreeing(values: np.ndarray, signed: bool) -> np.ndarray:
    """Weights (M,) of the measures.

    The first principal component where signs are free, otherwise how well each correlates with the weighted mean of
    all; those that contradict it do not count. A component would follow whatever moves most, such as a camera; a
    correlation follows what most agree on.
    """
    covariance = values.T @ values
    if not signed:
        weights = np.linalg.eigh(covariance)[1][:, -1]
        return weights / np.abs(weights).max()
    spread = np.sqrt(np.diag(covariance)) + 1e-12
    weights = np.ones(len(covariance))
    for _ in range(2):
        with_mean = covariance @ weights
        weights = np.maximum(with_mean / spread / np.sqrt(max(weights @ with_mean, 1e-12)), 0)
    return weights


def _oriented(values: np.ndarray) -> np.ndarray:
    """People rest longer at the starting position than at the turning point."""
    return values if np.mean(values) >= np.median(values) else -values
