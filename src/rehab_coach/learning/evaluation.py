"""What a model does on labelled clips: predictions, the numbers made of them, and the files that hold both.

A report's folder holds
    predictions.csv        file, label, predicted, status, confidence, problem, p_LABEL for each class
    summary.json           accuracy, per class precision / recall / F1 / support, confusion, counts, rejection
    confusion_matrix.png   counts and rates
"""

import csv
import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.learning.extraction import Clip, Job, estimate_clips
from rehab_coach.learning.plots import plot_confusion_matrix
from rehab_coach.recognition.model_file import UNKNOWN
from rehab_coach.recognition.recognizer import NOT_SEEN, Recognizer
from rehab_coach.skeleton import SkeletonSequence

ERROR = "error"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was answered about one clip.

    Attributes:
        file: the clip, as its table calls it.
        label: what it shows.
        predicted: the answer; "" for a clip that could not be read.
        status: recognised, unknown, not_seen, or error.
        confidence: of the answer.
        probabilities: float (classes,); zeros if nobody was seen.
        problem: why the clip could not be read.
        whole_body: whether a whole body is in view; where it is not, rejecting the clip says nothing.
    """

    file: str
    label: str
    predicted: str
    status: str
    confidence: float
    probabilities: np.ndarray
    problem: str = ""
    whole_body: bool = True


def judge(
    recognizer: Recognizer,
    sequence: SkeletonSequence,
    file: str,
    label: str,
    method: str = "interpolate",
    whole_body: bool = True,
) -> Outcome:
    """The answer about one sequence; nobody seen counts as the answer `unknown`."""
    answer = recognizer.recognize(sequence, method)
    return Outcome(
        file, label, answer.label, answer.status, answer.confidence, answer.probabilities, whole_body=whole_body
    )


def evaluate_clips(
    recognizer: Recognizer,
    clips: Sequence[Clip],
    estimator: str,
    method: str = "interpolate",
    workers: int = 1,
    cache: Optional[str] = None,
) -> List[Outcome]:
    """Every clip through the whole pipeline, in their order; an unreadable one is an error, not the end."""
    outcomes: Dict[int, Outcome] = {}
    jobs = [Job(clip, estimator) for clip in clips]
    for number, sequence, problem in estimate_clips(jobs, cache, workers):
        row = clips[number].row
        if sequence is None:
            tqdm.write("cannot be used: " + problem)
            nothing = np.zeros(len(recognizer.labels), np.float32)
            outcomes[number] = Outcome(row["file"], row["label"], "", ERROR, 0.0, nothing, problem)
        else:
            outcomes[number] = judge(recognizer, sequence, row["file"], row["label"], method)
    return [outcomes[number] for number in sorted(outcomes)]


def summarise(outcomes: Sequence[Outcome], labels: Sequence[str]) -> Dict[str, Any]:
    """The numbers of a report; unreadable clips are counted and left out of all others.

    Returns:
        accuracy, balanced_accuracy (mean recall of the classes that occur), clips, errors, not_seen,
        per_class, labels, confusion (rows: done, columns: recognised), rejection (see `_rejection`).

    Raises:
        RehabCoachError: no clip could be read.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    usable = [outcome for outcome in outcomes if outcome.status != ERROR]
    if not usable:
        raise RehabCoachError(
            "none of the %d clips could be read%s" % (len(outcomes), ": " + outcomes[0].problem if outcomes else "")
        )
    done = [outcome.label for outcome in usable]
    recognised = [outcome.predicted for outcome in usable]
    values = precision_recall_fscore_support(done, recognised, labels=list(labels), zero_division=0)
    per_class = {
        label: {"precision": float(precision), "recall": float(recall), "f1": float(f1), "clips": int(clips)}
        for label, precision, recall, f1, clips in zip(labels, *values)
    }
    occurring = [entry["recall"] for entry in per_class.values() if entry["clips"]]
    return {
        "accuracy": float(np.mean(np.array(done) == np.array(recognised))),
        "balanced_accuracy": float(np.mean(occurring)),
        "clips": len(outcomes),
        "errors": len(outcomes) - len(usable),
        "not_seen": sum(outcome.status == NOT_SEEN for outcome in usable),
        "per_class": per_class,
        "labels": list(labels),
        "confusion": confusion_matrix(done, recognised, labels=list(labels)).tolist(),
        "rejection": _rejection(usable, labels),
    }


