"""How good the joint angles are: against a two-camera system, against other formulas, and from every view."""

import os
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.dataset.ui_prmd import RATE, Execution, read_executions
from rehab_coach.direct_kinematics.recording import AngleNetwork
from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import ANGLES, joint_angles
from rehab_coach.kinematics.angles.uncertainty import VIEWS
from rehab_coach.kinematics.geometry import angles_in_space, facing_in_picture
from rehab_coach.kinematics.points import SIDES, BodyPoints, body_points
from rehab_coach.kinematics.projection import CameraView, film
from rehab_coach.opensim.comparison import compare
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.opensim.files import read_mot, read_trc
from rehab_coach.pose.registry import NAMES
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

JUDGED = ("knee_angle_r", "knee_angle_l", "hip_flexion_r", "hip_flexion_l")
CAMERAS = ("cam0", "cam1")
UP = np.array([0.0, 1.0, 0.0])
"""Against gravity in OpenCap's markers."""

ESTIMATED = ("pelvis_tilt", "lumbar_extension")
"""Follow from the others: judging them by themselves would flatter."""

KEY_POINTS = {
    "shoulder": ("%(S)sShoulder",),
    "elbow": ("%(S)sElbow",),
    "wrist": ("%(S)sWrist",),
    "hip": ("%(S)sHip",),
    "knee": ("%(S)sKnee",),
    "ankle": ("%(S)sAnkle",),
    "heel": ("%(S)sHeel",),
    "foot_index": ("%(S)sBigToe",),
}
"""OpenCap's triangulated key points."""
MARKERS = {
    "shoulder": ("%(s)s_shoulder_study",),
    "elbow": ("%(r)s_lelbow_study", "%(r)s_melbow_study"),
    "wrist": ("%(r)s_lwrist_study", "%(r)s_mwrist_study"),
    "hip": ("%(S)sHJC_study",),
    "knee": ("%(r)s_knee_study", "%(r)s_mknee_study"),
    "ankle": ("%(r)s_ankle_study", "%(r)s_mankle_study"),
    "heel": ("%(r)s_calc_study",),
    "foot_index": ("%(r)s_toe_study",),
}
"""OpenCap's anatomical markers, which a network makes of the key points: the middle of those of a joint."""


def points_of_markers(
    stamps: np.ndarray, markers: Mapping[str, np.ndarray], which: Mapping[str, Sequence[str]]
) -> BodyPoints:
    """`BodyPoints` of a .trc file; RehabCoachError if a marker is missing."""
    places = {}
    for side, large, small in (("right", "R", "r"), ("left", "L", "L")):
        for joint, names in which.items():
            wanted = [name % {"S": large, "r": small, "s": small} for name in names]
            missing = [name for name in wanted if name not in markers]
            if missing:
                raise RehabCoachError("the markers lack %s" % ", ".join(missing))
            places["%s_%s" % (side, joint)] = np.mean([markers[name] for name in wanted], axis=0)
    for name, joint in (("neck", "_shoulder"), ("pelvis", "_hip")):
        places[name] = (places["right" + joint] + places["left" + joint]) / 2
    places["head"] = np.full_like(places["neck"], np.nan)
    return BodyPoints(stamps, places, {name: np.ones(len(stamps)) for name in places})


def as_angles(stamps: np.ndarray, angles: Dict[str, np.ndarray], source: str) -> JointAngles:
    """Angles by name as one table."""
    missing = np.full(len(stamps), np.nan)
    values = np.stack([angles.get(name, missing) for name in ANGLES], axis=1)
    return JointAngles(ANGLES, stamps, values, np.where(np.isnan(values), np.nan, 0), source)


def pose2sim_angles(points: BodyPoints, facing: np.ndarray) -> JointAngles:
    """Knee and hip as Sports2D 0.8.34 and Pose2Sim 0.10.49 compute them (`fixed_angles`; BSD 3-Clause).

    In the picture the signed angle between two vectors, mirrored for those who face left; in space the unsigned one.

    Args:
        points: in the picture (Sports2D) or in space (Pose2Sim).
        facing: (T,) as from `facing_in_picture`.
    """
    flat = points.dimensions == 2
    mirrored = {name: place * (facing[:, None] ** [1, 0] if flat else 1) for name, place in points.places.items()}

    def between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        across = np.cross(first, second)
        along = (first * second).sum(axis=1)
        return -np.arctan2(across, along) if flat else np.arctan2(np.linalg.norm(across, axis=1), along)

    angles = {}
    for side, letter in zip(SIDES, "rl"):
        hip, knee, ankle = (mirrored[side + joint] for joint in ("_hip", "_knee", "_ankle"))
        for name, value in (
            ("knee_angle_", between(ankle - knee, hip - knee) - np.pi),
            ("hip_flexion_", -between(hip - knee, mirrored["neck"] - mirrored["pelvis"])),
        ):
            angles[name + letter] = (value + np.pi) % (2 * np.pi) - np.pi
        if not flat:  # their own comparison of 3-D angles takes the size only
            angles["knee_angle_" + letter] = np.abs(angles["knee_angle_" + letter])
            angles["hip_flexion_" + letter] = np.abs(angles["hip_flexion_" + letter])
    return as_angles(points.stamps, angles, "pose2sim")


