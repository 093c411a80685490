"""What somebody needs who wants to use a network's weights."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple


@dataclass(frozen=True)
class KinematicsContract:
    """Of one network.

    Attributes:
        skeleton: name of the OpenSim model.
        names: of the coordinates that are answered; all are angles.
        bodies: of the skeleton, whose scale factors are answered.
        mean, deviation: (200 + F,) of the features learned from.
        centre, half_range: (C,) radians: the middle of each coordinate's range, and half of its width.
        scale, scale_range: (3 bodies,) usual scale factors, and how far from them an answer may be.
        mirrored: number of the coordinate on the other side, for each.
        signs: 1 or -1, what a mirror makes of each coordinate.
        mirrored_bodies: number of the body on the other side, for each.
        error: (C,) radians, root mean square error of each coordinate for people who were watched, not learned from.
        pelvis_error: (3,) the same of the pelvis's tilt, list and rotation.
        recipe: entries of the `KinematicsRecipe`.
        people: how many it learned from.
        points: names of the joints and markers that are answered instead, where the recipe's output is "markers".
        model: the skeleton, see `opensim.model_values`; of no use to a network that answers points, like what follows.
        landmarks: where on it the pose network marks people, see `refinement.Landmarks`.
        guess_error: (C + 3,) radians, root mean square error of the network alone for people who were watched, before
            its answer is refined: of each coordinate, and of the pelvis's rotation about each of its axes.
        met: bodies of the people who were learned from or watched, see `data.Recording.body`; older files name none.
        backbone_sha256: of the file of weights of the network that looks at pictures; "" where none does.
    """

    skeleton: str
    names: Tuple[str, ...]
    bodies: Tuple[str, ...]
    mean: List[float]
    deviation: List[float]
    centre: List[float]
    half_range: List[float]
    scale: List[float]
    scale_range: List[float]
    mirrored: Tuple[int, ...]
    signs: Tuple[int, ...]
    mirrored_bodies: Tuple[int, ...]
    error: List[float]
    pelvis_error: List[float]
    recipe: dict
    people: int
    points: Tuple[str, ...] = ()
    model: Dict[str, Any] = field(default_factory=dict)
    landmarks: Dict[str, list] = field(default_factory=dict)
    guess_error: List[float] = field(default_factory=list)
    met: List[str] = field(default_factory=list)
    backbone_sha256: str = ""
