"""Joint angles of real people from motion capture: what a virtual patient can then perform (`motions` of a plan).

A folder gets

    OUT/PERSON.osim                               Pose2Sim's skeleton, scaled to the person, with her markers
    OUT/PERSON/MOVEMENT-correct-REPETITION.mot    the angles of one repetition, degrees
    OUT/motions.csv                               file, person, frames, how many of them are far, mean distance (mm)
"""

import csv
import os
from typing import Dict, List, Tuple

import numpy as np

from rehab_coach.dataset.ui_prmd import MOVEMENTS, RATE, MarkedExecution, read_markers
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder, read_table, written_whole
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.opensim.files import write_mot
from rehab_coach.opensim.plug_in_gait import MARKERS, Pose, fit_person, solve

EVERY = 5
"""Of the markers' frames, that are solved: 10 a second."""

SAMPLE = 15
"""The same, while a person is measured."""

MEASURED = 10
"""Of a person's repetitions, by which she is measured: UI-PRMD has ten of each movement, well and badly done."""

FAR = 0.02
"""Metres: where the markers are on average farther from where they should be, a frame is far."""

TABLE = "motions.csv"
COLUMNS = ("file", "person", "frames", "far", "distance_mm")


def write_motions(data: str, out: str, most: int, progress=iter) -> None:
    """Fit the skeleton to UI-PRMD's people and write how they move; what is there stays.

    Args:
        data: holds mocap/ui_prmd, see `dataset.ui_prmd`.
        out: folder.
        most: repetitions of each movement, well and badly done; 0 = all.
        progress: goes through a list and shows how far.

    Raises:
        RehabCoachError: the data cannot be read, OpenSim is not installed or fails.
    """
    people = _people(data)
    make_folder(out)
    kept: Dict[str, Dict[str, object]] = {}
    table = os.path.join(out, TABLE)
    if os.path.exists(table):
        kept = {row["file"]: dict(row) for row in read_table(table, COLUMNS)}
    for person in progress(sorted(people)):
        own = os.path.join(out, person + ".osim")
        if not os.path.exists(own):
            fit_person(own, *_joined([places_of(one, SAMPLE) for one in people[person][::MEASURED]]))
        make_folder(os.path.join(out, person))
        wanted = {_file(person, one): places_of(one) for one in people[person] if not 0 < most < int(one.repetition)}
        if all(file in kept for file in wanted):
            continue
        # One after the other in one run: each pose is looked for from the one before.
        pose = solve(own, *_joined(list(wanted.values())))
        start = 0
        for file, places in wanted.items():
            end = start + len(places["C7"])
            distance = np.nanmean(pose.distances[start:end], axis=1)
            write_mot(os.path.join(out, file), _angles(pose, start, end))
            numbers = (end - start, int((distance > FAR).sum()), "%.1f" % (1000 * distance.mean()))
            kept[file] = dict(zip(COLUMNS, (file, person, *numbers)))
            start = end
        _write_table(table, kept)


def _people(data: str) -> Dict[str, List[MarkedExecution]]:
    """The repetitions of each person, "s01" ...; RehabCoachError where they are not what is needed."""
    executions = read_markers(data)
    if not executions:
        raise RehabCoachError("%s: index.csv has none of the movements %s" % (data, ", ".join(MOVEMENTS)))
    lacking = sorted(set(MARKERS) - set(executions[0].names))
    if lacking:
        raise RehabCoachError("%s: these are not the markers of Plug-in Gait: %s is missing" % (data, lacking[0]))
    people: Dict[str, List[MarkedExecution]] = {}
    for one in executions:
        if not (one.subject.isdigit() and one.repetition.isdigit()):
            raise RehabCoachError(
                "%s: index.csv must number subjects and repetitions, not %r and %r"
                % (data, one.subject, one.repetition)
            )
        people.setdefault("s%02d" % int(one.subject), []).append(one)
    return people


def _file(person: str, one: MarkedExecution) -> str:
    how = "correct" if one.correct else "incorrect"
    return os.path.join(person, "%s-%s-%02d.mot" % (one.movement, how, int(one.repetition)))


def _joined(recordings: List[Dict[str, np.ndarray]]) -> Tuple[np.ndarray, Dict[str, np.ndarray]]:
    """Stamps and places of several recordings, one after the other."""
    places = {name: np.concatenate([one[name] for one in recordings]) for name in recordings[0]}
    return np.arange(len(places["C7"])) * EVERY / RATE, places


def _angles(pose: Pose, start: int, end: int) -> JointAngles:
    turning = [number for number, name in enumerate(pose.names) if name[:-1] != "pelvis_t"]
    values = pose.values[start:end, turning]
    names = tuple(pose.names[number] for number in turning)
    return JointAngles(names, np.arange(len(values)) * EVERY / RATE, values, np.zeros_like(values), "file")


def _write_table(path: str, rows: Dict[str, Dict[str, object]]) -> None:
    with written_whole(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows[file] for file in sorted(rows))


def places_of(one: MarkedExecution, every: int = EVERY) -> Dict[str, np.ndarray]:
    """Its markers in OpenSim's axes, each (T, 3) metres, the person facing along x; NaN where lost throughout."""
    markers = np.where((one.markers == 0).all(axis=2, keepdims=True), np.nan, one.markers)[::every]
    upright = np.stack([markers[..., 0], markers[..., 2], -markers[..., 1]], axis=-1)
    places = dict(zip(one.names, upright.swapaxes(0, 1)))
    facing = np.nanmean([places[s + "ASI"] - places[s + "PSI"] for s in "RL"], axis=(0, 1))
    x, z = facing[[0, 2]] / np.linalg.norm(facing[[0, 2]])
    turn = np.array([[x, 0.0, z], [0.0, 1.0, 0.0], [-z, 0.0, x]])
    return {name: place @ turn.T for name, place in places.items()}


def report(out: str) -> str:
    """The table's sums, for people."""
    rows = read_table(os.path.join(out, TABLE), COLUMNS)
    frames, far = (np.array([int(row[name]) for row in rows]) for name in ("frames", "far"))
    distance = np.average([float(row["distance_mm"]) for row in rows], weights=frames)
    return (
        "%d repetitions of %d people, %d frames; mean distance of the markers %.1f mm; in %.1f %% of the frames it is "
        "more than %.0f mm"
        % (
            len(rows),
            len({row["person"] for row in rows}),
            frames.sum(),
            distance,
            100 * far.sum() / frames.sum(),
            1000 * FAR,
        )
    )
