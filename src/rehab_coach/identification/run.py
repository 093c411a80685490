"""Trainings of the people's network, in a folder each: recipe, log, curves, the features as a picture, the model."""

import json
import math
import os
from dataclasses import asdict, fields
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, written_whole
from rehab_coach.identification.network import HEAD, STRENGTHS, GaitNetwork, NetworkRecipe, train_people
from rehab_coach.identification.pictures import plot_features
from rehab_coach.identification.sets import Cycle, cut, read_set, set_path
from rehab_coach.inertial.readers import READERS
from rehab_coach.inertial.series import SENSORS
from rehab_coach.recognition.array_file import read_arrays, write_arrays
from rehab_coach.recognition.model_file import ModelError
from rehab_coach.training.checkpoint import forget_checkpoint
from rehab_coach.training.recipe_file import read_recipe

MODEL = "model.safetensors"
KIND = "people"
GAIT_SETS = ("lumbar_gait", "pocket_gait", "wisdm_watch", "uci_walking")
GAIT_CYCLES = 80
"""Strides of one recording for the gait network, at most."""

_CHOICES = {
    "stage": ("gait", "all", "people"),
    "sensor": SENSORS,
    "start": ("transfer", "random"),
    "strength": tuple(STRENGTHS),
}


def load_recipe(path: str) -> NetworkRecipe:
    """Read and check a recipe.

    Raises:
        RehabCoachError: names the file, the key and what is allowed.
    """
    values = read_recipe(path)
    known = {entry.name: type(entry.default) for entry in fields(NetworkRecipe)}
    if set(values) - set(known):
        raise RehabCoachError("%s: the keys of this recipe are %s" % (path, ", ".join(sorted(known))))
    for key, value in values.items():
        wanted = {float: (int, float), tuple: (list,)}.get(known[key], (known[key],))
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise RehabCoachError("%s: '%s' must be a list of names, not %r" % (path, key, value))
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise RehabCoachError("%s: '%s' must be of the kind %s, not %r" % (path, key, known[key].__name__, value))
        if key in _CHOICES and value not in _CHOICES[key]:
            raise RehabCoachError("%s: '%s' must be one of %s, not %r" % (path, key, ", ".join(_CHOICES[key]), value))
    lists: Dict[str, Any] = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    recipe = NetworkRecipe(**{**values, **lists})
    named = [("without", name) for name in recipe.without] + [("set", recipe.set)] * (recipe.stage == "people")
    for key, name in named:
        if name not in READERS:
            raise RehabCoachError("%s: '%s' must be one of %s, not %r" % (path, key, ", ".join(READERS), name))
    if recipe.stage == "all" and recipe.label_smoothing:
        raise RehabCoachError("%s: 'label_smoothing' must be 0 for all sets: other contexts are out of question" % path)
    for key in ("learning_rate", "steps", "batch", "log_every", "step_factor"):
        if not getattr(recipe, key) > 0:
            raise RehabCoachError("%s: '%s' must be positive, not %r" % (path, key, getattr(recipe, key)))
    for key, limit in (("vary", math.pi), ("validation", 1.0)):
        if not 0 <= getattr(recipe, key) < limit:
            raise RehabCoachError("%s: '%s' must be 0 to below %.3g, not %r" % (path, key, limit, getattr(recipe, key)))
    return recipe


def recipe_cycles(recipe: NetworkRecipe, data: str) -> Tuple[np.ndarray, List[str]]:
    """Cycles float32 (n, 4, 100) that a recipe learns from, and whose each is; for "all" with the context before it.

    Raises:
        RehabCoachError: a set is missing, or there are not two people with the sensor.
    """
    chosen: List[Tuple[str, Cycle]] = []
    if recipe.stage != "people":
        wanted = GAIT_SETS if recipe.stage == "gait" else [name for name in READERS if name not in recipe.without]
        there = [name for name in wanted if set_path(data, name)]
        for name in there:
            if recipe.stage == "all":
                for one in cut(read_set(data, name), GAIT_CYCLES):
                    chosen.append((":".join((name, one.place, one.movement, one.form, one.person)), one))
                continue
            walking = [one for one in read_set(data, name) if one.movement != "jog"]
            # The same person's other pocket is another input: it is another class.
            chosen += [("%s:%s:%s" % (name, one.person, one.place), one) for one in cut(walking, GAIT_CYCLES)]
        if not there:
            raise RehabCoachError("none of the sets %s is in %s" % (", ".join(wanted), data))
    else:
        for one in cut(read_set(data, recipe.set)):
            if (not recipe.movements or one.movement in recipe.movements) and recipe.place in ("", one.place):
                chosen.append((one.person, one))
    cycles, people = [], []
    for person, one in chosen:
        if recipe.sensor in one.sensors:
            first = 4 * one.sensors.index(recipe.sensor)
            cycles.append(one.values[first : first + 4])
            people.append(person)
    if len(set(people)) < 2:
        raise RehabCoachError(
            "there are cycles of %d people for this recipe, and two are needed to tell people apart" % len(set(people))
        )
    return np.stack(cycles), people


