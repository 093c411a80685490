"""A causal ST-GCN while the frames come: each goes through the network once, whatever came before is kept.

The idea is that of continual inference: Hedegaard and Iosifidis, "Continual 3D Convolutional Neural Networks for
Real-time Processing of Videos" (ECCV 2022); Hedegaard, Heidari and Iosifidis, "Continual Spatio-Temporal Graph
Convolutional Networks" (Pattern Recognition 140, 2023). Theirs take the weights of a network that looks half a kernel
ahead in each layer, so that the answer comes as much later (here it would be 3 s). This one is trained not to look
ahead.
"""

from typing import Tuple, cast

import torch
from torch import nn

from rehab_coach.recognition.fused import FusedLayer, FusedSTGCN
from rehab_coach.recognition.st_gcn import STGCN
from rehab_coach.recognition.streams import add_streams

State = Tuple[torch.Tensor, ...]
"""What a stream leaves behind: its last frame (N, 3, 1, V, M); for each layer the frames that the next ones will need
(N * M, past, V, C); the sum of the last layer's frames (N * M, C); their number (1,)."""


class ContinualSTGCN(nn.Module):
    """After each part of a stream the answer of `STGCN` about all of it so far (tested).

    Args:
        network: causal; taken over as it is now.

    Attributes:
        step: frames that are taken at a time, or a multiple of it.

    Raises:
        ValueError: the network looks ahead.
    """

    def __init__(self, network: STGCN):
        super().__init__()
        if not network.config.causal:
            raise ValueError("the network looks ahead: only one that was trained with `causal: true` is continual")
        self.step = network.config.step
        self._joints = len(network.layout)
        self._channels = network.config.channels
        self._fused = FusedSTGCN(network)
        self.eval()

    def begin(self, batch: int = 1, persons: int = 1) -> State:
        """The state before the first frame of so many streams."""
        tails = [
            torch.zeros(batch * persons, cast(FusedLayer, layer).past, self._joints, channels)
            for layer, channels in zip(self._fused.layers, self._channels)
        ]
        total = torch.zeros(batch * persons, self._channels[-1])
        return (torch.zeros(batch, 3, 1, self._joints, persons), *tails, total, torch.zeros(1))

    def forward(self, frames: torch.Tensor, *state: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """Go on with a stream.

        Args:
            frames: (N, 3, T, V, M), the next frames, as `STGCN` takes them; T a multiple of `step`.
            state: as the call before gave it, or `begin`.

        Returns:
            Before softmax (N, classes), of everything so far; then the new state.
        """
        last, *tails, total, count = state
        # The motion of the first frame needs the frame before it.
        streams = add_streams(torch.cat([last, frames], dim=2), self._fused.streams, self._fused.neighbours)
        features = self._fused.normalised(streams[:, :, 1:])
        new_tails = []
        for module, tail in zip(self._fused.layers, tails):
            layer = cast(FusedLayer, module)
            spatial = torch.cat([tail, layer.spatial(features)], dim=1)
            new_tails.append(spatial[:, spatial.shape[1] - layer.past :])
            features = layer.over_time(spatial, features)
        total = total + features.mean(dim=2).sum(dim=1)
        count = count + features.shape[1]
        hidden = self._fused.pooled(total / count, frames.shape[-1])
        return (self._fused.answer(hidden), frames[:, :, -1:], *new_tails, total, count)
