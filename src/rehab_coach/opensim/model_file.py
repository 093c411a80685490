"""Reading model files of OpenSim (.osim), versions 2 to 4."""

import posixpath
import re
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Tuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.functions import IDENTITY, ZERO, Function, numbers, read_function
from rehab_coach.opensim.model import GROUND, NOT_SCALED, Axis, Coupler, Frame, Joint, Model, ModelCoordinate

PATHS = 40000
"""From this version of the format on, frames are named by paths, and joints are no longer inside of their bodies."""

OLDEST, BETWEEN = 20000, 30500
"""The oldest format that is read; from `BETWEEN` to `PATHS` only unfinished versions of OpenSim 4 wrote."""

X, Y, Z = np.eye(3)
_MOTIONS: Dict[str, Tuple[Tuple[np.ndarray, ...], Tuple[np.ndarray, ...]]] = {
    "WeldJoint": ((), ()),
    "PinJoint": ((Z,), ()),
    "SliderJoint": ((), (X,)),
    "UniversalJoint": ((X, Y), ()),
    "BallJoint": ((X, Y, Z), ()),
    "GimbalJoint": ((X, Y, Z), ()),
    "PlanarJoint": ((Z,), (X, Y)),
    "FreeJoint": ((X, Y, Z), (X, Y, Z)),
}
"""About and along which axes the coordinates of each kind of joint move, in their order; CustomJoint says it itself."""


def read_model(path: str) -> Model:
    """Read the skeleton of a model file.

    Raises:
        RehabCoachError: it cannot be read, or has joints, functions or constraints that are not supported.
    """
    try:
        with open(path, "rb") as stream:
            # OpenSim writes colons into names of elements, which XML takes for a namespace.
            document = ElementTree.fromstring(re.sub(rb"(</?\w+)::", rb"\1.", stream.read()))
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror or error)) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise RehabCoachError("%s is not an OpenSim model: it is not XML (%s)" % (path, error)) from error
    element = document.find("Model")
    version = document.get("Version", "")
    if document.tag != "OpenSimDocument" or element is None:
        raise RehabCoachError("%s is not an OpenSim model: it has no <OpenSimDocument> with a <Model>" % path)
    if not version.isdigit() or int(version) < OLDEST or BETWEEN <= int(version) < PATHS:
        raise RehabCoachError(
            "%s has the format %s, which is not read: open it in OpenSim 4 and save it again" % (path, version or "?")
        )
    try:
        return _Reader(element, int(version)).model()
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error


