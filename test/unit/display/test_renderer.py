from dataclasses import replace

import numpy as np
import pygame
import pytest
import yaml

from rehab_coach.display import shapes, theme
from rehab_coach.display.gallery import example_views
from rehab_coach.display.renderer import Renderer
from rehab_coach.display.side_panel import LOOKS
from rehab_coach.display.state import Motion, Phase, View
from rehab_coach.paths import share_path
from rehab_coach.texts import languages, load_texts

VIEWS = example_views()


@pytest.fixture(autouse=True, scope="module")
def fonts():
    pygame.font.init()


def drawn(view, size=(1024, 600), picture=None, now=0.0):
    surface = pygame.Surface(size)
    Renderer(surface).draw(view, picture, now)
    return pygame.surfarray.array3d(surface).transpose(1, 0, 2)


def share(pixels, colour):
    """Part of the pixels that have this colour."""
    return np.all(np.abs(pixels.astype(int) - colour) <= 6, axis=2).mean()


def grey(view, size=(1024, 600), level=90):
    width, height = Renderer(pygame.Surface(size)).picture_box(view)
    return np.full((height, width, 3), level, np.uint8)


def test_the_examples_cover_every_phase():
    assert {view.phase for view in VIEWS.values()} == set(Phase)
    pictures = {drawn(view, picture=grey(view)).tobytes() for view in VIEWS.values()}
    assert len(pictures) == len(VIEWS)


@pytest.mark.parametrize(
    "name, colour",
    [
        ("correct", theme.GREEN),
        ("wrong", theme.RED),
        ("unknown", theme.AMBER),
        ("not_seen", theme.AMBER),
        ("problem", theme.AMBER),
        ("step_back", theme.ACCENT),
        ("stopped", theme.RED),
        ("stop_failed", theme.RED),
    ],
)
def test_the_colour_of_a_state_can_be_seen_from_afar(name, colour):
    others = {theme.GREEN, theme.RED, theme.AMBER} - {colour}
    pixels = drawn(VIEWS[name], picture=grey(VIEWS[name]))
    assert share(pixels, colour) > 0.15
    assert all(share(pixels, other) < 0.01 for other in others)


@pytest.mark.parametrize("phase", list(LOOKS))
def test_the_icon_stands_on_the_card(phase):
    pixels = drawn(View(phase, "Text"))
    card = pixels[150:520, 620:980]
    assert 0.04 < share(card, LOOKS[phase].text) < 0.4


def test_capitals_of_a_prompt_are_eight_percent_of_the_height():
    for label in ("a squat", "a lunge", "a deadlift", "a push-up", "a pull-up", "a jumping jack"):
        pixels = drawn(View(Phase.PROMPT, "Please do " + label))[:112]
        rows = np.flatnonzero((pixels[:, :90].min(axis=2) > 200).any(axis=1))  # the P on the left, or nothing
        columns = np.flatnonzero((pixels.min(axis=2) > 200).any(axis=0))
        first = pixels[:, columns[0] : columns[0] + 30].min(axis=2) > 200
        rows = np.flatnonzero(first.any(axis=1))
        assert rows[-1] - rows[0] + 1 >= 0.08 * 600


