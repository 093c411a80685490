"""Skeletons as OpenSim's model files (.osim) describe them: bodies, joints, coordinates, coupled coordinates, markers.

Files from OpenSim 2 to 4 are read. What moves no body is left out: muscles and other forces, masses, geometry, contact.
Lengths are metres, angles radians. Rotations are matrices that take a vector from the frame's axes into those of what
carries it.

How OpenSim scales (`Model::scale`) is kept: every length that belongs to a body grows with the three scale factors of
that body. So each place is a matrix (3, 3): multiplied by the scale factors of its body it is the place in that body.
"""

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.functions import Function

GROUND = "ground"
NOT_SCALED = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Frame:
    """Axes that are fixed to a body.

    Attributes:
        body: its name, or "ground".
        rotation: float64 (3, 3), from the frame's axes to the body's.
        place: float64 (3, 3); times the body's scale factors it is the origin in the body's axes, metres.
    """

    body: str
    rotation: np.ndarray
    place: np.ndarray


@dataclass(frozen=True, eq=False)
class Axis:
    """One of the six motions that a joint is put together from.

    Attributes:
        direction: float64 (3,), a unit vector.
        function: angle or metres.
        coordinate: on which it depends, None = the function is constant.
        scaling: three factors; a translation is multiplied by their product with the scale factors of the body that the
            joint hangs on. All 0 = not scaled.
    """

    direction: np.ndarray
    function: Function
    coordinate: Optional[str] = None
    scaling: Tuple[float, float, float] = NOT_SCALED


@dataclass(frozen=True, eq=False)
class Joint:
    """How one body moves on another: three rotations about body-fixed axes in turn, and a translation.

    Attributes:
        name: of the joint.
        parent: the frame on the body that carries.
        child: the frame on the body that is moved; its origin is the joint's centre.
        rotations, translations: three axes each.
        coordinates: names of the joint's own coordinates, in the file's order.
    """

    name: str
    parent: Frame
    child: Frame
    rotations: Tuple[Axis, Axis, Axis]
    translations: Tuple[Axis, Axis, Axis]
    coordinates: Tuple[str, ...]


@dataclass(frozen=True)
class ModelCoordinate:
    """One of a model's coordinates.

    Attributes:
        name: as the file has it.
        default: value when nothing else is said.
        lowest, highest: its range.
        is_locked: it keeps its default value when OpenSim solves for a pose.
        is_rotation: radians, otherwise metres.
    """

    name: str
    default: float
    lowest: float
    highest: float
    is_locked: bool
    is_rotation: bool


@dataclass(frozen=True, eq=False)
class Coupler:
    """A coordinate that follows another one.

    Attributes:
        dependent, independent: names of coordinates.
        function: of the independent one.
        scaling: three factors, as of an axis.
        body: whose scale factors are meant; None = a rotation, which is not scaled.
    """

    dependent: str
    independent: str
    function: Function
    scaling: Tuple[float, float, float] = NOT_SCALED
    body: Optional[str] = None


@dataclass(frozen=True, eq=False)
class Model:
    """A skeleton.

    Attributes:
        name: of the model.
        bodies: names, in the file's order; the ground is none of them.
        joints: one for each body, so that a body's joint comes after that of the body which carries it.
        coordinates: by name, in the order of the file's joints.
        couplers: by the name of the dependent coordinate, so that one comes after those it depends on.
        markers: by name, in the file's order; only the place of a marker's frame counts.
    """

    name: str
    bodies: Tuple[str, ...]
    joints: Tuple[Joint, ...]
    coordinates: Dict[str, ModelCoordinate]
    couplers: Dict[str, Coupler]
    markers: Dict[str, Frame]

    @property
    def independent(self) -> Tuple[str, ...]:
        """The coordinates that follow no other one."""
        return tuple(name for name in self.coordinates if name not in self.couplers)

    @property
    def root(self) -> Optional[Joint]:
        """The first joint on the ground that moves: in models of people the pelvis hangs on it; None = nothing."""
        return next((joint for joint in self.joints if joint.parent.body == GROUND and joint.coordinates), None)

    def scales(self, **factors: Tuple[float, float, float]) -> np.ndarray:
        """Scale factors (bodies, 3): 1, and for the bodies named what is given."""
        unknown = [name for name in factors if name not in self.bodies]
        if unknown:
            raise RehabCoachError("the model %s has no body %s" % (self.name, unknown[0]))
        return np.array([factors.get(body, (1.0, 1.0, 1.0)) for body in self.bodies], np.float64)
