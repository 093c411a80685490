"""The skeleton's layer against OpenSim: the same positions, and how long both take."""

import os
import statistics
import tempfile
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import Pose, SkeletonLayer
from rehab_coach.opensim.layer_export import INPUTS, example, export_onnx, traced
from rehab_coach.opensim.model import Model
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import load_opensim
from rehab_coach.openvino_core import openvino_core

BATCHES = (1, 16, 64, 128, 256)
WIDEST = 3.2
"""Radians or metres: random coordinates stay within their ranges and this."""

BEYOND = 0.5
"""So far beyond its range is one in ten, because a network's guess may be too."""


class Reference(NamedTuple):
    """What OpenSim says about one pose.

    Attributes:
        coordinates: (C,) radians and metres, the layer's inputs.
        scales: (bodies, 3) or None, not scaled.
        pose: numpy arrays as in the layer's `Pose`, without the batch.
    """

    coordinates: np.ndarray
    scales: Optional[np.ndarray]
    pose: Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def references(path: str, model: Model, poses: int = 25, scalings: int = 4, seed: int = 0) -> Iterator[Reference]:
    """Random poses of a model, first as its file has it, then randomly scaled (each body and axis by 0.7 to 1.4).

    Raises:
        RehabCoachError: OpenSim is not installed.
    """
    opensim = load_opensim()
    random = np.random.default_rng(seed)
    for number in range(scalings):
        theirs = opensim.Model(path)
        state = theirs.initSystem()
        scales = None
        if number:
            scales = random.uniform(0.7, 1.4, (len(model.bodies), 3))
            for coupler in model.couplers.values():
                if coupler.body:  # OpenSim scales coupled translations by one factor only
                    scales[model.bodies.index(coupler.body)] = scales[model.bodies.index(coupler.body), 0]
            theirs.scale(state, _scale_set(opensim, model, scales), False)
            state = theirs.initSystem()
        for _ in range(poses):
            values = {name: _draw(model, name, random) for name in model.independent}
            given = np.array(list(values.values()))
            for name in model.couplers:
                values[name] = _coupled(opensim, theirs, name, values)
            for name, value in values.items():
                coordinate = theirs.getCoordinateSet().get(name)
                coordinate.setLocked(state, False)
                coordinate.setValue(state, float(value), False)
            theirs.realizePosition(state)
            yield Reference(given, scales, _positions(theirs, state, model))


def _draw(model: Model, name: str, random: np.random.Generator) -> float:
    coordinate = model.coordinates[name]
    beyond = BEYOND if random.random() < 0.1 else 0.0
    return random.uniform(max(coordinate.lowest, -WIDEST) - beyond, min(coordinate.highest, WIDEST) + beyond)


def _scale_set(opensim, model: Model, scales: np.ndarray):
    result = opensim.ScaleSet()
    for name, factors in zip(model.bodies, scales):
        scale = opensim.Scale()
        scale.setSegmentName(name)
        scale.setScaleFactors(opensim.Vec3(*map(float, factors)))
        scale.setApply(True)
        result.cloneAndAppend(scale)
    return result


def _coupled(opensim, theirs, name: str, values: Dict[str, float]) -> float:
    """A dependent coordinate's value, by OpenSim's own function."""
    constraints = theirs.getConstraintSet()
    for number in range(constraints.getSize()):
        constraint = opensim.CoordinateCouplerConstraint.safeDownCast(constraints.get(number))
        if constraint.getPropertyByName("dependent_coordinate_name").toString() == name:
            independent = constraint.getPropertyByName("independent_coordinate_names").toString().strip("()")
            factor = opensim.PropertyHelper.getValueDouble(constraint.getPropertyByName("scale_factor"))
            return factor * constraint.getFunction().calcValue(opensim.Vector(1, float(values[independent])))
    raise RehabCoachError("OpenSim knows no constraint for %s" % name)


def _positions(theirs, state, model: Model) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    joints = [theirs.getJointSet().get(joint.name).getChildFrame() for joint in model.joints]
    bodies = [theirs.getBodySet().get(name) for name in model.bodies]
    markers = [theirs.getMarkerSet().get(name) for name in model.markers]
    turns = [body.getTransformInGround(state).R() for body in bodies]
    return (
        np.array([joint.getPositionInGround(state).to_numpy() for joint in joints]),
        np.array([[[turn.get(row, column) for column in range(3)] for row in range(3)] for turn in turns]),
        np.array([body.getPositionInGround(state).to_numpy() for body in bodies]),
        np.array([marker.getLocationInGround(state).to_numpy() for marker in markers]).reshape(-1, 3),
    )


