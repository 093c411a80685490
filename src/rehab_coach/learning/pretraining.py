"""Before the classes: the network learns what tells the movements of all sources apart.

Supervised contrastive learning: Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, equation 2. Of the
windows of a batch those of one movement shall be nearer to each other than to the rest. What is compared are the
outputs of the last layer, which is made anew for the classes; the other layers are kept.

A movement is an exercise of the recipe or, where that says `unknown`, what the source itself calls it (see
`rehab_coach.learning.movements`): most of what is known of the people who do none of the exercises.
"""

from dataclasses import replace
from typing import Any, Iterable, List, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.movements import movement_of
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.recipe_checks import OF_ONE
from rehab_coach.learning.trainer import RecogniserTask
from rehab_coach.learning.windows import TrainingBatches

TEMPERATURE = 0.1
"""Of the similarities; the paper's."""


def by_movement(recipe: Recipe, samples: Sequence[Sample]) -> Tuple[Recipe, List[Sample]]:
    """The recipe and the samples with movements for labels; samples whose movement nobody knows are left out."""
    movements = [sample.label if sample.label != UNKNOWN else movement_of(sample.action) for sample in samples]
    known = [replace(sample, label=movement) for sample, movement in zip(samples, movements) if movement]
    labels = sorted({sample.label for sample in known})
    return replace(recipe, labels=labels, windows=recipe.pretraining, patience=0), known


class MovementBatches(TrainingBatches):
    """Batches of some of the movements, `OF_ONE` windows of each."""

    def _labels(self, random: np.random.Generator) -> Iterable[int]:
        chosen = random.permutation(self._filled)[: max(1, self._size // OF_ONE)]
        return np.resize(chosen, self._size).tolist()


class PretrainingTask(RecogniserTask):
    """An ST-GCN learns to tell movements apart, with the recipe and samples that `by_movement` gives."""

    windows_of = MovementBatches

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """The contrastive loss, and the part of the windows whose nearest other one shows the same movement."""
        inputs, labels = batch
        return supervised_contrastive(network(inputs).float(), labels)


def supervised_contrastive(
    outputs: torch.Tensor, labels: torch.Tensor
) -> Tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
    """How much nearer windows of one label are to each other than to the rest.

    Args:
        outputs: (N, D), at least two of one label.
        labels: int64 (N,).

    Returns:
        The loss, and {"accuracy": part of the windows whose nearest other one has the same label}.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=outputs.device)
    cosines = functional.cosine_similarity(outputs[:, None], outputs, dim=2)
    similarity = (cosines / TEMPERATURE).masked_fill(itself, -torch.inf)
    same = (labels[:, None] == labels) & ~itself
    likelihood = similarity.log_softmax(dim=1).masked_fill(~same, 0).sum(dim=1)[same.any(dim=1)]
    right = (labels[similarity.argmax(dim=1)] == labels).float().mean()
    return -(likelihood / same.sum(dim=1)[same.any(dim=1)]).mean(), {"accuracy": right}
