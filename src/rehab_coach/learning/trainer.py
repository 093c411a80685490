"""Training an ST-GCN: seeded, resumable, with an average of the weights as the result.

A run's folder holds
    log.csv          one line each `log_every` windows
    curves.png       the same as a picture
    checkpoint.pt    everything that is needed to go on; removed at the end
"""

import contextlib
import csv
import math
import os
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.plots import plot_curves
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.windows import TrainingBatches
from rehab_coach.recognition.model_file import ModelContract
from rehab_coach.recognition.preprocessing import windows
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig

CHECKPOINT = "checkpoint.pt"
GRADIENT_LIMIT = 5.0


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: optimiser steps done.
        seconds: time spent in training so far, over all resumptions.
        history: the lines of log.csv.
    """

    step: int = 0
    seconds: float = 0.0
    history: List[Dict[str, float]] = field(default_factory=list)


def make_contract(recipe: Recipe, training: Optional[Dict[str, Any]] = None) -> ModelContract:
    """What a model of this recipe promises to whoever uses it."""
    network = NetworkConfig(
        channels=tuple(recipe.channels),
        strides=tuple(recipe.strides),
        temporal_kernel=recipe.temporal_kernel,
        dropout=recipe.dropout,
        classes=len(recipe.labels),
    )
    return ModelContract(
        labels=tuple(recipe.labels),
        network=network,
        rate=recipe.rate,
        window=recipe.window,
        unknown_threshold=recipe.unknown_threshold,
        training=training or {},
    )


def train_network(
    recipe: Recipe,
    samples: Sequence[Sample],
    folder: str,
    device: str = "cpu",
    seed: int = 0,
    resume: bool = False,
    held_out: Sequence[Sample] = (),
    loaders: int = 1,
    title: str = "training",
    identity: str = "",
) -> Tuple[STGCN, Progress]:
    """Train one network.

    Args:
        recipe: how.
        samples: on what.
        folder: for log, curves and checkpoint.
        device: "cpu" or "cuda".
        seed: of weights and windows.
        resume: go on from the folder's checkpoint, if it has one.
        held_out: samples that are not learned from; the log says how the network does on them.
        loaders: processes that make windows beside the training; 0 = none.
        title: of the progress bar.
        identity: of data, recipe and seed; a checkpoint of another is refused.

    Returns:
        The network with averaged weights on the CPU, in evaluation mode, and how the training went.

    Raises:
        RehabCoachError: no such device, a checkpoint of something else, or a loss that is not finite.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RehabCoachError("this machine has no CUDA device: use --device cpu")
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(seed)
    contract = make_contract(recipe)
    network = STGCN(contract.network).to(device, memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.weight_average), use_buffers=True)
    optimiser = _make_optimiser(network, recipe)
    dataset = TrainingBatches(samples, recipe, contract, seed)
    steps = len(dataset)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate_at(step, steps, recipe.warm_up))
    parts = {"network": network, "average": average, "optimiser": optimiser, "schedule": schedule}
    progress = _load_checkpoint(folder, parts, identity) if resume else Progress()

    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    watched = _held_out_windows(held_out, recipe, contract)
    loss_sum, right, count = 0.0, 0, 0
    started = time.monotonic() - progress.seconds
    batches = _batches(dataset, progress.step, loaders)
    bar = tqdm(batches, desc=title, total=steps, initial=progress.step, unit="step", dynamic_ncols=True)
    network.train()
    for inputs, labels in bar:
        inputs, labels = inputs.to(device), labels.to(device)
        with _mixed_precision(recipe.precision, device):
            outputs = network(inputs).float()
        loss = loss_of(outputs, labels)
        if not torch.isfinite(loss):
            raise RehabCoachError(
                "the loss became %s after %d steps: lower learning_rate in the recipe" % (loss.item(), progress.step)
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_LIMIT)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        progress.step += 1
        loss_sum += loss.item() * len(labels)
        right += int((outputs.argmax(1) == labels).sum())
        count += len(labels)
        if count >= recipe.log_every or progress.step == steps:
            progress.seconds = time.monotonic() - started
            line = {
                "windows": progress.step * recipe.batch,
                "loss": loss_sum / count,
                "accuracy": right / count,
                "learning_rate": schedule.get_last_lr()[0],
                "seconds": progress.seconds,
            }
            line.update(_watch(average.module, watched, device))
            progress.history.append(line)
            bar.set_postfix(loss="%.3f" % line["loss"], accuracy="%.3f" % line["accuracy"])
            _write_log(folder, progress.history)
            _save_checkpoint(folder, parts, progress, identity)
            loss_sum, right, count = 0.0, 0, 0
    plot_curves(progress.history, os.path.join(folder, "curves.png"), title)
    return average.module.to("cpu").eval(), progress


