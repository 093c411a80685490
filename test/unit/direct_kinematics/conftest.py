"""A skeleton with two legs and a trunk, films of it with their truth, and a small recipe."""

import csv

import numpy as np
import pytest
import torch

from rehab_coach.direct_kinematics.recipe import KinematicsRecipe
from rehab_coach.direct_kinematics.truth import KinematicsTruth
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model_file import body_fixed, read_model
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

AXIS = '<TransformAxis name="%s"><coordinates>%s</coordinates><axis>%s</axis></TransformAxis>'
FRAMES = 12


def _coordinates(names):
    content = "<default_value>0</default_value><range>-1.5 1.5</range>"
    return "".join('<Coordinate name="%s">%s</Coordinate>' % (name, content) for name in names)


def _custom(name, parent, child, place, turns, shifts=("", "", "")):
    """Rotations as (coordinate, axis); translations as coordinates."""
    axes = [(coordinate, axis) for coordinate, axis in turns]
    axes += list(zip(shifts, ("1 0 0", "0 1 0", "0 0 1")))
    spatial = "".join(AXIS % ("axis%d" % number, *axis) for number, axis in enumerate(axes))
    frame = "<socket_parent>%s</socket_parent><translation>%s</translation>" % (parent, place)
    names = [coordinate for coordinate, _ in axes if coordinate]
    return (
        '<CustomJoint name="%s"><socket_parent_frame>on</socket_parent_frame><socket_child_frame>/bodyset/%s'
        '</socket_child_frame><coordinates>%s</coordinates><frames><PhysicalOffsetFrame name="on">%s'
        "</PhysicalOffsetFrame></frames><SpatialTransform>%s</SpatialTransform></CustomJoint>"
        % (name, child, _coordinates(names), frame, spatial)
    )


def _walker():
    bodies = "".join('<Body name="%s" />' % name for name in ("pelvis", "trunk", "thigh_r", "thigh_l"))
    joints = _custom(
        "ground_pelvis",
        "/ground",
        "pelvis",
        "0 0 0",
        (("pelvis_tilt", "0 0 1"), ("pelvis_list", "1 0 0"), ("pelvis_rotation", "0 1 0")),
        ("pelvis_tx", "pelvis_ty", "pelvis_tz"),
    )
    turns = (("trunk_extension", "0 0 1"), ("trunk_bending", "1 0 0"), ("", "0 1 0"))
    joints += _custom("back", "/bodyset/pelvis", "trunk", "0 0.2 0", turns)
    for side, z, across in (("r", "0.1", "1 0 0"), ("l", "-0.1", "-1 0 0")):
        turns = (("hip_flexion_" + side, "0 0 1"), ("hip_adduction_" + side, across), ("", "0 1 0"))
        joints += _custom("hip_" + side, "/bodyset/pelvis", "thigh_" + side, "0 -0.1 " + z, turns)
    place = "<socket_parent_frame>/bodyset/%s</socket_parent_frame><location>0.02 -0.3 %s</location>"
    markers = "".join(
        '<Marker name="m_%s">%s</Marker>' % (name, place % (name, z))
        for name, z in (("trunk", "0"), ("thigh_r", "0.05"), ("thigh_l", "-0.05"))
    )
    sets = (("BodySet", bodies), ("JointSet", joints), ("MarkerSet", markers))
    content = "".join("<%s><objects>%s</objects></%s>" % (tag, inside, tag) for tag, inside in sets)
    start = '<OpenSimDocument Version="40000"><Model name="walker"><Ground name="ground" />'
    return start + content + "</Model></OpenSimDocument>"


@pytest.fixture(scope="session")
def walker(tmp_path_factory):
    path = tmp_path_factory.mktemp("walker") / "walker.osim"
    path.write_text(_walker())
    return str(path)


@pytest.fixture(scope="session")
def films(tmp_path_factory, walker):
    """Ten people with two films each, whose key points are joints and markers of the skeleton as they are."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("models", "kinematics", "mediapipe"):
        (folder / name).mkdir()
    model = read_model(walker)
    layer = SkeletonLayer(model)
    random = np.random.default_rng(0)
    rows = []
    for person in range(10):
        text = _walker()
        (folder / "models" / ("person-%06d.osim" % person)).write_text(text)
        scales = np.ones((4, 3), np.float32) * np.float32(random.uniform(0.9, 1.1))
        for film in range(2):
            name = "%06d-%s" % (2 * person + film, ("walk", "bow")[film])
            phase = np.linspace(0, 2 * np.pi, FRAMES) + random.uniform(0, 6)
            coordinates = np.zeros((FRAMES, len(layer.coordinates)), np.float32)
            for number in range(6, coordinates.shape[1]):
                coordinates[:, number] = random.uniform(-0.6, 0.6) * np.sin(phase + random.uniform(0, 6))
            facing = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]]) @ body_fixed(
                np.array([0, random.uniform(-1, 1), 0])
            )
            root = np.broadcast_to(facing, (FRAMES, 3, 3)).astype(np.float32).copy()
            given = torch.from_numpy(coordinates), torch.from_numpy(scales).expand(FRAMES, 4, 3)
            pose = layer(*given, torch.from_numpy(root))
            points = torch.cat([pose.joints, pose.markers], dim=1).numpy()
            world = np.zeros((FRAMES, 33, 3), np.float32)
            # Places that a mirror exchanges: hips and markers of the thighs as hips and knees, the trunk's as ears.
            places = {"left_hip": 3, "right_hip": 2, "left_knee": 6, "right_knee": 5, "left_ear": 4, "right_ear": 4}
            for joint, number in places.items():
                world[:, BLAZEPOSE_33.index(joint)] = points[:, number]
            key_points = np.concatenate([world[..., :2] * 100 + 160, np.ones((FRAMES, 33, 1), np.float32)], axis=2)
            sequence = SkeletonSequence(key_points, np.arange(FRAMES) / 10, (320, 320), BLAZEPOSE_33, world)
            sequence.save(str(folder / "mediapipe" / (name + ".npz")))
            KinematicsTruth(
                layer.coordinates,
                sequence.stamps,
                coordinates,
                np.ones(coordinates.shape, bool),
                model.bodies,
                scales,
                root,
                np.eye(3, dtype=np.float32),
                points[:, 4:],
                np.zeros(FRAMES, np.float32),
            ).save(str(folder / "kinematics" / (name + ".npz")))
            rows.append(("kinematics/%s.npz" % name, "person-%06d" % person, FRAMES, 1, 0))
    with open(folder / "kinematics.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([("file", "group", "frames", "counting", "distance_mm"), *rows])
    return str(folder)


@pytest.fixture
def own_skeleton(monkeypatch, walker):
    """The films' skeleton takes the place of Pose2Sim's."""
    monkeypatch.setattr("rehab_coach.direct_kinematics.data.default_model", lambda: walker)


@pytest.fixture
def recipe():
    small = dict(width=32, layers=1, dropout=0.0, window=8, steps=300, log_every=100, weight_average=0.9)
    return KinematicsRecipe(sequence="none", learning_rate=0.01, angle_weight=1.0, noise=0.003, **small)
