"""A recipe's file: one training in one flat YAML file that can be read from top to bottom, whatever is trained."""

import math
import os
from typing import Any, Dict, List

import yaml

from rehab_coach.errors import RehabCoachError


class _NothingTwice(yaml.SafeLoader):
    """YAML itself takes the last of two equal keys without a word."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if not key.tag.endswith(":merge")]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise RehabCoachError("'%s' is there twice" % key)
        return super().construct_mapping(node, deep)


def read_recipe(path: str) -> Dict[str, Any]:
    """The keys and values of a recipe's file, unchecked; RehabCoachError where it is no YAML file of such."""
    try:
        with open(os.fspath(path), encoding="utf-8") as stream:
            values = yaml.load(stream, _NothingTwice)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error
    except OSError as error:
        raise RehabCoachError("cannot read the recipe %s: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not a YAML file: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(values, dict):
        raise RehabCoachError("%s is not a recipe: it must hold `key: value` lines" % path)
    return values


def is_number(value: Any) -> bool:
    """Whether a value is a number, which YAML's true, .nan and .inf are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def typed(key: str, value: Any, kind: Any) -> Any:
    """The value as its kind (a type annotation of a recipe's dataclass), or RehabCoachError."""

    def wrong(expected: str) -> RehabCoachError:
        return RehabCoachError("'%s' must be %s, not %r" % (key, expected, value))

    if kind is float and not is_number(value):
        raise wrong("a number")
    if kind is int and not (is_number(value) and value == int(value)):
        raise wrong("a whole number")
    if kind is bool and not isinstance(value, bool):
        raise wrong("true or false")
    if kind is str and not isinstance(value, str):
        raise wrong("a word")
    if kind == List[int] and not (isinstance(value, list) and all(isinstance(entry, int) for entry in value)):
        raise wrong("a list of whole numbers")
    if kind == List[str] and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
        raise wrong("a list of words (in quotes where YAML takes them for something else: yes, no, on, off)")
    if kind in (Dict[str, float], Dict[str, str], Dict[str, Any]) and not isinstance(value, dict):
        raise wrong("a mapping `name: value`")
    return {float: float, int: int}.get(kind, lambda entry: entry)(value)
