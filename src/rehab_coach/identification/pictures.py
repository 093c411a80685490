"""Pictures of what a network makes of people."""

from typing import Sequence

import numpy as np
import torch

from rehab_coach.identification.network import GaitNetwork
from rehab_coach.plotting import new_figure, save_figure

MOST = 1500
"""Cycles in a picture."""

MOST_NAMES = 24
"""People up to whom the legend names each."""

MARKERS = "o^sDPX"
"""Of the sets, in the order of their names."""


def plot_features(
    network: GaitNetwork, cycles: np.ndarray, people: np.ndarray, names: Sequence[str], path: str, seed: int = 0
) -> None:
    """The features of cycles on a plane (t-SNE), a colour for each person.

    Args:
        network: whose features.
        cycles: (n, 4, 100), n >= 4.
        people: int (n,), whose they are.
        names: of the people; one that begins with "SET:" has the marker of its set.
        path: the PNG file to write.
        seed: of the choice of cycles and of t-SNE.
    """
    from matplotlib import colormaps
    from sklearn.manifold import TSNE

    chosen = np.random.default_rng(seed).permutation(len(cycles))[:MOST]
    with torch.no_grad():
        features = network.features(network.inputs(cycles[chosen])).numpy()
    perplexity = min(30.0, (len(chosen) - 1) / 3)
    places = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(features)
    figure = new_figure(7, 6.4)
    axis = figure.subplots()
    colours = colormaps["turbo"](np.linspace(0, 1, len(names)))
    groups = sorted({name.split(":")[0] for name in names if ":" in name})
    for number, name in enumerate(names):
        own = places[people[chosen] == number]
        marker = MARKERS[groups.index(name.split(":")[0]) % len(MARKERS)] if groups else MARKERS[0]
        axis.scatter(own[:, 0], own[:, 1], s=14, color=colours[number], marker=marker, linewidths=0, label=name)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_title("the 80 features of %d cycles of %d people, by t-SNE" % (len(chosen), len(names)))
    if len(names) <= MOST_NAMES:
        figure.legend(loc="outside right center", fontsize=8)
    elif groups:
        shapes = [axis.scatter([], [], s=30, color="grey", marker=marker) for marker, _ in zip(MARKERS, groups)]
        figure.legend(shapes, [name.replace("_", " ") for name in groups], loc="outside lower center", ncols=4)
    save_figure(figure, path)
