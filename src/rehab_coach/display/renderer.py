"""Draws a view of the screen: headline on top, camera picture on the left, what it is about on the right."""
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import pygame

from rehab_coach.display import figures, shapes, theme
from rehab_coach.display.state import OUTCOMES, Motion, Phase, View, emphasised
from rehab_coach.robot.exercises import NAMES

DISCLAIMER = "Not a medical device. Stop if anything hurts."
ABOUT = "I ask for an exercise, film you, and tell you what I saw."
KEYS = "Esc: stop the robot  ·  F: full screen  ·  Q: quit"


class Look(NamedTuple):
    """Icon, ground and text colour of a phase: the icon says it to those who cannot tell the colours apart."""

    icon: str
    ground: theme.Colour
    text: theme.Colour


LOOKS: Dict[Phase, Look] = {
    Phase.CORRECT: Look("tick", theme.GREEN, theme.INK),
    Phase.WRONG: Look("cross", theme.RED, theme.TEXT),
    Phase.UNKNOWN: Look("question", theme.AMBER, theme.INK),
    Phase.NOT_SEEN: Look("unseen", theme.AMBER, theme.INK),
    Phase.PROBLEM: Look("warning", theme.AMBER, theme.INK),
    Phase.ADVICE: Look("whole_body", theme.ACCENT, theme.INK),
}
_HISTORY_COLOURS = {phase: look.ground if phase is not Phase.WRONG else theme.CORAL for phase, look in LOOKS.items()}

_MOTION_TEXTS = {
    Motion.STOPPING: ("STOPPING …", "Esc was pressed"),
    Motion.STOPPED: ("STOPPED", "Space: let the robot move again"),
    Motion.RELEASING: ("STOPPED", "Releasing …"),
    Motion.STOP_FAILED: ("NOT STOPPED", "The robot does not answer: switch it off by hand"),
    Motion.RELEASE_FAILED: ("STOPPED", "The robot does not answer. Space: try again"),
}


