"""A film of a recording with the skeleton, the angles and the repetitions drawn over it."""

from typing import Callable, Iterable, Optional, Sequence, Tuple

import cv2
import numpy as np

from rehab_coach.movement import Repetition
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.skeleton import SkeletonSequence, draw_skeleton
from rehab_coach.video_file import VideoFile, film_rate

WRITTEN = tuple(
    (angle + letter, side + joint)
    for angle, joint in (
        ("hip_flexion_", "_hip"),
        ("knee_angle_", "_knee"),
        ("elbow_flex_", "_elbow"),
        ("shoulder_elv_", "_shoulder"),
    )
    for letter, side in (("r", "right"), ("l", "left"))
)
"""Angles that are written, and the joint beside which."""
BACKGROUND = (40, 40, 40)


def write_overlay(
    path: str,
    sequence: SkeletonSequence,
    angles: JointAngles,
    repetitions: Sequence[Repetition],
    pictures: Optional[Iterable[np.ndarray]] = None,
    progress: Callable[[], None] = lambda: None,
) -> None:
    """Write the film.

    Args:
        path: ending in .mp4.
        sequence: the skeleton.
        angles: of the same frames.
        repetitions: counted at their ends.
        pictures: BGR uint8 (H, W, 3), one for each frame; None: a plain background.
        progress: called after each frame.

    Raises:
        RehabCoachError: the file cannot be written.
    """
    width, height = sequence.size
    if pictures is None:
        pictures = (np.full((height, width, 3), BACKGROUND, np.uint8) for _ in sequence.stamps)
    with VideoFile(path, sequence.size, film_rate(sequence.stamps)) as film:
        for frame, picture in zip(range(len(sequence)), pictures):
            picture = picture.copy()
            draw_frame(picture, sequence, angles, repetitions, frame)
            film.write(picture, sequence.stamps[frame] - sequence.stamps[0])
            progress()


def draw_frame(
    picture: np.ndarray,
    sequence: SkeletonSequence,
    angles: JointAngles,
    repetitions: Sequence[Repetition],
    frame: int,
) -> None:
    """Draw one frame in place: angles in degrees at their joints, grey where they are off by more than 15."""
    key_points = sequence.key_points[frame]
    draw_skeleton(picture, key_points, sequence.layout)
    scale = min(sequence.size) / 600
    seen = key_points[key_points[:, 2] > 0]
    middle = float(seen[:, 0].mean()) if len(seen) else 0.0
    for name, joint in WRITTEN:
        if name not in angles.names:  # a source may have other ones
            continue
        column = angles.names.index(name)
        x, y, score = key_points[sequence.layout.index(joint)]
        value, deviation = np.degrees([angles.values[frame, column], angles.uncertainty[frame, column]])
        if score > 0 and np.isfinite(value):
            text = "%.0f" % value
            (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6 * scale, 1)
            # Beside the body, not on it.
            left = x + 14 * scale if x >= middle else x - 14 * scale - width
            colour = (255, 255, 255) if deviation <= 15 else (170, 170, 170)
            _write(picture, text, (left, y + height / 2), 0.6 * scale, colour)
    stamp = sequence.stamps[frame]
    done = sum(one.end <= stamp for one in repetitions)
    _write(picture, str(done), (16 * scale, 62 * scale), 2.0 * scale, (255, 255, 255))
    noun = "repetition" if done == 1 else "repetitions"
    _write(picture, noun, (16 * scale, 88 * scale), 0.7 * scale, (255, 255, 255))


def _write(picture: np.ndarray, text: str, place: Tuple[float, float], size: float, colour) -> None:
    """White with a black edge is readable on any background."""
    corner = (int(round(place[0])), int(round(place[1])))
    for edge, thickness in (((0, 0, 0), max(2, round(5 * size))), (colour, max(1, round(2 * size)))):
        cv2.putText(picture, text, corner, cv2.FONT_HERSHEY_SIMPLEX, size, edge, thickness, cv2.LINE_AA)
