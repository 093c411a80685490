"""What many tests share: a body's bones, a stick figure that exercises in front of a camera, and a worn sensor."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rehab_coach.errors import RehabCoachError
from rehab_coach.inertial import InertialSeries
from rehab_coach.inertial.virtual import virtual_sensor
from rehab_coach.kinematics.projection import NO_ERRORS, CameraView, film
from rehab_coach.pose.estimator import Pose, PoseEstimator
from rehab_coach.simulation.posing import Skeleton
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18

MIDDLE = [
    ("root", -1, (0, 0, 1.00)),
    ("spine05", "root", (0, 0, 1.00)),
    ("spine03", "spine05", (0, 0.02, 1.15)),
    ("spine01", "spine03", (0, 0.04, 1.33)),
    ("neck01", "spine01", (0, 0, 1.50)),
    ("head", "neck01", (0, -0.04, 1.60)),
]
SIDE = [
    ("pelvis", "root", (0, 0, 1.00)),
    ("upperleg01", "pelvis", (0.10, 0, 0.95)),
    ("lowerleg01", "upperleg01", (0.13, -0.02, 0.52)),
    ("foot", "lowerleg01", (0.16, 0.02, 0.08)),
    ("toe2-1", "foot", (0.17, -0.14, 0.03)),
    ("clavicle", "spine01", (0.02, -0.02, 1.45)),
    ("shoulder01", "clavicle", (0.10, -0.02, 1.46)),
    ("upperarm01", "shoulder01", (0.17, 0, 1.43)),
    ("lowerarm01", "upperarm01", (0.36, 0, 1.22)),
    ("wrist", "lowerarm01", (0.49, -0.18, 1.09)),
    ("finger3-1", "wrist", (0.53, -0.25, 1.04)),
    ("finger3-3", "finger3-1", (0.55, -0.29, 1.01)),
]


def pytest_collection_modifyitems(items):
    """Windows and sound first, drawing without a screen last.

    SDL has crashed in a process in which EGL had drawn before. In the coach each has a process of its own.
    """

    def place(item):
        folder, name = item.path.parent.name, item.path.name
        if folder == "display" or name == "test_voice.py":
            return 0
        return 2 if "simulation" in item.path.parts or folder == "benchmarks" or name == "test_bystanders.py" else 1

    items.sort(key=place)


@pytest.fixture
def one_thread():
    """PyTorch in one thread: sums of several may differ in the last bit from run to run."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def skeleton():
    bones = list(MIDDLE)
    for end, sign in ((".R", -1), (".L", 1)):
        bones += [
            (name + end, parent if parent in ("root", "spine01") else parent + end, (sign * x, y, z))
            for name, parent, (x, y, z) in SIDE
        ]
    labels = [bone[0] for bone in bones]
    parents = [-1 if bone[1] == -1 else labels.index(bone[1]) for bone in bones]
    heels = {"R": np.array([-0.16, 0.07, 0.0]), "L": np.array([0.16, 0.07, 0.0])}
    return Skeleton(labels, parents, np.array([bone[2] for bone in bones], float), heels)


# A stick figure that does the six exercises, and a camera that films it: how often is known.

RATE = 50.0
SHANK, THIGH, TRUNK, UPPER_ARM, FOREARM = 0.43, 0.42, 0.52, 0.29, 0.26
WIDTHS = {"hip": 0.1, "knee": 0.11, "ankle": 0.11, "shoulder": 0.19, "elbow": 0.22, "wrist": 0.22}


def _up(degrees):
    """Unit vectors (T, 2) forwards and up, leaning forwards from the vertical."""
    angle = np.radians(np.asarray(degrees, float))
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _middle_joint(first, last, length, other, bend):
    """Where the joint between two segments is; `bend` 1: to the left of the way from first to last, -1: right."""
    way = last - first
    distance = np.clip(np.linalg.norm(way, axis=1, keepdims=True), 1e-6, length + other - 1e-6)
    along = (distance**2 + length**2 - other**2) / (2 * distance)
    aside = np.sqrt(np.maximum(length**2 - along**2, 0))
    unit = way / np.linalg.norm(way, axis=1, keepdims=True)
    return first + along * unit + bend * aside * np.stack([-unit[:, 1], unit[:, 0]], axis=1)


