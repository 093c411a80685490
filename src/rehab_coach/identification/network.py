"""The network of Prabhu, Tietz and Ta, "Classifying humans using deep time-series transfer learning" (MileTS 2019).

Convolutions over a cycle (4, 100) give 80 features. They are learned on the strides of many people; then a head of
256 and 128 units learns to name a few people by another movement. The paper gives the input, the 80 features, the
head, its dropout and the optimiser; widths and kernels of the convolutions are ours.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import nn

from rehab_coach.identification.features import centred, normalised
from rehab_coach.training.checkpoint import Progress
from rehab_coach.training.loop import Task, train
from rehab_coach.training.options import TrainingOptions

FEATURES = 80
HEAD = (256, 128)
OUTPUT_LAYERS = ("head",)
STRENGTHS = {"removed": normalised, "kept": centred}
"""What becomes of how strong a cycle is."""

LATEST = 4
"""Of a hundred moments, by which a cycle may begin sooner or later."""

NEVER = -1e4
"""Score of whoever is not in question."""


class GaitNetwork(nn.Module):
    """Cycles (N, 4, 100) -> people (N, classes).

    Args:
        classes: people.
        dropout: of the head.
        head: units of the hidden layers after the features; none for the network that is only to give features.
        strength: of cycles, "removed" or "kept".
    """

    def __init__(self, classes: int, dropout: float = 0.25, head: Sequence[int] = HEAD, strength: str = "removed"):
        super().__init__()
        self.strength = strength
        layers = []
        for before, after, kernel in ((4, 32, 9), (32, 64, 5), (64, FEATURES, 5)):
            layers += [
                nn.Conv1d(before, after, kernel, padding=kernel // 2),
                nn.BatchNorm1d(after),
                nn.ReLU(),
                nn.MaxPool1d(2),
            ]
        # Where in the cycle something happens tells people apart: six parts of it are kept, not their mean.
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(6), nn.Flatten(), nn.Linear(6 * FEATURES, FEATURES))
        units = [FEATURES, *head]
        parts = []
        for before, after in zip(units, units[1:]):
            parts += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
        self.head = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), *parts, nn.Linear(units[-1], classes))

    def inputs(self, cycles: np.ndarray) -> torch.Tensor:
        """Cycles (N, 4, 100) as the network takes them."""
        return torch.from_numpy(STRENGTHS[self.strength](cycles))

    def forward(self, cycles: torch.Tensor) -> torch.Tensor:
        """What `inputs` gives -> scores (N, classes)."""
        return self.head(self.features(cycles))


@dataclass(frozen=True)
class NetworkRecipe:
    """How a network is trained; a flat file in config/recipes/identification says it.

    Attributes:
        stage: "gait": strides of all gait sets, features to start from; "all": all sets that are there, for the same;
            "people": people of one set.
        without: sets whose people are to be judged later, for "all".
        strength: of cycles, "removed" (each has the same) or "kept".
        vary: radians by which cycles that are learned from are turned at random; they also begin sooner or later.
        sensor: "accelerometer" or "gyroscope".
        set: name of the set, for "people".
        movements: of the set that are used; none: all.
        place: where the sensor sat; "": anywhere.
        start: "transfer" (features of the gait network) or "random".
        freeze: part of the steps in which only the head learns; 1: always.
        dropout, learning_rate, label_smoothing, steps, batch, log_every, patience, plateau, step_factor: see
            `TrainingOptions`.
        validation: part of the people's cycles from which nothing is learned, and which decide when to stop; 0: all are
            learned from, the rate falls to zero, and the last weights are the result.
        seed: of weights, batches and of what is set aside.
    """

    stage: str = "people"
    sensor: str = "gyroscope"
    set: str = ""
    movements: Tuple[str, ...] = ()
    place: str = ""
    start: str = "random"
    without: Tuple[str, ...] = ()
    strength: str = "removed"
    vary: float = 0.0
    freeze: float = 0.0
    dropout: float = 0.25
    learning_rate: float = 1e-3
    label_smoothing: float = 0.1
    steps: int = 1500
    batch: int = 64
    log_every: int = 25
    patience: int = 12
    plateau: int = 5
    step_factor: float = 0.5
    validation: float = 0.15
    seed: int = 1


class PeopleTask(Task):
    """A network learns to name people.

    Args:
        recipe: how.
        cycles: float32 (n, 4, 100).
        people: int (n,), numbers from 0.
        start: a network whose features are taken; None: random ones.
        contexts: int (people,), where each was seen; only those of one context are told apart. None: all are.
    """

    unit = "cycles"

    def __init__(
        self,
        recipe: NetworkRecipe,
        cycles: np.ndarray,
        people: np.ndarray,
        start: Optional[GaitNetwork] = None,
        contexts: Optional[np.ndarray] = None,
    ):
        self._recipe, self._start = recipe, start
        self._contexts = torch.from_numpy(np.zeros(people.max() + 1, int) if contexts is None else contexts)
        inputs = torch.from_numpy(STRENGTHS[recipe.strength](cycles))
        labels = torch.from_numpy(np.asarray(people, np.int64))
        aside = set_aside(people, recipe.validation, recipe.seed) if recipe.validation else np.zeros(len(people), bool)
        self._inputs, self._labels = inputs[~aside], labels[~aside]
        self._watched = (inputs[aside], labels[aside])
        self._classes = int(people.max()) + 1

    def make_network(self) -> GaitNetwork:
        """Random weights, or the start's features below a random head."""
        head = HEAD if self._recipe.stage == "people" else ()
        network = GaitNetwork(self._classes, self._recipe.dropout, head, self._recipe.strength)
        if self._start is not None:
            network.features.load_state_dict(self._start.features.state_dict())
        return network

    def batches(self, first_step: int) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """Cycles (N, 4, 100) and the numbers of their people (N,), each person as often as the others."""
        counts = np.bincount(self._labels.numpy(), minlength=self._classes)
        weights = 1 / counts[self._labels.numpy()]
        for step in range(first_step, self._recipe.steps):
            draw = np.random.default_rng((self._recipe.seed, step))
            chosen = draw.choice(len(weights), self._recipe.batch, p=weights / weights.sum())
            inputs = self._inputs[chosen]
            if self._recipe.vary:
                inputs = varied(inputs, self._recipe.vary, draw)
            yield inputs, self._labels[chosen]

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, torch.Tensor]]:
        """Cross entropy of smoothed labels, and the accuracy."""
        inputs, labels = batch
        outputs = network(inputs)
        outputs = outputs.masked_fill(self._contexts != self._contexts[labels][:, None], NEVER)
        loss = nn.functional.cross_entropy(outputs, labels, label_smoothing=self._recipe.label_smoothing)
        return loss, {"accuracy": (outputs.argmax(1) == labels).float().mean()}

    def watch(self, network: nn.Module) -> Dict[str, float]:
        """Loss and accuracy of the cycles that were set aside."""
        if not self._recipe.validation:
            return {}
        loss, said = self.loss(network, self._watched)
        return {"validation_loss": float(loss), "validation_accuracy": float(said["accuracy"])}


