"""Colours of the screen, and text that fits.

The screen is 7 inches wide and is read from three metres, so text is bold and as large as its place allows.
Colours never carry a meaning alone (an icon stands beside them), and every pair of text and ground has a
contrast of at least 4.5 as WCAG 2.1 asks for (test/unit/display/test_theme.py).
"""

import functools
from collections import OrderedDict
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

import pygame

Colour = Tuple[int, int, int]

BACKGROUND: Colour = (10, 16, 28)
PANEL: Colour = (24, 35, 56)
TRACK: Colour = (44, 59, 87)  # the part of a ring that has run out
TEXT: Colour = (245, 248, 252)
MUTED: Colour = (164, 181, 206)
ACCENT: Colour = (99, 202, 255)
GREEN: Colour = (43, 208, 118)
RED: Colour = (206, 32, 52)
AMBER: Colour = (255, 193, 69)
INK: Colour = (7, 12, 22)  # text on green and amber
CORAL: Colour = (255, 112, 112)  # red for lines and text on the dark ground

# Height of a capital letter, depth of a "g", distance of two base lines: parts of the size of FreeSans Bold.
CAP_HEIGHT = 0.72
DESCENT = 0.22
LEADING = 1.14
# pygame.font.Font(None, n) makes its own font smaller than n by this factor.
_DEFAULT_FONT_SCALE = 0.6875


