"""A room with people in it, drawn without a screen by pyrender."""

import os
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import INSTALL_HINT, Body

SKINS = ((0.87, 0.67, 0.55), (0.78, 0.57, 0.44), (0.93, 0.75, 0.64), (0.55, 0.37, 0.27), (0.40, 0.27, 0.20))
HAIRS = ((0.16, 0.11, 0.08), (0.35, 0.22, 0.12), (0.07, 0.06, 0.06), (0.62, 0.48, 0.28), (0.55, 0.55, 0.55))
SHIRTS = ((0.75, 0.16, 0.18), (0.15, 0.38, 0.68), (0.93, 0.93, 0.90), (0.95, 0.72, 0.15), (0.20, 0.55, 0.35))
TROUSERS = ((0.16, 0.18, 0.26), (0.25, 0.25, 0.27), (0.32, 0.34, 0.42), (0.12, 0.12, 0.13))
SHOES = ((0.92, 0.92, 0.94), (0.12, 0.12, 0.14), (0.85, 0.30, 0.15))


@dataclass(frozen=True)
class Camera:
    """Where the camera stands: it looks at a point above the place where the person stands.

    Attributes:
        yaw: degrees; 0 sees the person's front, 90 her left side.
        distance: metres from the person.
        height: metres over the floor.
        look_at: height in metres of the point in the picture's middle.
        field_of_view: vertical, degrees.
    """

    yaw: float = 0.0
    distance: float = 3.2
    height: float = 1.0
    look_at: float = 0.9
    field_of_view: float = 45.0

    def check(self) -> None:
        """Raise RehabCoachError for values that make no picture."""
        for name, value, low, high in (
            ("yaw", self.yaw, -360, 360),
            ("distance", self.distance, 0.5, 20),
            ("camera height", self.height, 0.05, 5),
            ("look-at height", self.look_at, 0, 4),
            ("field of view", self.field_of_view, 10, 120),
        ):
            if not low <= value <= high:
                raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))

    def pose(self) -> np.ndarray:
        """OpenGL camera-to-world matrix (4, 4): the camera looks along its own -z, y up."""
        yaw = np.radians(self.yaw)
        place = np.array([np.sin(yaw) * self.distance, -np.cos(yaw) * self.distance, self.height])
        backwards = place - np.array([0.0, 0.0, self.look_at])
        backwards /= np.linalg.norm(backwards)
        right = np.cross([0.0, 0.0, 1.0], backwards)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, :4] = np.stack([right, np.cross(backwards, right), backwards, place], axis=1)
        return pose


def import_pyrender():
    """pyrender on OSMesa (or what PYOPENGL_PLATFORM says).

    Raises:
        RehabCoachError: a package or the OSMesa library is missing.
    """
    os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")
    try:
        import pyrender
    except (ImportError, AttributeError, OSError) as error:
        # PyOpenGL fails with one of the latter two when libOSMesa is not there.
        raise RehabCoachError(INSTALL_HINT + " (%s)" % error) from error
    return pyrender


