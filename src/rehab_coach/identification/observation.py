"""What is seen of one person in one go: cycles of a worn sensor, the skeleton, or both."""

from dataclasses import dataclass
from typing import Callable, Dict, Optional

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.proportions import body_proportions, limb_motion, limb_posture
from rehab_coach.inertial import Cycles, InertialSeries, cut_cycles
from rehab_coach.inertial.series import SENSORS
from rehab_coach.skeleton import SkeletonSequence

CAMERA: Dict[str, Callable[[SkeletonSequence], np.ndarray]] = {
    "proportions": body_proportions,
    "motion": limb_motion,
    "posture": limb_posture,
}
"""What is measured of a skeleton, (P,) each."""

STREAMS = (*SENSORS, *CAMERA)
"""What people are told apart by, each on its own; `verifier.together` adds up what those say that are there."""


@dataclass(frozen=True, eq=False)
class Observation:
    """One recording of one person.

    Attributes:
        streams: by the name of one of `STREAMS`, what was measured: cycles float32 (n, 4, 100), or for those of
            `CAMERA` float32 (1, P); at least one of them, n >= 1.

    Raises:
        ValueError: nothing measured, an unknown name, or values that are not finite.
    """

    streams: Dict[str, np.ndarray]

    def __post_init__(self):
        if not self.streams or set(self.streams) - set(STREAMS):
            raise ValueError("streams %s must be some of %s" % (sorted(self.streams), STREAMS))
        for name, values in self.streams.items():
            if not len(values) or not np.isfinite(values).all():
                raise ValueError("the stream %s is empty or not finite" % name)


def of_cycles(cycles: Cycles) -> Observation:
    """An observation of cycles that were cut already."""
    return Observation({sensor: cycles.of(sensor) for sensor in cycles.sensors})


def observe(series: Optional[InertialSeries] = None, skeleton: Optional[SkeletonSequence] = None) -> Observation:
    """What one recording says about a person.

    Args:
        series: of a worn sensor, three repetitions or more of one movement.
        skeleton: of the camera, the whole body in view.

    Raises:
        RehabCoachError: neither was given, or one of them cannot be used; the sentence says which and what to do.
    """
    if series is None and skeleton is None:
        raise RehabCoachError("somebody is identified by a sensor or by a skeleton, and there is neither")
    streams: Dict[str, np.ndarray] = {}
    if series is not None:
        streams.update(of_cycles(cut_cycles(series)).streams)
    if skeleton is not None:
        streams.update(_of_skeleton(skeleton))
    return Observation(streams)


def _of_skeleton(skeleton: SkeletonSequence) -> Dict[str, np.ndarray]:
    """What can be measured of it; RehabCoachError where nothing can."""
    streams, problems = {}, []
    for name, measure in CAMERA.items():
        try:
            streams[name] = measure(skeleton)[None]
        except RehabCoachError as problem:
            problems.append(problem)
    if not streams:
        raise problems[0]
    return streams
