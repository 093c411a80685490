from rehab_coach.cli.main import main


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
    assert not list(tmp_path.iterdir())
