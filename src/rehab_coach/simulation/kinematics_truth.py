"""True joint angles of a skeleton for films of virtual patients: markers on the mesh, then OpenSim's scaling and IK.

A folder of films made with a plan (see `films`) gets

    FILMS/models/PERSON.osim    the skeleton scaled to each person, with her markers; PERSON.json: the scale factors
    FILMS/kinematics/NAME.npz   a `KinematicsTruth` for each film
    FILMS/kinematics/NAME.mot   the same angles for OpenSim
    FILMS/kinematics.csv        film, group, frames, share of the angles that count, mean distance of the markers (mm)

A run that was interrupted goes on where it stopped.
"""

import csv
import json
import os
from typing import Dict, Iterator, List, Mapping, Tuple

import numpy as np
import torch
from tqdm import tqdm

from rehab_coach.direct_kinematics.truth import FOLDER, TABLE, KinematicsTruth
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, read_table, written_whole
from rehab_coach.opensim.coordinates import IN_POSE2SIM, JointAngles
from rehab_coach.opensim.files import write_mot
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model, load_opensim
from rehab_coach.opensim.tools import inverse_kinematics, scale_model
from rehab_coach.simulation.body import Body, Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.films import Order, body_of, claim
from rehab_coach.simulation.plan import Clip, Plan, clip_of
from rehab_coach.simulation.render import Film
from rehab_coach.simulation.truth import describe, write_json
from rehab_coach.simulation.virtual_markers import (
    MEASUREMENTS,
    PARTS,
    RANGES,
    WITHOUT_MARKERS,
    VirtualMarkers,
    in_opensim,
    marked_vertices,
)

LARGEST_DISTANCE = 0.02
"""Metres: where a body's markers are on average farther from where they should be, its angles do not count."""

MODELS = "models"
COLUMNS = ("file", "group", "frames", "counting", "distance_mm")


def camera_axes(camera: Camera) -> np.ndarray:
    """Rotation (3, 3) from OpenSim's ground to right, down and away from the camera."""
    room_to_ground = in_opensim(np.eye(3)).T
    return (camera.pose()[:3, :3] * [1.0, -1.0, -1.0]).T @ room_to_ground.T


def add_truth(folder: str, plan: Plan) -> Iterator[str]:
    """Make what is missing, with a progress bar.

    Args:
        folder: of films.
        plan: from which they were made.

    Yields:
        A line about each film whose truth could not be made.

    Raises:
        RehabCoachError: the folder holds no such films, OpenSim or its skeleton is not installed.
    """
    load_opensim()
    path = default_model()
    model = read_model(path)
    rows = read_table(_table(folder), ("file",))
    claim(Order(plan, folder))
    numbers = sorted({_number(row["file"]) for row in rows})
    vertices = marked_vertices(Body(Physique()))
    with locked(os.path.join(folder, FOLDER)):
        for number in tqdm(numbers, desc="films", unit="film", dynamic_ncols=True, disable=None):
            clip = clip_of(plan, number)
            if os.path.exists(_file(folder, clip, ".npz")) or clip.scene.exercise == "nobody":
                continue
            try:
                _make(folder, clip, path, model, vertices)
            except RehabCoachError as error:
                if str(error).startswith("cannot write"):
                    raise
                yield "left out: %s: %s" % (clip.name, error)
        _write_table(folder, [clip_of(plan, number) for number in numbers])


def _table(folder: str) -> str:
    tables = [os.path.join(folder, name) for name in ("skeletons.csv", "clips.csv")]
    found = [table for table in tables if os.path.exists(table)]
    if not found:
        raise RehabCoachError(
            "%s holds no films: rehab-coach render --plan PLAN --out %s makes them" % (folder, folder)
        )
    return found[0]


def _number(file: str) -> int:
    name = os.path.basename(file).split("-")[0]
    if not name.isdigit():
        raise RehabCoachError("%s is not a film of a plan: its name does not begin with its number" % file)
    return int(name)


def _file(folder: str, clip: Clip, ending: str) -> str:
    return os.path.join(folder, FOLDER, clip.name + ending)


