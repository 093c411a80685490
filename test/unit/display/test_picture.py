import cv2
import numpy as np
import pytest

from rehab_coach.display.picture import PictureBuffer, PictureDecoder, PictureSkeleton, compose
from rehab_coach.skeleton import COCO_18

POINTS = np.zeros((18, 3), np.float32)


def jpeg(width, height, colour=(40, 90, 200)):
    return cv2.imencode(".jpg", np.full((height, width, 3), colour, np.uint8))[1].tobytes()


def skeleton(stamp, points=POINTS, size=(640, 480)):
    return PictureSkeleton(points, size, stamp)


def test_a_picture_waits_for_its_skeleton_while_that_is_quick():
    buffer = PictureBuffer()
    for stamp in (1.0, 1.033, 1.066):
        buffer.add_picture(b"picture", stamp, stamp)
    buffer.add_skeleton(skeleton(1.033))
    picture, found = buffer.select(1.07)
    assert (picture.stamp, found.stamp) == (1.033, 1.033)


def test_a_slow_skeleton_is_drawn_over_the_newest_picture_and_an_old_one_is_not():
    buffer = PictureBuffer()
    buffer.add_skeleton(skeleton(1.0))
    buffer.add_picture(b"picture", 1.4, 1.4)
    picture, found = buffer.select(1.4)
    assert (picture.stamp, found.stamp) == (1.4, 1.0)
    buffer.add_picture(b"picture", 1.6, 1.6)
    assert buffer.select(1.6)[1] is None


def test_a_camera_that_falls_silent_has_no_picture():
    buffer = PictureBuffer(stale=2.0)
    assert not buffer.has_pictures and buffer.select(0.0) == (None, None)
    buffer.add_picture(b"picture", 5.0, 5.0)
    assert buffer.select(6.9)[0] is not None
    assert buffer.select(7.1) == (None, None) and buffer.has_pictures


def test_a_camera_without_clock_is_shown_too():
    buffer = PictureBuffer()
    for now in (5.0, 5.1):
        buffer.add_picture(b"picture", 0.0, now)
    assert buffer.select(5.1)[0].received == 5.1


def test_a_clip_that_starts_anew_forgets_its_old_pictures():
    buffer = PictureBuffer()
    buffer.add_picture(b"old", 100.0, 1.0)
    buffer.add_skeleton(skeleton(100.0))
    buffer.add_picture(b"new", 0.0, 1.1)
    assert buffer.select(1.1)[0].data == b"new" and buffer.select(1.1)[1] is None


def test_a_broken_picture_can_be_discarded():
    buffer = PictureBuffer()
    buffer.add_picture(b"good", 1.0, 1.0)
    buffer.add_picture(b"broken", 1.1, 1.1)
    buffer.discard(buffer.select(1.1)[0])
    assert buffer.select(1.1)[0].data == b"good"


@pytest.mark.parametrize(
    "size, expected",
    [
        ((640, 480), (555, 416)),
        ((1280, 720), (560, 315)),
        ((200, 400), (208, 416)),
        ((1920, 1080), (560, 315)),
        ((560, 416), (560, 416)),
        ((1, 1), (416, 416)),
    ],
)
def test_pictures_fit_into_the_box_whatever_their_size(size, expected):
    decoder = PictureDecoder()
    for _ in range(3):  # from the second on, a large one is read at reduced size
        picture = decoder.decode(jpeg(*size), (560, 416))
        assert abs(picture.shape[1] - expected[0]) <= 1 and abs(picture.shape[0] - expected[1]) <= 1
        assert np.abs(picture.mean(axis=(0, 1)) - (40, 90, 200)).max() < 4


def test_a_change_of_the_cameras_size_is_followed():
    decoder = PictureDecoder()
    for size in ((1920, 1080), (1920, 1080), (320, 240), (320, 240)):
        picture = decoder.decode(jpeg(*size), (560, 416))
        assert picture.shape[1] == 560 or picture.shape[0] == 416


@pytest.mark.parametrize("data", [b"", b"no picture at all", jpeg(64, 48)[:40], b"\xff\xd8\xff\xe0" + bytes(200)])
def test_garbage_is_no_picture(data):
    assert PictureDecoder().decode(data, (560, 416)) is None


def test_the_mirror_turns_picture_and_skeleton_and_leaves_the_sides_their_colours():
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[:, :40] = 255
    points = POINTS.copy()
    points[COCO_18.index("left_wrist")] = 480, 240, 1  # of a picture twice as large: x = 240 of 320 here
    plain = compose(picture.copy(), skeleton(0.0, points), mirror=False)
    mirrored = compose(picture.copy(), skeleton(0.0, points), mirror=True)
    assert plain[10, 5].tolist() == mirrored[10, 314].tolist() == [255, 255, 255]
    assert mirrored[10, 5].tolist() == [0, 0, 0]
    assert plain[120, 240].tolist() == mirrored[120, 79].tolist()
    red, _, blue = plain[120, 240].tolist()
    assert blue > red  # left is blue, in RGB


@pytest.mark.parametrize(
    "points",
    [np.zeros((0, 3), np.float32), np.zeros((5, 3), np.float32), np.full((18, 3), np.nan, np.float32)],
)
def test_nobody_and_nonsense_draw_nothing(points):
    picture = np.full((48, 64, 3), 77, np.uint8)
    assert (compose(picture.copy(), skeleton(0.0, points), mirror=False) == 77).all()
