"""ST-GCN (Yan, Xiong and Lin, AAAI 2018) and ST-GCN++ (Duan, Wang, Chen and Lin: PYSKL, ACM Multimedia 2022)."""

import math
from dataclasses import dataclass
from typing import Tuple, Union

import torch
from torch import nn
from torch.nn import functional

from rehab_coach.recognition.graph import spatial_configuration_adjacency
from rehab_coach.recognition.multi_branch import BRANCHES, MultiBranchConvolution
from rehab_coach.recognition.streams import STREAMS, add_streams, nearer_neighbours, stream_channels
from rehab_coach.skeleton import COCO_18, Layout

ARCHITECTURES = ("st_gcn", "st_gcn++")


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network; the defaults are the published ST-GCN's.

    Attributes:
        channels: output channels of each layer.
        strides: step in time of each layer, as many as there are layers.
        temporal_kernel: frames that a temporal convolution sees; odd.
        dropout: rate after each layer's temporal convolution but the first's.
        classes: number of outputs.
        streams: what the input holds: "joint", "bone", "motion" (see `rehab_coach.recognition.streams`).
        architecture: "st_gcn", or "st_gcn++": every edge of a graph over all pairs of joints is learned, the
            graph convolution has a residual of its own, and the temporal convolution is a
            `MultiBranchConvolution` (`temporal_kernel` then says nothing).
        fully_connected: width of a fully connected layer with ReLU before the output; 0 = none.
        causal: no frame depends on a later one, so that a `ContinualSTGCN` can compute each frame once, as it comes.

    Raises:
        ValueError: a shape that no network can have.
    """

    channels: Tuple[int, ...] = (64,) * 4 + (128,) * 3 + (256,) * 3
    strides: Tuple[int, ...] = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)
    temporal_kernel: int = 9
    dropout: float = 0.0
    classes: int = 7
    streams: Tuple[str, ...] = ("joint",)
    architecture: str = ARCHITECTURES[0]
    fully_connected: int = 0
    causal: bool = False

    def __post_init__(self):
        # Lists come out of JSON and YAML; a tuple keeps the configuration hashable and comparable.
        object.__setattr__(self, "channels", tuple(int(channels) for channels in self.channels))
        object.__setattr__(self, "strides", tuple(int(stride) for stride in self.strides))
        if len(self.channels) != len(self.strides) or not self.channels:
            raise ValueError(
                "a network of %d channels needs as many strides, there are %d" % (len(self.channels), len(self.strides))
            )
        object.__setattr__(self, "streams", tuple(self.streams))
        if min(self.channels + self.strides + (self.classes,)) < 1:
            raise ValueError("channels, strides and classes must be at least 1")
        if not self.streams or not set(self.streams) <= set(STREAMS) or len(set(self.streams)) < len(self.streams):
            raise ValueError("streams must be some of %s, not %s" % (", ".join(STREAMS), list(self.streams)))
        if self.temporal_kernel < 1 or self.temporal_kernel % 2 == 0:
            raise ValueError("temporal_kernel must be odd, so that a frame has as many before it as after it")
        if not 0 <= self.dropout < 1:
            raise ValueError("dropout must be in 0..1, not %r" % self.dropout)
        if self.architecture not in ARCHITECTURES:
            raise ValueError("architecture '%s'; known: %s" % (self.architecture, ", ".join(ARCHITECTURES)))
        if self.architecture == "st_gcn++" and min(self.channels) < len(BRANCHES):
            raise ValueError("st_gcn++ needs %d channels or more in each layer" % len(BRANCHES))
        if self.fully_connected < 0:
            raise ValueError("fully_connected must be 0 or more, not %r" % self.fully_connected)
        if self.causal and self.architecture != ARCHITECTURES[0]:
            raise ValueError("only %s can be causal, not %s" % (ARCHITECTURES[0], self.architecture))
        if self.causal and max(self.strides) > self.temporal_kernel:
            raise ValueError("a causal network needs a temporal_kernel of %d or more" % max(self.strides))

    @property
    def step(self) -> int:
        """Frames of the input for each frame of the last layer."""
        return math.prod(self.strides)

    @property
    def receptive_field(self) -> int:
        """Frames of the input that one output frame depends on."""
        frames, step = 1, 1
        reach = MultiBranchConvolution.REACH if self.architecture == "st_gcn++" else self.temporal_kernel
        for stride in self.strides:
            frames += (reach - 1) * step
            step *= stride
        return frames


class SpatialGraphConvolution(nn.Module):
    """The ST-GCN paper's equation 10, each edge weighted by a learned importance M.

    f_out(w) = sum over partitions k and joints v of A_k[v, w] M_k[v, w] (W_k f_in(v) + b_k), where A is the
    normalised adjacency of the partition. With `learned_graph`, as in ST-GCN++, A M is replaced by weights that
    start as A and are learned for all pairs of joints.
    """

    adjacency: torch.Tensor

    def __init__(self, in_channels: int, out_channels: int, adjacency: torch.Tensor, learned_graph: bool = False):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels * len(adjacency), 1)
        self.learned_graph = learned_graph
        if learned_graph:
            self.graph = nn.Parameter(adjacency.clone())
        else:
            self.edge_importance = nn.Parameter(torch.ones_like(adjacency))
            # Made again from the layout, so it is not stored with the weights.
            self.register_buffer("adjacency", adjacency.clone(), persistent=False)

    @property
    def mixing(self) -> torch.Tensor:
        """(K, V from, V to): how much of a joint goes into another."""
        return self.graph if self.learned_graph else self.adjacency * self.edge_importance

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C_in, T, V) -> (N, C_out, T, V)."""
        mixing = self.mixing
        partitions, joints = mixing.shape[:2]
        batch, channels, frames, _ = features.shape
        # The sums over joints and channels may change places. Joints first, all that follows is one matrix product
        # (N * T * V, K * C_in) x (K * C_in, C_out), and with channels innermost in memory, as the trainer has them,
        # nothing is copied in between.
        flat = features.permute(0, 2, 3, 1).reshape(batch * frames, joints, channels)
        to_all = mixing.permute(2, 0, 1).reshape(joints * partitions, joints).to(flat.dtype)
        mixed = torch.bmm(to_all.expand(len(flat), -1, -1), flat).view(batch, frames, joints, partitions * channels)
        weight, bias = self.convolution.weight.view(partitions, -1, channels), self.convolution.bias
        assert bias is not None  # it was made with one
        outputs = weight.shape[1]
        result = functional.linear(mixed, weight.transpose(0, 1).reshape(outputs, partitions * channels))
        result += torch.einsum("kvw,kc->wc", mixing, bias.view(partitions, outputs))
        return result.permute(0, 3, 1, 2)


