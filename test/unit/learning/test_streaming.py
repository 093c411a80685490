"""How soon an answer is right: by hand on made-up answers, and the whole command on made-up clips."""

import csv
import json

import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.dataset import Entry, LabelledClip, SetWriter
from rehab_coach.learning.evaluation import Judged
from rehab_coach.learning.streaming import (
    SHARES,
    Followed,
    Movement,
    count_operations,
    describe_streams,
    follow,
    movement_of,
    summarise_streams,
)
from rehab_coach.recognition import STGCN, ModelContract, NetworkConfig, load_model, save_model
from rehab_coach.recognition.onnx_file import save_onnx
from rehab_coach.recognition.recognizer import Recognizer, default_model
from rehab_coach.recognition.streaming import StreamingRecognizer

LABELS = ("squat", "jumping_jack", "unknown")


def _followed(shown, label="squat", begin=2.0, ends=(4.0, 6.0, 8.0), stable=(), notices=(), recordings=()):
    """Ten seconds at one frame a second; `shown` says what from which frame on, such as {0: "unknown", 3: "squat"}."""
    labels, current = [], "unknown"
    for number in range(10):
        current = shown.get(number, current)
        labels.append(current)
    movement = Movement(begin, ends[-1] if ends else 9.0, ends)
    clip = Judged("a.mp4", label, "g", None)
    return Followed(
        clip, movement, np.arange(10.0), tuple(labels), np.isin(np.arange(10), list(stable)), tuple(notices), recordings
    )


def test_one_clip_by_hand():
    clip = _followed({3: "lunge", 4: "squat", 5: "unknown", 6: "squat"})
    assert [clip.right_at(share) for share in (0.0, 0.34, 0.5, 1.0)] == [False, True, False, True]
    assert clip.first_right == 4.0 and clip.stays_right == 6.0
    assert clip.flips == 3  # lunge, squat, unknown, squat
    assert clip.before is False
    assert clip.movement.repetitions(5.0) == pytest.approx(1.5)


def test_what_never_becomes_right_and_what_always_was():
    assert _followed({3: "lunge"}).stays_right is None
    assert _followed({3: "squat", 9: "lunge"}).stays_right is None
    early = _followed({0: "squat"})
    assert early.first_right == early.stays_right == 2.0  # not before the movement begins
    assert early.flips == 0
    assert _followed({1: "lunge", 2: "squat"}).before is True
    assert _followed({}, begin=0.2).before is None


def test_numbers_of_several_clips():
    summary = summarise_streams(
        [
            _followed({3: "squat"}, stable=(5, 6)),
            _followed({5: "squat"}),
            _followed({4: "lunge"}, stable=(6,), notices=("somebody else is there",)),
            _followed({}, label="unknown", ends=()),
        ]
    )
    assert summary["accuracy"] == {"20 %": 0.5, "40 %": 0.5, "60 %": 0.75, "80 %": 0.75, "100 %": 0.75}
    assert summary["first_right"]["reached"] == 2
    assert (summary["stays_right"]["seconds"], summary["stays_right"]["repetitions"]) == (3.0, 1.5)
    assert (summary["early"]["clips"], summary["early"]["right"]) == (2, 1)
    assert summary["early"]["seconds"] == 3.5
    assert summary["flips_per_clip"] == 0 and summary["begun_anew"] == 1
    assert 0.5 < summary["area"] < 0.75
    assert "never" in describe_streams({"tf_pose": summarise_streams([_followed({})])})
    unknown = describe_streams({"tf_pose": summarise_streams([_followed({}, label="unknown", ends=())])})
    assert "never" not in unknown and "no such clip" in unknown


def test_the_network_for_recordings_is_asked_about_the_same_frames(figure):
    class Lengths(Recognizer):
        asked = []

        def recognize(self, sequence, method="interpolate"):
            self.asked.append(len(sequence))
            return super().recognize(sequence, method)

    sequence = figure("squat", frames=150)
    followed = follow(StreamingRecognizer.load(), Judged("a", "squat", "g", sequence), Lengths.load())
    frames = [np.count_nonzero(sequence.stamps <= followed.movement.until(share) + 1e-6) for share in SHARES]
    assert Lengths.asked == frames and frames[-1] < 150
    assert followed.recordings == tuple(Recognizer.load().recognize(sequence[:count]).label for count in frames)
    assert follow(StreamingRecognizer.load(), Judged("a", "squat", "g", sequence)).recordings == ()


def test_its_accuracy_is_told_beside_the_streams():
    right, late = ("squat",) * 5, ("unknown", "lunge", "lunge", "squat", "squat")
    summary = summarise_streams([_followed({3: "squat"}, recordings=right), _followed({}, recordings=late)])
    assert list(summary["accuracy_of_recordings"].values()) == [0.5, 0.5, 0.5, 1.0, 1.0]
    told = [line.split() for line in describe_streams({"tf_pose": summary}).splitlines()]
    assert "network for recordings, at 80 % 100.0 %".split() in told
    assert summarise_streams([_followed({})])["accuracy_of_recordings"] == {}