def train_recipe(
    path: str, data: str, out: str, init: Optional[str] = None, report: Callable[[str], None] = print
) -> str:
    """Train what a recipe describes; returns the path of the model file.

    Args:
        path: YAML file.
        data: folder with imu/ and mocap/.
        out: folder of the run.
        init: run of the gait network, for `start: transfer`.
        report: is told how it went.

    Raises:
        RehabCoachError: recipe or data cannot be used, or the folder holds another or a finished run.
    """
    recipe = load_recipe(path)
    model = os.path.join(out, MODEL)
    if os.path.exists(model):
        raise RehabCoachError("%s holds a finished run: give another --out" % out)
    if recipe.start == "transfer" and recipe.stage == "people" and init is None:
        raise RehabCoachError("this recipe starts from the gait network: name its run with --init")
    start = load_network(init)[0] if init is not None else None
    if start is not None and start.strength != recipe.strength:
        raise RehabCoachError("%s learned with strength '%s': so must this recipe" % (init, start.strength))
    cycles, people = recipe_cycles(recipe, data)
    names = sorted(set(people))
    numbers = np.array([names.index(person) for person in people])
    contexts = None
    if recipe.stage == "all":
        contexts = np.unique([name.rsplit(":", 1)[0] for name in names], return_inverse=True)[1]
    report("%d cycles of %d people" % (len(cycles), len(names)))
    identity = json.dumps([asdict(recipe), len(cycles), names, init], sort_keys=True)
    with locked(out):
        with written_whole(os.path.join(out, "recipe.yaml")) as temporary, open(temporary, "w") as stream:
            yaml.safe_dump(json.loads(json.dumps(asdict(recipe))), stream, sort_keys=False)
        torch.set_num_threads(1)  # threads cost such small networks more than they bring
        network, progress = train_people(recipe, cycles, numbers, start, out, recipe.stage, identity, contexts)
        plot_features(network, cycles, numbers, names, os.path.join(out, "features.png"))
        best = progress.history[progress.best_line]
        training = {"recipe": asdict(recipe), "people": len(names), "cycles": len(cycles), "best": best}
        save_network(model, network, names, recipe, training)
        forget_checkpoint(out)
    watched, part = ("validation_accuracy", "set aside") if recipe.validation else ("accuracy", "learned from")
    report("%s: %.0f %% of the cycles that were %s" % (model, 100 * best[watched], part))
    return model


def save_network(
    path: str, network: GaitNetwork, people: List[str], recipe: NetworkRecipe, training: Dict[str, Any]
) -> None:
    """Write a network with the names of its outputs, whole or not at all."""
    said = {"stage": recipe.stage, "sensor": recipe.sensor, "strength": recipe.strength}
    header = {"people": people, **said, "training": training}
    write_arrays(path, KIND, header, {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()})


def load_network(run: str) -> Tuple[GaitNetwork, Dict[str, Any]]:
    """Read the network of a run, or of a file.

    Raises:
        ModelError: it is missing, broken or of another kind.
    """
    path = os.path.join(run, MODEL) if os.path.isdir(run) else run
    header, weights = read_arrays(path, KIND)
    try:
        head = HEAD if header["stage"] == "people" else ()
        network = GaitNetwork(len(header["people"]), head=head, strength=header["strength"])
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except (KeyError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError("the content of %s does not fit together (%s): train it anew" % (path, reason)) from error
    return network.eval(), header
