import os
import resource
import sqlite3
import stat
import subprocess
import sys

import pytest

from rehab_coach.visits import schema
from rehab_coach.visits.database import default_place
from rehab_coach.visits.errors import StoreUnavailableError, VisitStoreError
from rehab_coach.visits.store import EnrolledPatient, VisitStore

VERSION_1 = """
CREATE TABLE schema_information (version INTEGER NOT NULL);
CREATE TABLE patients (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL UNIQUE, consent_time FLOAT NOT NULL,
    consent_text TEXT NOT NULL, withdrawn_time FLOAT);
CREATE TABLE visits (
    id INTEGER NOT NULL PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patients (id) ON DELETE CASCADE);
CREATE TABLE rounds (
    id INTEGER NOT NULL PRIMARY KEY, visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, started FLOAT NOT NULL, ended FLOAT NOT NULL, asked VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL, recognised VARCHAR(64) NOT NULL, confidence FLOAT NOT NULL,
    verdict VARCHAR(16) NOT NULL, waiting_time FLOAT, movement TEXT, skeleton BLOB,
    UNIQUE (visit_id, started, number));
INSERT INTO schema_information VALUES (1);
INSERT INTO patients VALUES (1, 'P-017', 500.0, '1', NULL);
INSERT INTO visits VALUES (1, 1);
INSERT INTO rounds VALUES (1, 1, 1, 1000.0, 1015.0, 'squat', 'recognised', 'squat', 0.9, 'correct', 0.2, NULL, NULL);
"""


def run_sql(place, script):
    os.makedirs(os.path.dirname(place), exist_ok=True)
    connection = sqlite3.connect(place)
    connection.executescript(script)
    connection.close()


def content(place):
    with open(place, "rb") as stream:
        return stream.read()


