import numpy as np
import pytest

from rehab_coach.simulation.mesh import Normals, all_over, box, cylinder, normals_of

pytest.importorskip("trimesh")


def test_normals_point_outwards():
    bar = cylinder(np.array([0, 0, 0.0]), np.array([0, 0, 2.0]), 0.1, (1, 1, 1))
    outwards = np.sum(normals_of(bar.vertices, bar.faces) * (bar.vertices - [0, 0, 1.0]), axis=1)
    assert (outwards > 0).all()
    assert np.ptp(bar.vertices, axis=0) == pytest.approx([0.2, 0.2, 2.0], abs=0.01)


def test_quick_normals_are_the_plain_ones():
    ball = np.random.default_rng(0).normal(size=(60, 3))
    faces = np.random.default_rng(1).integers(0, 60, (150, 3))
    faces = faces[[len(set(face)) == 3 for face in faces.tolist()]]
    np.testing.assert_allclose(Normals(faces, 60)(ball), normals_of(ball, faces), atol=1e-5)


def test_points_cover_a_mesh():
    cover = all_over(box([0, 0, 0], [1, 0.5, 0.2], (1, 1, 1)), 0.05)
    on_a_side = np.isclose(cover, 0, atol=1e-9) | np.isclose(cover, [1, 0.5, 0.2], atol=1e-9)
    assert on_a_side.any(axis=1).all() and (cover >= -1e-9).all() and (cover <= [1, 0.5, 0.2]).all()
    for point in ([0.5, 0.25, 0.2], [0, 0.1, 0.1]):
        assert np.linalg.norm(cover - point, axis=1).min() < 0.1
