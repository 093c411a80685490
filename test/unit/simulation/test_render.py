import os
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation import Camera, Film, Look, Scene, render_frames, write_video
from rehab_coach.simulation.body import load_model
from rehab_coach.simulation.mesh import Mesh
from rehab_coach.simulation.patient import HIDDEN, anyone, someone
from rehab_coach.simulation.render import SCENES, default_view
from rehab_coach.simulation.renderer import Renderer
from rehab_coach.simulation.room import lit

TINY = {"duration": 0.2, "rate": 10, "size": (96, 72)}


def pictures(count=4, size=(64, 48)):
    for number in range(count):
        yield np.full((size[1], size[0], 3), 40 * number, np.uint8), number / 10


def packages():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    pytest.importorskip("moderngl")


@pytest.mark.parametrize("exercise", ("squat", "push_up", "pull_up", "deadlift"))
def test_somebody_is_in_the_picture_and_moves(exercise):
    packages()
    frames = list(render_frames(exercise, duration=1.0, rate=2, size=(96, 72), repetitions=1))
    empty = next(render_frames("nobody", **TINY, camera=default_view(exercise)))[0]
    assert [stamp for _, stamp in frames] == [0.0, 0.5]
    assert all(picture.shape == (72, 96, 3) and picture.dtype == np.uint8 for picture, _ in frames)
    person = np.abs(frames[0][0].astype(int) - empty).max(axis=2) > 12
    assert 0.03 < person.mean() < 0.5
    assert not person[:, [0, -1]].any() and not person[[0, -1]].any()  # nobody is cut off
    assert (np.abs(frames[0][0].astype(int) - frames[1][0]).max(axis=2) > 12).mean() > 0.01


def test_the_seed_decides_and_the_bystander_stands_beside():
    packages()
    first, again, other, two = (
        next(render_frames("squat", **TINY, seed=seed, camera=Camera(distance=3.5), **options))[0]
        for seed, options in ((1, {}), (1, {}), (2, {}), (1, {"bystander": 1.0}))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    beside = np.abs(two.astype(int) - first).max(axis=2) > 12
    columns = np.flatnonzero(beside.any(axis=0))
    assert len(columns) > 3 and columns.min() > 48  # her left is the picture's right


@pytest.mark.parametrize("exercise", ("squat", "deadlift"))
def test_quick_pictures_are_the_plain_ones(exercise):
    """Rounding where edges meet pixels apart; both ways in one process share the machine's EGL."""
    packages()
    pytest.importorskip("pyrender")
    for look in (Look(), Look("shorts", "gym", "warm")):
        scene = Scene(exercise, 0.4, 5, (160, 120), seed=3, look=look, motion={"start_phase": 0.4})
        quick, plain = (
            np.array([picture for picture, _ in Film(replace(scene, renderer=name)).shoot()], int)
            for name in ("moderngl", "pyrender")
        )
        different = np.abs(quick - plain).max(axis=-1)
        assert quick.std() > 20 and (different > 2).mean() < 0.001 and different.mean() < 0.05


def test_only_what_moved_is_drawn_anew_and_nothing_of_it_stays():
    packages()
    camera = Camera(distance=3.2)
    with_somebody = Film(Scene("jumping_jack", 1.0, 6, (128, 96), camera=camera))
    pictures_there = [picture for picture, _ in with_somebody.shoot()]
    alone = [next(Film(Scene("jumping_jack", 1.0, 6, (128, 96), camera=camera)).shoot())[0] for _ in range(1)]
    np.testing.assert_array_equal(pictures_there[0], alone[0])
    patient, performance, _ = Film(replace(with_somebody.scene, motion={})).subject
    renderer = Renderer([], lit("even", 0), (128, 96))
    empty = renderer.draw(camera)
    renderer.draw(camera, [patient.show(performance.rotations[3], performance.heads[3])])
    np.testing.assert_array_equal(renderer.draw(camera), empty)
    turned = renderer.draw(replace(camera, yaw=90), [patient.mesh])
    assert (turned != renderer.draw(camera, [patient.mesh])).any()
    renderer.close()


def test_true_key_points_lie_on_the_person():
    packages()
    film = Film(Scene("squat", 1.0, 3, (320, 240), camera=Camera(yaw=30, distance=2.9), motion={"repetitions": 1}))
    empty = next(Film(Scene("nobody", 0.1, 10, (320, 240), camera=film.camera)).shoot())[0].astype(int)
    for (picture, _), points in zip(film.shoot(), film.key_points):
        person = cv2.dilate((np.abs(picture - empty).max(axis=2) > 12).astype(np.uint8), np.ones((3, 3)))
        at = points[points[:, 2] > 0, :2].astype(int)
        assert len(at) == 18 and person[at[:, 1], at[:, 0]].all()
    sequence = film.sequence()
    assert sequence.layout.name == "coco_18" and sequence.world.shape == (3, 18, 3)
    names = film.sequence().layout.index
    ankle, nose = sequence.world[0, names("left_ankle")], sequence.world[0, names("nose")]
    assert ankle[1] > 0.6 and nose[1] < -0.4  # down is positive, from between the hips


def test_joints_behind_the_body_are_marked():
    packages()
    film = Film(Scene("standing", 0.1, 10, (320, 240), camera=Camera(yaw=90, distance=3)))
    list(film.shoot())
    scores = dict(zip(film.sequence().layout.joints, film.key_points[0, :, 2]))
    assert scores["left_elbow"] == scores["left_knee"] == 1
    assert scores["right_shoulder"] == HIDDEN and scores["right_ear"] == HIDDEN


@pytest.mark.parametrize(
    "options, words",
    [
        ({"exercise": "cartwheel"}, "choose one of squat"),
        ({"size": (5, 5)}, "size must be"),
        ({"bystander": 0.0}, "bystander"),
        ({"camera": Camera(distance=-1)}, "distance"),
        ({"depth": 7}, "depth"),
        ({"faults": ["hips_sag"]}, "squat has no fault"),
        ({"look": Look(clothes="armour")}, "no clothes 'armour'; choose one of sports"),
        ({"look": Look(room="moon")}, "no room 'moon'"),
        ({"look": Look(light="laser")}, "no light 'laser'"),
        ({"renderer": "crayons"}, "no renderer 'crayons'"),
        ({"duration": -1}, "duration"),
    ],
)
def test_bad_values_are_named_before_anything_is_drawn(options, words):
    with pytest.raises(RehabCoachError, match=words):
        render_frames(**{"exercise": "squat", **options})


def test_a_camera_that_sees_nobody_is_told_so():
    packages()
    with pytest.raises(RehabCoachError, match="the camera sees nobody.*look-at height 4 m"):
        render_frames("squat", **TINY, camera=Camera(distance=1.2, height=3, look_at=4, field_of_view=20))


def test_people_drawn_at_random_are_possible():
    for seed in range(30):
        someone(seed).check()
        anyone(seed).check()


@pytest.mark.parametrize("package", ("moderngl", "anny"))
def test_a_missing_package_is_named(monkeypatch, package):
    if package == "moderngl":
        packages()
    load_model.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RehabCoachError, match=r"\.\[simulation\].*libegl1"):
        next(render_frames("squat", **TINY))


