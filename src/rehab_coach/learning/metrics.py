"""Numbers made of the outcomes of an evaluation."""

from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.learning.evaluation import ERROR, Outcome
from rehab_coach.rounds import Status


def wilson(right: int, of: int) -> Optional[Tuple[float, float]]:
    """95 % interval of a share (Wilson: JASA 22, 1927), as if the cases were independent; None of none."""
    from scipy.stats import binomtest

    if not of:
        return None
    interval = binomtest(int(right), int(of)).proportion_ci(0.95, "wilson")
    return float(interval.low), float(interval.high)


def summarise(outcomes: Sequence[Outcome], labels: Sequence[str]) -> Dict[str, Any]:
    """The numbers of a report; unreadable clips are counted and left out of all others.

    Returns:
        accuracy, accuracy_interval (Wilson, 95 %), balanced_accuracy (mean recall of the classes that occur), loss
        (mean cross-entropy of the clips in which somebody is seen), clips, errors, not_seen, per_class, labels,
        confusion (rows: done, columns: recognised), rejection (see `_rejection`), per_variant (see `_per_variant`).

    Raises:
        RehabCoachError: no clip could be read.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    usable = [outcome for outcome in outcomes if outcome.status != ERROR]
    if not usable:
        raise RehabCoachError("none of the %d clips could be read: see the reasons above" % len(outcomes))
    done = [outcome.label for outcome in usable]
    recognised = [outcome.predicted for outcome in usable]
    values = precision_recall_fscore_support(done, recognised, labels=list(labels), zero_division=0)
    confusion = confusion_matrix(done, recognised, labels=list(labels))
    per_class: Dict[str, Dict[str, Any]] = {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "clips": int(clips),
            "recall_interval": wilson(confusion[index, index], clips),
            "precision_interval": wilson(confusion[index, index], confusion[:, index].sum()),
        }
        for index, (label, precision, recall, f1, clips) in enumerate(zip(labels, *values))
    }
    right = int(np.trace(confusion))
    return {
        "accuracy": right / len(usable),
        "accuracy_interval": wilson(right, len(usable)),
        "balanced_accuracy": float(np.mean([entry["recall"] for entry in per_class.values() if entry["clips"]])),
        "loss": _loss(usable, labels),
        "clips": len(outcomes),
        "errors": len(outcomes) - len(usable),
        "not_seen": sum(outcome.status == Status.NOT_SEEN for outcome in usable),
        "per_class": per_class,
        "labels": list(labels),
        "confusion": confusion.tolist(),
        "rejection": _rejection(usable, labels),
        "per_variant": _per_variant(usable, labels),
    }


def _per_variant(outcomes: Sequence[Outcome], labels: Sequence[str]) -> List[Dict[str, Any]]:
    """Recall of each way in which an exercise is done, in the order of the labels; empty where no clip says its own.

    Returns:
        For each: variant, label, clips, recall, recall_interval (Wilson, 95 %), answers (label -> clips).
    """
    groups: Dict[Tuple[int, str], List[str]] = {}
    for outcome in outcomes:
        if outcome.variant:
            groups.setdefault((list(labels).index(outcome.label), outcome.variant), []).append(outcome.predicted)
    rows = []
    for (number, variant), answers in sorted(groups.items()):
        right = answers.count(labels[number])
        rows.append(
            {
                "variant": variant,
                "label": labels[number],
                "clips": len(answers),
                "recall": right / len(answers),
                "recall_interval": wilson(right, len(answers)),
                "answers": dict(Counter(answers).most_common()),
            }
        )
    return rows


def _loss(outcomes: Sequence[Outcome], labels: Sequence[str]) -> Optional[float]:
    values = [
        float(outcome.probabilities[list(labels).index(outcome.label)])
        for outcome in outcomes
        if outcome.status != Status.NOT_SEEN
    ]
    return float(-np.log(np.maximum(values, 1e-7)).mean()) if values else None


def _rejection(outcomes: Sequence[Outcome], labels: Sequence[str]) -> Optional[Dict[str, Any]]:
    """How well 1 - the highest probability of an exercise tells `unknown` from the exercises.

    Clips without a whole body are left out: area under the ROC curve, and the share of `unknown` taken for an
    exercise when 95 % of the exercises are let through; "seen": the same of the clips in which somebody was seen.
    None where one of the two kinds is missing.
    """
    whole = [outcome for outcome in outcomes if outcome.whole_body]
    result = _told_apart(whole, labels)
    if result is not None:
        result["seen"] = _told_apart([outcome for outcome in whole if outcome.status != Status.NOT_SEEN], labels)
    return result


def _told_apart(whole: Sequence[Outcome], labels: Sequence[str]) -> Optional[Dict[str, Any]]:
    from sklearn.metrics import roc_auc_score

    if not whole:
        return None
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


def describe(summary: Dict[str, Any]) -> str:
    """A few lines for the terminal."""
    low, high = summary["accuracy_interval"]
    lines = [
        "accuracy %.1f %% (%.0f to %.0f), balanced %.1f %% (%d clips, %d with nobody seen, %d unreadable)"
        % (
            100 * summary["accuracy"],
            100 * low,
            100 * high,
            100 * summary["balanced_accuracy"],
            summary["clips"],
            summary["not_seen"],
            summary["errors"],
        )
    ]
    lines += [
        "  %-14s recall %5.1f %% (%3.0f to %3.0f)   precision %5.1f %%   F1 %.2f   %d clips"
        % (
            label,
            100 * values["recall"],
            100 * values["recall_interval"][0],
            100 * values["recall_interval"][1],
            100 * values["precision"],
            values["f1"],
            values["clips"],
        )
        for label, values in summary["per_class"].items()
        if values["clips"]
    ]
    if summary["rejection"]:
        lines.append(
            "  unknown or not: AUROC %.3f, %.0f %% false accepts at 95 %% true accepts"
            % (summary["rejection"]["auroc"], 100 * summary["rejection"]["false_accepts_at_95"])
        )
        seen = summary["rejection"]["seen"]
        if seen and summary["not_seen"]:
            lines.append(
                "  of those who were seen: AUROC %.3f, %.0f %%" % (seen["auroc"], 100 * seen["false_accepts_at_95"])
            )
    if summary["per_variant"]:
        lines.append("  by variant:")
    lines += [
        "  %-20s %-14s recall %5.1f %% (%3.0f to %3.0f)   %d clips: %s"
        % (
            row["variant"],
            row["label"],
            100 * row["recall"],
            100 * row["recall_interval"][0],
            100 * row["recall_interval"][1],
            row["clips"],
            ", ".join("%s %d" % answer for answer in row["answers"].items()),
        )
        for row in summary["per_variant"]
    ]
    return "\n".join(lines)


def agreement(first: Sequence[Outcome], second: Sequence[Outcome]) -> Dict[str, Any]:
    """Two models on the same clips: how often only one of them is right, and whether that may be chance.

    Returns:
        both_right, only_first, only_second, neither, and p_value of McNemar's exact test (Psychometrika 12, 1947).
    """
    from scipy.stats import binomtest

    pairs: List[Tuple[bool, bool]] = [
        (one.predicted == one.label, other.predicted == other.label)
        for one, other in zip(first, second)
        if ERROR not in (one.status, other.status)
    ]
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    differing = only_first + only_second
    return {
        "both_right": pairs.count((True, True)),
        "only_first": only_first,
        "only_second": only_second,
        "neither": pairs.count((False, False)),
        "p_value": float(binomtest(only_first, differing).pvalue) if differing else 1.0,
    }
