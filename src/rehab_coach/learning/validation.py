"""Groups that nothing is learned from: how well a network does on them, and which threshold they ask for."""

import warnings
from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.windows import label_shares, sample_weights
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.preprocessing import windows
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.rounds import Status

AS_GOOD = 0.01
"""Accuracy within which two thresholds count as equally good."""

MOST_WINDOWS = 500
"""More are not looked at after each part of a training."""


class TooFewGroups(RehabCoachError):
    """There are not groups enough to set some aside."""


def split_validation(samples: Sequence[Sample], share: float, seed: int) -> Tuple[List[Sample], List[Sample]]:
    """Set groups aside, with like shares of each class and source.

    Args:
        samples: all that may be learned from.
        share: of the groups that is set aside, 0 to 0.5.
        seed: of the choice.

    Returns:
        What is learned from, and what is validated on; no group is in both.

    Raises:
        TooFewGroups: there are fewer groups than parts.
    """
    if not share:
        return list(samples), []
    from sklearn.model_selection import StratifiedGroupKFold

    kinds = ["%s %s" % (sample.label, sample.source) for sample in samples]
    groups = [sample.group for sample in samples]
    parts = max(2, round(1 / share))
    if min(len(set(groups)), max(Counter(kinds).values())) < parts:
        raise TooFewGroups(
            "a validation part of %g needs %d groups, and as many sequences of a class from one source: there are %d "
            "and %d" % (share, parts, len(set(groups)), max(Counter(kinds).values()))
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with few groups is no fault
        splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
        _, chosen = next(splitter.split(kinds, kinds, groups))
    held_out = {groups[index] for index in chosen}
    learned = [sample for sample in samples if sample.group not in held_out]
    remaining = {sample.label for sample in learned}
    # A class is not lost because all of it is in groups that were set aside.
    needed = {sample.group for sample in samples if sample.label not in remaining}
    held_out -= needed
    return (
        [sample for sample in samples if sample.group not in held_out],
        [sample for sample in samples if sample.group in held_out],
    )


class Watched(NamedTuple):
    """Windows that a network is judged by during its training.

    Attributes:
        inputs: float32 (N, 3, T, V, M).
        labels: int64 (N,).
        weights: float32 (N,), sum 1.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor


def watch_all(samples: Sequence[Sample], recipe: Recipe, contract: ModelContract) -> Optional[Watched]:
    """Every window of the samples, all alike; None without samples."""
    inputs, labels = [], []
    for sample in samples:
        made = windows(sample.sequence, contract, whole=False)
        inputs.append(made)
        labels += [recipe.labels.index(sample.label)] * len(made)
    if not inputs:
        return None
    weights = torch.full((len(labels),), 1 / len(labels))
    return Watched(torch.from_numpy(np.concatenate(inputs)), torch.tensor(labels), weights)


def watch_as_drawn(
    samples: Sequence[Sample], recipe: Recipe, contract: ModelContract, seed: int, most: int = MOST_WINDOWS
) -> Optional[Watched]:
    """One window of each sample, weighted as the training draws samples, and no more than `most`."""
    samples = [sample for sample in samples if sample.teaches]
    if not samples:
        return None
    shares = label_shares(recipe)
    numbers = np.array([recipe.labels.index(sample.label) for sample in samples])
    weights = sample_weights(samples, recipe.sources) * shares[numbers]
    random = np.random.default_rng([seed, 1])
    chosen = np.sort(random.permutation(len(samples))[:most])
    inputs = []
    for index in chosen:
        made = windows(samples[index].sequence, contract, whole=False)
        inputs.append(made[random.integers(len(made))])
    weights = weights[chosen] / weights[chosen].sum()
    return Watched(
        torch.from_numpy(np.stack(inputs)), torch.from_numpy(numbers[chosen]), torch.from_numpy(weights).float()
    )


def judge_watched(network: nn.Module, watched: Watched, device: str) -> Tuple[float, float]:
    """Weighted loss and accuracy of a network, which is put into evaluation mode."""
    network.eval()
    with torch.no_grad():
        outputs = torch.cat([network(part.to(device)).float().cpu() for part in watched.inputs.split(256)])
    losses = nn.functional.cross_entropy(outputs, watched.labels, reduction="none")
    right = (outputs.argmax(1) == watched.labels).float()
    return float((losses * watched.weights).sum()), float((right * watched.weights).sum())


class Answered(NamedTuple):
    """A sample that a network did not learn from, recognised as a whole recording.

    Attributes:
        sample: somebody is seen in it.
        probabilities: float32 (classes,).
    """

    sample: Sample
    probabilities: np.ndarray


def answers_about(network: STGCN, contract: ModelContract, samples: Sequence[Sample]) -> List[Answered]:
    """A network's answers about those samples in which somebody is seen."""
    recognizer = Recognizer(network, contract)
    answers = [(sample, recognizer.recognize(sample.sequence)) for sample in samples if len(sample.sequence) > 1]
    return [Answered(sample, answer.probabilities) for sample, answer in answers if answer.status != Status.NOT_SEEN]


def choose_threshold(answers: Sequence[Answered], recipe: Recipe) -> Optional[Dict[str, Any]]:
    """The probability under which an exercise had better be answered as `unknown`.

    Where `unknown` has the recipe's share and the exercises have the rest in equal parts: of those whose accuracy is
    within `AS_GOOD` of the best, the one next to the middle. The few samples of a validation part say no more.

    Args:
        answers: about samples of validation parts, by one network or several of the recipe.
        recipe: for the labels, the share of `unknown`, and the weights of the samples within a class.

    Returns:
        "threshold", "exercises_recall", "unknown_recall" there, "exercises" and "unknown" (numbers of answers); None
        if the answers lack one of both kinds.
    """
    samples = [answer.sample for answer in answers]
    is_unknown = np.array([sample.label == UNKNOWN for sample in samples], bool)
    if UNKNOWN not in recipe.labels or not is_unknown.any() or is_unknown.all():
        return None
    probabilities = np.array([answer.probabilities for answer in answers])
    numbers = np.array([recipe.labels.index(sample.label) for sample in samples])
    weights = sample_weights(samples, recipe.sources)
    exercises = np.array([label != UNKNOWN for label in recipe.labels])
    best = np.where(exercises, probabilities, -1).argmax(axis=1)
    confidence = np.where(probabilities.argmax(axis=1) == best, probabilities[np.arange(len(best)), best], 0.0)
    right = (best == numbers) & ~is_unknown
    # Between two neighbouring confidences every threshold answers alike.
    levels = np.unique(np.concatenate([[0.0], confidence, [1.0]]))
    candidates = (levels[1:] + levels[:-1]) / 2
    accepted = confidence[None] >= candidates[:, None]
    classes = len(set(numbers[~is_unknown].tolist()))
    recall = (accepted & right) @ weights / classes
    rejection = (~accepted & is_unknown) @ weights
    accuracy = (1 - recipe.unknown_share) * recall + recipe.unknown_share * rejection
    good = np.flatnonzero(accuracy >= accuracy.max() - AS_GOOD)
    middle = (candidates[good[0]] + candidates[good[-1]]) / 2
    index = good[np.abs(candidates[good] - middle).argmin()]
    return {
        "threshold": round(float(candidates[index]), 4),
        "exercises_recall": float(recall[index]),
        "unknown_recall": float(rejection[index]),
        "exercises": int((~is_unknown).sum()),
        "unknown": int(is_unknown.sum()),
    }
