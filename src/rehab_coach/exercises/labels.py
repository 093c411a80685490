"""Labels of exercises: what they may look like, and which of them can be asked for."""

import re
import unicodedata
from typing import Any, Dict, Iterable, Sequence

import yaml

from rehab_coach.errors import RehabCoachError

UNKNOWN = "unknown"
"""The label of everything that is none of the exercises."""

LONGEST = 64
"""Characters: what the database of visits keeps."""
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa"})


def check_label(label: Any, where: str) -> None:
    """Refuse what files, messages and YAML would not take as one and the same word everywhere.

    Args:
        label: of an exercise, or `UNKNOWN`.
        where: how messages call the place that it stands in.

    Raises:
        RehabCoachError: says what is wrong with it and how it could be written.
    """
    if not isinstance(label, str):
        raise RehabCoachError(
            "%s has %r for a label: YAML takes yes, no, on, off, true, false, null and numbers for something else than "
            "words; call the exercise otherwise" % (where, label)
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,%d}" % (LONGEST - 1), label):
        raise RehabCoachError(
            "%s has the label '%s': a label begins with a letter from a to z and goes on with such letters, digits, _ "
            "and -, without spaces, %d at most%s; what people read is its name"
            % (where, label, LONGEST, _instead(label))
        )
    if yaml.safe_load(label) != label:
        raise RehabCoachError(
            "%s has the label '%s', which YAML takes for something else than a word; call the exercise otherwise, such "
            "as %s_exercise" % (where, label, label)
        )


def _instead(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label.lower().translate(_SPELLED_OUT)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_0123456789")[:LONGEST]
    return ", such as " + plain if plain else ""


def check_labels(labels: Iterable[Any], where: str) -> None:
    """`check_label` of each; two that differ only in case would be the same file to some computers and ears.

    Raises:
        RehabCoachError: names the label, or both.
    """
    before: Dict[str, str] = {}
    for label in labels:
        check_label(label, where)
        other = before.setdefault(label.lower(), label)
        if other != label:
            raise RehabCoachError("%s has the labels '%s' and '%s', which differ only in case" % (where, other, label))
        if label.lower() == UNKNOWN and label != UNKNOWN:
            raise RehabCoachError(
                "%s has the label '%s'; what is none of the exercises is '%s'" % (where, label, UNKNOWN)
            )


def check_asked(asked: Sequence[Any], known: Sequence[str], where: str, model: str) -> None:
    """Refuse to ask for what cannot be recognised.

    Args:
        asked: labels that people shall be asked for.
        known: labels of the exercises that the model knows.
        where: how messages call the place that they stand in.
        model: how messages call the model.

    Raises:
        RehabCoachError: names what is wrong, and both sides.
    """
    choose = "choose one or more of those that %s knows: %s" % (model, ", ".join(known))
    if not asked:
        raise RehabCoachError("%s is empty; %s" % (where, choose))
    for label in asked:
        if label == UNKNOWN:
            raise RehabCoachError(
                "%s asks for '%s', which is what none of the exercises is; %s" % (where, UNKNOWN, choose)
            )
        if label not in known:
            raise RehabCoachError(
                "%s asks for '%s', which %s does not know; it knows %s" % (where, label, model, ", ".join(known))
            )
