"""How near two recordings are: the network's features, measured by how much they differ within one movement.

The features before a network's last layer also tell movements apart that it was not trained to name. What makes two
people's recordings of one movement differ (body, view, pace, the estimator's errors) is large in some directions of
the features and small in others. `Embedding` weighs each direction by the inverse of that: within-class covariance
normalisation (Hatch, Kajarekar and Stolcke, "Within-class covariance normalization for SVM-based speaker recognition",
Interspeech 2006), then the angle between two recordings says how near they are.

    metadata["rehab_coach"] = {"format_version": 1, "kind": "embedding", "model": SHA-256,
                                "thresholds": {"unknown": 0.5, "known": 0.6, "agreement": 0.5}, ...}
    mean (D,), weights (D, D), float32
"""

import os
from dataclasses import dataclass, field
from typing import Any, Dict, NamedTuple, Optional, Sequence

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.recognition.array_file import read_arrays, write_arrays
from rehab_coach.recognition.model_file import ModelError

KIND = "embedding"
SHRINKAGE = 0.05
"""Of the mean variance, added to every direction: few recordings say little about the small ones."""


class Thresholds(NamedTuple):
    """Cosines in an embedding.

    Attributes:
        unknown: from which a recording that the model answers as `unknown` shows an added exercise.
        known: from which one does that the model takes for one of its own exercises; not below `unknown`.
        agreement: from which a take shows the same as the person's others.
    """

    unknown: float
    known: float
    agreement: float


@dataclass(frozen=True, eq=False)
class Embedding:
    """From a network's features to directions that can be compared.

    Attributes:
        mean: float32 (D,), of the features of many movements.
        weights: float32 (D, D).
        thresholds: from which two recordings show the same movement.
        model: `Recognizer.digest` of the network that the features come from.
        training: what it was made from; plain JSON values.
    """

    mean: np.ndarray
    weights: np.ndarray
    thresholds: Thresholds
    model: str
    training: Dict[str, Any] = field(default_factory=dict)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) -> unit vectors float32 (..., D)."""
        return unit((features - self.mean) @ self.weights)

    def save(self, path: str) -> None:
        """Write the file, whole or not at all; RehabCoachError if it cannot be written."""
        header = {"model": self.model, "thresholds": self.thresholds._asdict(), "training": self.training}
        write_arrays(path, KIND, header, {"mean": self.mean, "weights": self.weights})

    @classmethod
    def load(cls, path: Optional[str] = None) -> "Embedding":
        """Read what `save` wrote, by default the file that ships.

        Raises:
            ModelError: the file is missing, broken or of another kind.
        """
        path = os.fspath(path or default_embedding())
        header, tensors = read_arrays(path, KIND)
        try:
            mean, weights = tensors["mean"], tensors["weights"]
            if weights.shape != (len(mean), len(mean)) or not (np.isfinite(mean).all() and np.isfinite(weights).all()):
                raise ValueError("mean %s and weights %s" % (mean.shape, weights.shape))
            thresholds = Thresholds(**{name: float(value) for name, value in header["thresholds"].items()})
            return cls(mean, weights, thresholds, str(header["model"]), dict(header["training"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError("the content of %s does not fit together (%s): copy it again" % (path, error)) from error


def default_embedding() -> str:
    """Path of the embedding that ships with the package, for the model that ships."""
    return share_path("models", "embedding.safetensors")


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) at length 1, float32; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)


def fit_embedding(
    features: np.ndarray, movements: Sequence[str], model: str, thresholds: Thresholds, **training: Any
) -> Embedding:
    """Learn what differs within one movement.

    Args:
        features: float (N, D), of recordings of many people and movements.
        movements: N names; recordings of one name show the same movement.
        model: `Recognizer.digest` of the network.
        thresholds: see `Embedding`.
        training: what shall be known of it.

    Raises:
        RehabCoachError: there are not two recordings of one movement anywhere.
    """
    names = np.asarray(movements)
    differences = []
    for name in np.unique(names):
        of_one = features[names == name]
        if len(of_one) > 1:
            differences.append(of_one - of_one.mean(axis=0))
    if not differences:
        raise RehabCoachError("an embedding needs several recordings of one movement")
    within = np.concatenate(differences).astype(np.float64)
    covariance = within.T @ within / len(within)
    covariance += SHRINKAGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.cholesky(np.linalg.inv(covariance))
    return Embedding(features.mean(axis=0).astype(np.float32), weights.astype(np.float32), thresholds, model, training)
