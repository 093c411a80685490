"""Everything that is measured of one recording of an exercise."""

from typing import Optional

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.form.judge import judge
from rehab_coach.kinematics.repetitions.find import find_repetitions
from rehab_coach.kinematics.threads import one_thread
from rehab_coach.movement import Movement
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.skeleton import SkeletonSequence


@one_thread
def analyse(sequence: SkeletonSequence, exercise: str) -> Movement:
    """Repetitions and form of an exercise.

    Args:
        sequence: the recording; nobody in it: no repetitions, and `not_judged` says why.
        exercise: label; of one that no catalogue knows the repetitions are counted, and the form is not judged.

    Raises:
        RehabCoachError: config/form.yaml is broken; `load_limits` tells that beforehand.
    """
    try:
        angles: Optional[JointAngles] = joint_angles(sequence)
    except RehabCoachError:  # nobody is seen; that is no repetition, and no error
        angles = None
    repetitions = find_repetitions(sequence, exercise, angles)
    remarks, not_judged = judge(sequence, exercise, repetitions)
    return Movement(exercise, sequence.duration, repetitions, remarks, not_judged)
