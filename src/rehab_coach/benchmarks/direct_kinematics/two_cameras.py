"""Baseline: key points of two calibrated cameras, triangulated, then OpenSim's inverse kinematics as Pose2Sim does it.

The skeletons are those of the truth, scaled to each person, with Pose2Sim's markers for key points, and its weights.
"""

import contextlib
import json
import os
import tempfile
from typing import Dict, List, Mapping, Tuple
from xml.etree import ElementTree

import cv2
import numpy as np
from tqdm import tqdm

from rehab_coach.benchmarks.direct_kinematics.multi_step import as_array, solved
from rehab_coach.benchmarks.direct_kinematics.shooting import shot_again
from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.direct_kinematics.truth import FOLDER, KinematicsTruth
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.packages import load_opensim, pose2sim_file
from rehab_coach.opensim.tools import ModelMarker, write_with_markers
from rehab_coach.pose import PoseEstimator
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.films import estimated
from rehab_coach.simulation.kinematics_truth import MODELS
from rehab_coach.simulation.plan import Plan
from rehab_coach.simulation.virtual_markers import in_opensim
from rehab_coach.skeleton import SkeletonSequence

YAWS = (0.0, 90.0)
"""Of the cameras: before her, and on her left."""
MARKERS, SETUP = "Markers_BlazePose.xml", "IK_Setup_Pose2Sim_Blazepose.xml"


def answers(
    folder: str,
    plan: Plan,
    recordings: List[Recording],
    names: Tuple[str, ...],
    bodies: Tuple[str, ...],
    estimators: Mapping[str, PoseEstimator],
) -> Dict[str, Dict[str, Answer]]:
    """For each estimator what its key points in two cameras give, by the recording's name.

    A film is left out where no point is seen by both cameras, or OpenSim fails.

    Args:
        folder, plan: of the films.
        recordings: of films of that folder.
        names, bodies: of the coordinates and bodies that are answered.
        estimators: by their names.

    Raises:
        RehabCoachError: the films cannot be shot again, or OpenSim is not installed.
    """
    load_opensim()
    found: Dict[str, Dict[str, Answer]] = {name: {} for name in estimators}
    for recording in tqdm(recordings, desc="two cameras", unit="film", dynamic_ncols=True, disable=None):
        films = [shot_again(folder, plan, recording, yaw) for yaw in YAWS]
        seen = [estimated(film, estimators) for film in films]
        cameras = [film.camera for film in films]
        for name in estimators:
            places = triangulated([one[name] for one in seen], cameras)
            with contextlib.suppress(RehabCoachError):
                found[name][recording.name] = _answer(folder, recording, places, names, bodies)
    return found


def _answer(
    folder: str,
    recording: Recording,
    places: Mapping[str, np.ndarray],
    names: Tuple[str, ...],
    bodies: Tuple[str, ...],
) -> Answer:
    if not places:
        raise RehabCoachError("no point of %s is seen by both cameras" % recording.name)
    truth = KinematicsTruth.load(os.path.join(folder, FOLDER, recording.name + ".npz"))
    person = os.path.join(folder, MODELS, recording.person)
    with open(person + ".json", encoding="utf-8") as stream:
        factors = {body: np.array(factor) for body, factor in json.load(stream).items()}
    markers = {
        name: ModelMarker(marker.body, tuple(factors.get(marker.body, 1.0) * np.array(marker.location)), True)
        for name, marker in pose2sim_markers().items()
    }
    with tempfile.TemporaryDirectory() as temporary:
        own = os.path.join(temporary, "person.osim")
        write_with_markers(person + ".osim", own, markers, {})
        coordinates, pelvis = solved(own, truth.stamps, places, names, pose2sim_file(SETUP))
    return Answer(coordinates, np.zeros_like(coordinates), as_array(factors, bodies), truth.camera @ pelvis)


def pose2sim_markers() -> Dict[str, ModelMarker]:
    """Where Pose2Sim puts key points on its skeleton before it is scaled."""
    markers = {}
    for marker in ElementTree.parse(pose2sim_file(MARKERS)).getroot().iter("Marker"):
        body = (marker.findtext("socket_parent_frame") or "").split("/")[-1]
        location = tuple(float(number) for number in (marker.findtext("location") or "").split())
        markers[marker.get("name", "")] = ModelMarker(body, location, True)  # type: ignore[arg-type]
    return markers


def triangulated(sequences: List[SkeletonSequence], cameras: List[Camera]) -> Dict[str, np.ndarray]:
    """Key points in space by Pose2Sim's names, each (T, 3) metres in OpenSim's axes.

    What one of the cameras does not see is interpolated in time; what is never seen by both is left out.

    Args:
        sequences: of the two cameras.
        cameras: where they stand.
    """
    first, second = (_projection(camera, one.size) for camera, one in zip(cameras, sequences))
    places = {}
    known_markers = pose2sim_markers()
    for number, joint in enumerate(sequences[0].layout.joints):
        name = marker_name(joint)
        one, other = (sequence.key_points[:, number] for sequence in sequences)
        both = (one[:, 2] > 0) & (other[:, 2] > 0)
        if name not in known_markers or not both.any():
            continue
        points = cv2.triangulatePoints(
            first, second, one[both, :2].T.astype(np.float64), other[both, :2].T.astype(np.float64)
        )
        room = (points[:3] / points[3]).T
        stamps = sequences[0].stamps
        filled = np.stack([np.interp(stamps, stamps[both], axis) for axis in room.T], axis=1)
        places[name] = in_opensim(filled)
    return places


def marker_name(joint: str) -> str:
    """Pose2Sim's name of a joint: left_foot_index is LBigToe."""
    side, _, rest = joint.partition("_")
    if side not in ("left", "right"):
        return joint.capitalize()
    return side[0].upper() + {"foot_index": "BigToe"}.get(rest, rest.capitalize())


def _projection(camera: Camera, size: Tuple[int, int]) -> np.ndarray:
    values = camera.as_dict(size)
    outside = np.column_stack([np.array(values["rotation"]), np.array(values["translation"])])
    return np.array(values["intrinsics"]) @ outside
