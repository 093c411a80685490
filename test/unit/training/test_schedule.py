"""The learning rate and the average of the weights."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rehab_coach.training.checkpoint import Progress
from rehab_coach.training.options import TrainingOptions
from rehab_coach.training.schedule import is_frozen, learning_rate_at, make_optimiser, moving_average, set_learning


def test_a_cosine_rises_first_and_ends_at_zero():
    options = TrainingOptions(steps=100, warm_up=0.1)
    rates = [learning_rate_at(options, step) for step in range(101)]
    assert rates.index(max(rates)) == 10 and rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[100] == pytest.approx(0)


def test_steps_fall_at_their_milestones_and_freezing_has_a_rate_of_its_own():
    options = TrainingOptions(
        steps=10,
        schedule="steps",
        milestones=(4, 7),
        step_factor=0.1,
        freeze=0.2,
        unfreeze_factor=0.5,
        output_layers=("head",),
    )
    rates = [learning_rate_at(options, step) for step in (0, 1, 2, 3, 4, 6, 7, 9)]
    assert rates == pytest.approx([1, 1, 0.5, 0.5, 0.05, 0.05, 0.005, 0.005])
    assert [is_frozen(options, step) for step in (1, 2)] == [True, False]


def test_each_plateau_lowers_the_rate_by_one_step():
    options = TrainingOptions(steps=100, schedule="plateau", step_factor=0.5)
    assert [learning_rate_at(options, 50, plateaus) for plateaus in (0, 1, 3)] == pytest.approx([1, 0.5, 0.125])


def test_a_plateau_is_so_many_lines_without_a_lower_loss():
    progress = Progress()
    plateaus = []
    for loss in (3.0, 2.0, 2.1, 2.2, 2.3, 2.4, 1.0, 1.1):
        progress.add({"loss": loss}, loss)
        progress.note_plateau(2)
        plateaus.append(progress.plateaus)
    assert plateaus == [0, 0, 0, 1, 1, 2, 2, 2]


def test_rmsprop_can_be_chosen():
    options = TrainingOptions(steps=1, optimiser="rmsprop", learning_rate=0.01)
    assert isinstance(make_optimiser(nn.Linear(2, 3), options), torch.optim.RMSprop)


def test_biases_do_not_decay():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    decayed, others = make_optimiser(network, TrainingOptions(steps=1, weight_decay=0.3)).param_groups
    assert [parameter.shape for parameter in decayed["params"]] == [(3, 2)] and decayed["weight_decay"] == 0.3
    assert len(others["params"]) == 3 and others["weight_decay"] == 0


def test_frozen_parts_keep_weights_and_statistics():
    network = nn.ModuleDict({"body": nn.BatchNorm1d(3), "head": nn.Linear(3, 1)})
    network.scale = nn.Parameter(torch.ones(1))
    set_learning(network, True, ("head",))
    assert [parameter.requires_grad for parameter in (network.scale, network["body"].weight)] == [False, False]
    assert network["head"].weight.requires_grad and network["head"].training and not network["body"].training
    set_learning(network, False, ("head",))
    assert all(parameter.requires_grad for parameter in network.parameters()) and network["body"].training


def test_a_moving_average_of_few_steps_is_their_mean():
    network = torch.nn.Linear(1, 1, bias=False)
    average = AveragedModel(network, multi_avg_fn=moving_average(0.75))
    for value in (1.0, 2.0, 6.0, 7.0, 8.0):
        torch.nn.init.constant_(network.weight, value)
        average.update_parameters(network)
    assert average.module.weight.item() == pytest.approx(0.75 * (1 + 2 + 6 + 7) / 4 + 0.25 * 8)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"optimiser": "adam"}, "optimiser must be one of adamw, sgd, rmsprop, not 'adam'"),
        ({"schedule": "line"}, "schedule"),
        ({"precision": "float16"}, "precision"),
        ({"log_every": 0}, "log_every 0 must be 1 or more"),
        ({"freeze": 0.1}, "freeze needs output_layers"),
    ],
)
def test_options_that_the_loop_does_not_know(changes, words):
    with pytest.raises(ValueError, match=words):
        TrainingOptions(**{"steps": 10, **changes})