def _make(folder: str, clip: Clip, path: str, model: Model, vertices: Mapping[str, np.ndarray]) -> None:
    body = body_of(clip.physique)
    film = Film(clip.scene, body)
    check_same(folder, clip, film)
    markers = VirtualMarkers(body, vertices)
    own, factors = _person(folder, clip.group, path, model, markers)
    performance = film.subject.performance
    places = markers.places(performance.rotations, performance.heads)
    begin = {name: angle[0] for name, angle in performance.angles.items()}
    begin.update((IN_POSE2SIM[name], begin[name]) for name in IN_POSE2SIM)
    names, values = inverse_kinematics(own, film.motion.stamps, places, begin=begin)
    scaled = read_model(own)
    layer = SkeletonLayer(scaled, torch.float64)
    given = torch.from_numpy(values[:, [names.index(name) for name in layer.coordinates]])
    pose = layer(given)
    fitted = pose.markers.numpy()[:, [layer.markers.index(name) for name in markers.names]]
    wanted = np.stack([places[name] for name in markers.names], axis=1)
    apart = np.linalg.norm(fitted - wanted, axis=2)
    camera = camera_axes(film.camera)
    pelvis = pose.rotations[:, scaled.bodies.index("pelvis")].numpy()
    truth = KinematicsTruth(
        layer.coordinates,
        film.motion.stamps,
        given.numpy().astype(np.float32),
        _counts(scaled, layer.coordinates, apart, markers.parts),
        scaled.bodies,
        np.array([factors.get(name, (1.0, 1.0, 1.0)) for name in scaled.bodies], np.float32),
        (camera @ pelvis).astype(np.float32),
        camera.astype(np.float32),
        wanted.astype(np.float32),
        apart.mean(axis=1).astype(np.float32),
    )
    turning = [name for name in layer.coordinates if scaled.coordinates[name].is_rotation]
    angles = truth.coordinates[:, [layer.coordinates.index(name) for name in turning]].astype(float)
    write_mot(
        _file(folder, clip, ".mot"),
        JointAngles(tuple(turning), film.motion.stamps, angles, np.zeros_like(angles), "truth"),
    )
    truth.save(_file(folder, clip, ".npz"))


def check_same(folder: str, clip: Clip, film: Film) -> None:
    """RehabCoachError where a film made again from its plan is not the one that the folder holds: another version."""
    for place in ("truth", "clips"):
        path = os.path.join(folder, place, clip.name + ".json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                kept = json.load(stream)
            if kept != json.loads(json.dumps(describe(film))):
                raise RehabCoachError(
                    "%s was made by another version of this package, or from other motions: make it again" % path
                )
            return
    raise RehabCoachError("the truth of %s is not there (%s.json)" % (clip.name, clip.name))


def _person(
    folder: str, group: str, path: str, model: Model, markers: VirtualMarkers
) -> Tuple[str, Dict[str, np.ndarray]]:
    """Path of the person's skeleton, and its scale factors."""
    own = os.path.join(folder, MODELS, group + ".osim")
    factors = os.path.join(folder, MODELS, group + ".json")
    if os.path.exists(factors):  # written last
        with open(factors, encoding="utf-8") as stream:
            return own, {name: np.array(value) for name, value in json.load(stream).items()}
    found = scale_model(path, own, markers.on_model(model), MEASUREMENTS, markers.standing(), RANGES)
    write_json(factors, {name: list(value) for name, value in found.items()})
    return own, found


def _counts(model: Model, names: Tuple[str, ...], apart: np.ndarray, parts: List[str]) -> np.ndarray:
    """Bool (T, C): the bodies on both sides of the coordinate's joint are where their markers are.

    Where the pelvis is not, nothing counts: everything hangs on it.
    """
    near = {part: apart[:, [one == part for one in parts]].mean(axis=1) <= LARGEST_DISTANCE for part in PARTS}
    near["ground"] = np.ones(len(apart), bool)
    counts = np.zeros((len(apart), len(names)), bool)
    for joint in model.joints:
        sides = [WITHOUT_MARKERS.get(frame.body, frame.body) for frame in (joint.parent, joint.child)]
        for name in joint.coordinates:
            counts[:, names.index(name)] = near[sides[0]] & near[sides[1]] & near["pelvis"]
    return counts


def _write_table(folder: str, clips: List[Clip]) -> None:
    with written_whole(os.path.join(folder, TABLE)) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for clip in clips:
            path = _file(folder, clip, ".npz")
            if os.path.exists(path):
                truth = KinematicsTruth.load(path)
                counting, distance = truth.counts.mean(), 1000 * truth.distance.mean()
                file = os.path.relpath(path, folder)
                writer.writerow([file, clip.group, len(truth.stamps), "%.3f" % counting, "%.1f" % distance])


def report(folder: str) -> str:
    """The table's sums, for people."""
    rows = read_table(os.path.join(folder, TABLE), COLUMNS)
    frames = np.array([int(row["frames"]) for row in rows])
    counting = np.average([float(row["counting"]) for row in rows], weights=frames)
    distance = np.average([float(row["distance_mm"]) for row in rows], weights=frames)
    return (
        "%d films of %d people, %d frames; %.1f %% of the angles count, the others are dropped because the markers of "
        "their bodies are more than %.0f mm away; mean distance %.1f mm"
        % (
            len(rows),
            len({row["group"] for row in rows}),
            frames.sum(),
            100 * counting,
            1000 * LARGEST_DISTANCE,
            distance,
        )
    )
