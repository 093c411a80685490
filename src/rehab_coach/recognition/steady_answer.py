"""An answer that grows without flickering: shown when it is clear or has lasted, until something else is or has."""

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np

from rehab_coach.exercises import UNKNOWN


@dataclass(frozen=True)
class Hysteresis:
    """When an answer changes, and when it may be relied upon.

    The defaults were chosen on films of rendered people, not on the clips that the numbers are of
    (docs/streaming.md).

    Attributes:
        clear: probability from which another answer is shown at once.
        hold: seconds that one less probable must last before it is shown.
        sure: probability from which the shown answer counts as sure.
        sure_for: seconds that it must have been sure, without a pause, to be stable.
    """

    clear: float = 0.6
    hold: float = 1.0
    sure: float = 0.8
    sure_for: float = 1.5


class SteadyAnswer:
    """Follows the probabilities of a stream.

    Args:
        labels: of the probabilities.
        threshold: an exercise less probable than this is `unknown`.
        hysteresis: when the answer changes.

    Attributes:
        label: what is shown: an exercise, or `unknown`, which it begins with.
        stable: the label has been sure for long enough, and nothing else has been shown since.
    """

    def __init__(self, labels: Sequence[str], threshold: float, hysteresis: Hysteresis = Hysteresis()):
        self._labels: Tuple[str, ...] = tuple(labels)
        self._exercises = np.array([label != UNKNOWN for label in labels])
        self._threshold, self._hysteresis = threshold, hysteresis
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.label, self.stable = UNKNOWN, False
        self._other, self._other_since = UNKNOWN, 0.0
        self._sure_since: Optional[float] = None

    def update(self, stamp: float, probabilities: np.ndarray) -> None:
        """Take the next probabilities.

        Args:
            stamp: seconds, rising.
            probabilities: (labels,).
        """
        candidate, confidence = self._candidate(probabilities)
        if candidate == self.label:
            self._other = self.label
        elif candidate != self._other:
            self._other, self._other_since = candidate, stamp
        lasted = stamp - self._other_since >= self._hysteresis.hold
        if candidate != self.label and (lasted or confidence >= self._hysteresis.clear):
            self.label, self.stable, self._sure_since = candidate, False, None
        if self.label == UNKNOWN or candidate != self.label or confidence < self._hysteresis.sure:
            self._sure_since = None
        elif self._sure_since is None:
            self._sure_since = stamp
        elif stamp - self._sure_since >= self._hysteresis.sure_for:
            self.stable = True

    def _candidate(self, probabilities: np.ndarray) -> Tuple[str, float]:
        """What would be answered without a past, and its probability; as `Recognizer.recognize` decides."""
        best = int(np.argmax(np.where(self._exercises, probabilities, -1)))
        confidence = float(probabilities[best])
        if best != int(probabilities.argmax()) or confidence < self._threshold:
            return UNKNOWN, float(probabilities[~self._exercises].sum())
        return self._labels[best], confidence
