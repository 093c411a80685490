"""What a node says, and how it calls the user's own exercises."""

import rospy

from rehab_coach.exercises import add_own
from rehab_coach.texts import Texts, load_texts


def get_texts(language: str) -> Texts:
    """The texts of a language; from now on this node knows what the configuration says under own_exercises.

    Raises:
        RehabCoachError: one of both is wrong.
    """
    add_own(rospy.get_param("own_exercises", {}), rospy.resolve_name("own_exercises"))
    return load_texts(language)
