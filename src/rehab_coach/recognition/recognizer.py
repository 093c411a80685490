"""A skeleton sequence in, an exercise out: what the robot, the command line and the evaluation call."""

import os
from dataclasses import dataclass
from typing import Optional, Tuple, Union

import numpy as np
import torch

from rehab_coach.exercises import UNKNOWN
from rehab_coach.paths import share_path
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.fused import FusedSTGCN
from rehab_coach.recognition.model_file import ModelError, load_model, weights_digest
from rehab_coach.recognition.onnx_file import EXTENSION, OnnxNetwork, load_onnx
from rehab_coach.recognition.preprocessing import mirrored, windows
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.rounds import Status
from rehab_coach.skeleton import SkeletonSequence


@dataclass(frozen=True, eq=False)
class Recognition:
    """The answer about one recording.

    Attributes:
        label: the exercise, or "unknown".
        status: what became of the recording; never failed.
        confidence: probability of the label, 0..1; 0 when nobody was seen.
        labels: the model's, in the order of the probabilities.
        probabilities: float32, sum 1; all 0 when nobody was seen.
    """

    label: str
    status: Status
    confidence: float
    labels: Tuple[str, ...]
    probabilities: np.ndarray


def default_model() -> str:
    """Path of the model that ships with the package."""
    return share_path("models", "coach.safetensors")


