"""Cycles as features of fixed length: MiniRocket (Dempster, Schmidt and Webb, KDD 2021), from sktime.

Thousands of small convolutions of the cycle, and for each the part of it that is above a bias. The convolutions are
fixed; only the biases are chosen, from quantiles of some cycles.
"""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

NAMES = ("channels_per_combination", "channels", "dilations", "features_per_dilation", "biases")
"""What sktime's transform keeps in its tuple `parameters`, in order."""


@dataclass(frozen=True, eq=False)
class MiniRocket:
    """Fixed convolutions.

    Attributes:
        parameters: the arrays of `NAMES`, as sktime's MiniRocketMultivariate has them.
    """

    parameters: Tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, cycles: np.ndarray, kernels: int, seed: int = 0) -> "MiniRocket":
        """Choose the biases.

        Args:
            cycles: (n, channels, 100).
            kernels: how many features are wanted; a multiple of 84 comes out.
            seed: of what is drawn.
        """
        rocket = _rocket(kernels, seed).fit(np.asarray(cycles, np.float32))
        return cls(tuple(np.asarray(array) for array in rocket.parameters))

    def __call__(self, cycles: np.ndarray) -> np.ndarray:
        """Cycles (n, channels, 100) -> float32 (n, features), each in 0..1."""
        if not len(cycles):
            return np.zeros((0, len(self.parameters[-1])), np.float32)
        rocket = _rocket(len(self.parameters[-1]), 0)
        # What `fit` would set: the biases of a saved model are not fitted again.
        rocket.parameters, rocket._is_fitted = self.parameters, True
        return rocket._transform(np.asarray(cycles, np.float32)).to_numpy(np.float32)


def _rocket(kernels: int, seed: int):
    # sktime compiles when it is imported, which takes half a minute the first time on a machine; one thread, because
    # a node has other work beside it.
    from sktime.transformations.panel.rocket import MiniRocketMultivariate

    return MiniRocketMultivariate(kernels, random_state=seed, n_jobs=1)
