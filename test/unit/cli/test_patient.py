import os

import numpy as np
import pytest

from rehab_coach.cli.main import main
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.texts import load_texts
from rehab_coach.visits.store import EnrolledPatient, RoundResult, VisitStore


@pytest.fixture
def database(tmp_path):
    """A database in which P-017 and P-018 agreed that visits are kept."""
    place = str(tmp_path / "kept" / "visits.sqlite")
    with VisitStore(place) as store:
        store.give_consent("P-017", "1")
        store.give_consent("P-018", "1")
    return place


@pytest.fixture
def recorded(tmp_path, worn):
    """recorded(person, take) -> path of a CSV file."""

    def record(person, take=0, **options):
        series = worn(person, take, **options)
        path = str(tmp_path / ("%s_%d.csv" % (person, take)))
        rows = np.column_stack([series.times, series.accelerometer, series.gyroscope])
        np.savetxt(path, rows, "%.6f", ",", header="time,ax,ay,az,gx,gy,gz", comments="")
        return path

    return record


def answer(monkeypatch, text):
    monkeypatch.setattr("builtins.input", lambda question: print(question) or text)


def enrolled(database):
    with VisitStore(database) as store:
        return [one.name for one in store.enrolled()]


def test_a_patient_who_agrees_is_enrolled_listed_and_forgotten(database, recorded, monkeypatch, capsys):
    files = [recorded("P-017", take) for take in range(3)]
    answer(monkeypatch, "y")
    assert main(["patient", "enrol", "P-017", "--database", database, "--csv"] + files) == 0
    question, told = capsys.readouterr().out.splitlines()
    assert question.startswith(load_texts()("may_i_recognise", patient="P-017"))
    assert told == "P-017 is enrolled by accelerometer and gyroscope, from P-017_0.csv, P-017_1.csv, P-017_2.csv"
    with VisitStore(database) as store:
        (kept,) = store.enrolled()
    assert kept.consent == load_texts()("may_i_recognise", patient="P-017")

    assert main(["patient", "list", "--database", database]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["PATIENT", "ENROLLED", "CONSENT", "FROM"]
    assert row.split()[0] == "P-017" and row.split()[2:] == ["yes", "P-017_0.csv,", "P-017_1.csv,", "P-017_2.csv"]

    answer(monkeypatch, "")
    assert main(["patient", "forget", "P-017", "--database", database]) == 1
    assert enrolled(database) == ["P-017"]
    answer(monkeypatch, "y")
    assert main(["patient", "forget", "P-017", "--database", database]) == 0
    assert enrolled(database) == []
    assert main(["patient", "forget", "P-017", "--database", database, "--yes"]) == 2


def test_the_question_says_what_is_replaced_and_a_warning_how_it_differs(database, recorded, monkeypatch, capsys):
    answer(monkeypatch, "y")
    enrol = ["patient", "enrol", "P-017", "--database", database, "--csv"]
    assert main(enrol + [recorded("P-017")]) == 0
    assert "replaces" not in capsys.readouterr().out
    assert main(enrol + [recorded("P-017", 1)]) == 0
    question, _ = capsys.readouterr().out.splitlines()
    assert question.startswith("This replaces what I remember from P-017_0.csv. May I remember")
    assert main(enrol + [recorded("P-018")]) == 0
    warning, question, _ = capsys.readouterr().out.splitlines()
    assert warning.startswith("P-018_0.csv is unlike what P-017 was enrolled from: is it the same person")
    assert "from P-017_1.csv. May I" in question
    with VisitStore(database) as store:
        (kept,) = store.enrolled()
    assert kept.consent == load_texts()("may_i_recognise", patient="P-017")


def test_another_kind_of_template_is_told(database, recorded, act, repeats, monkeypatch, capsys):
    with VisitStore(database) as store:
        result = RoundResult(
            1, 1000.0, 1010.0, "squat", "recognised", "squat", 0.9, "correct", skeleton=act("squat", repeats(4))
        )
        store.add_round("P-017", result)
    answer(monkeypatch, "y")
    enrol = ["patient", "enrol", "P-017", "--database", database]
    assert main(enrol + ["--csv", recorded("P-017")]) == 0
    assert main(enrol + ["--visit"]) == 0
    said = capsys.readouterr().out
    assert "P-017 is enrolled by accelerometer and gyroscope, and would now be by proportions and motion" in said


def test_who_is_not_there_is_told_before_the_question(database, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("asked: " + question))
    assert "there is no patient P-099" in refused(capsys, "forget", "P-099", "--database", database)
    assert "P-017 is not enrolled" in refused(capsys, "forget", "P-017", "--database", database)


def test_who_says_no_is_not_enrolled(database, recorded, monkeypatch, capsys):
    answer(monkeypatch, "n")
    assert main(["patient", "enrol", "P-017", "--database", database, "--csv", recorded("P-017")]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == load_texts()("not_kept")
    assert enrolled(database) == []


def test_the_question_is_in_the_language_of_the_patient(database, recorded, monkeypatch, capsys):
    answer(monkeypatch, "ja")
    command = ["patient", "enrol", "P-017", "--database", database, "--language", "no", "--csv", recorded("P-017")]
    assert main(command) == 0
    assert "Kan jeg huske hvordan du beveger deg, P-017" in capsys.readouterr().out


def refused(capsys, *command):
    assert main(["patient"] + list(command)) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1 and error.startswith("rehab-coach patient: ")
    return error


def test_nobody_is_enrolled_without_consent_or_in_doubt(database, recorded, monkeypatch, capsys):
    answer(monkeypatch, "y")
    enrol = ["enrol", "P-017", "--database", database, "--csv"]
    said = refused(capsys, "enrol", "P-019", *enrol[2:], recorded("P-017"))
    assert "P-019 has not agreed" in said and "visits consent P-019 --database %s" % database in said
    said = refused(capsys, *enrol, recorded("P-017"), recorded("P-017", 1), recorded("P-018"))
    assert "P-018_0.csv looks like another person" in said and "in the same place. Nobody was enrolled; --sure" in said
    assert "repetition" in refused(capsys, *enrol, recorded("P-017", 5, seconds=4.0))
    assert "cannot read nowhere.csv" in refused(capsys, *enrol, "nowhere.csv")
    assert enrolled(database) == []
    assert main(["patient"] + enrol + [recorded("P-017")]) == 0
    said = refused(capsys, "enrol", "P-018", *enrol[2:], recorded("P-017", 1))
    assert "looks like P-017, who is enrolled already" in said and "Nobody was enrolled; --sure" in said
    assert enrolled(database) == ["P-017"]


def test_rounds_of_a_visit_whose_skeletons_were_kept_are_recordings(database, act, repeats, monkeypatch, capsys):
    said = refused(capsys, "enrol", "P-017", "--database", database, "--visit")
    assert "no round whose skeleton was kept: visit_keeper/keep_skeletons" in said
    with VisitStore(database) as store:
        for number, label in enumerate(("squat", "lunge", "squat"), start=1):
            sequence: SkeletonSequence = act(label, repeats(4), seed=number)
            result = RoundResult(
                number, 1000.0 * number, 1010.0, label, "recognised", label, 0.9, "correct", skeleton=sequence
            )
            store.add_round("P-017", result)
    answer(monkeypatch, "y")
    assert main(["patient", "enrol", "P-017", "--database", database, "--visit"]) == 0
    assert "from round 1 of visit 1, round 3 of visit 1" in capsys.readouterr().out
    assert enrolled(database) == ["P-017"]


def test_a_template_of_another_model_is_told(database, monkeypatch, capsys):
    with VisitStore(database) as store:
        store.enrol(EnrolledPatient("P-017", 0.0, "yes", "squat.mp4", "another", b"template"))
    assert main(["patient", "list", "--database", database]) == 0
    assert "another model: enrol anew" in capsys.readouterr().out


def test_with_the_patient_the_template_goes(database, recorded, monkeypatch, capsys):
    answer(monkeypatch, "y")
    assert main(["patient", "enrol", "P-017", "--database", database, "--csv", recorded("P-017")]) == 0
    assert main(["visits", "delete", "P-017", "--database", database]) == 0
    assert "deleted P-017 with 0 visits, 0 rounds and the template" in capsys.readouterr().out
    assert enrolled(database) == []


def test_without_a_database_the_way_is_shown(tmp_path, capsys):
    place = str(tmp_path / "none.sqlite")
    said = refused(capsys, "list", "--database", place)
    assert "there is no database" in said and "visits consent PATIENT --database %s" % place in said
    assert not os.path.exists(place)