def contrast(first: Colour, second: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""

    def luminance(colour: Colour) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255.0 for v in colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


# Glyphs are rendered twice as large and then shrunk: hinting would put uneven gaps between the letters.
_OVERSAMPLING = 2


@functools.lru_cache(maxsize=None)
def _font(size: int) -> pygame.font.Font:
    """The bold font that PyGame ships, twice `size` pixels to the em; it needs no font on the machine."""
    return pygame.font.Font(None, int(round(_OVERSAMPLING * size / _DEFAULT_FONT_SCALE)))


def text_width(text: str, size: int) -> int:
    """Width of a line in pixels."""
    return -(-_font(size).size(text)[0] // _OVERSAMPLING)


def render(text: str, size: int, colour: Colour) -> pygame.Surface:
    """A line of text with a transparent ground; its base line is :func:`ascent` below its top."""
    large = _font(size).render(text, True, colour)
    return pygame.transform.smoothscale(large, (text_width(text, size), large.get_height() // _OVERSAMPLING))


def ascent(size: int) -> int:
    """Pixels from the baseline of a text of this size to the top of its highest letters."""
    return _font(size).get_ascent() // _OVERSAMPLING


class Paragraph(NamedTuple):
    """Text that was broken into lines at one size."""

    lines: Tuple[str, ...]
    size: int

    @property
    def width(self) -> int:
        return max(text_width(line, self.size) for line in self.lines)

    @property
    def height(self) -> int:
        """From the top of the first line's capitals to the last base line, in pixels."""
        return int(round(self.size * (CAP_HEIGHT + LEADING * (len(self.lines) - 1))))


def wrap(words: Sequence[str], size: int, width: int) -> List[str]:
    """Break words into lines of at most `width` pixels; a word that is wider stands alone."""
    lines: List[str] = []
    for word in words:
        longer = lines[-1] + " " + word if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@functools.lru_cache(maxsize=256)
def fit(text: str, width: int, height: int, largest: int, smallest: int = 20, most_lines: int = 4) -> Paragraph:
    """Break text so that it fills a box at the largest possible size.

    Args:
        text: any text; white space is not kept.
        width, height: the box in pixels; text in its middle stays inside it, descenders too.
        largest, smallest: limits of the font size in pixels.
        most_lines: no more lines than that.

    Returns:
        Lines of balanced length. Text that is too long even at the smallest size is cut and ends in "…".
    """
    words = text.split() or [" "]
    for size in range(max(largest, smallest), smallest - 1, -1):
        lines = wrap(words, size, width)
        paragraph = Paragraph(tuple(lines), size)
        if len(lines) <= most_lines and paragraph.height + 2 * DESCENT * size <= height and paragraph.width <= width:
            return Paragraph(tuple(_balance(words, size, width, len(lines))), size)
    return _cut(words, width, height, smallest, most_lines)


def _balance(words: Sequence[str], size: int, width: int, count: int) -> List[str]:
    """A paragraph's `count` lines: a sentence each, or else as equally long as they can be."""
    ends = [index for index, word in enumerate(words, 1) if word[-1] in ".!?:"]
    for end in ends if count == 2 else []:
        lines = [" ".join(words[:end]), " ".join(words[end:])]
        if lines[1] and all(text_width(line, size) <= width for line in lines):
            return lines
    narrow, wide = 1, width
    while narrow < wide:
        middle = (narrow + wide) // 2
        lines = wrap(words, size, middle)
        if len(lines) <= count and all(text_width(line, size) <= middle for line in lines):
            wide = middle
        else:
            narrow = middle + 1
    return wrap(words, size, wide)


def _cut(words: Sequence[str], width: int, height: int, size: int, most_lines: int) -> Paragraph:
    room = 1 + int((height / float(size) - CAP_HEIGHT - 2 * DESCENT) / LEADING)
    lines = wrap(words, size, width)
    kept = lines[: max(1, min(room, most_lines))]
    for index, line in enumerate(kept):
        is_cut = index == len(kept) - 1 and len(lines) > len(kept)
        while line and text_width(line + "…", size) > width:
            line, is_cut = line[:-1].rstrip(), True
        kept[index] = line + "…" if is_cut else line
    return Paragraph(tuple(kept), size)


class Typesetter:
    """Draws text and keeps the surfaces of the last texts, because rendering glyphs is what costs time.

    Args:
        smallest: font size in pixels below which text is cut rather than shrunk.
        capacity: how many lines are kept.
    """

    def __init__(self, smallest: int = 20, capacity: int = 64):
        self._smallest = smallest
        self._surfaces: "OrderedDict[tuple, pygame.Surface]" = OrderedDict()
        self._capacity = capacity

    def draw(
        self,
        target: pygame.Surface,
        text: str,
        box: pygame.Rect,
        largest: int,
        colour: Colour = TEXT,
        align: str = "center",
        most_lines: int = 4,
        emphasis: Optional[Set[int]] = None,
        emphasis_colour: Colour = ACCENT,
    ) -> pygame.Rect:
        """Draw text as large as it fits, vertically in the middle of a box.

        Args:
            target: where to draw.
            text, box, largest, most_lines: see :func:`fit`.
            colour: of the text.
            align: "left", "center" or "right" within the box.
            emphasis: indices of words in `emphasis_colour`.

        Returns:
            The rectangle from the first line's capitals to the last base line.
        """
        paragraph = fit(text, box.width, box.height, largest, self._smallest, most_lines)
        top = box.top + (box.height - paragraph.height) // 2
        word = 0
        rectangles = []
        for number, line in enumerate(paragraph.lines):
            words = line.split()
            marked = tuple(index for index in range(len(words)) if emphasis and word + index in emphasis)
            word += len(words)
            surface = self._line(line, paragraph.size, colour, marked, emphasis_colour)
            width = surface.get_width()
            left = {"left": box.left, "right": box.right - width}.get(align, box.centerx - width // 2)
            cap_top = top + int(round(number * LEADING * paragraph.size))
            target.blit(surface, (left, cap_top + int(round(CAP_HEIGHT * paragraph.size)) - ascent(paragraph.size)))
            rectangles.append(pygame.Rect(left, cap_top, width, int(round(CAP_HEIGHT * paragraph.size))))
        return rectangles[0].unionall(rectangles[1:])

    def _line(self, line: str, size: int, colour: Colour, marked: Tuple[int, ...], mark: Colour) -> pygame.Surface:
        key = (line, size, colour, marked, mark)
        if key in self._surfaces:
            self._surfaces.move_to_end(key)
            return self._surfaces[key]
        if marked:
            # Coloured words are cut out of the whole line, so that they stand where they would stand anyway.
            words = line.split()
            surface, coloured = render(line, size, colour), render(line, size, mark)
            for index in marked:
                start = text_width(" ".join(words[:index] + [""]), size) - 1
                part = pygame.Rect(start, 0, text_width(words[index], size) + 2, surface.get_height())
                surface.fill((0, 0, 0, 0), part)
                surface.blit(coloured, part, part)
        else:
            surface = render(line, size, colour)
        self._surfaces[key] = surface
        while len(self._surfaces) > self._capacity:
            self._surfaces.popitem(last=False)
        return surface
