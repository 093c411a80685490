"""Trains the learned scorer of form, on a workstation: UI-PRMD's people as random cameras would see them.

A network never sees the people that it is measured on: one subject is left out at a time.
"""

from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from rehab_coach.dataset.ui_prmd import RATE, Execution
from rehab_coach.kinematics.form.features import repetition_features
from rehab_coach.kinematics.form.scorer import LARGEST, FormScorer, ScorerContract
from rehab_coach.kinematics.projection import CameraView, EstimatorErrors, film, random_view
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence
from rehab_coach.training.loop import Task, train
from rehab_coach.training.options import TrainingOptions

HIDDEN = (48, 24)
LAYERS = len(HIDDEN) + 1
WARM_UP = 0.3
"""Part of the steps in which the learning rate rises."""
CAMERA_RATES = 8.0, 30.0
"""Frames per second that estimators reach on the robot."""
CUT = 0.08
"""Most of a repetition that is lost at either end when its boundaries are found by a program."""
MANY_MISSING = EstimatorErrors(missing=0.5, never=0.08, head_never=0.3)
"""An estimator on a bad day, for three in ten views."""


@dataclass(frozen=True)
class ScorerRecipe:
    """How the scorer is trained.

    Attributes:
        views: random views of each repetition that are learned from.
        networks: whose logits are averaged.
        epochs: times that every view is seen.
        batch: views in a step.
        learning_rate: its highest value.
        weight_decay: of AdamW.
        noise: standard deviation that is added to the features, in theirs.
        label_smoothing: 0 to 0.5.
        seed: of everything random.
    """

    views: int = 40
    networks: int = 3
    epochs: int = 10
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1.0
    noise: float = 0.15
    label_smoothing: float = 0.05
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ViewedRepetition:
    """One repetition in one view.

    Attributes:
        execution: who did what, and whether correctly.
        view: the camera's place.
        sequence: what an estimator would give; kept only where it is asked for.
        features: of the scorer; None when too little was seen.
    """

    execution: Execution
    view: CameraView
    sequence: Optional[SkeletonSequence]
    features: Optional[Dict[str, float]]


def view_repetitions(
    executions: Sequence[Execution], views: int, seed: int, keep_sequences: bool = False
) -> List[ViewedRepetition]:
    """Every repetition from random places around the person, at random frame rates, as an estimator would see it."""
    random = np.random.default_rng(seed)
    viewed = []
    for execution in executions:
        for _ in range(views):
            view, rate = random_view(random), random.uniform(*CAMERA_RATES)
            errors = EstimatorErrors() if random.random() < 0.7 else MANY_MISSING
            count = len(execution.joints)
            begin, end = (int(random.uniform(0, CUT) * count) for _ in range(2))
            joints = execution.joints[begin : count - end]
            sequence = film(joints, RATE, view, random, errors, rate, BLAZEPOSE_33)
            features = repetition_features(sequence)
            viewed.append(ViewedRepetition(execution, view, sequence if keep_sequences else None, features))
    return viewed


def feature_names(viewed: Sequence[ViewedRepetition]) -> List[str]:
    """Names of the features, in order."""
    return next(list(one.features) for one in viewed if one.features is not None)


def feature_matrix(viewed: Sequence[ViewedRepetition], names: Sequence[str]) -> np.ndarray:
    """float64 (N, F), NaN where not seen."""
    missing = dict.fromkeys(names, float("nan"))
    return np.array([[(one.features or missing)[name] for name in names] for one in viewed], float)


class ScorerTask(Task):
    """One small network tells incorrect repetitions of a movement from correct ones.

    Args:
        inputs: float32 (N, F), standardised features.
        targets: float32 (N,), of the logits: near 1 where incorrect.
        recipe: how.
    """

    changes = "noisy features, smoothed labels"

    def __init__(self, inputs: torch.Tensor, targets: torch.Tensor, recipe: ScorerRecipe):
        self._inputs, self._targets, self._recipe = inputs, targets, recipe

    def make_network(self) -> nn.Sequential:
        """Features (N, F) -> logit (N, 1)."""
        width = self._inputs.shape[1]
        layers: List[nn.Module] = [nn.Dropout(0.1)]
        for hidden in HIDDEN:
            layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(0.4)]
            width = hidden
        return nn.Sequential(*layers, nn.Linear(width, 1))

    def batches(self, first_step: int) -> Iterator[Tuple[torch.Tensor, torch.Tensor]]:
        """Views at random, their features a little off."""
        batch = self._recipe.batch
        while True:
            chosen = torch.randint(len(self._inputs), (batch,))
            noise = self._recipe.noise * torch.randn(batch, self._inputs.shape[1])
            yield self._inputs[chosen] + noise, self._targets[chosen]

    def loss(self, network: nn.Module, batch: Tuple[torch.Tensor, torch.Tensor]) -> Tuple[torch.Tensor, Dict]:
        """Cross entropy."""
        inputs, targets = batch
        return nn.functional.binary_cross_entropy_with_logits(network(inputs)[:, 0], targets), {}


