import os
import subprocess

import numpy as np
import pytest

from rehab_coach.dataset import Entry, LabelledClip, SetWriter
from rehab_coach.skeleton import SkeletonSequence

LABELS = ("squat", "lunge", "unknown")


def _person(seed=0, frames=12, rate=30.0, size=(340, 256)):
    low, high = (0.05, 0.05, 0.1), (0.95, 0.95, 1.0)
    key_points = np.random.default_rng(seed).uniform(low, high, (frames, 18, 3)) * (*size, 1)
    return SkeletonSequence(key_points, np.arange(frames) / rate, size)


@pytest.fixture
def make_person():
    """make_person(seed, frames, rate, size): somebody whose joints lie anywhere in the picture."""
    return _person


@pytest.fixture
def make_clip():
    """make_clip(name, label, group, *people) -> LabelledClip"""

    def make(name, label="squat", group="", *people):
        return LabelledClip(Entry(name, label, LABELS.index(label), group), people or (_person(),))

    return make


@pytest.fixture
def make_set(tmp_path):
    """make_set(format, clips) -> path of a set that holds them."""

    def make(format, clips, name="set", labels=LABELS):
        path = str(tmp_path / ("a_" + format) / name)
        with SetWriter(path, format, labels) as writer:
            for clip in clips:
                writer.add(clip)
        return path

    return make


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder on a disk of 350 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=350k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("only root may mount a small disk to fill")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