def methods(sequence: SkeletonSequence, model: Optional[str] = None) -> Iterator[Tuple[str, JointAngles]]:
    """Every way to angles that a sequence allows, by name; with the file of a network also that one's."""
    picture = body_points(sequence, 2)
    facing = facing_in_picture(picture)
    yield "Sports2D's formula", pose2sim_angles(picture, facing)
    yield "picture (2d)", joint_angles(sequence, source="2d")
    if sequence.world is not None:
        yield "Pose2Sim's formula, world", pose2sim_angles(body_points(sequence, 3), facing)
        yield "world (3d)", joint_angles(sequence, source="3d")
    yield "fitted body", joint_angles(sequence, source="fit")
    if model and sequence.world is not None:
        yield "network (d3ke)", AngleNetwork.load(model).measure(sequence).angles


def benchmark_opencap(data: str, cache: Optional[str] = None, model: Optional[str] = None) -> str:
    """The table of errors against OpenCap's two cameras.

    Args:
        data: folder that holds kinematics/opencap_squat.
        cache: folder in which the estimators' key points are kept, to save the minutes that they take.
        model: file of a network of `rehab-coach train-kinematics`, None = without one.

    Raises:
        RehabCoachError: the data are not there.
    """
    folder = os.path.join(data, "kinematics", "opencap_squat")
    if not os.path.isdir(folder):
        raise RehabCoachError("%s is missing: --data must be a folder with kinematics/opencap_squat" % folder)
    motion = read_mot(os.path.join(folder, "squats-with-arm-raise.mot"))
    stamps, markers = read_trc(os.path.join(folder, "squats-with-arm-raise.trc"))
    references = {
        "key points": as_angles(stamps, angles_in_space(points_of_markers(stamps, markers, KEY_POINTS), UP), "trc"),
        "markers": as_angles(stamps, angles_in_space(points_of_markers(stamps, markers, MARKERS), UP), "trc"),
        "OpenSim": motion,
    }
    lines = [
        "mean absolute error in degrees; right and left of knee, then hip",
        "%-43s %-23s %-23s %-23s %s" % ("", "key points (.trc)", "markers (.trc)", "OpenSim (.mot)", "without offset"),
    ]
    for camera in CAMERAS:
        for estimator in NAMES:
            video = os.path.join(folder, camera, "squats-with-arm-raise.mov")
            sequence = _key_points(video, estimator, cache and os.path.join(cache, "%s_%s.npz" % (camera, estimator)))
            for name, angles in methods(sequence, model):
                lines.append("%-5s%-10s%-28s %s" % (camera, estimator, name, _errors(angles, references)))
    for name in ("key points", "markers"):
        label = "the references themselves: %s" % name
        lines.append("%-43s %s" % (label, _errors(references[name], references, align=False)))
    lines.append("time-aligned; without offset: less the mean difference in the first half second, in which he stands")
    return "\n".join(lines)


def _errors(angles: JointAngles, references: Dict[str, JointAngles], align: bool = True) -> str:
    cells = []
    for reference in references.values():
        found = compare(_only(angles), _only(reference), align).differences
        cells.append(" ".join("%5.1f" % found[name].error for name in JUDGED))
    cells.append(" ".join("%5.1f" % found[name].error_without_offset for name in JUDGED))
    return " ".join(cells)


def _only(angles: JointAngles) -> JointAngles:
    """The judged angles alone: they alone shall align the clocks."""
    columns = [angles.names.index(name) for name in JUDGED]
    return JointAngles(JUDGED, angles.stamps, angles.values[:, columns], angles.uncertainty[:, columns], angles.source)


def _key_points(video: str, estimator_name: str, cache: Optional[str]) -> SkeletonSequence:
    from rehab_coach.pose import create_estimator, estimate_video

    if cache and os.path.exists(cache):
        return SkeletonSequence.load(cache)
    estimator = create_estimator(estimator_name)
    try:
        label = "%s, %s" % (os.path.basename(os.path.dirname(video)), estimator_name)
        with tqdm(unit="frame", desc=label, disable=None, leave=False) as bar:
            sequence = estimate_video(video, estimator, progress=bar.update)
    finally:
        estimator.close()
    if cache:
        sequence.save(cache)
    return sequence


