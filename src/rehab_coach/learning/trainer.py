"""Training a network: seeded, resumable, with an average of the weights as the result.

A run's folder holds
    log.csv          one line each `log_every` windows
    curves.png       the same as a picture
    tensorboard/     the same for `tensorboard --logdir`
    checkpoint.pt    everything that is needed to go on; removed at the end
"""

import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.recipe import Recipe
from rehab_coach.learning.schedule import is_frozen, learning_rate_at, make_optimiser, set_learning
from rehab_coach.learning.transfer import take_weights
from rehab_coach.learning.validation import Watched, judge_watched, watch_all, watch_as_drawn
from rehab_coach.learning.windows import TrainingBatches
from rehab_coach.recognition.model_file import ModelContract
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig
from rehab_coach.training.checkpoint import Progress, load_checkpoint, restore_chance, save_checkpoint
from rehab_coach.training.log import TrainingLog
from rehab_coach.training.parallel import Processes

GRADIENT_LIMIT = 5.0


def make_contract(recipe: Recipe, training: Optional[Dict[str, Any]] = None) -> ModelContract:
    """What a model of this recipe promises to whoever uses it."""
    network = NetworkConfig(
        channels=tuple(recipe.channels),
        strides=tuple(recipe.strides),
        temporal_kernel=recipe.temporal_kernel,
        dropout=recipe.dropout,
        classes=len(recipe.labels),
        architecture=recipe.architecture,
        fully_connected=recipe.fully_connected,
        streams=tuple(recipe.streams),
    )
    return ModelContract(
        labels=tuple(recipe.labels),
        network=network,
        rate=recipe.rate,
        window=recipe.window,
        persons=recipe.persons,
        normalisation=recipe.normalisation,
        unknown_threshold=recipe.unknown_threshold,
        training=training or {},
        sampling=recipe.sampling,
    )


