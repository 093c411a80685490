"""Several processes that train one network, as `torchrun` starts them: one a GPU, or CPUs, on one machine or more.

Gradients are averaged here, not by DistributedDataParallel: which weights learn changes during a training (see
`TrainingOptions.freeze`), and a network of a few million weights takes one message a step.
"""

import contextlib
import datetime
import os
from typing import Iterator, List, Sequence

import torch
from torch import distributed, nn

from rehab_coach.errors import RehabCoachError

PATIENCE = datetime.timedelta(hours=24)
"""The others wait so long for the first process, which may have videos to look at before the training."""


class Processes:
    """The processes of a training.

    Attributes:
        rank: number of this one, from 0.
        count: of all.
        device: of this one, "cpu", "cuda" or "cuda:1".
    """

    def __init__(self, rank: int = 0, count: int = 1, device: str = "cpu"):
        self.rank, self.count, self.device = rank, count, device

    @property
    def first(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its mean over the processes, in place; whole numbers are left alone."""
        tensors = [tensor for tensor in tensors if tensor.is_floating_point()]
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(part.view_as(tensor))

    def average_learned(self, network: nn.Module) -> None:
        """Give every process the mean of all gradients, and of what batch norms have seen."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        self.average(gradients + [buffer for name, buffer in network.named_buffers() if "running" in name])

    def draw_apart(self, seed: int, step: int) -> None:
        """Give every process random numbers of its own, which a resumed training finds again at the same step."""
        if self.count > 1:
            torch.manual_seed((seed * 1_000_003 + step) * 1_009 + self.rank)

    def sum(self, values: Sequence[float]) -> List[float]:
        """Sums over the processes."""
        if self.count == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return total.tolist()

    def mean(self, values: Sequence[float]) -> List[float]:
        """Means over the processes."""
        return [total / self.count for total in self.sum(values)]

    def told_by_first(self, value: float) -> float:
        """What the first process says; the others' own values do not count."""
        return self.sum([value if self.first else 0.0])[0]

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            distributed.barrier()

    @contextlib.contextmanager
    def first_alone(self) -> Iterator[None]:
        """A block that the first process runs before the others do, so that they find what it made."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()


@contextlib.contextmanager
def join(device: str) -> Iterator[Processes]:
    """Join the processes that `torchrun` started; without it there is one.

    Args:
        device: "cpu" or "cuda"; with several processes on a machine each takes a GPU of its own.

    Raises:
        RehabCoachError: no such device, or fewer GPUs than processes.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RehabCoachError("this machine has no CUDA device: use --device cpu")
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(device=device)
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if device == "cuda":
        if local >= torch.cuda.device_count():
            raise RehabCoachError(
                "%d processes on this machine need as many GPUs, there are %d: lower --nproc-per-node"
                % (int(os.environ.get("LOCAL_WORLD_SIZE", local + 1)), torch.cuda.device_count())
            )
        device = "cuda:%d" % local
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count, device)
    finally:
        distributed.destroy_process_group()
