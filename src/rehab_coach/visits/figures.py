"""The report's plots. They are readable in black and white: sides differ in marker and line, phases in hatching."""

import statistics
from typing import Callable, List, Sequence

import plotly.graph_objects as go

from rehab_coach.visits.progress import PHASES, SIDES, ExerciseVisit, NormalRange

INK, MUTED, GRID = "#1b2733", "#5b6875", "#e3e8ee"
BAND, BAND_EDGE = "rgba(60, 150, 110, 0.16)", "#2f7d5b"
BAR = "#2f6da8"
_SIDE = {
    "right": dict(color="#1f5fa8", symbol="circle", dash="solid"),
    "left": dict(color="#c2571a", symbol="square-open", dash="dash"),
}
_PHASE = {
    "down": dict(color="#2f6da8", shape="", text="#ffffff"),
    "hold": dict(color="#8fb8de", shape="x", text=INK),
    "up": dict(color="#bcd4ea", shape="/", text=INK),
    "pause": dict(color="#ffffff", shape=".", text=INK),
}

# From so many visits on, marks are small and the numbers on the bars are left to those who point at them.
_MANY = 16

Texts = Callable[..., str]
Visits = Sequence[ExerciseVisit]


def normal_text(normal: NormalRange, unit: str, say: Texts) -> str:
    """The normal range in words, "" where there is none."""
    if normal.low is None or normal.high is None:
        return ""
    return say("normal_range", low="%g" % normal.low, high="%g%s" % (normal.high, unit))


def range_of_motion(visits: Visits, days: Sequence[str], normal: NormalRange, say: Texts) -> go.Figure:
    """Largest angle of every repetition, the middle one of each visit joined by a line, the normal range shaded."""
    figure = _figure(days)
    values: List[float] = []
    for side in SIDES:
        look = _SIDE[side]
        shift = 0.0 if len(_sides(visits)) == 1 else {"right": -0.08, "left": 0.08}[side]
        points = [(number + shift, peak) for number, visit in enumerate(visits) for peak in visit.peaks.get(side, ())]
        if not points:
            continue
        values += [peak for _, peak in points]
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[round(y, 1) for _, y in points],
            mode="markers",
            marker=dict(color=look["color"], symbol=look["symbol"], size=5),
            opacity=0.45,
            showlegend=False,
            hovertemplate=say(side) + " %{y:.0f}°<extra></extra>",
        )
        middle = [statistics.median(visit.peaks[side]) if side in visit.peaks else None for visit in visits]
        figure.add_scatter(
            x=[number + shift for number in range(len(visits))],
            y=[None if one is None else round(one, 1) for one in middle],
            mode="lines+markers",
            connectgaps=True,
            name=say(side),
            line=dict(color=look["color"], dash=look["dash"], width=2.5),
            marker=dict(color=look["color"], symbol=look["symbol"], size=_size(visits), line=dict(width=2)),
            hovertemplate="<b>" + say(side) + " %{y:.0f}°</b><extra></extra>",
        )
    if normal.low is not None and normal.high is not None:
        _band(figure, normal, say, "°")
        values += [normal.low, normal.high]
    room = 0.08 * (max(values) - min(values)) + 4
    figure.update_yaxes(range=[min(values) - room, max(values) + room], ticksuffix="°")
    return figure


def symmetry(visits: Visits, days: Sequence[str], normal: NormalRange, say: Texts) -> go.Figure:
    """The left side's range of motion in percent of the right one's."""
    figure = _figure(days)
    middle = [statistics.median(visit.symmetry) if visit.symmetry else None for visit in visits]
    points = [(number, value) for number, visit in enumerate(visits) for value in visit.symmetry]
    figure.add_scatter(
        x=[x for x, _ in points],
        y=[round(y, 1) for _, y in points],
        mode="markers",
        marker=dict(color=INK, size=5),
        opacity=0.35,
        hovertemplate="%{y:.0f} %<extra></extra>",
    )
    figure.add_scatter(
        x=list(range(len(visits))),
        y=[None if one is None else round(one, 1) for one in middle],
        mode="lines+markers",
        connectgaps=True,
        line=dict(color=INK, width=2.5),
        marker=dict(symbol="diamond", size=_size(visits)),
        hovertemplate="<b>%{y:.0f} %</b><extra></extra>",
    )
    _band(figure, normal, say, " %")
    figure.add_hline(y=100, line=dict(color=BAND_EDGE, width=1, dash="dot"))
    values = [value for _, value in points] + [limit for limit in (normal.low, normal.high) if limit is not None]
    figure.update_yaxes(range=[min(values) - 6, max(values) + 6], ticksuffix=" %")
    figure.update_layout(showlegend=False)
    return figure


