import numpy as np
import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim import scaled_model
from rehab_coach.opensim.layer import SkeletonLayer
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.packages import default_model, load_opensim


def test_opensim_opens_the_scaled_skeleton_and_it_is_the_layers(tmp_path):
    pytest.importorskip("opensim")
    try:
        generic = default_model()
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    model = read_model(generic)
    factors = np.random.default_rng(0).uniform(0.8, 1.2, (len(model.bodies), 3))
    out = str(tmp_path / "skeleton.osim")
    scaled_model.write_scaled_model(generic, out, dict(zip(model.bodies, factors)), {"knee_angle_r": (-0.5, 3.0)})
    own = read_model(out)
    assert own.coordinates["knee_angle_r"].lowest == pytest.approx(-0.5)
    layer, scaled = SkeletonLayer(model, torch.float64), SkeletonLayer(own, torch.float64)
    coordinates = 0.5 * torch.rand(3, len(layer.coordinates), dtype=torch.float64)
    wanted = layer(coordinates, torch.from_numpy(factors).expand(3, -1, 3))
    torch.testing.assert_close(scaled(coordinates).bodies, wanted.bodies, atol=1e-6, rtol=0)
    opened = load_opensim().Model(out)
    opened.initSystem()
    assert opened.getCoordinateSet().get("knee_angle_r").getRangeMax() == pytest.approx(3.0)


def test_what_is_no_model_is_told(tmp_path):
    pytest.importorskip("opensim")
    (tmp_path / "notes.osim").write_text("nothing")
    with pytest.raises(RehabCoachError, match="OpenSim cannot scale"):
        scaled_model.write_scaled_model(str(tmp_path / "notes.osim"), str(tmp_path / "out.osim"), {}, {})
    assert not (tmp_path / "out.osim").exists()
