"""What the errors of joints and markers are made of: they are measured again with parts of the truth in the answer."""

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.direct_kinematics.results import compare, known
from rehab_coach.benchmarks.direct_kinematics.tables import Row, Table
from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.data import Points, Recording

LEGS, ARMS = ("hip", "knee", "ankle", "subtalar", "mtp"), ("arm", "shoulder", "elbow", "pro", "wrist")
"""First words of their angles; all others are the trunk's."""
LENGTHS, PELVIS = "lengths", "pelvis"
TRUE: Dict[str, Tuple[str, ...]] = {
    "as answered": (),
    "true lengths": (LENGTHS,),
    "true rotation of the pelvis": (PELVIS,),
    "and of the trunk": (PELVIS, "trunk"),
    "true legs": ("legs",),
    "true arms": ("arms",),
    "all angles and the pelvis true": (PELVIS, "trunk", "legs", "arms"),
}
"""What is true, by the name of the row."""


def table(answers: Sequence[Answer], recordings: Sequence[Recording], points: Points, masked: bool) -> Table:
    """Errors of lengths and points with parts of the truth in the answers."""
    rows: List[Row] = []
    for name, parts in TRUE.items():
        results = [
            compare(one, _corrected(given, one, points.coordinates, parts), points, masked)
            for given, one in zip(answers, recordings)
        ]
        lengths, places = (known(results, what) for what in (lambda one: one.lengths, lambda one: one.points))
        rows.append([name, float(lengths.mean()), float(places.mean()) if len(places) else float("nan")])
    return Table("causes", "With parts of the truth in the answers", ("", "MAE body", "MPBLPE"), rows)


def _corrected(given: Answer, recording: Recording, names: Sequence[str], parts: Sequence[str]) -> Answer:
    kinds = np.array([kind_of(name) for name in names])
    true = np.isin(kinds, parts)
    given = replace(given, coordinates=np.where(true, recording.coordinates, given.coordinates))
    if PELVIS in parts:
        given = replace(given, root=recording.root)
    if LENGTHS in parts:
        given = replace(given, scales=recording.scales)
    return given


def kind_of(name: str) -> str:
    """What an angle belongs to, by its name: legs, arms or trunk."""
    word = name.split("_")[0]
    return "legs" if word in LEGS else "arms" if word in ARMS else "trunk"
