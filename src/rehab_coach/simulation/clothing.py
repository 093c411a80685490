"""Clothes, shoes and hair for a body: colours of its vertices, and how far they stand off the skin."""

from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import Body
from rehab_coach.simulation.mesh import normals_of, smoothed

SKINS = ((0.87, 0.67, 0.55), (0.78, 0.57, 0.44), (0.93, 0.75, 0.64), (0.55, 0.37, 0.27), (0.40, 0.27, 0.20))
HAIRS = ((0.16, 0.11, 0.08), (0.35, 0.22, 0.12), (0.07, 0.06, 0.06), (0.62, 0.48, 0.28), (0.55, 0.55, 0.55))
GREY = 4  # in HAIRS
SHIRTS = ((0.75, 0.16, 0.18), (0.15, 0.38, 0.68), (0.93, 0.93, 0.90), (0.95, 0.72, 0.15), (0.20, 0.55, 0.35))
TROUSERS = ((0.16, 0.18, 0.26), (0.25, 0.25, 0.27), (0.32, 0.34, 0.42), (0.12, 0.12, 0.13))
SHOES = ((0.92, 0.92, 0.94), (0.12, 0.12, 0.14), (0.85, 0.30, 0.15))
DARK = ((0.10, 0.10, 0.12), (0.14, 0.12, 0.16), (0.08, 0.12, 0.16), (0.16, 0.14, 0.12))
PALE = ((0.80, 0.78, 0.72), (0.72, 0.76, 0.80), (0.86, 0.84, 0.84), (0.70, 0.66, 0.60))


@dataclass(frozen=True)
class Clothes:
    """What somebody wears.

    Attributes:
        shirts, trousers: colours to choose from.
        sleeves: "none", "short" or "long".
        legs: "short" or "long".
        loose: how far the cloth stands off the skin, 1 = as a T-shirt does.
    """

    shirts: Tuple = SHIRTS
    trousers: Tuple = TROUSERS
    sleeves: str = "short"
    legs: str = "long"
    loose: float = 1.0


CLOTHES: Dict[str, Clothes] = {
    "sports": Clothes(),
    "shorts": Clothes(legs="short"),
    "leggings": Clothes(trousers=DARK + TROUSERS, sleeves="none", loose=0.3),
    "tracksuit": Clothes(shirts=TROUSERS + SHIRTS, sleeves="long", loose=1.8),
    "dark": Clothes(DARK, DARK, sleeves="long"),
    "pale": Clothes(PALE, PALE, sleeves="long", loose=1.4),
}


def check_clothes(name: str) -> Clothes:
    """The clothes of this name; RehabCoachError names what there is."""
    if name not in CLOTHES:
        raise RehabCoachError("there are no clothes '%s'; choose one of %s" % (name, ", ".join(CLOTHES)))
    return CLOTHES[name]


def dressed(body: Body, rng: np.random.Generator, clothes: str = "sports") -> Tuple[np.ndarray, np.ndarray]:
    """Dress a body by its vertices' dominant bones.

    Returns:
        colours float32 (V, 3), and the rest pose's vertices (V, 3) with clothes, shoes and hair on, metres.
    """
    worn = check_clothes(clothes)

    def choose(table):
        return np.array(table[rng.integers(len(table))])

    skin, hair, shirt, trousers, shoes = (choose(table) for table in (SKINS, HAIRS, worn.shirts, worn.trousers, SHOES))
    if body.physique.age > 68:
        hair = np.array(HAIRS[GREY])
    colours, off = np.tile(skin, (len(body.part), 1)), np.zeros(len(body.part))

    def covered(*prefixes):
        return np.any([np.char.startswith(body.part, prefix) for prefix in prefixes], axis=0)

    torso, feet = covered("spine", "root"), covered("foot", "toe")
    sleeves = {"none": (), "short": ("upperarm01",), "long": ("upperarm", "lowerarm")}[worn.sleeves]
    girdle = () if worn.sleeves == "none" else ("clavicle", "shoulder")
    legs = ("upperleg",) if worn.legs == "short" else ("upperleg", "lowerleg")
    for garment, cloth, where in (
        (shirt, 0.007 * worn.loose, covered("spine", "breast", *girdle, *sleeves)),
        (trousers, 0.008 * worn.loose, covered("pelvis", "root", *legs)),
        (shoes, 0.014, feet),
    ):
        colours[where], off[where] = garment, cloth
    waist = body.skeleton.heads[body.skeleton.index["spine04"]][2]
    above = body.rest[:, 2] >= waist
    colours[torso & ~above] = trousers
    colours[torso & above] = shirt
    _head(body, colours, off, hair, skin)
    outside = body.rest + off[:, None] * normals_of(body.rest, body.faces)
    outside = smoothed(outside, body.faces, feet, 9)  # a shoe shows no toes
    outside = smoothed(outside, body.faces, covered("spine", "breast", "pelvis", "root"), 4)
    outside[:, 2] += np.where(feet, body.rest[feet, 2].min() - outside[feet, 2].min(), 0.0)
    return colours.astype(np.float32), outside


def _head(body: Body, colours: np.ndarray, off: np.ndarray, hair: np.ndarray, skin: np.ndarray) -> None:
    """Hair on the top and the back of the head, brows, lips and eyes, which pose networks look for."""
    head = np.char.startswith(body.part, "head")
    eyes = np.char.startswith(body.part, "eye")
    middle = (body.skeleton.heads[body.skeleton.index["eye.L"]] + body.skeleton.heads[body.skeleton.index["eye.R"]]) / 2
    x, y, z = (body.rest - middle).T
    scalp = head & ((z > 0.065 - 0.35 * np.clip(y - 0.02, -0.03, 0.3)) | ((y > 0.085) & (z > -0.06)))
    colours[scalp] = hair
    off[scalp] = 0.012
    brow = head & (z > 0.018) & (z < 0.027) & (np.abs(np.abs(x) - 0.032) < 0.02) & (y < 0.02)
    colours[brow] = 0.5 * hair + 0.5 * skin * 0.5
    lips = head & (np.abs(x) < 0.024) & (z > -0.085) & (z < -0.066) & (y < 0.0)
    colours[lips] = skin * np.array([0.85, 0.58, 0.58])
    for side in "LR":
        centre = body.skeleton.heads[body.skeleton.index["eye." + side]]
        eye = eyes & (body.part == "eye." + side)
        colours[eye] = (0.95, 0.95, 0.95)
        iris = eye & (np.hypot(*(body.rest - centre)[:, [0, 2]].T) < 0.006) & (body.rest[:, 1] < centre[1])
        colours[iris] = (0.15, 0.10, 0.06)
