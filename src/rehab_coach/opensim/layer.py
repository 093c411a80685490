"""A skeleton as a layer of a network: from coordinates and body scales to joints, bodies and markers, in PyTorch.

It is OpenSim's forward kinematics, for many poses at once, differentiable, and without a step that depends on a value,
so that it can be traced (TorchScript) and exported (ONNX). docs/kinematics.md has the equations.

The idea is that of D3KE (Bittner et al. 2022, Towards single camera human 3D-kinematics, Sensors 23(1), 341).
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.functions import IDENTITY, Function
from rehab_coach.opensim.model import GROUND, Axis, Model


class Pose(NamedTuple):
    """Where everything is, in the ground's axes, metres.

    Attributes:
        joints: (B, bodies, 3) centres of the joints: origins of their child frames, in `Model.joints` order.
        rotations: (B, bodies, 3, 3) from each body's axes to the ground's, in `Model.bodies` order.
        bodies: (B, bodies, 3) origins of the bodies.
        markers: (B, M, 3), in `Model.markers` order.
    """

    joints: Tensor
    rotations: Tensor
    bodies: Tensor
    markers: Tensor


class Functions(nn.Module):
    """Many functions, each of one of the inputs: (C, B) -> (N, B).

    What is straight is one matrix; only what bends is looked up piece by piece.

    Args:
        functions: N of them, and the number of the input each depends on, None = constant.
        inputs: C.
    """

    weight: Tensor
    bias: Tensor
    later_starts: Tensor
    table: Tensor
    spread: Tensor
    sources: Tensor
    offsets: Tensor

    def __init__(self, functions: Sequence[Tuple[Function, Optional[int]]], inputs: int):
        super().__init__()
        weight, bias = np.zeros((len(functions), inputs)), np.zeros((len(functions), 1))
        bent: List[int] = []
        for number, (function, source) in enumerate(functions):
            if source is None:
                bias[number] = function.coefficients[0, 0]
            elif function.is_linear:
                bias[number], weight[number, source] = [*function.coefficients[0], 0.0][:2]
            else:
                bent.append(number)
        _keep(self, weight=weight, bias=bias)
        self.is_bent = bool(bent)
        self._add_bent([functions[number] for number in bent], bent, len(functions))

    def _add_bent(self, functions, places: List[int], outputs: int) -> None:
        """Tables of the same size for all: further pieces begin at infinity, higher powers are 0."""
        pieces = max((len(function.starts) for function, _ in functions), default=0)
        pieces = max(pieces, 2)  # OpenVINO does not know the sum of nothing
        powers = max((function.coefficients.shape[1] for function, _ in functions), default=0)
        starts = np.full((len(functions), pieces, 1), np.inf)
        table = np.zeros((len(functions), pieces, 1 + powers))
        for number, (function, _) in enumerate(functions):
            count, degree = function.coefficients.shape
            starts[number, :count, 0] = table[number, :count, 0] = function.starts
            table[number, :count, 1 : 1 + degree] = function.coefficients
        _keep(self, later_starts=starts[:, 1:], table=table.reshape(-1, 1 + powers), spread=np.eye(outputs)[:, places])
        self.register_buffer("sources", torch.tensor([source for _, source in functions], dtype=torch.long))
        self.register_buffer("offsets", torch.arange(len(functions))[:, None] * pieces)

    def forward(self, inputs: Tensor) -> Tensor:
        """Values of all functions."""
        straight = self.weight @ inputs + self.bias
        if not self.is_bent:
            return straight
        x = inputs.index_select(0, self.sources)
        piece = (x[:, None] > self.later_starts).sum(dim=1)
        start, *coefficients = self.table[self.offsets + piece].unbind(dim=2)
        x = x - start
        value = coefficients[-1]
        for coefficient in coefficients[-2::-1]:
            value = value * x + coefficient
        return straight + self.spread @ value


class SkeletonLayer(nn.Module):
    """Forward kinematics of a skeleton.

    Inside, the poses of a batch are the last dimension: each step is then long rows of numbers, not tiny matrices.

    Args:
        model: the skeleton.
        dtype: of inputs and outputs; float32 is exact to a thousandth of a millimetre.

    Attributes:
        coordinates: names of the inputs: the model's independent coordinates.
        bodies, joints, markers: names of what comes out.
    """

    turns: Tensor
    shifts: Tensor
    shift_scaling: Tensor
    shift_fixed: Tensor
    coupler_scaling: Tensor
    coupler_fixed: Tensor
    coupler_bodies: Tensor
    parent_places: Tensor
    parent_bodies: Tensor
    child_places: Tensor
    child_bodies: Tensor
    marker_places: Tensor
    marker_bodies: Tensor
    body_order: Tensor
    still: Tensor
    last_row: Tensor

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.coordinates = model.independent
        self.bodies = model.bodies
        self.joints = tuple(joint.name for joint in model.joints)
        self.markers = tuple(model.markers)
        self._couple(model)
        self._build_joints(model)
        self._build_tree(model)
        _keep(self, marker_places=np.array([frame.place for frame in model.markers.values()]).reshape(-1, 3, 3))
        self.register_buffer("marker_bodies", _numbers(model, model.markers.values()))
        self.to(dtype)

    def _couple(self, model: Model) -> None:
        """All coordinates from the independent ones. Chains are followed by as many steps as they are long."""
        known: List[str] = list(model.independent)
        steps: List[Functions] = []
        while len(known) < len(model.coordinates):
            left = {name: coupler for name, coupler in model.couplers.items() if name not in known}
            following = {name: coupler for name, coupler in left.items() if coupler.independent in known}
            functions: List[Tuple[Function, Optional[int]]] = [(IDENTITY, number) for number in range(len(known))]
            functions += [(coupler.function, known.index(coupler.independent)) for coupler in following.values()]
            steps.append(Functions(functions, len(known)))
            known += following
        self.couplers = nn.ModuleList(steps)
        self._all = known
        scaling, bodies = np.zeros((len(known), 3)), np.full(len(known), len(model.bodies))
        for number, name in enumerate(known):
            coupler = model.couplers.get(name)
            if coupler and coupler.body:
                scaling[number], bodies[number] = coupler.scaling, model.bodies.index(coupler.body)
        self.scales_couplers = bool(scaling.any())
        _keep(self, coupler_scaling=scaling[:, None], coupler_fixed=1.0 - scaling.any(axis=1)[:, None])
        self.register_buffer("coupler_bodies", torch.from_numpy(bodies))

    def _build_joints(self, model: Model) -> None:
        """Each rotation is a matrix times (1, sine, 1 - cosine); the frames on both sides are in the first and last."""
        axes = [axis for joint in model.joints for axis in (*joint.rotations, *joint.translations)]
        source = {name: number for number, name in enumerate(self._all)}
        self.motions = Functions(
            [(axis.function, None if axis.coordinate is None else source[axis.coordinate]) for axis in axes],
            len(source),
        )
        turns = np.array([[_turn(axis) for axis in joint.rotations] for joint in model.joints])  # (J, 3, 3 terms, 3, 3)
        shifts = np.array([[axis.direction for axis in joint.translations] for joint in model.joints])
        scaling = np.array([[axis.scaling for axis in joint.translations] for joint in model.joints])
        parents = np.array([joint.parent.rotation for joint in model.joints])
        children = np.array([joint.child.rotation for joint in model.joints])
        turns[:, 0] = np.einsum("jab,jtbc->jtac", parents, turns[:, 0])
        turns[:, 2] = np.einsum("jtab,jcb->jtac", turns[:, 2], children)
        _keep(
            self,
            turns=turns.reshape(-1, 3, 3, 9).swapaxes(2, 3),
            shifts=np.einsum("jab,jkb->jak", parents, shifts),
            shift_scaling=scaling,
            shift_fixed=1.0 - scaling.any(axis=2, keepdims=True),
            parent_places=np.array([joint.parent.place for joint in model.joints]),
            child_places=np.array([joint.child.place for joint in model.joints]),
        )
        self.has_child_places = any(joint.child.place.any() for joint in model.joints)
        self.register_buffer("parent_bodies", _numbers(model, [joint.parent for joint in model.joints]))
        self.register_buffer("child_bodies", _numbers(model, [joint.child for joint in model.joints]))
        self.root = -1 if model.root is None else model.joints.index(model.root)

    def _build_tree(self, model: Model) -> None:
        """Which ancestor is next when the known stretch of the way to the ground doubles in each step."""
        ground = len(model.joints)
        number = {joint.child.body: place for place, joint in enumerate(model.joints)}
        above = np.array([number.get(joint.parent.body, ground) for joint in model.joints] + [ground])
        self.steps = 0
        while (above != ground).any():
            self.register_buffer("ancestors%d" % self.steps, torch.from_numpy(above))
            self.steps += 1
            above = above[above]
        self.register_buffer("body_order", torch.tensor([number[body] for body in model.bodies] + [ground]))
        _keep(self, still=np.eye(3, 4)[None, :, :, None], last_row=np.eye(4)[3][None, None, :, None])

    def forward(self, coordinates: Tensor, scales: Optional[Tensor] = None, root: Optional[Tensor] = None) -> Pose:
        """Where everything is.

        Args:
            coordinates: (B, C) radians and metres, in the order of the attribute of this name.
            scales: (B, bodies, 3) factors along each body's axes; None = the model as its file has it. As in OpenSim, a
                translation along an oblique axis grows even where all factors are 1 (docs/kinematics.md).
            root: (B, 3, 3) rotation of the root's body, from its axes to the ground's, instead of the root's own
                coordinates (see `rotation_from_6d`); None = the coordinates'.

        Raises:
            RehabCoachError: a root is given, and nothing moves on the ground.
        """
        if root is not None and self.root < 0:
            raise RehabCoachError("nothing moves on the ground in this model: it has no root to turn")
        is_scaled = scales is not None
        if scales is None:
            scales = coordinates.new_ones(coordinates.shape[0], len(self.bodies), 3)
        scales = scales.permute(1, 2, 0)
        scales = torch.cat([scales, torch.ones_like(scales[:1])])  # the ground's
        bodies = self._local(self._expand(coordinates.t(), scales), scales, is_scaled, root)
        for step in range(self.steps):
            bodies = self._then(bodies.index_select(0, getattr(self, "ancestors%d" % step)), bodies)
        bodies = bodies.index_select(0, self.body_order)
        joints = self._on_bodies(bodies, self.child_bodies, self.child_places, scales)
        markers = self._on_bodies(bodies, self.marker_bodies, self.marker_places, scales)
        moved = bodies[:-1].permute(3, 0, 1, 2)
        return Pose(joints, moved[..., :3], moved[..., 3], markers)

    def _expand(self, coordinates: Tensor, scales: Tensor) -> Tensor:
        """All coordinates (C, B), the dependent ones after the independent ones."""
        for step in self.couplers:
            coordinates = step(coordinates)
        if self.scales_couplers:
            factors = (self.coupler_scaling @ scales.index_select(0, self.coupler_bodies))[:, 0]
            coordinates = coordinates * (factors + self.coupler_fixed)
        return coordinates

    def _local(self, coordinates: Tensor, scales: Tensor, is_scaled: bool, root: Optional[Tensor]) -> Tensor:
        """(joints + 1, 3, 4, B): from each body's axes to those of the body that carries it; the last is the ground."""
        count = len(self.joints)
        motions = self.motions(coordinates).view(count, 6, -1)
        angles, shifts = motions[:, :3], motions[:, 3:]
        terms = torch.stack([torch.ones_like(angles), angles.sin(), 1 - angles.cos()], dim=2)
        turns = (self.turns @ terms).view(count, 3, 3, 3, -1)
        rotations = _product(_product(turns[:, 0], turns[:, 1]), turns[:, 2])
        if root is not None:
            given = root.permute(1, 2, 0)[None]
            rotations = torch.cat([rotations[: self.root], given, rotations[self.root + 1 :]])
        carrying = scales.index_select(0, self.parent_bodies)
        if is_scaled:
            shifts = shifts * (self.shift_scaling @ carrying + self.shift_fixed)
        places = (self.parent_places @ carrying + self.shifts @ shifts)[:, :, None]
        if self.has_child_places:
            places = places - _product(
                rotations, (self.child_places @ scales.index_select(0, self.child_bodies))[:, :, None]
            )
        moved = torch.cat([rotations, places], dim=2)
        return torch.cat([moved, self.still.expand(1, 3, 4, moved.shape[3])])

    def _then(self, outer: Tensor, inner: Tensor) -> Tensor:
        """Two rigid motions (N, 3, 4, B) in one."""
        return torch.addcmul(_product(outer, inner), outer[:, :, 3:], self.last_row)

    @staticmethod
    def _on_bodies(bodies: Tensor, numbers: Tensor, places: Tensor, scales: Tensor) -> Tensor:
        """Points (B, N, 3) that are fixed to bodies."""
        if not len(numbers):
            return bodies[:0, :, 3].permute(2, 0, 1)
        chosen = bodies.index_select(0, numbers)
        turned = _product(chosen, (places @ scales.index_select(0, numbers))[:, :, None])
        return (chosen[:, :, 3] + turned[:, :, 0]).permute(2, 0, 1)


