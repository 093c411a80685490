"""Drawing a skeleton over a picture with OpenCV."""

import cv2
import numpy as np

from rehab_coach.skeleton.layout import COCO_18, Layout

# BGR. Orange and blue stay apart for colour-blind people; the middle of the body is white.
RIGHT, LEFT, MIDDLE = (60, 160, 255), (255, 170, 60), (245, 245, 245)


def draw_skeleton(
    picture: np.ndarray, key_points: np.ndarray, layout: Layout = COCO_18, threshold: float = 0.05
) -> None:
    """Draw limbs and joints in place: the person's right side orange, the left blue.

    Args:
        picture: uint8 (H, W, 3) BGR, changed in place.
        key_points: (V, 3) x, y in pixels of this picture, score; joints at or under `threshold` are left out.
        layout: which joint is which.
    """
    thickness = max(2, round(min(picture.shape[:2]) / 120))
    colours = [
        RIGHT if joint.startswith("right") else LEFT if joint.startswith("left") else MIDDLE for joint in layout.joints
    ]
    # OpenCV draws at fractions of a pixel when coordinates carry a shift: the skeleton does not jump by pixels.
    # Clipped, because OpenCV refuses coordinates that are not finite or beyond its integers.
    points = np.clip(
        np.nan_to_num(np.asarray(key_points, float)[:, :2]), -10 * max(picture.shape), 10 * max(picture.shape)
    )
    points = np.round(points * 16).astype(int)
    seen = np.asarray(key_points)[:, 2] > threshold
    for first, second in layout.limbs:
        if seen[first] and seen[second]:
            side = second if colours[second] is not MIDDLE else first
            cv2.line(
                picture,
                tuple(points[first].tolist()),
                tuple(points[second].tolist()),
                colours[side],
                thickness,
                cv2.LINE_AA,
                4,
            )
    for joint in np.flatnonzero(seen):
        cv2.circle(picture, tuple(points[joint].tolist()), thickness * 24, colours[joint], -1, cv2.LINE_AA, 4)
