import os
import shutil
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from rehab_coach.benchmarks.direct_kinematics.evaluation import evaluate
from rehab_coach.cli.main import main
from rehab_coach.direct_kinematics.answers import answer_features
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import read_films, split
from rehab_coach.direct_kinematics.features import FEATURES, features_of
from rehab_coach.direct_kinematics.model_file import load_network
from rehab_coach.direct_kinematics.networks import Guess, KinematicsNetwork
from rehab_coach.direct_kinematics.recipe import KinematicsRecipe, load_recipe, make_recipe
from rehab_coach.direct_kinematics.recording import MODEL, AngleNetwork, elevations, pelvis_angles
from rehab_coach.direct_kinematics.refinement import TALLER, PosedBody, answer
from rehab_coach.direct_kinematics.training import KinematicsTask, make_contract, mirrored_guess, train_on_films
from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.opensim.files import read_mot
from rehab_coach.opensim.model_file import body_fixed
from rehab_coach.opensim.model_values import model_of
from rehab_coach.opensim.packages import default_model
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator, estimate_video
from rehab_coach.skeleton import COCO_18, SkeletonSequence


@pytest.fixture
def squat(act, repeats):
    """squat(rate) -> a sequence as MediaPipe's, flat in space."""

    def made(rate=15.0):
        whole = act("squat", repeats(2), camera_rate=rate)
        flat = (whole.key_points[..., :2] - whole.key_points[:, 23:25, :2].mean(axis=1, keepdims=True)) / 150
        return replace(whole, world=np.concatenate([flat, np.zeros_like(flat[..., :1])], axis=2))

    return made


def test_people_are_divided(own_skeleton, films):
    _, recordings = read_films(films)
    divided = split(recordings, 0.1, 0.2, seed=0)
    people = {kind: {one.person for one in group} for kind, group in divided.items()}
    assert [len(people[kind]) for kind in ("train", "validation", "test")] == [7, 1, 2]
    assert len(set.union(*people.values())) == 10
    with pytest.raises(RehabCoachError, match="too few"):
        split(recordings[:2], 0.1, 0.2, seed=0)


def test_each_folder_is_divided_by_itself(own_skeleton, films, recipe, tmp_path):
    other = shutil.copytree(films, str(tmp_path / "other"))
    model, recordings = read_films(films, other)
    assert len(recordings) == 40 and {one.folder for one in recordings} == {films, other}
    divided, alone = split(recordings, 0.1, 0.2, seed=0), split(read_films(films)[1], 0.1, 0.2, seed=0)
    for kind, group in alone.items():
        assert [one.name for one in divided[kind]] == 2 * [one.name for one in group]
    for name in model.markers:
        np.testing.assert_allclose(model.markers[name].place, read_films(films)[0].markers[name].place)
    _, people = train_on_films([films, other], replace(recipe, steps=1, log_every=1), str(tmp_path / "run"))
    assert people == {"train": 14, "validation": 2, "test": 4}
    with pytest.raises(RehabCoachError, match="has no kinematics.csv"):
        read_films(films, str(tmp_path / "gone"))


def test_the_pelvis_may_have_a_loss_of_its_own(own_skeleton, films, recipe):
    model, recordings = read_films(films)
    divided = split(recordings, 0.1, 0.2, seed=0)
    losses = []
    for weight in (0.0, 2.0):
        torch.manual_seed(0)
        task = KinematicsTask(model, divided, replace(recipe, pelvis_weight=weight))
        network = task.make_network()
        batch = next(iter(task.batches(0)))
        losses.append(task.loss(network, batch)[0])
        seen = batch[2].any(dim=2)
        apart = (network(batch[0]).root - batch[4]).abs()[seen].mean()
    assert (losses[1] - losses[0]).item() == pytest.approx(2 * apart.item(), rel=1e-4)


