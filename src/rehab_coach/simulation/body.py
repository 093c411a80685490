"""A human body's mesh from the model anny (Apache-2.0; MakeHuman's assets, CC0), measured and posed."""

import contextlib
import functools
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.motions import Motion
from rehab_coach.simulation.posing import Skeleton
from rehab_coach.simulation.solver import solve
from rehab_coach.skeleton import COCO_18

INSTALL_HINT = (
    "rendering a virtual patient needs more packages: `pip install -e '.[simulation]'` in the repository "
    "(Python 3.10 or newer), and Debian's libegl1 and libgl1-mesa-dri"
)
AGES = (11.0, 25.0, 90.0), (1 / 3, 2 / 3, 1.0)  # years, and anny's scale from newborn (-1/3) to old (1)
DENSITY = 985.0  # kg/m^3 of a body
MARKS = tuple(joint for joint in COCO_18.joints if joint != "neck") + (
    "right_big_toe",
    "right_small_toe",
    "right_heel",
    "left_big_toe",
    "left_small_toe",
    "left_heel",
)
"""Key points that the body model places: COCO's 17 and those of the feet."""

LIMBS = {
    "trunk": "torso-scale-vert-incr",
    "shoulders": "measure-shoulder-dist-incr",
    "hips": "hip-scale-horiz-incr",
    "thigh": "measure-upperleg-height-incr",
    "shank": "measure-lowerleg-height-incr",
    "upper_arm": "measure-upperarm-length-incr",
    "forearm": "measure-lowerarm-length-incr",
}
"""What may be longer or shorter than the model's phenotypes make it, and the target of MakeHuman's that does it."""


@dataclass(frozen=True)
class Physique:
    """What a person is like.

    Attributes:
        gender: "female" or "male".
        age: years, 12 to 90.
        height: metres; None = an average person's.
        weight: kg; None = an average person's of that height.
        limbs: how long each of `LIMBS` is as a factor of what phenotypes make it, before the whole body is made as
            tall as asked for; () = all 1.
    """

    gender: str = "female"
    age: float = 35.0
    height: Optional[float] = None
    weight: Optional[float] = None
    limbs: Tuple[float, ...] = ()

    def check(self) -> None:
        """Raise RehabCoachError for a value that no person of the model has."""
        if self.gender not in ("female", "male"):
            raise RehabCoachError("gender must be female or male, not '%s'" % self.gender)
        for name, value, low, high in (
            ("age", self.age, 12, 90),
            ("height", self.height, 1.3, 2.1),
            ("weight", self.weight, 30, 180),
        ):
            if value is not None and not low <= value <= high:
                raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))
        if self.limbs and not (len(self.limbs) == len(LIMBS) and all(0.8 <= factor <= 1.25 for factor in self.limbs)):
            raise RehabCoachError(
                "limbs must be %d factors between 0.8 and 1.25 (%s), not %s"
                % (len(LIMBS), ", ".join(LIMBS), list(self.limbs))
            )


@functools.lru_cache(maxsize=1)
def load_model():
    """Anny's model, loaded once.

    Raises:
        RehabCoachError: anny is not installed.
    """
    try:
        with contextlib.suppress(ImportError):
            import warp  # anny takes it where it is installed; its greeting is not for our users

            warp.config.quiet = True
        import anny
    except ImportError as error:
        raise RehabCoachError(INSTALL_HINT + " (%s)" % error) from error
    # The compact shapes that anny makes by default take up to a minute and gain nothing for one person.
    return anny.Anny(skinning_method="lbs", phenotype_blendshapes="original", local_changes=sorted(LIMBS.values()))


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Cubic metres inside a closed triangle mesh (divergence theorem)."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(abs(np.einsum("ij,ij->", a, np.cross(b, c))) / 6)


