"""OpenSim's own tools: a model scaled to a person, and a person's joint angles from markers.

Markers are metres in OpenSim's axes: x to where the person faces, y up, z to her right.
"""

import contextlib
import os
import sys
import tempfile
from dataclasses import dataclass
from types import MappingProxyType
from typing import Dict, Iterable, Iterator, Mapping, Tuple
from xml.etree import ElementTree

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.opensim.files import read_coordinates, write_trc
from rehab_coach.opensim.packages import load_opensim

STANDING_WEIGHT, JOINT_WEIGHT = 1000.0, 10.0
"""Of the coordinates and of markers on joints while markers are placed: nothing else shall be fitted to."""


@dataclass(frozen=True)
class ModelMarker:
    """A marker on a model's body.

    Attributes:
        body: name.
        location: metres in the body's axes, before the model is scaled.
        is_fixed: it stays where the model has it, and scale and pelvis are fitted to it; others are moved to where the
            person has them.
    """

    body: str
    location: Tuple[float, float, float]
    is_fixed: bool


@dataclass(frozen=True)
class Measurement:
    """A length of the person that scales bodies.

    Attributes:
        pairs: of markers whose distances are averaged.
        bodies: which grow by them.
        axes: of the bodies, such as "X Y Z".
    """

    pairs: Tuple[Tuple[str, str], ...]
    bodies: Tuple[str, ...]
    axes: str = "X Y Z"


def scale_model(
    path: str,
    out: str,
    markers: Mapping[str, ModelMarker],
    measurements: Mapping[str, Measurement],
    standing: Mapping[str, np.ndarray],
    ranges: Mapping[str, Tuple[float, float]],
) -> Dict[str, np.ndarray]:
    """Scale a model to a person who stands with all angles 0, and put the markers where she has them.

    Args:
        path: of the model file.
        out: of the scaled model file.
        markers: of the model; they replace those it has.
        measurements: by name.
        standing: for each marker (3,) metres.
        ranges: of coordinates, radians, where the model's own are too narrow.

    Returns:
        For each body that was scaled its factors (3,).

    Raises:
        RehabCoachError: OpenSim is not installed or fails, or a file cannot be written.
    """
    opensim = load_opensim()
    with tempfile.TemporaryDirectory() as folder:
        generic, trc, factors = (os.path.join(folder, name) for name in ("generic.osim", "static.trc", "scales.xml"))
        write_with_markers(path, generic, markers, ranges)
        stamps = np.array([0.0, 1.0])
        write_trc(trc, stamps, {name: _for_trc(np.stack([place, place])) for name, place in standing.items()})
        tool = _scale_tool(opensim, generic, trc, stamps, measurements, factors)
        placer = tool.getMarkerPlacer()
        placer.setStaticPoseFileName(trc)
        placer.setTimeRange(_array(opensim.ArrayDouble(), stamps))
        model = opensim.Model(generic)
        tasks = placer.getIKTaskSet()
        for number in range(model.getCoordinateSet().getSize()):
            name = model.getCoordinateSet().get(number).getName()
            if not name.startswith("pelvis_t") or name == "pelvis_tilt":
                tasks.cloneAndAppend(_coordinate_task(opensim, name))
        for name, marker in markers.items():
            if marker.is_fixed:
                tasks.cloneAndAppend(_marker_task(opensim, name, JOINT_WEIGHT))
        with written_whole(out) as temporary:
            placer.setOutputModelFileName(temporary)
            _run(tool, "scaling the model")
            if not os.path.exists(temporary):
                raise RehabCoachError("OpenSim could not scale %s to this person" % path)
        return _factors(factors)


def scale_by_distances(
    path: str,
    out: str,
    measurements: Mapping[str, Measurement],
    stamps: np.ndarray,
    places: Mapping[str, np.ndarray],
) -> Dict[str, np.ndarray]:
    """Scale a model with markers by the distances of a person's markers alone, averaged while she moves.

    Args:
        path: of the model file, with markers.
        out: of the scaled model file; its markers are where they were, scaled.
        measurements: by name.
        stamps: (T,) seconds.
        places: for each marker (T, 3) metres.

    Returns:
        For each body that was scaled its factors (3,).

    Raises:
        RehabCoachError: OpenSim is not installed or fails, or a file cannot be written.
    """
    opensim = load_opensim()
    with tempfile.TemporaryDirectory() as folder:
        trc, factors = (os.path.join(folder, name) for name in ("moving.trc", "scales.xml"))
        write_trc(trc, stamps, {name: _for_trc(place) for name, place in places.items()})
        span = np.array([0.0, stamps[-1] - stamps[0]])
        tool = _scale_tool(opensim, path, trc, span, measurements, factors)
        tool.getMarkerPlacer().setApply(False)
        with written_whole(out) as temporary:
            tool.getModelScaler().setOutputModelFileName(temporary)
            _run(tool, "scaling the model")
            if not os.path.exists(temporary):
                raise RehabCoachError("OpenSim could not scale %s to this person" % path)
        return _factors(factors)


def _scale_tool(opensim, path: str, trc: str, span: np.ndarray, measurements: Mapping[str, Measurement], factors: str):
    tool = opensim.ScaleTool()
    tool.setName("person")
    tool.setPathToSubject("")
    tool.getGenericModelMaker().setModelFileName(path)
    scaler = tool.getModelScaler()
    scaler.setMarkerFileName(trc)
    scaler.setTimeRange(_array(opensim.ArrayDouble(), span))
    scaler.setScalingOrder(_array(opensim.ArrayStr(), ["measurements"]))
    scaler.setOutputScaleFileName(factors)
    for name, measurement in measurements.items():
        scaler.addMeasurement(_measurement(opensim, name, measurement))
    return tool


