"""Other ways in which the pose network might have seen a window: what a few rendered films do not show.

The pose network errs in the same direction for seconds, is wrong about depth and size, loses people for a moment;
cameras hang askew; people move faster or slower. What changes the truth changes it here, too.
"""

from typing import Tuple

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from rehab_coach.direct_kinematics.features import FEATURES, PICTURE, PLACE, SCORES, WORLD
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe

DEPTH = 2.0
"""How much larger errors away from the camera are than those in the picture."""


def vary(
    features: Tensor, root: Tensor, recipe: KinematicsRecipe, random: np.random.Generator
) -> Tuple[Tensor, Tensor]:
    """Windows as they might have been seen.

    Args:
        features: (B, T, 200 + F), see `both_sides`; what a backbone sees is lost with the person, else it stays.
        root: (B, T, 3, 3) the pelvis's rotation, from its axes to the camera's.
        recipe: how much of it; its `noise` comes on top of everything.
        random: what is drawn depends on its state alone.

    Returns:
        Both anew.
    """
    batch, frames = features.shape[:2]

    def drawn(deviation: float, *shape: int) -> Tensor:
        return torch.from_numpy(random.normal(0, deviation, (batch, *shape)).astype(np.float32))

    seen = (features[..., SCORES] > 0).any(dim=2)
    world = features[..., WORLD].view(batch, frames, -1, 3)
    turn = torch.from_numpy(
        Rotation.from_rotvec(random.normal(0, np.radians(recipe.turned), (batch, 3))).as_matrix().astype(np.float32)
    )
    offset = drawn(recipe.wandering, 1, world.shape[2], 3) * torch.tensor([1.0, 1.0, DEPTH])
    changed = torch.einsum("bij,btpj->btpi", turn, world) + offset
    picture = features[..., PICTURE].view(batch, frames, -1, 2)
    # The picture turns with the person as if seen from afar: its points move as those in space do.
    flat = world[..., :2]
    size = (picture * flat).sum(dim=(2, 3), keepdim=True) / flat.square().sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    picture = picture + size * (changed[..., :2] - flat)
    changed = changed * torch.exp(drawn(recipe.resized, 1, 1, 1))
    place = features[..., PLACE] + drawn(recipe.shifted, 1, 2)
    parts = [changed.flatten(2), picture.flatten(2), features[..., SCORES], place]
    lost = torch.from_numpy(random.random((batch, frames)) < recipe.lost)
    varied = torch.cat(parts, dim=2)
    varied = varied + torch.from_numpy(random.normal(0, recipe.noise, varied.shape).astype(np.float32))
    varied = torch.cat([varied, features[..., FEATURES:]], dim=2)
    return torch.where((seen & ~lost)[..., None], varied, 0), turn[:, None] @ root


def at_pace(length: int, window: int, pace: float, random: np.random.Generator) -> np.ndarray:
    """Which frames (window,) of a recording, as fractions of them, one after the other make a window.

    At another pace than its own, a recording is played to its end, back to its beginning, and so on: a faster one is
    over too soon, and people do a movement again.

    Args:
        length: frames of the recording.
        window: frames that are wanted.
        pace: how many times faster or slower it may be, at most.
        random: where it begins and how fast it is.
    """
    if length == 1:
        return np.zeros(window)
    if pace == 1:
        return random.integers(length - window + 1) + np.arange(window, dtype=float)
    speed, last = np.exp(random.uniform(-1, 1) * np.log(pace)), length - 1
    played = random.uniform(0, 2 * last) + speed * np.arange(window)
    return np.abs((played + last) % (2 * last) - last)
