"""A network as files: ONNX or OpenVINO's own, and the contract by which the estimator calls it."""

import os
import tempfile
import warnings
from typing import Any, Dict

import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.openvino_core import openvino_core
from rehab_coach.paths import share_path
from rehab_coach.pose.network_file import MOBILENET_THIN, sha256_of
from rehab_coach.shrinking.mobilenet_thin import MobilenetThin

ONNX, OPENVINO = ".onnx", ".xml"
"""Extensions; beside OpenVINO's lies a .bin with the weights."""
INPUT, OUTPUT = "image", "maps"
OPSET = 10
"""Of ONNX: later ones compute the width of a padding in the graph, which OpenCV does not read."""
DYNAMIC = {name: {1: "height", 2: "width"} for name in (INPUT, OUTPUT)}


def check_extension(path: str, *extensions: str) -> None:
    """RehabCoachError unless a path ends so."""
    if os.path.splitext(path)[1] not in extensions:
        raise RehabCoachError("--out must end in %s, not be '%s'" % (" or ".join(extensions), path))


def save_network(network: MobilenetThin, path: str, source: str) -> str:
    """Write a network and its contract, whole or not at all.

    Args:
        network: plain, in evaluation mode.
        path: of its file, ending in .onnx or .xml; the contract lies beside it.
        source: how it was made.

    Returns:
        The path of the contract.

    Raises:
        RehabCoachError: the path has another ending, or cannot be written; OpenVINO is needed and not installed.
    """
    check_extension(path, ONNX, OPENVINO)
    if path.endswith(ONNX):
        with written_whole(path) as temporary:
            _save_onnx(network, temporary)
    else:
        try:
            core = openvino_core()
        except ImportError as error:
            raise RehabCoachError("OpenVINO is not installed here (%s): give --out NAME.onnx" % error) from error
        with tempfile.TemporaryDirectory() as folder:
            _save_onnx(network, os.path.join(folder, "network" + ONNX))
            save_openvino(core.read_model(os.path.join(folder, "network" + ONNX)), path)
    return save_contract(path, len(network.stages), source, network.backbone.licence)


def _save_onnx(network: MobilenetThin, path: str) -> None:
    with warnings.catch_warnings():
        # The exporter that needs nothing besides PyTorch is the older one, and says so.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 64, 80, 3),),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes=DYNAMIC,
            opset_version=OPSET,
            dynamo=False,
        )


def save_openvino(model: Any, path: str) -> None:
    """Write an `openvino.Model` whole or not at all: NAME.xml, and the weights in NAME.bin."""
    import openvino

    with written_whole(path[: -len(OPENVINO)] + ".bin"), written_whole(path) as temporary:
        openvino.save_model(model, temporary, compress_to_fp16=False)  # and its .bin


def save_contract(path: str, stages: int, source: str, licence: str) -> str:
    """Write the contract of a network's file that is there; its path."""
    contract = os.path.splitext(path)[0] + ".yaml"
    content: Dict[str, object] = {
        "file": os.path.basename(path),
        "sha256": sha256_of(path),
        "source": source,
        "licence": licence,
        "input": INPUT,
        "outputs": [OUTPUT],
        "stages": stages,
        "stride": MOBILENET_THIN.stride,
        "layout": MOBILENET_THIN.layout,
    }
    _write_contract(contract, content)
    return contract


def _write_contract(path: str, content: Dict[str, object]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as text:
        yaml.safe_dump(content, text, sort_keys=False, width=110)


def note_quality(name: str, quality: float) -> None:
    """Write into a network's contract what `rehab-coach benchmark shrink` measured.

    Args:
        name: of the network, or path of its contract.
        quality: joints within 5 pixels of mobilenet_thin's, in %.
    """
    path = name if name.endswith(".yaml") else share_path("models", name + ".yaml")
    with open(path, encoding="utf-8") as text:
        content = yaml.safe_load(text)
    content["quality"] = round(quality, 1)
    _write_contract(path, content)
