"""What a camera sees of who somebody is: limbs' lengths to each other, how she stands, and how limbs and trunk turn."""

from typing import List, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.inertial import InertialSeries
from rehab_coach.inertial.virtual import virtual_sensor
from rehab_coach.kinematics.angles.body_fit import fit_body
from rehab_coach.kinematics.points import SIDES, BodyPoints, body_points
from rehab_coach.skeleton import SkeletonSequence

LIMBS = {
    "trunk": ("shoulder", "hip"),
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}
"""Segments of each side."""

BREADTHS = {"shoulders": "shoulder", "hips": "hip"}
"""Segments from side to side."""

NAMES = tuple(LIMBS) + tuple(BREADTHS)

JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")

LONGEST = (50, 75, 90, 97)
"""Percentiles over the recording at which a limb's length is taken: a limb that points at the camera looks short, and
how much shorter it looks at times says how the camera sees it."""

SIZES = {
    "proportions": len(NAMES) * len(LONGEST),
    "motion": 2 * len(NAMES) + 5,
    "posture": 2 * (len(JOINTS) + 3 * len(LIMBS)),
}
"""How many values `body_proportions`, `limb_motion` and `limb_posture` have."""

FEWEST = 10
"""Frames in which a limb must be seen."""


SMALLEST = 0.02
"""Of a motion: what is less is as good as none."""

AT_REST = 0.15
"""Part of the way from rest to the turning point that still counts as rest, and as the turning point."""


def _pairs(name: str) -> List[Tuple[str, str]]:
    """Begin and end of a segment, on either side."""
    if name in LIMBS:
        return [("%s_%s" % (side, LIMBS[name][0]), "%s_%s" % (side, LIMBS[name][1])) for side in SIDES]
    return [("right_" + BREADTHS[name], "left_" + BREADTHS[name])]


def body_proportions(sequence: SkeletonSequence) -> np.ndarray:
    """Logarithms of the limbs' lengths in the picture, over the body's size.

    A limb's length is the mean of both sides; the size is that of trunk, thigh and shank together, each nearly at its
    longest. World coordinates are not used: estimators make them of a usual body.

    Returns:
        float32 (28,): for each of `NAMES` its length at each of `LONGEST`.

    Raises:
        RehabCoachError: a limb is never seen.
    """
    points = body_points(sequence, 2)
    lengths = []
    for name in NAMES:
        seen = [np.linalg.norm(points.vector(*pair), axis=1) for pair in _pairs(name)]
        longest = [np.nanpercentile(one, LONGEST) for one in seen if np.isfinite(one).sum() >= FEWEST]
        if not longest or not np.min(longest) > 0:
            raise RehabCoachError(
                "the %s is not seen in the recording: who somebody is needs the whole body in view"
                % name.replace("_", " ")
            )
        lengths.append(np.mean(longest, axis=0))
    table = np.array(lengths)
    size = sum(table[NAMES.index(name), LONGEST.index(90)] for name in ("trunk", "thigh", "shank"))
    return np.log(table / size).astype(np.float32).ravel()


def limb_motion(sequence: SkeletonSequence) -> np.ndarray:
    """Logarithms of how far limbs, shoulders and hips turn in the picture, how quickly, and in what tempo.

    Only what changes within the recording counts, so that an estimator's standing errors cancel out.

    Returns:
        float32 (19,): for each of `NAMES` how far its vector moves across and down over the trunk's length; of the
        movement as a whole how much of it a second is done at its quickest, there and back; the parts of the time past
        its middle and near its turn; and the seconds from one repetition to the next.

    Raises:
        RehabCoachError: a limb is never seen.
    """
    points = body_points(sequence, 2)
    vectors, _, line = _repeated(points)
    far = np.array([np.mean([_range(one) for one in both], axis=0) for both in vectors]) / _trunk(points)
    steps = np.diff(line) * sequence.rate
    quick = [np.percentile(steps, 95), -np.percentile(steps, 5)]
    turned = [float((line > 0.5).mean()), float((line > 0.9).mean())]
    begins = np.flatnonzero((line[:-1] < 0.5) & (line[1:] >= 0.5))
    period = (begins[-1] - begins[0]) / (len(begins) - 1) if len(begins) > 1 else len(line)
    values = np.concatenate([far.ravel(), quick, turned, [period / sequence.rate]])
    return np.log(np.maximum(values, SMALLEST)).astype(np.float32)


