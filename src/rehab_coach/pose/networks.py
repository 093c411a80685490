"""Three ways to run a network of the tf-pose kind, all with the same answer: OpenVINO, OpenCV, TensorFlow."""

import os
import tempfile
from typing import Any, Callable, Set
from xml.etree import ElementTree

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.openvino_core import openvino_core
from rehab_coach.pose.network_file import MOBILENET_THIN, NetworkFile

BACKENDS = ("openvino", "opencv", "tensorflow")
PRECISIONS = ("f32", "bf16")
KINDS = {"onnx": "ONNX file", "openvino": "network of OpenVINO's", "tensorflow": "frozen TensorFlow graph"}

Network = Callable[[np.ndarray], np.ndarray]
"""float32 (H, W, 3) BGR 0..255 -> float32 (H / stride, W / stride, C), the channels as the contract's layout says:
for coco_18 18 key points, background, 19 limbs x 2 fields.

H and W are multiples of the stride and may change from picture to picture; the first picture of a new shape takes
longer."""


def create_network(
    backend: str, precision: str = "f32", threads: int = 0, network: NetworkFile = MOBILENET_THIN
) -> Network:
    """The network, tried once, so that it gives what its contract says.

    Args:
        backend: one of BACKENDS, or "auto": the first that is installed, in the order openvino, opencv.
        precision: "f32", or "bf16" where the processor has it (OpenVINO only): faster, less exact (docs/speed.md).
        threads: threads to use, 0 = the library's choice.
        network: which.

    Raises:
        RehabCoachError: backend not installed, file missing or damaged, or not as the contract says.
    """
    if precision != "f32" and backend not in ("openvino", "auto"):
        raise RehabCoachError("the precision %s needs the backend openvino, not %s" % (precision, backend))
    makers = {"openvino": _openvino, "opencv": _opencv, "tensorflow": _tensorflow}
    network.check()
    try:
        run = makers["openvino" if backend == "auto" else backend](network, precision, threads)
    except ImportError as error:
        if backend != "auto":
            raise RehabCoachError(
                "the backend '%s' is not installed here (%s); choose auto or opencv" % (backend, error)
            ) from error
        run = _opencv(network, precision, threads)
    run = _scaled(run, network)
    _try(run, network)
    return run


def _scaled(run: Network, network: NetworkFile) -> Network:
    """The network with its input's values in the contract's range."""
    low, high = network.values
    if (low, high) == MOBILENET_THIN.values:
        return run
    return lambda picture: run(picture * np.float32((high - low) / 255) + np.float32(low))


def _try(run: Network, network: NetworkFile) -> None:
    """RehabCoachError unless a small picture gives the cells and channels that the contract promises."""
    expected = (8, 10, network.channels)
    given = run(np.zeros((expected[0] * network.stride, expected[1] * network.stride, 3), np.float32)).shape
    if given != expected:
        raise RehabCoachError(
            "the pose network %s gives %s values for a picture that should give %s; correct stride, outputs or layout "
            "in its contract" % (network.name, " x ".join(map(str, given)), " x ".join(map(str, expected)))
        )


def _lacks(network: NetworkFile, tensor: str, backend: str) -> RehabCoachError:
    return RehabCoachError(
        "%s finds no tensor '%s' in the pose network %s: correct input or outputs in its contract%s"
        % (backend, tensor, network.name, "" if backend == "OpenVINO" else ", or choose the backend openvino")
    )


def read_openvino(network: NetworkFile) -> Any:
    """The network as an `openvino.Model`, cut at the contract's outputs; RehabCoachError where it has none of them."""
    from openvino.frontend import FrontEndManager

    if network.format == "openvino":
        try:
            model = openvino_core().read_model(network.path)
        except Exception as error:  # OpenVINO's have no base of their own
            raise _unreadable(network, error) from error
        for name in (network.input, *network.outputs):
            if not any(name in port.names for port in model.inputs + model.outputs):
                raise _lacks(network, name, "OpenVINO")
        return model
    is_onnx = network.format == "onnx"
    frontend = FrontEndManager().load_by_framework("onnx" if is_onnx else "tf")
    try:
        graph = frontend.load(network.path)
    except Exception as error:
        raise _unreadable(network, error) from error
    number = "" if is_onnx else ":0"
    places = {name: graph.get_place_by_tensor_name(name + number) for name in (network.input, *network.outputs)}
    for name, place in places.items():
        if place is None:
            raise _lacks(network, name, "OpenVINO")
    graph.override_all_outputs([places[name] for name in network.outputs])
    try:
        return frontend.convert(graph)
    except Exception as error:
        raise _unreadable(network, error) from error


