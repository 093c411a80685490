"""Pictures of joint angles: over time with the repetitions, and of two measurements beside each other."""

from typing import List, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Repetition
from rehab_coach.opensim.comparison import Comparison
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.plotting import new_figure, save_figure

RIGHT, LEFT, MIDDLE = "#d1603d", "#2a6f97", "#444444"
PANELS = (
    ("hip flexion", ("hip_flexion_r", "hip_flexion_l")),
    ("knee flexion", ("knee_angle_r", "knee_angle_l")),
    ("ankle dorsiflexion", ("ankle_angle_r", "ankle_angle_l")),
    ("hip adduction", ("hip_adduction_r", "hip_adduction_l")),
    ("arm elevation", ("shoulder_elv_r", "shoulder_elv_l")),
    ("elbow flexion", ("elbow_flex_r", "elbow_flex_l")),
    ("trunk lean", ("trunk_lean",)),
    ("lumbar extension", ("lumbar_extension",)),
    ("neck flexion", ("neck_flexion",)),
)
"""Heading and angles of each panel."""


def _panels(count: int, width: float, height: float):
    rows = (count + 1) // 2
    figure = new_figure(width, 0.6 + height * rows)
    axes = figure.subplots(rows, min(count, 2), sharex=True, squeeze=False)
    for axis in axes.ravel()[count:]:
        axis.set_axis_off()
    for axis in axes.ravel()[:count][-axes.shape[1] :]:  # the lowest of each column
        axis.set_xlabel("seconds")
        axis.tick_params(labelbottom=True)
    return figure, axes


def _side(name: str):
    """Colour and label of a line."""
    return {"_r": (RIGHT, "right"), "_l": (LEFT, "left")}.get(name[-2:], (MIDDLE, ""))


def plot_angles(angles: JointAngles, repetitions: Sequence[Repetition], path: str, title: str = "") -> None:
    """Draw the angles over time, a band of one standard deviation around each, the repetitions behind them.

    Args:
        angles: those of PANELS that were seen are drawn.
        repetitions: shaded in turns, a line at each turning point.
        path: the PNG file to write.
        title: above the picture.

    Raises:
        RehabCoachError: no angle was seen, matplotlib is missing, or the file cannot be written.
    """
    shown: List[Tuple[str, List[str]]] = []
    for heading, names in PANELS:
        seen = [name for name in names if name in angles.names and np.isfinite(angles[name]).any()]
        if seen:
            shown.append((heading, seen))
    if not shown:
        raise RehabCoachError("no joint angle could be measured: there is nothing to draw")
    figure, axes = _panels(len(shown), 11, 1.9)
    for axis, (heading, seen) in zip(axes.ravel(), shown):
        for number, one in enumerate(repetitions):
            axis.axvspan(one.start, one.end, color="#f0e6c8" if number % 2 else "#e4ecd8", lw=0, zorder=0)
            axis.axvline(one.turn, color="#8a8a6a", lw=0.8, ls=":", zorder=1)
        for name in seen:
            colour, label = _side(name)
            values = np.degrees(angles[name])
            band = np.degrees(angles.uncertainty[:, angles.names.index(name)])
            axis.fill_between(angles.stamps, values - band, values + band, color=colour, alpha=0.13, lw=0)
            axis.plot(angles.stamps, values, color=colour, label=label, lw=1.4)
        axis.set_title(heading, fontsize=10, loc="left")
        axis.set_ylim(*_limits([np.degrees(angles[name]) for name in seen]))
        axis.grid(alpha=0.3)
        axis.set_ylabel("degrees", fontsize=8)
        if len(seen) > 1:
            axis.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=2, frameon=False, borderaxespad=0)
    figure.suptitle(title)
    save_figure(figure, path)


def _limits(lines) -> tuple:
    """From the lowest to the highest value with room for the band; never less than 40 degrees."""
    values = np.concatenate(lines)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(8.0, (40 - (high - low)) / 2)
    return low - room, high + room


def plot_comparison(comparison: Comparison, path: str, labels: Sequence[str], most: int = 12) -> None:
    """Draw both measurements of each angle.

    Args:
        comparison: what `compare` gave; of more than `most` angles those that move most are drawn.
        path: the PNG file to write.
        labels: names of the first and the second measurement.
        most: number of panels.
    """
    names = sorted(comparison.second, key=lambda name: -np.nanstd(comparison.second[name]))[:most]
    names = [name for name in comparison.second if name in names]
    figure, axes = _panels(len(names), 11, 1.9)
    for axis, name in zip(axes.ravel(), names):
        axis.plot(comparison.stamps, comparison.second[name], color=MIDDLE, lw=1.6, label=labels[1])
        axis.plot(comparison.stamps, comparison.first[name], color=RIGHT, lw=1.3, label=labels[0])
        one = comparison.differences[name]
        heading = "%s: error %.1f, without standing offset %.1f degrees" % (name, one.error, one.error_without_offset)
        axis.set_title(heading, fontsize=9, loc="left")
        axis.set_ylim(*_limits([comparison.first[name], comparison.second[name]]))
        axis.grid(alpha=0.3)
    axes[0, 0].legend(loc="upper right", fontsize=8)
    save_figure(figure, path)
