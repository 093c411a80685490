"""Kills, full disks and several processes: the whole command, small."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import yaml

from rehab_coach.cli.main import main
from rehab_coach.recognition.model_file import load_model

RECIPE = {
    "labels": ["squat", "jumping_jack", "unknown"],
    "sources": {"penn": 1},
    "window": 16,
    "channels": [8, 8],
    "strides": [2, 2],
    "dropout": 0.2,
    "windows": 320,
    "batch": 8,
    "log_every": 40,
    "validation": 0.2,
    "idle_share": 0.5,
}
# One thread: sums of several may differ in the last bit from run to run.
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def data(tmp_path, samples):
    """A data folder with one made-up set, and a recipe."""
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


def command(data, out, *more):
    return ["train", str(data / "recipe.yaml"), "--data", str(data / "data"), "--out", str(data / out), *more]


def in_a_process(arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "rehab_coach.cli.main"] + arguments,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **options,
    )


def weights(data, out):
    return load_model(str(data / out / "model.safetensors"))[0].state_dict()


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(data, capsys):
    process = in_a_process(command(data, "killed", "--loaders", "1"))
    log = data / "killed" / "log.csv"
    deadline = time.monotonic() + 300
    while not (log.exists() and len(log.read_text().splitlines()) >= 3):
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (data / "killed" / "model.safetensors").exists()
    lines = log.read_text()

    assert main(command(data, "killed", "--seed", "9")) == 2  # another run's checkpoint is not taken
    assert "--anew" in capsys.readouterr().err
    assert main(command(data, "killed", "--loaders", "0")) == 0
    assert main(command(data, "whole", "--loaders", "0")) == 0
    for (name, one), other in zip(weights(data, "killed").items(), weights(data, "whole").values()):
        assert torch.equal(one, other), name
    finished = log.read_text()
    assert finished.startswith("\n".join(lines.splitlines()[:2])) and len(finished.splitlines()) == 9
    assert not (data / "killed" / "checkpoint.pt").exists()


def test_a_full_disk_ends_in_one_line_and_costs_nothing_that_was_finished(data):
    import resource

    def limit():  # no file may grow beyond this: what a full disk does, also for root
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    process = in_a_process(command(data, "full", "--loaders", "0"), preexec_fn=limit)
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 2, output
    assert "rehab-coach train: cannot write" in output.splitlines()[-1] and "Traceback" not in output
    assert not [name for name in os.listdir(str(data / "full")) if name.startswith(".partial")]
    assert main(command(data, "full", "--loaders", "0")) == 0


def test_two_processes_train_one_network(data):
    process = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        + ["-m", "rehab_coach.cli.main"]
        + command(data, "two", "--loaders", "0"),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 0, output
    with open(str(data / "two" / "log.csv"), newline="") as stream:
        history = list(csv.DictReader(stream))
    assert [int(line["windows"]) for line in history] == [40 * number for number in range(1, 9)]
    assert float(history[-1]["loss"]) < float(history[0]["loss"])
    assert output.count("million parameters") == 1
    assert "2" in (data / "two" / "summary.json").read_text().split('"processes":')[1][:4]
