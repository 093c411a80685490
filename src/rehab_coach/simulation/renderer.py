"""The quick way to draw: moderngl, the room once, then only the part of the picture where something moves.

The light is computed as pyrender does it (metallic-roughness material without metal), so pictures are those of
`plain_renderer.PlainRenderer` but for rounding. EGL finds the graphics card where there is one, otherwise Mesa's
software renderer; $GLCONTEXT_DEVICE_INDEX chooses among several cards.
"""

import os
import weakref
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple, cast

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import INSTALL_HINT
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.mesh import Mesh
from rehab_coach.simulation.room import BACKGROUND, Lighting

if TYPE_CHECKING:
    import moderngl

SAMPLES = 4  # a pixel
MARGIN = 2  # pixels around what moves

VERTEX_SHADER = """
#version 330
in vec3 position;
in vec3 normal;
in vec3 colour;
uniform mat4 camera;
out vec3 at;
out vec3 across;
out vec3 paint;

void main() {
    at = position;
    across = normal;
    paint = colour;
    gl_Position = camera * vec4(position, 1.0);
}
"""
FRAGMENT_SHADER = """
#version 330
in vec3 at;
in vec3 across;
in vec3 paint;
uniform vec3 eye;
uniform vec3 ambient;
uniform vec3 towards[2];
uniform vec3 strength[2];
out vec4 shown;

const float PI = 3.141592653589793;
const float DIELECTRIC = 0.04;
const float ROUGHNESS = 0.9;

void main() {
    vec3 normal = normalize(across), view = normalize(eye - at), light = ambient;
    float nv = clamp(abs(dot(normal, view)), 0.001, 1.0);
    float a2 = pow(ROUGHNESS, 4.0), k = (ROUGHNESS + 1.0) * (ROUGHNESS + 1.0) / 8.0;
    for (int i = 0; i < 2; i++) {
        vec3 middle = normalize(towards[i] + view);
        float nl = clamp(dot(normal, towards[i]), 0.001, 1.0);
        float nh = clamp(dot(normal, middle), 0.0, 1.0), vh = clamp(dot(view, middle), 0.0, 1.0);
        float fresnel = DIELECTRIC + (1.0 - DIELECTRIC) * pow(1.0 - vh, 5.0);
        float masking = nv / (nv * (1.0 - k) + k) * nl / (nl * (1.0 - k) + k);
        float spread = nh * nh * (a2 - 1.0) + 1.0;
        float facets = a2 / (PI * spread * spread);
        float diffuse = (1.0 - fresnel) * (1.0 - DIELECTRIC) / PI;
        light += nl * strength[i] * (diffuse + fresnel * masking * facets / (4.0 * nl * nv + 0.001));
    }
    shown = clamp(vec4(pow(light * paint, vec3(1.0 / 2.2)), 1.0), 0.0, 1.0);
}
"""


