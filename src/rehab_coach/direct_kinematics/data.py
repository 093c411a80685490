"""Films with their true kinematics, as the network learns from them and is measured by them."""

import glob
import hashlib
import json
import os
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from tqdm import tqdm

from rehab_coach.direct_kinematics.backbones import Backbone
from rehab_coach.direct_kinematics.features import both_sides
from rehab_coach.direct_kinematics.pictures import CLIPS, look_at_film
from rehab_coach.direct_kinematics.refinement import PosedBody
from rehab_coach.direct_kinematics.truth import FOLDER, TABLE, KinematicsTruth
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.opensim.model import Frame, Model
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model
from rehab_coach.skeleton import SkeletonSequence

ESTIMATOR = "mediapipe"


@dataclass(frozen=True, eq=False)
class Recording:
    """One film.

    Attributes:
        name, person, movement: of the film.
        sequence: what the pose network saw.
        features, mirrored: float32 (T, 200 + F), of the sequence and of its mirror image, see `both_sides`.
        picture_features: float16 (2, T, F) of these what a backbone sees, None = key points alone are seen.
        seen: bool (T,): somebody was.
        coordinates: float32 (T, C) radians, those that the network answers.
        counts: bool (T, C), see `KinematicsTruth`.
        scales: float32 (bodies, 3).
        root: float32 (T, 3, 3).
        folder: of the films.
        height: of the person, metres, None where the films do not say.
    """

    name: str
    person: str
    movement: str
    sequence: SkeletonSequence
    features: np.ndarray
    mirrored: np.ndarray
    picture_features: Optional[np.ndarray]
    seen: np.ndarray
    coordinates: np.ndarray
    counts: np.ndarray
    scales: np.ndarray
    root: np.ndarray
    folder: str
    height: Optional[float] = None

    @property
    def body(self) -> str:
        """Of the person, told from others' by its scale factors."""
        return hashlib.sha256(self.scales.tobytes()).hexdigest()[:16]


def answered(model: Model) -> Tuple[str, ...]:
    """The coordinates that the network answers: all independent angles but those of the root, which is a rotation."""
    own = model.root.coordinates if model.root else ()
    return tuple(name for name in model.independent if model.coordinates[name].is_rotation and name not in own)


def read_films(*folders: str, backbone: Optional[Backbone] = None) -> Tuple[Model, List[Recording]]:
    """The skeleton, with markers where people have them on average, and all films that have their truth.

    Args:
        folders: of films.
        backbone: what looks at their pictures, if anything does; with a progress bar.

    Raises:
        RehabCoachError: a folder holds none, or they are of different skeletons.
    """
    for folder in folders:
        if not os.path.exists(os.path.join(folder, TABLE)):
            raise RehabCoachError("%s has no %s: `rehab-coach dataset kinematics` makes it" % (folder, TABLE))
    model = _with_mean_markers(folders)
    return model, [recording for folder in folders for recording in _recordings(folder, model, backbone)]


def _recordings(folder: str, model: Model, backbone: Optional[Backbone]) -> List[Recording]:
    names = answered(model)
    recordings = []
    rows = read_table(os.path.join(folder, TABLE), ("file", "group"))
    for row in tqdm(rows, desc=backbone.name, unit="film", dynamic_ncols=True, disable=None) if backbone else rows:
        truth = KinematicsTruth.load(os.path.join(folder, row["file"]))
        name = os.path.basename(row["file"])
        path = os.path.join(folder, ESTIMATOR, name)
        if not os.path.exists(path):
            raise RehabCoachError("%s is missing: render the films with --estimator %s" % (path, ESTIMATOR))
        if truth.bodies != model.bodies:
            raise RehabCoachError("%s belongs to another skeleton than the models of %s" % (row["file"], folder))
        sequence = SkeletonSequence.load(path)
        picture_features = look_at_film(backbone, folder, name[: -len(".npz")], sequence) if backbone else None
        columns = [truth.names.index(one) for one in names]
        recordings.append(
            Recording(
                name[: -len(".npz")],
                row["group"],
                name[: -len(".npz")].split("-", 1)[1],
                sequence,
                *both_sides(sequence, picture_features),
                picture_features,
                sequence.seen,
                truth.coordinates[:, columns],
                truth.counts[:, columns],
                truth.scales,
                truth.root,
                folder,
                _height(folder, name[: -len(".npz")]),
            )
        )
    return recordings


