"""Baseline: a network that answers joints and markers, then OpenSim's scaling and inverse kinematics."""

import os
import tempfile
from typing import Dict, Mapping, Tuple

import numpy as np
import torch

from rehab_coach.direct_kinematics.answers import Answer, answer_points, averaged
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Points, Recording
from rehab_coach.direct_kinematics.mirror import mirrored_guess
from rehab_coach.direct_kinematics.model_file import load_markers_network
from rehab_coach.direct_kinematics.networks import Guess
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model, load_opensim
from rehab_coach.opensim.tools import ModelMarker, inverse_kinematics, scale_by_distances, write_with_markers
from rehab_coach.simulation.virtual_markers import MEASUREMENTS, RANGES

HIPS = ("hip_r", "hip_l")


class MarkersThenOpenSim:
    """Answers a recording as the multi-step way does; used in a `with` block.

    Args:
        path: of a network whose recipe has `output: markers`.
        contract: of the network that it is compared with, whose coordinates are answered.
        model: the skeleton, with markers where people have them on average.

    Raises:
        RehabCoachError: another network, one of other markers, or OpenSim is not installed.
    """

    def __init__(self, path: str, contract: KinematicsContract, model: Model):
        load_opensim()
        self._network, self._contract = load_markers_network(path)
        self._names, self._bodies = contract.names, model.bodies
        if self._contract.points != Points(model, contract.names).names:
            raise RehabCoachError("%s answers other markers than those of the films' people" % path)
        if self._contract.recipe["seed"] != contract.recipe["seed"]:
            raise RehabCoachError(
                "%s has another seed than the network: it may have learned from the kept people" % path
            )
        self._markers = self._contract.points[len(model.joints) :]
        self._folder = tempfile.TemporaryDirectory()
        self._generic = os.path.join(self._folder.name, "generic.osim")
        markers = {
            name: ModelMarker(frame.body, tuple(frame.place.sum(axis=1)), False)
            for name, frame in model.markers.items()
        }
        write_with_markers(default_model(), self._generic, markers, RANGES)

    def __enter__(self) -> "MarkersThenOpenSim":
        return self

    def __exit__(self, *_) -> None:
        self._folder.cleanup()

    def __call__(self, recording: Recording) -> Answer:
        """The recording's kinematics: the mean of what is answered to it and to its mirror image, like the network's.

        Raises:
            RehabCoachError: OpenSim fails.
        """
        stamps = recording.sequence.stamps
        plain, mirrored = (self.solve(stamps, one) for one in (recording.features, recording.mirrored))
        return averaged(plain, mirrored_guess(mirrored, self._contract))

    def solve(self, stamps: np.ndarray, features: np.ndarray) -> Guess:
        """Of features (T, 200): the person scaled by what is seen in them, frames solved one by one."""
        points = answer_points(self._network, self._contract, features)[:, -len(self._markers) :]
        to_ground = facing_ground(*(points[:, self._markers.index(hip)] for hip in HIPS))
        places = dict(zip(self._markers, np.moveaxis(points @ to_ground.T, 1, 0).astype(float)))
        own = os.path.join(self._folder.name, "person.osim")
        factors = scale_by_distances(self._generic, own, MEASUREMENTS, stamps, places)
        coordinates, pelvis = solved(own, stamps, places, self._names)
        scales = torch.from_numpy(as_array(factors, self._bodies)).expand(len(stamps), -1, 3)
        root = (to_ground.T @ pelvis).astype(np.float32)
        return Guess(torch.from_numpy(coordinates), scales, torch.from_numpy(root))


def facing_ground(right: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) from a level camera's axes to OpenSim's ground, x to where hips (T, 3) face on average."""
    up = np.array([0.0, -1.0, 0.0])
    aside = (right - left).mean(axis=0)
    aside = aside - aside.dot(up) * up
    aside = aside / max(np.linalg.norm(aside), 1e-9)
    return np.stack([np.cross(up, aside), up, aside])


def solved(
    path: str, stamps: np.ndarray, places: Mapping[str, np.ndarray], names: Tuple[str, ...], setup: str = ""
) -> Tuple[np.ndarray, np.ndarray]:
    """OpenSim's inverse kinematics of a scaled model.

    Args:
        path, stamps, places, setup: see `inverse_kinematics`.
        names: of the coordinates that are wanted.

    Returns:
        Coordinates float32 (T, C) and the pelvis's rotations (T, 3, 3) to the ground.
    """
    found, values = inverse_kinematics(path, stamps, places, setup)
    if len(values) != len(stamps):
        raise RehabCoachError("OpenSim solved %d of %d frames" % (len(values), len(stamps)))
    model = read_model(path)
    layer = SkeletonLayer(model, torch.float64)
    pose = layer(torch.from_numpy(values[:, [found.index(name) for name in layer.coordinates]]))
    pelvis = pose.rotations[:, model.bodies.index("pelvis")].numpy()
    return values[:, [found.index(name) for name in names]].astype(np.float32), pelvis.astype(np.float32)


def as_array(factors: Mapping[str, np.ndarray], bodies: Tuple[str, ...]) -> np.ndarray:
    """Scale factors float32 (bodies, 3), 1 where a body has none."""
    whole: Dict[str, np.ndarray] = {body: np.ones(3) for body in bodies}
    whole.update({body: np.asarray(factor) for body, factor in factors.items() if body in whole})
    return np.stack(list(whole.values())).astype(np.float32)
