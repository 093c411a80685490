"""UTD-MHAD (Chen, Jafari and Kehtarnavaz 2015): 3-D joints of 8 persons, 27 actions, seen by a Kinect.

SOURCE/Skeleton/aA_sS_tT_skeleton.mat   action A, person S, trial T: d_skel (20, 3, T), metres; x to the
                                        camera's left, y up, z away
"""

import os
import re
from typing import List, Optional

import numpy as np

from rehab_coach.dataset.converters.public_set import (
    PublicSet,
    check_places,
    files_like,
    in_millimetres,
    read_matlab,
)
from rehab_coach.dataset.sequences import SPATIAL, Recording
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import label_of_action
from rehab_coach.skeleton import COCO_18

JOINTS = (
    "nose neck spine hip_center left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow right_wrist "
    "right_hand left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot"
).split()
"""In the set's order; its first is the middle of the head."""

ACTIONS = (
    "swipe_left swipe_right wave clap throw arm_cross basketball_shoot draw_x draw_circle_CW draw_circle_CCW "
    "draw_triangle bowling boxing baseball_swing tennis_swing arm_curl tennis_serve push knock catch pickup_throw "
    "jog walk sit2stand stand2sit lunge squat"
).split()
"""Number 1 and so on."""

PERSONS = range(1, 7)
"""Those that the recipes learn from."""

RATE = 30.0
"""Frames per second."""

NAME = re.compile(r"a(\d+)_s(\d+)_t\d+_skeleton\.mat$")


class UTDMHAD(PublicSet):
    """See the module."""

    title = "UTD-MHAD (Chen, Jafari and Kehtarnavaz 2015)"
    file = SPATIAL
    layout = "Skeleton/a1_s1_t1_skeleton.mat ..."

    def files(self, folder: str, everything: bool) -> List[str]:
        """See `PublicSet`; without `everything` those of `PERSONS`."""
        named = [(path, NAME.search(path)) for path in files_like(folder, "Skeleton/a*_s*_t*_skeleton.mat")]
        return [path for path, name in named if name and (everything or int(name.group(2)) in PERSONS)]

    def read(self, path: str, everything: bool) -> Optional[Recording]:
        """See `PublicSet`."""
        number, person = (int(part) for part in NAME.findall(path)[0])
        if not 1 <= number <= len(ACTIONS):
            raise RehabCoachError(
                "%s: the set has the actions 1 to %d, not %d" % (os.path.basename(path), len(ACTIONS), number)
            )
        skeleton = read_matlab(path, "d_skel")["d_skel"]
        places = check_places(path, np.moveaxis(skeleton, -1, 0), len(JOINTS), 3)
        order = [JOINTS.index(joint if joint in JOINTS else "nose") for joint in COCO_18.joints]
        millimetres = in_millimetres(path, places[:, order] * (-1000, -1000, 1000))
        action = ACTIONS[number - 1]
        return Recording(action, label_of_action(action), "utd%d" % person, RATE, millimetres, "front")