def _rejection(outcomes: Sequence[Outcome], labels: Sequence[str]) -> Optional[Dict[str, float]]:
    """How well 1 - the highest probability of an exercise tells `unknown` from the exercises, clips without a
    whole body left out: area under the ROC curve, and the share of `unknown` taken for an exercise when 95 %
    of the exercises are let through. None where one of the two kinds is missing.
    """
    from sklearn.metrics import roc_auc_score

    whole = [outcome for outcome in outcomes if outcome.whole_body]
    exercises = [index for index, label in enumerate(labels) if label != UNKNOWN]
    best = np.array([outcome.probabilities[exercises].max() for outcome in whole])
    is_unknown = np.array([outcome.label == UNKNOWN for outcome in whole])
    if is_unknown.all() or not is_unknown.any():
        return None
    limit = np.quantile(best[~is_unknown], 0.05, method="lower")
    return {
        "auroc": float(roc_auc_score(is_unknown, 1 - best)),
        "false_accepts_at_95": float((best[is_unknown] >= limit).mean()),
        "unknown": int(is_unknown.sum()),
        "exercises": int((~is_unknown).sum()),
    }


def write_report(folder: str, outcomes: Sequence[Outcome], labels: Sequence[str], **more: Any) -> Dict[str, Any]:
    """Write predictions.csv, summary.json (with `more` in it), confusion_matrix.png; returns the summary."""
    os.makedirs(folder, exist_ok=True)
    with written_whole(os.path.join(folder, "predictions.csv")) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(
                ["file", "label", "predicted", "status", "confidence", "problem"] + ["p_" + label for label in labels]
            )
            for outcome in outcomes:
                writer.writerow(
                    [
                        outcome.file,
                        outcome.label,
                        outcome.predicted,
                        outcome.status,
                        "%.4f" % outcome.confidence,
                        outcome.problem,
                    ]
                    + ["%.4f" % value for value in outcome.probabilities]
                )
    summary = dict(more, **summarise(outcomes, labels))
    write_json(os.path.join(folder, "summary.json"), summary)
    title = "%s: %.1f %% of %d clips" % (
        more.get("estimator", "all"),
        100 * summary["accuracy"],
        summary["clips"] - summary["errors"],
    )
    plot_confusion_matrix(np.array(summary["confusion"]), labels, os.path.join(folder, "confusion_matrix.png"), title)
    return summary


def write_json(path: str, values: Any) -> None:
    """Write values as JSON, whole or not at all."""
    with written_whole(path) as temporary:
        with open(temporary, "w", encoding="utf-8") as stream:
            json.dump(values, stream, indent=2)
            stream.write("\n")


def describe(summary: Dict[str, Any]) -> str:
    """A few lines for the terminal."""
    lines = [
        "accuracy %.1f %%, balanced %.1f %% (%d clips, %d with nobody seen, %d unreadable)"
        % (
            100 * summary["accuracy"],
            100 * summary["balanced_accuracy"],
            summary["clips"],
            summary["not_seen"],
            summary["errors"],
        )
    ]
    lines += [
        "  %-14s recall %5.1f %%   precision %5.1f %%   F1 %.2f   %d clips"
        % (label, 100 * values["recall"], 100 * values["precision"], values["f1"], values["clips"])
        for label, values in summary["per_class"].items()
        if values["clips"]
    ]
    if summary["rejection"]:
        lines.append(
            "  unknown or not: AUROC %.3f, %.0f %% false accepts at 95 %% true accepts"
            % (summary["rejection"]["auroc"], 100 * summary["rejection"]["false_accepts_at_95"])
        )
    return "\n".join(lines)
