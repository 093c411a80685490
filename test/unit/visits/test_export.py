import csv
import json
import math
import os
import stat

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Movement
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.visits.export import export
from rehab_coach.visits.store import EnrolledPatient, VisitStore, dump_movement


@pytest.fixture
def filled(place, round_result, skeleton):
    with VisitStore(place) as store:
        for name in ("P-017", "Åse B"):
            store.give_consent(name, "1", at=0.0)
            store.add_round(name, round_result(skeleton=skeleton))
            store.add_round(
                name, round_result(2, 1030.5, verdict="not_seen", status="not_seen", recognised="", movement=None)
            )
            store.add_round(name, round_result(1, 90000.0))
        yield store


def table(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_everything_is_in_the_files(filled, tmp_path, skeleton, round_result):
    folder = str(tmp_path / "out")
    files = export(filled, folder)
    names = ["visits.json", "rounds.csv", "repetitions.csv"]
    skeletons = ["P-017_19700101T001640.000Z_round1.npz", "Åse_B_19700101T001640.000Z_round1.npz"]
    assert files == [os.path.join(folder, name) for name in names] + [
        os.path.join(folder, "skeletons", name) for name in skeletons
    ]
    with open(files[0], encoding="utf-8") as stream:
        patients = json.load(stream)["patients"]
    assert [one["name"] for one in patients] == ["P-017", "Åse B"]
    assert patients[0]["consent"] == {"time": "1970-01-01T00:00:00.000Z", "text": "1"}
    assert [len(visit["rounds"]) for visit in patients[0]["visits"]] == [2, 1]
    first, second = patients[0]["visits"][0]["rounds"]
    assert first["skeleton"] == os.path.join("skeletons", skeletons[0]) and second["skeleton"] is None
    assert second["started"] == "1970-01-01T00:17:10.500Z" and second["movement"] is None
    assert json.dumps(first["movement"]) == json.dumps(json.loads(dump_movement(round_result().movement)))
    np.testing.assert_array_equal(SkeletonSequence.load(files[3]).key_points, skeleton.key_points)


def test_what_a_patient_is_known_again_by_is_in_the_files(filled, tmp_path):
    filled.enrol(EnrolledPatient("Åse B", 0.0, "yes", "squat.mp4", "one", b"template"))
    filled.withdraw_consent("Åse B")  # it is still there, so it is told
    folder = str(tmp_path / "out")
    files = export(filled, folder)
    with open(files[0], encoding="utf-8") as stream:
        first, second = (one["template"] for one in json.load(stream)["patients"])
    name = os.path.join("templates", "Åse_B.npz")
    assert first is None
    when = "1970-01-01T00:00:00.000Z"
    assert second == {"time": when, "consent": "yes", "made_from": "squat.mp4", "model": "one", "file": name}
    assert os.path.join(folder, name) in files
    with open(os.path.join(folder, name), "rb") as stream:
        assert stream.read() == b"template"
    assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600


def test_tables_are_in_degrees(filled, tmp_path):
    _, rounds, repetitions = export(filled, str(tmp_path / "out"), ["P-017"])[:3]
    rows = table(rounds)
    assert [(row["visit"], row["round"], row["verdict"], row["repetitions"]) for row in rows] == [
        ("1", "1", "correct", "2"),
        ("1", "2", "not_seen", ""),
        ("2", "1", "correct", "2"),
    ]
    assert rows[0]["remarks"] == "heels_up"
    rows = table(repetitions)
    assert len(rows) == 4
    assert float(rows[0]["knee_angle_r_max_deg"]) == pytest.approx(math.degrees(1.5), abs=0.05)
    assert rows[0]["smoothness"] == "" and rows[0]["down_s"] == "0.9"


def test_the_files_are_their_owners_only(filled, tmp_path):
    before = os.umask(0)
    try:
        files = export(filled, str(tmp_path / "out"))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) for path in files} == {0o700}


def test_nothing_is_written_for_an_unknown_patient(filled, tmp_path):
    with pytest.raises(RehabCoachError, match="no patient P-018"):
        export(filled, str(tmp_path / "out"), ["P-017", "P-018"])
    assert not os.path.exists(str(tmp_path / "out"))


def test_an_empty_database_gives_empty_tables(place, tmp_path):
    with VisitStore(place) as store:
        _, rounds, repetitions = export(store, str(tmp_path / "out"))
    assert table(rounds) == table(repetitions) == []


def test_a_movement_without_angles_has_no_columns_of_angles(place, tmp_path, round_result):
    with VisitStore(place) as store:
        store.give_consent("P-017", "1")
        store.add_round("P-017", round_result(movement=Movement("squat", 10.0)))
        _, rounds, repetitions = export(store, str(tmp_path / "out"))
    assert table(rounds)[0]["repetitions"] == "0" and table(repetitions) == []
