"""How far a network's kinematics are from the truth of people it has not seen, in tables.

MAE angle    mean absolute error of the angles, degrees
without offset   the same after each recording's mean difference of each angle is taken off
SD           standard deviation of the angles' errors, degrees
MV           mean velocity of the errors, degrees per second: how much the answer trembles
MAE body     mean absolute error of the lengths that the scale factors make: between joints, millimetres
MPBLPE       mean distance of joints and markers from where they are, both seen from the pelvis, millimetres
pelvis       mean angle between the pelvis's rotation and the true one, degrees
"""

import csv
import os
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Tuple

import numpy as np
import torch

from rehab_coach.direct_kinematics.answers import Answer, answer_features
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Points, Recording, answered, read_films, split
from rehab_coach.direct_kinematics.model_file import load_network
from rehab_coach.direct_kinematics.recipe import make_recipe
from rehab_coach.direct_kinematics.recording import SAME
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder, written_whole
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.opensim.model import Model

MEAN_ANSWER = "always the mean"
"""Baseline: the same answer for every frame, the mean of what was learned from."""


@dataclass(frozen=True, eq=False)
class Result:
    """One recording's errors.

    Attributes:
        recording: which.
        errors: float32 (T, C) degrees, answer minus truth; NaN where nothing counts.
        points: float32 (T,) millimetres, mean over joints and markers; NaN where nothing counts.
        lengths: mean absolute error of the lengths between joints, millimetres.
        pelvis: float32 (T,) degrees.
    """

    recording: Recording
    errors: np.ndarray
    points: np.ndarray
    lengths: float
    pelvis: np.ndarray

    @property
    def without_offset(self) -> np.ndarray:
        """Errors (T, C) less their mean over the recording."""
        known = np.isfinite(self.errors)
        mean = np.where(known, self.errors, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return self.errors - mean

    @property
    def velocity(self) -> np.ndarray:
        """Degrees per second (T - 1, C) at which the errors change."""
        return np.abs(np.diff(self.errors, axis=0)) * self.recording.sequence.rate


def compare(recording: Recording, given: Answer, points: Points, masked: bool) -> Result:
    """Errors of one recording's answer.

    Args:
        recording: the truth.
        given: the answer.
        points: of the skeleton.
        masked: leave out the angles whose markers OpenSim did not meet.
    """
    counts = recording.seen[:, None] & (recording.counts | (not masked))
    errors = np.degrees(given.coordinates - recording.coordinates)
    scales = np.broadcast_to(given.scales, (len(errors), *given.scales.shape))
    wanted = np.broadcast_to(recording.scales, scales.shape)
    with torch.no_grad():
        ours, theirs, long, right = (
            points(*(torch.tensor(part) for part in parts)).numpy()
            for parts in (
                (given.coordinates, scales, given.root),
                (recording.coordinates, wanted, recording.root),
                (recording.coordinates[:1], scales[:1], recording.root[:1]),
                (recording.coordinates[:1], wanted[:1], recording.root[:1]),
            )
        )
    apart = 1000 * np.linalg.norm(ours - theirs, axis=2).mean(axis=1)
    lengths = 1000 * np.abs(points.lengths(long) - points.lengths(right)).mean()
    cosine = (np.einsum("tij,tij->t", given.root, recording.root) - 1) / 2
    some = counts.any(axis=1)
    return Result(
        recording,
        np.where(counts, errors, np.nan),
        np.where(some, apart, np.nan),
        float(lengths),
        np.where(some, np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.nan),
    )


def evaluate(path: str, folder: str, out: str, everybody: bool = False, masked: bool = True) -> str:
    """Measure a model on the people of a folder of films that it was not trained on, and write the tables.

    Args:
        path: of the model file.
        folder: of films with their true kinematics.
        out: folder for angles.csv (each angle), recordings.csv (each film) and kinematics.md (all tables).
        everybody: measure all films of the folder, because the model has seen none of them; else those of the people
            that its training kept, chosen as there.
        masked: see `compare`.

    Returns:
        The tables as text.

    Raises:
        RehabCoachError: a model or films that cannot be used together.
    """
    network, contract = load_network(path)
    model, recordings = read_films(folder)
    if answered(model) != contract.names or model.bodies != contract.bodies:
        raise RehabCoachError("%s answers for another skeleton than the one of %s" % (path, folder))
    recipe = make_recipe(contract.recipe)
    divided = split(recordings, recipe.validation, recipe.test, recipe.seed)
    chosen = recordings if everybody else divided["test"]
    points = Points(model, contract.names)

    def ours(one: Recording) -> Answer:
        return answer_features(network, contract, one.features, one.mirrored)

    ways: Dict[str, Callable[[Recording], Answer]] = {
        "network (%s)" % recipe.sequence: ours,
        MEAN_ANSWER: mean_answer([] if everybody else divided["train"], contract),
    }
    results = {name: [compare(one, way(one), points, masked) for one in chosen] for name, way in ways.items()}
    make_folder(out)
    fitted = [fitted_errors(one, contract, masked) for one in chosen]
    first = next(iter(results.values()))
    _write_angles(os.path.join(out, "angles.csv"), contract, first)
    _write_recordings(os.path.join(out, "recordings.csv"), first)
    text = _tables(results, contract, model) + "\n\n" + _against_fitted(first, fitted, contract)
    with written_whole(os.path.join(out, "kinematics.md")) as temporary, open(
        temporary, "w", encoding="utf-8"
    ) as stream:
        stream.write(text + "\n")
    return text


def mean_answer(learned: List[Recording], contract: KinematicsContract) -> Callable[[Recording], Answer]:
    """What answers every frame with the mean of what was learned from; the middle of the ranges where nothing was."""
    middle = np.array(contract.centre, np.float32)
    if learned:
        middle = np.concatenate([one.coordinates for one in learned]).mean(axis=0)
    scales = np.array(contract.scale, np.float32).reshape(-1, 3)

    def way(recording: Recording) -> Answer:
        frames = len(recording.seen)
        coordinates = np.broadcast_to(middle, (frames, len(middle))).copy()
        # Upright before the camera: x forwards is towards it, y up, z to her right.
        facing = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]], np.float32)
        return Answer(coordinates, np.zeros_like(coordinates), scales, np.broadcast_to(facing, (frames, 3, 3)).copy())

    return way


