"""Recordings of worn sensors, from public sets in their original layouts and from plain CSV files.

    pocket_transitions   folder: signals.npz, index.csv; labelled sit, stand up, walk, turn, sit down
    lumbar_gait          folder: signals.npz, index.csv with the steps of each foot
    pocket_gait          folder: signals.npz, index.csv; walking at two speeds, phones in both pockets, 50 Hz
    barbell_wrist        folder: signals.npz, index.csv; barbell exercises, 25 Hz
    uci_walking          folder: PERSON.csv; time, x, y, z in m/s2, no header (UCI, "User Identification From Walking")
    wisdm_watch          folder: PERSON_accel.csv.gz, PERSON_gyro.csv.gz; person, activity, ns, x, y, z (WISDM)
    utd_mhad             folder: aA_sS_tT_inertial.mat; d_iner (T, 6) in g and degrees per second, 50 Hz
    seglearn_watch       file: watch_dataset.npy of the package seglearn; m/s2 and rad/s, 50 Hz
    ui_prmd              folder: markers.npz, index.csv; motion capture that a virtual sensor on the pelvis sees, 50 Hz

In the signals.npz `acc` and `gyr` are int16 and divided by `scale`, recording i is [offsets[i]:offsets[i + 1]], `t_ms`
are its times where the rate was not steady.
"""

import csv
import glob
import gzip
import os
import re
import zipfile
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.inertial.cycles import Cycles, cut_spans, find_cycles
from rehab_coach.inertial.series import GRAVITY, InertialSeries, SensorError
from rehab_coach.inertial.virtual import virtual_sensor

TRANSITIONS = {1: "stand_up", 2: "walk", 3: "turn", 4: "sit_down"}
"""Labels of pocket_transitions that are movements; 0 is seated."""

UTD_ACTIONS = {22: "jog", 23: "walk", 26: "lunge", 27: "squat"}

ACCELERATION_UNITS = {"m/s2": 1.0, "g": GRAVITY}
TURN_UNITS = {"rad/s": 1.0, "deg/s": np.pi / 180}
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

