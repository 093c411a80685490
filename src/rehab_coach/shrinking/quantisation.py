"""A network in eight bits: its convolutions compute in whole numbers where the processor can (NNCF, after training).

What whole number stands for what value is measured on pictures to learn from: nothing of the held-out groups is seen.
"""

import contextlib
import os
from typing import List, Sequence

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.clips import Clip, read_clips
from rehab_coach.pose.network_file import find_network
from rehab_coach.pose.networks import create_network, read_openvino
from rehab_coach.pose.part_affinity import JOINTS
from rehab_coach.shrinking.crops import SEEN, is_held_out, whole_pictures
from rehab_coach.shrinking.export import OPENVINO, check_extension, save_contract, save_openvino
from rehab_coach.shrinking.recipe import ShrinkRecipe

TAILS = r".*/L\d\.[1-4]/.*"
"""The second to last layers of each stage's branches: they take small differences of large numbers and cost little. In
eight bits they alone ruin the network (docs/shrinking.md)."""
SINGLE = "GroupConvolution"
"""The convolutions of single channels: in eight bits they are no faster, and lose something."""
SMOOTHING = 0.5
"""How much of the differences between the channels of a convolution's input goes into its weights (Xiao et al.,
"SmoothQuant", 2023): one range serves all channels, and those with small values would lose most."""
CLIPS = 100
"""That the range of values is measured on, at most."""


def quantise(name: str, clips: str, path: str) -> str:
    """Write a network in eight bits.

    Args:
        name: of the network, or path of its contract.
        clips: table of clips with people who are not all held out.
        path: of the file, ending in .xml; the weights lie beside it in .bin.

    Returns:
        The path of the contract.

    Raises:
        RehabCoachError: the network is no ONNX file (one in eight bits is none), NNCF is not installed, clips or path
            cannot be used.
    """
    check_extension(path, OPENVINO)
    network = find_network(name).check()
    if network.format != "onnx":  # others lose or change the names of the layers
        raise RehabCoachError(
            "%s is no ONNX file: give the contract of the .onnx that `rehab-coach shrink --stages` writes"
            % network.name
        )
    try:
        import nncf
    except ImportError as error:
        raise RehabCoachError(
            "NNCF is not installed here (%s): `pip install -e '.[shrink]'` in the repository" % error
        ) from error
    model = read_openvino(network)
    model.reshape([1, -1, -1, 3])
    nncf.set_log_level("ERROR")
    shown = _pictures(read_clips(clips))
    run = create_network("auto", network=network)
    if not any(run(picture.astype(np.float32))[..., :JOINTS].max() >= SEEN for picture in shown):
        raise RehabCoachError(
            "nobody is seen in the %d pictures to measure on: give clips that show whole people" % len(shown)
        )
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # its progress bars
        quantised = nncf.quantize(
            model,
            nncf.Dataset(shown, lambda picture: picture[None].astype(np.float32)),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(shown),
            model_type=nncf.ModelType.TRANSFORMER,  # nothing else is smoothed
            ignored_scope=nncf.IgnoredScope(patterns=[TAILS], types=[SINGLE]),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(convolution=SMOOTHING)
            ),
        )
    save_openvino(quantised, path)
    source = "%s (%s), in eight bits by NNCF" % (network.name, network.source)
    return save_contract(path, network.stages, source, network.licence)


def _pictures(clips: Sequence[Clip]) -> List[np.ndarray]:
    """A whole picture, as the estimator shows it, of each clip that is not held out."""
    clips = [clip for clip in clips if not is_held_out(clip.group, ShrinkRecipe.held_out)][:CLIPS]
    shown = [place[0] for clip in clips for place in whole_pictures(clip, 1)]
    if not shown:
        raise RehabCoachError("there is no picture to measure on: give clips of more people")
    return shown
