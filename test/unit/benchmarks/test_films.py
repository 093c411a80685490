import numpy as np
import pytest

from rehab_coach.benchmarks import films as benchmark
from rehab_coach.benchmarks.films import Errors, errors_of
from rehab_coach.pose.estimator import Pose
from rehab_coach.simulation import Camera, Film, Scene
from rehab_coach.simulation.films import estimated
from rehab_coach.skeleton import COCO_18


@pytest.fixture(scope="module")
def film():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    pytest.importorskip("moderngl")
    return Film(Scene("squat", 0.6, 5, (160, 120), camera=Camera(distance=3.0), motion={"repetitions": 1}))


class TwoPixelsRight:
    """An estimator that knows the truth, but for two pixels and the ears."""

    layout = COCO_18

    def __init__(self, film):
        self.film = film

    def reset(self):
        self.frame = -1

    def estimate(self, picture):
        assert picture.shape == (120, 160, 3)
        self.frame += 1
        points = self.film.key_points[self.frame].copy()
        points[:, 0] += 2
        points[-2:] = 0
        return [Pose(points)]


def test_errors_are_those_that_were_made(film):
    sequence = estimated(film, {"known": TwoPixelsRight(film)})["known"]
    errors = errors_of(film, sequence)
    assert np.nanmedian(errors.pixels) == pytest.approx(2, abs=1e-3)
    tall = film.subject.patient.body.height * film.camera.focal_length((160, 120)) / 3.0
    assert np.nanmedian(errors.share) == pytest.approx(2 / tall, rel=0.1)
    assert errors.seen.mean() == pytest.approx(16 / 18)
    assert set(errors.joint[~errors.seen]) == {16, 17}


def test_the_tables_have_a_row_for_each_view_and_joint(film):
    one = errors_of(film, estimated(film, {"known": TwoPixelsRight(film)})["known"])
    rows = {(exercise, view): {"known": one} for exercise in ("squat", "lunge") for view in benchmark.VIEWS}
    table, joints = benchmark._table(rows, ["known"]), benchmark._joints(rows, ["known"])
    assert len(table) == 2 + 6 + 3 and "| squat | side | 2.0 |" in "\n".join(table) and "89 %" in table[2]
    assert len(joints) == 2 + 18 and "0 %" in joints[-1]
    nothing = Errors(*(part[:0] for part in one))
    assert benchmark._cells(nothing) == ["", "", "0 %"]


def test_both_ways_to_draw_are_timed_in_turns():
    pytest.importorskip("anny")
    pytest.importorskip("moderngl")
    pytest.importorskip("pyrender")
    text = benchmark.measure_speed("squat", 10, (96, 72))
    assert "moderngl" in text and "1.00x" in text and "ratio: against pyrender" in text
