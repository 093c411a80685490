"""Repetitions counted while they happen, one skeleton after the other."""

from typing import List, Optional

import numpy as np

from rehab_coach.kinematics.movement_signal import MEASURES, combine, raw_measures
from rehab_coach.kinematics.repetitions import find_cycles
from rehab_coach.skeleton import Layout, to_coco_18

MEMORY = 30.0
"""Seconds of the past from which the person's own range is learned."""
SETTLED = 15.0
"""Seconds after which a repetition is not looked at again."""
LEAST_HISTORY = 0.5
"""Seconds after which there is enough to look at."""
INTERVAL = 0.1
"""Seconds between two looks at the signal: sooner nobody sees a number change."""


class RepetitionCounter:
    """Counts from a stream of key points.

    The past half minute goes through the same signal and the same hysteresis as a whole recording does
    (`find_repetitions`), so that both end with the same count. The more is seen of a person, the better is known what
    one of their repetitions looks like; so all of the past is counted anew each time. The number never goes back: if
    something was taken for a repetition at first, the next one that is done does not add to it.

    Args:
        exercise: one of the six; None: any periodic movement.

    Raises:
        ValueError: an unknown exercise.
    """

    def __init__(self, exercise: Optional[str] = None):
        if exercise is not None and exercise not in MEASURES:
            raise ValueError("unknown exercise '%s'; known: %s" % (exercise, ", ".join(MEASURES)))
        self.exercise = exercise
        self.count = 0
        self._stamps: List[float] = []
        self._measures: List[np.ndarray] = []
        self._trust = np.empty(0)
        self._looked = -np.inf
        self._settled = 0
        self._settled_until = -np.inf

    def add(self, stamp: float, key_points: np.ndarray, layout: Layout) -> int:
        """Take the next frame.

        Args:
            stamp: seconds; a frame that is not later than the one before is left out.
            key_points: (V, 3) x, y, score; nobody seen: all scores 0, or an array of length 0.
            layout: of the key points.

        Returns:
            Repetitions so far; it never becomes less.

        Raises:
            ValueError: key points that do not fit the layout.
        """
        key_points = np.asarray(key_points, np.float32)
        if not key_points.size:
            key_points = np.zeros((len(layout), 3), np.float32)
        if key_points.shape != (len(layout), 3):
            raise ValueError("key points %s do not fit %s" % (key_points.shape, layout.name))
        if self._stamps and stamp <= self._stamps[-1]:
            return self.count
        columns, self._trust = raw_measures(to_coco_18(key_points[None], layout), self.exercise)
        self._stamps.append(float(stamp))
        self._measures.append(columns[0])
        while self._stamps[0] < stamp - MEMORY:
            del self._stamps[0], self._measures[0]
        if stamp >= self._looked + INTERVAL - 1e-6:
            self._looked = stamp
            self._look()
        return self.count

    def _look(self) -> None:
        columns, stamps = np.array(self._measures), np.array(self._stamps)
        if stamps[-1] - stamps[0] < LEAST_HISTORY:
            return
        seen = np.isfinite(columns[:, 0])
        moved = combine(stamps, columns, self._trust, seen, self.exercise is not None) if seen.any() else None
        if moved is None:
            return
        cycles = [(moved.stamps[one.turn], moved.stamps[one.after]) for one in find_cycles(moved, self.exercise)]
        later = [end for turn, end in cycles if turn > self._settled_until]
        self.count = max(self.count, self._settled + len(later))
        for end in later:
            if end < stamps[-1] - SETTLED:
                self._settled, self._settled_until = self._settled + 1, end