def forget_checkpoint(folder: str) -> None:
    """Remove the checkpoint of a training whose result is safe."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(folder, CHECKPOINT))


def _make_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate)


def _rate_at(step: int, steps: int, warm_up: float) -> float:
    """Part of the highest learning rate: a linear rise, then a cosine to zero."""
    rise = warm_up * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))


def _batches(dataset: TrainingBatches, first_step: int, loaders: int) -> DataLoader:
    rest = Subset(dataset, range(first_step, len(dataset)))
    if not loaders:
        return DataLoader(rest, batch_size=None)
    return DataLoader(
        rest,
        batch_size=None,
        num_workers=loaders,
        prefetch_factor=4,
        multiprocessing_context="fork",
        worker_init_fn=_one_thread,
    )


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def _mixed_precision(precision: str, device: str) -> Any:
    enabled = precision == "bfloat16"
    return torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=enabled)


def _held_out_windows(
    samples: Sequence[Sample], recipe: Recipe, contract: ModelContract
) -> Optional[Tuple[torch.Tensor, torch.Tensor]]:
    inputs, labels = [], []
    for sample in samples:
        made = windows(sample.sequence, contract)
        inputs.append(made)
        labels += [recipe.labels.index(sample.label)] * len(made)
    return (torch.from_numpy(np.concatenate(inputs)), torch.tensor(labels)) if inputs else None


def _watch(network: nn.Module, watched: Optional[Tuple[torch.Tensor, torch.Tensor]], device: str) -> Dict[str, float]:
    if watched is None:
        return {}
    network.eval()
    with torch.no_grad():
        outputs = torch.cat([network(part.to(device)).cpu() for part in watched[0].split(256)])
    return {
        "held_out_loss": float(nn.functional.cross_entropy(outputs, watched[1])),
        "held_out_accuracy": float((outputs.argmax(1) == watched[1]).float().mean()),
    }


def _write_log(folder: str, history: Sequence[Dict[str, float]]) -> None:
    with written_whole(os.path.join(folder, "log.csv")) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(history[0]))
            writer.writeheader()
            writer.writerows({key: "%.6g" % value for key, value in line.items()} for line in history)


def _save_checkpoint(folder: str, parts: Dict[str, Any], progress: Progress, identity: str) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    state.update(step=progress.step, seconds=progress.seconds, history=progress.history, identity=identity)
    with written_whole(os.path.join(folder, CHECKPOINT)) as temporary:
        torch.save(state, temporary)


def _load_checkpoint(folder: str, parts: Dict[str, Any], identity: str) -> Progress:
    path = os.path.join(folder, CHECKPOINT)
    if not os.path.exists(path):
        return Progress()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["identity"] != identity:
            raise RehabCoachError(
                "%s belongs to another recipe, data or seed: give another --out, or leave "
                "--resume out to start anew" % path
            )
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return Progress(state["step"], state["seconds"], state["history"])
    except RehabCoachError:
        raise
    except Exception as error:
        raise RehabCoachError("%s cannot be read (%s): leave --resume out to start anew" % (path, error)) from error
