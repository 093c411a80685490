"""Cycles as features of fixed length: MiniRocket (Dempster, Schmidt and Webb, KDD 2021), from sktime.

Thousands of small convolutions of the cycle, and for each the part of it that is above a bias. The convolutions are
fixed; only the biases are chosen, from quantiles of some cycles.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Tuple

import numpy as np

QUIETEST = 0.05
"""m/s2 or rad/s: a cycle that changes less than this is not made larger."""

NAMES = ("channels_per_combination", "channels", "dilations", "features_per_dilation", "biases")
"""What sktime's transform keeps in its tuple `parameters`, in order."""


def centred(cycles: np.ndarray) -> np.ndarray:
    """Cycles (n, 4, 100) with each channel about its mean, float32: their strength stays."""
    return (cycles - cycles.mean(axis=2, keepdims=True)).astype(np.float32)


def normalised(cycles: np.ndarray) -> np.ndarray:
    """Cycles without their mean and their strength: the shape of a movement, whatever the movement is.

    Biases that were chosen for strides say nothing about the ten times weaker squats otherwise. Of unseen people the
    equal error rate fell by a third.

    Args:
        cycles: (n, 4, 100), x, y, z and magnitude of one sensor.

    Returns:
        float32 (n, 4, 100): each channel about its mean, over the root mean square of x, y, z together.
    """
    rest = cycles - cycles.mean(axis=2, keepdims=True)
    strength = np.sqrt((rest[:, :3] ** 2).mean(axis=(1, 2), keepdims=True))
    return (rest / np.maximum(strength, QUIETEST)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class MiniRocket:
    """Fixed convolutions of `normalised` cycles.

    Attributes:
        parameters: the arrays of `NAMES`, as sktime's MiniRocketMultivariate has them.
    """

    parameters: Tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, cycles: np.ndarray, kernels: int, seed: int = 0) -> "MiniRocket":
        """Choose the biases.

        Args:
            cycles: (n, 4, 100) of one sensor.
            kernels: how many features are wanted; a multiple of 84 comes out.
            seed: of what is drawn.
        """
        rocket = _rocket(kernels, seed).fit(normalised(np.asarray(cycles)))
        return cls(tuple(np.asarray(array) for array in rocket.parameters))

    def __call__(self, cycles: np.ndarray) -> np.ndarray:
        """Cycles (n, 4, 100) -> float32 (n, features), each in 0..1."""
        if not len(cycles):
            return np.zeros((0, len(self.parameters[-1])), np.float32)
        # The public `transform` first checks and converts every kind of table: longer than the features take.
        return self._fitted._transform(normalised(np.asarray(cycles))).to_numpy(np.float32)

    @cached_property
    def _fitted(self):
        rocket = _rocket(len(self.parameters[-1]), 0)
        # What `fit` would set: the biases of a saved model are not fitted again.
        rocket.parameters, rocket._is_fitted = self.parameters, True
        return rocket


def _rocket(kernels: int, seed: int):
    # sktime compiles when it is imported, which takes half a minute the first time on a machine; one thread, because
    # a node has other work beside it.
    from sktime.transformations.panel.rocket import MiniRocketMultivariate

    return MiniRocketMultivariate(kernels, random_state=seed, n_jobs=1)
