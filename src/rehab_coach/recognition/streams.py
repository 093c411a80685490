"""What the network sees of a skeleton besides the places of its joints.

Bones and motion as further channels of one network's input: Song, Zhang, Shan and Wang, "Constructing Stronger and
Faster Baselines for Skeleton-based Action Recognition", IEEE TPAMI 2022, section 3.2 (the branches of their input,
here joined before the first layer).
"""

from typing import Sequence, Tuple

import numpy as np
import torch

from rehab_coach.recognition.graph import hop_distance
from rehab_coach.skeleton import Layout

STREAMS = {"joint": 3, "bone": 2, "motion": 2}
"""Channels of each stream: joints x, y, score; bones x, y from the neighbour that is nearer to the neck; motion x, y
from the frame before. Bone and motion are zero where one of their two ends is not seen."""


def stream_channels(streams: Sequence[str]) -> int:
    """Channels of the streams together."""
    return sum(STREAMS[stream] for stream in streams)


def nearer_neighbours(layout: Layout, centre: str = "neck") -> Tuple[int, ...]:
    """For each joint one that is an edge nearer to the centre; the centre's is itself."""
    distance = hop_distance(layout)
    to_centre = distance[:, layout.index(centre)]
    return tuple(
        joint if to_centre[joint] == 0 else int(np.argmax((distance[joint] == 1) & (to_centre == to_centre[joint] - 1)))
        for joint in range(len(layout))
    )


def add_streams(windows: torch.Tensor, streams: Sequence[str], neighbours: Sequence[int]) -> torch.Tensor:
    """(N, 3, T, V, M) x, y, score -> (N, C, T, V, M), the streams in the order of `streams`."""
    if tuple(streams) == ("joint",):
        return windows
    places, seen = windows[:, :2], windows[:, 2:] > 0
    parts = {"joint": windows}
    if "bone" in streams:
        ends = list(neighbours)
        parts["bone"] = (places - places[:, :, :, ends]) * (seen & seen[:, :, :, ends])
    if "motion" in streams:
        both = seen[:, :, 1:] & seen[:, :, :-1]
        motion = torch.zeros_like(places)
        motion[:, :, 1:] = (places[:, :, 1:] - places[:, :, :-1]) * both
        parts["motion"] = motion
    return torch.cat([parts[stream] for stream in streams], dim=1)
