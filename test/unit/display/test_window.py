import pygame
import pytest

from rehab_coach.display import window


@pytest.fixture
def opened(monkeypatch):
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    made = window.Window((400, 300), headless=True)
    yield made
    made.close()


def test_headless_draws_into_memory(opened):
    assert opened.headless and not opened.problem
    assert opened.surface.get_size() == (400, 300) and opened.surface.get_bitsize() == 32
    opened.surface.fill((1, 2, 3))
    opened.show([opened.surface.get_rect()])


def test_without_a_screen_it_draws_into_memory_and_says_so(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":987")
    made = window.Window((400, 300), full_screen=True)
    assert made.headless and made.problem
    made.close()


@pytest.mark.parametrize(
    "key, command",
    [
        (pygame.K_ESCAPE, window.STOP),
        (pygame.K_SPACE, window.RELEASE),
        (pygame.K_f, window.FULL_SCREEN),
        (pygame.K_q, window.QUIT),
        (pygame.K_y, window.YES),
        (pygame.K_n, window.NO),
    ],
)
def test_keys(opened, key, command):
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    assert opened.commands() == [command]
    assert opened.commands() == []


def test_closing_the_window_quits_and_other_keys_do_nothing(opened):
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_x))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert opened.commands() == [window.QUIT]


def test_every_command_has_its_own_key():
    assert len(set(window.KEYS)) == len(set(window.KEYS.values())) == 6
