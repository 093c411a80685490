import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.scene import Camera, cylinder, normals_of


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


def test_normals_point_outwards():
    pytest.importorskip("trimesh")
    bar = cylinder(np.array([0, 0, 0.0]), np.array([0, 0, 2.0]), 0.1, (1, 1, 1))
    outwards = np.sum(normals_of(bar["vertices"], bar["faces"]) * (bar["vertices"] - [0, 0, 1.0]), axis=1)
    assert (outwards > 0).all()
    assert np.ptp(bar["vertices"], axis=0) == pytest.approx([0.2, 0.2, 2.0], abs=0.01)