def _product(left: Tensor, right: Tensor) -> Tensor:
    """Products (N, 3, K, B) of the first three columns of (N, 3, ., B) with (N, 3, K, B)."""
    columns, rows = left.unbind(dim=2), right.unbind(dim=1)
    result = columns[0][:, :, None] * rows[0][:, None]
    for number in (1, 2):
        result = torch.addcmul(result, columns[number][:, :, None], rows[number][:, None])
    return result


def rotation_from_6d(values: Tensor) -> Tensor:
    """Rotations (B, 3, 3) from the first two columns (B, 6), made orthonormal (Gram-Schmidt).

    Source: Zhou et al. 2019, On the continuity of rotation representations in neural networks, CVPR.
    """
    first = nn.functional.normalize(values[:, :3], dim=1)
    across = torch.linalg.cross(first, values[:, 3:], dim=1)
    third = nn.functional.normalize(across, dim=1)
    return torch.stack([first, torch.linalg.cross(third, first, dim=1), third], dim=2)


def _turn(axis: Axis) -> np.ndarray:
    """(3, 3, 3): the rotation about the axis is their sum, weighted by 1, sine and 1 - cosine (Rodrigues)."""
    x, y, z = axis.direction
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.stack([np.eye(3), cross, cross @ cross])


def _numbers(model: Model, frames) -> Tensor:
    """Number of each frame's body (N,); the ground's comes after the last."""
    numbers = {body: number for number, body in enumerate((*model.bodies, GROUND))}
    return torch.tensor([numbers[frame.body] for frame in frames], dtype=torch.long)


def _keep(module: nn.Module, **arrays: np.ndarray) -> None:
    """Buffers move and change type with their module."""
    for name, array in arrays.items():
        module.register_buffer(name, torch.tensor(array, dtype=torch.float64))
