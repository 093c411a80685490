"""What a recipe may say."""

import math
from types import SimpleNamespace
from typing import Any, Mapping, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN, check_labels
from rehab_coach.learning.augmentation import make_augmentation
from rehab_coach.pose.registry import NAMES
from rehab_coach.recognition.contract import NORMALISATIONS, SAMPLINGS
from rehab_coach.recognition.st_gcn import ARCHITECTURES
from rehab_coach.recognition.streams import STREAMS
from rehab_coach.training.options import OPTIMISERS, PRECISIONS, SCHEDULES
from rehab_coach.training.recipe_file import is_number

SEQUENCE_SOURCES = ("penn", "jhmdb", "pushfit", "kaiakol", "uiprmd", "utd")
CLIPS = "clips"
FIRST_ANSWER = 0.5
"""Seconds of a training window after which a causal network learns to answer."""
OF_ONE = 4
"""Windows of one movement that a batch of a pretraining has at least, so that there is something to bring together."""

_CHOICES = {
    "label_column": ("label", "action"),
    "sampling": SAMPLINGS,
    "normalisation": NORMALISATIONS,
    "architecture": ARCHITECTURES,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
}
_RANGES = {  # inclusive
    "rate": (1, 120),
    "clip_rate": (1, 240),
    "window": (8, 1024),
    "shortest_recording": (0.5, 60),
    "persons": (1, 4),
    "temporal_kernel": (1, 31),
    "fully_connected": (0, 8192),
    "dropout": (0, 0.9),
    "pretraining": (0, 10**9),
    "freeze": (0, 0.9),
    "unfreeze_factor": (0.001, 10),
    "unknown_share": (0, 0.9),
    "idle_share": (0, 1),
    "windows": (1, 10**9),
    "epochs": (1, 10000),
    "batch": (2, 4096),
    "learning_rate": (1e-6, 10),
    "step_factor": (0.001, 1),
    "weight_decay": (0, 1),
    "warm_up": (0, 0.5),
    "label_smoothing": (0, 0.5),
    "weight_average": (0, 0.99999),
    "validation": (0, 0.5),
    "patience": (0, 10000),
    "folds": (0, 20),
    "unknown_threshold": (0, 1),
    "seed": (0, 2**31),
    "log_every": (1, 10**9),
}