def varied(cycles: torch.Tensor, turn: float, draw: np.random.Generator) -> torch.Tensor:
    """Cycles (N, 4, 100) of a sensor that sits otherwise, by about `turn` radians, cut up to `LATEST` moments off."""
    turns = Rotation.from_rotvec(draw.normal(0, turn, (len(cycles), 3)))
    axes = torch.from_numpy(turns.as_matrix().astype(np.float32)) @ cycles[:, :3]
    return torch.cat([axes, cycles[:, 3:]], dim=1).roll(int(draw.integers(-LATEST, LATEST + 1)), 2)


def set_aside(people: np.ndarray, part: float, seed: int) -> np.ndarray:
    """(n,) bool: a part of each person's cycles, at least one, where the person has three or more."""
    aside = np.zeros(len(people), bool)
    draw = np.random.default_rng(seed)
    for person in np.unique(people):
        own = draw.permutation(np.flatnonzero(people == person))
        if len(own) >= 3:
            aside[own[: max(1, int(round(part * len(own))))]] = True
    return aside


def train_people(
    recipe: NetworkRecipe,
    cycles: np.ndarray,
    people: np.ndarray,
    start: Optional[GaitNetwork] = None,
    folder: Optional[str] = None,
    title: str = "people",
    identity: str = "",
    contexts: Optional[np.ndarray] = None,
) -> Tuple[GaitNetwork, Progress]:
    """Train one network; see `PeopleTask` and `rehab_coach.training.loop.train`."""
    options = TrainingOptions(
        steps=recipe.steps,
        seed=recipe.seed,
        batch=recipe.batch,
        log_every=recipe.log_every,
        optimiser="rmsprop",
        learning_rate=recipe.learning_rate,
        schedule="plateau" if recipe.validation else "cosine",
        step_factor=recipe.step_factor,
        plateau=recipe.plateau,
        weight_decay=0.0,
        freeze=recipe.freeze,
        output_layers=OUTPUT_LAYERS,
        patience=recipe.patience if recipe.validation else 0,
    )
    network, progress = train(PeopleTask(recipe, cycles, people, start, contexts), options, folder, title, identity)
    assert isinstance(network, GaitNetwork)
    return network, progress


def scores(network: GaitNetwork, cycles: np.ndarray) -> np.ndarray:
    """Log probabilities float32 (n, people) of cycles (n, 4, 100)."""
    with torch.no_grad():
        return torch.log_softmax(network(network.inputs(cycles)), 1).numpy()