@pytest.mark.parametrize("size", [(320, 240), (800, 480), (1024, 600), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("name", sorted(VIEWS))
def test_nothing_reaches_the_edge_of_the_screen(name, size):
    view = VIEWS[name]
    pixels = drawn(view, size, grey(view, size))
    for edge in (pixels[:, :4], pixels[:, -4:]):
        # Only the grounds that reach from edge to edge: no letter, icon or picture is cut off.
        assert len(np.unique(edge.reshape(-1, 3), axis=0)) <= 3
    assert len(np.unique(pixels[-3:].reshape(-1, 3), axis=0)) == 1


def test_a_long_message_shrinks_and_nothing_overlaps():
    view = View(
        Phase.PROBLEM,
        "The camera was unplugged while you were being filmed. Please plug it in again and wait",
    )
    pixels = drawn(view, picture=grey(view))
    box_width, box_height = Renderer(pygame.Surface((1024, 600))).picture_box(view)
    assert share(pixels[600 - 64 - box_height + 30 : 600 - 84, 50:box_width], (90, 90, 90)) > 0.99


def test_the_ring_shrinks_with_the_time_left():
    parts = [
        share(drawn(replace(VIEWS["recording"], fraction=fraction)), theme.CORAL) for fraction in (1, 0.75, 0.5, 0.25)
    ]
    assert parts == sorted(parts, reverse=True)
    assert parts[3] / parts[1] == pytest.approx(1 / 3, abs=0.08)


def test_the_count_is_larger_than_anything_else_on_the_side():
    views = {count: replace(VIEWS["counting"], count=count) for count in (None, 7, 88)}
    sides = {count: drawn(view)[130:520, 600:1000] for count, view in views.items()}
    heights = {}
    for count, side in sides.items():
        middle = side[40:300, 130:260]  # within the ring
        rows = np.flatnonzero((middle.min(axis=2) > 200).any(axis=1))
        heights[count] = rows[-1] - rows[0] + 1
    assert heights[7] >= 0.22 * 600
    assert heights[88] >= 0.17 * 600
    assert (sides[7] != sides[None]).any()


@pytest.mark.parametrize("language", languages())
def test_every_state_can_be_drawn_in_every_language(language):
    texts = load_texts(language)
    for view in example_views(texts).values():
        surface = pygame.Surface((1024, 600))
        Renderer(surface, texts).draw(view, None, 0.0)
        assert surface.get_at((10, 10)) != (0, 0, 0, 255)


@pytest.mark.parametrize("language", languages())
def test_every_remark_fits_and_can_be_read(language):
    with open(share_path("config", "texts", "form.%s.yaml" % language), encoding="utf-8") as stream:
        for text in yaml.safe_load(stream).values():
            paragraph = theme.fit(text, 374, 160, 54, 22, 4)  # the place that it has beside the answer
            assert paragraph.size >= 32 and not paragraph.lines[-1].endswith("…"), text


def test_a_ring_is_filled_clockwise_from_the_top():
    pixels = pygame.surfarray.array3d(shapes.ring(100, 12, 0.25, (255, 0, 0), (0, 0, 255))).transpose(1, 0, 2)
    assert tuple(pixels[12, 75]) == (255, 0, 0) or pixels[15, 80, 0] == 255
    assert pixels[15, 20, 2] == 255 and pixels[85, 80, 2] == 255 and pixels[85, 20, 2] == 255


def test_recording_is_marked_on_the_picture():
    view = VIEWS["recording"]
    width, height = Renderer(pygame.Surface((1024, 600))).picture_box(view)
    lit = drawn(view, picture=grey(view), now=0.3)[132 : 132 + height, 24 : 24 + width]
    assert share(lit, theme.CORAL) > 0.001 and share(lit, theme.INK) > 0.01


def test_without_pictures_the_screen_says_so():
    view = VIEWS["prompt"]
    waiting, lost = pygame.Surface((1024, 600)), pygame.Surface((1024, 600))
    Renderer(waiting).draw(view, None, 0.0, had_picture=False)
    Renderer(lost).draw(view, None, 0.0, had_picture=True)
    waiting, lost = (pygame.surfarray.array3d(surface).transpose(1, 0, 2) for surface in (waiting, lost))
    assert share(waiting[132:536, 24:560], theme.MUTED) > 0.02
    assert (waiting != lost).any()


def test_advice_without_a_picture_is_a_problem():
    advice = VIEWS["step_back"]
    assert share(drawn(advice, picture=None), theme.AMBER) > 0.15
    assert share(drawn(advice, picture=grey(advice)), theme.AMBER) < 0.01


def test_the_picture_is_shown_where_it_belongs_in_its_colours():
    view = VIEWS["prompt"]
    picture = grey(view)
    picture[:, :, 0], picture[:, :, 2] = 250, 10
    pixels = drawn(view, picture=picture)
    assert tuple(pixels[300, 200]) == (250, 90, 10)


def test_only_what_changed_is_drawn_again():
    surface = pygame.Surface((1024, 600))
    renderer = Renderer(surface)
    view = VIEWS["correct"]
    picture = grey(view)
    assert renderer.draw(view, picture, 0.0, picture_key=1)
    assert renderer.draw(view, picture, 5.0, picture_key=1) == []
    changed = renderer.draw(view, picture, 5.0, picture_key=2)
    assert len(changed) == 1 and changed[0].size == renderer.picture_box(view)
    assert renderer.draw(replace(view, motion=Motion.STOPPED), picture, 5.0, picture_key=2)


def test_drawing_over_an_earlier_state_leaves_nothing_of_it():
    for first in VIEWS.values():
        for second in (VIEWS["recording"], VIEWS["correct"], VIEWS["prompt"]):
            surface = pygame.Surface((1024, 600))
            renderer = Renderer(surface)
            for view in (first, second):
                renderer.draw(view, grey(view), 0.3)
            assert (
                pygame.surfarray.array3d(surface).transpose(1, 0, 2) == drawn(second, picture=grey(second), now=0.3)
            ).all()
