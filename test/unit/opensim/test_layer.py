import numpy as np
import pytest
import torch

from rehab_coach.benchmarks.skeleton_layer import largest_differences
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import Pose, SkeletonLayer, rotation_from_6d
from rehab_coach.opensim.layer_export import INPUTS, export_onnx, traced
from rehab_coach.opensim.model_file import body_fixed, read_model
from rehab_coach.opensim.packages import default_model
from rehab_coach.openvino_core import openvino_core

from .models import every_kind, old_format  # isort: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, text in (("all", every_kind()), ("old", old_format())):
        (folder / (name + ".osim")).write_text(text)
    return folder


@pytest.fixture(scope="module")
def model(written):
    return read_model(str(written / "all.osim"))


def random_inputs(layer, batch, seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    coordinates = 2 * torch.rand(batch, len(layer.coordinates)) - 1
    scales = 0.7 + 0.7 * torch.rand(batch, len(layer.bodies), 3)
    return coordinates.to(dtype), scales.to(dtype), rotation_from_6d(torch.randn(batch, 6)).to(dtype)


@pytest.mark.parametrize("name", ["all", "old"])
def test_positions_are_those_of_opensim(written, name):
    pytest.importorskip("opensim")
    found = largest_differences(str(written / (name + ".osim")), poses=5)
    assert found["rotations"] < 1e-12
    assert max(found["joints"], found["bodies"], found["markers"]) < 1e-9  # millimetres


def test_positions_of_the_default_model_are_those_of_opensim():
    pytest.importorskip("opensim")
    try:
        path = default_model()
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    found = largest_differences(path, poses=5)
    assert found["rotations"] < 1e-12 and max(found["joints"], found["bodies"]) < 1e-9


def test_a_batch_is_many_single_poses(model):
    layer = SkeletonLayer(model)
    coordinates, scales, root = random_inputs(layer, 5)
    together = layer(coordinates, scales, root)
    for number in range(5):
        alone = layer(*(part[number : number + 1] for part in (coordinates, scales, root)))
        for one, many in zip(alone, together):
            torch.testing.assert_close(one[0], many[number])


def test_the_root_is_turned_as_it_is_told(model):
    layer = SkeletonLayer(model, torch.float64)
    coordinates, scales, root = random_inputs(layer, 3, dtype=torch.float64)
    pose = layer(coordinates, scales, root)
    free = model.bodies.index("free")
    torch.testing.assert_close(pose.rotations[:, free], root)
    # What hangs on the root turns with it: seen from the root, nothing else changed.
    straight = layer(coordinates, scales)
    for one in (pose, straight):
        assert one.bodies.shape == (3, len(model.bodies), 3)

    def seen(one):
        away = one.bodies - one.bodies[:, free : free + 1]
        return torch.einsum("bij,bni->bnj", one.rotations[:, free], away)

    torch.testing.assert_close(seen(pose), seen(straight))


def test_gradients_are_those_of_small_steps(model):
    layer = SkeletonLayer(model, torch.float64)
    inputs = [part.requires_grad_() for part in random_inputs(layer, 1, dtype=torch.float64)]
    assert torch.autograd.gradcheck(lambda *given: layer(*given).markers, inputs, eps=1e-6, atol=1e-5)


def test_traced_and_exported_give_the_same(model, tmp_path):
    pytest.importorskip("onnx")
    layer = SkeletonLayer(model)
    inputs = random_inputs(layer, 7)
    expected = layer(*inputs)
    for one, other in zip(traced(layer)(*inputs), expected):
        torch.testing.assert_close(one, other)
    path = str(tmp_path / "layer.onnx")
    export_onnx(layer, path)
    network = openvino_core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = network({name: part.numpy() for name, part in zip(INPUTS, inputs)})
    for name, other in zip(Pose._fields, expected):
        np.testing.assert_allclose(found[name], other.numpy(), atol=1e-5)


def test_a_model_without_markers_and_root_works(tmp_path):
    text = every_kind().replace("FreeJoint", "WeldJoint")
    start, end = text.index('<MarkerSet name="markerset">'), text.index("</MarkerSet>")
    text = text[:start] + '<MarkerSet name="markerset"><objects>' + "</objects>" + text[end:]
    for number in range(6):
        text = text.replace(
            '<Coordinate name="free%d"><default_value>0.1</default_value><range>-1.5 1.5</range>'
            "<locked>false</locked></Coordinate>" % number,
            "",
        )
    text = text[: text.index('<ConstraintSet name="constraintset">')] + text[text.index("</ConstraintSet>") + 16 :]
    path = tmp_path / "still.osim"
    path.write_text(text)
    model = read_model(str(path))
    layer = SkeletonLayer(model)
    coordinates, scales, root = random_inputs(layer, 2)
    assert model.root is None and layer(coordinates, scales).markers.shape == (2, 0, 3)
    with pytest.raises(RehabCoachError, match="no root to turn"):
        layer(coordinates, scales, root)


def test_six_numbers_make_a_rotation():
    torch.manual_seed(1)
    values = torch.randn(20, 6, dtype=torch.float64)
    turns = rotation_from_6d(values)
    torch.testing.assert_close(turns @ turns.transpose(1, 2), torch.eye(3, dtype=torch.float64).expand(20, 3, 3))
    torch.testing.assert_close(torch.linalg.det(turns), torch.ones(20, dtype=torch.float64))
    turn = torch.from_numpy(body_fixed(np.array([0.3, -0.4, 0.9])))
    again = rotation_from_6d(
        torch.cat([2 * turn[:, 0], turn[:, 0] + 3 * turn[:, 1]])[None]
    )  # lengths, angle: no matter
    torch.testing.assert_close(again[0], turn)
