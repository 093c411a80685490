import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.gazebo.bvh import write_bvh

NAMES, PARENTS = ("Hips", "Spine", "Head", "Leg"), (-1, 0, 1, 0)
PLACES = np.array([[0.0, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.5, 0.1], [0.1, -0.1, 0.0]])


def test_what_is_written_is_what_is_read(tmp_path, read_bvh):
    turns = Rotation.random(20 * 4, random_state=0).as_matrix().reshape(20, 4, 3, 3)
    root = np.random.default_rng(0).normal(size=(20, 3))
    write_bvh(tmp_path / "a.bvh", NAMES, PARENTS, PLACES, turns, root, 25.0)
    file = read_bvh(tmp_path / "a.bvh")
    assert (tuple(file.names), tuple(file.parents), file.step) == (NAMES, PARENTS, 0.04)
    np.testing.assert_allclose(file.offsets, [[0, 0, 0], [0, 0.2, 0], [0, 0.3, 0.1], [0.1, -0.1, 0]])
    np.testing.assert_allclose(file.values[:, :3], root, atol=1e-4)
    np.testing.assert_allclose(file.turns, turns, atol=1e-5)


def test_angles_do_not_jump_where_the_motion_does_not(tmp_path, read_bvh):
    angles = np.radians(np.arange(0, 720, 10.0))
    turns = np.repeat(Rotation.from_euler("Z", angles[:, None]).as_matrix()[:, None], 4, axis=1)
    write_bvh(tmp_path / "a.bvh", NAMES, PARENTS, PLACES, turns, np.zeros((len(turns), 3)), 30.0)
    values = read_bvh(tmp_path / "a.bvh").values
    assert np.abs(np.diff(values, axis=0)).max() == pytest.approx(10.0)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RehabCoachError, match="cannot write .*a.bvh"):
        write_bvh(
            tmp_path / "file" / "a.bvh", NAMES, PARENTS, PLACES, np.ones((1, 4, 1, 1)) * np.eye(3), np.zeros((1, 3)), 30
        )
