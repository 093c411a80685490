"""The same network for inference: batch norm and edge importance folded in, channels innermost in memory.

Numerically equal to `STGCN.eval()` (tested); about the speed of the matrix products alone.
"""

from typing import Tuple

import torch
from torch import nn
from torch.nn import functional

from rehab_coach.recognition.st_gcn import STGCN, STGCNLayer


def _scale_and_shift(norm: nn.modules.batchnorm._BatchNorm) -> Tuple[torch.Tensor, torch.Tensor]:
    """Batch norm in inference as y = scale * x + shift."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - scale * norm.running_mean


class FusedLayer(nn.Module):
    """One layer on features (N, T, V, C).

    Joints are mixed before the channels, (V * K, V) x (V, C_in) for each frame, so that what follows is one
    matrix product (N * T * V, K * C_in) x (K * C_in, C_out) and nothing is copied in between.
    """

    def __init__(self, layer: STGCNLayer):
        super().__init__()
        spatial, convolution = layer.spatial, layer.spatial.convolution
        mixing = spatial.adjacency * spatial.edge_importance  # (K, from, to)
        partitions, joints = mixing.shape[:2]
        scale, shift = _scale_and_shift(layer.spatial_norm)
        weight = convolution.weight.view(partitions, len(scale), -1) * scale[:, None]  # (K, C_out, C_in)
        bias = convolution.bias.view(partitions, -1) * scale
        mixing_of_all = mixing.permute(2, 0, 1).reshape(joints * partitions, joints)
        self.register_buffer("mixing", mixing_of_all.contiguous())
        self.register_buffer("spatial_weight", weight.permute(1, 0, 2).reshape(len(scale), -1).contiguous())
        self.register_buffer("spatial_bias", torch.einsum("kvw,kc->wc", mixing, bias) + shift)

        scale, shift = _scale_and_shift(layer.temporal_norm)
        weight = layer.temporal.weight * scale[:, None, None, None]
        self.register_buffer("temporal_weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("temporal_bias", layer.temporal.bias * scale + shift)
        self.stride, self.padding = layer.temporal.stride, layer.temporal.padding

        self.has_residual = layer.has_residual
        self.projected = layer.projection is not None
        if self.projected:
            scale, shift = _scale_and_shift(layer.projection[1])
            projection = layer.projection[0]
            self.register_buffer("projection_weight", projection.weight[:, :, 0, 0] * scale[:, None])
            self.register_buffer("projection_bias", projection.bias * scale + shift)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, T, V, C_in) -> (N, T / stride, V, C_out)."""
        batch, frames, joints, _ = features.shape
        mixed = torch.matmul(self.mixing, features).view(batch, frames, joints, -1)
        result = functional.linear(mixed, self.spatial_weight).add_(self.spatial_bias).relu_()
        # (N, T, V, C) in memory is what PyTorch calls (N, C, T, V) in channels-last format.
        result = functional.conv2d(
            result.permute(0, 3, 1, 2), self.temporal_weight, self.temporal_bias, self.stride, self.padding
        ).permute(0, 2, 3, 1)
        if self.projected:
            kept = features[:, :: self.stride[0]]
            result += functional.linear(kept, self.projection_weight, self.projection_bias)
        elif self.has_residual:
            result += features
        return result.relu_()


class FusedSTGCN(nn.Module):
    """A trained STGCN for inference only; later changes of the network do not reach it."""

    def __init__(self, network: STGCN):
        super().__init__()
        with torch.no_grad():
            joints = len(network.layout)
            scale, shift = _scale_and_shift(network.input_norm)
            self.register_buffer("input_scale", scale.view(joints, -1).clone())
            self.register_buffer("input_shift", shift.view(joints, -1).clone())
            self.layers = nn.ModuleList(FusedLayer(layer) for layer in network.layers)
            self.register_buffer("head_weight", network.head.weight.detach().clone())
            self.register_buffer("head_bias", network.head.bias.detach().clone())
        self.eval()

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, C, T, V, M) -> (N, classes), as STGCN.forward in evaluation mode."""
        batch, _, _, _, persons = windows.shape
        features = windows.permute(0, 4, 2, 3, 1).flatten(0, 1) * self.input_scale + self.input_shift
        for layer in self.layers:
            features = layer(features)
        features = features.mean(dim=(1, 2)).view(batch, persons, -1).mean(dim=1)
        return functional.linear(features, self.head_weight, self.head_bias)
