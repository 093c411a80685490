"""What changed pictures do to a network's angles: films shot again and changed, seen by the real pose network."""

from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.benchmarks.direct_kinematics.changes import CHANGES, FLIPPED, SLOWER, Change, same
from rehab_coach.benchmarks.direct_kinematics.shooting import shot_again
from rehab_coach.benchmarks.direct_kinematics.tables import Row, Table
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.direct_kinematics.networks import KinematicsNetwork
from rehab_coach.direct_kinematics.refinement import answer
from rehab_coach.pose import PoseEstimator
from rehab_coach.pose.tracking import PatientTracker
from rehab_coach.pose.video import sequence_of
from rehab_coach.simulation.plan import Plan
from rehab_coach.skeleton import SkeletonSequence

UNCHANGED = "unchanged"
Pictures = List[Tuple[np.ndarray, float]]


class Robustness(NamedTuple):
    """Of one change and strength, over all films.

    Attributes:
        error: mean absolute error of the angles in the frames in which somebody is seen, degrees.
        seen: share of the frames.
    """

    error: float
    seen: float


def measure(
    network: KinematicsNetwork,
    contract: KinematicsContract,
    folder: str,
    plan: Plan,
    recordings: List[Recording],
    estimator: PoseEstimator,
) -> Dict[Tuple[str, float], Robustness]:
    """Errors by change and strength; (UNCHANGED, 0) is the first.

    Args:
        network, contract: what is measured.
        folder, plan: of the films.
        recordings: of films of that folder, which are shot again.
        estimator: of BlazePose's key points.

    Raises:
        RehabCoachError: the films cannot be shot again.
    """
    errors: Dict[Tuple[str, float], List[np.ndarray]] = {}
    seen: Dict[Tuple[str, float], List[np.ndarray]] = {}
    for recording in tqdm(recordings, desc="robustness", unit="film", dynamic_ncols=True, disable=None):
        pictures = list(shot_again(folder, plan, recording).shoot())
        for name, strength, change in _changes():
            step = int(strength) if name == SLOWER else 1
            changed = [(change.apply(picture, strength), stamp) for picture, stamp in pictures[::step]]
            sequence = _sequence(changed, estimator)
            given = _answered(network, contract, sequence, recording.sequence.stamps)
            truth, counts = recording.coordinates, recording.counts
            if name == FLIPPED:
                truth = truth[:, list(contract.mirrored)] * np.array(contract.signs, np.float32)
                counts = counts[:, list(contract.mirrored)]
            apart = np.degrees(np.abs(given - truth))[counts]
            errors.setdefault((name, strength), []).append(apart[np.isfinite(apart)])
            seen.setdefault((name, strength), []).append(sequence.seen)
    return {
        key: Robustness(
            float(np.concatenate(found).mean()) if sum(map(len, found)) else float("nan"),
            float(np.concatenate(seen[key]).mean()),
        )
        for key, found in errors.items()
    }


def _changes() -> Iterator[Tuple[str, float, Change]]:
    yield UNCHANGED, 0.0, Change("", (0.0,), same)
    for name, change in CHANGES.items():
        for strength in change.strengths:
            yield name, strength, change


def _sequence(pictures: Pictures, estimator: PoseEstimator) -> SkeletonSequence:
    tracker = PatientTracker()
    estimator.reset()
    height, width = pictures[0][0].shape[:2]
    poses = [(stamp, tracker.update(estimator.estimate(one), (width, height), stamp)) for one, stamp in pictures]
    return sequence_of(poses, (width, height), estimator.layout)


def _answered(
    network: KinematicsNetwork, contract: KinematicsContract, sequence: SkeletonSequence, stamps: np.ndarray
) -> np.ndarray:
    """Coordinates (T, C) radians at these stamps, NaN where nobody is seen."""
    nothing = np.full((len(stamps), len(contract.names)), np.nan)
    if len(sequence) < 2 or sequence.world is None:
        return nothing
    if len(sequence) < len(stamps):
        sequence = sequence.resample(float(contract.recipe["rate"]))
    given = answer(network, contract, sequence).coordinates
    at = np.stack([np.interp(stamps, sequence.stamps, column) for column in given.T], axis=1)
    seen = np.interp(stamps, sequence.stamps, sequence.seen, right=0) > 0.5
    return np.where(seen[:, None], at, np.nan)


def table(found: Dict[Tuple[str, float], Robustness]) -> Table:
    """For people: each change with its strengths."""
    usual = found[UNCHANGED, 0.0].error
    rows: List[Row] = []
    for (name, strength), one in found.items():
        how = (CHANGES[name].unit, "%g" % strength) if name in CHANGES else ("", "")
        rows.append([name, *how, one.error, one.error - usual, 100 * one.seen])
    columns = ("change", "strength is", "strength", "MAE angle", "more than unchanged", "frames seen (%)")
    return Table("robustness", "Changed pictures", columns, rows)
