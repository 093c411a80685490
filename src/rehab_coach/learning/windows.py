"""Training windows: which sequence is drawn how often, and what the network gets of it."""

from collections import Counter
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from torch.utils.data import Dataset

from rehab_coach.learning.augmentation import draw_window, make_augmentation
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import CLIPS, Recipe
from rehab_coach.recognition.model_file import UNKNOWN, ModelContract
from rehab_coach.recognition.preprocessing import to_network
from rehab_coach.skeleton import SkeletonSequence

ESTIMATED = {CLIPS, "pushfit", "kaiakol"}
"""Sources whose key points come from a pose estimator, so that its noise is already there."""


def label_shares(recipe: Recipe) -> np.ndarray:
    """float (classes,): probability of each label of the recipe among the training windows."""
    rest = (1 - recipe.unknown_share) / (len(recipe.labels) - 1)
    return np.array([recipe.unknown_share if label == UNKNOWN else rest for label in recipe.labels])


def sample_weights(samples: Sequence[Sample], sources: Dict[str, float]) -> np.ndarray:
    """float (samples,): how often each is drawn within its class, sum 1 for each class.

    A group counts with the root of its number of sequences: a hundred recordings of one person teach more
    than one, but not a hundred times as much. A source counts, likewise, with the root of what its groups
    count, times its weight.
    """
    keys = [(sample.label, sample.source) for sample in samples]
    groups = Counter((sample.label, sample.source, sample.group) for sample in samples)
    totals: Dict[Tuple[str, str], float] = Counter()
    for (label, source, _), count in groups.items():
        totals[label, source] += count**0.5
    weights = np.array(
        [
            sources.get(sample.source, 1.0) / totals[key] ** 0.5 / groups[key + (sample.group,)] ** 0.5
            for key, sample in zip(keys, samples)
        ]
    )
    labels = np.array([sample.label for sample in samples])
    for label in set(labels.tolist()):
        weights[labels == label] /= weights[labels == label].sum()
    return weights


class TrainingBatches(Dataset):
    """Batch number i, the same for the same seed whatever process draws it, so that training can be taken up.

    Args:
        samples: what to draw from; sequences in which nobody is seen are left out.
        recipe: shares, augmentation, number of windows, batch.
        contract: the model's rate, window and normalisation.
        seed: of every random choice.

    Items: float32 (N, 3, T, V, M) and the labels' numbers, int64 (N,).
    """

    def __init__(self, samples: Sequence[Sample], recipe: Recipe, contract: ModelContract, seed: int):
        self._samples = [sample for sample in samples if len(sample.sequence) > 1 and sample.sequence.seen.any()]
        self._recipe = recipe
        self._contract = contract
        self._seed = seed
        self._strength = make_augmentation(recipe.augmentation)
        weights = sample_weights(self._samples, recipe.sources)
        self._of_label: List[np.ndarray] = [
            np.array([index for index, sample in enumerate(self._samples) if sample.label == label], int)
            for label in recipe.labels
        ]
        self._cumulated = [np.cumsum(weights[indices]) for indices in self._of_label]
        self._filled = [label for label, indices in enumerate(self._of_label) if len(indices)]
        shares = label_shares(recipe) * [
            len(indices) > 0 or (label == UNKNOWN and recipe.idle_share > 0)
            for indices, label in zip(self._of_label, recipe.labels)
        ]
        self._shares = np.cumsum(shares / shares.sum())

    def __len__(self) -> int:
        return -(-self._recipe.windows // self._recipe.batch)

    def __getitem__(self, number: int) -> Tuple[torch.Tensor, torch.Tensor]:
        random = np.random.default_rng([self._seed, number])
        drawn = [self._window(random) for _ in range(self._recipe.batch)]
        key_points = np.stack([window.key_points for window, _ in drawn])
        sizes = np.array([window.size for window, _ in drawn])
        inputs = to_network(key_points, sizes, self._contract)
        return torch.from_numpy(inputs), torch.tensor([label for _, label in drawn])

    def _window(self, random: np.random.Generator) -> Tuple[SkeletonSequence, int]:
        label = _pick(self._shares, random)
        idle = self._recipe.labels[label] == UNKNOWN and (
            random.random() < self._recipe.idle_share or not len(self._of_label[label])
        )
        # Somebody may hold any posture of any exercise: that is no exercise.
        sample = self._draw(random.choice(self._filled) if idle else label, random)
        window = draw_window(
            sample.sequence,
            self._contract.window,
            self._contract.rate,
            random,
            self._strength,
            idle,
            estimated=sample.source in ESTIMATED,
        )
        return window, label

    def _draw(self, label: int, random: np.random.Generator) -> Sample:
        return self._samples[self._of_label[label][_pick(self._cumulated[label], random)]]


def _pick(cumulated: np.ndarray, random: np.random.Generator) -> int:
    place = np.searchsorted(cumulated, random.random() * cumulated[-1], side="right")
    return int(min(place, len(cumulated) - 1))
