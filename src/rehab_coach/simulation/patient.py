"""A virtual patient: a dressed body that moves, with what is true of it in every frame."""

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Tuple

import numpy as np

from rehab_coach.simulation.body import LIMBS, MARKS, Body, Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.clothing import dressed
from rehab_coach.simulation.equipment import equipment
from rehab_coach.simulation.habits import MOST
from rehab_coach.simulation.mesh import Mesh, Normals, all_over
from rehab_coach.simulation.motions import KINDS, ON_THE_FLOOR, Motion
from rehab_coach.simulation.solver import angles_of
from rehab_coach.skeleton import COCO_18

HIDDEN = 0.5  # the truth's score of a joint behind another part of the body or behind what the person uses
DEEP = 0.13  # metres between a joint and what hides it; less is the flesh around the joint itself
WIDE = 0.03  # metres around the line of sight

LIMB_SPREAD = np.array(
    [
        [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-0.1, 4.2, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.8, 1.4, 5.8, 0.0, 0.0, 0.0, 0.0],
        [-3.3, -0.4, 0.3, 3.0, 0.0, 0.0, 0.0],
        [-1.8, -0.4, -0.1, -0.8, 3.1, 0.0, 0.0],
        [-0.5, 0.1, 0.2, 0.6, 1.1, 2.9, 0.0],
        [-1.5, 0.4, -0.2, 0.1, 1.6, 0.7, 3.5],
    ]
)
"""How people's limbs (`body.LIMBS`, in its order) differ beside height: the Cholesky factor of the covariance of the
logarithms of their shares of the stature, in percent, within either sex of ANSUR II's 6,068 people. Trunk: acromion to
trochanter; shoulders: biacromial, hips: bicristal breadth; thigh: trochanter to tibiale; shank: tibiale to lateral
malleolus; upper arm: acromion to radiale; forearm: radiale to stylion."""


@dataclass(frozen=True, eq=False)
class Performance:
    """A motion as one body does it.

    Attributes:
        motion: what was asked for.
        rotations: (T, B, 3, 3) of the bones from rest.
        heads: (T, B, 3) where the bones begin, metres in the room.
        angles: joint angles that the body really has, radians, each (T,).
        equipment: meshes of what is used.
        starts: vertices (V, 3) of each where it is in the first frame.
        covers: points (N, 3) all over each, then.
        paths: (T, 3) for each, how far it has moved since.
    """

    motion: Motion
    rotations: np.ndarray
    heads: np.ndarray
    angles: Dict[str, np.ndarray]
    equipment: List[Mesh]
    starts: List[np.ndarray]
    covers: List[np.ndarray]
    paths: List[np.ndarray]

    def __len__(self) -> int:
        return len(self.heads)


class Patient:
    """One person: body and clothes, and where she stands.

    Args:
        body: measures; it may be shared.
        seed: chooses the colours of the clothes.
        clothes: one of `clothing.CLOTHES`.
        place: metres to the left of and behind the middle of the room.

    Attributes:
        body: measures.
        mesh: what `show` placed.
    """

    def __init__(
        self,
        body: Body,
        seed: int,
        clothes: str = "sports",
        place: Tuple[float, float] = (0.0, 0.0),
    ):
        self.body = body
        self._place = np.array([place[0], place[1], 0.0])
        colours, self._dressed = dressed(self.body, np.random.default_rng([seed, 2]), clothes)
        self._normals = Normals(self.body.faces, len(self._dressed))
        self.mesh = Mesh(self._dressed.astype(np.float32), self.body.faces, colours)

    def perform(self, motion: Motion) -> Performance:
        """The motion as this body does it, feet and hands where they belong."""
        rotations, heads = self.body.pose(motion)
        angles = angles_of(self.body.skeleton, motion, rotations)
        shift = np.zeros(3)
        if motion.contact in ON_THE_FLOOR:
            # The middle between head and toes is in the middle of the room.
            shift[1] = heads[0, :, 1].mean() - 0.1
        elif motion.name in KINDS and KINDS[motion.name].travels:
            # The middle of the way is.
            root = heads[:, self.body.skeleton.index["root"], 1]
            shift[1] = (root.min() + root.max()) / 2
        heads = heads + self._place - shift
        things, paths = equipment(self.body, motion, heads, self._place)
        starts, covers = [thing.vertices for thing in things], [all_over(thing) for thing in things]
        return Performance(motion, rotations, heads, angles, things, starts, covers, paths)

    def show(self, rotations: np.ndarray, heads: np.ndarray) -> Mesh:
        """The person's mesh in this pose; rotations (B, 3, 3), heads (B, 3). It is the same object every time."""
        self.mesh.vertices = self.body.vertices(rotations, heads, self._dressed)
        self.mesh.normals = self._normals(self.mesh.vertices)
        return self.mesh


