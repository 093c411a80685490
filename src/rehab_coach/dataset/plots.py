"""Pictures about sets of skeletons."""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from rehab_coach.dataset.measurement import Measurement
from rehab_coach.dataset.sets import LabelledClip
from rehab_coach.plotting import new_figure, save_figure
from rehab_coach.skeleton import SkeletonSequence, draw_skeleton

# Told apart by colour-blind people too.
COLOURS = ("#2a6f97", "#d1603d", "#5b8c5a", "#8d6a9f", "#b08900", "#555555")
MOST_CLASSES = 30
TILE = 220
"""Pixels of a skeleton on the contact sheet."""


def _by_set(measurements: Sequence[Measurement]) -> Dict[str, List[Measurement]]:
    sets: Dict[str, List[Measurement]] = {}
    for row in measurements:
        sets.setdefault(row.set, []).append(row)
    return sets


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _tidy(axis, xlabel: str, ylabel: str = "") -> None:
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.grid(alpha=0.3)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def plot_frames(measurements: Sequence[Measurement], path: str) -> None:
    """How large a share of its frames shows a skeleton: how many clips there are of each share, and how many reach it.

    Args:
        measurements: of all clips; each set is one colour.
        path: the PNG file to write.
    """
    sets = _by_set(measurements)
    figure = new_figure(11, 4.2)
    histogram, reached = figure.subplots(1, 2)
    edges = np.linspace(0, 100, 21)
    width = 0.84 * 5 / len(sets)
    for number, (name, rows) in enumerate(sets.items()):
        share = 100 * np.array([row.share for row in rows])
        percent = 100 * np.histogram(share, edges)[0] / len(rows)
        histogram.bar(
            edges[:-1] + 0.4 + (number + 0.5) * width, percent, width, color=_colour(number), label=_title(name, rows)
        )
        steps = np.unique(np.concatenate([[0, 100], share]))
        enough = 100 * (1 - np.searchsorted(np.sort(share), steps) / len(share))
        # The same curve of two sets shows both colours.
        dashes = (6 * number, (6, 6 * (len(sets) - 1))) if len(sets) > 1 else None
        reached.step(steps, enough, where="pre", color=_colour(number), linewidth=2, linestyle=dashes or "-")
    _tidy(histogram, "frames with a skeleton (%)", "clips (%)")
    histogram.legend(frameon=False)
    _tidy(reached, "frames with a skeleton (%)", "clips with at least so many (%)")
    for axis in (histogram, reached):
        axis.set_xlim(-1, 101)
    reached.set_ylim(0, 103)
    save_figure(figure, path)


def _title(name: str, rows: Sequence[Measurement]) -> str:
    mean = np.mean([row.share for row in rows])
    return "%s: %d clips, mean %.1f %%" % (name, len(rows), 100 * mean)


def plot_classes(measurements: Sequence[Measurement], path: str) -> None:
    """The share of frames with a skeleton for each class: every clip, the middle half of them, and the median.

    Of more than 30 classes those with the lowest means are shown.

    Args:
        measurements: of all clips; each set is one colour.
        path: the PNG file to write.
    """
    sets = _by_set(measurements)
    means = {
        label: np.mean([row.share for row in measurements if row.label == label]) for label in _labels(measurements)
    }
    classes = sorted(means, key=lambda label: -means[label])[-MOST_CLASSES:]
    figure = new_figure(9, 1.4 + 0.32 * len(classes) * (1 + 0.45 * len(sets)))
    axis = figure.subplots()
    jitter = np.random.default_rng(0)
    step = 0.8 / len(sets)
    for number, (name, rows) in enumerate(sets.items()):
        for place, label in enumerate(classes):
            share = 100 * np.array([row.share for row in rows if row.label == label])
            if not len(share):
                continue
            y = len(classes) - 1 - place + 0.4 - step * (number + 0.5)
            axis.scatter(
                share,
                y + step * jitter.uniform(-0.3, 0.3, len(share)),
                s=14,
                color=_colour(number),
                alpha=0.35,
                linewidths=0,
            )
            low, median, high = np.percentile(share, (25, 50, 75))
            axis.plot([low, high], [y, y], color=_colour(number), linewidth=4, solid_capstyle="butt", alpha=0.8)
            axis.plot(median, y, "o", color="white", markeredgecolor=_colour(number), markersize=7)
        ring: Dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": _colour(number), "markersize": 7}
        axis.plot([], [], "o-", color=_colour(number), linewidth=4, label=name, **ring)
    counts = {label: [sum(row.label == label for row in rows) for rows in sets.values()] for label in classes}
    # Sets that differ have a number each.
    told = {label: numbers if len(set(numbers)) > 1 else numbers[:1] for label, numbers in counts.items()}
    names = ["%s (%s)" % (label.replace("_", " "), ", ".join(map(str, told[label]))) for label in reversed(classes)]
    axis.set_yticks(range(len(classes)), names)
    axis.set_ylim(-0.6, len(classes) - 0.4)
    axis.set_xlim(-2, 102)
    _tidy(axis, "frames with a skeleton (%)   dots: clips, bar: middle half, ring: median")
    figure.legend(loc="outside upper left", ncols=4, frameon=False)
    save_figure(figure, path)