def fitted_errors(recording: Recording, contract: KinematicsContract, masked: bool) -> np.ndarray:
    """Errors (T, C) degrees of the body that is fitted to the same key points; NaN where it measures nothing."""
    counts = recording.seen[:, None] & (recording.counts | (not masked))
    try:
        angles = joint_angles(recording.sequence, source="fit")
    except RehabCoachError:  # too little of the body is seen
        return np.full(counts.shape, np.nan)
    errors = np.full(counts.shape, np.nan)
    for number, name in enumerate(SAME.get(name, name) for name in contract.names):
        if name in angles.names and name != "neck_flexion":  # theirs is between other points
            errors[:, number] = np.degrees(angles[name] - recording.coordinates[:, number])
    return np.where(counts, errors, np.nan)


def _against_fitted(results: List[Result], fitted: List[np.ndarray], contract: KinematicsContract) -> str:
    """Angles that the fitted body measures too, in the frames in which it does."""
    lines = [
        "| angles that `--source fit` measures too | network | without offset | fitted body | without offset |",
        "|---|---|---|---|---|",
    ]
    pairs = list(zip(results, fitted))
    both = [replace(one, errors=np.where(np.isfinite(other), one.errors, np.nan)) for one, other in pairs]
    others = [replace(one, errors=other) for one, other in pairs]
    pooled = {name: name[:-2] if name[-2:] in ("_r", "_l") else name for name in contract.names}
    for kind in dict.fromkeys(pooled.values()):
        columns = [number for number, name in enumerate(contract.names) if pooled[name] == kind]
        cells = []
        for group in (both, others):
            errors = _all(group, lambda one: one.errors[:, columns])
            rest = _all(group, lambda one: one.without_offset[:, columns])
            cells += [np.abs(errors).mean(), np.abs(rest).mean()] if len(errors) else []
        if len(cells) == 4:
            lines.append("| %s | %.1f | %.1f | %.1f | %.1f |" % (kind, *cells))
    return "\n".join(lines)


