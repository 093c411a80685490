import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rehab_coach.benchmarks.direct_kinematics.evaluation import Choice, evaluate
from rehab_coach.cli.main import main
from rehab_coach.direct_kinematics import pictures
from rehab_coach.direct_kinematics.backbones import Backbone, MobileNetV2, ResNeXt50
from rehab_coach.direct_kinematics.data import read_films
from rehab_coach.direct_kinematics.networks import KinematicsNetwork
from rehab_coach.direct_kinematics.pictures import CLIPS, cut_out, look
from rehab_coach.direct_kinematics.recording import AngleNetwork
from rehab_coach.direct_kinematics.training import make_contract, train_on_films
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence
from rehab_coach.video import VideoSource
from rehab_coach.video_file import VideoFile

SIZE = (64, 48)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file as torchvision's, its last layer with it; what it would see is not learned."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    torch.save({**MobileNetV2().state_dict(), "classifier.1.weight": torch.zeros(1000, 1280)}, path)
    return str(path)


@pytest.fixture
def small(monkeypatch):
    """The backbone looks at fewer pixels, which takes a fiftieth of the time."""
    monkeypatch.setattr(pictures, "SIDE", 32)


@pytest.fixture
def backbone(weights, small, one_thread):
    return Backbone("mobilenet_v2", weights)


def _sequence(frames, rate=10.0):
    random = np.random.default_rng(0)
    points = np.concatenate([random.uniform(5, 40, (frames, 33, 2)), np.ones((frames, 33, 1))], axis=2)
    points = points.astype(np.float32)
    return SkeletonSequence(points, np.arange(frames) / rate, SIZE, BLAZEPOSE_33, points / 100)


def _film(frames, rate=10.0):
    random = np.random.default_rng(1)
    return [(random.integers(0, 255, (48, 64, 3), dtype=np.uint8), number / rate) for number in range(frames)]


def test_the_layers_have_torchvisions_names():
    names = {name: tuple(value.shape) for name, value in ResNeXt50().state_dict().items()}
    assert len(names) == 318 and names["layer4.0.conv2.weight"] == (1024, 32, 3, 3)
    assert names["layer1.0.downsample.1.running_var"] == (256,) and "layer1.1.downsample.0.weight" not in names
    names = {name: tuple(value.shape) for name, value in MobileNetV2().state_dict().items()}
    assert len(names) == 312 and names["features.1.conv.1.weight"] == (16, 32, 1, 1)
    assert names["features.18.0.weight"] == (1280, 320, 1, 1) and names["features.17.conv.1.0.weight"] == (960, 1, 3, 3)


def test_a_picture_gives_2048_numbers_by_resnext(tmp_path):
    torch.save({**ResNeXt50().state_dict(), "fc.weight": torch.zeros(1000, 2048)}, tmp_path / "resnext.pth")
    backbone = Backbone("resnext50_32x4d", str(tmp_path / "resnext.pth"))
    assert backbone(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 2048)


def test_what_is_cut_out_of_a_mirror_image_is_mirrored():
    sequence, (picture, _) = _sequence(1), _film(1)[0]
    plain = cut_out(picture, sequence.key_points[0])
    other = cut_out(picture[:, ::-1].copy(), sequence.mirror().key_points[0])
    assert plain.shape == (224, 224, 3) and plain.any()
    assert np.abs(plain[:, ::-1].astype(int) - other).max() <= 255 / 32  # OpenCV counts in parts of a pixel


def test_frames_see_their_pictures_and_nobody_is_nothing(backbone):
    sequence, film = _sequence(5), _film(15, rate=30.0)
    key_points = sequence.key_points.copy()
    key_points[2] = 0
    sequence = replace(sequence, key_points=key_points)
    seen = look(backbone, film, sequence)
    assert seen.shape == (2, 5, 1280) and not seen[:, 2].any()
    alone = backbone(cut_out(film[9][0], key_points[3])[None])
    np.testing.assert_allclose(seen[0, 3], alone[0], atol=1e-2)
    mirrored = look(backbone, [(picture[:, ::-1].copy(), stamp) for picture, stamp in film], sequence.mirror())
    np.testing.assert_allclose(mirrored, seen[::-1], atol=0.1)
    with pytest.raises(RehabCoachError, match="the film ends after 0.0 s"):
        look(backbone, film[:2], sequence)


