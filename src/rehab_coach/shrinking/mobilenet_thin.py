"""The pose network mobilenet_thin as a PyTorch module, with the weights of its frozen graph.

A MobileNet (Howard et al. 2017, three quarters of its channels) gives features of an eighth of the picture's size;
stage after stage refines part affinity fields and heat maps from them and from what the stage before gave (Cao et al.,
"Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, figure 3), with separable
convolutions. Batch norms are folded into weights and biases; the input is BGR from 0 to 255.
"""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.network_file import MOBILENET_THIN, NetworkFile

STAGES = MOBILENET_THIN.stages
BACKBONE = ((48, 1), (96, 2), (96, 1), (192, 2), (192, 1)) + ((384, 1),) * 6
"""Channels and stride of the separable convolutions after the first one."""
TAPS = (3, 7, 11)
"""Those of them whose outputs are the features; the first is brought to the size of the others."""
WIDTHS = tuple(channels for channels, _ in BACKBONE)
"""Channels of the network as it is; one that was pruned has fewer."""
BRANCHES = {"L1": 38, "L2": 19}
"""Name in the graph and channels: part affinity fields, heat maps with background."""
Stages = Union[int, Sequence[int]]
"""That are kept: how many from the first on, or their numbers; after the first all have the same layers."""


class Convolution(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME does: where the padding is odd, more of it right and below."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if kernel == 1 and self.groups > 1 and self.training:  # PyTorch would compute it channel by channel
            return values * self.weight[:, :, 0, 0].reshape(1, -1, 1, 1)
        if stride == 1:
            return functional.conv2d(values, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        # As it is for sides that are multiples of the stride; from others a part is left, which is a cell of its own.
        before = (kernel - stride) // 2
        after = kernel - 1 - before
        padded = functional.pad(values, (before, after, before, after))
        return functional.conv2d(padded, self.weight, self.bias, stride, 0, 1, self.groups)


class Separable(nn.Module):
    """A convolution of each channel, and one over channels.

    Args:
        inputs, outputs: channels.
        kernel, stride: of the first one.
        relu: whether negative values become 0.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, relu: bool = True):
        super().__init__()
        self.depthwise = Convolution(inputs, inputs, kernel, stride, groups=inputs, bias=False)
        self.pointwise = Convolution(inputs, outputs, 1)
        self.relu = relu

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        values = self.pointwise(self.depthwise(values))
        return functional.relu(values) if self.relu else values


class Backbone(nn.Module):
    """float32 (N, 3, H, W) -> features (N, 864, H / 8, W / 8).

    Args:
        widths: channels of its layers after the first one.
    """

    licence = MOBILENET_THIN.licence

    def __init__(self, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.first = Convolution(3, 24, 3, 2)
        self.widths = tuple(widths)
        self.layers = nn.ModuleList(
            Separable(before, after, stride=stride)
            for before, after, (_, stride) in zip((24, *self.widths), self.widths, BACKBONE)
        )

    @property
    def features(self) -> int:
        """Channels of the output."""
        return sum(self.widths[number - 1] for number in TAPS)

    def anew(self) -> "Backbone":
        """One of the same layers, without the weights."""
        return Backbone(self.widths)

    def freeze(self, layers: int) -> None:
        """The very first layer and so many after it keep their weights."""
        self.first.requires_grad_(False)
        self.layers[:layers].requires_grad_(False)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        values = functional.relu(self.first(picture))
        tapped = []
        for number, layer in enumerate(self.layers, 1):
            values = layer(values)
            if number in TAPS:
                tapped.append(values)
        tapped[0] = functional.max_pool2d(tapped[0], 2)
        return torch.cat(tapped, 1)


class Stage(nn.Module):
    """Features, and from the second stage on what the one before gave, to fields and heat maps.

    Args:
        number: from 1 on.
        features: their channels.
    """

    def __init__(self, number: int, features: int):
        super().__init__()
        inputs = features + (sum(BRANCHES.values()) if number > 1 else 0)
        hidden = 256 if number == 1 else 64
        self.branches = nn.ModuleDict(
            {
                name: nn.Sequential(
                    Separable(inputs, 64),
                    Separable(64, 64),
                    Separable(64, 64),
                    Separable(64, hidden, kernel=1),
                    Separable(hidden, outputs, kernel=1, relu=False),
                )
                for name, outputs in BRANCHES.items()
            }
        )

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(values) for branch in self.branches.values()], 1)


class MobilenetThin(nn.Module):
    """The network, cut after one of its stages.

    Args:
        stages: 1 to 6.
        backbone: gives the features, `features` channels; by default as in the frozen graph.
    """

    def __init__(self, stages: int = STAGES, backbone: Optional[nn.Module] = None):
        super().__init__()
        self.backbone: Any = backbone or Backbone()
        features = cast(int, self.backbone.features)
        self.stages = nn.ModuleList(Stage(number, features) for number in range(1, stages + 1))

    def outputs(self, picture: torch.Tensor) -> List[torch.Tensor]:
        """What each stage gives.

        Args:
            picture: float32 (N, 3, H, W) BGR 0..255, H and W multiples of 8.

        Returns:
            For each stage (N, 57, H / 8, W / 8): 18 heat maps, background, 38 field channels.
        """
        features = self.backbone(picture)
        values, given = features, []
        for stage in self.stages:
            output = stage(values)
            values = torch.cat([output, features], 1)
            given.append(output)
        fields = BRANCHES["L1"]
        return [torch.cat([output[:, fields:], output[:, :fields]], 1) for output in given]

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """float32 (N, H, W, 3) -> (N, H / 8, W / 8, 57), as the contract of a network file has it."""
        return self.outputs(picture.permute(0, 3, 1, 2))[-1].permute(0, 2, 3, 1)


def numbers_of(stages: Stages) -> List[int]:
    """The numbers of the stages that are kept; RehabCoachError where there are none such."""
    for number in [stages] if isinstance(stages, int) else stages:
        if not 1 <= number <= STAGES:
            raise RehabCoachError("%s has the stages 1 to %d, not %d" % (MOBILENET_THIN.name, STAGES, number))
    numbers = list(range(1, stages + 1)) if isinstance(stages, int) else list(stages)
    if numbers[0] != 1 or numbers != sorted(set(numbers)):
        raise RehabCoachError(
            "the stages that are kept must begin with 1 and increase, as 1,4, not be %s" % ",".join(map(str, numbers))
        )
    return numbers


def original(stages: Stages = STAGES, network: NetworkFile = MOBILENET_THIN) -> MobilenetThin:
    """The network with the weights of the frozen graph, in evaluation mode.

    Args:
        stages: that are kept.
        network: whose file holds the weights.

    Raises:
        RehabCoachError: there is no such stage, the file is missing or another one, or it has other layers.
    """
    numbers = numbers_of(stages)
    made = MobilenetThin(numbers[-1])
    constants = _constants(network.check())
    with torch.no_grad():
        for name, layer in _named_layers(made):
            kind = "depthwise_weights" if layer.groups > 1 else "weights"
            layer.weight.copy_(_weights(constants["%s/%s" % (name, kind)], layer))
            if layer.bias is not None:
                layer.bias.copy_(torch.from_numpy(constants[name + "/Conv2D_bn_offset"]))
    return _kept(made, numbers)


def _kept(network: MobilenetThin, numbers: Sequence[int]) -> MobilenetThin:
    network.stages = nn.ModuleList(network.stages[number - 1] for number in numbers)
    return network.eval()


def saved(network: NetworkFile, stages: Stages, backbone: Optional[nn.Module] = None) -> MobilenetThin:
    """The network of an ONNX file that `rehab_coach.shrinking.export` wrote, in evaluation mode.

    Args:
        network: whose file it is.
        stages: of its own that are kept.
        backbone: that it has, whose weights are those of the file then; None: mobilenet_thin's own, perhaps pruned.

    Raises:
        RehabCoachError: the file is missing, another one, not written by this package, or has fewer stages or another
            backbone.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise RehabCoachError(
            "starting with a network needs onnx (%s): `pip install -e '.[shrink]'` in the repository" % error
        ) from error
    network.check()
    constants = {}
    if network.format == "onnx":
        constants = {entry.name: entry for entry in onnx.load(network.path).graph.initializer}
    if backbone is None:
        widths: List[int] = []
        while "backbone.layers.%d.pointwise.bias" % len(widths) in constants:
            widths.append(constants["backbone.layers.%d.pointwise.bias" % len(widths)].dims[0])
        backbone = Backbone(widths if len(widths) == len(WIDTHS) else WIDTHS)
    numbers = numbers_of(stages)
    made = MobilenetThin(numbers[-1], backbone)
    shapes = {name: tuple(value.shape) for name, value in made.state_dict().items()}
    if network.stages < numbers[-1] or any(
        name not in constants or tuple(constants[name].dims) != shape for name, shape in shapes.items()
    ):
        raise RehabCoachError(
            "%s is no network of %d stages and this backbone that `rehab-coach shrink` wrote as .onnx: start with "
            "another one" % (network.name, numbers[-1])
        )
    made.load_state_dict({name: torch.from_numpy(numpy_helper.to_array(constants[name]).copy()) for name in shapes})
    return _kept(made, numbers)


def _named_layers(network: MobilenetThin) -> Iterator[Tuple[str, Convolution]]:
    """Every convolution with its name in the frozen graph."""
    yield "MobilenetV1/Conv2d_0", network.backbone.first
    blocks = [("MobilenetV1/Conv2d_%d" % number, layer) for number, layer in enumerate(network.backbone.layers, 1)]
    for number, stage in enumerate(network.stages, 1):
        for branch, layers in cast(Stage, stage).branches.items():
            for place, layer in enumerate(cast(nn.Sequential, layers), 1):
                blocks.append(("Openpose/MConv_Stage%d_%s_%d" % (number, branch, place), layer))
    for name, block in blocks:
        separable = cast(Separable, block)
        yield name + "_depthwise", separable.depthwise
        yield name + "_pointwise", separable.pointwise


def _weights(constant: np.ndarray, layer: Convolution) -> torch.Tensor:
    """TensorFlow has (height, width, in, out), for each channel (height, width, channels, 1)."""
    axes = (2, 3, 0, 1) if layer.groups > 1 else (3, 2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(constant.transpose(axes)))


def _constants(network: NetworkFile) -> Dict[str, np.ndarray]:
    """Every float constant of the graph by its name."""
    # TensorBoard carries TensorFlow's file format without TensorFlow.
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    with open(network.path, "rb") as stream:
        graph = GraphDef.FromString(stream.read())
    constants = {}  # copied: PyTorch wants memory that may be written
    for node in graph.node:
        tensor = node.attr["value"].tensor
        if node.op == "Const" and tensor.tensor_content:
            shape = [axis.size for axis in tensor.tensor_shape.dim]
            constants[node.name] = np.frombuffer(tensor.tensor_content, np.float32).reshape(shape).copy()
    return constants
