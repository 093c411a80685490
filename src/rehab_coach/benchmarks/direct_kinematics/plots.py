"""Pictures of the tables."""

from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.direct_kinematics.changes import CHANGES, FLIPPED
from rehab_coach.benchmarks.direct_kinematics.results import Result, known, pooled
from rehab_coach.benchmarks.direct_kinematics.robustness import UNCHANGED, Robustness
from rehab_coach.benchmarks.direct_kinematics.tables import VIEWS, view_of
from rehab_coach.plotting import new_figure, save_figure

COLOURS = ("#2a6f97", "#d1603d")


def plot_errors(path: str, names: Sequence[str], results: List[Result]) -> None:
    """Absolute errors by angle, movement, person and view: the middle half, its middle, and nine tenths.

    Args:
        path: of the PNG file.
        names: of the angles.
        results: of one way.
    """
    groups: Dict[str, Dict[str, np.ndarray]] = {"angle": {}, "movement": {}, "person": {}, "view": {}}
    for kind, columns in pooled(names).items():
        groups["angle"][kind] = known(results, lambda one: np.abs(one.errors[:, columns]))
    keys: Dict[str, Callable[[Result], str]] = {
        "movement": lambda one: one.recording.movement,
        "person": lambda one: one.recording.person,
        "view": lambda one: view_of(one.view),
    }
    for group, key in keys.items():
        found = {key(one) for one in results}
        for kind in [view for view, _ in VIEWS if view in found] if group == "view" else sorted(found):
            same = [one for one in results if key(one) == kind]
            groups[group][kind] = known(same, lambda one: np.abs(one.errors))
    figure = new_figure(13, 6.5)
    axes = figure.subplot_mosaic([["angle", "movement", "person"], ["angle", "movement", "view"]])
    for group, values in groups.items():
        axis = axes[group]
        kinds = [kind for kind in values if len(values[kind])][::-1]
        places = range(1, len(kinds) + 1)
        spread = np.array([np.percentile(values[kind], (5, 25, 50, 75, 95)) for kind in kinds]).T
        axis.hlines(places, spread[0], spread[4], color=COLOURS[0], linewidth=1)
        axis.hlines(places, spread[1], spread[3], color=COLOURS[0], linewidth=6, alpha=0.5)
        axis.plot(spread[2], places, "o", color=COLOURS[1], markersize=4)
        axis.set_yticks(places, [kind.replace("_", " ") for kind in kinds], fontsize=8)
        axis.set_xscale("log")  # a few arms are tens of degrees off
        axis.set_xlim(0.1, 180)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_title("by " + group, fontsize=10)
        axis.set_xlabel("absolute error of angles (degrees)", fontsize=8)
        axis.grid(axis="x", alpha=0.3)
    save_figure(figure, path, 90)


def plot_robustness(path: str, found: Dict[Tuple[str, float], Robustness]) -> None:
    """The angles' error over the strength of each change; a line where the unchanged films are.

    Args:
        path: of the PNG file.
        found: see `robustness.measure`.
    """
    names = [name for name in CHANGES if name != FLIPPED]
    figure = new_figure(13, 5.6)
    axes = figure.subplots(2, (len(names) + 2) // 2, sharey=True).ravel()
    usual = found[UNCHANGED, 0.0].error
    panels = [FLIPPED] + names
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    for axis, name in zip(axes, panels):
        strengths = CHANGES[name].strengths
        places = range(1, len(strengths) + 1)
        axis.axhline(usual, color="#777777", linestyle=":", linewidth=1)
        errors = [found[name, strength].error for strength in strengths]
        axis.plot([0, *places], [usual, *errors], color=COLOURS[0], marker="o", markersize=4)
        for place, strength, error in zip(places, strengths, errors):
            if found[name, strength].seen < 0.995 and np.isfinite(error):
                text = "%.0f %% seen" % (100 * found[name, strength].seen)
                axis.annotate(text, (place, error), (0, 6), textcoords="offset points", ha="right", fontsize=7)
        labels = ["plain", *("%g" % strength if CHANGES[name].unit else name for strength in strengths)]
        axis.set_xticks([0, *places], labels, fontsize=8)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel(CHANGES[name].unit, fontsize=8)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1.1 * max(one.error for one in found.values() if np.isfinite(one.error)))  # all share it
    for axis in axes[:: len(axes) // 2]:
        axis.set_ylabel("MAE of angles (degrees)", fontsize=8)
    save_figure(figure, path, 80)
