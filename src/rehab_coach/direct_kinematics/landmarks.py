"""Finds out where on a skeleton the pose network marks people, and how far off it is, from films with their truth."""

from typing import List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.direct_kinematics.features import WORLD
from rehab_coach.direct_kinematics.refinement import (
    ANYWHERE,
    LANDMARKS,
    NUMBERS,
    Landmarks,
    PosedBody,
    across_of,
    directions_to,
    seen_directions,
    standing,
)
from rehab_coach.opensim.model import Model
from rehab_coach.skeleton import BLAZEPOSE_33

EVERY = 3
"""Frames, of which one is looked at."""
ROUNDS = 5
LEAST_ERROR = 1e-3
"""Metres: nothing is seen better."""
KEPT = 0.9
"""Share of the frames that a place is taken from: those in which its key point is least off."""
PARTNERS = [NUMBERS.index(BLAZEPOSE_33.mirror[number]) for number in NUMBERS]


def find_landmarks(model: Model, contract: KinematicsContract, recordings: Sequence[Recording]) -> Landmarks:
    """Where they are, the same on both sides.

    Each belongs to the body on which it moves least, as seen in space; its place on that body is then the one that is
    nearest to its lines of sight in the picture.

    Args:
        model: the skeleton.
        contract: of a network, for names and sides.
        recordings: with their truth.
    """
    rotations, origins, scales, world, directions, certainty = _truth(model, contract, recordings)
    own = torch.einsum("tbji,tbkj->tbki", rotations, world[:, None] - origins[:, :, None]) / scales[:, :, None]
    middle = own.median(dim=0).values
    moved = (own - middle).norm(dim=3).median(dim=0).values
    moved = moved + moved[list(contract.mirrored_bodies)][:, PARTNERS]
    bodies = moved.argmin(dim=0)
    places = middle[bodies, torch.arange(len(LANDMARKS))]
    turns, starts = rotations[:, bodies] * scales[:, bodies, None], origins[:, bodies]
    across = across_of(directions)
    stood = standing(starts + (turns @ places[..., None])[..., 0], across, certainty)
    for _ in range(ROUNDS):
        points = starts + (turns @ places[..., None])[..., 0] + stood[:, None]
        apart = (across @ points[..., None])[..., 0]
        off = apart.norm(dim=2)
        slopes = across_of(directions_to(points))
        step, walked = _step(slopes @ turns, slopes, apart, certainty * (off <= off.quantile(KEPT, dim=0)))
        places, stood = places - step, stood - walked
        places = (places + places[PARTNERS] * torch.tensor([1.0, 1.0, -1.0])) / 2
    square = (certainty * off.square()).sum(dim=0) / (2 * certainty.sum(dim=0).clamp(min=1e-6))
    error = ((square + square[PARTNERS]) / 2).sqrt()
    return Landmarks(bodies.tolist(), places.tolist(), error.clamp(min=LEAST_ERROR).tolist())


def _step(rows: Tensor, across: Tensor, apart: Tensor, weight: Tensor) -> Tuple[Tensor, Tensor]:
    """Gauss and Newton's step of the places (K, 3), and with it of where people stand (T, 3).

    Args:
        rows, across: (T, K, 2, 3) what both change.
        apart: (T, K, 2) what shall be 0.
        weight: (T, K).
    """
    weighted = rows * weight[..., None, None]
    shared = torch.einsum("tkdi,tkdj->tkij", weighted, across)
    stood = torch.einsum("tkdi,tkdj,tk->tij", across, across, weight) + ANYWHERE * torch.eye(3)
    walked = torch.linalg.solve(stood, torch.einsum("tkdi,tkd,tk->ti", across, apart, weight))
    followed = torch.linalg.solve(stood[:, None], shared.transpose(2, 3))
    normal = -torch.einsum("tkij,tljm->kilm", shared, followed)
    landmarks = torch.arange(len(LANDMARKS))
    normal[landmarks, :, landmarks] += torch.einsum("tkdi,tkdj->kij", weighted, rows) + ANYWHERE * torch.eye(3)
    pull = torch.einsum("tkdi,tkd->ki", weighted, apart) - torch.einsum("tkij,tj->ki", shared, walked)
    step = torch.linalg.solve(normal.flatten(2).flatten(0, 1), pull.flatten()).view(-1, 3)
    return step, walked - torch.einsum("tkij,kj->ti", followed, step)


def _truth(model: Model, contract: KinematicsContract, recordings: Sequence[Recording]) -> Tuple[Tensor, ...]:
    """Of some frames the true bodies, their scales, and the landmarks in space and in the picture."""
    body = PosedBody(model, contract.names)
    parts: List[Tuple[Tensor, ...]] = []
    for one in recordings:
        known = np.flatnonzero(one.seen & one.counts.any(axis=1))[::EVERY]
        scales = torch.from_numpy(one.scales).expand(len(known), -1, 3)
        posed = body(torch.from_numpy(one.coordinates[known]), scales, torch.from_numpy(one.root[known]))
        world = torch.from_numpy(one.features[known][:, WORLD]).unflatten(1, (-1, 3))[:, NUMBERS]
        directions, certainty = seen_directions(one.sequence)
        parts.append((posed.rotations, posed.bodies, scales, world, directions[known], certainty[known]))
    return tuple(torch.cat(part) for part in zip(*parts))
