"""Every state of the screen with an example: for pictures in documents, and for looking at what was changed."""
import os
from typing import Dict, List, Optional

import numpy as np
import pygame

from rehab_coach.display.renderer import Renderer
from rehab_coach.display.state import Motion, ScreenState, View

_PROMPT = "Please do a jumping jack"


def example_views() -> Dict[str, View]:
    """One view for each state by its name, made by the messages that lead to it."""
    views: Dict[str, View] = {}
    state = ScreenState(welcome=0.0)
    state.message("Getting ready …", "info", 0, 0, 0.0)
    views["welcome"] = state.view(0.0)
    for number, (asked, seen) in enumerate((("squat", "squat"), ("lunge", "lunge"), ("deadlift", "squat")), 1):
        state.request(number, asked)
        state.prediction(number, "recognised", seen, 0.9)
        state.message("", "correct" if asked == seen else "wrong", 0, number, 1.0)

    def ask(number: int) -> None:
        state.request(number, "jumping_jack")
        state.message(_PROMPT, "prompt", 0, number, 10.0)

    ask(4)
    views["prompt"] = state.view(10.4)
    state.message("Get ready", "countdown", 3, 4, 11.0)
    views["countdown"] = state.view(11.7)
    state.message("Step back: I see only your legs", "info", 0, 4, 14.0)
    views["step_back"] = state.view(14.0)
    state.message("Go!", "countdown", 10, 4, 15.0)
    views["recording"] = state.view(18.6)
    views["thinking"] = state.view(25.1)
    state.prediction(4, "recognised", "jumping_jack", 0.97)
    state.message("Well done! That was a jumping jack", "correct", 4, 4, 25.2)
    views["correct"] = state.view(25.3)
    views["rest"] = state.view(30.0)
    ask(5)
    state.prediction(5, "recognised", "lunge", 0.84)
    state.message("I saw a lunge", "wrong", 4, 5, 31.0)
    views["wrong"] = state.view(31.0)
    ask(6)
    state.prediction(6, "unknown", "unknown", 0.6)
    state.message("I did not recognise that as a jumping jack", "wrong", 4, 6, 32.0)
    views["unknown"] = state.view(32.0)
    ask(7)
    state.prediction(7, "not_seen", "", 0.0)
    state.message("I could not see you", "problem", 4, 7, 33.0)
    views["not_seen"] = state.view(33.0)
    state.message("Something is in the robot's way", "problem", 4, 0, 34.0)
    views["problem"] = state.view(34.0)
    ask(8)
    views["no_picture"] = state.view(35.0)
    state.motion = Motion.STOPPED
    views["stopped"] = state.view(36.0)
    state.motion = Motion.STOP_FAILED
    views["stop_failed"] = state.view(36.0)
    return views


def draw_gallery(folder: str, picture: Optional[np.ndarray] = None, width: int = 1024, height: int = 600,
                 moment: float = 0.9) -> List[str]:
    """Write one PNG for each state.

    Args:
        folder: it is made where it is missing.
        picture: uint8 (H, W, 3) RGB for the place of the camera; a grey ground without one.
        width, height: of the screen in pixels.
        moment: seconds, where moving things stand.

    Returns:
        The files.
    """
    import cv2

    pygame.font.init()
    os.makedirs(folder, exist_ok=True)
    surface = pygame.Surface((width, height))
    renderer = Renderer(surface)
    picture = np.full((480, 640, 3), 70, np.uint8) if picture is None else picture
    files = []
    for name, view in example_views().items():
        box = renderer.picture_box(view)
        scale = min(box[0] / float(picture.shape[1]), box[1] / float(picture.shape[0]))
        shown = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        renderer.draw(view, None if name == "no_picture" else shown, moment)
        files.append(os.path.join(folder, name + ".png"))
        pygame.image.save(surface, files[-1])
    return files
