"""The picture of features is there for few people and for many sets."""

import cv2
import numpy as np
import pytest
import torch

from rehab_coach.identification.network import GaitNetwork
from rehab_coach.identification.pictures import plot_features


@pytest.mark.parametrize(
    "names", [["a", "b", "c"], ["set_%d:s%d:pocket" % (number % 3, number) for number in range(30)]]
)
def test_features(names, tmp_path):
    torch.manual_seed(0)
    people = np.repeat(np.arange(len(names)), 3)
    cycles = np.random.default_rng(0).normal(size=(len(people), 4, 100)).astype(np.float32)
    path = str(tmp_path / "features.png")
    plot_features(GaitNetwork(len(names), head=()).eval(), cycles, people, names, path)
    picture = cv2.imread(path)
    # The legend stands beside few names, below many of some sets; a corner of the axes' frame shows which.
    height, width = picture.shape[:2]
    dark = np.argwhere((picture.sum(axis=2) < 60).mean(axis=1) > 0.5)
    assert (dark.max() < 0.95 * height) == (len(names) > 24)