def limb_posture(sequence: SkeletonSequence) -> np.ndarray:
    """How somebody stands and how she is at the turning point: how far apart the sides are, and where limbs point.

    Either side of the camera looks alike: right and left are not told apart.

    Returns:
        float32 (42,): at rest, then at the turning point, over the trunk's length: of each of `JOINTS` the logarithm of
        how far right and left are apart across the picture; of each limb how far it leads across and down, both sides
        together, and how much they differ across.

    Raises:
        RehabCoachError: a limb is never seen.
    """
    points = body_points(sequence, 2)
    vectors, whole, line = _repeated(points)
    apart = [points.vector("right_" + joint, "left_" + joint)[whole] for joint in JOINTS]
    limbs = [[one[whole] for one in vectors[NAMES.index(name)]] for name in LIMBS]
    values: List[float] = []
    for chosen in (line <= max(AT_REST, line.min()), line >= min(1 - AT_REST, line.max())):
        across = np.array([abs(np.median(one[chosen, 0])) for one in apart]) / _trunk(points)
        values += list(np.log(np.maximum(across, 2 * SMALLEST)))
        for both in limbs:
            right, left = (np.median(one[chosen], axis=0) / _trunk(points) for one in both)
            values += [abs(right[0] + left[0]) / 2, (right[1] + left[1]) / 2, abs(right[0] - left[0]) / 2]
    return np.array(values, np.float32)


def _trunk(points: BodyPoints) -> float:
    """The trunk's length in the picture; RehabCoachError where it hardly ever has one."""
    lengths = np.linalg.norm(points.vector("pelvis", "neck"), axis=1)
    lengths = lengths[lengths > 0]
    if len(lengths) < FEWEST:
        raise RehabCoachError("the trunk is not seen in the recording: who somebody is needs the whole body in view")
    return float(np.percentile(lengths, 90))


def _repeated(points: BodyPoints) -> Tuple[List[List[np.ndarray]], np.ndarray, np.ndarray]:
    """The movement that is repeated.

    Returns:
        Vectors (T, 2) of each of `NAMES`, on either side; the frames bool (T,) in which all of them are seen; and how
        far the movement is in those, from about 0 at rest to 1 at its turning point.

    Raises:
        RehabCoachError: a limb is never seen.
    """
    vectors = [[points.vector(*pair) for pair in _pairs(name)] for name in NAMES]
    if not all(np.isfinite(one).all(axis=1).sum() >= FEWEST for one in sum(vectors, [])):
        raise RehabCoachError("a limb is not seen in the recording: who somebody is needs the whole body in view")
    rows = np.concatenate(sum(vectors, []), axis=1)
    whole = np.isfinite(rows).all(axis=1)
    rows = rows[whole]
    if len(rows) < FEWEST:
        raise RehabCoachError("hardly ever is the whole body seen: who somebody is needs it in view")
    centred = rows - np.median(rows, axis=0)
    line = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    upright = sum(np.mean(vectors[NAMES.index(name)], axis=0)[whole, 1] for name in ("trunk", "thigh", "shank"))
    line *= -np.sign(line @ (upright - upright.mean())) or 1  # whatever the axis' sign: at rest one is taller
    low, high = np.percentile(line, (5, 95))
    return vectors, whole, (line - low) / max(high - low, 1e-6)


def _range(values: np.ndarray) -> np.ndarray:
    """From the lowest to the highest over time, without the outermost twentieth on either side."""
    low, high = np.nanpercentile(values, (5, 95), axis=0)
    return np.maximum(high - low, 1e-6)


def trunk_turning(sequence: SkeletonSequence) -> InertialSeries:
    """Angular velocity of the fitted body's trunk: x forward, y to the left, z up along the spine.

    Raises:
        RehabCoachError: no body can be fitted.
    """
    points = fit_body(sequence).points
    left = points.vector("right_shoulder", "left_shoulder") + points.vector("right_hip", "left_hip")
    spine = points.vector("pelvis", "neck")
    axes = np.stack([np.cross(left, spine), left, spine], axis=1)
    known = np.isfinite(axes).all(axis=(1, 2)) & np.isfinite(points.places["pelvis"]).all(axis=1)
    if known.sum() < 2 * FEWEST:
        raise RehabCoachError("too little of the trunk is seen: the whole body must be in view for some seconds")
    rate = 50.0
    stamps = points.stamps[known]
    times = np.arange(stamps[0], stamps[-1], 1 / rate)

    def even(values: np.ndarray) -> np.ndarray:
        flat = values[known].reshape(known.sum(), -1)
        columns = [np.interp(times, stamps, column) for column in flat.T]
        return np.stack(columns, axis=1).reshape((len(times),) + values.shape[1:])

    axes = even(axes / np.maximum(np.linalg.norm(axes, axis=2, keepdims=True), 1e-9))
    return InertialSeries(times, None, virtual_sensor(times, even(points.places["pelvis"]), axes).gyroscope)
