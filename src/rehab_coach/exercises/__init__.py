"""The exercises: what each is called, looks like, is counted and judged by. Each is a file and a line in `registry`."""

from rehab_coach.exercises.labels import UNKNOWN, check_asked, check_label, check_labels
from rehab_coach.exercises.record import Exercise, Figure
from rehab_coach.exercises.registry import (
    ALIASES,
    EXERCISES,
    add_own,
    find,
    label_of_action,
    label_of_motion,
    usual_motion,
)

__all__ = [
    "ALIASES",
    "EXERCISES",
    "UNKNOWN",
    "Exercise",
    "Figure",
    "add_own",
    "check_asked",
    "check_label",
    "check_labels",
    "find",
    "label_of_action",
    "label_of_motion",
    "usual_motion",
]