def _labels(measurements: Sequence[Measurement]) -> List[str]:
    return sorted({row.label for row in measurements})


def plot_lengths(measurements: Sequence[Measurement], path: str) -> None:
    """How long the clips are, how many each class has, and how many people are seen at once.

    Args:
        measurements: of all clips; each set is one colour.
        path: the PNG file to write.
    """
    sets = _by_set(measurements)
    classes = _labels(measurements)[:MOST_CLASSES]
    figure = new_figure(13, max(4.2, 1.5 + 0.2 * len(classes) * (1 + 0.4 * len(sets))))
    lengths, counts, people = figure.subplots(1, 3)
    longest = max(row.seconds for row in measurements)
    edges = np.linspace(0, max(1.0, np.ceil(longest)), 25)
    for number, (name, rows) in enumerate(sets.items()):
        lengths.hist(
            [row.seconds for row in rows],
            edges,
            histtype="step" if number else "stepfilled",
            color=_colour(number),
            alpha=1 if number else 0.5,
            linewidth=2,
            label=name,
        )
        step = 0.8 / len(sets)
        places = np.arange(len(classes))[::-1] + 0.4 - step * (number + 0.5)
        numbers = [sum(row.label == label for row in rows) for label in classes]
        bars = counts.barh(places, numbers, 0.9 * step, color=_colour(number))
        counts.bar_label(bars, fontsize=8, padding=2)
        most = max(max(row.people for row in measurements), 1)
        share = [100 * np.mean([row.people == value for row in rows]) for value in range(most + 1)]
        bars = people.bar(np.arange(most + 1) - 0.4 + step * (number + 0.5), share, 0.9 * step, color=_colour(number))
        people.bar_label(bars, fmt="%.0f", fontsize=8, padding=2)
    _tidy(lengths, "length (s)", "clips")
    lengths.legend(frameon=False)
    counts.set_yticks(np.arange(len(classes))[::-1], [label.replace("_", " ") for label in classes])
    counts.margins(x=0.15)
    _tidy(counts, "clips of the class")
    people.set_xticks(range(most + 1))
    _tidy(people, "most people at once", "clips (%)")
    save_figure(figure, path)


def plot_contact_sheet(classes: Dict[str, List[Tuple[LabelledClip, Measurement]]], path: str, title: str) -> None:
    """A row of skeletons for each class; in each tile the patient at three moments, the latest brightest.

    Args:
        classes: the clips to show, with their measurements, by label; of more than 30 classes the first are shown.
        path: the PNG file to write.
        title: above the picture.
    """
    shown = list(classes.items())[:MOST_CLASSES]
    columns = max(len(clips) for _, clips in shown)
    figure = new_figure(max(4.6, 1.0 + 1.45 * columns), 0.8 + 1.62 * len(shown))
    axes = figure.subplots(len(shown), columns, squeeze=False)
    for row, (label, clips) in zip(axes, shown):
        for axis in row:
            axis.axis("off")
        for axis, (clip, measurement) in zip(row, clips):
            axis.imshow(tile(clip.person)[..., ::-1])
            axis.set_title("%.1f s, %.0f %%" % (measurement.seconds, 100 * measurement.share), fontsize=8, pad=2)
        row[0].text(
            -0.08,
            0.5,
            label.replace("_", " "),
            transform=row[0].transAxes,
            rotation=90,
            ha="right",
            va="center",
            fontsize=11,
        )
    figure.suptitle(title, fontsize=12)
    figure.supxlabel("length and frames with a skeleton; orange: the person's right side", fontsize=8)
    save_figure(figure, path)


def tile(person: SkeletonSequence, size: int = TILE) -> np.ndarray:
    """The person at three moments of the clip: BGR uint8 (size, size, 3), dark where nobody is seen."""
    picture = np.full((size, size, 3), 32, np.uint8)
    seen = np.flatnonzero(person.seen)
    if not len(seen):
        return picture
    moments = seen[np.unique(np.linspace(0, len(seen) - 1, 5).round().astype(int)[1:4])]
    key_points = person.key_points[moments].copy()
    points = key_points[key_points[..., 2] > 0][:, :2]
    low, high = np.percentile(points, 1, axis=0), np.percentile(points, 99, axis=0)
    scale = 0.84 * size / max(float((high - low).max()), 1.0)
    key_points[..., :2] = (key_points[..., :2] - (low + high) / 2) * scale + size / 2
    for number, frame in enumerate(key_points):
        if number:  # what was drawn before fades
            picture = (0.4 * picture + 0.6 * 32).astype(np.uint8)
        draw_skeleton(picture, frame, person.layout)
    return picture