COLUMNS = ("ax", "ay", "az", "gx", "gy", "gz")


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording of one person, with what is known about it.

    Attributes:
        person: name in the set.
        session: what was recorded in one go: an execution, a trial, a day; others are "another time".
        place: where the sensor sat: "phone", "watch", "left", ...
        movement: what was done.
        series: what the sensor measured.
        spans: seconds of each cycle where the set marks them; None: they must be found.
        form: how it was done, where the set says so.
    """

    person: str
    session: str
    place: str
    movement: str
    series: InertialSeries
    spans: Optional[Tuple[Tuple[float, float], ...]] = None
    form: str = ""

    def cycles(self) -> Optional[Cycles]:
        """Its cycles; None where there is none."""
        spans = find_cycles(self.series) if self.spans is None else self.spans
        return cut_spans(self.series, spans) if spans else None


def read_csv(
    path: str,
    acceleration: str = "m/s2",
    turn: str = "rad/s",
    time: str = "s",
    columns: Sequence[str] = COLUMNS,
    time_column: str = "time",
    rate: Optional[float] = None,
) -> InertialSeries:
    """A series from a plain CSV file with a header.

    Args:
        path: the file; commas, semicolons or tabs between the columns.
        acceleration: unit of the acceleration, one of `ACCELERATION_UNITS`.
        turn: unit of the angular velocity, one of `TURN_UNITS`.
        time: unit of the times, one of `TIME_UNITS`.
        columns: names of the columns of x, y, z of the accelerometer and of the gyroscope; three that the file lacks
            altogether are a sensor that did not measure. A "-" before a name turns that axis round.
        time_column: name of the column of the times.
        rate: samples per second where the file has no times.

    Raises:
        RehabCoachError: the file cannot be read, or is not as the arguments say.
        SensorError: nothing can be said about what it holds.
    """
    for value, units in ((acceleration, ACCELERATION_UNITS), (turn, TURN_UNITS), (time, TIME_UNITS)):
        if value not in units:
            raise RehabCoachError("unit '%s'; known: %s" % (value, ", ".join(units)))
    if len(columns) != 6:
        raise RehabCoachError(
            "six columns are wanted, x y z of the accelerometer and of the gyroscope: %s" % (columns,)
        )
    if rate is not None and not rate > 0:
        raise RehabCoachError("the rate must be positive, not %g" % rate)
    rows = read_table(path, [])
    if rate is None and time_column not in rows[0]:
        alike = [name for name in rows[0] if name.strip().lower() == time_column.lower()]
        hint = ": --time-column %s" % alike[0] if alike else "; --rate says what it is of where there are no times"
        raise RehabCoachError(
            "%s has no column '%s' (its columns: %s)%s" % (path, time_column, ", ".join(rows[0]), hint)
        )
    names = [name.lstrip("-") for name in columns]
    sensors: List[Optional[np.ndarray]] = []
    for first, factor in ((0, ACCELERATION_UNITS[acceleration]), (3, TURN_UNITS[turn])):
        three = names[first : first + 3]
        missing = [name for name in three if name not in rows[0]]
        if 0 < len(missing) < 3:
            raise RehabCoachError("%s has no column '%s' (its columns: %s)" % (path, missing[0], ", ".join(rows[0])))
        if missing:
            sensors.append(None)
            continue
        signs = [-1 if name.startswith("-") else 1 for name in columns[first : first + 3]]
        values = np.stack([_numbers(rows, name, path) for name in three], axis=1)
        sensors.append(values * signs * factor)
    if all(sensor is None for sensor in sensors):
        raise RehabCoachError(
            "%s has none of the columns %s (its columns: %s): name yours" % (path, ", ".join(names), ", ".join(rows[0]))
        )
    times = np.arange(len(rows)) / rate if rate is not None else _numbers(rows, time_column, path) * TIME_UNITS[time]
    if (np.diff(times) < 0).any():
        raise RehabCoachError(
            "the times in %s go back in line %d: are two recordings in one file?"
            % (path, int(np.flatnonzero(np.diff(times) < 0)[0]) + 3)
        )
    series = _series(times, *sensors)
    try:
        series.check()
    except SensorError as problem:
        raise SensorError("%s: %s" % (path, problem)) from problem
    return series


def _numbers(rows: List[Dict[str, str]], column: str, path: str) -> np.ndarray:
    numbers = np.empty(len(rows))
    for index, row in enumerate(rows):
        try:
            numbers[index] = float(row[column].replace(",", "."))
        except ValueError:
            numbers[index] = np.nan
        if not np.isfinite(numbers[index]):
            raise RehabCoachError(
                "line %d of %s has no number in column '%s': '%s'" % (index + 2, path, column, row[column])
            )
    return numbers


def _series(times: np.ndarray, accelerometer: Optional[np.ndarray], gyroscope: Optional[np.ndarray]) -> InertialSeries:
    """A series of samples whose times may repeat or step back, as loggers write them: what is later stays."""
    new = _later(times)
    kept = [None if values is None else values[new] for values in (accelerometer, gyroscope)]
    return InertialSeries(times[new] - (times[0] if len(times) else 0), *kept)


def _later(times: np.ndarray) -> np.ndarray:
    """(n,) bool: later than every sample before it."""
    new = np.ones(len(times), bool)
    new[1:] = times[1:] > np.maximum.accumulate(times)[:-1]
    return new


def _read_signals(
    folder: str, rate: Optional[float]
) -> List[Tuple[Dict[str, str], InertialSeries, Optional[np.ndarray]]]:
    """Rows of index.csv with what was measured, and the label of each sample where there are some."""
    rows = read_table(os.path.join(folder, "index.csv"), ("recording", "person"))
    path = os.path.join(folder, "signals.npz")
    found = []
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        scale = arrays["scale"].astype(np.float64)
        for row in rows:
            number = int(row["recording"])
            samples = slice(int(arrays["offsets"][number]), int(arrays["offsets"][number + 1]))
            times = arrays["t_ms"][samples] / 1000 if rate is None else np.arange(samples.stop - samples.start) / rate
            new = _later(times)
            series = _series(times, arrays["acc"][samples] / scale[0], arrays["gyr"][samples] / scale[1])
            found.append((row, series, arrays["label"][samples][new] if "label" in arrays else None))
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile) as error:
        raise RehabCoachError(
            "cannot read %s (arrays acc, gyr, offsets, scale, as index.csv names them): %s" % (path, error)
        ) from error
    return found


def read_pocket_transitions(folder: str) -> List[Recording]:
    """17 people x up to 11 executions of sit, stand up, walk, turn, sit down; phone and watch."""
    recordings = []
    for row, series, labels in _read_signals(folder, None):
        assert labels is not None
        changes = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1, [len(labels) - 1]])
        spans: Dict[str, List[Tuple[float, float]]] = {}
        for begin, end in zip(changes, changes[1:]):
            movement = TRANSITIONS.get(int(labels[begin]))
            if movement and series.times[end] - series.times[begin] >= 0.3:
                spans.setdefault(movement, []).append((float(series.times[begin]), float(series.times[end])))
        for movement, found in spans.items():
            recordings.append(Recording(row["person"], row["execution"], row["device"], movement, series, tuple(found)))
    return recordings


def read_lumbar_gait(folder: str) -> List[Recording]:
    """14 people who walk with a sensor at L5; a cycle is from one step of the left foot to the next."""
    recordings = []
    for row, series, _ in _read_signals(folder, 100.0):
        starts = [int(event.split(":")[0]) / 100.0 for event in row["left"].split(";") if event]
        turn = [float(value) / 100.0 for value in row["u_turn"].split(":")]
        spans = tuple(
            (begin, end)
            for begin, end in zip(starts, starts[1:])
            if 0.6 < end - begin < 2.0 and not (begin < turn[1] and end > turn[0]) and end <= series.times[-1]
        )
        recordings.append(Recording(row["person"], row["trial"], "L5", "walk", series, spans))
    return recordings


def read_pocket_gait(folder: str) -> List[Recording]:
    """Walking at several speeds, a phone in each pocket."""
    return [
        Recording(row["person"], row["take"], row["pocket"], "walk_" + row["speed"], series)
        for row, series, _ in _read_signals(folder, 50.0)
    ]


def read_barbell_wrist(folder: str) -> List[Recording]:
    """Barbell exercises with a sensor at the wrist."""
    return [
        Recording(row["person"], row["start"], "wrist", row["exercise"], series, None, row["load"])
        for row, series, _ in _read_signals(folder, 25.0)
    ]


def read_uci_walking(folder: str) -> List[Recording]:
    """22 people who walk with a phone in the chest pocket; accelerometer alone."""
    recordings = []
    for path in _files(folder, "*.csv"):
        table = _table(path, ",")
        series = _series(table[:, 0], table[:, 1:4], None)
        recordings.append(Recording(os.path.basename(path)[: -len(".csv")], "1", "chest", "walk", series))
    return recordings


def read_wisdm_watch(folder: str) -> List[Recording]:
    """Some 46 people who walk (A) and jog (B) with a watch, 20 Hz; who has one empty file is left out."""
    recordings = []
    for path in _files(folder, "*_accel.csv.gz"):
        person = os.path.basename(path).split("_")[0]
        both = [_wisdm(path), _wisdm(path.replace("_accel", "_gyro"))]
        for code, movement in (("A", "walk"), ("B", "jog")):
            parts = [rows[code] for rows in both if code in rows]
            if len(parts) < 2:
                continue
            accelerometer, gyroscope = parts
            begin = max(part[0, 0] for part in parts)
            end = min(part[-1, 0] for part in parts)
            times = np.arange(begin, end, 0.05)
            # Two clocks: each sensor is put on the same moments.
            rows = [
                np.stack([np.interp(times, part[:, 0], part[:, axis]) for axis in (1, 2, 3)], axis=1)
                for part in (accelerometer, gyroscope)
            ]
            if len(times) > 2:
                recordings.append(Recording(person, "1", "watch", movement, _series(times, *rows)))
    return recordings


def _wisdm(path: str) -> Dict[str, np.ndarray]:
    """Rows (n, 4) of seconds, x, y, z by the letter of the activity."""
    rows: Dict[str, List[List[float]]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                if len(row) >= 6:
                    values = [float(row[2]) * 1e-9] + [float(value.rstrip(";")) for value in row[3:6]]
                    rows.setdefault(row[1], []).append(values)
    except (OSError, EOFError, ValueError) as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error)) from error
    return {activity: np.array(sorted(values)) for activity, values in rows.items()}


def read_utd_mhad(folder: str) -> List[Recording]:
    """8 people x 4 trials of jog, walk, lunge and squat, sensor on the thigh, 50 Hz."""
    import scipy.io

    recordings = []
    for path in _files(folder, "*_inertial.mat"):
        parts = re.match(r"a(\d+)_s(\d+)_t(\d+)_inertial\.mat$", os.path.basename(path))
        try:
            values = scipy.io.loadmat(path)["d_iner"].astype(np.float64)
        except (OSError, KeyError, ValueError, NotImplementedError) as error:
            raise RehabCoachError("cannot read %s (array d_iner): %s" % (path, error)) from error
        if not parts or values.ndim != 2 or values.shape[1] != 6:
            raise RehabCoachError("%s is no file of UTD-MHAD's inertial sensor: aA_sS_tT_inertial.mat, (T, 6)" % path)
        action = int(parts.group(1))
        series = InertialSeries(
            np.arange(len(values)) / 50.0, values[:, :3] * GRAVITY, values[:, 3:] * TURN_UNITS["deg/s"]
        )
        # The whole trial is one squat or one lunge; jogging and walking are some seconds on the spot.
        spans = ((0.0, float(series.times[-1])),) if action in (26, 27) else None
        recordings.append(
            Recording(parts.group(2), parts.group(3), "thigh", UTD_ACTIONS.get(action, parts.group(1)), series, spans)
        )
    return recordings


def read_seglearn_watch(path: str) -> List[Recording]:
    """10 people x 7 shoulder exercises x 2 sides with a watch: the file that the package seglearn carries.

    The file is a pickle: name none that you do not trust.
    """
    try:
        stored: Dict[str, Any] = np.load(path, allow_pickle=True).item()
        return [
            Recording(
                str(int(subject)),
                "1",
                "right" if side else "left",
                str(stored["y_labels"][int(exercise)]),
                InertialSeries(np.arange(len(values)) / 50.0, values[:, :3], values[:, 3:6]),
            )
            for values, exercise, side, subject in zip(stored["X"], stored["y"], stored["side"], stored["subject"])
        ]
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise RehabCoachError("cannot read %s as seglearn's watch_dataset.npy: %s" % (path, error)) from error


def read_ui_prmd(folder: str) -> List[Recording]:
    """8 people x 10 repetitions x 4 movements, correct and incorrect, seen by a virtual sensor on the pelvis.

    x is forward, y to the left, z up; the pelvis is that of the front and back iliac spines.
    """
    rows = read_table(os.path.join(folder, "index.csv"), ("sequence", "movement", "subject", "repetition", "execution"))
    path = os.path.join(folder, "markers.npz")
    recordings = []
    try:
        with np.load(path, allow_pickle=False) as stored:
            positions, offsets = stored["positions_mm"], stored["offsets"]
            names = [str(name) for name in stored["marker_names"]]
        spines = [names.index(name) for name in ("LASI", "RASI", "LPSI", "RPSI")]
        for row in rows:
            number = int(row["sequence"])
            markers = positions[offsets[number] : offsets[number + 1]][:, spines]
            seen = (markers != 0).any(axis=(1, 2))  # exactly 0, 0, 0 is a lost marker
            seen &= (markers != 0).any(axis=2).all(axis=1)
            times = np.arange(len(markers)) / 50.0
            flat = markers.reshape(len(markers), 12) / 1000.0
            if seen.sum() < 20:
                continue
            flat = np.stack([np.interp(times, times[seen], column[seen]) for column in flat.T], axis=1)
            left_front, right_front, left_back, right_back = np.moveaxis(flat.reshape(-1, 4, 3), 1, 0)
            back, left = (left_back + right_back) / 2, left_front - right_front
            forward = (left_front + right_front) / 2 - back
            axes = np.stack([forward, left, np.cross(forward, left)], axis=1)
            axes /= np.maximum(np.linalg.norm(axes, axis=2, keepdims=True), 1e-9)
            series = virtual_sensor(times, back, axes)
            whole = ((0.0, float(times[-1])),)
            recordings.append(
                Recording(row["subject"], row["repetition"], "pelvis", row["movement"], series, whole, row["execution"])
            )
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile) as error:
        raise RehabCoachError(
            "cannot read %s (arrays positions_mm, offsets, marker_names): %s" % (path, error)
        ) from error
    return recordings


def _files(folder: str, pattern: str) -> List[str]:
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))
    if not paths:
        raise RehabCoachError("there is no %s in %s" % (pattern, folder))
    return paths


def _table(path: str, delimiter: str) -> np.ndarray:
    try:
        return np.loadtxt(path, delimiter=delimiter, ndmin=2)
    except (OSError, ValueError) as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error)) from error


READERS: Dict[str, Callable[[str], List[Recording]]] = {
    "pocket_transitions": read_pocket_transitions,
    "lumbar_gait": read_lumbar_gait,
    "pocket_gait": read_pocket_gait,
    "barbell_wrist": read_barbell_wrist,
    "uci_walking": read_uci_walking,
    "wisdm_watch": read_wisdm_watch,
    "utd_mhad": read_utd_mhad,
    "seglearn_watch": read_seglearn_watch,
    "ui_prmd": read_ui_prmd,
}
"""How each public set is read."""
