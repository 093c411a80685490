"""Whether a round may end before its time: the movement is known, and enough of it was seen to say more about it."""

from typing import Callable, Optional

import numpy as np

from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.recognition.recognizer import Recognition
from rehab_coach.recognition.streaming import SoFar
from rehab_coach.skeleton import Layout

REPETITIONS = 2
"""That must be done; one alone says little about how it is done."""
INTERVAL = 0.5
"""Seconds between two looks at the whole recording, which cost more than a frame."""


class EarlyEnd:
    """Follows a recording.

    It may end when the answer of the stream is stable, `REPETITIONS` repetitions are done, and the recogniser of whole
    recordings says the same of what was recorded. So an early answer is the answer of both.

    Args:
        recognize: what was recorded so far, as a whole; None: nothing can be said of it yet.
    """

    def __init__(self, recognize: Callable[[], Optional[Recognition]]):
        self._recognize = recognize
        self._begin()

    def _begin(self) -> None:
        # Of whatever moves: somebody may do another exercise than they were asked for.
        self._counter = RepetitionCounter()
        self._looked = -np.inf

    def reached(self, so_far: SoFar, key_points: Optional[np.ndarray], layout: Layout) -> bool:
        """Take the next frame.

        Args:
            so_far: the answer of the stream with it.
            key_points: (V, 3) of the person, None if they are not there.
            layout: of the key points.
        """
        if so_far.notice:
            self._begin()
        count = self._counter.add(so_far.stamp, np.zeros(0) if key_points is None else key_points, layout)
        if not so_far.stable or count < REPETITIONS or so_far.stamp - self._looked < INTERVAL:
            return False
        self._looked = so_far.stamp
        recognition = self._recognize()
        return recognition is not None and recognition.label == so_far.label