def test_a_network_learns_and_is_measured(own_skeleton, films, recipe, tmp_path, one_thread):
    path, people = train_on_films([films], recipe, str(tmp_path / "run"))
    assert people == {"train": 7, "validation": 1, "test": 2}
    text = evaluate(path, films, str(tmp_path / "report"))
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| ")}
    ours, mean = (float(rows[name][1]) for name in ("network (none)", "always the mean"))
    assert ours < 0.6 * mean  # degrees, of people that were not learned from
    assert {"walk", "bow", "hip_flexion"} <= set(rows) and {"front", "oblique"} & set(rows)
    tables = ("angles", "causes", "fitted", "movements", "people", "recordings", "speed", "views", "ways")
    wanted = [name + ".csv" for name in tables] + ["errors.png", "kinematics.md"]
    assert sorted(os.listdir(tmp_path / "report")) == sorted(wanted)
    # The whole way from a sequence: mirrored, it is answered by exactly the mirrored kinematics.
    network, contract = load_network(path)
    for errors in (contract.error, contract.guess_error):
        assert min(errors) > 0 and [errors[number] for number in contract.mirrored] == pytest.approx(errors[:6])
    sequence = read_films(films)[1][0].sequence
    plain, other = (answer(network, contract, one) for one in (sequence, sequence.mirror()))
    expected = mirrored_guess(
        Guess(*(torch.from_numpy(part) for part in (plain.coordinates, plain.scales, plain.root))), contract
    )
    np.testing.assert_allclose(other.coordinates, expected.coordinates, atol=1e-3)
    np.testing.assert_allclose(other.scales, expected.scales, atol=1e-4)
    np.testing.assert_allclose(other.root, expected.root, atol=1e-3)
    assert plain.deviation.shape == plain.coordinates.shape and (plain.deviation >= 0).all()


@pytest.mark.parametrize("sequence", ["none", "lstm", "tcn", "transformer"])
def test_answers_are_within_their_ranges(own_skeleton, films, sequence):
    model, recordings = read_films(films)
    recipe = KinematicsRecipe(sequence=sequence, width=16, layers=2, window=8)
    contract = make_contract(model, recordings, recipe)
    torch.manual_seed(0)
    network = KinematicsNetwork(recipe, contract).eval()
    guess = network(50 * torch.randn(3, 11, FEATURES))
    assert guess.coordinates.shape == (3, 11, 6) and guess.scales.shape == (3, 11, 4, 3)
    assert (guess.coordinates.abs() <= 1.5001).all()
    torch.testing.assert_close(
        guess.root @ guess.root.transpose(2, 3), torch.eye(3).expand(3, 11, 3, 3), atol=1e-5, rtol=0
    )
    # However long the recording is, windows cover it.
    long = np.random.default_rng(0).normal(size=(37, FEATURES)).astype(np.float32)
    assert answer_features(network, contract, long, long).coordinates.shape == (37, 6)


def test_the_truth_has_no_loss_and_what_does_not_count_none(own_skeleton, films, recipe):
    model, recordings = read_films(films)
    task = KinematicsTask(model, {"train": recordings, "validation": [], "test": []}, recipe)
    batch = next(iter(task.batches(0)))
    _, coordinates, counts, scales, root = batch
    exact = Guess(coordinates, scales, root)
    loss, logged = task.loss(lambda _: exact, batch)
    assert float(loss) < 1e-6 and float(logged["degrees"]) == 0
    wrong = Guess(coordinates.clone(), scales, root)
    wrong.coordinates[..., 0] += 1
    only = counts.clone()
    only[..., 0] = False
    spoiled = (batch[0], coordinates, only, scales, root)
    assert float(task.loss(lambda _: wrong, spoiled)[1]["degrees"]) == 0
    assert float(task.loss(lambda _: wrong, batch)[1]["degrees"]) == pytest.approx(np.degrees(1) / 6, rel=1e-3)


def test_batches_depend_on_their_number_alone(own_skeleton, films, recipe):
    model, recordings = read_films(films)
    task = KinematicsTask(model, {"train": recordings, "validation": [], "test": []}, recipe)
    third = list(islice(task.batches(0), 3))[2]
    again = next(iter(task.batches(2)))
    for one, other in zip(third, again):
        torch.testing.assert_close(one, other)


def test_features_of_a_mirrored_sequence_are_mirrored(own_skeleton, films):
    sequence = read_films(films)[1][0].sequence
    plain, mirrored = features_of(sequence), features_of(sequence.mirror())
    assert plain.shape == (len(sequence), FEATURES)
    np.testing.assert_allclose(features_of(sequence.mirror().mirror()), plain, atol=1e-5)
    assert np.abs(plain - mirrored).max() > 0.01
    with pytest.raises(RehabCoachError, match="estimator mediapipe"):
        features_of(SkeletonSequence(np.zeros((2, 18, 3)), np.arange(2.0), (10, 10), COCO_18))


