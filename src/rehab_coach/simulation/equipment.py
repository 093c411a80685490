"""What belongs to a motion: weights in the hands, a bar to hang from, two to dip between, a chair, the wall behind."""

from typing import List, Tuple

import numpy as np

from rehab_coach.simulation.body import Body
from rehab_coach.simulation.mesh import Mesh, box, cylinder
from rehab_coach.simulation.motions import Motion
from rehab_coach.simulation.posing import unit
from rehab_coach.simulation.solver import bar_height

STEEL = (0.45, 0.46, 0.48)
RUBBER = (0.08, 0.08, 0.09)
WOOD = (0.62, 0.45, 0.28)


def equipment(body: Body, motion: Motion, heads: np.ndarray, place: np.ndarray) -> Tuple[List[Mesh], List[np.ndarray]]:
    """Meshes where they are in the first frame, and how each has moved since, (T, 3).

    Args:
        body: whose hands hold it.
        motion: what is done.
        heads: (T, B, 3) of the bones in the room.
        place: (3,) where the person stands.
    """
    hands = _hands(body, heads)
    still = np.zeros((len(heads), 3))
    if motion.equipment in ("barbell", "barbell_on_the_shoulders"):
        middle = hands.mean(axis=1) if motion.equipment == "barbell" else _behind_the_neck(body, heads)
        radius = float(np.clip(hands[:, :, 2].mean(axis=1).min(), 0.10, 0.225))
        plates = [cylinder([x - 0.03, 0, 0], [x + 0.03, 0, 0], radius, RUBBER, 32) for x in (-0.62, 0.62)]
        things = [cylinder([-0.85, 0, 0], [0.85, 0, 0], 0.014, STEEL)] + plates
        return [_moved(thing, middle[0]) for thing in things], [middle - middle[0]] * len(things)
    if motion.equipment == "dumbbells":
        things, paths = [], []
        for hand in hands.transpose(1, 0, 2):
            for low, high, radius in ((-0.10, 0.10, 0.014), (-0.11, -0.06, 0.045), (0.06, 0.11, 0.045)):
                things.append(_moved(cylinder([0, low, 0], [0, high, 0], radius, RUBBER), hand[0]))
                paths.append(hand - hand[0])
        return things, paths
    if motion.equipment == "kettlebell":
        middle = hands.mean(axis=1)
        things = [
            cylinder([0, 0, -0.20], [0, 0, -0.04], 0.085, RUBBER),
            cylinder([-0.06, 0, 0], [0.06, 0, 0], 0.016, STEEL),
        ]
        return [_moved(thing, middle[0]) for thing in things], [middle - middle[0]] * len(things)
    if motion.equipment == "dip_bars":
        things = []
        for x, y, z in hands[0]:
            things.append(_moved(cylinder([0, -0.35, 0], [0, 0.35, 0], 0.02, STEEL), np.array([x, y, z])))
            things += [
                _moved(cylinder([0, ahead, 0], [0, ahead, z], 0.02, STEEL), np.array([x, y, 0]))
                for ahead in (-0.33, 0.33)
            ]
        return things, [still] * len(things)
    if motion.equipment == "bar":
        height = bar_height(body.skeleton)
        things = [cylinder([x, -0.02, 0], [x, -0.02, height], 0.03, STEEL) for x in (-0.85, 0.85)]
        things.append(cylinder([-0.85, -0.02, height], [0.85, -0.02, height], 0.016, STEEL))
        return [_moved(thing, place) for thing in things], [still] * len(things)
    if motion.equipment in ("chair", "wall"):
        things = _behind(body, motion.equipment, heads)
        return things, [still] * len(things)
    return [], []


def _moved(mesh: Mesh, by: np.ndarray) -> Mesh:
    return Mesh(mesh.vertices + by, mesh.faces, mesh.colours, mesh.normals)


def _hands(body: Body, heads: np.ndarray) -> np.ndarray:
    """Where the fists' insides are, (T, 2, 3)."""
    index = body.skeleton.index
    return np.stack(
        [(heads[:, index["finger3-1." + side]] + heads[:, index["finger3-3." + side]]) / 2 for side in "RL"], axis=1
    )


def _behind_the_neck(body: Body, heads: np.ndarray) -> np.ndarray:
    """Where a bar lies on the shoulders, (T, 3)."""
    index = body.skeleton.index
    neck = heads[:, index["neck01"]]
    up = unit(neck - heads[:, index["spine03"]])
    return neck - 0.04 * up + 0.08 * np.cross([1.0, 0.0, 0.0], -up)


def _behind(body: Body, name: str, heads: np.ndarray) -> List[Mesh]:
    """Where the body is lowest there is a seat under it, or a wall at its back."""
    index = body.skeleton.index
    hips = (heads[:, index["upperleg01.R"]] + heads[:, index["upperleg01.L"]]) / 2
    x, y, z = hips[hips[:, 2].argmin()]
    # From the hips' joints to the back's skin, and to what one sits on: as large as this body is.
    deep = body.height * 0.085
    if name == "wall":
        back = heads[hips[:, 2].argmin(), index["spine03"], 1]
        behind = max(y + deep, back + deep)
        return [box([x - 1.2, behind, 0], [x + 1.2, behind + 0.12, 2.3], (0.80, 0.76, 0.70))]
    seat, front = z - 0.055 * body.height, y - 0.16
    things = [box([x - 0.22, front, seat - 0.04], [x + 0.22, front + 0.44, seat], WOOD)]
    things.append(box([x - 0.22, front + 0.41, seat + 0.12], [x + 0.22, front + 0.45, seat + 0.42], WOOD))
    for aside in (-0.20, 0.17):
        for ahead, top in ((0.02, seat - 0.04), (0.41, seat + 0.42)):
            corner = np.array([x + aside, front + ahead, 0.0])
            things.append(box(corner, [corner[0] + 0.035, corner[1] + 0.035, top], WOOD))
    return things
