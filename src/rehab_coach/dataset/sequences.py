"""The recipes' files of public sets: every sequence of all sets in one array, a table beside it.

    DATA/skeletons/sequences_2d.npz + .csv   frames (sum T, 18, 3): x, y, score, as the set has them
    DATA/skeletons/sequences_3d.npz + .csv   frames_mm (sum T, 18, 3) int16: right, down, away, in millimetres

The arrays have the joints in COCO-18 order and `offsets` (n + 1), where each sequence begins. A line of the table has
`sequence` (its number), source, label, action, group, view, fps, frames, and deadlift_pulls or execution.
"""

import csv
import os
import zipfile
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, read_table, written_whole

FLAT, SPATIAL = "sequences_2d", "sequences_3d"

_ARRAYS = {FLAT: "frames", SPATIAL: "frames_mm"}
_TYPES = {FLAT: np.float32, SPATIAL: np.int16}
_COLUMNS = {
    FLAT: ("sequence", "source", "label", "action", "group", "view", "fps", "frames", "deadlift_pulls"),
    SPATIAL: ("sequence", "source", "label", "action", "group", "view", "fps", "frames", "execution"),
}


class Sequences(NamedTuple):
    """One of the two files.

    Attributes:
        path: without an ending.
        rows: of the table.
        frames: (sum T, 18, 3) of all sequences.
        offsets: int (n + 1).
    """

    path: str
    rows: List[Dict[str, str]]
    frames: np.ndarray
    offsets: np.ndarray

    def number(self, line: int) -> int:
        """Number of the sequence that a row of the table means; RehabCoachError if there is none."""
        text = self.rows[line]["sequence"]
        if not text.isdecimal() or int(text) >= len(self.rows):
            raise RehabCoachError(
                "%s: sequence must be a number from 0 to %d, not '%s'" % (self.where(line), len(self.rows) - 1, text)
            )
        return int(text)

    def where(self, line: int) -> str:
        """How messages call a row."""
        return "%s.csv, line %d" % (self.path, line + 2)

    def of(self, number: int) -> np.ndarray:
        """The frames (T, 18, 3) of one sequence."""
        return self.frames[self.offsets[number] : self.offsets[number + 1]]


@dataclass(frozen=True, eq=False)
class Recording:
    """One sequence of a public set, as the files keep it.

    Attributes:
        action: what the set calls the movement.
        label: the recipes' class.
        group: one person or one original video.
        rate: frames per second.
        frames: (T, 18, 3) in COCO-18 order, see the module.
        view: where the camera stands, if the set says.
        further: values of further columns.
    """

    action: str
    label: str
    group: str
    rate: float
    frames: np.ndarray
    view: str = ""
    further: Dict[str, str] = field(default_factory=dict)


def read_sequences(folder: str, name: str, columns: Sequence[str] = ()) -> Sequences:
    """Read one of the two files.

    Args:
        folder: the data folder.
        name: `FLAT` or `SPATIAL`.
        columns: that the table must have, besides sequence and source.

    Raises:
        RehabCoachError: it is missing or broken, or table and array do not fit.
    """
    path, key = os.path.join(folder, "skeletons", name), _ARRAYS[name]
    if not os.path.exists(path + ".csv"):
        raise RehabCoachError(
            "there is no %s.csv: rehab-coach dataset from-public makes it from downloaded sets, or train a recipe "
            "without them (config/recipes/own.yaml)" % path
        )
    rows = read_table(path + ".csv", ("sequence", "source", *columns))
    try:
        with np.load(path + ".npz", allow_pickle=False) as arrays:
            frames, offsets = arrays[key], arrays["offsets"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RehabCoachError("cannot read %s.npz (arrays '%s' and 'offsets'): %s" % (path, key, error)) from error
    if (
        frames.ndim != 3
        or frames.shape[1:] != (18, 3)
        or offsets.shape != (len(rows) + 1,)
        or offsets.dtype.kind not in "iu"
        or offsets[0] < 0
        or offsets[-1] > len(frames)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise RehabCoachError("%s: %s%s, the offsets and %d rows do not fit" % (path, key, frames.shape, len(rows)))
    return Sequences(path, rows, frames, offsets)


def replace_source(folder: str, name: str, source: str, recordings: Sequence[Recording]) -> int:
    """Put the sequences of one set into a file, in place of those that it has of this set; others stay.

    Args:
        folder: the data folder; made if needed.
        name: `FLAT` or `SPATIAL`.
        source: of the set, as recipes call it.
        recordings: its sequences.

    Returns:
        How many sequences of all sets the file has now.

    Raises:
        RehabCoachError: what is there cannot be read, or nothing can be written; the files stay as they were.
    """
    path = os.path.join(folder, "skeletons", name)
    with locked(os.path.dirname(path)):
        rows: List[Dict[str, str]] = []
        parts: List[np.ndarray] = []
        if os.path.exists(path + ".csv") or os.path.exists(path + ".npz"):
            there = read_sequences(folder, name)
            for line, row in enumerate(there.rows):
                number = there.number(line)
                if row["source"] != source:
                    rows.append(row)
                    parts.append(there.of(number))
        for recording in recordings:
            rows.append(
                {
                    "source": source,
                    "label": recording.label,
                    "action": recording.action,
                    "group": recording.group,
                    "view": recording.view,
                    "fps": "%.4g" % recording.rate,
                    "frames": str(len(recording.frames)),
                    **recording.further,
                }
            )
            parts.append(recording.frames)
        columns = list(dict.fromkeys([*_COLUMNS[name], *(column for row in rows for column in row)]))
        frames = np.concatenate(parts).astype(_TYPES[name])
        offsets = np.cumsum([0] + [len(part) for part in parts])
        # Both get their names at the end, one right after the other.
        with written_whole(path + ".npz") as archive, written_whole(path + ".csv") as table:
            np.savez_compressed(archive, offsets=offsets, **{_ARRAYS[name]: frames})
            with open(table, "w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(dict(row, sequence=str(number)) for number, row in enumerate(rows))
    return len(rows)
