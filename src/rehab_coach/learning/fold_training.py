"""One network of a run: the model itself, or one fold's, from samples to a model file with its record."""

import os
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Set, cast

from tqdm import tqdm

from rehab_coach.learning.cross_validation import part_samples
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.pretraining import PretrainingTask, by_movement
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.trainer import make_contract, train_network, training_options
from rehab_coach.learning.transfer import MODEL
from rehab_coach.learning.validation import Answered, TooFewGroups, answers_about, choose_threshold, split_validation
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
        The path; the contract's `training` says which groups were held out and validated on, and how it went. The
        threshold is still the recipe's (see `set_thresholds`).
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
        record["validated"] = sorted({sample.group for sample in validation})
        record.update(describe_training(progress))
        save_model(path, network, replace(make_contract(recipe), training=record))
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


def set_thresholds(recipe: Recipe, samples: Sequence[Sample], paths: Sequence[str]) -> None:
    """Choose the threshold of each network of a run, and write it into its file.

    One validation part says little: each threshold is chosen on those of all networks, but for the groups that its
    network held out, which are judged with it.
    """
    answers: List[Answered] = []
    for path in paths:
        network, contract = load_model(path)
        groups = set(contract.training["validated"])
        answers += answers_about(network, contract, [sample for sample in samples if sample.group in groups])
    for path in paths:
        network, contract = load_model(path)
        held_out = set(contract.training["held_out"])
        chosen = choose_threshold([answer for answer in answers if answer.sample.group not in held_out], recipe)
        if chosen:
            training = dict(contract.training, threshold=chosen)
            save_model(path, network, replace(contract, unknown_threshold=chosen["threshold"], training=training))


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
