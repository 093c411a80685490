"""Channels of the backbone are taken out, and what is left makes up for them, in closed form: nothing is trained.

Which channels and how is the optimal brain surgeon's answer (Hassibi, Stork, "Second order derivatives for network
pruning", 1992), for whole channels: every convolution over channels keeps its output as nearly as least squares can,
on pictures to learn from. The thinner network can then be retrained like any other.
"""

from typing import Dict, Iterable, List, Tuple, cast

import torch
from torch import nn

from rehab_coach.shrinking.mobilenet_thin import BRANCHES, TAPS, Backbone, MobilenetThin, Separable, Stage

PRUNED = range(6, 12)
"""Layers of the backbone with 384 channels: three quarters of its cost, and most of what each stage reads."""
MULTIPLE = 16
"""Of channels that are left: processors take so many at once."""
TOGETHER = 8
"""Channels that a layer gives up at once, before the next one's turn."""
CELLS = 256
"""Of each picture that are looked at."""
RIDGE = 1e-5
"""Part of the mean square that keeps a channel of nothing from being divided by."""


class Reader:
    """A convolution over channels, and what it loses with each of its inputs.

    Args:
        block: whose second convolution it is.
    """

    def __init__(self, block: Separable):
        self.block = block
        self._squares = torch.zeros(())
        self._cells = 0

    def look(self, values: torch.Tensor) -> None:
        """Its inputs (N, C, H, W), of which some cells are taken."""
        values = values.permute(0, 2, 3, 1).flatten(0, 2)
        values = values[torch.randint(len(values), (CELLS,))]
        values = torch.cat([values, torch.ones(len(values), 1)], 1)  # the last one is the bias, which stays
        self._squares = self._squares + (values.T @ values).double()
        self._cells += len(values)

    def prepare(self) -> None:
        """After all pictures were looked at."""
        squares = self._squares / self._cells
        squares = squares + RIDGE * squares.diagonal().mean() * torch.eye(len(squares), dtype=squares.dtype)
        pointwise = self.block.pointwise
        bias = cast(torch.Tensor, pointwise.bias)
        self.weights = torch.cat([pointwise.weight[:, :, 0, 0], bias[:, None]], 1).detach().double()
        spread = squares - squares[:, -1:] @ squares[-1:]
        self._variance = (self.weights @ spread * self.weights).sum()
        self._inverse = torch.linalg.inv(squares)

    def losses(self, channels: torch.Tensor) -> torch.Tensor:
        """What part of the outputs' variance is lost with each of some inputs, after the others made up for it."""
        return self.weights[:, channels].square().sum(0) / self._inverse.diagonal()[channels] / self._variance

    def remove(self, channels: torch.Tensor) -> None:
        """The others make up for some inputs."""
        rows = torch.linalg.solve(self._inverse[channels][:, channels], self._inverse[channels])
        self.weights = self.weights - self.weights[:, channels] @ rows
        self._inverse = self._inverse - self._inverse[:, channels] @ rows


def prune(network: MobilenetThin, pictures: Iterable[torch.Tensor], keep: float) -> MobilenetThin:
    """A network with thinner layers in its backbone.

    Args:
        network: plain, in evaluation mode; is left as it is.
        pictures: each float32 (N, 3, H, W) BGR 0..255, to learn from.
        keep: part of the channels of each of the layers PRUNED, above 0 to 1.
    """
    torch.manual_seed(0)
    readers, places = _readers(network)
    hooks = [
        reader.block.pointwise.register_forward_pre_hook(lambda _, given, reader=reader: reader.look(given[0]))
        for reader in readers
    ]
    with torch.no_grad():
        for some in pictures:
            network.outputs(some)
    for hook in hooks:
        hook.remove()
    for reader in readers:
        reader.prepare()
    left = {number: torch.arange(network.backbone.widths[number - 1]) for number in PRUNED}
    wanted = {number: max(1, round(len(channels) * keep / MULTIPLE)) * MULTIPLE for number, channels in left.items()}
    while any(len(channels) > wanted[number] for number, channels in left.items()):
        for number in left:
            lost = [reader.losses(left[number] + first) for reader, first in places[number]]
            order = torch.stack(lost).sum(0).argsort()
            fewer = min(TOGETHER, len(order) - wanted[number])
            for reader, first in places[number]:
                reader.remove(left[number][order[:fewer]] + first)
            left[number] = left[number][order[fewer:].sort().values]
    return _thinner(network, left, readers)


def _readers(network: MobilenetThin) -> Tuple[List[Reader], Dict[int, List[Tuple[Reader, int]]]]:
    """Who reads the layers' channels, and for each layer where its channels begin among a reader's inputs."""
    layers = [cast(Separable, layer) for layer in network.backbone.layers]
    places: Dict[int, List[Tuple[Reader, int]]] = {number: [] for number in PRUNED}
    for number in PRUNED:
        if number < len(layers):
            places[number].append((Reader(layers[number]), 0))
    readers = [reader for number in PRUNED for reader, _ in places[number]]
    for stage, first in _heads(network):
        reader = Reader(stage)
        readers.append(reader)
        for tap in TAPS:
            if tap in places:
                places[tap].append((reader, first))
            first += network.backbone.widths[tap - 1]
    return readers, places


def _heads(network: MobilenetThin) -> Iterable[Tuple[Separable, int]]:
    """The first block of each stage's branches, and where the features begin among its inputs."""
    for number, stage in enumerate(network.stages):
        for branch in cast(Stage, stage).branches.values():
            yield cast(Separable, cast(nn.Sequential, branch)[0]), sum(BRANCHES.values()) if number else 0


def _thinner(network: MobilenetThin, left: Dict[int, torch.Tensor], readers: List[Reader]) -> MobilenetThin:
    """The network with the channels that are left, and with the readers' weights."""
    old = network.backbone
    kept = [left.get(number, torch.arange(width)) for number, width in enumerate(old.widths, 1)]
    firsts = [sum(old.widths[tap - 1] for tap in TAPS if tap < number) for number in TAPS]
    features = torch.cat([kept[tap - 1] + first for tap, first in zip(TAPS, firsts)])
    outputs = dict(zip(old.layers, kept))
    inputs = dict(zip(old.layers[1:], kept))
    inputs.update({block: torch.cat([torch.arange(first), features + first]) for block, first in _heads(network)})
    changed = {reader.block: reader.weights.float() for reader in readers}

    made = MobilenetThin(len(network.stages), Backbone([len(channels) for channels in kept]))
    made.backbone.first.load_state_dict(old.first.state_dict())
    with torch.no_grad():
        for block, thin in zip(_blocks(network), _blocks(made)):
            bias = cast(torch.Tensor, block.pointwise.bias)
            whole = torch.cat([block.pointwise.weight[:, :, 0, 0], bias[:, None]], 1)
            weights = changed.get(block, whole)[outputs.get(block, slice(None))]
            chosen = inputs.get(block, slice(None))
            thin.depthwise.weight.copy_(block.depthwise.weight[chosen])
            thin.pointwise.weight.copy_(weights[:, :-1][:, chosen, None, None])
            cast(torch.Tensor, thin.pointwise.bias).copy_(weights[:, -1])
    return made.eval()


def _blocks(network: MobilenetThin) -> List[Separable]:
    return [module for module in network.modules() if isinstance(module, Separable)]
