"""Which sources are cameras, and what is asked of one; no camera is needed."""

import cv2
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.video import VideoSource
from rehab_coach.webcam import ask_for, camera_name, device_of, is_live, places, without_password


@pytest.mark.parametrize(
    "source",
    [
        "0",
        "12",
        "/dev/video2",
        "/dev/v4l/by-id/usb-046d_C270-video-index0",
        "rtsp://a/b",
        "http://a:8080/v",
        "RTSP://a",
    ],
)
def test_cameras(source):
    assert is_live(source)


@pytest.mark.parametrize(
    "source", ["", "²", "٣", "-1", "1.5", "0.mp4", "a/video0", "/dev/shm/film.mp4", "rtsp:film", "C://film.mp4"]
)
def test_what_is_no_camera(source):
    assert not is_live(source)


def test_what_is_no_camera_and_no_file_is_told():
    with pytest.raises(RehabCoachError, match="there is no video ²"):
        VideoSource("²")


@pytest.mark.parametrize(
    "source, message",
    [
        ("/dev/video63", "webcam /dev/video63 cannot be opened: is it plugged in"),
        ("63", "may this user read /dev/video63"),
        ("/dev/v4l/by-id/nothing", "by-id/nothing cannot be opened"),
        ("rtsp://user:secret@127.0.0.1:9/stream", "no pictures come from rtsp://127.0.0.1:9/stream"),
        ("http://127.0.0.1:9/film.mp4", "no pictures come from http://127.0.0.1:9/film.mp4"),
    ],
)
def test_a_camera_that_is_not_there_is_told(source, message, capfd):
    with pytest.raises(RehabCoachError, match=message) as told:
        VideoSource(source)
    assert "secret" not in str(told.value)
    assert capfd.readouterr() == ("", "")


def test_a_password_is_never_shown():
    assert without_password("rtsp://user:p@ss@camera/1") == "rtsp://camera/1"
    assert without_password("film@home.mp4") == "film@home.mp4"


@pytest.fixture
def devices(tmp_path):
    """As Linux lists them: each camera has a second device that only describes the pictures."""
    for number, name, index in (
        (0, "C270 HD WEBCAM", 0),
        (1, "C270 HD WEBCAM", 1),
        (2, "Integrated Camera", 0),
        (10, "C270 HD WEBCAM", 0),
        (11, "C270 HD WEBCAM", 1),
    ):
        folder = tmp_path / ("video%d" % number)
        folder.mkdir()
        (folder / "name").write_text(name + "\n")
        (folder / "index").write_text("%d\n" % index)
    return tmp_path


def test_a_camera_is_found_by_its_name(devices):
    assert device_of("3") == "/dev/video3" and device_of("/dev/video3") == "/dev/video3"
    assert camera_name("2", str(devices)) == camera_name("/dev/video2", str(devices)) == "Integrated Camera"
    assert camera_name("5", str(devices)) == ""
    # It was number 3 and is not there any more, or it is there and dead.
    assert places("3", "C270 HD WEBCAM", str(devices)) == ["3", "/dev/video0", "/dev/video10"]
    assert places("/dev/video0", "C270 HD WEBCAM", str(devices)) == ["/dev/video0", "/dev/video10"]
    assert places("0", "another", str(devices)) == ["0"]
    assert places("0", "", str(devices)) == ["0"]
    assert places("0", "C270 HD WEBCAM", str(devices / "nowhere")) == ["0"]


class Negotiating:
    """What a driver does when it is asked: the rate follows from format and size."""

    rates = {("YUYV", 480): 30, ("MJPG", 480): 30, ("YUYV", 720): 10, ("MJPG", 720): 30}

    def __init__(self, rates=None):
        self.rates = rates or self.rates
        self.values = {cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter_fourcc(*"YUYV")), cv2.CAP_PROP_FRAME_HEIGHT: 480}

    @property
    def format(self):
        return int(self.values[cv2.CAP_PROP_FOURCC]).to_bytes(4, "little").decode()

    def set(self, what, value):
        if what == cv2.CAP_PROP_FOURCC and not any(
            name == int(value).to_bytes(4, "little").decode() for name, _ in self.rates
        ):
            return False
        self.values[what] = value
        return True

    def get(self, what):
        if what == cv2.CAP_PROP_FPS:
            return self.rates[self.format, self.values[cv2.CAP_PROP_FRAME_HEIGHT]]
        return self.values[what]


@pytest.mark.parametrize(
    "size, rates, format",
    [
        ((640, 480), None, "YUYV"),  # quick enough as it is
        ((1280, 720), None, "MJPG"),
        ((1280, 720), {("YUYV", 720): 10, ("MJPG", 720): 10}, "YUYV"),  # no gain
        ((1280, 720), {("YUYV", 720): 10}, "YUYV"),  # not known
    ],
)
def test_compressed_pictures_are_asked_for_where_they_are_quicker(size, rates, format):
    camera = Negotiating(rates)
    ask_for(camera, size)
    assert camera.format == format and camera.values[cv2.CAP_PROP_FRAME_WIDTH] == size[0]