class Body:
    """One person's mesh.

    Args:
        physique: what the person is like.
        model: what `load_model` returned, to save the time of loading it again.

    Attributes:
        faces: int (F, 3).
        rest: float (V, 3) vertices in the rest pose, metres.
        part: the label of the bone that moves each vertex most, one string a vertex.
        skeleton: the bones.
        height, weight: what came out, metres and kg.
    """

    def __init__(self, physique: Physique = Physique(), model=None):
        physique.check()
        self.physique = physique
        model = load_model() if model is None else model
        self.faces = model.faces.cpu().numpy()
        self.rest, heads = self._shape(model, physique)
        self.height = float(np.ptp(self.rest[:, 2]))
        self.weight = volume(self.rest, self.faces) * DENSITY
        self._weights = _skinning_weights(model)
        labels: List[str] = list(model.bone_labels)
        self.part = np.array(labels)[np.asarray(self._weights.argmax(axis=1)).ravel()]
        self.skeleton = Skeleton(labels, model.bone_parents, heads, _heels(self.rest, self.part))
        self._marks = self._weighted_marks(model)

    @staticmethod
    def _shape(model, physique: Physique) -> Tuple[np.ndarray, np.ndarray]:
        """Rest vertices and bone heads: weight by the model's scale, height by making everything larger."""

        def shape(weight: float):
            kwargs = {
                "gender": 1.0 if physique.gender == "female" else 0.0,
                "age": float(np.interp(physique.age, *AGES)),
                "weight": weight,
                "height": 0.5,
                # Little muscle is where the model has the widest range from thin to stout.
                "muscle": 0.55 if physique.weight is None else 0.3,
                "proportions": 0.6,
            }
            vertices, heads = _rest(model, kwargs)
            if physique.limbs:
                vertices, heads = _rest(model, kwargs, _changes(model, heads, physique.limbs))
            size = 1.0 if physique.height is None else physique.height / np.ptp(vertices[:, 2])
            return vertices * size, heads * size

        if physique.weight is None:
            return shape(0.5)
        # The model's scale from thin to stout bends little between these steps.
        scale = np.linspace(0.0, 1.0, 5)
        kilograms = [volume(shape(step)[0], model.faces.cpu().numpy()) * DENSITY for step in scale]
        if not kilograms[0] <= physique.weight <= kilograms[-1]:
            raise RehabCoachError(
                "weight must be between %.0f and %.0f kg for a person of that gender, age and height, not %g"
                % (np.ceil(kilograms[0]), np.floor(kilograms[-1]), physique.weight)
            )
        return shape(float(np.interp(physique.weight, kilograms, scale)))

    def _weighted_marks(self, model) -> Tuple[np.ndarray, np.ndarray]:
        """How each bone carries each key point: weighted places (K, B, 3) at rest and weights (K, B)."""
        from anny import KeypointsRegressor

        chosen = KeypointsRegressor.coco(model, list(MARKS)).regression_weights.cpu().numpy()
        # Skinning and choosing vertices are both linear, so a key point is carried by bones as a vertex is.
        places = np.stack([(self._weights.T @ (chosen * axis).T).T for axis in self.rest.T], axis=2)
        return places, (self._weights.T @ chosen.T).T

    def marks(self, rotations: np.ndarray, heads: np.ndarray) -> np.ndarray:
        """Where the key points `MARKS` are: (..., K, 3) metres; rotations (..., B, 3, 3), heads (..., B, 3)."""
        places, weights = self._marks
        shift = heads - np.einsum("...bij,bj->...bi", rotations, self.skeleton.heads)
        return np.einsum("...bij,kbj->...ki", rotations, places, optimize=True) + weights @ shift

    @property
    def weights(self):
        """Sparse (V, B): how much each bone moves each vertex."""
        return self._weights

    def skinned(self, chosen: np.ndarray, rotations: np.ndarray, heads: np.ndarray) -> np.ndarray:
        """Some vertices (..., N, 3) by linear blend skinning; rotations (..., B, 3, 3), heads (..., B, 3)."""
        weights = self._weights[chosen].toarray()
        shift = heads - np.einsum("...bij,bj->...bi", rotations, self.skeleton.heads)
        places = weights[:, :, None] * self.rest[chosen][:, None]  # (N, B, 3)
        return np.einsum("...bij,nbj->...ni", rotations, places, optimize=True) + weights @ shift

    def pose(self, motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
        """Rotations from rest (T, B, 3, 3) and heads (T, B, 3) of all bones in every frame of a motion."""
        return solve(self.skeleton, motion)

    def vertices(self, rotations: np.ndarray, heads: np.ndarray, rest: Optional[np.ndarray] = None) -> np.ndarray:
        """The mesh (V, 3) of one frame by linear blend skinning; rotations (B, 3, 3), heads (B, 3).

        Args:
            rotations, heads: of the bones.
            rest: (V, 3) vertices in the rest pose; None = the naked body's.
        """
        rest = self.rest if rest is None else rest
        shift = heads - np.einsum("bij,bj->bi", rotations, self.skeleton.heads)
        affine = np.concatenate([rotations, shift[:, :, None]], axis=2).reshape(len(heads), 12)
        blended = (self._weights @ affine).reshape(-1, 3, 4)
        return np.einsum("vij,vj->vi", blended[:, :, :3], rest) + blended[:, :, 3]


def _rest(model, phenotypes: Dict[str, float], changes: Optional[Dict[str, float]] = None):
    """Vertices (V, 3) and bone heads (B, 3) in the rest pose, metres."""
    result = model(phenotype_kwargs=phenotypes, **({"local_changes_kwargs": changes} if changes else {}))
    return tuple(result[key][0].cpu().numpy() for key in ("rest_vertices", "rest_bone_heads"))


def _changes(model, heads: np.ndarray, limbs: Tuple[float, ...]) -> Dict[str, float]:
    """How much of each target makes the limbs of a body with these bone heads longer by these factors."""
    lengths = limb_lengths(model.bone_labels, heads)
    steps = _metres(model)
    changes = {}
    for factor, (limb, target) in zip(limbs, LIMBS.items()):
        metres = (factor - 1) * lengths[limb]
        changes[target] = float(metres / steps[limb][0 if metres < 0 else 1])
    return changes


@functools.lru_cache(maxsize=1)
def _metres(model) -> Dict[str, Tuple[float, float]]:
    """By how many metres the whole target shortens and lengthens each limb: the same for every phenotype."""
    usual = limb_lengths(model.bone_labels, _rest(model, {})[1])

    def changed(limb: str, amount: float) -> float:
        heads = _rest(model, {}, {LIMBS[limb]: amount})[1]
        return abs(limb_lengths(model.bone_labels, heads)[limb] - usual[limb])

    return {limb: (changed(limb, -1.0), changed(limb, 1.0)) for limb in LIMBS}


def limb_lengths(labels: Sequence[str], heads: np.ndarray) -> Dict[str, float]:
    """Metres of each of `LIMBS` between the bones' heads (B, 3), of the right side."""
    at = dict(zip(labels, heads))
    middle = {name: (at[name + ".R"] + at[name + ".L"]) / 2 for name in ("upperarm01", "upperleg01")}
    ends = {
        "trunk": (middle["upperarm01"], middle["upperleg01"]),
        "shoulders": (at["upperarm01.R"], at["upperarm01.L"]),
        "hips": (at["upperleg01.R"], at["upperleg01.L"]),
        "thigh": (at["upperleg01.R"], at["lowerleg01.R"]),
        "shank": (at["lowerleg01.R"], at["foot.R"]),
        "upper_arm": (at["upperarm01.R"], at["lowerarm01.R"]),
        "forearm": (at["lowerarm01.R"], at["wrist.R"]),
    }
    return {limb: float(np.linalg.norm(end - begin)) for limb, (begin, end) in ends.items()}


def _skinning_weights(model):
    """Sparse (V, B) matrix of how much each bone moves each vertex."""
    from scipy.sparse import csr_matrix

    weights, bones = model.vertex_bone_weights.cpu().numpy(), model.vertex_bone_indices.cpu().numpy()
    rows = np.repeat(np.arange(len(weights)), weights.shape[1])
    return csr_matrix((weights.ravel(), (rows, bones.ravel())), shape=(len(weights), len(model.bone_labels)))


def _heels(rest: np.ndarray, part: np.ndarray) -> Dict[str, np.ndarray]:
    """Where the heels of the standing person touch the floor."""
    heels = {}
    for side in "RL":
        foot = rest[[label.endswith("." + side) and label.startswith(("foot", "toe")) for label in part]]
        bottom = foot[:, 2].min()
        low = foot[foot[:, 2] < bottom + 0.02]
        heel = low[low[:, 1].argmax()]
        heels[side] = np.array([heel[0], heel[1], bottom])
    return heels