def _planes(exercise, amount):
    """Joints (T, 2) forwards and up, right and left."""
    zero = np.zeros((len(amount), 2))
    ankle = zero + [0, 0.08]
    sides = {"right_": {}, "left_": {}}
    if exercise in ("squat", "deadlift", "jumping_jack"):
        shank, thigh, trunk = {"squat": (30, 85, 40), "deadlift": (12, 45, 65), "jumping_jack": (0, 0, 0)}[exercise]
        knee = ankle + SHANK * _up(shank * amount)
        hip = knee + THIGH * _up(-thigh * amount)
        shoulder = hip + TRUNK * _up(trunk * amount)
        arm = _up(180 - 80 * amount) if exercise == "squat" else _up(180 + 0 * amount)
        for joints in sides.values():
            joints.update(ankle=ankle, knee=knee, hip=hip, shoulder=shoulder)
            joints.update(elbow=shoulder + UPPER_ARM * arm, wrist=shoulder + (UPPER_ARM + FOREARM) * arm)
    elif exercise == "lunge":
        hip = zero + [0, 0.86]
        hip[:, 1] -= 0.3 * amount
        for side, forwards in (("right_", 0.35), ("left_", -0.35)):
            foot = ankle + [forwards, 0.0 if forwards > 0 else 0.06]
            knee = _middle_joint(foot, hip, SHANK, THIGH, -1)
            shoulder = hip + [0, TRUNK]
            sides[side].update(ankle=foot, knee=knee, hip=hip, shoulder=shoulder)
            sides[side].update(elbow=shoulder - [0, UPPER_ARM], wrist=shoulder - [0, UPPER_ARM + FOREARM])
    else:
        reach = 0.98 * (UPPER_ARM + FOREARM)
        if exercise == "push_up":
            rise = (reach - 0.35 * amount)[:, None]
            lean = np.degrees(np.arccos(np.clip(rise[:, 0] / (SHANK + THIGH + TRUNK), -1, 1)))
            body, wrist = _up(lean), zero + [1.28, 0.0]
        else:
            body, wrist = _up(0 * amount), zero + [0.05, 2.2]
            ankle = zero + [0, 2.2 - reach - SHANK - THIGH - TRUNK]
            ankle = ankle + np.stack([0 * amount, 0.4 * amount], axis=1)
        knee, hip = ankle + SHANK * body, ankle + (SHANK + THIGH) * body
        shoulder = hip + TRUNK * body
        elbow = _middle_joint(shoulder, wrist, UPPER_ARM, FOREARM, -1 if exercise == "push_up" else 1)
        for joints in sides.values():
            joints.update(ankle=ankle, knee=knee, hip=hip, shoulder=shoulder, elbow=elbow, wrist=wrist)
    return sides


def make_joints(exercise, amount, place=None):
    """Joints (T, 33, 3) in metres, z up, of somebody who faces x; amount 0..1 (T,); place (T, 2) on the floor."""
    amount = np.asarray(amount, float)
    joints = np.zeros((len(amount), len(BLAZEPOSE_33), 3))

    def put(name, forwards_up, sideways):
        joints[:, BLAZEPOSE_33.index(name), 0::2] = forwards_up
        joints[:, BLAZEPOSE_33.index(name), 1] = sideways

    for side, plane in _planes(exercise, amount).items():
        sign = 1 if side == "left_" else -1
        for name, forwards_up in plane.items():
            put(side + name, forwards_up, sign * WIDTHS[name])
        if exercise == "jumping_jack":
            for name, far in (("elbow", UPPER_ARM), ("wrist", UPPER_ARM + FOREARM)):
                angle = np.radians(15 + 150 * amount)
                put(side + name, plane["shoulder"] - np.stack([0 * amount, far * np.cos(angle)], axis=1), 0)
                joints[:, BLAZEPOSE_33.index(side + name), 1] = sign * (WIDTHS["shoulder"] + far * np.sin(angle))
            for name, far in (("knee", 0.12), ("ankle", 0.25)):
                joints[:, BLAZEPOSE_33.index(side + name), 1] += sign * far * amount
        trunk = (plane["shoulder"] - plane["hip"]) / TRUNK
        for name in [name for name in BLAZEPOSE_33.joints[:11] if side[:-1] in name or name == "nose"]:
            put(name, plane["shoulder"] + 0.2 * trunk + [0.08, 0], 0 if name == "nose" else 0.05 * sign)
        for name in ("pinky", "index", "thumb"):
            put(side + name, plane["wrist"], sign * WIDTHS["wrist"])
        put(side + "heel", plane["ankle"] + [-0.05, -0.06], sign * WIDTHS["ankle"])
        put(side + "foot_index", plane["ankle"] + [0.15, -0.06], sign * WIDTHS["ankle"])
    if place is not None:
        joints[..., :2] += np.asarray(place)[:, None]
    return joints


