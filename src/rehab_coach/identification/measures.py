"""How well people are told apart, in the measures of the field."""

from typing import Tuple

import numpy as np


def equal_error(same: np.ndarray, other: np.ndarray) -> Tuple[float, float]:
    """Equal error rate: where as many of the one kind are refused as of the other are accepted.

    Args:
        same: (n,) scores of one person, higher is nearer.
        other: (m,) scores of two.

    Returns:
        The rate in 0..1, and the score at which it is reached.
    """
    same, other = np.sort(same), np.sort(other)
    thresholds = np.unique(np.concatenate([same, other]))
    refused = np.searchsorted(same, thresholds) / len(same)
    accepted = 1 - np.searchsorted(other, thresholds) / len(other)
    apart = np.abs(refused - accepted)
    nearest = int(apart.argmin())
    # Between two scores any threshold does the same: the middle.
    below = thresholds[nearest - 1] if nearest else thresholds[nearest]
    return float(refused[nearest] + accepted[nearest]) / 2, float(below + thresholds[nearest]) / 2
