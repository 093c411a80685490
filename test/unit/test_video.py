"""Whatever a phone, a browser or a camera delivers is read as the film that it was made from."""

import shutil
import struct
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles import joint_angles
from rehab_coach.kinematics.repetitions import find_repetitions
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator, estimate_video
from rehab_coach.recognition import Recognizer
from rehab_coach.video import VideoSource

SQUAT = share_path("test", "data", "squat.mp4")
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
TURNS = {  # what turns the upright picture, and the matrix with which a container turns it back
    90: ("transpose=2", (0, 1, -1, 0)),
    180: ("hflip,vflip", (-1, 0, 0, -1)),
    270: ("transpose=1", (0, -1, 1, 0)),
    "mirror": ("hflip", (-1, 0, 0, 1)),
}
SLOWER = "select='lt(t,4)+not(mod(n,2))'"  # every second frame of the last six seconds is left out
SLOWER_STAMPS = [frame / 30 for frame in range(300) if frame < 120 or frame % 2 == 0]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=120)


def encoder_is_there(name):
    run = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], stdout=subprocess.PIPE, universal_newlines=True)
    return " %s " % name in run.stdout


def turned(source, path, turn, *options):
    """A film whose container says that it is to be shown turned; ffmpeg's versions differ in how they are told."""
    filters, (a, b, c, d) = TURNS[turn]
    ffmpeg("-i", source, "-vf", filters, "-an", "-crf", "10", *options, path)
    content = bytearray(path.read_bytes())
    place = content.find(b"tkhd") + 44
    content[place : place + 36] = struct.pack(">9i", *(65536 * one for one in (a, b, 0, c, d, 0)), 0, 0, 1 << 30)
    path.write_bytes(content)


def browser(source, path):
    """What MediaRecorder writes: no index, no length, no duration of a frame, and fewer pictures when it is busy."""
    options = ["-vsync", "vfr", "-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-live", "1"]
    ffmpeg("-i", source, "-an", "-vf", SLOWER, *options, path)
    content = bytearray(path.read_bytes())
    place = content.index(bytes.fromhex("23e383"))  # DefaultDuration becomes Void
    length = 4 + (content[place + 3] & 0x7F)
    content[place : place + length] = bytes([0xEC, 0x80 | (length - 2)]) + bytes(length - 2)
    path.write_bytes(content)


def read(path, **options):
    with VideoSource(str(path), **options) as source:
        frames = list(source.read())
        return [picture for picture, _ in frames], np.array([stamp for _, stamp in frames]), source


