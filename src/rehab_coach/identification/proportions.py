"""What a camera sees of who somebody is: how long the limbs are to each other, and how the trunk turns."""

from typing import Optional

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.inertial import Cycles, InertialSeries, cut_spans
from rehab_coach.inertial.cycles import find_cycles
from rehab_coach.inertial.virtual import virtual_sensor
from rehab_coach.kinematics.angles.body_fit import fit_body
from rehab_coach.kinematics.points import SIDES, body_points
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

LONGEST = (50, 75, 90, 97)
"""Percentiles over the recording at which a limb's length is taken: a limb that points at the camera looks short, and
how much shorter it looks at times says how the camera sees it."""

FEWEST = 10
"""Frames in which a limb must be seen."""


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
        if name in LIMBS:
            pairs = [("%s_%s" % (side, LIMBS[name][0]), "%s_%s" % (side, LIMBS[name][1])) for side in SIDES]
        else:
            pairs = [("right_" + BREADTHS[name], "left_" + BREADTHS[name])]
        seen = [np.linalg.norm(points.vector(*pair), axis=1) for pair in pairs]
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


def trunk_cycles(sequence: SkeletonSequence) -> Optional[Cycles]:
    """Angular velocity of the fitted body's trunk in its own axes, in cycles; None where nothing is repeated.

    Raises:
        RehabCoachError: no body can be fitted.
    """
    series = trunk_turning(sequence)
    spans = find_cycles(series)
    return cut_spans(series, spans) if spans else None


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
