"""From key points to the network's input: one way, for training and on the robot.

    SkeletonSequence -> empty ends cut -> joint layout -> frame rate -> windows -> normalised coordinates

A causal network sees a recording as one window of whatever length.

Training augments raw key points and hands them to `to_network`, the robot its recordings to `windows`; both
end in the same arrays (N, 3, T, V, M).
"""

from dataclasses import replace
from typing import Optional, Sequence, Tuple, Union

import numpy as np

from rehab_coach.recognition.contract import NORMALISATIONS, ModelContract
from rehab_coach.skeleton import COCO_18, SkeletonSequence

METHODS = ("interpolate", "copy", "as_it_is")
"""How frames get to the model's rate; "as_it_is" takes them for frames of that rate, which is how the thesis began."""

# A twentieth of the joints may be wrong on each side before the box moves much.
BOX_PERCENTILES = (0.05, 0.95)
# The person fills about -0.5..0.5. A false joint far away says no more than one that is away.
BOX_LIMIT = 2.0
RUNNING_BOX = 64
"""Frames of the running box, the newest included."""


def normalise(
    key_points: np.ndarray, size: Union[Sequence[float], np.ndarray], method: str, patient: Optional[np.ndarray] = None
) -> np.ndarray:
    """Make coordinates independent of the picture's size ("picture") or also of the person's place (the boxes).

    "picture" is the published preprocessing: x / width - 0.5, y / height - 0.5. "box" centres on and scales
    by the person's bounding box over all the frames given, its longer side becoming 1: invariant to position
    and distance, the aspect ratio is kept. The box spans the 5th to the 95th percentile of the well seen
    joints, those with at least half of the median score, so that a few false joints do not move it.
    "running_box" takes for each frame the box of that frame and the `RUNNING_BOX` - 1 before it: what is known when the
    frame comes. It grows with the movement and is "box" at the last frame of a window of no more frames.

    Args:
        key_points: (..., T, V, 3) x and y in pixels, score; each leading index is a window of its own.
        size: width and height of the picture in pixels, or (..., 2) one for each window; "box" ignores it.
        method: "picture", "box" or "running_box".
        patient: like `key_points`, whose box is meant; None: that of `key_points` themselves.

    Returns:
        float32 (..., T, V, 3); an unseen joint (score 0) is zero in all three.

    Raises:
        ValueError: values that are not finite, a wrong shape, an unknown method.
    """
    key_points = np.asarray(key_points, np.float32)
    if key_points.ndim < 3 or key_points.shape[-1] != 3:
        raise ValueError("key points must be (..., frames, joints, 3), not %s" % (key_points.shape,))
    if not np.isfinite(key_points).all():
        raise ValueError("key points must be finite: an unseen joint has score 0, not NaN")
    if method == "picture":
        coordinates = key_points[..., :2] / np.asarray(size, np.float32)[..., None, None, :] - np.float32(0.5)
    elif method in ("box", "running_box"):
        meant = key_points if patient is None else np.asarray(patient, np.float32)
        centre, extent = _running_boxes(meant) if method == "running_box" else _whole_box(meant)
        coordinates = in_box(key_points[..., :2], centre[..., None, :], extent[..., None, None])
    else:
        raise ValueError("unknown normalisation '%s'; known: %s" % (method, ", ".join(NORMALISATIONS)))
    scores = key_points[..., 2:]
    return np.where(scores > 0, np.concatenate([coordinates, scores], axis=-1), np.float32(0))


