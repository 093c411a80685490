"""Who is moving: people told apart by a worn sensor, by their skeleton, or by both."""

from rehab_coach.identification.enrolment import Recording, enrol
from rehab_coach.identification.observation import Observation, observe
from rehab_coach.identification.verifier import Match, Template, match

__all__ = ["Match", "Observation", "Recording", "Template", "enrol", "match", "observe"]