def repetitions(visits: Visits, days: Sequence[str], say: Texts) -> go.Figure:
    """Repetitions of each visit, and in how many recordings."""
    figure = _figure(days)
    counts = [sum(visit.repetitions) for visit in visits]
    figure.add_bar(
        x=list(range(len(visits))),
        y=counts,
        hovertext=[
            "<b>%d</b><br>%s" % (count, say("in_recordings", count=visit.sets)) if visit.sets else "–"
            for count, visit in zip(counts, visits)
        ],
        textfont=dict(size=11),
        textposition="outside",
        cliponaxis=False,
        marker=dict(color=BAR, line=dict(color=INK, width=0.5)),
        width=0.6,
        hovertemplate="%{hovertext}<extra></extra>",
        texttemplate="%{hovertext}" if len(visits) < _MANY else "",
    )
    figure.update_yaxes(range=[0, max(counts + [1]) * 1.3], tickformat="d")
    figure.update_layout(showlegend=False)
    return figure


def tempo(visits: Visits, days: Sequence[str], say: Texts) -> go.Figure:
    """Mean duration of the parts of a repetition, on top of each other."""
    figure = _figure(days)
    for phase in PHASES:
        look = _PHASE[phase]
        seconds = [round(visit.phases[phase], 2) if visit.phases else None for visit in visits]
        figure.add_bar(
            x=list(range(len(visits))),
            y=seconds,
            name=say(phase),
            marker=dict(
                color=look["color"],
                line=dict(color=INK, width=0.7),
                pattern=dict(shape=look["shape"], fgcolor=INK, size=5, solidity=0.15, fillmode="overlay"),
            ),
            width=0.6,
            hovertemplate=say(phase) + " %{y:.1f} s<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(ticksuffix=" s")
    return figure


def _size(visits: Visits) -> int:
    return 9 if len(visits) < _MANY else 6


def _sides(visits: Visits) -> List[str]:
    return [side for side in SIDES if any(side in visit.peaks for visit in visits)]


def _band(figure: go.Figure, normal: NormalRange, say: Texts, unit: str) -> None:
    figure.add_hrect(
        y0=normal.low,
        y1=normal.high,
        fillcolor=BAND,
        line=dict(color=BAND_EDGE, width=1),
        layer="below",
        annotation=dict(
            text=normal_text(normal, unit, say),
            font=dict(size=11, color=BAND_EDGE),
            bgcolor="rgba(255, 255, 255, 0.75)",
        ),
        annotation_position="top right",
    )


def _figure(days: Sequence[str]) -> go.Figure:
    # So many dates that they stay readable side by side on paper; each word of a date is a line.
    step = -(-len(days) // 9)
    shown = list(range(0, len(days), step))
    figure = go.Figure()
    figure.update_layout(
        template="none",
        autosize=True,
        height=260,
        margin=dict(l=46, r=8, t=26, b=10 + 15 * max(day.count(" ") + 1 for day in days)),
        font=dict(family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size=12, color=INK),
        paper_bgcolor="#ffffff",
        plot_bgcolor="#ffffff",
        legend=dict(
            orientation="h", font=dict(size=11), x=1, xanchor="right", y=1.02, yanchor="bottom", traceorder="normal"
        ),
        hovermode="closest",
        dragmode=False,
        bargap=0.4,
    )
    figure.update_xaxes(
        range=[-0.5, max(len(days), 4) - 0.5],
        tickvals=shown,
        ticktext=[days[number].replace(" ", "<br>") for number in shown],
        tickangle=0,
        tickfont=dict(size=11),
        showgrid=False,
        zeroline=False,
        linecolor=MUTED,
        ticks="outside",
        tickcolor=MUTED,
        fixedrange=True,
    )
    figure.update_yaxes(
        gridcolor=GRID,
        zeroline=False,
        linecolor=MUTED,
        fixedrange=True,
    )
    return figure