def repeated(count, period=2.0, rest=0.5, depth=1.0, before=1.0, after=1.0):
    """0 at rest, `depth` at the turning points; cosines; (T,) at RATE."""
    one = np.concatenate([(1 - np.cos(np.linspace(0, 2 * np.pi, int(period * RATE)))) / 2, np.zeros(int(rest * RATE))])
    depths = np.broadcast_to(depth, count)
    return np.concatenate([np.zeros(int(before * RATE))] + [d * one for d in depths] + [np.zeros(int(after * RATE))])


@pytest.fixture(scope="session")
def act():
    """act(exercise, amount, yaw, errors, ...) -> SkeletonSequence; act.joints: what is filmed."""

    def play(
        exercise, amount, yaw=30.0, errors=NO_ERRORS, seed=0, camera_rate=15.0, place=None, layout=BLAZEPOSE_33, **view
    ):
        camera = CameraView(yaw=yaw, distance=view.pop("distance", 3.5), height=view.pop("height", 0.8), **view)
        joints = make_joints(exercise, amount, place)
        return film(joints, RATE, camera, np.random.default_rng(seed), errors, camera_rate, layout)

    play.joints = make_joints
    return play


@pytest.fixture(scope="session")
def repeats():
    return repeated


# Clips that are bright or dark, and an estimator that sees a person where it is bright.


class Blinking(PoseEstimator):
    """Sees a person, made of 18 points, wherever the picture is bright."""

    layout = COCO_18

    def estimate(self, picture):
        if picture.mean() < 100:
            return []
        places = np.stack([np.linspace(100, 200, 18), np.linspace(20, 220, 18), np.full(18, 0.9)], axis=1)
        return [Pose(places.astype(np.float32))]


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """A table of a bright clip, a part of it, a dark clip, and a file that is no video."""
    for name, value in (("bright", 200), ("dark", 0)):
        writer = cv2.VideoWriter(str(tmp_path / (name + ".avi")), cv2.VideoWriter_fourcc(*"MJPG"), 20, (320, 240))
        for _ in range(60):
            writer.write(np.full((240, 320, 3), value, np.uint8))
        writer.release()
    (tmp_path / "broken.avi").write_bytes(b"no video")
    (tmp_path / "clips.csv").write_text(
        "file,label,start,end,mood\nbright.avi,squat,,,good\n%s,lunge,0.5,2,bad\ndark.avi,unknown,,,\n"
        "broken.avi,squat,,,\n" % (tmp_path / "bright.avi")
    )
    monkeypatch.setattr("rehab_coach.pose.clips.create_estimator", lambda *_, **__: Blinking())
    monkeypatch.setattr("rehab_coach.pose.clips._estimators", {})
    return tmp_path


# A sensor at the lower back of somebody who squats; people differ in how it sits and in how they move.

WEARERS = {
    "P-017": {"seat": (0, -10, 0), "period": 2.4, "depth": 0.45, "lean": 0.5, "sway": 0.02, "haste": 0.0},
    "P-018": {"seat": (10, 20, 15), "period": 3.0, "depth": 0.30, "lean": 0.9, "sway": 0.04, "haste": 0.3},
    "a stranger": {"seat": (-25, 5, -30), "period": 2.0, "depth": 0.35, "lean": 0.3, "sway": 0.01, "haste": -0.3},
}


