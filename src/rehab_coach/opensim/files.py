"""Files of biomechanics: OpenSim's motions (.mot) and markers (.trc), and the table angles.csv."""

import csv
import os
import re
from typing import Iterable, List, Mapping, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.opensim.coordinates import JointAngles

_TRANSLATION = re.compile(r"_t[xyz]$")
_LISTED = 10
METRES = {"mm": 0.001, "cm": 0.01}
"""Units of markers other than metres."""


def write_mot(path: str, angles: JointAngles) -> None:
    """Write angles as an OpenSim motion: degrees, time from 0.

    The format knows no missing values: gaps are interpolated, beginnings and ends hold the nearest value, and the
    header lists where. Angles that were never seen are left out.

    Raises:
        RehabCoachError: no angle was ever seen, or the file cannot be written.
    """
    known = np.isfinite(angles.values)
    columns = [number for number in range(len(angles.names)) if known[:, number].any()]
    if not columns:
        raise RehabCoachError("no joint angle could be measured: there is nothing to write to %s" % path)
    time = angles.stamps - angles.stamps[0]
    notes, values = [], []
    for number in columns:
        seen = known[:, number]
        values.append(np.interp(time, time[seen], np.degrees(angles.values[seen, number])))
        gaps = _spans(~seen, time)
        if gaps:
            more = ", and %d more" % (len(gaps) - _LISTED) if len(gaps) > _LISTED else ""
            listed = ", ".join("%.3f to %.3f s" % gap for gap in gaps[:_LISTED])
            notes.append("interpolated: %s: %s%s" % (angles.names[number], listed, more))
    header = ["Coordinates", "version=1", "nRows=%d" % len(time), "nColumns=%d" % (len(columns) + 1), "inDegrees=yes"]
    header += ["", "Angles from one camera (source %s)." % angles.source, *notes, "", "endheader"]
    with written_whole(path) as temporary, open(temporary, "w") as stream:
        stream.write("\n".join(header) + "\n")
        stream.write("\t".join(["time"] + [angles.names[number] for number in columns]) + "\n")
        for row in np.column_stack([time] + values):
            stream.write("\t".join("%.8f" % value for value in row) + "\n")


def read_mot(path: str) -> JointAngles:
    """Read the rotations of an OpenSim motion or storage file (.mot, .sto), in degrees or radians.

    Tabs or spaces may be between the columns; empty and NaN are missing values. The rows that are there count, whatever
    nRows says. Translations (`..._tx`, `_ty`, `_tz`) are left out; the uncertainty is 0, the source "file".

    Raises:
        RehabCoachError: not such a file.
    """
    stamps, names, values = read_coordinates(path)
    columns = [number for number, name in enumerate(names) if not _TRANSLATION.search(name)]
    rotations = values[:, columns]
    return JointAngles(tuple(names[number] for number in columns), stamps, rotations, np.zeros_like(rotations), "file")


def read_coordinates(path: str) -> Tuple[np.ndarray, Tuple[str, ...], np.ndarray]:
    """Read all columns of such a file: stamps (T,) in seconds, names (C,), values (T, C) in radians and metres.

    Raises:
        RehabCoachError: not such a file.
    """
    lines = _lines(path)
    ends = [number for number, line in enumerate(lines) if line.strip().lower() == "endheader"]
    if not ends or ends[0] + 1 >= len(lines):
        raise RehabCoachError("%s is not an OpenSim motion: there is no line 'endheader' with columns after it" % path)
    header = [[part.strip().lower() for part in line.split("=", 1)] for line in lines[: ends[0]] if "=" in line]
    degrees = [value for key, value in header if key == "indegrees"]
    names = lines[ends[0] + 1].split()
    if not names or names[0].lower() != "time" or len(names) < 2:
        raise RehabCoachError("%s is not an OpenSim motion: its first column is not 'time'" % path)
    values = _numbers(path, lines[ends[0] + 2 :], len(names))
    if len(values) == 0:
        raise RehabCoachError("%s has no rows" % path)
    _check_time(path, values[:, 0])
    if degrees and degrees[0] not in ("yes", "no"):
        raise RehabCoachError("%s: inDegrees must be yes or no, not %s" % (path, degrees[0]))
    if not degrees or degrees[0] == "yes":
        turning = [number for number in range(1, len(names)) if not _TRANSLATION.search(names[number])]
        values[:, turning] = np.radians(values[:, turning])
    return values[:, 0], tuple(names[1:]), values[:, 1:]


def write_csv(path: str, angles: JointAngles) -> None:
    """Write a table: time in seconds, each angle in degrees and its standard deviation; missing values are empty."""
    names = [name for angle in angles.names for name in (angle, angle + "_deviation")]
    values = np.degrees(np.stack([angles.values, angles.uncertainty], axis=2).reshape(len(angles.stamps), -1))
    with written_whole(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["time"] + names)
        for stamp, row in zip(angles.stamps, values):
            writer.writerow(["%.4f" % stamp] + ["" if np.isnan(value) else "%.2f" % value for value in row])


