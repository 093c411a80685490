import numpy as np
import pytest
import torch

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.mirror import mirror_of, other_side
from rehab_coach.direct_kinematics.networks import Guess
from rehab_coach.direct_kinematics.training import mirrored_guess
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import SkeletonLayer, rotation_from_6d
from rehab_coach.opensim.model_file import read_model


def test_names_have_another_side():
    assert other_side("hip_flexion_r") == "hip_flexion_l" and other_side("pelvis_tilt") == "pelvis_tilt"


@pytest.fixture
def model(walker):
    return read_model(walker)


def test_a_skeleton_says_how_it_is_mirrored(model):
    mirror = mirror_of(model)
    names = model.independent
    signs = dict(zip(names, mirror.signs))
    assert signs["hip_flexion_r"] == signs["hip_adduction_l"] == signs["trunk_extension"] == signs["pelvis_tilt"] == 1
    assert signs["trunk_bending"] == signs["pelvis_list"] == signs["pelvis_tz"] == -1
    assert names[mirror.coordinates[names.index("hip_flexion_r")]] == "hip_flexion_l"
    assert model.bodies[mirror.bodies[model.bodies.index("thigh_l")]] == "thigh_r"


def test_sides_that_are_not_alike_are_told(walker, tmp_path):
    path = tmp_path / "crooked.osim"
    with open(walker) as stream:
        path.write_text(
            stream.read().replace("<translation>0 -0.1 -0.1</translation>", "<translation>0 -0.2 -0.1</translation>")
        )
    with pytest.raises(RehabCoachError, match="are not alike"):
        mirror_of(read_model(str(path)))


def test_the_mirrored_truth_is_the_truth_of_the_mirrored_person(model):
    """Scales, angles and the pelvis's rotation exchanged, every joint is where the mirror shows it."""
    mirror = mirror_of(model)
    layer = SkeletonLayer(model, torch.float64)
    torch.manual_seed(0)
    frames = 6
    coordinates = torch.rand(frames, len(layer.coordinates), dtype=torch.float64) - 0.5
    coordinates[:, :6] = 0  # the root's: its rotation is given
    scales = 0.8 + 0.4 * torch.rand(frames, len(model.bodies), 3, dtype=torch.float64)
    root = rotation_from_6d(torch.randn(frames, 6, dtype=torch.float64))
    exchanged = mirror.coordinates, mirror.signs, mirror.bodies
    usual = [[]] * 6
    contract = KinematicsContract("", layer.coordinates, model.bodies, *usual, *exchanged, [], [], {}, 0)
    flipped = mirrored_guess(Guess(coordinates, scales, root), contract)
    ours, theirs = layer(coordinates, scales, root), layer(*flipped)
    right = [layer.joints.index(other_side(name)) for name in layer.joints]
    camera = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(theirs.joints, ours.joints[:, right] * camera)


def test_a_mirror_of_a_mirror_is_the_same(model):
    mirror = mirror_of(model)
    order = np.array(mirror.coordinates)
    assert (order[order] == np.arange(len(order))).all()
    assert (np.array(mirror.signs) == np.array(mirror.signs)[order]).all()
