import os
import shutil
import stat
import time

import cv2
import pygame
import pytest

from rehab_coach.display.screen_video import ScreenVideo
from rehab_coach.errors import RehabCoachError

encoders = pytest.mark.parametrize(
    "ffmpeg",
    [
        pytest.param("ffmpeg", marks=pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")),
        "",
    ],
)


def surface(colour, size=(320, 240)):
    made = pygame.Surface(size, 0, 32)
    made.fill(colour)
    return made


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def frames(path):
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        good, picture = capture.read()
        if not good:
            return found, capture.get(cv2.CAP_PROP_FPS)
        found.append(picture)


@encoders
def test_the_film_runs_in_real_time_and_has_the_screens_colours(tmp_path, ffmpeg):
    problems = []
    path = tmp_path / "new folder" / "screen.mp4"
    video = ScreenVideo(str(path), (320, 240), 20, problems.append, ffmpeg)
    video.show(surface((200, 30, 40)))
    started = time.monotonic()
    while time.monotonic() < started + 0.5:
        time.sleep(0.01)
    video.show(surface((20, 200, 100)))
    while time.monotonic() < started + 1.0:
        time.sleep(0.01)
    assert not path.exists()
    duration = time.monotonic() - started
    assert video.close() and video.close()
    pictures, rate = frames(path)
    assert rate == pytest.approx(20)
    assert len(pictures) >= 20 * duration - 2
    assert abs(pictures[2].mean(axis=(0, 1)) - (40, 30, 200)).max() < 12
    assert abs(pictures[-1].mean(axis=(0, 1)) - (100, 200, 20)).max() < 12
    assert problems == [] and os.listdir(str(path.parent)) == ["screen.mp4"]


@encoders
def test_odd_sizes_can_be_recorded(tmp_path, ffmpeg):
    video = ScreenVideo(str(tmp_path / "a.mp4"), (321, 241), 10, pytest.fail, ffmpeg)
    video.show(surface((9, 9, 9), (321, 241)))
    assert video.close() and frames(tmp_path / "a.mp4")[0]


@pytest.mark.parametrize(
    "path, said",
    [("screen.avi", ".mp4"), ("a_file/screen.mp4", "choose another place"), ("folder.mp4", "it is a folder")],
)
def test_a_path_that_cannot_be_written_is_told(tmp_path, path, said):
    (tmp_path / "a_file").write_text("")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(RehabCoachError, match=said):
        ScreenVideo(str(tmp_path / path), (320, 240), 10, pytest.fail)


def test_an_encoder_that_dies_is_told_once_and_leaves_nothing_behind(tmp_path):
    encoder = tmp_path / "encoder"
    encoder.write_text("#!/bin/sh\nhead -c 400000 > /dev/null\necho 'No space left on device' >&2\nexit 1\n")
    encoder.chmod(encoder.stat().st_mode | stat.S_IXUSR)
    problems = []
    video = ScreenVideo(str(tmp_path / "screen.mp4"), (320, 240), 50, problems.append, str(encoder))
    video.show(surface((1, 2, 3)))
    wait_for(lambda: problems)
    for _ in range(3):
        video.show(surface((1, 2, 3)))
    assert not video.close()
    assert len(problems) == 1 and "No space left on device" in problems[0] and "the screen goes on" in problems[0]
    assert sorted(os.listdir(str(tmp_path))) == ["encoder"]


def test_a_film_without_a_picture_is_no_film(tmp_path):
    problems = []
    assert not ScreenVideo(str(tmp_path / "screen.mp4"), (320, 240), 10, problems.append).close()
    assert len(problems) == 1 and os.listdir(str(tmp_path)) == []
