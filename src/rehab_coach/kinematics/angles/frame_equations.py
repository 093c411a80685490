"""Least squares over places of joints in many frames, coupled to neighbouring frames and to a few shared numbers."""

from typing import Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from scipy.linalg import cho_solve_banded, cholesky_banded

REACH = 2
"""Frames that a residual over time may span beyond its first."""


class FrameEquations:
    """Normal equations of one Gauss-Newton step.

    The unknowns are the places of V joints in T frames and S shared numbers. Residuals within a frame fill a block on
    the diagonal, residuals over time blocks near it; so the matrix is banded but for the shared numbers, which a Schur
    complement takes out. The effort grows with the number of frames, not with its cube.

    Args:
        frames, joints, shared: T, V, S.
    """

    def __init__(self, frames: int, joints: int, shared: int):
        self.frames, self.size, self.shared = frames, 3 * joints, shared
        self.cost = 0.0
        self._blocks = [np.zeros((max(frames - later, 0), self.size, self.size)) for later in range(REACH + 1)]
        self._pull = np.zeros((frames, self.size))
        self._coupling = np.zeros((frames, self.size, shared))
        self._common = np.zeros((shared, shared))
        self._common_pull = np.zeros(shared)

    def add(
        self,
        residual: np.ndarray,
        places: Mapping[int, np.ndarray],
        shared: Optional[Tuple[int, np.ndarray]] = None,
    ) -> None:
        """Residuals within frames.

        Args:
            residual: (T, m), in standard deviations.
            places: for each joint that moves them, their derivatives by its place (T, m, 3).
            shared: the shared number that moves them and their derivatives by it, (T, m) or what broadcasts to it.
        """
        self.cost += float((residual**2).sum())
        for joint, derivative in places.items():
            turned, rows = derivative.transpose(0, 2, 1), self._of(joint)
            self._pull[:, rows] += (turned @ residual[..., None])[..., 0]
            for other, by_other in places.items():
                self._blocks[0][:, rows, self._of(other)] += turned @ by_other
        if shared is None:
            return
        number, by_shared = shared[0], np.broadcast_to(shared[1], residual.shape)
        for joint, derivative in places.items():
            turned = derivative.transpose(0, 2, 1)
            self._coupling[:, self._of(joint), number] += (turned @ by_shared[..., None])[..., 0]
        self._common[number, number] += float((by_shared**2).sum())
        self._common_pull[number] += float((by_shared * residual).sum())

    def add_over_time(
        self,
        steps: Sequence[float],
        joints: Dict[int, float],
        places: np.ndarray,
        deviation: Union[float, np.ndarray],
    ) -> None:
        """Residuals sum_s sum_j steps[s] joints[j] place[t + s, j] / deviation, such as a change or an acceleration.

        Args:
            steps: factors of at most three frames in a row.
            joints: factors of the joints.
            places: (T, V, 3), the present estimate.
            deviation: in metres, one or one for each residual (T - len(steps) + 1,).
        """
        count = self.frames - len(steps) + 1
        if count < 1:
            return
        value = np.sum([factor * places[:, joint] for joint, factor in joints.items()], axis=0)
        residual = np.sum([step * value[later : later + count] for later, step in enumerate(steps)], axis=0)
        weight = np.broadcast_to(1 / np.asarray(deviation), count)[:, None]
        residual = residual * weight
        self.cost += float((residual**2).sum())
        axes = np.arange(3)
        for later, step in enumerate(steps):
            for joint, factor in joints.items():
                pulled = step * factor * weight
                self._pull[later : later + count, self._of(joint)] += pulled * residual
                for earlier, other_step in enumerate(steps[: later + 1]):
                    for other, other_factor in joints.items():
                        product = pulled * other_step * other_factor * weight
                        block = self._blocks[later - earlier][earlier : earlier + count]
                        block[:, 3 * joint + axes, 3 * other + axes] += product

    def expect(self, number: int, difference: float, deviation: float) -> None:
        """A shared number is about where it is expected: `difference` from it now, known to `deviation`."""
        self.cost += (difference / deviation) ** 2
        self._common[number, number] += 1 / deviation**2
        self._common_pull[number] += difference / deviation**2

    def solve(self, damping: float) -> Tuple[np.ndarray, np.ndarray]:
        """The step: by how much places (T, V, 3) and shared numbers (S,) have to change.

        Args:
            damping: Levenberg's, per square metre; above 0.
        """
        reach = min(REACH, self.frames - 1)
        band = np.zeros(((reach + 1) * self.size, self.frames, self.size))
        for later in range(reach + 1):
            for column in range(self.size):
                first = column if later == 0 else 0
                rows = later * self.size + np.arange(first, self.size) - column
                band[rows, : self.frames - later, column] = self._blocks[later][:, first:, column].T
        band[0] += damping
        band = band.reshape(len(band), -1)
        factor = cholesky_banded(band, lower=True, overwrite_ab=True, check_finite=False)
        coupling = self._coupling.reshape(self.frames * self.size, -1)
        solved = cho_solve_banded(
            (factor, True), np.column_stack([self._pull.ravel(), coupling]), overwrite_b=True, check_finite=False
        )
        shared = -np.linalg.solve(
            self._common - coupling.T @ solved[:, 1:], self._common_pull - coupling.T @ solved[:, 0]
        )
        return -(solved[:, 0] + solved[:, 1:] @ shared).reshape(self.frames, -1, 3), shared

    @staticmethod
    def _of(joint: int) -> slice:
        return slice(3 * joint, 3 * joint + 3)
