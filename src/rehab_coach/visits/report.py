"""A patient's progress as one HTML file: interactive in a browser without a network, and readable on paper."""

import functools
import os
import statistics
import time
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

import jinja2
import plotly.graph_objects as go
import yaml
from plotly.offline import get_plotlyjs

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import find
from rehab_coach.files import private_file
from rehab_coach.movement import SEVERITIES
from rehab_coach.paths import share_path
from rehab_coach.texts import load_texts
from rehab_coach.visits import figures
from rehab_coach.visits.figures import normal_text
from rehab_coach.visits.progress import ExerciseVisit, NormalRange, Progress, follow, read_normal_ranges
from rehab_coach.visits.store import RoundResult

ENGLISH = "en"

MOST_COLUMNS = 12
"""Visits in a table that still fits a page; of more, it shows the first and the last ones."""


class Plot(NamedTuple):
    """A plot and what stands above it; `figure` None: there is nothing to draw, and `hint` says why."""

    title: str
    hint: str
    figure: Optional[go.Figure]


class Cell(NamedTuple):
    """A cell of a table of shares: what it says, and 0..1 for its shade; None: nothing was measured."""

    text: str
    share: Optional[float]


class Row(NamedTuple):
    """A row of a table of shares; `kind` is the severity of a remark, or ""."""

    title: str
    note: str
    cells: Sequence[Cell]
    kind: str = ""
    change: str = ""


def languages() -> Tuple[str, ...]:
    """Codes of the languages that a report can be in."""
    names = os.listdir(share_path("config", "texts"))
    parts = [name.split(".") for name in names]
    return tuple(sorted(part[1] for part in parts if len(part) == 3 and part[0] == "report" and part[2] == "yaml"))


class ReportTexts:
    """The report's words in one language: ``texts("title", patient="P-017")``.

    Args:
        language: its code.

    Raises:
        RehabCoachError: there are no texts in the language.
    """

    def __init__(self, language: str = ENGLISH):
        if language not in languages():
            raise RehabCoachError(
                "there is no report in the language '%s'; there are: %s" % (language, ", ".join(languages()))
            )
        with open(share_path("config", "texts", "report.%s.yaml" % language), encoding="utf-8") as stream:
            self._texts: Dict[str, str] = yaml.safe_load(stream)
        self.language = language
        self._spoken = load_texts(language)

    def __call__(self, key: str, **values: object) -> str:
        return self._texts[key].format(**values)

    def exercise(self, label: str) -> str:
        """Name of an exercise, as it begins a line."""
        name = self._spoken.exercise(label)
        return name[:1].upper() + name[1:]

    def name(self, key: str) -> str:
        """Name of an angle or a rule; without a text, the key in words."""
        return self._texts.get(key) or key.replace("_", " ").capitalize()

    def day(self, stamp: float, form: str = "date") -> str:
        """The day of a stamp, local time; `form` is "date" or "short_date"."""
        moment = time.localtime(stamp)
        month = self._texts["months"].split()[moment.tm_mon - 1]
        return self(form, day=moment.tm_mday, month=month, year=moment.tm_year)


def write_report(path: str, patient: str, rounds: Sequence[RoundResult], language: str = ENGLISH) -> None:
    """Write the report of a patient; the file is readable by its owner only.

    Args:
        path: the HTML file.
        patient: pseudonym.
        rounds: as VisitStore.rounds gives them.
        language: code of the language.

    Raises:
        RehabCoachError: no such language, or the file cannot be written.
    """
    content = render(patient, rounds, language)
    with private_file(path) as stream:
        stream.write(content)


