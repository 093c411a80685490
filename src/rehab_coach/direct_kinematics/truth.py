"""The true kinematics of one film, in a file."""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

FOLDER, TABLE = "kinematics", "kinematics.csv"
"""Where a folder of films has these files, and the table that lists them."""


@dataclass(frozen=True, eq=False)
class KinematicsTruth:
    """What is true of one film.

    Attributes:
        names: of the skeleton's coordinates.
        stamps: float64 (T,) seconds.
        coordinates: float32 (T, C) radians and metres, OpenSim's ground.
        counts: bool (T, C): False where the markers of the bodies on both sides of the joint were not met.
        bodies: names of the skeleton's bodies.
        scales: float32 (bodies, 3).
        root: float32 (T, 3, 3) rotation of the pelvis, from its axes to the camera's (right, down, away).
        camera: float32 (3, 3), from OpenSim's ground to the camera's axes.
        markers: float32 (T, M, 3) metres on the mesh, in the ground.
        distance: float32 (T,) mean distance of the fitted markers from these, metres.
    """

    names: Tuple[str, ...]
    stamps: np.ndarray
    coordinates: np.ndarray
    counts: np.ndarray
    bodies: Tuple[str, ...]
    scales: np.ndarray
    root: np.ndarray
    camera: np.ndarray
    markers: np.ndarray
    distance: np.ndarray

    def save(self, path: str) -> None:
        """Write it to a .npz, whole or not at all."""
        with written_whole(path) as temporary:
            np.savez_compressed(temporary, **{name: np.asarray(value) for name, value in vars(self).items()})

    @classmethod
    def load(cls, path: str) -> "KinematicsTruth":
        """Read it; RehabCoachError where it is not such a file."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                values = {name: arrays[name] for name in cls.__dataclass_fields__}
        except (OSError, KeyError, ValueError) as error:
            raise RehabCoachError("%s is not the true kinematics of a film: %s" % (path, error)) from error
        for name in ("names", "bodies"):
            values[name] = tuple(str(value) for value in values[name])
        return cls(**values)