def write_with_markers(
    path: str, out: str, markers: Mapping[str, ModelMarker], ranges: Mapping[str, Tuple[float, float]]
) -> None:
    """Write a model anew with other markers, and other ranges (radians) of some coordinates."""
    opensim = load_opensim()
    model = opensim.Model(path)
    model.updMarkerSet().clearAndDestroy()
    for name, marker in markers.items():
        own = opensim.Marker(name, model.getBodySet().get(marker.body), opensim.Vec3(*map(float, marker.location)))
        own.set_fixed(marker.is_fixed)
        model.addMarker(own)
    for name, (lowest, highest) in ranges.items():
        coordinate = model.updCoordinateSet().get(name)
        coordinate.setRangeMin(float(lowest))
        coordinate.setRangeMax(float(highest))
    model.finalizeConnections()
    model.printToXML(out)


def _array(array, values: Iterable):
    for value in values:
        array.append(value if isinstance(value, str) else float(value))
    return array


def _measurement(opensim, name: str, measurement: Measurement):
    made = opensim.Measurement()
    made.setName(name)
    made.setApply(True)
    for one, other in measurement.pairs:
        made.getMarkerPairSet().cloneAndAppend(opensim.MarkerPair(one, other))
    for body in measurement.bodies:
        scale = opensim.BodyScale()
        scale.setName(body)
        scale.setAxisNames(_array(opensim.ArrayStr(), measurement.axes.split()))
        made.getBodyScaleSet().cloneAndAppend(scale)
    return made


def _coordinate_task(opensim, name: str):
    task = opensim.IKCoordinateTask()
    task.setName(name)
    task.setApply(True)
    task.setWeight(STANDING_WEIGHT)
    task.setValueType(opensim.IKCoordinateTask.ManualValue)
    task.setValue(0.0)
    return task


def _marker_task(opensim, name: str, weight: float):
    task = opensim.IKMarkerTask()
    task.setName(name)
    task.setApply(True)
    task.setWeight(weight)
    return task


def _run(tool, what: str) -> None:
    try:
        with _without_chatter():
            tool.run()
    except RuntimeError as error:
        raise RehabCoachError("OpenSim failed in %s: %s" % (what, str(error).splitlines()[0])) from error


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep off the terminal what OpenSim prints about models; it has no setting for that."""
    sys.stdout.flush()
    terminal = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(terminal, 1)
        os.close(terminal)


def _factors(path: str) -> Dict[str, np.ndarray]:
    found = {}
    for scale in ElementTree.parse(path).getroot().iter("Scale"):
        found[(scale.findtext("segment") or "").strip()] = np.array((scale.findtext("scales") or "").split(), float)
    return found


def _for_trc(places: np.ndarray) -> np.ndarray:
    """OpenSim's axes (T, 3) as `write_trc` takes them: it turns y and z round."""
    return places * (1.0, -1.0, -1.0)


def inverse_kinematics(
    path: str,
    stamps: np.ndarray,
    places: Mapping[str, np.ndarray],
    setup: str = "",
    begin: Mapping[str, float] = MappingProxyType({}),
) -> Tuple[Tuple[str, ...], np.ndarray]:
    """Coordinates of a scaled model whose markers are nearest to a person's, by OpenSim's InverseKinematicsTool.

    Args:
        path: of the scaled model file.
        stamps: (T,) seconds.
        places: for each marker (T, 3) metres, NaN where it is not known.
        setup: file of OpenSim's tool that has the weights of the markers; "" = all alike.
        begin: about what some coordinates are in the first frame, radians; each pose is looked for from the one before,
            and far from the first one another may be found.

    Returns:
        Names (C,) and values (T, C), radians and metres.

    Raises:
        RehabCoachError: OpenSim is not installed or fails.
    """
    opensim = load_opensim()
    with tempfile.TemporaryDirectory() as folder:
        trc, mot = os.path.join(folder, "markers.trc"), os.path.join(folder, "angles.mot")
        # OpenSim does not read a line whose last marker is missing.
        names = sorted(places, key=lambda name: bool(np.isfinite(places[name]).all()))
        write_trc(trc, stamps, {name: _for_trc(places[name]) for name in names})
        model = opensim.Model(path)
        for number in range(model.getCoordinateSet().getSize()):
            coordinate = model.updCoordinateSet().get(number)
            lowest, highest = coordinate.getRangeMin(), coordinate.getRangeMax()
            known = begin.get(coordinate.getName(), coordinate.getDefaultValue())
            coordinate.setDefaultValue(float(np.clip(known, lowest, highest)))
        tool = opensim.InverseKinematicsTool(setup, False) if setup else opensim.InverseKinematicsTool()
        tool.setModel(model)
        tool.setMarkerDataFileName(trc)
        tool.setStartTime(0.0)
        tool.setEndTime(float(stamps[-1] - stamps[0]))
        tool.setOutputMotionFileName(mot)
        tool.setResultsDir(folder)
        tool.set_report_errors(False)
        for name in () if setup else places:
            tool.upd_IKTaskSet().cloneAndAppend(_marker_task(opensim, name, 1.0))
        _run(tool, "inverse kinematics")
        _, coordinates, values = read_coordinates(mot)
        return coordinates, values
