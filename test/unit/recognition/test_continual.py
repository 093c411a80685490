"""A continual network says after every part of a stream what the network says about all of it."""

import pytest
import torch

from rehab_coach.recognition import STGCN, NetworkConfig
from rehab_coach.recognition.continual import ContinualSTGCN

SMALL = {"channels": (8, 8, 16, 16), "strides": (1, 2, 1, 2), "classes": 3, "causal": True}


def _network(**changes):
    torch.manual_seed(1)
    network = STGCN(NetworkConfig(**{**SMALL, **changes}))
    for module in network.modules():  # as after a training: a batch norm that changes nothing would hide errors
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.5)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def _frames(count, batch=2, persons=1):
    torch.manual_seed(2)
    frames = torch.randn(batch, 3, count, 18, persons)
    frames[:, 2] = (frames[:, 2] > -0.5) * frames[:, 2].abs()  # some joints are not seen
    return frames


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"streams": ("joint", "bone", "motion")},
        {"temporal_kernel": 3},
        {"strides": (1, 1, 1, 1)},
        {"fully_connected": 5},
    ],
)
def test_every_prefix_is_answered_as_the_whole_of_it(changes):
    network = _network(**changes)
    continual = ContinualSTGCN(network)
    frames = _frames(40)
    state = continual.begin(batch=2)
    with torch.no_grad():
        for end in range(continual.step, 41):
            if end % continual.step == 0:
                answer, *state = continual(frames[:, :, end - continual.step : end], *state)
            # Frames that do not fill a step yet change nothing.
            torch.testing.assert_close(answer, network(frames[:, :, :end]), atol=1e-4, rtol=0)


def test_the_shipped_network_is_answered_on_every_prefix():
    from rehab_coach.recognition.model_file import load_model
    from rehab_coach.recognition.streaming import default_streaming_model

    network, _ = load_model(default_streaming_model())
    continual = ContinualSTGCN(network)
    frames = _frames(150, batch=1) * 0.3
    state = continual.begin()
    with torch.no_grad():
        for end in range(continual.step, 151, continual.step):
            answer, *state = continual(frames[:, :, end - continual.step : end], *state)
            torch.testing.assert_close(answer, network(frames[:, :, :end]), atol=1e-4, rtol=0)


def test_several_people():
    network = _network(streams=("joint", "motion"))
    continual = ContinualSTGCN(network)
    frames = _frames(16, persons=2)
    state = continual.begin(batch=2, persons=2)
    with torch.no_grad():
        for start in range(0, 16, 8):
            answer, *state = continual(frames[:, :, start : start + 8], *state)
        torch.testing.assert_close(answer, network(frames), atol=1e-4, rtol=0)


def test_what_a_causal_network_learns_to_answer_after_each_step():
    network = _network()
    frames = _frames(20)
    with torch.no_grad():
        answers = network.after_each_step(frames)
        assert answers.shape == (2, 5, 3)
        for number in range(5):
            torch.testing.assert_close(answers[:, number], network(frames[:, :, : 4 * number + 4]), atol=1e-4, rtol=0)


def test_no_later_frame_changes_an_earlier_answer():
    network = _network()
    frames = _frames(20)
    changed = frames.clone()
    changed[:, :, 12:] += 1
    with torch.no_grad():
        before, after = network.after_each_step(frames), network.after_each_step(changed)
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_a_network_that_looks_ahead_is_refused():
    with pytest.raises(ValueError, match="looks ahead"):
        ContinualSTGCN(_network(causal=False))


def test_what_a_causal_network_cannot_be():
    with pytest.raises(ValueError, match="only st_gcn can be causal"):
        NetworkConfig(architecture="st_gcn++", causal=True)
    with pytest.raises(ValueError, match="temporal_kernel of 4"):
        NetworkConfig(channels=(8,), strides=(4,), temporal_kernel=3, causal=True)
