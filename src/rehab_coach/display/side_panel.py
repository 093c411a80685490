"""The right side of the screen: what the moment is about, as a picture more than as a text."""

from typing import Dict, NamedTuple, Tuple

import pygame

from rehab_coach.display import figures, shapes, theme
from rehab_coach.display.pen import Pen
from rehab_coach.display.state import Phase, View
from rehab_coach.texts import Texts


class Look(NamedTuple):
    """How a phase looks; the icon says it to those who cannot tell the colours apart."""

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


def side_key(view: View, now: float) -> tuple:
    """Equal for two moments in which the side looks the same."""
    moving: Tuple = ()
    if view.phase in (Phase.COUNTDOWN, Phase.RECORDING):
        moving = (round(view.fraction * 400), view.number, figures.step_at(now))
    elif view.phase is Phase.PROMPT:
        moving = (figures.step_at(now),)
    elif view.phase is Phase.THINKING:
        moving = (int(now * 15),)
    still = (view.phase, view.note, view.label, view.seen, round(view.confidence, 2), view.correct, view.answered)
    return still + (view.count, view.remark, view.bars) + moving


def draw_side(pen: Pen, view: View, box: pygame.Rect, now: float, texts: Texts) -> None:
    """Draw the side of a view; `now` in seconds moves what moves."""
    if view.phase in LOOKS and (view.remark or view.count is not None):
        _draw_measured_card(pen, view, box, texts)
    elif view.phase in LOOKS:
        _draw_card(pen, view, box, texts)
    elif view.phase is Phase.QUESTION:
        _draw_question(pen, box, texts)
    elif view.phase in (Phase.COUNTDOWN, Phase.RECORDING):
        if view.bars:
            box = _draw_bars(pen, view, box, texts)
        if view.phase is Phase.RECORDING and view.count is not None:
            _draw_count(pen, view, box, texts)
        else:
            _draw_countdown(pen, view, box, now)
    elif view.phase is Phase.THINKING:
        _draw_thinking(pen, box, now)
    elif view.phase is Phase.WELCOME:
        _draw_welcome(pen, view, box, texts)
    elif view.phase is Phase.PROMPT:
        _draw_prompt(pen, view, box, now, texts)
    else:
        _draw_rest(pen, view, box, texts)


