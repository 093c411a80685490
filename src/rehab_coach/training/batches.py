"""Batches by number, made beside the training."""

from typing import Sized, cast

import torch
from torch.utils.data import DataLoader, Dataset, Subset


def make_batches(dataset: Dataset, first_step: int, loaders: int) -> DataLoader:
    """The batches from a step on, made by so many processes beside this one (0: by this one).

    Args:
        dataset: batch number i, the same whatever process asks for it and whatever it gave before.
        first_step: number of the first batch.
        loaders: processes.
    """
    rest = Subset(dataset, range(first_step, len(cast(Sized, dataset))))  # PyTorch's type says nothing of lengths
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
