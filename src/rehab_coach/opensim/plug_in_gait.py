"""Plug-in Gait's 39 markers, as motion capture sticks them on people, on Pose2Sim's skeleton.

Markers are metres in OpenSim's axes: x to where the person faces, y up, z to her right. Those over bones that can be
felt are where Pose2Sim has such markers; the others are put where the person has them. Then all are moved to where they
are in the middle of her poses, twice, so that they fit her.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import Dict, Mapping, Set, Tuple

import numpy as np
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.opensim.hip_centres import hip_centres
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model
from rehab_coach.opensim.tools import (
    Measurement,
    ModelMarker,
    inverse_kinematics,
    scale_by_distances,
    write_with_markers,
)

Places = Mapping[str, np.ndarray]


def _sided(name: str, body: str, location: Tuple[float, float, float], on_bone: bool) -> Dict[str, ModelMarker]:
    x, y, z = location
    return {
        "R" + name: ModelMarker(body.replace("_?", "_r"), (x, y, z), on_bone),
        "L" + name: ModelMarker(body.replace("_?", "_l"), (x, y, -z), on_bone),
    }


MARKERS: Dict[str, ModelMarker] = {
    **_sided("FHD", "head", (0.085, 0.09, 0.07), True),
    **_sided("BHD", "head", (-0.08, 0.09, 0.07), True),
    "C7": ModelMarker("torso", (-0.08, 0.42, 0.0), True),
    "T10": ModelMarker("torso", (0.0, 0.0, 0.0), False),
    "CLAV": ModelMarker("torso", (0.0, 0.0, 0.0), False),
    "STRN": ModelMarker("torso", (0.0, 0.0, 0.0), False),
    "RBAK": ModelMarker("torso", (0.0, 0.0, 0.0), False),
    **_sided("SHO", "torso", (0.0, 0.418, 0.142), True),
    **_sided("UPA", "humerus_?", (0.0, 0.0, 0.0), False),
    **_sided("ELB", "humerus_?", (0.015, -0.28, 0.04), True),
    **_sided("FRM", "radius_?", (0.0, 0.0, 0.0), False),
    **_sided("WRA", "radius_?", (0.0005, -0.225, 0.05), True),
    **_sided("WRB", "radius_?", (-0.022, -0.225, -0.022), True),
    **_sided("FIN", "hand_?", (0.003, -0.08, 0.016), True),
    **_sided("ASI", "pelvis", (0.028, 0.01, 0.128), True),
    **_sided("PSI", "pelvis", (-0.154, 0.025, 0.05), True),
    **_sided("THI", "femur_?", (0.0, 0.0, 0.0), False),
    **_sided("KNE", "femur_?", (0.008, -0.404, 0.055), True),
    **_sided("TIB", "tibia_?", (0.0, 0.0, 0.0), False),
    **_sided("ANK", "tibia_?", (-0.02, -0.385, 0.053), True),
    **_sided("HEE", "calcn_?", (-0.032, 0.0326, -0.011), True),
    **_sided("TOE", "calcn_?", (0.187, 0.0084, 0.005), True),
}
"""Where they are before anybody is known; `is_fixed`: over a bone, known on the skeleton."""

HIPS = _sided("HJC", "pelvis", (-0.0563, -0.0785, 0.0773), True)
"""Centres of the hips, which scale the thighs."""


def _both(*pairs: Tuple[str, str]) -> Tuple[Tuple[str, str], ...]:
    return tuple((side + one, side + other) for one, other in pairs for side in "RL")


MEASUREMENTS: Dict[str, Measurement] = {
    "trunk": Measurement(_both(("SHO", "HJC")), ("torso", "head"), "X Y"),
    "shoulders": Measurement((("RSHO", "LSHO"),), ("torso", "head"), "Z"),
    "pelvis": Measurement((("RASI", "LASI"), *_both(("ASI", "PSI"))), ("pelvis", "sacrum")),
    "thighs": Measurement(_both(("HJC", "KNE")), ("femur_r", "femur_l")),
    "shanks": Measurement(_both(("KNE", "ANK")), ("tibia_r", "tibia_l")),
    "feet": Measurement(_both(("HEE", "TOE")), ("talus_r", "talus_l", "calcn_r", "calcn_l", "toes_r", "toes_l")),
    "upper arms": Measurement(_both(("SHO", "ELB")), ("humerus_r", "humerus_l")),
    "forearms": Measurement(
        _both(("ELB", "WRA"), ("ELB", "WRB")), ("ulna_r", "ulna_l", "radius_r", "radius_l", "hand_r", "hand_l")
    ),
}

RANGES = {
    "knee_angle_r": (-0.3, 2.7),
    "knee_angle_l": (-0.3, 2.7),
    "arm_flex_r": (-1.6, 3.2),
    "arm_flex_l": (-1.6, 3.2),
    "arm_add_r": (-3.2, 1.6),
    "arm_add_l": (-3.2, 1.6),
    "neck_flexion": (-1.0, 1.0),
}
"""Radians where Pose2Sim's skeleton stops earlier than people."""


