"""What the screen is drawn with: text, icons and panels, measured in pixels of a 1024x600 screen."""

from typing import Optional, Set

import pygame

from rehab_coach.display import shapes, theme


class Pen:
    """Draws on a surface of any size as if it had 1024x600 pixels, whose sides may be longer.

    Args:
        surface: where to draw.
    """

    def __init__(self, surface: pygame.Surface):
        self.surface = surface
        self._unit = min(surface.get_width() / 1024.0, surface.get_height() / 600.0)
        self._typesetter = theme.Typesetter(smallest=max(8, self.px(22)))

    def px(self, length: float) -> int:
        """A length on the 1024x600 screen in pixels of this one."""
        return int(round(length * self._unit))

    def inside(self, box: pygame.Rect, left: float, top: float, right: float, bottom: float) -> pygame.Rect:
        """A box without its borders, whose widths are given in pixels of the 1024x600 screen."""
        left, top, right, bottom = (self.px(border) for border in (left, top, right, bottom))
        return pygame.Rect(box.left + left, box.top + top, box.width - left - right, box.height - top - bottom)

    def fill(self, box: pygame.Rect, colour: theme.Colour) -> None:
        self.surface.fill(colour, box)

    def panel(self, box: pygame.Rect, colour: theme.Colour, radius: float = 18) -> None:
        """A ground with round corners; the radius is at most half of the shorter side."""
        radius = min(self.px(radius), min(box.size) // 2)
        self.surface.blit(shapes.rounded(box.width, box.height, radius, colour), box)

    def icon(self, name: str, size: int, colour: theme.Colour, x: int, y: int) -> None:
        """An icon of :data:`shapes.ICONS` around a point; all in pixels of the surface."""
        self.surface.blit(shapes.icon(name, size, colour), (x - size // 2, y - size // 2))

    def text(
        self,
        text: str,
        box: pygame.Rect,
        size: float,
        colour: theme.Colour = theme.TEXT,
        align: str = "center",
        lines: int = 1,
        emphasis: Optional[Set[int]] = None,
    ) -> pygame.Rect:
        """Text of at most that size and that many lines; see :meth:`theme.Typesetter.draw`."""
        return self._typesetter.draw(
            self.surface, text, box, self.px(size), colour, align, lines, emphasis, theme.ACCENT
        )
