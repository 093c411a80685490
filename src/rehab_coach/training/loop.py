"""The one training loop: seeded, resumable, with a moving average of the weights as the result.

What is trained is a `Task`, how is a `TrainingOptions`. A training with a folder leaves there

    log.csv          one line each `log_every` steps
    curves.png       the same as a picture
    tensorboard/     the same for `tensorboard --logdir`
    checkpoint.pt    everything that is needed to go on; whoever has the result safe removes it (`forget_checkpoint`)
"""

import math
import time
from abc import ABC, abstractmethod
from itertools import islice
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple, Union

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.training.checkpoint import Progress, load_checkpoint, restore_chance, save_checkpoint
from rehab_coach.training.device import mixed_precision, on_device
from rehab_coach.training.log import TrainingLog
from rehab_coach.training.options import TrainingOptions
from rehab_coach.training.parallel import Processes
from rehab_coach.training.schedule import is_frozen, learning_rate_at, make_optimiser, moving_average, set_learning


class Task(ABC):
    """What a network is to learn, and from what.

    Attributes:
        unit: what the log counts, `TrainingOptions.batch` of them a step.
        changes: what is done to the batches but not to what is watched, for the legend of the curves; "": nothing.
    """

    unit = "samples"
    changes = ""

    @abstractmethod
    def make_network(self) -> nn.Module:
        """The network as it begins; called once, after the random numbers were seeded."""

    @abstractmethod
    def batches(self, first_step: int) -> Iterable[Any]:
        """The batches from a step on: tensors, or tuples, lists and mappings of them.

        A training that was interrupted ends as if it had not been where a batch depends on the seed and the number of
        its step alone (or is drawn from PyTorch's random numbers, which a checkpoint keeps, when it is asked for).
        Where several processes train together, each gives its own part of a batch.
        """

    @abstractmethod
    def loss(self, network: nn.Module, batch: Any) -> Tuple[torch.Tensor, Mapping[str, Union[float, torch.Tensor]]]:
        """The loss, a scalar to be lowered, and further means over the batch for the log ("accuracy" ...).

        Args:
            network: in training mode, under the options' precision.
            batch: one of `batches`, on the network's device.
        """

    def watch(self, network: nn.Module) -> Dict[str, float]:
        """Values for each line of the log, of data that nothing is learned from.

        The weights with the lowest "validation_loss" become the result, and `patience` waits for a lower one.

        Args:
            network: with averaged weights, in evaluation mode, without gradients.
        """
        return {}


def train(
    task: Task,
    options: TrainingOptions,
    folder: Optional[str] = None,
    title: str = "training",
    identity: str = "",
    processes: Optional[Processes] = None,
) -> Tuple[nn.Module, Progress]:
    """Train one network, or go on with it where the folder's checkpoint says.

    Args:
        task: what.
        options: how.
        folder: for log, curves and checkpoint; None: nothing is written.
        title: of the progress bar and the curves.
        identity: of everything that decides the result; a checkpoint of another is refused.
        processes: those that train together; None: this one alone, on the CPU.

    Returns:
        The network with averaged weights on the CPU, in evaluation mode, and how the training went.

    Raises:
        RehabCoachError: a checkpoint of something else, a loss that is not finite, a full disk.
        ValueError: batches that end too early, or patience without a "validation_loss".
    """
    processes = processes or Processes()
    torch.manual_seed(options.seed)
    network = task.make_network().to(processes.device)
    average = AveragedModel(network, multi_avg_fn=moving_average(options.weight_average), use_buffers=True)
    optimiser = make_optimiser(network, options)
    progress = Progress()
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_at(options, step, progress.plateaus)
    )
    parts = {"network": network, "average": average, "optimiser": optimiser, "schedule": schedule}
    state = load_checkpoint(folder, parts, identity) if folder else None
    progress = state["progress"] if state else progress
    best: Optional[Dict[str, torch.Tensor]] = state["best"] if state else None

    started = time.monotonic() - progress.seconds
    first_step = options.steps if progress.stopped else progress.step
    batches = islice(task.batches(first_step), options.steps - first_step)
    if state and processes.count == 1:
        restore_chance(state["chance"])  # starting the loaders took some
    else:
        processes.draw_apart(options.seed, progress.step)
    # After the loaders were forked: TensorBoard has a thread.
    log = TrainingLog(folder, title, progress.step, task.changes) if folder and processes.first else None
    bar = tqdm(
        batches, desc=title, total=options.steps, initial=first_step, unit="step", dynamic_ncols=True, disable=not log
    )
    network.train()
    frozen: Optional[bool] = None
    sums: Dict[str, float] = {}  # over the steps since the last line
    since = progress.step
    for batch in bar:
        if options.freeze and frozen is not is_frozen(options, progress.step):
            frozen = is_frozen(options, progress.step)
            set_learning(network, frozen, options.output_layers)
        with mixed_precision(options.precision, processes.device):
            loss, metrics = task.loss(network, on_device(batch, processes.device))
        if not math.isfinite(loss.item()):
            raise RehabCoachError(
                "the loss became %s after %d steps: lower learning_rate, or look for numbers in the data that are not "
                "finite" % (loss.item(), progress.step)
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        processes.average_learned(network)
        if options.gradient_limit is not None:
            nn.utils.clip_grad_norm_(network.parameters(), options.gradient_limit)
        optimiser.step()
        schedule.step()
        progress.step += 1
        is_line_due = progress.step % options.log_every == 0 or progress.step == options.steps
        if options.weight_average or is_line_due:
            average.update_parameters(network)
        for name, value in {"loss": loss, **metrics}.items():
            sums[name] = sums.get(name, 0.0) + torch.as_tensor(value).item()
        if not is_line_due:
            continue

        means = processes.mean([total / (progress.step - since) for total in sums.values()])
        progress.seconds = time.monotonic() - started
        line = {task.unit: progress.step * options.batch, **dict(zip(sums, means))}
        line.update(learning_rate=schedule.get_last_lr()[0], seconds=progress.seconds)
        sums, since = {}, progress.step
        if processes.first:
            with torch.no_grad():
                line.update(task.watch(average.module.eval()))
            if (options.patience or options.schedule == "plateau") and "validation_loss" not in line:
                raise ValueError("patience and plateau need a 'validation_loss' among what the task's watch() gives")
        if progress.add(line, processes.told_by_first(line.get("validation_loss", math.nan))):
            best = {name: tensor.detach().cpu().clone() for name, tensor in average.module.state_dict().items()}
        progress.note_plateau(options.plateau)
        progress.stopped = bool(options.patience) and progress.lines_since_best >= options.patience
        if log and folder:
            bar.set_postfix({name: "%.3f" % line[name] for name in ("loss", *metrics)})
            log.write(progress.history, progress.step)
            save_checkpoint(folder, parts, progress, best, identity)
        processes.draw_apart(options.seed, progress.step)
        if progress.stopped:
            break
    bar.close()
    if progress.step < options.steps and not progress.stopped:
        raise ValueError("the task's batches ended after %d of %d steps" % (progress.step, options.steps))
    if log:
        log.finish(progress.history)
    if best is not None:
        average.module.load_state_dict(best)
    return average.module.to("cpu").eval(), progress