def _openvino(network: NetworkFile, precision: str, threads: int) -> Network:
    from openvino import PartialShape

    can = openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and "BF16" not in can:
        raise RehabCoachError("this processor does not compute in bfloat16: choose the precision f32")
    model = read_openvino(network)
    if "INT8" not in can and any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops()):
        raise RehabCoachError(
            "this processor does not compute in eight bits: choose the network that %s was made from" % network.name
        )
    model.reshape({model.inputs[0]: PartialShape([1, -1, -1, 3])})
    if precision == "bf16":
        model = _with_exact_layers(model)
    # Without the hint OpenVINO computes in bfloat16 wherever the processor can, and says nothing.
    # Pinned to cores, two estimators would share one core and leave the others idle.
    # Kernels are kept for each shape of the picture, 2.5 MB a shape, up to 5000 of them: enough of them for one shape.
    options = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": 100,
    }
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    compiled = openvino_core().compile_model(model, "CPU", options)
    request = compiled.create_infer_request()

    def run(picture: np.ndarray) -> np.ndarray:
        request.infer({0: picture[None]})
        outputs = [request.get_output_tensor(number).data[0] for number in range(len(network.outputs))]
        return outputs[0].copy() if len(outputs) == 1 else np.concatenate(outputs, axis=-1)

    return run


def _with_exact_layers(model: Any) -> Any:
    """The network, of which some layers are marked to compute in float32 whatever the others do.

    They are the last two of each branch, the separable convolutions whose kernels are 1 x 1: they take small
    differences of large numbers and cost little (docs/shrinking.md).
    """
    from openvino import save_model

    exact: Set[str] = set()
    for operation in model.get_ops():
        if operation.get_type_name() == "GroupConvolution" and list(operation.input(1).get_shape())[-2:] == [1, 1]:
            readers = [reader.get_node() for reader in operation.output(0).get_target_inputs()]
            exact.update(node.get_friendly_name() for node in [operation, *readers])
    # In Python no layer can be given this mark; in a file it can.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.xml")
        save_model(model, path, compress_to_fp16=False)
        content = ElementTree.parse(path)
        for layer in content.iterfind("layers/layer"):
            if layer.attrib["name"] in exact:
                marks = layer.find("rt_info")
                marks = ElementTree.SubElement(layer, "rt_info") if marks is None else marks
                ElementTree.SubElement(marks, "attribute", name="precise", version="0")
        content.write(path)
        return openvino_core().read_model(path)


def _opencv(network: NetworkFile, precision: str, threads: int) -> Network:
    import cv2

    if network.format == "openvino":
        raise RehabCoachError("OpenCV does not read %s: choose the backend openvino" % network.path)
    is_onnx = network.format == "onnx"
    try:
        loaded = (cv2.dnn.readNetFromONNX if is_onnx else cv2.dnn.readNetFromTensorflow)(network.path)
    except cv2.error as error:
        raise _unreadable(network, error) from error
    for name in network.outputs:
        if loaded.getLayerId(name) < 0:  # OpenCV unites layers; what lies between them has no name any more
            raise _lacks(network, name, "OpenCV")
    if threads:
        cv2.setNumThreads(threads)

    def run(picture: np.ndarray) -> np.ndarray:
        # Of a TensorFlow graph OpenCV makes one with the channels in front.
        loaded.setInput(picture[None] if is_onnx else cv2.dnn.blobFromImage(picture))
        try:
            outputs = [output[0] for output in loaded.forward(list(network.outputs))]
        except cv2.error as error:
            raise RehabCoachError(
                "OpenCV cannot compute the pose network %s: choose the backend openvino" % network.name
            ) from error
        if not is_onnx:
            outputs = [output.transpose(1, 2, 0) for output in outputs]
        return np.ascontiguousarray(outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1))

    return run


def _tensorflow(network: NetworkFile, precision: str, threads: int) -> Network:
    if network.format != "tensorflow":
        raise RehabCoachError("TensorFlow does not read %s: choose the backend auto" % network.path)
    import tensorflow.compat.v1 as tf

    graph = tf.Graph()
    with graph.as_default(), open(network.path, "rb") as stream:
        definition = tf.GraphDef.FromString(stream.read())
        tf.import_graph_def(definition, name="")
    session = tf.Session(
        graph=graph,
        config=tf.ConfigProto(intra_op_parallelism_threads=threads, gpu_options=tf.GPUOptions(allow_growth=True)),
    )
    tensors = {}
    for name in (network.input, *network.outputs):
        try:
            tensors[name] = graph.get_tensor_by_name(name + ":0")
        except KeyError as error:
            raise _lacks(network, name, "TensorFlow") from error

    def run(picture: np.ndarray) -> np.ndarray:
        outputs = session.run([tensors[name] for name in network.outputs], {tensors[network.input]: picture[None]})
        return outputs[0][0] if len(outputs) == 1 else np.concatenate([output[0] for output in outputs], axis=-1)

    return run


def _unreadable(network: NetworkFile, error: Exception) -> RehabCoachError:
    return RehabCoachError(
        "the file of the pose network %s (%s) is no %s that can be read here: %s"
        % (
            network.name,
            network.path,
            KINDS[network.format],
            " ".join(str(error).split())[:200],
        )
    )
