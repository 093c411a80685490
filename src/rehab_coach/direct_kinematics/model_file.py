"""Model files: weights as safetensors, and in the file's metadata the contract as JSON."""

import json
import os
from dataclasses import asdict
from typing import Tuple, Union

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.networks import FrameNetwork, KinematicsNetwork, MarkersNetwork
from rehab_coach.direct_kinematics.recipe import make_recipe
from rehab_coach.direct_kinematics.refinement import PictureFit
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

KIND, VERSION = "direct_kinematics", 3


def save_network(path: str, network: FrameNetwork, contract: KinematicsContract) -> None:
    """Write weights and contract into one file, whole or not at all; RehabCoachError where it cannot be written."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    content = save(weights, {KIND: json.dumps({"version": VERSION, **asdict(contract)})})
    with written_whole(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)


def load_network(path: str) -> Tuple[KinematicsNetwork, KinematicsContract]:
    """The network in evaluation mode, and its contract.

    Raises:
        RehabCoachError: the file is missing, broken, or of another kind.
    """
    network, contract = _load(path)
    if not isinstance(network, KinematicsNetwork):
        raise RehabCoachError(
            "%s answers markers, not angles: it is a baseline for `rehab-coach evaluate-kinematics --markers`" % path
        )
    return network, contract


def load_markers_network(path: str) -> Tuple[MarkersNetwork, KinematicsContract]:
    """The same of a network whose recipe has `output: markers`."""
    network, contract = _load(path)
    if not isinstance(network, MarkersNetwork):
        raise RehabCoachError(
            "%s answers angles, not markers: train the baseline with config/recipes/kinematics/markers.yaml" % path
        )
    return network, contract


def _load(path: str) -> Tuple[Union[KinematicsNetwork, MarkersNetwork], KinematicsContract]:
    if not os.path.isfile(path):
        raise RehabCoachError("there is no model %s: train one with `rehab-coach train-kinematics`" % path)
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            weights = {name: stored.get_tensor(name) for name in stored.keys()}
        if KIND not in metadata:
            raise RehabCoachError("%s is a model of another kind: `rehab-coach train-kinematics` makes these" % path)
        values = json.loads(metadata[KIND])
        if values.pop("version") != VERSION:
            raise RehabCoachError("%s was made by another version of this package: train it anew" % path)
        for name in ("names", "bodies", "mirrored", "signs", "mirrored_bodies", "points"):
            values[name] = tuple(values.get(name, ()))
        contract = KinematicsContract(**values)
        recipe = make_recipe(contract.recipe)
        network: Union[KinematicsNetwork, MarkersNetwork] = (
            MarkersNetwork(recipe, contract) if contract.points else KinematicsNetwork(recipe, contract)
        )
        network.load_state_dict(weights)
        if not contract.points:
            PictureFit(contract)  # answers are refined: what that takes is looked at now, not after the film
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise RehabCoachError(
            "%s is broken or cut short (%s): copy it again or train it anew" % (path, str(error).splitlines()[0])
        ) from error
    return network.eval(), contract
