import io

import cv2
import numpy as np
import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from rehab_coach import msg  # noqa: E402
from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.movement import SEVERITIES, Movement, Remark, Repetition  # noqa: E402
from rehab_coach.msg import DisplayMessage, Prediction  # noqa: E402
from rehab_coach.pose import Pose  # noqa: E402
from rehab_coach.recognition.streaming import SoFar  # noqa: E402
from rehab_coach.ros.conversions import (  # noqa: E402
    from_movement_message,
    to_movement_message,
    to_picture,
    to_skeleton_message,
    to_so_far_message,
)
from rehab_coach.rounds import Kind, Status  # noqa: E402
from rehab_coach.skeleton import COCO_18  # noqa: E402

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)


def raw(data, encoding, step, padding=0):
    rows = np.pad(data.reshape(6, step), ((0, 0), (0, padding)))
    return Image(height=6, width=8, encoding=encoding, step=step + padding, data=rows.tobytes())


@pytest.mark.parametrize(
    "message",
    [
        raw(PICTURE, "bgr8", 24),
        raw(PICTURE, "bgr8", 24, padding=5),
        raw(PICTURE[..., ::-1], "rgb8", 24),
        raw(PICTURE, "8UC3", 24, padding=1),
        raw(np.dstack([PICTURE, PICTURE[..., :1]]), "8UC4", 32, padding=3),
        raw(np.dstack([PICTURE, PICTURE[..., :1]]), "bgra8", 32),
        raw(cv2.cvtColor(PICTURE, cv2.COLOR_BGR2RGBA), "rgba8", 32),
        CompressedImage(format="png", data=cv2.imencode(".png", PICTURE)[1].tobytes()),
    ],
)
def test_every_encoding_gives_the_same_picture(message):
    np.testing.assert_array_equal(to_picture(message), PICTURE)


GREY = PICTURE[..., 0]


@pytest.mark.parametrize(
    "message",
    [
        raw(GREY, "mono8", 8),
        raw(GREY, "8UC1", 8, padding=3),
        raw(np.dstack([PICTURE[..., 1], GREY]), "mono16", 16),  # the lower byte comes first
        CompressedImage(format="png", data=cv2.imencode(".png", GREY)[1].tobytes()),
        CompressedImage(format="png", data=cv2.imencode(".png", GREY.astype(np.uint16) * 256)[1].tobytes()),
    ],
)
def test_grey_pictures_become_colour(message):
    np.testing.assert_array_equal(to_picture(message), np.dstack([GREY] * 3))


def test_a_grey_picture_whose_higher_byte_comes_first():
    message = raw(np.dstack([GREY, PICTURE[..., 1]]), "mono16", 16)
    message.is_bigendian = 1
    np.testing.assert_array_equal(to_picture(message), np.dstack([GREY] * 3))


@pytest.mark.parametrize(
    "encoding, order", [("yuv422", (1, 0)), ("uyvy", (1, 0)), ("yuv422_yuy2", (0, 1)), ("yuyv", (0, 1))]
)
def test_brightness_and_colour_by_turns(encoding, order):
    luma = np.linspace(30, 220, 48).astype(np.uint8).reshape(6, 8)
    both = np.dstack([luma, np.full((6, 8), 128, np.uint8)])[..., list(order)]
    picture = to_picture(raw(both, encoding, 16, padding=1))
    expected = (luma.astype(float) - 16) * 255 / 219
    np.testing.assert_allclose(picture, np.dstack([expected] * 3), atol=2)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_colours_under_a_bayer_filter(pattern):
    colour = dict(b=200, g=120, r=40)
    mosaic = np.tile(np.array([colour[each] for each in pattern], np.uint8).reshape(2, 2), (3, 4))
    picture = to_picture(raw(mosaic, "bayer_%s8" % pattern, 8))
    np.testing.assert_array_equal(picture[1:-1, 1:-1], np.broadcast_to([200, 120, 40], (4, 6, 3)))


def test_a_picture_of_one_pixel_and_one_with_alpha():
    for picture in (PICTURE[:1, :1], np.dstack([PICTURE, PICTURE[..., :1]])):
        message = CompressedImage(format="png", data=cv2.imencode(".png", picture)[1].tobytes())
        np.testing.assert_array_equal(to_picture(message), picture[..., :3])


