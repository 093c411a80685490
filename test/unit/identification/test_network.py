"""The people's network learns people who swing a sensor in their own ways, and can be taken as a start."""

import numpy as np
import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.network import (
    FEATURES,
    GaitNetwork,
    NetworkRecipe,
    PeopleTask,
    scores,
    set_aside,
    train_people,
    varied,
)
from rehab_coach.identification.run import load_network, load_recipe, save_network
from rehab_coach.paths import share_path
from rehab_coach.recognition.model_file import ModelError

QUICK = NetworkRecipe(steps=60, batch=16, log_every=20, learning_rate=2e-3, patience=0, plateau=50)


@pytest.fixture(scope="module")
def people(samples):
    made = samples(range(3))
    return np.stack([one.values for one in made]), np.array([int(one.person[1:]) for one in made])


@pytest.fixture(scope="module")
def trained(people):
    torch.set_num_threads(1)
    return train_people(QUICK, *people)[0]


def test_learns_to_name_people(trained, samples):
    other = samples(range(3), seed=9)
    named = scores(trained, np.stack([one.values for one in other])).argmax(1)
    assert (named == [int(one.person[1:]) for one in other]).mean() > 0.8


def test_features_are_taken_from_the_start(people, trained):
    start = PeopleTask(QUICK, *people, start=trained).make_network()
    for one, other in zip(start.features.parameters(), trained.features.parameters()):
        assert torch.equal(one, other)
    assert start.features(torch.zeros(2, 4, 100)).shape == (2, FEATURES)


def test_frozen_features_stay(people, trained):
    frozen = train_people(NetworkRecipe(**{**vars(QUICK), "freeze": 1.0, "steps": 20}), *people, start=trained)[0]
    for one, other in zip(frozen.features.parameters(), trained.features.parameters()):
        assert torch.equal(one, other)
    assert not torch.equal(frozen.head[-1].weight, trained.head[-1].weight)


def test_strength_is_kept_or_removed(people, trained, tmp_path):
    kept = NetworkRecipe(**{**vars(QUICK), "strength": "kept", "validation": 0.0, "steps": 20})
    path = str(tmp_path / "model.safetensors")
    save_network(path, train_people(kept, *people)[0], ["a", "b", "c"], kept, {})
    again = load_network(path)[0]
    cycles = people[0]
    np.testing.assert_allclose(scores(trained, 2 * cycles), scores(trained, cycles), atol=1e-4)
    assert np.abs(scores(again, 2 * cycles) - scores(again, cycles)).max() > 0.1


def test_only_people_of_one_context_are_told_apart(people, trained):
    recipe = NetworkRecipe(**{**vars(QUICK), "label_smoothing": 0.0})
    task = PeopleTask(recipe, *people, contexts=np.array([0, 0, 1]))
    inputs, labels = trained.inputs(people[0]), torch.from_numpy(people[1])
    loss, _ = task.loss(trained, (inputs, labels))
    two = labels < 2
    outputs = trained(inputs[two])[:, :2]
    # Who is alone in a context costs nothing.
    wanted = torch.nn.functional.cross_entropy(outputs, labels[two], reduction="sum") / len(labels)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_varied_cycles_are_turned_and_begin_elsewhere(people):
    inputs = torch.from_numpy(people[0])
    made = varied(inputs, 0.3, np.random.default_rng(0))
    shift = next(shift for shift in range(-4, 5) if torch.equal(made[:, 3].roll(-shift, 1), inputs[:, 3]))
    back = made.roll(-shift, 2)
    assert not torch.allclose(back[:, :3], inputs[:, :3], atol=0.1)
    assert torch.allclose(back[:, :3].norm(dim=1), inputs[:, :3].norm(dim=1), atol=1e-4)


def test_nothing_is_set_aside_where_all_are_learned_from(people):
    task = PeopleTask(NetworkRecipe(**{**vars(QUICK), "validation": 0.0, "batch": 500}), *people)
    drawn = next(iter(task.batches(0)))[0]
    assert len(torch.unique(drawn, dim=0)) == len(people[0])


def test_same_seed_same_batches(people):
    task = PeopleTask(QUICK, *people)
    first, second = (next(iter(task.batches(7))) for _ in range(2))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])


def test_each_person_is_set_aside():
    people = np.repeat([0, 1, 2], [20, 3, 2])
    aside = set_aside(people, 0.2, 0)
    assert [aside[people == person].sum() for person in range(3)] == [4, 1, 0]


def test_saved_network_gives_the_same(trained, people, tmp_path):
    path = str(tmp_path / "model.safetensors")
    save_network(path, trained, ["a", "b", "c"], QUICK, {})
    again, header = load_network(path)
    assert header["people"] == ["a", "b", "c"] and isinstance(again, GaitNetwork)
    np.testing.assert_allclose(scores(again, people[0]), scores(trained, people[0]), atol=1e-6)
    with pytest.raises(ModelError, match="identify train"):
        load_network(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "name", ["gait_gyroscope", "gait_accelerometer", "squat_transfer", "all_gyroscope", "all_accelerometer"]
)
def test_recipes_that_ship(name):
    recipe = load_recipe(share_path("config", "recipes", "identification", name + ".yaml"))
    assert recipe.label_smoothing == (0.0 if recipe.stage == "all" else 0.1) and recipe.dropout == 0.25


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("people: 3", "the keys of this recipe are"),
        ("stage: dance", "must be one of gait, all, people"),
        ("stage: people\nset: mine", "'set' must be one of"),
        ("stage: all\nlabel_smoothing: 0.1", "must be 0 for all sets"),
        ("stage: all\nwithout: [mine]", "'without' must be one of"),
        ("stage: gait\nsteps: many", "must be of the kind int"),
        ("stage: gait\nbatch: 0", "must be positive"),
        ("[", "is not a YAML file"),
    ],
)
def test_recipe_that_is_wrong(tmp_path, text, said):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RehabCoachError, match=said):
        load_recipe(str(path))
