"""What a virtual patient does when somebody asks for an exercise: usually that, sometimes something else.

One place for every patient that listens to `action_class`, rendered by ourselves or by Gazebo. Python 3.8 and NumPy.
"""

from typing import NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES, UNKNOWN, find, label_of_motion
from rehab_coach.simulation.motions import KINDS, ON_THE_FLOOR, check_motion
from rehab_coach.texts import load_texts

STRANGERS = {
    "walking_in_place": "walked on the spot",
    "waving": "waved",
    "biceps_curl": "did a biceps curl",
    "lateral_raise": "did a lateral raise",
    "torso_twist": "twisted her torso",
    "side_bend": "bent to the side",
    "toe_touch": "touched her toes",
}
"""What she does instead that is none of the catalogue's exercises, and how one tells it: what people do who did not
understand."""
CHOICES = tuple(one.motion for one in EXERCISES.values() if one.motion) + tuple(STRANGERS)
SHORTEST, LONGEST = 0.7, 1.8  # seconds from the question to the beginning: she reads, understands, and gets ready
ACROSS = (50.0, 100.0)  # degrees, seen from the front a body on the floor is all head
TOO_ALIKE = {"squat": ("sitting_down",), "deadlift": ("toe_touch", "hip_hinge", "picking_up")}
"""What is too much like the exercise asked for to be the wrong answer to it."""


class Response(NamedTuple):
    """What she does about one request.

    Attributes:
        asked, shown: label of the exercise asked for, and the motion that she does.
        delay: seconds until she begins.
        faults: what she does wrong in it; names that the motion knows.
        yaw: degrees by which she turns away from the camera; 0 = it sees her front, 90 = her left side.
        seed: of the motion: tempo, depth and habits of this performance.
    """

    asked: str
    shown: str
    delay: float
    faults: Tuple[str, ...]
    yaw: float
    seed: int

    @property
    def label(self) -> str:
        """What a recogniser of this exercise and of the catalogue's should answer."""
        return self.asked if self.right else label_of_motion(self.shown)

    @property
    def right(self) -> bool:
        """Whether she does what she was asked for."""
        return self.shown == motion_of(self.asked)

    @property
    def deed(self) -> str:
        """What she did, for a log: "did a squat, as asked", "waved instead"."""
        done = STRANGERS.get(self.shown) or "did " + load_texts().an(self.shown)
        return done + (", as asked" if self.right else " instead")


def motion_of(label: str) -> Optional[str]:
    """The motion that an exercise is: the one that its record names, else one of the same name; None: there is none."""
    motion = find(label).motion or label
    return motion if motion in KINDS else None


class Obedience:
    """How often a patient does what she is asked for, and how well.

    Args:
        seed: the same seed and the same requests give the same responses.
        obedience: chance of the right exercise, 0..1; otherwise it is another exercise or, equally often, a motion
            that is none.
        faults: chance that one fault is shown, 0..1, or names of faults that are always shown where the motion
            knows them.
        turned: degrees by which she turns to either side at most when she stands or hangs, 0..180; on the floor she
            lies across.
        choices: motions that she can do, exercises and others; None: all, of which she chooses from CHOICES by herself.

    Raises:
        RehabCoachError: a chance out of range, an unknown motion or fault, nothing to choose from.
    """

    def __init__(
        self,
        seed: int = 0,
        obedience: float = 0.8,
        faults: Union[float, Sequence[str]] = 0.25,
        turned: float = 50.0,
        choices: Optional[Sequence[str]] = None,
    ):
        able = tuple(KINDS) if choices is None else tuple(choices)
        for choice in able:
            check_motion(choice)
        if len(set(able)) < 2:
            raise RehabCoachError("a patient needs two motions or more to choose from, not %s" % list(able))
        chances = {"obedience": obedience}
        if isinstance(faults, (int, float)):
            chances["the chance of faults"] = faults
        else:
            _check_faults(faults)
        for name, chance in chances.items():
            if not 0 <= chance <= 1:
                raise RehabCoachError("%s must be between 0 and 1, not %g" % (name, chance))
        if not 0 <= turned <= 180:
            raise RehabCoachError("she can turn between 0 and 180 degrees, not %g" % turned)
        self._obedience, self._faults, self._turned = obedience, faults, turned
        self._able, self._choices = able, CHOICES if choices is None else able
        self._rng = np.random.default_rng([seed, 5])

    def choose(self, asked: str) -> str:
        """The motion that she does about a request; for an exercise that she cannot do, something else."""
        wanted = motion_of(asked)
        if wanted in self._able and self._rng.random() < self._obedience:
            return str(wanted)
        others = [name for name in self._choices if name != wanted and name not in TOO_ALIKE.get(wanted or "", ())]
        exercises = [name for name in others if label_of_motion(name) != UNKNOWN]
        strangers = [name for name in others if label_of_motion(name) == UNKNOWN]
        first, second = (exercises, strangers) if self._rng.random() < 0.5 else (strangers, exercises)
        return str(self._rng.choice(first or second))

    def respond(self, asked: str) -> Response:
        """Everything about her answer to a request."""
        shown = self.choose(asked)
        delay = float(self._rng.uniform(SHORTEST, LONGEST))
        across = KINDS[shown].contact in ON_THE_FLOOR
        yaw = float(self._rng.choice((-1, 1)) * self._rng.uniform(*(ACROSS if across else (0.0, self._turned))))
        return Response(asked, shown, delay, self._choose_faults(shown), yaw, int(self._rng.integers(2**31)))

    def _choose_faults(self, shown: str) -> Tuple[str, ...]:
        known = KINDS[shown].faults
        if not isinstance(self._faults, (int, float)):
            return tuple(fault for fault in self._faults if fault in known)
        if not known or self._rng.random() >= self._faults:
            return ()
        return (str(self._rng.choice(list(known))),)


def _check_faults(faults: Sequence[str]) -> None:
    known = sorted({fault for kind in KINDS.values() for fault in kind.faults})
    for fault in faults:
        if fault not in known:
            raise RehabCoachError("no motion has a fault '%s'; there are %s" % (fault, ", ".join(known)))
