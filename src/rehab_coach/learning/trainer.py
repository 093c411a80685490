"""The recogniser as something to train: what a recipe says, as a task and options of the training loop."""

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, cast

import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.recipe_checks import FIRST_ANSWER
from rehab_coach.learning.transfer import take_weights
from rehab_coach.learning.validation import judge_watched, watch_all, watch_as_drawn
from rehab_coach.learning.windows import TrainingBatches
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig
from rehab_coach.training.batches import make_batches
from rehab_coach.training.checkpoint import Progress
from rehab_coach.training.loop import Task, train
from rehab_coach.training.options import TrainingOptions
from rehab_coach.training.parallel import Processes

OUTPUT_LAYERS = ("head", "fully_connected")
"""Parts of the network that learn also while the rest is frozen."""

CHANGES = "changed windows, smoothed labels"
"""What the training's windows have that those of validation do not."""


def make_contract(recipe: Recipe) -> ModelContract:
    """What a model of this recipe promises to whoever uses it."""
    network = NetworkConfig(
        channels=tuple(recipe.channels),
        strides=tuple(recipe.strides),
        temporal_kernel=recipe.temporal_kernel,
        dropout=recipe.dropout,
        classes=len(recipe.labels),
        architecture=recipe.architecture,
        fully_connected=recipe.fully_connected,
        streams=tuple(recipe.streams),
        causal=recipe.causal,
    )
    return ModelContract(
        labels=tuple(recipe.labels),
        network=network,
        rate=recipe.rate,
        window=recipe.window,
        persons=recipe.persons,
        normalisation=recipe.normalisation,
        unknown_threshold=recipe.unknown_threshold,
        sampling=recipe.sampling,
    )


def training_options(recipe: Recipe, seed: int = 0) -> TrainingOptions:
    """How the loop trains a recipe."""
    steps = -(-recipe.windows // recipe.batch)
    return TrainingOptions(
        steps=steps,
        seed=seed,
        batch=recipe.batch,
        log_every=-(-recipe.log_every // recipe.batch),
        optimiser=recipe.optimiser,
        learning_rate=recipe.learning_rate,
        schedule=recipe.schedule,
        warm_up=recipe.warm_up,
        milestones=tuple(-(-epoch * steps // recipe.epochs) for epoch in recipe.milestones),
        step_factor=recipe.step_factor,
        weight_decay=recipe.weight_decay,
        freeze=recipe.freeze,
        unfreeze_factor=recipe.unfreeze_factor,
        output_layers=OUTPUT_LAYERS,
        weight_average=recipe.weight_average,
        precision=recipe.precision,
        patience=recipe.patience,
    )


class RecogniserTask(Task):
    """An ST-GCN learns the windows that a recipe draws.

    Args:
        recipe: how.
        samples: on what.
        seed: of the windows.
        validation: samples that are not learned from and decide which of the weights on the way are the model.
        held_out: samples that are not learned from and decide nothing; the log says how the network does on them.
        loaders: processes that make windows beside the training; 0 = none.
        processes: those that train together.
    """

    unit = "windows"
    changes = CHANGES
    windows_of = TrainingBatches

    def __init__(
        self,
        recipe: Recipe,
        samples: Sequence[Sample],
        seed: int,
        validation: Sequence[Sample],
        held_out: Sequence[Sample],
        loaders: int,
        processes: Processes,
    ):
        self._recipe, self._loaders, self._processes = recipe, loaders, processes
        self._contract = make_contract(recipe)
        self._windows = self.windows_of(samples, recipe, self._contract, seed, processes.rank, processes.count)
        self._watched = {
            "validation": watch_as_drawn(validation, recipe, self._contract, seed),
            "held_out": watch_all(held_out, recipe, self._contract),
        }

    def make_network(self) -> STGCN:
        """Random weights, or those of the recipe's `init` where they fit."""
        network = STGCN(self._contract.network)
        if self._recipe.init:
            taken = take_weights(network, self._recipe.labels, self._recipe.init)
            if self._processes.first:
                tqdm.write(taken)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in PyTorch's stub

    def batches(self, first_step: int) -> DataLoader:
        """Windows (N, 3, T, V, M) and the numbers of their labels (N,)."""
        return make_batches(self._windows, first_step, self._loaders)

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Cross entropy of smoothed labels, and the accuracy.

        Of a causal network the mean over its answers from `FIRST_ANSWER` on, and the accuracy of the last.
        """
        inputs, labels = batch
        if self._recipe.causal:
            first = round(FIRST_ANSWER * self._recipe.rate / self._contract.network.step)
            answers = cast(STGCN, network).after_each_step(inputs).float()[:, first:]
            outputs = answers[:, -1]
            answers, targets = answers.flatten(0, 1), labels.repeat_interleave(answers.shape[1])
        else:
            answers = outputs = network(inputs).float()
            targets = labels
        loss = nn.functional.cross_entropy(answers, targets, label_smoothing=self._recipe.label_smoothing)
        return loss, {"accuracy": (outputs.argmax(1) == labels).float().mean()}

    def watch(self, network: nn.Module) -> Dict[str, float]:
        """Loss and accuracy of the samples that are not learned from."""
        values = {}
        for name, watched in self._watched.items():
            if watched is not None:
                loss, accuracy = judge_watched(network, watched, self._processes.device)
                values.update({name + "_loss": loss, name + "_accuracy": accuracy})
        return values


def train_network(
    recipe: Recipe,
    samples: Sequence[Sample],
    folder: str,
    seed: int = 0,
    validation: Sequence[Sample] = (),
    held_out: Sequence[Sample] = (),
    loaders: int = 1,
    title: str = "training",
    identity: str = "",
    processes: Optional[Processes] = None,
) -> Tuple[STGCN, Progress]:
    """Train a recipe's network, or go on with it where the folder's checkpoint says.

    Args:
        recipe, samples, seed, validation, held_out, loaders: see `RecogniserTask`; the seed is of the weights too.
        folder, title, identity, processes: see `rehab_coach.training.loop.train`, which also says what is returned.
    """
    processes = processes or Processes()
    task = RecogniserTask(recipe, samples, seed, validation, held_out, loaders, processes)
    network, progress = train(task, training_options(recipe, seed), folder, title, identity, processes)
    return cast(STGCN, network), progress
