import pytest

from rehab_coach.cli.main import main
from rehab_coach.paths import share_path


def test_the_model_that_ships(tmp_path, capsys):
    assert main(["export", "--out", str(tmp_path / "coach.onnx")]) == 0
    said = capsys.readouterr().out
    assert "windows of 64" in said and "onnxruntime answers as PyTorch does" in said and "openvino answers" in said
    assert (tmp_path / "coach.onnx").stat().st_size > 1e6


def test_bad_input(tmp_path, capsys):
    assert main(["export", "--out", str(tmp_path / "coach.bin")]) == 2
    assert "must end in .onnx" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none.safetensors"), "--out", str(tmp_path / "coach.onnx")]) == 2
    assert "there is no model" in capsys.readouterr().err
    assert main(["export", "--out", str(tmp_path / "none" / "coach.onnx")]) == 2
    assert "there is no folder %s for coach.onnx" % (tmp_path / "none") in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "model, said",
    [
        ("d3ke", "d3ke.safetensors is no recogniser of exercises but a network for joint angles"),
        ("identity", "identity.safetensors is no recogniser of exercises but a file of the kind 'identity'"),
    ],
)
def test_a_model_that_recognises_nothing(model, said, tmp_path, capsys):
    assert main(["export", share_path("models", model + ".safetensors"), "--out", str(tmp_path / "coach.onnx")]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_is_exported_already(tmp_path, capsys):
    path = tmp_path / "coach.onnx"
    path.write_bytes(b"onnx")
    assert main(["export", str(path), "--out", str(tmp_path / "again.onnx")]) == 2
    assert "coach.onnx is an ONNX file: name the model file (.safetensors)" in capsys.readouterr().err
