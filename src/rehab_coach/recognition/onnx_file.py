"""The recogniser as an ONNX file, for other run-times and machines, with its contract inside.

    clip:       windows (N, 3, window, V, M) -> outputs (N, classes) before softmax, features (N, width)
    continual:  frames (2, 3, step, V, M), state_0 ... -> outputs (2, classes), next_state_0 ...
    metadata_props["rehab_coach"] = the contract as in a model file; ["rehab_coach_weights"] = SHA-256 of the weights

A continual network takes the stream and its mirror image, and each call the state that the call before gave; it begins
with zeros. ONNX Runtime and OpenVINO run both (`load_onnx`), and answer as PyTorch does to 1e-4 (tested).
"""

import importlib.util
import inspect
import io
import os
import warnings
from typing import Any, Dict, List, Sequence, Tuple, Union

import numpy as np
import torch
from torch import nn

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.openvino_core import openvino_core
from rehab_coach.recognition.continual import ContinualSTGCN, State
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.fused import FusedSTGCN
from rehab_coach.recognition.model_file import METADATA_KEY, ModelError, weights_digest
from rehab_coach.recognition.multi_branch import MultiBranchConvolution
from rehab_coach.recognition.st_gcn import STGCN, Dropout, SpatialGraphConvolution, STGCNLayer

EXTENSION = ".onnx"
DIGEST_KEY = "rehab_coach_weights"
OPSET = 17
RUNTIMES = ("onnxruntime", "openvino")
PROVIDERS = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
"""Of ONNX Runtime, the first that it has; TensorRT is there in NVIDIA's builds for the Jetson."""
TOLERANCE = 1e-4
STREAMS = 2
"""A stream and its mirror image."""
_LAYERS = (STGCN, STGCNLayer, SpatialGraphConvolution, MultiBranchConvolution, Dropout)


class _Clip(nn.Module):
    def __init__(self, network: STGCN):
        super().__init__()
        self.fused = FusedSTGCN(network)

    def forward(self, windows: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        features = self.fused.features(windows)
        return self.fused.answer(features), features


def save_onnx(path: str, network: STGCN, contract: ModelContract) -> Dict[str, float]:
    """Write a network, whole or not at all: a continual one if it is causal, else one for windows.

    Before the file is written, each run-time that is installed must answer as PyTorch does.

    Returns:
        The largest difference from PyTorch on random input, by run-time.

    Raises:
        RehabCoachError: a layer that cannot be exported, a run-time that answers otherwise, ONNX is not installed, or
            the file cannot be written.
    """
    _need("onnx", "writing ONNX files")
    _check_layers(network)
    torch.manual_seed(0)
    persons, joints = contract.persons, len(network.layout)
    module: nn.Module
    if contract.network.causal:
        continual = ContinualSTGCN(network)
        state = continual.begin(STREAMS, persons)
        # A state from the middle of a stream, so that what is compared is not all zero.
        with torch.no_grad():
            _, *middle = continual(torch.rand(STREAMS, 3, 4 * continual.step, joints, persons), *state)
        given = (torch.rand(STREAMS, 3, continual.step, joints, persons), *middle)
        names = ["frames"] + _numbered("state", state)
        results = ["outputs"] + _numbered("next_state", state)
        module, axes = continual, {}
    else:
        module = _Clip(network).eval()
        given = (torch.rand(3, 3, contract.window, joints, persons),)
        names, results = ["windows"], ["outputs", "features"]
        axes = {name: {0: "windows"} for name in names + results}
    content = _with_contract(_exported(module, given, names, results, axes), contract, weights_digest(network))
    with torch.no_grad():
        expected = module(*given)
    differences = {}
    for name in installed_runtimes():
        answered = _SESSIONS[name](content).run([tensor.numpy() for tensor in given])
        difference = max(float(np.abs(a - e.numpy()).max()) for a, e in zip(answered, expected))
        if not difference <= TOLERANCE:
            raise RehabCoachError("%s answers otherwise than PyTorch, by %.2g: nothing is written" % (name, difference))
        differences[name] = difference
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)
    return differences


