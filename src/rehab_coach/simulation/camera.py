"""Where the camera stands, and where in its picture a point of the room is."""

import functools
from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError

NEAR, FAR = 0.05, 60.0  # metres, what is drawn


@dataclass(frozen=True)
class Camera:
    """Where the camera stands: it looks at a point above the place where the person stands.

    Attributes:
        yaw: degrees; 0 sees the person's front, 90 her left side.
        distance: metres from the person.
        height: metres over the floor.
        look_at: height in metres of the point in the picture's middle.
        field_of_view: vertical, degrees.
        turn: degrees that the camera is turned to its left, away from the person (a robot that looks elsewhere).
    """

    yaw: float = 0.0
    distance: float = 3.2
    height: float = 1.0
    look_at: float = 0.9
    field_of_view: float = 45.0
    turn: float = 0.0

    def check(self) -> None:
        """Raise RehabCoachError for values that make no picture."""
        for name, value, low, high in (
            ("yaw", self.yaw, -360, 360),
            ("distance", self.distance, 0.5, 20),
            ("camera height", self.height, 0.05, 5),
            ("look-at height", self.look_at, 0, 4),
            ("field of view", self.field_of_view, 10, 120),
            ("turn", self.turn, -180, 180),
        ):
            if not low <= value <= high:
                raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))

    def pose(self) -> np.ndarray:
        """OpenGL camera-to-world matrix (4, 4): the camera looks along its own -z, y up."""
        return _pose(self)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Points of the room (..., 3) as the camera has them: metres to its right, down, and away from it."""
        pose = self.pose()
        return (np.asarray(points) - pose[:3, 3]) @ (pose[:3, :3] * [1.0, -1.0, -1.0])

    def focal_length(self, size: Tuple[int, int]) -> float:
        """Pixels, for pictures of this width and height."""
        return size[1] / 2 / np.tan(np.radians(self.field_of_view) / 2)

    def project(self, points: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
        """Pixels (..., 2), x to the right and y down from the corner of the picture, of points (..., 3) before it.

        What is behind the camera becomes NaN.
        """
        return self.picture(self.seen(points), size)

    def picture(self, seen: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
        """As `project`, of points (..., 3) as `seen` gives them."""
        right, down, away = np.moveaxis(seen, -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(away > NEAR, self.focal_length(size) / away, np.nan)
        return np.stack([size[0] / 2 + right * scale, size[1] / 2 + down * scale], axis=-1)

    def projection(self, size: Tuple[int, int]) -> np.ndarray:
        """OpenGL's matrix (4, 4) from the room to the picture."""
        tangent = 1 / np.tan(np.radians(self.field_of_view) / 2)
        lens = np.zeros((4, 4))
        lens[0, 0], lens[1, 1] = tangent * size[1] / size[0], tangent
        lens[2, 2:] = (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)
        lens[3, 2] = -1
        return lens @ np.linalg.inv(self.pose())

    def as_dict(self, size: Tuple[int, int]) -> Dict[str, object]:
        """For JSON: the numbers above, and intrinsic and extrinsic matrices as OpenCV has them (metres, pixels)."""
        focal, pose = self.focal_length(size), self.pose()
        axes = pose[:3, :3] * [1.0, -1.0, -1.0]
        values: Dict[str, object] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["size"] = list(size)
        values["intrinsics"] = [[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]]
        values["rotation"] = axes.T.tolist()
        values["translation"] = (-axes.T @ pose[:3, 3]).tolist()
        return values


@functools.lru_cache(maxsize=64)
def _pose(camera: Camera) -> np.ndarray:
    yaw, turn = np.radians(camera.yaw), np.radians(camera.turn)
    place = np.array([np.sin(yaw) * camera.distance, -np.cos(yaw) * camera.distance, camera.height])
    backwards = place - np.array([0.0, 0.0, camera.look_at])
    x, y = backwards[:2]
    backwards[:2] = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    backwards /= np.linalg.norm(backwards)
    right = np.cross([0.0, 0.0, 1.0], backwards)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :4] = np.stack([right, np.cross(backwards, right), backwards, place], axis=1)
    pose.flags.writeable = False
    return pose
