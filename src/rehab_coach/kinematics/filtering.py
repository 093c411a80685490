"""Gaps and noise: what may be filled, and filtered afterwards without delay."""

from functools import lru_cache
from typing import Tuple

import numpy as np
from scipy import signal

LONGEST_GAP = 0.3
"""Seconds that are bridged: a joint that was hidden for longer may have done anything meanwhile."""
CUTOFF = 6.0
"""Hz, of the low pass: what human movement analysis commonly takes (Winter 2009); exercises stay below 3 Hz."""


def _runs(mask: np.ndarray) -> np.ndarray:
    """(N, 2) first and one past last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return edges.reshape(-1, 2)


def _columns(values: np.ndarray, stamps: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A copy as float64 (T, columns) and the stamps, checked."""
    values, stamps = np.array(values, np.float64), np.asarray(stamps, np.float64)
    if stamps.ndim != 1 or len(values) != len(stamps):
        raise ValueError("%s values do not fit %s stamps" % (values.shape, stamps.shape))
    return values.reshape(len(stamps), int(np.prod(values.shape[1:]))), stamps


def fill_gaps(values: np.ndarray, stamps: np.ndarray, longest: float = LONGEST_GAP) -> np.ndarray:
    """Interpolate short gaps linearly; long ones, and those at the beginning and the end, stay NaN.

    Args:
        values: (T, ...), NaN = missing; each column for itself.
        stamps: (T,) seconds.
        longest: seconds between the two values around a gap that may be bridged.

    Returns:
        float64, the shape of `values`.
    """
    columns, stamps = _columns(values, stamps)
    for column in columns.T:
        missing = np.isnan(column)
        known = np.flatnonzero(~missing)
        for first, end in _runs(missing):
            inside = first > 0 and end < len(column)
            if inside and stamps[end] - stamps[first - 1] <= longest + 1e-9:
                column[first:end] = np.interp(stamps[first:end], stamps[known], column[known])
    return columns.reshape(np.shape(values))


def low_pass(values: np.ndarray, stamps: np.ndarray, cutoff: float = CUTOFF, order: int = 4) -> np.ndarray:
    """Butterworth filter forwards and backwards: no delay (SciPy's `sosfiltfilt`).

    Frames that come irregularly are put on their mean rate, filtered, and read off at their own stamps. Each stretch
    without missing values is filtered by itself. What is too short or too slow to be filtered stays as it is.

    Args:
        values: (T, ...), NaN = missing; each column for itself.
        stamps: (T,) seconds, increasing.
        cutoff: Hz at which forwards and backwards together halve the power.
        order: of both passes together, even.

    Returns:
        float64, the shape of `values`, NaN where it was NaN.
    """
    columns, stamps = _columns(values, stamps)
    # Two passes of half the order; each must leave more at the cut-off so that both together halve (Winter 2009).
    passes = (2**0.5 - 1) ** (1 / order)
    for column in columns.T:
        for first, end in _runs(~np.isnan(column)):
            frames = end - first
            if frames < 4:
                continue
            rate = (frames - 1) / (stamps[end - 1] - stamps[first])
            if cutoff / passes >= 0.45 * rate:
                continue
            sections = _butterworth(order // 2, cutoff / passes, round(rate, 6))
            grid = np.linspace(stamps[first], stamps[end - 1], frames)
            regular = np.interp(grid, stamps[first:end], column[first:end])
            reach = min(frames - 1, int(round(rate / cutoff * 3)))
            regular = signal.sosfiltfilt(sections, regular, padlen=reach)
            column[first:end] = np.interp(stamps[first:end], grid, regular)
    return columns.reshape(np.shape(values))


@lru_cache(maxsize=64)
def _butterworth(order: int, cutoff: float, rate: float) -> np.ndarray:
    """Designing the filter takes longer than filtering."""
    return signal.butter(order, cutoff, fs=rate, output="sos")
