"""The whole `rehab-coach train`, small."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
import yaml

from rehab_coach.cli.main import main
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.run import Options, train_recipe
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.streaming import StreamingRecognizer

RECIPE = {
    "labels": ["squat", "jumping_jack", "unknown"],
    "sources": {"penn": 1},
    "window": 32,
    "channels": [8, 16],
    "strides": [2, 2],
    "windows": 64,
    "batch": 16,
    "log_every": 32,
}


@pytest.fixture
def data(tmp_path, samples):
    """A data folder with one made-up set."""
    folder = tmp_path / "data" / "skeletons"
    folder.mkdir(parents=True)
    chosen = [sample for sample in samples if sample.source == "penn"]
    with open(str(folder / "sequences_2d.csv"), "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["sequence", "source", "label", "group", "fps"])
        writer.writerows([number, "penn", sample.label, sample.group, 30] for number, sample in enumerate(chosen))
    np.savez(
        str(folder / "sequences_2d.npz"),
        offsets=np.cumsum([0] + [len(sample.sequence) for sample in chosen]),
        frames=np.concatenate([sample.sequence.key_points for sample in chosen]),
    )
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    return tmp_path


def test_a_run_leaves_a_model_with_its_record(data, figure):
    out = data / "run"
    arguments = ["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out", str(out), "--seed", "7"]
    assert main(arguments) == 0
    recognizer = Recognizer.load(str(out / "model.safetensors"))
    assert recognizer.labels == ("squat", "jumping_jack", "unknown")
    assert recognizer.recognize(figure("squat")).probabilities.sum() == pytest.approx(1, abs=1e-4)
    record = json.loads((out / "run.json").read_text())
    for key in ("settings", "revision", "data_sha256", "date", "minutes", "torch"):
        assert key in record
    assert recognizer.contract.training["data_sha256"] == record["data_sha256"]
    assert make_recipe(yaml.safe_load((out / "recipe.yaml").read_text())).seed == 7
    assert {path.name for path in out.iterdir()} == {
        ".lock",
        "model.safetensors",
        "run.json",
        "summary.json",
        "recipe.yaml",
        "log.csv",
        "curves.png",
        "tensorboard",
    }
    summary = json.loads((out / "summary.json").read_text())
    assert summary["device"]["kind"] == "cpu" and summary["device"]["name"] and summary["device"]["cores"] >= 1
    assert summary["minutes"] > 0 and summary["windows"] == 64 and summary["train_loss"] > 0


def test_a_threshold_is_chosen_on_all_validation_parts_but_not_on_what_is_judged_with_it(data, monkeypatch):
    asked = []

    def choose(answers, recipe):
        asked.append(Counter(answer.sample.group for answer in answers))
        return {"threshold": len(asked) / 10}

    monkeypatch.setattr("rehab_coach.learning.fold_training.choose_threshold", choose)
    changes = {"validation": 0.25, "folds": 2, "judged": ["penn"]}
    (data / "recipe.yaml").write_text(yaml.safe_dump(dict(RECIPE, **changes)))
    out = data / "run"
    assert main(["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out", str(out)]) == 0
    folds = [load_model(str(out / "cross_validation" / name / "model.safetensors"))[1] for name in ("fold-1", "fold-2")]
    assert [fold.unknown_threshold for fold in folds] == [0.1, 0.2]
    validated = [set(fold.training["validated"]) for fold in folds]
    for fold, groups in zip(folds, asked):
        held_out = set(fold.training["held_out"])
        assert not held_out & set(groups) and set(groups) >= set.union(*validated) - held_out
    # Each person has two sequences; the model's own part comes on top.
    assert sum(asked[2].values()) > 2 * sum(len(part) for part in validated)
    assert load_model(str(out / "model.safetensors"))[1].unknown_threshold == 0.3
    assert json.loads((out / "summary.json").read_text())["unknown_threshold"] == 0.3


def test_a_finished_run_is_not_overwritten(data, capsys):
    out = data / "run"
    out.mkdir()
    (out / "model.safetensors").write_bytes(b"")
    assert main(["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out", str(out)]) == 2
    assert "finished run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"--data": "nowhere"}, "no data folder"),
        ({"--workers": "0"}, "--workers"),
        ({"--folds": "3"}, "folds"),
        ({"--seed": "-1"}, "seed"),
    ],
)
def test_wrong_arguments_end_in_one_line(data, capsys, changes, words):
    options = dict({"--data": str(data / "data"), "--out": str(data / "run")}, **changes)
    code = main(["train", str(data / "recipe.yaml")] + [word for pair in options.items() for word in pair])
    assert code == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_the_number_of_processes_bounds_the_extraction_as_well(data, samples, monkeypatch):
    asked = []

    def clip_samples(clips_csv, labels, estimators, cache, rate, report, workers):
        asked.append(workers)
        return [sample for sample in samples if sample.source == "clips"]

    monkeypatch.setattr("rehab_coach.learning.run.clip_samples", clip_samples)
    (data / "recipe.yaml").write_text(yaml.safe_dump(dict(RECIPE, sources={"penn": 1, "clips": 1})))
    assert (
        main(
            [
                "train",
                str(data / "recipe.yaml"),
                "--data",
                str(data / "data"),
                "--out",
                str(data / "run"),
                "--workers",
                "2",
            ]
        )
        == 0
    )
    assert asked == [2]


def test_two_processes_train_what_one_does(data):
    logs = []
    for workers in (1, 2):
        out = data / str(workers)
        train_recipe(str(data / "recipe.yaml"), Options(str(data / "data"), str(out), workers=workers))
        with open(str(out / "log.csv"), newline="") as stream:
            logs.append([[float(line[key]) for key in ("windows", "loss")] for line in csv.DictReader(stream)])
    # The number of threads changes the order of sums, and the optimiser enlarges their rounding.
    np.testing.assert_allclose(logs[0], logs[1], rtol=1e-2)


def test_with_too_few_groups_none_is_set_aside_unless_patience_needs_them(data, capsys):
    few = dict(RECIPE, validation=0.05, unknown_threshold=0.4)
    (data / "recipe.yaml").write_text(yaml.safe_dump(few))
    arguments = ["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out"]
    assert main(arguments + [str(data / "run")]) == 0
    printed = capsys.readouterr()
    assert "needs 20 groups" in printed.out + printed.err
    assert "the threshold stays 0.4" in printed.out + printed.err
    assert load_model(str(data / "run" / "model.safetensors"))[1].unknown_threshold == 0.4
    (data / "recipe.yaml").write_text(yaml.safe_dump(dict(few, patience=2)))
    assert main(arguments + [str(data / "patient")]) == 2
    assert "needs 20 groups" in capsys.readouterr().err


def test_a_causal_recipe_leaves_groups_out_and_its_model_follows_streams(data, figure):
    (data / "data" / "strangers.csv").write_text("label,file,group\nsquat,a.mp4,person 3\n")
    recipe = dict(RECIPE, causal=True, normalisation="running_box", leave_out="strangers.csv")
    (data / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    out = data / "run"
    assert main(["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out", str(out)]) == 0
    assert json.loads((out / "run.json").read_text())["sequences"] == 22  # of twelve people, two each
    recognizer = StreamingRecognizer.load(str(out / "model.safetensors"))
    shown = figure("squat")
    for stamp, key_points in zip(shown.stamps, shown.key_points):
        so_far = recognizer.add(stamp, key_points, shown.size)
    assert so_far.probabilities.sum() == pytest.approx(1, abs=1e-4)
