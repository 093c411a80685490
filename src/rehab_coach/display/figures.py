"""A small moving figure for each exercise, so that nobody has to know its name."""

import functools
from typing import Tuple

import numpy as np
import pygame

from rehab_coach.display.shapes import Canvas, painted, stencil
from rehab_coach.display.theme import Colour
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import Figure, find

STEPS = 16  # pictures of one repetition, there and back


# Head, neck, hip; elbow, hand; elbow, hand; knee, foot; knee, foot.
_JOINTS = 11
_LIMBS = ((1, 3, 4), (1, 5, 6), (2, 7, 8), (2, 9, 10))
_STANDS = "50 16 50 29 50 56  42 42 41 56  58 42 59 56  48 74 47 93  52 74 53 93"
_ANY = Figure((_STANDS, _STANDS))
"""What is shown of an exercise without a figure: somebody who waits."""


def step_at(now: float, period: float = 2.4) -> int:
    """Which picture of the repetition belongs to a time in seconds."""
    return int(now / period * STEPS) % STEPS


def figure(label: str, step: int, size: int, colour: Colour) -> pygame.Surface:
    """The figure or picture of an exercise at a step of its repetition, `size` pixels wide and high.

    Raises:
        RehabCoachError: the exercise has a picture of its own that cannot be read.
    """
    exercise = find(label)
    return _picture(exercise.picture, size) if exercise.picture else _drawn(exercise.figure or _ANY, step, size, colour)


@functools.lru_cache(maxsize=64)
def _drawn(drawn: Figure, step: int, size: int, colour: Colour) -> pygame.Surface:
    poses = np.array([_points(text) for text in drawn.poses])
    place = (1 - np.cos(2 * np.pi * step / STEPS)) / 2 * (len(poses) - 1)
    before = min(int(place), len(poses) - 2)
    points = poses[before] + (place - before) * (poses[before + 1] - poses[before])
    return stencil(painted(size, size, lambda canvas: _draw(canvas, points, drawn.equipment)), colour)


@functools.lru_cache(maxsize=8)
def _picture(path: str, size: int) -> pygame.Surface:
    """A picture in the middle of a transparent square, as large as it goes."""
    try:
        picture = pygame.image.load(path)
    except (pygame.error, OSError) as error:
        raise RehabCoachError("cannot read the picture %s: %s; give a PNG or JPEG file" % (path, error)) from error
    share = size / max(picture.get_size())
    picture = pygame.transform.smoothscale(picture, [max(1, int(side * share)) for side in picture.get_size()])
    square = pygame.Surface((size, size), pygame.SRCALPHA)
    square.blit(picture, picture.get_rect(center=(size // 2, size // 2)))
    return square


def _points(text: str) -> np.ndarray:
    return np.array(text.split(), float).reshape(_JOINTS, 2) / 100


def _draw(canvas: Canvas, points: np.ndarray, equipment: str) -> None:
    if "floor" in equipment:
        canvas.line([(0.04, 0.975), (0.96, 0.975)], 0.018)
    if equipment == "bar":
        canvas.line([(0.08, 0.17), (0.92, 0.17)], 0.035)
    for first, middle, last in _LIMBS:
        canvas.line([points[first], points[middle], points[last]], 0.062)
    canvas.line([points[1], points[2]], 0.095)
    canvas.disc(points[0], 0.078)
    if "barbell" in equipment:
        hand: Tuple[float, float] = (points[4][0], points[4][1])
        canvas.disc(hand, 0.125, 0)
        canvas.disc(hand, 0.105)
        canvas.disc(hand, 0.045, 0)