def train_network(
    recipe: Recipe,
    samples: Sequence[Sample],
    folder: str,
    seed: int = 0,
    validation: Sequence[Sample] = (),
    held_out: Sequence[Sample] = (),
    loaders: int = 1,
    title: str = "training",
    identity: str = "",
    processes: Optional[Processes] = None,
) -> Tuple[STGCN, Progress]:
    """Train one network, or go on with it where the folder's checkpoint says.

    Args:
        recipe: how.
        samples: on what.
        folder: for log, curves and checkpoint.
        seed: of weights and windows.
        validation: samples that are not learned from and decide which of the weights on the way are the model, and
            with `patience` when the training ends.
        held_out: samples that are not learned from and decide nothing; the log says how the network does on them.
        loaders: processes that make windows beside the training; 0 = none.
        title: of the progress bar.
        identity: of data, recipe and seed; a checkpoint of another is refused.
        processes: those that train together; None: this one alone, on the CPU.

    Returns:
        The network with averaged weights on the CPU, in evaluation mode, and how the training went.

    Raises:
        RehabCoachError: a checkpoint of something else, a loss that is not finite, a full disk.
    """
    processes = processes or Processes()
    device = processes.device
    torch.manual_seed(seed)
    contract = make_contract(recipe)
    network = STGCN(contract.network)
    if recipe.init:
        taken = take_weights(network, recipe.labels, recipe.init)
        if processes.first:
            tqdm.write(taken)
    network.to(device, memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=moving_average(recipe.weight_average), use_buffers=True)
    optimiser = make_optimiser(network, recipe)
    dataset = TrainingBatches(samples, recipe, contract, seed, processes.rank, processes.count)
    steps = len(dataset)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_at(recipe, step, steps))
    parts = {"network": network, "average": average, "optimiser": optimiser, "schedule": schedule}
    state = load_checkpoint(folder, parts, identity) or {"progress": Progress(), "best": None, "chance": None}
    progress: Progress = state["progress"]
    best: Optional[Dict[str, torch.Tensor]] = state["best"]

    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    watched = {
        "validation": watch_as_drawn(validation, recipe, contract, seed),
        "held_out": watch_all(held_out, recipe, contract),
    }
    started = time.monotonic() - progress.seconds
    batches = iter(make_batches(dataset, steps if progress.stopped else progress.step, loaders))
    if state["chance"] and processes.count == 1:
        restore_chance(state["chance"])  # starting the loaders took some
    else:
        _chance_of_process(processes, seed, progress.step)
    # After the loaders were forked: TensorBoard has a thread.
    log = TrainingLog(folder, title, progress.step) if processes.first else None
    bar = tqdm(
        batches, desc=title, total=steps, initial=progress.step, unit="step", dynamic_ncols=True, disable=not log
    )
    frozen: Optional[bool] = None
    sums = torch.zeros(3, dtype=torch.float64)  # loss, right answers, windows since the last line
    for inputs, labels in bar:
        if frozen is not is_frozen(recipe, progress.step, steps):
            frozen = is_frozen(recipe, progress.step, steps)
            set_learning(network, frozen)
        inputs, labels = inputs.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        with mixed_precision(recipe.precision, device):
            outputs = network(inputs).float()
        loss = loss_of(outputs, labels)
        if not torch.isfinite(loss):
            raise RehabCoachError(
                "the loss became %s after %d steps: lower learning_rate in the recipe" % (loss.item(), progress.step)
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        learning = [parameter for parameter in network.parameters() if parameter.grad is not None]
        statistics = [buffer for name, buffer in network.named_buffers() if "running" in name]
        processes.average([parameter.grad for parameter in learning] + statistics)
        nn.utils.clip_grad_norm_(learning, GRADIENT_LIMIT)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        progress.step += 1
        right = (outputs.argmax(1) == labels).sum()
        sums += torch.tensor([loss.item() * len(labels), right.item(), len(labels)], dtype=torch.float64)
        if sums[2] * processes.count < recipe.log_every and progress.step < steps:
            continue
        loss_sum, right_sum, count = processes.sum(sums.tolist())
        sums.zero_()
        progress.seconds = time.monotonic() - started
        line = {
            "windows": progress.step * recipe.batch,
            "loss": loss_sum / count,
            "accuracy": right_sum / count,
            "learning_rate": schedule.get_last_lr()[0],
            "seconds": progress.seconds,
        }
        if log:
            line.update(_watch(average.module, watched, device))
        validation_loss = processes.told_by_first(line.get("validation_loss", 0.0))
        progress.history.append(line)
        if watched["validation"] is not None and validation_loss < progress.best_loss:
            progress.best_loss, progress.best_line = validation_loss, len(progress.history) - 1
            best = {name: tensor.detach().cpu().clone() for name, tensor in average.module.state_dict().items()}
        since_best = len(progress.history) - 1 - progress.best_line
        progress.stopped = bool(recipe.patience) and since_best >= recipe.patience
        if log:
            bar.set_postfix(loss="%.3f" % line["loss"], accuracy="%.3f" % line["accuracy"])
            log.write(progress.history, progress.step)
            save_checkpoint(folder, parts, progress, best, identity)
        if processes.count > 1:
            _chance_of_process(processes, seed, progress.step)
        if progress.stopped:
            break
    bar.close()
    if log:
        log.finish(progress.history)
    if best is not None:
        average.module.load_state_dict(best)
    return average.module.to("cpu").eval(), progress


def moving_average(decay: float) -> Callable[..., None]:
    """An average of all weights so far until there are as many as the moving average remembers: the first ones, which
    know nothing, would otherwise be most of a short training's model."""

    def update(averages: List[torch.Tensor], weights: List[torch.Tensor], updates: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, 1 - 1 / (int(updates) + 1)))(averages, weights, updates)

    return update


def _chance_of_process(processes: Processes, seed: int, step: int) -> None:
    """Processes that train together each have random numbers of their own, which a resumed training finds again."""
    if processes.count > 1:
        torch.manual_seed((seed * 1_000_003 + step) * 1_009 + processes.rank)


def make_batches(dataset: TrainingBatches, first_step: int, loaders: int) -> DataLoader:
    """The batches from a step on, made by so many processes beside this one (0: by this one)."""
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
        pin_memory=torch.cuda.is_available(),
    )


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def mixed_precision(precision: str, device: str) -> Any:
    """Context in which a network computes in bfloat16 where that is exact enough, if the precision says so."""
    return torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bfloat16")


def _watch(network: nn.Module, watched: Dict[str, Optional[Watched]], device: str) -> Dict[str, float]:
    line = {}
    for name, of_part in watched.items():
        if of_part is not None:
            line[name + "_loss"], line[name + "_accuracy"] = judge_watched(network, of_part, device)
    return line
