"""Joint angles of a recording by a network of this room, as the others measure them."""

from typing import Optional

import numpy as np

from rehab_coach.direct_kinematics.answers import answer
from rehab_coach.direct_kinematics.model_file import load_network
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.paths import share_path
from rehab_coach.skeleton import SkeletonSequence

SOURCE, MODEL = "d3ke", "d3ke.safetensors"
PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
SAME = {
    "L5_S1_Flex_Ext": "lumbar_extension",
    "L5_S1_Lat_Bending": "lumbar_bending",
    "L5_S1_axial_rotation": "lumbar_rotation",
}
"""Coordinates of Pose2Sim's skeleton that have another name in OpenSim's full-body model."""


def network_angles(sequence: SkeletonSequence, path: Optional[str] = None) -> JointAngles:
    """The angles of one person by a network.

    Args:
        sequence: of the estimator mediapipe, at any rate; it is answered at the network's, between whose frames the
            answers are interpolated.
        path: of the model file; None = the one that ships.

    Returns:
        The network's coordinates, and the pelvis's as for a camera that stands level, turned from where it faces on
        average; NaN where nobody was seen. The uncertainty is half of what the recording and its mirror image are
        answered differently, which says what it is at least; it is 0 for the pelvis, where nothing says it.

    Raises:
        RehabCoachError: a model that cannot be used, fewer than two frames, nobody seen, or another estimator.
    """
    network, contract = load_network(path or share_path("models", MODEL))
    if len(sequence) < 2:
        raise RehabCoachError("the recording has fewer than two frames: a movement needs at least two")
    if not sequence.seen.any():
        raise RehabCoachError("nobody is seen in this recording: there are no angles to measure")
    slow = sequence.resample(float(contract.recipe["rate"]))
    given = answer(network, contract, slow)
    names = tuple(SAME.get(name, name) for name in contract.names) + PELVIS
    values = np.concatenate([given.coordinates, pelvis_angles(given.root)], axis=1)
    deviation = np.concatenate([given.deviation, np.zeros((len(values), len(PELVIS)))], axis=1)
    known = np.flatnonzero(slow.seen)

    def at_own_stamps(table: np.ndarray) -> np.ndarray:
        columns = [np.interp(sequence.stamps, slow.stamps[known], column[known]) for column in table.T]
        return np.where(sequence.seen[:, None], np.stack(columns, axis=1), np.nan)

    return JointAngles(names, sequence.stamps, at_own_stamps(values), at_own_stamps(deviation), SOURCE)


def pelvis_angles(root: np.ndarray) -> np.ndarray:
    """Tilt, list and rotation (T, 3), radians, of rotations (T, 3, 3) from the pelvis's axes to a level camera's.

    The ground's x is where the pelvis faces on average, y is up. OpenSim turns about z by the tilt, then about the new
    x by the list, then about the newest y by the rotation.
    """
    up = np.array([0.0, -1.0, 0.0])
    forwards = root[:, :, 0].mean(axis=0)
    forwards = forwards - forwards.dot(up) * up
    forwards = forwards / max(np.linalg.norm(forwards), 1e-9)
    turn = np.stack([forwards, up, np.cross(forwards, up)]) @ root
    return np.stack(
        [
            np.arctan2(-turn[:, 0, 1], turn[:, 1, 1]),
            np.arcsin(np.clip(turn[:, 2, 1], -1, 1)),
            np.arctan2(-turn[:, 2, 0], turn[:, 2, 2]),
        ],
        axis=1,
    )
