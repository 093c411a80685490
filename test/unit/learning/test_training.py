"""Splits, sampling and a real, small training."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.cross_validation import judge_folds, part_samples, pooled_recall, split_groups
from rehab_coach.learning.datasets import Sample
from rehab_coach.learning.evaluation import Outcome
from rehab_coach.learning.fold_training import train_task
from rehab_coach.learning.recipe import load_recipe, make_recipe
from rehab_coach.learning.trainer import make_contract, train_network, training_options
from rehab_coach.learning.windows import TrainingBatches, label_shares, sample_weights
from rehab_coach.paths import share_path
from rehab_coach.training.checkpoint import CHECKPOINT

SMALL = {
    "labels": ["squat", "jumping_jack", "unknown"],
    "sources": {"penn": 1, "clips": 4},
    "window": 32,
    "channels": [8, 16],
    "strides": [2, 2],
    "windows": 640,
    "batch": 16,
    "log_every": 320,
    "folds": 2,
    "learning_rate": 0.01,
    "weight_average": 0.9,
    "unknown_share": 0.2,
    "idle_share": 1.0,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def recipe():
    return make_recipe(SMALL)


def test_no_group_is_in_two_folds_nor_in_both_parts(samples):
    folds = split_groups(samples, 3)
    assert set.union(*folds) == {sample.group for sample in samples}
    assert sum(len(fold) for fold in folds) == 12
    for held_out in folds:
        learned, clips = part_samples(samples, held_out)
        assert not {sample.group for sample in learned} & {sample.group for sample in clips}
        assert not {sample.group for sample in learned} & held_out
        assert {sample.source for sample in clips} == {"clips"}
        assert {sample.label for sample in clips} == {"squat", "jumping_jack"}


def test_more_folds_than_groups_are_refused(samples):
    with pytest.raises(RehabCoachError, match="13 folds need as many groups"):
        split_groups(samples, 13)
    clips = [sample for sample in samples if sample.source == "clips"]
    squat = next(clip for clip in clips if clip.label == "squat")
    other = next(clip for clip in clips if clip.label != "squat" and clip.group != squat.group)
    with pytest.raises(RehabCoachError, match="as many clips of a class"):
        split_groups([squat, other], 2)


def test_classes_and_groups_get_their_shares(samples, recipe):
    assert label_shares(recipe).tolist() == pytest.approx([0.4, 0.4, 0.2])
    weights = sample_weights(samples, {"penn": 1, "clips": 4})
    squats = [index for index, sample in enumerate(samples) if sample.label == "squat"]
    assert weights[squats].sum() == pytest.approx(1)
    one, two = (
        next(weights[index] for index in squats if samples[index].source == source) for source in ("penn", "clips")
    )
    # A clip of two estimators is two sequences of a group; the twelve groups count 12 and 12 * sqrt(2).
    assert two / one == pytest.approx(4 / 2**0.5 / 2**0.25)


def test_batches_depend_on_seed_and_number_alone(samples, recipe):
    contract = make_contract(recipe)
    first, second = (TrainingBatches(samples, recipe, contract, seed=5) for _ in range(2))
    inputs, labels = first[7]
    again, _ = second[7]
    other, _ = TrainingBatches(samples, recipe, contract, seed=6)[7]
    assert inputs.shape == (16, 3, 32, 18, 1) and labels.shape == (16,)
    assert torch.equal(inputs, again) and not torch.equal(inputs, other)
    counts = np.bincount(torch.cat([first[number][1] for number in range(40)]), minlength=3) / 640
    np.testing.assert_allclose(counts, [0.4, 0.4, 0.2], atol=0.08)


def test_a_fold_learns_to_tell_strangers_movements_apart(samples, recipe, tmp_path):
    held_out = split_groups(samples, 2)[0]
    path = train_task(recipe, samples, 1, held_out, str(tmp_path), str(tmp_path / "model.safetensors"), "test", 0)
    summary = judge_folds(recipe, samples, [path], str(tmp_path / "report"))
    for estimator in ("tf_pose", "mediapipe"):
        assert summary[estimator]["clips"] == 12
        assert summary[estimator]["accuracy"] > 0.8
    assert not os.path.exists(str(tmp_path / CHECKPOINT))
    assert os.path.getsize(str(tmp_path / "curves.png")) > 1000
    with open(str(tmp_path / "log.csv")) as stream:
        lines = stream.read().splitlines()
    assert "held_out_accuracy" in lines[0] and len(lines) == 3


def test_folds_judge_every_source_that_the_recipe_names(samples, tmp_path):
    rendered = [
        Sample(sample.sequence, sample.label, "actor" + sample.group, "rendered", sample.name, "tf_pose")
        for sample in samples[:12]
    ]
    recipe = make_recipe(
        dict(
            SMALL,
            sources={"penn": 1, "clips": 1, "rendered": 1},
            sets={"rendered": "x"},
            judged=["clips", "penn", "rendered"],
            windows=16,
        )
    )
    folds = split_groups(samples + rendered, 2, recipe.judged)
    assert set.union(*folds) == {sample.group for sample in samples + rendered}
    paths = [
        train_task(
            recipe,
            samples + rendered,
            number,
            held_out,
            str(tmp_path),
            str(tmp_path / ("%d.safetensors" % number)),
            "x",
            0,
        )
        for number, held_out in enumerate(folds, start=1)
    ]
    summary = judge_folds(recipe, samples + rendered, paths, str(tmp_path / "report"))
    assert {name: values["clips"] for name, values in summary.items()} == {
        "tf_pose": 24,
        "mediapipe": 24,
        "penn": 24,
        "rendered-tf_pose": 12,
    }
    assert os.path.exists(str(tmp_path / "report" / "rendered-tf_pose" / "predictions.csv"))
    assert "pooled_recall" in summary["tf_pose"] and "pooled_recall" not in summary["penn"]


def test_few_clips_are_pooled_with_other_strangers_as_the_same_estimator_sees_them():
    def answers(label, right, wrong):
        return [
            Outcome("a", label, label if number < right else "unknown", "", 1.0, np.zeros(3))
            for number in range(right + wrong)
        ]

    outcomes = {
        "tf_pose": answers("squat", 9, 1) + answers("pull_up", 1, 1),
        "mediapipe": answers("pull_up", 2, 0),
        "penn": answers("pull_up", 3, 1) + answers("squat", 0, 5),
        "rendered-tf_pose": answers("pull_up", 4, 0),
        "rendered-mediapipe": answers("pull_up", 0, 9),
    }
    recall = pooled_recall(outcomes, "tf_pose", ["squat", "pull_up", "lunge"])
    assert (recall["squat"]["recall"], recall["squat"]["of"]) == (0.9, ["tf_pose"])
    assert (recall["pull_up"]["recall"], recall["pull_up"]["cases"]) == (0.8, 10)
    assert recall["pull_up"]["of"] == ["tf_pose", "penn", "rendered-tf_pose"]
    assert recall["lunge"]["recall"] is None and recall["lunge"]["interval"] is None


def test_sequences_of_different_rates_learn_side_by_side(samples, figure):
    mixed = [
        Sample(figure("squat", rate=rate, frames=int(3 * rate)), "squat", str(rate), "penn", str(rate))
        for rate in (4.0, 9.0, 25.0, 60.0)
    ]
    recipe = make_recipe(dict(SMALL, unknown_share=0.0, idle_share=0.0))
    inputs, labels = TrainingBatches(mixed, recipe, make_contract(recipe), 0)[0]
    assert inputs.shape == (16, 3, 32, 18, 1) and not labels.any() and torch.isfinite(inputs).all()


def test_uniform_windows_hold_recordings_of_every_length(samples):
    recipe = make_recipe(dict(SMALL, sampling="uniform", rate=8, window=32, shortest_recording=1.0))
    batches = TrainingBatches(samples, recipe, make_contract(recipe), 0)
    rates = [people[0].rate for number in range(4) for people, _ in batches.draw(number)]
    assert min(rates) < 10 and max(rates) > 20  # 31 steps in 3.9 s and in 1 s
    assert batches[0][0].shape == (16, 3, 32, 18, 1)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(samples, tmp_path, dropout):
    recipe = make_recipe(dict(SMALL, windows=96, log_every=48, dropout=dropout))
    whole, _ = train_network(recipe, samples, str(tmp_path / "whole"), loaders=0, identity="a")

    class Killed(Exception):
        pass

    class Killing(TrainingBatches):
        def __getitem__(self, number):
            if number == 4:
                raise Killed()
            return super().__getitem__(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rehab_coach.learning.trainer.RecogniserTask.windows_of", Killing)
        with pytest.raises(Killed):
            train_network(recipe, samples, str(tmp_path / "killed"), loaders=0, identity="a")
    with pytest.raises(RehabCoachError, match="another recipe, data or seed"):
        train_network(recipe, samples, str(tmp_path / "killed"), loaders=0, identity="b")
    resumed, progress = train_network(recipe, samples, str(tmp_path / "killed"), loaders=0, identity="a")
    assert progress.step == 6 and len(progress.history) == 2
    for one, other in zip(resumed.state_dict().values(), whole.state_dict().values()):
        assert torch.equal(one, other)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.98])
def test_a_broken_checkpoint_is_named(samples, tmp_path, kept):
    recipe = make_recipe(dict(SMALL, windows=32, log_every=16))
    train_network(recipe, samples, str(tmp_path), loaders=0, identity="a")
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content[: int(kept * len(content))])
    with pytest.raises(RehabCoachError, match="checkpoint.pt cannot be read .*remove it to begin anew"):
        train_network(recipe, samples, str(tmp_path), loaders=0, identity="a")


def test_a_loader_process_makes_no_difference(samples, tmp_path):
    recipe = make_recipe(dict(SMALL, windows=32))
    first, _ = train_network(recipe, samples, str(tmp_path / "a"), loaders=0)
    second, _ = train_network(recipe, samples, str(tmp_path / "b"), loaders=1)
    for one, other in zip(first.parameters(), second.parameters()):
        torch.testing.assert_close(one, other)


def test_a_loss_that_explodes_is_reported(samples, tmp_path):
    recipe = make_recipe(dict(SMALL, learning_rate=10, optimiser="sgd", weight_decay=1, warm_up=0, windows=16000))
    with pytest.raises(RehabCoachError, match="lower learning_rate"):
        with pytest.MonkeyPatch.context() as patch:
            unlimited = replace(training_options(recipe), gradient_limit=None)
            patch.setattr("rehab_coach.learning.trainer.training_options", lambda *_: unlimited)
            train_network(recipe, samples, str(tmp_path), loaders=0)


def test_the_first_recipe_still_gives_what_it_gave(samples, tmp_path, monkeypatch):
    # But for the random numbers of its dropout, which were PyTorch's own.
    monkeypatch.setattr("rehab_coach.recognition.st_gcn.Dropout", torch.nn.Dropout)
    first = load_recipe(share_path("config", "recipes", "first.yaml")).as_dict()
    recipe = make_recipe(dict(first, windows=32, batch=16, log_every=16, precision="float32"))
    inputs, labels = TrainingBatches(samples, recipe, make_contract(recipe), 3)[0]
    # As the first version of the package drew and learned them.
    assert labels.tolist() == [0, 5, 6, 5, 0, 5, 0, 6, 6, 6, 6, 6, 5, 0, 0, 6]
    assert float(inputs.abs().mean()) == pytest.approx(0.33482453, rel=1e-5)
    _, progress = train_network(recipe, samples, str(tmp_path), seed=3, loaders=0)
    assert [line["loss"] for line in progress.history] == pytest.approx([1.999438, 2.127383], rel=1e-4)