class _Reader:
    """Reads one file; knows the coordinates and frames that were met on the way."""

    def __init__(self, element: Element, version: int):
        self.element, self.version = element, version
        bodies = element.findall("BodySet/objects/Body")
        self.bodies = [body.get("name", "") for body in bodies if body.get("name") != GROUND]
        if not self.bodies:
            raise RehabCoachError("the model has no bodies")
        self.frames = {"/%s" % GROUND: Frame(GROUND, np.eye(3), np.zeros((3, 3)))}
        for body in bodies:
            path = "/%s" % GROUND if body.get("name") == GROUND else "/bodyset/%s" % body.get("name")
            self.frames[path] = Frame(posixpath.basename(path), np.eye(3), np.zeros((3, 3)))
            self._add_offsets(body.findall("components/PhysicalOffsetFrame"), path)
        self.coordinates: Dict[str, ModelCoordinate] = {}

    def model(self) -> Model:
        if self.version >= PATHS:
            joints = [self._joint(joint, *self._frames(joint)) for joint in self._objects("JointSet")]
        else:
            joints = [
                self._joint(joint, *self._old_frames(joint, body.get("name", "")))
                for body in self.element.findall("BodySet/objects/Body")
                for joint in body.find("Joint") or ()
            ]
        couplers = self._couplers(joints)
        return Model(
            self.element.get("name", ""),
            tuple(self.bodies),
            tuple(_from_the_ground(joints, self.bodies)),
            self.coordinates,
            couplers,
            {marker.get("name", ""): self._marker(marker) for marker in self._objects("MarkerSet")},
        )

    def _objects(self, tag: str) -> List[Element]:
        return list(self.element.find(tag + "/objects") or ())

    # Frames

    def _add_offsets(self, offsets: List[Element], owner: str) -> None:
        """Learn frames, each of which hangs on another one, maybe one that comes later."""
        left = list(offsets)
        while left:
            known = [offset for offset in left if self._find(_socket(offset, "parent"), owner)]
            if not known:
                raise RehabCoachError("the frame %s hangs on a frame that is not there" % left[0].get("name"))
            for offset in known:
                parent = self._find(_socket(offset, "parent"), owner)
                assert parent is not None
                here = _offset(parent, _vector(offset, "translation"), _vector(offset, "orientation"))
                self.frames["%s/%s" % (owner, offset.get("name"))] = here
                left.remove(offset)

    def _find(self, path: str, owner: str = "/bodyset") -> Optional[Frame]:
        """The frame at a path, which may be relative to its owner or only a name; None = not known (yet)."""
        if path == "..":
            return self.frames.get(owner)
        ways = (
            posixpath.normpath(posixpath.join(owner, path)),
            posixpath.normpath(posixpath.join(owner, "_", path)),  # OpenSim counts ".." from inside of the frame
            "/bodyset/" + path,
            "/" + path,
            "/" + path.lstrip("/").split("/", 1)[-1],  # OpenSim 4.0 began paths with the model's name
        )
        return next((self.frames[way] for way in ways if way in self.frames), None)

    def _frames(self, joint: Element) -> Tuple[Frame, Frame]:
        owner = "/jointset/%s" % joint.get("name")
        self._add_offsets(joint.findall("frames/PhysicalOffsetFrame"), owner)
        found = []
        for end in ("parent_frame", "child_frame"):
            path = _socket(joint, end)
            frame = self._find(path, owner)
            if frame is None:
                raise RehabCoachError("the joint %s names a frame that is not there: %s" % (joint.get("name"), path))
            found.append(frame)
        return found[0], found[1]

    def _old_frames(self, joint: Element, body: str) -> Tuple[Frame, Frame]:
        name = (joint.findtext("parent_body") or "").strip()
        parent, child = self._find(name), self._find(body)
        if parent is None or child is None:
            raise RehabCoachError("the joint %s hangs on a body that is not there: %s" % (joint.get("name"), name))
        if (joint.findtext("reverse") or "").strip() == "true":
            raise RehabCoachError("the joint %s is reversed, which is not supported" % joint.get("name"))
        return (
            _offset(parent, _six_digits(joint, "location_in_parent"), _six_digits(joint, "orientation_in_parent")),
            _offset(child, _six_digits(joint, "location"), _six_digits(joint, "orientation")),
        )

    def _marker(self, marker: Element) -> Frame:
        path = (marker.findtext("body") or "").strip() or _socket(marker, "parent_frame")
        frame = self._find(path)
        if frame is None:
            raise RehabCoachError("the marker %s sits on a frame that is not there: %s" % (marker.get("name"), path))
        return _offset(frame, _vector(marker, "location"), np.zeros(3))

    # Joints

    def _joint(self, joint: Element, parent: Frame, child: Frame) -> Joint:
        name = joint.get("name", "")
        elements = joint.findall("CoordinateSet/objects/Coordinate") + joint.findall("coordinates/Coordinate")
        names = [element.get("name", "") for element in elements]
        if joint.tag == "CustomJoint":
            spatial = joint.find("SpatialTransform")
            own = spatial if spatial is not None else ()
            axes = [self._axis(axis, name, number >= 3 and parent.body != GROUND) for number, axis in enumerate(own)]
            if len(axes) != 6:
                raise RehabCoachError("the joint %s has no SpatialTransform with six axes" % name)
        elif joint.tag in _MOTIONS:
            axes = _simple_axes(joint.tag, names, name)
        else:
            raise RehabCoachError(
                "the joint %s is a %s, which is not supported (supported: CustomJoint, %s)"
                % (name, joint.tag, ", ".join(sorted(_MOTIONS)))
            )
        missing = [axis.coordinate for axis in axes if axis.coordinate and axis.coordinate not in names]
        if missing:
            raise RehabCoachError("the joint %s moves by a coordinate that it does not have: %s" % (name, missing[0]))
        turned = {axis.coordinate for axis in axes[:3]}
        for element, coordinate in zip(elements, names):
            if coordinate in self.coordinates:
                raise RehabCoachError("two coordinates have the name %s" % coordinate)
            moves = coordinate in {axis.coordinate for axis in axes[3:]}
            self.coordinates[coordinate] = _coordinate(element, coordinate in turned or not moves)
        return Joint(name, parent, child, tuple(axes[:3]), tuple(axes[3:]), tuple(names))  # type: ignore[arg-type]

    def _axis(self, axis: Element, joint: str, can_scale: bool) -> Axis:
        try:
            coordinates = (axis.findtext("coordinates") or "").split()
            element = _function_of(axis)
            if element is not None:
                function = read_function(element)
            else:
                function = IDENTITY if coordinates else ZERO
            direction = numbers(axis, "axis")
            if len(direction) != 3 or not direction.any():
                raise RehabCoachError("<axis> must have three numbers, not all 0")
        except RehabCoachError as error:
            raise RehabCoachError("the joint %s, %s: %s" % (joint, axis.get("name"), error)) from error
        if len(coordinates) > 1:
            raise RehabCoachError("the joint %s, %s moves by several coordinates at once" % (joint, axis.get("name")))
        if not coordinates:
            function = Function(np.zeros(1), np.array([[float(function(np.zeros(())))]]))
        # OpenSim takes a plain line through 0 for a degree of freedom, and scales every other translation.
        is_degree = element is None or (element.tag == "LinearFunction" and _is_identity(function))
        scaling = tuple(np.abs(direction)) if can_scale and not is_degree else NOT_SCALED
        direction = direction / np.linalg.norm(direction)
        return Axis(direction, function, coordinates[0] if coordinates else None, scaling)

    # Coupled coordinates

    def _couplers(self, joints: List[Joint]) -> Dict[str, Coupler]:
        found = {}
        for element in self._objects("ConstraintSet"):
            name = element.get("name")
            if (element.findtext("isDisabled") or "").strip() == "true":
                continue
            if (element.findtext("isEnforced") or "").strip() == "false":
                continue
            if element.tag != "CoordinateCouplerConstraint":
                raise RehabCoachError("the constraint %s is a %s, which is not supported" % (name, element.tag))
            independent = (element.findtext("independent_coordinate_names") or "").split()
            dependent = (element.findtext("dependent_coordinate_name") or "").strip()
            function = element.find("coupled_coordinates_function")
            if len(independent) != 1 or function is None or not len(function):
                raise RehabCoachError("the constraint %s is not a function of one coordinate" % name)
            for coordinate in (dependent, *independent):
                if coordinate not in self.coordinates:
                    raise RehabCoachError("the constraint %s couples what is not there: %s" % (name, coordinate))
            factor = numbers(element, "scale_factor")
            coupled = read_function(function[0]).times(factor[0] if len(factor) else 1.0)
            found[dependent] = self._scaled(Coupler(dependent, independent[0], coupled), joints)
        return _in_order(found)

    def _scaled(self, coupler: Coupler, joints: List[Joint]) -> Coupler:
        """A coupled translation grows with the body that its joint hangs on."""
        joint = next(joint for joint in joints if coupler.dependent in joint.coordinates)
        if self.coordinates[coupler.dependent].is_rotation or joint.parent.body == GROUND:
            return coupler
        axes = [axis for axis in joint.translations if axis.coordinate == coupler.dependent]
        return replace(coupler, scaling=tuple(axes[-1].direction ** 2), body=joint.parent.body)


