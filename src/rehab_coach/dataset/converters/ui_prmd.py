"""UI-PRMD (Vakanski, Jun, Paul and Baker 2018): motion capture of 10 persons, 10 exercises, done right and wrong.

    SOURCE/Segmented Movements/Vicon/Positions/m01_s01_e01_positions.txt                  exercise, person, repetition
    SOURCE/Incorrect Segmented Movements/Vicon/Positions/m01_s01_e01_positions_inc.txt

A line is a frame: the 39 markers of the Plug-in Gait set, x, y, z in millimetres, z up, 100 frames per second. The
angles beside them and the Kinect's files are not needed.
"""

import os
import re
from typing import List, Optional

import numpy as np

from rehab_coach.dataset.converters.public_set import PublicSet, check_places, files_like, in_millimetres
from rehab_coach.dataset.sequences import SPATIAL, Recording
from rehab_coach.dataset.ui_prmd import filled
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import label_of_action
from rehab_coach.exercises.lunge import LUNGE
from rehab_coach.skeleton import COCO_18

MARKERS = (
    "LFHD RFHD LBHD RBHD C7 T10 CLAV STRN RBAK LSHO LUPA LELB LFRM LWRA LWRB LFIN RSHO RUPA RELB RFRM RWRA RWRB RFIN "
    "LASI RASI LPSI RPSI LTHI LKNE LTIB LANK LHEE LTOE RTHI RKNE RTIB RANK RHEE RTOE"
).split()
"""In the set's order."""

ACTIONS = (
    "deep_squat hurdle_step inline_lunge side_lunge sit_to_stand standing_active_straight_leg_raise "
    "standing_shoulder_abduction standing_shoulder_extension standing_shoulder_int-ext_rotation "
    "standing_shoulder_scaption"
).split()
"""Number 1 and so on."""

LUNGE_TOO = "side_lunge"
"""Learned as a lunge, but not the same movement."""

PERSONS = range(1, 9)
"""Those that the recipes learn from."""

EVERY = 3
RATE = round(100.0 / EVERY, 1)
"""Frames per second that are kept: every third of 100."""

NAME = re.compile(r"m(\d+)_s(\d+)_e\d+_positions(_inc)?\.txt$")

NOSE_FORWARD, NOSE_DOWN, EYE_DOWN, EAR_DOWN = 30.0, 90.0, 50.0, 60.0
SHOULDER_DOWN, HIP_DOWN, HIP_ASIDE, KNEE_INWARDS, ANKLE_INWARDS = 40.0, 70.0, 85.0, 50.0, 35.0
"""Millimetres from the markers, or from the middle of the pelvis's, to the joints: an adult's, rounded."""


class UIPRMD(PublicSet):
    """See the module."""

    title = "UI-PRMD (Vakanski, Jun, Paul and Baker 2018)"
    file = SPATIAL
    layout = (
        "'Segmented Movements/Vicon/Positions/m01_s01_e01_positions.txt' ... and "
        "'Incorrect Segmented Movements/Vicon/Positions/m01_s01_e01_positions_inc.txt' ..."
    )

    def files(self, folder: str, everything: bool) -> List[str]:
        """See `PublicSet`; without `everything` those of `PERSONS`."""
        found = files_like(
            folder,
            "Segmented Movements/Vicon/Positions/*.txt",
            "Incorrect Segmented Movements/Vicon/Positions/*.txt",
        )
        named = [(path, NAME.search(path)) for path in found]
        return [path for path, name in named if name and (everything or int(name.group(2)) in PERSONS)]

    def read(self, path: str, everything: bool) -> Optional[Recording]:
        """See `PublicSet`."""
        number, person, incorrect = NAME.findall(path)[0]
        if not 1 <= int(number) <= len(ACTIONS):
            raise RehabCoachError(
                "%s: the set has the exercises 1 to %d, not %s" % (os.path.basename(path), len(ACTIONS), number)
            )
        markers = _markers(path)
        never = (markers == 0).all(axis=(0, 2))
        if never.any():
            raise RehabCoachError("%s: the marker %s is never seen" % (path, MARKERS[int(np.argmax(never))]))
        millimetres = in_millimetres(path, joints_of(filled(markers))[::EVERY])
        action = ACTIONS[int(number) - 1]
        further = {"execution": "incorrect" if incorrect else "correct"}
        label = LUNGE.label if action == LUNGE_TOO else label_of_action(action)
        return Recording(action, label, "ui%d" % int(person), RATE, millimetres, "any", further)


def _markers(path: str) -> np.ndarray:
    """Places of the markers, float64 (T, 39, 3)."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [[float(word) for word in line.replace(",", " ").split()] for line in stream if line.strip()]
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except ValueError as error:
        raise RehabCoachError("%s must hold numbers only: %s" % (path, error)) from error
    widths = {len(line) for line in lines}
    if widths != {3 * len(MARKERS)}:
        raise RehabCoachError(
            "%s must have %d numbers in every line, x, y, z of %d markers, not %s (the Kinect's files are others)"
            % (path, 3 * len(MARKERS), len(MARKERS), ", ".join(map(str, sorted(widths))) or "none")
        )
    return check_places(path, np.array(lines).reshape(len(lines), len(MARKERS), 3), len(MARKERS), 3)


def joints_of(markers: np.ndarray) -> np.ndarray:
    """Joints where a pose estimator would put them.

    Args:
        markers: (T, 39, 3) millimetres, z up, in the order of `MARKERS`; none lost.

    Returns:
        float64 (T, 18, 3) millimetres: right, down and away of a camera to the right of somebody who looks along the
        first axis, from where the middle of the pelvis is at first; in COCO-18 order.
    """

    def at(*names: str) -> np.ndarray:
        return np.mean([markers[:, MARKERS.index(name)] for name in names], axis=0)

    def unit(vectors: np.ndarray) -> np.ndarray:
        return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)

    down = np.array([0.0, 0.0, -1.0])
    pelvis, right = at("LASI", "RASI", "LPSI", "RPSI"), unit(at("RASI") - at("LASI"))
    forehead, looking = at("LFHD", "RFHD"), unit(at("LFHD", "RFHD") - at("LBHD", "RBHD"))
    joints = {
        "nose": forehead + NOSE_FORWARD * looking + NOSE_DOWN * down,
        "neck": at("C7", "CLAV"),
    }
    for side, letter, outwards in (("right", "R", right), ("left", "L", -right)):
        joints[side + "_shoulder"] = at(letter + "SHO") + SHOULDER_DOWN * down
        joints[side + "_elbow"] = at(letter + "ELB")
        joints[side + "_wrist"] = at(letter + "WRA", letter + "WRB")
        joints[side + "_hip"] = pelvis + HIP_DOWN * down + HIP_ASIDE * outwards
        joints[side + "_knee"] = at(letter + "KNE") - KNEE_INWARDS * outwards
        joints[side + "_ankle"] = at(letter + "ANK") - ANKLE_INWARDS * outwards
        joints[side + "_eye"] = at(letter + "FHD") + EYE_DOWN * down
        joints[side + "_ear"] = at(letter + "FHD", letter + "BHD") + EAR_DOWN * down
    places = np.stack([joints[joint] for joint in COCO_18.joints], axis=1) - pelvis[:1, None]
    return places[..., [0, 2, 1]] * (1, -1, 1)