class Dropout(nn.Dropout):
    """Dropout on (N, C, T, V) whose chance costs little on a CPU; there the rate is met to 1 / 131072.

    PyTorch draws a random number for each value, one after the other on one core. Here one of 64 bits decides on four.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if features.device.type != "cpu" or not self.training or not self.p:
            return super().forward(features)
        batch, channels, frames, joints = features.shape
        count = features.numel()
        chance = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[:count]
        kept = (chance >= round(self.p * 2**16) - 2**15).view(batch, frames, joints, channels).permute(0, 3, 1, 2)
        return features * kept.to(features.dtype).div_(1 - self.p)


class STGCNLayer(nn.Module):
    """Graph convolution, batch norm, ReLU, temporal convolution, batch norm, dropout; plus residual; ReLU.

    A causal layer sees no frame after its own: of each `stride` frames the last one is kept, which is there as soon as
    they are, and the missing past is zero.
    """

    temporal: Union[MultiBranchConvolution, nn.Conv2d]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency: torch.Tensor,
        kernel: int,
        stride: int,
        dropout: float,
        residual: bool,
        plus_plus: bool = False,
        causal: bool = False,
    ):
        super().__init__()
        self.spatial = SpatialGraphConvolution(in_channels, out_channels, adjacency, plus_plus)
        self.spatial_norm = nn.BatchNorm2d(out_channels)
        self.spatial_residual = plus_plus
        self.spatial_projection = None
        if plus_plus and in_channels != out_channels:
            self.spatial_projection = _projection(in_channels, out_channels)
        if plus_plus:
            self.temporal = MultiBranchConvolution(out_channels, stride)
        else:
            padding = 0 if causal else kernel // 2
            self.temporal = nn.Conv2d(out_channels, out_channels, (kernel, 1), (stride, 1), (padding, 0))
        self.past = kernel - stride if causal else 0
        self.first = stride - 1 if causal else 0
        self.temporal_norm = nn.BatchNorm2d(out_channels)
        self.dropout = Dropout(dropout)
        self.has_residual = residual
        self.stride = stride
        self.projection = None
        if residual and (in_channels != out_channels or stride != 1):
            self.projection = _projection(in_channels, out_channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C_in, T, V) -> (N, C_out, T / stride, V)."""
        # In place, because new memory is slow: on a CPU the system clears each page of it first.
        result = self.spatial_norm(self.spatial(features))
        if self.spatial_residual:
            result += features if self.spatial_projection is None else self.spatial_projection(features)
        result = result.relu_()
        if self.past:
            result = functional.pad(result, (0, 0, self.past, 0))
        result = self.dropout(self.temporal_norm(self.temporal(result)))
        if self.has_residual:
            kept = features[:, :, self.first :: self.stride]
            result += kept if self.projection is None else self.projection(kept)
        return result.relu_()


