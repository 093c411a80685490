"""A network that is cut learns to give what the whole one gives, on the shared training loop.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015. Every stage that is kept has a loss of its own, so
that the network can be cut again after an earlier one.
"""

import copy
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Union, cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.utils.data import Dataset

from rehab_coach.pose.part_affinity import JOINTS
from rehab_coach.shrinking.backbones import adapt
from rehab_coach.shrinking.crops import Crops, worsen
from rehab_coach.shrinking.mobilenet_thin import MobilenetThin
from rehab_coach.shrinking.pruning import prune
from rehab_coach.shrinking.recipe import ShrinkRecipe
from rehab_coach.training.batches import make_batches
from rehab_coach.training.loop import Task

WATCHED = 32
"""Crops of held-out groups that each line of the log is measured on."""
LOOKED_AT = 96
"""Crops to learn from that decide what is pruned, or how another backbone is fitted."""
HEAT = JOINTS + 1
"""Channels of heat maps and background; fields follow."""


class Distillation(Task):
    """The task of the training loop.

    Args:
        crops: pictures and the teacher's maps.
        recipe: batch, steps, weights of the stages ...
        start: the network as it begins.
        whole: mobilenet_thin with as many stages, to which a start with another backbone is fitted first; None: it
            needs no fitting.
    """

    unit = "crops"

    def __init__(self, crops: Crops, recipe: ShrinkRecipe, start: MobilenetThin, whole: Optional[MobilenetThin] = None):
        self._crops, self._recipe, self._start, self._whole = crops, recipe, start, whole
        self._stages = len(start.stages)
        few = np.linspace(0, len(crops.held_out) - 1, min(WATCHED, len(crops.held_out))).astype(int)
        self._watched = crops.held_out[few]

    def make_network(self) -> nn.Module:
        network = copy.deepcopy(self._start)
        if self._recipe.keep < 1:
            network = prune(network, self._few_pictures(), self._recipe.keep)
        if self._whole is not None:
            adapt(network, self._whole, self._few_pictures())
        learn_relatively(network)
        network.backbone.freeze(self._recipe.frozen_layers)
        return cast(Any, network).to(memory_format=torch.channels_last)  # PyTorch's types do not know it

    def _few_pictures(self) -> Iterable[torch.Tensor]:
        learned = self._crops.learned
        few = learned[np.linspace(0, len(learned) - 1, min(LOOKED_AT, len(learned))).astype(int)]
        for part in np.array_split(few, max(1, len(few) // self._recipe.batch)):
            yield _batch(self._crops, part)[0].permute(0, 3, 1, 2).float()

    def batches(self, first_step: int) -> Iterable[Any]:
        return make_batches(_Batches(self._crops, self._recipe), first_step, 0)

    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, Union[float, torch.Tensor]]]:
        pictures, maps = batch
        return self._distances(network, pictures, maps)

    def watch(self, network: nn.Module) -> Dict[str, float]:
        sums: Dict[str, float] = {}
        parts = np.array_split(self._watched, max(1, len(self._watched) // self._recipe.batch))
        for part in parts:
            loss, found = self._distances(network, *_batch(self._crops, part))
            for name, value in {"loss": loss, **found}.items():
                sums["held_out_" + name] = sums.get("held_out_" + name, 0.0) + float(value) * len(part)
        return {name: value / len(self._watched) for name, value in sums.items()}

    def _distances(
        self, network: nn.Module, pictures: torch.Tensor, maps: torch.Tensor
    ) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
        """The loss; the mean L2 distance of heat maps and of fields, of the last stage; every stage's loss."""
        given = cast(MobilenetThin, network).outputs(pictures.permute(0, 3, 1, 2).float())
        wanted = maps.permute(0, 3, 1, 2).float()
        squares: List[torch.Tensor] = [(output.float() - wanted) ** 2 for output in given]
        weights = [self._recipe.stage_weight(number) for number in range(1, self._stages + 1)]
        losses = [square.sum() / len(pictures) for square in squares]
        total = torch.stack([weight * loss for weight, loss in zip(weights, losses)]).sum() / sum(weights)
        heat, field = squares[-1][:, :HEAT], squares[-1][:, HEAT:]
        with torch.no_grad():
            found = {name: part.flatten(1).sum(1).sqrt().mean() for name, part in (("heat", heat), ("field", field))}
        return total, {**found, **{"stage_%d" % number: loss.detach() for number, loss in enumerate(losses, 1)}}


class _Batches(Dataset):
    """Batch number i: every crop once before any comes again, in an order of each pass's own."""

    def __init__(self, crops: Crops, recipe: ShrinkRecipe):
        self._crops, self._recipe = crops, recipe

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> Tuple[torch.Tensor, torch.Tensor]:
        learned, batch = self._crops.learned, self._recipe.batch
        places = np.arange(step * batch, (step + 1) * batch)
        orders = {
            turn: np.random.default_rng((self._recipe.seed, int(turn))).permutation(learned)
            for turn in np.unique(places // len(learned))
        }
        numbers = np.array([orders[place // len(learned)][place % len(learned)] for place in places])
        pictures, maps = _batch(self._crops, numbers)
        random = np.random.default_rng((self._recipe.seed, step))
        if self._recipe.worse:
            for picture in pictures.numpy():
                picture[:] = worsen(picture, self._recipe.worse, random)
        return pictures, maps


def _batch(crops: Crops, numbers: np.ndarray) -> Tuple[torch.Tensor, torch.Tensor]:
    numbers = np.sort(numbers)
    return torch.from_numpy(crops.pictures[numbers]), torch.from_numpy(crops.maps[numbers])


class _Relative(nn.Module):
    """What is learned, times what an output's weights were at the beginning."""

    scale: torch.Tensor

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        axes = tuple(range(1, weight.ndim)) or (0,)
        self.register_buffer("scale", weight.detach().square().mean(axes, keepdim=True).sqrt().clamp_min(1e-6))

    def forward(self, relative: torch.Tensor) -> torch.Tensor:
        return relative * self.scale

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / self.scale


def learn_relatively(network: nn.Module) -> None:
    """Let the optimiser's steps be parts of each output's weights.

    Because the batch norms are folded, weights of different layers and channels differ by four orders of magnitude, and
    a step of Adam is as large for all of them: a rate at which the large ones learn destroys the small ones.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d):
            for name, value in list(layer.named_parameters(recurse=False)):
                parametrize.register_parametrization(layer, name, _Relative(value))


def plain_network(network: MobilenetThin, stages: int) -> MobilenetThin:
    """A network without parametrisation that gives the same as one that learned relatively, cut after a stage."""
    plain = MobilenetThin(stages, network.backbone.anew())
    values = {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            values.update({"%s.%s" % (name, kind): getattr(layer, kind) for kind in ("weight", "bias")})
    plain.load_state_dict({name: values[name].detach().clone() for name in plain.state_dict()})
    return plain.eval()
