"""Private parameters (``~name``) that are checked when a node starts.

A wrong value ends the node with a message that names the parameter, the value and what is allowed; one that
the node never asked for (a slip of the pen in coach.yaml) is reported by :func:`warn_of_unread`.
"""

import http.client
import math
import xmlrpc.client
from typing import Any, Optional, Sequence, Set, Tuple, Union

import rospy
import yaml

from rehab_coach.errors import RehabCoachError

_read: Set[str] = set()
_WORDS = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "a table of names and values",
}


class ParameterError(RehabCoachError):
    """A parameter has a value that the node cannot work with."""


def get_parameter(
    name: str,
    default: Any,
    kind: Union[type, Tuple[type, ...]] = str,
    minimum: Optional[float] = None,
    maximum: Optional[float] = None,
    choices: Optional[Sequence] = None,
) -> Any:
    """Read a parameter and check it.

    Args:
        name: ROS name, usually private ("~stop_distance").
        default: what is returned, unchecked, when the parameter is not set; None for an optional one.
        kind: float, int, str, bool, list or dict, or several of them, of which the first that fits is taken. A whole
            number may stand for a float, a number for a text (roslaunch turns source:=0 into a number), a truth value
            for the choice that YAML takes for it (no, off), and a text such as "squat, lunge" for a list.
        minimum, maximum: limits of a number, or of each entry of a list of numbers; both are allowed values.
        choices: the allowed values, or the allowed entries of a list.

    Returns:
        The value, of the kind asked for.

    Raises:
        ParameterError: names the parameter, its value and what is allowed.
    """
    resolved = rospy.resolve_name(name)
    _read.add(resolved)
    if not rospy.has_param(name):
        return default
    return check(resolved, rospy.get_param(name), kind, minimum, maximum, choices)


def check(
    name: str,
    value: Any,
    kind: Union[type, Tuple[type, ...]],
    minimum: Optional[float] = None,
    maximum: Optional[float] = None,
    choices: Optional[Sequence] = None,
) -> Any:
    """Check one value; see :func:`get_parameter`."""
    if isinstance(kind, tuple):
        fitting = [one for one in kind if _convert(value, one) is not None]
        if not fitting:
            allowed = " or ".join(_allowed(one, minimum, maximum, choices) for one in kind)
            raise ParameterError("parameter %s is %r; it must be %s" % (name, value, allowed))
        kind = fitting[0]
    allowed = _allowed(kind, minimum, maximum, choices)
    if kind is str and isinstance(value, bool):  # YAML takes no, off, on ... for truth values
        value = next((choice for choice in choices or () if yaml.safe_load(choice) is value), value)
    converted = _convert(value, kind)
    if converted is None:
        raise ParameterError("parameter %s is %r; it must be %s" % (name, value, allowed))
    for entry in converted if kind is list else [converted]:
        is_number = isinstance(entry, (int, float)) and not isinstance(entry, bool)
        if (
            minimum is not None
            and not (is_number and entry >= minimum)
            or maximum is not None
            and not (is_number and entry <= maximum)
            or choices is not None
            and entry not in choices
        ):
            raise ParameterError("parameter %s is %r; it must be %s" % (name, value, allowed))
    return converted


def keep_parameter(name: str, value: Any) -> None:
    """Keep a value for the same node when it is started again.

    Without the master, which may be on another computer, it is not kept; a node that works on can do without. Not for a
    stop: that must be kept, or its caller must hear that it was not, and call again.
    """
    try:
        rospy.set_param(name, value)
    except (OSError, rospy.ROSException, xmlrpc.client.Error, http.client.HTTPException) as error:
        rospy.logwarn(
            "%s is not kept for the next start: the ROS master does not answer (%s). Is the network up?",
            rospy.resolve_name(name),
            error,
        )


def warn_of_unread() -> None:
    """Log a warning for each private parameter that is set but was never asked for."""
    own = rospy.get_name() + "/"
    for name in rospy.get_param_names():
        if name.startswith(own) and not any(name == read or name.startswith(read + "/") for read in _read):
            rospy.logwarn("parameter %s is set, but this node has no such parameter; is it misspelt?", name)


def _convert(value: Any, kind: type) -> Any:
    """The value as that kind, or None where it is of another one."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float:
        return float(value) if is_number and math.isfinite(value) else None
    if kind is int:
        return int(value) if is_number and math.isfinite(value) and value == int(value) else None
    if kind is str:
        return str(value) if is_number or isinstance(value, str) else None
    if kind is list and isinstance(value, str):
        return value.replace(",", " ").split()
    return value if isinstance(value, kind) else None


def _allowed(kind: type, minimum: Optional[float], maximum: Optional[float], choices: Optional[Sequence]) -> str:
    words = _WORDS[kind]
    if choices is not None:
        words += " of these: " if kind is list else ", one of: "
        return words + ", ".join(str(choice) for choice in choices)
    if minimum is not None and maximum is not None:
        return "%s from %s to %s" % (words, minimum, maximum)
    if minimum is not None:
        return "%s, at least %s" % (words, minimum)
    if maximum is not None:
        return "%s, at most %s" % (words, maximum)
    return words
