"""What the recogniser of whole recordings says while somebody moves: asked seldom, it knows more than the stream."""

from collections import deque
from typing import Deque, List, Optional, Tuple

import numpy as np

from rehab_coach.recognition.model_file import ModelError
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.skeleton import SkeletonSequence

FIRST = 2.0
"""Seconds of a movement after which it is asked, and again whenever the movement is twice as long. Earlier looks made
the answer change more often (docs/streaming.md)."""
LONGEST_WAIT = 8.0
"""Seconds between two looks."""
MEMORY = 16.0
"""Seconds of the past that it looks at."""
WEIGHT = 0.7
"""Of its answer until the next one; the rest is the stream's. Chosen as the hysteresis is (docs/streaming.md)."""


class OtherLabels(ModelError):
    """Two models that cannot answer together."""


def looks_until(seconds: float) -> List[float]:
    """When it is asked in a movement of so many seconds."""
    looks, due = [], FIRST
    while due <= seconds:
        looks.append(due)
        due = _after(due)
    return looks


def _after(look: float) -> float:
    """When the next look is."""
    return look + min(look, LONGEST_WAIT)


class SecondLook:
    """Remembers a movement, and looks at all of it after 2, 4, 8, 16, 24 ... seconds.

    Args:
        recognizer: of whole recordings.
        labels: of the stream, the same as the recogniser's in any order.
        method: how its frames get to the model's rate, see `Recognizer.recognize`.

    Raises:
        OtherLabels: the recogniser's are others.
    """

    def __init__(self, recognizer: Recognizer, labels: Tuple[str, ...], method: str = "interpolate"):
        if set(labels) != set(recognizer.labels):
            raise OtherLabels(
                "the model for streams answers %s, the model %s"
                % tuple(", ".join(each) for each in (labels, recognizer.labels))
            )
        self._recognizer, self._method = recognizer, method
        self._order = [recognizer.labels.index(label) for label in labels]
        self.reset()

    def reset(self) -> None:
        """Forget the movement."""
        self._frames: Deque[Tuple[float, np.ndarray]] = deque()
        self._due = FIRST
        self._answer: Optional[np.ndarray] = None

    def add(self, stamp: float, key_points: np.ndarray) -> None:
        """Remember a frame: seconds, (18, 3)."""
        self._frames.append((stamp, key_points))
        while stamp - self._frames[0][0] > MEMORY:
            self._frames.popleft()

    def mixed(self, seconds: float, probabilities: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
        """The stream's probabilities with those of the last look, after another look if it is time.

        Args:
            seconds: of the movement so far.
            probabilities: (labels,) of the stream.
            size: width and height of the picture.
        """
        if seconds >= self._due:
            self._due = _after(self._due)
            stamps, key_points = zip(*self._frames)
            sequence = SkeletonSequence(np.stack(key_points), np.array(stamps), size)
            found = self._recognizer.recognize(sequence, self._method)
            if found.probabilities.any():
                self._answer = found.probabilities[self._order]
        return probabilities if self._answer is None else WEIGHT * self._answer + (1 - WEIGHT) * probabilities
