import csv

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.opensim.files import read_mot, read_trc, write_csv, write_mot, write_trc

NAMES = ("knee_angle_r", "hip_flexion_r", "ankle_angle_r")


@pytest.fixture
def angles():
    stamps = 5.0 + np.arange(10) / 10
    values = np.radians(np.stack([np.arange(10) * 10.0, np.full(10, 20.0), np.full(10, np.nan)], axis=1))
    values[3:6, 0] = np.nan
    return JointAngles(NAMES, stamps, values, np.where(np.isnan(values), np.nan, 0.1), "fit")


def test_a_motion_file_is_read_back(angles, tmp_path):
    path = str(tmp_path / "deep" / "angles.mot")
    write_mot(path, angles)
    again = read_mot(path)
    assert again.names == NAMES[:2]  # what was never seen is left out
    assert again.stamps == pytest.approx(np.arange(10) / 10)  # time from 0
    assert np.degrees(again["knee_angle_r"]) == pytest.approx(np.arange(10) * 10)  # gaps interpolated
    assert np.degrees(again["hip_flexion_r"]) == pytest.approx(np.full(10, 20))


def test_the_header_says_what_opensim_needs_and_what_was_missing(angles, tmp_path):
    path = tmp_path / "angles.mot"
    write_mot(str(path), angles)
    lines = path.read_text().splitlines()
    header, rows = lines[: lines.index("endheader")], lines[lines.index("endheader") + 2 :]
    assert header[0] == "Coordinates" and "inDegrees=yes" in header
    assert "nRows=%d" % len(rows) in header and "nColumns=%d" % len(rows[0].split("\t")) in header
    assert "interpolated: knee_angle_r: 0.300 to 0.500 s" in header
    assert not any("hip_flexion_r" in line for line in header)


def test_translations_are_no_angles_and_radians_stay(tmp_path):
    path = tmp_path / "radians.sto"
    path.write_text(
        "motion\nnRows=2\nnColumns=3\ninDegrees=no\nendheader\ntime pelvis_tx knee_angle_r\n0 1 0.5\n1 1 1\n"
    )
    found = read_mot(str(path))
    assert found.names == ("knee_angle_r",) and found["knee_angle_r"].tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("hello\n", "endheader"),
        ("endheader\n", "endheader"),
        ("endheader\nknee hip\n1 2\n", "time"),
        ("endheader\ntime knee\n", "no rows"),
        ("endheader\ntime knee\n0 1\n1\n", "row 2 has 1 values, not 2"),
        ("endheader\ntime knee\n0 one\n", "not a number"),
        ("endheader\ntime knee\n1 1\n0 1\n", "increase"),
        ("inDegrees=maybe\nendheader\ntime knee\n0 1\n1 1\n", "yes or no"),
    ],
)
def test_what_is_no_motion_is_told(tmp_path, text, complaint):
    path = tmp_path / "wrong.mot"
    path.write_text(text)
    with pytest.raises(RehabCoachError, match=complaint):
        read_mot(str(path))


def test_missing_and_binary_files_are_told(tmp_path):
    with pytest.raises(RehabCoachError, match="No such file"):
        read_mot(str(tmp_path / "nothing.mot"))
    (tmp_path / "binary.mot").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(RehabCoachError, match="not text"):
        read_mot(str(tmp_path / "binary.mot"))


def test_nothing_seen_makes_no_motion(angles, tmp_path):
    blind = JointAngles(NAMES, angles.stamps, angles.values * np.nan, angles.values * np.nan)
    with pytest.raises(RehabCoachError, match="no joint angle"):
        write_mot(str(tmp_path / "angles.mot"), blind)
    assert not list(tmp_path.iterdir())


def test_the_table_leaves_missing_values_empty(angles, tmp_path):
    path = tmp_path / "angles.csv"
    write_csv(str(path), angles)
    with open(str(path)) as stream:
        rows = list(csv.DictReader(stream))
    assert [row["time"] for row in rows][:2] == ["5.0000", "5.1000"]
    assert [row["knee_angle_r"] for row in rows][2:7] == ["20.00", "", "", "", "60.00"]
    assert {row["ankle_angle_r"] for row in rows} == {""} == {rows[3]["knee_angle_r_deviation"]}
    assert float(rows[0]["hip_flexion_r_deviation"]) == pytest.approx(np.degrees(0.1), abs=0.01)


@pytest.mark.parametrize("dimensions, unit", [(2, "px"), (3, "m")])
def test_markers_are_read_back(tmp_path, dimensions, unit):
    stamps = 2.0 + np.arange(4) / 20
    knee = np.arange(4.0 * dimensions).reshape(4, dimensions)
    knee[1] = np.nan
    places = {"knee": knee, "neck": knee + 1, "heel": knee * np.nan}
    path = tmp_path / "points.trc"
    write_trc(str(path), stamps, places)
    assert path.read_text().splitlines()[2].split("\t")[:5] == ["20.0000", "20.0000", "4", "2", unit]
    time, markers = read_trc(str(path))
    assert time == pytest.approx(np.arange(4) / 20) and set(markers) == {"knee", "neck"}
    assert np.isnan(markers["knee"][1]).all()
    # y up, z towards the camera
    expected = np.column_stack([knee, np.zeros((4, 3 - dimensions))]) * [1, -1, -1]
    expected[1] = np.nan
    assert np.allclose(markers["knee"], expected, equal_nan=True)


