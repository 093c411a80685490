"""Triangle meshes with a colour for each vertex, and their normals."""

from dataclasses import dataclass
from typing import Optional, Sequence, Union

import numpy as np

Point = Union[Sequence[float], np.ndarray]
Colour = Union[Sequence[float], np.ndarray]
"""Red, green and blue, 0..1 as a screen shows them."""


@dataclass(eq=False)
class Mesh:
    """What is drawn.

    Attributes:
        vertices: float (V, 3) metres.
        faces: int (F, 3), anticlockwise as seen from outside.
        colours: float32 (V, 3), 0..1 as a screen shows them.
        normals: float (V, 3), length 1; None = computed from the faces.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray
    normals: Optional[np.ndarray] = None

    def __post_init__(self):
        if self.normals is None:
            self.normals = normals_of(self.vertices, self.faces)


def normals_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Smooth vertex normals (V, 3): the mean of the faces around, weighted by area."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    sums = np.stack([np.bincount(faces.ravel(), np.repeat(across[:, axis], 3), len(vertices)) for axis in range(3)], 1)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


class Normals:
    """`normals_of` for one mesh in many poses: which vertices belong together is worked out once.

    Args:
        faces: int (F, 3).
        vertices: how many there are.
    """

    def __init__(self, faces: np.ndarray, vertices: int):
        from scipy.sparse import csr_matrix

        count = len(faces)
        ones = np.ones(count, np.float32)
        self._corners = np.ascontiguousarray(faces.T)
        self._around = csr_matrix(
            (np.tile(ones, 3), (self._corners.ravel(), np.tile(np.arange(count), 3))), shape=(vertices, count)
        )

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        """float32 (V, 3) normals of vertices (V, 3)."""
        a, b, c = (vertices.astype(np.float32, copy=False)[corner] for corner in self._corners)
        b -= a
        c -= a
        across = np.empty_like(a)
        for axis in range(3):
            one, other = (axis + 1) % 3, (axis + 2) % 3
            across[:, axis] = b[:, one] * c[:, other] - b[:, other] * c[:, one]
        sums = self._around @ across
        return sums / np.maximum(np.sqrt(np.einsum("vi,vi->v", sums, sums)), 1e-12)[:, None]


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


def all_over(mesh: Mesh, spacing: float = 0.03) -> np.ndarray:
    """Points (N, 3) on a mesh's faces, about so far apart."""
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    rng = np.random.default_rng(0)
    chosen = np.repeat(np.arange(len(a)), np.ceil(area / spacing**2).astype(int))
    u, v = rng.random((2, len(chosen), 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]


def cylinder(start: Point, end: Point, radius: float, colour: Colour, sides: int = 20) -> Mesh:
    """A closed cylinder between two points, metres."""
    import trimesh

    return _faceted(trimesh.creation.cylinder(radius=radius, segment=np.array([start, end]), sections=sides), colour)


def box(low: Point, high: Point, colour: Colour) -> Mesh:
    """A box between its lowest and its highest corner, metres."""
    import trimesh

    return _faceted(trimesh.creation.box(bounds=np.array([low, high], float)), colour)


def _faceted(mesh, colour) -> Mesh:
    """One normal a face keeps the rims sharp."""
    vertices = mesh.vertices[mesh.faces].reshape(-1, 3)
    faces = np.arange(len(vertices)).reshape(-1, 3)
    return Mesh(vertices, faces, np.tile(np.asarray(colour, np.float32), (len(vertices), 1)))
