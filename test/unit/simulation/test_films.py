import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.simulation import films
from rehab_coach.simulation.films import Order, produce
from rehab_coach.simulation.plan import Plan, clip_of
from rehab_coach.skeleton import SkeletonSequence

SMALL = dict(duration=(0.4, 0.6), rate=5.0, size=(96, 72), clips_per_person=2, seed=5)
EXERCISES = {"squat": 1.0, "push_up": 1.0, "waving": 1.0}


def packages():
    pytest.importorskip("anny")
    pytest.importorskip("trimesh")
    pytest.importorskip("moderngl")


def test_skeletons_and_truth_without_pictures(tmp_path):
    packages()
    order = Order(Plan(4, EXERCISES, **SMALL), str(tmp_path), ("truth",))
    assert list(produce(order)) == []
    rows = read_table(str(tmp_path / "skeletons.csv"), ("label", "file", "group", "estimator"))
    assert len(rows) == 4 and {row["estimator"] for row in rows} == {"truth"}
    assert len({row["group"] for row in rows}) == 2
    for number, row in enumerate(rows):
        clip = clip_of(order.plan, number)
        sequence = SkeletonSequence.load(str(tmp_path / row["file"]))
        assert row["label"] == clip.scene.label and sequence.size == (96, 72) and 2 <= len(sequence) <= 3
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if name.endswith((".mp4", ".png"))]


def test_the_learning_reads_the_table(tmp_path):
    packages()
    from rehab_coach.learning.sources import read_source

    list(produce(Order(Plan(4, EXERCISES, **SMALL), str(tmp_path), ("truth",))))
    problems = []
    samples = read_source("rendered", str(tmp_path), ("squat", "push_up", "unknown"), problems.append)
    assert len(samples) == 4 and not problems
    assert {sample.estimator for sample in samples} == {"truth"}


def test_videos_have_their_truth_beside_and_finished_ones_are_kept(tmp_path, monkeypatch):
    packages()
    plan = Plan(2, EXERCISES, **SMALL)
    list(produce(Order(plan, str(tmp_path))))
    rows = read_table(str(tmp_path / "clips.csv"), ("label", "file", "group"))
    assert [row["file"] for row in rows] == ["clips/%s.mp4" % clip_of(plan, number).name for number in range(2)]
    there = {name: os.stat(tmp_path / "clips" / name).st_mtime_ns for name in os.listdir(tmp_path / "clips")}
    endings = sorted(name.split(".")[-1] for name in there)
    assert endings == sorted(["mp4", "npz", "mot", "trc", "json"] * 2)
    made = []
    monkeypatch.setattr(films, "make", lambda order, number: made.append(number) or "")
    list(produce(Order(Plan(3, EXERCISES, **SMALL), str(tmp_path))))
    assert made == [2]
    assert all(os.stat(tmp_path / "clips" / name).st_mtime_ns == then for name, then in there.items())


def test_a_folder_keeps_to_its_plan(tmp_path):
    (tmp_path / "plan.json").write_text(Plan(2, EXERCISES, **SMALL).as_json() + "\n")
    with pytest.raises(RehabCoachError, match="was made from another plan"):
        list(produce(Order(Plan(2, {"lunge": 1.0}, **SMALL), str(tmp_path))))


def test_a_film_that_cannot_be_made_is_told_and_the_others_are_made(tmp_path, monkeypatch):
    def make(order, number):
        return "left out: %d: the camera sees nobody" % number if number != 1 else ""

    monkeypatch.setattr(films, "make", make)
    problems = list(produce(Order(Plan(3, EXERCISES, **SMALL), str(tmp_path))))
    assert len(problems) == 2
    monkeypatch.setattr(films, "make", lambda order, number: "left out: %d" % number)
    with pytest.raises(RehabCoachError, match="no film of the plan could be made"):
        list(produce(Order(Plan(3, EXERCISES, **SMALL), str(tmp_path))))


def test_a_full_disk_ends_the_run(tmp_path, monkeypatch):
    packages()

    def full(*_):
        raise RehabCoachError("cannot write x: No space left on device")

    monkeypatch.setattr(films, "write_truth", full)
    with pytest.raises(RehabCoachError, match="No space left"):
        list(produce(Order(Plan(3, EXERCISES, **SMALL), str(tmp_path), ("truth",))))


def test_a_killed_run_goes_on(tmp_path):
    """Killed without warning; what is there afterwards is whole, and the next run makes the rest."""
    packages()
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "clips: 6\nclips_per_person: 3\nexercises: {squat: 1, lunge: 1}\n"
        "duration: [0.4, 0.5]\nrate: 5\nsize: [96, 72]\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "rehab_coach.cli.main", "render", "--plan", str(plan), "--out", str(out)]
    command += ["--skeletons-only", "--estimator", "truth"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(2400):
        done = (
            [name for name in os.listdir(out / "truth") if name.endswith(".json")] if (out / "truth").exists() else []
        )
        if done or running.poll() is not None:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert done
    for name in done:
        json.loads((out / "truth" / name).read_text())
    again = subprocess.run(command + ["--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert again.returncode == 0, again.stderr
    assert "6 of 6 films" in again.stdout
    rows = read_table(str(out / "skeletons.csv"), ("label", "file"))
    assert len(rows) == 6
    assert all(np.isfinite(SkeletonSequence.load(str(out / row["file"])).key_points).all() for row in rows)