@pytest.mark.parametrize("text", ["x\n" * 8, "PathFileType\n", "PathFileType\na\nb\nFrame#\tTime\n\n\n1\t0\n"])
def test_what_is_no_marker_file_is_told(tmp_path, text):
    path = tmp_path / "wrong.trc"
    path.write_text(text)
    with pytest.raises(RehabCoachError):
        read_trc(str(path))


def test_no_point_makes_no_marker_file(tmp_path):
    nothing = {"neck": np.full((3, 2), np.nan)}
    with pytest.raises(RehabCoachError, match="no key point"):
        write_trc(str(tmp_path / "points.trc"), np.arange(3.0), nothing)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\t", "   "),
        lambda text: text.replace("\t", " \t "),
        lambda text: "".join(
            line.replace("\t", " ") if n % 2 else line for n, line in enumerate(text.splitlines(True))
        ),
        lambda text: text.replace("\n", "\t\n"),
        lambda text: text + "\n\n",
        lambda text: text.replace("nRows=10", "nRows=7").replace("nColumns=3", "nColumns=9"),
        lambda text: text.replace("inDegrees=yes", "inDegrees = Yes"),
    ],
)
def test_motions_of_other_programs_are_read_alike(angles, tmp_path, change):
    path, other = str(tmp_path / "angles.mot"), tmp_path / "other.mot"
    write_mot(path, angles)
    with open(path) as stream:
        other.write_bytes(change(stream.read()).encode())
    one, again = read_mot(path), read_mot(str(other))
    assert again.names == one.names
    np.testing.assert_array_equal(again.stamps, one.stamps)
    np.testing.assert_array_equal(again.values, one.values)


def test_missing_values_of_a_motion_stay_missing(tmp_path):
    path = tmp_path / "gaps.mot"
    path.write_text("inDegrees=no\nendheader\ntime\tknee\thip\n0\t0.5\tNaN\n1\t\t0.25\n2\tnan\t\n")
    found = read_mot(str(path))
    np.testing.assert_array_equal(found["knee"], [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found["hip"], [np.nan, 0.25, np.nan])
    path.write_text("endheader\ntime\tknee\thip\n0\t1\t2\n1\t2\n")
    with pytest.raises(RehabCoachError, match="row 2 has 2 values, not 3"):
        read_mot(str(path))
    path.write_text("endheader\ntime\tknee\nNaN\t1\n")
    with pytest.raises(RehabCoachError, match="time must be a number"):
        read_mot(str(path))


TRC = (
    "PathFileType\t4\t(X/Y/Z)\tpoints.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n100\t100\t3\t2\tmm\n"
    "Frame#\tTime\tR Knee\t\t\tL.Knee\t\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n"
    "1\t0.00\t1000\t2000\t3000\t4000\t5000\t6000\n2\t0.01\t\t\t\t4000\t5000\t6000\n3\t0.02\t1000\t2000\t3000\t\t\t\n"
)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("Z2\n\n", "Z2\n"),  # no empty line before the rows
        lambda text: text.replace("\t\t\t\n3", "\tNaN\tNaN\tNaN\n3").replace("3000\t\t\t\n", "3000\n"),
        lambda text: text.replace("\t3\t2\tmm", "\t99\t7\tmm"),  # another number of frames and markers than there are
        lambda text: (
            text.replace("1000\t2000\t3000", "1000 2000 3000", 1)
            .replace("1\t0.00", "1  0.00")
            .replace("3000\t4000\t5000", "3000 4000 5000", 1)
        ),
        lambda text: text.replace("mm", "cm").replace("000\t", "00\t").replace("6000", "600").replace("3000", "300"),
    ],
)
def test_markers_of_other_programs_are_read_alike(tmp_path, change):
    path = tmp_path / "points.trc"
    path.write_bytes(change(TRC).encode())
    stamps, markers = read_trc(str(path))
    missing = [np.nan] * 3
    np.testing.assert_allclose(stamps, [0, 0.01, 0.02])
    np.testing.assert_allclose(markers["R Knee"], [[1, 2, 3], missing, [1, 2, 3]])
    np.testing.assert_allclose(markers["L.Knee"], [[4, 5, 6], [4, 5, 6], missing])


def test_markers_between_spaces_are_read(tmp_path):
    path = tmp_path / "points.trc"
    path.write_text(
        "PathFileType 4 (X/Y/Z) a.trc\nDataRate CameraRate NumFrames NumMarkers Units\n60 60 1 2 m\n"
        "Frame#  Time  Hip  Knee\n   X1 Y1 Z1 X2 Y2 Z2\n1  0.5  1 2 3  4 5 6\n"
    )
    stamps, markers = read_trc(str(path))
    assert stamps.tolist() == [0.5] and markers["Knee"].tolist() == [[4, 5, 6]]


@pytest.mark.parametrize(
    "change, complaint",
    [
        (lambda text: text.replace("L.Knee", "R Knee"), "two markers of one name"),
        (lambda text: text.replace("0.02", "0.00"), "increase"),
        (lambda text: text.replace("6000", "six"), "not a number"),
    ],
)
def test_markers_that_contradict_themselves_are_told(tmp_path, change, complaint):
    path = tmp_path / "points.trc"
    path.write_text(change(TRC))
    with pytest.raises(RehabCoachError, match=complaint):
        read_trc(str(path))