class ViewErrors(NamedTuple):
    """Of one source of angles.

    Attributes:
        rmse: for each angle the root mean square error in degrees at each of VIEWS.
        inside: share of the errors that are below two of the standard deviations that the angles carry.
    """

    rmse: Dict[str, List[float]]
    inside: float


def measure_views(data: str, people: int = 8, progress: Callable[[], None] = lambda: None) -> Dict[str, ViewErrors]:
    """Errors by view, from motion capture (UI-PRMD) as a camera and an estimator would see it.

    Every person does each movement once, correctly, seen as MediaPipe's and as tf_pose's key points.

    Args:
        data: folder that holds mocap/ui_prmd.
        people: how many of the eight.
        progress: called after each recording.

    Returns:
        For "2d" and "fit".
    """
    chosen: Dict[Tuple[str, str], Execution] = {}
    for execution in read_executions(data):
        if execution.correct and int(execution.subject) <= people:
            chosen.setdefault((execution.movement, execution.subject), execution)
    squared: Dict[str, Dict[str, List[List[float]]]] = {}
    inside: Dict[str, List[float]] = {}
    for number, execution in enumerate(chosen.values()):
        truth = _truth(execution.joints)
        for view, yaw in enumerate(VIEWS):
            random = np.random.default_rng(number)
            camera = CameraView(yaw=yaw if number % 2 else -yaw)
            for layout in (BLAZEPOSE_33, COCO_18):
                sequence = film(execution.joints, RATE, camera, random, layout=layout)
                for source in ("2d", "fit"):
                    try:
                        angles = joint_angles(sequence, source=source)
                    except RehabCoachError:  # a joint that it needs was drawn as never seen
                        continue
                    _collect(angles, truth, squared.setdefault(source, {}), inside.setdefault(source, []), view)
                progress()
    return {
        source: ViewErrors(
            {
                name: [float(np.sqrt(np.mean(cell))) if cell else float("nan") for cell in cells]
                for name, cells in found.items()
            },
            float(np.mean(inside[source])),
        )
        for source, found in squared.items()
    }


def _truth(joints: np.ndarray) -> JointAngles:
    """The angles of joints (T, 33, 3), z up."""
    turned = joints[..., [0, 2, 1]] * [1, -1, 1]
    stamps = np.arange(len(joints)) / RATE
    picture = np.concatenate([np.zeros_like(turned[..., :2]), np.ones_like(turned[..., :1])], axis=2)
    sequence = SkeletonSequence(picture, stamps, (640, 480), BLAZEPOSE_33, turned)
    return as_angles(stamps, angles_in_space(body_points(sequence, 3, smooth=False)), "truth")


def _collect(angles: JointAngles, truth: JointAngles, squared, inside: List[float], view: int) -> None:
    for column, name in enumerate(ANGLES):
        if name in ESTIMATED:
            continue
        real = np.interp(angles.stamps, truth.stamps, truth[name])
        error = (angles[name] - real + np.pi) % (2 * np.pi) - np.pi
        known = np.isfinite(error)
        if known.any():
            cells = squared.setdefault(name.rsplit("_", 1)[0] if name[-2:] in ("_r", "_l") else name, [])
            while len(cells) < len(VIEWS):
                cells.append([])
            cells[view].append(float(np.degrees(1) ** 2 * np.mean(error[known] ** 2)))
            inside.append(float(np.mean(np.abs(error[known]) < 2 * angles.uncertainty[known, column])))


def view_table(found: Dict[str, ViewErrors]) -> str:
    """For people."""
    lines = ["root mean square error in degrees; degrees between the camera and the person's front"]
    lines.append("%-18s %s" % ("", "   ".join("%-27s" % source for source in found)))
    lines.append("%-18s %s" % ("", "   ".join(" ".join("%6.0f" % view for view in VIEWS) for _ in found)))
    names = sorted({name for errors in found.values() for name in errors.rmse})
    for name in names:
        cells = [
            " ".join("%6.1f" % value for value in errors.rmse.get(name, [np.nan] * 4)) for errors in found.values()
        ]
        lines.append("%-18s %s" % (name, "   ".join(cells)))
    for source, errors in found.items():
        lines.append("%s: %.0f %% of the errors are below two standard deviations" % (source, 100 * errors.inside))
    return "\n".join(lines)
