"""How fast training is: loader and network together, against a plain implementation of both, in turns in one run.

The plain one is what the ST-GCN paper's formulas give when they are written down: channels by a 1x1 convolution, joints
by an einsum with the adjacency, frames by a 9x1 convolution, float32, channels before frames before joints in memory;
its windows are made one by one where the network waits for them. It computes the same (tested).
"""

import statistics
import time
from itertools import count
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple, cast

import numpy as np
import torch
from torch import nn

from rehab_coach.exercises import EXERCISES, UNKNOWN
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import Recipe, make_recipe
from rehab_coach.learning.trainer import make_contract, training_options
from rehab_coach.learning.windows import TrainingBatches
from rehab_coach.recognition.preprocessing import to_network
from rehab_coach.recognition.st_gcn import STGCN, STGCNLayer
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.training.batches import make_batches
from rehab_coach.training.device import mixed_precision
from rehab_coach.training.schedule import make_optimiser

LABELS = [*EXERCISES, UNKNOWN]
COMMON = {"labels": LABELS, "sources": {"penn": 1}, "optimiser": "sgd", "unknown_share": 0.33}
WORK: Dict[str, Dict[str, Any]] = {
    "published network, 150 frames x 2 persons": {
        "channels": [64] * 4 + [128] * 3 + [256] * 3,
        "strides": [1, 1, 1, 1, 2, 1, 1, 2, 1, 1],
        "window": 150,
        "persons": 2,
        "batch": 16,
        "augmentation": {"second_person": 1},
    },
    "the robot's network, 64 frames x 1 person": {"window": 64, "batch": 64, "dropout": 0.1},
}
"""What is trained: entries of recipes."""


