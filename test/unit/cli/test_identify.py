"""From CSV files to an answer, as a user has them; and what is wrong with them."""

import os
import re

import numpy as np
import pytest

from rehab_coach.cli.main import main


def write_squats(path, person, seed, unit=1.0, name="time,ax,ay,az,gx,gy,gz", repetitions=5):
    """Repetitions at 50 Hz, swung in the person's own way."""
    own, draw = np.random.default_rng(1000 + person), np.random.default_rng(seed)
    period = own.uniform(2, 3)
    times = np.arange(int(50 * (repetitions + 2) * period)) / 50
    phase = 2 * np.pi * np.clip(times / period - 1, 0, repetitions)
    moving = (phase > 0) & (phase < 2 * np.pi * repetitions)
    swing = sum(
        own.normal(0, 0.3, 3) * np.sin((k + 1) * phase + own.uniform(0, 2) + draw.normal(0, 0.03))[:, None]
        for k in range(3)
    )
    swing = (swing + np.sin(phase)[:, None] * [0, 1.5, 0]) * moving[:, None] + draw.normal(0, 0.02, (len(times), 3))
    accelerometer = np.array([0, 0, 9.81]) + 2 * swing[:, [1, 2, 0]] + draw.normal(0, 0.05, (len(times), 3))
    rows = np.column_stack([times, accelerometer * unit, swing])
    np.savetxt(path, rows, delimiter=",", header=name, comments="", fmt="%.5f")
    return str(path)


@pytest.fixture
def people(tmp_path):
    folder = str(tmp_path / "people")
    for person in (1, 2, 3):
        paths = [write_squats(tmp_path / ("%d_%d.csv" % (person, seed)), person, seed) for seed in range(3)]
        assert main(["identify", "enrol", "P-%d" % person, *paths, "--people", folder]) == 0
    return folder


def test_from_csv_to_the_person(people, tmp_path, capsys):
    for person in (1, 2, 3):
        path = write_squats(tmp_path / "today.csv", person, 9)
        capsys.readouterr()
        assert main(["identify", "match", path, "--people", people]) == 0
        assert capsys.readouterr().out.startswith("%s: P-%d (" % (path, person))


def test_who_is_unknown_is_said_with_the_nearest(people, tmp_path, capsys):
    path = write_squats(tmp_path / "today.csv", 7, 9)
    capsys.readouterr()
    assert main(["identify", "match", path, "--people", people]) == 0
    assert re.match(r".*today.csv: unknown \(nearest: P-\d, \d+ % likely\)", capsys.readouterr().out)


def test_one_repetition_is_enough_to_ask_and_too_little_to_enrol(people, tmp_path, capsys):
    path = write_squats(tmp_path / "today.csv", 2, 9, repetitions=2)
    capsys.readouterr()
    assert main(["identify", "match", path, "--people", people]) == 0
    assert "record three to be surer" in capsys.readouterr().out
    assert main(["identify", "enrol", "P-9", path, "--people", people]) == 2
    assert "only one repetition is found" in capsys.readouterr().err


def test_other_units(people, tmp_path, capsys):
    path = write_squats(tmp_path / "today.csv", 2, 9, 1 / 9.80665)
    assert main(["identify", "match", path, "--people", people]) == 2
    assert "that is g" in capsys.readouterr().err
    assert main(["identify", "match", path, "--people", people, "--acceleration", "g"]) == 0
    assert ": P-2 (" in capsys.readouterr().out


