"""Movements are told apart before the classes."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.fold_training import PRETRAINING, train_task
from rehab_coach.learning.pretraining import TEMPERATURE, MovementBatches, by_movement, supervised_contrastive
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.trainer import make_contract
from rehab_coach.recognition.model_file import load_model

SMALL = {
    "labels": ["squat", "unknown"],
    "sources": {"penn": 1, "clips": 4},
    "window": 32,
    "channels": [8, 16],
    "strides": [2, 2],
    "pretraining": 64,
    "windows": 32,
    "batch": 16,
    "log_every": 32,
    "learning_rate": 0.01,
}


@pytest.fixture(scope="module")
def recipe():
    return make_recipe(SMALL)


@pytest.fixture(scope="module")
def movements(samples):
    """Squats, and three kinds of `unknown`: one by two names, one of a single person, one that nobody names."""
    actions = {"person 0": "bowling", "person 1": "sit_to_stand", "person 2": "sitting_down"}
    return [
        sample
        if sample.label == "squat"
        else replace(sample, label="unknown", action=actions.get(sample.group, "") if sample.source == "penn" else "")
        for sample in samples
    ]


def test_the_loss_is_the_published_one():
    labels = [0, 0, 1, 1, 1, 2]
    outputs = np.random.default_rng(0).standard_normal((6, 4))
    directions = outputs / np.linalg.norm(outputs, axis=1, keepdims=True)
    losses = []
    for anchor in range(5):  # the last one is alone
        others = [other for other in range(6) if other != anchor]
        alike = {other: math.exp(directions[anchor] @ directions[other] / TEMPERATURE) for other in others}
        same = [other for other in others if labels[other] == labels[anchor]]
        losses.append(-sum(math.log(alike[other] / sum(alike.values())) for other in same) / len(same))
    loss, _ = supervised_contrastive(torch.from_numpy(outputs), torch.tensor(labels))
    assert float(loss) == pytest.approx(np.mean(losses))


def test_windows_whose_nearest_one_is_of_their_movement_are_right():
    outputs = torch.tensor([[1.0, 0.0], [2.0, 0.1], [0.0, 1.0], [0.1, 3.0]])
    near, right = supervised_contrastive(outputs, torch.tensor([0, 0, 1, 1]))
    far, wrong = supervised_contrastive(outputs, torch.tensor([0, 1, 0, 1]))
    assert right["accuracy"] == 1 and wrong["accuracy"] == 0 and near < far


def test_what_is_unknown_is_called_by_its_own_name(recipe, movements):
    general, known = by_movement(recipe, movements)
    assert general.labels == ["bowling", "sit_to_stand", "squat"] and general.windows == 64
    assert sum(sample.label == "sit_to_stand" for sample in known) == 2
    assert len(known) == 36 + 3


def test_a_batch_has_several_windows_of_each_of_its_movements(recipe, movements):
    general, known = by_movement(recipe, movements)
    batches = MovementBatches(known, general, make_contract(general), seed=1)
    _, labels = batches[0]
    assert len(batches) == 4 and sorted(np.bincount(labels)) == [5, 5, 6]


def test_the_classes_are_learned_after_the_movements_of_the_same_people(recipe, movements, tmp_path):
    folder, path = str(tmp_path), str(tmp_path / "model.safetensors")
    train_task(replace(recipe, learning_rate=1e-6), movements, 1, {"person 0"}, folder, path, "test", 0)
    before, contract = load_model(os.path.join(folder, PRETRAINING, "model.safetensors"))
    assert contract.labels == ("sit_to_stand", "squat")  # nobody else bowls
    after, contract = load_model(path)
    assert contract.labels == ("squat", "unknown")
    weights = [network.state_dict()["layers.1.temporal.weight"] for network in (before, after)]
    assert torch.allclose(*weights, atol=1e-4) and weights[0].abs().mean() > 0.01


def test_less_than_a_batch_is_refused():
    with pytest.raises(RehabCoachError, match="'pretraining' must be 0, or at least one batch"):
        make_recipe(dict(SMALL, pretraining=8))