def _all(results: List[Result], what: Callable[[Result], np.ndarray]) -> np.ndarray:
    values = np.concatenate([np.asarray(what(one)).ravel() for one in results])
    return values[np.isfinite(values)]


def _tables(results: Dict[str, List[Result]], contract: KinematicsContract, model: Model) -> str:
    first = next(iter(results.values()))
    people = {one.recording.person for one in first}
    frames = sum(len(one.recording.seen) for one in first)
    lines = [
        "%d films, %d frames of %d people that were not learned from; skeleton %s"
        % (len(first), frames, len(people), model.name),
        "",
        "| | MAE angle | without offset | SD | MV | MAE body | MPBLPE | pelvis |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, group in results.items():
        errors = _all(group, lambda one: one.errors)
        lines.append(
            "| %s | %.2f | %.2f | %.2f | %.1f | %.1f | %.1f | %.1f |"
            % (
                name,
                np.abs(errors).mean(),
                np.abs(_all(group, lambda one: one.without_offset)).mean(),
                errors.std(),
                _all(group, lambda one: one.velocity).mean(),
                np.mean([one.lengths for one in group]),
                _all(group, lambda one: one.points).mean(),
                _all(group, lambda one: one.pelvis).mean(),
            )
        )
    lines += ["", "| angle | MAE | without offset | correlation | mean answer's MAE |", "|---|---|---|---|---|"]
    for number, name in enumerate(contract.names):
        own = [_row(group, number) for group in results.values()]
        lines.append("| %s | %.1f | %.1f | %.2f | %.1f |" % (name, *own[0], own[1][0]))
    for title, key in (("movement", lambda one: one.recording.movement), ("person", lambda one: one.recording.person)):
        lines += ["", "| %s | films | median error | interquartile range |" % title, "|---|---|---|---|"]
        for kind in sorted({key(one) for one in first}):
            group = [one for one in first if key(one) == kind]
            values = np.abs(_all(group, lambda one: one.errors))
            if len(values):
                low, middle, high = np.percentile(values, (25, 50, 75))
                lines.append("| %s | %d | %.1f | %.1f |" % (kind, len(group), middle, high - low))
    return "\n".join(lines)


def _row(results: List[Result], number: int) -> Tuple[float, float, float]:
    """Mean absolute error, the same without offset, Pearson's correlation of one angle."""
    errors = _all(results, lambda one: one.errors[:, number])
    if not len(errors):
        return float("nan"), float("nan"), float("nan")
    rest = _all(results, lambda one: one.without_offset[:, number])
    truth = np.concatenate([np.degrees(one.recording.coordinates[:, number]) for one in results])
    known = np.concatenate([np.isfinite(one.errors[:, number]) for one in results])
    truth = truth[known]
    given = truth + errors
    moves = truth.std() > 1e-6 and given.std() > 1e-6
    correlation = float(np.corrcoef(truth, given)[0, 1]) if moves else float("nan")
    return float(np.abs(errors).mean()), float(np.abs(rest).mean()), correlation


def _write_angles(path: str, contract: KinematicsContract, results: List[Result]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("angle", "mae", "mae_without_offset", "correlation"))
        for number, name in enumerate(contract.names):
            writer.writerow([name, *("%.3f" % value for value in _row(results, number))])


def _write_recordings(path: str, results: List[Result]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("film", "person", "movement", "mae", "mpblpe_mm", "body_mm", "pelvis"))
        for one in results:
            errors = np.abs(one.errors[np.isfinite(one.errors)])
            if len(errors):
                numbers = (errors.mean(), np.nanmean(one.points), one.lengths, np.nanmean(one.pelvis))
                writer.writerow(
                    [one.recording.name, one.recording.person, one.recording.movement, *("%.3f" % x for x in numbers)]
                )
