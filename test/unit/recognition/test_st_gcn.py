from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rehab_coach.recognition.fused import FusedSTGCN
from rehab_coach.recognition.graph import spatial_configuration_adjacency
from rehab_coach.recognition.st_gcn import STGCN, Dropout, NetworkConfig, SpatialGraphConvolution

SMALL = NetworkConfig(channels=(8, 8, 12), strides=(1, 2, 1), temporal_kernel=5, classes=4)
PLUS_PLUS = NetworkConfig(channels=(8, 8, 13), strides=(1, 2, 1), classes=4, architecture="st_gcn++")
STREAMS = NetworkConfig(channels=(8, 12), strides=(2, 1), classes=4, streams=("joint", "bone", "motion"))
HIDDEN = NetworkConfig(channels=(8, 12), strides=(2, 1), classes=4, fully_connected=10)


def trained_like(config, seed=0):
    """A network in which batch norms and edge importances are not at their neutral start values."""
    torch.manual_seed(seed)
    network = STGCN(config)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            module.weight.data *= torch.where(torch.rand_like(module.weight) < 0.2, -1.0, 1.0)
            nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, SpatialGraphConvolution):
            if module.learned_graph:
                module.graph.data += 0.1 * torch.randn_like(module.graph)
            else:
                nn.init.uniform_(module.edge_importance, 0.5, 1.5)
    return network.eval()


def test_published_network_has_as_many_parameters_as_the_published_code():
    # Counted in the authors' code: 3,177,140 for the 400 classes of Kinetics, 3,076,139 for seven.
    assert STGCN(NetworkConfig(classes=400)).parameter_count == 3177140
    assert STGCN(NetworkConfig()).parameter_count == 3076139


def test_receptive_field_of_the_published_network_is_153_frames():
    assert NetworkConfig().receptive_field == 153


def test_st_gcn_plus_plus_has_as_many_parameters_as_published():
    # 1.39 million with 60 classes in pyskl's table, there with 17 joints; a joint more adds 35 edges a set and layer.
    assert STGCN(NetworkConfig(classes=60, architecture="st_gcn++")).parameter_count == pytest.approx(1.39e6, rel=0.01)


@pytest.mark.parametrize("config", [SMALL, replace(PLUS_PLUS, channels=(48,) * 3)], ids=["st_gcn", "st_gcn++"])
def test_receptive_field_is_what_the_output_depends_on(config):
    network = trained_like(config)
    windows = torch.randn(1, 3, 65, 18, 1, requires_grad=True)
    features = []
    network.layers[-1].register_forward_hook(lambda _, __, output: features.append(output))
    network(windows)
    features[0][0, :, 16].sum().backward()  # a frame in the middle of the last layer's output
    touched = windows.grad.abs().sum(dim=(0, 1, 3, 4)).nonzero()[:, 0]
    assert touched.max() - touched.min() + 1 == config.receptive_field


def spatial_by_loops(layer, features):
    """The paper's equation 10, one joint, one neighbour and one partition after the other."""
    partitions, joints = layer.adjacency.shape[:2]
    channels, frames = features.shape[:2]
    outputs = layer.convolution.out_channels // partitions
    weight = layer.convolution.weight.detach().numpy().reshape(partitions, outputs, channels)
    bias = layer.convolution.bias.detach().numpy().reshape(partitions, outputs)
    adjacency = spatial_configuration_adjacency()
    importance = layer.edge_importance.detach().numpy()
    result = np.zeros((outputs, frames, joints))
    for frame in range(frames):
        for root in range(joints):
            for partition in range(partitions):
                for neighbour in range(joints):
                    if adjacency[partition, neighbour, root]:
                        value = weight[partition] @ features[:, frame, neighbour] + bias[partition]
                        edge = adjacency[partition, neighbour, root] * importance[partition, neighbour, root]
                        result[:, frame, root] += edge * value
    return result


