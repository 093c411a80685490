"""The skeleton as a graph, and how ST-GCN divides each joint's neighbourhood."""

from typing import Dict, Tuple

import numpy as np

from rehab_coach.skeleton import COCO_18, Layout

PARTITIONS = ("root", "centripetal", "centrifugal")

# The published network hangs the hips on the shoulders, not on the neck as OpenPose's drawing does.
_TORSO = {
    "coco_18": {
        ("neck", "right_hip"): ("right_shoulder", "right_hip"),
        ("neck", "left_hip"): ("left_shoulder", "left_hip"),
    }
}


def edges(layout: Layout = COCO_18) -> Tuple[Tuple[int, int], ...]:
    """Pairs of joints that the network connects: the layout's limbs, the torso as published."""
    exchanged: Dict[Tuple[str, str], Tuple[str, str]] = _TORSO.get(layout.name, {})
    names = [(layout.joints[first], layout.joints[second]) for first, second in layout.limbs]
    return tuple(
        (layout.index(first), layout.index(second)) for first, second in (exchanged.get(pair, pair) for pair in names)
    )


def hop_distance(layout: Layout = COCO_18) -> np.ndarray:
    """Edges on the shortest path between any two joints: float (V, V), infinite where there is none."""
    distance = np.full((len(layout), len(layout)), np.inf)
    np.fill_diagonal(distance, 0)
    for first, second in edges(layout):
        distance[first, second] = distance[second, first] = 1
    for via in range(len(layout)):
        distance = np.minimum(distance, distance[:, via, None] + distance[None, via, :])
    return distance


def spatial_configuration_adjacency(layout: Layout = COCO_18, centre: str = "neck") -> np.ndarray:
    """Spatial configuration partitioning (Yan, Xiong and Lin: ST-GCN, AAAI 2018, section 3.4).

    The neighbourhood of a joint (itself and the joints one edge away) falls into three sets, each with
    weights of its own: the root (the joint itself and neighbours as far from the centre as it), the
    centripetal neighbours (nearer to the centre than the joint) and the centrifugal ones (farther). Distance
    is the number of edges to the centre. The published code measures it only up to one edge, so that beyond
    the shoulders every neighbour counts as root; here it is the whole distance, as the paper says.

    Args:
        layout: which joints there are.
        centre: the joint that stands for the skeleton's centre of gravity; the published code takes the neck.

    Returns:
        float32 (3, V, V), `[set, from, to]`: what the joint `to` takes from the joint `from`. The sum of the
        sets is A D^-1 (adjacency with self-loops, each column divided by its sum), a mean over the
        neighbourhood.

    Raises:
        ValueError: the layout has no joint of the centre's name, or its graph is not connected.
    """
    distance = hop_distance(layout)
    if not np.isfinite(distance).all():
        raise ValueError("the limbs of the layout '%s' do not connect all of its joints" % layout.name)
    neighbours = distance <= 1
    mean = neighbours / neighbours.sum(axis=0, keepdims=True)
    to_centre = distance[layout.index(centre)]
    source, target = to_centre[:, None], to_centre[None, :]
    sets = (source == target, source < target, source > target)
    return np.stack([np.where(chosen, mean, 0) for chosen in sets]).astype(np.float32)