def test_a_file_that_cannot_be_used_is_named_and_hides_no_answer(people, tmp_path, capsys):
    good, gap = (write_squats(tmp_path / name, 2, 9) for name in ("good.csv", "gap.csv"))
    lines = open(gap).read().splitlines()
    (tmp_path / "gap.csv").write_text("\n".join(lines[:300] + lines[360:]))
    capsys.readouterr()
    assert main(["identify", "match", gap, good, "--people", people]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("%s: P-2 (" % good)
    assert told.err.startswith("rehab-coach identify: %s: the sensor gave nothing for 1.2 s" % gap)
    assert main(["identify", "enrol", "P-9", good, gap, "--people", people]) == 2
    assert capsys.readouterr().err.startswith("rehab-coach identify: %s: the sensor gave nothing" % gap)


def test_a_recording_of_another_sensor_is_named(tmp_path, capsys):
    folder = str(tmp_path / "people")
    turn = write_squats(tmp_path / "turn.csv", 1, 0, name="time,a,b,c,gx,gy,gz")
    assert main(["identify", "enrol", "P-1", turn, "--people", folder]) == 0
    other = write_squats(tmp_path / "other.csv", 1, 1, name="time,ax,ay,az,a,b,c")
    assert main(["identify", "match", other, "--people", folder]) == 2
    assert "%s: nobody was enrolled with what was measured now" % other in capsys.readouterr().err


def test_copies_of_one_recording_are_not_several(tmp_path, capsys):
    one = write_squats(tmp_path / "one.csv", 2, 9)
    table = np.loadtxt(one, delimiter=",", skiprows=1)
    table[:, 1:] += 1e-4
    copy = str(tmp_path / "copy.csv")
    np.savetxt(copy, table, "%.5f", ",", header="time,ax,ay,az,gx,gy,gz", comments="")
    folder = str(tmp_path / "people")
    for files in ((one, copy), (one, one)):
        assert main(["identify", "enrol", "P-1", *files, "--people", folder, "--sure"]) == 2
        assert "%s and %s are the same recording" % files in capsys.readouterr().err
    assert not os.path.exists(folder)


def test_templates_are_for_their_owner_alone(tmp_path):
    folder = tmp_path / "people"
    assert main(["identify", "enrol", "P-1", write_squats(tmp_path / "a.csv", 1, 0), "--people", str(folder)]) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "P-1.npz").stat().st_mode & 0o777 == 0o600


def test_nothing_is_enrolled_on_a_doubt(people, tmp_path, capsys):
    paths = [write_squats(tmp_path / ("a%d.csv" % person), person, 5) for person in (1, 2, 3)]
    assert main(["identify", "enrol", "P-9", *paths, "--people", people]) == 2
    assert "do not look like one person" in capsys.readouterr().err
    assert main(["identify", "enrol", "P-9", *paths[:2], "--people", people]) == 2
    said = capsys.readouterr().err
    assert "a1.csv and" in said and "a2.csv do not look like one person" in said and ". Nobody was enrolled; " in said
    again = write_squats(tmp_path / "again.csv", 1, 9)
    assert main(["identify", "enrol", "P-9", again, "--people", people]) == 2
    assert "this looks like P-1, who is enrolled already" in capsys.readouterr().err
    assert main(["identify", "enrol", "P-1", paths[0], "--people", people]) == 2
    said = capsys.readouterr().err
    there = tmp_path / "people" / "P-1.npz"
    assert "P-1 is enrolled already: delete %s first, or choose another name" % there in said
    assert sorted(path.name for path in (tmp_path / "people").iterdir()) == ["P-1.npz", "P-2.npz", "P-3.npz"]


@pytest.mark.parametrize(
    "action", [["identify", name] for name in ("enrol", "match", "evaluate", "skeletons")] + [["patient", "enrol"]]
)
def test_help_has_examples_of_the_action(action, capsys):
    with pytest.raises(SystemExit):
        main([*action, "--help"])
    assert capsys.readouterr().out.count("\n  rehab-coach %s " % " ".join(action)) == 2


def test_the_first_axis_can_be_turned_round(tmp_path):
    path = write_squats(tmp_path / "a.csv", 1, 0)
    enrol = ["identify", "enrol", "P-1", path, "--people", str(tmp_path / "people")]
    assert main(enrol + ["--columns=-ax,-ay,az,-gx,-gy,gz"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["match", "--people", "none"], "nobody is enrolled"),
        (["enrol", "P-1", "--people", "none"], "name a recording"),
        (["enrol", "../P-1", "a.csv", "--people", "none"], "pseudonym"),
        (["enrol", "P-1", "missing.csv", "--people", "none"], "cannot read missing.csv"),
        (["evaluate", "--data", "none", "--out", "report"], "there is no folder none; docs/identification.md"),
        (["evaluate", "--data", ".", "--out", "report"], "there is no imu/pocket_transitions in .; docs"),
        (["train", "missing.yaml", "--data", "none", "--out", "none"], "cannot read the recipe"),
        (["evaluate", "--data", "none", "--out", "none", "--case", "dance"], "no case 'dance'"),
        (["fit", "--data", "none", "--write", "model.safetensors"], "none of the sets"),
        (["fit", "--data", "none", "--rendered", "none", "--write", "m.safetensors"], "no key points in none/truth"),
        (["skeletons", "--data", "none"], "cannot read none/mocap/ui_prmd"),
        (["skeletons", "--data", "none", "--rendered", "none"], "there are no key points in none/truth"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["identify", *arguments]) == 2
    told = capsys.readouterr()
    assert said in told.err and not told.out
    assert not list(tmp_path.iterdir())
