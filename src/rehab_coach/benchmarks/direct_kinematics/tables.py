"""Tables of errors, as Markdown and CSV."""

import csv
import os
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple, Union

import numpy as np

from rehab_coach.benchmarks.direct_kinematics.results import Result, correlation, known, pooled
from rehab_coach.files import written_whole

Row = Sequence[Union[str, float]]
VIEWS = (("front", 0), ("oblique", 30), ("side", 60), ("back", 120))
"""Names of views, and degrees from which on."""

SUMS = ("films", "MAE angle", "without offset", "median", "IQR", "SD", "MV", "MAE body", "MPBLPE", "pelvis")
"""Columns of `sums`."""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: of its CSV file, without the ending.
        title: for people.
        columns: their heads.
        rows: cells; NaN becomes an empty one.
    """

    name: str
    title: str
    columns: Tuple[str, ...]
    rows: Sequence[Row]

    def markdown(self) -> str:
        """Title and table."""
        lines = ["| %s |" % " | ".join(row) for row in (self.columns, *map(_cells, self.rows))]
        return "\n".join([self.title, "", lines[0], "|" + "---|" * len(self.columns), *lines[1:]])

    def write(self, folder: str) -> None:
        """Write NAME.csv."""
        with written_whole(os.path.join(folder, self.name + ".csv")) as temporary, open(
            temporary, "w", newline="", encoding="utf-8"
        ) as stream:
            csv.writer(stream).writerows([self.columns, *map(_cells, self.rows)])


def _cells(row: Row) -> List[str]:
    return [_cell(value) for value in row]


def _cell(value: Union[str, float]) -> str:
    if isinstance(value, (str, int)):
        return str(value)
    return "%.2f" % value if np.isfinite(value) else ""


def sums(results: List[Result]) -> List[float]:
    """One row of numbers about films, see `SUMS`."""
    errors = known(results, lambda one: one.errors)
    if not len(errors):
        return [len(results)] + [float("nan")] * (len(SUMS) - 1)
    low, middle, high = np.percentile(np.abs(errors), (25, 50, 75))
    return [
        len(results),
        np.abs(errors).mean(),
        np.abs(known(results, lambda one: one.without_offset)).mean(),
        middle,
        high - low,
        errors.std(),
        _mean(known(results, lambda one: one.velocity)),
        float(np.mean([one.lengths for one in results])),
        _mean(known(results, lambda one: one.points)),
        _mean(known(results, lambda one: one.pelvis)),
    ]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def overview(name: str, title: str, ways: Dict[str, List[Result]]) -> Table:
    """Each way's errors over all films."""
    return Table(name, title, ("", *SUMS), [[way, *sums(results)] for way, results in ways.items()])


def by_group(results: List[Result]) -> List[Table]:
    """Errors of one way by movement, person and view."""
    keys: Dict[str, Callable[[Result], str]] = {
        "movement": lambda one: one.recording.movement,
        "person": lambda one: one.recording.person,
        "view": lambda one: view_of(one.view),
    }
    names = {"movement": "movements", "person": "people", "view": "views"}
    tables = []
    for kind, key in keys.items():
        groups: Dict[str, List[Result]] = {}
        for one in results:
            groups.setdefault(key(one), []).append(one)
        order = [view for view, _ in VIEWS] if kind == "view" else sorted(groups)
        rows: List[Row] = [[group, *sums(groups[group])] for group in order if group in groups]
        tables.append(Table(names[kind], "The network by %s" % kind, (kind, *SUMS), rows))
    return tables


def view_of(degrees: float) -> str:
    """The name of a view."""
    return [name for name, first in VIEWS if first <= degrees][-1]


def by_angle(names: Sequence[str], ways: Dict[str, List[Result]]) -> Table:
    """Errors of the first way by angle, both sides together, and the mean absolute errors of the others."""
    first, *others = ways
    rows: List[Row] = []
    for kind, columns in pooled(names).items():
        errors = known(ways[first], lambda one: one.errors[:, columns])
        if not len(errors):
            continue
        low, middle, high = np.percentile(np.abs(errors), (25, 50, 75))
        row = [
            np.abs(errors).mean(),
            np.abs(known(ways[first], lambda one: one.without_offset[:, columns])).mean(),
            middle,
            high - low,
            errors.std(),
            _mean(known(ways[first], lambda one: one.velocity[:, columns])),
            _mean(np.abs(known(ways[first], lambda one: one.ranges[columns]))),
            correlation(ways[first], columns),
        ]
        rest = [_mean(np.abs(known(ways[other], lambda one: one.errors[:, columns]))) for other in others]
        rows.append([kind, *row, *rest])
    heads = ("angle", "MAE", "without offset", "median", "IQR", "SD", "MV", "range", "r")
    return Table("angles", "By angle; last columns: MAE of the others", heads + tuple(others), rows)


def by_recording(results: List[Result]) -> Table:
    """Errors of each film."""
    rows: List[Row] = [
        [one.recording.name, one.recording.person, "%.0f" % one.view, *sums([one])[1:]] for one in results
    ]
    return Table("recordings", "The network by film", ("film", "person", "view (degrees)", *SUMS[1:]), rows)


def against_fitted(names: Sequence[str], ours: List[Result], fitted: List[Result]) -> Table:
    """Angles that the fitted body measures too, in the frames in which it does."""
    rows: List[Row] = []
    for kind, columns in pooled(names).items():
        cells: List[float] = []
        for group in (ours, fitted):
            errors = known(group, lambda one: one.errors[:, columns])
            rest = known(group, lambda one: one.without_offset[:, columns])
            cells += [np.abs(errors).mean(), np.abs(rest).mean()] if len(errors) else []
        if len(cells) == 4:
            rows.append([kind, *cells])
    heads = ("angle", "network", "without offset", "fitted body", "without offset of its own")
    return Table("fitted", "Angles that `--source fit` measures too", heads, rows)
