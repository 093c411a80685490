"""What the robot's camera and a pose estimator would make of three-dimensional joints."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from rehab_coach.skeleton import BLAZEPOSE_33, Layout, SkeletonSequence, to_coco_18

VIEWS = (("front", 0.0, 30.0), ("oblique", 30.0, 60.0), ("side", 60.0, 90.0), ("behind", 90.0, 180.0))
"""Names of the camera's places: lowest and highest angle in degrees between the person's front and the camera."""


@dataclass(frozen=True)
class CameraView:
    """Where the camera stands.

    Attributes:
        yaw: degrees from the person's front, positive: the camera stands at the person's left.
        distance: metres from the person, over the floor.
        height: metres over the floor.
        roll: degrees.
        field_of_view: degrees across the picture's width.
        size: width and height of the picture in pixels.
    """

    yaw: float = 0.0
    distance: float = 3.0
    height: float = 0.8
    roll: float = 0.0
    field_of_view: float = 62.0
    size: Tuple[int, int] = (640, 480)

    @property
    def name(self) -> str:
        """front, oblique, side or behind."""
        turned = abs((self.yaw + 180) % 360 - 180)
        return next(name for name, low, high in VIEWS if low <= turned <= high)


@dataclass(frozen=True)
class EstimatorErrors:
    """How wrong key points are, in trunk lengths (standard deviations) and probabilities.

    The defaults come from comparing tf_pose and MediaPipe on 46 videos of squats, lunges and deadlifts: they
    differ by a standing 0.05, by 0.04 that changes slowly, and tremble by 0.008 to 0.02 from frame to frame.

    Attributes:
        standing: stays with the joint for the whole recording.
        slow: changes within `slow_time` seconds.
        fast: from frame to frame.
        slow_time: seconds.
        missing: most of a joint's frames in which it is not seen; each joint draws its own share below it.
        never: probability that a joint is never seen.
        head_never: probability that nose, eyes and ears are never seen.
    """

    standing: float = 0.035
    slow: float = 0.03
    fast: float = 0.015
    slow_time: float = 0.4
    missing: float = 0.2
    never: float = 0.03
    head_never: float = 0.1


NO_ERRORS = EstimatorErrors(0, 0, 0, 0.4, 0, 0, 0)


def random_view(random: np.random.Generator, lowest_yaw: float = 0.0, highest_yaw: float = 180.0) -> CameraView:
    """A plausible place of the robot: 2.2 to 4.5 m away, the camera between its own height and a table's."""
    return CameraView(
        yaw=float(random.uniform(lowest_yaw, highest_yaw) * random.choice([-1, 1])),
        distance=float(random.uniform(2.2, 4.5)),
        height=float(random.uniform(0.2, 1.3)),
        roll=float(random.normal(0, 1.5)),
        field_of_view=float(random.uniform(50, 75)),
    )


def facing(joints: np.ndarray) -> float:
    """Direction that a person faces at the start: radians about z from +x; joints (T, 33, 3), z up."""
    first = joints[: max(1, len(joints) // 10)].mean(axis=0)
    across = sum(
        first[BLAZEPOSE_33.index("left_" + joint)] - first[BLAZEPOSE_33.index("right_" + joint)]
        for joint in ("hip", "shoulder")
    )
    return float(np.arctan2(-across[0], across[1]))


def film(
    joints: np.ndarray,
    rate: float,
    view: CameraView,
    random: np.random.Generator,
    errors: EstimatorErrors = EstimatorErrors(),
    camera_rate: float = 15.0,
    layout: Layout = BLAZEPOSE_33,
) -> SkeletonSequence:
    """The key points of a person who is filmed.

    Args:
        joints: float (T, 33, 3) metres in BlazePose's order, z up, the floor at its lowest point.
        rate: frames per second of the joints.
        view: where the camera stands; it looks at the person's middle.
        random: the only source of chance.
        errors: of the pose estimator.
        camera_rate: frames per second of the result.
        layout: BLAZEPOSE_33 or COCO_18.
    """
    frames = max(2, int(round((len(joints) - 1) / rate * camera_rate)) + 1)
    place = np.linspace(0, len(joints) - 1, frames)
    below = np.minimum(place.astype(int), max(len(joints) - 2, 0))
    after = np.minimum(below + 1, len(joints) - 1)
    moved = joints[below] + (joints[after] - joints[below]) * (place - below)[:, None, None]
    picture = project(moved, facing(joints), view)
    key_points = np.concatenate([picture, np.ones(picture.shape[:2] + (1,))], axis=2)
    key_points = _estimated(key_points, camera_rate, random, errors)
    if layout.name != BLAZEPOSE_33.name:
        key_points = to_coco_18(key_points, BLAZEPOSE_33)
    key_points[key_points[..., 2] <= 0] = 0
    return SkeletonSequence(key_points, np.arange(frames) / camera_rate, view.size, layout)


def project(joints: np.ndarray, heading: float, view: CameraView) -> np.ndarray:
    """Pixels (T, V, 2) of joints (T, V, 3) of a person who faces `heading` (radians about z)."""
    low, high = joints[0].min(axis=0), joints[0].max(axis=0)
    middle = np.array([*(low + high)[:2] / 2, low[2]])
    angle = heading + np.radians(view.yaw)
    camera = middle + [view.distance * np.cos(angle), view.distance * np.sin(angle), view.height]
    away = middle + [0, 0, 0.55 * (high - low)[2]] - camera
    away /= np.linalg.norm(away)
    right = np.cross(away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(away, right)
    seen = (joints - camera) @ np.stack([right, down, away], axis=1)
    focal = view.size[0] / 2 / np.tan(np.radians(view.field_of_view / 2))
    flat = focal * seen[..., :2] / np.maximum(seen[..., 2:], 0.3)
    cos, sin = np.cos(np.radians(view.roll)), np.sin(np.radians(view.roll))
    return flat @ np.array([[cos, sin], [-sin, cos]]) + np.array(view.size) / 2


def _estimated(key_points, rate, random, errors: EstimatorErrors):
    frames, joints = key_points.shape[:2]
    middle = {
        name: key_points[:, [BLAZEPOSE_33.index(side + name) for side in ("left_", "right_")], :2].mean(axis=1)
        for name in ("shoulder", "hip")
    }
    trunk = float(np.max(np.linalg.norm(middle["shoulder"] - middle["hip"], axis=1)))
    knots = int(np.ceil(frames / rate / errors.slow_time)) + 2
    place = np.arange(frames) / rate / errors.slow_time
    below, part = place.astype(int), (place % 1)[:, None, None]
    slow = random.standard_normal((knots, joints, 2))
    slow = slow[below] * (1 - part) + slow[below + 1] * part
    wrong = (
        errors.standing * random.standard_normal((joints, 2))
        + errors.slow * slow
        + errors.fast * random.standard_normal((frames, joints, 2))
    )
    result = key_points.copy()
    result[..., :2] += trunk * wrong
    seen = random.random((frames, joints)) >= errors.missing * random.random(joints) ** 2
    seen &= random.random(joints) >= errors.never
    if random.random() < errors.head_never:
        seen[:, :11] = False
    result[..., 2] = np.where(seen, random.uniform(0.6, 1.0, (frames, joints)), 0)
    return result
