"""Correct and incorrect exercises of UI-PRMD (Vakanski et al. 2018): motion-capture markers become key points.

A data folder holds mocap/ui_prmd/markers.npz (positions_mm (sum T, 39, 3) at 50 Hz, z up; offsets (n + 1);
marker_names of the Plug-in Gait set) and index.csv (sequence, movement, subject, repetition, execution).
"""

import os
import zipfile
from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.opensim.hip_centres import hip_centres
from rehab_coach.skeleton import BLAZEPOSE_33

RATE = 50.0
"""Frames per second of the markers."""

MOVEMENTS = ("deep_squat", "inline_lunge", "side_lunge", "sit_to_stand")

SHOULDER_DEPTH, KNEE_HALF_WIDTH, ANKLE_HALF_WIDTH, EYE_DEPTH, NOSE_DEPTH = 0.04, 0.05, 0.035, 0.05, 0.09
"""Metres from the skin markers to what a pose estimator calls the joint: an adult's, rounded."""


@dataclass(frozen=True, eq=False)
class Execution:
    """One repetition by one person.

    Attributes:
        movement: one of `MOVEMENTS`.
        subject, repetition: as the data set numbers them.
        correct: False where the person was told to do it badly.
        joints: float64 (T, 33, 3) metres in BlazePose's order, z up, at `RATE`.
    """

    movement: str
    subject: str
    repetition: str
    correct: bool
    joints: np.ndarray


@dataclass(frozen=True, eq=False)
class MarkedExecution:
    """One repetition as motion capture has it.

    Attributes:
        movement, subject, repetition, correct: see `Execution`.
        names: of the markers, Plug-in Gait's.
        markers: float64 (T, 39, 3) metres, z up, at `RATE`; 0, 0, 0 where one was lost throughout.
    """

    movement: str
    subject: str
    repetition: str
    correct: bool
    names: List[str]
    markers: np.ndarray


def read_executions(folder: str) -> List[Execution]:
    """All repetitions of the four movements.

    Raises:
        RehabCoachError: the files are missing or not as the module's docstring says.
    """
    try:
        return [
            Execution(
                one.movement,
                one.subject,
                one.repetition,
                one.correct,
                joints_from_markers(one.markers, one.names),
            )
            for one in read_markers(folder)
        ]
    except ValueError as error:
        raise RehabCoachError("%s has not the markers of Plug-in Gait: %s" % (_folder(folder), error)) from error


def read_markers(folder: str) -> List[MarkedExecution]:
    """The same with their markers.

    Raises:
        RehabCoachError: as of `read_executions`.
    """
    root = _folder(folder)
    rows = read_table(os.path.join(root, "index.csv"), ("sequence", "movement", "subject", "repetition", "execution"))
    path = os.path.join(root, "markers.npz")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            positions, offsets = arrays["positions_mm"], arrays["offsets"]
            names = [str(name) for name in arrays["marker_names"]]
        return [
            MarkedExecution(
                row["movement"],
                row["subject"],
                row["repetition"],
                row["execution"] == "correct",
                names,
                filled(positions[offsets[number] : offsets[number + 1]]) / 1000,
            )
            for row in rows
            for number in [int(row["sequence"])]
            if row["movement"] in MOVEMENTS
        ]
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise RehabCoachError(
            "cannot read %s (arrays positions_mm, offsets, marker_names): %s" % (path, error)
        ) from error


def _folder(data: str) -> str:
    return os.path.join(data, "mocap", "ui_prmd")


def filled(positions: np.ndarray) -> np.ndarray:
    """Markers (T, M, 3) as float, the lost ones (exactly 0, 0, 0) interpolated over time."""
    filled = positions.astype(float)
    frames = np.arange(len(filled))
    lost = (positions == 0).all(axis=2)
    for marker in np.flatnonzero(lost.any(axis=0)):
        seen = ~lost[:, marker]
        if seen.any():
            for axis in range(3):
                filled[:, marker, axis] = np.interp(frames, frames[seen], filled[seen, marker, axis])
    return filled


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def joints_from_markers(markers: np.ndarray, names: List[str]) -> np.ndarray:
    """Joints where pose estimators put them, from the Plug-in Gait markers.

    Hip centres by Bell et al. 1990. Knees and ankles lie half a joint's width inwards of their markers.

    Args:
        markers: float (T, M, 3) metres, z up.
        names: of the markers.

    Returns:
        float64 (T, 33, 3) in BlazePose's order.

    Raises:
        ValueError: a marker is missing.
    """

    def at(*wanted: str) -> np.ndarray:
        return np.mean([markers[:, names.index(name)] for name in wanted], axis=0)

    joints: Dict[str, np.ndarray] = {}
    front, back = at("LASI", "RASI"), at("LPSI", "RPSI")
    left = _unit(at("LASI") - at("RASI"))
    hips = hip_centres({name: at(name) for name in ("LASI", "RASI", "LPSI", "RPSI")})
    looking = _unit(at("LFHD", "RFHD") - at("LBHD", "RBHD"))
    head_left = _unit(at("LFHD") - at("RFHD"))
    head_down = -np.cross(looking, head_left)
    joints["nose"] = at("LFHD", "RFHD") + 0.02 * looking + NOSE_DEPTH * head_down
    for side, letter, sign in (("left", "L", 1.0), ("right", "R", -1.0)):
        outwards = sign * left
        shank = _unit(at(letter + "KNE") - at(letter + "ANK"))
        foot = at(letter + "TOE") - at(letter + "HEE")
        knee_out = _unit(outwards - np.sum(outwards * shank, axis=1, keepdims=True) * shank)
        ankle_out = sign * _unit(np.cross(shank, foot))
        eye = at(letter + "FHD") + EYE_DEPTH * head_down
        joints[side + "_shoulder"] = at(letter + "SHO") - SHOULDER_DEPTH * _unit(
            at("LSHO", "RSHO") - (front + back) / 2
        )
        joints[side + "_elbow"] = at(letter + "ELB")
        joints[side + "_wrist"] = at(letter + "WRA", letter + "WRB")
        for finger in ("_pinky", "_index", "_thumb"):
            joints[side + finger] = at(letter + "FIN")
        joints[side + "_hip"] = hips[letter + "HJC"]
        joints[side + "_knee"] = at(letter + "KNE") - KNEE_HALF_WIDTH * knee_out
        joints[side + "_ankle"] = at(letter + "ANK") - ANKLE_HALF_WIDTH * ankle_out
        joints[side + "_heel"], joints[side + "_foot_index"] = at(letter + "HEE"), at(letter + "TOE")
        for name in ("_eye_inner", "_eye", "_eye_outer"):
            joints[side + name] = eye
        joints[side + "_ear"] = at(letter + "FHD", letter + "BHD") + NOSE_DEPTH * head_down
        joints["mouth_" + side] = joints["nose"] + 0.03 * head_down + 0.02 * sign * head_left
    return np.stack([joints[name] for name in BLAZEPOSE_33.joints], axis=1)
