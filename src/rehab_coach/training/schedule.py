"""What changes during a training: the learning rate, which weights learn, and their average."""

import math
from typing import Callable, List, Sequence

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rehab_coach.training.options import TrainingOptions


def make_optimiser(network: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """The optimiser that the options name; biases and normalisation do not decay."""
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if options.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=options.learning_rate, momentum=0.9, nesterov=True)
    if options.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, lr=options.learning_rate)
    return torch.optim.AdamW(groups, lr=options.learning_rate)


def learning_rate_at(options: TrainingOptions, step: int, plateaus: int = 0) -> float:
    """Part of the highest learning rate at a step.

    A linear rise during `warm_up`, then a cosine to zero, steps, or one step for each of so many plateaus; after the
    frozen part times `unfreeze_factor`.
    """
    rise = options.warm_up * options.steps
    if step < rise:
        factor = (step + 1) / (rise + 1)
    elif options.schedule == "steps":
        factor = options.step_factor ** sum(step >= milestone for milestone in options.milestones)
    elif options.schedule == "plateau":
        factor = options.step_factor**plateaus
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (step - rise) / max(options.steps - rise, 1)))
    if options.freeze and not is_frozen(options, step):
        factor *= options.unfreeze_factor
    return factor


def is_frozen(options: TrainingOptions, step: int) -> bool:
    """Whether only the output layers learn at a step."""
    return step < options.freeze * options.steps


def set_learning(network: nn.Module, frozen: bool, output_layers: Sequence[str]) -> None:
    """Put the network into training mode; frozen, all but the output layers keep their weights and statistics."""
    network.train()
    for parameter in network.parameters(recurse=False):
        parameter.requires_grad_(not frozen)
    for name, part in network.named_children():
        learns = not frozen or name in output_layers
        part.requires_grad_(learns)
        part.train(learns)


def moving_average(decay: float) -> Callable[..., None]:
    """An average of all weights so far until there are as many as the moving average remembers.

    The first ones, which know nothing, would otherwise be most of a short training's model.
    """

    def update(averages: List[torch.Tensor], weights: List[torch.Tensor], updates: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, 1 - 1 / (int(updates) + 1)))(averages, weights, updates)

    return update
