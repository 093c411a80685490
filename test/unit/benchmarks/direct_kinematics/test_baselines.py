"""OpenSim's ways to angles from points that are known exactly: what is left is the ways' own error."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from rehab_coach.benchmarks.direct_kinematics import multi_step, two_cameras
from rehab_coach.benchmarks.direct_kinematics.evaluation import _results
from rehab_coach.benchmarks.direct_kinematics.results import compare, mean_answer
from rehab_coach.benchmarks.direct_kinematics.robustness import UNCHANGED, measure
from rehab_coach.benchmarks.direct_kinematics.shooting import shot_again
from rehab_coach.cli.main import main
from rehab_coach.direct_kinematics.data import Points, read_films
from rehab_coach.direct_kinematics.landmarks import find_landmarks
from rehab_coach.direct_kinematics.model_file import load_markers_network, load_network, save_network
from rehab_coach.direct_kinematics.networks import MarkersNetwork, frame_of
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe
from rehab_coach.direct_kinematics.training import MarkersTask, make_contract
from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.model_values import values_of
from rehab_coach.paths import share_path
from rehab_coach.pose.estimator import Pose
from rehab_coach.simulation.plan import read_plan
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

NAME = "000000-squat"


@pytest.fixture(scope="module")
def plan(squat_with_kinematics):
    return read_plan(squat_with_kinematics[1])


@pytest.fixture(scope="module")
def films(squat_with_kinematics):
    """One squat with its truth; whoever estimated key points saw something that moves."""
    out, _ = squat_with_kinematics
    _sequence().save(os.path.join(out, "mediapipe", NAME + ".npz"))
    return out


def _sequence():
    random = np.random.default_rng(0)
    key_points = np.concatenate([random.uniform(0, 64, (8, 33, 2)), np.ones((8, 33, 1))], axis=2).astype(np.float32)
    return SkeletonSequence(key_points, np.arange(8) / 8, (64, 64), BLAZEPOSE_33, key_points)


@pytest.fixture(scope="module")
def known(films):
    model, recordings = read_films(films)
    contract = make_contract(model, recordings, KinematicsRecipe(width=8, layers=1, window=8, rate=8.0))
    landmarks = find_landmarks(model, contract, recordings)._asdict()
    errors = [0.1] * (len(contract.names) + 3)
    contract = replace(contract, model=values_of(model), landmarks=landmarks, guess_error=errors)
    return model, recordings[0], contract, Points(model, contract.names)


def test_markers_without_error_give_the_angles(films, known, tmp_path, monkeypatch):
    model, recording, contract, points = known
    contract = replace(contract, points=points.names)
    path = str(tmp_path / "markers.safetensors")
    save_network(path, MarkersNetwork(KinematicsRecipe(width=8, layers=1), contract), contract)
    frames = len(recording.seen)
    scales = torch.from_numpy(recording.scales).expand(frames, -1, 3)
    true = points(torch.from_numpy(recording.coordinates), scales, torch.from_numpy(recording.root)).numpy()
    monkeypatch.setattr(multi_step, "answer_points", lambda *_: true)
    with multi_step.MarkersThenOpenSim(path, contract, model) as way:
        guess = way.solve(recording.sequence.stamps, recording.features)
        answer = multi_step.averaged(guess, guess)
        result = compare(recording, answer, points, masked=True)
        assert np.nanmean(np.abs(result.errors)) < 2 and np.nanmean(result.points) < 15
        assert np.nanmean(result.pelvis) < 6
    with pytest.raises(RehabCoachError, match="answers markers, not angles"):
        load_network(path)
    other = replace(contract, recipe={**contract.recipe, "seed": 5})
    with pytest.raises(RehabCoachError, match="another seed"):
        multi_step.MarkersThenOpenSim(path, other, model)
    fewer = replace(contract, points=points.names[1:])
    save_network(path, MarkersNetwork(KinematicsRecipe(width=8, layers=1), fewer), fewer)
    with pytest.raises(RehabCoachError, match="other markers"):
        multi_step.MarkersThenOpenSim(path, contract, model)


@pytest.mark.parametrize("body_frame", [False, True])
def test_the_baseline_starts_at_the_mean_and_its_truth_has_no_loss(known, tmp_path, body_frame):
    model, recording, _, points = known
    sizes = {"width": 8, "layers": 1, "window": 8, "batch": 2}
    recipe = KinematicsRecipe(output="markers", body_frame=body_frame, rate=8.0, noise=0.0, **sizes)
    task = MarkersTask(model, {"train": [recording], "validation": [recording], "test": []}, recipe)
    network = task.make_network().eval()
    true, features = task._true(recording), torch.from_numpy(recording.features)
    with torch.no_grad():
        network.head[-1].weight.zero_()
        start = network(features[None])[0][0]
    axes = frame_of(features) if body_frame else torch.eye(3)
    torch.testing.assert_close(start @ axes, (true @ axes).mean(dim=0).expand_as(true), atol=1e-5, rtol=0)
    batch = next(iter(task.batches(0)))
    _, coordinates, _, scales, root = batch
    exact = points(coordinates.flatten(0, 1), scales.flatten(0, 1), root.flatten(0, 1)).view(2, 8, -1, 3)
    assert float(task.loss(lambda _: (exact,), batch)[0]) < 1e-6
    assert float(task.loss(lambda _: (exact + 0.1,), batch)[0]) == pytest.approx(0.3, rel=1e-3)
    assert task.watch(network)["validation_loss"] > 0
    path = str(tmp_path / "markers.safetensors")
    save_network(path, network, task.contract)
    again, contract = load_markers_network(path)
    assert contract.points == points.names
    torch.testing.assert_close(again(torch.ones(1, 8, 200))[0], network(torch.ones(1, 8, 200))[0])


def test_two_cameras_that_see_exactly_give_the_places(films, plan, known):
    _, recording, contract, _ = known
    taken = [shot_again(films, plan, recording, yaw) for yaw in two_cameras.YAWS]
    places = two_cameras.triangulated([film.sequence() for film in taken], [film.camera for film in taken])
    world = two_cameras.in_opensim(taken[0].subject.world)
    joints = taken[0].sequence().layout.joints
    for joint, name in (("left_hip", "LHip"), ("right_wrist", "RWrist"), ("nose", "Nose")):
        np.testing.assert_allclose(places[name], world[:, joints.index(joint)], atol=1e-3)
    answer = two_cameras._answer(films, recording, places, contract.names, contract.bodies)
    knees = [contract.names.index("knee_angle_" + side) for side in "rl"]
    assert np.degrees(np.abs(answer.coordinates - recording.coordinates)[:, knees]).mean() < 12
    np.testing.assert_allclose(answer.scales, recording.scales, atol=1e-5)
    assert two_cameras.marker_name("left_foot_index") == "LBigToe"


class Painted:
    """An estimator that sees everybody where the brightness of the picture says."""

    layout = BLAZEPOSE_33

    def reset(self):
        self.calls = 0

    def estimate(self, picture):
        self.calls += 1
        points = np.ones((33, 3), np.float32)
        points[:, 0] = np.linspace(10, 50, 33)
        points[:, 1] = np.linspace(5, 60, 33) + picture.mean() / 20
        return [] if picture.mean() < 20 else [Pose(points, points / 64)]


class Blind(Painted):
    """An estimator that never sees anybody."""

    def estimate(self, picture):
        return []


def test_films_that_a_way_cannot_answer_are_left_out(films, plan, known):
    pytest.importorskip("moderngl")
    _, recording, contract, points = known
    with pytest.raises(RehabCoachError, match="seen by both cameras"):
        two_cameras._answer(films, recording, {}, contract.names, contract.bodies)
    found = two_cameras.answers(films, plan, [recording], contract.names, contract.bodies, {"blind": Blind()})
    assert found == {"blind": {}}
    mean = mean_answer([recording], contract)

    def unsolved(one):
        if one.name == NAME:
            raise RehabCoachError("OpenSim failed")
        return mean(one)

    results = _results(unsolved, [recording, replace(recording, name="other")], points, True)
    assert [one.recording.name for one in results] == ["other"]


def test_films_are_shot_again_changed_and_measured(films, plan, known):
    pytest.importorskip("moderngl")
    model, recording, contract, _ = known
    from rehab_coach.direct_kinematics.networks import KinematicsNetwork

    network = KinematicsNetwork(KinematicsRecipe(width=8, layers=1), contract).eval()
    found = measure(network, contract, films, plan, [recording], Painted())
    assert found[UNCHANGED, 0.0].seen == 1 and found[UNCHANGED, 0.0].error > 0
    assert found["darker", 0.1].seen == 0 and np.isnan(found["darker", 0.1].error)
    assert found["frame rate", 2].seen == 1 and found["darker", 0.5].error != found[UNCHANGED, 0.0].error


def test_films_that_cannot_be_shot_again_are_told(films, plan, known, capsys):
    _, recording, _, _ = known
    with pytest.raises(RehabCoachError, match="another version"):
        shot_again(films, replace(plan, seed=5), recording)
    command = ["evaluate-kinematics", share_path("models", "d3ke.safetensors"), "--data", films, "--out", films]
    assert main([*command, "--robustness", "2"]) == 2
    assert "name it by --plan" in capsys.readouterr().err
    assert main([*command, "--two-cameras", "-2"]) == 2
    assert "a number of films" in capsys.readouterr().err