def _socket(element: Element, name: str) -> str:
    for tag in ("socket_%s", "socket_%s_connectee_name"):
        text = element.findtext(tag % name)
        if text:
            return text.strip()
    raise RehabCoachError("%s %s does not say on which frame it is" % (element.tag, element.get("name")))


def _six_digits(element: Element, tag: str) -> np.ndarray:
    """As OpenSim 4 reads what older versions wrote: it writes it anew first, with six digits."""
    return np.array(["%.6g" % number for number in _vector(element, tag)], np.float64)


def _vector(element: Element, tag: str) -> np.ndarray:
    """Three numbers, 0 where they are missing."""
    values = numbers(element, tag)
    if len(values) not in (0, 3):
        raise RehabCoachError("<%s> of %s must have three numbers" % (tag, element.get("name")))
    return values if len(values) else np.zeros(3)


def _function_of(axis: Element) -> Optional[Element]:
    """The element that describes an axis's function: inside of <function>, or, since OpenSim 4, named "function"."""
    wrapped = axis.find("function")
    inside: Iterator[Element] = iter(wrapped) if wrapped is not None else (c for c in axis if c.get("name"))
    return next(inside, None)


def _is_identity(function: Function) -> bool:
    return function.is_linear and tuple(function.coefficients[0]) == (0, 1)


