"""Reports: the numbers, the files, clips that cannot be used, and the whole command on made-up clips."""

import csv
import json
import os
from dataclasses import replace

import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.dataset import Entry, LabelledClip, SetWriter
from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.evaluation import Judged, Outcome, estimate_judged, judge_all, read_judged_table
from rehab_coach.learning.extraction import clip_samples
from rehab_coach.learning.fold_models import Judges, load_judges
from rehab_coach.learning.frame_rates import leave_out_frames
from rehab_coach.learning.metrics import agreement, describe, summarise, wilson
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.report import write_report
from rehab_coach.learning.trainer import make_contract
from rehab_coach.pose.clips import Job, estimate_clips, read_clips
from rehab_coach.recognition.model_file import save_model
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.st_gcn import STGCN

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
    squat = summary["per_class"]["squat"]
    assert squat.pop("recall_interval") == pytest.approx((0.1500, 0.8500), abs=1e-4)
    assert squat.pop("precision_interval") == wilson(2, 3)
    assert squat == {"precision": pytest.approx(2 / 3), "recall": 0.5, "f1": pytest.approx(4 / 7), "clips": 4}
    assert summary["per_class"]["lunge"]["recall_interval"] is None
    assert summary["accuracy_interval"] == wilson(4, 7)
    # The mean of -log p(label) over the six clips in which somebody is seen.
    assert summary["loss"] == pytest.approx(-np.log([0.8, 0.7, 0.3, 0.2, 0.8, 0.1]).mean())
    assert (summary["clips"], summary["errors"], summary["not_seen"]) == (8, 1, 1)
    rejection = summary["rejection"]  # without the clip that shows no whole body
    assert (rejection["unknown"], rejection["exercises"]) == (2, 4)
    # 1 - best exercise: unknown 0.9 and 0.1; squats 0.2, 0.3, 0.4, 0.8. Pairs in the right order: 4 of 8.
    assert rejection["auroc"] == pytest.approx(0.5)
    assert rejection["false_accepts_at_95"] == pytest.approx(0.5)
    # A squat that nobody saw looks like `unknown`, but not among those who were seen.
    missed = summarise(OUTCOMES + [outcome("squat", "unknown", [0, 0, 0], "not_seen")], LABELS)["rejection"]
    assert missed["auroc"] == pytest.approx(4 / 10) and missed["seen"]["auroc"] == pytest.approx(0.5)


def test_recall_by_variant_by_hand():
    ways = ("jump_squat", "jump_squat", "", "goblet_squat", "plank", "dip", "dip", "reverse_lunge")
    outcomes = [replace(one, variant=way) for one, way in zip(OUTCOMES, ways)]
    summary = summarise(outcomes, LABELS)
    rows = {row["variant"]: {key: row[key] for key in row if key != "variant"} for row in summary["per_variant"]}
    assert list(rows) == ["goblet_squat", "jump_squat", "dip", "plank"]  # the unreadable clip is left out
    assert rows["dip"].pop("recall_interval") == wilson(1, 2)
    assert rows["dip"] == {"label": "unknown", "clips": 2, "recall": 0.5, "answers": {"squat": 1, "unknown": 1}}
    assert rows["jump_squat"]["recall"] == 1 and rows["goblet_squat"]["answers"] == {"unknown": 1}
    assert "dip" in describe(summary)
    assert summarise(OUTCOMES, LABELS)["per_variant"] == []


