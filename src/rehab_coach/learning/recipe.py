"""A recipe: one training experiment in one flat YAML file that can be read from top to bottom."""

import os
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Dict, List

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN, check_labels
from rehab_coach.files import read_table
from rehab_coach.learning.recipe_checks import CLIPS, check_recipe
from rehab_coach.pose.registry import NAMES
from rehab_coach.training.recipe_file import read_recipe, typed


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is trained; folders and devices are given on the command line.

    Attributes:
        labels: the classes, in the order of the network's outputs; one of them is `unknown`, unless every action
            is a class of its own (`label_column`). Left out where there are clips: those of clips.csv, and `unknown`
            (`with_labels`).
        label_column: "label", or "action": what the data sets call the movement (see
            `rehab_coach.learning.datasets.SAME_ACTION`), for a general action model.
        rate: frames per second of the network's input; with `sampling` "uniform" the lowest.
        window: frames of the network's input.
        sampling: "consecutive" frames at `rate`, or frames spread evenly ("uniform") over recordings of
            `shortest_recording` to window / rate seconds.
        shortest_recording: seconds, only with `sampling` "uniform".
        persons: of the network's input; those after the patient are only seen with `augmentation: second_person`.
        normalisation: of the coordinates, "box" (of the person), "running_box" (what is known of it at each frame) or
            "picture".
        streams: what the network sees: "joint", "bone", "motion" (see `rehab_coach.recognition.streams`).
        architecture: "st_gcn" or "st_gcn++".
        channels: channels of each layer.
        strides: temporal stride of each layer.
        temporal_kernel: frames that a temporal convolution of ST-GCN sees.
        fully_connected: width of a fully connected layer before the output, 0 = none.
        causal: no frame sees a later one, so that the answer can grow with the movement; each training window then
            teaches what to answer after every part of it.
        dropout: in every layer, 0 to 0.9.
        init: model file, or folder of a run, whose weights the training starts from (those that fit); "" = random.
        pretraining: windows before these, in which the network learns to tell the movements of all sources apart (see
            `rehab_coach.learning.pretraining`); 0 = none.
        freeze: first part of the training in which only the output layers learn.
        unfreeze_factor: of the learning rate after that.
        sources: weight of each data source; a source that is not named is not read.
        sets: further sources by name: sets of `rehab-coach dataset` or rendered people (see
            `rehab_coach.learning.sources`), paths relative to the data folder.
        leave_out: table with a column `group`, relative to the data folder: nothing is learned from those groups,
            whatever the source, so that its clips are strangers to the model; "" = none.
        estimators: pose estimators whose key points of the clips are learned from.
        clip_rate: frames per second of the clips that the estimators look at, at most.
        unknown_share: part of the training windows that is `unknown`; the other classes share the rest
            equally.
        idle_share: part of the `unknown` windows in which somebody only stands (or lies) still.
        augmentation: overrides of `rehab_coach.learning.augmentation.Augmentation`.
        windows: number of training windows that are drawn.
        epochs: parts of equal length that the training is divided into; what `milestones` count.
        batch: windows in a step.
        optimiser: "adamw" or "sgd" (Nesterov momentum 0.9).
        learning_rate: its highest value; rises linearly for `warm_up`.
        schedule: what it does then: "cosine" falls to zero, "steps" is multiplied by `step_factor` after each of the
            epochs in `milestones`.
        weight_decay: for weights, not for biases and normalisation.
        warm_up: part of the steps.
        label_smoothing: 0 to 0.5.
        weight_average: decay per step of the moving average of the weights that is kept as the model.
        precision: "float32" or "bfloat16" (automatic mixed precision).
        validation: part of the groups that nothing is learned from; the model is the one that did best on them, and
            its threshold is chosen on them.
        patience: lines of the log without a lower validation loss after which the training ends; 0 = never.
        folds: cross-validation by group before the model itself is trained; 0 = none.
        judged: sources whose groups the folds divide; what a fold holds out of them is judged by its model.
        unknown_threshold: the recogniser says `unknown` below this probability; with `validation`, the model's own
            takes its place.
        seed: of everything random.
        log_every: training windows between two lines of the log.
    """

    labels: List[str]
    sources: Dict[str, float]
    label_column: str = "label"
    rate: float = 15.0
    window: int = 64
    sampling: str = "consecutive"
    shortest_recording: float = 1.5
    persons: int = 1
    normalisation: str = "box"
    streams: List[str] = field(default_factory=lambda: ["joint"])
    architecture: str = "st_gcn"
    channels: List[int] = field(default_factory=lambda: [32, 32, 64, 64, 128, 128])
    strides: List[int] = field(default_factory=lambda: [1, 1, 2, 1, 2, 1])
    temporal_kernel: int = 9
    fully_connected: int = 0
    causal: bool = False
    dropout: float = 0.0
    init: str = ""
    pretraining: int = 0
    freeze: float = 0.0
    unfreeze_factor: float = 1.0
    sets: Dict[str, str] = field(default_factory=dict)
    leave_out: str = ""
    estimators: List[str] = field(default_factory=lambda: list(NAMES))
    clip_rate: float = 15.0
    unknown_share: float = 0.3
    idle_share: float = 0.15
    augmentation: Dict[str, Any] = field(default_factory=dict)
    windows: int = 40000
    epochs: int = 1
    batch: int = 64
    optimiser: str = "adamw"
    learning_rate: float = 0.002
    schedule: str = "cosine"
    milestones: List[int] = field(default_factory=list)
    step_factor: float = 0.1
    weight_decay: float = 0.05
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    weight_average: float = 0.99
    precision: str = "float32"
    validation: float = 0.0
    patience: int = 0
    folds: int = 0
    judged: List[str] = field(default_factory=lambda: ["clips"])
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
    values = read_recipe(path)
    try:
        return make_recipe(values)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error


def make_recipe(values: Dict[str, Any]) -> Recipe:
    """A checked recipe from plain values; RehabCoachError names the key and what is allowed."""
    known = {entry.name: entry.type for entry in fields(Recipe)}
    unknown = sorted(set(values) - set(known), key=str)
    if unknown:
        raise RehabCoachError("unknown key '%s'; allowed: %s" % (unknown[0], ", ".join(sorted(known))))
    if isinstance(values.get("sources"), dict) and CLIPS in values["sources"]:
        values = dict({"labels": []}, **values)
    for key in ("labels", "sources"):
        if key not in values:
            raise RehabCoachError("the key '%s' is missing" % key)
    recipe = Recipe(**{key: typed(key, value, known[key]) for key, value in values.items()})
    check_recipe(recipe.as_dict())
    return recipe


def with_labels(recipe: Recipe, clips_csv: str) -> Recipe:
    """The recipe, with the labels of a table of clips if it has none of its own.

    Args:
        recipe: any.
        clips_csv: the table; its labels come in its order, `unknown` last.

    Raises:
        RehabCoachError: there is no such table, no exercise in it, or a label that cannot be one.
    """
    if recipe.labels:
        return recipe
    if not os.path.exists(clips_csv):
        raise RehabCoachError(
            "there is no %s: write one with the columns label, file, group, and put the videos beside it" % clips_csv
        )
    found = dict.fromkeys(row["label"] for row in read_table(clips_csv, ("label", "file")))
    labels = [label for label in found if label not in ("", UNKNOWN)]
    if not labels:
        raise RehabCoachError("%s names no exercise, only '%s'" % (clips_csv, UNKNOWN))
    check_labels(labels + [UNKNOWN], "the labels of %s" % clips_csv)
    return replace(recipe, labels=labels + [UNKNOWN])
