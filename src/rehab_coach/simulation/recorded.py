"""Motions that somebody recorded, as OpenSim motions (.mot): the virtual patient performs what real people did."""

import functools
import glob
import os
from typing import Dict, List, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import IN_POSE2SIM, JointAngles, limits
from rehab_coach.opensim.files import read_mot
from rehab_coach.simulation.motions import CENTRAL_ANGLES, SIDE_ANGLES, Motion
from rehab_coach.simulation.solver import nearest_shoulder

RECORDED = "recorded"


@functools.lru_cache(maxsize=4)
def motion_files(paths: Tuple[str, ...]) -> Tuple[str, ...]:
    """All motions of files and folders, and of folders in them; RehabCoachError where one has none."""
    files: List[str] = []
    for path in paths:
        found = (
            [path]
            if os.path.isfile(path) and path.endswith(".mot")
            else sorted(glob.glob(os.path.join(path, "**", "*.mot"), recursive=True))
        )
        if not found:
            raise RehabCoachError("motions: there is no .mot in %s" % path)
        files += found
    return tuple(files)


def recorded_motion(file: str, duration: float, rate: float) -> Motion:
    """What the virtual patient does to perform a file.

    She faces forwards on average, her lower foot stands on the floor. A recording that is shorter is played back and
    forth. Angles that she has not (the foot's roll, the neck's bending) do not count; those that it lacks are 0.

    Args:
        file: an OpenSim motion with the names of OpenSim's full-body model or of Pose2Sim's skeleton.
        duration: seconds.
        rate: samples per second.

    Raises:
        RehabCoachError: not such a file, or it has no leg.
    """
    given = read_mot(file)
    if "knee_angle_r" not in given.names or "hip_flexion_r" not in given.names:
        raise RehabCoachError("%s moves no body: it has no knee_angle_r and hip_flexion_r" % file)
    stamps = np.arange(max(1, int(round(duration * rate)))) / rate
    length = max(float(given.stamps[-1] - given.stamps[0]), 1e-9)
    there_and_back = given.stamps[0] + length - np.abs(stamps % (2 * length) - length)
    angles = {name: np.interp(there_and_back, given.stamps, values) for name, values in _known(given).items()}
    zero = np.zeros(len(stamps))
    sided = tuple(name + side for name in SIDE_ANGLES for side in ("_r", "_l"))
    angles = {name: angles.get(name, zero) for name in CENTRAL_ANGLES + sided}
    angles["pelvis_rotation"] = angles["pelvis_rotation"] - angles["pelvis_rotation"].mean()
    for side in ("_r", "_l"):
        names = [name + side for name in ("arm_flex", "arm_add", "arm_rot")]
        angles.update(zip(names, nearest_shoulder(*(angles[name] for name in names))))
    for name in angles:
        angles[name] = np.clip(angles[name], *np.radians(limits(name)))
    feet = np.ones((len(stamps), 2), bool)
    nothing = np.zeros((len(stamps), 3))
    return Motion(RECORDED, stamps, angles, RECORDED, feet, zero, None, 0.0, (), nothing[:, :2], nothing, {}, ())


def _known(given: JointAngles) -> Dict[str, np.ndarray]:
    """The file's angles (T,), by our names."""
    names = dict(IN_POSE2SIM)
    if IN_POSE2SIM["lumbar_extension"] in given.names:  # Pose2Sim's neck turns backwards as its angle grows
        names["neck_extension"] = "neck_flexion"
    known = {name: given[name] for name in given.names}
    known.update({own: given[name] for own, name in names.items() if name in given.names})
    return known
