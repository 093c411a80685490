from dataclasses import replace

import numpy as np
import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model import Frame
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model
from rehab_coach.opensim.plug_in_gait import MARKERS, fit_person, hip_centres, solve

FRAMES = 8
BENT = {"hip_flexion": 1.2, "knee_angle": 1.3, "ankle_angle": 0.2, "elbow_flex": 0.6}


@pytest.fixture(scope="module")
def person():
    """Markers of somebody who is 10 % larger than the skeleton and squats, and her coordinates."""
    pytest.importorskip("opensim")
    try:
        model = read_model(default_model())
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    random = np.random.default_rng(0)
    frames = {
        name: Frame(
            marker.body,
            np.eye(3),
            np.diag(marker.location if marker.is_joint else random.uniform(-0.08, 0.08, 3) + [0.0, -0.1, 0.0]),
        )
        for name, marker in MARKERS.items()
    }
    layer = SkeletonLayer(replace(model, markers=frames), torch.float64)
    down = np.sin(np.linspace(0, np.pi, FRAMES))
    coordinates = np.zeros((FRAMES, len(layer.coordinates)))
    for name, angle in BENT.items():
        for side in ("_r", "_l"):
            coordinates[:, layer.coordinates.index(name + side)] = angle * down + 0.1
    coordinates[:, layer.coordinates.index("pelvis_ty")] = 1.0
    scales = torch.full((FRAMES, len(model.bodies), 3), 1.1, dtype=torch.float64)
    places = layer(torch.from_numpy(coordinates), scales).markers.numpy()
    return dict(zip(layer.markers, places.swapaxes(0, 1))), dict(zip(layer.coordinates, coordinates.T))


def test_the_person_is_measured_and_followed(person, tmp_path):
    places, coordinates = person
    places = {name: place.copy() for name, place in places.items()}
    places["LTOE"][3] = np.nan  # lost for a moment
    stamps, own = np.arange(FRAMES) / 10, str(tmp_path / "own.osim")
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


def test_other_markers_are_refused(person, tmp_path):
    places, _ = person
    own, stamps = str(tmp_path / "own.osim"), np.arange(FRAMES) / 10
    with pytest.raises(RehabCoachError, match="C7 is missing"):
        fit_person(own, stamps, {name: place for name, place in places.items() if name != "C7"})
    with pytest.raises(RehabCoachError, match="no two moments"):
        fit_person(own, stamps, {**places, "C7": np.full((FRAMES, 3), np.nan)})
