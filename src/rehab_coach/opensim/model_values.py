"""A skeleton as plain values, kept with what was learned of it: for machines without its file, as the robot."""

from dataclasses import asdict
from typing import Any, Dict, List, Tuple

import numpy as np

from rehab_coach.opensim.functions import Function
from rehab_coach.opensim.model import Axis, Coupler, Frame, Joint, Model, ModelCoordinate


def values_of(model: Model) -> Dict[str, Any]:
    """All that moves its bodies as JSON has it: numbers, texts, lists, dictionaries. Its markers are left out."""
    return {**_plain(asdict(model)), "markers": {}}


def model_of(values: Dict[str, Any]) -> Model:
    """The skeleton of such values.

    Raises:
        KeyError, TypeError, ValueError: they are not those of a skeleton.
    """
    return Model(
        values["name"],
        tuple(values["bodies"]),
        tuple(_joint(joint) for joint in values["joints"]),
        {name: ModelCoordinate(**coordinate) for name, coordinate in values["coordinates"].items()},
        {
            name: Coupler(**{**coupler, "function": _function(coupler["function"])})
            for name, coupler in values["couplers"].items()
        },
        {},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _joint(values: Dict[str, Any]) -> Joint:
    return Joint(
        values["name"],
        _frame(values["parent"]),
        _frame(values["child"]),
        _axes(values["rotations"]),
        _axes(values["translations"]),
        tuple(values["coordinates"]),
    )


def _frame(values: Dict[str, Any]) -> Frame:
    return Frame(values["body"], np.array(values["rotation"]), np.array(values["place"]))


def _axes(values: List[Dict[str, Any]]) -> Tuple[Axis, Axis, Axis]:
    first, second, third = (
        Axis(np.array(one["direction"]), _function(one["function"]), one["coordinate"], tuple(one["scaling"]))
        for one in values
    )
    return first, second, third


def _function(values: Dict[str, Any]) -> Function:
    return Function(np.array(values["starts"]), np.array(values["coefficients"]))
