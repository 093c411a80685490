"""Tiny public sets, in the layout in which the real ones are downloaded."""

import numpy as np
import pytest
from scipy.io import savemat

from rehab_coach.dataset.converters.ui_prmd import MARKERS

PENN = (
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip right_hip "
    "left_knee right_knee left_ankle right_ankle"
).split()
"""As the set's description calls its joints."""

STANDING = {  # metres: to the person's left, up, forwards
    "FHD": (0.07, 1.70, 0.10),
    "BHD": (0.07, 1.72, -0.08),
    "SHO": (0.18, 1.45, 0.00),
    "UPA": (0.22, 1.30, 0.00),
    "ELB": (0.25, 1.15, 0.00),
    "FRM": (0.25, 1.02, 0.05),
    "WRA": (0.24, 0.90, 0.12),
    "WRB": (0.28, 0.90, 0.08),
    "FIN": (0.26, 0.80, 0.12),
    "ASI": (0.13, 1.00, 0.10),
    "PSI": (0.05, 1.02, -0.10),
    "THI": (0.18, 0.75, 0.00),
    "KNE": (0.17, 0.50, 0.03),
    "TIB": (0.18, 0.30, 0.00),
    "ANK": (0.15, 0.09, 0.00),
    "HEE": (0.12, 0.05, -0.08),
    "TOE": (0.13, 0.05, 0.15),
}
MIDDLE = {
    "C7": (0.0, 1.50, -0.06),
    "T10": (0.0, 1.25, -0.10),
    "CLAV": (0.0, 1.42, 0.06),
    "STRN": (0.0, 1.25, 0.10),
    "RBAK": (-0.08, 1.38, -0.10),
}


def write_penn(root, number, action="squat", train=1, frames=6, joints=13, **changes):
    """labels/NUMBER.mat of somebody who stands and is seen from the front; returns what was written."""
    places = np.zeros((frames, joints, 2))
    places[..., 0] = 100 + 10 * np.arange(joints)
    places[..., 1] = 50 + 20 * np.arange(joints) + np.arange(frames)[:, None]
    values = {
        "action": action,
        "pose": "front",
        "train": train,
        "x": places[..., 0],
        "y": places[..., 1],
        "visibility": np.ones((frames, joints), np.uint8),
        "nframes": frames,
        "dimensions": np.array([[360, 480, frames]], np.uint16),
        "bbox": np.zeros((frames, 4)),
    }
    values.update(changes)
    (root / "labels").mkdir(parents=True, exist_ok=True)
    (root / "frames" / ("%04d" % number)).mkdir(parents=True, exist_ok=True)
    savemat(str(root / "labels" / ("%04d.mat" % number)), {k: v for k, v in values.items() if v is not None})
    return values


def write_jhmdb(root, action, clips, frames=5, joints=15):
    """joint_positions and the first split; `clips`: name -> 1 (training) or 2."""
    (root / "splits").mkdir(parents=True, exist_ok=True)
    lines = "".join("%s.avi %d\n" % clip for clip in clips.items())
    (root / "splits" / (action + "_test_split1.txt")).write_text(lines)
    places = np.stack([np.tile(np.arange(joints)[:, None] / 10, frames), np.tile(np.arange(frames) / 7, (joints, 1))])
    for clip in clips:
        folder = root / "joint_positions" / action / clip
        folder.mkdir(parents=True, exist_ok=True)
        values = {"pos_world": places, "pos_img": places * 100, "scale": np.ones((1, frames)), "viewpoint": "front"}
        savemat(str(folder / "joint_positions.mat"), values)
    return places


def write_utd(root, action, person, trial=1, frames=4, joints=20, **changes):
    """Skeleton/aA_sS_tT_skeleton.mat; returns d_skel."""
    places = np.random.default_rng(action).uniform(-1, 1, (joints, 3, frames)) + np.array([[[0.0], [0.0], [3.0]]])
    (root / "Skeleton").mkdir(parents=True, exist_ok=True)
    name = "a%d_s%d_t%d_skeleton.mat" % (action, person, trial)
    savemat(str(root / "Skeleton" / name), dict({"d_skel": places}, **changes))
    return places


def markers_of_somebody(frames=7):
    """(T, 39, 3) millimetres, z up, of somebody who looks along x and walks there, 10 mm a frame."""
    places = []
    for marker in MARKERS:
        if marker in MIDDLE:
            left, up, forwards = MIDDLE[marker]
        else:
            left, up, forwards = STANDING[marker[1:]]
            left *= 1 if marker[0] == "L" else -1
        places.append((1000 * forwards, 1000 * left, 1000 * up))
    return np.array(places) + np.arange(frames)[:, None, None] * (10, 0, 0)


def write_ui_prmd(root, exercise, person, markers, incorrect=False, separator=","):
    """One repetition's positions."""
    folder = root / ("Incorrect Segmented Movements" if incorrect else "Segmented Movements") / "Vicon" / "Positions"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("m%02d_s%02d_e01_positions%s.txt" % (exercise, person, "_inc" if incorrect else ""))
    np.savetxt(str(path), markers.reshape(len(markers), -1), delimiter=separator, fmt="%.4f")
    return path


@pytest.fixture
def write():
    """write("penn", ...): the functions of this file."""
    functions = {"penn": write_penn, "jhmdb": write_jhmdb, "utd": write_utd, "uiprmd": write_ui_prmd}
    return lambda name, *arguments, **options: functions[name](*arguments, **options)


@pytest.fixture
def somebody():
    return markers_of_somebody
