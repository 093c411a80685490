"""Films are whole or not there."""

import os
import shutil
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.video_file import VideoFile, film_rate

SIZE = (64, 48)
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
encoders = pytest.mark.parametrize("ffmpeg", [pytest.param("ffmpeg", marks=needs_ffmpeg), ""])


def grey(value, size=SIZE):
    return np.full((size[1], size[0], 3), value, np.uint8)


def read(path):
    capture, found = cv2.VideoCapture(str(path)), []
    while capture.grab():
        found.append(capture.retrieve()[1])
    return found, capture.get(cv2.CAP_PROP_FPS)


@encoders
@pytest.mark.parametrize("live", (False, True))
def test_every_picture_is_in_the_film(tmp_path, ffmpeg, live):
    path = tmp_path / "new" / "film.mp4"
    film = VideoFile(str(path), SIZE, 29.97, live, ffmpeg)
    for value in (0, 80, 160, 240):
        film.write(grey(value))
    assert not path.exists()
    film.close()
    film.close()
    pictures, rate = read(path)
    assert [picture.mean() for picture in pictures] == pytest.approx([0, 80, 160, 240], abs=6)
    assert rate == pytest.approx(29.97, abs=0.01) and os.listdir(str(path.parent)) == ["film.mp4"]


@encoders
def test_pictures_may_be_views(tmp_path, ffmpeg):
    wide = np.zeros((48, 128, 4), np.uint8)
    wide[:, :64, :3] = (200, 30, 90)
    with VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=ffmpeg) as film:
        film.write(wide[:, :64, :3])
    np.testing.assert_allclose(read(tmp_path / "film.mp4")[0][0].mean(axis=(0, 1)), (200, 30, 90), atol=8)


@encoders
def test_an_exception_leaves_the_older_file(tmp_path, ffmpeg):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        with VideoFile(str(path), SIZE, 10, ffmpeg=ffmpeg) as film:
            film.write(grey(9))
            raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and os.listdir(str(tmp_path)) == ["film.mp4"]


@encoders
def test_a_film_without_a_picture_or_of_another_size_is_refused(tmp_path, ffmpeg):
    with pytest.raises(RehabCoachError, match="cannot write .*film.mp4: "):
        VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=ffmpeg).close()
    with pytest.raises(RehabCoachError, match="a picture of 62x48 does not fit a video of 64x48"):
        with VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=ffmpeg) as film:
            film.write(grey(9, (62, 48)))
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize("end", ("write", "close"))
def test_the_encoders_own_words_are_told(tmp_path, end):
    encoder = tmp_path / "encoder"
    taken = 100 if end == "write" else 10**9
    encoder.write_text("#!/bin/sh\nhead -c %d > /dev/null\necho 'No space left on device' >&2\nexit 1\n" % taken)
    encoder.chmod(0o755)
    film = VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=str(encoder))
    with pytest.raises(RehabCoachError, match="cannot write .*film.mp4: No space left on device"):
        for _ in range(1000 if end == "write" else 3):
            film.write(grey(9))
        assert end == "close"
        film.close()
    film.close()
    assert os.listdir(str(tmp_path)) == ["encoder"]


def test_a_film_whose_encoder_hangs_can_be_abandoned(tmp_path):
    encoder = tmp_path / "encoder"
    encoder.write_text("#!/bin/sh\nexec sleep 600\n")
    encoder.chmod(0o755)
    film, problems = VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=str(encoder)), []

    def fill():
        try:
            while True:
                film.write(grey(9))
        except (RehabCoachError, OSError) as error:
            problems.append(error)

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    film.abandon()
    thread.join(30)
    assert len(problems) == 1 and os.listdir(str(tmp_path)) == ["encoder"]
    with pytest.raises(RehabCoachError, match="has ended"):
        film.write(grey(9))


@encoders
@pytest.mark.parametrize("size", [20000, 0])
def test_a_file_that_may_not_grow_is_told_and_removed(tmp_path, ffmpeg, size):
    """In a process of its own, whose files may have 20 kB, like a disk that is nearly full, or nothing."""
    program = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from rehab_coach.errors import RehabCoachError\n"
        "from rehab_coach.video_file import VideoFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), -1))\n"
        "noise = np.random.default_rng(0)\n"
        "try:\n"
        "    with VideoFile(sys.argv[1], (320, 240), 10, ffmpeg=sys.argv[2]) as film:\n"
        "        for _ in range(60):\n"
        "            film.write(noise.integers(0, 255, (240, 320, 3), dtype=np.uint8))\n"
        "except RehabCoachError as error:\n"
        "    print('told:', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "film.mp4"), ffmpeg, str(size)],
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.stdout.startswith("told: cannot write") and done.returncode == 0
    assert os.listdir(str(tmp_path)) == []


@encoders
def test_a_film_keeps_the_times_of_its_pictures(tmp_path, ffmpeg):
    stamps = [0, 0.1, 0.2, 0.5, 0.52, 0.9]
    assert film_rate(stamps[:3]) == pytest.approx(10) and film_rate([0]) == 30
    assert film_rate([0, 1 / 30, 2 / 30, 3 / 30, 5 / 30, 7 / 30]) == pytest.approx(30)
    with VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=ffmpeg) as film:
        for value, stamp in zip((0, 40, 80, 120, 160, 200), stamps):
            film.write(grey(value), stamp)
    pictures, _ = read(tmp_path / "film.mp4")
    shown = [0, 40, 80, 80, 80, 120, 120, 120, 120, 200]  # at 0.52 s the one of 0.5 s is already shown
    assert [picture.mean() for picture in pictures] == pytest.approx(shown, abs=6)


def test_an_encoder_that_complains_has_written_no_film(tmp_path):
    encoder = tmp_path / "encoder"
    encoder.write_text("#!/bin/sh\ncat > /dev/null\necho 'Error closing file: No space left on device' >&2\n")
    encoder.chmod(0o755)
    with pytest.raises(RehabCoachError, match="No space left on device"):
        with VideoFile(str(tmp_path / "film.mp4"), SIZE, 10, ffmpeg=str(encoder)) as film:
            film.write(grey(9))
    assert os.listdir(str(tmp_path)) == ["encoder"]