def _height(folder: str, name: str) -> Optional[float]:
    """What the film's own truth says, which `rehab-coach render` wrote."""
    paths = [os.path.join(folder, part, name + ".json") for part in ("truth", CLIPS)]
    for path in filter(os.path.exists, paths):
        try:
            with open(path, encoding="utf-8") as stream:
                return float(json.load(stream)["person"]["height"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RehabCoachError("%s does not say how tall the person is: render the film anew" % path) from error
    return None


def _with_mean_markers(folders: Sequence[str]) -> Model:
    """The skeleton before it is scaled; its markers where those of the people would be, had they its size."""
    paths: List[str] = []
    for folder in folders:
        own = sorted(glob.glob(os.path.join(folder, "models", "*.osim")))
        if not own:
            raise RehabCoachError("%s has no folder models: `rehab-coach dataset kinematics` makes it" % folder)
        paths += own
    people = [read_model(path) for path in paths]
    generic = read_model(default_model())
    scales: Dict[str, np.ndarray] = {}
    for folder in folders:
        for path in glob.glob(os.path.join(folder, FOLDER, "*.npz")):
            scales[path] = KinematicsTruth.load(path).scales
    mean = np.mean(list(scales.values()), axis=0)
    number = {body: place for place, body in enumerate(generic.bodies)}
    markers = {}
    for path, person in zip(paths, people):
        lacking = sorted(set(people[0].markers) ^ set(person.markers))
        if lacking:
            raise RehabCoachError(
                "%s and %s have not the same markers (%s): remove both with the folder %s and make them again with "
                "`rehab-coach dataset kinematics`" % (paths[0], path, lacking[0], FOLDER)
            )
    for name in people[0].markers:
        frames = [person.markers[name] for person in people]
        place = np.mean([frame.place.sum(axis=1) for frame in frames], axis=0) / mean[number[frames[0].body]]
        markers[name] = Frame(frames[0].body, np.eye(3), np.diag(place))
    # Ranges are those in which the people were fitted.
    return replace(generic, markers=markers, coordinates=people[0].coordinates)


def split(recordings: List[Recording], validation: float, test: float, seed: int) -> Dict[str, List[Recording]]:
    """Learned from, watched and kept to test with, divided by person, each folder by itself.

    Raises:
        RehabCoachError: too few people for that.
    """
    divided: Dict[str, List[Recording]] = {"train": [], "validation": [], "test": []}
    for folder in dict.fromkeys(recording.folder for recording in recordings):
        own = [recording for recording in recordings if recording.folder == folder]
        people = sorted({recording.person for recording in own})
        order = np.random.default_rng(seed).permutation(len(people))
        tested, watched = int(round(test * len(people))), int(round(validation * len(people)))
        if tested + watched >= len(people) or (test and not tested) or (validation and not watched):
            raise RehabCoachError("%d people are too few to learn from some and to measure others" % len(people))
        kinds = {people[number]: "test" for number in order[:tested]}
        kinds.update({people[number]: "validation" for number in order[tested : tested + watched]})
        for recording in own:
            divided[kinds.get(recording.person, "train")].append(recording)
    return divided


class Points:
    """Joints, bodies and markers of guesses and truths, seen from the pelvis in the camera's axes.

    Args:
        model: the skeleton with markers.
        names: of the coordinates that are given; the others are 0.

    Attributes:
        joints: how many of the points are joints; the others are markers.
        names: of the points.
        coordinates: names of those that are given.
    """

    def __init__(self, model: Model, names: Tuple[str, ...]):
        self._body, self.coordinates = PosedBody(model, names), names
        self.joints = len(self._body.layer.joints)
        self.names = self._body.layer.joints + self._body.layer.markers
        number = {joint.child.body: place for place, joint in enumerate(model.joints)}
        above = [(place, number.get(joint.parent.body)) for place, joint in enumerate(model.joints)]
        self._pairs = np.array([pair for pair in above if pair[1] is not None])

    def to(self, device: str) -> "Points":
        """Compute there."""
        self._body.to(device)
        return self

    def lengths(self, points: np.ndarray) -> np.ndarray:
        """Distances (N, pairs) metres between joints that follow each other, of points (N, P, 3)."""
        return np.linalg.norm(points[:, self._pairs[:, 0]] - points[:, self._pairs[:, 1]], axis=2)

    def __call__(self, coordinates: torch.Tensor, scales: torch.Tensor, root: torch.Tensor) -> torch.Tensor:
        """Points (N, P, 3) metres of coordinates (N, C), scales (N, bodies, 3), rotations (N, 3, 3)."""
        pose = self._body(coordinates, scales, root)
        return torch.cat([pose.joints, pose.markers], dim=1)
