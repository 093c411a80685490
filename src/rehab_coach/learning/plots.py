"""Pictures of how a training went and of what a model confuses."""

from typing import Dict, Sequence

import numpy as np

from rehab_coach.files import written_whole

BLUE, ORANGE = "#2a6f97", "#d1603d"


def _figure(width: float, height: float, columns: int):
    # Figures without pyplot need no screen and leave no global state behind.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def plot_curves(history: Sequence[Dict[str, float]], path: str, title: str = "") -> None:
    """Loss and accuracy over the training windows, on held-out clips too where the log has them.

    Args:
        history: lines of a training log, at least one.
        path: the PNG file to write.
        title: above the picture.
    """
    figure, axes = _figure(9, 3.6, 2)
    windows = [line["windows"] for line in history]
    for axis, value in zip(axes, ("loss", "accuracy")):
        axis.plot(windows, [line[value] for line in history], color=BLUE, label="training windows")
        held_out = "held_out_" + value
        if held_out in history[-1]:
            axis.plot(windows, [line.get(held_out, np.nan) for line in history], color=ORANGE, label="held-out clips")
        axis.set_xlabel("training windows")
        axis.set_ylabel(value)
        axis.grid(alpha=0.3)
    axes[1].set_ylim(0, 1)
    axes[1].legend(loc="lower right")
    figure.suptitle(title)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=110)


def plot_confusion_matrix(confusion: np.ndarray, labels: Sequence[str], path: str, title: str = "") -> None:
    """Counts beside rates; a row is what was done, a column what was recognised.

    Args:
        confusion: int (classes, classes).
        labels: names of the classes.
        path: the PNG file to write.
        title: above the picture.
    """
    confusion = np.asarray(confusion)
    rates = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    names = [label.replace("_", " ") for label in labels]
    figure, axes = _figure(12, 5.6, 2)
    for axis, values, form, heading in ((axes[0], confusion, "%d", "clips"), (axes[1], 100 * rates, "%.0f %%", "rate")):
        axis.imshow(rates, cmap="Blues", vmin=0, vmax=1)
        axis.set_title(heading)
        axis.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axis.set_yticks(range(len(names)), names)
        axis.set_xlabel("recognised")
        for row in range(len(names)):
            for column in range(len(names)):
                if confusion[row, column]:
                    axis.text(
                        column,
                        row,
                        form % values[row, column],
                        ha="center",
                        va="center",
                        color="white" if rates[row, column] > 0.5 else "black",
                    )
    axes[0].set_ylabel("done")
    figure.suptitle(title)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=110)
