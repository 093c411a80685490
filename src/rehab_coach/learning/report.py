"""The files that hold an evaluation.

A report's folder holds
    predictions.csv        file, label, variant, predicted, status, confidence, problem, p_LABEL for each class
    summary.json           accuracy, per class precision / recall / F1 / support, confusion, counts, rejection, variants
    confusion_matrix.png   counts and rates
and, of the model of a run, curves.png; of two models, comparison.csv, comparison.json, comparison.png.
"""

import csv
import json
import os
from typing import Any, Dict, Optional, Sequence

import numpy as np

from rehab_coach.files import read_table, written_whole
from rehab_coach.learning.evaluation import ERROR, Outcome
from rehab_coach.learning.metrics import agreement, summarise
from rehab_coach.learning.plots import plot_comparison, plot_confusion_matrix
from rehab_coach.learning.trainer import CHANGES
from rehab_coach.training.curves import plot_curves

OF_THE_RUN = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "minutes",
    "windows",
    "device",
)
"""Entries of a run's summary that belong beside what its model does on clips."""


def write_report(folder: str, outcomes: Sequence[Outcome], labels: Sequence[str], **more: Any) -> Dict[str, Any]:
    """Write predictions.csv, summary.json (with `more` in it), confusion_matrix.png; returns the summary."""
    rows = [
        [
            entry.file,
            entry.label,
            entry.variant,
            entry.predicted,
            entry.status,
            "%.4f" % entry.confidence,
            entry.problem,
        ]
        + ["%.4f" % value for value in entry.probabilities]
        for entry in outcomes
    ]
    header = ["file", "label", "variant", "predicted", "status", "confidence", "problem"] + [
        "p_" + label for label in labels
    ]
    write_rows(os.path.join(folder, "predictions.csv"), header, rows)
    summary = dict(more, **summarise(outcomes, labels))
    write_json(os.path.join(folder, "summary.json"), summary)
    title = "%s: %.1f %% of %d clips (%d with nobody seen)\n%s" % (
        more.get("estimator") or "all",
        100 * summary["accuracy"],
        summary["clips"] - summary["errors"],
        summary["not_seen"],
        "cross-validated" if more.get("folds") else more.get("model", ""),
    )
    plot_confusion_matrix(np.array(summary["confusion"]), labels, os.path.join(folder, "confusion_matrix.png"), title)
    return summary


def write_comparison(
    folder: str, names: Sequence[str], outcomes: Sequence[Sequence[Outcome]], labels: Sequence[str]
) -> Dict[str, Any]:
    """Two models side by side on the same clips.

    Args:
        folder: for comparison.csv (every clip, both answers), comparison.json and comparison.png.
        names: of the two models.
        outcomes: of each model, the same clips in the same order.
        labels: of both.

    Returns:
        comparison.json's content: "models", "accuracy", "balanced_accuracy", "auroc" of both, and `agreement`.
    """
    first, second = outcomes
    rows = [
        [one.file, one.label]
        + [one.predicted, "%.4f" % one.confidence, int(one.predicted == one.label)]
        + [other.predicted, "%.4f" % other.confidence, int(other.predicted == other.label)]
        for one, other in zip(first, second)
        if ERROR not in (one.status, other.status)
    ]
    header = ["file", "label"] + [
        "%s_%d" % (key, number) for number in (1, 2) for key in ("predicted", "confidence", "right")
    ]
    write_rows(os.path.join(folder, "comparison.csv"), header, rows)
    summaries = [summarise(of_model, labels) for of_model in outcomes]
    result: Dict[str, Any] = {
        "models": list(names),
        "accuracy": [summary["accuracy"] for summary in summaries],
        "accuracy_interval": [summary["accuracy_interval"] for summary in summaries],
        "balanced_accuracy": [summary["balanced_accuracy"] for summary in summaries],
        "auroc": [(summary["rejection"] or {}).get("auroc") for summary in summaries],
        **agreement(first, second),
    }
    write_json(os.path.join(folder, "comparison.json"), result)
    plot_comparison(summaries, names, os.path.join(folder, "comparison.png"))
    return result


def describe_comparison(result: Dict[str, Any]) -> str:
    """The same for the terminal."""
    lines = [
        "%-40s accuracy %5.1f %% (%.0f to %.0f)   balanced %5.1f %%   AUROC %s"
        % (name, 100 * accuracy, 100 * low, 100 * high, 100 * balanced, "-" if auroc is None else "%.3f" % auroc)
        for name, accuracy, (low, high), balanced, auroc in zip(
            *(result[key] for key in ("models", "accuracy", "accuracy_interval", "balanced_accuracy", "auroc"))
        )
    ]
    lines.append(
        "both right %d, only the first %d, only the second %d, neither %d; by chance as different: p = %.2g"
        % tuple(result[key] for key in ("both_right", "only_first", "only_second", "neither", "p_value"))
    )
    return "\n".join(lines)


def of_run(model: str, folder: Optional[str] = None) -> Dict[str, Any]:
    """What the run's own summary says of the training, if the model is given as the folder of a run.

    Args:
        model: model file or folder.
        folder: where the run's learning curves are drawn; None = nowhere.
    """
    path = os.path.join(model, "summary.json")
    if not os.path.isfile(path):
        return {}
    log = os.path.join(model, "log.csv")
    if folder and os.path.isfile(log):
        history = [{key: float(value) for key, value in row.items() if value} for row in read_table(log, ("windows",))]
        plot_curves(history, os.path.join(folder, "curves.png"), os.path.basename(os.path.normpath(model)), CHANGES)
    with open(path, encoding="utf-8") as stream:
        summary = json.load(stream)
    return {"training": {key: summary[key] for key in OF_THE_RUN if key in summary}}


def write_rows(path: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a CSV file, whole or not at all."""
    with written_whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def write_json(path: str, values: Any) -> None:
    """Write values as JSON, whole or not at all."""
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump(values, stream, indent=2)
        stream.write("\n")
