"""Model files: weights as safetensors (no pickled code) and, in the file's metadata, the contract as JSON.

    metadata["rehab_coach"] = {"format_version": 1, "labels": [...], "layout": "coco_18", "rate": 15.0, ...}

The contract is everything that somebody needs who wants to use the weights; see `ModelContract`.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, Tuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.recognition.preprocessing import NORMALISATIONS, SAMPLINGS
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig
from rehab_coach.skeleton import COCO_18, get_layout

FORMAT_VERSION = 1
METADATA_KEY = "rehab_coach"
UNKNOWN = "unknown"
LAYOUTS = (COCO_18.name,)
LATER_ENTRIES = ("sampling",)
"""Entries of the contract that older files lack; their default is what those files mean."""


class ModelError(RehabCoachError):
    """A model file that cannot be used."""


@dataclass(frozen=True)
class ModelContract:
    """What a model was trained for; whoever uses it has to keep to it.

    Attributes:
        labels: names of the outputs in order, the exercises and usually "unknown".
        network: shape of the network.
        layout: joint layout of the input.
        rate: frames per second that the input must be put on; with `sampling` "uniform" the lowest rate.
        window: frames of one input.
        persons: persons of one input (M); the patient is the first.
        normalisation: of the coordinates, "picture" or "box" (see preprocessing.normalise).
        sampling: "consecutive": a window holds `window` frames at `rate`, a shorter recording is repeated.
            "uniform": it holds `window` moments spread evenly over the recording, of window / rate seconds at most.
        unknown_threshold: an exercise less probable than this is answered as "unknown".
        training: how it was trained: recipe, data, revision, date, accuracy; plain JSON values.
        format_version: of the file.

    Raises:
        ValueError: values that contradict each other or that this version does not know.
    """

    labels: Tuple[str, ...]
    network: NetworkConfig
    layout: str = COCO_18.name
    rate: float = 15.0
    window: int = 64
    persons: int = 1
    normalisation: str = "box"
    unknown_threshold: float = 0.5
    training: Dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    sampling: str = SAMPLINGS[0]

    def __post_init__(self):
        object.__setattr__(self, "labels", tuple(self.labels))
        if self.format_version != FORMAT_VERSION:
            raise ValueError(
                "format version %r, this version of the package reads %d" % (self.format_version, FORMAT_VERSION)
            )
        if not all(isinstance(label, str) and label for label in self.labels) or len(set(self.labels)) != len(
            self.labels
        ):
            raise ValueError("labels must be different names, not %s" % (self.labels,))
        if len(self.labels) != self.network.classes:
            raise ValueError("%d labels for a network of %d classes" % (len(self.labels), self.network.classes))
        if not set(self.labels) - {UNKNOWN}:
            raise ValueError("no label besides '%s'" % UNKNOWN)
        if self.layout not in LAYOUTS:
            raise ValueError("joint layout '%s'; known: %s" % (self.layout, ", ".join(LAYOUTS)))
        if self.normalisation not in NORMALISATIONS:
            raise ValueError("normalisation '%s'; known: %s" % (self.normalisation, ", ".join(NORMALISATIONS)))
        if self.sampling not in SAMPLINGS:
            raise ValueError("sampling '%s'; known: %s" % (self.sampling, ", ".join(SAMPLINGS)))
        if not (self.rate > 0 and self.window >= 1 and self.persons >= 1):
            raise ValueError("rate %r, window %r, persons %r must be positive" % (self.rate, self.window, self.persons))
        if not 0 <= self.unknown_threshold <= 1:
            raise ValueError("unknown_threshold %r must be in 0..1" % self.unknown_threshold)

    def to_json(self) -> str:
        """The contract as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelContract":
        """Read what `to_json` wrote; ValueError says what is missing, unknown or contradictory."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("the contract is not a JSON object")
        if values.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                "format version %r, this version of the package reads %d"
                % (values.get("format_version"), FORMAT_VERSION)
            )
        names = {entry.name for entry in fields(cls)}
        if not names - set(LATER_ENTRIES) <= set(values) <= names:
            raise ValueError("entries %s, expected %s" % (sorted(values), sorted(names)))
        try:
            values["network"] = NetworkConfig(**values["network"])
            return cls(**values)
        except TypeError as error:
            raise ValueError("a value of the wrong kind (%s)" % error) from error


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


def load_model(path: str) -> Tuple[STGCN, ModelContract]:
    """Read a model file.

    Returns:
        The network on the CPU, ready for inference (`eval()`), and its contract.

    Raises:
        ModelError: the file is missing, broken, cut short, of another kind, version or layout, or its weights
            do not fit its own contract; the message says which and what to do.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ModelError("there is no model %s: name another, or train one with `rehab-coach train`" % path)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            weights = {name: stored.get_tensor(name) for name in stored.keys()}
    except (SafetensorError, OSError) as error:
        raise ModelError(
            "%s is broken, cut short or not a model file (%s): copy it again or train it anew" % (path, error)
        ) from error
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
