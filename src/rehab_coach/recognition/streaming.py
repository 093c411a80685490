"""The recogniser while somebody moves: a skeleton in, what is known of the movement so far out.

    skeleton -> frame rate -> box so far -> continual network -> probabilities so far -> steady answer

All that happens to a frame happens when it comes. What differs from `Recognizer`, which has the whole recording: the
coordinates are relative to the person's box so far ("running_box"), the network does not look ahead, and the answer is
about everything since the person came, not the mean over windows. `Recognizer` with the same model answers the same
about the same frames (tested), but for less than one step of the network at the end. Where a `Recognizer` of recordings
is at hand it has a second look now and then, and the answer is a mean of both.
"""

import os
from collections import deque
from dataclasses import dataclass
from typing import Deque, List, Optional, Tuple, Union

import numpy as np
import torch

from rehab_coach.paths import share_path
from rehab_coach.recognition.continual import ContinualSTGCN
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.model_file import ModelError, load_model
from rehab_coach.recognition.onnx_file import EXTENSION, OnnxContinual, load_onnx
from rehab_coach.recognition.preprocessing import RUNNING_BOX, in_box, mirrored, normalise, robust_box
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.second_look import SecondLook
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.recognition.steady_answer import Hysteresis, SteadyAnswer
from rehab_coach.skeleton import COCO_18, Layout, to_coco_18
from rehab_coach.skeleton.sequence import key_points_between

LONGEST_GAP = 2.0
"""Seconds without any frame, or without the person, after which what follows is another movement. An estimator may miss
somebody who lies for longer than a second; whoever is elsewhere when the tracker has chosen anew is another person."""
LONGEST_DOUBT = 0.3
"""Seconds that somebody must be elsewhere to be another person; before that it was an error of the estimator."""
JUMP = 0.6
"""Of the person's size: nobody moves most joints further from one frame to the next."""
COMMON_JOINTS = 4
"""Fewer that both frames show say nothing."""


@dataclass(frozen=True, eq=False)
class SoFar:
    """What is known of a movement that is not over.

    Attributes:
        stamp: of the newest frame, seconds.
        seconds: of the movement so far; 0 while nobody is there.
        label: the steady answer, an exercise or "unknown".
        confidence: probability of the label.
        stable: the answer has been sure for long enough.
        labels: the model's, in the order of the probabilities.
        probabilities: float32, sum 1; all 0 before the first answer.
        notice: why everything before this frame was forgotten; empty: it was not.
    """

    stamp: float
    seconds: float
    label: str
    confidence: float
    stable: bool
    labels: Tuple[str, ...]
    probabilities: np.ndarray
    notice: str = ""


def default_streaming_model() -> str:
    """Path of the model for streams that ships with the package."""
    return share_path("models", "streaming.safetensors")


