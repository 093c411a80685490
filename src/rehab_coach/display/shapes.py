"""Icons and rings with smooth edges.

PyGame draws circles and lines without anti-aliasing, so shapes are painted four times too large with OpenCV,
shrunk to a mask and turned into a surface of one colour. Masks are cached: a shape costs time once.
"""

import functools
from typing import Callable, Dict, Sequence, Tuple

import cv2
import numpy as np
import pygame

from rehab_coach.display.theme import Colour

_OVERSAMPLING = 4


def stencil(mask: np.ndarray, colour: Colour) -> pygame.Surface:
    """A surface of one colour whose opacity is the mask, uint8 (H, W)."""
    pixels = np.empty(mask.shape + (4,), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = mask
    return pygame.image.frombuffer(pixels.tobytes(), mask.shape[::-1], "RGBA")


@functools.lru_cache(maxsize=128)
def icon(name: str, size: int, colour: Colour) -> pygame.Surface:
    """A square icon: one of the names in :data:`ICONS`, `size` pixels wide."""
    return stencil(painted(size, size, ICONS[name]), colour)


@functools.lru_cache(maxsize=64)
def rounded(width: int, height: int, radius: int, colour: Colour) -> pygame.Surface:
    """A filled rectangle with round corners."""

    def paint(canvas: "Canvas") -> None:
        r = radius / float(min(width, height))
        right, bottom = width / float(min(width, height)) - r, height / float(min(width, height)) - r
        canvas.polygon(
            [
                (r, 0),
                (right, 0),
                (right + r, r),
                (right + r, bottom),
                (right, bottom + r),
                (r, bottom + r),
                (0, bottom),
                (0, r),
            ]
        )
        for x in (r, right):
            for y in (r, bottom):
                canvas.disc((x, y), r)

    return stencil(painted(width, height, paint), colour)


@functools.lru_cache(maxsize=16)
def corners(width: int, height: int, radius: int, colour: Colour) -> Tuple[Tuple[pygame.Surface, Tuple[int, int]], ...]:
    """What a picture's square corners are covered with to look round: four surfaces with their places."""
    inside = pygame.surfarray.array_alpha(rounded(4 * radius, 4 * radius, radius, colour)).T
    parts = []
    for x, column in ((0, slice(0, radius)), (width - radius, slice(-radius, None))):
        for y, row in ((0, slice(0, radius)), (height - radius, slice(-radius, None))):
            parts.append((stencil(255 - inside[row, column], colour), (x, y)))
    return tuple(parts)


@functools.lru_cache(maxsize=8)
def _ring_field(size: int, thickness: int) -> Tuple[np.ndarray, np.ndarray]:
    """Angle from the top, clockwise in parts of a turn, and opacity of a whole ring: float32 (size, size)."""
    y, x = np.mgrid[:size, :size].astype(np.float32) - (size - 1) / 2.0
    radius = np.hypot(x, y)
    opacity = np.clip(thickness / 2.0 - np.abs(radius - (size - thickness) / 2.0 + 1) + 0.5, 0, 1)
    return (np.arctan2(x, -y) / (2 * np.pi)) % 1.0, opacity


def ring(size: int, thickness: int, fraction: float, colour: Colour, track: Colour) -> pygame.Surface:
    """A ring of which `fraction` (0..1), clockwise from the top, is in `colour` and the rest in `track`."""
    turn, opacity = _ring_field(size, thickness)
    # One pixel along the ring is this part of a turn: it gives the end of the arc a smooth edge.
    pixel = 1.0 / (np.pi * (size - thickness))
    filled = np.clip((fraction - turn) / pixel + 0.5, 0, 1) if 0 < fraction < 1 else np.full_like(turn, fraction >= 1)
    pixels = np.empty((size, size, 4), np.uint8)
    for channel in range(3):
        pixels[..., channel] = track[channel] + filled * (colour[channel] - track[channel])
    pixels[..., 3] = opacity * 255
    return pygame.image.frombuffer(pixels.tobytes(), (size, size), "RGBA")


class Canvas:
    """Paints in a square of side 1 (the shorter side of the mask); `ink` 255 covers, 0 cuts out."""

    def __init__(self, width: int, height: int):
        self.mask = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
        self._scale = min(width, height) * _OVERSAMPLING

    def _at(self, point: Sequence[float]) -> Tuple[int, int]:
        return int(round(point[0] * self._scale * 16)), int(round(point[1] * self._scale * 16))

    def line(self, points: Sequence[Sequence[float]], width: float, ink: int = 255) -> None:
        """A line with round ends and joints."""
        for start, end in zip(points[:-1], points[1:]):
            cv2.line(
                self.mask,
                self._at(start),
                self._at(end),
                (ink,),
                max(1, int(round(width * self._scale))),
                cv2.LINE_8,
                4,
            )
        for point in points:
            self.disc(point, width / 2, ink)

    def disc(self, centre: Sequence[float], radius: float, ink: int = 255) -> None:
        cv2.circle(self.mask, self._at(centre), int(round(radius * self._scale * 16)), (ink,), -1, cv2.LINE_8, 4)

    def polygon(self, points: Sequence[Sequence[float]], ink: int = 255) -> None:
        cv2.fillPoly(self.mask, [np.array([self._at(point) for point in points], np.int32)], (ink,), cv2.LINE_8, 4)

    def arc(
        self, centre: Sequence[float], radius: float, start: float, end: float, width: float, ink: int = 255
    ) -> None:
        """Part of a circle; angles in degrees, clockwise from the right."""
        angles = np.radians(np.linspace(start, end, 40))
        self.line([(centre[0] + radius * np.cos(a), centre[1] + radius * np.sin(a)) for a in angles], width, ink)


def painted(width: int, height: int, paint: Callable[[Canvas], None]) -> np.ndarray:
    """A mask, uint8 (height, width), of what a function paints on a canvas."""
    canvas = Canvas(width, height)
    paint(canvas)
    return cv2.resize(canvas.mask, (width, height), interpolation=cv2.INTER_AREA)


def _tick(canvas: Canvas) -> None:
    canvas.line([(0.14, 0.53), (0.40, 0.78), (0.87, 0.25)], 0.15)


def _cross(canvas: Canvas) -> None:
    canvas.line([(0.2, 0.2), (0.8, 0.8)], 0.15)
    canvas.line([(0.8, 0.2), (0.2, 0.8)], 0.15)


def _question(canvas: Canvas) -> None:
    canvas.arc((0.5, 0.33), 0.21, 180, 400, 0.13)
    end = (0.5 + 0.21 * np.cos(np.radians(40)), 0.33 + 0.21 * np.sin(np.radians(40)))
    canvas.line([end, (0.5, 0.60), (0.5, 0.66)], 0.13)
    canvas.disc((0.5, 0.87), 0.085)


def _warning(canvas: Canvas) -> None:
    canvas.line([(0.5, 0.16), (0.9, 0.83), (0.1, 0.83), (0.5, 0.16)], 0.12)
    canvas.polygon([(0.5, 0.16), (0.9, 0.83), (0.1, 0.83)])
    canvas.line([(0.5, 0.40), (0.5, 0.60)], 0.09, 0)
    canvas.disc((0.5, 0.74), 0.055, 0)


def _unseen(canvas: Canvas) -> None:
    """An eye, crossed out."""
    for side in (1, -1):
        canvas.arc((0.5, 0.5 + side * 0.29), 0.53, -90 * side - 56.8, -90 * side + 56.8, 0.075)
    canvas.disc((0.5, 0.5), 0.13)
    canvas.line([(0.2, 0.86), (0.82, 0.12)], 0.2, 0)
    canvas.line([(0.18, 0.88), (0.82, 0.12)], 0.08)


def _no_camera(canvas: Canvas) -> None:
    canvas.line([(0.12, 0.34), (0.62, 0.34), (0.62, 0.70), (0.12, 0.70), (0.12, 0.34)], 0.08)
    canvas.polygon([(0.12, 0.34), (0.62, 0.34), (0.62, 0.70), (0.12, 0.70)])
    canvas.line([(0.76, 0.47), (0.90, 0.36), (0.90, 0.68), (0.76, 0.57), (0.76, 0.47)], 0.06)
    canvas.polygon([(0.76, 0.47), (0.90, 0.36), (0.90, 0.68), (0.76, 0.57)])
    canvas.line([(0.16, 0.92), (0.84, 0.12)], 0.19, 0)
    canvas.line([(0.16, 0.92), (0.84, 0.12)], 0.07)


def _whole_body(canvas: Canvas) -> None:
    """A person within the corners of a view finder."""
    for x, dx in ((0.06, 1), (0.94, -1)):
        for y, dy in ((0.06, 1), (0.94, -1)):
            canvas.line([(x, y + 0.2 * dy), (x, y), (x + 0.2 * dx, y)], 0.06)
    canvas.disc((0.5, 0.24), 0.085)
    canvas.line([(0.36, 0.58), (0.39, 0.40), (0.61, 0.40), (0.64, 0.58)], 0.075)
    canvas.polygon([(0.39, 0.38), (0.61, 0.38), (0.59, 0.62), (0.41, 0.62)])
    canvas.line([(0.44, 0.60), (0.43, 0.84)], 0.09)
    canvas.line([(0.56, 0.60), (0.57, 0.84)], 0.09)


def _stop(canvas: Canvas) -> None:
    """The octagon of a stop sign with a bar."""
    angles = np.radians(np.arange(8) * 45 + 22.5)
    canvas.polygon([(0.5 + 0.5 * np.cos(a), 0.5 + 0.5 * np.sin(a)) for a in angles])
    canvas.line([(0.28, 0.5), (0.72, 0.5)], 0.14, 0)


def _disc(canvas: Canvas) -> None:
    canvas.disc((0.5, 0.5), 0.49)


ICONS: Dict[str, Callable[[Canvas], None]] = {
    "tick": _tick,
    "cross": _cross,
    "question": _question,
    "warning": _warning,
    "unseen": _unseen,
    "no_camera": _no_camera,
    "whole_body": _whole_body,
    "stop": _stop,
    "disc": _disc,
}
