"""Reports: the numbers, the files, clips that cannot be used, and the whole command on made-up clips."""

import csv
import json

import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.evaluation import Outcome, evaluate_clips, summarise, write_report
from rehab_coach.learning.extraction import Job, cached_name, clip_samples, estimate_clips, read_clips
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.trainer import make_contract
from rehab_coach.pose.estimator import Pose, PoseEstimator
from rehab_coach.recognition.model_file import save_model
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.skeleton import COCO_18

LABELS = ["squat", "lunge", "unknown"]


def outcome(label, predicted, probabilities, status="recognised", whole_body=True):
    return Outcome(
        "a.mp4", label, predicted, status, max(probabilities), np.array(probabilities, np.float32), "", whole_body
    )


OUTCOMES = [
    outcome("squat", "squat", [0.8, 0.1, 0.1]),
    outcome("squat", "squat", [0.7, 0.2, 0.1]),
    outcome("squat", "lunge", [0.3, 0.6, 0.1]),
    outcome("squat", "unknown", [0.2, 0.2, 0.6], "unknown"),
    outcome("unknown", "unknown", [0.1, 0.1, 0.8], "unknown"),
    outcome("unknown", "squat", [0.9, 0.0, 0.1]),
    outcome("unknown", "unknown", [0, 0, 0], "not_seen", whole_body=False),
    Outcome("b.mp4", "lunge", "", "error", 0.0, np.zeros(3), "broken"),
]


def test_numbers_by_hand():
    summary = summarise(OUTCOMES, LABELS)
    assert summary["accuracy"] == pytest.approx(4 / 7)
    assert summary["balanced_accuracy"] == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert summary["confusion"] == [[2, 1, 1], [0, 0, 0], [1, 0, 2]]
    assert summary["per_class"]["squat"] == {
        "precision": pytest.approx(2 / 3),
        "recall": 0.5,
        "f1": pytest.approx(4 / 7),
        "clips": 4,
    }
    assert (summary["clips"], summary["errors"], summary["not_seen"]) == (8, 1, 1)
    rejection = summary["rejection"]  # without the clip that shows no whole body
    assert (rejection["unknown"], rejection["exercises"]) == (2, 4)
    # 1 - best exercise: unknown 0.9 and 0.1; squats 0.2, 0.3, 0.4, 0.8. Pairs in the right order: 4 of 8.
    assert rejection["auroc"] == pytest.approx(0.5)
    assert rejection["false_accepts_at_95"] == pytest.approx(0.5)


def test_a_report_holds_every_clip_and_a_picture(tmp_path):
    summary = write_report(str(tmp_path), OUTCOMES, LABELS, estimator="tf_pose")
    with open(str(tmp_path / "predictions.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 8 and rows[7]["problem"] == "broken" and rows[0]["p_squat"] == "0.8000"
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    picture = cv2.imread(str(tmp_path / "confusion_matrix.png"))
    assert picture is not None and min(picture.shape[:2]) > 300


def test_nothing_but_errors_is_an_error():
    with pytest.raises(RehabCoachError, match="broken"):
        summarise(OUTCOMES[-1:], LABELS)


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
    monkeypatch.setattr("rehab_coach.pose.create_estimator", lambda name, **options: Blinking())
    monkeypatch.setattr("rehab_coach.learning.extraction._estimators", {})
    return tmp_path


@pytest.fixture
def recognizer():
    contract = make_contract(
        make_recipe({"labels": LABELS, "sources": {"penn": 1}, "channels": [8], "strides": [2], "window": 32})
    )
    return Recognizer(STGCN(contract.network).eval(), contract)


def test_clips_go_through_the_whole_pipeline(clips, recognizer):
    outcomes = evaluate_clips(recognizer, read_clips(str(clips / "clips.csv"), LABELS), "tf_pose")
    assert [entry.label for entry in outcomes] == ["squat", "lunge", "unknown", "squat"]
    assert outcomes[0].probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert (outcomes[2].status, outcomes[2].predicted) == ("not_seen", "unknown")
    assert outcomes[3].status == "error" and "broken.avi" in outcomes[3].problem
    assert summarise(outcomes, LABELS)["errors"] == 1


def test_start_end_and_rate_decide_what_is_looked_at(clips):
    whole, part = read_clips(str(clips / "clips.csv"))[:2]
    lengths = [
        len(sequence)
        for _, sequence, _ in estimate_clips(
            [Job(whole, "tf_pose"), Job(part, "tf_pose"), Job(whole, "tf_pose", rate=10.0)]
        )
    ]
    assert lengths == [60, 30, 30]


def test_finished_key_points_are_kept_and_taken_up(clips, monkeypatch):
    cache, lines = str(clips / "cache"), []
    samples = clip_samples(str(clips / "clips.csv"), LABELS, ["tf_pose"], cache, 15.0, lines.append, workers=1)
    assert [sample.label for sample in samples] == ["squat", "lunge", "unknown"]
    assert len(lines) == 2 and any("sees nobody" in line for line in lines)
    monkeypatch.setattr("rehab_coach.pose.estimate_video", lambda *_, **__: pytest.fail("estimated again"))
    again = [
        sequence
        for _, sequence, _ in estimate_clips(
            [Job(clip, "tf_pose", 15.0) for clip in read_clips(str(clips / "clips.csv"))[:3]], cache
        )
    ]
    np.testing.assert_array_equal(again[0].key_points, samples[0].sequence.key_points)


def test_another_video_part_or_rate_is_another_file(clips):
    whole, part, dark = read_clips(str(clips / "clips.csv"))[:3]
    names = {
        cached_name(job, "cache")
        for job in (
            Job(whole, "tf_pose"),
            Job(part, "tf_pose"),
            Job(dark, "tf_pose"),
            Job(whole, "mediapipe"),
            Job(whole, "tf_pose", 15.0),
        )
    }
    assert len(names) == 5


def test_the_command_writes_its_report(clips, recognizer, capsys):
    model = str(clips / "model.safetensors")
    save_model(model, STGCN(recognizer.contract.network), recognizer.contract)
    code = main(["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model])
    assert code == 0 and "accuracy" in capsys.readouterr().out
    summary = json.loads((clips / "out" / "summary.json").read_text())
    assert summary["estimator"] == "tf_pose" and summary["errors"] == 1 and summary["not_seen"] == 1


@pytest.mark.parametrize(
    "text, words",
    [
        ("label,video\nsquat,a.mp4\n", "no column 'file'"),
        ("label,file\nyoga,a.mp4\n", "unknown label 'yoga'"),
        ("label,file\nsquat,\n", "names no file"),
        ("label,file,start\nsquat,a.mp4,soon\n", "start must be seconds"),
        ("label,file,start,end\nsquat,a.mp4,3,2\n", "must be after"),
        ("label,file,end\nsquat,a.mp4,inf\n", "end must be seconds"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(tmp_path, text, words):
    path = tmp_path / "clips.csv"
    path.write_text(text)
    with pytest.raises(RehabCoachError) as caught:
        read_clips(str(path), LABELS)
    assert words in str(caught.value) and "clips.csv" in str(caught.value)


def test_a_missing_table_or_model_ends_in_one_line(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["evaluate", "--clips", str(tmp_path / "none.csv"), "--out", out, "--model", "none"]) == 2
    assert "none" in capsys.readouterr().err
