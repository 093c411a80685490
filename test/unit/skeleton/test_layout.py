import numpy as np
import pytest

from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, draw_skeleton, get_layout


@pytest.mark.parametrize("layout, joints", [(COCO_18, 18), (BLAZEPOSE_33, 33)])
def test_layouts_are_consistent(layout, joints):
    assert len(layout) == len(set(layout.joints)) == joints
    assert [layout.mirror[other] for other in layout.mirror] == list(range(joints))
    assert {joint for limb in layout.limbs for joint in limb} <= set(range(joints))
    for index, joint in enumerate(layout.joints):
        assert ("left" in joint) == ("right" in layout.joints[layout.mirror[index]])


def test_coco_18_is_in_the_order_of_openpose():
    assert COCO_18.joints[:5] == ("nose", "neck", "right_shoulder", "right_elbow", "right_wrist")
    assert COCO_18.joints[13:16] == ("left_ankle", "right_eye", "left_eye")
    assert len(COCO_18.limbs) == 17  # a tree: every joint is reached once


def test_unknown_layouts_are_named():
    with pytest.raises(ValueError, match="coco_18"):
        get_layout("coco_25")


def test_drawing_leaves_unseen_joints_out():
    picture = np.zeros((100, 100, 3), np.uint8)
    key_points = np.zeros((18, 3))
    draw_skeleton(picture, key_points)
    assert not picture.any()
    key_points[2], key_points[3] = (20, 50, 1), (80, 50, 1)
    draw_skeleton(picture, key_points)
    assert picture[50, 50].any() and not picture[80, 50].any()


@pytest.mark.parametrize("nonsense", [np.inf, -np.inf, np.nan, 1e9, -1e30])
def test_drawing_survives_nonsense(nonsense):
    draw_skeleton(np.zeros((100, 100, 3), np.uint8), np.tile([nonsense, nonsense, 1], (18, 1)))
