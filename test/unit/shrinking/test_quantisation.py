"""A network in eight bits is nearly the network that it was, and its two files belong together."""

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator
from rehab_coach.pose.network_file import find_network
from rehab_coach.pose.networks import create_network
from rehab_coach.shrinking.crops import is_held_out
from rehab_coach.shrinking.quantisation import quantise
from rehab_coach.shrinking.run import cut
from rehab_coach.video import VideoSource
from rehab_coach.video_file import VideoFile

pytest.importorskip("nncf")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clips.csv"
    assert not is_held_out("a", 0.25)
    path.write_text("label,file,group\nsquat,%s,a\n" % share_path("test", "data", "squat.mp4"))
    return str(path)


@pytest.fixture(scope="module")
def networks(tmp_path_factory, clips):
    folder = tmp_path_factory.mktemp("networks")
    one = cut(1, str(folder / "one.onnx"))
    return one, quantise(one, clips, str(folder / "one_int8.xml"))


def test_it_gives_nearly_the_same(networks):
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        picture = next(source.read())[0][:128, :128].astype(np.float32)
    expected, given = (create_network("openvino", network=find_network(name))(picture) for name in networks)
    difference = np.linalg.norm(given - expected)
    assert 0 < difference < 0.5 * np.linalg.norm(expected)


def test_the_contract_covers_both_files(networks):
    contract = find_network(networks[1])
    assert (contract.stages, contract.format) == (1, "openvino")
    assert "in eight bits by NNCF" in contract.source
    weights = contract.path[:-4] + ".bin"
    content = open(weights, "rb").read()
    try:
        with open(weights, "ab") as stream:
            stream.write(b"more")
        with pytest.raises(RehabCoachError, match="is damaged or another network"):
            create_estimator("tf_pose", network=networks[1])
    finally:
        with open(weights, "wb") as stream:
            stream.write(content)


def test_a_processor_without_eight_bits_is_told(networks, monkeypatch):
    monkeypatch.setattr("openvino.Core.get_property", lambda *_: ["FP32"])
    create_network("openvino", network=find_network(networks[0]))
    with pytest.raises(RehabCoachError, match="does not compute in eight bits: choose the network that one_int8 was"):
        create_network("openvino", network=find_network(networks[1]))


def test_opencv_does_not_read_it(networks):
    with pytest.raises(RehabCoachError, match="OpenCV does not read .*: choose the backend openvino"):
        create_estimator("tf_pose", network=networks[1], backend="opencv")


def test_pictures_without_people_are_refused(networks, tmp_path):
    film = str(tmp_path / "empty.mp4")
    with VideoFile(film, (64, 64), 10) as video:
        video.write(np.full((64, 64, 3), 128, np.uint8))
    (tmp_path / "clips.csv").write_text("label,file,group\nsquat,%s,a\n" % film)
    with pytest.raises(RehabCoachError, match="nobody is seen in the 1 pictures to measure on"):
        quantise(networks[0], str(tmp_path / "clips.csv"), str(tmp_path / "int8.xml"))
    assert not list(tmp_path.glob("int8*"))


def test_it_is_not_quantised_twice(networks, clips, tmp_path):
    with pytest.raises(RehabCoachError, match="one_int8 is no ONNX file"):
        quantise(networks[1], clips, str(tmp_path / "again.xml"))


def test_its_file_is_openvinos(networks, clips, tmp_path):
    with pytest.raises(RehabCoachError, match="must end in .xml"):
        quantise(networks[0], clips, str(tmp_path / "one.onnx"))
