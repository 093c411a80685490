import json
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from rehab_coach.errors import RehabCoachError
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.model_file import METADATA_KEY, ModelError, load_model, save_model
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig

SMALL = NetworkConfig(channels=(8, 12), strides=(1, 2), classes=3)
CONTRACT = ModelContract(
    labels=("squat", "lunge", "unknown"),
    network=SMALL,
    rate=12.5,
    window=48,
    persons=2,
    normalisation="picture",
    unknown_threshold=0.4,
    training={"recipe": "first", "accuracy": 0.9},
)


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "coach.safetensors"
    save_model(path, STGCN(SMALL), CONTRACT)
    return path


def rewrite(path, weights=None, **changes):
    """The same file with some of the contract's entries changed; None removes an entry."""
    values = {**json.loads(CONTRACT.to_json()), **changes}
    values = {name: value for name, value in values.items() if value is not None}
    save_file(load_file(path) if weights is None else weights, path, {METADATA_KEY: json.dumps(values)})


def test_round_trip(tmp_path):
    torch.manual_seed(0)
    network = STGCN(SMALL)
    network(torch.randn(4, 3, 16, 18, 2))  # in training mode: moves the batch norms' statistics
    path = str(tmp_path / "new folder" / "coach.safetensors")
    save_model(path, network, CONTRACT)
    loaded, contract = load_model(path)
    assert contract == CONTRACT
    assert not loaded.training
    windows = torch.randn(2, 3, 16, 18, 2)
    assert torch.equal(loaded(windows), network.eval()(windows))
    assert os.listdir(tmp_path / "new folder") == ["coach.safetensors"]
    umask = os.umask(0)
    os.umask(umask)
    assert os.stat(path).st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize(
    "network", [replace(SMALL, architecture="st_gcn++"), replace(SMALL, fully_connected=16)], ids=["st_gcn++", "wide"]
)
def test_every_network_survives_the_file(tmp_path, network):
    path = str(tmp_path / "model.safetensors")
    save_model(path, STGCN(network), replace(CONTRACT, network=network, sampling="uniform"))
    loaded, contract = load_model(path)
    assert loaded.config == contract.network == network and contract.sampling == "uniform"


def test_files_from_before_the_choice_of_a_network_are_read(model):
    values = json.loads(CONTRACT.to_json())
    del values["network"]["architecture"], values["network"]["fully_connected"], values["sampling"]
    save_file(load_file(model), model, {METADATA_KEY: json.dumps(values)})
    assert load_model(model)[1] == CONTRACT


def test_contract_survives_json():
    assert ModelContract.from_json(CONTRACT.to_json()) == CONTRACT


def test_saving_replaces_a_file_only_when_the_new_one_is_whole(model, monkeypatch):
    before = model.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(RehabCoachError, match="No space left"):
        save_model(model, STGCN(SMALL), CONTRACT)
    assert model.read_bytes() == before
    assert os.listdir(model.parent) == [model.name]


def test_a_network_of_another_shape_is_not_saved_under_the_contract(tmp_path):
    with pytest.raises(ValueError, match="another network"):
        save_model(tmp_path / "m.safetensors", STGCN(replace(SMALL, channels=(8, 16))), CONTRACT)
    assert not os.listdir(tmp_path)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"no model .*train"):
        load_model(tmp_path / "nothing.safetensors")
    with pytest.raises(ModelError, match=r"is a folder: name the model file in it"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\xff" * 200])
def test_something_else(model, content):
    model.write_bytes(content)
    with pytest.raises(ModelError, match="broken, cut short or not a model"):
        load_model(model)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_truncated_file(model, kept):
    content = model.read_bytes()
    model.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match="cut short"):
        load_model(model)


def test_safetensors_without_a_contract(model):
    save_file(load_file(model), model)
    with pytest.raises(ModelError, match="no contract"):
        load_model(model)


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"format_version": 99}, "format version 99"),
        ({"format_version": None}, "format version None"),
        ({"layout": "blazepose_33"}, "layout 'blazepose_33'"),
        ({"normalisation": "sphere"}, "picture, box"),
        ({"sampling": "random"}, "consecutive, uniform"),
        ({"network": {**json.loads(CONTRACT.to_json())["network"], "architecture": "cnn"}}, "st_gcn, st_gcn"),
        ({"labels": ["squat", "lunge"]}, "2 labels for a network of 3"),
        ({"labels": ["squat", "squat", "lunge"]}, "different names"),
        ({"rate": 0}, "rate 0"),
        ({"rate": "fast"}, "wrong kind"),
        ({"window": -1}, "window -1"),
        ({"unknown_threshold": 1.5}, "unknown_threshold 1.5"),
        ({"network": {"channels": [8]}}, "strides"),
        ({"network": {"width": 8}}, "wrong kind .*width"),
        ({"network": "large"}, "wrong kind"),
        ({"window": None}, "window"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_contracts_that_cannot_be_kept(model, changes, reason):
    rewrite(model, **changes)
    with pytest.raises(ModelError, match="contract of .*%s.*train the model anew" % reason):
        load_model(model)


def test_contract_that_is_not_json(model):
    save_file(load_file(model), model, {METADATA_KEY: "{"})
    with pytest.raises(ModelError, match="contract"):
        load_model(model)


def test_weights_of_another_shape(model):
    rewrite(model, network={**json.loads(CONTRACT.to_json())["network"], "channels": [8, 16]})
    with pytest.raises(ModelError, match="do not fit its contract"):
        load_model(model)


def test_weights_that_are_missing(model):
    weights = load_file(model)
    del weights["head.weight"]
    rewrite(model, weights)
    with pytest.raises(ModelError, match="head.weight"):
        load_model(model)


def test_weights_of_a_training_that_diverged(model):
    weights = load_file(model)
    weights["head.bias"][0] = float("nan")
    rewrite(model, weights)
    with pytest.raises(ModelError, match="not finite"):
        load_model(model)


def test_a_model_needs_an_exercise_to_recognise():
    with pytest.raises(ValueError, match="unknown"):
        ModelContract(labels=("unknown",), network=replace(SMALL, classes=1))
