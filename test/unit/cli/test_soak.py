import pytest

from rehab_coach.cli.main import main


@pytest.mark.parametrize(
    "option, said", [("--rounds=0", "--rounds"), ("--obedience=1.5", "--obedience"), ("--duration=0", "--duration")]
)
def test_numbers_out_of_range_are_said_before_anything_starts(option, said, tmp_path, capsys):
    assert main(["soak", "--out", str(tmp_path / "soak"), option]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
