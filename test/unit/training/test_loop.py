"""The training loop with a regression of two layers."""

import csv
import math

import pytest
import torch
from torch import nn

from rehab_coach.errors import RehabCoachError
from rehab_coach.training.checkpoint import CHECKPOINT
from rehab_coach.training.curves import plot_curves
from rehab_coach.training.loop import Task, train
from rehab_coach.training.options import TrainingOptions

OPTIONS = TrainingOptions(steps=60, batch=16, log_every=20, learning_rate=0.02, warm_up=0.1, weight_average=0.8)


class Killed(Exception):
    pass


class Regression(Task):
    """y = sin(x1) + x2, with dropout that draws from PyTorch's random numbers.

    Args:
        killed_at: number of the step that is not reached.
        spoiled_at: number of a batch that is not finite.
        losses: instead of those that are measured.
    """

    def __init__(self, killed_at=None, spoiled_at=None, losses=None):
        self.killed_at, self.spoiled_at, self.losses = killed_at, spoiled_at, losses
        self.watched = []
        self.inputs, self.targets = self.draw(10**6)

    def draw(self, number):
        inputs = 2 * torch.rand(16, 2, generator=torch.Generator().manual_seed(number)) - 1
        return inputs, (torch.sin(inputs[:, 0]) + inputs[:, 1])[:, None]

    def make_network(self):
        return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1))

    def batches(self, first_step):
        number = first_step
        while True:
            if number == self.killed_at:
                raise Killed()
            inputs, targets = self.draw(number)
            yield {"inputs": inputs / (number != self.spoiled_at), "targets": targets}
            number += 1

    def loss(self, network, batch):
        errors = network(batch["inputs"]) - batch["targets"]
        return (errors**2).mean(), {"largest": errors.abs().max()}

    def watch(self, network):
        assert not network.training and not torch.is_grad_enabled()
        self.watched.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        measured = float(((network(self.inputs) - self.targets) ** 2).mean())
        return {"validation_loss": self.losses[len(self.watched) - 1] if self.losses else measured}


def changed(**changes):
    return TrainingOptions(**{**vars(OPTIONS), **changes})


def equal(one, other):
    return all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.state_dict().items())


def test_it_learns_and_the_same_seed_gives_the_same_weights():
    task = Regression()
    network, progress = train(task, OPTIONS)
    assert progress.history[-1]["validation_loss"] < 0.02 * float((task.targets**2).mean())
    assert not network.training and progress.step == 60 and len(progress.history) == 3
    assert [line["samples"] for line in progress.history] == [320, 640, 960]
    assert equal(network, train(Regression(), OPTIONS)[0])
    assert not equal(network, train(Regression(), changed(seed=1))[0])


@pytest.mark.parametrize("killed_at", [5, 33, 59])
def test_interrupted_and_resumed_it_ends_as_if_nothing_had_happened(tmp_path, killed_at):
    whole, expected = train(Regression(), OPTIONS)
    with pytest.raises(Killed):
        train(Regression(killed_at), OPTIONS, str(tmp_path), identity="a")
    if killed_at > OPTIONS.log_every:
        with pytest.raises(RehabCoachError, match="belongs to another recipe, data or seed"):
            train(Regression(), OPTIONS, str(tmp_path), identity="b")
    resumed, progress = train(Regression(), OPTIONS, str(tmp_path), identity="a")
    assert equal(resumed, whole)
    for line, other in zip(progress.history, expected.history):
        assert {**line, "seconds": 0} == {**other, "seconds": 0}
    with open(str(tmp_path / "log.csv"), newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert list(lines[0]) == ["samples", "loss", "largest", "learning_rate", "seconds", "validation_loss"]
    assert len(lines) == 3 and (tmp_path / CHECKPOINT).exists() and (tmp_path / "curves.png").exists()


def test_patience_stops_and_the_weights_are_the_best_ones(tmp_path):
    task = Regression(losses=[0.9, 0.5, 0.7, 0.6, 0.1])
    options = changed(log_every=5, patience=2)
    network, progress = train(task, options, str(tmp_path))
    assert progress.stopped and progress.step == 20 and progress.best_line == 1
    assert all(torch.equal(tensor, task.watched[1][name]) for name, tensor in network.state_dict().items())
    again, _ = train(task, options, str(tmp_path))  # who starts it again gets the same at once
    assert len(task.watched) == 4 and equal(again, network)


def test_patience_without_a_validation_loss_is_told():
    class Blind(Regression):
        def watch(self, network):
            return {}

    with pytest.raises(ValueError, match="validation_loss"):
        train(Blind(), changed(patience=2))


def test_a_loss_that_is_not_finite_is_a_sentence():
    with pytest.raises(RehabCoachError, match="became nan after 7 steps: lower learning_rate, or look"):
        train(Regression(spoiled_at=7), OPTIONS)


def test_batches_that_end_too_early_are_told():
    class Short(Regression):
        def batches(self, first_step):
            return list(zip(range(10), super().batches(0)))[:10]

        def loss(self, network, batch):
            return super().loss(network, batch[1])

    with pytest.raises(ValueError, match="ended after 10 of 60 steps"):
        train(Short(), OPTIONS)


def test_without_an_average_the_last_weights_are_the_result():
    class Keeping(Regression):
        def make_network(self):
            self.network = super().make_network()
            return self.network

        def watch(self, network):
            return {}

    task = Keeping()
    network, _ = train(task, changed(weight_average=0, log_every=7))
    assert equal(network, task.network)


def test_gradients_are_limited():
    still, _ = train(Regression(), changed(optimiser="sgd", weight_decay=0, gradient_limit=0.0))
    torch.manual_seed(0)
    assert equal(still, Regression().make_network())


def test_mixed_precision_is_the_loop_s():
    class Telling(Regression):
        def loss(self, network, batch):
            outputs = network(batch["inputs"])
            self.kind = outputs.dtype
            return nn.functional.mse_loss(outputs.float(), batch["targets"]), {}

    task = Telling()
    network, progress = train(task, changed(precision="bfloat16"))
    assert task.kind == torch.bfloat16 and next(network.parameters()).dtype == torch.float32
    assert progress.history[-1]["loss"] < progress.history[0]["loss"]


def test_only_the_output_layer_learns_while_the_rest_is_frozen():
    task = Regression()
    network, _ = train(task, changed(freeze=0.9, steps=40, weight_average=0, output_layers=("3",)))
    torch.manual_seed(0)
    before, then = task.make_network().state_dict(), task.watched[0]  # after 20 steps
    assert torch.equal(then["0.weight"], before["0.weight"]) and not torch.equal(then["3.weight"], before["3.weight"])
    assert not torch.equal(network[0].weight, before["0.weight"])  # the last tenth


def test_the_legend_says_what_the_training_s_curve_is_of(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: (drawn.append(figure), open(path, "w").close()))
    line = {"windows": 8, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0}
    history = [{**line, "validation_loss": loss, "validation_accuracy": 0.4, "angle": 3.0} for loss in (2.0, math.nan)]
    plot_curves(history, str(tmp_path / "curves.png"), "title", "changed windows, smoothed labels")
    axes = drawn[0].axes
    assert [axis.get_ylabel() for axis in axes] == ["loss", "accuracy", "angle"]
    assert [line.get_label() for line in axes[0].lines] == [
        "training (changed windows, smoothed labels)",
        "validation (unchanged, averaged weights)",
        "kept weights",
    ]
    assert axes[2].lines[0].get_label().startswith("angle")
