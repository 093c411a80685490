"""The PyTorch module is the frozen graph, whole and cut, also after it was written and read again."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose import create_estimator
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.pose.networks import create_network
from rehab_coach.shrinking.export import note_quality, save_network
from rehab_coach.shrinking.mobilenet_thin import original
from rehab_coach.shrinking.run import cut

EARLIER = ["Openpose/MConv_Stage2_%s_5_pointwise/BatchNorm/FusedBatchNorm" % branch for branch in ("L2", "L1")]


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).uniform(0, 255, (72, 104, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return cut(2, str(tmp_path_factory.mktemp("networks") / "two.onnx"))


def test_the_whole_network_equals_openvino(picture):
    with torch.no_grad():
        given = original()(torch.from_numpy(picture)[None])[0].numpy()
    np.testing.assert_allclose(given, create_network("openvino")(picture), atol=1e-4)
    assert sum(value.numel() for value in original().parameters()) == 1_930_872


def test_a_network_that_is_cut_equals_the_graph_cut_there(picture, tmp_path):
    contract = {
        "file": MOBILENET_THIN.path,
        "sha256": MOBILENET_THIN.sha256,
        "source": "this test",
        "licence": "Apache-2.0",
        "input": "image",
        "outputs": EARLIER,
        "stages": 2,
        "stride": 8,
        "layout": "coco_18",
    }
    (tmp_path / "graph.yaml").write_text(yaml.safe_dump(contract))
    expected = create_network("openvino", network=find_network(str(tmp_path / "graph.yaml")))(picture)
    with torch.no_grad():
        given = original(2)(torch.from_numpy(picture)[None])[0].numpy()
    np.testing.assert_allclose(given, expected, atol=1e-4)


@pytest.mark.parametrize("backend, extension", [("openvino", ".onnx"), ("opencv", ".onnx"), ("openvino", ".xml")])
def test_what_is_written_gives_the_same_at_every_size(two, picture, backend, extension, tmp_path):
    contract = two if extension == ".onnx" else cut(2, str(tmp_path / ("two" + extension)))
    network = create_network(backend, network=find_network(contract))
    for part in (picture, picture[:64, :96]):
        with torch.no_grad():
            expected = original(2)(torch.from_numpy(part)[None])[0].numpy()
        np.testing.assert_allclose(network(np.ascontiguousarray(part)), expected, atol=1e-4)


def test_the_contract_says_what_is_in_the_file(two):
    contract = find_network(two)
    with open(contract.path, "rb") as stream:
        assert contract.sha256 == hashlib.sha256(stream.read()).hexdigest()
    assert (contract.stages, contract.stride, contract.layout) == (2, 8, "coco_18")
    assert contract.source == "mobilenet_thin, stages 1, 2"


def test_a_contract_is_told_the_quality_that_was_measured(tmp_path):
    contract = cut(1, str(tmp_path / "one.onnx"))
    before = find_network(contract)
    note_quality(contract, 93.4567)
    assert find_network(contract) == replace(before, quality=93.5)


def test_a_later_stage_can_follow_the_first(picture):
    whole = original()
    with torch.no_grad():
        shown = torch.from_numpy(picture)[None].permute(0, 3, 1, 2)
        features = whole.backbone(shown)
        expected = whole.stages[3](torch.cat([whole.stages[0](features), features], 1))
        given = original((1, 4)).outputs(shown)[-1]
    torch.testing.assert_close(given, torch.cat([expected[:, 38:], expected[:, :38]], 1))


@pytest.mark.parametrize("stages", [0, 7, (1, 7), (1, 0)])
def test_there_are_six_stages(stages):
    wrong = stages if isinstance(stages, int) else stages[-1]
    with pytest.raises(RehabCoachError, match="has the stages 1 to 6, not %d" % wrong):
        original(stages)


@pytest.mark.parametrize("stages", [(2, 4), (1, 4, 4), (1, 4, 2)])
def test_stages_are_kept_in_their_order_from_the_first_on(stages):
    with pytest.raises(RehabCoachError, match="must begin with 1 and increase, as 1,4, not be %s" % str(stages)[1:2]):
        original(stages)


def test_a_network_is_an_onnx_file_or_openvinos(tmp_path):
    with pytest.raises(RehabCoachError, match="must end in .onnx or .xml, not be"):
        save_network(original(1), str(tmp_path / "one.pb"), "this test")
    assert not list(tmp_path.iterdir())


def test_tensorflow_does_not_read_it(two):
    with pytest.raises(RehabCoachError, match="TensorFlow does not read .*: choose the backend auto"):
        create_estimator("tf_pose", network=two, backend="tensorflow")


def test_another_kind_of_file_is_refused(two, tmp_path):
    content = yaml.safe_load(open(two))
    (tmp_path / "other.onnx").write_bytes(b"no network")
    content.update(file="other.onnx", sha256=hashlib.sha256(b"no network").hexdigest())
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(content))
    for backend in ("openvino", "opencv"):
        with pytest.raises(RehabCoachError, match="is no ONNX file that can be read here"):
            create_estimator("tf_pose", network=str(tmp_path / "other.yaml"), backend=backend)
