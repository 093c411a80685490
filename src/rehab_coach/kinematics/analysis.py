"""Everything that is measured of one recording of an exercise."""

from rehab_coach.kinematics.movement import Movement
from rehab_coach.kinematics.repetitions import find_repetitions
from rehab_coach.skeleton import SkeletonSequence


def analyse(sequence: SkeletonSequence, exercise: str) -> Movement:
    """Repetitions and form of an exercise.

    Args:
        sequence: the recording; nobody in it: no repetitions, and `not_judged` says why.
        exercise: squat, lunge, deadlift, push_up, pull_up or jumping_jack.

    Raises:
        ValueError: an unknown exercise.
    """
    repetitions = find_repetitions(sequence, exercise)
    return Movement(exercise, sequence.duration, repetitions)