def render(patient: str, rounds: Sequence[RoundResult], language: str = ENGLISH) -> str:
    """The report as HTML."""
    say = ReportTexts(language)
    ranges = read_normal_ranges()
    progress = follow(patient, rounds, ranges)
    several_years = len({time.localtime(stamp).tm_year for stamp in progress.starts}) > 1
    days = [say.day(stamp, "date" if several_years else "short_date") for stamp in progress.starts]
    columns: Sequence[int] = range(len(days))
    if len(days) > MOST_COLUMNS:
        columns = [0, *columns[1 - MOST_COLUMNS :]]
    measured = [label for label, visits in progress.exercises.items() if any(one.sets for one in visits)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(share_path("config", "report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plot"] = _plot_json
    return environment.get_template("report.html").render(
        say=say,
        progress=progress,
        days=days,
        columns=[days[number] for number in columns],
        glance=[_glance(label, progress.exercises[label], ranges.get(label, NormalRange()), say) for label in measured],
        recognition=[_columns(row, columns) for row in _recognition(progress, say)],
        exercises=[
            (
                say.exercise(label),
                _plots(progress.exercises[label], days, ranges.get(label, NormalRange()), ranges, say),
            )
            for label in measured
        ],
        remarks=[
            _columns(row, columns) for severity in reversed(SEVERITIES) for row in _remarks(progress, severity, say)
        ],
        judged=any(find(label).rules for label in measured),
        not_judged=[say.exercise(label) for label in measured if not find(label).rules],
        sources=_sources(measured, ranges, say),
        plotly=get_plotlyjs() if measured else "",
    )


def _columns(row: Row, columns: Sequence[int]) -> Row:
    return row._replace(cells=[row.cells[number] for number in columns])


def _plot_json(figure: go.Figure) -> str:
    # "</" would end the script that it stands in.
    return figure.to_json(pretty=False).replace("</", "<\\/")


def _plots(
    visits: Sequence[ExerciseVisit],
    days: Sequence[str],
    normal: NormalRange,
    ranges: Dict[str, NormalRange],
    say: ReportTexts,
) -> List[Plot]:
    def plot(title: str, hint: str, has_data: bool, draw: functools.partial) -> Plot:
        return Plot(title, hint if has_data else say("not_measured"), draw() if has_data else None)

    hint = say("range_hint")
    if normal.low is None:
        hint += " " + say("no_normal_range")
    draw = functools.partial
    return [
        plot(
            say("range", angle=say.name(normal.angle)) if normal.angle else say("largest_angle"),
            hint,
            any(visit.peaks for visit in visits),
            draw(figures.range_of_motion, visits, days, normal, say),
        ),
        plot(
            say("symmetry_plot"),
            say("symmetry_hint"),
            any(visit.symmetry for visit in visits),
            draw(figures.symmetry, visits, days, ranges["symmetry"], say),
        ),
        plot(say("repetitions"), say("repetitions_hint"), True, draw(figures.repetitions, visits, days, say)),
        plot(
            say("tempo"),
            say("tempo_hint"),
            any(visit.phases for visit in visits),
            draw(figures.tempo, visits, days, say),
        ),
    ]


def _glance(
    label: str, visits: Sequence[ExerciseVisit], normal: NormalRange, say: ReportTexts
) -> List[Tuple[str, str]]:
    """One exercise in one line: each number in the first and in the last visit that has it, and a note below it."""

    def both(form: str, values: Iterable[Union[float, str, None]]) -> str:
        known = [form % value for value in values if value is not None]
        return " → ".join([known[0], known[-1]] if len(known) > 1 else known) or "–"

    def middle(values: Sequence[float]) -> Optional[float]:
        return statistics.median(values) if values else None

    angles = both("%.0f°", (middle([peak for side in visit.peaks.values() for peak in side]) for visit in visits))
    return [
        (say.exercise(label), ""),
        (both("%s", ("%d/%d" % (one.recognised, one.asked) if one.asked else None for one in visits)), ""),
        (both("%g", (middle(visit.repetitions) for visit in visits)), ""),
        (angles, normal_text(normal, "°", say) if angles != "–" else ""),
        (both("%.0f %%", (middle(visit.symmetry) for visit in visits)), ""),
        (both("%.1f s", (sum(visit.phases.values()) if visit.phases else None for visit in visits)), ""),
    ]


def _recognition(progress: Progress, say: ReportTexts) -> List[Row]:
    """The exercises that were asked for: recognised of asked in each visit, and all of them together."""

    def cell(visits: Sequence[ExerciseVisit]) -> Cell:
        asked, recognised = sum(one.asked for one in visits), sum(one.recognised for one in visits)
        return Cell("%d/%d" % (recognised, asked), recognised / asked) if asked else Cell("–", None)

    rows = []
    for label, visits in progress.exercises.items():
        if any(visit.asked for visit in visits):
            rows.append(Row(say.exercise(label), "", [cell([visit]) for visit in visits]))
    if len(rows) > 1:
        together = [cell(visits) for visits in zip(*progress.exercises.values())]
        rows.append(Row(say("all_exercises"), "", together))
    return rows


def _remarks(progress: Progress, severity: str, say: ReportTexts) -> List[Row]:
    """The rules of a severity: in how many repetitions of each visit they were broken."""
    rows = []
    for label, visits in progress.exercises.items():
        for rule, summary in progress.rules[label].items():
            if summary.severity != severity:
                continue
            counts = [visit.rules[rule] for visit in visits]
            cells = [
                Cell("%d/%d" % (one.broken, one.of), one.broken / one.of) if one.of else Cell("–", None)
                for one in counts
            ]
            shares = [cell.share for cell in cells if cell.share is not None]
            title = say.name(rule) + (" (%s)" % say(summary.side) if summary.side else "")
            note = "%s · %s" % (say.exercise(label), say("severity_" + severity))
            rows.append(Row(title, note, cells, severity, _change(shares, say)))
    return rows


def _change(shares: Sequence[float], say: ReportTexts) -> str:
    if len(shares) < 2:
        return ""
    more = shares[-1] - shares[0]
    return say("same" if abs(more) < 0.1 else "more" if more > 0 else "less")


def _sources(labels: Sequence[str], ranges: Dict[str, NormalRange], say: ReportTexts) -> List[Tuple[str, str]]:
    sources = [
        (say.exercise(label), ranges[label].source) for label in labels if label in ranges and ranges[label].source
    ]
    return sources + ([(say("symmetry"), ranges["symmetry"].source)] if labels else [])
