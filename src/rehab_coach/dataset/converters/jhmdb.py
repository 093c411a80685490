"""JHMDB (Jhuang, Gall, Zuffi, Schmid and Black 2013): 2-D joints of 928 clips of 21 actions, marked by hand.

SOURCE/joint_positions/ACTION/CLIP/joint_positions.mat   pos_world (2, 15, T): from the middle of the picture, in
                                                         parts of its height, divided by the person's scale
SOURCE/splits/ACTION_test_split1.txt                     CLIP.avi 1 (training) or 2 (test)
"""

import os
import re
from typing import Dict, List, Optional, Set

import numpy as np

from rehab_coach.dataset.converters.public_set import PublicSet, check_places, files_like, read_matlab
from rehab_coach.dataset.sequences import FLAT, Recording
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import label_of_action
from rehab_coach.skeleton import COCO_18

JOINTS = (
    "neck belly nose right_shoulder left_shoulder right_hip left_hip right_elbow left_elbow "
    "right_knee left_knee right_wrist left_wrist right_ankle left_ankle"
).split()
"""In the set's order; its third is the middle of the face."""

ACTIONS = "catch clap golf jump pick pour pullup push run sit stand throw walk wave".split()
"""Those that the recipes know."""

RATE = 30.0
"""Frames per second; every clip of HMDB has so many."""

VIEWS = {"ba": "back", "fr": "front", "le": "left", "ri": "right"}
NAME = re.compile(r"(.+)_[hful]_[a-z]{2}_np\d_(ba|fr|le|ri)_[a-z]{3}_\d+$")
"""Names of clips: video and action, visible part of the body, camera, persons, view, quality, number."""


class JHMDB(PublicSet):
    """See the module."""

    title = "JHMDB (Jhuang, Gall, Zuffi, Schmid and Black 2013)"
    file = FLAT
    layout = "joint_positions/ACTION/CLIP/joint_positions.mat and splits/ACTION_test_split1.txt"

    def files(self, folder: str, everything: bool) -> List[str]:
        """See `PublicSet`; without `everything` the training part of the first split, of `ACTIONS`."""
        found = files_like(folder, "joint_positions/*/*/joint_positions.mat")
        if everything:
            return found
        training: Dict[str, Set[str]] = {action: set() for action in ACTIONS}
        for action in sorted({_action(path) for path in found} & set(ACTIONS)):
            training[action] = _training(os.path.join(folder, "splits", action + "_test_split1.txt"))
        return [path for path in found if _clip(path) in training.get(_action(path), ())]

    def read(self, path: str, everything: bool) -> Optional[Recording]:
        """See `PublicSet`."""
        content = read_matlab(path, "pos_world")
        places = check_places(path, content["pos_world"].T, len(JOINTS), 2)
        frames = np.zeros((len(places), len(COCO_18), 3), np.float32)
        for number, joint in enumerate(JOINTS):
            if joint in COCO_18.joints:
                frames[:, COCO_18.index(joint), :2] = places[:, number]
                frames[:, COCO_18.index(joint), 2] = 1
        action, name = _action(path), NAME.match(_clip(path))
        group = "jhmdb_" + (name.group(1) if name else _clip(path))
        view = VIEWS[name.group(2)] if name else ""
        return Recording(action, label_of_action(action), group, RATE, frames, view)


def _clip(path: str) -> str:
    return os.path.basename(os.path.dirname(path))


def _action(path: str) -> str:
    return os.path.basename(os.path.dirname(os.path.dirname(path)))


def _training(path: str) -> Set[str]:
    """The clips of a split's training part."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.split() for line in stream if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise RehabCoachError(
            "cannot read the split %s (%s): unpack splits.zip beside joint_positions, or convert everything (--all)"
            % (path, error)
        ) from error
    if any(len(line) != 2 or line[1] not in ("1", "2") for line in lines):
        raise RehabCoachError("%s is no split: each line must be CLIP.avi and 1 or 2" % path)
    return {os.path.splitext(name)[0] for name, part in lines if part == "1"}
