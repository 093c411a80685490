from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.simulation import Camera, live, make_motion
from rehab_coach.simulation.live import CHANGE_SECONDS, VirtualPatient


@pytest.fixture(scope="module")
def patient():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    pytest.importorskip("moderngl")
    with VirtualPatient(seed=3, size=(160, 120), rate=15) as patient:
        yield patient


def test_stands_until_told_moves_as_told_and_stands_again(patient):
    assert patient.picture(0.0).motion.name in ("standing", "talking") and not patient.busy(0.0)
    motion = make_motion("squat", 3, 15, repetitions=1, seed=1)
    patient.begin(motion, 1.0)
    changing = patient.picture(1.0 + CHANGE_SECONDS / 2)
    assert changing.changing and changing.motion is motion and patient.busy(1.5)
    deepest = patient.picture(1.0 + CHANGE_SECONDS + 1.5)
    assert not deepest.changing and deepest.since == pytest.approx(1.5, abs=0.07) and deepest.repetitions == 0
    assert np.degrees(deepest.angles["knee_angle_r"]) > 80
    assert patient.picture(1.0 + CHANGE_SECONDS + 2.99).repetitions == 1
    later = patient.picture(1.0 + CHANGE_SECONDS + 4)
    assert later.motion.name in ("standing", "talking") and not patient.busy(later.stamp)


def test_nothing_jumps_between_motions(patient):
    """Also from standing to hanging and to the floor: no joint faster than 6 m/s, bones as long as before."""
    begin = 100.0
    before, last = None, None
    for name in ("push_up", "pull_up", "lunge"):
        patient.begin(make_motion(name, 0.5, 15), begin)
        for stamp in np.arange(begin, begin + CHANGE_SECONDS + 0.4, 0.05):
            moment = patient.picture(stamp)
            thigh = np.linalg.norm(moment.world[8] - moment.world[9])
            if before is not None:
                assert np.abs(moment.world - before).max() / 0.05 < 9, name
                assert thigh == pytest.approx(last, abs=0.01)
            before, last = moment.world, thigh
        begin = stamp + 0.05
        before = None


def test_a_camera_that_drives_is_seen_in_the_picture(patient):
    still = patient.picture(200.0)
    patient.camera = replace(patient.camera, distance=patient.camera.distance + 1, turn=5)
    moved = patient.picture(200.0)
    height = [np.ptp(moment.key_points[moment.key_points[:, 2] > 0, 1]) for moment in (still, moved)]
    assert height[1] < 0.85 * height[0] and (still.picture != moved.picture).mean() > 0.05
    patient.camera = Camera(distance=3, turn=150)
    away = patient.picture(200.1)
    assert not away.key_points[:, 2].any()
    np.testing.assert_array_equal(away.picture, patient.picture(200.2).picture)


def test_what_is_prepared_ahead_is_turned(patient):
    """Turned by 90 degrees a camera in front sees what one at her side saw."""
    motion = make_motion("deadlift", 3, 15, repetitions=1, variation=0)
    patient.camera = Camera(yaw=90, look_at=0.9)
    patient.begin(motion, 210.0)
    side = patient.picture(210.0 + CHANGE_SECONDS + 1.5)
    patient.camera = Camera(yaw=0, look_at=0.9)
    patient.begin(patient.prepare(motion, 90.0), 220.0)
    front = patient.picture(220.0 + CHANGE_SECONDS + 1.5)
    np.testing.assert_allclose(front.key_points, side.key_points, atol=1e-3)
    np.testing.assert_allclose(front.world, side.world, atol=1e-6)
    assert front.angles == side.angles


def test_phase_and_number_of_the_repetition(patient):
    patient.begin(make_motion("squat", 4, 15, repetitions=2, variation=0), 240.0)
    begin = 240.0 + CHANGE_SECONDS
    moments = [patient.picture(begin + seconds) for seconds in (0.0, 1.0, 2.0, 3.0)]
    assert [moment.repetition for moment in moments] == [1, 1, 2, 2]
    assert [moment.phase for moment in moments] == pytest.approx([0.0, 0.5, 0.0, 0.5], abs=0.02)
    assert not moments[0].idle and patient.picture(begin + 6).idle


def test_somebody_else_takes_over(patient):
    patient.camera = Camera()
    before = patient.picture(260.0)
    patient.take_over(patient.somebody(99), 260.1)
    after = patient.picture(260.1)
    heights = [np.ptp(moment.world[:, 1]) for moment in (before, after)]
    assert abs(heights[0] - heights[1]) > 0.005 and (before.picture != after.picture).mean() > 0.01


def test_what_is_missing_is_said(monkeypatch):
    pytest.importorskip("anny")
    pytest.importorskip("moderngl")
    assert live.missing() == ""
    monkeypatch.setenv("GLCONTEXT_DEVICE_INDEX", "77")
    assert "libegl1" in live.missing()
    monkeypatch.setattr(live.importlib.util, "find_spec", lambda name: None)
    assert "pip install" in live.missing()


def test_stop_ends_what_goes_on(patient):
    patient.camera = Camera()
    patient.begin(make_motion("jumping_jack", 10, 15), 300.0)
    patient.picture(302.0)
    patient.stop(302.1)
    assert not patient.busy(302.2)
