"""One network of a run: the model itself, or one fold's, from samples to a model file with its record."""

import os
from dataclasses import replace
from typing import Any, Dict, Optional, Sequence, Set, cast

from tqdm import tqdm

from rehab_coach.learning.cross_validation import part_samples
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.pretraining import PretrainingTask, by_movement
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.trainer import make_contract, train_network, training_options
from rehab_coach.learning.transfer import MODEL
from rehab_coach.learning.validation import TooFewGroups, choose_threshold, split_validation
from rehab_coach.recognition.model_file import load_model, save_model
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.training.checkpoint import Progress, forget_checkpoint
from rehab_coach.training.loop import train
from rehab_coach.training.parallel import Processes

PRETRAINING = "pretraining"


def is_trained(path: str, identity: str) -> bool:
    """Whether a model file is there that an earlier run made of the same recipe, data and seed."""
    return os.path.exists(path) and load_model(path)[1].training.get("identity") == identity


def train_task(
    recipe: Recipe,
    samples: Sequence[Sample],
    number: int,
    held_out: Set[str],
    folder: str,
    path: str,
    identity: str,
    loaders: int = 1,
    processes: Optional[Processes] = None,
) -> str:
    """Train one network, unless an earlier run has it already.

    Args:
        recipe: how.
        samples: of the whole run.
        number: of the fold, from 1; 0 = the model itself. The seed is the recipe's plus this.
        held_out: groups that are not learned from.
        folder: for log, curves and checkpoint.
        path: of the model file.
        identity: of data and recipe.
        loaders: processes that make windows.
        processes: those that train together.

    Returns:
        The path; the contract's `training` says what was held out and how it went.
    """
    processes = processes or Processes()
    seed = recipe.seed + number
    identity = "%s fold %d" % (identity, number)
    if is_trained(path, identity):
        return path
    learned, clips = part_samples(samples, held_out)
    try:
        learned, validation = split_validation(learned, recipe.validation, seed)
    except TooFewGroups as error:
        if recipe.patience:
            raise
        validation = []
        if processes.first:
            tqdm.write("%s; none is set aside, the threshold stays %g" % (error, recipe.unknown_threshold))
    if recipe.pretraining:
        general = _pretrain(recipe, learned, os.path.join(folder, PRETRAINING), seed, identity, loaders, processes)
        recipe = replace(recipe, init=general)
    network, progress = train_network(
        recipe,
        learned,
        folder,
        seed,
        validation,
        clips,
        loaders,
        "fold %d of %d" % (number, recipe.folds) if number else "model",
        identity,
        processes,
    )
    if processes.first:
        record: Dict[str, Any] = {"identity": identity, "held_out": sorted(held_out)}
        record.update(describe_training(progress))
        contract = make_contract(recipe)
        chosen = choose_threshold(network, contract, validation, recipe) if validation else None
        if chosen:
            record["threshold"] = chosen
            contract = replace(contract, unknown_threshold=chosen["threshold"])
        save_model(path, network, replace(contract, training=record))
        forget_checkpoint(folder)
    processes.wait()
    return path


def _pretrain(
    recipe: Recipe,
    samples: Sequence[Sample],
    folder: str,
    seed: int,
    identity: str,
    loaders: int,
    processes: Processes,
) -> str:
    """Path of a network that tells the samples' movements apart, trained unless an earlier run has it already."""
    path = os.path.join(folder, MODEL)
    if is_trained(path, identity):
        return path
    general, known = by_movement(recipe, samples)
    task = PretrainingTask(general, known, seed, [], [], loaders, processes)
    network, progress = train(task, training_options(general, seed), folder, PRETRAINING, identity, processes)
    if processes.first:
        record = {"identity": identity, **describe_training(progress)}
        save_model(path, cast(STGCN, network), replace(make_contract(general), training=record))
        forget_checkpoint(folder)
    processes.wait()
    return path


def describe_training(progress: Progress) -> Dict[str, Any]:
    """How a training went: time, and the log's values for the weights that were kept."""
    line = progress.history[progress.best_line]
    result = {
        "minutes": progress.seconds / 60,
        "windows": progress.history[-1]["windows"],
        "windows_per_second": progress.history[-1]["windows"] / max(progress.seconds, 1e-9),
        "stopped_early": progress.stopped,
        "kept_after_windows": line["windows"],
        "train_loss": line["loss"],
        "train_accuracy": line["accuracy"],
    }
    names = ("validation_loss", "validation_accuracy", "held_out_loss", "held_out_accuracy")
    result.update({name: line[name] for name in names if name in line})
    return result
