import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation import Camera, render_frames, write_video
from rehab_coach.simulation.render import SCENES, default_view, someone

TINY = {"duration": 0.2, "rate": 10, "size": (96, 72)}


def pictures(count=4, size=(64, 48)):
    for number in range(count):
        yield np.full((size[1], size[0], 3), 40 * number, np.uint8), number / 10


def packages():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")
    pytest.importorskip("pyrender")


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


@pytest.mark.parametrize(
    "options, words",
    [
        ({"exercise": "cartwheel"}, "choose one of squat"),
        ({"size": (5, 5)}, "size must be"),
        ({"bystander": 0.0}, "bystander"),
        ({"camera": Camera(distance=-1)}, "distance"),
        ({"depth": 7}, "depth"),
        ({"duration": -1}, "duration"),
    ],
)
def test_bad_values_are_named_before_anything_is_drawn(options, words):
    with pytest.raises(RehabCoachError, match=words):
        render_frames(**{"exercise": "squat", **options})


def test_people_drawn_at_random_are_possible():
    for seed in range(30):
        someone(seed).check()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with pytest.raises(RehabCoachError, match=r"\.\[simulation\].*libosmesa6"):
        render_frames("squat")


def test_a_missing_osmesa_is_named(tmp_path):
    """In a process of its own, because PyOpenGL looks for the library only once."""
    packages()
    program = (
        "import ctypes\n"
        "class Library(ctypes.CDLL):\n"
        "    def __init__(self, name, *arguments, **options):\n"
        "        if 'OSMesa' in str(name):\n"
        "            raise OSError('libOSMesa.so: cannot open shared object file')\n"
        "        super().__init__(name, *arguments, **options)\n"
        "ctypes.cdll._dlltype = Library\n"
        "from rehab_coach.cli.main import main\n"
        "raise SystemExit(main(['render', 'nobody', %r, '--duration', '0.1']))\n" % str(tmp_path / "out.mp4")
    )
    environment = dict(os.environ, PYOPENGL_PLATFORM="osmesa")
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, universal_newlines=True
    )
    assert done.returncode == 2
    assert "libosmesa6" in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


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
