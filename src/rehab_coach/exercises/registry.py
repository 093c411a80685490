"""Which exercises there are. To add one, write its record in a file of its own and list it here."""

import os
from dataclasses import replace
from typing import Any, Dict

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises.deadlift import DEADLIFT
from rehab_coach.exercises.jumping_jack import JUMPING_JACK
from rehab_coach.exercises.labels import UNKNOWN, check_labels
from rehab_coach.exercises.lunge import LUNGE
from rehab_coach.exercises.pull_up import PULL_UP
from rehab_coach.exercises.push_up import PUSH_UP
from rehab_coach.exercises.record import Exercise
from rehab_coach.exercises.squat import SQUAT

EXERCISES: Dict[str, Exercise] = {
    exercise.label: exercise
    for exercise in (
        SQUAT,
        LUNGE,
        DEADLIFT,
        PUSH_UP,
        PULL_UP,
        JUMPING_JACK,
    )
}
"""The catalogue, label -> record, in the order in which it is shown."""

ALIASES: Dict[str, str] = {alias: exercise.label for exercise in EXERCISES.values() for alias in exercise.aliases}
"""What data sets call an exercise -> its label."""

_own: Dict[str, Exercise] = {}  # the user's, in this process


def find(label: str) -> Exercise:
    """The record of a label: the user's, the catalogue's, or the defaults for one that nobody described."""
    return _own.get(label) or EXERCISES.get(label) or Exercise(label)


def label_of_action(action: str) -> str:
    """The exercise that a data set calls so, or `UNKNOWN`."""
    label = ALIASES.get(action, action)
    return label if label in EXERCISES else UNKNOWN


def label_of_motion(motion: str) -> str:
    """The exercise that a motion of the virtual patient is, as usual or in a variant, or `UNKNOWN`."""
    return next((one.label for one in EXERCISES.values() if motion in (one.motion, *one.variants)), UNKNOWN)


def usual_motion(motion: str) -> str:
    """The motion of which this one is a variant, or the motion itself."""
    return next((str(one.motion) for one in EXERCISES.values() if motion in one.variants), motion)


def add_own(table: Any, where: str = "own_exercises") -> None:
    """Let `find` know what the user says about exercises, of his own or of the catalogue.

    Args:
        table: label -> {"names": {language: [name, name with article]}, "picture": path}, both optional.
        where: how messages call the table.

    Raises:
        RehabCoachError: the table, a label, a name or a picture is not as it must be; nothing is added then.
    """
    if not isinstance(table, dict):
        raise RehabCoachError("%s must be a table of labels, not %r; see docs/exercises.md" % (where, table))
    check_labels(table, where)
    _own.update({label: _described(label, values, "%s: %s" % (where, label)) for label, values in table.items()})


def read_own(path: str) -> None:
    """`add_own` with the section own_exercises of a configuration file like config/coach.yaml, if it has one.

    Raises:
        RehabCoachError: the file cannot be read, or its section is not as it must be.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RehabCoachError("cannot read the configuration %s: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(content, dict):
        raise RehabCoachError("%s is no configuration: it must have sections, as config/coach.yaml has" % path)
    add_own(content.get("own_exercises", {}), "%s: own_exercises" % path)


def _described(label: str, values: Any, where: str) -> Exercise:
    if not isinstance(values, dict) or not set(values) <= {"names", "picture"}:
        raise RehabCoachError("%s may have names and a picture, not %r" % (where, values))
    names = values.get("names", {})
    if not isinstance(names, dict) or not all(
        isinstance(language, str)
        and isinstance(pair, (list, tuple))
        and len(pair) == 2
        and all(isinstance(name, str) and name for name in pair)
        for language, pair in names.items()
    ):
        raise RehabCoachError(
            '%s: names must be two texts for each language, such as {en: [arm swing, an arm swing]} (and "no" in '
            "quotes, which YAML takes for false), not %r" % (where, names)
        )
    picture = values.get("picture", "")
    if not isinstance(picture, str) or picture and not os.path.isfile(os.path.expanduser(picture)):
        raise RehabCoachError("%s: there is no picture %s; give the whole path of a file" % (where, picture))
    before = find(label)
    names = {**before.names, **{language: tuple(pair) for language, pair in names.items()}}
    return replace(before, names=names, picture=os.path.expanduser(picture) or before.picture)
