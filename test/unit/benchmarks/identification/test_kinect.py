"""Skeletons in space as the Kinect's picture had them."""

import numpy as np

from rehab_coach.benchmarks.identification.kinect import in_picture
from rehab_coach.dataset.sequences import SPATIAL, Recording, replace_source


def test_trials_are_numbered_and_in_the_picture(tmp_path):
    places = np.zeros((20, 18, 3), np.int16)
    places[..., 2] = 2000
    places[:, 4, 0] = 1000
    recordings = [
        Recording(action, "squat", "utd%d" % person, 30.0, places, "front", {"execution": ""})
        for action in ("squat", "lunge")
        for person in (1, 1, 2)
    ]
    replace_source(str(tmp_path), SPATIAL, "utd", recordings)
    found = in_picture(str(tmp_path), "squat")
    assert [(person, trial) for person, trial, _ in found] == [("1", "1"), ("1", "2"), ("2", "1")]
    sequence = found[0][2]
    np.testing.assert_allclose(sequence.key_points[0, 4], (320 + 525 / 2, 240, 1))
    assert sequence.rate == 30.0 and len(sequence) == 20
