"""Starting from what another network learned."""

import os
from typing import Dict, Sequence, Tuple

import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.st_gcn import STGCN

MODEL = "model.safetensors"


def model_path(path: str) -> str:
    """The model file that is meant by a path: of a file, or of a run's folder; where there is none, of the package."""
    if not os.path.exists(path) and not os.path.isabs(path) and os.path.isfile(share_path(path)):
        return share_path(path)
    return os.path.join(path, MODEL) if os.path.isdir(path) else path


def load_initial(path: str) -> Tuple[STGCN, ModelContract]:
    """The model of a file or run; RehabCoachError if there is none to start from, or it is broken."""
    path = model_path(path)
    if not os.path.exists(path):
        raise RehabCoachError(
            "there is no model %s to start from: train it first (rehab-coach train), or name another with --init" % path
        )
    return load_model(path)


def take_weights(network: STGCN, labels: Sequence[str], path: str) -> str:
    """Take over every tensor of a model whose name and shape fit; the rest stays random.

    The output layer is taken only if it stands for the same labels.

    Args:
        network: to be trained; changed in place.
        labels: of its outputs.
        path: a model file, or the folder of a run.

    Returns:
        Lines that say what was taken and what was not.

    Raises:
        RehabCoachError: there is no such model, it is broken, or nothing of it fits.
    """
    source, contract = load_initial(path)
    path = model_path(path)
    theirs, ours = source.state_dict(), network.state_dict()
    same_labels = tuple(contract.labels) == tuple(labels)
    taken: Dict[str, torch.Tensor] = {}
    left = []
    for name, tensor in ours.items():
        if name.startswith("head.") and not same_labels:
            left.append("%s: for other labels" % name)
        elif name not in theirs:
            left.append("%s: not in that model" % name)
        elif theirs[name].shape != tensor.shape:
            left.append("%s: %s there, %s here" % (name, _shape(theirs[name]), _shape(tensor)))
        else:
            taken[name] = theirs[name]
    if not any(tensor.ndim > 1 for tensor in taken.values()):
        raise RehabCoachError("nothing of %s fits this network: take the recipe of a network like it" % path)
    network.load_state_dict(taken, strict=False)
    values, of = (sum(tensor.numel() for tensor in tensors) for tensors in (taken.values(), ours.values()))
    lines = ["%s: %d of %d tensors taken (%.1f %% of the values)" % (path, len(taken), len(ours), 100 * values / of)]
    return "\n".join(lines + ["  not taken: " + line for line in left])


def _shape(tensor: torch.Tensor) -> Tuple[int, ...]:
    return tuple(tensor.shape)
