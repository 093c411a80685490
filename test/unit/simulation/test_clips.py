"""The clips that ship are what the demo and the other tests expect."""

import os

import cv2
import pytest

from rehab_coach.paths import share_path

CLIPS = {
    "squat.mp4": 300,
    "jumping_jack.mp4": 300,
    "push_up.mp4": 300,
    "scenes/nobody.mp4": 150,
    "scenes/legs_only.mp4": 120,
    "scenes/two_people.mp4": 180,
}


@pytest.mark.parametrize("name, frames", CLIPS.items())
def test_size_rate_and_length(name, frames):
    path = share_path("test", "data", *name.split("/"))
    assert os.path.getsize(path) < 1000000
    capture = cv2.VideoCapture(path)
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (640, 480)
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(30)
    count = 0
    while capture.grab():
        count += 1
    assert count == frames