def permissions(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def filled(place, round_result):
    with VisitStore(place) as store:
        store.give_consent("P-017", "1", at=500.0)
        store.add_round("P-017", round_result())
    return place


def test_only_the_owner_can_read_the_file(place):
    before = os.umask(0)
    try:
        VisitStore(place).close()
    finally:
        os.umask(before)
    assert permissions(place) == 0o600
    assert permissions(os.path.dirname(place)) == 0o700


def test_the_journal_is_as_private_as_the_file(filled, monkeypatch, round_result):
    before = os.umask(0)
    seen = {}
    store = VisitStore(filled)
    commit = store._database.engine.dialect.do_commit

    def look(connection):
        folder = os.path.dirname(filled)
        seen.update({name: permissions(os.path.join(folder, name)) for name in os.listdir(folder)})
        commit(connection)

    monkeypatch.setattr(store._database.engine.dialect, "do_commit", look)
    try:
        store.add_round("P-017", round_result(number=2))
    finally:
        os.umask(before)
        store.close()
    assert seen == {"visits.sqlite": 0o600, "visits.sqlite-journal": 0o600}
    assert os.listdir(os.path.dirname(filled)) == ["visits.sqlite"]


def test_a_file_that_others_could_read_is_made_private(filled):
    os.chmod(filled, 0o644)
    VisitStore(filled).close()
    assert permissions(filled) == 0o600


def test_commits_wait_for_the_disk(filled):
    with VisitStore(filled) as store, store._database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3  # EXTRA
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_the_default_place_is_where_desktop_programs_keep_data(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_place() == "/data/rehab_coach/visits.sqlite"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_place() == "/home/somebody/.local/share/rehab_coach/visits.sqlite"


@pytest.mark.parametrize("name", ["a b?mode=memory#1%20.sqlite", "ä'\"\\.sqlite"])
def test_any_file_name_will_do(tmp_path, name):
    VisitStore(str(tmp_path / name)).close()
    assert os.listdir(str(tmp_path)) == [name]


def test_a_url_of_a_file_is_a_file(place):
    with VisitStore("sqlite:///" + place) as store:
        assert store.place == place


def test_a_locked_database_is_told_and_nothing_is_lost(filled, round_result):
    other = sqlite3.connect(filled, isolation_level=None)
    with VisitStore(filled, busy_timeout=0.05) as store:
        for lock in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
            other.execute(lock)
            with pytest.raises(StoreUnavailableError, match="in use by another program.*try again"):
                store.add_round("P-017", round_result(number=2))
            with pytest.raises(StoreUnavailableError, match="in use"):
                store.delete("P-017")
            other.execute("ROLLBACK")
        assert store.add_round("P-017", round_result(number=2))
        assert [one.number for one in store.rounds("P-017")] == [1, 2]


def test_a_store_opens_while_somebody_reads(filled):
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM rounds").fetchall()
    with VisitStore(filled, busy_timeout=0.05) as store:
        assert len(store.rounds("P-017")) == 1
    other.close()


FULL = """
import resource, sys
from rehab_coach.visits.errors import StoreUnavailableError
from rehab_coach.visits.store import RoundResult, VisitStore
with VisitStore(sys.argv[1]) as store:
    size = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    number = 2
    try:
        while True:
            result = RoundResult(number, 1000.0 + number, 1010.0, "squat", "recognised", "squat", 0.9, "correct",
                                 measured_by="m" * 200)
            store.add_round("P-017", result)
            number += 1
    except StoreUnavailableError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert store.add_round("P-017", result)
    assert not store.add_round("P-017", result)
    print(number)
"""


def test_a_full_disk_is_told_and_the_round_can_be_stored_later(filled):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    run = subprocess.run(
        [sys.executable, "-c", FULL, filled, str(os.path.getsize(filled) + 4096)],
        stdout=subprocess.PIPE,
        universal_newlines=True,
        check=True,
    )
    message, number = run.stdout.strip().splitlines()
    assert "full or broken" in message and "make room and try again" in message
    with VisitStore(filled) as store:
        assert [one.number for one in store.rounds("P-017")] == list(range(1, int(number) + 1))


def test_an_older_database_is_brought_up_to_date(place, round_result):
    run_sql(place, VERSION_1)
    with VisitStore(place) as store:
        store.add_round("P-017", round_result(number=2))
        assert [(one.number, one.measured_by) for one in store.rounds("P-017")] == [(1, ""), (2, "tests")]
    with VisitStore(place) as store, store._database.transaction() as connection:
        assert schema.read_version(connection) == schema.VERSION


def test_an_upgrade_that_fails_leaves_the_old_tables(place, monkeypatch):
    run_sql(place, VERSION_1)
    before = content(place)
    monkeypatch.setitem(schema.UPGRADES, 1, schema.UPGRADES[1] + ("ALTER TABLE nothing ADD COLUMN more",))
    with pytest.raises(VisitStoreError, match="cannot use the database"):
        VisitStore(place)
    assert content(place) == before


def test_upgraded_and_new_tables_are_the_same(place, tmp_path):
    def columns(path):
        connection = sqlite3.connect(path)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(row[1] for row in connection.execute("PRAGMA table_info(%s)" % name)) for name in tables}

    run_sql(place, VERSION_1)
    new = str(tmp_path / "new.sqlite")
    for path in (place, new):
        VisitStore(path).close()
    assert columns(place) == columns(new)


def test_a_newer_database_is_left_alone(filled):
    run_sql(filled, "UPDATE schema_information SET version = 99")
    before = content(filled)
    with pytest.raises(VisitStoreError, match="made by a newer rehab_coach.*99") as error:
        VisitStore(filled)
    assert filled in str(error.value) and content(filled) == before


@pytest.mark.parametrize("size", [None, 2000])
def test_a_broken_file_is_never_overwritten(filled, size):
    if size:
        os.truncate(filled, size)
    else:
        with open(filled, "wb") as stream:
            stream.write(b"no database " * 1000)
    before = content(filled)
    with pytest.raises(VisitStoreError, match="is not a database or is broken.*left as it is"):
        VisitStore(filled)
    assert content(filled) == before


def test_a_database_of_something_else_is_left_alone(place):
    run_sql(place, "CREATE TABLE bookmarks (id INTEGER)")
    before = content(place)
    with pytest.raises(VisitStoreError, match="database of something else.*bookmarks"):
        VisitStore(place)
    assert content(place) == before


def test_a_file_without_its_version_is_left_alone(filled):
    run_sql(filled, "DELETE FROM schema_information")
    with pytest.raises(VisitStoreError, match="version is missing"):
        VisitStore(filled)


def test_a_power_cut_while_the_file_was_made_is_no_problem(place, round_result):
    os.makedirs(os.path.dirname(place))
    open(place, "w").close()
    with VisitStore(place) as store:
        assert store.patients() == []


def test_who_only_reads_makes_no_file(place):
    with pytest.raises(VisitStoreError, match="there is no database"):
        VisitStore(place, create=False)
    assert not os.path.exists(os.path.dirname(place))


def test_a_file_that_is_gone_is_not_made_anew_behind_the_back_of_the_store(filled, round_result):
    with VisitStore(filled) as store:
        os.remove(filled)
        with pytest.raises(VisitStoreError, match="unable to open"):
            store.add_round("P-017", round_result(number=2))
    assert not os.path.exists(filled)


@pytest.mark.parametrize(
    "place, said",
    [
        ("mysql://somebody@host/visits", "mysql databases are not supported"),
        ("sqlite://", "need a file"),
        ("postgresql://a:b:c:d/e", "not the URL"),
        ("/proc/nowhere/visits.sqlite", "cannot use the database"),
    ],
)
def test_places_that_make_no_sense(place, said):
    with pytest.raises(VisitStoreError, match=said):
        VisitStore(place)


def test_a_server_that_does_not_answer_is_told_without_the_password():
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(StoreUnavailableError, match="does not answer as it should") as error:
        VisitStore("postgresql://coach:secret@127.0.0.1:1/visits", busy_timeout=2)
    assert "secret" not in str(error.value) and len(str(error.value).splitlines()) == 1


def test_deleted_is_gone_from_the_bytes_of_the_file(filled, round_result, skeleton, movement):
    traces = [b"Zaphod-42", b"unheard_of_exercise", b"agreed to exactly this"]
    with VisitStore(filled) as store:
        store.give_consent("Zaphod-42", "agreed to exactly this", at=500.0)
        for number in range(1, 20):
            store.add_round(
                "Zaphod-42",
                round_result(number, 1000.0 + number, movement=movement("unheard_of_exercise"), skeleton=skeleton),
            )
            store.add_round("P-017", round_result(number, 2000.0 + number))
        # Neighbours in the same pages were changed and removed before.
        store.give_consent("Zaphod-42", "agreed to exactly this", at=501.0)
        assert all(trace in content(filled) for trace in traces)
        assert store.delete("Zaphod-42") == 19
        folder = os.path.dirname(filled)
        left = b"".join(content(os.path.join(folder, name)) for name in os.listdir(folder))
        assert not any(trace in left for trace in traces)
        assert skeleton.to_bytes()[:200] not in left
        assert len(store.rounds("P-017")) == 20
    assert permissions(filled) == 0o600


@pytest.mark.parametrize("patient_too", [False, True])
def test_a_template_is_gone_from_the_bytes_of_the_file(filled, patient_too):
    template = os.urandom(20000)  # several pages
    traces = [template[:200], template[-200:], b"you may know me again", b"walk-in.mp4"]
    with VisitStore(filled) as store:
        store.enrol(
            EnrolledPatient("P-017", 700.0, "you may know me again", "walk-in.mp4", "one", b"older " + template)
        )
        store.enrol(EnrolledPatient("P-017", 700.0, "you may know me again", "walk-in.mp4", "one", template))
        assert store.enrolled()[0].template == template
        (store.delete if patient_too else store.forget)("P-017")
        folder = os.path.dirname(filled)
        left = b"".join(content(os.path.join(folder, name)) for name in os.listdir(folder))
        assert not any(trace in left for trace in traces)
        assert (b"P-017" in left) is not patient_too


def test_deleted_is_overwritten_even_where_the_file_cannot_be_written_anew(filled, monkeypatch):
    def full(connection):
        raise sqlite3.OperationalError("database or disk is full")

    with VisitStore(filled) as store:
        monkeypatch.setattr(store._database, "_write_anew", full)
        with pytest.raises(StoreUnavailableError, match="deleted and overwritten.*could not be written anew.*full"):
            store.delete("P-017")
        assert store.patients() == []
    assert b"P-017" not in content(filled) and b"knee_angle_r" not in content(filled)