def test_the_recipes_that_ship_can_be_read():
    for name in os.listdir(share_path("config", "recipes", "kinematics")):
        assert load_recipe(share_path("config", "recipes", "kinematics", name)).sequence in (
            name[: -len(".yaml")],
            "tcn",
        )
    assert load_recipe(share_path("config", "recipes", "kinematics", "markers.yaml")).output == "markers"


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"lstm": 1}, "no entry 'lstm'"),
        ({"sequence": "gru"}, "sequence must be one of"),
        ({"output": "muscles"}, "output must be one of kinematics, markers"),
        ({"width": "big"}, "width must be like 128"),
        ({"width": 4}, "width must be between"),
        ({"sequence": "transformer", "width": 12}, "multiple of its 8 heads"),
        ({"masked": 1}, "masked must be like True"),
        ({"key_points": False}, "belong to a backbone that looks at pictures"),
        ({"backbone": "resnext50_32x4d", "turned": 5.0}, "pictures do not turn"),
        ({"backbone": "resnext50_32x4d", "key_points": False, "body_frame": True}, "body_frame needs key_points"),
        ({"test": 0.9, "validation": 0.2}, "people to learn from"),
    ],
)
def test_recipes_are_checked(values, complaint):
    with pytest.raises(RehabCoachError, match=complaint):
        make_recipe(values)


def test_one_command_learns_and_measures(own_skeleton, films, tmp_path, capsys, one_thread):
    recipe = tmp_path / "small.yaml"
    recipe.write_text("sequence: none\nwidth: 16\nwindow: 8\nsteps: 5\n")
    folders = [str(tmp_path / name) for name in ("run", "report")]
    order = ["train-kinematics", str(recipe), "--data", films, "--out", folders[0], "--report", folders[1]]
    nobody = tmp_path / "nobody.yaml"
    nobody.write_text("test: 0.0\n")
    assert main(["train-kinematics", str(nobody), *order[2:]]) == 2
    assert "--report measures angles on people who are kept" in capsys.readouterr().err
    assert not os.path.exists(folders[0])
    assert main(order) == 0
    shown = capsys.readouterr().out
    assert "learned from 7 people, watched 1, kept 2" in shown and "| always the mean |" in shown
    assert os.path.exists(os.path.join(folders[1], "causes.csv"))
    # With fewer people the folder divides otherwise.
    fewer = tmp_path / "fewer"
    shutil.copytree(films, fewer)
    table = (fewer / "kinematics.csv").read_text().splitlines(keepends=True)
    (fewer / "kinematics.csv").write_text("".join(table[:-6]))
    model = os.path.join(folders[0], "model.safetensors")
    assert main(["evaluate-kinematics", model, "--data", str(fewer), "--out", folders[1]]) == 2
    assert "are some of whom" in capsys.readouterr().err


def test_what_is_wrong_is_told(own_skeleton, films, recipe, tmp_path, capsys):
    gone = str(tmp_path / "gone")
    lstm = share_path("config", "recipes", "kinematics", "lstm.yaml")
    assert main(["train-kinematics", lstm, "--data", gone, "--out", str(tmp_path / "run")]) == 2
    assert "dataset kinematics" in capsys.readouterr().err
    assert main(["evaluate-kinematics", gone, "--data", films, "--out", str(tmp_path / "report")]) == 2
    assert "train-kinematics" in capsys.readouterr().err
    assert main(["evaluate-kinematics", share_path("models", "coach.safetensors"), "--data", films, "--out", gone]) == 2
    assert "another kind" in capsys.readouterr().err
    slow = tmp_path / "slow.yaml"
    slow.write_text("rate: 25.0\n")
    assert main(["train-kinematics", str(slow), "--data", films, "--out", str(tmp_path / "run")]) == 2
    assert "10.0 frames a second, the recipe 25" in capsys.readouterr().err
    other = tmp_path / "films"
    shutil.copytree(films, other)
    person = other / "models" / "person-000003.osim"
    person.write_text(person.read_text().replace("m_trunk", "m_back"))
    assert main(["train-kinematics", lstm, "--data", str(other), "--out", str(tmp_path / "run")]) == 2
    assert "not the same markers (m_back)" in capsys.readouterr().err
    broken = tmp_path / "model.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(RehabCoachError, match="broken or cut short"):
        load_network(str(broken))


