"""A body's bones without the body model: an adult's, arms and legs a little apart, elbows bent."""

import numpy as np
import pytest

from rehab_coach.simulation.posing import Skeleton

MIDDLE = [
    ("root", -1, (0, 0, 1.00)),
    ("spine05", "root", (0, 0, 1.00)),
    ("spine03", "spine05", (0, 0.02, 1.15)),
    ("spine01", "spine03", (0, 0.04, 1.33)),
    ("neck01", "spine01", (0, 0, 1.50)),
    ("head", "neck01", (0, -0.04, 1.60)),
]
SIDE = [
    ("pelvis", "root", (0, 0, 1.00)),
    ("upperleg01", "pelvis", (0.10, 0, 0.95)),
    ("lowerleg01", "upperleg01", (0.13, -0.02, 0.52)),
    ("foot", "lowerleg01", (0.16, 0.02, 0.08)),
    ("toe2-1", "foot", (0.17, -0.14, 0.03)),
    ("clavicle", "spine01", (0.02, -0.02, 1.45)),
    ("shoulder01", "clavicle", (0.10, -0.02, 1.46)),
    ("upperarm01", "shoulder01", (0.17, 0, 1.43)),
    ("lowerarm01", "upperarm01", (0.36, 0, 1.22)),
    ("wrist", "lowerarm01", (0.49, -0.18, 1.09)),
    ("finger3-1", "wrist", (0.53, -0.25, 1.04)),
    ("finger3-3", "finger3-1", (0.55, -0.29, 1.01)),
]


@pytest.fixture(scope="session")
def skeleton():
    bones = list(MIDDLE)
    for end, sign in ((".R", -1), (".L", 1)):
        bones += [
            (name + end, parent if parent in ("root", "spine01") else parent + end, (sign * x, y, z))
            for name, parent, (x, y, z) in SIDE
        ]
    labels = [bone[0] for bone in bones]
    parents = [-1 if bone[1] == -1 else labels.index(bone[1]) for bone in bones]
    heels = {"R": np.array([-0.16, 0.07, 0.0]), "L": np.array([0.16, 0.07, 0.0])}
    return Skeleton(labels, parents, np.array([bone[2] for bone in bones], float), heels)
