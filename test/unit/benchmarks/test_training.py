"""The plain implementation that training speed is measured against computes the same."""

import functools

import pytest
import torch

from rehab_coach.benchmarks import training as benchmark
from rehab_coach.benchmarks.training import (
    COMMON,
    PlainBatches,
    PlainSTGCN,
    benchmark_training,
    made_up_samples,
    report,
)
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.trainer import make_contract
from rehab_coach.learning.windows import TrainingBatches
from rehab_coach.recognition.st_gcn import STGCN

SMALL = {"channels": [8, 8, 12], "strides": [1, 2, 1], "window": 16, "batch": 4, "windows": 100}


pytestmark = pytest.mark.usefixtures("one_thread")


def test_outputs_and_gradients_are_equal():
    torch.manual_seed(0)
    fast = STGCN(make_contract(make_recipe({**COMMON, **SMALL})).network)
    plain = PlainSTGCN(STGCN(fast.config))
    plain.network.load_state_dict(fast.state_dict())
    fast = fast.to(memory_format=torch.channels_last)
    inputs, labels = torch.randn(6, 3, 16, 18, 2), torch.arange(6)
    outputs = []
    for network in (fast, plain):
        outputs.append(network(inputs))
        torch.nn.functional.cross_entropy(outputs[-1], labels).backward()
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)
    for (name, one), other in zip(fast.named_parameters(), plain.network.parameters()):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-5, msg=name)
    for one, other in zip(fast.buffers(), plain.network.buffers()):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("persons", [1, 2])
def test_the_plain_loader_makes_the_same_batches(persons):
    recipe = make_recipe({**COMMON, **SMALL, "persons": persons, "augmentation": {"second_person": 0.7}})
    batches = TrainingBatches(made_up_samples(), recipe, make_contract(recipe), 1)
    inputs, labels = batches[3]
    plain_inputs, plain_labels = PlainBatches(batches).batch(3)
    torch.testing.assert_close(plain_inputs, inputs)
    assert torch.equal(plain_labels, labels)
    assert inputs.shape == (4, 3, 16, 18, persons)
    if persons == 2:
        assert inputs[..., 1].any(), "nobody stands beside the patient"


def test_the_report_names_every_implementation(monkeypatch):
    monkeypatch.setattr(benchmark, "WORK", {"small": SMALL})
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))  # in no time
    rows = benchmark_training(turns=1, seconds=0.1, compiled=True)
    assert [row["implementation"] for row in rows] == ["plain", "float32", "bfloat16", "bfloat16, compiled"]
    assert rows[0]["ratio"] == 1 and all(row["clips_per_second"] > 0 for row in rows)
    assert all(word in report(rows) for word in ("plain", "bfloat16", "small"))
