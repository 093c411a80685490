"""A recipe: one training experiment in one flat YAML file that can be read from top to bottom."""

import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, Tuple

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.recognition.model_file import UNKNOWN

SEQUENCE_SOURCES = ("penn", "jhmdb", "pushfit", "kaiakol", "uiprmd", "utd")
CLIPS = "clips"

_CHOICES = {"optimiser": ("adamw", "sgd"), "precision": ("float32", "bfloat16")}
_RANGES = {  # inclusive
    "rate": (1, 120),
    "clip_rate": (1, 240),
    "window": (8, 1024),
    "temporal_kernel": (1, 31),
    "dropout": (0, 0.9),
    "unknown_share": (0, 0.9),
    "idle_share": (0, 1),
    "windows": (1, 10**9),
    "batch": (2, 4096),
    "learning_rate": (1e-6, 10),
    "weight_decay": (0, 1),
    "warm_up": (0, 0.5),
    "label_smoothing": (0, 0.5),
    "weight_average": (0, 0.99999),
    "folds": (0, 20),
    "unknown_threshold": (0, 1),
    "seed": (0, 2**31),
    "log_every": (1, 10**9),
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is trained; folders and devices are given on the command line.

    Attributes:
        labels: the classes, in the order of the network's outputs; one of them is `unknown`.
        rate: frames per second of the network's input.
        window: frames of the network's input.
        channels: channels of each ST-GCN layer.
        strides: temporal stride of each layer.
        temporal_kernel: frames that a temporal convolution sees.
        dropout: in every layer, 0 to 0.9.
        sources: weight of each data source; a source that is not named is not read.
        estimators: pose estimators whose key points of the clips are learned from.
        clip_rate: frames per second of the clips that the estimators look at, at most.
        unknown_share: part of the training windows that is `unknown`; the other classes share the rest
            equally.
        idle_share: part of the `unknown` windows in which somebody only stands (or lies) still.
        augmentation: overrides of `rehab_coach.learning.augmentation.Augmentation`.
        windows: number of training windows that are drawn.
        batch: windows in a step.
        optimiser: "adamw" or "sgd" (Nesterov momentum 0.9).
        learning_rate: its highest value; rises linearly for `warm_up`, then falls along a cosine to zero.
        weight_decay: for weights, not for biases and normalisation.
        warm_up: part of the steps.
        label_smoothing: 0 to 0.5.
        weight_average: decay per step of the moving average of the weights that is kept as the model.
        precision: "float32" or "bfloat16" (automatic mixed precision).
        folds: cross-validation by group on the clips before the model itself is trained; 0 = none.
        unknown_threshold: the recogniser says `unknown` below this probability.
        seed: of everything random.
        log_every: training windows between two lines of the log.
    """

    labels: List[str]
    sources: Dict[str, float]
    rate: float = 15.0
    window: int = 64
    channels: List[int] = field(default_factory=lambda: [32, 32, 64, 64, 128, 128])
    strides: List[int] = field(default_factory=lambda: [1, 1, 2, 1, 2, 1])
    temporal_kernel: int = 9
    dropout: float = 0.0
    estimators: List[str] = field(default_factory=lambda: ["tf_pose", "mediapipe"])
    clip_rate: float = 15.0
    unknown_share: float = 0.3
    idle_share: float = 0.15
    augmentation: Dict[str, Any] = field(default_factory=dict)
    windows: int = 40000
    batch: int = 64
    optimiser: str = "adamw"
    learning_rate: float = 0.002
    weight_decay: float = 0.05
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    weight_average: float = 0.99
    precision: str = "float32"
    folds: int = 0
    unknown_threshold: float = 0.0
    seed: int = 0
    log_every: int = 2000

    def as_dict(self) -> Dict[str, Any]:
        """Plain values, for JSON and YAML."""
        return asdict(self)


def load_recipe(path: str) -> Recipe:
    """Read and check a recipe.

    Raises:
        RehabCoachError: names the file, the key and what is allowed.
    """
    try:
        with open(os.fspath(path), encoding="utf-8") as stream:
            values = yaml.safe_load(stream)
    except OSError as error:
        raise RehabCoachError("cannot read the recipe %s: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not a YAML file: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(values, dict):
        raise RehabCoachError("%s is not a recipe: it must hold `key: value` lines" % path)
    try:
        return make_recipe(values)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error


def make_recipe(values: Dict[str, Any]) -> Recipe:
    """A checked recipe from plain values; RehabCoachError names the key and what is allowed."""
    known = {entry.name: entry.type for entry in fields(Recipe)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise RehabCoachError("unknown key '%s'; allowed: %s" % (unknown[0], ", ".join(sorted(known))))
    for key in ("labels", "sources"):
        if key not in values:
            raise RehabCoachError("the key '%s' is missing" % key)
    recipe = Recipe(**{key: _typed(key, value, known[key]) for key, value in values.items()})
    _check(recipe)
    return recipe


def _typed(key: str, value: Any, kind: Any) -> Any:
    def wrong(expected: str) -> RehabCoachError:
        return RehabCoachError("'%s' must be %s, not %r" % (key, expected, value))

    def number(entry: Any) -> bool:
        return isinstance(entry, (int, float)) and not isinstance(entry, bool)

    if kind is float and not number(value):
        raise wrong("a number")
    if kind is int and not (number(value) and value == int(value)):
        raise wrong("a whole number")
    if kind is str and not isinstance(value, str):
        raise wrong("a word")
    if kind == List[int] and not (isinstance(value, list) and all(isinstance(entry, int) for entry in value)):
        raise wrong("a list of whole numbers")
    if kind == List[str] and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
        raise wrong("a list of words")
    if kind in (Dict[str, float], Dict[str, Any]) and not isinstance(value, dict):
        raise wrong("a mapping `name: value`")
    return {float: float, int: int}.get(kind, lambda entry: entry)(value)


def _check(recipe: Recipe) -> None:
    def refuse(key: str, allowed: str, value: Any) -> None:
        raise RehabCoachError("'%s' must be %s, not %r" % (key, allowed, value))

    for key, (low, high) in _RANGES.items():
        if not low <= getattr(recipe, key) <= high:
            refuse(key, "between %g and %g" % (low, high), getattr(recipe, key))
    for key, allowed in _CHOICES.items():
        if getattr(recipe, key) not in allowed:
            refuse(key, "one of " + ", ".join(allowed), getattr(recipe, key))
    if len(set(recipe.labels)) != len(recipe.labels) or len(recipe.labels) < 2:
        refuse("labels", "two or more different words", recipe.labels)
    if UNKNOWN not in recipe.labels:
        refuse("labels", "a list with '%s' in it" % UNKNOWN, recipe.labels)
    known_sources: Tuple[str, ...] = SEQUENCE_SOURCES + (CLIPS,)
    for source, weight in recipe.sources.items():
        if source not in known_sources:
            refuse("sources", "a mapping with keys from " + ", ".join(known_sources), source)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight <= 0:
            refuse("sources: " + source, "a number above 0", weight)
    if not recipe.sources:
        refuse("sources", "a mapping with keys from " + ", ".join(known_sources), recipe.sources)
    if len(recipe.channels) != len(recipe.strides) or not recipe.channels:
        refuse("strides", "as many numbers as 'channels' has (%d)" % len(recipe.channels), recipe.strides)
    if min(recipe.channels + recipe.strides) < 1:
        refuse("channels and strides", "1 or more", recipe.channels + recipe.strides)
    if CLIPS in recipe.sources and not recipe.estimators:
        refuse("estimators", "a list of pose estimators, since 'clips' is a source", recipe.estimators)
    if recipe.temporal_kernel % 2 == 0:
        refuse("temporal_kernel", "odd", recipe.temporal_kernel)
    if recipe.folds == 1 or (recipe.folds and CLIPS not in recipe.sources):
        refuse("folds", "0, or 2 and more with 'clips' among the sources", recipe.folds)
    from rehab_coach.learning.augmentation import make_augmentation

    make_augmentation(recipe.augmentation)
