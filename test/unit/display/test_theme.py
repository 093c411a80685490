import pygame
import pytest

from rehab_coach.display import theme
from rehab_coach.display.side_panel import LOOKS


@pytest.fixture(autouse=True, scope="module")
def fonts():
    pygame.font.init()


def test_contrast_of_black_and_white():
    assert theme.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


def test_every_text_can_be_read_on_its_ground():
    pairs = [(look.text, look.ground) for look in LOOKS.values()]
    pairs += [
        (text, ground)
        for text in (theme.TEXT, theme.MUTED, theme.ACCENT, theme.GREEN, theme.CORAL)
        for ground in (theme.BACKGROUND, theme.PANEL)
    ]
    pairs += [(theme.TEXT, theme.RED), (theme.TEXT, theme.INK), (theme.INK, theme.AMBER)]
    for text, ground in pairs:
        assert theme.contrast(text, ground) >= 4.5, (text, ground)


def test_no_two_outcomes_share_their_icon():
    icons = [look.icon for look in LOOKS.values()]
    assert len(set(icons)) == len(icons)


@pytest.mark.parametrize(
    "text",
    [
        "Squat",
        "Please do a jumping jack",
        "I cannot see you. Please step in front of me",
        "word " * 200,
        "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 4,
        "",
    ],
)
@pytest.mark.parametrize("box", [(976, 100), (400, 400), (90, 24)])
def test_text_stays_inside_its_box(text, box):
    surface = pygame.Surface((box[0] + 200, box[1] + 200))
    place = pygame.Rect(100, 100, *box)
    theme.Typesetter().draw(surface, text, place, 86)
    drawn = pygame.mask.from_threshold(surface, theme.TEXT, (200, 200, 200, 255)).get_bounding_rects()
    assert all(place.contains(rectangle) for rectangle in drawn)
    assert bool(drawn) == bool(text)


def test_text_is_as_large_as_the_box_allows():
    small, large = theme.fit("Please do a squat", 300, 100, 86), theme.fit("Please do a squat", 900, 100, 86)
    assert small.size < large.size == 86
    assert theme.fit("Please do a squat", 4000, 4000, 86).lines == ("Please do a squat",)


def test_too_long_a_text_is_cut_with_dots():
    cut = theme.fit("word " * 200, 300, 60, 40)
    assert cut.lines[-1].endswith("…") and len(cut.lines) == 2


def test_sentences_get_a_line_each_and_other_lines_are_balanced():
    assert theme.fit("Well done! That was a jumping jack", 976, 168, 86).lines == (
        "Well done!",
        "That was a jumping jack",
    )
    lines = theme.fit("Something is in the way of the robot", 976, 168, 86).lines
    widths = [theme.text_width(line, 60) for line in lines]
    assert len(lines) == 2 and min(widths) > 0.6 * max(widths)


def test_the_named_words_are_coloured_and_stand_where_they_stood():
    plain, marked = pygame.Surface((900, 100)), pygame.Surface((900, 100))
    box = pygame.Rect(0, 0, 900, 100)
    theme.Typesetter().draw(plain, "Please do a squat", box, 80)
    theme.Typesetter().draw(marked, "Please do a squat", box, 80, emphasis={3})

    def bounds(surface, colour):
        rectangles = pygame.mask.from_threshold(surface, colour, (12, 12, 12, 255)).get_bounding_rects()
        return rectangles[0].unionall(rectangles[1:])

    accent, whole = bounds(marked, theme.ACCENT), bounds(plain, theme.TEXT)
    assert accent.left > whole.centerx and abs(accent.right - whole.right) <= 1