class Recognizer:
    """Recognises the exercise that one person does.

    Args:
        network: trained; taken over as it is now. Or what `load_onnx` reads.
        contract: what the network was trained for.
        minimum_seen: a recording is "not_seen" if a smaller share of its frames holds a person,
        minimum_seconds: or if a person was seen for a shorter time.

    Attributes:
        contract: the network's.
        digest: SHA-256 of its weights.
    """

    def __init__(
        self,
        network: Union[STGCN, OnnxNetwork],
        contract: ModelContract,
        minimum_seen: float = 0.3,
        minimum_seconds: float = 0.5,
    ):
        self.contract = contract
        self.minimum_seen, self.minimum_seconds = minimum_seen, minimum_seconds
        if contract.network.causal and not isinstance(network, STGCN):
            raise ModelError(
                "this file takes a few frames at a time: for whole recordings export a model without `causal: true`"
            )
        self.digest = network.digest if isinstance(network, OnnxNetwork) else weights_digest(network)
        self._network = network if isinstance(network, OnnxNetwork) else FusedSTGCN(network)
        self._exercises = np.array([label != UNKNOWN for label in contract.labels])

    @classmethod
    def load(
        cls, path: Optional[str] = None, runtime: str = "", threads: Optional[int] = None, **options
    ) -> "Recognizer":
        """A recognizer with the model in a file, by default the one that ships.

        Args:
            path: of a model file, or of an ONNX file.
            runtime: of an ONNX file, see `load_onnx`.
            threads: CPU threads of PyTorch, for the whole process, and of an ONNX file's run-time; None leaves
                PyTorch's number.
            options: see the class.

        Raises:
            ModelError: the file is missing, broken or of another kind.
        """
        if threads is not None:
            torch.set_num_threads(threads)  # before the run-time asks how many there are
        path = os.fspath(path or default_model())
        network, contract = load_onnx(path, runtime) if path.endswith(EXTENSION) else load_model(path)
        return cls(network, contract, **options)  # type: ignore[arg-type]  # a continual one is refused there

    @property
    def labels(self) -> Tuple[str, ...]:
        """Everything that it can answer."""
        return self.contract.labels

    @property
    def exercises(self) -> Tuple[str, ...]:
        """Everything that somebody can be asked for: the labels without `UNKNOWN`."""
        return tuple(label for label in self.labels if label != UNKNOWN)

    def warm_up(self, duration: float = 10.0) -> None:
        """Recognise an empty recording of so many seconds: no first-time set-up then falls into a wait."""
        frames = int(duration * self.contract.rate) + 1
        key_points = np.zeros((frames, 18, 3), np.float32)
        empty = SkeletonSequence(key_points, np.arange(frames) / self.contract.rate, (640, 480))
        for _ in range(2):  # PyTorch sets up on the first call of a shape and settles on the second
            self._probabilities(windows(empty, self.contract))

    def recognize(self, sequence: SkeletonSequence, method: str = "interpolate") -> Recognition:
        """Say which exercise a recording shows.

        A recording longer than the model's window is recognised in several windows, each as it is and as in a
        mirror. Their probabilities are averaged, each as heavy as the share of its frames that holds a person.

        Args:
            sequence: of one person, at any frame rate.
            method: how to get to the model's rate: "interpolate", "copy" or "as_it_is".

        Raises:
            ValueError: an unknown method.
        """
        labels = self.contract.labels
        inputs, weights = self._seen_windows(sequence, method)
        if not len(inputs):
            return Recognition(UNKNOWN, Status.NOT_SEEN, 0.0, labels, np.zeros(len(labels), np.float32))
        probabilities = np.average(self._probabilities(inputs), axis=0, weights=weights).astype(np.float32)
        best = int(np.argmax(np.where(self._exercises, probabilities, -1)))
        confidence = float(probabilities[best])
        if best != int(probabilities.argmax()) or confidence < self.contract.unknown_threshold:
            unknown = float(probabilities[~self._exercises].sum())
            return Recognition(UNKNOWN, Status.UNKNOWN, unknown, labels, probabilities)
        return Recognition(labels[best], Status.RECOGNISED, confidence, labels, probabilities)

    def features(self, sequence: SkeletonSequence, method: str = "interpolate") -> Optional[np.ndarray]:
        """What the network makes of a recording before it decides among its labels.

        Args:
            sequence, method: as for `recognize`.

        Returns:
            float32 (width,), the mean over the windows and their mirror images, weighted as in `recognize`; None
            where `recognize` answers "not_seen".
        """
        inputs, weights = self._seen_windows(sequence, method)
        if not len(inputs):
            return None
        with torch.inference_mode():
            both = self._network.features(torch.from_numpy(np.concatenate([inputs, mirrored(inputs)]))).numpy()
        return np.average(both, axis=0, weights=np.tile(weights, 2)).astype(np.float32)

    def _seen_windows(self, sequence: SkeletonSequence, method: str) -> Tuple[np.ndarray, np.ndarray]:
        """`preprocessing.windows`, and the share of each one's frames with a person; none where that is too little."""
        if not self._is_seen(sequence):
            return np.zeros(0), np.zeros(0)
        inputs = windows(sequence, self.contract, method)
        weights = (inputs[:, 2] > 0).any(axis=(2, 3)).mean(axis=1)
        # Who is never seen in two neighbouring frames is lost between them at the model's rate, and of whom only the
        # heels are seen has no joint of the model's layout.
        is_seen = weights.max() > 0 and weights.max() >= self.minimum_seen
        # A causal network gets what there is, and answers with its first step.
        too_short = inputs.shape[2] < self.contract.network.step and self.contract.network.causal
        return (inputs, weights) if is_seen and not too_short else (inputs[:0], weights[:0])

    def _is_seen(self, sequence: SkeletonSequence) -> bool:
        """Whether a person is in enough of the frames, for long enough."""
        if len(sequence) < 2:
            return False
        share = float(sequence.seen.mean())
        seconds = share * len(sequence) / sequence.rate
        return share > 0 and share >= self.minimum_seen and seconds >= self.minimum_seconds

    def _probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """(windows, 3, T, V, M) -> float32 (windows, classes).

        No exercise depends on which side is left, but a network's errors do: the mean of both errs less.
        """
        both = torch.from_numpy(np.concatenate([inputs, mirrored(inputs)]))
        with torch.inference_mode():
            return torch.softmax(self._network(both), dim=1).numpy().reshape(2, len(inputs), -1).mean(axis=0)
