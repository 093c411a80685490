import csv
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.opensim.files import read_mot, read_trc
from rehab_coach.pose import Pose, PoseEstimator
from rehab_coach.skeleton import COCO_18, SkeletonSequence

RATE, FRAMES = 15.0, 60
FILES = ["angles.csv", "angles.mot", "angles.png", "keypoints.trc", "overlay.mp4", "repetitions.json"]


def squatting(frame):
    """Somebody from the side, two squats in FRAMES; (18, 3)."""
    bent = (1 - np.cos(4 * np.pi * frame / FRAMES)) / 2
    shank, thigh, trunk = np.radians(30 * bent), np.radians(-80 * bent), np.radians(40 * bent)

    def above(place, angle, length):
        return place + length * np.array([np.sin(angle), -np.cos(angle)])

    ankle = np.array([150.0, 210.0])
    knee = above(ankle, shank, 45)
    hip = above(knee, thigh, 45)
    neck = above(hip, trunk, 55)
    places = {"ankle": ankle, "knee": knee, "hip": hip, "neck": neck, "shoulder": neck, "elbow": neck + [4, 28]}
    places.update(wrist=neck + [10, 52], nose=neck + [12, -22], eye=neck + [9, -26], ear=neck + [1, -22])
    return np.array([[*places[joint.split("_")[-1]], 0.9] for joint in COCO_18.joints], np.float32)


class Squatting(PoseEstimator):
    layout = COCO_18
    somebody = True
    frame = 0

    def estimate(self, picture):
        pose = Pose(squatting(self.frame))
        self.frame += 1
        return [pose] if self.somebody else []


