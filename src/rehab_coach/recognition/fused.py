"""The same network for inference: batch norm and edge importance folded in, channels innermost in memory.

Numerically equal to `STGCN.eval()` (tested); about the speed of the matrix products alone.
"""

from typing import Iterable, Optional, Tuple, cast

import torch
from torch import nn
from torch.nn import functional

from rehab_coach.recognition.multi_branch import MultiBranchConvolution
from rehab_coach.recognition.st_gcn import STGCN, STGCNLayer
from rehab_coach.recognition.streams import add_streams


def _scale_and_shift(norm: nn.modules.batchnorm._BatchNorm) -> Tuple[torch.Tensor, torch.Tensor]:
    """Batch norm in inference as y = scale * x + shift."""
    assert norm.running_mean is not None and norm.running_var is not None  # each one here tracks them
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - scale * norm.running_mean


class FusedConvolution(nn.Module):
    """A convolution over frames, (N, T, V, C) -> (N, T / stride, V, C), with the batch norm that follows it."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, convolution: nn.Conv2d, scale: torch.Tensor, shift: torch.Tensor):
        super().__init__()
        assert convolution.bias is not None  # each one here has one
        weight = convolution.weight * scale[:, None, None, None]
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", convolution.bias * scale + shift)
        self.stride, self.dilation = convolution.stride, convolution.dilation
        self.padding = cast(Tuple[int, ...], convolution.padding)  # none here is named

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        # (N, T, V, C) in memory is what PyTorch calls (N, C, T, V) in channels-last format.
        return functional.conv2d(
            features.permute(0, 3, 1, 2), self.weight, self.bias, self.stride, self.padding, self.dilation
        ).permute(0, 2, 3, 1)


class FusedProjection(nn.Module):
    """A 1x1 convolution and its batch norm as one matrix product, (N, T, V, C_in) -> (N, T / stride, V, C_out)."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, convolution: nn.Conv2d, norm: nn.modules.batchnorm._BatchNorm, stride: int = 1):
        super().__init__()
        assert convolution.bias is not None
        scale, shift = _scale_and_shift(norm)
        self.register_buffer("weight", convolution.weight[:, :, 0, 0] * scale[:, None])
        self.register_buffer("bias", convolution.bias * scale + shift)
        self.stride = stride

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return functional.linear(features[:, :: self.stride], self.weight, self.bias)


def _residual(present: bool, projection: Optional[nn.Sequential], stride: int = 1) -> Optional[nn.Module]:
    if not present:
        return None
    return nn.Identity() if projection is None else _fused(projection, stride)


def _fused(pair: Iterable[nn.Module], stride: int = 1) -> FusedProjection:
    convolution, norm, *_ = pair
    return FusedProjection(cast(nn.Conv2d, convolution), cast(nn.BatchNorm2d, norm), stride)


