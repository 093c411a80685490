"""A network's answer, brought nearer to the picture.

The network believes the depths that the pose network guesses; in the picture a limb that points at the camera plainly
looks shorter. So each frame's angles, the pelvis's rotation and where the person stands are those that explain the key
points in the picture and the network's answer best: least squares through the skeleton's layer (Gauss-Newton),
everything weighed by how far it was off for people whose truth is known. What that changes is smoothed over time.
"""

from dataclasses import replace
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from rehab_coach.direct_kinematics.answers import Answer, answer_features
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.features import both_sides
from rehab_coach.direct_kinematics.networks import KinematicsNetwork
from rehab_coach.kinematics.filtering import low_pass
from rehab_coach.opensim.layer import Pose, SkeletonLayer
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.model_values import model_of
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

SIDED = ("ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
LANDMARKS = ["nose", *(side + "_" + name for name in SIDED for side in ("left", "right"))]
"""The key points that count; those of face and hands would say the same again."""
NUMBERS = [BLAZEPOSE_33.index(name) for name in LANDMARKS]
FOCAL_LENGTH = 0.8
"""Of the longer side of the picture: phones and webcams have 0.7 to 1."""
STEPS = 4
TURN = 1e-3
"""Radians, by which slopes are measured."""
OUTLIER = 2.0
"""Standard deviations from which on a key point's weight falls."""
ANYWHERE = 1e-4
"""Weight of standing where the camera is: so little that it decides only where nothing is seen."""
NEAREST = 0.2
"""Metres before the camera."""
LEAST_SHARE = 0.5
"""Of the frames with somebody: where fewer come nearer (half a body close to the camera), those that do are chance."""
CUTOFF = 2.0
"""Hz, of the low pass of what is changed: of 1 to 3 the one by which watched people's answers tremble least."""
TALLER = 1.144
"""How much taller people are than the lowest joint is below the highest: 39 virtual patients, who differ by 0.7 %."""
TOGETHER = 64
"""Frames that are computed at once."""


class Landmarks(NamedTuple):
    """Where on a skeleton the pose network marks people.

    Attributes:
        bodies: (K,) number of each one's body.
        places: (K, 3) in that body's axes, metres before the body is scaled.
        error: (K,) metres, root mean square in each direction of the picture.
    """

    bodies: List[int]
    places: List[List[float]]
    error: List[float]


def answer(
    network: KinematicsNetwork,
    contract: KinematicsContract,
    sequence: SkeletonSequence,
    picture_features: Optional[np.ndarray] = None,
    height: Optional[float] = None,
) -> Answer:
    """The kinematics of a sequence at the network's rate: the network's answer, refined.

    Args:
        network, contract: of a model file.
        sequence: of one person.
        picture_features: (2, T, F) what its backbone sees of the pictures, None = it has none.
        height: of the person, metres, None = unknown: then lengths are as long as the network guesses, and one camera
            hardly shows how large somebody is.

    Raises:
        RehabCoachError: not BlazePose's layout, or without world coordinates.
    """
    given = answer_features(network, contract, *both_sides(sequence, picture_features))
    fit = PictureFit(contract)
    if height is not None:
        given = replace(given, scales=fit.as_tall_as(height, given.scales))
    return fit(sequence, given)


class PosedBody(nn.Module):
    """A skeleton, seen from the pelvis in the camera's axes.

    Args:
        model: the skeleton.
        names: of the coordinates that are given; the others are 0.
    """

    _columns: Tensor

    def __init__(self, model: Model, names: Sequence[str]):
        super().__init__()
        self.layer = SkeletonLayer(model).eval()
        columns = torch.tensor([self.layer.coordinates.index(name) for name in names])
        self.register_buffer("_columns", columns, persistent=False)
        self._pelvis = model.bodies.index(model.root.child.body) if model.root else 0

    def forward(self, coordinates: Tensor, scales: Tensor, root: Tensor) -> Pose:
        """Of coordinates (N, C), scales (N, bodies, 3) and rotations (N, 3, 3)."""
        everything = coordinates.new_zeros(len(coordinates), len(self.layer.coordinates))
        pose = self.layer(everything.index_copy(1, self._columns, coordinates), scales, root)
        pelvis = pose.bodies[:, self._pelvis, None]
        return Pose(pose.joints - pelvis, pose.rotations, pose.bodies - pelvis, pose.markers - pelvis)


class PictureFit:
    """What brings answers nearer to the picture.

    Args:
        contract: of the network whose answers they are.

    Raises:
        ValueError: the contract lacks what that takes.
    """

    def __init__(self, contract: KinematicsContract):
        self._body = PosedBody(model_of(contract.model), contract.names)
        middle, half = (torch.tensor(part, dtype=torch.float32) for part in (contract.centre, contract.half_range))
        self._lowest, self._highest = middle - half, middle + half
        landmarks = Landmarks(**contract.landmarks)
        if {len(part) for part in landmarks} != {len(LANDMARKS)}:
            raise ValueError("not %d landmarks" % len(LANDMARKS))
        if not set(landmarks.bodies) <= set(range(len(contract.bodies))):
            raise ValueError("landmarks on bodies that the skeleton has not")
        if len(contract.guess_error) != len(contract.names) + 3:
            raise ValueError("not %d errors of the network alone" % (len(contract.names) + 3))
        self._bodies = torch.tensor(landmarks.bodies)
        self._places = torch.tensor(landmarks.places)
        self._error = torch.tensor(landmarks.error)
        self._prior = torch.tensor([*contract.guess_error, 0, 0, 0]).clamp(min=1e-2) ** -2
        self._prior[-3:] = ANYWHERE

    @torch.no_grad()
    def __call__(self, sequence: SkeletonSequence, given: Answer) -> Answer:
        """The answer to a sequence, refined: each frame by itself, then what is changed is smoothed over time."""
        directions, certainty = seen_directions(sequence)
        scales = torch.from_numpy(given.scales)
        guess, root = torch.from_numpy(given.coordinates), torch.from_numpy(given.root)
        parts: List[Tensor] = []
        for first in range(0, len(sequence), TOGETHER):
            some = slice(first, first + TOGETHER)
            parts.append(self._solve(guess[some], root[some], scales, directions[some], certainty[some]))
        change = torch.cat(parts).numpy()
        if change.any(axis=1).sum() < LEAST_SHARE * sequence.seen.sum():
            return given
        change = np.where(sequence.seen[:, None], change, np.nan)
        change = np.nan_to_num(low_pass(change, sequence.stamps, CUTOFF)).astype(np.float32)
        angles = guess.shape[1]
        coordinates = self._within(guess + torch.from_numpy(change[:, :angles]))
        root = root @ turned(torch.from_numpy(change[:, angles:]))
        return replace(given, coordinates=coordinates.numpy(), root=root.numpy())

    def as_tall_as(self, height: float, scales: np.ndarray) -> np.ndarray:
        """Scale factors (bodies, 3) times one factor, with which somebody who stands is so many metres tall."""
        joints = self._body(
            torch.zeros_like(self._lowest)[None], torch.from_numpy(scales)[None], torch.eye(3)[None]
        ).joints
        standing = joints[0, :, 1].max() - joints[0, :, 1].min()
        return scales * np.float32(height / (TALLER * standing))

    def _solve(self, guess: Tensor, root: Tensor, scales: Tensor, directions: Tensor, certainty: Tensor) -> Tensor:
        """What to change (T, C + 3) in a guess: the coordinates, and a turn in the pelvis's axes before its rotation.

        Nothing in frames that would not come nearer, or whose person would stand in or behind the camera, where lines
        of sight are near as well.
        """
        angles = guess.shape[1]
        across = across_of(directions)
        weight = certainty / self._error**2
        change = guess.new_zeros(len(guess), angles + 3)
        place = standing(self._points(guess, scales, root), across, weight)
        before = self._cost(change, self._points(guess, scales, root) + place[:, None], across, certainty)
        for _ in range(STEPS):
            points, slopes = self._sloping(guess, change, scales, root)
            points = points + place[:, None]
            apart = (across @ points[..., None])[..., 0]
            moving = across_of(directions_to(points))
            rows = torch.cat([moving @ slopes, moving], dim=3)
            robust = (OUTLIER / (apart.norm(dim=2) / self._error).clamp(min=1e-6)).clamp(max=1)
            weighted = rows * (weight * robust)[..., None, None]
            normal = torch.einsum("tkdi,tkdj->tij", weighted, rows) + torch.diag(self._prior)
            pull = torch.einsum("tkdi,tkd->ti", weighted, apart) + self._prior * torch.cat(
                [change, torch.zeros_like(place)], dim=1
            )
            step = torch.linalg.solve(normal, pull)
            change, place = change - step[:, :-3], place - step[:, -3:]
            change = torch.cat([self._within(guess + change[:, :angles]) - guess, change[:, angles:]], dim=1)
        points = self._points(guess + change[:, :angles], scales, root @ turned(change[:, angles:])) + place[:, None]
        nearest = points[..., 2].where(certainty > 0, torch.tensor(np.inf)).amin(dim=1)
        better = (self._cost(change, points, across, certainty) < before) & (nearest > NEAREST)
        return torch.where(better[:, None], change, 0)

    def _cost(self, change: Tensor, points: Tensor, across: Tensor, certainty: Tensor) -> Tensor:
        """What the steps make small, (T,)."""
        off = (across @ points[..., None])[..., 0].norm(dim=2) / self._error
        robust = torch.where(off > OUTLIER, OUTLIER * (2 * off - OUTLIER), off.square())
        return (certainty * robust).sum(dim=1) + (self._prior[:-3] * change.square()).sum(dim=1)

    def _within(self, coordinates: Tensor) -> Tensor:
        """The same inside of the skeleton's ranges."""
        return torch.minimum(torch.maximum(coordinates, self._lowest), self._highest)

    def _points(self, coordinates: Tensor, scales: Tensor, root: Tensor) -> Tensor:
        """The landmarks (N, K, 3) metres from the pelvis."""
        scales = scales.expand(len(coordinates), -1, 3)
        pose = self._body(coordinates, scales, root)
        own = (self._places * scales[:, self._bodies])[..., None]
        return pose.bodies[:, self._bodies] + (pose.rotations[:, self._bodies] @ own)[..., 0]

    def _sloping(self, guess: Tensor, change: Tensor, scales: Tensor, root: Tensor) -> Tuple[Tensor, Tensor]:
        """The landmarks (T, K, 3), and how they move with each of the changed numbers (T, K, 3, N)."""
        frames, numbers = change.shape
        moves = TURN * torch.eye(numbers)
        # Measured to both sides, so that a mirror image has the mirrored slopes.
        changes = change + torch.cat([torch.zeros(1, numbers), moves, -moves])[:, None]
        angles = guess.shape[1]
        points = self._points(
            (guess + changes[..., :angles]).flatten(0, 1), scales, (root @ turned(changes[..., angles:])).flatten(0, 1)
        ).view(len(changes), frames, -1, 3)
        ahead, behind = points[1 : numbers + 1], points[numbers + 1 :]
        return points[0], ((ahead - behind) / (2 * TURN)).permute(1, 2, 3, 0)


def seen_directions(sequence: SkeletonSequence) -> Tuple[Tensor, Tensor]:
    """Where the landmarks are seen (T, K, 2), metres at a distance of one metre, and how surely (T, K)."""
    points = sequence.key_points[:, NUMBERS].astype(np.float32)
    middle = (np.array(sequence.size, np.float32) - 1) / 2
    directions = (points[..., :2] - middle) / np.float32(FOCAL_LENGTH * max(sequence.size))
    return torch.from_numpy(directions), torch.from_numpy(points[..., 2])


def directions_to(points: Tensor) -> Tensor:
    """Where points (T, K, 3) before the camera would be seen, as in `seen_directions`."""
    return points[..., :2] / points[..., 2:].clamp(min=NEAREST)


def across_of(directions: Tensor) -> Tensor:
    """(T, K, 2, 3): times a point it is how far that is from its line of sight, to the right and down."""
    return torch.cat([torch.eye(2).expand(*directions.shape[:-1], 2, 2), -directions[..., None]], dim=-1)


def standing(points: Tensor, across: Tensor, weight: Tensor) -> Tensor:
    """Where before the camera (T, 3) points (T, K, 3) are nearest to their lines of sight."""
    weighted = across * weight[..., None, None]
    normal = torch.einsum("tkdi,tkdj->tij", weighted, across) + ANYWHERE * torch.eye(3)
    return -torch.linalg.solve(normal, torch.einsum("tkdi,tkdj,tkj->ti", weighted, across, points))


def turned(vectors: Tensor) -> Tensor:
    """Rotations (..., 3, 3) about vectors (..., 3) by their lengths."""
    x, y, z = vectors.unbind(dim=-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1)
    return torch.linalg.matrix_exp(cross.unflatten(-1, (3, 3)))
