"""Rooms and lights in which a patient exercises."""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.mesh import Mesh, box

BACKGROUND = (0.75, 0.77, 0.80)  # beyond the walls
HALF, BACK, TOP = 8.0, 2.2, 4.0  # metres: to the sides and the front, to the wall behind the person, up

Colour = Tuple[float, float, float]
Furniture = Tuple[Colour, Tuple[float, float, float], Tuple[float, float, float]]  # colour, lowest, highest corner


@dataclass(frozen=True)
class Interior:
    """Colours of a room and what stands in it, placed as the camera sees it (right, back, up; metres)."""

    wall: Colour
    floor: Colour
    furniture: Tuple[Furniture, ...] = ()


ROOMS: Dict[str, Interior] = {
    "plain": Interior((0.78, 0.80, 0.80), (0.55, 0.47, 0.40)),
    "clinic": Interior(
        (0.88, 0.90, 0.89),
        (0.62, 0.68, 0.66),
        (
            ((0.25, 0.45, 0.50), (0.95, 1.30, 0.55), (2.75, 2.00, 0.75)),  # couch
            ((0.80, 0.80, 0.82), (1.05, 1.40, 0.00), (2.65, 1.90, 0.55)),
            ((0.72, 0.62, 0.48), (-2.60, 2.10, 0.00), (-1.70, 2.19, 2.05)),  # door
            ((0.90, 0.92, 0.95), (-0.60, 2.12, 1.55), (0.30, 2.19, 2.10)),  # poster
            ((0.35, 0.55, 0.40), (-0.60, 2.10, 1.85), (-0.20, 2.11, 2.02)),
        ),
    ),
    "living_room": Interior(
        (0.83, 0.78, 0.68),
        (0.45, 0.32, 0.22),
        (
            ((0.38, 0.42, 0.52), (-2.90, 1.25, 0.00), (-1.00, 2.05, 0.42)),  # sofa
            ((0.34, 0.38, 0.48), (-2.90, 1.85, 0.42), (-1.00, 2.15, 0.85)),
            ((0.48, 0.34, 0.22), (1.15, 1.75, 0.00), (2.05, 2.15, 1.90)),  # shelf with books
            ((0.70, 0.25, 0.20), (1.20, 1.72, 1.20), (1.60, 1.80, 1.50)),
            ((0.20, 0.35, 0.55), (1.55, 1.72, 0.70), (2.00, 1.80, 1.00)),
            ((0.55, 0.70, 0.85), (-0.75, 2.12, 1.05), (0.65, 2.19, 2.05)),  # window
            ((0.55, 0.20, 0.20), (-1.60, -1.20, 0.00), (1.60, 1.20, 0.006)),  # rug
        ),
    ),
    "gym": Interior(
        (0.42, 0.44, 0.48),
        (0.20, 0.20, 0.22),
        (
            ((0.62, 0.66, 0.72), (-2.60, 2.14, 0.30), (2.60, 2.19, 2.00)),  # mirror
            ((0.10, 0.10, 0.11), (-2.60, 1.65, 0.00), (-1.10, 2.00, 0.45)),  # rack
            ((0.75, 0.20, 0.15), (-2.50, 1.60, 0.45), (-2.00, 1.95, 0.70)),
            ((0.15, 0.35, 0.70), (-1.80, 1.60, 0.45), (-1.30, 1.95, 0.65)),
            ((0.12, 0.12, 0.13), (1.40, 1.70, 0.00), (1.50, 1.80, 2.30)),
            ((0.12, 0.12, 0.13), (2.50, 1.70, 0.00), (2.60, 1.80, 2.30)),
            ((0.15, 0.40, 0.38), (-1.50, -1.10, 0.00), (1.50, 1.10, 0.006)),  # mat
        ),
    ),
    "hall": Interior(
        (0.72, 0.60, 0.42),
        (0.66, 0.50, 0.30),
        tuple(
            ((0.60, 0.45, 0.25), (-2.4, 2.05, height), (2.4, 2.15, height + 0.05))
            for height in np.arange(0.3, 2.6, 0.25)
        )
        + (
            ((0.85, 0.85, 0.85), (-3.00, -1.95, 0.000), (3.00, -1.90, 0.004)),  # lines on the floor
            ((0.15, 0.40, 0.70), (-3.00, 0.75, 0.000), (3.00, 0.80, 0.004)),
        ),
    ),
}


