import pytest

from rehab_coach.cli.main import main


@pytest.mark.parametrize("language, title", [("en", "Progress of Example"), ("no", "Framgangen til Example")])
def test_a_report_is_one_file(database, tmp_path, capsys, language, title):
    path = tmp_path / "report.html"
    assert main(["report", "Example", "--database", database, "--out", str(path), "--language", language]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    assert "<title>%s</title>" % title in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["P-017"], "no patient P-017"),
        (["../x"], "take a pseudonym"),
        (["Example", "--language", "xx"], "no report in the language 'xx'"),
        (["Example", "--database", "nowhere.sqlite"], "there is no database"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(database, tmp_path, capsys, arguments, said):
    path = tmp_path / "report.html"
    command = ["report", "--database", database, "--out", str(path)] + arguments
    assert main(command) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.strip().splitlines()) == 1 and not path.exists()
