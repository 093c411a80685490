"""Pictures of what a model confuses, and at which frame rates."""

from typing import Any, Dict, Mapping, Sequence, Tuple

import numpy as np

from rehab_coach.plotting import new_figure, save_figure

BLUE, ORANGE, GREY = "#2a6f97", "#d1603d", "#777777"


def _figure(width: float, height: float, columns: int):
    figure = new_figure(width, height)
    return figure, figure.subplots(1, columns)


def plot_confusion_matrix(
    confusion: np.ndarray,
    labels: Sequence[str],
    path: str,
    title: str = "",
    counted: str = "clips",
    axes_names: Tuple[str, str] = ("done", "recognised"),
) -> None:
    """Counts beside rates; a row is what was done, a column what was recognised.

    Args:
        confusion: int (classes, classes).
        labels: names of the classes.
        path: the PNG file to write.
        title: above the picture.
        counted: what is counted.
        axes_names: of rows and columns.
    """
    confusion = np.asarray(confusion)
    rates = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    names = [label.replace("_", " ") for label in labels]
    size = max(5.6, 0.28 * len(names) + 2)
    figure, axes = _figure(2 * size + 0.8, size, 2)
    for axis, values, form, heading in ((axes[0], confusion, "%d", counted), (axes[1], 100 * rates, "%.0f %%", "rate")):
        _matrix(axis, rates, np.where(confusion, values, np.nan), form, names)
        axis.set_title(heading)
        axis.set_xlabel(axes_names[1])
    axes[0].set_ylabel(axes_names[0])
    figure.suptitle(title)
    save_figure(figure, path)


def _matrix(axis, rates: np.ndarray, values: np.ndarray, form: str, names: Sequence[str]) -> None:
    """One confusion matrix: colours by rate, a number in each cell whose value is not NaN."""
    axis.imshow(rates, cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(names)), names, rotation=40 if len(names) < 20 else 90, ha="right")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("recognised")
    for row, column in np.argwhere(np.isfinite(values)):
        axis.text(
            column,
            row,
            form % values[row, column],
            ha="center",
            va="center",
            fontsize=10 if len(names) < 12 else 6,
            color="white" if rates[row, column] > 0.5 else "black",
        )


def plot_comparison(summaries: Sequence[Dict[str, Any]], names: Sequence[str], path: str) -> None:
    """Two models side by side: confusion rates of each, and recall per class with its interval.

    Args:
        summaries: of `rehab_coach.learning.metrics.summarise`, two of the same labels.
        names: of the models.
        path: the PNG file to write.
    """
    figure, axes = _figure(16, 5.4, 3)
    labels = summaries[0]["labels"]
    shown = [label.replace("_", " ") for label in labels]
    for axis, summary, name in zip(axes, summaries, names):
        confusion = np.asarray(summary["confusion"])
        rates = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
        _matrix(axis, rates, np.where(confusion, 100 * rates, np.nan), "%.0f", shown)
        axis.set_title(
            "%s\naccuracy %.1f %%, balanced %.1f %%"
            % (_short(name), 100 * summary["accuracy"], 100 * summary["balanced_accuracy"])
        )
    axes[0].set_ylabel("done (rates in %)")
    present = [label for label in labels if summaries[0]["per_class"][label]["clips"]]
    for offset, colour, summary, name in zip((-0.2, 0.2), (BLUE, ORANGE), summaries, names):
        recall = np.array([summary["per_class"][label]["recall"] for label in present])
        intervals = np.array([summary["per_class"][label]["recall_interval"] for label in present])
        axes[2].barh(
            np.arange(len(present)) + offset,
            100 * recall,
            0.36,
            color=colour,
            label=_short(name),
            xerr=100 * np.abs(intervals.T - recall),
            error_kw={"elinewidth": 1, "capsize": 2, "alpha": 0.6},
        )
    counts = [summaries[0]["per_class"][label]["clips"] for label in present]
    axes[2].set_yticks(
        range(len(present)), ["%s (%d)" % (label.replace("_", " "), count) for label, count in zip(present, counts)]
    )
    axes[2].invert_yaxis()
    axes[2].set_xlim(-1, 100)
    axes[2].set_title("recall in %, with 95 % interval")
    figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower right", ncols=2)
    save_figure(figure, path)


