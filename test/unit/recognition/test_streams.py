import torch

from rehab_coach.recognition.streams import add_streams, nearer_neighbours
from rehab_coach.skeleton import COCO_18

NEIGHBOURS = nearer_neighbours(COCO_18)


def test_every_joint_leads_to_the_neck():
    neck = COCO_18.index("neck")
    assert NEIGHBOURS[neck] == neck
    assert NEIGHBOURS[COCO_18.index("left_wrist")] == COCO_18.index("left_elbow")
    for joint in range(len(COCO_18)):
        for _ in range(len(COCO_18)):
            joint = NEIGHBOURS[joint]
        assert joint == neck


def test_bones_and_motion_are_differences():
    windows = torch.rand(2, 3, 5, 18, 1) + 0.1
    result = add_streams(windows, ("joint", "bone", "motion"), NEIGHBOURS)
    assert result.shape == (2, 7, 5, 18, 1)
    assert torch.equal(result[:, :3], windows)
    wrist, elbow = COCO_18.index("right_wrist"), COCO_18.index("right_elbow")
    assert torch.equal(result[:, 3:5, :, wrist], windows[:, :2, :, wrist] - windows[:, :2, :, elbow])
    assert not result[:, 5:, 0].any()
    assert torch.equal(result[:, 5:, 3], windows[:, :2, 3] - windows[:, :2, 2])


def test_who_is_not_seen_has_no_bone_and_no_motion():
    windows = torch.rand(1, 3, 5, 18, 1) + 0.1
    elbow, wrist = COCO_18.index("right_elbow"), COCO_18.index("right_wrist")
    windows[:, :, 2, elbow] = 0
    result = add_streams(windows, ("bone", "motion"), NEIGHBOURS)
    assert not result[:, :2, 2, [elbow, wrist]].any() and result[:, :2, 1, wrist].any()
    assert not result[:, 2:, 2:4, elbow].any() and result[:, 2:, 4, elbow].any()


def test_joints_alone_are_the_input_itself():
    windows = torch.rand(1, 3, 5, 18, 2)
    assert add_streams(windows, ("joint",), NEIGHBOURS) is windows