@pytest.mark.parametrize(
    "message, words",
    [
        (CompressedImage(), "empty"),
        (CompressedImage(format="jpeg", data=b"no picture"), "damaged"),
        (Image(), "empty"),
        (Image(data=b"1", encoding="16UC1"), "encoding is 16UC1; known: bgr8, "),
        (Image(data=bytes(30), encoding="yuv422", width=5, height=3, step=10), "cannot decode"),
        (Image(data=b"123", encoding="bgr8", width=8, height=6, step=24), "does not fit"),
        (Image(data=b"123", encoding="bgr8"), "does not fit"),
        (Image(data=bytes(30), encoding="yuv422", width=5, height=3, step=10), "cannot decode"),
    ],
)
def test_bad_pictures_say_what_is_wrong(message, words):
    with pytest.raises(RehabCoachError, match=words):
        to_picture(message)


def test_a_skeleton_keeps_stamp_size_and_layout():
    header = Header(seq=1)
    header.stamp.secs = 42
    key_points = np.arange(54, dtype=np.float32).reshape(18, 3)
    message = to_skeleton_message(header, Pose(key_points), (640, 480), COCO_18)
    assert (message.header.stamp.secs, message.width, message.height, message.layout) == (42, 640, 480, "coco_18")
    np.testing.assert_array_equal(np.reshape(message.key_points, (18, 3)), key_points)
    assert not to_skeleton_message(header, None, (640, 480), COCO_18).key_points


MOVEMENT = Movement(
    "squat",
    10.25,
    (
        Repetition(
            0.1, 1.2, 2.3, 1.0, 0.1, 1.0, 0.0, {"knee_angle_r": (0.1, 1.7), "hip_flexion_l": (-0.2, 1.9)}, -1.6, 0.93
        ),
        Repetition(2.3, 3.3, 4.4, 1.0, 0.0, 1.1, 0.4),
    ),
    (
        Remark("knees_inwards", "warning", 0.8, 0.9, "ratio", (0, 1), "left"),
        Remark("steady_tempo", "praise", 3.0, 10.0, "%"),
    ),
    {"heels_up": "needs heels and toes"},
    "fit",
)


def over_the_wire(message):
    """The message as a listener gets it."""
    buffer = io.BytesIO()
    message.serialize(buffer)
    return type(message)().deserialize(buffer.getvalue())


def test_a_movement_comes_out_as_it_went_in():
    back = from_movement_message(over_the_wire(to_movement_message(MOVEMENT)))
    # NaN is not equal to itself: the same by its text.
    assert repr(back) == repr(MOVEMENT)
    assert back.repetitions[1].symmetry is None and np.isnan(back.repetitions[1].smoothness)


def test_a_movement_without_anything_to_measure_is_none():
    assert from_movement_message(over_the_wire(to_movement_message(None))) is None


def test_what_numpy_counts_goes_over_the_wire():
    movement = Movement(
        "squat", np.float64(3.0), (), (Remark("rule", "hint", np.float32(1.0), 2.0, "s", (np.int64(3),)),)
    )
    assert from_movement_message(over_the_wire(to_movement_message(movement))).remarks[0].repetitions == (3,)


def test_the_severities_of_the_message_are_those_of_the_library():
    assert (msg.Remark.PRAISE, msg.Remark.HINT, msg.Remark.WARNING) == SEVERITIES


@pytest.mark.parametrize("words, message", [(Status, Prediction), (Kind, DisplayMessage)])
def test_the_words_of_the_library_are_the_constants_of_the_messages(words, message):
    for name, word in words.__members__.items():
        assert getattr(message, name) == word == str(word)


def test_what_is_known_so_far():
    so_far = SoFar(7.5, 3.2, "squat", 0.8, True, ("squat", "unknown"), np.array([0.8, 0.2], np.float32), "came back")
    message = to_so_far_message(so_far, Header(seq=4), 3)
    assert (message.round, message.header.seq, message.label, message.stable) == (3, 4, "squat", True)
    assert message.seconds == 3.2 and message.notice == "came back"
    assert dict(zip(message.labels, message.probabilities)) == pytest.approx({"squat": 0.8, "unknown": 0.2})
    message.serialize(io.BytesIO())