@pytest.fixture(scope="session")
def worn():
    """worn(person, take, seconds, ...) -> InertialSeries at 100 Hz of one of `WEARERS`, or of one who differs."""

    def wear(person, take=0, seconds=14.0, **habits):
        one, random = {**WEARERS[person], **habits}, np.random.default_rng(take)
        times = np.arange(0, seconds, 0.01)
        turns = times / (one["period"] * (1 + 0.02 * random.standard_normal()))
        turns = turns + one["haste"] * np.sin(2 * np.pi * turns) / (2 * np.pi)
        down, aside = (1 - np.cos(2 * np.pi * turns)) / 2, one["sway"] * np.sin(2 * np.pi * turns)
        places = np.stack([-0.15 * down, aside, 1 - one["depth"] * down], axis=1)
        leaning = Rotation.from_euler("yx", np.stack([one["lean"] * down, 3 * aside], axis=1))
        poses = leaning * Rotation.from_euler("xyz", one["seat"], degrees=True)
        series = virtual_sensor(times, places, np.swapaxes(poses.as_matrix(), 1, 2))
        noise = random.standard_normal((2, len(times), 3))
        return InertialSeries(times, series.accelerometer + 0.05 * noise[0], series.gyroscope + 0.01 * noise[1])

    return wear


SQUAT_PLAN = """
clips: 1
seed: 4
duration: [1, 1]
rate: 8
size: [64, 64]
age: [30, 40]
exercises: {squat: 1}
"""


@pytest.fixture(scope="module")
def squat_with_kinematics(tmp_path_factory):
    """The folder of a film of one squat with its true kinematics, and its plan; skipped where a package is missing."""
    from rehab_coach.cli.main import main
    from rehab_coach.errors import RehabCoachError
    from rehab_coach.opensim.packages import default_model

    for package in ("anny", "opensim"):
        pytest.importorskip(package)
    try:
        default_model()
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    folder = tmp_path_factory.mktemp("films")
    plan, out = folder / "plan.yaml", str(folder / "films")
    plan.write_text(SQUAT_PLAN)
    films = ["--out", out, "--skeletons-only", "--estimator", "truth"]
    assert main(["render", "--plan", str(plan), *films]) == 0
    assert main(["dataset", "kinematics", out, "--plan", str(plan)]) == 0
    return out, str(plan)


@pytest.fixture(scope="session")
def marked_person():
    """Plug-in Gait markers, (8, 3) each, of a person 10 % larger than the skeleton who squats, and her coordinates."""
    pytest.importorskip("opensim")
    import torch

    from rehab_coach.opensim.layer import SkeletonLayer
    from rehab_coach.opensim.model import Frame
    from rehab_coach.opensim.model_file import read_model
    from rehab_coach.opensim.packages import default_model
    from rehab_coach.opensim.plug_in_gait import MARKERS

    frames_count = 8
    bent = {"hip_flexion": 1.2, "knee_angle": 1.3, "ankle_angle": 0.2, "elbow_flex": 0.6}
    try:
        model = read_model(default_model())
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    random = np.random.default_rng(0)
    frames = {
        name: Frame(
            marker.body,
            np.eye(3),
            np.diag(marker.location if marker.is_fixed else random.uniform(-0.08, 0.08, 3) + [0.0, -0.1, 0.0]),
        )
        for name, marker in MARKERS.items()
    }
    layer = SkeletonLayer(replace(model, markers=frames), torch.float64)
    down = np.sin(np.linspace(0, np.pi, frames_count))
    coordinates = np.zeros((frames_count, len(layer.coordinates)))
    for name, angle in bent.items():
        for side in ("_r", "_l"):
            coordinates[:, layer.coordinates.index(name + side)] = angle * down + 0.1
    coordinates[:, layer.coordinates.index("pelvis_ty")] = 1.0
    scales = torch.full((frames_count, len(model.bodies), 3), 1.1, dtype=torch.float64)
    places = layer(torch.from_numpy(coordinates), scales).markers.numpy()
    return dict(zip(layer.markers, places.swapaxes(0, 1))), dict(zip(layer.coordinates, coordinates.T))
