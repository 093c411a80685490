"""Joint angles and their names: one table for motions that are made, angles that are measured, and files.

Names, zero positions and signs are OpenSim's (Rajagopal et al. 2016, full-body model) where OpenSim has the coordinate;
the others are marked. All are 0 for a person who stands upright with hanging arms. Inside everything is in radians;
the limits below are in degrees because people read them.
"""

from dataclasses import dataclass
from typing import Dict, NamedTuple, Tuple

import numpy as np

SIDES = ("r", "l")
"""Right and left, as OpenSim ends its names."""


class Coordinate(NamedTuple):
    """One angle.

    Attributes:
        name: OpenSim's, without `_r` or `_l`.
        positive: which way it grows.
        lowest, highest: degrees that no healthy adult leaves, wide enough for a deep squat and arms overhead.
        sided: whether each side of the body has its own, `name_r` and `name_l`.
        own: whether the coordinate is this package's, not OpenSim's.
        posed: whether a body is posed by it; the others are only measured.
    """

    name: str
    positive: str
    lowest: float
    highest: float
    sided: bool = False
    own: bool = False
    posed: bool = True

    @property
    def names(self) -> Tuple[str, ...]:
        """The names of its columns: one, or that of the right and of the left side."""
        return tuple("%s_%s" % (self.name, side) for side in SIDES) if self.sided else (self.name,)


_ALL = (
    Coordinate("pelvis_tilt", "backwards", -75, 30),
    Coordinate("pelvis_list", "right side down", -20, 20),
    Coordinate("pelvis_rotation", "to the left", -45, 45),
    Coordinate("lumbar_extension", "backwards", -45, 20),
    Coordinate("lumbar_bending", "to the right", -30, 30),
    Coordinate("lumbar_rotation", "to the left", -45, 45),
    Coordinate("neck_extension", "looking up", -45, 45, own=True),
    Coordinate("neck_rotation", "to the left", -70, 70, own=True),
    Coordinate("hip_flexion", "forwards", -30, 125, sided=True),
    Coordinate("hip_adduction", "towards the middle of the body", -50, 30, sided=True),
    Coordinate("hip_rotation", "inwards", -45, 45, sided=True),
    Coordinate("knee_angle", "bent", 0, 150, sided=True),
    Coordinate("ankle_angle", "toes up", -50, 45, sided=True),
    Coordinate("mtp_angle", "toes up", -20, 80, sided=True),
    Coordinate("arm_flex", "forwards; 180 is overhead", -60, 180, sided=True),
    Coordinate("arm_add", "towards the middle of the body", -180, 40, sided=True),
    Coordinate("arm_rot", "inwards", -100, 100, sided=True),
    Coordinate("elbow_flex", "bent", 0, 150, sided=True),
    Coordinate("pro_sup", "palm backwards; 0 is thumb forwards", -90, 90, sided=True, own=True),
    Coordinate("wrist_flex", "palm towards the forearm", -80, 80, sided=True),
    Coordinate("finger_flex", "bent", 0, 90, sided=True, own=True),
    Coordinate("shoulder_elv", "from the trunk, whatever way (ISB)", 0, 180, sided=True, own=True, posed=False),
    Coordinate("trunk_lean", "forwards, against the vertical", -45, 110, own=True, posed=False),
    Coordinate("neck_flexion", "forwards, head against the trunk", -70, 70, own=True, posed=False),
)
COORDINATES: Dict[str, Coordinate] = {coordinate.name: coordinate for coordinate in _ALL}
"""Every coordinate by its name without side."""

IN_POSE2SIM = {
    "lumbar_extension": "L5_S1_Flex_Ext",
    "lumbar_bending": "L5_S1_Lat_Bending",
    "lumbar_rotation": "L5_S1_axial_rotation",
}
"""Coordinates that have another name in Pose2Sim's skeleton than in OpenSim's full-body model."""


def limits(name: str) -> Tuple[float, float]:
    """Lowest and highest value in degrees of a column such as `knee_angle_r`.

    Raises:
        KeyError: there is no such coordinate.
    """
    sided = name[-2:] in ("_r", "_l") and name[:-2] in COORDINATES
    coordinate = COORDINATES[name[:-2] if sided else name]
    return coordinate.lowest, coordinate.highest


@dataclass(frozen=True, eq=False)
class JointAngles:
    """Joint angles over time.

    Attributes:
        names: of the columns, see `COORDINATES`.
        stamps: float64 (T,) seconds, increasing.
        values: float64 (T, A) radians, NaN where the joints were not seen.
        uncertainty: float64 (T, A) radians, standard deviation that the view and the estimator leave, NaN as in values.
        source: "2d" (as it looks in the picture), "3d" (the estimator's world coordinates), "fit" (a body fitted to
            both), "file" (an OpenSim motion that was read).
    """

    names: Tuple[str, ...]
    stamps: np.ndarray
    values: np.ndarray
    uncertainty: np.ndarray
    source: str = "2d"

    def __getitem__(self, name: str) -> np.ndarray:
        """The angle of this name, float64 (T,)."""
        return self.values[:, self.names.index(name)]
