import csv
import os

import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.dataset.motions import EVERY, places_of
from rehab_coach.dataset.ui_prmd import MarkedExecution
from rehab_coach.opensim.files import read_mot
from rehab_coach.opensim.plug_in_gait import MARKERS

NAMES = list(MARKERS)


def standing(heading=0.0, frames=30):
    """Markers (T, 39, 3) millimetres, z up, of a pelvis that faces `heading` degrees to the left of x."""
    markers = np.random.default_rng(0).uniform(-200, 200, (len(NAMES), 3)) + [0, 0, 1200]
    for name, place in (("RASI", (100, -120)), ("LASI", (100, 120)), ("RPSI", (-100, -50)), ("LPSI", (-100, 50))):
        markers[NAMES.index(name)] = (*place, 950)
    angle = np.radians(heading)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return np.tile(markers @ turn.T, (frames, 1, 1))


def write_data(root, markers, people):
    """A data folder: of each person one repetition that is well done, one that is not; the same markers."""
    folder = root / "mocap" / "ui_prmd"
    folder.mkdir(parents=True)
    rows = [("deep_squat", person, 1, how) for person in people for how in ("correct", "incorrect")]
    np.savez(
        folder / "markers.npz",
        positions_mm=np.concatenate([markers] * len(rows)).round().astype(np.int16),
        offsets=np.arange(len(rows) + 1) * len(markers),
        marker_names=NAMES,
    )
    with open(folder / "index.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("sequence", "movement", "subject", "repetition", "execution"))
        writer.writerows((number, *row) for number, row in enumerate(rows))
    return str(root)


@pytest.fixture
def data(tmp_path):
    """Of two people who stand."""
    return write_data(tmp_path / "data", standing(), (1, 2))


def test_people_face_along_x_in_opensims_axes():
    for heading in (0, 75, 200):
        markers = standing(heading) / 1000
        markers[:, NAMES.index("LTOE")] = 0  # lost throughout
        places = places_of(MarkedExecution("deep_squat", "1", "1", True, NAMES, markers))
        assert places["RASI"].shape == (6, 3)
        np.testing.assert_allclose(places["RASI"][0] - places["LASI"][0], [0, 0, 0.24], atol=1e-3)
        np.testing.assert_allclose(places["RASI"][0] - places["RPSI"][0], [0.2, 0, 0.07], atol=1e-3)
        assert np.isnan(places["LTOE"]).all()


def test_each_repetition_becomes_a_file(marked_person, tmp_path, capsys):
    places, _ = marked_person
    once = 1000 * np.stack([places[name] for name in NAMES], axis=1)
    upright = np.stack([once[..., 0], -once[..., 2], once[..., 1]], axis=-1)
    data = write_data(tmp_path / "data", np.repeat(upright, EVERY, axis=0), (1,))
    out = str(tmp_path / "motions")
    command = ["dataset", "motions", out, "--data", data]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "2 repetitions of 1 people, 16 frames" in said and "in 0.0 % of the frames" in said
    paths = [os.path.join(out, "s01", "deep_squat-%s-01.mot" % how) for how in ("correct", "incorrect")]
    for angles in map(read_mot, paths):
        assert angles.stamps[0] == 0 and len(angles.stamps) == 8 and "pelvis_tx" not in angles.names
        assert np.ptp(angles["knee_angle_r"]) == pytest.approx(1.3 * np.sin(3 * np.pi / 7), abs=0.15)
    written = [os.stat(path).st_mtime_ns for path in paths]
    assert main(command) == 0
    assert [os.stat(path).st_mtime_ns for path in paths] == written  # nothing is made twice


def test_what_is_wrong_is_said(data, tmp_path, capsys):
    assert main(["dataset", "motions", str(tmp_path / "out"), "--data", str(tmp_path / "gone")]) == 2
    assert "index.csv" in capsys.readouterr().err
    assert main(["dataset", "motions", str(tmp_path / "out"), "--data", data, "--most", "-1"]) == 2
    assert "--most must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("2", "two"), "must number subjects"),
        (("deep_squat", "crawl"), "has none of the movements"),
        (("RASI", "HIP"), "not the markers of Plug-in Gait: RASI is missing"),
    ],
)
def test_other_tables_and_markers_are_refused_before_anything_is_written(change, sentence, data, tmp_path, capsys):
    folder = os.path.join(data, "mocap", "ui_prmd")
    before, after = change
    if before == "RASI":
        with np.load(os.path.join(folder, "markers.npz")) as arrays:
            content = dict(arrays)
        content["marker_names"] = np.array([after if name == before else name for name in content["marker_names"]])
        np.savez(os.path.join(folder, "markers.npz"), **content)
    else:
        with open(os.path.join(folder, "index.csv")) as stream:
            rows = list(csv.reader(stream))
        with open(os.path.join(folder, "index.csv"), "w", newline="") as stream:
            csv.writer(stream).writerows(
                [row[0], *(after if cell == before else cell for cell in row[1:])] for row in rows
            )
    out = str(tmp_path / "out")
    assert main(["dataset", "motions", out, "--data", data]) == 2
    assert sentence in capsys.readouterr().err
    assert not os.path.exists(out)
