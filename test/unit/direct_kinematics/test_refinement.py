"""A guess is brought nearer to what the picture shows, the same for a mirror image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rehab_coach.direct_kinematics import refinement
from rehab_coach.direct_kinematics.answers import Answer
from rehab_coach.direct_kinematics.data import Recording, answered
from rehab_coach.direct_kinematics.features import features_of
from rehab_coach.direct_kinematics.landmarks import find_landmarks
from rehab_coach.direct_kinematics.mirror import mirrored_guess
from rehab_coach.direct_kinematics.model_file import load_network, save_network
from rehab_coach.direct_kinematics.networks import Guess, KinematicsNetwork
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe, make_recipe
from rehab_coach.direct_kinematics.refinement import LANDMARKS, NUMBERS, PictureFit, PosedBody, turned
from rehab_coach.direct_kinematics.training import make_contract
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.model_file import read_model
from rehab_coach.opensim.model_values import values_of
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

FRAMES, SIZE, DISTANCE = 70, (480, 640), 3.0
GUESS_ERROR = 0.2


def _place(name):
    """On which body a key point is, and where, metres; z is to the right."""
    side = {"left": -1.0, "right": 1.0}.get(name.split("_")[0], 0.0)
    thigh = "thigh_" + ("l" if side < 0 else "r")
    part = name.split("_", 1)[-1]
    return {
        "nose": ("trunk", (0.1, 0.5, 0.0)),
        "ear": ("trunk", (0.0, 0.5, 0.07 * side)),
        "shoulder": ("trunk", (0.0, 0.35, 0.17 * side)),
        "elbow": ("trunk", (0.05, 0.1, 0.25 * side)),
        "wrist": ("trunk", (0.2, 0.0, 0.3 * side)),
        "hip": ("pelvis", (0.02, -0.1, 0.1 * side)),
        "knee": (thigh, (0.0, -0.4, 0.0)),
        "ankle": (thigh, (-0.1, -0.7, 0.02 * side)),
        "heel": (thigh, (-0.15, -0.75, 0.0)),
        "foot_index": (thigh, (0.1, -0.75, 0.03 * side)),
    }[part]


@pytest.fixture(scope="module")
def model(walker):
    return read_model(walker)


def _film(model, seed, noise=0.0):
    """Somebody who sways before a camera, with the truth."""
    random = np.random.default_rng(seed)
    names = answered(model)
    phase = np.linspace(0, 6, FRAMES)[:, None] + random.uniform(0, 6, len(names))
    coordinates = (random.uniform(0.2, 0.6, len(names)) * np.sin(phase)).astype(np.float32)
    facing = torch.tensor([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
    root = facing @ turned(torch.from_numpy(random.normal(0, 0.2, (FRAMES, 3)).astype(np.float32)))
    scales = torch.full((4, 3), float(random.uniform(0.9, 1.1)))
    pose = PosedBody(model, names)(torch.from_numpy(coordinates), scales.expand(FRAMES, 4, 3), root)
    world = np.zeros((FRAMES, 33, 3), np.float32)
    for name, number in zip(LANDMARKS, NUMBERS):
        body, place = _place(name)
        chosen = model.bodies.index(body)
        own = torch.tensor(place) * scales[chosen]
        world[:, number] = (pose.bodies[:, chosen] + pose.rotations[:, chosen] @ own).numpy()
    before = world + [0.1, 0.2, DISTANCE]
    pixels = before[..., :2] / before[..., 2:] * refinement.FOCAL_LENGTH * max(SIZE) + (np.array(SIZE) - 1) / 2
    pixels = pixels + random.normal(0, noise, pixels.shape)
    key_points = np.concatenate([pixels, np.ones((FRAMES, 33, 1))], axis=2).astype(np.float32)
    sequence = SkeletonSequence(key_points, np.arange(FRAMES) / 10, SIZE, BLAZEPOSE_33, world)
    plain, mirrored = features_of(sequence), features_of(sequence.mirror())
    counts = np.ones(coordinates.shape, bool)
    truth = coordinates, counts, scales.numpy(), root.numpy()
    return Recording(
        "film", "person-%d" % seed, "sway", sequence, plain, mirrored, None, sequence.seen, *truth, "films"
    )


@pytest.fixture(scope="module")
def contract(model):
    films = [_film(model, seed, noise=1.0) for seed in range(4)]
    plain = make_contract(model, films, KinematicsRecipe())
    landmarks = find_landmarks(model, plain, films)._asdict()
    errors = [GUESS_ERROR] * (len(plain.names) + 3)
    return replace(plain, model=values_of(model), landmarks=landmarks, guess_error=errors)


def _guess(film, seed=0):
    """The truth, off by as much as guesses are, and as slowly: the network sees frames before and after."""
    random = np.random.default_rng(seed)

    def slow(width):
        phase = np.linspace(0, 6, FRAMES)[:, None] + random.uniform(0, 6, width)
        return (2**0.5 * GUESS_ERROR * np.sin(phase)).astype(np.float32)

    off = slow(film.coordinates.shape[1])
    turn = turned(torch.from_numpy(slow(3)))
    root = (torch.from_numpy(film.root) @ turn).numpy()
    return Answer(film.coordinates + off, np.zeros_like(off), film.scales, root)


def _off(answer, film):
    return float(np.abs(answer.coordinates - film.coordinates).mean())


def test_landmarks_are_found_where_they_are(model, contract):
    found = refinement.Landmarks(**contract.landmarks)
    for name, body, place, error in zip(LANDMARKS, *found):
        true_body, true_place = _place(name)
        assert model.bodies[body] == true_body
        np.testing.assert_allclose(place, true_place, atol=0.01)
        assert 0.003 < error < 0.012  # a pixel is 6 mm here


def test_a_guess_comes_nearer_to_the_truth(model, contract):
    film = _film(model, 9, noise=1.0)
    guess = _guess(film)
    assert _off(PictureFit(contract)(film.sequence, guess), film) < 0.5 * _off(guess, film)


def test_the_truth_stays_where_it_is(model, contract):
    film = _film(model, 9)
    truth = Answer(film.coordinates, np.zeros_like(film.coordinates), film.scales, film.root)
    assert _off(PictureFit(contract)(film.sequence, truth), film) < 0.01


def test_a_mirror_image_is_refined_to_the_mirrored_answer(model, contract):
    film = _film(model, 9, noise=2.0)
    guess = _guess(film)

    def mirrored(answer):
        scales = torch.from_numpy(answer.scales).expand(FRAMES, 4, 3)
        parts = Guess(torch.from_numpy(answer.coordinates), scales, torch.from_numpy(answer.root))
        coordinates, scales, root = (part.numpy() for part in mirrored_guess(parts, contract))
        return replace(answer, coordinates=coordinates, scales=scales[0], root=root)

    fit = PictureFit(contract)
    expected = mirrored(fit(film.sequence, guess))
    given = fit(film.sequence.mirror(), mirrored(guess))
    np.testing.assert_allclose(given.coordinates, expected.coordinates, atol=1e-3)
    np.testing.assert_allclose(given.root, expected.root, atol=1e-3)


def test_a_key_point_far_off_does_little(model, contract):
    film = _film(model, 9)
    guess = _guess(film)
    key_points = film.sequence.key_points.copy()
    key_points[:, BLAZEPOSE_33.index("left_knee"), 0] += 200
    fit = PictureFit(contract)
    plain, wrong = (fit(one, guess) for one in (film.sequence, replace(film.sequence, key_points=key_points)))
    assert _off(plain, film) < _off(wrong, film) < 0.6 * _off(guess, film)


def test_where_nobody_is_seen_the_guess_stays(model, contract):
    film = _film(model, 9)
    guess = _guess(film)
    key_points = film.sequence.key_points.copy()
    key_points[5:8] = 0
    refined = PictureFit(contract)(replace(film.sequence, key_points=key_points), guess)
    np.testing.assert_allclose(refined.coordinates[5:8], guess.coordinates[5:8], atol=1e-5)
    assert np.abs(refined.coordinates - guess.coordinates)[8:].max() > 0.1


def test_answers_stay_within_their_ranges_however_long_the_recording(model, contract):
    film = _film(model, 9)
    narrow = replace(contract, half_range=[0.1] * len(contract.names))
    guess = replace(_guess(film), coordinates=np.zeros_like(film.coordinates))
    refined = PictureFit(narrow)(film.sequence, guess)
    assert FRAMES > refinement.TOGETHER and refined.coordinates.shape == film.coordinates.shape
    assert np.abs(refined.coordinates).max() < 0.1001


def test_half_a_body_close_to_the_camera_changes_nothing(model, contract):
    """As where somebody washes hands: legs are guessed beside the picture, and nearest to where they seem is behind."""
    film = _film(model, 9)
    guess = _guess(film)
    key_points = film.sequence.key_points.copy()
    middle = (np.array(SIZE) - 1) / 2
    key_points[..., :2] = middle - 1.5 * (key_points[..., :2] - middle)  # what is above is seen below
    refined = PictureFit(contract)(replace(film.sequence, key_points=key_points), guess)
    np.testing.assert_array_equal(refined.coordinates, guess.coordinates)
    np.testing.assert_array_equal(refined.root, guess.root)


def test_what_is_changed_trembles_less_than_the_picture(model, contract, monkeypatch):
    film = _film(model, 9, noise=2.0)
    guess = _guess(film)
    smooth = PictureFit(contract)(film.sequence, guess)
    monkeypatch.setattr(refinement, "CUTOFF", film.sequence.rate)  # nothing is filtered
    rough = PictureFit(contract)(film.sequence, guess)
    speed = [np.abs(np.diff(one.coordinates - film.coordinates, axis=0)).mean() for one in (smooth, rough)]
    assert speed[0] < 0.7 * speed[1] and _off(smooth, film) < _off(rough, film)


@pytest.mark.parametrize(
    "broken",
    [
        {"model": {}},
        {"landmarks": {}},
        {"guess_error": [0.1]},
        {"landmarks": {"bodies": [99] * 19, "places": [[0.0] * 3] * 19, "error": [0.1] * 19}},
    ],
)
def test_a_model_file_without_what_refinement_takes_is_refused_when_loaded(contract, tmp_path, broken):
    recipe = make_recipe(contract.recipe)
    path = str(tmp_path / "model.safetensors")
    save_network(path, KinematicsNetwork(recipe, contract), contract)
    load_network(path)
    save_network(path, KinematicsNetwork(recipe, contract), replace(contract, **broken))
    with pytest.raises(RehabCoachError, match="broken or cut short"):
        load_network(path)
