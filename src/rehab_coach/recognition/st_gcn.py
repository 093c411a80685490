"""ST-GCN: the spatial temporal graph convolutional network (Yan, Xiong and Lin, AAAI 2018)."""

from dataclasses import dataclass
from typing import Tuple

import torch
from torch import nn

from rehab_coach.recognition.graph import spatial_configuration_adjacency
from rehab_coach.skeleton import COCO_18, Layout


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of an ST-GCN; the defaults are the published network's.

    Attributes:
        channels: output channels of each layer.
        strides: step in time of each layer, as many as there are layers.
        temporal_kernel: frames that a temporal convolution sees; odd.
        dropout: rate after each layer's temporal convolution but the first's.
        classes: number of outputs.
        in_channels: channels of the input (x, y, score).

    Raises:
        ValueError: a shape that no network can have.
    """

    channels: Tuple[int, ...] = (64,) * 4 + (128,) * 3 + (256,) * 3
    strides: Tuple[int, ...] = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)
    temporal_kernel: int = 9
    dropout: float = 0.0
    classes: int = 7
    in_channels: int = 3

    def __post_init__(self):
        # Lists come out of JSON and YAML; a tuple keeps the configuration hashable and comparable.
        object.__setattr__(self, "channels", tuple(int(channels) for channels in self.channels))
        object.__setattr__(self, "strides", tuple(int(stride) for stride in self.strides))
        if len(self.channels) != len(self.strides) or not self.channels:
            raise ValueError(
                "a network of %d channels needs as many strides, there are %d" % (len(self.channels), len(self.strides))
            )
        if min(self.channels + self.strides + (self.classes, self.in_channels)) < 1:
            raise ValueError("channels, strides, classes and in_channels must be at least 1")
        if self.temporal_kernel < 1 or self.temporal_kernel % 2 == 0:
            raise ValueError("temporal_kernel must be odd, so that a frame has as many before it as after it")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be in 0..1, not %r" % self.dropout)

    @property
    def receptive_field(self) -> int:
        """Frames of the input that one output frame depends on."""
        frames, step = 1, 1
        for stride in self.strides:
            frames += (self.temporal_kernel - 1) * step
            step *= stride
        return frames


class SpatialGraphConvolution(nn.Module):
    """The paper's equation 10, each edge weighted by a learned importance M.

    f_out(w) = sum over partitions k and joints v of A_k[v, w] M_k[v, w] (W_k f_in(v) + b_k), where A is the
    normalised adjacency of the partition.
    """

    def __init__(self, in_channels: int, out_channels: int, adjacency: torch.Tensor):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels * len(adjacency), 1)
        self.edge_importance = nn.Parameter(torch.ones_like(adjacency))
        # Made again from the layout, so it is not stored with the weights.
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C_in, T, V) -> (N, C_out, T, V)."""
        partitions, joints = self.adjacency.shape[:2]
        batch, _, frames, _ = features.shape
        # One matrix product for each frame, (V, V * K) x (V * K, C): with channels innermost in memory, as
        # the trainer has them, nothing but the result is copied.
        features = self.convolution(features).permute(0, 2, 3, 1)
        features = features.reshape(batch * frames, joints * partitions, -1)
        mixing = (self.adjacency * self.edge_importance).permute(2, 1, 0).reshape(joints, joints * partitions)
        return torch.matmul(mixing, features).view(batch, frames, joints, -1).permute(0, 3, 1, 2)


class STGCNLayer(nn.Module):
    """Graph convolution, batch norm, ReLU, temporal convolution, batch norm, dropout; plus residual; ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: torch.Tensor,
        kernel: int,
        stride: int,
        dropout: float,
        residual: bool,
    ):
        super().__init__()
        self.spatial = SpatialGraphConvolution(in_channels, out_channels, adjacency)
        self.spatial_norm = nn.BatchNorm2d(out_channels)
        self.temporal = nn.Conv2d(out_channels, out_channels, (kernel, 1), (stride, 1), (kernel // 2, 0))
        self.temporal_norm = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.has_residual = residual
        self.projection = None
        if residual and (in_channels != out_channels or stride != 1):
            self.projection = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, (stride, 1)), nn.BatchNorm2d(out_channels)
            )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C_in, T, V) -> (N, C_out, T / stride, V)."""
        result = torch.relu(self.spatial_norm(self.spatial(features)))
        result = self.dropout(self.temporal_norm(self.temporal(result)))
        if self.has_residual:
            result = result + (features if self.projection is None else self.projection(features))
        return torch.relu(result)


class STGCN(nn.Module):
    """The published network, with other widths where the configuration says so.

    Batch norm over the input's V * C rows, ten layers, mean over time, joints and persons, linear head. Input
    (N, 3, T, V, M): batch, (x, y, score), frames, joints, persons. Output (N, classes): before softmax.
    """

    def __init__(self, config: NetworkConfig = NetworkConfig(), layout: Layout = COCO_18):
        super().__init__()
        self.config = config
        self.layout = layout
        adjacency = torch.from_numpy(spatial_configuration_adjacency(layout))
        self.input_norm = nn.BatchNorm1d(config.in_channels * len(layout))
        inputs = (config.in_channels,) + config.channels[:-1]
        self.layers = nn.ModuleList(
            STGCNLayer(
                before,
                after,
                adjacency,
                config.temporal_kernel,
                stride,
                config.dropout if number else 0.0,
                residual=number > 0,
            )
            for number, (before, after, stride) in enumerate(zip(inputs, config.channels, config.strides))
        )
        self.head = nn.Linear(config.channels[-1], config.classes)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, C, T, V, M) -> (N, classes)."""
        return self.head(self.features(windows))

    def features(self, windows: torch.Tensor) -> torch.Tensor:
        """What the head sees: (N, C, T, V, M) -> (N, channels of the last layer)."""
        batch, channels, frames, joints, persons = windows.shape
        rows = windows.permute(0, 4, 3, 1, 2).reshape(batch * persons, joints * channels, frames)
        features = self.input_norm(rows).view(batch * persons, joints, channels, frames).permute(0, 2, 3, 1)
        for layer in self.layers:
            features = layer(features)
        return features.mean(dim=(2, 3)).view(batch, persons, -1).mean(dim=1)

    @property
    def parameter_count(self) -> int:
        """Number of learned values."""
        return sum(parameter.numel() for parameter in self.parameters())
