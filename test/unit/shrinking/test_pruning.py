"""Channels that are taken out are those that the others can stand in for."""

import pytest
import torch

from rehab_coach.paths import share_path
from rehab_coach.shrinking.mobilenet_thin import WIDTHS, Separable, original
from rehab_coach.shrinking.pruning import PRUNED, Reader, prune
from rehab_coach.video import VideoSource


@pytest.fixture(scope="module")
def pictures():
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        shown = [picture[:160, :160] for _, (picture, _) in zip(range(6), source.read())]
    return [torch.from_numpy(picture).permute(2, 0, 1)[None].float() for picture in shown]


def apart(network, other, picture):
    with torch.no_grad():
        return float((network.outputs(picture)[-1] - other.outputs(picture)[-1]).norm())


def test_with_all_channels_it_is_the_same_network(pictures):
    whole = original(2)
    kept = prune(whole, pictures, 1.0)
    assert kept.backbone.widths == WIDTHS
    assert apart(kept, whole, pictures[0]) < 1e-3


def test_the_fewer_are_kept_the_more_is_lost(pictures):
    whole = original(2)
    networks = [prune(whole, pictures, keep) for keep in (0.75, 0.5)]
    assert [network.backbone.widths[-1] for network in networks] == [288, 192]
    assert all(network.backbone.widths[: PRUNED[0] - 1] == WIDTHS[: PRUNED[0] - 1] for network in networks)
    lost = [apart(network, whole, pictures[0]) for network in networks]
    assert 0 < lost[0] < lost[1]
    with torch.no_grad():
        size = whole.outputs(pictures[0])[-1].norm()
    assert lost[1] < 0.5 * size


def test_a_channel_that_repeats_another_costs_nothing():
    torch.manual_seed(0)
    block, values = Separable(8, 4), torch.rand(1, 8, 40, 40)
    values[:, 1] = 3 * values[:, 0]
    with torch.no_grad():
        before = block.pointwise(values)
        reader = Reader(block)
        reader.look(values)
        reader.prepare()
        losses = reader.losses(torch.arange(8))
        assert max(losses[:2]) < 0.01 * min(losses[2:])
        reader.remove(torch.tensor([1]))
        weights = reader.weights.float()
        after = torch.einsum("oc,nchw->nohw", weights[:, :-1], values) + weights[:, -1, None, None]
        assert weights[:, 1].abs().max() < 1e-4
    torch.testing.assert_close(after, before, atol=1e-2, rtol=0)