@dataclass(frozen=True, eq=False)
class Pose:
    """What a fit gave.

    Attributes:
        names, values: of the coordinates, (T, C) radians and metres.
        distances: (T, M) metres by which the markers are off, NaN where one was lost.
    """

    names: Tuple[str, ...]
    values: np.ndarray
    distances: np.ndarray


def fit_person(out: str, stamps: np.ndarray, places: Places) -> None:
    """Scale the skeleton to a person and put the markers where she has them.

    Args:
        out: path of the scaled model file.
        stamps: (T,) seconds.
        places: for each of `MARKERS` (T, 3) metres while she moves, NaN where it was lost.

    Raises:
        RehabCoachError: a marker is missing or hardly ever seen, OpenSim is not installed or fails.
    """
    places = {**places, **hip_centres(places)}
    lacking = sorted(set(MARKERS) - set(places))
    if lacking:
        raise RehabCoachError("these are not the markers of Plug-in Gait: %s is missing" % lacking[0])
    whole = np.isfinite(np.stack(list(places.values()), axis=1)).all(axis=(1, 2))
    if whole.sum() < 2:
        raise RehabCoachError("there are no two moments in which all markers are seen: nobody can be measured by them")
    on_bones = tuple(name for name, marker in MARKERS.items() if marker.is_fixed)
    with tempfile.TemporaryDirectory() as folder:
        generic, own = os.path.join(folder, "generic.osim"), os.path.join(folder, "own.osim")
        write_with_markers(default_model(), generic, {**MARKERS, **HIPS}, RANGES)
        seen = {name: place[whole] for name, place in places.items()}
        scale_by_distances(generic, own, MEASUREMENTS, stamps[: whole.sum()], seen)
        everywhere = (tuple(MARKERS), set(MARKERS))
        for fitted, moved in ((on_bones, set(MARKERS) - set(on_bones)), everywhere, everywhere):
            _put_markers(own, stamps, places, fitted, moved)
        with written_whole(out) as temporary:
            shutil.copyfile(own, temporary)


def _put_markers(path: str, stamps: np.ndarray, places: Places, fitted: Tuple[str, ...], moved: Set[str]) -> None:
    """Move some markers of a model to where they are in the middle of the poses that others give."""
    names, values = inverse_kinematics(path, stamps, {name: places[name] for name in fitted})
    model = read_model(path)
    layer = SkeletonLayer(model, torch.float64)
    pose = layer(torch.from_numpy(values[:, [names.index(name) for name in layer.coordinates]]))
    markers = {}
    for name, frame in model.markers.items():
        body = model.bodies.index(frame.body)
        place = frame.place.sum(axis=1)
        if name in moved:
            away = places[name] - pose.bodies[:, body].numpy()
            place = np.nanmedian(np.einsum("tji,tj->ti", pose.rotations[:, body].numpy(), away), axis=0)
        if name in MARKERS:
            markers[name] = ModelMarker(frame.body, tuple(place), MARKERS[name].is_fixed)
    write_with_markers(path, path, markers, {})


def solve(path: str, stamps: np.ndarray, places: Places) -> Pose:
    """Poses of a person by OpenSim's inverse kinematics.

    Args:
        path: of her model file, from `fit_person`.
        stamps, places: see `fit_person`.

    Raises:
        RehabCoachError: OpenSim is not installed or fails.
    """
    model = read_model(path)
    layer = SkeletonLayer(model, torch.float64)
    seen = {name: places[name] for name in model.markers if np.isfinite(places[name]).any()}
    names, values = inverse_kinematics(path, stamps, seen)
    pose = layer(torch.from_numpy(values[:, [names.index(name) for name in layer.coordinates]]))
    wanted = np.stack([places[name] for name in layer.markers], axis=1)
    return Pose(names, values, np.linalg.norm(pose.markers.numpy() - wanted, axis=2))
