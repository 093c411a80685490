"""Virtual markers: vertices of the virtual patient's mesh, as motion capture has markers on the skin.

Places are metres in OpenSim's axes: x to where the person faces, y up, z to her right.

Which vertices: for each body of the skeleton those that hardly any but its own bones move, spread over it as widely as
possible. All people of the body model share them, for they share the mesh. Besides, there is a marker on each joint,
which the body model knows and a person of flesh would not show: the skeleton is scaled by their distances. Wherever the
body model and the skeleton disagree (its hips are 23 cm apart) the skeleton follows what moves the picture.
"""

from typing import Dict, Mapping, NamedTuple, Tuple

import numpy as np
import torch

from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.tools import Measurement, ModelMarker
from rehab_coach.simulation.body import Body

ALONE = 0.8
"""Share of its movement that a marked vertex has from the body's bones."""


ABOVE_LEGS = 0.1
"""Metres of the body's root over the legs, about."""


class Part(NamedTuple):
    """What a body of the skeleton is in the body model.

    Attributes:
        segments: of `posing.Skeleton`.
        markers: how many it gets.
    """

    segments: Tuple[str, ...]
    markers: int


def _sided(parts: Dict[str, Part]) -> Dict[str, Part]:
    return {
        "%s_%s" % (name, side.lower()): Part(tuple(segment + side for segment in part.segments), part.markers)
        for name, part in parts.items()
        for side in "RL"
    }


PARTS: Dict[str, Part] = {
    "pelvis": Part(("pelvis", "spine05"), 8),
    "torso": Part(("spine01",), 8),
    "head": Part(("head",), 5),
    **_sided(
        {
            "femur": Part(("thigh",), 5),
            "tibia": Part(("shank",), 5),
            "calcn": Part(("foot",), 5),
            "toes": Part(("toes",), 3),
            "humerus": Part(("upper_arm",), 5),
            "ulna": Part(("forearm",), 4),
            "hand": Part(("hand",), 4),
        }
    ),
}
"""Bodies of the skeleton that have markers."""

JOINTS: Dict[str, Tuple[str, str, str]] = {
    "%s_%s" % (name, side): (body % side, joint % side, "%s.%s" % (bone, side.upper()))
    for name, body, joint, bone in (
        ("hip", "femur_%s", "hip_%s", "upperleg01"),
        ("knee", "tibia_%s", "walker_knee_%s", "lowerleg01"),
        ("ankle", "talus_%s", "ankle_%s", "foot"),
        ("ball", "toes_%s", "mtp_%s", "toe2-1"),
        ("shoulder", "humerus_%s", "acromial_%s", "upperarm01"),
        ("elbow", "ulna_%s", "elbow_%s", "lowerarm01"),
        ("wrist", "hand_%s", "radius_hand_%s", "wrist"),
    )
    for side in "rl"
}
"""Markers on joints: the skeleton's body and joint, and the bone that begins there."""


def _both(*pairs: Tuple[str, str]) -> Tuple[Tuple[str, str], ...]:
    return tuple(("%s_%s" % (one, side), "%s_%s" % (other, side)) for one, other in pairs for side in "rl")


MEASUREMENTS: Dict[str, Measurement] = {
    "trunk": Measurement(_both(("hip", "shoulder")), ("torso", "head"), "X Y"),
    "shoulders": Measurement((("shoulder_r", "shoulder_l"),), ("torso", "head"), "Z"),
    "pelvis": Measurement(_both(("hip", "shoulder")), ("pelvis", "sacrum"), "X Y"),
    "hips": Measurement((("hip_r", "hip_l"),), ("pelvis", "sacrum"), "Z"),
    "thighs": Measurement(_both(("hip", "knee")), ("femur_r", "femur_l")),
    "shanks": Measurement(_both(("knee", "ankle")), ("tibia_r", "tibia_l")),
    "feet": Measurement(_both(("ankle", "ball")), ("talus_r", "talus_l", "calcn_r", "calcn_l", "toes_r", "toes_l")),
    "upper arms": Measurement(_both(("shoulder", "elbow")), ("humerus_r", "humerus_l")),
    "forearms": Measurement(
        _both(("elbow", "wrist")), ("ulna_r", "ulna_l", "radius_r", "radius_l", "hand_r", "hand_l")
    ),
}
"""What scales the skeleton. Both sides alike: the body model is symmetrical."""

