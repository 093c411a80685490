"""Which exercise comes next."""

import random
from typing import Optional, Sequence

from rehab_coach.errors import RehabCoachError

ORDERS = ("random", "listed")


class ExercisePicker:
    """Chooses the exercise of each round.

    Args:
        exercises: labels to choose from, one or more.
        order: "random" (the same exercise never twice in a row, unless there is only one) or "listed" (one
            after the other, then from the start again).
        seed: the same seed gives the same sequence; None: another one each time.

    Raises:
        RehabCoachError: no exercise, or an unknown order.
    """

    def __init__(self, exercises: Sequence[str], order: str = "random", seed: Optional[int] = None):
        if not exercises:
            raise RehabCoachError("there is no exercise to ask for; name one or more")
        if order not in ORDERS:
            raise RehabCoachError("the order of the exercises is %r; choose one of: %s" % (order, ", ".join(ORDERS)))
        self._exercises = list(exercises)
        self._order = order
        self._random = random.Random(seed)
        self._next = 0
        self._last: Optional[str] = None

    def pick(self) -> str:
        """The label of the next round."""
        if self._order == "listed":
            label = self._exercises[self._next % len(self._exercises)]
            self._next += 1
            return label
        others = [label for label in self._exercises if label != self._last]
        self._last = self._random.choice(others or self._exercises)
        return self._last
