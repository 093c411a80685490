"""Starting from another network, freezing, steps of the learning rate."""

import os

import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.trainer import OUTPUT_LAYERS, make_contract, train_network, training_options
from rehab_coach.learning.transfer import model_path, take_weights
from rehab_coach.paths import share_path
from rehab_coach.recognition.model_file import save_model
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.training.schedule import is_frozen, learning_rate_at, set_learning

RECIPE = {
    "labels": ["squat", "jumping_jack", "unknown"],
    "sources": {"penn": 1},
    "window": 16,
    "channels": [8, 12],
    "strides": [2, 2],
    "windows": 64,
    "batch": 8,
    "log_every": 32,
    "weight_average": 0,
}
THESIS = dict(RECIPE, optimiser="sgd", schedule="steps", learning_rate=0.01, warm_up=0, epochs=50)


@pytest.fixture
def model(tmp_path):
    """A model whose weights can be told from any other's."""
    recipe = make_recipe(RECIPE)
    torch.manual_seed(5)
    network = STGCN(make_contract(recipe).network)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 1)
    save_model(str(tmp_path / "model.safetensors"), network, make_contract(recipe))
    return str(tmp_path), network


def fresh(**changes):
    return STGCN(make_contract(make_recipe(dict(RECIPE, **changes))).network)


def test_everything_is_taken_from_a_network_alike(model):
    folder, network = model
    other = fresh()
    told = take_weights(other, RECIPE["labels"], folder)
    for one, theirs in zip(other.state_dict().values(), network.state_dict().values()):
        assert torch.equal(one, theirs)
    assert "(100.0 % of the values)" in told and "not taken" not in told


def test_the_output_for_other_labels_stays_random(model):
    folder, network = model
    other = fresh()
    before = other.head.weight.clone()
    told = take_weights(other, ["lunge", "deadlift", "unknown"], folder)
    assert torch.equal(other.head.weight, before)
    assert torch.equal(other.layers[1].temporal.weight, network.layers[1].temporal.weight)
    assert "not taken: head.weight: for other labels" in told


def test_a_widened_last_layer_and_a_new_one_stay_random_and_are_named(model):
    folder, network = model
    other = fresh(channels=[8, 16, 16], strides=[2, 2, 1], fully_connected=10)
    told = take_weights(other, RECIPE["labels"], folder)
    assert torch.equal(other.layers[0].temporal.weight, network.layers[0].temporal.weight)
    assert "layers.1.temporal.weight: (12, 12, 9, 1) there, (16, 16, 9, 1) here" in told
    assert "fully_connected.weight: not in that model" in told and "layers.2.spatial.edge_importance" in told


def test_a_network_of_which_nothing_fits_is_refused(model):
    with pytest.raises(RehabCoachError, match="nothing of"):
        take_weights(fresh(channels=[10, 10], architecture="st_gcn++"), ["lunge", "unknown"], model[0])


def test_a_missing_model_is_named_with_what_to_do(tmp_path):
    with pytest.raises(RehabCoachError, match="runs/none.*train it first"):
        take_weights(fresh(), RECIPE["labels"], "runs/none")


def test_the_thesis_s_steps_from_frozen_to_the_end():
    changes = {"freeze": 0.1, "unfreeze_factor": 0.5, "milestones": [10, 20, 30, 40], "windows": 500 * THESIS["batch"]}
    options = training_options(make_recipe(dict(THESIS, **changes)))  # ten steps an epoch
    rates = [0.01 * learning_rate_at(options, step) for step in (0, 49, 50, 99, 100, 200, 300, 400, 499)]
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0.005, 5e-4, 5e-5, 5e-6, 5e-7, 5e-7])
    assert [is_frozen(options, step) for step in (0, 49, 50, 499)] == [True, True, False, False]


def test_only_the_output_layers_learn_while_the_rest_is_frozen(model, samples, tmp_path):
    folder, network = model
    recipe = make_recipe(dict(THESIS, freeze=0.9, windows=16, init=folder, fully_connected=6, optimiser="adamw"))
    learned, _ = train_network(recipe, samples, str(tmp_path / "run"), loaders=0)
    for name, tensor in learned.state_dict().items():
        if not name.startswith(("head", "fully_connected")) and "num_batches" not in name:
            assert torch.equal(tensor, network.state_dict()[name]), name
    torch.manual_seed(0)  # the seed of the training
    before = STGCN(make_contract(recipe).network)
    assert not torch.equal(learned.head.weight, before.head.weight)
    assert not torch.equal(learned.fully_connected.weight, before.fully_connected.weight)


def test_after_the_frozen_part_everything_learns():
    network = fresh()
    set_learning(network, True, OUTPUT_LAYERS)
    assert not network.layers[0].temporal.weight.requires_grad and network.head.weight.requires_grad
    assert not network.layers[0].training and network.head.training
    set_learning(network, False, OUTPUT_LAYERS)
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.layers[0].training


def test_a_model_that_ships_is_found_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = os.path.join("models", "coach.safetensors")
    assert model_path(relative) == share_path(relative)
    (tmp_path / "models").mkdir()
    (tmp_path / relative).write_bytes(b"mine")
    assert model_path(relative) == relative
    assert model_path("nowhere") == "nowhere"