WITHOUT_MARKERS = {
    "sacrum": "pelvis",
    "talus_r": "calcn_r",
    "talus_l": "calcn_l",
    "radius_r": "hand_r",
    "radius_l": "hand_l",
}
"""Bodies of the skeleton that move with another one's markers."""

RANGES = {
    "arm_flex_r": (-1.6, 3.2),
    "arm_flex_l": (-1.6, 3.2),
    "arm_add_r": (-3.2, 1.6),
    "arm_add_l": (-3.2, 1.6),
    "pro_sup_r": (-1.6, 2.1),
    "pro_sup_l": (-1.6, 2.1),
    "neck_flexion": (-1.0, 1.0),
    "mtp_angle_r": (-0.6, 1.4),
    "mtp_angle_l": (-0.6, 1.4),
}
"""Radians where Pose2Sim's skeleton stops earlier than people (arms overhead, toes of a lunge)."""


def in_opensim(places: np.ndarray) -> np.ndarray:
    """Places or directions (..., 3) of the room in OpenSim's axes."""
    return np.stack([-places[..., 1], places[..., 2], -places[..., 0]], axis=-1)


def marked_vertices(body: Body) -> Dict[str, np.ndarray]:
    """For each part the numbers of its vertices with a marker; the same for all people."""
    segments = [body.skeleton.segment(label)[0] for label in body.skeleton.labels]
    chosen = {}
    for name, part in PARTS.items():
        bones = [number for number, segment in enumerate(segments) if segment in part.segments]
        share = np.asarray(body.weights[:, bones].sum(axis=1)).ravel()
        candidates = np.flatnonzero(share >= ALONE)
        chosen[name] = candidates[_far_apart(body.rest[candidates], part.markers)]
    return chosen


def _far_apart(points: np.ndarray, count: int) -> np.ndarray:
    """Numbers of points (N, 3), each as far as possible from those before; the first is far from the middle."""
    chosen = [int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())]
    distance = np.full(len(points), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return np.array(chosen)


class VirtualMarkers:
    """The markers of one person.

    Args:
        body: whose.
        vertices: what `marked_vertices` gave for any person.

    Attributes:
        names: of all markers, those on joints last.
        parts: body of the skeleton on which each marker is.
    """

    def __init__(self, body: Body, vertices: Mapping[str, np.ndarray]):
        self.body = body
        self.vertices = np.concatenate([vertices[name] for name in PARTS])
        self.names = ["%s.%d" % (name, number + 1) for name in PARTS for number in range(len(vertices[name]))]
        self.parts = [name.split(".")[0] for name in self.names]

    def places(self, rotations: np.ndarray, heads: np.ndarray) -> Dict[str, np.ndarray]:
        """Markers on the skin, each (T, 3), of bones' rotations (T, B, 3, 3) and heads (T, B, 3)."""
        skin = in_opensim(self.body.skinned(self.vertices, rotations, heads))
        return {name: skin[:, number] for number, name in enumerate(self.names)}

    def standing(self) -> Dict[str, np.ndarray]:
        """All markers, each (3,), of the person who stands upright with hanging arms: all angles are 0."""
        skeleton = self.body.skeleton
        still = {skeleton.segment(label)[0]: np.eye(3)[None] for label in skeleton.labels}
        # As high as OpenSim's skeletons stand: from far away its marker placer does not always find there.
        height = skeleton.thigh + skeleton.shank + ABOVE_LEGS
        rotations, heads = skeleton.place(still, np.array([[0.0, 0.0, height]]))
        places = {name: place[0] for name, place in self.places(rotations, heads).items()}
        for name, (_, _, bone) in JOINTS.items():
            places[name] = in_opensim(heads[0, skeleton.index[bone]])
        return places

    def on_model(self, model: Model) -> Dict[str, ModelMarker]:
        """Where the markers are on the skeleton before it is scaled: those on the skin anywhere, they are moved."""
        layer = SkeletonLayer(model, torch.float64)
        pose = layer(torch.zeros(1, len(layer.coordinates), dtype=torch.float64))
        joints = dict(zip(layer.joints, pose.joints[0].numpy()))
        result = {name: ModelMarker(part, (0.0, 0.0, 0.0), False) for name, part in zip(self.names, self.parts)}
        for name, (body, joint, _) in JOINTS.items():
            number = model.bodies.index(body)
            local = (joints[joint] - pose.bodies[0, number].numpy()) @ pose.rotations[0, number].numpy()
            result[name] = ModelMarker(body, tuple(local), True)
        return result
