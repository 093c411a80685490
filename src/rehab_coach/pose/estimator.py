"""What every pose estimator does: a picture in, the people in it out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import Layout


@dataclass(frozen=True, eq=False)
class Pose:
    """One person in one picture.

    Attributes:
        key_points: float32 (V, 3): x, y in pixels of the picture, score in 0..1; 0 = not seen (then x = y = 0).
        world: float32 (V, 3) metres around the middle of the hips, where the estimator gives them.
    """

    key_points: np.ndarray
    world: Optional[np.ndarray] = None

    @property
    def seen(self) -> np.ndarray:
        """(V,) bool: which joints were seen."""
        return self.key_points[:, 2] > 0

    @property
    def box(self) -> np.ndarray:
        """float (4,): left, top, right, bottom of the joints that were seen."""
        points = self.key_points[self.seen, :2]
        return np.concatenate([points.min(axis=0), points.max(axis=0)])

    @property
    def height(self) -> float:
        """Extent of the person in pixels: the longer side of the box."""
        box = self.box
        return float(max(box[2] - box[0], box[3] - box[1]))


@dataclass(frozen=True)
class Option:
    """Something that can be set of an estimator: a keyword of its class, a parameter of the recorder.

    Attributes:
        name: of both.
        kind: str, bool, int, float, or list (of numbers).
        default: its value if nothing is said.
        minimum, maximum: limits of a number, or of each number of a list.
        choices: the allowed values; none = any.
    """

    name: str
    kind: type
    default: Any
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    choices: Sequence[Any] = ()

    def check(self, value: Any) -> None:
        """RehabCoachError, which says what is allowed, unless the value is."""
        kinds = {list: (list, tuple), float: (int, float)}.get(self.kind, self.kind)
        numbers = [] if self.kind in (str, bool) else list(value) if isinstance(value, (list, tuple)) else [value]
        fits = isinstance(value, kinds) and (not self.choices or value in self.choices)
        for number in numbers:
            fits = fits and isinstance(number, (int, float)) and not isinstance(number, bool)
            fits = fits and (self.minimum is None or number >= self.minimum)
            fits = fits and (self.maximum is None or number <= self.maximum)
        if fits:
            return
        allowed = {
            str: "a text",
            bool: "true or false",
            int: "a whole number",
            float: "a number",
            list: "a list of numbers",
        }[self.kind]
        if self.choices:
            allowed = "one of " + ", ".join(map(str, self.choices))
        elif self.minimum is not None and self.maximum is not None:
            allowed += " from %g to %g" % (self.minimum, self.maximum)
        raise RehabCoachError("'%s' must be %s, not %r" % (self.name, allowed, value))


class PoseEstimator(ABC):
    """Finds people in pictures.

    Attributes:
        layout: the joints of the poses.
        options: what can be set of estimators of this class.
    """

    layout: Layout
    options: ClassVar[Tuple[Option, ...]] = ()

    @abstractmethod
    def estimate(self, picture: np.ndarray) -> List[Pose]:
        """The people in one picture.

        Args:
            picture: uint8 (H, W, 3) BGR.

        Returns:
            One Pose for each person, each with at least one joint; nobody: an empty list.
        """

    def reset(self) -> None:
        """Forget earlier pictures: the next one is from another video. For estimators that follow a person."""

    def close(self) -> None:
        """Give back what the estimator holds."""


def without_outside(key_points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Set joints that lie outside the picture to not seen: they were guessed."""
    x, y = key_points[:, 0], key_points[:, 1]
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    return np.where((outside | (key_points[:, 2] <= 0))[:, None], 0, key_points).astype(np.float32)
