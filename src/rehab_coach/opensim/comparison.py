"""How far two measurements of the same movement are apart, joint by joint."""

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import JointAngles

STANDING = (0.0, 0.5)
"""Seconds of the common time in which the person stands still, unless told otherwise."""

AS_LIKE = 0.05
"""Mean correlation within which two shifts fit equally well."""

LARGEST_OFFSET = 2.0
"""Seconds by which clocks may be apart when the offset is to be estimated."""


@dataclass(frozen=True)
class Difference:
    """Of one angle, in degrees.

    Attributes:
        error, rmse: mean absolute and root mean square difference.
        bias: mean of first minus second.
        correlation: Pearson's; NaN where one of both does not move.
        error_without_offset, rmse_without_offset: the same after the mean difference while standing is taken off.
    """

    error: float
    rmse: float
    bias: float
    correlation: float
    error_without_offset: float
    rmse_without_offset: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two measurements on the same time.

    Attributes:
        stamps: (T,) seconds of the second one's clock.
        first, second: for each common angle (T,) degrees.
        differences: for each common angle.
        offset: seconds that were added to the first one's stamps.
    """

    stamps: np.ndarray
    first: Dict[str, np.ndarray]
    second: Dict[str, np.ndarray]
    differences: Dict[str, Difference]
    offset: float


def compare(
    first: JointAngles,
    second: JointAngles,
    align: bool = False,
    standing: Tuple[float, float] = STANDING,
) -> Comparison:
    """Compare the angles that both have, at the second one's stamps within the common time.

    Args:
        first: what is to be judged.
        second: what it is judged by.
        align: estimate by how much the first one's clock is off (cross-correlation) before comparing.
        standing: from when to when the person stands still, seconds after the beginning of the common time.

    Raises:
        RehabCoachError: no angle or no time in common, nobody standing in that time.
    """
    names = [name for name in first.names if name in second.names]
    names = [name for name in names if np.isfinite(first[name]).sum() > 1 and np.isfinite(second[name]).sum() > 1]
    if not names:
        raise RehabCoachError(
            "the two have no angle in common: one has %s, the other %s"
            % (", ".join(first.names[:6]) or "none", ", ".join(second.names[:6]) or "none")
        )
    offset = _offset(first, second, names) if align else 0.0
    moved = first.stamps + offset
    inside = (second.stamps >= moved[0] - 1e-9) & (second.stamps <= moved[-1] + 1e-9)
    stamps = second.stamps[inside]
    if len(stamps) < 2:
        raise RehabCoachError(
            "the two have no time in common: %.2f to %.2f s and %.2f to %.2f s (--align shifts them)"
            % (moved[0], moved[-1], second.stamps[0], second.stamps[-1])
        )
    still = (stamps - stamps[0] >= standing[0]) & (stamps - stamps[0] <= standing[1])
    one = {name: np.degrees(_at(stamps, moved, first[name])) for name in names}
    other = {name: np.degrees(second[name][inside]) for name in names}
    differences = {}
    for name in names:
        differences[name] = _difference(one[name], other[name], still, name)
    return Comparison(stamps, one, other, differences, offset)


def _difference(one: np.ndarray, other: np.ndarray, still: np.ndarray, name: str) -> Difference:
    apart = one - other
    known = np.isfinite(apart)
    if not (known & still).any():
        raise RehabCoachError("%s was not seen while the person stands: choose another time (--standing)" % name)
    rest = apart[known] - apart[known & still].mean()
    one, other, apart = one[known], other[known], apart[known]
    moves = min(one.std(), other.std()) > 1e-9
    return Difference(
        float(np.abs(apart).mean()),
        float(np.sqrt((apart**2).mean())),
        float(apart.mean()),
        float(np.corrcoef(one, other)[0, 1]) if moves else float("nan"),
        float(np.abs(rest).mean()),
        float(np.sqrt((rest**2).mean())),
    )


def _at(stamps: np.ndarray, own: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at other stamps, linear between neighbours; NaN where one of both is missing."""
    known = np.isfinite(values)
    result = np.interp(stamps, own[known], values[known])
    seen = np.interp(stamps, own, known.astype(float))
    return np.where(seen > 1 - 1e-9, result, np.nan)


def _offset(first: JointAngles, second: JointAngles, names) -> float:
    """Seconds to add to the first one's stamps so that both correlate best, to a fraction of a frame."""
    step = min(np.median(np.diff(first.stamps)), np.median(np.diff(second.stamps)))
    shifts = np.arange(-int(LARGEST_OFFSET / step), int(LARGEST_OFFSET / step) + 1) * step
    shifts = shifts + (second.stamps[0] - first.stamps[0])
    scores = np.array([_likeness(first, second, names, shift) for shift in shifts])
    if not np.isfinite(scores).any():
        raise RehabCoachError("the two cannot be aligned: nothing moves in both")
    # Repetitions look alike: of the shifts that fit about as well as the best the smallest is meant.
    around = np.pad(np.nan_to_num(scores, nan=-np.inf), 1, constant_values=-np.inf)
    peaks = (around[1:-1] >= around[:-2]) & (around[1:-1] >= around[2:]) & (scores >= np.nanmax(scores) - AS_LIKE)
    expected = 0.0 if shifts[0] <= 0 <= shifts[-1] else second.stamps[0] - first.stamps[0]
    best = int(np.argmin(np.where(peaks, np.abs(shifts - expected), np.inf)))
    if 0 < best < len(scores) - 1 and np.isfinite(scores[best - 1 : best + 2]).all():
        before, top, after = scores[best - 1 : best + 2]
        bend = before - 2 * top + after
        return float(shifts[best] + (0.5 * (before - after) / bend * step if bend < 0 else 0.0))
    return float(shifts[best])


def _likeness(first: JointAngles, second: JointAngles, names, shift: float) -> float:
    """Mean correlation over the common time, NaN when that is shorter than half of the shorter one."""
    own = first.stamps + shift
    inside = (second.stamps >= own[0]) & (second.stamps <= own[-1])
    shorter = min(own[-1] - own[0], second.stamps[-1] - second.stamps[0])
    if inside.sum() < 3 or np.ptp(second.stamps[inside]) < 0.5 * shorter:
        return float("nan")
    found = []
    for name in names:
        one, other = _at(second.stamps[inside], own, first[name]), second[name][inside]
        known = np.isfinite(one) & np.isfinite(other)
        if known.sum() > 2 and min(one[known].std(), other[known].std()) > np.radians(1):
            found.append(np.corrcoef(one[known], other[known])[0, 1])
    return float(np.mean(found)) if found else float("nan")


def table(comparison: Comparison) -> str:
    """For people: a line for each angle."""
    lines = [
        "%-18s %8s %8s %8s %12s %16s %15s"
        % ("degrees", "error", "RMSE", "bias", "correlation", "without offset:", "error    RMSE")
    ]
    for name, one in comparison.differences.items():
        lines.append(
            "%-18s %8.1f %8.1f %8.1f %12.3f %16s %6.1f %8.1f"
            % (
                name,
                one.error,
                one.rmse,
                one.bias,
                one.correlation,
                "",
                one.error_without_offset,
                one.rmse_without_offset,
            )
        )
    lines.append(
        "%d frames, %.2f s in common; error: mean absolute; without offset: less the mean difference while standing%s"
        % (
            len(comparison.stamps),
            np.ptp(comparison.stamps),
            "; the first was moved by %+.3f s" % comparison.offset if comparison.offset else "",
        )
    )
    return "\n".join(lines)
