import pytest

from rehab_coach.cli.main import main
from rehab_coach.opensim import packages


def test_the_table_has_a_row_for_each_batch(tmp_path, capsys):
    pytest.importorskip("opensim")
    pytest.importorskip("onnx")
    path = tmp_path / "pendulum.osim"
    path.write_text(
        '<OpenSimDocument Version="40000"><Model name="pendulum"><Ground name="ground" /><BodySet><objects>'
        '<Body name="rod"><mass>1</mass><inertia>1 1 1 0 0 0</inertia></Body></objects></BodySet><JointSet><objects>'
        '<PinJoint name="pin"><socket_parent_frame>/ground</socket_parent_frame>'
        "<socket_child_frame>/bodyset/rod</socket_child_frame>"
        '<coordinates><Coordinate name="swing" /></coordinates></PinJoint></objects></JointSet>'
        '<MarkerSet><objects><Marker name="tip"><socket_parent_frame>/bodyset/rod</socket_parent_frame>'
        "<location>0 -1 0</location></Marker></objects></MarkerSet></Model></OpenSimDocument>"
    )
    assert main(["benchmark", "kinematics", "--model", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "pendulum.osim: 1 bodies, 1 coordinates (0 coupled), 1 markers" in printed
    assert [line.split()[0] for line in printed.splitlines()[4:]] == ["1", "16", "64", "128", "256"]


def test_what_is_missing_is_told(tmp_path, capsys, monkeypatch):
    assert main(["benchmark", "kinematics", "--model", str(tmp_path / "gone.osim")]) == 2
    assert "cannot read" in capsys.readouterr().err
    monkeypatch.setattr(packages, "DEFAULT_MODEL", "gone.osim")
    assert main(["benchmark", "kinematics"]) == 2
    assert "pip install --no-deps opensim" in capsys.readouterr().err
