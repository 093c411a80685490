import copy

import numpy as np
import pytest

pytest.importorskip("anny")

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import LIMBS, Body, Physique, limb_lengths, load_model, volume
from rehab_coach.simulation.motions import make_motion


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def body(model):
    return Body(Physique("male", 40, 1.80), model)


def test_rest_pose_reproduces_the_models_mesh(body):
    bones = len(body.skeleton.labels)
    made = body.vertices(np.tile(np.eye(3), (bones, 1, 1)), body.skeleton.heads)
    np.testing.assert_allclose(made, body.rest, atol=1e-9)


def test_skinning_equals_the_models_own(body):
    """Our posed bones, handed to the model as they are, give the mesh that we make of them."""
    import anny
    import torch

    motion = make_motion("lunge", duration=0.1, start_phase=0.5)
    rotations, heads = (part[0] for part in body.pose(motion))
    model = anny.Anny(pose_parameterization="world", skinning_method="lbs")
    person = {"gender": 0.3, "age": 0.6, "muscle": 0.4, "weight": 0.7}
    rest = model(phenotype_kwargs=person)
    poses = rest["rest_bone_poses"].clone()
    poses[0, :, :3, :3] = torch.as_tensor(rotations) @ poses[0, :, :3, :3]
    poses[0, :, :3, 3] = torch.as_tensor(heads)
    expected = model(pose_parameters=poses, phenotype_kwargs=person)["vertices"][0].numpy()
    ours = copy.copy(body)
    ours.skeleton = copy.copy(body.skeleton)
    ours.rest, ours.skeleton.heads = rest["rest_vertices"][0].numpy(), rest["rest_bone_heads"][0].numpy()
    np.testing.assert_allclose(ours.vertices(rotations, heads), expected, atol=1e-6)


def test_height_and_weight_are_what_was_asked_for(model):
    body = Body(Physique("female", 30, 1.62, 62), model)
    assert body.height == pytest.approx(1.62, abs=1e-3)
    assert body.weight == pytest.approx(62, abs=0.5)


@pytest.mark.parametrize(
    "physique, words",
    [
        (Physique("robot"), "gender must be female or male"),
        (Physique(age=5), "age must be between 12 and 90"),
        (Physique(height=3.0), "height must be between"),
        (Physique(height=1.9, weight=31), "weight must be between"),
        (Physique(limbs=(1.1, 0.9)), "limbs must be 7 factors between 0.8 and 1.25 \\(trunk, shoulders, .*1.1, 0.9"),
        (Physique(limbs=(2.0,) * 7), "limbs must be 7 factors"),
    ],
)
def test_impossible_people_are_named(model, physique, words):
    with pytest.raises(RehabCoachError, match=words):
        Body(physique, model)


@pytest.mark.parametrize("limbs", [(1.1, 0.92, 1.12, 0.9, 1.06, 0.93, 1.08), (0.9, 1.08, 0.88, 1.1, 0.94, 1.07, 0.92)])
def test_limbs_are_as_much_longer_as_was_asked_for(model, body, limbs):
    longer = Body(Physique("male", 40, None, None, limbs), model)
    usual = Body(Physique("male", 40), model)
    lengths = [limb_lengths(one.skeleton.labels, one.skeleton.heads) for one in (longer, usual)]
    for limb, factor in zip(LIMBS, limbs):
        assert lengths[0][limb] / lengths[1][limb] == pytest.approx(factor, abs=0.015), limb
    tall = Body(Physique("male", 40, 1.80, 80, limbs), model)
    assert tall.height == pytest.approx(1.80, abs=1e-3) and tall.weight == pytest.approx(80, abs=0.5)
    assert np.abs(Body(Physique("male", 40, None, None, (1.0,) * 7), model).rest - usual.rest).max() < 1e-6


def test_volume_of_a_tetrahedron():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    assert volume(vertices + 5, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])) == pytest.approx(1 / 6)


@pytest.mark.parametrize("name", ("squat", "lunge", "deadlift", "jumping_jack", "push_up"))
@pytest.mark.parametrize("limbs", [(), (0.88, 0.9, 1.12, 1.12, 0.92, 1.1, 0.9)])
def test_the_mesh_stays_on_the_floor(model, name, limbs):
    """Neither through the floor nor above it; soft parts of the mesh (toes) may sink in by 3 cm."""
    body = Body(Physique("male", 40, 1.80, None, limbs), model)
    motion = make_motion(name, duration=4, rate=8, seed=3)
    rotations, heads = body.pose(motion)
    lowest = np.array([body.vertices(rotations[frame], heads[frame])[:, 2].min() for frame in range(len(heads))])
    assert lowest.min() > -0.03
    standing = motion.support.any(axis=1)
    assert lowest[standing].max() < 0.03
