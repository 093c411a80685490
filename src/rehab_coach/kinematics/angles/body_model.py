"""What is known of bodies before one is seen: lengths, proportions, how well joints are found, where masses are."""

from typing import Dict, NamedTuple, Tuple

HEIGHT = 1.7
"""Metres. One camera cannot see how large a person is; no angle depends on it."""


class Segment(NamedTuple):
    """One kind of connection between joints.

    Attributes:
        pairs: the joints that it connects, right and left.
        length: between the key points, over the body's height.
        give: metres by which the length varies: the spine bends, shoulders are drawn up, bones stay.
        shortest, longest: share of the usual length that people and estimators make of it.
        sided: right and left may look differently long.
    """

    pairs: Tuple[Tuple[str, str], ...]
    length: float
    give: float = 0.01
    shortest: float = 0.87
    longest: float = 1.03
    sided: bool = True


def _both(start: str, end: str) -> Tuple[Tuple[str, str], ...]:
    return tuple((side + start, side + end) for side in ("right_", "left_"))


SEGMENTS: Dict[str, Segment] = {
    "shoulders": Segment((("right_shoulder", "left_shoulder"),), 0.215, 0.05, 0.75, 1.25, False),
    "hips": Segment((("right_hip", "left_hip"),), 0.125, 0.01, 0.75, 1.25, False),
    "trunk": Segment(_both("shoulder", "hip"), 0.315, 0.05, sided=False),
    "diagonal": Segment(
        (("right_shoulder", "left_hip"), ("left_shoulder", "right_hip")), 0.355, 0.05, 0.75, 1.25, False
    ),
    "upper_arm": Segment(_both("shoulder", "elbow"), 0.168),
    "forearm": Segment(_both("elbow", "wrist"), 0.146),
    "thigh": Segment(_both("hip", "knee"), 0.24),
    "shank": Segment(_both("knee", "ankle"), 0.24),
    "foot": Segment(_both("heel", "foot_index"), 0.13),
    "heel": Segment(_both("ankle", "heel"), 0.045),
}
"""Arms and feet after Drillis and Contini (1966; in Winter 2009); trunk, thigh and shank as estimators mark them
on upright people in 38 exercise videos (tf_pose 0.31, 0.25, 0.25; MediaPipe 0.33, 0.24, 0.23). Breadths vary
more than lengths: between people, with raised arms, and because a turned body looks narrow."""

JOINTS = tuple(
    side + joint
    for joint in "_shoulder _elbow _wrist _hip _knee _ankle _heel _foot_index".split()
    for side in ("right", "left")
)
"""The joints of the fitted body."""

FOUND = {
    "shoulder": 0.79,
    "elbow": 0.72,
    "wrist": 0.62,
    "hip": 1.07,
    "knee": 0.87,
    "ankle": 0.89,
    "heel": 0.89,
    "foot_index": 0.89,
}
"""How widely markings of each joint scatter, relative to each other: COCO's key-point similarity (heels, toes: as
ankles)."""

MASSES = {"_shoulder": 0.424, "_hip": 0.367, "_knee": 0.140, "_ankle": 0.069}
"""Shares of the body's mass by which the joints stand in for it: head, arms and trunk 0.678 with the centre 0.626 of
the way from hip to shoulder, thighs 0.2 and shanks 0.093 divided at their centres, feet 0.029 (Winter 2009)."""


class Weights(NamedTuple):
    """Standard deviations of what is known. Metres, or shares of a length or radians where they have no unit.

    Attributes:
        picture: key points that the estimator is as sure of as of its best, for FOUND = 1.
        length: each segment's length before and after it was seen.
        breadth: the same of hips, shoulders and diagonals.
        acceleration: of any joint, m/s2.
        turning: of hips and shoulders, rad per root of a second.
        world: differences in depth, from the estimator's world coordinates.
        square: hips and shoulders to the trunk.
        parallel: hips to shoulders.
        sideways: thighs and shanks to the side.
        knee, hip, elbow: straight rather than bent, where the picture does not tell; of the knee and the elbow it
            counts less the more they are bent.
        arm_depth: arms lie in the picture's plane rather than along the line of sight.
        limit: beyond what a joint can do.
        extension: metres that the hip may be in front of the line from shoulder to knee.
        balance: the centre of mass over the ankles.
        foot: heel and toes are equally high while the person stands.
        floor: so are both ankles.
        still: metres per root of a second that feet move which do not move in the picture; those that do may move
            twice as fast along the line of sight.
        pitch: of the camera, upwards or downwards.
    """

    picture: float = 0.03
    length: float = 0.016
    breadth: float = 0.04
    acceleration: float = 8.0
    turning: float = 0.5
    world: float = 0.5
    square: float = 0.15
    parallel: float = 0.25
    sideways: float = 0.3
    knee: float = 0.3
    hip: float = 1.0
    elbow: float = 1.0
    arm_depth: float = 0.5
    limit: float = 0.03
    extension: float = 0.03
    balance: float = 0.1
    foot: float = 0.03
    floor: float = 0.03
    still: float = 0.03
    pitch: float = 0.3
