"""`rehab-coach shrink`: what is written, and options that contradict each other."""

import pytest

from rehab_coach.cli.main import main


def test_a_network_is_cut(tmp_path, capsys):
    assert main(["shrink", "--stages", "1,4", "--out", str(tmp_path / "two.onnx")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "two.yaml")
    assert {path.name for path in tmp_path.iterdir()} == {"two.onnx", "two.yaml"}
    assert "stages: 2" in (tmp_path / "two.yaml").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--stages", "7"], "has the stages 1 to 6, not 7"),
        (["--stages", "2,4"], "must begin with 1 and increase, as 1,4, not be 2,4"),
        (["--stages", "2", "--retrain", "r.yaml"], "need --data"),
        (["--int8", "mobilenet_thin"], "need --data"),
        (["--int8", "mobilenet_thin", "--retrain", "r.yaml", "--data", "c.csv"], "two steps"),
        (["--stages", "2", "--data", "c.csv"], "--data is for --retrain and --int8"),
        (["--stages", "2", "--retrain", "r.yaml", "--data", "c.csv"], "cannot read the recipe r.yaml"),
        (["--int8", "nothing", "--data", "c.csv"], "--out must end in .xml"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message, tmp_path, capsys):
    assert main(["shrink", *arguments, "--out", str(tmp_path / "new.onnx")]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--every", "-1"], "--every must be 1 or more, not -1"),
        (["--every", "2", "--note"], "--every measures recognition alone"),
        (["--networks", "mobilenet_thin:int4"], "mobilenet_thin:int4: a precision is one of f32, bf16"),
        (["--networks", "nobodys"], "nobodys"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(arguments, message, tmp_path, capsys):
    assert main(["benchmark", "shrink", "--data", str(tmp_path), *arguments]) == 2
    assert message in capsys.readouterr().err
