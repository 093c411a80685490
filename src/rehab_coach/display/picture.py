"""The camera's picture on the screen: which one, decoded, mirrored, with the skeleton that belongs to it."""

from collections import deque
from typing import Deque, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from rehab_coach.skeleton import COCO_18, Layout
from rehab_coach.skeleton.draw import draw_skeleton


class CameraPicture(NamedTuple):
    """A compressed picture as the camera sent it."""

    data: bytes
    stamp: float
    received: float


class PictureSkeleton(NamedTuple):
    """Key points (V, 3): x, y in pixels of a picture of `size` (width, height), and score."""

    key_points: np.ndarray
    size: Tuple[int, int]
    stamp: float
    layout: Layout = COCO_18


class PictureBuffer:
    """Keeps the last pictures and skeletons until they are drawn. It does no locking.

    A skeleton comes later than its picture, by the time that the estimator takes. As long as that is short
    the picture waits for its skeleton, so that the lines lie on the body; when it is long the picture goes
    first and the last skeleton is drawn over it; when it is older than `memory` it is left out.
    """

    def __init__(self, patience: float = 0.4, memory: float = 0.6, stale: float = 2.0):
        """Args: patience, memory: see above. stale: age at which a picture is no longer live. In seconds."""
        self._pictures: Deque[CameraPicture] = deque(maxlen=24)
        self._skeletons: Deque[PictureSkeleton] = deque(maxlen=24)
        self._patience, self._memory, self._stale = patience, memory, stale

    def add_picture(self, data: bytes, stamp: float, now: float) -> None:
        if self._pictures and stamp < self._pictures[-1].stamp:  # the clock or the camera has been started anew
            self._pictures.clear()
            self._skeletons.clear()
        self._pictures.append(CameraPicture(data, stamp, now))

    def add_skeleton(self, skeleton: PictureSkeleton) -> None:
        self._skeletons.append(skeleton)

    def discard(self, picture: CameraPicture) -> None:
        """Forget a picture that could not be decoded."""
        if picture in self._pictures:
            self._pictures.remove(picture)

    @property
    def has_pictures(self) -> bool:
        return bool(self._pictures)

    def select(self, now: float) -> Tuple[Optional[CameraPicture], Optional[PictureSkeleton]]:
        """The picture to show now, and its skeleton; (None, None) when the camera has sent nothing lately."""
        if not self._pictures or now - self._pictures[-1].received > self._stale:
            return None, None
        newest = self._pictures[-1]
        by_stamp = {round(skeleton.stamp, 4): skeleton for skeleton in self._skeletons}
        for picture in reversed(self._pictures):
            if newest.stamp - picture.stamp > self._patience:
                break
            if round(picture.stamp, 4) in by_stamp:
                return picture, by_stamp[round(picture.stamp, 4)]
        recent = [each for each in self._skeletons if 0 <= newest.stamp - each.stamp <= self._memory]
        return newest, recent[-1] if recent else None


class PictureDecoder:
    """Decodes JPEG or PNG no larger than it is shown: at half size a JPEG costs a quarter."""

    _REDUCED = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }

    def __init__(self):
        self._size = (0, 0)  # of the last picture in full

    def decode(self, data: bytes, box: Tuple[int, int]) -> Optional[np.ndarray]:
        """Decode a picture to fit into a box, its sides in proportion.

        Args:
            data: the compressed picture.
            box: width and height in pixels.

        Returns:
            uint8 (H, W, 3) BGR that touches the box on two sides, or None if the data is no picture.
        """
        reduction = max(
            [factor for factor in self._REDUCED if self._size[0] >= factor * box[0] or self._size[1] >= factor * box[1]]
            or [1]
        )
        picture = self._read(data, self._REDUCED[reduction])
        if picture is None:
            return None
        height, width = picture.shape[:2]
        self._size = (width * reduction, height * reduction)
        scale = min(box[0] / float(width), box[1] / float(height))
        size = (max(1, int(round(width * scale))), max(1, int(round(height * scale))))
        if size == (width, height):
            return picture
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)

    @staticmethod
    def _read(data: bytes, flag: int) -> Optional[np.ndarray]:
        if not data:
            return None
        try:
            return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
        except cv2.error:
            return None


def compose(picture: np.ndarray, skeleton: Optional[PictureSkeleton], mirror: bool) -> np.ndarray:
    """Draw the skeleton over a picture and turn both into a mirror image.

    Args:
        picture: uint8 (H, W, 3) BGR; it is changed.
        skeleton: in pixels of its own picture size, which may be another one; None for none.
        mirror: left and right change places, as in a mirror. The person's left hand keeps its colour.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    height, width = picture.shape[:2]
    if mirror:
        picture = cv2.flip(picture, 1)
    if skeleton is not None and len(skeleton.key_points) == len(skeleton.layout) and min(skeleton.size) > 0:
        key_points = np.array(skeleton.key_points, np.float32)
        key_points[:, :2] *= (width / float(skeleton.size[0]), height / float(skeleton.size[1]))
        if mirror:
            key_points[:, 0] = width - 1 - key_points[:, 0]
        draw_skeleton(picture, np.nan_to_num(key_points), skeleton.layout)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