def in_box(places: np.ndarray, centre: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Places relative to a box's centre and longer side, all of shapes that fit each other."""
    return np.clip((places - centre) / extent, -BOX_LIMIT, BOX_LIMIT)


def _whole_box(key_points: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """One box for all frames of each window: (..., 1, 2) and (..., 1)."""
    centre, extent = robust_box(key_points)
    return centre[..., None, :], extent[..., None]


def _running_boxes(key_points: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The box that is known at each frame: (..., T, 2) and (..., T)."""
    boxes = [
        robust_box(key_points[..., max(0, end - RUNNING_BOX) : end, :, :]) for end in range(1, key_points.shape[-3] + 1)
    ]
    return np.stack([centre for centre, _ in boxes], axis=-2), np.stack([extent for _, extent in boxes], axis=-1)


def robust_box(key_points: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Centre (..., 2) and longer side (...) of the well seen joints' box; 0 and 1 where nobody is seen."""
    flat = key_points.reshape(key_points.shape[:-3] + (-1, 3))
    scores = flat[..., 2]
    well_seen = (scores > 0) & (scores >= _quantiles(scores, scores > 0, (0.5,)) / 2)
    box = np.stack([_quantiles(flat[..., axis], well_seen, BOX_PERCENTILES) for axis in (0, 1)], axis=-1)
    low, high = np.moveaxis(box, -2, 0)
    extent = (high - low).max(axis=-1)
    return (low + high) / 2, np.where(extent > 0, extent, 1).astype(np.float32)


def _quantiles(values: np.ndarray, chosen: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Quantiles of the chosen values in place of the last axis, 0 where none is chosen; the counts may differ."""
    ordered = np.sort(np.where(chosen, values, np.float32(np.inf)), axis=-1)
    count = chosen.sum(axis=-1, keepdims=True)
    position = np.asarray(quantiles) * np.maximum(count - 1, 0)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    first = np.take_along_axis(ordered, below, axis=-1)
    second = np.take_along_axis(ordered, above, axis=-1)
    with np.errstate(invalid="ignore"):  # infinite minus infinite where none is chosen
        result = first + (second - first) * (position - below).astype(np.float32)
    return np.where(count > 0, result, np.float32(0))


def to_network(
    key_points: np.ndarray,
    size: Union[Sequence[float], np.ndarray],
    contract: ModelContract,
    others: Union[Sequence[np.ndarray], np.ndarray] = (),
) -> np.ndarray:
    """Normalise windows of one person and bring them into the network's order.

    Args:
        key_points: (..., T, V, 3) pixels and score, already at the contract's rate, layout and window.
        size: as for `normalise`.
        contract: the model's.
        others: key points of further persons in the same windows, on the patient's scale.

    Returns:
        float32 (..., 3, T, V, M); persons that are not given are zero.
    """
    people = np.stack([key_points, *others][: contract.persons])
    ordered = np.moveaxis(normalise(people, size, contract.normalisation, key_points), (0, -1), (-1, -4))
    result = np.zeros(ordered.shape[:-1] + (contract.persons,), np.float32)
    result[..., : len(people)] = ordered
    return result


def at_contract_rate(
    sequence: SkeletonSequence, contract: ModelContract, method: str = "interpolate"
) -> SkeletonSequence:
    """The sequence in the contract's layout and on its frame rate; a single frame stays one.

    Raises:
        ValueError: an empty sequence or an unknown method.
    """
    if len(sequence) == 0:
        raise ValueError("the sequence holds no frames")
    if method not in METHODS:
        raise ValueError("unknown resampling method '%s'; known: %s" % (method, ", ".join(METHODS)))
    sequence = sequence.coco_18()
    if method == "as_it_is":
        return replace(sequence, stamps=np.arange(len(sequence)) / contract.rate)
    return sequence.resample(contract.rate, method) if len(sequence) > 1 else sequence


def without_empty_ends(sequence: SkeletonSequence) -> SkeletonSequence:
    """The frames from the first to the last in which somebody is seen; all of them if nobody ever is."""
    seen = np.flatnonzero(sequence.seen)
    return sequence[seen[0] : seen[-1] + 1] if len(seen) else sequence


def window_starts(frames: int, window: int) -> np.ndarray:
    """First frames of evenly spread windows, as few as cover everything.

    A sequence shorter than the window has one (it is repeated from the start).
    """
    return np.round(np.linspace(0, max(0, frames - window), -(-frames // window))).astype(int)


def windows(
    sequence: SkeletonSequence, contract: ModelContract, method: str = "interpolate", whole: Optional[bool] = None
) -> np.ndarray:
    """A recording of one person as the network's input, from the first frame with the person to the last.

    Args:
        sequence: any layout that has a COCO-18 view, any frame rate, any length but zero.
        contract: the model's.
        method: how to get to the contract's rate, one of `METHODS` (see SkeletonSequence.resample).
        whole: one window of whatever length; None: for a causal network.

    Returns:
        float32 (windows, 3, T, V, M). Not `whole`, one window if the recording is no longer than the contract's (then
        repeated from the start to its length or, with sampling "uniform", spread over it), else as few as cover it.
        Each is normalised by itself, as in training.

    Raises:
        ValueError: an empty sequence or an unknown method.
    """
    sequence = without_empty_ends(sequence)
    if contract.sampling == "uniform":
        return _spread(sequence, contract, method)
    sequence = at_contract_rate(sequence, contract, method)
    if contract.network.causal if whole is None else whole:
        return to_network(sequence.key_points[None], sequence.size, contract)
    if len(sequence) < contract.window:
        sequence = sequence.repeat(contract.window)
    index = window_starts(len(sequence), contract.window)[:, None] + np.arange(contract.window)
    return to_network(sequence.key_points[index], sequence.size, contract)


def _spread(sequence: SkeletonSequence, contract: ModelContract, method: str) -> np.ndarray:
    """Windows of sampling "uniform": the recording, or parts that cover it, each on `window` even moments."""
    if method == "as_it_is" or len(sequence) < 2:
        sequence = at_contract_rate(sequence, contract, method)
    if len(sequence) < 2:
        return to_network(sequence.coco_18().repeat(contract.window).key_points[None], sequence.size, contract)
    longest = (contract.window - 1) / contract.rate
    if sequence.duration <= longest:
        rate, starts = (contract.window - 1) / sequence.duration, np.zeros(1, int)
    else:
        rate = contract.rate
        starts = window_starts(int(round(sequence.duration * rate)) + 1, contract.window)
    sequence = sequence.coco_18().resample(rate, "interpolate" if method == "as_it_is" else method)
    index = starts[:, None] + np.arange(contract.window)
    return to_network(sequence.key_points[index], sequence.size, contract)


def mirrored(inputs: np.ndarray) -> np.ndarray:
    """The same windows as in a mirror: left becomes right.

    Args:
        inputs: (..., 3, T, V, M) as `windows` gives them, COCO-18.
    """
    result = inputs[..., list(COCO_18.mirror), :]
    result[..., 0, :, :, :] *= -1
    return result
