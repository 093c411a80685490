"""Trainings of the people's network, in a folder each: recipe, log, curves, the features as a picture, the model."""

import json
import os
from dataclasses import asdict, fields
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, written_whole
from rehab_coach.identification.network import HEAD, GaitNetwork, NetworkRecipe, train_people
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

_CHOICES = {"stage": ("gait", "people"), "sensor": SENSORS, "start": ("transfer", "random")}


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
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise RehabCoachError("%s: '%s' must be of the kind %s, not %r" % (path, key, known[key].__name__, value))
        if key in _CHOICES and value not in _CHOICES[key]:
            raise RehabCoachError("%s: '%s' must be one of %s, not %r" % (path, key, ", ".join(_CHOICES[key]), value))
    recipe = NetworkRecipe(**{**values, "movements": tuple(values.get("movements", ()))})
    if recipe.stage == "people" and recipe.set not in READERS:
        raise RehabCoachError("%s: 'set' must be one of %s, not %r" % (path, ", ".join(READERS), recipe.set))
    for key in ("learning_rate", "steps", "batch", "log_every", "step_factor"):
        if not getattr(recipe, key) > 0:
            raise RehabCoachError("%s: '%s' must be positive, not %r" % (path, key, getattr(recipe, key)))
    return recipe


def recipe_cycles(recipe: NetworkRecipe, data: str) -> Tuple[np.ndarray, List[str]]:
    """Cycles float32 (n, 4, 100) that a recipe learns from, and whose each is.

    Raises:
        RehabCoachError: a set is missing, or there are not two people with the sensor.
    """
    chosen: List[Tuple[str, Cycle]] = []
    if recipe.stage == "gait":
        there = [name for name in GAIT_SETS if set_path(data, name)]
        for name in there:
            walking = [one for one in read_set(data, name) if one.movement != "jog"]
            # The same person's other pocket is another input: it is another class.
            chosen += [("%s:%s:%s" % (name, one.person, one.place), one) for one in cut(walking, GAIT_CYCLES)]
        if not there:
            raise RehabCoachError("none of the gait sets %s is in %s" % (", ".join(GAIT_SETS), data))
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
    cycles, people = recipe_cycles(recipe, data)
    names = sorted(set(people))
    numbers = np.array([names.index(person) for person in people])
    report("%d cycles of %d people" % (len(cycles), len(names)))
    identity = json.dumps([asdict(recipe), len(cycles), names, init], sort_keys=True)
    with locked(out):
        with written_whole(os.path.join(out, "recipe.yaml")) as temporary, open(temporary, "w") as stream:
            yaml.safe_dump({**asdict(recipe), "movements": list(recipe.movements)}, stream, sort_keys=False)
        torch.set_num_threads(1)  # threads cost such small networks more than they bring
        network, progress = train_people(recipe, cycles, numbers, start, out, recipe.stage, identity)
        plot_features(network, cycles, numbers, names, os.path.join(out, "features.png"))
        best = progress.history[progress.best_line]
        training = {"recipe": asdict(recipe), "people": len(names), "cycles": len(cycles), "best": best}
        save_network(model, network, names, recipe, training)
        forget_checkpoint(out)
    report("%s: %.0f %% of the cycles that were set aside" % (model, 100 * best["validation_accuracy"]))
    return model


def save_network(
    path: str, network: GaitNetwork, people: List[str], recipe: NetworkRecipe, training: Dict[str, Any]
) -> None:
    """Write a network with the names of its outputs, whole or not at all."""
    header = {"people": people, "stage": recipe.stage, "sensor": recipe.sensor, "training": training}
    write_arrays(path, KIND, header, {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()})


def load_network(run: str) -> Tuple[GaitNetwork, Dict[str, Any]]:
    """Read the network of a run, or of a file.

    Raises:
        ModelError: it is missing, broken or of another kind.
    """
    path = os.path.join(run, MODEL) if os.path.isdir(run) else run
    header, weights = read_arrays(path, KIND)
    try:
        network = GaitNetwork(len(header["people"]), head=() if header["stage"] == "gait" else HEAD)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except (KeyError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError("the content of %s does not fit together (%s): train it anew" % (path, reason)) from error
    return network.eval(), header
