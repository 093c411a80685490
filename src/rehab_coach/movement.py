"""What was measured of one exercise: the repetitions, how far and how fast, and what there is to say about the form."""

from dataclasses import asdict, dataclass, field
from typing import Dict, Optional, Tuple

SEVERITIES = ("praise", "hint", "warning")
"""Of a remark: what went well; what could be better; what may hurt and is said first."""


@dataclass(frozen=True)
class Repetition:
    """One repetition: from the starting position to the turning point and back.

    Attributes:
        start, turn, end: stamps in seconds of the beginning, the turning point (deepest, highest ...) and the end.
        down, hold, up, pause: seconds to the turning point, at it, back, and at rest before the next repetition.
        range_of_motion: for each joint angle that was seen the smallest and the largest value in radians.
        smoothness: spectral arc length (Balasubramanian et al. 2015), negative, nearer to 0 is smoother; NaN: unknown.
        symmetry: range of the left side over that of the right, 1 = equal; None: one side was not seen.
    """

    start: float
    turn: float
    end: float
    down: float
    hold: float
    up: float
    pause: float
    range_of_motion: Dict[str, Tuple[float, float]] = field(default_factory=dict)
    smoothness: float = float("nan")
    symmetry: Optional[float] = None


@dataclass(frozen=True)
class Remark:
    """Something about the form that a rule found.

    Attributes:
        rule: name of the rule, such as knees_inwards; the sentences for patients are kept under this name.
        severity: one of SEVERITIES.
        value, limit, unit: what was measured, what the rule allows, in which unit ("deg", "%", "s", ...).
        repetitions: numbers of the repetitions in which it was so, from 0.
        side: "right", "left" or "".
    """

    rule: str
    severity: str
    value: float
    limit: float
    unit: str
    repetitions: Tuple[int, ...] = ()
    side: str = ""


@dataclass(frozen=True)
class Movement:
    """What was measured of one recording.

    Attributes:
        exercise: label of the exercise.
        duration: seconds of the recording.
        repetitions: in the order of time.
        remarks: the most important first.
        not_judged: rules that could not be applied, and why ("the knees are hidden", "needs heels and toes" ...).
        angles: what the joint angles were made from ("fit", "3d", "2d", "d3ke"); "": there are none.
    """

    exercise: str
    duration: float
    repetitions: Tuple[Repetition, ...] = ()
    remarks: Tuple[Remark, ...] = ()
    not_judged: Dict[str, str] = field(default_factory=dict)
    angles: str = ""

    def as_dict(self) -> dict:
        """For JSON; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "Movement":
        """What `as_dict` wrote, also after a way through JSON."""
        repetitions = []
        for one in values["repetitions"]:
            ranges = {name: tuple(limits) for name, limits in one["range_of_motion"].items()}
            repetitions.append(Repetition(**{**one, "range_of_motion": ranges}))
        remarks = [Remark(**{**one, "repetitions": tuple(one["repetitions"])}) for one in values["remarks"]]
        return cls(**{**values, "repetitions": tuple(repetitions), "remarks": tuple(remarks)})
