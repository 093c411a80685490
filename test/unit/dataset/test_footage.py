import http.server
import os
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from rehab_coach.dataset import footage
from rehab_coach.dataset.footage import cut, download, duration_of, require_ffmpeg
from rehab_coach.dataset.videos import Variant
from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.video_file import VideoFile

SQUAT = share_path("test", "data", "squat.mp4")


def pictures_of(path):
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        there, picture = capture.read()
        if not there:
            return np.array(pictures)
        pictures.append(picture)


@pytest.fixture
def video(tmp_path):
    """Two seconds at 10 per second, 120 x 240: left half blue, right half red, second 0 darker than second 1."""
    path = str(tmp_path / "video.mp4")
    with VideoFile(path, (120, 240), 10) as film:
        for frame in range(20):
            picture = np.zeros((240, 120, 3), np.uint8)
            picture[:, :60, 0] = picture[:, 60:, 2] = 100 if frame < 10 else 220
            film.write(picture)
    return path


def test_a_part_gets_the_size_and_rate_of_kinetics(video, tmp_path):
    out = str(tmp_path / "part.mkv")
    cut(video, out, 0.5, 1.5)
    pictures = pictures_of(out)
    assert pictures.shape == (30, 256, 340, 3)  # one second
    assert cv2.VideoCapture(out).get(cv2.CAP_PROP_FPS) == 30
    bright = pictures[:, 128, 190, 2]
    assert abs(int((bright > 160).argmax()) - 15) <= 2 and bright[0] < 130 and bright[-1] > 190


def test_letterbox_keeps_the_shape_and_stretch_fills_the_picture(video, tmp_path):
    out = str(tmp_path / "part.mkv")
    cut(video, out, fit="letterbox")
    columns = pictures_of(out)[-1, 128].max(axis=1) > 60
    assert abs(columns.sum() - 128) <= 4 and columns[106:234].mean() > 0.95  # 120:240 of 256 pixels
    cut(video, out, fit="stretch")
    assert (pictures_of(out)[-1, 128].max(axis=1) > 60).all()


def test_flip_and_zoom(video, tmp_path):
    out = str(tmp_path / "part.mkv")
    cut(video, out, variant=Variant(flip=True))
    picture = pictures_of(out)[-1]
    assert picture[128, 150, 2] > 150 and picture[128, 190, 0] > 150  # red is on the left now
    cut(video, out, variant=Variant(zoom=0.5))
    rows = pictures_of(out)[-1, :, 150].max(axis=1) > 60
    assert abs(rows.sum() - 128) <= 4 and rows[70:186].all()
    cut(video, out, variant=Variant(zoom=2))
    assert (pictures_of(out)[-1, :, 150].max(axis=1) > 60).all()


def test_no_more_frames_than_wanted(video, tmp_path):
    cut(video, str(tmp_path / "part.mkv"), frames=7)
    assert len(pictures_of(tmp_path / "part.mkv")) == 7


def test_a_part_of_a_real_clip_is_where_it_should_be(tmp_path):
    cut(SQUAT, str(tmp_path / "part.mkv"), 2.0, 2.5, fit="stretch")
    original, part = pictures_of(SQUAT), pictures_of(tmp_path / "part.mkv")
    rate = cv2.VideoCapture(SQUAT).get(cv2.CAP_PROP_FPS)
    wanted = cv2.resize(original[round(2.0 * rate)], (340, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(part[0].astype(int) - wanted).mean() < 3


def test_duration(video, tmp_path):
    assert duration_of(video) == pytest.approx(2, abs=0.11)
    for name, content in (("empty.mp4", b""), ("text.mp4", b"no video at all\n" * 99)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RehabCoachError, match="ffprobe: "):
            duration_of(str(tmp_path / name))
    with pytest.raises(RehabCoachError, match="there is no video"):
        duration_of(str(tmp_path / "nowhere.mp4"))


def test_a_playlist_cannot_make_ffmpeg_open_other_places(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(RehabCoachError):
        duration_of(str(path))


def test_without_ffmpeg_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RehabCoachError, match="apt-get install ffmpeg"):
        require_ffmpeg()
    with pytest.raises(RehabCoachError, match="apt-get install ffmpeg"):
        cut(SQUAT, str(tmp_path / "part.mkv"))


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/broken.mp4":  # promises more than it sends
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(os.path.getsize(SQUAT)))
            self.end_headers()
            with open(SQUAT, "rb") as stream:
                self.wfile.write(stream.read(20000))
            return
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    folder = os.path.dirname(SQUAT)
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: Handler(*arguments, directory=folder)
    ) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:%d" % httpd.server_port
        httpd.shutdown()


def test_a_download_is_the_file(server, tmp_path):
    path = download(server + "/squat.mp4", str(tmp_path))
    assert os.path.dirname(path) == str(tmp_path) and os.listdir(str(tmp_path)) == [os.path.basename(path)]
    with open(path, "rb") as one, open(SQUAT, "rb") as other:
        assert one.read() == other.read()


def test_what_cannot_be_downloaded_is_a_clear_error(server, tmp_path, capfd):
    with pytest.raises(RehabCoachError, match="download: .*404"):
        download(server + "/nowhere.mp4", str(tmp_path))
    with pytest.raises(RehabCoachError, match="download: "):
        download(server + "/scenes/", str(tmp_path))  # a page without a video
    with pytest.raises(RehabCoachError, match="download: "):
        download("http://127.0.0.1:9/squat.mp4", str(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_a_download_that_breaks_off_is_an_error(server, tmp_path):
    with pytest.raises(RehabCoachError, match="download: "):
        download(server + "/broken.mp4", str(tmp_path))


def test_a_download_that_is_too_large_or_takes_too_long_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(footage, "LARGEST_DOWNLOAD", 1000)
    with pytest.raises(RehabCoachError, match="larger than max-filesize"):
        download(server + "/squat.mp4", str(tmp_path))
    monkeypatch.setattr(footage, "LARGEST_DOWNLOAD", 10**9)
    monkeypatch.setattr(footage, "LONGEST_DOWNLOAD", -1)
    with pytest.raises(RehabCoachError, match="not finished"):
        download(server + "/squat.mp4", str(tmp_path))


def test_without_yt_dlp_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    with pytest.raises(RehabCoachError, match=r"pip install -e '\.\[data\]'"):
        download("http://127.0.0.1/squat.mp4", str(tmp_path))


def test_a_part_is_found_where_ffmpeg_cannot_jump(tmp_path):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", SQUAT, "-t", "3", "-c", "copy", str(tmp_path / "one.ts")], check=True
    )
    (tmp_path / "joined.ts").write_bytes((tmp_path / "one.ts").read_bytes() * 2)
    for video in (SQUAT, str(tmp_path / "joined.ts")):
        cut(video, str(tmp_path / (os.path.basename(video) + ".mkv")), 1.0, 2.5, fit="stretch")
    part, whole = (pictures_of(tmp_path / (name + ".mkv")).astype(int) for name in ("joined.ts", "squat.mp4"))
    assert part.shape == whole.shape == (45, 256, 340, 3) and np.abs(part - whole).mean() < 2


def test_a_part_behind_the_end_is_told(tmp_path):
    with pytest.raises(RehabCoachError, match="squat.mp4 has no picture from 20 s on"):
        cut(SQUAT, str(tmp_path / "part.mkv"), 20.0)