def difference(first, second):
    return np.mean([np.abs(one.astype(int) - other).mean() for one, other in zip(first, second)])


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The first second of the shipped squat, almost without loss."""
    path = tmp_path_factory.mktemp("film") / "short.mp4"
    ffmpeg("-i", SQUAT, "-t", "1", "-an", "-crf", "4", path)
    return path


def test_the_shipped_clip_is_read_as_opencv_reads_it():
    pictures, stamps, source = read(SQUAT)
    capture = cv2.VideoCapture(SQUAT)
    assert all(np.array_equal(picture, capture.read()[1]) for picture in pictures) and not capture.grab()
    np.testing.assert_allclose(stamps, np.arange(300) / 30)
    assert (source.size, source.rate, source.duration, source.live) == ((640, 480), 30, 10, False)


def test_a_source_is_read_as_often_as_wanted():
    with VideoSource(SQUAT) as source:
        picture, _ = next(source.read(start=5.0))
        first = list(source.read(1.0, 2.0))
        assert len(first) == 30 and [stamp for _, stamp in source.read(1.0, 2.0)] == [stamp for _, stamp in first]
        assert difference([picture], [next(source.read(5.0))[0]]) == 0


@needs_ffmpeg
@pytest.mark.parametrize("turn", list(TURNS))
def test_a_phone_film_stands_upright(short, tmp_path, turn):
    turned(short, tmp_path / "phone.mp4", turn)
    upright, phone = read(short), read(tmp_path / "phone.mp4")
    assert phone[2].size == upright[2].size == (640, 480)
    assert difference(upright[0], phone[0]) < 1
    np.testing.assert_allclose(phone[1], upright[1])


@needs_ffmpeg
def test_a_varying_frame_rate_keeps_its_times(tmp_path):
    ffmpeg("-i", SQUAT, "-vf", SLOWER, "-vsync", "vfr", "-an", tmp_path / "varying.mp4")
    pictures, stamps, _ = read(tmp_path / "varying.mp4")
    np.testing.assert_allclose(stamps, SLOWER_STAMPS, atol=1e-3)
    original = read(SQUAT)[0]
    assert difference(pictures, [original[round(stamp * 30)] for stamp in SLOWER_STAMPS]) < 3


@needs_ffmpeg
def test_a_film_of_a_browser_keeps_its_times(tmp_path):
    browser(SQUAT, tmp_path / "browser.webm")
    _, stamps, source = read(tmp_path / "browser.webm")
    np.testing.assert_allclose(stamps, SLOWER_STAMPS, atol=2e-3)
    assert source.duration == 0 and source.size == (640, 480)


@needs_ffmpeg
@pytest.mark.parametrize(
    "name, encoder, options",
    [
        ("av1.mp4", "libsvtav1", ["-preset", "10", "-crf", "20"]),
        ("ten_bits.mp4", "libx265", ["-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error", "-crf", "12"]),
        ("vp9.webm", "libvpx-vp9", ["-deadline", "realtime", "-b:v", "4M"]),
        ("prores.mov", "prores_ks", []),
        ("transport.ts", "libx264", ["-crf", "12"]),
    ],
)
def test_every_usual_codec_is_read(short, tmp_path, capfd, name, encoder, options):
    if not encoder_is_there(encoder):
        pytest.skip("ffmpeg has no %s here" % encoder)
    ffmpeg("-i", short, "-c:v", encoder, *options, tmp_path / name)
    capfd.readouterr()
    upright, film = read(short), read(tmp_path / name)
    assert len(film[0]) == 30 and difference(upright[0], film[0]) < 4
    np.testing.assert_allclose(film[1], upright[1], atol=2e-3)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_codec_is_told_in_one_sentence_that_says_how_to_convert_it(tmp_path, capfd):
    path = tmp_path / "un known.mp4"
    with open(SQUAT, "rb") as stream:
        path.write_bytes(stream.read().replace(b"avc1", b"zzzz"))
    with pytest.raises(RehabCoachError) as told:
        VideoSource(str(path))
    command = "ffmpeg -i '%s' -c:v libx264 -pix_fmt yuv420p '%s'" % (path, tmp_path / "un known_h264.mp4")
    assert "unknown codec" in str(told.value) and command in str(told.value) and "\n" not in str(told.value)
    assert capfd.readouterr() == ("", "")


@needs_ffmpeg
def test_a_cut_tail_gives_what_is_there_where_the_index_comes_first(tmp_path, capfd):
    ffmpeg("-i", SQUAT, "-c", "copy", tmp_path / "index_last.mp4")
    for source, name in ((SQUAT, "index_first.mp4"), (tmp_path / "index_last.mp4", "index_last.mp4")):
        with open(str(source), "rb") as stream:
            content = stream.read()
        (tmp_path / name).write_bytes(content[: len(content) * 7 // 10])
    _, stamps, source = read(tmp_path / "index_first.mp4")
    assert 5 < stamps[-1] < 8 and source.duration == 10
    with pytest.raises(RehabCoachError, match="is it one, and whole?"):
        VideoSource(str(tmp_path / "index_last.mp4"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", [b"", b"x" * 1000, b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"])
def test_what_is_no_film_is_told(tmp_path, content):
    (tmp_path / "film.mp4").write_bytes(content)
    with pytest.raises(RehabCoachError, match="film.mp4 is not a video that can be read"):
        VideoSource(str(tmp_path / "film.mp4"))


@needs_ffmpeg
def test_a_damaged_film_keeps_the_times_of_what_is_left(tmp_path, caplog):
    with open(SQUAT, "rb") as stream:
        content = bytearray(stream.read())
    place = content.find(b"mdat") + 40000
    content[place : place + 4000] = np.random.default_rng(0).bytes(4000)
    (tmp_path / "damaged.mp4").write_bytes(content)
    _, stamps, _ = read(tmp_path / "damaged.mp4")
    assert 250 < len(stamps) < 300 and np.allclose(stamps * 30, np.round(stamps * 30)) and stamps[-1] > 9.9
    read(tmp_path / "damaged.mp4")
    assert [record.getMessage() for record in caplog.records] == [
        "%s is damaged: some of its pictures are left out" % (tmp_path / "damaged.mp4")
    ]


@needs_ffmpeg
def test_a_sound_is_no_film(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", tmp_path / "sound.mp4")
    with pytest.raises(RehabCoachError, match="has no pictures, only sound"):
        VideoSource(str(tmp_path / "sound.mp4"))


@needs_ffmpeg
@pytest.mark.parametrize(
    "name, before, after, frames, seconds",
    [
        ("edit_list.mp4", ["-ss", "2.5"], ["-c", "copy"], 225, 7.5),
        ("late.mkv", ["-itsoffset", "3"], ["-c", "copy"], 300, 10),
        ("negative.mkv", ["-itsoffset", "-1.5"], ["-c", "copy", "-avoid_negative_ts", "disabled"], 300, None),
        ("single.mp4", [], ["-frames:v", "1"], 1, 1 / 30),
        ("moving.gif", ["-t", "1"], ["-vf", "fps=10,scale=160:-1"], 10, 1),
        ("raw.h264", ["-t", "1"], ["-an"], 30, None),
    ],
)
def test_stamps_begin_at_zero_wherever_the_film_does(tmp_path, name, before, after, frames, seconds):
    ffmpeg(*before, "-i", SQUAT, *after, tmp_path / name)
    _, stamps, source = read(tmp_path / name)
    rate = 10 if name.endswith(".gif") else 30
    np.testing.assert_allclose(stamps, np.arange(frames) / rate, atol=2e-3)
    if seconds:
        assert source.duration == pytest.approx(seconds, abs=0.02)


@needs_ffmpeg
def test_where_times_begin_again_they_go_on(short, tmp_path):
    ffmpeg("-i", short, "-c", "copy", tmp_path / "one.ts")
    (tmp_path / "joined.ts").write_bytes((tmp_path / "one.ts").read_bytes() * 3)
    _, stamps, _ = read(tmp_path / "joined.ts")
    assert len(stamps) >= 88 and np.diff(stamps).min() > 0.03 and stamps[-1] == pytest.approx(3, abs=0.1)


@needs_ffmpeg
def test_pictures_of_another_size_are_fitted_into_the_first(short, tmp_path):
    for name, size in (("a", "320:240"), ("b", "160:240")):
        ffmpeg("-i", short, "-vf", "scale=" + size, "-c:v", "libvpx", "-b:v", "2M", "-f", "ivf", tmp_path / name)
    (tmp_path / "list").write_text("file a\nfile b\n")
    ffmpeg("-f", "concat", "-i", tmp_path / "list", "-c", "copy", tmp_path / "changing.webm")
    pictures, stamps, source = read(tmp_path / "changing.webm")
    assert source.size == (320, 240) and {picture.shape for picture in pictures} == {(240, 320, 3)}
    assert len(pictures) == 60 and not pictures[-1][:, :78].any() and pictures[-1][:, 90:230].mean() > 20


@needs_ffmpeg
@pytest.mark.parametrize(
    "name, options, size",
    [
        ("large.mp4", ["-vf", "scale=3840:2160", "-frames:v", "2", "-preset", "ultrafast"], (3840, 2160)),
        ("small.mp4", ["-vf", "scale=64:64"], (64, 64)),
        ("odd.mkv", ["-vf", "scale=161:121", "-c:v", "ffv1", "-pix_fmt", "bgr0"], (161, 121)),
        ("alpha.mov", ["-c:v", "png", "-pix_fmt", "rgba"], (640, 480)),
        ("grey.mkv", ["-c:v", "ffv1", "-pix_fmt", "gray"], (640, 480)),
        ("grey_16.mkv", ["-c:v", "ffv1", "-pix_fmt", "gray16le"], (640, 480)),
        ("narrow.mp4", ["-vf", "scale=320:480,setsar=2"], (640, 480)),  # pixels that are not square
    ],
)
def test_pictures_of_every_kind(short, tmp_path, name, options, size):
    ffmpeg("-i", short, *options, tmp_path / name)
    pictures, _, source = read(tmp_path / name)
    assert source.size == size and pictures[0].shape == (size[1], size[0], 3)
    wanted = cv2.resize(read(short)[0][0], size, interpolation=cv2.INTER_AREA)
    if "grey" in name:
        wanted = cv2.cvtColor(cv2.cvtColor(wanted, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert difference([pictures[0]], [wanted]) < 5


@pytest.mark.parametrize("name", ["søk 100%.mp4", "clip_%02d.mp4", "photo_001.mp4", "-x.mp4", "end .mp4 ", "a#b?c.mp4"])
def test_a_name_means_itself(tmp_path, monkeypatch, name):
    shutil.copy(SQUAT, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    with VideoSource(name) as source:
        assert source.duration == 10


@needs_ffmpeg
def test_what_is_measured_does_not_depend_on_how_it_was_filmed(tmp_path):
    pytest.importorskip("mediapipe")
    turned(SQUAT, tmp_path / "phone.mp4", 90)
    ffmpeg("-i", SQUAT, "-vf", SLOWER, "-vsync", "vfr", "-an", "-crf", "10", tmp_path / "varying.mp4")
    estimator, found = create_estimator("mediapipe"), {}
    try:
        for name, path in (("as it is", SQUAT), ("phone", "phone.mp4"), ("varying", "varying.mp4")):
            sequence = estimate_video(str(tmp_path / path), estimator)
            found[name] = sequence, joint_angles(sequence), find_repetitions(sequence, "squat")
    finally:
        estimator.close()
    sequence, angles, repetitions = found.pop("as it is")
    assert len(repetitions) == 3
    recognizer = Recognizer.load()
    for again, again_angles, again_repetitions in found.values():
        assert again.size == sequence.size and len(again_repetitions) == 3
        for one, other in zip(repetitions, again_repetitions):  # within a frame of the slower half
            for name in ("start", "end", "down", "hold", "up", "pause"):
                assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1 / 15), name
        knee = np.interp(angles.stamps, again_angles.stamps, again_angles["knee_angle_r"])
        assert np.degrees(np.nanmean(np.abs(knee - angles["knee_angle_r"]))) < 3
        assert recognizer.recognize(again).label == recognizer.recognize(sequence).label == "squat"


# ---- directories ----


def grey(level, size=(60, 40)):
    return Image.new("RGB", size, (level,) * 3)


def test_pictures_come_by_their_numbers(tmp_path):
    names = ["1.png", "2.png", "9.webp", "10.tif", "11.jpg", "100.bmp"]
    for number, name in enumerate(names):
        grey(40 * number).save(str(tmp_path / name))
    (tmp_path / "notes.txt").write_text("no picture")
    pictures, stamps, _ = read(tmp_path, rate=10.0)
    assert [round(picture.mean(), -1) for picture in pictures] == [0, 40, 80, 120, 160, 200]
    np.testing.assert_allclose(stamps, np.arange(6) / 10)


@pytest.mark.parametrize("broken", [1, 2])
def test_a_broken_picture_is_left_out_with_one_warning(tmp_path, caplog, capfd, broken):
    for number in (1, 2, 3):
        grey(80 * number).save(str(tmp_path / ("%d.png" % number)))
    path = tmp_path / ("%d.png" % broken)
    path.write_bytes(path.read_bytes()[:60])
    for _ in range(2):
        pictures, stamps, source = read(tmp_path, rate=10.0)
    left = [number for number in (1, 2, 3) if number != broken]
    assert [round(picture.mean()) for picture in pictures] == [80 * number for number in left]
    np.testing.assert_allclose(stamps, [(number - 1) / 10 for number in left])
    assert [record.getMessage() for record in caplog.records] == ["%s is left out: it is damaged, or no picture" % path]
    assert capfd.readouterr() == ("", "")


def test_directories_without_a_picture_are_told(tmp_path):
    with pytest.raises(RehabCoachError, match="holds no pictures"):
        VideoSource(str(tmp_path))
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(RehabCoachError, match="none of the pictures in .* can be read"):
        VideoSource(str(tmp_path))


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright(tmp_path, ending, orientation):
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :30], upright[:20, 30:], upright[20:, :30] = 240, 160, 80
    lying = upright
    if orientation >= 5:
        lying = lying.transpose(1, 0, 2)
    lying = {1: lying, 2: lying[:, ::-1], 3: lying[::-1, ::-1], 4: lying[::-1]}.get(
        orientation, {5: lying, 6: lying[::-1], 7: lying[::-1, ::-1], 8: lying[:, ::-1]}.get(orientation)
    )
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(np.ascontiguousarray(lying)).save(str(tmp_path / ("a." + ending)), exif=exif, quality=95)
    assert difference(read(tmp_path)[0], [upright]) < 4


def test_alpha_grey_and_16_bits_are_pictures(tmp_path):
    values = np.arange(2400).reshape(40, 60)
    Image.fromarray((values // 10).astype(np.uint8)).save(str(tmp_path / "1.png"))
    Image.fromarray((values // 10 * 256).astype(np.uint16)).save(str(tmp_path / "2.png"))
    Image.fromarray((values // 10 * 256).astype(np.uint16)).save(str(tmp_path / "3.tif"))
    grey(120).convert("RGBA").save(str(tmp_path / "4.png"))
    pictures, _, _ = read(tmp_path)
    assert len(pictures) == 4 and difference(pictures[1:3], [pictures[0]] * 2) <= 1
    assert pictures[0].max() > 200 and (pictures[3] == 120).all()


def test_directories_of_several_sizes_have_the_first(tmp_path):
    grey(200, (60, 40)).save(str(tmp_path / "1.png"))
    grey(200, (40, 60)).save(str(tmp_path / "2.png"))
    pictures, _, source = read(tmp_path)
    assert source.size == (60, 40) and pictures[1].shape == (40, 60, 3)
    assert not pictures[1][:, :15].any() and (pictures[1][:, 20:40] == 200).all()