def dressed(body: Body, rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
    """Dress a body by its vertices' dominant bones.

    Returns:
        colours float32 (V, 3), and the rest pose's vertices (V, 3) with clothes, shoes and hair on, metres.
    """

    def choose(table):
        return np.array(table[rng.integers(len(table))])

    skin, hair, shirt, trousers, shoes = (choose(table) for table in (SKINS, HAIRS, SHIRTS, TROUSERS, SHOES))
    colours, off = np.tile(skin, (len(body.part), 1)), np.zeros(len(body.part))

    def covered(*prefixes):
        return np.any([np.char.startswith(body.part, prefix) for prefix in prefixes], axis=0)

    feet = covered("foot", "toe")
    for garment, cloth, where in (
        (shirt, 0.007, covered("spine", "breast", "clavicle", "shoulder", "upperarm01")),
        (trousers, 0.008, covered("pelvis", "root", "upperleg", "lowerleg")),
        (shoes, 0.014, feet),
    ):
        colours[where], off[where] = garment, cloth
    torso, waist = covered("spine", "root"), body.skeleton.heads[body.skeleton.index["spine04"]][2]
    above = body.rest[:, 2] >= waist
    colours[torso & ~above] = trousers
    colours[torso & above] = shirt
    _head_colours(body, colours, off, hair, skin)
    outside = body.rest + off[:, None] * normals_of(body.rest, body.faces)
    outside = smoothed(outside, body.faces, feet, 9)  # a shoe shows no toes
    outside = smoothed(outside, body.faces, covered("spine", "breast", "pelvis", "root"), 4)
    outside[:, 2] += np.where(feet, body.rest[feet, 2].min() - outside[feet, 2].min(), 0.0)
    return colours.astype(np.float32), outside


def _head_colours(body: Body, colours: np.ndarray, off: np.ndarray, hair: np.ndarray, skin: np.ndarray) -> None:
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


def smoothed(vertices: np.ndarray, faces: np.ndarray, chosen: np.ndarray, times: int) -> np.ndarray:
    """Vertices (V, 3) after moving the chosen ones (V,) to the mean of their neighbours so many times."""
    from scipy.sparse import coo_matrix

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    joined = coo_matrix(
        (np.ones(2 * len(edges)), (edges.ravel(), edges[:, ::-1].ravel())), shape=(len(vertices),) * 2
    ).tocsr()
    joined.data[:] = 1.0
    count = np.maximum(np.asarray(joined.sum(axis=1)), 1)
    vertices = vertices.copy()
    for _ in range(times):
        vertices[chosen] = ((joined @ vertices) / count)[chosen]
    return vertices


def normals_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Smooth vertex normals (V, 3): the mean of the faces around, weighted by area."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    sums = np.stack([np.bincount(faces.ravel(), np.repeat(across[:, axis], 3), len(vertices)) for axis in range(3)], 1)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


class Room:
    """Floor, wall, light and camera, and what stands in it for one picture.

    Args:
        camera: where it is seen from.
        size: width and height of the pictures, pixels.
        rng: chooses the colours of floor and wall.
    """

    def __init__(self, camera: Camera, size: Tuple[int, int], rng: Optional[np.random.Generator] = None):
        camera.check()
        self._pyrender = import_pyrender()
        rng = np.random.default_rng(0) if rng is None else rng
        self.size, self.camera = size, camera
        self._scene = self._pyrender.Scene(ambient_light=(0.38, 0.38, 0.38), bg_color=(0.75, 0.77, 0.8))
        self._furnish(rng)
        lens = self._pyrender.PerspectiveCamera(np.radians(camera.field_of_view), znear=0.05, zfar=60.0)
        self._scene.add(lens, pose=camera.pose())
        self._light(camera)
        self._moving: List = []
        try:
            self._renderer = self._pyrender.OffscreenRenderer(*size)
        except Exception as error:  # PyOpenGL's errors share no base class
            raise RehabCoachError(
                "cannot draw without a screen: are Debian's libosmesa6 and libglu1-mesa installed? (%s)" % error
            ) from error

    def _furnish(self, rng: np.random.Generator) -> None:
        yaw = np.radians(self.camera.yaw)
        turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        wall = np.array([0.78, 0.80, 0.80]) * rng.uniform(0.9, 1.05, 3)
        floor = np.array([0.55, 0.47, 0.40]) * rng.uniform(0.85, 1.1, 3)
        half, back, top = 8.0, 2.2, 4.0  # metres
        corners = np.array([[-half, -half, 0], [half, -half, 0], [half, back, 0], [-half, back, 0]])
        self._add(corners @ turn.T, [[0, 1, 2], [0, 2, 3]], np.tile(floor, (4, 1)))
        corners = np.array([[-half, back, 0], [half, back, 0], [half, back, top], [-half, back, top]])
        self._add(corners @ turn.T, [[0, 1, 2], [0, 2, 3]], np.tile(wall, (4, 1)))
        skirting = corners * [1, 1, 0.025] - [0, 0.01, 0]
        self._add(skirting @ turn.T, [[0, 1, 2], [0, 2, 3]], np.tile(wall * 0.6, (4, 1)))

    def _light(self, camera: Camera) -> None:
        for yaw, height, strength in ((camera.yaw - 35, 3.0, 2.6), (camera.yaw + 60, 2.0, 1.0)):
            self._scene.add(
                self._pyrender.DirectionalLight(color=np.ones(3), intensity=strength),
                pose=Camera(yaw=yaw, height=height, distance=3.0, look_at=0.8).pose(),
            )

    def _add(self, vertices, faces, colours, normals=None):
        vertices, faces = np.asarray(vertices, np.float32), np.asarray(faces, np.uint32)
        normals = normals_of(vertices, faces) if normals is None else normals
        colours = np.asarray(colours, np.float32) ** 2.2  # the renderer computes with linear light
        material = self._pyrender.MetallicRoughnessMaterial(metallicFactor=0.0, roughnessFactor=0.9)
        primitive = self._pyrender.Primitive(
            positions=vertices,
            normals=np.asarray(normals, np.float32),
            color_0=colours,
            indices=faces,
            material=material,
        )
        return self._scene.add(self._pyrender.Mesh([primitive]))

    def draw(self, things: Sequence[Dict[str, np.ndarray]]) -> np.ndarray:
        """A picture (H, W, 3) uint8 BGR of the room with things in it: meshes of vertices, faces, colours."""
        for node in self._moving:
            self._scene.remove_node(node)
        self._moving = [
            self._add(thing["vertices"], thing["faces"], thing["colours"], thing.get("normals")) for thing in things
        ]
        colour, _ = self._renderer.render(self._scene)
        return np.ascontiguousarray(colour[:, :, ::-1])

    def close(self) -> None:
        """Give the drawing surface back."""
        self._renderer.delete()

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def cylinder(start: np.ndarray, end: np.ndarray, radius: float, colour, sides: int = 20) -> Dict[str, np.ndarray]:
    """A closed cylinder's mesh between two points, metres."""
    import trimesh

    mesh = trimesh.creation.cylinder(radius=radius, segment=np.array([start, end]), sections=sides)
    # One normal a face keeps the rims sharp.
    vertices = mesh.vertices[mesh.faces].reshape(-1, 3)
    return {
        "vertices": vertices,
        "faces": np.arange(len(vertices)).reshape(-1, 3),
        "colours": np.tile(np.asarray(colour, np.float32), (len(vertices), 1)),
    }
