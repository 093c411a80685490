"""Honest numbers: each clip is judged by a network that learned nothing of its group.

A group is one person or one original video. Whatever source a sequence comes from, if its group is held out,
no training window is made of it.
"""

import os
import warnings
from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.evaluation import Outcome, judge
from rehab_coach.learning.metrics import describe, wilson
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.recipe_checks import CLIPS
from rehab_coach.learning.report import write_json, write_report
from rehab_coach.learning.sources import FROM_A_SET
from rehab_coach.pose.registry import NAMES
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.recognizer import Recognizer

FEW = 10
"""Clips of a class under which its recall is no number by itself."""

DIVISION = 1
"""Seed of the division into folds."""

STUDY: Tuple[Tuple[Optional[int], str], ...] = ((None, "interpolate"), (9, "interpolate"), (9, "copy"))
"""(frames per second that the recogniser is given, None = as filmed; how they get to the model's rate)."""


def split_groups(samples: Sequence[Sample], folds: int, judged: Sequence[str] = (CLIPS,)) -> List[Set[str]]:
    """Divide the groups of the clips (or of other sources) into folds with like shares of each class.

    The same for every seed of a recipe: runs then differ by their training alone, not by what was held out with what.

    Args:
        samples: of which those of the judged sources count.
        folds: how many, 2 or more.
        judged: names of sources.

    Returns:
        For each fold the groups that are held out; no group is in two.

    Raises:
        RehabCoachError: fewer groups than folds, or fewer clips in every class.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    clips = [sample for sample in samples if sample.source in judged]
    labels, groups = [sample.label for sample in clips], [sample.group for sample in clips]
    if len(set(groups)) < folds:
        raise RehabCoachError("%d folds need as many groups, there are %d" % (folds, len(set(groups))))
    if max(Counter(labels).values()) < folds:
        raise RehabCoachError("%d folds need as many clips of a class: give fewer, or --folds 0" % folds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer clips than folds is no fault
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=DIVISION)
        return [{groups[index] for index in held_out} for _, held_out in splitter.split(labels, labels, groups)]


def part_samples(
    samples: Sequence[Sample], held_out: Set[str], judged: Sequence[str] = (CLIPS,)
) -> Tuple[List[Sample], List[Sample]]:
    """What is learned from, and the samples of the judged sources that are held out."""
    return (
        [sample for sample in samples if sample.group not in held_out],
        [sample for sample in samples if sample.group in held_out and sample.source in judged],
    )


def judge_folds(recipe: Recipe, samples: Sequence[Sample], models: Sequence[str], folder: str) -> Dict[str, Any]:
    """Let every clip, and what else is judged, be judged by the model that held its group out.

    Writes folder/ESTIMATOR/ for the clips, folder/SOURCE/ or folder/SOURCE-ESTIMATOR/ for other sources (the report
    of `write_report`, on the frames as filmed) and folder/summary.json.

    Args:
        models: the folds' model files; each contract says which groups were held out.
        folder: of the reports.

    Returns:
        summary.json's content: {name of the folder: {accuracy, ..., "frame_rates": {"9 copy": accuracy, ...}, and, for
        clips, "pooled_recall" (see `pooled_recall`)}}.
    """
    outcomes: Dict[str, Dict[Tuple, List[Outcome]]] = {}
    for path in models:
        network, contract = load_model(path)
        recognizer = Recognizer(network, contract)
        for clip in part_samples(samples, set(contract.training["held_out"]), recipe.judged)[1]:
            of_estimator = outcomes.setdefault(_part_of(clip), {})
            for rate, method in STUDY:
                sequence = clip.sequence
                if rate is not None and len(sequence) > 1:
                    sequence = sequence.resample(rate, "copy")
                of_estimator.setdefault((rate, method), []).append(
                    judge(recognizer, sequence, clip.name, clip.label, method, clip.whole_body, clip.variant)
                )
    summaries: Dict[str, Any] = {}
    for estimator in sorted(outcomes):
        summary = write_report(
            os.path.join(folder, estimator),
            outcomes[estimator][STUDY[0]],
            recipe.labels,
            estimator=estimator,
            folds=recipe.folds,
        )
        summary["frame_rates"] = {
            "%s %s" % (rate or "as filmed", method): _accuracy(outcomes[estimator][rate, method])
            for rate, method in STUDY
        }
        if estimator in recipe.estimators:
            summary["pooled_recall"] = pooled_recall(
                {part: of_part[STUDY[0]] for part, of_part in outcomes.items()}, estimator, recipe.labels
            )
        summaries[estimator] = summary
        print("%s, cross-validated: %s" % (estimator, describe(summary)), flush=True)
    write_json(os.path.join(folder, "summary.json"), summaries)
    return summaries


def _part_of(sample: Sample) -> str:
    """Name of the report that a sample belongs to."""
    if sample.source == CLIPS:
        return sample.estimator
    return "%s-%s" % (sample.source, sample.estimator) if sample.estimator not in ("", FROM_A_SET) else sample.source


def pooled_recall(
    outcomes: Dict[str, Sequence[Outcome]], estimator: str, labels: Sequence[str]
) -> Dict[str, Dict[str, Any]]:
    """Recall of each class on an estimator's clips; where these are few, other strangers are added.

    Args:
        outcomes: by name of the report.
        estimator: whose clips are meant; added are sources without an estimator, and others as the same one sees them.
        labels: the classes.

    Returns:
        For each class "recall", its "interval", the number of "cases", and "of": the reports that they are from.
    """
    result = {}
    added = [part for part in sorted(outcomes) if "-" not in part or part.endswith("-" + estimator)]
    others = [part for part in added if part not in (estimator,) + NAMES]
    for label in labels:
        parts = [estimator]
        if sum(outcome.label == label for outcome in outcomes[estimator]) < FEW:
            parts += [part for part in others if any(outcome.label == label for outcome in outcomes[part])]
        cases = [outcome for part in parts for outcome in outcomes[part] if outcome.label == label]
        right = sum(outcome.predicted == label for outcome in cases)
        result[label] = {
            "recall": right / len(cases) if cases else None,
            "interval": wilson(right, len(cases)),
            "cases": len(cases),
            "of": parts,
        }
    return result


def _accuracy(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.predicted == outcome.label for outcome in outcomes) / len(outcomes)