def _projection(in_channels: int, out_channels: int) -> nn.Sequential:
    # Without a stride: oneDNN crashes in the backward pass of a strided 1x1 convolution of fewer than 16 channels.
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))


class STGCN(nn.Module):
    """The published network, with other widths, layers and kinds of layer where the configuration says so.

    Batch norm over the input's V * C rows, the layers, mean over time, joints and persons, linear head. Input
    (N, 3, T, V, M): batch, (x, y, score), frames, joints, persons. Output (N, classes): before softmax.
    """

    def __init__(self, config: NetworkConfig = NetworkConfig(), layout: Layout = COCO_18):
        super().__init__()
        self.config = config
        self.layout = layout
        adjacency = torch.from_numpy(spatial_configuration_adjacency(layout))
        self.neighbours = nearer_neighbours(layout)
        in_channels = stream_channels(config.streams)
        self.input_norm = nn.BatchNorm1d(in_channels * len(layout))
        inputs = (in_channels,) + config.channels[:-1]
        self.layers = nn.ModuleList(
            STGCNLayer(
                before,
                after,
                adjacency,
                config.temporal_kernel,
                stride,
                config.dropout if number else 0.0,
                residual=number > 0,
                plus_plus=config.architecture == "st_gcn++",
                causal=config.causal,
            )
            for number, (before, after, stride) in enumerate(zip(inputs, config.channels, config.strides))
        )
        width = config.channels[-1]
        self.fully_connected = None
        if config.fully_connected:
            self.fully_connected = nn.Linear(width, config.fully_connected)
            width = config.fully_connected
        self.head = nn.Linear(width, config.classes)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, 3, T, V, M) -> (N, classes)."""
        return self.head(self.features(windows))

    def after_each_step(self, windows: torch.Tensor) -> torch.Tensor:
        """What a causal network answers while the frames come: (N, 3, T, V, M) -> (N, T / step, classes).

        Entry j is `forward` of the first (j + 1) * step frames.
        """
        features = self._over_time(windows)
        count = torch.arange(1, features.shape[1] + 1, dtype=features.dtype, device=features.device)
        return self.head(self._hidden(features.cumsum(dim=1) / count[:, None]))

    def features(self, windows: torch.Tensor) -> torch.Tensor:
        """What the head sees: (N, 3, T, V, M) -> (N, width of the last layer before it)."""
        return self._hidden(self._over_time(windows).mean(dim=1))

    def _over_time(self, windows: torch.Tensor) -> torch.Tensor:
        """The last layer's frames, each the mean over joints and persons: (N, 3, T, V, M) -> (N, T / step, width)."""
        windows = add_streams(windows, self.config.streams, self.neighbours)
        batch, channels, frames, joints, persons = windows.shape
        rows = windows.permute(0, 4, 3, 1, 2).reshape(batch * persons, joints * channels, frames)
        features = self.input_norm(rows).view(batch * persons, joints, channels, frames).permute(0, 2, 3, 1)
        for layer in self.layers:
            features = layer(features)
        return features.mean(dim=3).transpose(1, 2).unflatten(0, (batch, persons)).mean(dim=1)

    def _hidden(self, features: torch.Tensor) -> torch.Tensor:
        return features if self.fully_connected is None else torch.relu(self.fully_connected(features))

    @property
    def parameter_count(self) -> int:
        """Number of learned values."""
        return sum(parameter.numel() for parameter in self.parameters())
