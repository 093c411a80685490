"""Draws a view of the screen: headline on top, camera picture on the left, what it is about on the right."""

from dataclasses import replace
from typing import Dict, List, Optional, Tuple

import numpy as np
import pygame

from rehab_coach.display import shapes, theme
from rehab_coach.display.pen import Pen
from rehab_coach.display.side_panel import LOOKS, draw_side, side_key
from rehab_coach.display.state import Motion, Phase, View, emphasised
from rehab_coach.texts import Texts, load_texts

_HEADLINE_SIZE, _SMALLEST_OF_ONE_LINE = 86, 66


class Renderer:
    """Draws views on a surface of any size from 320x240; only what has changed is drawn again.

    Args:
        surface: the screen.
        texts: the language of what the screen says by itself; None: English.
    """

    def __init__(self, surface: pygame.Surface, texts: Optional[Texts] = None):
        self._surface = surface
        self._texts = texts or load_texts()
        self._pen = Pen(surface)
        self._drawn: Dict[str, tuple] = {}

    def picture_box(self, view: View) -> Tuple[int, int]:
        """Width and height in pixels that the camera picture has in a view: decode it no larger."""
        return self._arrange(view)[1].size

    def draw(
        self,
        view: View,
        picture: Optional[np.ndarray],
        now: float,
        had_picture: bool = True,
        picture_key: object = None,
    ) -> List[pygame.Rect]:
        """Draw what differs from the last call.

        Args:
            view: what to show.
            picture: uint8 (H, W, 3) RGB that fits into :meth:`picture_box`; None when there is none.
            now: seconds, for what moves.
            had_picture: without a picture: whether there was one before.
            picture_key: equal for equal pictures; by default every picture counts as a new one.

        Returns:
            The rectangles that changed, for ``pygame.display.update``; empty when nothing did.
        """
        if view.phase is Phase.ADVICE and picture is None:
            view = replace(view, phase=Phase.PROBLEM)  # it cannot be about where the person stands
        headline, picture_box, side, footer = boxes = self._arrange(view)
        changed: List[pygame.Rect] = []
        if self._changed("layout", tuple(tuple(box) for box in boxes)):
            self._drawn = {"layout": self._drawn["layout"]}
            self._surface.fill(theme.BACKGROUND)
            changed.append(self._surface.get_rect())
        if self._changed("headline", (view.headline, view.motion, LOOKS.get(view.phase), view.label)):
            if view.motion is Motion.ALLOWED:
                self._draw_headline(view, headline)
            else:
                self._draw_motion(view, headline)
            changed.append(headline)
        key = (object() if picture_key is None else picture_key) if picture is not None else had_picture
        recording = view.phase is Phase.RECORDING
        lit = recording and now % 1.0 < 0.6
        if self._changed("picture", (key, picture is None, recording, lit)):
            self._draw_picture(picture, picture_box, had_picture)
            if recording:
                self._draw_recording_badge(picture_box, lit)
            changed.append(picture_box)
        if self._changed("side", side_key(view, now)):
            self._surface.fill(theme.BACKGROUND, side)
            draw_side(self._pen, view, side, now, self._texts)
            changed.append(side)
        if self._changed("footer", (view.round, view.outcomes, view.phase is Phase.WELCOME)):
            self._draw_footer(view, footer)
            changed.append(footer)
        return changed

    def _changed(self, part: str, key: tuple) -> bool:
        if self._drawn.get(part) == key:
            return False
        self._drawn[part] = key
        return True

    def _arrange(self, view: View) -> Tuple[pygame.Rect, pygame.Rect, pygame.Rect, pygame.Rect]:
        """Boxes of headline, picture, side and footer; a second line of the headline shrinks the picture."""
        px = self._pen.px
        width, height = self._surface.get_size()
        gap = px(20)
        one_line = theme.fit(view.headline, width - px(48), px(100), px(_HEADLINE_SIZE), px(20), 1)
        tall = one_line.size < px(_SMALLEST_OF_ONE_LINE) or view.motion is not Motion.ALLOWED
        headline = pygame.Rect(0, 0, width, px(176 if tall else 112))
        footer = pygame.Rect(0, height - px(64), width, px(64))
        body = pygame.Rect(px(24), headline.bottom + gap, width - px(48), footer.top - headline.bottom - gap)
        picture = body.copy()
        picture.width = min(body.height * 4 // 3, body.width * 6 // 10)
        side = pygame.Rect(picture.right + gap, body.top, body.right - picture.right - gap, body.height)
        return headline, picture, side, footer

    def _draw_headline(self, view: View, box: pygame.Rect) -> None:
        look = LOOKS.get(view.phase)
        self._pen.fill(box, look.ground if look else theme.PANEL)
        self._pen.text(
            view.headline,
            self._pen.inside(box, 24, 4, 24, 4),
            _HEADLINE_SIZE,
            look.text if look else theme.TEXT,
            lines=3,
            emphasis=None if look else emphasised(view.headline, self._texts.exercise(view.label)),
        )

    def _draw_motion(self, view: View, box: pygame.Rect) -> None:
        """The red banner in the headline's place."""
        pen = self._pen
        title, hint = self._texts(view.motion.value), self._texts(view.motion.value + "_hint")
        pen.fill(box, theme.RED)
        pen.icon("stop", pen.px(120), theme.TEXT, box.left + pen.px(88), box.centery)
        pen.text(title, pen.inside(box, 176, 6, 28, 54), 92, align="left")
        pen.text(hint, pen.inside(box, 176, 98, 28, 18), 44, align="left")

    def _draw_picture(self, picture: Optional[np.ndarray], box: pygame.Rect, had_picture: bool) -> None:
        pen = self._pen
        if picture is None:
            pen.fill(box, theme.PANEL)
            pen.icon("no_camera", pen.px(150), theme.MUTED, box.centerx, box.centery - pen.px(44))
            text = self._texts("camera_silent" if had_picture else "waiting_for_camera")
            below = pygame.Rect(box.left, box.centery + pen.px(52), box.width, pen.px(96))
            pen.text(text, pen.inside(below, 24, 0, 24, 0), 44, lines=2)
        else:
            height, width = picture.shape[:2]
            if (width, height) != box.size:
                pen.fill(box, theme.PANEL)
            image = pygame.image.frombuffer(np.ascontiguousarray(picture).data, (width, height), "RGB")
            self._surface.blit(image, image.get_rect(center=box.center))
        for corner, (x, y) in shapes.corners(box.width, box.height, pen.px(18), theme.BACKGROUND):
            self._surface.blit(corner, (box.left + x, box.top + y))

    def _draw_recording_badge(self, box: pygame.Rect, lit: bool) -> None:
        pen = self._pen
        badge = pygame.Rect(box.left + pen.px(16), box.top + pen.px(16), pen.px(208), pen.px(52))
        pen.panel(badge, theme.INK, radius=26)
        dot = theme.CORAL if lit else theme.TRACK
        pen.icon("disc", pen.px(26), dot, badge.left + pen.px(29), badge.centery)
        pen.text(self._texts("filming"), pen.inside(badge, 52, 0, 14, 0), 36, align="left")

    def _draw_footer(self, view: View, box: pygame.Rect) -> None:
        pen = self._pen
        pen.fill(box, theme.BACKGROUND)
        inner = pen.inside(box, 24, 6, 24, 6)
        if view.phase is Phase.WELCOME:
            pen.text(self._texts("keys"), inner, 30, theme.MUTED, "left")
            return
        left, right = inner.left, inner.right
        if view.round:
            left = pen.text(self._texts("round", round=view.round), inner, 38, theme.MUTED, "left").right
        if view.answered:
            score = self._texts("score", correct=view.correct, answered=view.answered)
            right = pen.text(score, inner, 38, align="right").left
        step = pen.px(46)
        room = max(0, (right - left - pen.px(64)) // step)
        for index, outcome in enumerate(reversed(view.outcomes[-room:] if room else ())):
            look = LOOKS[outcome]
            colour = theme.CORAL if look.ground == theme.RED else look.ground
            x = right - pen.px(52) - index * step
            pen.icon(look.icon, pen.px(32), colour, x, inner.centery)
