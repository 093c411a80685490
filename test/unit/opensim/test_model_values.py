"""A skeleton that went through JSON moves as before."""

import json

import pytest
import torch

from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.model_values import model_of, values_of
from rehab_coach.opensim.packages import default_model


def test_it_moves_as_before():
    model = read_model(default_model())
    again = model_of(json.loads(json.dumps(values_of(model))))
    one, other = SkeletonLayer(model, torch.float64), SkeletonLayer(again, torch.float64)
    assert (again.name, again.bodies, again.coordinates) == (model.name, model.bodies, model.coordinates)
    coordinates = torch.randn(5, len(one.coordinates), dtype=torch.float64)
    scales = torch.rand(5, len(one.bodies), 3, dtype=torch.float64) + 0.5
    for ours, theirs in zip(one(coordinates, scales), other(coordinates, scales)):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_other_values_are_refused():
    with pytest.raises(KeyError):
        model_of({"name": "nothing"})
