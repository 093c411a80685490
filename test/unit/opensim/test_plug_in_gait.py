import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.hip_centres import hip_centres
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.plug_in_gait import MARKERS, fit_person, solve

BENT = ("hip_flexion", "knee_angle", "ankle_angle", "elbow_flex")


def test_the_person_is_measured_and_followed(marked_person, tmp_path):
    places, coordinates = marked_person
    places = {name: place.copy() for name, place in places.items()}
    places["LTOE"][3] = np.nan  # lost for a moment
    stamps, own = np.arange(8) / 10, str(tmp_path / "own.osim")
    fit_person(own, stamps, places)
    assert tuple(read_model(own).markers) == tuple(MARKERS)
    pose = solve(own, stamps, places)
    assert np.nanmean(pose.distances) < 0.01
    assert np.isnan(pose.distances[3, list(MARKERS).index("LTOE")])
    for name in BENT:
        found = np.degrees(pose.values[:, pose.names.index(name + "_r")])
        assert np.abs(found - np.degrees(coordinates[name + "_r"])).mean() < (10 if name == "elbow_flex" else 6), name


def test_hips_are_between_the_iliac_spines_and_below():
    places = {
        "RASI": np.array([[0.1, 1.0, 0.12]]),
        "LASI": np.array([[0.1, 1.0, -0.12]]),
        "RPSI": np.array([[-0.1, 1.0, 0.05]]),
        "LPSI": np.array([[-0.1, 1.0, -0.05]]),
    }
    centres = hip_centres(places)
    np.testing.assert_allclose(centres["RHJC"], [[0.1 - 0.22 * 0.24, 1.0 - 0.30 * 0.24, 0.36 * 0.24]])
    np.testing.assert_allclose(centres["LHJC"], centres["RHJC"] * [1, 1, -1])


def test_other_markers_are_refused(marked_person, tmp_path):
    places, _ = marked_person
    own, stamps = str(tmp_path / "own.osim"), np.arange(8) / 10
    with pytest.raises(RehabCoachError, match="C7 is missing"):
        fit_person(own, stamps, {name: place for name, place in places.items() if name != "C7"})
    with pytest.raises(RehabCoachError, match="no two moments"):
        fit_person(own, stamps, {**places, "C7": np.full((8, 3), np.nan)})
