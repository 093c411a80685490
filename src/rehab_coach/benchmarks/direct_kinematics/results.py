"""Errors of answers against the truth, film by film, and what is made of them."""

from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence

import numpy as np
import torch

from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Points, Recording
from rehab_coach.direct_kinematics.recording import SAME
from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import joint_angles


@dataclass(frozen=True, eq=False)
class Result:
    """One recording's errors.

    Attributes:
        recording: which.
        errors: float32 (T, C) degrees, answer minus truth; NaN where nothing counts.
        points: float32 (T,) millimetres, mean over joints and markers; NaN where nothing counts.
        lengths: mean absolute error of the lengths between joints, millimetres.
        pelvis: float32 (T,) degrees.
    """

    recording: Recording
    errors: np.ndarray
    points: np.ndarray
    lengths: float
    pelvis: np.ndarray

    @property
    def without_offset(self) -> np.ndarray:
        """Errors (T, C) less their mean over the recording."""
        known = np.isfinite(self.errors)
        mean = np.where(known, self.errors, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return self.errors - mean

    @property
    def ranges(self) -> np.ndarray:
        """Degrees (C,) by which the range of motion is answered too large; NaN where fewer than two frames count."""
        known = np.isfinite(self.errors)
        truth = np.where(known, np.degrees(self.recording.coordinates), np.nan)
        ranges = []
        for values in (truth + self.errors, truth):
            low, high = np.where(known, values, np.inf).min(axis=0), np.where(known, values, -np.inf).max(axis=0)
            ranges.append(np.where(known.sum(axis=0) > 1, high - low, np.nan))
        return ranges[0] - ranges[1]

    @property
    def view(self) -> float:
        """Degrees, 0 to 180, between where the pelvis faces on average and the camera."""
        right, _, away = self.recording.root[:, :, 0].mean(axis=0)
        return float(np.degrees(np.abs(np.arctan2(right, -away))))

    @property
    def velocity(self) -> np.ndarray:
        """Degrees per second (T - 1, C) at which the errors change."""
        return np.abs(np.diff(self.errors, axis=0)) * self.recording.sequence.rate


def compare(recording: Recording, given: Answer, points: Points, masked: bool) -> Result:
    """Errors of one recording's answer.

    Args:
        recording: the truth.
        given: the answer.
        points: of the skeleton.
        masked: leave out the angles whose markers OpenSim did not meet.
    """
    counts = recording.seen[:, None] & (recording.counts | (not masked))
    errors = np.degrees(given.coordinates - recording.coordinates)
    scales = np.broadcast_to(given.scales, (len(errors), *given.scales.shape))
    wanted = np.broadcast_to(recording.scales, scales.shape)
    with torch.no_grad():
        ours, theirs, long, right = (
            points(*(torch.tensor(part) for part in parts)).numpy()
            for parts in (
                (given.coordinates, scales, given.root),
                (recording.coordinates, wanted, recording.root),
                (recording.coordinates[:1], scales[:1], recording.root[:1]),
                (recording.coordinates[:1], wanted[:1], recording.root[:1]),
            )
        )
    apart = 1000 * np.linalg.norm(ours - theirs, axis=2).mean(axis=1)
    lengths = 1000 * np.abs(points.lengths(long) - points.lengths(right)).mean()
    cosine = (np.einsum("tij,tij->t", given.root, recording.root) - 1) / 2
    some = counts.any(axis=1)
    return Result(
        recording,
        np.where(counts, errors, np.nan),
        np.where(some, apart, np.nan),
        float(lengths),
        np.where(some, np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.nan),
    )


def mean_answer(learned: List[Recording], contract: KinematicsContract) -> Callable[[Recording], Answer]:
    """What answers every frame with the mean of what was learned from; the middle of the ranges where nothing was."""
    middle = np.array(contract.centre, np.float32)
    if learned:
        middle = np.concatenate([one.coordinates for one in learned]).mean(axis=0)
    scales = np.array(contract.scale, np.float32).reshape(-1, 3)

    def way(recording: Recording) -> Answer:
        frames = len(recording.seen)
        coordinates = np.broadcast_to(middle, (frames, len(middle))).copy()
        # Upright before the camera: x forwards is towards it, y up, z to her right.
        facing = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]], np.float32)
        return Answer(coordinates, np.zeros_like(coordinates), scales, np.broadcast_to(facing, (frames, 3, 3)).copy())

    return way


def fitted_errors(recording: Recording, contract: KinematicsContract, masked: bool) -> np.ndarray:
    """Errors (T, C) degrees of the body that is fitted to the same key points; NaN where it measures nothing."""
    counts = recording.seen[:, None] & (recording.counts | (not masked))
    try:
        angles = joint_angles(recording.sequence, source="fit")
    except RehabCoachError:  # too little of the body is seen
        return np.full(counts.shape, np.nan)
    errors = np.full(counts.shape, np.nan)
    for number, name in enumerate(SAME.get(name, name) for name in contract.names):
        if name in angles.names and name != "neck_flexion":  # theirs is between other points
            errors[:, number] = np.degrees(angles[name] - recording.coordinates[:, number])
    return np.where(counts, errors, np.nan)


def pooled(names: Sequence[str]) -> Dict[str, List[int]]:
    """Columns of each angle, both sides together."""
    columns: Dict[str, List[int]] = {}
    for number, name in enumerate(names):
        columns.setdefault(name[:-2] if name[-2:] in ("_r", "_l") else name, []).append(number)
    return columns


def known(results: List[Result], what: Callable[[Result], np.ndarray]) -> np.ndarray:
    """All values of all films that are numbers (N,)."""
    values = np.concatenate([np.asarray(what(one)).ravel() for one in results]) if results else np.zeros(0)
    return values[np.isfinite(values)]


def correlation(results: List[Result], columns: List[int]) -> float:
    """Pearson's, of answers and truth of some angles over all frames."""
    errors = np.concatenate([one.errors[:, columns].ravel() for one in results])
    truth = np.concatenate([np.degrees(one.recording.coordinates[:, columns]).ravel() for one in results])
    counts = np.isfinite(errors)
    truth, given = truth[counts], (truth + errors)[counts]
    moves = len(truth) > 1 and truth.std() > 1e-6 and given.std() > 1e-6
    return float(np.corrcoef(truth, given)[0, 1]) if moves else float("nan")
