"""Where a network computes, and how exactly."""

from typing import Any

import torch


def on_device(batch: Any, device: str) -> Any:
    """A batch with its tensors on a device: a tensor, or tuples, lists and mappings of batches."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, (tuple, list)):
        return [on_device(part, device) for part in batch]
    if isinstance(batch, dict):
        return {name: on_device(part, device) for name, part in batch.items()}
    return batch


def mixed_precision(precision: str, device: str) -> Any:
    """Context in which a network computes in bfloat16 where that is exact enough, if the precision says so."""
    return torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bfloat16")
