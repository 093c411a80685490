import json

import numpy as np
import pytest

from rehab_coach.opensim.files import read_mot, read_trc
from rehab_coach.simulation import Camera, Film, Look, Scene
from rehab_coach.simulation.truth import write_truth
from rehab_coach.skeleton import COCO_18, SkeletonSequence


@pytest.fixture(scope="module")
def film():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    motion = {"repetitions": 1, "faults": ["heels_up"], "variation": 0.5}
    return Film(Scene("squat", 2.0, 10, (160, 120), 2, camera=Camera(yaw=35), look=Look(room="gym"), motion=motion))


def test_the_files_say_the_same_as_the_film(film, tmp_path):
    write_truth(str(tmp_path / "squat.mp4"), film)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["squat.json", "squat.mot", "squat.npz", "squat.trc"]
    sequence = SkeletonSequence.load(str(tmp_path / "squat.npz"))
    np.testing.assert_array_equal(sequence.key_points, film.key_points)
    angles = read_mot(str(tmp_path / "squat.mot"))
    np.testing.assert_allclose(angles["knee_angle_r"], film.subject.performance.angles["knee_angle_r"], atol=1e-6)
    assert 80 < np.degrees(angles["knee_angle_l"].max()) < 125
    stamps, markers = read_trc(str(tmp_path / "squat.trc"))
    np.testing.assert_allclose(stamps, film.motion.stamps, atol=1e-6)
    told = json.loads((tmp_path / "squat.json").read_text())
    assert told["label"] == "squat" and told["faults"] == {"heels_up": [0]} and len(told["repetitions"]) == 1
    assert told["look"]["room"] == "gym" and told["person"]["height"] == pytest.approx(film.subject.patient.body.height)


def test_markers_and_camera_give_the_key_points(film, tmp_path):
    """OpenSim's axes, turned back into the room and seen by the written camera, are the written pixels."""
    write_truth(str(tmp_path / "squat"), film)
    _, markers = read_trc(str(tmp_path / "squat.trc"))
    camera = json.loads((tmp_path / "squat.json").read_text())["camera"]
    points = SkeletonSequence.load(str(tmp_path / "squat.npz")).key_points
    for joint in ("nose", "right_wrist", "left_ankle", "neck"):
        forward, up, right = markers[joint].T
        seen = np.stack([-right, -forward, up], axis=1) @ np.array(camera["rotation"]).T + camera["translation"]
        pixels = seen @ np.array(camera["intrinsics"]).T
        at = points[:, COCO_18.index(joint)]
        np.testing.assert_allclose((pixels[:, :2] / pixels[:, 2:])[at[:, 2] > 0], at[at[:, 2] > 0, :2], atol=0.02)


def test_knee_angles_are_those_between_the_markers(film, tmp_path):
    """Against the vector angle hip, knee, ankle; the body model's key points lie near the joints' centres."""
    write_truth(str(tmp_path / "squat"), film)
    _, markers = read_trc(str(tmp_path / "squat.trc"))
    thigh = markers["right_knee"] - markers["right_hip"]
    shank = markers["right_ankle"] - markers["right_knee"]
    cosine = np.sum(thigh * shank, axis=1) / np.linalg.norm(thigh, axis=1) / np.linalg.norm(shank, axis=1)
    np.testing.assert_allclose(
        np.degrees(np.arccos(cosine)), np.degrees(film.subject.performance.angles["knee_angle_r"]), atol=12
    )


def test_an_empty_room_has_a_truth_too(tmp_path):
    film = Film(Scene("nobody", 0.4, 5, (96, 72)))
    write_truth(str(tmp_path / "room"), film)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["room.json", "room.npz"]
    told = json.loads((tmp_path / "room.json").read_text())
    assert told["person"] is None and told["label"] == "unknown"
    assert not SkeletonSequence.load(str(tmp_path / "room.npz")).seen.any()
