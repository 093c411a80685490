import numpy as np
import pytest

from rehab_coach.simulation.body import Body, Physique
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.virtual_markers import JOINTS, PARTS, VirtualMarkers, in_opensim, marked_vertices


@pytest.fixture(scope="module")
def body():
    pytest.importorskip("anny")
    return Body(Physique("female", 30.0, 1.65))


def test_the_same_vertices_are_marked_on_everybody(body):
    chosen = marked_vertices(body)
    other = marked_vertices(Body(Physique("male", 70.0, 1.85)))
    assert list(chosen) == list(PARTS)
    for name, part in PARTS.items():
        assert len(set(chosen[name])) == part.markers
    # Which are farthest apart depends on the shape: one person's are taken for all.
    assert {name: len(found) for name, found in other.items()} == {name: len(found) for name, found in chosen.items()}


def test_markers_are_on_the_mesh(body):
    markers = VirtualMarkers(body, marked_vertices(body))
    rotations, heads = body.pose(make_motion("squat", 1, 4))
    places = markers.places(rotations, heads)
    for frame in (0, 3):
        mesh = in_opensim(body.vertices(rotations[frame], heads[frame]))
        found = np.stack([places[name][frame] for name in markers.names])
        np.testing.assert_allclose(found, mesh[markers.vertices], atol=1e-6)


def test_axes_are_opensims(body):
    standing = VirtualMarkers(body, marked_vertices(body)).standing()
    assert set(JOINTS) < set(standing)
    assert standing["hip_r"][2] > 0 > standing["hip_l"][2]  # z to her right
    assert standing["shoulder_r"][1] > standing["hip_r"][1] > standing["ankle_r"][1]  # y up
    assert standing["ball_r"][0] > standing["ankle_r"][0] + 0.05  # x to the front