def test_a_report_holds_every_clip_and_a_picture(tmp_path):
    summary = write_report(str(tmp_path), OUTCOMES, LABELS, estimator="tf_pose")
    with open(str(tmp_path / "predictions.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 8 and rows[7]["problem"] == "broken" and rows[0]["p_squat"] == "0.8000"
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(json.dumps(summary))
    picture = cv2.imread(str(tmp_path / "confusion_matrix.png"))
    assert picture is not None and min(picture.shape[:2]) > 300


def test_nothing_but_errors_is_an_error():
    with pytest.raises(RehabCoachError, match="none of the 1 clips could be read"):
        summarise(OUTCOMES[-1:], LABELS)


def test_wilson_s_interval_is_the_published_one():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 0) is None


def test_two_models_agree_or_not_as_counted_by_hand():
    right, wrong = outcome("squat", "squat", [0.8, 0.1, 0.1]), outcome("squat", "lunge", [0.1, 0.8, 0.1])
    first = [right] * 9 + [wrong] * 3
    second = [right] * 3 + [wrong] * 6 + [right] + [wrong] * 2
    result = agreement(first, second)
    assert result.pop("p_value") == pytest.approx(2 * (1 + 7) / 2**7)  # 6 of 7 or more, either way
    assert result == {"both_right": 3, "only_first": 6, "only_second": 1, "neither": 2}
    assert agreement(first, first)["p_value"] == 1


@pytest.fixture
def recognizer():
    contract = make_contract(
        make_recipe({"labels": LABELS, "sources": {"penn": 1}, "channels": [8], "strides": [2], "window": 32})
    )
    return Recognizer(STGCN(contract.network).eval(), contract)


@pytest.fixture
def model(clips, recognizer):
    path = str(clips / "model.safetensors")
    save_model(path, STGCN(recognizer.contract.network), recognizer.contract)
    return path


def test_clips_go_through_the_whole_pipeline(clips, recognizer):
    lines = []
    judged = estimate_judged(read_clips(str(clips / "clips.csv"), LABELS), "tf_pose", report=lines.append)
    outcomes = judge_all(Judges([(recognizer, None)], "model"), judged)
    assert [entry.label for entry in outcomes] == ["squat", "lunge", "unknown", "squat"]
    assert outcomes[0].probabilities.sum() == pytest.approx(1, abs=1e-4)
    assert (outcomes[2].status, outcomes[2].predicted) == ("not_seen", "unknown")
    assert outcomes[3].status == "error" and "broken.avi" in outcomes[3].problem
    assert len(lines) == 1 and "broken.avi" in lines[0]
    assert summarise(outcomes, LABELS)["errors"] == 1


def test_finished_key_points_are_kept_and_taken_up(clips, monkeypatch):
    cache, lines = str(clips / "cache"), []
    samples = clip_samples(str(clips / "clips.csv"), LABELS, ["tf_pose"], cache, 15.0, lines.append, workers=1)
    assert [sample.label for sample in samples] == ["squat", "lunge", "unknown"]
    assert len(lines) == 2 and any("sees nobody" in line for line in lines)
    monkeypatch.setattr("rehab_coach.pose.clips.estimate_video", lambda *_, **__: pytest.fail("estimated again"))
    again = [
        sequence
        for _, sequence, _ in estimate_clips(
            [Job(clip, "tf_pose", 15.0) for clip in read_clips(str(clips / "clips.csv"))[:3]], cache
        )
    ]
    np.testing.assert_array_equal(again[0].key_points, samples[0].sequence.key_points)


def test_the_command_writes_its_report(clips, model, capsys):
    code = main(["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model])
    assert code == 0 and "accuracy" in capsys.readouterr().out
    summary = json.loads((clips / "out" / "summary.json").read_text())
    assert summary["estimator"] == "tf_pose" and summary["errors"] == 1 and summary["not_seen"] == 1


def test_a_missing_video_is_told_once(clips, model, capsys):
    (clips / "clips.csv").write_text("label,file\nsquat,gone.avi\n")
    assert main(["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("gone.avi") == 1 and "gone.avi" not in captured.out
    with open(str(clips / "out" / "predictions.csv"), newline="") as stream:
        assert "gone.avi" in list(csv.DictReader(stream))[0]["problem"]


def test_two_models_and_two_estimators_side_by_side(clips, model, capsys):
    arguments = ["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model]
    assert main(arguments + ["--compare", model, "--estimator", "tf_pose", "mediapipe"]) == 0
    assert capsys.readouterr().out.count("both right") == 2
    for estimator in ("tf_pose", "mediapipe"):
        folder = clips / "out" / estimator
        result = json.loads((folder / "comparison.json").read_text())
        assert result["p_value"] == 1 and result["accuracy"][0] == result["accuracy"][1]
        with open(str(folder / "comparison.csv"), newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == 3 and all(row["predicted_1"] == row["predicted_2"] for row in rows)
        assert cv2.imread(str(folder / "comparison.png")) is not None
    assert main(arguments + ["--estimator", "tf_pose", "mediapipe"]) == 0  # another report in the same place
    assert not (folder / "comparison.png").exists() and (folder / "predictions.csv").exists()


@pytest.mark.parametrize("at_rate", [[], ["--estimate-at-rate"]])
def test_the_study_of_frame_rates_is_one_command_with_one_plot(clips, model, capsys, at_rate):
    arguments = ["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model]
    assert main(arguments + ["--rates", "5", "10", "30", "--resampling", "as_it_is", "copy"] + at_rate) == 0
    captured = capsys.readouterr()
    assert "mediapipe" in captured.out and (captured.out + captured.err).count("broken.avi") == 2  # each estimator
    study = json.loads((clips / "out" / "frame_rates.json").read_text())
    assert ("at the rate" in study["key_points"]) == bool(at_rate)
    rows = [(row["estimator"], row["rate"], row["resampling"]) for row in study["rows"]]
    assert len(set(rows)) == 12 and rows[0] == ("tf_pose", 5.0, "as_it_is")
    assert {row["clips"] for row in study["rows"]} == {3}
    assert {row["slower_clips"] for row in study["rows"] if row["rate"] == 30} == {3}  # filmed at 20
    assert cv2.imread(str(clips / "out" / "frame_rates.png")) is not None


def test_leaving_out_frames_keeps_those_that_were_filmed(figure):
    sequence = figure("squat", frames=61)
    clip = Judged("a", "squat", "a", sequence)
    slower = leave_out_frames(clip, 10.0).sequence
    assert slower.rate == pytest.approx(10) and len(slower) == 21
    np.testing.assert_array_equal(slower.key_points, sequence.key_points[::3])
    assert leave_out_frames(clip, 30.0) is clip and leave_out_frames(clip, 60.0) is clip


def test_each_clip_is_judged_by_the_fold_that_held_its_group_out(tmp_path, recognizer):
    for number, group in enumerate(("anna", "ben"), start=1):
        contract = replace(recognizer.contract, training={"held_out": [group]}, rate=10.0 * number)
        path = str(tmp_path / "cross_validation" / ("fold-%d" % number) / "model.safetensors")
        save_model(path, STGCN(contract.network), contract)
    judges = load_judges(str(tmp_path), folds=True)
    assert judges.of("anna").contract.rate == 10 and judges.of("ben").contract.rate == 20
    with pytest.raises(RehabCoachError, match="held out the group 'carla'"):
        judges.of("carla")
    with pytest.raises(RehabCoachError, match="has no folds"):
        load_judges(str(tmp_path / "cross_validation"), folds=True)


def test_a_clip_that_no_fold_may_judge_is_told_before_the_estimator_works(clips, recognizer, capsys, monkeypatch):
    contract = replace(recognizer.contract, training={"held_out": ["anna"]})
    save_model(
        str(clips / "run" / "cross_validation" / "fold-1" / "model.safetensors"), STGCN(contract.network), contract
    )
    monkeypatch.setattr("rehab_coach.learning.evaluation_run.estimate_judged", None)
    arguments = ["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out")]
    assert main(arguments + ["--model", str(clips / "run"), "--folds"]) == 2
    assert "held out the group 'bright.avi'" in capsys.readouterr().err


def test_packed_skeletons_are_evaluated(tmp_path, clips, model, figure, capsys):
    path = str(tmp_path / "sets" / "val")
    with SetWriter(path, "packed", LABELS) as writer:
        for number, label in enumerate(("squat", "lunge", "unknown")):
            writer.add(LabelledClip(Entry("clip%d" % number, label, number, "p%d" % number), (figure("squat"),)))
    out = tmp_path / "report"
    pair = [path + "_data.npy", path + "_label.pkl"]
    assert main(["evaluate", "--packed", *pair, "--out", str(out), "--model", model]) == 0
    assert "3 clips, 0 with nobody" in capsys.readouterr().out
    with open(str(out / "predictions.csv"), newline="") as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["clip0", "clip1", "clip2"]
    with SetWriter(str(tmp_path / "sets" / "some"), "npz", LABELS) as writer:
        for name in ("good", "bad"):
            writer.add(LabelledClip(Entry(name, "squat", 0), (figure("squat"),)))
    (tmp_path / "sets" / "some" / "bad.npz").write_text("broken")
    (tmp_path / "sets" / "some" / "extra.npz").write_text("the summary lacks it")
    assert main(["evaluate", "--set", str(tmp_path / "sets" / "some"), "--out", str(out), "--model", model]) == 0
    assert "3 clips, 0 with nobody seen, 2 unreadable" in capsys.readouterr().out
    with open(str(out / "predictions.csv"), newline="") as stream:
        problems = sorted(row["problem"] for row in csv.DictReader(stream))
    assert problems[0] == "" and "bad.npz" in problems[1] and "extra: the summary" in problems[2]
    assert main(["evaluate", "--packed", pair[0], str(clips / "x_label.pkl"), "--out", str(out), "--model", model]) == 2
    assert "two files of a pair" in capsys.readouterr().err
    (tmp_path / "sets" / "label_name.txt").write_text("squat\nyoga\nunknown\n")
    (tmp_path / "sets" / "val_label.json").unlink()
    assert main(["evaluate", "--set", pair[0], "--out", str(out), "--model", model]) == 2
    assert "label 'yoga', which the model does not know" in capsys.readouterr().err
    (tmp_path / "sets" / "some_label.json").unlink()
    assert main(["evaluate", "--set", str(tmp_path / "sets" / "some"), "--out", str(out), "--model", model]) == 2
    assert "shows: put a table there, a CSV file with the columns label and file" in capsys.readouterr().err


def test_a_table_of_rendered_people_is_evaluated_by_estimator_and_variant(tmp_path, model, figure, capsys):
    rows = ["label,file,group,estimator,variant"]
    for number, (label, estimator, variant) in enumerate(
        [("squat", "truth", "jump_squat"), ("unknown", "truth", "dip"), ("squat", "mediapipe", "jump_squat")]
    ):
        figure("squat", seed=number).save(str(tmp_path / ("%d.npz" % number)))
        rows.append("%s,%d.npz,anna,%s,%s" % (label, number, estimator, variant))
    (tmp_path / "skeletons.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "report"
    arguments = ["evaluate", "--set", str(tmp_path / "skeletons.csv"), "--out", str(out), "--model", model]
    assert main(arguments + ["--like", "tf_pose", "mediapipe"]) == 0
    assert "jump_squat" in capsys.readouterr().out
    for part, clips in (("like_tf_pose", 2), ("like_mediapipe", 2), ("mediapipe", 1)):
        summary = json.loads((out / part / "summary.json").read_text())
        assert summary["clips"] == clips and summary["per_variant"][0]["variant"] == "jump_squat"
    with open(str(out / "like_tf_pose" / "predictions.csv"), newline="") as stream:
        assert [row["variant"] for row in csv.DictReader(stream)] == ["jump_squat", "dip"]
    assert main(arguments) == 0 and (out / "truth" / "summary.json").exists()
    (tmp_path / "skeletons.csv").write_text("\n".join(rows[:1] + rows[3:]) + "\n")
    assert main(arguments + ["--like", "tf_pose"]) == 2
    assert "has no true key points" in capsys.readouterr().err


def test_an_estimator_is_imitated_alike_every_time(tmp_path, figure):
    figure("squat").save(str(tmp_path / "a.npz"))
    (tmp_path / "skeletons.csv").write_text("label,file,estimator\nsquat,a.npz,truth\n")
    seen = [
        read_judged_table(str(tmp_path), LABELS, ("tf_pose",))["like_tf_pose"][0].sequence.key_points for _ in range(2)
    ]
    np.testing.assert_array_equal(*seen)
    assert np.abs(seen[0] - figure("squat").key_points).max() > 1


def test_the_report_on_a_run_has_its_losses_and_curves(clips, model, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    os.replace(model, str(run / "model.safetensors"))
    (run / "log.csv").write_text(
        "windows,loss,accuracy,validation_loss,validation_accuracy\n64,2,0.3,2.1,0.2\n128,1,0.6,1.5,0.5\n"
    )
    (run / "summary.json").write_text('{"train_loss": 1.0, "validation_loss": 1.5, "minutes": 3, "model": "x"}')
    arguments = ["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", str(run)]
    assert main(arguments) == 0
    summary = json.loads((clips / "out" / "summary.json").read_text())
    assert summary["training"] == {"train_loss": 1.0, "validation_loss": 1.5, "minutes": 3}
    assert cv2.imread(str(clips / "out" / "curves.png")) is not None


@pytest.mark.parametrize(
    "options, words",
    [
        (["--rates", "0"], "frames per second"),
        (["--rate", "0"], "frames per second"),
        (["--rates", "9", "--compare", "x"], "two reports"),
        (["--compare", "nowhere"], "no model nowhere"),
        (["--rates", "9", "--method", "copy"], "takes --resampling"),
        (["--estimate-at-rate"], "give --rates"),
    ],
)
def test_wrong_requests_end_in_one_line(clips, model, capsys, options, words):
    arguments = ["evaluate", "--clips", str(clips / "clips.csv"), "--out", str(clips / "out"), "--model", model]
    assert main(arguments + options) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_a_missing_table_or_model_ends_in_one_line(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["evaluate", "--clips", str(tmp_path / "none.csv"), "--out", out, "--model", "none"]) == 2
    assert "none" in capsys.readouterr().err