def test_the_movement_begins_with_the_first_repetition(figure):
    sequence = figure("squat", frames=150)
    movement = movement_of(sequence, "squat")
    assert 3 <= len(movement.ends) <= 5
    assert movement.repetitions(movement.end) == len(movement.ends)
    assert movement.repetitions(movement.begin) == 0


def _model(path, causal=True):
    config = NetworkConfig(channels=(8, 8), strides=(1, 2), classes=3, causal=causal)
    normalisation = "running_box" if causal else "box"
    save_model(str(path), STGCN(config), ModelContract(labels=LABELS, network=config, normalisation=normalisation))
    return str(path)


def test_operations_are_counted(tmp_path):
    counted = count_operations(_model(tmp_path / "small.safetensors"), default_model())
    assert counted["window"] > 1e7
    assert counted["window_ratio"] == pytest.approx(counted["window"] / counted["step"])
    assert counted["recording_so_far"] > counted["window"] and counted["second"] == 0
    looked = count_operations(_model(tmp_path / "small.safetensors"), default_model(), second=default_model())
    assert looked["step"] == counted["step"] + looked["second"]
    assert looked["second"] == pytest.approx(4 * counted["window"] / 75)  # after 2, 4 and 8 s: 1, 1 and 2 windows


@pytest.fixture
def skeletons(tmp_path, figure):
    with SetWriter(str(tmp_path / "set"), "npz", LABELS) as writer:
        for label in ("squat", "jumping_jack"):
            sequence = figure(label, frames=120)
            writer.add(LabelledClip(Entry(label + "-1", label, LABELS.index(label), "somebody"), (sequence,)))
    return str(tmp_path / "set")


def test_the_command(tmp_path, skeletons, capsys):
    out = tmp_path / "report"
    model = _model(tmp_path / "small.safetensors")
    command = ["evaluate", "--set", skeletons, "--streaming", "--model", model, "--out", str(out), "--second"]
    assert main([*command, "none"]) == 0
    said = capsys.readouterr().out
    assert "flips per clip" in said and "no such clip" in said and "times fewer than a window" in said
    rows = list(csv.DictReader((out / "streaming.csv").open()))
    assert {row["label"] for row in rows} == {"squat", "jumping_jack"}
    assert {row["recordings_at_end"] for row in rows} == {""} and {row["shown_at_end"] for row in rows} <= set(LABELS)
    report = json.loads((out / "streaming.json").read_text())
    assert report["estimators"]["skeletons"]["clips"] == 2 and report["milliseconds"]["frames"] == 240
    assert cv2.imread(str(out / "streaming.png")).shape[0] > 300
    assert report["operations"]["second"] == 0 and "network for recordings, at" not in said
    assert main([*command, _model(tmp_path / "clip.safetensors", causal=False)]) == 0
    second = json.loads((out / "streaming.json").read_text())["operations"]["second"]
    assert 0 < second < 1e7  # the small model's, not that of the one that ships
    asked = json.loads((out / "streaming.json").read_text())["estimators"]["skeletons"]["accuracy_of_recordings"]
    assert list(asked) == ["20 %", "40 %", "60 %", "80 %", "100 %"]
    said = capsys.readouterr().out
    assert "network for recordings, at 100 %" in said


def test_what_does_not_go_together(tmp_path, skeletons, capsys):
    command = ["evaluate", "--set", skeletons, "--streaming", "--out", str(tmp_path / "report")]
    assert main([*command, "--method", "copy"]) == 2
    assert "leave --rates, --compare and --method out" in capsys.readouterr().err
    assert main([*command, "--model", _model(tmp_path / "clip.safetensors", causal=False)]) == 2
    assert "needs the whole recording" in capsys.readouterr().err
    assert main([*command, "--model", _model(tmp_path / "small.safetensors")]) == 2
    assert "give --second another, or none" in capsys.readouterr().err
    assert main([*command, "--second", "none", "--folds"]) == 2
    assert "has no folds" in capsys.readouterr().err
    assert main([*command, "--second", default_model(), "--folds"]) == 2
    assert "--folds needs a second model that has folds" in capsys.readouterr().err
    assert main(["evaluate", "--set", skeletons, "--out", str(tmp_path / "report"), "--second", "none"]) == 2
    assert "--second belongs to --streaming" in capsys.readouterr().err


def test_an_onnx_file_is_refused_before_the_clips_are_looked_at(tmp_path, capsys):
    onnx = str(tmp_path / "small.onnx")
    save_onnx(onnx, *load_model(_model(tmp_path / "small.safetensors")))
    command = ["evaluate", "--set", "nowhere", "--streaming", "--out", str(tmp_path / "report"), "--second", "none"]
    assert main([*command, "--model", onnx]) == 2
    assert "is an ONNX file: name the model file" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()
