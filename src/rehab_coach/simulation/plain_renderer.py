"""The plain way to draw: pyrender, the whole scene anew for every picture. What is quick is tested against it."""

import os
from types import ModuleType
from typing import List, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.camera import FAR, NEAR, Camera
from rehab_coach.simulation.mesh import Mesh
from rehab_coach.simulation.room import BACKGROUND, Lighting


def import_pyrender() -> ModuleType:
    """pyrender on EGL (or what PYOPENGL_PLATFORM says: osmesa needs Debian's libosmesa6).

    Raises:
        RehabCoachError: a package or the OSMesa library is missing.
    """
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    try:
        import pyrender
    except (ImportError, AttributeError, OSError) as error:
        # PyOpenGL fails with one of the latter two when libOSMesa is not there.
        raise RehabCoachError(
            "the plain renderer needs `pip install --no-deps pyrender==0.1.45` and an OpenGL library for "
            "PYOPENGL_PLATFORM=%s (%s)" % (os.environ["PYOPENGL_PLATFORM"], error)
        ) from error
    return pyrender


class PlainRenderer:
    """Draws a room with people in it by pyrender.

    Args:
        meshes: what never moves.
        lighting: of the room.
        size: width and height, pixels.

    Raises:
        RehabCoachError: a package or OpenGL is missing.
    """

    def __init__(self, meshes: Sequence[Mesh], lighting: Lighting, size: Tuple[int, int]):
        self._pyrender = import_pyrender()
        self.size = size
        self._scene = self._pyrender.Scene(ambient_light=lighting.ambient, bg_color=BACKGROUND)
        for mesh in meshes:
            self._add(mesh)
        for towards, strength in zip(lighting.towards, lighting.strength):
            power = float(strength.max()) or 1.0
            pose = np.eye(4)
            aside = np.cross([0.0, 0.0, 1.0], towards)
            aside /= np.linalg.norm(aside)
            pose[:3, :3] = np.stack([aside, np.cross(towards, aside), towards], axis=1)
            light = self._pyrender.DirectionalLight(color=strength / power, intensity=power)
            self._scene.add(light, pose=pose)
        self._moving: List = []
        self._lens = None
        try:
            self._renderer = self._pyrender.OffscreenRenderer(*size)
        except Exception as error:  # PyOpenGL's errors share no base class
            raise RehabCoachError(
                "cannot draw without a screen: are Debian's libegl1 and libgl1-mesa-dri installed? (%s)" % error
            ) from error

    def _add(self, mesh: Mesh):
        colours = np.asarray(mesh.colours, np.float32) ** 2.2  # the renderer computes with linear light
        material = self._pyrender.MetallicRoughnessMaterial(metallicFactor=0.0, roughnessFactor=0.9)
        primitive = self._pyrender.Primitive(
            positions=np.asarray(mesh.vertices, np.float32),
            normals=np.asarray(mesh.normals, np.float32),
            color_0=colours,
            indices=np.asarray(mesh.faces, np.uint32),
            material=material,
        )
        return self._scene.add(self._pyrender.Mesh([primitive]))

    def draw(self, camera: Camera, things: Sequence[Mesh] = ()) -> np.ndarray:
        """A picture (H, W, 3) uint8 BGR of the room with things in it."""
        for node in self._moving + ([self._lens] if self._lens is not None else []):
            self._scene.remove_node(node)
        lens = self._pyrender.PerspectiveCamera(np.radians(camera.field_of_view), znear=NEAR, zfar=FAR)
        self._lens = self._scene.add(lens, pose=camera.pose())
        self._moving = [self._add(thing) for thing in things]
        colour, _ = self._renderer.render(self._scene)
        return np.ascontiguousarray(colour[:, :, ::-1])

    def close(self) -> None:
        """Give the drawing surface back."""
        self._renderer.delete()
