"""The limits of the rules of form, read from config/form.yaml and checked."""

import functools
import math
from dataclasses import MISSING, dataclass, fields
from typing import Any, Dict, Iterable, Optional, Union

import numpy as np
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.form.rules import RULES
from rehab_coach.paths import share_path

UNITS = ("deg", "%")


@dataclass(frozen=True)
class Limit:
    """The limits of one rule.

    Attributes:
        usual: of somebody who does it well; better than the hint.
        hint: from here on it is worth a hint.
        warning: from here on it is worth a warning; None: never.
        unit: of all three, and of what is measured: one of `UNITS`.
        meaning: what is measured, in words.
        source: where the limits come from.
        counts: whether it is part of `form_score`.
        praise: whether it is worth praise when no repetition breaks the rule.
        worse: "above" or "below": on which side of the limits it gets worse.
    """

    usual: float
    hint: float
    warning: Optional[float]
    unit: str
    meaning: str
    source: str
    counts: bool = True
    praise: bool = False
    worse: str = "above"

    def excess(self, values: Union[float, np.ndarray]) -> np.ndarray:
        """How far values are beyond the hint; positive: worse than allowed, whichever direction that is."""
        return (np.asarray(values, float) - self.hint) * (1 if self.worse == "above" else -1)

    def severity(self, value: float) -> str:
        """One of "hint" and "warning", or "" for within the limits."""
        if not self.excess(value) > 0:
            return ""
        beyond = self.warning is not None and self.excess(value) >= self.excess(self.warning)
        return "warning" if beyond else "hint"

    @property
    def step(self) -> float:
        """From the usual value to the hint."""
        return abs(self.hint - self.usual)


@functools.lru_cache(maxsize=None)
def load_limits(path: Optional[str] = None) -> Dict[str, Dict[str, Limit]]:
    """Limits of every rule, by the name of the rules (`RULES`) and of the rule.

    Args:
        path: a YAML file like config/form.yaml; None: that one.

    Raises:
        RehabCoachError: the file cannot be read, or an entry is missing, unknown or not as it must be; the message
            names the file, the entry and what is allowed.
    """
    path = path or share_path("config", "form.yaml")
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise RehabCoachError("cannot read the limits of form %s: %s" % (path, reason)) from error
    try:
        exercises = _entries(content, RULES, "exercises")
        return {
            exercise: {
                name: _limit("%s: %s" % (exercise, name), values)
                for name, values in _entries(exercises[exercise], rules, exercise).items()
            }
            for exercise, rules in RULES.items()
        }
    except ValueError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error


def _entries(content: Any, names: Iterable[str], where: str) -> Dict[str, Any]:
    """A mapping with exactly these names; ValueError says what is missing or too much."""
    if not isinstance(content, dict):
        raise ValueError("%s: must be a mapping with the entries %s" % (where, ", ".join(names)))
    for name in names:
        if name not in content:
            raise ValueError("%s: '%s' is missing" % (where, name))
    unknown = [str(name) for name in content if name not in names]
    if unknown:
        raise ValueError("%s: '%s' is unknown; known: %s" % (where, unknown[0], ", ".join(names)))
    return content


def _limit(where: str, values: Any) -> Limit:
    """One rule's limits from the file; ValueError says which entry is wrong and what is allowed."""
    optional = {entry.name: entry.default for entry in fields(Limit) if entry.default is not MISSING}
    optional["warning"] = None
    if isinstance(values, dict):
        values = {**optional, **values}
    values = _entries(values, [entry.name for entry in fields(Limit)], where)

    def check(key: str, right: bool, allowed: str) -> None:
        if not right:
            raise ValueError("%s: %s must be %s, not '%s'" % (where, key, allowed, values[key]))

    for key in ("usual", "hint", "warning"):
        value = values[key]
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        check(key, number or (key == "warning" and value is None), "a number")
    for key in ("meaning", "source"):
        check(key, isinstance(values[key], str) and values[key].strip() != "", "a text")
    for key in ("counts", "praise"):
        check(key, isinstance(values[key], bool), "true or false")
    check("unit", values["unit"] in UNITS, "one of " + ", ".join(UNITS))
    check("worse", values["worse"] in ("above", "below"), "above or below")
    limit = Limit(**values)
    check("usual", bool(limit.excess(limit.usual) < 0), "better than the hint (%g)" % limit.hint)
    if limit.warning is not None:
        check("warning", bool(limit.excess(limit.warning) > 0), "worse than the hint (%g)" % limit.hint)
    return limit
