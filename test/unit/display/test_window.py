import os
import shutil
import subprocess

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


@pytest.mark.parametrize("full_screen", [False, True])
@pytest.mark.parametrize(
    "display, problem", [(None, "DISPLAY is not set"), (":987", "no screen answers at DISPLAY=:987")]
)
def test_no_or_a_dead_display_is_said_whatever_sdl_takes_instead(monkeypatch, display, problem, full_screen):
    for name in ("SDL_VIDEODRIVER", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    made = window.Window((400, 300), full_screen)
    assert made.headless and made.problem == problem
    made.show([made.surface.fill((1, 2, 3))])
    assert made.surface.get_at((5, 5))[:3] == (1, 2, 3)
    made.close()


def test_memory_that_was_asked_for_is_no_problem(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    made = window.Window((400, 300))
    assert made.headless and not made.problem
    made.close()


@pytest.fixture
def screen(request):
    """DISPLAY of an X server with so many bits of colour."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "800x600x%d" % request.param],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        yield ":" + pipe.readline().strip()
    server.kill()
    server.wait()


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is the screen")
@pytest.mark.parametrize("screen, works", [(8, False), (16, True), (24, True)], indirect=["screen"])
@pytest.mark.parametrize("full_screen", [False, True])
def test_a_screen_with_too_few_colours_is_said_and_others_are_used(monkeypatch, screen, works, full_screen):
    for name in ("SDL_VIDEODRIVER", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", screen)
    made = window.Window((400, 300), full_screen)
    assert made.headless is not works
    assert bool(made.problem) is not works
    assert (made.toggle_full_screen() is None) is works
    made.show([made.surface.fill((1, 2, 3))])
    assert made.surface.get_at((5, 5))[:3] == (1, 2, 3)
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