def test_a_machine_without_opengl_is_told_what_to_install(tmp_path, monkeypatch, capsys):
    packages()
    import moderngl

    from rehab_coach.cli.main import main

    def no_library(**_):
        raise Exception("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(moderngl, "create_context", no_library)
    assert main(["render", "nobody", str(tmp_path / "out.mp4"), "--duration", "0.1"]) == 2
    assert "libegl1" in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("program", ("ffmpeg", None))
def test_video_is_written_with_and_without_ffmpeg(tmp_path, monkeypatch, program):
    import shutil

    if program and not shutil.which(program):
        pytest.skip("no ffmpeg here")
    if program is None:
        monkeypatch.setattr("rehab_coach.video_file.shutil.which", lambda name: None)
    path = tmp_path / "clip.mp4"
    write_video(str(path), pictures(), (64, 48), 10)
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10)
    read = []
    while True:
        more, picture = capture.read()
        if not more:
            break
        read.append(picture.mean())
    assert len(read) == 4 and np.diff(read).min() > 20
    assert os.listdir(tmp_path) == ["clip.mp4"]


def test_an_interrupted_video_leaves_the_old_one(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")

    def interrupted():
        yield from pictures(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(str(path), interrupted(), (64, 48), 10)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["clip.mp4"]


def test_odd_sizes_and_unwritable_places_are_named(tmp_path):
    with pytest.raises(RehabCoachError, match="must be even"):
        write_video(str(tmp_path / "clip.mp4"), pictures(size=(63, 48)), (63, 48), 10)
    (tmp_path / "file").write_text("")
    with pytest.raises(RehabCoachError, match="cannot write"):
        write_video(str(tmp_path / "file" / "clip.mp4"), pictures(), (64, 48), 10)
    assert os.listdir(tmp_path) == ["file"]


def test_every_scene_has_a_view():
    for scene in SCENES:
        default_view(scene).check()


def test_what_is_not_shown_any_more_takes_no_memory():
    """OpenGL's buffers are outside of Python: each of these meshes fills 2 MB there."""
    packages()
    psutil = pytest.importorskip("psutil")
    renderer = Renderer([], lit("even", 0.0), (64, 48))
    rng = np.random.default_rng(0)
    vertices, faces = rng.random((40000, 3)), rng.integers(0, 40000, (1000, 3))
    sizes = []
    for _ in range(30):
        renderer.draw(Camera(), [Mesh(vertices, faces, rng.random((40000, 3)), vertices)])
        sizes.append(psutil.Process().memory_info().rss)
    assert sizes[-1] - sizes[9] < 10e6
    renderer.close()
