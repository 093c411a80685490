"""Joint angles of a recording by a network of this room, as the others measure them."""

from dataclasses import replace
from typing import Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.backbones import Backbone, backbone_of
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.features import check_estimator
from rehab_coach.direct_kinematics.model_file import load_network
from rehab_coach.direct_kinematics.networks import KinematicsNetwork
from rehab_coach.direct_kinematics.pictures import look
from rehab_coach.direct_kinematics.recipe import KEY_POINTS, make_recipe
from rehab_coach.direct_kinematics.refinement import answer
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import IN_POSE2SIM, SIDES, JointAngles
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model
from rehab_coach.opensim.scaled_model import write_scaled_model
from rehab_coach.paths import share_path
from rehab_coach.skeleton import SkeletonSequence

SOURCE, MODEL = "d3ke", "d3ke.safetensors"
PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
ELEVATION = "shoulder_elv"
SAME = {name: own for own, name in IN_POSE2SIM.items()}


FARTHEST = {
    "hip": "knee",
    "knee": "ankle",
    "ankle": "foot_index",
    "subtalar": "foot_index",
    "mtp": "foot_index",
    "arm": "elbow",
    "shoulder": "elbow",
    "elbow": "wrist",
    "pro": "wrist",
    "wrist": "index",
}
"""By the first word of an angle of a limb, the key point without which it would be a guess."""


class Measured(NamedTuple):
    """What a network says of one recording.

    Attributes:
        angles: see `AngleNetwork.measure`.
        scales: float32 (bodies, 3) scale factors of the skeleton's bodies.
    """

    angles: JointAngles
    scales: np.ndarray


class AngleNetwork:
    """A network of this room that measures recordings.

    Args:
        network: of a model file.
        contract: of the same.
        backbone: what looks at the pictures, where the network wants that.
    """

    def __init__(self, network: KinematicsNetwork, contract: KinematicsContract, backbone: Optional[Backbone] = None):
        self.network, self.contract, self.backbone = network, contract, backbone

    @classmethod
    def load(cls, path: Optional[str] = None, with_pictures: bool = False) -> "AngleNetwork":
        """The network of a model file.

        Args:
            path: of the file, None = the one that ships.
            with_pictures: those of the recordings will be at hand, too, not their key points alone.

        Raises:
            RehabCoachError: it cannot be used, or looks at pictures and there are none.
        """
        network, contract = load_network(path or share_path("models", MODEL))
        recipe = make_recipe(contract.recipe)
        if recipe.backbone != KEY_POINTS and not with_pictures:
            raise RehabCoachError(
                "%s looks at pictures (backbone %s), and here are key points alone: give `rehab-coach angles` a video, "
                "or take a model of key points" % (path, recipe.backbone)
            )
        return cls(network, contract, backbone_of(recipe, weights=contract.backbone_sha256))

    def measure(
        self,
        sequence: SkeletonSequence,
        pictures: Iterable[Tuple[np.ndarray, float]] = (),
        height: Optional[float] = None,
    ) -> Measured:
        """The angles of one person.

        Args:
            sequence: of the estimator mediapipe, at any rate; it is answered at the network's, between whose frames the
                answers are interpolated.
            pictures: with their stamps, where a backbone looks at them.
            height: of the person, metres, if it is known.

        Returns:
            The network's coordinates, refined; from them the elevation of the arms, and the pelvis's angles as for a
            camera that stands level, turned from where it faces on average; NaN where nobody was seen, and in a limb
            where its end was out of the picture. The uncertainty is what the refined answer was off (root mean square)
            for people that were watched while the network learned, and more where the
            recording and its mirror image are answered differently.

        Raises:
            RehabCoachError: fewer than two frames, nobody seen, or another estimator.
        """
        if not sequence.seen.any():
            raise RehabCoachError("nobody is seen in this recording: there are no angles to measure")
        check_estimator(sequence)
        if len(sequence) < 2:
            raise RehabCoachError("the recording has fewer than two frames: a movement needs at least two")
        slow = sequence.resample(float(self.contract.recipe["rate"]))
        picture_features = look(self.backbone, pictures, slow) if self.backbone else None
        given = answer(self.network, self.contract, slow, picture_features, height)
        names, values, deviation = self._table(given)
        known = np.flatnonzero(slow.seen)
        seen = sequence.seen[:, None] & np.stack([is_shown(sequence, name) for name in names], axis=1)

        def at_own_stamps(table: np.ndarray) -> np.ndarray:
            columns = [np.interp(sequence.stamps, slow.stamps[known], column[known]) for column in table.T]
            return np.where(seen, np.stack(columns, axis=1), np.nan)

        angles = JointAngles(names, sequence.stamps, at_own_stamps(values), at_own_stamps(deviation), SOURCE)
        return Measured(angles, given.scales)

    def write_skeleton(self, path: str, scales: np.ndarray) -> None:
        """Write the skeleton scaled to the person of a recording as a model file for OpenSim.

        Args:
            path: of the file.
            scales: (bodies, 3), see `Measured`.

        Raises:
            RehabCoachError: OpenSim or its skeleton is not installed, or the network answers for another one.
        """
        generic = default_model()
        if read_model(generic).name != self.contract.skeleton:
            raise RehabCoachError("the model answers for the skeleton %s, not %s" % (self.contract.skeleton, generic))
        middles, halves = np.array(self.contract.centre), np.array(self.contract.half_range)
        ranges = dict(zip(self.contract.names, zip(middles - halves, middles + halves)))
        write_scaled_model(generic, path, dict(zip(self.contract.bodies, scales)), ranges)

    def _table(self, given: Answer) -> Tuple[Tuple[str, ...], np.ndarray, np.ndarray]:
        """Names (A,), values (T, A) and their standard deviations."""
        names = self.contract.names
        own = np.hypot(given.deviation, self.contract.error)
        pelvis = np.broadcast_to(np.asarray(self.contract.pelvis_error), (len(own), len(PELVIS)))
        more = elevations(names, given.coordinates, own)
        values = np.concatenate([given.coordinates, pelvis_angles(given.root), *(one for _, one, _ in more)], axis=1)
        deviation = np.concatenate([own, pelvis, *(one for _, _, one in more)], axis=1)
        called = tuple(SAME.get(name, name) for name in names)
        return called + PELVIS + tuple(name for name, _, _ in more), values, deviation