def write_trc(path: str, stamps: np.ndarray, places: Mapping[str, np.ndarray]) -> None:
    """Write points as markers in OpenSim's axes: x right in the picture, y up, z towards the camera; missing: empty.

    Args:
        path: of the file.
        stamps: (T,) seconds.
        places: for each point (T, 3) metres, z away from the camera, or (T, 2) pixels (then z = 0); y down, NaN
            where it was not seen. Points that were never seen are left out.

    Raises:
        RehabCoachError: no point was ever seen, or the file cannot be written.
    """
    names = [name for name, place in places.items() if np.isfinite(place).any()]
    if not names:
        raise RehabCoachError("no key point was seen: there is nothing to write to %s" % path)
    unit = "m" if places[names[0]].shape[1] == 3 else "px"
    frames = len(stamps)
    duration = float(stamps[-1] - stamps[0])
    rate = (frames - 1) / duration if frames > 1 else 1.0
    with written_whole(path) as temporary, open(temporary, "w") as stream:
        stream.write("PathFileType\t4\t(X/Y/Z)\t%s\n" % os.path.basename(path))
        stream.write("DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t")
        stream.write("OrigNumFrames\n")
        stream.write("%.4f\t%.4f\t%d\t%d\t%s\t%.4f\t1\t%d\n" % (rate, rate, frames, len(names), unit, rate, frames))
        stream.write("Frame#\tTime\t" + "\t\t\t".join(names) + "\n")
        axes = ("%s%d" % (axis, number + 1) for number in range(len(names)) for axis in "XYZ")
        stream.write("\t\t" + "\t".join(axes) + "\n\n")
        for frame, stamp in enumerate(stamps - stamps[0]):
            cells = ["%d" % (frame + 1), "%.6f" % stamp]
            for name in names:
                place = np.append(places[name][frame], 0)[:3] * (1, -1, -1) + 0.0
                cells += ["", "", ""] if np.isnan(place).any() else ["%.6f" % value for value in place]
            stream.write("\t".join(cells) + "\n")


def read_trc(path: str) -> Tuple[np.ndarray, dict]:
    """Read markers: stamps (T,) in seconds, and for each marker (T, 3) in metres (pixels stay), NaN where empty.

    Tabs or spaces may be between the columns. The rows that are there count, whatever NumFrames says.

    Raises:
        RehabCoachError: not such a file.
    """
    lines = _lines(path)
    if len(lines) < 6 or not lines[0].startswith("PathFileType"):
        raise RehabCoachError("%s is not a .trc file: it does not begin with PathFileType" % path)
    header = dict(zip(lines[1].split(), lines[2].split()))
    scale = METRES.get(header.get("Units", "m").lower(), 1.0)
    separated = "\t" if "\t" in lines[3] else None  # names between tabs may have spaces
    names = [name.strip() for name in lines[3].split(separated)[2:] if name.strip()]
    if len(set(names)) < len(names):
        raise RehabCoachError("%s has two markers of one name" % path)
    values = _numbers(path, lines[5:], 2 + 3 * len(names), is_ragged=True)
    if not names or not len(values):
        raise RehabCoachError("%s holds no markers" % path)
    _check_time(path, values[:, 1])
    places = values[:, 2:].reshape(len(values), -1, 3) * scale
    return values[:, 1], {name: places[:, number] for number, name in enumerate(names)}


def _lines(path: str) -> List[str]:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RehabCoachError(
            "cannot read %s: %s" % (path, getattr(error, "strerror", None) or "it is not text")
        ) from error


def _numbers(path: str, lines: Iterable[str], columns: int, is_ragged: bool = False) -> np.ndarray:
    """The table of lines (T, columns), NaN where a cell is empty; blank lines do not count.

    Ragged: empty cells at the end of a line may be left out, and what comes behind the last column does not count.
    """
    rows = [_cells(line, columns, is_ragged) for line in lines if line.strip()]
    for number, row in enumerate(rows):
        if len(row) != columns:
            raise RehabCoachError("%s: row %d has %d values, not %d" % (path, number + 1, len(row), columns))
    try:
        return np.array(rows, np.float64).reshape(len(rows), columns)
    except ValueError as error:
        raise RehabCoachError("%s holds something that is not a number: %s" % (path, error)) from error


def _cells(line: str, columns: int, is_ragged: bool) -> List[str]:
    cells = line.split()
    if len(cells) == columns or "\t" not in line:
        return cells
    cells = [cell.strip() or "nan" for cell in line.split("\t")]  # only tabs can hold an empty cell between them
    if is_ragged:
        return cells[:columns] + ["nan"] * (columns - len(cells))
    while len(cells) > columns and cells[-1] == "nan":
        cells.pop()
    return cells


def _check_time(path: str, time: np.ndarray) -> None:
    if not np.isfinite(time).all() or not (np.diff(time) > 0).all():
        raise RehabCoachError("%s: time must be a number in each row, and increase" % path)


def _spans(wanted: np.ndarray, time: np.ndarray) -> List[Tuple[float, float]]:
    """First and last time of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]]))).reshape(-1, 2)
    return [(float(time[first]), float(time[end - 1])) for first, end in edges]
