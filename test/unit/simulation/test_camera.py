import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.camera import Camera


def seen_from(camera, point):
    """Where the camera sees a point: right, up and ahead of it, metres."""
    right, up, back = np.linalg.inv(camera.pose())[:3] @ np.append(point, 1.0)
    return right, up, -back


def test_camera_looks_at_the_person():
    right, up, ahead = seen_from(Camera(yaw=37, distance=3, height=1.5, look_at=0.9), [0, 0, 0.9])
    assert (right, up) == pytest.approx((0, 0), abs=1e-9) and ahead > 3


def test_from_the_front_the_persons_left_is_on_the_right():
    assert seen_from(Camera(yaw=0), [1, 0, 1])[0] == pytest.approx(1)


def test_yaw_90_sees_the_left_side():
    camera = Camera(yaw=90, distance=3)
    assert seen_from(camera, [1, 0, 1])[2] < seen_from(camera, [-1, 0, 1])[2]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"distance": 0.0}, "distance"),
        ({"field_of_view": 179}, "field of view"),
        ({"height": -1}, "camera height"),
        ({"yaw": float("inf")}, "yaw"),
    ],
)
def test_cameras_that_see_nothing_are_named(options, words):
    with pytest.raises(RehabCoachError, match=words + " must be between"):
        Camera(**options).check()


def test_a_turned_camera_sees_the_person_on_the_other_side():
    assert seen_from(Camera(turn=20), [0, 0, 1])[0] > 0.5


def test_pixels_are_opengls_and_opencvs():
    """The projection, OpenGL's matrix and the matrices that are written for OpenCV put a point in one place."""
    camera, size = Camera(yaw=30, distance=3, height=1.4, turn=5), (640, 480)
    points = np.array([[0.2, -0.3, 1.1], [-0.6, 0.4, 0.0], [0, 0, 0.9]])
    pixels = camera.project(points, size)
    clip = np.c_[points, np.ones(3)] @ camera.projection(size).T
    drawn = clip[:, :2] / clip[:, 3:]
    np.testing.assert_allclose(pixels, np.c_[(drawn[:, 0] + 1) * 320, (1 - drawn[:, 1]) * 240], atol=1e-9)
    written = camera.as_dict(size)
    seen = points @ np.array(written["rotation"]).T + written["translation"]
    made = seen @ np.array(written["intrinsics"]).T
    np.testing.assert_allclose(pixels, made[:, :2] / made[:, 2:], atol=1e-9)


def test_what_is_behind_the_camera_is_nowhere():
    assert np.isnan(Camera(distance=2).project(np.array([0, -3.0, 1]), (640, 480))).all()
