"""Figures of matplotlib without a screen: every picture of a report, a training or a benchmark begins and ends here."""

from typing import TYPE_CHECKING

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, in inches; RehabCoachError where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise RehabCoachError(
            "drawing needs matplotlib (%s): `pip install -e '.[train]'` in the repository" % error
        ) from error
    # Figures without pyplot need no screen and leave no global state behind.
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: str, dpi: int = 110) -> None:
    """Write a PNG file, whole or not at all."""
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