class FusedMultiBranch(nn.Module):
    """ST-GCN++'s temporal module: the entrances of all branches are one matrix product."""

    entrance_weight: torch.Tensor
    entrance_bias: torch.Tensor
    maximum_scale: torch.Tensor
    maximum_shift: torch.Tensor
    direct_weight: torch.Tensor
    direct_bias: torch.Tensor

    def __init__(self, module: MultiBranchConvolution, norm: nn.modules.batchnorm._BatchNorm):
        super().__init__()
        assert module.direct.bias is not None
        entrances = [_fused(entrance) for entrance in cast(Iterable[nn.Sequential], module.entrances)]
        self.widths = [len(entrance.bias) for entrance in entrances]
        self.register_buffer("entrance_weight", torch.cat([entrance.weight for entrance in entrances]))
        self.register_buffer("entrance_bias", torch.cat([entrance.bias for entrance in entrances]))
        scale, shift = _scale_and_shift(module.norm)
        parts = self.widths + [module.direct.out_channels]
        scales, shifts = scale.split(parts), shift.split(parts)
        dilated = cast(Iterable[nn.Conv2d], module.dilated)
        self.dilated = nn.ModuleList(FusedConvolution(*branch) for branch in zip(dilated, scales, shifts))
        self.maximum = module.maximum
        # A negative scale would turn the maximum into a minimum, so here it stays behind.
        self.register_buffer("maximum_scale", scales[-2].clone())
        self.register_buffer("maximum_shift", shifts[-2].clone())
        self.register_buffer("direct_weight", module.direct.weight[:, :, 0, 0] * scales[-1][:, None])
        self.register_buffer("direct_bias", module.direct.bias * scales[-1] + shifts[-1])
        self.mixing = FusedProjection(module.mixing, norm)
        self.stride = module.stride

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, T, V, C) -> (N, T / stride, V, C)."""
        narrow = functional.linear(features, self.entrance_weight, self.entrance_bias).relu_().split(self.widths, -1)
        results = [convolution(branch) for convolution, branch in zip(self.dilated, narrow)]
        highest = self.maximum(narrow[-1].permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        results.append(highest * self.maximum_scale + self.maximum_shift)
        results.append(functional.linear(features[:, :: self.stride], self.direct_weight, self.direct_bias))
        return self.mixing(torch.cat(results, dim=-1).relu_())


class FusedLayer(nn.Module):
    """One layer on features (N, T, V, C).

    Joints are mixed before the channels, (V * K, V) x (V, C_in) for each frame, so that what follows is one
    matrix product (N * T * V, K * C_in) x (K * C_in, C_out) and nothing is copied in between.
    """

    mixing: torch.Tensor
    spatial_weight: torch.Tensor
    spatial_bias: torch.Tensor
    temporal: nn.Module

    def __init__(self, layer: STGCNLayer):
        super().__init__()
        convolution, mixing = layer.spatial.convolution, layer.spatial.mixing  # (K, from, to)
        assert convolution.bias is not None
        partitions, joints = mixing.shape[:2]
        scale, shift = _scale_and_shift(layer.spatial_norm)
        weight = convolution.weight.view(partitions, len(scale), -1) * scale[:, None]  # (K, C_out, C_in)
        bias = convolution.bias.view(partitions, -1) * scale
        mixing_of_all = mixing.permute(2, 0, 1).reshape(joints * partitions, joints)
        self.register_buffer("mixing", mixing_of_all.contiguous())
        self.register_buffer("spatial_weight", weight.permute(1, 0, 2).reshape(len(scale), -1).contiguous())
        self.register_buffer("spatial_bias", torch.einsum("kvw,kc->wc", mixing, bias) + shift)

        self.spatial_residual = _residual(layer.spatial_residual, layer.spatial_projection)
        if isinstance(layer.temporal, MultiBranchConvolution):
            self.temporal = FusedMultiBranch(layer.temporal, layer.temporal_norm)
        else:
            self.temporal = FusedConvolution(layer.temporal, *_scale_and_shift(layer.temporal_norm))
        self.residual = _residual(layer.has_residual, layer.projection, layer.stride)
        self.past, self.first = layer.past, layer.first

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, T, V, C_in) -> (N, T / stride, V, C_out)."""
        spatial = self.spatial(features)
        if self.past:
            spatial = functional.pad(spatial, (0, 0, 0, 0, self.past, 0))
        return self.over_time(spatial, features)

    def spatial(self, features: torch.Tensor) -> torch.Tensor:
        """The graph convolution, frame by frame: (N, T, V, C_in) -> (N, T, V, C_out)."""
        batch, frames, joints, _ = features.shape
        mixed = torch.matmul(self.mixing, features).view(batch, frames, joints, -1)
        result = functional.linear(mixed, self.spatial_weight).add_(self.spatial_bias)
        if self.spatial_residual is not None:
            result += self.spatial_residual(features)
        return result.relu_()

    def over_time(self, spatial: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """The rest of the layer.

        Args:
            spatial: (N, past + T, V, C_out), `spatial` of the features and of the `past` frames before them.
            features: (N, T, V, C_in).

        Returns:
            (N, T / stride, V, C_out).
        """
        result = self.temporal(spatial)
        if self.residual is not None:
            result += self.residual(features[:, self.first :])
        return result.relu_()


class FusedSTGCN(nn.Module):
    """A trained STGCN for inference only; later changes of the network do not reach it."""

    input_scale: torch.Tensor
    input_shift: torch.Tensor
    hidden_weight: torch.Tensor
    hidden_bias: torch.Tensor
    head_weight: torch.Tensor
    head_bias: torch.Tensor

    def __init__(self, network: STGCN):
        super().__init__()
        with torch.no_grad():
            joints = len(network.layout)
            self.streams, self.neighbours = network.config.streams, network.neighbours
            scale, shift = _scale_and_shift(network.input_norm)
            self.register_buffer("input_scale", scale.view(joints, -1).clone())
            self.register_buffer("input_shift", shift.view(joints, -1).clone())
            self.layers = nn.ModuleList(FusedLayer(layer) for layer in cast(Iterable[STGCNLayer], network.layers))
            self.fully_connected = network.fully_connected is not None
            if network.fully_connected is not None:
                self.register_buffer("hidden_weight", network.fully_connected.weight.detach().clone())
                self.register_buffer("hidden_bias", network.fully_connected.bias.detach().clone())
            self.register_buffer("head_weight", network.head.weight.detach().clone())
            self.register_buffer("head_bias", network.head.bias.detach().clone())
        self.eval()

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, 3, T, V, M) -> (N, classes), as STGCN.forward in evaluation mode."""
        return self.answer(self.features(windows))

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        """What `features` gives -> (N, classes)."""
        return functional.linear(features, self.head_weight, self.head_bias)

    def features(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, 3, T, V, M) -> (N, width), as STGCN.features in evaluation mode."""
        features = self.normalised(add_streams(windows, self.streams, self.neighbours))
        for layer in self.layers:
            features = layer(features)
        return self.pooled(features.mean(dim=(1, 2)), windows.shape[-1])

    def normalised(self, inputs: torch.Tensor) -> torch.Tensor:
        """The streams as the first layer takes them: (N, C, T, V, M) -> (N * M, T, V, C)."""
        return inputs.permute(0, 4, 2, 3, 1).flatten(0, 1) * self.input_scale + self.input_shift

    def pooled(self, features: torch.Tensor, persons: int) -> torch.Tensor:
        """Means over time and joints (N * M, C) -> what the head sees, (N, width)."""
        features = features.unflatten(0, (-1, persons)).mean(dim=1)
        if self.fully_connected:
            features = functional.linear(features, self.hidden_weight, self.hidden_bias).relu_()
        return features