@dataclass(frozen=True)
class Light:
    """Colours and strengths: from everywhere, and from two directions (degrees left of the camera, height in m)."""

    ambient: Colour
    first: Tuple[float, float, float]
    second: Tuple[float, float, float]
    colour: Colour = (1.0, 1.0, 1.0)


LIGHTS: Dict[str, Light] = {
    "even": Light((0.38, 0.38, 0.38), (-35, 3.0, 2.6), (60, 2.0, 1.0)),
    "bright": Light((0.50, 0.50, 0.50), (-25, 3.5, 3.4), (40, 3.0, 1.6)),
    "dim": Light((0.16, 0.16, 0.17), (-40, 3.0, 1.0), (70, 2.0, 0.35)),
    "side": Light((0.18, 0.18, 0.20), (-80, 2.0, 3.4), (80, 2.0, 0.3)),
    "behind": Light((0.30, 0.30, 0.32), (150, 3.0, 2.8), (-30, 2.0, 0.8)),
    "warm": Light((0.36, 0.30, 0.22), (-30, 3.0, 2.2), (60, 2.0, 0.9), (1.0, 0.84, 0.62)),
}


@dataclass(frozen=True, eq=False)
class Lighting:
    """What shines on everything.

    Attributes:
        ambient: (3,) red, green, blue.
        towards: (2, 3) directions to the lights, length 1.
        strength: (2, 3) red, green, blue of each.
    """

    ambient: np.ndarray
    towards: np.ndarray
    strength: np.ndarray


def check_room(room: str, light: str) -> None:
    """Raise RehabCoachError that names what there is."""
    for kind, name, known in (("room", room, ROOMS), ("light", light, LIGHTS)):
        if name not in known:
            raise RehabCoachError("there is no %s '%s'; choose one of %s" % (kind, name, ", ".join(known)))


def furnished(name: str, yaw: float, rng: np.random.Generator) -> List[Mesh]:
    """A room whose far wall is opposite a camera at this yaw (degrees); the random numbers shade its colours."""
    interior = ROOMS[name]
    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    wall = np.clip(np.array(interior.wall) * rng.uniform(0.9, 1.05, 3), 0, 1)
    floor = np.clip(np.array(interior.floor) * rng.uniform(0.85, 1.1, 3), 0, 1)

    def quad(corners, colour):
        return Mesh(np.array(corners) @ turn.T, np.array([[0, 1, 2], [0, 2, 3]]), np.tile(colour, (4, 1)))

    corners = [(-HALF, BACK), (HALF, BACK), (HALF, -HALF), (-HALF, -HALF)]
    meshes = [quad([(-HALF, -HALF, 0), (HALF, -HALF, 0), (HALF, BACK, 0), (-HALF, BACK, 0)], floor)]
    for shade, (start, end) in zip((1.0, 0.93, 0.97, 0.95), zip(corners, corners[1:] + corners[:1])):
        meshes.append(quad([(*start, 0), (*end, 0), (*end, TOP), (*start, TOP)], wall * shade))
    skirting = [(-HALF, BACK - 0.01, 0), (HALF, BACK - 0.01, 0), (HALF, BACK - 0.01, 0.1), (-HALF, BACK - 0.01, 0.1)]
    meshes.append(quad(skirting, wall * 0.6))
    for colour, low, high in interior.furniture:
        piece = box(low, high, np.clip(np.array(colour) * rng.uniform(0.8, 1.15, 3), 0, 1))
        meshes.append(Mesh(piece.vertices @ turn.T, piece.faces, piece.colours))
    return meshes


def lit(name: str, yaw: float) -> Lighting:
    """The light of this name for a camera at this yaw (degrees)."""
    light = LIGHTS[name]
    towards, strength = [], []
    for aside, height, power in (light.first, light.second):
        # The way from where a camera there would look to where it stands.
        towards.append(Camera(yaw=yaw + aside, height=height, distance=3.0, look_at=0.8).pose()[:3, 2])
        strength.append(power * np.array(light.colour))
    return Lighting(np.array(light.ambient), np.array(towards), np.array(strength))
