"""The window or full screen that PyGame draws in, and the keys pressed in it."""

import os
from typing import Dict, List, Optional, Tuple

import pygame

STOP, RELEASE, FULL_SCREEN, QUIT, YES, NO = "stop", "release", "full screen", "quit", "yes", "no"
# Stop and release are different keys: hitting Esc in a hurry, and then again, must not let the robot go.
KEYS: Dict[int, str] = {
    pygame.K_ESCAPE: STOP,
    pygame.K_SPACE: RELEASE,
    pygame.K_f: FULL_SCREEN,
    pygame.K_q: QUIT,
    pygame.K_y: YES,
    pygame.K_n: NO,
}


class Window:
    """Opens the screen; where there is none, it draws into memory only (SDL's "dummy" driver).

    Args:
        size: width and height in pixels; in full screen it is scaled to the screen.
        full_screen: cover the whole screen.
        headless: do not look for a screen at all.

    Attributes:
        surface: to draw on; another one after :meth:`toggle_full_screen`.
        problem: why there is no screen; "" when there is one or none was wanted.
    """

    def __init__(self, size: Tuple[int, int], full_screen: bool = False, headless: bool = False):
        self._size, self._full_screen = size, full_screen
        self.problem = ""
        if headless:
            self._open_dummy()
        else:
            try:
                # Display and font only: sound would look for a card that a robot does not have.
                pygame.display.init()
                if self.headless and "SDL_VIDEODRIVER" not in os.environ:
                    # Newer SDL draws into memory without a word when no screen answers.
                    display = os.environ.get("DISPLAY")
                    raise pygame.error("no screen answers at DISPLAY=" + display if display else "DISPLAY is not set")
                self.surface = self._open()
            except pygame.error as error:
                self.problem = str(error)
                self._open_dummy()
        self._clock = pygame.time.Clock()
        pygame.font.init()
        pygame.display.set_caption("Exercise coach")
        pygame.event.set_allowed([pygame.KEYDOWN, pygame.QUIT])

    def _open_dummy(self) -> None:
        pygame.display.quit()
        before = os.environ.get("SDL_VIDEODRIVER")
        os.environ["SDL_VIDEODRIVER"] = "dummy"
        try:
            pygame.display.init()
        finally:
            if before is None:
                del os.environ["SDL_VIDEODRIVER"]
            else:
                os.environ["SDL_VIDEODRIVER"] = before
        self._full_screen = False
        self.surface = self._open()

    @property
    def headless(self) -> bool:
        """Nobody can see what is drawn."""
        return pygame.display.get_driver() in ("dummy", "offscreen")

    def _open(self) -> pygame.Surface:
        flags = (pygame.FULLSCREEN | pygame.SCALED) if self._full_screen else 0
        surface = pygame.display.set_mode(self._size, flags, 32)
        pygame.mouse.set_visible(not self._full_screen)
        return surface

    def toggle_full_screen(self) -> Optional[str]:
        """Change between window and full screen; returns why it did not work, None when it did."""
        self._full_screen = not self._full_screen
        try:
            self.surface = self._open()
        except pygame.error as error:
            self._full_screen = not self._full_screen
            self.surface = self._open()
            return str(error)
        return None

    def commands(self) -> List[str]:
        """What was asked for with keys, or by closing the window, since the last call."""
        wishes = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                wishes.append(QUIT)
            elif event.type == pygame.KEYDOWN and event.key in KEYS:
                wishes.append(KEYS[event.key])
        return wishes

    def wait(self, rate: float) -> None:
        """Sleep until the next of `rate` pictures a second is due."""
        self._clock.tick(rate)

    @staticmethod
    def show(changed: List[pygame.Rect]) -> None:
        """Bring what was drawn in these rectangles to the screen."""
        pygame.display.update(changed)

    @staticmethod
    def close() -> None:
        """Close the window. The font module stays: PyGame crashes on fonts made before its restart."""
        pygame.display.quit()