def largest_differences(path: str, poses: int = 25, scalings: int = 4) -> Dict[str, float]:
    """Largest difference from OpenSim over random poses and scales, for each part of `Pose`.

    Returns:
        "joints", "bodies", "markers" in millimetres, "rotations" without unit.

    Raises:
        RehabCoachError: the model cannot be read, or OpenSim is not installed.
    """
    model = read_model(path)
    layer = SkeletonLayer(model, torch.float64)
    worst = dict.fromkeys(Pose._fields, 0.0)
    for reference in references(path, model, poses, scalings):
        scales = None if reference.scales is None else torch.from_numpy(reference.scales)[None]
        pose = layer(torch.from_numpy(reference.coordinates)[None], scales)
        for name, ours, theirs in zip(Pose._fields, pose, reference.pose):
            unit = 1 if name == "rotations" else 1000
            worst[name] = max(worst[name], unit * float(np.abs(ours[0].numpy() - theirs).max(initial=0)))
    return worst


def measure(path: str, repeats: int = 20) -> str:
    """The table of differences and times of a model, for people."""
    worst = largest_differences(path)
    model = read_model(path)
    layer = SkeletonLayer(model)
    lines = [
        "%s: %d bodies, %d coordinates (%d coupled), %d markers"
        % (os.path.basename(path), len(model.bodies), len(model.coordinates), len(model.couplers), len(model.markers)),
        "largest difference from OpenSim in 100 poses, 75 of them scaled (float64): joints %.0e mm, bodies %.0e mm, "
        "markers %.0e mm, rotations %.0e" % tuple(worst[key] for key in ("joints", "bodies", "markers", "rotations")),
        "milliseconds of processor time, one thread",
        "%8s %10s %10s %10s %12s %18s" % ("batch", "OpenSim", "layer", "traced", "OpenVINO", "with gradients"),
    ]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        opensim = _opensim_pose(path)
        for batch in BATCHES:
            times = [batch * _time(opensim, repeats)] + [_time(case, repeats) for case in _cases(layer, batch)]
            lines.append("%8d %10.2f %10.2f %10.2f %12.2f %18.2f" % (batch, *times))
    finally:
        torch.set_num_threads(threads)
    return "\n".join(lines)


def _opensim_pose(path: str) -> Callable[[], None]:
    """OpenSim's work for one pose: new coordinates, all positions, the markers read."""
    opensim = load_opensim()
    model = opensim.Model(path)
    state = model.initSystem()
    coordinates = [model.getCoordinateSet().get(number) for number in range(model.getCoordinateSet().getSize())]
    bodies = [model.getBodySet().get(number) for number in range(model.getBodySet().getSize())]
    markers = [model.getMarkerSet().get(number) for number in range(model.getMarkerSet().getSize())]
    for coordinate in coordinates:
        coordinate.setLocked(state, False)

    def pose() -> None:
        for coordinate in coordinates:
            coordinate.setValue(state, 0.1, False)
        model.realizePosition(state)
        for body in bodies:
            body.getPositionInGround(state)
        for marker in markers:
            marker.getLocationInGround(state)

    return pose


def _cases(layer: SkeletonLayer, batch: int) -> List[Callable[[], object]]:
    inputs = example(layer, batch)
    script = traced(layer)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "layer.onnx")
        export_onnx(layer, path)
        # Less than float32 would be centimetres off.
        exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        compiled = openvino_core().compile_model(path, "CPU", exact)
    arrays = {name: tensor.numpy() for name, tensor in zip(INPUTS, inputs)}
    moved = inputs[0].clone().requires_grad_()

    def gradients() -> None:
        sum(part.sum() for part in layer(moved, *inputs[1:])).backward()

    def without(function: Callable[..., object]) -> Callable[[], object]:
        def call() -> object:
            with torch.no_grad():
                return function(*inputs)

        return call

    return [without(layer), without(script), lambda: compiled(arrays), gradients]


def _time(function: Callable[[], object], repeats: int) -> float:
    """Median milliseconds of processor time, which other programs do not add to."""
    for _ in range(3):
        function()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        function()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)
