"""A person's own way of moving: drawn once, kept in every film of hers, a little different from film to film.

How much people differ, and one person from herself, was measured on the correct deep squats of UI-PRMD's eight people,
ten repetitions each: docs/simulation.md.
"""

from typing import Any, Dict, NamedTuple

import numpy as np

from rehab_coach.simulation.phases import PERIOD, WAY, Kind

MOST = 2.5
"""Standard deviations by which anybody differs from the others."""


class Spread(NamedTuple):
    """Standard deviations between people, and from film to film of one person."""

    between: float
    within: float


TIMES = {
    "slowness": Spread(0.166, 0.071),
    "down_to_up": Spread(0.218, 0.094),
    "pause": Spread(0.030, 0.015),
}
"""Logarithms of the seconds of a repetition and of its way down to its way up; the part of it at the turning point."""

EXTENT = {"depth": Spread(0.094, 0.035), "asymmetry": Spread(0.45, 0.18)}
"""Of depth as a factor; of `make_motion`'s asymmetry."""

POSTURE = {
    "stance": Spread(1.4, 0.37),
    "toes_out": Spread(1.66, 0.65),
    "lean": Spread(1.5, 0.36),
    "arm_flex": Spread(11.2, 6.0),
    "arm_add": Spread(6.5, 1.5),
    "elbow_flex": Spread(9.6, 2.7),
    "lumbar_extension": Spread(4.3, 1.9),
    "lumbar_bending": Spread(2.5, 0.8),
}
"""What `make_motion` takes as habits: those of `phases.Person` in its units (3, 6 and 4 degrees of a squat), and
degrees of angles."""

FARTHEST = {
    "choice": (0, 1),
    **dict.fromkeys(POSTURE, (-90, 90)),
    **dict.fromkeys(("stance", "toes_out", "lean"), (-10, 10)),
}
"""Least and most of each habit."""


def habits_of(
    person: np.random.Generator, film: np.random.Generator, kind: Kind, usual: Dict[str, float], scale: float
) -> Dict[str, Any]:
    """Options of `make_motion` for one film of a person.

    Args:
        person: what is hers is drawn from it, so it must be new for every film of hers.
        film: what is this film's is drawn from it.
        kind: of the motion.
        usual: slowness, depth, pause and asymmetry of the middle of all people.
        scale: how much people differ, as a multiple of what real ones do.
    """

    def drawn(spreads: Dict[str, Spread]) -> Dict[str, float]:
        return {
            name: scale * between * float(np.clip(person.standard_normal(), -MOST, MOST))
            + within * float(np.clip(film.standard_normal(), -MOST, MOST))
            for name, (between, within) in spreads.items()
        }

    times, extent, posture = drawn(TIMES), drawn(EXTENT), drawn(POSTURE)
    # A little within the limits, because the parts of the time are rounded.
    period = np.clip(kind.period * usual["slowness"] * np.exp(times["slowness"]), 1.01 * PERIOD[0], 0.99 * PERIOD[1])
    pause = float(np.clip(usual["pause"] + times["pause"], 0.0, 0.4)) if kind.pauses else 0.0
    down = (1 - 2 * kind.still - pause) / (1 + np.exp(-times["down_to_up"]))
    tempo = period * np.array([down, pause, 1 - 2 * kind.still - pause - down, 2 * kind.still])
    tempo[[0, 2]] = np.clip(tempo[[0, 2]], *WAY)
    return {
        "depth": round(float(np.clip(usual["depth"] * (1 + extent["depth"]), 0.2, 1.1)), 4),
        "asymmetry": round(float(np.clip(usual["asymmetry"] + extent["asymmetry"], -1, 1)), 4),
        "tempo": tuple(round(float(seconds), 4) for seconds in tempo),
        "habits": {"choice": round(float(person.random()), 4), **{n: round(v, 4) for n, v in posture.items()}},
    }