def load_onnx(path: str, runtime: str = "") -> "Tuple[Union[OnnxNetwork, OnnxContinual], ModelContract]":
    """Read what `save_onnx` wrote.

    Args:
        path: of the file.
        runtime: one of `RUNTIMES`; "" = the first that is installed.

    Returns:
        The network, in the place of an `STGCN` for the recognisers, and its contract.

    Raises:
        ModelError: the file is missing, broken or of another kind, or the run-time is not installed.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ModelError("there is no model %s: name another, or write one with `rehab-coach export`" % path)
    installed = installed_runtimes()
    if runtime and runtime not in installed or not installed:
        raise ModelError(
            "%s needs %s, which is not installed: pip install 'rehab_coach[export]'"
            % (path, runtime or " or ".join(RUNTIMES))
        )
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        session = _SESSIONS[runtime or installed[0]](content)
    except Exception as error:  # each run-time has errors of its own
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError("%s is broken, cut short or no ONNX file (%s): copy it again" % (path, reason[-1])) from error
    if METADATA_KEY not in session.metadata:
        raise ModelError(
            "%s holds a network but no contract of rehab_coach: only files that `rehab-coach export` wrote can be used"
            % path
        )
    try:
        contract = ModelContract.from_json(session.metadata[METADATA_KEY])
    except ValueError as error:
        raise ModelError(
            "the contract of %s cannot be kept (%s): use the version of the package that wrote it, or export the model "
            "anew" % (path, error)
        ) from error
    kind = OnnxContinual if contract.network.causal else OnnxNetwork
    if session.inputs[:1] != [kind.INPUT]:
        raise ModelError(
            "the network of %s takes %s, not %s as its contract says: export the model anew"
            % (path, ", ".join(session.inputs) or "nothing", kind.INPUT)
        )
    return kind(session, contract, session.metadata.get(DIGEST_KEY, "")), contract


def installed_runtimes() -> List[str]:
    """Those of `RUNTIMES` that can be used here."""
    return [name for name in RUNTIMES if importlib.util.find_spec(name) is not None]


class OnnxNetwork:
    """An exported network for windows, in the place of `FusedSTGCN`.

    Attributes:
        digest: SHA-256 of the weights that it was made from.
    """

    INPUT = "windows"

    def __init__(self, session: "_Session", contract: ModelContract, digest: str):
        self._session = session
        self.digest = digest

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, 3, T, V, M) -> (N, classes), before softmax."""
        return torch.from_numpy(self._session.run([windows.numpy()])[0])

    def features(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, 3, T, V, M) -> (N, width), what the last layer sees."""
        return torch.from_numpy(self._session.run([windows.numpy()])[1])


class OnnxContinual:
    """An exported continual network, in the place of `ContinualSTGCN`.

    Attributes:
        step: frames that are taken at a time.
        digest: SHA-256 of the weights that it was made from.
    """

    INPUT = "frames"

    def __init__(self, session: "_Session", contract: ModelContract, digest: str):
        self._session, self.step, self.digest = session, contract.network.step, digest

    def begin(self, batch: int = STREAMS, persons: int = 1) -> State:
        """The state before the first frame; `batch` and `persons` are the file's."""
        return tuple(torch.zeros(shape) for shape in self._session.shapes[1:])

    def __call__(self, frames: torch.Tensor, *state: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """See `ContinualSTGCN.forward`."""
        return tuple(
            torch.from_numpy(array) for array in self._session.run([frames.numpy()] + [s.numpy() for s in state])
        )


class _Session:
    """A run-time with a network in it.

    Attributes:
        metadata: of the file.
        inputs: their names.
        shapes: of the inputs; 0 where any length fits.
    """

    metadata: Dict[str, str]
    inputs: List[str]
    shapes: List[Tuple[int, ...]]

    def run(self, arrays: Sequence[np.ndarray]) -> List[np.ndarray]:
        """All outputs for all inputs, in the order of the file."""
        raise NotImplementedError


class _OnnxRuntime(_Session):
    def __init__(self, content: bytes):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors only
        providers = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
        self._session = onnxruntime.InferenceSession(content, options, providers=providers)
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.inputs = [entry.name for entry in self._session.get_inputs()]
        self.shapes = [
            tuple(length if isinstance(length, int) else 0 for length in entry.shape)
            for entry in self._session.get_inputs()
        ]

    def run(self, arrays: Sequence[np.ndarray]) -> List[np.ndarray]:
        return self._session.run(None, dict(zip(self.inputs, arrays)))


class _OpenVino(_Session):
    def __init__(self, content: bytes):
        core = openvino_core()
        model = core.read_model(io.BytesIO(content))
        keys = (METADATA_KEY, DIGEST_KEY)
        paths = {key: ["framework", key] for key in keys if model.has_rt_info(["framework", key])}
        self.metadata = {key: model.get_rt_info(path).astype(str) for key, path in paths.items()}
        self.inputs = [entry.get_any_name() for entry in model.inputs]
        self.shapes = [
            tuple(length.get_length() if length.is_static else 0 for length in entry.get_partial_shape())
            for entry in model.inputs
        ]
        # bfloat16, which it takes by itself where the processor has it, is not exact enough.
        options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
        self._compiled = core.compile_model(model, "CPU", options)

    def run(self, arrays: Sequence[np.ndarray]) -> List[np.ndarray]:
        results = self._compiled(list(arrays))
        return [np.array(results[number]) for number in range(len(self._compiled.outputs))]


_SESSIONS: Dict[str, Any] = {"onnxruntime": _OnnxRuntime, "openvino": _OpenVino}


def _numbered(name: str, tensors: Sequence[torch.Tensor]) -> List[str]:
    return ["%s_%d" % (name, number) for number in range(len(tensors))]


def _check_layers(network: STGCN) -> None:
    for name, module in network.named_modules():
        known = isinstance(module, _LAYERS) or type(module).__module__.startswith("torch.nn.")
        if not known:
            raise ModelError(
                "the layer %s is a %s, which cannot be written as ONNX: only the layers of ST-GCN and ST-GCN++ can"
                % (name, type(module).__name__)
            )


def _exported(
    module: nn.Module,
    given: Tuple[torch.Tensor, ...],
    names: List[str],
    results: List[str],
    axes: Dict[str, Dict[int, str]],
) -> bytes:
    """The graph without its contract."""
    # PyTorch's newer exporter needs a package of its own; both that the project runs on have the older one.
    older: Dict[str, Any] = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    stream = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                module,
                given,
                stream,  # type: ignore[arg-type]  # missing in PyTorch's type
                input_names=names,
                output_names=results,
                dynamic_axes=axes or None,
                opset_version=OPSET,
                **older,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise ModelError("PyTorch cannot write this network as ONNX: %s" % str(error).splitlines()[0]) from error
    return stream.getvalue()


def _with_contract(content: bytes, contract: ModelContract, digest: str) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    onnx.helper.set_model_props(model, {METADATA_KEY: contract.to_json(), DIGEST_KEY: digest})
    return model.SerializeToString()


def _need(package: str, purpose: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise RehabCoachError("%s needs the package %s: pip install 'rehab_coach[export]'" % (purpose, package))
