import json
import os

import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.dataset import Entry, LabelledClip, SetWriter, open_set
from rehab_coach.skeleton import SkeletonSequence


@pytest.fixture
def large_set(tmp_path):
    """FOLDER/large: 5 classes x 6 persons, named PERSON_CLASS."""
    path, labels = str(tmp_path / "in" / "large"), tuple("abcde")
    with SetWriter(path, "kinetics", labels) as writer:
        for number, label in enumerate(labels):
            for person in range(6):
                key_points = np.random.default_rng(person).uniform(1, 250, (4, 18, 3))
                sequence = SkeletonSequence(key_points, np.arange(4) / 30, (340, 256))
                writer.add(LabelledClip(Entry("p%d_%s" % (person, label), label, number), (sequence,)))
    return path


def test_subset_then_convert(large_set, tmp_path, capsys):
    out = str(tmp_path / "small")
    command = ["dataset", "subset", large_set, "--classes", "d", "b", "--unknown", "9", "--out", out]
    assert main(command + ["--group-pattern", r"^(p\d)_", "--split", "0.5", "0.25", "0.25"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["train", "validation", "test"]
    sets = [open_set(os.path.join(out, name)) for name in ("train", "validation", "test")]
    assert [found.labels for found in sets] == [("d", "b", "unknown")] * 3
    assert sum(len(found) for found in sets) == 12 + 9
    groups = [{entry.group for entry in found.entries} for found in sets]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 6
    assert (
        main(["dataset", "convert", os.path.join(out, "train"), str(tmp_path / "packed/train"), "--to", "packed"]) == 0
    )
    assert "%d of %d clips" % (len(sets[0]), len(sets[0])) in capsys.readouterr().out
    assert np.load(str(tmp_path / "packed" / "train_data.npy"), mmap_mode="r").shape == (len(sets[0]), 3, 300, 18, 2)


def test_convert_tells_what_it_left_out(large_set, tmp_path, capsys):
    with open(large_set + "/p0_a.json") as stream:
        content = json.load(stream)
    content["data"][0]["skeleton"][0]["score"][2] = float("nan")
    with open(large_set + "/p0_a.json", "w") as stream:
        json.dump(content, stream)
    assert main(["dataset", "convert", large_set, str(tmp_path / "out" / "set"), "--to", "npz"]) == 0
    printed = capsys.readouterr().out
    assert "left out: " in printed and "p0_a" in printed and "29 of 30 clips" in printed


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["convert", "nowhere", "out/set", "--to", "npz"], "there is no set nowhere"),
        (["subset", "SET", "--classes", "z", "--out", "out"], "no clip of 'z'"),
        (["subset", "SET", "--classes", "a", "--out", "out"], "--groups or --group-pattern"),
        (["subset", "SET", "--classes", "a", "--unknown", "99", "--out", "out"], "there are 24"),
        (["inspect", "SET", "--out", "out", "--columns", "0"], "--columns"),
        (["from-videos", "nowhere.csv", "out"], "cannot read nowhere.csv"),
        (["from-videos", "nowhere.csv", "out", "--workers", "0"], "--workers must be 1"),
        (["from-videos", "nowhere.csv", "out", "--zoom", "9"], "zoom must be between"),
    ],
)
def test_what_the_user_can_put_right_is_said_in_one_line(arguments, reason, large_set, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = [large_set if argument == "SET" else argument for argument in arguments]
    assert main(["dataset"] + arguments) == 2
    error = capsys.readouterr().err.strip()
    assert reason in error and error.startswith("rehab-coach dataset: ") and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("action", ["from-videos", "convert", "subset", "inspect"])
def test_every_action_explains_itself(action, capsys):
    with pytest.raises(SystemExit) as end:
        main(["dataset", action, "--help"])
    assert end.value.code == 0 and "usage: rehab-coach dataset " + action in capsys.readouterr().out
