"""A whole run of retraining: recipe and clips in, networks with their contracts out."""

import datetime
import hashlib
import json
import os
from typing import Callable, List, Optional, Tuple, cast

import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked
from rehab_coach.pose.clips import read_clips
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.shrinking.backbones import BACKBONES, pretrained
from rehab_coach.shrinking.crops import make_crops
from rehab_coach.shrinking.distillation import Distillation, plain_network
from rehab_coach.shrinking.export import save_network
from rehab_coach.shrinking.mobilenet_thin import MobilenetThin, Stages, numbers_of, original, saved
from rehab_coach.shrinking.recipe import ShrinkRecipe, load_recipe
from rehab_coach.training.checkpoint import forget_checkpoint
from rehab_coach.training.loop import train


def network_path(folder: str, stages: int) -> str:
    """Where a run leaves the network of so many stages."""
    return os.path.join(folder, "stages_%d.onnx" % stages)


def cut(stages: Stages, path: str) -> str:
    """Write mobilenet_thin with some of its stages, its weights unchanged; the path of its contract.

    Raises:
        RehabCoachError: there is no such stage, or the file cannot be written.
    """
    return save_network(original(stages), path, "%s, stages %s" % (MOBILENET_THIN.name, _text(stages)))


def retrain(
    recipe_path: str,
    stages: Stages,
    clips: str,
    out: str,
    cache: str = "",
    start: str = "",
    report: Callable[[str], None] = print,
) -> List[str]:
    """Retrain mobilenet_thin with some of its stages; an interrupted run goes on.

    Args:
        recipe_path: YAML file.
        stages: that are kept.
        clips: the table, see `rehab_coach.pose.clips`.
        out: folder of the run: log.csv, curves.png, tensorboard/, and for each stage that has a loss the network that
            ends there.
        cache: folder of the crops, by default in the run's.
        start: name or contract of a network that `cut` or `retrain` made, with the recipe's backbone, whose weights are
            learned on from, and whose stages are meant; "": mobilenet_thin, fitted to another backbone where the recipe
            has one.
        report: called with what is done.

    Returns:
        Paths of the networks' contracts.

    Raises:
        RehabCoachError: recipe or clips cannot be used, or the folder holds another run or a finished one.
    """
    recipe = load_recipe(recipe_path)
    begun = find_network(start) if start else MOBILENET_THIN
    network, whole = _start(recipe, stages, start)
    last = len(network.stages)
    kept = [number for number in range(1, last + 1) if recipe.stage_weight(number)]
    if last not in kept:
        raise RehabCoachError("%s: the last stage, %d, must have a weight above 0" % (recipe_path, last))
    with locked(out):
        if os.path.exists(network_path(out, last)):
            raise RehabCoachError("%s holds a finished run: give another --out" % out)
        crops = make_crops(
            read_clips(clips),
            cache or os.path.join(out, "crops"),
            recipe.crops_each,
            recipe.size,
            recipe.held_out,
            recipe.seed,
            recipe.labels,
        )
        report("%d crops to learn from, %d of held-out groups" % (len(crops.learned), len(crops.held_out)))
        identity = json.dumps([recipe.as_dict(), numbers_of(stages), crops.identity, begun.sha256], sort_keys=True)
        learned, _ = train(
            Distillation(crops, recipe, network, whole),
            recipe.options,
            out,
            "stages " + _text(stages),
            hashlib.sha256(identity.encode()).hexdigest(),
        )
        source = "%s, stages %s retrained, the first %%d of these, backbone %s, recipe %s, %s, %d crops" % (
            begun.name,
            _text(stages),
            recipe.backbone,
            os.path.basename(recipe_path),
            datetime.date.today().isoformat(),
            len(crops.learned),
        )
        with torch.no_grad():
            written = [
                save_network(
                    plain_network(cast(MobilenetThin, learned), number), network_path(out, number), source % number
                )
                for number in kept
            ]
        forget_checkpoint(out)
    return written


def _text(stages: Stages) -> str:
    return ", ".join(map(str, numbers_of(stages)))


def _start(recipe: ShrinkRecipe, stages: Stages, start: str) -> Tuple[MobilenetThin, Optional[MobilenetThin]]:
    """The network as it begins, and the one that it has yet to be fitted to, if any."""
    other = recipe.backbone in BACKBONES
    if start:
        return saved(find_network(start), stages, BACKBONES[recipe.backbone]() if other else None), None
    whole = original(stages)
    if not other:
        return whole, None
    network = MobilenetThin(len(whole.stages), pretrained(recipe.backbone, recipe.backbone_weights))
    network.stages.load_state_dict(whole.stages.state_dict())
    return network.eval(), whole
