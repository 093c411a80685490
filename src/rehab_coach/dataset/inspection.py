"""What is in a set: how much of each clip shows somebody, how long the clips are, what they look like.

OUT/clips.csv               a line for each clip
OUT/summary.json            per set and class
OUT/frames.png              distribution of the share of frames with a skeleton
OUT/classes.png             the same for each class
OUT/lengths.png             lengths, clips per class, people
OUT/contact_sheet_SET.png   some skeletons of each class
"""

import csv
import json
import os
from dataclasses import asdict, fields
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

import numpy as np

from rehab_coach.dataset import plots
from rehab_coach.dataset.labels import Entry
from rehab_coach.dataset.measurement import Measurement, measure
from rehab_coach.dataset.sets import LabelledClip, SkeletonSet
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole


def inspect_sets(
    sets: Sequence[SkeletonSet],
    out: str,
    columns: int,
    sample: int,
    report: Callable[[str], None],
    progress: Callable = iter,
) -> Dict[str, Any]:
    """Read sets once, and write tables and pictures about them.

    Args:
        sets: to compare; their names differ, or their whole paths are taken.
        out: folder.
        columns: clips of each class on a contact sheet.
        sample: look at so many clips of each set, chosen at random; 0 = all.
        report: called with a line about each clip that is left out.
        progress: wraps the entries while they are read (tqdm).

    Returns:
        The summary, as in OUT/summary.json.

    Raises:
        RehabCoachError: a set has no usable clip, or OUT cannot be written.
    """
    names = [found.name for found in sets]
    if len(set(names)) < len(names):
        names = [found.path for found in sets]
    measurements: List[Measurement] = []
    for found, name in zip(sets, names):
        rows, shown = _read(found, name, columns, sample, report, progress)
        measurements += rows
        sheet = os.path.join(out, "contact_sheet_%s.png" % name.strip(os.sep).replace(os.sep, "_"))
        plots.plot_contact_sheet(shown, sheet, name)
    _write_table(os.path.join(out, "clips.csv"), measurements)
    summary = summarise(measurements, {name: found.labels for found, name in zip(sets, names)})
    with written_whole(os.path.join(out, "summary.json")) as temporary, open(temporary, "w") as stream:
        json.dump(summary, stream, indent=1)
    plots.plot_frames(measurements, os.path.join(out, "frames.png"))
    plots.plot_classes(measurements, os.path.join(out, "classes.png"))
    plots.plot_lengths(measurements, os.path.join(out, "lengths.png"))
    return summary


def _read(found: SkeletonSet, name: str, columns: int, sample: int, report, progress):
    """Measurements of one set, and by class the clips for its contact sheet."""
    entries = found.entries
    if sample and sample < len(entries):
        picked = np.random.default_rng(0).choice(len(entries), sample, replace=False)
        entries = [entries[number] for number in sorted(picked)]
    for problem in found.problems:
        report("left out: " + problem)
    on_sheet = _spread(entries, columns)
    rows: List[Measurement] = []
    shown: Dict[str, List[Tuple[LabelledClip, Measurement]]] = {}
    for clip in found.clips(progress(entries), report):
        row = measure(clip, name)
        rows.append(row)
        if clip.entry.name in on_sheet:
            shown.setdefault(row.label, []).append((clip, row))
    if not rows:
        raise RehabCoachError("%s has no clip that can be used" % found.path)
    order = {label: number for number, label in enumerate(found.labels)}
    return rows, dict(sorted(shown.items(), key=lambda item: order.get(item[0], len(order))))


def _spread(entries: Sequence[Entry], columns: int) -> Set[str]:
    """Names of `columns` clips of each class, spread over all of its names and, as far as possible, its groups."""
    classes: Dict[str, Dict[str, List[str]]] = {}
    for entry in entries:
        classes.setdefault(entry.label, {}).setdefault(entry.group or entry.name, []).append(entry.name)
    names: Set[str] = set()
    for groups in classes.values():
        members = list(groups.values())
        deepest = max(map(len, members))
        # The first clip of every group, then the second of every group ...
        order = [group[depth] for depth in range(deepest) for group in members if depth < len(group)]
        first = order[: max(len(members), columns)]
        picked = np.unique(np.linspace(0, len(first) - 1, columns).round().astype(int))
        names.update(first[number] for number in picked)
    return names


def _write_table(path: str, measurements: Sequence[Measurement]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Measurement)], lineterminator="\n")
        writer.writeheader()
        for row in measurements:
            values = asdict(row)
            values.update(seconds=round(row.seconds, 3), share=round(row.share, 4), joints=round(row.joints, 2))
            writer.writerow(values)


def summarise(measurements: Sequence[Measurement], labels: Dict[str, Sequence[str]]) -> Dict[str, Any]:
    """Numbers per set and class.

    Args:
        measurements: of all clips.
        labels: of each set; a class without a clip appears with 0 clips.
    """
    summary = {}
    for name, known in labels.items():
        rows = [row for row in measurements if row.set == name]
        there = sorted({row.label for row in rows} - set(known))
        summary[name] = {
            **_numbers(rows),
            "classes": {label: _numbers([row for row in rows if row.label == label]) for label in [*known, *there]},
        }
    return summary


def _numbers(rows: Sequence[Measurement]) -> Dict[str, Any]:
    if not rows:
        return {"clips": 0}
    share = np.array([row.share for row in rows])
    return {
        "clips": len(rows),
        "groups": len({row.group for row in rows if row.group}),
        "share_of_frames_with_a_skeleton": {
            "mean": round(float(share.mean()), 4),
            "quartiles": [round(float(value), 4) for value in np.percentile(share, (25, 50, 75))],
        },
        "clips_without_a_skeleton": int((share == 0).sum()),
        "seconds": round(float(sum(row.seconds for row in rows)), 1),
        "median_frames": int(np.median([row.frames for row in rows])),
        "mean_joints": round(float(np.mean([row.joints for row in rows])), 2),
        "clips_with_several_people": sum(row.people > 1 for row in rows),
    }


def describe(summary: Dict[str, Any]) -> str:
    """The summary as a table for people."""
    head = "%-24s %6s %7s %13s %9s %7s %7s"
    lines = [head % ("", "clips", "groups", "with skeleton", "no person", "frames", "joints")]
    for name, numbers in summary.items():
        lines.append(_line(name, numbers))
        lines += [_line("  " + label, values) for label, values in numbers["classes"].items()]
    return "\n".join(lines)


def _line(name: str, numbers: Dict[str, Any]) -> str:
    if not numbers["clips"]:
        return "%-24s %6d   no clip" % (name[:24], 0)
    return "%-24s %6d %7d %11.1f %% %9d %7d %7.1f" % (
        name[:24],
        numbers["clips"],
        numbers["groups"],
        100 * numbers["share_of_frames_with_a_skeleton"]["mean"],
        numbers["clips_without_a_skeleton"],
        numbers["median_frames"],
        numbers["mean_joints"],
    )
