"""Which network keeps up with the camera on the machine at hand."""

import time
from typing import List, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.network_file import NetworkFile, find_network, network_names
from rehab_coach.pose.networks import Network, create_network

AUTO = "auto"
"""What the robot's parameter says for a network to be chosen here."""
RATE = 30.0
"""Pictures per second that are to be kept, whole ones."""
TRIES = 7


def choose_network(
    size: Sequence[int],
    backend: str = "auto",
    precision: str = "f32",
    threads: int = 0,
    rate: float = RATE,
) -> Tuple[str, str]:
    """The best network that keeps a rate here, by the `quality` in its contract and then its stages; else the fastest.

    Args:
        size: width and height of the input.
        backend, precision, threads: see `create_network`.
        rate: pictures per second.

    Returns:
        Its name, and a sentence that says what was measured.

    Raises:
        RehabCoachError: no network can be run here; the reason is the best one's.
    """
    networks = sorted(map(find_network, network_names()), key=lambda network: (-network.quality, -network.stages))
    measured: List[Tuple[float, NetworkFile]] = []
    reasons: List[RehabCoachError] = []
    for network in networks:
        try:
            made = create_network(backend, precision, threads, network)
        except RehabCoachError as error:  # not fetched, or not for this backend
            reasons.append(error)
            continue
        measured.append((1 / time_network(made, size), network))
        if measured[-1][0] >= rate:
            break
    if not measured:
        raise reasons[0]
    reached, chosen = max(measured, key=lambda pair: (min(pair[0], rate), pair[0]))
    found = ", ".join("%s %.0f" % (network.name, speed) for speed, network in measured)
    kept = "keeps" if reached >= rate else "is the fastest, and does not keep"
    return chosen.name, "network %s %s %.0f pictures per second here (%s)" % (chosen.name, kept, rate, found)


def time_network(network: Network, size: Sequence[int]) -> float:
    """Median seconds for a picture of a width and height."""
    picture = np.random.default_rng(0).uniform(0, 255, (size[1], size[0], 3)).astype(np.float32)
    network(picture)  # the first one of a shape takes longer
    seconds = []
    for _ in range(TRIES):
        started = time.perf_counter()
        network(picture)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))
