"""Model files: weights as safetensors (no pickled code) and, in the file's metadata, the contract as JSON.

    metadata["rehab_coach"] = {"format_version": 1, "labels": [...], "layout": "coco_18", "rate": 15.0, ...}

The contract is everything that somebody needs who wants to use the weights; see `ModelContract`.
"""

import contextlib
import hashlib
import json
import os
from typing import Dict, Tuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.skeleton import get_layout

METADATA_KEY = "rehab_coach"

OTHER_KINDS = {"direct_kinematics": "a network for joint angles", "form_scorer": "a scorer of the form"}
"""Files of the package that are no recognisers, by the key of their metadata."""


class ModelError(RehabCoachError):
    """A model file that cannot be used."""


def weights_digest(network: STGCN) -> str:
    """SHA-256 of a network's weights: which network numbers were made for that stand in another file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_model(path: str, network: STGCN, contract: ModelContract) -> None:
    """Write weights and contract into one file, whole or not at all.

    Raises:
        ValueError: the network does not have the contract's shape.
        RehabCoachError: the file cannot be written.
    """
    if network.config != contract.network or network.layout.name != contract.layout:
        raise ValueError("the contract describes another network: %s, not %s" % (contract.network, network.config))
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    content = save(weights, {METADATA_KEY: contract.to_json()})
    # Not safetensors' own save_file: it makes files that only their owner may read.
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)


def _other_kind(metadata: Dict[str, str]) -> str:
    """What a file of the package is that is no recogniser; "" where nothing says so."""
    for key, kind in OTHER_KINDS.items():
        if key in metadata:
            return kind
    with contextlib.suppress(ValueError, AttributeError):
        kind = json.loads(metadata.get(METADATA_KEY, "{}")).get("kind")
        return "a file of the kind '%s'" % kind if kind else ""
    return ""


def load_model(path: str) -> Tuple[STGCN, ModelContract]:
    """Read a model file.

    Returns:
        The network on the CPU, ready for inference (`eval()`), and its contract.

    Raises:
        ModelError: the file is missing, broken, cut short, of another kind, version or layout, or its weights
            do not fit its own contract; the message says which and what to do.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise ModelError("%s is a folder: name the model file in it (of a run model.safetensors)" % path)
    if not os.path.isfile(path):
        raise ModelError("there is no model %s: name another, or train one with `rehab-coach train`" % path)
    if path.endswith(".onnx"):
        raise ModelError("%s is an ONNX file: name the model file (.safetensors) that it was made from" % path)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            weights = {name: stored.get_tensor(name) for name in stored.keys()}
    except (SafetensorError, OSError) as error:
        raise ModelError(
            "%s is broken, cut short or not a model file (%s): copy it again or train it anew" % (path, error)
        ) from error
    kind = _other_kind(metadata)
    if kind:
        raise ModelError(
            "%s is no recogniser of exercises but %s: name a file that `rehab-coach train` wrote" % (path, kind)
        )
    if METADATA_KEY not in metadata:
        raise ModelError(
            "%s holds weights but no contract of rehab_coach: only files that "
            "`rehab-coach train` wrote can be used" % path
        )
    try:
        contract = ModelContract.from_json(metadata[METADATA_KEY])
        network = STGCN(contract.network, get_layout(contract.layout))
    except ValueError as error:
        raise ModelError(
            "the contract of %s cannot be kept (%s): use the version of the package that "
            "wrote it, or train the model anew" % (path, error)
        ) from error
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(
            "the weights of %s do not fit its contract (%s): train the model anew" % (path, reason)
        ) from error
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise ModelError("%s holds weights that are not finite, so its training failed: train the model anew" % path)
    return network.eval(), contract
