import csv
import json

import cv2
import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.dataset import open_set
from rehab_coach.dataset.inspection import inspect_sets
from rehab_coach.dataset.measurement import measure
from rehab_coach.dataset.plots import tile
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence


@pytest.fixture
def two_sets(make_set, make_clip, make_person):
    """A set in which the patient of clip k is seen in (k + 1) of 10 frames, and one in which always."""

    def clips(hidden):
        for number in range(6):
            person = make_person(number, 10)
            if hidden:
                person.key_points[number + 1 :] = 0
            yield make_clip("clip_%d" % number, ("squat", "lunge")[number % 2], "p%d" % (number // 2), person)

    return [open_set(make_set("kinetics", clips(hidden), name)) for hidden, name in ((True, "poor"), (False, "good"))]


def test_measurements_of_a_clip(make_clip, make_person):
    people = [make_person(0, 30), make_person(1, 30)]
    people[0].key_points[10:20] = 0
    people[0].key_points[:10, :6] = 0
    people[1].key_points[15:] = 0
    found = measure(make_clip("a", "lunge", "p1", *people), "set")
    assert (found.set, found.name, found.label, found.group, found.frames, found.people) == (
        "set",
        "a",
        "lunge",
        "p1",
        30,
        2,
    )
    assert found.seconds == pytest.approx(1)
    assert found.share == pytest.approx(25 / 30)
    assert found.joints == pytest.approx((12 + 18) / 2)


def test_joints_are_counted_alike_in_every_layout(make_clip):
    key_points = np.full((5, 33, 3), 50, np.float32)
    person = SkeletonSequence(key_points, np.arange(5) / 10, (100, 100), BLAZEPOSE_33)
    assert measure(make_clip("a", "squat", "", person), "set").joints == 18


def test_tables_and_pictures(two_sets, tmp_path):
    out = tmp_path / "report"
    summary = inspect_sets(two_sets, str(out), 4, 0, pytest.fail)
    poor = summary["poor"]
    assert poor["share_of_frames_with_a_skeleton"] == {"mean": 0.35, "quartiles": [0.225, 0.35, 0.475]}
    assert (poor["clips"], poor["groups"], poor["clips_without_a_skeleton"]) == (6, 3, 0)
    assert poor["classes"]["lunge"]["share_of_frames_with_a_skeleton"]["mean"] == 0.4
    assert poor["classes"]["unknown"] == {"clips": 0}
    assert json.loads((out / "summary.json").read_text()) == summary
    with open(str(out / "clips.csv")) as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12 and rows[0]["share"] == "0.1" and rows[6]["share"] == "1.0"
    for name in ("frames", "classes", "lengths", "contact_sheet_poor", "contact_sheet_good"):
        picture = cv2.imread(str(out / (name + ".png")))
        assert picture.std() > 10, name


def test_a_sample_and_clips_that_cannot_be_read(two_sets, tmp_path):
    with open(two_sets[0].path + "/clip_3.json", "w") as stream:
        stream.write("{")
    lines = []
    summary = inspect_sets(two_sets, str(tmp_path / "report"), 2, 4, lines.append)
    assert summary["good"]["clips"] == 4 and summary["poor"]["clips"] == 4 - len(lines)
    summary = inspect_sets(two_sets[:1], str(tmp_path / "all"), 2, 0, lines.append)
    assert summary["poor"]["clips"] == 5 and "clip_3" in lines[-1]


def test_sets_of_the_same_name_are_told_apart_by_their_paths(make_set, make_clip, tmp_path):
    sets = [open_set(make_set(format, [make_clip("a")])) for format in ("kinetics", "npz")]
    assert list(inspect_sets(sets, str(tmp_path / "report"), 2, 0, pytest.fail)) == [found.path for found in sets]


def test_a_tile_shows_the_person_wherever_it_is(make_person):
    person = make_person(3, 30)
    far = SkeletonSequence(person.key_points * (0.1, 0.1, 1) + (200, 0, 0), person.stamps, person.size)
    near, small = tile(person), tile(far)
    assert (near.max(axis=2) > 60).mean() > 0.05
    np.testing.assert_allclose(near, small, atol=40)
    person.key_points[:] = 0
    assert (tile(person) == 32).all()


def test_the_command_prints_the_table(two_sets, tmp_path, capsys):
    paths = [found.path for found in two_sets]
    assert main(["dataset", "inspect", *paths, "--out", str(tmp_path / "report")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines if line.startswith("poor")] == [["poor", "6", "3", "35.0"]]
    assert any("unknown" in line and "no clip" in line for line in lines)


def test_nothing_to_inspect_is_an_error(make_set, make_clip, tmp_path):
    path = make_set("kinetics", [make_clip("a")])
    with open(path + "/a.json", "w") as stream:
        stream.write("[]")
    lines = []
    with pytest.raises(RehabCoachError, match="no clip that can be used"):
        inspect_sets([open_set(path)], str(tmp_path / "report"), 2, 0, lines.append)
    assert len(lines) == 1
