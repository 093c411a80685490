"""A network that is cut learns what the whole one gives, of some groups, and is measured on others."""

import csv
import os
import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.pose.network_file import find_network
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.part_affinity import decode
from rehab_coach.pose.registry import create_estimator
from rehab_coach.pose.video import estimate_video
from rehab_coach.shrinking.crops import is_held_out, make_crops, random_crop, worsen
from rehab_coach.shrinking.distillation import Distillation, learn_relatively, plain_network
from rehab_coach.shrinking.labels import maps_of
from rehab_coach.shrinking.mobilenet_thin import original, saved
from rehab_coach.shrinking.recipe import ShrinkRecipe, load_recipe
from rehab_coach.shrinking.run import cut, retrain
from rehab_coach.skeleton import COCO_18
from rehab_coach.video import VideoSource
from rehab_coach.video_file import VideoFile

RECIPE = {"crops_each": 4, "size": 192, "steps": 4, "batch": 2, "log_every": 2, "learning_rate": 1e-4}
LEARNED, HELD_OUT = "a", next(name for name in "bcdefghijk" if is_held_out(name, 0.25))


def write_clips(folder, groups, films=("squat.mp4",)):
    path = folder / "clips.csv"
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", "file", "group", "end"])
        for group in groups:
            for film in films:
                # The same film for two groups: a table has each part of a film once.
                writer.writerow(["squat", share_path("test", "data", film), group, 2 + len(group) + (group == LEARNED)])
    return str(path)


@pytest.fixture
def recipe(tmp_path):
    def make(**changed):
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(dict(RECIPE, **changed)))
        return str(tmp_path / "recipe.yaml")

    return make


def test_groups_are_divided_by_their_names():
    names = ["person %d" % number for number in range(400)]
    held_out = [name for name in names if is_held_out(name, 0.25)]
    assert 60 < len(held_out) < 140
    assert set(held_out) < {name for name in names if is_held_out(name, 0.5)}
    assert not is_held_out(LEARNED, 0.25)


def test_a_crop_has_its_size_and_grey_around_the_picture():
    random = np.random.default_rng(0)
    picture = np.full((120, 400, 3), 255, np.uint8)
    crops = [random_crop(picture, 64, random)[0] for _ in range(50)]
    assert {crop.shape for crop in crops} == {(64, 64, 3)}
    assert len({int(crop.max()) for crop in crops}) > 10  # brighter and darker


def test_key_points_go_where_a_crop_shows_them():
    random = np.random.default_rng(0)
    knees = [COCO_18.index("left_knee"), COCO_18.index("right_knee")]
    key_points = np.zeros((18, 3), np.float32)
    key_points[knees[0]] = (170, 150, 1)
    picture = np.zeros((300, 400, 3), np.uint8)
    cv2.circle(picture, (170, 150), 7, (255, 0, 0), -1)
    shown = []
    for _ in range(60):
        crop, found = random_crop(picture, 256, random, key_points)
        (joint,) = np.flatnonzero(found[:, 2])
        if ((found[joint, :2] > 10) & (found[joint, :2] < 246)).all():
            shown.append(joint)
            disc = np.argwhere(crop[..., 0].astype(int) - crop[..., 1] > 60)
            np.testing.assert_allclose(disc.mean(axis=0)[::-1], found[joint, :2], atol=1)
    assert set(shown) == set(knees) and len(shown) > 30  # as in a mirror the left one is the right one


def test_labels_are_maps_that_show_the_person():
    with VideoSource(share_path("test", "data", "squat.mp4")) as source:
        picture, _ = next(iter(source.read()))
    (person,) = create_estimator("tf_pose").estimate(picture)
    points = person.key_points.copy()
    points[:, :2] *= 256 / max(picture.shape)
    (found,) = decode(maps_of(points, 256))
    np.testing.assert_array_equal(found[:, 2] > 0, points[:, 2] > 0)
    seen = points[:, 2] > 0
    np.testing.assert_allclose((found[seen, :2] + 0.5) * 8 - 0.5, points[seen, :2], atol=1.5)
    assert not maps_of(np.zeros((18, 3)), 64)[..., :18].any()