def is_shown(sequence: SkeletonSequence, name: str) -> np.ndarray:
    """Bool (T,): the end of the limb that an angle belongs to is in the picture; always so for other angles."""
    end = FARTHEST.get(name.split("_")[0])
    if end is None or name[-2:] not in ("_r", "_l"):
        return np.ones(len(sequence), bool)
    side = {"r": "right_", "l": "left_"}[name[-1]]
    return sequence.key_points[:, sequence.layout.joints.index(side + end), 2] > 0


def for_skeleton(angles: JointAngles) -> JointAngles:
    """The same with the names of Pose2Sim's skeleton, without what it has not."""
    columns = [number for number, name in enumerate(angles.names) if not name.startswith(ELEVATION)]
    names = tuple(IN_POSE2SIM.get(angles.names[number], angles.names[number]) for number in columns)
    return replace(angles, names=names, values=angles.values[:, columns], uncertainty=angles.uncertainty[:, columns])


def elevations(
    names: Tuple[str, ...], coordinates: np.ndarray, deviation: np.ndarray
) -> List[Tuple[str, np.ndarray, np.ndarray]]:
    """How high each upper arm is raised in whatever direction: name, values (T, 1) and standard deviations (T, 1).

    The skeleton turns the arm about z by its flexion, then about the new x by its adduction. Their errors are taken for
    errors of the direction, which they are where the arm is low, and more than that where it points to the side.
    """
    found = []
    for side in SIDES:
        pair = ["%s_%s" % (name, side) for name in ("arm_flex", "arm_add")]
        if all(name in names for name in pair):
            flexion, adduction = (coordinates[:, [names.index(name)]] for name in pair)
            errors = [deviation[:, [names.index(name)]] for name in pair]
            raised = np.arccos(np.clip(np.cos(flexion) * np.cos(adduction), -1, 1))
            found.append(("%s_%s" % (ELEVATION, side), raised, np.hypot(errors[0] * np.cos(adduction), errors[1])))
    return found


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