def _short(name: str, longest: int = 42) -> str:
    return name if len(name) <= longest else "..." + name[3 - longest :]


STYLES = {"interpolate": ("-", "o"), "copy": ("--", "s"), "as_it_is": (":", "^")}


def plot_frame_rates(rows: Sequence[Dict[str, Any]], path: str, title: str = "") -> None:
    """Accuracy over the frame rate, a panel for each estimator, a line for each way to the model's rate.

    Args:
        rows: of `rehab_coach.learning.frame_rates.study_frame_rates`.
        path: the PNG file to write.
        title: above the picture.
    """
    estimators = list(dict.fromkeys(row["estimator"] for row in rows))
    methods = list(dict.fromkeys(row["resampling"] for row in rows))
    best = "interpolate" if "interpolate" in methods else methods[0]
    figure, axes = _figure(5.2 * len(estimators) + 0.6, 4.4, len(estimators))
    for axis, estimator in zip(np.atleast_1d(axes), estimators):
        for method, colour in zip(methods, (GREY, ORANGE, BLUE)[-len(methods) :]):
            chosen = sorted(
                (row for row in rows if row["estimator"] == estimator and row["resampling"] == method),
                key=lambda row: row["rate"],
            )
            rates = [row["rate"] for row in chosen]
            line, marker = STYLES[method]
            axis.plot(
                rates,
                [100 * row["accuracy"] for row in chosen],
                linestyle=line,
                marker=marker,
                color=colour,
                label=method.replace("_", " "),
            )
            if method == best:
                axis.fill_between(
                    rates,
                    [100 * row["low"] for row in chosen],
                    [100 * row["high"] for row in chosen],
                    color=colour,
                    alpha=0.12,
                )
        axis.set_xticks(sorted({row["rate"] for row in rows}))
        axis.set_title("%s, %d clips" % (estimator, max(row["clips"] for row in rows if row["estimator"] == estimator)))
        axis.set_xlabel("frames per second that the recogniser is given")
        axis.set_ylim(max(-3, 100 * min(min(row["accuracy"], row["low"]) for row in rows) - 5), 103)
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].set_ylabel("accuracy, %% (band: 95 %% interval, %s)" % best.replace("_", " "))
    np.atleast_1d(axes)[0].legend(loc="lower right", title="to the model's rate")
    figure.suptitle(title, fontsize=9)
    save_figure(figure, path)


LONGEST = 10.0
"""Seconds of a movement that are drawn: so long the coach films."""


def plot_streaming(
    shares: np.ndarray,
    curves: Mapping[str, Sequence[float]],
    asked: Sequence[float],
    recordings: Mapping[str, Sequence[float]],
    times: Mapping[str, Sequence[float]],
    path: str,
) -> None:
    """How the accuracy grows with the movement, and how soon the exercises are recognised for good.

    Args:
        shares: of the movement.
        curves: accuracies there, by estimator.
        asked: shares of the movement at which the network for recordings was asked.
        recordings: its accuracies there, by estimator; none where it was not asked.
        times: seconds until each exercise's answer stays right, infinite where it never does, by estimator.
        path: the PNG file to write.
    """
    figure, axes = _figure(11, 4.4, 2)
    for (name, curve), colour in zip(curves.items(), (BLUE, ORANGE, GREY)):
        axes[0].plot(100 * shares, 100 * np.asarray(curve), color=colour, label=name)
        if recordings[name]:
            points = 100 * np.asarray(asked), 100 * np.asarray(recordings[name])
            axes[0].plot(*points, "o:", color=colour, label="%s, network for recordings" % name)
        ordered = np.sort(np.asarray(times[name], float))
        known = np.isfinite(ordered)
        parts = 100 * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
        reached = parts[known][-1] if known.any() else 0.0
        axes[1].step([0, *ordered[known], LONGEST], [0, *parts[known], reached], where="post", color=colour, label=name)
    axes[0].set_xlabel("% of the movement")
    axes[0].set_ylabel("% of the clips whose answer is right")
    axes[1].set_xlabel("seconds from the begin of the movement")
    axes[1].set_ylabel("% of the exercises that are right from then on")
    axes[1].set_xlim(0, LONGEST)
    for axis in axes:
        axis.set_ylim(0, 101)
        axis.grid(alpha=0.3)
        axis.legend(loc="lower right")
    save_figure(figure, path)
