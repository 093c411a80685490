"""Repetitions counted while they happen, one skeleton after the other."""

from typing import List, Optional

import numpy as np

from rehab_coach.kinematics.repetitions.find import find_cycles
from rehab_coach.kinematics.repetitions.signal import (
    RATE,
    SCALE_TIME,
    combine,
    raw_measures,
    regular_samples,
    share_known,
    signal_of,
    smooth,
)
from rehab_coach.skeleton import COCO_18, Layout, to_coco_18

MEMORY = 20.0
"""Seconds of the past from which the person's own range is learned."""
SETTLED = 10.0
"""Seconds after which a repetition is not looked at again."""
LEAST_HISTORY = 0.5
"""Seconds after which there is enough to look at."""
LONGEST_GAP = 5.0
"""Seconds without any frame after which what was before is another recording; the count goes on."""
INTERVAL = 0.1
"""Seconds between two looks at the signal: sooner nobody sees a number change."""
UNFINISHED = SCALE_TIME / 2 + 0.5
"""Seconds before now in which new frames still change what the filters give."""
LEAD_IN = SCALE_TIME / 2 + 0.5
"""Seconds before those that the filters need to get going."""


class RepetitionCounter:
    """Counts from a stream of key points.

    The past goes through the same signal and the same hysteresis as a whole recording does (`find_repetitions`), so
    that both end with the same count. Each frame is measured once and only the last seconds are filtered again; what
    is cheap, the weights of the measures and the turning points, follows all that is remembered: the more is seen of
    a person, the better is known what one of their repetitions looks like. The number never goes back: if something
    was taken for a repetition at first, the next one that is done does not add to it.

    Args:
        exercise: label; None, or one whose record names no signal: any periodic movement.
    """

    def __init__(self, exercise: Optional[str] = None):
        self.exercise = exercise
        self.count = 0
        nothing = np.zeros((0, len(COCO_18), 3), np.float32)
        self._columns, self._trust = raw_measures(nothing, exercise)
        self._forget()

    def _forget(self) -> None:
        width = self._columns.shape[1]
        self._new_stamps: List[float] = []
        self._new_key_points: List[np.ndarray] = []
        self._stamps = np.empty(0)
        self._columns = np.empty((0, width))
        self._start = 0.0
        self._first = self._end = 0  # numbers of the samples that are remembered, counted from the start
        self._smoothed = np.empty((0, width))
        self._looked = -np.inf
        self._settled = self.count
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
        last = self._new_stamps[-1] if self._new_stamps else self._stamps[-1] if len(self._stamps) else -np.inf
        if not stamp > last:
            return self.count
        if stamp > last + LONGEST_GAP:
            self._forget()
        self._new_stamps.append(float(stamp))
        self._new_key_points.append(to_coco_18(key_points[None], layout)[0])
        if stamp >= self._looked + INTERVAL - 1e-6:
            self._looked = stamp
            self._take()
            self._look()
        return self.count

    def _take(self) -> None:
        """Measure the new frames, and filter the last seconds again."""
        columns, _ = raw_measures(np.array(self._new_key_points), self.exercise)
        self._stamps = np.concatenate([self._stamps, self._new_stamps])
        self._columns = np.concatenate([self._columns, columns])
        self._new_stamps, self._new_key_points = [], []
        if not self._end:
            self._start = self._stamps[0]
        now = self._stamps[-1]
        end = int((now - self._start) * RATE + 1e-6) + 1
        keep = max(self._first, self._end - int(UNFINISHED * RATE))
        grid = self._start + np.arange(max(self._first, keep - int(LEAD_IN * RATE)), end) / RATE
        if len(grid) < 3:
            return
        since = max(int(np.searchsorted(self._stamps, grid[0], side="right")) - 1, 0)
        columns = self._columns[since:].copy()
        for column in np.flatnonzero(np.isnan(columns[0])):  # what was known before the window goes on into it
            known = self._columns[:since, column]
            known = known[np.isfinite(known)]
            columns[0, column] = known[-1] if len(known) else np.nan
        fresh = smooth(regular_samples(self._stamps[since:], columns, grid))[keep - end :]
        past = self._smoothed[: keep - self._first]
        self._smoothed = np.concatenate([np.where(np.isnan(past), fresh[0], past), fresh])
        self._end = end
        forget = self._stamps < now - MEMORY
        self._stamps, self._columns = self._stamps[~forget], self._columns[~forget]
        first = max(self._first, end - int(MEMORY * RATE))
        self._smoothed = self._smoothed[first - self._first :]
        self._first = first

    def _look(self) -> None:
        if self._end - self._first < LEAST_HISTORY * RATE:
            return
        grid = self._start + np.arange(self._first, self._end) / RATE
        signed = signal_of(self.exercise) is not None
        moved = combine(grid, self._smoothed, share_known(self._columns), self._trust, signed)
        if moved is None:
            return
        cycles = [(moved.stamps[one.turn], moved.stamps[one.after]) for one in find_cycles(moved, self.exercise)]
        later = [end for turn, end in cycles if turn > self._settled_until]
        self.count = max(self.count, self._settled + len(later))
        for end in later:
            if end < grid[-1] - SETTLED:
                self._settled, self._settled_until = self._settled + 1, end
