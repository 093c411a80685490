"""An example of every state of the screen, for documents and for looking at what was changed."""

import os
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np
import pygame

from rehab_coach.display.picture import PictureDecoder, PictureSkeleton, compose
from rehab_coach.display.renderer import Renderer
from rehab_coach.display.state import Motion, ScreenState, View
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import COCO_18
from rehab_coach.texts import Texts, load_texts


def example_views(texts: Optional[Texts] = None) -> Dict[str, View]:
    """One view for each state by its name, made by the messages that lead to it; `texts`: None is English."""
    texts = texts or load_texts()
    views: Dict[str, View] = {}
    state = ScreenState(texts)
    state.message(texts("welcome"), "info", 0, 0, 0.0)
    views["welcome"] = state.view(0.0)
    state.message(texts("may_i_keep", patient="Anna"), "question", 0, 0, 0.5)
    views["consent"] = state.view(0.5)
    state.message("", "question", 0, 0, 0.9)
    for number, (asked, seen) in enumerate((("squat", "squat"), ("lunge", "lunge"), ("deadlift", "squat")), 1):
        state.request(number, asked)
        state.prediction(number, "recognised", seen, 0.9)
        state.message("", "correct" if asked == seen else "wrong", 0, number, 1.0)

    def ask(number: int, label: str = "jumping_jack") -> None:
        state.request(number, label)
        state.message(texts("please_do", exercise=texts.an(label)), "prompt", 0, number, 10.0)

    ask(4)
    views["prompt"] = state.view(10.4)
    state.message(texts("get_ready"), "countdown", 3, 4, 11.0)
    views["countdown"] = state.view(11.7)
    state.message(texts("only_legs"), "problem", 0, 4, 14.0)
    views["step_back"] = state.view(14.0)
    state.message(texts("go"), "recording", 10, 4, 15.0)
    views["recording"] = state.view(18.6)
    state.counting(7)
    views["counting"] = state.view(20.3)
    likely = {"squat": 0.12, "lunge": 0.03, "deadlift": 0.02, "push_up": 0.01, "pull_up": 0.06, "jumping_jack": 0.71}
    for _ in range(12):
        state.so_far(4, "jumping_jack", likely)
    views["so_far"] = state.view(20.9)
    views["thinking"] = state.view(25.1)
    state.prediction(4, "recognised", "jumping_jack", 0.97)
    state.message(texts("well_done", exercise=texts.an("jumping_jack")), "correct", 4, 4, 25.2)
    views["correct"] = state.view(25.3)
    state.counted(4, 9)
    views["counted"] = state.view(25.4)
    views["rest"] = state.view(30.0)
    ask(5)
    state.prediction(5, "recognised", "lunge", 0.84)
    state.message(texts("i_saw", exercise=texts.an("lunge")), "wrong", 4, 5, 31.0)
    views["wrong"] = state.view(31.0)
    ask(6)
    state.prediction(6, "unknown", "unknown", 0.6)
    state.message(texts("not_recognised", exercise=texts.an("jumping_jack")), "wrong", 4, 6, 32.0)
    views["unknown"] = state.view(32.0)
    ask(7)
    state.prediction(7, "not_seen", "", 0.0)
    state.message(texts("could_not_see"), "problem", 4, 7, 33.0)
    views["not_seen"] = state.view(33.0)
    state.message(texts("try_again"), "problem", 4, 0, 34.0)
    views["problem"] = state.view(34.0)
    ask(8, "squat")
    state.prediction(8, "recognised", "squat", 0.93)
    state.message(texts("well_done", exercise=texts.an("squat")), "correct", 4, 8, 35.0)
    state.counted(8, 8)
    state.message(texts("heels_up_warning"), "remark", 0, 8, 35.3)
    views["remark"] = state.view(35.4)
    state.request(9, "side_bend")
    state.message(texts("please_show", exercise=texts.an("side_bend")), "prompt", 0, 9, 35.5)
    views["show"] = state.view(35.5)
    state.prediction(9, "failed", "", 0.0)
    state.message(texts("show_again_differs", count=4, numbers="2"), "info", 0, 9, 35.6)
    views["show_again"] = state.view(35.6)
    state.prediction(9, "taught", "side_bend", 0.0)
    state.message(texts("learned", exercise=texts.an("side_bend"), count=4), "info", 0, 9, 35.7)
    views["learned"] = state.view(35.7)
    ask(10)
    views["no_picture"] = state.view(36.0)
    state.motion = Motion.STOPPED
    views["stopped"] = state.view(36.0)
    state.motion = Motion.STOP_FAILED
    views["stop_failed"] = state.view(36.0)
    return views


def drawn_patient(width: int = 640, height: int = 480) -> Tuple[np.ndarray, PictureSkeleton]:
    """A plain figure, BGR uint8 (height, width, 3), and its skeleton, for when no video is at hand."""
    shade = np.linspace(150, 90, height)[:, None, None] * np.array([1.0, 0.94, 0.88])
    picture = np.repeat(shade, width, axis=1).astype(np.uint8)
    picture[int(height * 0.86) :] = (66, 72, 80)
    # Nose, neck; right and left arm, right and left leg; eyes, ears: percent of the height, from the middle.
    places = (
        "0 20  0 30  -9 30 -18 21 -22 9  9 30 18 21 22 9  -6 57 -11 74 -14 91  6 57 11 74 14 91"
        "  -2 18  2 18  -4 19  4 19"
    )
    points = np.array(places.split(), float).reshape(-1, 2) * height / 100 + (width / 2.0, 0)
    pixels = [(int(round(x)), int(round(y))) for x, y in points]
    for first, second in COCO_18.limbs[1:13]:
        cv2.line(picture, pixels[first], pixels[second], (70, 60, 52), height // 14, cv2.LINE_AA)
    cv2.circle(picture, (width // 2, int(height * 0.19)), height // 15, (120, 150, 190), -1, cv2.LINE_AA)
    key_points = np.column_stack([points, np.full(len(points), 0.9)]).astype(np.float32)
    return picture, PictureSkeleton(key_points, (width, height), 0.0)


def draw_gallery(
    folder: str,
    picture: np.ndarray,
    skeleton: Optional[PictureSkeleton] = None,
    width: int = 1024,
    height: int = 600,
    moment: float = 1.2,
    texts: Optional[Texts] = None,
) -> List[str]:
    """Write one PNG for each state.

    Args:
        folder: it is made where it is missing.
        picture: uint8 (H, W, 3) BGR for the place of the camera; it is shown as in a mirror.
        skeleton: what is drawn over it.
        width, height: of the screen in pixels.
        moment: seconds, where moving things stand.
        texts: the language; None: English.

    Returns:
        The files.

    Raises:
        RehabCoachError: the folder cannot be written.
    """
    pygame.font.init()
    surface = pygame.Surface((width, height))
    renderer = Renderer(surface, texts)
    data = cv2.imencode(".png", picture)[1].tobytes()
    files = []
    for name, view in example_views(texts).items():
        decoded = None if name == "no_picture" else PictureDecoder().decode(data, renderer.picture_box(view))
        renderer.draw(view, None if decoded is None else compose(decoded, skeleton, mirror=True), moment)
        files.append(os.path.join(folder, name + ".png"))
        try:
            os.makedirs(folder, exist_ok=True)
            pygame.image.save(surface, files[-1])
        except (OSError, pygame.error) as error:
            raise RehabCoachError("cannot write %s: %s" % (files[-1], error)) from error
    return files
