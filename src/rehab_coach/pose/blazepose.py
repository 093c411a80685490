"""MediaPipe Pose (BlazePose): one person, 33 landmarks, world coordinates."""

import contextlib
import os
import re
import sys
from typing import Any, List

import cv2
import numpy as np

from rehab_coach.pose.estimator import Pose, PoseEstimator, without_outside
from rehab_coach.skeleton import BLAZEPOSE_33

_CHATTER = re.compile(rb"(?:[IW]\d{4} |INFO: |WARNING: All log messages before absl::|libva |libEGL )")


@contextlib.contextmanager
def _without_chatter():
    """Keep what MediaPipe's C++ side says about itself when it starts off the terminal; it has no setting for that.

    Whatever else is said meanwhile, by this or another thread, comes after it.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with open(os.memfd_create("said"), "w+b") as said:  # in memory: the disk may be full
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            said.seek(0)
            for line in said:
                if not _CHATTER.match(line):
                    os.write(terminal, line)
            os.close(terminal)


class BlazePose(PoseEstimator):
    """Estimator "mediapipe".

    Args:
        complexity: 0 or 1; the models of both come with the package.
        confidence: least confidence for finding a person, 0..1.

    Raises:
        ImportError: MediaPipe is not installed, or is a release without the models.
    """

    layout = BLAZEPOSE_33
    _has_spoken = False  # of the process: about the first person that it sees

    def __init__(self, complexity: int = 1, confidence: float = 0.5):
        from mediapipe.python.solutions import pose

        self._make = lambda: pose.Pose(model_complexity=complexity, min_detection_confidence=confidence)
        self._pose: Any = None
        self.reset()

    def estimate(self, picture: np.ndarray) -> List[Pose]:
        with contextlib.nullcontext() if BlazePose._has_spoken else _without_chatter():
            result = self._pose.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        if result.pose_landmarks is None:
            return []
        BlazePose._has_spoken = True
        height, width = picture.shape[:2]
        key_points = np.array(
            [(mark.x * width, mark.y * height, mark.visibility) for mark in result.pose_landmarks.landmark], np.float32
        )
        key_points = without_outside(key_points, width, height)
        if not key_points[:, 2].any():
            return []
        world = np.array([(mark.x, mark.y, mark.z) for mark in result.pose_world_landmarks.landmark], np.float32)
        return [Pose(key_points, world)]

    def reset(self) -> None:
        self.close()
        with _without_chatter():
            self._pose = self._make()
            self._pose.process(np.zeros((64, 64, 3), np.uint8))  # it only speaks when it begins to work

    def close(self) -> None:
        if self._pose is not None:
            self._pose.close()
            self._pose = None