def test_what_is_known_of_a_film_becomes_part_of_its_maps(tmp_path):
    from rehab_coach.pose.clips import read_clips

    shutil.copy(share_path("test", "data", "squat.mp4"), tmp_path / "film.mp4")
    estimate_video(str(tmp_path / "film.mp4"), create_estimator("tf_pose")).save(str(tmp_path / "film.npz"))
    clips = read_clips(write_clips(tmp_path, [LEARNED, HELD_OUT]))
    shutil.copy(clips[0].path, tmp_path / "film.mp4")
    clips[0] = replace(clips[0], path=str(tmp_path / "film.mp4"))
    without, half, all_of = (
        make_crops(clips, str(tmp_path / str(part)), 3, 256, 0.25, 0, part) for part in (0.0, 0.5, 1.0)
    )
    assert len({without.identity, half.identity, all_of.identity}) == 3
    known = all_of.learned
    np.testing.assert_array_equal(without.pictures[known], half.pictures[known])
    mean = (without.maps[known].astype(float) + all_of.maps[known]) / 2
    np.testing.assert_allclose(half.maps[known], mean, atol=2e-3)
    assert np.abs(all_of.maps[known] - without.maps[known]).max() > 0.1
    np.testing.assert_array_equal(all_of.maps[all_of.held_out], without.maps[all_of.held_out])  # nothing is known


def test_a_worse_picture_is_darker_and_still_a_picture():
    random = np.random.default_rng(0)
    picture = random.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    means = []
    for _ in range(30):
        worse = worsen(picture, 1.0, random)
        assert worse.shape == picture.shape and worse.dtype == np.uint8
        means.append(worse.mean())
    assert min(means) < 40 < max(means) and max(means) < 1.3 * picture.mean()


def test_learning_relatively_changes_nothing_by_itself():
    network, other = original(2), original(2)
    learn_relatively(network)
    picture = torch.rand(1, 64, 64, 3) * 255
    with torch.no_grad():
        torch.testing.assert_close(network(picture), other(picture), atol=1e-4, rtol=0)
        for stages in (1, 2):
            plain = plain_network(network, stages)
            torch.testing.assert_close(plain(picture), original(stages)(picture), atol=1e-4, rtol=0)


def test_only_what_is_learned_from_is_made_worse(tmp_path):
    from rehab_coach.pose.clips import read_clips

    crops = make_crops(read_clips(write_clips(tmp_path, [LEARNED, HELD_OUT])), str(tmp_path / "crops"), 3, 192, 0.25, 0)
    plain, worse = (
        list(Distillation(crops, ShrinkRecipe(steps=1, batch=2, worse=part), original(1)).batches(0))[0]
        for part in (0.0, 1.0)
    )
    assert (plain[0] != worse[0]).float().mean() > 0.5
    torch.testing.assert_close(plain[1], worse[1])


def test_a_run_goes_on_from_a_network(tmp_path):
    contract = find_network(cut(3, str(tmp_path / "three.onnx")))
    picture = torch.rand(1, 64, 64, 3) * 255
    with torch.no_grad():
        for stages in (2, (1, 3)):
            torch.testing.assert_close(saved(contract, stages)(picture), original(stages)(picture), atol=1e-4, rtol=0)
    for start, stages in ((contract, 4), (find_network("mobilenet_thin"), 2)):
        with pytest.raises(
            RehabCoachError, match="is no network of %d stages and this backbone that `rehab-coach shrink`" % stages
        ):
            saved(start, stages)


def test_a_run_learns_and_leaves_a_network_for_every_stage(tmp_path, recipe):
    clips, run = write_clips(tmp_path, [LEARNED, HELD_OUT]), tmp_path / "run"
    said = []
    contracts = retrain(recipe(stage_weights={1: 0}), 2, clips, str(run), report=said.append)
    assert [find_network(path).stages for path in contracts] == [2]
    assert re.fullmatch("[1-4] crops to learn from, [1-4] of held-out groups", *said)
    lines = list(csv.DictReader(open(run / "log.csv")))
    assert [line["crops"] for line in lines] == ["4", "8"]
    assert all(float(line["held_out_heat"]) > 0 for line in lines)
    last = lines[-1]
    assert float(last["held_out_loss"]) == pytest.approx(float(last["held_out_stage_2"]), rel=1e-4)  # 1: weight 0
    assert float(last["held_out_stage_1"]) > float(last["held_out_stage_2"]) > 0
    picture = np.random.default_rng(0).uniform(0, 255, (64, 80, 3)).astype(np.float32)
    given = create_network("openvino", network=find_network(contracts[0]))(picture)
    with torch.no_grad():
        before = original(2)(torch.from_numpy(picture)[None])[0].numpy()
    assert 1e-4 < np.abs(given - before).max() < 1
    with pytest.raises(RehabCoachError, match="holds a finished run"):
        retrain(recipe(), 2, clips, str(run))