def _draw_card(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> None:
    look = LOOKS[view.phase]
    pen.panel(box, look.ground)
    if not view.seen:
        pen.icon(look.icon, int(min(box.width * 0.7, box.height * 0.72)), look.text, *box.center)
        return
    size = int(min(box.width * 0.7, box.height * 0.56))
    pen.icon(look.icon, size, look.text, box.centerx, box.top + int(box.height * 0.34))
    name = pen.inside(box, 20, 0, 20, 0)
    name.top, name.height = box.top + int(box.height * 0.62), int(box.height * 0.2)
    pen.text(texts.exercise(view.seen), name, 64, look.text)
    sure = name.move(0, int(box.height * 0.17))
    pen.text(_sure(view, texts), sure, 42, look.text)


def _sure(view: View, texts: Texts) -> str:
    return texts("sure", percent="%.0f" % (100 * view.confidence))


def _draw_measured_card(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> None:
    """The answer in a strip on top, below it the repetitions and what there is to say about them."""
    look = LOOKS[view.phase]
    pen.panel(box, look.ground)
    inner = pen.inside(box, 22, 16, 22, 16)
    size = int(inner.height * 0.24)
    pen.icon(look.icon, size, look.text, inner.left + size // 2, inner.top + size // 2)
    left = inner.left + size + pen.px(18)
    name = pygame.Rect(left, inner.top, inner.right - left, int(size * 0.6))
    pen.text(texts.exercise(view.seen) if view.seen else "", name, 56, look.text, "left")
    sure = pygame.Rect(left, name.bottom, name.width, size - name.height)
    pen.text(_sure(view, texts), sure, 36, look.text, "left")
    rest = pygame.Rect(inner.left, inner.top + size, inner.width, inner.height - size)
    if view.count is not None:
        row = pygame.Rect(rest.left, rest.top, rest.width, int(rest.height * (0.32 if view.remark else 1)))
        word = texts("repetition" if view.count == 1 else "repetitions")
        if not view.remark:
            word_box = pygame.Rect(row.left, row.bottom - pen.px(70), row.width, pen.px(70))
            row.height -= word_box.height
            pen.text(str(view.count), row, 230, look.text)
            pen.text(word, word_box, 60, look.text)
            return
        number = pen.text(str(view.count), row, 110, look.text, "left")
        beside = pygame.Rect(number.right + pen.px(18), row.top, row.right - number.right - pen.px(18), row.height)
        pen.text(word, beside, 56, look.text, "left")
        rest = pygame.Rect(rest.left, row.bottom, rest.width, rest.bottom - row.bottom)
    pen.text(view.remark, rest, 54, look.text, "left", lines=4)


def _draw_question(pen: Pen, box: pygame.Rect, texts: Texts) -> None:
    """The two keys that answer it."""
    pen.panel(box, theme.PANEL)
    inner = pen.inside(box, 36, 24, 36, 24)
    size = min(inner.width // 2, int(inner.height * 0.4))
    for row, (key, answer) in enumerate((("Y", "yes"), ("N", "no"))):
        cap = pygame.Rect(0, 0, size, size)
        cap.left, cap.centery = inner.left, inner.top + inner.height * (1 + 2 * row) // 4
        pen.panel(cap, theme.TEXT)
        pen.text(key, cap, 110, theme.INK)
        word = pygame.Rect(cap.right + pen.px(28), cap.top, inner.right - cap.right - pen.px(28), size)
        pen.text(texts(answer), word, 90, align="left")


def _draw_count(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> None:
    """The repetitions so far, as large as it goes, in the ring of the time that is left."""
    pen.panel(box, theme.PANEL)
    box = pen.inside(box, 18, 16, 18, 12)
    below = int(box.height * 0.16)
    size = min(box.width, box.height - below)
    ring = pygame.Rect(box.centerx - size // 2, box.top, size, size)
    pen.surface.blit(shapes.ring(size, max(6, size // 14), view.fraction, theme.CORAL, theme.TRACK), ring)
    pen.text(str(view.count), ring.inflate(-int(size * 0.34), -int(size * 0.28)), 330)
    words = pen.inside(pygame.Rect(box.left, ring.bottom, box.width, below), 8, 4, 8, 0)
    left = pen.text(texts("seconds", seconds=view.number), words, 52, theme.CORAL, "right").left
    words.width = left - pen.px(16) - words.left
    pen.text(texts("repetition" if view.count == 1 else "repetitions"), words, 52, align="left")


def _draw_bars(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> pygame.Rect:
    """What the movement is taken for so far, a line for each exercise; returns what is left of the box, above them."""
    above, below = box.copy(), box.copy()
    below.height = int(box.height * 0.36)
    below.top = box.bottom - below.height
    above.height = below.top - pen.px(12) - above.top
    pen.panel(below, theme.PANEL)
    inner = pen.inside(below, 18, 10, 18, 10)
    row_height = inner.height / len(view.bars)
    for number, bar in enumerate(view.bars):
        row = pygame.Rect(inner.left, inner.top + int(number * row_height), inner.width, int(row_height))
        name = pygame.Rect(row.left, row.top, int(row.width * 0.46), row.height)
        pen.text(texts.exercise(bar.label), name, 26, theme.TEXT if bar.shown else theme.MUTED, "left")
        track = pygame.Rect(name.right + pen.px(10), 0, row.right - name.right - pen.px(10), max(4, pen.px(12)))
        track.centery = row.centery
        pen.panel(track, theme.TRACK, 6)
        filled = track.copy()
        filled.width = int(track.width * bar.share)
        if filled.width >= filled.height:
            pen.panel(filled, theme.ACCENT if bar.shown else theme.MUTED, 6)
    return above


def _draw_countdown(pen: Pen, view: View, box: pygame.Rect, now: float) -> None:
    """The ring with the seconds; below it the exercise and a word."""
    pen.panel(box, theme.PANEL)
    box = pen.inside(box, 18, 16, 18, 16)
    colour = theme.CORAL if view.phase is Phase.RECORDING else theme.ACCENT
    has_figure = bool(view.label)
    below = int(box.height * (0.36 if has_figure else 0.2)) if has_figure or view.note else 0
    size = min(box.width, box.height - below)
    top = box.top if below else box.centery - size // 2
    place = pygame.Rect(box.centerx - size // 2, top, size, size)
    pen.surface.blit(shapes.ring(size, max(6, size // 11), view.fraction, colour, theme.TRACK), place)
    pen.text(view.number, place.inflate(-int(size * 0.42), -int(size * 0.42)), 190)
    words = pygame.Rect(box.left, place.bottom, box.width, below)
    if has_figure:
        side = below - pen.px(10)
        corner = (box.left if view.note else box.centerx - side // 2, box.bottom - side)
        pen.surface.blit(figures.figure(view.label, figures.step_at(now), side, theme.TEXT), corner)
        left = box.left + side + pen.px(20)
        words = pygame.Rect(left, box.bottom - side, box.right - left, side)
    if view.note:
        pen.text(view.note, words, 72, align="left" if has_figure else "center", lines=3)


def _draw_thinking(pen: Pen, box: pygame.Rect, now: float) -> None:
    pen.panel(box, theme.PANEL)
    size = int(min(box.size) * 0.6)
    ring = shapes.ring(size, max(6, size // 9), 0.25, theme.ACCENT, theme.TRACK)
    turned = pygame.transform.rotozoom(ring, -(now * 240) % 360, 1.0)
    pen.surface.blit(turned, turned.get_rect(center=box.center))


def _draw_prompt(pen: Pen, view: View, box: pygame.Rect, now: float, texts: Texts) -> None:
    pen.panel(box, theme.PANEL)
    if not view.label:
        pen.text(texts("get_ready"), pen.inside(box, 24, 24, 24, 24), 80, lines=2)
        return
    size = min(box.size) - pen.px(56)
    figure = figures.figure(view.label, figures.step_at(now), size, theme.TEXT)
    pen.surface.blit(figure, figure.get_rect(center=box.center))


def _draw_welcome(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> None:
    about, warning, note = box.copy(), box.copy(), box.copy()
    about.height = int(box.height * 0.44)
    warning.top, warning.height = about.bottom, int(box.height * 0.38)
    note.top, note.height = warning.bottom, box.bottom - warning.bottom
    pen.text(texts("about"), pen.inside(about, 0, 0, 0, 12), 44, align="left", lines=5)
    pen.panel(warning, theme.AMBER)
    pen.icon("warning", pen.px(72), theme.INK, warning.left + pen.px(56), warning.centery)
    pen.text(texts("disclaimer"), pen.inside(warning, 112, 8, 16, 8), 42, theme.INK, "left", lines=4)
    pen.text(view.note or texts("getting_ready"), note, 34, theme.MUTED, "left", lines=2)


def _draw_rest(pen: Pen, view: View, box: pygame.Rect, texts: Texts) -> None:
    pen.panel(box, theme.PANEL)
    upper = pen.inside(box, 20, 20, 20, 20)
    lower = upper.copy()
    upper.height = int(lower.height * 0.66)
    lower.top, lower.height = upper.bottom, lower.height - upper.height
    pen.text(str(view.correct), upper, 230, theme.GREEN)
    pen.text(texts("score_words", answered=view.answered), lower, 60)
