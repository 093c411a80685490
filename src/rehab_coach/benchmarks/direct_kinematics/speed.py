"""Frames a second by batch, with and without OpenSim."""

import time
from typing import Callable, Dict, List, Optional

import numpy as np
import torch

from rehab_coach.benchmarks.direct_kinematics.multi_step import MarkersThenOpenSim
from rehab_coach.benchmarks.direct_kinematics.tables import Row, Table
from rehab_coach.direct_kinematics.data import Points, Recording
from rehab_coach.direct_kinematics.networks import KinematicsNetwork

BATCHES = (1, 16, 64, 128, 256)
LEAST = 0.1
"""Seconds of processor time that are measured at least."""


def measure(
    network: KinematicsNetwork, points: Points, recording: Recording, multi_step: Optional[MarkersThenOpenSim]
) -> Table:
    """Frames per second of processor time on one thread, without the pose network's.

    Args:
        network: whose batches are frames that follow each other.
        points: of the skeleton.
        recording: whose frames are taken, again and again.
        multi_step: the other way, None = without it.
    """
    ways: Dict[str, Callable[[torch.Tensor], object]] = {
        "network": network,
        "network and the skeleton's layer": lambda features: _through(network, points, features),
    }
    if multi_step:
        solve = multi_step.solve
        ways["markers, then OpenSim"] = lambda features: solve(_stamps(features), features[0].numpy())
    frames = np.resize(recording.features, (max(BATCHES), recording.features.shape[1]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            rows: List[Row] = [
                [name, *("%.0f" % _rate(way, torch.from_numpy(frames[None, :batch])) for batch in BATCHES)]
                for name, way in ways.items()
            ]
    finally:
        torch.set_num_threads(threads)
    return Table(
        "speed",
        "Frames per second of processor time by batch, one thread, without the pose network",
        ("", *map(str, BATCHES)),
        rows,
    )


def _through(network: KinematicsNetwork, points: Points, features: torch.Tensor) -> torch.Tensor:
    guess = network(features)
    return points(*(part[0] for part in guess))


def _stamps(features: torch.Tensor) -> np.ndarray:
    return np.arange(features.shape[1]) / 10


def _rate(way: Callable[[torch.Tensor], object], features: torch.Tensor) -> float:
    way(features)  # the first call makes plans
    start, done = time.process_time(), 0
    while time.process_time() - start < LEAST:
        way(features)
        done += features.shape[1]
    return done / (time.process_time() - start)