@pytest.fixture
def video(tmp_path):
    path = str(tmp_path / "video.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), RATE, (320, 240))
    for _ in range(FRAMES):
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    writer.release()
    return path


@pytest.fixture
def estimator(monkeypatch):
    made = Squatting()
    monkeypatch.setattr("rehab_coach.pose.create_estimator", lambda name: made)
    return made


@pytest.fixture
def sequence(tmp_path):
    key_points = np.stack([squatting(frame) for frame in range(FRAMES)])
    path = str(tmp_path / "sequence.npz")
    SkeletonSequence(key_points, np.arange(FRAMES) / RATE, (320, 240)).save(path)
    return path


def test_a_video_gives_every_file(video, estimator, tmp_path, capsys):
    out = str(tmp_path / "results")
    assert main(["angles", video, "--out", out, "--exercise", "squat"]) == 0
    assert sorted(os.listdir(out)) == FILES
    with open(os.path.join(out, "repetitions.json")) as stream:
        found = json.load(stream)
    assert found["count"] == 2 == len(found["repetitions"]) and found["exercise"] == "squat"
    assert found["angles"] == "fit"
    assert found["repetitions"][0]["range_of_motion_degrees"]["knee_angle_r"][1] == pytest.approx(110, abs=10)
    assert found["repetitions"][0]["start"] < found["repetitions"][0]["turn"] < found["repetitions"][0]["end"]
    motion = read_mot(os.path.join(out, "angles.mot"))
    assert len(motion.stamps) == FRAMES and np.degrees(motion["knee_angle_r"].max()) == pytest.approx(110, abs=10)
    with open(os.path.join(out, "angles.csv")) as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == FRAMES and rows[0]["ankle_angle_r"] == ""
    stamps, markers = read_trc(os.path.join(out, "keypoints.trc"))
    assert len(stamps) == FRAMES and np.isfinite(markers["right_knee"]).all()
    assert min(cv2.imread(os.path.join(out, "angles.png")).shape[:2]) > 300
    film = cv2.VideoCapture(os.path.join(out, "overlay.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    assert film.read()[1].std() > 3  # something is drawn on the grey
    printed = capsys.readouterr().out
    assert "2 repetitions, %d frames" % FRAMES in printed and "knee_angle_r" in printed


def test_a_sequence_gives_the_same_without_a_video(sequence, tmp_path, capsys):
    out = str(tmp_path / "results")
    assert main(["angles", sequence, "--out", out, "--source", "2d", "--no-overlay"]) == 0
    assert sorted(os.listdir(out)) == [name for name in FILES if name != "overlay.mp4"]
    with open(os.path.join(out, "repetitions.json")) as stream:
        found = json.load(stream)
    assert found["exercise"] is None and found["angles"] == "2d"
    with open(os.path.join(out, "angles.csv")) as stream:
        measured = [float(row["knee_angle_r"]) for row in csv.DictReader(stream) if row["knee_angle_r"]]
    highest = max(one["range_of_motion_degrees"]["knee_angle_r"][1] for one in found["repetitions"])
    assert highest == pytest.approx(max(measured), abs=0.5)  # of the same angles, not of others
    assert "angles from 2d" in capsys.readouterr().out


def test_an_earlier_film_does_not_stay_beside_other_angles(video, estimator, tmp_path, capsys):
    results = tmp_path / "results"
    results.mkdir()
    (results / "overlay.mp4").write_bytes(b"old")
    assert main(["angles", video, "--out", str(results), "--no-overlay"]) == 0
    assert (results / "angles.csv").exists() and not (results / "overlay.mp4").exists()


def test_nobody_is_told_in_one_line(video, estimator, tmp_path, capsys):
    estimator.somebody = False
    assert main(["angles", video, "--out", str(tmp_path / "results")]) == 2
    error = capsys.readouterr().err
    assert "nobody" in error and error.count("\n") == 1 and not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["missing.mp4"], "there is no video"),
        (["missing.npz"], "there is no file"),
        (["missing.npz", "--start", "1"], "saved sequence"),
        (["video.mp4", "--start", "3", "--end", "2"], "--end must come after"),
        (["0"], "webcam"),
    ],
)
def test_wrong_arguments_are_told(arguments, complaint, tmp_path, capsys):
    assert main(["angles", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert complaint in capsys.readouterr().err


def test_one_frame_is_told(sequence, tmp_path, capsys):
    one = SkeletonSequence.load(sequence)[:1]
    path = str(tmp_path / "one.npz")
    one.save(path)
    assert main(["angles", path, "--out", str(tmp_path / "out")]) == 2
    assert "one frame" in capsys.readouterr().err


def test_where_numbers_have_a_decimal_comma_the_files_are_the_same(sequence, tmp_path):
    germany, results = "de_DE.UTF-8", []
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / germany)], stderr=subprocess.DEVNULL
    )
    if not made or made.returncode:
        pytest.skip("localedef, with Debian's package locales, makes such a place")
    program = "import locale, sys; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5), flush=True); "
    program += "from rehab_coach.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for place, half in (("C", "0.5"), (germany, "0,5")):
        out = tmp_path / ("results of " + place)
        said = subprocess.check_output(
            [sys.executable, "-c", program, "angles", sequence, "--out", str(out), "--no-overlay", "--source", "2d"],
            env=dict(os.environ, LC_ALL=place, LOCPATH=str(tmp_path)),
            universal_newlines=True,
        )
        assert said.startswith(half + "\n")
        results.append({each.name: each.read_bytes() for each in out.iterdir() if each.suffix != ".png"})
    assert results[0] == results[1] and {"angles.csv", "angles.mot", "repetitions.json"} <= set(results[0])


def test_motions_are_compared(sequence, tmp_path, capsys):
    for source in ("2d", "fit"):
        folder = str(tmp_path / source)
        assert main(["angles", sequence, "--out", folder, "--source", source, "--no-overlay"]) == 0
    paths = [str(tmp_path / source / "angles.mot") for source in ("fit", "2d")]
    capsys.readouterr()
    picture = str(tmp_path / "difference.png")
    assert main(["compare-angles", *paths, "--plot", picture]) == 0
    assert "knee_angle_r" in capsys.readouterr().out and cv2.imread(picture) is not None
    assert main(["compare-angles", *paths, "--align", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["angles"]["knee_angle_r"]["error"] < 8 and abs(found["offset"]) < 0.1
    assert found["angles"]["knee_angle_r"]["correlation"] > 0.98


def test_comparing_something_else_is_told(tmp_path, capsys):
    path = tmp_path / "notes.mot"
    path.write_text("nothing\n")
    assert main(["compare-angles", str(path), str(path)]) == 2
    assert "not an OpenSim motion" in capsys.readouterr().err
