"""The temporal module of ST-GCN++: six narrow branches instead of one wide convolution.

Duan, Wang, Chen and Lin, "PYSKL: Towards Good Practices for Skeleton Action Recognition", ACM Multimedia 2022,
section 3.2: four convolutions over three frames with dilation 1 to 4, a maximum over three frames, and a 1x1
convolution, each on a sixth of the channels; their outputs side by side are mixed by another 1x1 convolution.
"""

import torch
from torch import nn

DILATIONS = (1, 2, 3, 4)
BRANCHES = DILATIONS + ("maximum", "1x1")
KERNEL = 3


class MultiBranchConvolution(nn.Module):
    """(N, C, T, V) -> (N, C, T / stride, V).

    Args:
        channels: C, at least as many as there are branches; the first branch has what a division by six leaves.
        stride: step in time.
    """

    REACH = 1 + (KERNEL - 1) * max(DILATIONS)
    """Frames of the input that one output frame depends on."""

    def __init__(self, channels: int, stride: int):
        super().__init__()
        width = channels // len(BRANCHES)
        widths = [channels - (len(BRANCHES) - 1) * width] + [width] * (len(BRANCHES) - 1)
        self.stride = stride
        self.entrances = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1), nn.BatchNorm2d(width), nn.ReLU()) for width in widths[:-1]
        )
        self.dilated = nn.ModuleList(
            nn.Conv2d(width, width, (KERNEL, 1), (stride, 1), (dilation, 0), (dilation, 1))
            for width, dilation in zip(widths, DILATIONS)
        )
        self.maximum = nn.MaxPool2d((KERNEL, 1), (stride, 1), (KERNEL // 2, 0))
        self.direct = nn.Conv2d(channels, widths[-1], 1)
        self.norm = nn.BatchNorm2d(channels)
        self.mixing = nn.Conv2d(channels, channels, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        narrow = [entrance(features) for entrance in self.entrances]
        results = [convolution(branch) for convolution, branch in zip(self.dilated, narrow)]
        results += [self.maximum(narrow[-1]), self.direct(features[:, :, :: self.stride])]
        return self.mixing(torch.relu(self.norm(torch.cat(results, dim=1))))
