import numpy as np
import pytest

from rehab_coach.recognition.graph import edges, hop_distance, spatial_configuration_adjacency
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18

ROOT, CENTRIPETAL, CENTRIFUGAL = range(3)


def joints(*names):
    return [COCO_18.index(name) for name in names]


def test_the_skeleton_is_a_tree_with_the_hips_on_the_shoulders():
    assert len(edges()) == len(COCO_18) - 1
    assert np.isfinite(hop_distance()).all()
    assert tuple(joints("right_shoulder", "right_hip")) in edges()
    assert tuple(joints("neck", "right_hip")) not in edges()


def test_hop_distance_counts_edges():
    distance = hop_distance()
    neck, ankle, wrist = joints("neck", "left_ankle", "right_wrist")
    assert distance[neck, ankle] == 4 and distance[neck, wrist] == 3 and distance[ankle, wrist] == 7
    np.testing.assert_array_equal(distance, distance.T)


def test_partitions_are_disjoint_and_their_sum_is_the_column_normalised_adjacency():
    partitions = spatial_configuration_adjacency()
    assert partitions.shape == (3, 18, 18) and partitions.dtype == np.float32
    assert ((partitions > 0).sum(axis=0) <= 1).all()
    adjacency = np.eye(18)
    for first, second in edges():
        adjacency[first, second] = adjacency[second, first] = 1
    expected = adjacency @ np.diag(1 / adjacency.sum(axis=0))
    np.testing.assert_allclose(partitions.sum(axis=0), expected, atol=1e-7)


def test_each_neighbour_is_in_the_set_that_its_distance_to_the_neck_says():
    partitions = spatial_configuration_adjacency()
    shoulder, elbow, wrist = joints("left_shoulder", "left_elbow", "left_wrist")
    third = pytest.approx(1 / 3)  # the elbow, its shoulder, its wrist
    assert partitions[ROOT, elbow, elbow] == third
    assert partitions[CENTRIPETAL, shoulder, elbow] == third
    assert partitions[CENTRIFUGAL, wrist, elbow] == third
    assert partitions[:, :, elbow].sum() == pytest.approx(1)


def test_left_and_right_are_treated_alike():
    partitions = spatial_configuration_adjacency()
    mirror = list(COCO_18.mirror)
    np.testing.assert_array_equal(partitions, partitions[:, mirror][:, :, mirror])


def test_a_layout_that_cannot_be_used_is_refused():
    with pytest.raises(ValueError):
        spatial_configuration_adjacency(COCO_18, centre="pelvis")
    with pytest.raises(ValueError, match="blazepose_33"):  # its mouth hangs on nothing
        spatial_configuration_adjacency(BLAZEPOSE_33, centre="nose")
