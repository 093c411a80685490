"""A learned scorer of form: how probable it is that a repetition was done incorrectly. NumPy, no pickled code.

The file holds small networks, three for each movement, and in its metadata a
contract: movements, features and how it was trained. `rehab-coach benchmark form --data DIR --write FILE` makes it.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import find
from rehab_coach.files import written_whole
from rehab_coach.kinematics.form.features import repetition_features
from rehab_coach.skeleton import SkeletonSequence

FORMAT_VERSION = 1
METADATA_KEY = "form_scorer"
LARGEST = 4.0
"""Standard deviations at which a feature is cut off: what is further away was not seen in training."""

Layers = List[Tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class ScorerContract:
    """What a scorer's file says about itself.

    Attributes:
        movements: that can be scored.
        features: names, in the order of the networks' inputs.
        networks: per movement; their logits are averaged.
        layers: of each network.
        training: data, subjects, views, date, revision, AUROC; plain JSON values.
        format_version: of the file.
    """

    movements: Tuple[str, ...]
    features: Tuple[str, ...]
    networks: int
    layers: int
    training: Dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """The contract as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ScorerContract":
        """Read what `to_json` wrote; ValueError says what does not fit."""
        values = json.loads(text)
        if not isinstance(values, dict) or values.get("format_version") != FORMAT_VERSION:
            raise ValueError("not format version %d" % FORMAT_VERSION)
        if set(values) != {entry.name for entry in fields(cls)}:
            raise ValueError("entries %s" % sorted(values))
        values["movements"], values["features"] = tuple(values["movements"]), tuple(values["features"])
        return cls(**values)


class FormScorer:
    """Scores repetitions.

    Args:
        contract: what the weights are for.
        weights: for each movement M "M.mean" and "M.deviation" (F,) of the features, and for network n and layer l
            "M.n.l.weight" (out, in) and "M.n.l.bias" (out,), float32.

    Raises:
        ValueError: weights that the contract does not describe.
    """

    def __init__(self, contract: ScorerContract, weights: Dict[str, np.ndarray]):
        self.contract = contract
        self.weights = {name: np.asarray(values, np.float32) for name, values in weights.items()}
        self._check()

    def _check(self) -> None:
        count = len(self.contract.features)
        expected = set()
        for movement in self.contract.movements:
            expected |= {movement + ".mean", movement + ".deviation"}
            for network in range(self.contract.networks):
                width = count
                for layer in range(self.contract.layers):
                    name = "%s.%d.%d" % (movement, network, layer)
                    expected |= {name + ".weight", name + ".bias"}
                    weight, bias = self.weights.get(name + ".weight"), self.weights.get(name + ".bias")
                    if weight is None or bias is None or weight.shape != bias.shape + (width,):
                        raise ValueError("%s does not fit %d inputs" % (name, width))
                    width = len(bias)
                if width != 1:
                    raise ValueError("%s.%d has %d outputs instead of one" % (movement, network, width))
            if any(self.weights.get(movement + end, np.zeros(0)).shape != (count,) for end in (".mean", ".deviation")):
                raise ValueError("%s has no mean and deviation of %d features" % (movement, count))
        if set(self.weights) != expected:
            raise ValueError("unexpected weights %s" % sorted(set(self.weights) ^ expected))
        if not all(np.isfinite(values).all() for values in self.weights.values()):
            raise ValueError("weights that are not finite")

    def logits(self, features: np.ndarray, movement: str) -> np.ndarray:
        """Logits (N,) of "incorrect" for features (N, F), NaN = not seen, in the contract's order."""
        mean, deviation = self.weights[movement + ".mean"], self.weights[movement + ".deviation"]
        inputs = np.clip(np.nan_to_num((features - mean) / deviation), -LARGEST, LARGEST).astype(np.float32)
        outputs = []
        for network in range(self.contract.networks):
            values = inputs
            for layer in range(self.contract.layers):
                name = "%s.%d.%d" % (movement, network, layer)
                values = values @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]
                if layer + 1 < self.contract.layers:
                    values = np.maximum(values, 0)
            outputs.append(values[:, 0])
        return np.mean(outputs, axis=0)

    def score(self, sequence: SkeletonSequence, movement: str) -> Optional[float]:
        """Probability that a repetition was done incorrectly.

        Args:
            sequence: one repetition, from standing to standing; any layout and view.
            movement: one of the contract's, or an exercise of which one is an alias.

        Returns:
            0..1; None when too little was seen.

        Raises:
            ValueError: a movement that the scorer was not trained for.
        """
        names = (movement,) + find(movement).aliases
        known = [name for name in names if name in self.contract.movements]
        if not known:
            raise ValueError("no scorer for '%s'; known: %s" % (movement, ", ".join(self.contract.movements)))
        features = repetition_features(sequence)
        if features is None:
            return None
        row = np.array([[features[name] for name in self.contract.features]])
        return float(1 / (1 + np.exp(-self.logits(row, known[0])[0])))

    def save(self, path: str) -> None:
        """Write the file, whole or not at all."""
        content = save(self.weights, {METADATA_KEY: self.contract.to_json()})
        with written_whole(path) as temporary, open(temporary, "wb") as stream:
            stream.write(content)

    @classmethod
    def load(cls, path: str) -> "FormScorer":
        """Read a scorer.

        Raises:
            RehabCoachError: the file is missing, broken, or of another kind or version.
        """
        path = os.fspath(path)
        advice = "make it with `rehab-coach benchmark form --data DIR --write %s`" % path
        try:
            with open(path, "rb") as stream:
                content = stream.read()
            weights = load(content)
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")].decode("utf-8"))
            metadata = header.get("__metadata__") or {}
            if METADATA_KEY not in metadata:
                raise ValueError("it holds no contract of a form scorer")
            return cls(ScorerContract.from_json(metadata[METADATA_KEY]), weights)
        except OSError as error:
            raise RehabCoachError("cannot read the form scorer %s (%s): %s" % (path, error.strerror, advice)) from error
        except (SafetensorError, ValueError, TypeError) as error:
            raise RehabCoachError("%s is not a form scorer (%s): %s" % (path, error, advice)) from error