def test_the_pelvis_is_measured_from_where_it_faces_on_average():
    towards = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]])  # facing the camera
    tilt, lean, turn = np.radians([[-30, 10], [5, -8], [12, -12]])
    about = ((2, tilt), (0, lean), (1, turn))
    z, x, y = ([body_fixed(np.eye(3)[axis] * angle) for angle in angles] for axis, angles in about)
    aside = body_fixed(np.array([0, 0.7, 0]))  # whatever way the person stands
    root = np.stack([towards @ aside @ a @ b @ c for a, b, c in zip(z, x, y)])
    found = pelvis_angles(root)
    np.testing.assert_allclose(found[:, :2], np.stack([tilt, lean], axis=1), atol=0.03)
    assert found[:, 2].mean() == pytest.approx(0, abs=0.02)
    assert np.ptp(found[:, 2]) == pytest.approx(np.ptp(turn), abs=0.03)


def test_angles_of_a_recording_are_written(own_skeleton, films, recipe, tmp_path, capsys, squat):
    path, _ = train_on_films([films], replace(recipe, steps=2, log_every=2), str(tmp_path / "run"))
    whole = squat()  # at another rate than the network's
    key_points = whole.key_points.copy()
    key_points[4] = 0
    sequence = replace(whole, key_points=key_points)
    file, out = str(tmp_path / "sequence.npz"), str(tmp_path / "out")
    sequence.save(file)
    command = ["angles", file, "--out", out, "--no-overlay", "--source", "d3ke"]
    assert main([*command, "--model", path]) == 0
    assert "angles from d3ke" in capsys.readouterr().out
    angles = read_mot(os.path.join(out, "angles.mot"))
    assert {"hip_flexion_r", "pelvis_tilt"} <= set(angles.names) and len(angles.stamps) == len(sequence)
    network = AngleNetwork.load(path)
    given = network.measure(sequence).angles
    assert (np.nanmin(given.uncertainty, axis=0) > 0).all()
    assert np.isnan(given.values[4]).all() and np.isfinite(np.delete(given.values, 4, axis=0)).all()
    assert main([*command[:-1], "fit", "--model", path]) == 2
    assert "--model is for --source d3ke" in capsys.readouterr().err
    assert main([*command, "--height", "172"]) == 2
    assert "--height is in metres, 0.5 to 2.5, not 172" in capsys.readouterr().err
    assert main([*command[:-1], "fit", "--height", "1.72"]) == 2
    assert "--height is for --source d3ke" in capsys.readouterr().err
    with pytest.raises(RehabCoachError, match="nobody"):
        network.measure(replace(sequence, key_points=0 * key_points, world=None))
    with pytest.raises(RehabCoachError, match="fewer than two frames"):
        network.measure(sequence[:1])


def test_the_rate_of_a_recording_does_not_matter(squat):
    network = AngleNetwork.load()
    usual = network.measure(squat()).angles
    for rate in (7.5, 30.0):
        other = network.measure(squat(rate)).angles
        again = np.interp(usual.stamps, other.stamps, other["knee_angle_r"])
        assert np.degrees(np.abs(again - usual["knee_angle_r"])).mean() < 3


def test_who_is_taller_has_longer_limbs_and_bends_them_as_far(squat):
    network, sequence = AngleNetwork.load(), squat()
    tall, small = (network.measure(sequence, height=height) for height in (1.9, 1.6))
    np.testing.assert_allclose(tall.scales / small.scales, 1.9 / 1.6, rtol=1e-5)
    scales = torch.from_numpy(tall.scales)[None]
    body = PosedBody(model_of(network.contract.model), ["knee_angle_r"])
    joints = body(torch.zeros(1, 1), scales, torch.eye(3)[None]).joints[0, :, 1]
    assert float(joints.max() - joints.min()) * TALLER == pytest.approx(1.9, abs=1e-3)
    assert np.abs(tall.angles["knee_angle_r"] - small.angles["knee_angle_r"]).mean() < np.radians(2)


