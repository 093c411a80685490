"""The model file, and the one that ships."""

import numpy as np
import pytest

from rehab_coach.identification.features import MiniRocket, normalised
from rehab_coach.identification.model import IdentityModel, default_model
from rehab_coach.identification.observation import STREAMS
from rehab_coach.recognition.model_file import ModelError


def test_saved_model_gives_the_same_points(learned, tmp_path, observation):
    path = str(tmp_path / "identity.safetensors")
    learned.model.save(path)
    again = IdentityModel.load(path)
    assert again.threshold == learned.model.threshold and again.overlap == learned.model.overlap
    cycles = observation(3, 1).streams["gyroscope"]
    one, other = (model.spaces["gyroscope"].embed(cycles) for model in (learned.model, again))
    assert np.linalg.norm(one - other) < 0.01 * np.linalg.norm(one)


def test_model_that_ships_can_be_read():
    model = IdentityModel.load(default_model())
    assert set(model.spaces) == set(STREAMS)
    # Beside posture motion says nothing of people in another form.
    assert [stream for stream, space in model.spaces.items() if not space.steepness > 0] == ["motion"]
    assert model.spaces["motion"].steepness == 0


def test_broken_model_is_named(tmp_path):
    path = tmp_path / "identity.safetensors"
    with pytest.raises(ModelError, match="no file"):
        IdentityModel.load(str(path))
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="copy it again"):
        IdentityModel.load(str(path))


def test_streams_that_overlap_count_less(learned):
    model = learned.model
    assert model.together([2.0]) == 2.0
    assert model.together([2.0, 2.0]) == pytest.approx(4 / (1 + model.overlap))


def test_strength_and_offset_of_a_cycle_do_not_count(observation):
    cycles = observation(1, 1).streams["gyroscope"]
    offset = np.zeros((1, 4, 1), np.float32) + 5
    np.testing.assert_allclose(normalised(4 * cycles + offset), normalised(cycles), atol=1e-4)
    assert np.abs(normalised(np.zeros((1, 4, 100)))).max() == 0


def test_features_are_shares_and_do_not_depend_on_the_others(learned, observation):
    rocket = learned.model.spaces["gyroscope"].rocket
    cycles = observation(1, 1).streams["gyroscope"]
    features = rocket(cycles)
    assert features.shape == (3, 336) and 0 <= features.min() and features.max() <= 1
    np.testing.assert_array_equal(rocket(cycles[1:2])[0], features[1])
    assert rocket(cycles[:0]).shape == (0, 336)


def test_fitting_again_gives_the_same(learned, observation):
    cycles = observation(1, 1).streams["gyroscope"]
    one, other = MiniRocket.fit(cycles, 168, 3), MiniRocket.fit(cycles, 168, 3)
    np.testing.assert_array_equal(one(cycles), other(cycles))