class StreamingRecognizer:
    """Recognises what one person does while they do it.

    A stream begins anew, and says so, when frames stay away, stamps fall, the person leaves, or somebody else is there.

    Args:
        network: causal, trained. Or what `load_onnx` reads of such a one.
        contract: what it was trained for.
        hysteresis: when the answer changes.
        minimum_seconds: that the person must have been seen before there is an answer.
        second: of whole recordings, that has a second look; None: the stream answers alone.
        method: how the second look's frames get to its model's rate, see `Recognizer.recognize`.

    Attributes:
        contract: the network's.

    Raises:
        ModelError: the network looks ahead.
        OtherLabels: the second recogniser's are others.
    """

    def __init__(
        self,
        network: Union[STGCN, OnnxContinual],
        contract: ModelContract,
        hysteresis: Hysteresis = Hysteresis(),
        minimum_seconds: float = 0.5,
        second: Optional[Recognizer] = None,
        method: str = "interpolate",
    ):
        if not contract.network.causal:
            raise ModelError(
                "this model needs the whole recording: for streams take one that was trained with `causal: true`, "
                "as config/recipes/streaming.yaml does"
            )
        self.contract = contract
        self._minimum = minimum_seconds
        self._network = network if isinstance(network, OnnxContinual) else ContinualSTGCN(network)
        self._steady = SteadyAnswer(contract.labels, contract.unknown_threshold, hysteresis)
        self._second = None if second is None else SecondLook(second, contract.labels, method)
        self.reset()

    @classmethod
    def load(cls, path: Optional[str] = None, runtime: str = "", **options) -> "StreamingRecognizer":
        """With the model in a file, by default the one for streams that ships.

        Args:
            path: of a model file, or of an ONNX file.
            runtime: of an ONNX file, see `load_onnx`.
            options: see the class.

        Raises:
            ModelError: the file is missing, broken or of another kind, or needs the whole recording.
        """
        path = os.fspath(path or default_streaming_model())
        network, contract = load_onnx(path, runtime) if path.endswith(EXTENSION) else load_model(path)
        return cls(network, contract, **options)  # type: ignore[arg-type]  # one for windows is refused there

    @property
    def labels(self) -> Tuple[str, ...]:
        """Everything that it can answer."""
        return self.contract.labels

    def reset(self) -> None:
        """Forget everything; the next frame is the first."""
        self._stamp: Optional[float] = None  # of the newest frame
        self._begin()

    def _begin(self) -> None:
        """Forget the movement."""
        self._begun: Optional[float] = None  # stamp of the first frame with the person
        self._frame = np.zeros((len(COCO_18), 3), np.float32)  # the newest
        self._moments = 0  # of the model's rate that are past
        self._unseen = 0  # of these the last ones, without the person: they count only if the person comes back
        self._taken = 0
        self._person: Optional[np.ndarray] = None
        self._seen_at = 0.0
        self._elsewhere_since: Optional[float] = None
        self._past: Deque[np.ndarray] = deque(maxlen=RUNNING_BOX)
        self._inputs: List[np.ndarray] = []
        # The stream and its mirror image, as `Recognizer` does it.
        self._state = self._network.begin(2, self.contract.persons)
        self._probabilities = np.zeros(len(self.contract.labels), np.float32)
        self._steady.reset()
        if self._second is not None:
            self._second.reset()

    def warm_up(self) -> None:
        """Recognise an empty stream: no first-time set-up then falls into a movement."""
        empty = torch.zeros(2, 3, self._network.step, len(COCO_18), self.contract.persons)
        with torch.inference_mode():
            for _ in range(2):
                self._network(empty, *self._network.begin(2, self.contract.persons))

    def add(
        self, stamp: float, key_points: Optional[np.ndarray], size: Tuple[int, int], layout: Layout = COCO_18
    ) -> SoFar:
        """Take the next frame.

        Args:
            stamp: seconds. A frame with the stamp of the one before is left out.
            key_points: (V, 3) x, y, score of the person; None, or no joint seen: they are not there.
            size: width and height of the picture.
            layout: of the key points.

        Raises:
            ValueError: key points that do not fit the layout, or they or the stamp are not finite.
        """
        if not np.isfinite(stamp):
            raise ValueError("the stamp must be finite, not %s" % stamp)
        current = self._coco_18(key_points, layout)
        if stamp == self._stamp:
            return self._so_far(stamp, "")
        notice = self._interruption(stamp, current)
        if notice:
            self._begin()
        elif self._elsewhere_since is not None:
            current = np.zeros_like(self._frame)  # an error of the estimator, until it lasts
        before, self._stamp = self._stamp, stamp
        if (current[:, 2] > 0).any():
            self._person, self._seen_at = current, stamp
            if self._begun is None:
                self._begun, before = stamp, None
        if self._begun is not None:
            if self._second is not None:
                self._second.add(stamp, current)
            self._advance(before, stamp, current, size)
        self._frame = current
        return self._so_far(stamp, notice)

    def _coco_18(self, key_points: Optional[np.ndarray], layout: Layout) -> np.ndarray:
        if key_points is None:
            return np.zeros((len(COCO_18), 3), np.float32)
        key_points = np.asarray(key_points, np.float32)
        if key_points.shape != (len(layout), 3):
            raise ValueError("key points %s do not fit %s" % (key_points.shape, layout.name))
        if not np.isfinite(key_points).all():
            raise ValueError("key points must be finite: an unseen joint has score 0, not NaN")
        return key_points if layout.name == COCO_18.name else to_coco_18(key_points[None], layout)[0]

    def _interruption(self, stamp: float, current: np.ndarray) -> str:
        """Why the movement so far has nothing to do with this frame; empty: it goes on."""
        if self._stamp is None:
            return ""
        if stamp < self._stamp:
            return "the stamps fell back by %.1f s" % (self._stamp - stamp)
        if self._begun is None:
            return ""
        if stamp - self._stamp > LONGEST_GAP:
            return "no frame came for %.1f s" % (stamp - self._stamp)
        was_missed = not ((current[:, 2] > 0).any() and (self._frame[:, 2] > 0).any())
        if was_missed and stamp - self._seen_at > LONGEST_GAP:
            return "the person was away for %.1f s" % (stamp - self._seen_at)
        if not self._is_elsewhere(current):
            if (current[:, 2] > 0).any():
                self._elsewhere_since = None
            return ""
        if self._elsewhere_since is None:
            self._elsewhere_since = stamp
        return "somebody else is there" if stamp - self._elsewhere_since >= LONGEST_DOUBT else ""

    def _is_elsewhere(self, current: np.ndarray) -> bool:
        """Whether these key points cannot be where the person was."""
        assert self._person is not None  # the movement has begun
        both = (current[:, 2] > 0) & (self._person[:, 2] > 0)
        if both.sum() < COMMON_JOINTS:
            return False
        seen = self._person[self._person[:, 2] > 0, :2]
        extent = max(float(np.ptp(seen, axis=0).max()), 1e-6)
        moved = np.linalg.norm(current[both, :2] - self._person[both, :2], axis=1)
        return float(np.median(moved)) > JUMP * extent

    def _advance(self, before: Optional[float], stamp: float, current: np.ndarray, size: Tuple[int, int]) -> None:
        """The moments of the model's rate up to this frame, between it and the one before."""
        assert self._begun is not None
        while True:
            moment = self._begun + self._moments / self.contract.rate
            if moment > stamp + 1e-6:
                return
            self._moments += 1
            weight = 1.0 if before is None else (moment - before) / (stamp - before)
            self._take(key_points_between(self._frame[None], current[None], np.array([weight]))[0], size)

    def _take(self, key_points: np.ndarray, size: Tuple[int, int]) -> None:
        """A frame at the model's rate."""
        if not (key_points[:, 2] > 0).any():
            self._unseen += 1
            return
        for _ in range(self._unseen):
            self._feed(np.zeros_like(key_points), size)
        self._unseen = 0
        self._feed(key_points, size)

    def _feed(self, key_points: np.ndarray, size: Tuple[int, int]) -> None:
        self._past.append(key_points)
        self._taken += 1
        self._inputs.append(self._normalised(key_points, size))
        if len(self._inputs) < self._network.step:
            return
        frames = np.zeros((1, 3, len(self._inputs), len(COCO_18), self.contract.persons), np.float32)
        frames[..., 0] = np.stack(self._inputs).transpose(2, 0, 1)
        self._inputs = []
        both = torch.from_numpy(np.concatenate([frames, mirrored(frames)]))
        with torch.inference_mode():
            outputs, *state = self._network(both, *self._state)
            probabilities = torch.softmax(outputs, dim=1).mean(dim=0).numpy()
        self._state = tuple(state)
        if self.seconds >= self._minimum:
            if self._second is not None:
                probabilities = self._second.mixed(self.seconds, probabilities, size)
            self._probabilities = probabilities
            self._steady.update(self.seconds, probabilities)

    def _normalised(self, key_points: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
        """float32 (V, 3), as `preprocessing.normalise` makes it of the whole window's last frame."""
        if self.contract.normalisation != "running_box":
            return normalise(key_points[None], size, self.contract.normalisation)[0]
        centre, extent = robust_box(np.stack(self._past))
        places = in_box(key_points[:, :2], centre, extent)
        seen = key_points[:, 2:] > 0
        return np.where(seen, np.concatenate([places, key_points[:, 2:]], axis=1), np.float32(0))

    @property
    def seconds(self) -> float:
        """Of the movement so far."""
        return self._taken / self.contract.rate

    def _so_far(self, stamp: float, notice: str) -> SoFar:
        label = self._steady.label
        confidence = float(self._probabilities[self.contract.labels.index(label)]) if label in self.labels else 0.0
        return SoFar(
            stamp,
            self.seconds,
            label,
            confidence,
            self._steady.stable,
            self.contract.labels,
            self._probabilities,
            notice,
        )
