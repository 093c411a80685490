import os

import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.files import read_mot
from rehab_coach.simulation.kinematics_truth import KinematicsTruth, camera_axes


@pytest.fixture(scope="module")
def films(squat_with_kinematics):
    return squat_with_kinematics


def test_angles_are_those_that_moved_the_body(films):
    folder, _ = films
    truth = KinematicsTruth.load(os.path.join(folder, "kinematics", "000000-squat.npz"))
    moved = read_mot(os.path.join(folder, "truth", "000000-squat.mot"))
    assert len(truth.stamps) == len(moved.stamps) == 8 and truth.counts.mean() > 0.9
    for name, within in (("knee_angle_r", 4), ("hip_flexion_l", 8), ("ankle_angle_r", 6), ("elbow_flex_l", 8)):
        found = np.degrees(truth.coordinates[:, truth.names.index(name)])
        assert np.abs(found - np.degrees(moved[name])).mean() < within, name
    assert truth.distance.max() < 0.02
    again = read_mot(os.path.join(folder, "kinematics", "000000-squat.mot"))
    np.testing.assert_allclose(
        again["knee_angle_r"], truth.coordinates[:, truth.names.index("knee_angle_r")], atol=1e-5
    )


def test_the_pelvis_stands_upright_before_the_camera(films):
    truth = KinematicsTruth.load(os.path.join(films[0], "kinematics", "000000-squat.npz"))
    np.testing.assert_allclose(
        truth.root @ truth.root.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (8, 3, 3)), atol=1e-5
    )
    up = truth.root[:, :, 1]  # of the pelvis, in the camera's axes: right, down, away
    assert (up[:, 1] < -0.7).all()
    np.testing.assert_allclose(truth.camera @ truth.camera.T, np.eye(3), atol=1e-5)


def test_what_is_there_is_not_made_again(films, capsys):
    folder, plan = films
    path = os.path.join(folder, "kinematics", "000000-squat.npz")
    before = os.stat(path).st_mtime_ns
    assert main(["dataset", "kinematics", folder, "--plan", plan]) == 0
    assert os.stat(path).st_mtime_ns == before
    assert "1 films of 1 people, 8 frames" in capsys.readouterr().out


def test_films_are_made_first(films, tmp_path, capsys):
    folder, plan = str(tmp_path / "films"), films[1]
    assert main(["dataset", "kinematics", folder, "--plan", plan, "--render"]) == 0
    assert "1 films of 1 people, 8 frames" in capsys.readouterr().out
    assert os.path.exists(os.path.join(folder, "mediapipe", "000000-squat.npz"))


def test_other_plans_and_folders_are_refused(films, tmp_path, capsys):
    folder, plan = films
    other = tmp_path / "other.yaml"
    with open(plan) as stream:
        other.write_text(stream.read().replace("seed: 4", "seed: 5"))
    assert main(["dataset", "kinematics", folder, "--plan", str(other)]) == 2
    assert "another plan" in capsys.readouterr().err
    assert main(["dataset", "kinematics", str(tmp_path / "gone"), "--plan", plan]) == 2
    assert "holds no films" in capsys.readouterr().err
    (tmp_path / "no.npz").write_text("nothing")
    with pytest.raises(RehabCoachError, match="is not the true kinematics"):
        KinematicsTruth.load(str(tmp_path / "no.npz"))


def test_the_cameras_axes_are_right_down_away():
    from rehab_coach.simulation.camera import Camera

    # From the front: her right is the camera's left, and she faces it.
    np.testing.assert_allclose(
        camera_axes(Camera(yaw=0, height=0.9, look_at=0.9)) @ np.eye(3), [[0, 0, -1], [0, -1, 0], [-1, 0, 0]], atol=1e-9
    )