def train_movement(
    features: np.ndarray, incorrect: np.ndarray, recipe: ScorerRecipe, movement: str
) -> Dict[str, np.ndarray]:
    """Weights of one movement's networks, named as `FormScorer` wants them.

    Args:
        features: float64 (N, F), NaN where not seen.
        incorrect: bool (N,).
        recipe: how.
        movement: its name, with which the weights' names begin.
    """
    mean, deviation = np.nanmean(features, axis=0), np.nanstd(features, axis=0) + 1e-6
    inputs = np.clip(np.nan_to_num((features - mean) / deviation), -LARGEST, LARGEST)
    smoothing = recipe.label_smoothing
    targets = torch.tensor(incorrect, dtype=torch.float32) * (1 - 2 * smoothing) + smoothing
    task = ScorerTask(torch.tensor(inputs, dtype=torch.float32), targets, recipe)
    weights = {movement + ".mean": mean.astype(np.float32), movement + ".deviation": deviation.astype(np.float32)}
    for number in range(recipe.networks):
        network, _ = train(task, _options(recipe, len(inputs), recipe.seed + number))
        linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        for place, layer in enumerate(linear):
            name = "%s.%d.%d" % (movement, number, place)
            weights[name + ".weight"] = layer.weight.detach().numpy().copy()
            weights[name + ".bias"] = layer.bias.detach().numpy().copy()
    return weights


def _options(recipe: ScorerRecipe, views: int, seed: int) -> TrainingOptions:
    steps = max(2, views * recipe.epochs // recipe.batch)
    return TrainingOptions(
        steps=steps,
        seed=seed,
        batch=recipe.batch,
        log_every=steps,
        learning_rate=recipe.learning_rate,
        warm_up=WARM_UP,
        weight_decay=recipe.weight_decay,
        gradient_limit=None,
    )


def train_scorer(viewed: Sequence[ViewedRepetition], recipe: ScorerRecipe, training: Dict) -> FormScorer:
    """A scorer of every movement that there are views of, trained on all of them."""
    torch.set_num_threads(1)  # threads cost such small networks more than they bring
    names = feature_names(viewed)
    movements = list(dict.fromkeys(one.execution.movement for one in viewed))
    weights: Dict[str, np.ndarray] = {}
    for movement in movements:
        chosen = [one for one in viewed if one.execution.movement == movement and one.features is not None]
        incorrect = np.array([not one.execution.correct for one in chosen])
        weights.update(train_movement(feature_matrix(chosen, names), incorrect, recipe, movement))
    contract = ScorerContract(tuple(movements), tuple(names), recipe.networks, LAYERS, training)
    return FormScorer(contract, weights)


def score_unseen_subjects(
    learned: Sequence[ViewedRepetition],
    measured: Sequence[ViewedRepetition],
    recipe: ScorerRecipe,
    progress: Callable[[str], None] = lambda line: None,
) -> np.ndarray:
    """Logits (N,) of "incorrect" for the measured views, each from networks that never saw its subject.

    Views of which too little was seen get NaN.
    """
    scores = np.full(len(measured), np.nan)
    for subject in sorted({one.execution.subject for one in measured}):
        scorer = train_scorer([one for one in learned if one.execution.subject != subject], recipe, {})
        for number, one in enumerate(measured):
            if one.execution.subject == subject and one.features is not None:
                row = feature_matrix([one], scorer.contract.features)
                scores[number] = scorer.logits(row, one.execution.movement)[0]
        progress("subject %s measured with networks that learned from the others" % subject)
    return scores
