"""Which of the people in the picture is the patient, and staying with them."""

from typing import List, Optional, Tuple

import numpy as np

from rehab_coach.pose.estimator import Pose
from rehab_coach.skeleton import to_coco_18
from rehab_coach.skeleton.layout import BLAZEPOSE_33, COCO_18
from rehab_coach.texts import Texts, load_texts

SAME_PERSON = 0.35
ANOTHER = 0.05  # by how much more a pose must be like another person's to be theirs
WHOLE = 8  # joints of somebody who counts as a person; fewer may be a part of the patient


def prominence(pose: Pose, size: Tuple[int, int]) -> float:
    """How much a person looks like the one who exercises: large, in the middle, well seen.

    Args:
        pose: the person.
        size: width and height of the picture.
    """
    left, _, right, _ = pose.box
    off_centre = abs((left + right) / 2 / size[0] - 0.5) * 2
    return pose.height / max(size) * (1 - 0.6 * min(off_centre, 1.0)) * float(pose.seen.mean())


def similarity(pose: Pose, earlier: Pose) -> float:
    """0..1: how well a pose continues an earlier one, by the distance of the joints that both have.

    The idea is that of COCO's object key-point similarity: a Gaussian of the distance over the person's size,
    generous here because people move between frames.
    """
    both = pose.seen & earlier.seen
    if not both.any():
        return 0.0
    distance = np.linalg.norm(pose.key_points[both, :2] - earlier.key_points[both, :2], axis=1)
    scale = 0.2 * max(earlier.height, pose.height, 1.0)
    return float(np.exp(-((distance / scale) ** 2) / 2).mean())


class PatientTracker:
    """Follows one person.

    The most prominent person is the patient at the start. From then on the patient is whoever continues the last pose;
    when nobody does, nobody is reported: a bystander does not become the patient because the patient was missed in a
    few frames, nor because they pass in front: the others are remembered too, and who continues one of them is not
    the patient. After `patience` seconds without the patient the choice starts anew.

    Args:
        patience: seconds.
    """

    def __init__(self, patience: float = 1.0):
        self._patience = patience
        self.reset()

    def reset(self) -> None:
        """Forget the patient."""
        self._last: Optional[Pose] = None
        self._others: List[Pose] = []
        self._stamp = 0.0

    def update(self, poses: List[Pose], size: Tuple[int, int], stamp: float) -> Optional[Pose]:
        """The patient among the people of the next picture, None if they are not there.

        Args:
            poses: the people, each with at least one joint seen.
            size: width and height of the picture.
            stamp: time of the picture in seconds.
        """
        if self._last is not None and not 0 <= stamp - self._stamp <= self._patience:
            self.reset()
        if not poses:
            return None
        patient: Optional[Pose] = None
        if self._last is None:
            patient = max(poses, key=lambda pose: prominence(pose, size))
        else:
            like = [similarity(pose, self._last) for pose in poses]
            lead = list(like)  # by how much more like the patient than like another person, who is one pose at most
            for other in self._others:
                theirs = [similarity(pose, other) for pose in poses]
                claimed = int(np.argmax(theirs))
                lead[claimed] = min(lead[claimed], like[claimed] - theirs[claimed])
            best = max(
                (each for each in range(len(poses)) if like[each] >= SAME_PERSON), key=lead.__getitem__, default=-1
            )
            if best >= 0 and lead[best] >= -ANOTHER:
                patient = poses[best]
        self._others = [pose for pose in poses if pose is not patient and pose.seen.sum() >= WHOLE]
        if patient is not None:
            self._last, self._stamp = patient, stamp
        return patient


def joints_in_view(pose: Pose) -> dict:
    """Which parts of the body were seen: head, shoulders, hips, knees, ankles; of a pair one side is enough."""
    layout = COCO_18 if len(pose.key_points) == len(COCO_18) else BLAZEPOSE_33
    seen = to_coco_18(pose.key_points, layout)[:, 2] > 0.1
    return {
        "head": any(seen[COCO_18.index(joint)] for joint in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")),
        **{
            part + "s": bool(seen[COCO_18.index("right_" + part)] or seen[COCO_18.index("left_" + part)])
            for part in ("shoulder", "hip", "knee", "ankle")
        },
    }


def framing_problem(
    poses: List[Pose], patient: Optional[Pose], size: Tuple[int, int], texts: Optional[Texts] = None
) -> str:
    """What keeps the recording from starting, in words for the person; empty: a whole body is in view.

    Args:
        poses: everybody in the picture.
        patient: the one of them who is followed.
        size: width and height of the picture.
        texts: the language; None: English.
    """
    texts = texts or load_texts()
    if patient is None:
        return texts("cannot_see_you")
    others = [
        pose for pose in poses if pose is not patient and pose.height > 0.6 * patient.height and pose.seen.sum() >= 8
    ]
    if others:
        return texts("two_people")
    parts = joints_in_view(patient)
    if not (parts["head"] or parts["shoulders"]) and (parts["knees"] or parts["ankles"]):
        return texts("only_legs")
    if not (parts["knees"] and parts["ankles"]):
        return texts("no_feet")
    if not all(parts.values()):
        return texts("not_whole")
    if patient.height < 0.2 * max(size):
        return texts("far_away")
    return ""