class Renderer:
    """Draws a room with people in it.

    Args:
        meshes: what never moves.
        lighting: of the room.
        size: width and height, pixels.

    Raises:
        RehabCoachError: a package or OpenGL is missing.
    """

    def __init__(self, meshes: Sequence[Mesh], lighting: Lighting, size: Tuple[int, int]):
        try:
            import moderngl
        except ImportError as error:
            raise RehabCoachError(INSTALL_HINT + " (%s)" % error) from error
        self.size = size
        self._flags = moderngl.DEPTH_TEST | moderngl.CULL_FACE
        try:
            card = int(os.environ.get("GLCONTEXT_DEVICE_INDEX", 0))
            # moderngl's stub takes the backend's settings for dictionaries.
            self._context = moderngl.create_context(standalone=True, backend="egl", device_index=card)  # type: ignore[arg-type]
        except Exception as error:  # glcontext raises bare Exceptions
            raise RehabCoachError(
                "cannot draw without a screen: are Debian's libegl1 and libgl1-mesa-dri installed? (%s)" % error
            ) from error
        # What a barbell or a person took is given back when nobody has it any more.
        self._context.gc_mode = "context_gc"
        self._program = self._context.program(vertex_shader=VERTEX_SHADER, fragment_shader=FRAGMENT_SHADER)
        self._uniform("ambient").value = tuple(lighting.ambient)
        self._uniform("towards").write(lighting.towards.astype(np.float32).tobytes())
        self._uniform("strength").write(lighting.strength.astype(np.float32).tobytes())
        samples = min(SAMPLES, self._context.max_samples)
        self._empty, self._work, self._shown = (self._surface(count) for count in (samples, samples, 0))
        self._buffers: "weakref.WeakKeyDictionary" = weakref.WeakKeyDictionary()
        self._room = list(meshes)
        self._camera: Optional[Camera] = None
        self._background = np.empty((size[1], size[0], 3), np.uint8)

    def _uniform(self, name: str) -> "moderngl.Uniform":
        """What a value for the shaders is written to."""
        return cast("moderngl.Uniform", self._program[name])

    def _surface(self, samples: int) -> "moderngl.Framebuffer":
        colour = self._context.renderbuffer(self.size, 4, samples=samples)
        return self._context.framebuffer([colour], self._context.depth_renderbuffer(self.size, samples=samples))

    @property
    def name(self) -> str:
        """What draws, as the OpenGL driver calls itself."""
        return str(self._context.info["GL_RENDERER"])

    def _upload(self, mesh: Mesh) -> None:
        """The mesh's present vertices and normals into its buffers, which are made once."""
        points = np.concatenate([mesh.vertices, mesh.normals], axis=1).astype(np.float32)
        if mesh in self._buffers:
            self._buffers[mesh][0].write(points)
            return
        # The light is computed with linear colours.
        colours = np.asarray(mesh.colours, np.float32) ** np.float32(2.2)
        buffer, paint = self._context.buffer(points), self._context.buffer(np.ascontiguousarray(colours))
        corners = self._context.buffer(np.ascontiguousarray(mesh.faces, np.int32))
        parts = [(buffer, "3f 3f", "position", "normal"), (paint, "3f", "colour")]
        self._buffers[mesh] = buffer, self._context.vertex_array(self._program, parts, corners)

    def _look(self, camera: Camera) -> None:
        """Draw the empty room as this camera sees it."""
        self._uniform("camera").write(camera.projection(self.size).T.astype(np.float32).tobytes())
        self._uniform("eye").value = tuple(camera.pose()[:3, 3])
        self._use(self._empty, None)
        self._empty.clear(*BACKGROUND, 1.0, depth=1.0)
        for mesh in self._room:
            if mesh not in self._buffers:
                self._upload(mesh)
            self._buffers[mesh][1].render()
        self._context.copy_framebuffer(self._work, self._empty)
        self._context.copy_framebuffer(self._shown, self._empty)
        self._background[:] = self._read((0, 0, *self.size))
        self._camera = camera

    def _use(self, surface: "moderngl.Framebuffer", part: Optional[Tuple[int, int, int, int]]) -> None:
        surface.scissor = part  # type: ignore[assignment]  # moderngl's stub lacks None
        surface.use()
        self._context.enable_only(self._flags)

    def _read(self, part: Tuple[int, int, int, int]) -> np.ndarray:
        left, bottom, width, height = part
        self._shown.scissor = None  # type: ignore[assignment]  # as above
        pixels = np.frombuffer(self._shown.read(viewport=part, components=3, alignment=1), np.uint8)
        return pixels.reshape(height, width, 3)[::-1, :, ::-1]

    def draw(self, camera: Camera, things: Sequence[Mesh] = ()) -> np.ndarray:
        """A picture (H, W, 3) uint8 BGR of the room with things in it.

        A thing that moves is the same `Mesh` from picture to picture, its vertices and normals exchanged.
        """
        with self._context:
            self._context.gc()
            if camera != self._camera:
                self._look(camera)
            picture = self._background.copy()
            part = self._part(camera, things)
            if part is None:
                return picture
            # Blits keep to the scissor of the surface in use.
            self._use(self._work, part)
            self._context.copy_framebuffer(self._work, self._empty)
            for thing in things:
                self._upload(thing)
                self._buffers[thing][1].render()
            self._use(self._shown, part)
            self._context.copy_framebuffer(self._shown, self._work)
            left, bottom, width, height = part
            top = self.size[1] - bottom - height
            picture[top : top + height, left : left + width] = self._read(part)
            return picture

    def _part(self, camera: Camera, things: Sequence[Mesh]) -> Optional[Tuple[int, int, int, int]]:
        """Left, bottom, width and height of the part of the picture that the things are in."""
        corners: List[np.ndarray] = []
        for thing in things:
            pixels = camera.project(thing.vertices, self.size)
            if np.isnan(pixels).any():  # reaches behind the camera
                return 0, 0, self.size[0], self.size[1]
            corners += [pixels.min(axis=0), pixels.max(axis=0)]
        if not corners:
            return None
        limit = np.array(self.size)
        low = np.clip(np.floor(np.min(corners, axis=0)).astype(int) - MARGIN, 0, limit)
        high = np.clip(np.ceil(np.max(corners, axis=0)).astype(int) + MARGIN, 0, limit)
        if (high <= low).any():
            return None
        return int(low[0]), int(limit[1] - high[1]), int(high[0] - low[0]), int(high[1] - low[1])

    def close(self) -> None:
        """Give the drawing surface back."""
        self._context.release()
