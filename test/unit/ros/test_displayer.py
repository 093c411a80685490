"""What the screen's node does with pictures, without ROS and without a screen."""

import threading
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

from sensor_msgs.msg import Image  # noqa: E402

from rehab_coach.display.picture import PictureBuffer, PictureDecoder  # noqa: E402
from rehab_coach.robot.steady_time import SteadyClock  # noqa: E402
from rehab_coach.ros import displayer  # noqa: E402


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(displayer, "rospy", mock.MagicMock(get_time=lambda: 1.0))
    screen = object.__new__(displayer.Displayer)
    screen._lock, screen._clock, screen._pictures = threading.Lock(), SteadyClock(), PictureBuffer()
    return screen


def test_raw_pictures_are_shown_as_they_are(screen):
    picture = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    screen._on_picture(Image(height=24, width=32, encoding="rgb8", step=96, data=picture.tobytes()))
    shown, _ = screen._pictures.select(1.0)
    np.testing.assert_array_equal(PictureDecoder().decode(shown.data, (32, 24))[:, :, ::-1], picture)


def test_a_raw_picture_that_is_none_is_left_out(screen):
    screen._on_picture(Image(height=24, width=32, encoding="bayer", step=96, data=bytes(24 * 96)))
    assert screen._pictures.select(1.0) == (None, None)
    assert displayer.rospy.logwarn_throttle.called