def temporal_by_loops(layer, features):
    """Each output frame: a weighted sum over the frames around it, zeros outside."""
    weight, bias = layer.weight.detach().numpy()[..., 0], layer.bias.detach().numpy()
    kernel, stride = weight.shape[2], layer.stride[0]
    padded = np.pad(features, ((0, 0), (kernel // 2, kernel // 2), (0, 0)))
    frames = range(0, features.shape[1], stride)
    return np.stack(
        [sum(weight[:, :, tap] @ padded[:, frame + tap] for tap in range(kernel)) + bias[:, None] for frame in frames],
        axis=1,
    )


def norm_by_formula(norm, values):
    shape = (-1,) + (1,) * (values.ndim - 1)
    mean, variance, scale, shift = (
        tensor.detach().numpy().reshape(shape)
        for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (values - mean) / np.sqrt(variance + norm.eps) * scale + shift


def network_by_loops(network, window):
    """Whole network for one window (C, T, V, M), in plain NumPy."""
    persons = []
    for person in range(window.shape[-1]):
        rows = window[..., person].transpose(2, 0, 1).reshape(-1, window.shape[1])  # by joint: x, y, score
        features = norm_by_formula(network.input_norm, rows).reshape(18, 3, -1).transpose(1, 2, 0)
        for number, layer in enumerate(network.layers):
            result = norm_by_formula(layer.spatial_norm, spatial_by_loops(layer.spatial, features))
            result = temporal_by_loops(layer.temporal, np.maximum(result, 0))
            result = norm_by_formula(layer.temporal_norm, result)
            if layer.projection is not None:
                convolution, norm = layer.projection
                weight, bias = convolution.weight.detach().numpy(), convolution.bias.detach().numpy()
                skipped = features[:, :: layer.stride]
                skipped = np.einsum("oc,ctv->otv", weight[:, :, 0, 0], skipped) + bias[:, None, None]
                result = result + norm_by_formula(norm, skipped)
            elif number > 0:
                result = result + features
            features = np.maximum(result, 0)
        persons.append(features.mean(axis=(1, 2)))
    head = network.head
    return head.weight.detach().numpy() @ np.mean(persons, axis=0) + head.bias.detach().numpy()


def test_spatial_convolution_is_the_sum_of_the_paper():
    layer = trained_like(SMALL).layers[1].spatial
    features = torch.randn(2, 8, 3, 18)
    expected = np.stack([spatial_by_loops(layer, sample.numpy()) for sample in features])
    np.testing.assert_allclose(layer(features).detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("persons", [1, 2])
def test_whole_network_equals_plain_loops(persons):
    network = trained_like(SMALL)
    windows = torch.randn(2, 3, 11, 18, persons)
    expected = np.stack([network_by_loops(network, window.numpy()) for window in windows])
    np.testing.assert_allclose(network(windows).detach().numpy(), expected, atol=1e-4)


def branches_by_loops(module, features):
    """ST-GCN++'s temporal module for one window (C, T, V), in plain NumPy."""

    def one_by_one(layer, values):
        weight, bias = layer.weight.detach().numpy()[:, :, 0, 0], layer.bias.detach().numpy()
        return np.einsum("oc,ctv->otv", weight, values) + bias[:, None, None]

    frames = range(0, features.shape[1], module.stride)
    narrow = [
        np.maximum(norm_by_formula(entrance[1], one_by_one(entrance[0], features)), 0) for entrance in module.entrances
    ]
    results = []
    for dilation, (convolution, branch) in enumerate(zip(module.dilated, narrow), start=1):
        weight, bias = convolution.weight.detach().numpy()[..., 0], convolution.bias.detach().numpy()
        padded = np.pad(branch, ((0, 0), (dilation, dilation), (0, 0)))
        results.append(
            np.stack(
                [
                    sum(weight[:, :, tap] @ padded[:, frame + tap * dilation] for tap in range(3)) + bias[:, None]
                    for frame in frames
                ],
                axis=1,
            )
        )
    highest = [narrow[-1][:, max(frame - 1, 0) : frame + 2].max(axis=1) for frame in frames]
    results.append(np.stack(highest, axis=1))
    results.append(one_by_one(module.direct, features[:, :: module.stride]))
    return one_by_one(module.mixing, np.maximum(norm_by_formula(module.norm, np.concatenate(results)), 0))


@pytest.mark.parametrize("stride", [1, 2])
def test_the_branches_are_those_of_the_paper(stride):
    module = trained_like(PLUS_PLUS).layers[stride - 1].temporal
    assert module.stride == stride
    features = torch.randn(2, 8, 11, 18)
    expected = np.stack([branches_by_loops(module, window.numpy()) for window in features])
    np.testing.assert_allclose(module(features).detach().numpy(), expected, atol=1e-4)


def test_the_learned_graph_begins_as_the_skeleton():
    learned, fixed = STGCN(PLUS_PLUS).layers[0].spatial, STGCN(SMALL).layers[0].spatial
    assert torch.equal(learned.mixing, fixed.mixing)
    assert learned.mixing.requires_grad and "adjacency" not in dict(learned.named_buffers())


def test_a_fully_connected_layer_stands_before_the_head():
    network = STGCN(HIDDEN)
    assert network.features(torch.randn(2, 3, 16, 18, 1)).shape == (2, 10)
    assert network.head.in_features == 10


@pytest.mark.parametrize(
    "config",
    [SMALL, PLUS_PLUS, HIDDEN, STREAMS, NetworkConfig()],
    ids=["small", "st_gcn++", "fully connected", "streams", "published"],
)
@pytest.mark.parametrize("shape", [(1, 3, 64, 18, 1), (3, 3, 37, 18, 2)])
def test_fused_network_equals_the_plain_one(config, shape):
    network = trained_like(config)
    windows = torch.randn(shape)
    with torch.inference_mode():
        plain, fused = network(windows), FusedSTGCN(network)(windows)
    torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-4)


def test_fused_network_does_not_change_its_input():
    windows = torch.randn(1, 3, 20, 18, 1)
    before = windows.clone()
    with torch.inference_mode():
        FusedSTGCN(trained_like(SMALL))(windows)
    assert torch.equal(windows, before)


def test_the_order_of_the_persons_does_not_matter():
    network = trained_like(SMALL)
    windows = torch.randn(1, 3, 20, 18, 2)
    torch.testing.assert_close(network(windows), network(windows.flip(-1)))


@pytest.mark.parametrize(
    "config", [SMALL, PLUS_PLUS, HIDDEN, STREAMS], ids=["small", "st_gcn++", "fully connected", "streams"]
)
def test_gradients_reach_every_parameter_and_a_step_lowers_the_loss(config):
    torch.manual_seed(1)
    network = STGCN(config).train()
    windows, labels = torch.randn(8, 3, 16, 18, 1), torch.arange(8) % 4
    optimiser = torch.optim.SGD(network.parameters(), 0.05)
    losses = []
    for _ in range(6):
        loss = nn.functional.cross_entropy(network(windows), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("architecture", ["st_gcn", "st_gcn++"])
def test_narrow_layers_with_strides_learn(architecture):
    config = NetworkConfig(channels=(8, 8, 8), strides=(1, 2, 2), temporal_kernel=3, architecture=architecture)
    network = STGCN(config).to(memory_format=torch.channels_last)
    network(torch.randn(32, 3, 64, 18, 1)).sum().backward()  # oneDNN crashed here
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_dropout_acts_in_training_only_and_not_in_the_first_layer():
    network = STGCN(NetworkConfig(channels=(8, 8), strides=(1, 1), dropout=0.5))
    assert [layer.dropout.p for layer in network.layers] == [0.0, 0.5]
    windows = torch.randn(1, 3, 20, 18, 1)
    network.eval()
    assert torch.equal(network(windows), network(windows))


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_drops_its_rate_and_keeps_the_mean_and_the_order_in_memory(rate):
    torch.manual_seed(0)
    dropout, features = Dropout(rate), torch.ones(8, 16, 32, 17).to(memory_format=torch.channels_last)
    features.requires_grad_()
    dropped = dropout(features)
    dropped.sum().backward()
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert torch.unique(dropped).tolist() == pytest.approx([0, 1 / (1 - rate)])
    assert torch.equal(features.grad, dropped)
    assert dropped.stride() == features.stride()
    # Neighbours, which share a random number, must not share their fate.
    gone = (dropped == 0).permute(0, 2, 3, 1).flatten().view(-1, 4).float()
    assert (torch.corrcoef(gone.T) - torch.eye(4)).abs().max() < 0.03
    torch.manual_seed(0)
    assert torch.equal(dropout(features), dropped) and torch.equal(dropout.eval()(features), features)


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": (8, 8), "strides": (1,)},
        {"channels": (), "strides": ()},
        {"temporal_kernel": 4},
        {"dropout": 1.0},
        {"classes": 0},
        {"channels": (0,) * 10},
        {"architecture": "transformer"},
        {"architecture": "st_gcn++", "channels": (4,), "strides": (1,)},
        {"fully_connected": -1},
        {"streams": ()},
        {"streams": ("joint", "joint")},
        {"streams": ("picture",)},
    ],
)
def test_impossible_shapes_are_refused(wrong):
    with pytest.raises(ValueError):
        NetworkConfig(**wrong)


def test_lists_and_tuples_make_equal_configurations():
    assert NetworkConfig(channels=[8, 8], strides=[1, 1]) == NetworkConfig(channels=(8, 8), strides=(1, 1))
