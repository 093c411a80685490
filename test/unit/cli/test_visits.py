import os

import pytest

from rehab_coach.cli.main import main
from rehab_coach.visits.store import VisitStore


def answer(monkeypatch, text):
    monkeypatch.setattr("builtins.input", lambda question: print(question) or text)


def test_list(database, capsys):
    assert main(["visits", "list", "--database", database]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["PATIENT", "CONSENT", "VISITS", "ROUNDS", "FIRST", "LAST"]
    assert row.split() == ["Example", "2025-03-03", "8", "56", "2025-03-03", "2025-04-15"]


def test_the_example_can_be_added_twice(database, capsys):
    assert main(["visits", "example", "--database", database]) == 0
    assert capsys.readouterr().out.startswith("0 rounds")


def test_the_default_place_is_private(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["visits", "list"]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert main(["visits", "example"]) == 0
    assert (tmp_path / "rehab_coach" / "visits.sqlite").exists()


def test_export(database, tmp_path, capsys):
    assert main(["visits", "export", "--database", database, "--out", str(tmp_path / "out"), "Example"]) == 0
    assert [os.path.basename(path) for path in capsys.readouterr().out.split()] == [
        "visits.json",
        "rounds.csv",
        "repetitions.csv",
    ]


@pytest.mark.parametrize("text", ["", "n", "no", "Example"])
def test_delete_asks_first(database, monkeypatch, capsys, text):
    answer(monkeypatch, text)
    assert main(["visits", "delete", "--database", database, "Example"]) == 1
    out = capsys.readouterr().out
    assert "Delete Example with 8 visits, 56 rounds for good?" in out and "nothing was deleted" in out
    with VisitStore(database) as store:
        assert store.patients()[0].rounds == 56


def test_delete_without_anybody_to_ask_deletes_nothing(database, monkeypatch):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert main(["visits", "delete", "--database", database, "Example"]) == 1


@pytest.mark.parametrize("text, options", [("y", []), ("", ["--yes"])])
def test_delete(database, monkeypatch, capsys, text, options):
    answer(monkeypatch, text)
    assert main(["visits", "delete", "--database", database, "Example"] + options) == 0
    assert "deleted Example with 8 visits, 56 rounds" in capsys.readouterr().out
    with VisitStore(database) as store:
        assert store.patients() == []


def test_consent_is_asked_in_plain_words(database, monkeypatch, capsys):
    answer(monkeypatch, "n")
    assert main(["visits", "consent", "--database", database, "P-017"]) == 1
    answer(monkeypatch, "y")
    assert main(["visits", "consent", "--database", database, "P-017"]) == 0
    question = capsys.readouterr().out.splitlines()[0]
    assert "P-017" in question
    with VisitStore(database) as store:
        assert store.consent("P-017").text in question
    assert main(["visits", "consent", "--database", database, "P-017", "--withdraw"]) == 0
    assert "rehab-coach visits delete P-017 --database %s\n" % database in capsys.readouterr().out
    with VisitStore(database) as store:
        assert store.consent("P-017") is None
    assert main(["visits", "list", "--database", database]) == 0
    assert "P-017    withdrawn   0       0       -           -" in capsys.readouterr().out


def test_withdrawing_makes_no_database(tmp_path, capsys):
    place = tmp_path / "none" / "visits.sqlite"
    assert main(["visits", "consent", "--database", str(place), "P-017", "--withdraw"]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert not place.parent.exists()


@pytest.mark.parametrize("action", [["delete", "a/b"], ["delete", "P-018"], ["export", "--out", "out", "P-018"]])
def test_what_the_user_can_put_right_is_one_line(database, capsys, action):
    assert main(["visits", action[0], "--database", database] + action[1:]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rehab-coach visits: ") and len(error.strip().splitlines()) == 1
    assert not os.path.exists("out")
