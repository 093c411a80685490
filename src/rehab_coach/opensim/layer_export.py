"""A skeleton's layer for programs without PyTorch's Python: TorchScript in this process, ONNX as a file."""

import importlib.util
import warnings
from typing import Tuple

import torch
from torch import Tensor

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.opensim.layer import Pose, SkeletonLayer

INPUTS = ("coordinates", "scales", "root")


def example(layer: SkeletonLayer, batch: int = 2) -> Tuple[Tensor, Tensor, Tensor]:
    """Inputs of the layer: all coordinates 0.1, all scales 1, the root not turned."""
    like = layer.still
    coordinates = like.new_full((batch, len(layer.coordinates)), 0.1)
    scales = like.new_ones(batch, len(layer.bodies), 3)
    return coordinates, scales, torch.eye(3).to(like).expand(batch, 3, 3).contiguous()


def traced(layer: SkeletonLayer) -> torch.jit.ScriptModule:
    """The layer as TorchScript; takes all three inputs, for any batch, and returns a tuple in `Pose`'s order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes of the model are constants, which is what a trace may warn of
        return torch.jit.freeze(torch.jit.trace(layer.eval(), example(layer)))


def export_onnx(layer: SkeletonLayer, path: str) -> None:
    """Write the layer as ONNX, for any batch: inputs as `INPUTS`, outputs named as in `Pose`.

    Raises:
        RehabCoachError: onnx is not installed, or the file cannot be written.
    """
    if importlib.util.find_spec("onnx") is None:
        raise RehabCoachError("writing ONNX needs one more package: `pip install -e '.[kinematics]'` in the repository")
    axes = {name: {0: "batch"} for name in (*INPUTS, *Pose._fields)}
    with written_whole(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            layer.eval(),
            example(layer),
            temporary,
            input_names=list(INPUTS),
            output_names=list(Pose._fields),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,  # the other way needs more packages
        )