def check_recipe(values: Mapping[str, Any]) -> None:
    """Check the values of every key of a recipe, each of the right kind (see `training.recipe_file.typed`).

    Raises:
        RehabCoachError: values that are out of range or contradict each other.
    """
    recipe = SimpleNamespace(**values)

    def refuse(key: str, allowed: str, value: Any) -> None:
        raise RehabCoachError("'%s' must be %s, not %r" % (key, allowed, value))

    for key, (low, high) in _RANGES.items():
        if not low <= getattr(recipe, key) <= high:
            refuse(key, "between %g and %g" % (low, high), getattr(recipe, key))
    if recipe.windows < recipe.batch:
        refuse("windows", "at least one batch (%d)" % recipe.batch, recipe.windows)
    if 0 < recipe.pretraining < recipe.batch:
        refuse("pretraining", "0, or at least one batch (%d)" % recipe.batch, recipe.pretraining)
    if recipe.pretraining and recipe.batch < 2 * OF_ONE:
        refuse("batch", "%d or more with pretraining, for two movements to tell apart" % (2 * OF_ONE), recipe.batch)
    for key, allowed in _CHOICES.items():
        if getattr(recipe, key) not in allowed:
            refuse(key, "one of " + ", ".join(allowed), getattr(recipe, key))
    if recipe.labels or CLIPS not in recipe.sources:  # otherwise those of the clips
        if len(set(recipe.labels)) != len(recipe.labels) or len(recipe.labels) < 2:
            refuse("labels", "two or more different words", recipe.labels)
        if UNKNOWN not in recipe.labels and recipe.label_column == "label":
            refuse("labels", "a list with '%s' in it" % UNKNOWN, recipe.labels)
        if recipe.label_column == "label":  # what the coach asks for; "action" is for what only prepares a network
            check_labels(recipe.labels, "'labels'")
    for name, path in recipe.sets.items():
        if name in SEQUENCE_SOURCES + (CLIPS,) or not isinstance(name, str):
            refuse("sets", "a mapping of new names to paths", name)
        if not isinstance(path, str) or not path:
            refuse("sets: %s" % name, "a path", path)
        if name not in recipe.sources:
            refuse("sources", "a mapping with a weight for the set '%s' too" % name, recipe.sources)
    known_sources: Tuple[str, ...] = SEQUENCE_SOURCES + (CLIPS,) + tuple(recipe.sets)
    for source, weight in recipe.sources.items():
        if source not in known_sources:
            refuse("sources", "a mapping with keys from " + ", ".join(known_sources), source)
        if not is_number(weight) or weight <= 0:
            refuse("sources: " + source, "a number above 0", weight)
    if not recipe.sources:
        refuse("sources", "a mapping with keys from " + ", ".join(known_sources), recipe.sources)
    if len(recipe.channels) != len(recipe.strides) or not recipe.channels:
        refuse("strides", "as many numbers as 'channels' has (%d)" % len(recipe.channels), recipe.strides)
    if min(recipe.channels + recipe.strides) < 1:
        refuse("channels and strides", "1 or more", recipe.channels + recipe.strides)
    if (
        not set(recipe.estimators) <= set(NAMES)
        or len(set(recipe.estimators)) != len(recipe.estimators)
        or CLIPS in recipe.sources
        and not recipe.estimators
    ):
        refuse("estimators", "some of %s, each once (for clips one at least)" % ", ".join(NAMES), recipe.estimators)
    if sorted(set(recipe.milestones)) != recipe.milestones or not all(
        0 < milestone < recipe.epochs for milestone in recipe.milestones
    ):
        refuse("milestones", "rising epochs between 1 and %d" % (recipe.epochs - 1), recipe.milestones)
    if recipe.milestones and recipe.schedule != "steps":
        refuse("schedule", "'steps' where there are milestones", recipe.schedule)
    if recipe.patience and not recipe.validation:
        refuse("validation", "above 0 where there is patience", recipe.validation)
    if recipe.sampling == "uniform" and recipe.shortest_recording > (recipe.window - 1) / recipe.rate:
        refuse("shortest_recording", "at most window / rate seconds", recipe.shortest_recording)
    if recipe.causal and (recipe.architecture != "st_gcn" or recipe.sampling != "consecutive"):
        refuse("architecture and sampling", "st_gcn and consecutive where 'causal' is true", recipe.architecture)
    if recipe.causal and recipe.normalisation == "box":
        refuse("normalisation", "running_box or picture where 'causal' is true", recipe.normalisation)
    if recipe.causal and max(recipe.strides) > recipe.temporal_kernel:
        refuse("temporal_kernel", "no less than the largest stride where 'causal' is true", recipe.temporal_kernel)
    if recipe.causal:
        step = math.prod(recipe.strides)
        shortest = (round(FIRST_ANSWER * recipe.rate / step) + 1) * step
        if recipe.window < shortest:
            refuse("window", "%d or more, so that this causal network answers in it" % shortest, recipe.window)
    if recipe.architecture == "st_gcn++" and min(recipe.channels) < 6:
        refuse("channels", "6 or more with st_gcn++", recipe.channels)
    if (
        not recipe.streams
        or sorted(set(recipe.streams)) != sorted(recipe.streams)
        or not set(recipe.streams) <= set(STREAMS)
    ):
        refuse("streams", "some of " + ", ".join(STREAMS), recipe.streams)
    if recipe.temporal_kernel % 2 == 0:
        refuse("temporal_kernel", "odd", recipe.temporal_kernel)
    if recipe.folds == 1 or (recipe.folds and not (recipe.judged and set(recipe.judged) <= set(recipe.sources))):
        refuse("folds", "0, or 2 and more with every source of 'judged' among the sources (clips?)", recipe.folds)
    make_augmentation(recipe.augmentation)
