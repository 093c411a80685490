"""What is known of people in general: which differences between two recordings mean two people.

A model file holds, for each stream of an `Observation`, how it becomes a point in a space in which recordings of one
person are near to each other, and what a distance there says; see docs/identification.md for how it is made.
"""

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Dict, Optional, Sequence

import numpy as np

from rehab_coach.identification.features import NAMES, MiniRocket
from rehab_coach.paths import share_path
from rehab_coach.recognition.array_file import read_arrays, write_arrays
from rehab_coach.recognition.model_file import ModelError

KIND = "identity"


@dataclass(frozen=True, eq=False)
class Space:
    """Where one stream's recordings are compared.

    Attributes:
        rocket: makes features of cycles; None: the stream's values are the features.
        mean: float32 (F,) of the features.
        weights: float32 (F, D), from features to the space.
        centre, steepness: log odds that two recordings are of one person are steepness * (centre - log distance).
    """

    rocket: Optional[MiniRocket]
    mean: np.ndarray
    weights: np.ndarray
    centre: float
    steepness: float

    def embed(self, values: np.ndarray) -> np.ndarray:
        """Cycles (n, 4, 100) or features (n, F) -> points float32 (n, D)."""
        features = values if self.rocket is None else self.rocket(values)
        return ((features - self.mean) @ self.weights).astype(np.float32)

    def log_odds(self, log_distance: float) -> float:
        """Of one person against two, where either was as likely before."""
        return self.steepness * (self.centre - log_distance)


@dataclass(frozen=True, eq=False)
class IdentityModel:
    """The spaces of the streams.

    Attributes:
        spaces: by the name of the stream.
        threshold: log odds from which somebody is known.
        overlap: of what two sensors say, 0 (all of it is new) to 1 (it is the same).
        training: what it was made from; plain JSON values.
    """

    spaces: Dict[str, Space]
    threshold: float
    overlap: float = 0.0
    training: Dict[str, Any] = field(default_factory=dict)

    def together(self, odds: Sequence[float]) -> float:
        """Log odds of the sensors; their sum, less what they say twice."""
        return float(sum(odds) / (1 + self.overlap * (len(odds) - 1)))

    def save(self, path: str) -> None:
        """Write the file, whole or not at all; RehabCoachError if it cannot be written."""
        tensors: Dict[str, np.ndarray] = {}
        scores = {}
        for name, space in self.spaces.items():
            tensors[name + ".mean"] = space.mean.astype(np.float32)
            # Half precision changes distances by a thousandth and halves the file.
            tensors[name + ".weights"] = space.weights.astype(np.float16)
            if space.rocket is not None:
                for part, array in zip(NAMES, space.rocket.parameters):
                    tensors[name + "." + part] = array
            scores[name] = {"centre": space.centre, "steepness": space.steepness}
        header = {
            "scores": scores,
            "threshold": self.threshold,
            "overlap": self.overlap,
            "training": self.training,
        }
        write_arrays(path, KIND, header, tensors)

    @classmethod
    def load(cls, path: Optional[str] = None) -> "IdentityModel":
        """Read what `save` wrote, by default the file that ships.

        Raises:
            ModelError: the file is missing, broken or of another kind.
        """
        path = os.fspath(path or default_model())
        header, tensors = read_arrays(path, KIND)
        try:
            spaces = {}
            for name, score in header["scores"].items():
                rocket = None
                if "%s.%s" % (name, NAMES[0]) in tensors:
                    rocket = MiniRocket(tuple(tensors["%s.%s" % (name, part)] for part in NAMES))
                mean, weights = tensors[name + ".mean"], tensors[name + ".weights"].astype(np.float32)
                if weights.shape[:1] != mean.shape or not (np.isfinite(mean).all() and np.isfinite(weights).all()):
                    raise ValueError("mean %s and weights %s of %s" % (mean.shape, weights.shape, name))
                spaces[name] = Space(rocket, mean, weights, float(score["centre"]), float(score["steepness"]))
            return cls(spaces, float(header["threshold"]), float(header["overlap"]), dict(header["training"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError("the content of %s does not fit together (%s): copy it again" % (path, error)) from error


def default_model() -> str:
    """Path of the model that ships with the package."""
    return share_path("models", "identity.safetensors")


@lru_cache(maxsize=1)
def shipped_fingerprint() -> str:
    """Tells the model that ships from every other, whose templates it cannot compare."""
    try:
        with open(default_model(), "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()[:16]
    except OSError as error:
        raise ModelError("cannot read %s: %s" % (default_model(), error.strerror)) from error


@lru_cache(maxsize=1)
def shipped_model() -> IdentityModel:
    """The model that ships, read once."""
    return IdentityModel.load()
