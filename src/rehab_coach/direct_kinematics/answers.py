"""A whole recording's kinematics from the network: windows that overlap, each also seen in a mirror."""

from dataclasses import dataclass
from typing import List, Tuple

import numpy as np
import torch

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.mirror import mirrored_guess
from rehab_coach.direct_kinematics.networks import FrameNetwork, Guess, KinematicsNetwork, MarkersNetwork
from rehab_coach.opensim.layer import rotation_from_6d


@dataclass(frozen=True, eq=False)
class Answer:
    """Of one recording.

    Attributes:
        coordinates: float32 (T, C) radians, `KinematicsContract.names`.
        deviation: float32 (T, C) radians, half of what the recording and its mirror image differ by.
        scales: float32 (bodies, 3), of the whole recording.
        root: float32 (T, 3, 3) the pelvis's rotation, from its axes to the camera's.
    """

    coordinates: np.ndarray
    deviation: np.ndarray
    scales: np.ndarray
    root: np.ndarray


def answer_features(
    network: KinematicsNetwork, contract: KinematicsContract, features: np.ndarray, mirrored: np.ndarray
) -> Answer:
    """The network's kinematics of features (T, 200 + F) and those of the mirror image.

    The mean of the answer to a recording and of the mirrored answer to its mirror image: so a mirrored recording is
    answered by exactly the mirrored kinematics.
    """
    window = int(contract.recipe["window"])
    with torch.no_grad():
        plain = Guess(*_over_windows(network, features, window))
        other = mirrored_guess(Guess(*_over_windows(network, mirrored, window)), contract)
    return averaged(plain, other)


def averaged(plain: Guess, other: Guess) -> Answer:
    """The mean of two guesses (T, ...), the second one of the mirror image, mirrored back."""
    both = Guess(*((one + two) / 2 for one, two in zip(plain, other)))
    columns = both.root.transpose(1, 2).reshape(-1, 9)[:, :6]
    return Answer(
        both.coordinates.numpy(),
        ((plain.coordinates - other.coordinates).abs() / 2).numpy(),
        both.scales.mean(dim=0).numpy(),
        rotation_from_6d(columns).numpy(),
    )


def answer_points(network: MarkersNetwork, contract: KinematicsContract, features: np.ndarray) -> np.ndarray:
    """Joints and markers float32 (T, P, 3), metres from the pelvis in the camera's axes, of features (T, 200 + F)."""
    with torch.no_grad():
        (points,) = _over_windows(network, features, int(contract.recipe["window"]))
    return points.numpy()


def _over_windows(network: FrameNetwork, features: np.ndarray, window: int) -> List[torch.Tensor]:
    """Answers (T, ...) as means over windows that overlap by half; a network of single frames sees all at once."""
    frames = len(features)
    sums: List[torch.Tensor] = []
    weights = torch.zeros(frames)
    for first, last in _windows(frames, window):
        guess = network(torch.from_numpy(features[None, first:last]))
        # The middle of a window knows more of what is around it.
        weight = torch.from_numpy(np.minimum(np.arange(1, last - first + 1), np.arange(last - first, 0, -1))).float()
        weights[first:last] += weight
        for number, part in enumerate(guess):
            if len(sums) <= number:
                sums.append(torch.zeros(frames, *part.shape[2:]))
            sums[number][first:last] += part[0] * weight.view(-1, *[1] * (part.dim() - 2))
    return [total / weights.view(-1, *[1] * (total.dim() - 1)) for total in sums]


def _windows(frames: int, window: int) -> List[Tuple[int, int]]:
    starts = list(range(0, max(frames - window, 0) + 1, max(window // 2, 1)))
    if starts[-1] + window < frames:
        starts.append(frames - window)
    return [(start, min(start + window, frames)) for start in starts]
