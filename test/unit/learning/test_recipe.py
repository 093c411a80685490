"""A recipe is right or is refused with the key and what is allowed."""

import glob
import os
from dataclasses import replace

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.recipe import load_recipe, make_recipe, with_labels
from rehab_coach.learning.trainer import make_contract

RECIPES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "config", "recipes", "*.yaml")
GOOD = {"labels": ["squat", "unknown"], "sources": {"penn": 1, "clips": 4}}


def test_every_recipe_that_ships_is_good():
    paths = glob.glob(RECIPES)
    assert paths
    for path in paths:
        recipe = load_recipe(path)
        if not recipe.labels:
            recipe = replace(recipe, labels=["press", "unknown"])
        assert make_contract(recipe).labels == tuple(recipe.labels)


def test_defaults_fill_what_is_not_said():
    recipe = make_recipe(GOOD)
    assert recipe.rate == 15.0 and recipe.window == 64
    assert make_recipe(recipe.as_dict()) == recipe


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"labls": []}, ["unknown key 'labls'", "labels"]),
        ({"labels": ["squat"]}, ["labels", "two or more"]),
        ({"labels": ["squat", "lunge"]}, ["unknown"]),
        ({"labels": "squat"}, ["labels", "list"]),
        ({"labels": ["arm swing", "unknown"]}, ["'labels' has the label 'arm swing'", "arm_swing"]),
        ({"labels": ["knebøy", "unknown"]}, ["'knebøy'", "such as kneboey"]),
        ({"labels": ["true", "unknown"]}, ["'true'", "YAML"]),
        ({"labels": [False, "unknown"]}, ["labels", "in quotes", "yes, no"]),
        ({"labels": ["swing", "Swing", "unknown"]}, ["'swing' and 'Swing'", "only in case"]),
        ({"sources": {"kinetics": 1}}, ["kinetics", "penn"]),
        ({"sources": {"penn": 0}}, ["penn", "above 0"]),
        ({"sources": ["penn"]}, ["sources", "mapping"]),
        ({"window": "64"}, ["window", "whole number"]),
        ({"window": 63.5}, ["window", "whole number"]),
        ({"window": 2}, ["window", "between 8 and 1024"]),
        ({"optimiser": "lion"}, ["optimiser", "adamw, sgd"]),
        ({"precision": "float16"}, ["precision", "bfloat16"]),
        ({"channels": [32, 64], "strides": [1]}, ["strides", "channels"]),
        ({"folds": 1}, ["folds"]),
        ({"sources": {"penn": 1}, "folds": 3}, ["folds", "clips"]),
        ({"temporal_kernel": 8}, ["temporal_kernel", "odd"]),
        ({"learning_rate": True}, ["learning_rate", "number"]),
        ({"windows": 63, "batch": 64}, ["windows", "one batch"]),
        ({"estimators": ["mediapipe", "openpose"]}, ["estimators", "tf_pose, mediapipe"]),
        ({"estimators": ["mediapipe", "mediapipe"]}, ["estimators", "each once"]),
        ({"augmentation": {"speed": 2}}, ["augmentation: speed", "two numbers"]),
        ({"causal": "no"}, ["causal", "true or false"]),
        ({"causal": True}, ["normalisation", "running_box"]),
        ({"causal": True, "architecture": "st_gcn++"}, ["st_gcn", "causal"]),
        ({"causal": True, "normalisation": "running_box", "temporal_kernel": 1}, ["temporal_kernel", "stride"]),
        ({"causal": True, "normalisation": "running_box", "window": 11}, ["window", "12 or more", "causal"]),
        ({"pretraining": 64, "batch": 7}, ["batch", "8 or more", "pretraining"]),
        ({"windows": float("inf")}, ["windows", "whole number"]),
        ({"learning_rate": float("nan")}, ["learning_rate", "a number"]),
        ({"sources": {"penn": float("nan")}}, ["penn", "above 0"]),
        ({"augmentation": {"noise": float("nan")}}, ["augmentation: noise", "a number"]),
        ({1: 2, "labls": []}, ["unknown key '1'", "labels"]),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_allowed(changes, words):
    with pytest.raises(RehabCoachError) as caught:
        make_recipe({**GOOD, **changes})
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    "text, words",
    [
        ("labels: [squat, unknown\n", "not a YAML file"),
        ("- squat\n", "not a recipe"),
        ("labels: [squat, unknown]\n", "'sources' is missing"),
        ("seed: 1\nlabels: [squat, unknown]\nseed: 2\n", "'seed' is there twice"),
        ("labels: [squat, unknown]\nsources: {penn: 1, penn: 2}\n", "'penn' is there twice"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, words):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(RehabCoachError) as caught:
        load_recipe(str(path))
    assert words in str(caught.value) and "broken.yaml" in str(caught.value)


def test_a_mapping_may_take_over_another(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("labels: [squat, unknown]\nsources: {penn: 1}\naugmentation: {<<: {copy: 0.5}, gaps: 0}\n")
    assert load_recipe(str(path)).augmentation == {"copy": 0.5, "gaps": 0}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RehabCoachError, match="none.yaml"):
        load_recipe(str(tmp_path / "none.yaml"))


def test_a_recipe_without_labels_takes_those_of_the_clips(tmp_path):
    recipe = load_recipe(os.path.join(os.path.dirname(RECIPES), "own.yaml"))
    table = tmp_path / "clips.csv"
    table.write_text("label,file\nside_bend,a.mp4\nunknown,b.mp4\npress,c.mp4\nside_bend,d.mp4\n,e.mp4\n")
    labelled = with_labels(recipe, str(table))
    assert labelled.labels == ["side_bend", "press", "unknown"]
    assert replace(labelled, labels=[]) == recipe
    assert with_labels(labelled, str(tmp_path / "nowhere.csv")) is labelled  # it has labels of its own
    table.write_text("label,file\nunknown,b.mp4\n")
    with pytest.raises(RehabCoachError, match="clips.csv names no exercise"):
        with_labels(recipe, str(table))
    with pytest.raises(RehabCoachError, match="there is no .*nowhere.csv: write one with the columns label, file"):
        with_labels(recipe, str(tmp_path / "nowhere.csv"))


def test_a_recipe_without_clips_needs_labels():
    with pytest.raises(RehabCoachError, match="the key 'labels' is missing"):
        make_recipe({"sources": {"penn": 1}})
    with pytest.raises(RehabCoachError, match="labels"):
        make_recipe({"sources": {"penn": 1}, "labels": []})
