"""How long recognition takes: the plain network against the fused one, in one run, taking turns.

Other programs disturb both alike, so that the ratio says more than the milliseconds.
"""

import os
import statistics
import time
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import torch

from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.fused import FusedSTGCN
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.preprocessing import mirrored, windows
from rehab_coach.recognition.recognizer import Recognizer, default_model
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig
from rehab_coach.skeleton import COCO_18, SkeletonSequence

INPUTS = {"300 frames x 1 person": (1, 3, 300, 18, 1), "300 frames x 2 persons": (1, 3, 300, 18, 2)}
RECORDING = {"seconds": 10.0, "rate": 30.0}


def take_turns(cases: Dict[str, Callable[[], Any]], repeats: int) -> Dict[str, Dict[str, float]]:
    """Time functions in turns, after a warm-up.

    Returns:
        For each case its `min_ms` and `median_ms`.
    """
    times: Dict[str, List[float]] = {name: [] for name in cases}
    for turn in range(repeats + 2):  # the first two calls of a shape set things up
        for name, function in cases.items():
            began = time.perf_counter()
            function()
            if turn >= 2:
                times[name].append(1000 * (time.perf_counter() - began))
    return {
        name: {"min_ms": round(min(values), 3), "median_ms": round(statistics.median(values), 3)}
        for name, values in times.items()
    }


def benchmark_recognition(
    model: Optional[str] = None, repeats: int = 20, threads: Optional[int] = None
) -> Dict[str, Any]:
    """Measure forward passes and the whole way from a 10 s recording to the answer.

    Args:
        model: model file; None takes the one that ships, where there is one.
        repeats: calls of each case.
        threads: CPU threads of PyTorch; None leaves its default.

    Returns:
        {"threads", "networks": [{"network", "parameters", "input", "plain", "fused", "ratio"}], "recording":
        {"plain" and "fused" forward passes and "answer", the whole of recognize(), or None without a model}}.

    Raises:
        ModelError: the model given cannot be loaded.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    networks = {"published": STGCN(NetworkConfig()).eval()}
    contract = None
    if model or os.path.exists(default_model()):
        networks["coach"], contract = load_model(model or default_model())
    rows = []
    for name, network in networks.items():
        for description, shape in INPUTS.items():
            rows.append(
                {
                    "network": name,
                    "parameters": network.parameter_count,
                    "input": description,
                    **_race(network, torch.randn(shape), repeats),
                }
            )
    recording = None if contract is None else _recording(networks["coach"], contract, repeats)
    return {"threads": torch.get_num_threads(), "networks": rows, "recording": recording}


def _race(network: STGCN, inputs: torch.Tensor, repeats: int) -> Dict[str, Any]:
    fused = FusedSTGCN(network)
    with torch.inference_mode():
        times = take_turns({"plain": lambda: network(inputs), "fused": lambda: fused(inputs)}, repeats)
    return {**times, "ratio": round(times["plain"]["median_ms"] / times["fused"]["median_ms"], 2)}


def _recording(network: STGCN, contract: ModelContract, repeats: int) -> Dict[str, Any]:
    """The robot's case: 10 s at 30 frames/s of one person whose joints are all seen."""
    frames = int(RECORDING["seconds"] * RECORDING["rate"])
    key_points = np.random.default_rng(0).uniform(0.2, 1, (frames, len(COCO_18), 3)).astype(np.float32)
    sequence = SkeletonSequence(
        key_points * np.array([640, 480, 1], np.float32), np.arange(frames) / RECORDING["rate"], (640, 480)
    )
    recognizer = Recognizer(network, contract)
    cut = windows(sequence, contract)
    inputs = torch.from_numpy(np.concatenate([cut, mirrored(cut)]))
    return {
        "windows": len(inputs),
        "window": contract.window,
        **_race(network, inputs, repeats),
        **take_turns({"answer": lambda: recognizer.recognize(sequence)}, repeats),
    }


def report(result: Dict[str, Any]) -> str:
    """The result of `benchmark_recognition` as a table for people; times are median (smallest) in ms."""

    def cell(times: Dict[str, float]) -> str:
        return "%.1f (%.1f)" % (times["median_ms"], times["min_ms"])

    lines = [
        "forward pass on %d threads, ms: median (smallest)" % result["threads"],
        "%-10s %10s  %-24s %16s %16s %7s" % ("network", "parameters", "input", "plain", "fused", "ratio"),
    ]
    lines += [
        "%-10s %10d  %-24s %16s %16s %6.2fx"
        % (row["network"], row["parameters"], row["input"], cell(row["plain"]), cell(row["fused"]), row["ratio"])
        for row in result["networks"]
    ]
    recording = result["recording"]
    if recording is None:
        lines.append("no model ships yet: train one with `rehab-coach train`, or name one with --model")
    else:
        lines.append(
            "%-10s %10s  %-24s %16s %16s %6.2fx"
            % (
                "coach",
                "",
                "10 s: %d x %d frames" % (recording["windows"], recording["window"]),
                cell(recording["plain"]),
                cell(recording["fused"]),
                recording["ratio"],
            )
        )
        lines.append("from a 10 s recording to the answer: %s ms" % cell(recording["answer"]))
    return "\n".join(lines)