def test_a_network_that_is_pruned_learns_too(tmp_path, recipe):
    clips = write_clips(tmp_path, [LEARNED, HELD_OUT])
    contracts = retrain(recipe(keep=0.5), 1, clips, str(tmp_path / "run"), report=lambda _: None)
    network = find_network(contracts[-1])
    given = create_network("openvino", network=network)(np.zeros((64, 80, 3), np.float32))
    assert given.shape == (8, 10, 57)
    assert os.path.getsize(network.path) < 0.6 * 4.4e6


def test_crops_are_made_once(tmp_path):
    from rehab_coach.pose.clips import read_clips

    clips = read_clips(write_clips(tmp_path, [LEARNED, HELD_OUT]))
    first = make_crops(clips, str(tmp_path / "crops"), 3, 192, 0.25, 0)
    stamp = (tmp_path / "crops" / "maps.npy").stat().st_mtime_ns
    again = make_crops(clips, str(tmp_path / "crops"), 3, 192, 0.25, 0)
    assert (tmp_path / "crops" / "maps.npy").stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(first.pictures, again.pictures)
    given = create_network("auto")(np.asarray(first.pictures[0], np.float32))
    np.testing.assert_allclose(first.maps[0], given, atol=2e-3)
    other = make_crops(clips, str(tmp_path / "crops"), 3, 192, 0.25, 1)
    assert other.identity != first.identity


def test_pictures_without_people_are_refused(tmp_path):
    film = str(tmp_path / "empty.mp4")
    with VideoFile(film, (64, 64), 10) as video:
        for _ in range(5):
            video.write(np.full((64, 64, 3), 128, np.uint8))
    (tmp_path / "clips.csv").write_text("label,file,group\nsquat,%s,a\n" % film)
    from rehab_coach.pose.clips import read_clips

    with pytest.raises(RehabCoachError, match="nobody is seen in the 5 pictures"):
        make_crops(read_clips(str(tmp_path / "clips.csv")), str(tmp_path / "crops"), 5, 64, 0.25, 0)


def test_clips_of_one_person_cannot_be_divided(tmp_path, recipe):
    with pytest.raises(RehabCoachError, match="the 1 groups of the clips cannot be divided"):
        retrain(recipe(), 1, write_clips(tmp_path, [LEARNED]), str(tmp_path / "run"))


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"speed": 1}, "unknown key 'speed'"),
        ({"labels": 2}, "'labels' must be between 0 and 1, not 2"),
        ({"worse": -1}, "'worse' must be between 0 and 1"),
        ({"backbone": "vgg"}, "'backbone' must be one of mobilenet_thin, alexnet, mobilenet_v2, not 'vgg'"),
        (
            {"backbone": "alexnet", "keep": 0.5},
            "'keep' is for mobilenet_thin's own backbone: leave it out with alexnet",
        ),
        ({"keep": 0}, "'keep' must be between 0.1 and 1"),
        ({"size": 100}, "'size' must be a multiple of 8"),
        ({"steps": 0}, "'steps' must be between 1 and"),
        ({"precision": "float8"}, "'precision' must be one of float32, bfloat16"),
        ({"stage_weights": {7: 1}}, "'stage_weights' must name stages from 1 to 6, not 7"),
        ({"stage_weights": {2: -1}}, "'stage_weights' must be numbers from 0 up"),
        ({"learning_rate": "fast"}, "'learning_rate' must be a number"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(recipe, changed, message):
    with pytest.raises(RehabCoachError, match="recipe.yaml: .*" + message):
        load_recipe(recipe(**changed))


def test_the_last_stage_must_learn(tmp_path, recipe):
    with pytest.raises(RehabCoachError, match="the last stage, 2, must have a weight"):
        retrain(recipe(stage_weights={2: 0}), 2, "clips.csv", str(tmp_path / "run"))


@pytest.mark.parametrize("name", ["stages.yaml", "labels.yaml", "backbone.yaml"])
def test_the_recipes_that_ship_can_be_read(name):
    assert load_recipe(share_path("config", "recipes", "shrinking", name)).held_out == ShrinkRecipe.held_out
