"""Training windows: which sequence is drawn how often, and what the network gets of it."""

from collections import Counter, defaultdict
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
import torch
from torch.utils.data import Dataset

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.augmentation import draw_window, make_augmentation
from rehab_coach.learning.bystanders import add_company
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import Recipe
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.preprocessing import to_network
from rehab_coach.skeleton import SkeletonSequence


def label_shares(recipe: Recipe) -> np.ndarray:
    """float (classes,): probability of each label of the recipe among the training windows."""
    if UNKNOWN not in recipe.labels:
        return np.full(len(recipe.labels), 1 / len(recipe.labels))
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
    totals: Dict[Tuple[str, str], float] = defaultdict(float)
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
        rank, processes: which part of each batch is drawn here, where several processes train together.

    Items: float32 (N, 3, T, V, M) and the labels' numbers, int64 (N,).

    Raises:
        RehabCoachError: a batch cannot be divided among the processes.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        recipe: Recipe,
        contract: ModelContract,
        seed: int,
        rank: int = 0,
        processes: int = 1,
    ):
        if recipe.batch % processes:
            raise RehabCoachError(
                "a batch of %d windows cannot be divided among %d processes" % (recipe.batch, processes)
            )
        self._samples = [sample for sample in samples if sample.teaches]
        self._recipe = recipe
        self.contract = contract
        # A single process draws what it always drew.
        self._seed = [seed] if processes == 1 else [seed, rank]
        self._size = recipe.batch // processes
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
        drawn = self.draw(number)
        key_points = np.stack([people[0].key_points for people, _ in drawn])
        sizes = np.array([people[0].size for people, _ in drawn])
        others = np.zeros((self.contract.persons - 1,) + key_points.shape, np.float32)
        for place, (people, _) in enumerate(drawn):
            for other, person in zip(others, people[1:]):
                other[place] = person.key_points
        inputs = to_network(key_points, sizes, self.contract, others)
        return torch.from_numpy(inputs), torch.tensor([label for _, label in drawn])

    def draw(self, number: int) -> List[Tuple[List[SkeletonSequence], int]]:
        """The windows of a batch before normalisation: the people, the patient first, and the label of each."""
        random = np.random.default_rng(self._seed + [number])
        # One after the other, so that a label is drawn after all that was drawn for the window before.
        return [self._window(label, random) for label in self._labels(random)]

    def _labels(self, random: np.random.Generator) -> Iterable[int]:
        """What the windows of a batch show, one after the other."""
        return (_pick(self._shares, random) for _ in range(self._size))

    def _window(self, label: int, random: np.random.Generator) -> Tuple[List[SkeletonSequence], int]:
        """The patient, with whoever else is there, and the label's number."""
        idle = self._recipe.labels[label] == UNKNOWN and (
            random.random() < self._recipe.idle_share or not len(self._of_label[label])
        )
        rate = self.contract.rate
        if self.contract.sampling == "uniform":
            longest = (self.contract.window - 1) / rate
            rate = (self.contract.window - 1) / random.uniform(self._recipe.shortest_recording, longest)
        # Somebody may hold any posture of any exercise: that is no exercise.
        patient = self._film(random.choice(self._filled) if idle else label, idle, rate, random)
        strength = self._strength
        if not (strength.second_person and random.random() < strength.second_person):
            return [patient], label
        other = self._film(random.choice(self._filled), random.random() < 0.5, rate, random)
        return list(add_company(patient, other, strength.mix_up, random)), label

    def _film(self, label: int, idle: bool, rate: float, random: np.random.Generator) -> SkeletonSequence:
        sample = self._samples[self._of_label[label][_pick(self._cumulated[label], random)]]
        place = self.contract.normalisation == "picture"
        return draw_window(
            sample.sequence, self.contract.window, rate, random, self._strength, idle, sample.estimated, place
        )


def _pick(cumulated: np.ndarray, random: np.random.Generator) -> int:
    place = np.searchsorted(cumulated, random.random() * cumulated[-1], side="right")
    return int(min(place, len(cumulated) - 1))
