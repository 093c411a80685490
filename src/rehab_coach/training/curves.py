"""A picture of how a training went."""

from typing import Dict, Sequence

import numpy as np

from rehab_coach.plotting import new_figure, save_figure

COLOURS = {"": "#2a6f97", "validation_": "#5b8c5a", "held_out_": "#d1603d"}
GREY = "#777777"


def plot_curves(history: Sequence[Dict[str, float]], path: str, title: str = "", changes: str = "") -> None:
    """Every value of a training's log over the training; what is watched stands beside the training's own.

    Args:
        history: lines of a training log, at least one: what counts the samples, the training's "loss" and other means,
            "learning_rate", "seconds", and what was watched: "validation_loss" ... A dotted line stands where the
            validation loss is lowest.
        path: the PNG file to write.
        title: above the picture.
        changes: what is done to the training's batches alone; the legend says so, because the curves share an axis.
    """
    count, *names = history[-1]
    watched = names[names.index("seconds") + 1 :] if "seconds" in names else []
    names = [name for name in names if name not in ("learning_rate", "seconds")]
    values = [name for name in names if not any(name.endswith("_" + other) for other in names)]
    figure = new_figure(4.5 * len(values), 4.2)
    axes = figure.subplots(1, len(values), squeeze=False)[0]
    counts = [line[count] for line in history]
    losses = [line.get("validation_loss", np.nan) for line in history]
    for axis, value in zip(axes, values):
        for name in names:
            part = name[: -len(value)]
            if part + value == name and part[-1:] in ("", "_"):
                axis.plot(
                    counts,
                    [line.get(name, np.nan) for line in history],
                    color=COLOURS.get(part, GREY),
                    label=_legend(part or (name if name in watched else ""), changes),
                    marker="o" if len(history) == 1 else None,  # a line of one point is none
                )
        if np.isfinite(losses).any():
            kept = counts[int(np.nanargmin(losses))]
            axis.axvline(kept, color=COLOURS["validation_"], alpha=0.6, linestyle=":", label="kept weights")
        if value == "accuracy":
            axis.set_ylim(0, 1)
        axis.set_xlabel("training " + count)
        axis.set_ylabel(value.replace("_", " "))
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    figure.suptitle(title)
    save_figure(figure, path)


def _legend(part: str, changes: str) -> str:
    if not part:
        return "training (%s)" % changes if changes else "training"
    name = part.strip("_").replace("_", " ")
    return name + " (unchanged, averaged weights)" if changes else name