class Renderer:
    """Draws views on a surface of any size from 320x240; only what has changed is drawn again.

    Args:
        surface: the screen.
    """

    def __init__(self, surface: pygame.Surface):
        self._surface = surface
        width, height = surface.get_size()
        self._unit = min(width / 1024.0, height / 600.0)
        self._text = theme.Typesetter()
        self._drawn: Dict[str, tuple] = {}
        self._headline = self._body = self._footer = surface.get_rect()

    def picture_box(self, view: View) -> Tuple[int, int]:
        """Width and height in pixels that the camera picture has in a view: decode it no larger."""
        return self._arrange(view)[1].size

    def draw(self, view: View, picture: Optional[np.ndarray], now: float, had_picture: bool = True,
             picture_key: object = None) -> List[pygame.Rect]:
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
        headline, picture_box, side, footer = boxes = self._arrange(view)
        stopped = view.motion is not Motion.ALLOWED
        look = LOOKS.get(view.phase)
        changed: List[pygame.Rect] = []
        if self._changed("layout", tuple(tuple(box) for box in boxes)):
            self._drawn = {"layout": self._drawn["layout"]}
            self._surface.fill(theme.BACKGROUND)
            changed.append(self._surface.get_rect())
        if self._changed("headline", (view.headline, view.motion, look, view.label)):
            changed.append(self._draw_motion(view, headline) if stopped else self._draw_headline(view, headline))
        key = (id(picture) if picture_key is None else picture_key) if picture is not None else None
        recording = view.phase is Phase.RECORDING
        blink = recording and now % 1.0 < 0.6
        if self._changed("picture", (key, picture is None and had_picture, recording, blink)):
            self._draw_picture(picture, picture_box, had_picture)
            if recording:
                self._draw_recording_badge(picture_box, blink)
            changed.append(picture_box)
        if self._changed("side", self._side_key(view, now)):
            self._surface.fill(theme.BACKGROUND, side)
            self._draw_side(view, side, now)
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

    def _px(self, length: float) -> int:
        """A length for the 1024x600 screen in pixels of this one."""
        return int(round(length * self._unit))

    def _arrange(self, view: View) -> Tuple[pygame.Rect, pygame.Rect, pygame.Rect, pygame.Rect]:
        """Boxes of headline, picture, side and footer: a headline of two lines takes its room from the picture."""
        width, height = self._surface.get_size()
        margin, gap = self._px(24), self._px(20)
        one_line = theme.fit(view.headline, width - 2 * margin, self._px(100), self._px(86), self._px(20), 1)
        tall = one_line.size < self._px(66) or view.motion is not Motion.ALLOWED
        headline = pygame.Rect(0, 0, width, self._px(176 if tall else 112))
        footer = pygame.Rect(0, height - self._px(64), width, self._px(64))
        top = headline.bottom + gap
        body = pygame.Rect(margin, top, width - 2 * margin, footer.top - top)
        picture = pygame.Rect(body.left, body.top, min(body.height * 4 // 3, body.width * 6 // 10), body.height)
        side = pygame.Rect(picture.right + gap, body.top, body.right - picture.right - gap, body.height)
        return headline, picture, side, footer

    def _draw_headline(self, view: View, box: pygame.Rect) -> pygame.Rect:
        look = LOOKS.get(view.phase)
        self._surface.fill(look.ground if look else theme.PANEL, box)
        words = emphasised(view.headline, view.label) if not look else None
        self._text.draw(self._surface, view.headline, box.inflate(-self._px(48), -self._px(8)), self._px(86),
                        look.text if look else theme.TEXT, smallest=self._px(24), most_lines=3, emphasis=words)
        return box

    def _draw_motion(self, view: View, box: pygame.Rect) -> pygame.Rect:
        self._surface.fill(theme.RED, box)
        title, hint = _MOTION_TEXTS[view.motion]
        size, margin = self._px(120), self._px(28)
        self._surface.blit(shapes.icon("stop", size, theme.TEXT), (margin, box.centery - size // 2))
        lines = pygame.Rect(margin + size + self._px(28), box.top, 0, box.height)
        lines.width = box.width - margin - lines.left
        upper = int(box.height * 0.66)
        self._text.draw(self._surface, title, pygame.Rect(lines.left, box.top + self._px(6), lines.width, upper), self._px(92),
                        align="left", most_lines=1)
        self._text.draw(self._surface, hint, pygame.Rect(lines.left, box.top + upper - self._px(18), lines.width,
                                                         box.height - upper), self._px(44), align="left", most_lines=1)
        return box

    def _draw_picture(self, picture: Optional[np.ndarray], box: pygame.Rect, had_picture: bool) -> None:
        if picture is None:
            self._surface.fill(theme.PANEL, box)
            size = self._px(150)
            self._surface.blit(shapes.icon("no_camera", size, theme.MUTED),
                               (box.centerx - size // 2, box.centery - size // 2 - self._px(44)))
            text = "No picture from the camera" if had_picture else "Waiting for the camera"
            self._text.draw(self._surface, text, pygame.Rect(
                box.left + self._px(24), box.centery + self._px(52), box.width - self._px(48), self._px(96)),
                self._px(44), theme.TEXT, most_lines=2)
        else:
            height, width = picture.shape[:2]
            if (width, height) != box.size:
                self._surface.fill(theme.PANEL, box)
            image = pygame.image.frombuffer(np.ascontiguousarray(picture), (width, height), "RGB")
            self._surface.blit(image, (box.centerx - width // 2, box.centery - height // 2))
        for corner, (x, y) in shapes.corners(box.width, box.height, self._px(18), theme.BACKGROUND):
            self._surface.blit(corner, (box.left + x, box.top + y))

    def _draw_recording_badge(self, box: pygame.Rect, lit: bool) -> None:
        badge = pygame.Rect(box.left + self._px(16), box.top + self._px(16), self._px(208), self._px(52))
        self._surface.blit(shapes.rounded(badge.width, badge.height, badge.height // 2, theme.INK), badge)
        dot = self._px(26)
        self._surface.blit(shapes.icon("disc", dot, theme.CORAL if lit else theme.TRACK),
                           (badge.left + self._px(16), badge.centery - dot // 2))
        self._text.draw(self._surface, "Filming", pygame.Rect(
            badge.left + self._px(52), badge.top, badge.width - self._px(66), badge.height), self._px(36),
            align="left", most_lines=1)

    def _side_key(self, view: View, now: float) -> tuple:
        moving: Tuple = ()
        if view.phase in (Phase.COUNTDOWN, Phase.RECORDING):
            moving = (round(view.fraction * 400), view.number, figures.step_at(now))
        elif view.phase is Phase.PROMPT:
            moving = (figures.step_at(now),)
        elif view.phase is Phase.THINKING:
            moving = (int(now * 15),)
        return (view.phase, view.note, view.label, view.seen, round(view.confidence, 2), view.correct,
                view.answered) + moving

    def _draw_side(self, view: View, box: pygame.Rect, now: float) -> None:
        if view.phase in LOOKS:
            self._draw_card(view, box)
        elif view.phase in (Phase.COUNTDOWN, Phase.RECORDING):
            self._draw_countdown(view, box, now)
        elif view.phase is Phase.THINKING:
            self._draw_thinking(box, now)
        elif view.phase is Phase.WELCOME:
            self._draw_welcome(view, box)
        elif view.phase is Phase.PROMPT:
            self._draw_prompt(view, box, now)
        else:
            self._draw_rest(view, box)

    def _panel(self, box: pygame.Rect, colour: theme.Colour) -> None:
        self._surface.blit(shapes.rounded(box.width, box.height, self._px(18), colour), box)

    def _draw_card(self, view: View, box: pygame.Rect) -> None:
        look = LOOKS[view.phase]
        self._panel(box, look.ground)
        text = NAMES.get(view.seen, view.seen.replace("_", " "))
        share = 0.56 if text else 0.72
        size = int(min(box.width * 0.7, box.height * share))
        middle = box.top + int(box.height * (0.34 if text else 0.5))
        self._surface.blit(shapes.icon(look.icon, size, look.text), (box.centerx - size // 2, middle - size // 2))
        if text:
            below = pygame.Rect(box.left + self._px(20), box.top + int(box.height * 0.62), box.width - self._px(40),
                                int(box.height * 0.2))
            self._text.draw(self._surface, text, below, self._px(64), look.text, most_lines=1)
            percent = "{:.0f} % sure".format(100 * view.confidence)
            self._text.draw(self._surface, percent, below.move(0, int(box.height * 0.17)), self._px(42), look.text,
                            most_lines=1)

    def _draw_countdown(self, view: View, box: pygame.Rect, now: float) -> None:
        self._panel(box, theme.PANEL)
        box = box.inflate(-self._px(36), -self._px(32))
        colour = theme.CORAL if view.phase is Phase.RECORDING else theme.ACCENT
        has_figure = figures.has_figure(view.label)
        below = int(box.height * (0.36 if has_figure else 0.2)) if has_figure or view.note else 0
        size = min(box.width, box.height - below)
        top = box.top if below else box.centery - size // 2
        left = box.centerx - size // 2
        thickness = max(6, size // 11)
        self._surface.blit(shapes.ring(size, thickness, view.fraction, colour, theme.TRACK), (left, top))
        inside = pygame.Rect(left, top, size, size).inflate(-int(size * 0.42), -int(size * 0.42))
        self._text.draw(self._surface, view.number, inside, int(size * 0.62), most_lines=1)
        rest = pygame.Rect(box.left, top + size, box.width, below)
        if has_figure:
            side = below - self._px(10)
            x = box.left if view.note else box.centerx - side // 2
            self._surface.blit(figures.figure(view.label, figures.step_at(now), side, theme.TEXT),
                               (x, box.bottom - side))
            rest = pygame.Rect(box.left + side + self._px(20), box.bottom - side, box.width - side - self._px(20), side)
        if view.note:
            self._text.draw(self._surface, view.note, rest, self._px(72), theme.TEXT, most_lines=3,
                            align="left" if has_figure else "center")

    def _draw_thinking(self, box: pygame.Rect, now: float) -> None:
        self._panel(box, theme.PANEL)
        size = int(min(box.width, box.height) * 0.6)
        spinner = shapes.ring(size, max(6, size // 9), 0.25, theme.ACCENT, theme.TRACK)
        turned = pygame.transform.rotozoom(spinner, -(now * 240) % 360, 1.0)
        self._surface.set_clip(box)
        self._surface.blit(turned, turned.get_rect(center=box.center))
        self._surface.set_clip(None)

    def _draw_prompt(self, view: View, box: pygame.Rect, now: float) -> None:
        self._panel(box, theme.PANEL)
        size = min(box.width, box.height) - self._px(56)
        if figures.has_figure(view.label):
            self._surface.blit(figures.figure(view.label, figures.step_at(now), size, theme.TEXT),
                               (box.centerx - size // 2, box.centery - size // 2))
        else:
            self._text.draw(self._surface, "Get ready", box.inflate(-self._px(48), -self._px(48)), self._px(80))

    def _draw_welcome(self, view: View, box: pygame.Rect) -> None:
        warning = pygame.Rect(box.left, box.top + int(box.height * 0.44), box.width, int(box.height * 0.38))
        self._text.draw(self._surface, ABOUT, pygame.Rect(box.left, box.top, box.width, warning.top - box.top
                                                          - self._px(12)),
                        self._px(44), align="left", most_lines=5)
        self._panel(warning, theme.AMBER)
        size = self._px(72)
        self._surface.blit(shapes.icon("warning", size, theme.INK),
                           (warning.left + self._px(20), warning.centery - size // 2))
        self._text.draw(self._surface, DISCLAIMER, pygame.Rect(
            warning.left + size + self._px(40), warning.top, warning.width - size - self._px(56), warning.height
        ).inflate(0, -self._px(16)), self._px(42), theme.INK, align="left", most_lines=4)
        note = pygame.Rect(box.left, warning.bottom, box.width, box.bottom - warning.bottom)
        self._text.draw(self._surface, view.note or "Getting ready …", note, self._px(34),
                        theme.MUTED, align="left", most_lines=2)

    def _draw_rest(self, view: View, box: pygame.Rect) -> None:
        self._panel(box, theme.PANEL)
        inner = box.inflate(-self._px(40), -self._px(40))
        upper = pygame.Rect(inner.left, inner.top, inner.width, int(inner.height * 0.66))
        self._text.draw(self._surface, str(view.correct), upper, self._px(230), theme.GREEN, most_lines=1)
        self._text.draw(self._surface, "of {} correct".format(view.answered), pygame.Rect(
            inner.left, upper.bottom, inner.width, inner.bottom - upper.bottom), self._px(60), most_lines=1)

    def _draw_footer(self, view: View, box: pygame.Rect) -> None:
        self._surface.fill(theme.BACKGROUND, box)
        inner = box.inflate(-self._px(48), -self._px(12))
        if view.phase is Phase.WELCOME:
            self._text.draw(self._surface, KEYS, inner, self._px(30), theme.MUTED, align="left", most_lines=1)
            return
        middle = inner.left
        if view.round:
            middle = self._text.draw(self._surface, "Round {}".format(view.round), inner, self._px(38), theme.MUTED,
                                     align="left", most_lines=1).right
        score = inner.right
        if view.answered:
            score = self._text.draw(self._surface, "{} of {} correct".format(view.correct, view.answered), inner,
                                    self._px(38), align="right", most_lines=1).left
        size = self._px(32)
        room = max(0, (score - middle - self._px(64)) // (size + self._px(14)))
        for index, outcome in enumerate(reversed(view.outcomes[-room:] if room else ())):
            self._surface.blit(shapes.icon(LOOKS[outcome].icon, size, _HISTORY_COLOURS[outcome]),
                               (score - self._px(36) - (index + 1) * (size + self._px(14)) + self._px(14),
                                inner.centery - size // 2))