class PlainSTGCN(nn.Module):
    """ST-GCN as plainly as possible, with the weights of an `STGCN`."""

    def __init__(self, network: STGCN):
        super().__init__()
        self.network = network

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, C, T, V, M) -> (N, classes)."""
        network = self.network
        batch, channels, frames, joints, persons = windows.shape
        rows = windows.permute(0, 4, 3, 1, 2).contiguous().view(batch * persons, joints * channels, frames)
        rows = network.input_norm(rows).view(batch, persons, joints, channels, frames)
        features = rows.permute(0, 1, 3, 4, 2).contiguous().view(batch * persons, channels, frames, joints)
        for layer in cast(Iterable[STGCNLayer], network.layers):
            features = self._layer(layer, features)
        return network.head(features.mean(dim=(2, 3)).view(batch, persons, -1).mean(dim=1))

    @staticmethod
    def _layer(layer: STGCNLayer, features: torch.Tensor) -> torch.Tensor:
        spatial = layer.spatial
        result = spatial.convolution(features)
        batch, channels, frames, joints = result.shape
        adjacency = spatial.get_buffer("adjacency")
        partitions = len(adjacency)
        result = result.view(batch, partitions, channels // partitions, frames, joints)
        weighted = adjacency * spatial.edge_importance
        result = torch.einsum("nkctv,kvw->nctw", result, weighted).contiguous()
        result = layer.temporal_norm(layer.temporal(torch.relu(layer.spatial_norm(result))))
        result = nn.functional.dropout(result, layer.dropout.p, layer.training)
        if layer.has_residual:
            result = result + (
                features if layer.projection is None else layer.projection(features[:, :, :: layer.stride])
            )
        return torch.relu(result)


class PlainBatches:
    """The windows of `TrainingBatches`, each made and normalised by itself when it is asked for."""

    def __init__(self, batches: TrainingBatches):
        self._batches = batches

    def batch(self, number: int) -> Tuple[torch.Tensor, torch.Tensor]:
        """The same as `TrainingBatches` gives for this number."""
        inputs, labels = [], []
        for people, label in self._batches.draw(number):
            patient, *others = [person.key_points for person in people]
            inputs.append(torch.from_numpy(to_network(patient, people[0].size, self._batches.contract, others)))
            labels.append(torch.tensor(label))
        return torch.stack(inputs), torch.stack(labels)


class _Case(NamedTuple):
    name: str
    step: Callable[[], None]  # one step with the next batch of the loader
    load: Callable[[], Any]  # makes a batch without a network
    compute: Callable[[], None]  # one step without a loader


def benchmark_training(turns: int = 7, seconds: float = 4, compiled: bool = False) -> List[Dict[str, Any]]:
    """Time the plain implementation, the trainer in float32 and the trainer in bfloat16, in turns.

    Args:
        turns: of each.
        seconds: that a turn lasts at least; the step that has begun is finished.
        compiled: time the network in bfloat16 through torch.compile too, which needs a C++ compiler and minutes.

    Returns:
        For each work and implementation: "work", "implementation", "clips_per_second" (median over the turns; loader,
        forward, backward and optimiser step), "best", "loader" and "network" (clips per second of each alone) and
        "ratio" of the medians to the plain implementation's.
    """
    rows = []
    for work, changes in WORK.items():
        recipe = make_recipe({**COMMON, **changes, "windows": 10**6})
        cases = _cases(recipe, compiled)
        speeds: Dict[str, List[float]] = {case.name: [] for case in cases}
        for case in cases:
            case.step()  # starts the loader, whose queue is full when the turns begin
        for _ in range(turns):
            for case in cases:
                speeds[case.name].append(recipe.batch * _frequency(case.step, seconds))
        plain = statistics.median(speeds[cases[0].name])
        for case in cases:
            median = statistics.median(speeds[case.name])
            rows.append(
                {
                    "work": work,
                    "implementation": case.name,
                    "clips_per_second": median,
                    "best": max(speeds[case.name]),
                    "loader": recipe.batch * _frequency(case.load, seconds),
                    "network": recipe.batch * _frequency(case.compute, seconds),
                    "ratio": median / plain,
                }
            )
    return rows


def _frequency(function: Callable[[], Any], seconds: float) -> float:
    """Calls per second, measured for at least so long."""
    began = time.perf_counter()
    for calls in count(1):
        function()
        elapsed = time.perf_counter() - began
        if elapsed >= seconds:
            break
    return calls / elapsed


def _cases(recipe: Recipe, compiled: bool) -> List[_Case]:
    contract = make_contract(recipe)
    batches = TrainingBatches(made_up_samples(), recipe, contract, seed=0)
    plain_batches = PlainBatches(batches)
    fixed = batches[0]
    torch.manual_seed(0)

    def case(name: str, network: nn.Module, precision: str, source: Iterator[Any], load: Callable[[int], Any]) -> _Case:
        optimiser = make_optimiser(network, training_options(recipe))

        def step(inputs: torch.Tensor, labels: torch.Tensor) -> None:
            with mixed_precision(precision, "cpu"):
                outputs = network(inputs).float()
            optimiser.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(outputs, labels).backward()
            optimiser.step()

        return _Case(name, lambda: step(*next(source)), lambda: load(1), lambda: step(*fixed))

    def fast(name: str, precision: str, prepare: Callable[[nn.Module], nn.Module] = lambda network: network) -> _Case:
        # Begun once, as in a training. Its queue is full before and after each turn: as many batches are made in a
        # turn as are taken, and none while others have theirs.
        source = iter(make_batches(batches, 0, 1))
        network = STGCN(contract.network)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in PyTorch's stub
        return case(name, prepare(network), precision, source, batches.__getitem__)

    plain = case(
        "plain",
        PlainSTGCN(STGCN(contract.network)),
        "float32",
        (plain_batches.batch(number) for number in count()),
        plain_batches.batch,
    )

    def compile_network(network: nn.Module) -> nn.Module:
        return cast(nn.Module, torch.compile(network))

    cases = [plain, fast("float32", "float32"), fast("bfloat16", "bfloat16")]
    return cases + [fast("bfloat16, compiled", "bfloat16", compile_network)] if compiled else cases


def made_up_samples(number: int = 28, frames: int = 200) -> List[Sample]:
    """Sequences of joints that swing around fixed places, four of each class: for timing, not for learning."""
    random = np.random.default_rng(0)
    samples = []
    for index in range(number):
        places = random.uniform((200, 80), (440, 420), (1, len(COCO_18), 2))
        swing = 20 * np.sin(np.arange(frames) / 5)[:, None, None] * random.uniform(-1, 1, (1, len(COCO_18), 2))
        key_points = np.concatenate([places + swing, random.uniform(0.4, 1, (frames, len(COCO_18), 1))], axis=-1)
        sequence = SkeletonSequence(key_points, np.arange(frames) / 30, (640, 480))
        samples.append(Sample(sequence, LABELS[index % len(LABELS)], "group %d" % index, "penn", str(index)))
    return samples


def report(rows: List[Dict[str, Any]]) -> str:
    """The result of `benchmark_training` as a table for people."""
    lines = [
        "training on %d threads, clips per second; loader and network together, and each alone"
        % torch.get_num_threads()
    ]
    for work in dict.fromkeys(row["work"] for row in rows):
        lines.append("%-44s %9s %9s %9s %9s %7s" % (work, "together", "best", "loader", "network", "ratio"))
        lines += [
            "  %-42s %9.2f %9.2f %9.1f %9.2f %6.2fx"
            % tuple(row[key] for key in ("implementation", "clips_per_second", "best", "loader", "network", "ratio"))
            for row in rows
            if row["work"] == work
        ]
    return "\n".join(lines)
