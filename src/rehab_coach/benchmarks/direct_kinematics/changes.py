"""What happens to pictures between a camera and a network: changes of one kind and several strengths."""

from typing import Callable, Dict, NamedTuple, Tuple

import cv2
import numpy as np

GREY = 127
FLIPPED, SLOWER = "flipped", "frame rate"
"""Changes that change the truth too, or leave pictures out."""


class Change(NamedTuple):
    """One kind of change.

    Attributes:
        unit: what the strengths mean.
        strengths: from weak to strong.
        apply: a picture BGR uint8 (H, W, 3) and a strength to the changed picture.
    """

    unit: str
    strengths: Tuple[float, ...]
    apply: Callable[[np.ndarray, float], np.ndarray]


def flipped(picture: np.ndarray, _: float) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(picture[:, ::-1])


def smaller(picture: np.ndarray, factor: float) -> np.ndarray:
    """The person farther away: the picture shrunk, grey around it."""
    height, width = picture.shape[:2]
    inside = cv2.resize(picture, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
    whole = np.full_like(picture, GREY)
    top, left = (height - inside.shape[0]) // 2, (width - inside.shape[1]) // 2
    whole[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return whole


def nearer(picture: np.ndarray, factor: float) -> np.ndarray:
    """The middle of the picture enlarged: what is at its edges is lost."""
    height, width = picture.shape[:2]
    tall, wide = round(height / factor), round(width / factor)
    top, left = (height - tall) // 2, (width - wide) // 2
    return cv2.resize(picture[top : top + tall, left : left + wide], (width, height), interpolation=cv2.INTER_LINEAR)


def cropped(picture: np.ndarray, share: float) -> np.ndarray:
    """The lower part cut away: the feet first."""
    return np.ascontiguousarray(picture[: round(picture.shape[0] * (1 - share))])


def brightness(picture: np.ndarray, factor: float) -> np.ndarray:
    """All values times a factor."""
    return cv2.convertScaleAbs(picture, alpha=factor)


def contrast(picture: np.ndarray, factor: float) -> np.ndarray:
    """All values moved away from the picture's mean, or towards it."""
    middle = float(picture.mean())
    return np.clip((picture.astype(np.float32) - middle) * factor + middle, 0, 255).astype(np.uint8)


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """As out of focus."""
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def compressed(picture: np.ndarray, quality: float) -> np.ndarray:
    """As JPEG."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1], cv2.IMREAD_COLOR)


def occluded(picture: np.ndarray, share: float) -> np.ndarray:
    """A grey square before the middle of the picture, its side a share of the picture's."""
    height, width = picture.shape[:2]
    side = round(share * min(height, width))
    top, left = (height - side) // 2, (width - side) // 2
    covered = picture.copy()
    covered[top : top + side, left : left + side] = GREY
    return covered


def same(picture: np.ndarray, _: float) -> np.ndarray:
    """Nothing happens."""
    return picture


CHANGES: Dict[str, Change] = {
    FLIPPED: Change("", (1,), flipped),
    "smaller": Change("factor", (0.75, 0.5, 0.35), smaller),
    "nearer": Change("factor", (1.15, 1.3, 1.5), nearer),
    "cropped below": Change("share", (0.1, 0.2, 0.3), cropped),
    "brighter": Change("factor", (1.5, 2, 3), brightness),
    "darker": Change("factor", (0.5, 0.25, 0.1), brightness),
    "more contrast": Change("factor", (1.5, 2, 3), contrast),
    "less contrast": Change("factor", (0.5, 0.25, 0.1), contrast),
    "blurred": Change("sigma in pixels", (1, 2, 4), blurred),
    "JPEG": Change("quality", (30, 10, 5), compressed),
    "occluded": Change("share of the picture's side", (0.1, 0.2, 0.3), occluded),
    SLOWER: Change("every nth frame", (2, 3, 5), same),
}
"""By name."""
