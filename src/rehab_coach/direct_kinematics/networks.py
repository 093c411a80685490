"""The network: features of frames in; coordinates, scale factors and the pelvis's rotation out."""

from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.features import FEATURES, WORLD
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe
from rehab_coach.opensim.layer import rotation_from_6d
from rehab_coach.skeleton import BLAZEPOSE_33

HEADS = 8
POINTS = WORLD.stop - WORLD.start
REACH = 0.3
"""Metres, about as far as points are from the hips."""
TRUNK = [BLAZEPOSE_33.index(side + joint) for joint in ("_shoulder", "_hip") for side in ("left", "right")]
TOWARDS, SAME = [0.0, 0.0, -1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
"""Rotations as six numbers: of somebody who faces the camera, and none."""


class Guess(NamedTuple):
    """Of each frame.

    Attributes:
        coordinates: (B, T, C) radians, within their ranges.
        scales: (B, T, bodies, 3).
        root: (B, T, 3, 3) the pelvis's rotation, from its axes to the camera's.
    """

    coordinates: Tensor
    scales: Tensor
    root: Tensor


class FrameNetwork(nn.Module):
    """Each frame's features encoded, the frames joined, numbers read off.

    Args:
        recipe: which network.
        contract: usual values of the features.
        outputs: how many numbers a frame gets.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, recipe: KinematicsRecipe, contract: KinematicsContract, outputs: int):
        super().__init__()
        width = recipe.width
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.tensor(getattr(contract, name), dtype=torch.float32))
        self.body_frame, self.first = recipe.body_frame, 0 if recipe.key_points else FEATURES
        self.encoder = nn.Sequential(
            nn.Linear(len(contract.mean) - self.first + (POINTS if recipe.body_frame else 0), width),
            nn.LayerNorm(width),
            nn.GELU(),
            nn.Dropout(recipe.dropout),
            nn.Linear(width, width),
        )
        self.joining = {"none": Alone, "lstm": BothWays, "tcn": Convolutions, "transformer": Attention}[
            recipe.sequence
        ](width, recipe.layers, recipe.dropout)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, outputs))

    def numbers(self, features: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """(B, T, outputs) of features (B, T, 200 + F), and their axes (B, T, 3, 3), None: the camera's."""
        seen, frame = (features - self.mean) / self.deviation, None
        seen = seen[..., self.first :]
        if self.body_frame:
            frame = frame_of(features)
            own = features[..., WORLD].unflatten(-1, (-1, 3)) @ frame
            seen = torch.cat([seen, own.flatten(2) / REACH], dim=2)
        return self.head(self.joining(self.encoder(seen))), frame


class KinematicsNetwork(FrameNetwork):
    """D3KE on the features of a pose network: values within their ranges.

    Args:
        recipe: which network.
        contract: ranges and usual values.
    """

    centre: Tensor
    half_range: Tensor
    scale: Tensor
    scale_range: Tensor

    def __init__(self, recipe: KinematicsRecipe, contract: KinematicsContract):
        self.sizes = [len(contract.names), len(contract.scale), 6]
        super().__init__(recipe, contract, sum(self.sizes))
        for name in ("centre", "half_range", "scale", "scale_range"):
            self.register_buffer(name, torch.tensor(getattr(contract, name), dtype=torch.float32))

    def forward(self, features: Tensor) -> Guess:
        """Of features (B, T, 200 + F), see `both_sides`."""
        batch, frames = features.shape[:2]
        numbers, frame = self.numbers(features)
        coordinates, scales, root = numbers.split(self.sizes, dim=2)
        usual = TOWARDS if frame is None else SAME
        # The six numbers begin near a rotation that exists, whatever the weights are.
        root = rotation_from_6d(root.reshape(-1, 6) + root.new_tensor(usual)).view(batch, frames, 3, 3)
        return Guess(
            self.centre + self.half_range * torch.tanh(coordinates),
            (self.scale + self.scale_range * torch.tanh(scales)).view(batch, frames, -1, 3),
            root if frame is None else frame @ root,
        )


class MarkersNetwork(FrameNetwork):
    """The same without the skeleton's layer: where joints and markers are.

    Args:
        recipe: which network.
        contract: whose `points` are answered.
    """

    def __init__(self, recipe: KinematicsRecipe, contract: KinematicsContract):
        super().__init__(recipe, contract, 3 * len(contract.points))

    def start_at(self, usual: Tensor) -> None:
        """Answer about the points (P, 3), in the axes that they are answered in, before anything is learned."""
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.bias.copy_(usual.reshape(-1))

    def forward(self, features: Tensor) -> Tuple[Tensor]:
        """Points (B, T, P, 3), metres from the pelvis in the camera's axes, of features (B, T, 200 + F)."""
        batch, frames = features.shape[:2]
        numbers, frame = self.numbers(features)
        points = numbers.view(batch, frames, -1, 3)
        return (points if frame is None else points @ frame.transpose(2, 3),)


def frame_of(features: Tensor) -> Tensor:
    """The body's axes (B, T, 3, 3), forwards, up and right, as the camera sees them: by hips and shoulders in space.

    Where nobody is seen it faces the camera.
    """
    world = features[..., WORLD].unflatten(-1, (-1, 3))
    left_shoulder, right_shoulder, left_hip, right_hip = (world[..., number, :] for number in TRUNK)
    # A tenth of a millimetre decides nothing, except where there is nothing else.
    right = right_hip - left_hip + world.new_tensor([-1e-4, 0.0, 0.0])
    up = (left_shoulder + right_shoulder - left_hip - right_hip) / 2 + world.new_tensor([0.0, -1e-4, 0.0])
    right = nn.functional.normalize(right, dim=-1)
    up = nn.functional.normalize(up - (up * right).sum(dim=-1, keepdim=True) * right, dim=-1)
    return torch.stack([torch.cross(up, right, dim=-1), up, right], dim=-1)


class Alone(nn.Module):
    """Each frame by itself: residual layers."""

    def __init__(self, width: int, layers: int, dropout: float):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
            )
            for _ in range(layers)
        )

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, W) -> (B, T, W)."""
        for layer in self.layers:
            frames = frames + layer(frames)
        return frames


class BothWays(nn.Module):
    """A bidirectional LSTM beside the frames themselves."""

    def __init__(self, width: int, layers: int, dropout: float):
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(width, width // 2, layers, batch_first=True, dropout=between, bidirectional=True)
        self.out = nn.Linear(width // 2 * 2, width)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, W) -> (B, T, W)."""
        return frames + self.out(self.lstm(frames)[0])


class Convolutions(nn.Module):
    """Residual convolutions over three frames, each layer's three times as far apart; ends are repeated."""

    def __init__(self, width: int, layers: int, dropout: float):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(width, width, 3, padding=3**layer, dilation=3**layer, padding_mode="replicate"),
                nn.GELU(),
                nn.Dropout(dropout),
                nn.Conv1d(width, width, 1),
            )
            for layer in range(layers)
        )

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, W) -> (B, T, W)."""
        frames = frames.transpose(1, 2)
        for layer in self.layers:
            frames = frames + layer(frames)
        return frames.transpose(1, 2)


class Attention(nn.Module):
    """A Transformer's encoder; where a frame is in time is told by sines and cosines."""

    speeds: Tensor

    def __init__(self, width: int, layers: int, dropout: float):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, HEADS, 2 * width, dropout, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.register_buffer("speeds", torch.exp(torch.linspace(0.0, -6.0, width // 2)))

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, W) -> (B, T, W)."""
        angles = torch.arange(frames.shape[1], device=frames.device)[:, None] * self.speeds
        return self.encoder(frames + torch.cat([angles.sin(), angles.cos()], dim=1))
