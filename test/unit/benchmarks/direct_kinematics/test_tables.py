from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.benchmarks.direct_kinematics.changes import CHANGES
from rehab_coach.benchmarks.direct_kinematics.plots import plot_errors, plot_robustness
from rehab_coach.benchmarks.direct_kinematics.results import Result, correlation, pooled
from rehab_coach.benchmarks.direct_kinematics.robustness import UNCHANGED, Robustness, table
from rehab_coach.benchmarks.direct_kinematics.shooting import different
from rehab_coach.benchmarks.direct_kinematics.tables import SUMS, Table, by_angle, by_group, overview, sums, view_of
from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.opensim.model_file import body_fixed
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

NAMES = ("lumbar", "knee_r", "knee_l")
FRAMES = 11
TOWARDS = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]], np.float32)


def _result(yaw=0.0, person="a", movement="squat"):
    """Knees go from 0 to 50 degrees; the right one is answered 4 degrees too large, the left 10 % too small."""
    wave = np.linspace(0, 50, FRAMES)
    truth = np.radians(np.stack([np.zeros(FRAMES), wave, wave], axis=1))
    errors = np.stack([np.full(FRAMES, np.nan), np.full(FRAMES, 4.0), -0.1 * wave], axis=1)
    key_points = np.ones((FRAMES, 33, 3), np.float32)
    sequence = SkeletonSequence(key_points, np.arange(FRAMES) / 10, (10, 10), BLAZEPOSE_33, key_points)
    nothing = np.zeros(0)
    root = np.broadcast_to(TOWARDS @ body_fixed(np.array([0, np.radians(yaw), 0])), (FRAMES, 3, 3))
    recording = Recording(
        "000000-" + movement,
        person,
        movement,
        sequence,
        nothing,
        nothing,
        None,
        sequence.seen,
        truth,
        np.isfinite(errors),
        np.ones((1, 3)),
        root,
        "films",
    )
    return Result(recording, errors, np.full(FRAMES, 30.0), 5.0, np.full(FRAMES, 2.0))


def test_sums_are_what_they_are_called():
    one = _result()
    numbers = dict(zip(SUMS, sums([one, one])))
    assert numbers["films"] == 2
    assert numbers["MAE angle"] == pytest.approx((4 + 2.5) / 2)
    assert numbers["without offset"] == pytest.approx(np.abs(np.linspace(-2.5, 2.5, FRAMES)).mean() / 2)
    assert numbers["median"] == pytest.approx(4.0)
    assert numbers["MV"] == pytest.approx((0 + 0.5 * 10) / 2)  # half a degree in a tenth of a second
    assert (numbers["MAE body"], numbers["MPBLPE"], numbers["pelvis"]) == (5, 30, 2)
    np.testing.assert_allclose(one.ranges, [np.nan, 0, -5], atol=1e-9)


def test_a_film_in_which_nothing_counts_has_empty_cells():
    one = _result()
    empty = replace(one, errors=np.full_like(one.errors, np.nan), points=np.full(FRAMES, np.nan))
    assert overview("ways", "title", {"ours": [empty]}).markdown().endswith("| ours | 1 |" + "  |" * 9)
    assert by_angle(NAMES, {"ours": [empty]}).rows == []
    assert np.isnan(correlation([empty], [1]))


@pytest.mark.parametrize("yaw, name", [(0, "front"), (-20, "front"), (40, "oblique"), (-75, "side"), (170, "back")])
def test_the_view_is_where_the_pelvis_faces(yaw, name):
    assert _result(yaw).view == pytest.approx(abs(yaw), abs=1e-4)
    assert view_of(_result(yaw).view) == name


def test_groups_and_sides(tmp_path):
    results = [_result(0, "a", "squat"), _result(80, "b", "lunge")]
    movements, people, views = by_group(results)
    assert [row[0] for row in movements.rows] == ["lunge", "squat"]
    assert [row[0] for row in people.rows] == ["a", "b"] and [row[0] for row in views.rows] == ["front", "side"]
    assert pooled(NAMES) == {"lumbar": [0], "knee": [1, 2]}
    angles = by_angle(NAMES, {"ours": results, "mean": results})
    assert [row[0] for row in angles.rows] == ["knee"]
    row = dict(zip(angles.columns, angles.rows[0]))
    assert row["MAE"] == row["mean"] == pytest.approx(3.25) and row["range"] == pytest.approx(2.5)
    assert 0.9 < row["r"] < 1
    plot_errors(str(tmp_path / "errors.png"), NAMES, results)
    assert (tmp_path / "errors.png").stat().st_size > 5000


def test_tables_are_written(tmp_path):
    Table("some", "Title", ("a", "b"), [["x", 1.234], ["y", float("nan")]]).write(str(tmp_path))
    assert (tmp_path / "some.csv").read_text().splitlines() == ["a,b", "x,1.23", "y,"]


def test_films_are_as_different_as_possible():
    recordings = [
        replace(_result().recording, person=person, movement=movement)
        for person in "ab"
        for movement in ("squat", "squat", "lunge", "walk")
    ]
    chosen = different(recordings, 4)
    assert {one.movement for one in chosen[:3]} == {"squat", "lunge", "walk"}
    assert {one.person for one in chosen[:2]} == {"a", "b"} and len(different(recordings, 99)) == 8


def test_robustness_is_told_against_the_unchanged_films(tmp_path):
    found = {(UNCHANGED, 0.0): Robustness(4.0, 1.0)}
    for name, change in CHANGES.items():
        found.update({(name, strength): Robustness(5.0, 0.9) for strength in change.strengths})
    rows = {(row[0], row[2]): row[3:] for row in table(found).rows}
    assert rows["darker", "0.1"] == [5.0, 1.0, 90.0] and rows[UNCHANGED, ""] == [4.0, 0.0, 100.0]
    plot_robustness(str(tmp_path / "robustness.png"), found)
    assert (tmp_path / "robustness.png").stat().st_size > 5000