def turned(performance: Performance, yaw: float) -> Performance:
    """The same in another direction: so many degrees to her right, so that the camera sees more of her left side."""
    angle = np.radians(-yaw)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    return replace(
        performance,
        rotations=turn @ performance.rotations,
        heads=performance.heads @ turn.T,
        equipment=[
            Mesh(mesh.vertices @ turn.T, mesh.faces, mesh.colours, mesh.normals @ turn.T)
            for mesh in performance.equipment
        ],
        starts=[points @ turn.T for points in performance.starts],
        covers=[points @ turn.T for points in performance.covers],
        paths=[points @ turn.T for points in performance.paths],
    )


def used(performance: Performance, frame: int) -> List[Mesh]:
    """Meshes of what the person uses in one frame; the same objects for every frame."""
    for mesh, start, path in zip(performance.equipment, performance.starts, performance.paths):
        mesh.vertices = start + path[frame]
    return performance.equipment


def covering(patient: Patient, performance: Performance, frame: int) -> np.ndarray:
    """Points (N, 3) of the person (as `show` placed her) and of what she uses, which may hide a joint."""
    things = [cover + path[frame] for cover, path in zip(performance.covers, performance.paths)]
    return np.concatenate([patient.mesh.vertices[::3]] + things)


def world_of(body: Body, rotations: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """COCO-18 key points (..., 18, 3) in the room, metres; the neck is the middle of the shoulders."""
    marks = body.marks(rotations, heads)
    right, left = (marks[..., MARKS.index(side + "_shoulder"), :] for side in ("right", "left"))
    joints = [(right + left) / 2 if joint == "neck" else marks[..., MARKS.index(joint), :] for joint in COCO_18.joints]
    return np.stack(joints, axis=-2)


def key_points_of(
    world: np.ndarray, camera: Camera, size: Tuple[int, int], cover: Optional[np.ndarray] = None
) -> np.ndarray:
    """Where the camera sees joints, float32 (V, 3): x, y in pixels and a score.

    Args:
        world: (V, 3) metres in the room.
        camera: which sees them.
        size: of the picture.
        cover: points (N, 3) of what may hide joints, see `covering`; None = nothing hides any.

    Returns:
        Score 1 = seen, `HIDDEN` = behind something, 0 (and x, y) = outside the picture.
    """
    seen = camera.seen(world)
    pixels = camera.picture(seen, size)
    inside = (pixels >= 0).all(axis=1) & (pixels < np.array(size)).all(axis=1)
    points = np.zeros((len(world), 3), np.float32)
    points[inside] = np.column_stack([pixels[inside], np.ones(inside.sum())])
    if cover is not None and inside.any():
        depth = seen[inside, 2]
        before = camera.seen(cover).astype(np.float32)
        x, y = camera.picture(before, size).astype(np.float32).T
        wide = (WIDE * camera.focal_length(size) / depth)[:, None]
        near = (x - pixels[inside, :1]) ** 2 + (y - pixels[inside, 1:]) ** 2 < wide**2
        hidden = (near & (before[:, 2] < (depth - DEEP)[:, None])).any(axis=1)
        points[np.flatnonzero(inside)[hidden], 2] = HIDDEN
    return points


def camera_world(world: np.ndarray, camera: Camera) -> np.ndarray:
    """Key points (..., V, 3) as a skeleton sequence's `world` has them: right, down, away, from between the hips."""
    seen = camera.seen(world)
    hips = [COCO_18.index(side + "_hip") for side in ("right", "left")]
    return (seen - seen[..., hips, :].mean(axis=-2, keepdims=True)).astype(np.float32)


def someone(seed: int) -> Physique:
    """A person drawn at random, an adult of usual size."""
    rng = np.random.default_rng([seed, 1])
    gender = ("female", "male")[rng.integers(2)]
    return Physique(
        gender=gender,
        age=float(rng.uniform(20, 70)),
        height=float(np.clip(rng.normal(1.66 if gender == "female" else 1.78, 0.06), 1.5, 1.95)),
    )


def anyone(seed: int, ages: Tuple[float, float] = (12, 90), limbs: float = 0.0) -> Physique:
    """A person drawn at random from all there are: young and old, thin and stout.

    Heights by age and gender roughly as in NCD-RisC's tables, body-mass indices as adults have them.

    Args:
        seed: of who it is.
        ages: lowest and highest, years.
        limbs: how much limbs differ beside height, as a multiple of `LIMB_SPREAD`.
    """
    rng = np.random.default_rng([seed, 1])
    gender = ("female", "male")[rng.integers(2)]
    age = float(rng.uniform(*ages))
    grown = float(np.interp(age, (12, 17, 60, 90), (0.87 if gender == "male" else 0.93, 1.0, 1.0, 0.96)))
    height = float(np.clip(rng.normal((1.65 if gender == "female" else 1.77) * grown, 0.065), 1.4, 2.0))
    index = float(np.clip(rng.normal(24.5 if age > 20 else 21.0, 4.0), 18, 36))
    longer: Tuple[float, ...] = ()
    if limbs:
        drawn = LIMB_SPREAD / 100 @ np.clip(rng.standard_normal(len(LIMBS)), -MOST, MOST)
        longer = tuple(float(factor) for factor in np.round(np.exp(np.clip(limbs * drawn, -0.2, 0.2)), 4))
    return Physique(gender, age, height, index * height**2, longer)
