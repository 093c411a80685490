"""A small moving figure for each exercise, so that nobody has to know its name."""

import functools
from typing import Dict, NamedTuple, Tuple

import numpy as np
import pygame

from rehab_coach.display.shapes import Canvas, painted, stencil
from rehab_coach.display.theme import Colour

STEPS = 16  # pictures of one repetition, there and back


class _Figure(NamedTuple):
    """Poses along the movement, each the x, y of eleven joints in percent of a square."""

    poses: Tuple[str, ...]
    equipment: str = ""


# Head, neck, hip; elbow, hand; elbow, hand; knee, foot; knee, foot.
_JOINTS = 11
_LIMBS = ((1, 3, 4), (1, 5, 6), (2, 7, 8), (2, 9, 10))

_FIGURES: Dict[str, _Figure] = {
    "squat": _Figure(
        (
            "50 15 50 28 48 56  56 41 66 50  56 41 66 50  51 74 48 93  51 74 48 93",
            "57 38 52 49 34 69  65 52 80 48  65 52 80 48  60 71 48 93  60 71 48 93",
        ),
        "floor",
    ),
    "lunge": _Figure(
        (
            "50 15 50 28 50 56  41 43 49 53  41 43 49 53  51 74 50 93  49 74 48 93",
            "50 27 50 40 49 67  41 54 49 64  41 54 49 64  70 70 70 93  36 86 18 92",
        ),
        "floor",
    ),
    "deadlift": _Figure(
        (
            "68 35 59 43 34 58  60 61 61 79  60 61 61 79  51 73 46 93  51 73 46 93",
            "50 15 49 28 48 56  52 43 55 58  52 43 55 58  50 74 46 93  50 74 46 93",
        ),
        "floor barbell",
    ),
    "push_up": _Figure(
        (
            "90 44 79 49 50 62  80 67 79 87  80 67 79 87  32 72 13 84  32 72 13 84",
            "90 70 79 73 50 77  66 70 79 87  66 70 79 87  32 80 13 84  32 80 13 84",
        ),
        "floor",
    ),
    "pull_up": _Figure(
        (
            "50 37 50 48 50 72  36 34 34 17  64 34 66 17  47 84 46 97  53 84 54 97",
            "50 12 50 24 50 48  31 36 34 17  69 36 66 17  47 61 45 75  53 61 55 75",
        ),
        "bar",
    ),
    "jumping_jack": _Figure(
        (
            "50 16 50 29 50 56  42 42 41 56  58 42 59 56  48 74 47 93  52 74 53 93",
            "50 16 50 29 50 56  35 33 20 31  65 33 80 31  43 74 37 93  57 74 63 93",
            "50 15 50 28 50 55  36 19 36  4  64 19 64  4  39 73 29 91  61 73 71 91",
        ),
        "floor",
    ),
}


def has_figure(label: str) -> bool:
    return label in _FIGURES


def step_at(now: float, period: float = 2.4) -> int:
    """Which picture of the repetition belongs to a time in seconds."""
    return int(now / period * STEPS) % STEPS


@functools.lru_cache(maxsize=64)
def figure(label: str, step: int, size: int, colour: Colour) -> pygame.Surface:
    """The figure of an exercise at a step of its repetition, `size` pixels wide and high."""
    poses = np.array([_points(text) for text in _FIGURES[label].poses])
    place = (1 - np.cos(2 * np.pi * step / STEPS)) / 2 * (len(poses) - 1)
    before = min(int(place), len(poses) - 2)
    points = poses[before] + (place - before) * (poses[before + 1] - poses[before])
    return stencil(painted(size, size, lambda canvas: _draw(canvas, points, _FIGURES[label].equipment)), colour)


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