def test_what_is_cut_off_is_not_measured(squat, tmp_path, capsys):
    sequence = squat()
    key_points = sequence.key_points.copy()
    below = [sequence.layout.joints.index("left_" + name) for name in ("ankle", "heel", "foot_index")]
    key_points[:, below] = 0
    file = str(tmp_path / "cut.npz")
    replace(sequence, key_points=key_points).save(file)
    assert main(["angles", file, "--out", str(tmp_path / "out"), "--no-overlay", "--source", "d3ke"]) == 0
    told = capsys.readouterr().err
    assert "out of the picture" in told and "knee_angle_l, ankle_angle_l" in told and "knee_angle_r" not in told
    measured = read_mot(str(tmp_path / "out" / "angles.mot"))
    assert {"hip_flexion_l", "knee_angle_r"} <= set(measured.names) and "knee_angle_l" not in measured.names


def test_the_skeleton_lies_beside_its_motion(squat, tmp_path, capsys, monkeypatch):
    opensim = pytest.importorskip("opensim")
    try:
        default_model()
    except RehabCoachError:
        pytest.skip("Pose2Sim is not installed")
    file, out = str(tmp_path / "squat.npz"), tmp_path / "out"
    squat().save(file)
    command = ["angles", file, "--out", str(out), "--no-overlay", "--source", "d3ke"]
    assert main(command) == 0
    skeleton = opensim.Model(str(out / "skeleton.osim"))
    skeleton.initSystem()
    motion = opensim.TimeSeriesTable(str(out / "angles.mot"))
    coordinates = skeleton.getCoordinateSet()
    known = {coordinates.get(number).getName() for number in range(coordinates.getSize())}
    assert set(motion.getColumnLabels()) <= known and len(motion.getColumnLabels()) > 30
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "opensim", None)  # as if it were not installed
    assert main(command) == 0
    assert "skeleton.osim is left out: this needs OpenSim" in capsys.readouterr().err
    assert not (out / "skeleton.osim").exists() and (out / "angles.mot").exists()


def test_what_a_network_cannot_use_is_told_before_a_film_is_looked_at(tmp_path, capsys):
    command = ["angles", str(tmp_path / "film.mp4"), "--out", str(tmp_path / "out"), "--source", "d3ke"]
    assert main([*command, "--model", str(tmp_path / "gone")]) == 2
    assert "there is no model" in capsys.readouterr().err
    assert main([*command, "--estimator", "tf_pose"]) == 2
    assert "needs --estimator mediapipe" in capsys.readouterr().err


def test_arms_are_raised_in_whatever_direction():
    names = ("arm_flex_r", "arm_add_r")
    coordinates = np.radians([[0, 0], [90, 0], [0, -90], [60, -30], [180, 0]])
    ((name, raised, deviation),) = elevations(names, coordinates, np.full((5, 2), 0.1))
    assert name == "shoulder_elv_r" and deviation.max() < 0.15
    np.testing.assert_allclose(np.degrees(raised[:, 0]), [0, 90, 90, 64.3, 180], atol=0.1)


def test_the_model_that_ships_sees_the_knees_bend_that_bend():
    pytest.importorskip("mediapipe")
    network, contract = load_network(share_path("models", MODEL))
    assert contract.skeleton == "Pose2Sim_Simple" and sum(part.numel() for part in network.parameters()) < 1e6
    estimator = create_estimator("mediapipe", 1)
    try:
        sequence = estimate_video(share_path("test", "data", "squat.mp4"), estimator, 0.0, 5.0)
    finally:
        estimator.close()
    given, fitted = AngleNetwork.load().measure(sequence).angles, joint_angles(sequence, source="fit")
    for name in ("knee_angle_r", "hip_flexion_l"):
        assert np.corrcoef(given[name], fitted[name])[0, 1] > 0.9
        assert np.degrees(np.ptp(given[name])) > 40
    mirrored = AngleNetwork.load().measure(sequence.mirror()).angles
    for name in ("knee_angle", "hip_flexion", "arm_flex"):
        assert np.degrees(np.abs(given[name + "_r"] - mirrored[name + "_l"]).max()) < 0.1


def test_the_contract_keeps_what_a_mirror_does(own_skeleton, films, recipe):
    model, recordings = read_films(films)
    contract = make_contract(model, recordings, recipe)
    assert isinstance(contract, KinematicsContract) and contract.people == 10
    assert contract.names == (
        "trunk_extension",
        "trunk_bending",
        "hip_flexion_r",
        "hip_adduction_r",
        "hip_flexion_l",
        "hip_adduction_l",
    )
    assert contract.mirrored == (0, 1, 4, 5, 2, 3) and contract.signs == (1, -1, 1, 1, 1, 1)