def test_a_network_learns_from_pictures_and_measures_films(
    own_skeleton, films, recipe, weights, small, tmp_path, capsys, one_thread
):
    folder = str(tmp_path / "films")
    os.makedirs(os.path.join(folder, CLIPS))
    for name in os.listdir(films):
        os.symlink(os.path.join(films, name), os.path.join(folder, name))
    recipe = replace(recipe, backbone="mobilenet_v2", backbone_weights=weights, steps=30)
    with pytest.raises(RehabCoachError, match="without --skeletons-only"):
        train_on_films([folder], recipe, str(tmp_path / "run"))
    for number, one in enumerate(read_films(folder)[1]):
        with VideoFile(os.path.join(folder, CLIPS, one.name + ".mp4"), (320, 320), 10.0) as film:
            for stamp in one.sequence.stamps:
                film.write(np.full((320, 320, 3), 10 * number, np.uint8), stamp)
    path, _ = train_on_films([folder], recipe, str(tmp_path / "run"))
    film, kept = (
        os.path.join(folder, *parts) for parts in ((CLIPS, "000000-walk.mp4"), ("mobilenet_v2", "000000-walk.npz"))
    )
    network, sequence = AngleNetwork.load(path, with_pictures=True), read_films(folder)[1][0].sequence
    with VideoSource(film) as source:
        angles = network.measure(sequence, source.read()).angles
    assert np.isfinite(angles["hip_flexion_r"]).all()
    # What was seen is kept: with other weights it is seen anew, which takes the film.
    os.remove(film)
    assert "| network (none) |" in evaluate(path, folder, str(tmp_path / "report"))
    with np.load(kept) as arrays:
        np.savez(kept, seen=arrays["seen"], made_of=np.array("others"))
    with pytest.raises(RehabCoachError, match="000000-walk.mp4 is missing"):
        evaluate(path, folder, str(tmp_path / "report"))
    for content in (b"", b"PK\x03\x04 cut short"):
        Path(kept).write_bytes(content)
        with pytest.raises(RehabCoachError, match="000000-walk.npz is damaged"):
            evaluate(path, folder, str(tmp_path / "report"))
    torch.save({key: value + 1 for key, value in torch.load(weights).items()}, weights)
    with pytest.raises(RehabCoachError, match="holds other weights than those that the model learned with"):
        AngleNetwork.load(path, with_pictures=True)
    with pytest.raises(RehabCoachError, match="are for models of key points"):
        evaluate(path, folder, str(tmp_path / "report"), Choice(markers="baseline"))
    sequence.save(str(tmp_path / "walk.npz"))
    order = ["angles", str(tmp_path / "walk.npz"), "--source", "d3ke", "--model", path, "--out", str(tmp_path / "out")]
    assert main(order) == 2
    assert "looks at pictures (backbone mobilenet_v2)" in capsys.readouterr().err


def test_key_points_may_be_left_out(own_skeleton, films, recipe, one_thread):
    """Then where they are decides nothing but what is cut out."""
    model, recordings = read_films(films)
    seen = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    recordings = [
        replace(one, **{side: np.concatenate([getattr(one, side), seen], axis=1) for side in ("features", "mirrored")})
        for one in recordings
    ]
    recipe = replace(recipe, backbone="mobilenet_v2", key_points=False)
    network = KinematicsNetwork(recipe, make_contract(model, recordings, recipe)).eval()
    one, other = (torch.from_numpy(recordings[number].features)[None] for number in (0, 5))
    torch.testing.assert_close(network(one).coordinates, network(other).coordinates)


@pytest.mark.parametrize(
    "content, complaint",
    [(None, "there is no .*mobilenet_v2-b0353104.pth"), (b"nothing", "holds no weights"), ({}, "holds no weights")],
)
def test_files_of_weights_are_checked(tmp_path, content, complaint):
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(RehabCoachError, match=complaint):
        Backbone("mobilenet_v2", str(path))
    with pytest.raises(RehabCoachError, match="but is empty"):
        Backbone("resnext50_32x4d", "")
