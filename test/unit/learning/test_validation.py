"""The validation part: honest, decides about weights, end and threshold."""

import numpy as np
import pytest
import torch

from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.trainer import make_contract, train_network
from rehab_coach.learning.validation import (
    Answered,
    TooFewGroups,
    choose_threshold,
    judge_watched,
    split_validation,
    watch_as_drawn,
)
from rehab_coach.recognition.st_gcn import STGCN

SMALL = {
    "labels": ["squat", "jumping_jack", "unknown"],
    "sources": {"penn": 1, "clips": 4},
    "window": 16,
    "channels": [8],
    "strides": [2],
    "windows": 400,
    "batch": 8,
    "log_every": 40,
    "validation": 0.25,
    "patience": 2,
    "weight_average": 0,
}


def test_no_group_is_on_both_sides_and_no_class_is_lost(samples):
    alone = Sample(samples[0].sequence, "lunge", "person 0", "penn", "the only lunge")
    learned, validation = split_validation(list(samples) + [alone], 0.25, seed=1)
    assert not {sample.group for sample in learned} & {sample.group for sample in validation}
    assert len(learned) + len(validation) == len(samples) + 1
    assert 2 <= len({sample.group for sample in validation}) <= 4
    assert {sample.label for sample in learned} == {"squat", "jumping_jack", "lunge"}
    again = split_validation(list(samples) + [alone], 0.25, seed=1)[1]
    assert [sample.name for sample in again] == [sample.name for sample in validation]


def test_too_few_groups_are_refused(samples):
    with pytest.raises(TooFewGroups, match="needs 20 groups"):
        split_validation(samples, 0.05, 0)


def test_without_a_share_everything_is_learned_from(samples):
    assert split_validation(samples, 0, 0) == (samples, [])


def test_each_class_and_source_counts_as_in_the_training(samples):
    recipe = make_recipe(dict(SMALL, unknown_share=0.2))
    watched = watch_as_drawn(samples, recipe, make_contract(recipe), seed=0)
    assert len(watched.labels) == len(samples) and float(watched.weights.sum()) == pytest.approx(1)
    assert float(watched.weights[watched.labels == 0].sum()) == pytest.approx(0.5)
    few = watch_as_drawn(samples, recipe, make_contract(recipe), seed=0, most=10)
    assert len(few.inputs) == 10 and float(few.weights.sum()) == pytest.approx(1)


def test_training_stops_early_and_keeps_the_best_weights(samples, tmp_path, monkeypatch):
    recipe = make_recipe(SMALL)
    losses, seen = [0.9, 0.5, 0.7, 0.6, 0.1, 0.1, 0.1], []

    def judged(network, watched, device):
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return losses[len(seen) - 1], 0.5

    monkeypatch.setattr("rehab_coach.learning.trainer.judge_watched", judged)
    network, progress = train_network(recipe, samples[:30], str(tmp_path), validation=samples[30:], loaders=0)
    assert progress.stopped and len(progress.history) == 4 and progress.best_line == 1
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, seen[1][name])
    # Somebody who starts it again gets the same at once.
    again, _ = train_network(recipe, samples[:30], str(tmp_path), validation=samples[30:], loaders=0)
    assert len(seen) == 4 and torch.equal(again.head.weight, network.head.weight)


def test_loss_and_accuracy_are_weighted(samples):
    recipe = make_recipe(SMALL)
    watched = watch_as_drawn(samples[:6], recipe, make_contract(recipe), seed=0)
    network = STGCN(make_contract(recipe).network)
    loss, accuracy = judge_watched(network, watched, "cpu")
    with torch.no_grad():
        outputs = network(watched.inputs)
    expected = sum(
        float(weight * torch.nn.functional.cross_entropy(output[None], label[None]))
        for weight, output, label in zip(watched.weights, outputs, watched.labels)
    )
    assert loss == pytest.approx(expected, rel=1e-4)
    assert accuracy == pytest.approx(float(watched.weights[outputs.argmax(1) == watched.labels].sum()))


def test_the_threshold_is_where_both_kinds_are_told_apart_best(samples):
    recipe = make_recipe(dict(SMALL, unknown_share=0.5))
    labels = ["squat"] * 4 + ["unknown"] * 4
    # The best exercise's probability; the squats above 0.55 and the others below, but for one of each.
    confidences = [0.9, 0.8, 0.6, 0.35, 0.5, 0.4, 0.3, 0.7]
    chosen = [
        Sample(sample.sequence, label, "group %d" % number, "penn", str(number))
        for number, (sample, label) in enumerate(zip(samples, labels))
    ]

    answers = [
        Answered(sample, np.float32([value, 0.0, min(1 - value, value - 0.01)]))
        for sample, value in zip(chosen, confidences)
    ]
    answer = choose_threshold(answers, recipe)
    assert 0.5 < answer["threshold"] < 0.6
    assert answer["exercises_recall"] == pytest.approx(0.75) and answer["unknown_recall"] == pytest.approx(0.75)
    assert choose_threshold(answers[:4], recipe) is None
    # Where hardly anything is unknown, all squats had better be heard.
    answer = choose_threshold(answers, make_recipe(dict(SMALL, unknown_share=0.1)))
    assert 0.3 < answer["threshold"] < 0.35 and answer["exercises_recall"] == pytest.approx(1)