def _offset(frame: Frame, translation: np.ndarray, orientation: np.ndarray) -> Frame:
    """A frame that hangs on another one: translation (3,) metres, body-fixed angles about x, y, z (3,)."""
    place = frame.place + frame.rotation @ np.diag(translation)
    return Frame(frame.body, frame.rotation @ body_fixed(orientation), place)


def body_fixed(angles: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) by angles (3,) about x, the new y and the newest z."""
    result = np.eye(3)
    for axis, angle in enumerate(angles):
        one, other = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[other, one] = np.sin(angle)
        turn[one, other] = -np.sin(angle)
        result = result @ turn
    return result


def _simple_axes(kind: str, names: List[str], joint: str) -> List[Axis]:
    turns, shifts = _MOTIONS[kind]
    if len(names) != len(turns) + len(shifts):
        raise RehabCoachError(
            "the joint %s is a %s with %d coordinates instead of %d" % (joint, kind, len(names), len(turns + shifts))
        )
    moving = [Axis(axis, IDENTITY, name) for axis, name in zip(turns + shifts, names)]
    still = Axis(X, ZERO)
    rotations, translations = moving[: len(turns)], moving[len(turns) :]
    return rotations + [still] * (3 - len(rotations)) + translations + [still] * (3 - len(translations))


def _coordinate(element: Element, is_rotation: bool) -> ModelCoordinate:
    default, span = numbers(element, "default_value"), numbers(element, "range")
    lowest, highest = span if len(span) == 2 else (-np.inf, np.inf)
    return ModelCoordinate(
        element.get("name", ""),
        float(default[0]) if len(default) else 0.0,
        float(lowest),
        float(highest),
        (element.findtext("locked") or "").strip() == "true",
        is_rotation,
    )


def _from_the_ground(joints: List[Joint], bodies: List[str]) -> List[Joint]:
    """Each joint after that of the body it hangs on."""
    moved = [joint.child.body for joint in joints]
    for body in bodies:
        if moved.count(body) != 1:
            raise RehabCoachError(
                "the body %s has %d joints that move it; loops and free bodies are not supported"
                % (body, moved.count(body))
            )
    ordered: List[Joint] = []
    reached = {GROUND}
    while len(ordered) < len(bodies):
        following = [joint for joint in joints if joint.parent.body in reached and joint.child.body not in reached]
        if not following:
            raise RehabCoachError("not every body hangs on the ground")
        ordered += following
        reached |= {joint.child.body for joint in following}
    return ordered


def _in_order(couplers: Dict[str, Coupler]) -> Dict[str, Coupler]:
    """Each coupler after that of the coordinate it depends on."""
    ordered: Dict[str, Coupler] = {}
    while len(ordered) < len(couplers):
        ready = {
            name: coupler
            for name, coupler in couplers.items()
            if name not in ordered and (coupler.independent in ordered or coupler.independent not in couplers)
        }
        if not ready:
            raise RehabCoachError("coupled coordinates depend on each other in a circle")
        ordered.update(ready)
    return ordered
