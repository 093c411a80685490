"""Everything that is measured of one recording of an exercise."""

import contextlib
from typing import Callable, Optional

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.form.judge import judge
from rehab_coach.kinematics.repetitions.find import find_repetitions
from rehab_coach.kinematics.threads import one_thread
from rehab_coach.movement import Movement
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.skeleton import SkeletonSequence


@one_thread
def analyse(
    sequence: SkeletonSequence,
    exercise: str,
    measure: Callable[[SkeletonSequence], JointAngles] = joint_angles,
) -> Movement:
    """Repetitions and form of an exercise.

    Args:
        sequence: the recording; nobody in it: no repetitions, and `not_judged` says why.
        exercise: label; of one that no catalogue knows the repetitions are counted, and the form is not judged.
        measure: the joint angles. Where it raises RehabCoachError, they are measured as usual (`joint_angles`). The
            form is judged by key points, whatever it is.

    Raises:
        RehabCoachError: config/form.yaml is broken; `load_limits` tells that beforehand.
    """
    angles = _angles(sequence, measure)
    repetitions = find_repetitions(sequence, exercise, angles)
    remarks, not_judged = judge(sequence, exercise, repetitions)
    source = "" if angles is None else angles.source
    return Movement(exercise, sequence.duration, repetitions, remarks, not_judged, source)


def _angles(sequence: SkeletonSequence, measure: Callable[[SkeletonSequence], JointAngles]) -> Optional[JointAngles]:
    """None: nobody is seen; that is no repetition, and no error."""
    for way in (measure, joint_angles):
        with contextlib.suppress(RehabCoachError):
            return way(sequence)
    return None
