"""What changes during a training: the learning rate, and which weights learn."""

import math

import torch
from torch import nn

from rehab_coach.learning.recipe import Recipe
from rehab_coach.recognition.st_gcn import STGCN

OUTPUT_LAYERS = ("head", "fully_connected")
"""Parts of the network that learn also while the rest is frozen."""


def make_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser; biases and normalisation do not decay."""
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def learning_rate_at(recipe: Recipe, step: int, steps: int) -> float:
    """Part of the recipe's learning rate at a step.

    A linear rise during `warm_up`, then a cosine to zero or steps; after the frozen part times `unfreeze_factor`.
    """
    rise = recipe.warm_up * steps
    if step < rise:
        factor = (step + 1) / (rise + 1)
    elif recipe.schedule == "steps":
        epoch = step * recipe.epochs // max(steps, 1)
        factor = recipe.step_factor ** sum(epoch >= milestone for milestone in recipe.milestones)
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))
    if recipe.freeze and not is_frozen(recipe, step, steps):
        factor *= recipe.unfreeze_factor
    return factor


def is_frozen(recipe: Recipe, step: int, steps: int) -> bool:
    """Whether only the output layers learn at a step."""
    return step < recipe.freeze * steps


def set_learning(network: STGCN, frozen: bool) -> None:
    """Put the network into training mode; frozen, all but the output layers keep their weights and statistics."""
    network.train()
    for name, part in network.named_children():
        learns = not frozen or name in OUTPUT_LAYERS
        part.requires_grad_(learns)
        part.train(learns)
