"""What a mirror makes of a person's kinematics: left and right change places, some angles change sign."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np
import torch

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.networks import Guess
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model import Model

ANGLE = 0.3
LARGEST = 0.02
"""Radians or metres by which a skeleton's sides may differ."""


@dataclass(frozen=True)
class Mirror:
    """Which values change places, and which change sign.

    Attributes:
        coordinates: number of the coordinate whose value each one takes.
        signs: of each coordinate, 1 or -1.
        bodies: number of the body whose scale factors each one takes.
    """

    coordinates: Tuple[int, ...]
    signs: Tuple[int, ...]
    bodies: Tuple[int, ...]


def other_side(name: str) -> str:
    """The name of the same on the other side: `hip_r` and `hip_l`; the same name where there are no sides."""
    return name[:-1] + {"r": "l", "l": "r"}[name[-1]] if name[-2:] in ("_r", "_l") else name


def mirror_of(model: Model) -> Mirror:
    """Find out how a symmetrical skeleton is mirrored, by moving it.

    Raises:
        RehabCoachError: its sides are not alike.
    """
    layer = SkeletonLayer(model, torch.float64)
    partners = _partners(layer.coordinates)
    bodies = _partners(model.bodies)
    signs: List[int] = []
    for number, partner in enumerate(partners):
        wanted = _reflected(layer, bodies, number, ANGLE)
        apart = {sign: _distance(_moved(layer, partner, sign * ANGLE), wanted) for sign in (1, -1)}
        sign = min(apart, key=apart.__getitem__)
        if apart[sign] > LARGEST:
            raise RehabCoachError(
                "the sides of the model %s are not alike: %s does not mirror %s"
                % (model.name, layer.coordinates[partner], layer.coordinates[number])
            )
        signs.append(sign)
    return Mirror(tuple(partners), tuple(signs), tuple(bodies))


def mirrored_guess(guess: Guess, contract: KinematicsContract) -> Guess:
    """What a mirror makes of coordinates, scale factors and the pelvis's rotation."""
    signs = guess.coordinates.new_tensor(contract.signs)
    camera, pelvis = guess.root.new_tensor([-1.0, 1.0, 1.0]), guess.root.new_tensor([1.0, 1.0, -1.0])
    return Guess(
        guess.coordinates[..., list(contract.mirrored)] * signs,
        guess.scales[..., list(contract.mirrored_bodies), :],
        guess.root * camera[:, None] * pelvis,
    )


def _partners(names: Tuple[str, ...]) -> List[int]:
    numbers: Dict[str, int] = {name: number for number, name in enumerate(names)}
    missing = [name for name in names if other_side(name) not in numbers]
    if missing:
        raise RehabCoachError("%s has no other side" % missing[0])
    return [numbers[other_side(name)] for name in names]


def _moved(layer: SkeletonLayer, number: int, value: float) -> Tuple[np.ndarray, np.ndarray]:
    coordinates = torch.zeros(1, len(layer.coordinates), dtype=torch.float64)
    coordinates[0, number] = value
    pose = layer(coordinates)
    return pose.rotations[0].numpy(), pose.bodies[0].numpy()


def _reflected(layer: SkeletonLayer, bodies: List[int], number: int, value: float) -> Tuple[np.ndarray, np.ndarray]:
    """The pose as the mirror has it; z is to the right."""
    rotations, places = _moved(layer, number, value)
    flip = np.diag([1.0, 1.0, -1.0])
    return (flip @ rotations @ flip)[bodies], (places @ flip)[bodies]


def _distance(one: Tuple[np.ndarray, np.ndarray], other: Tuple[np.ndarray, np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other))
