"""The learned scorer: it learns what differs, judges people it has not seen, and its file says what it is."""

import json

import numpy as np
import pytest

from rehab_coach.dataset.ui_prmd import RATE, Execution
from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.form.features import FRAMES, repetition_features, trajectories
from rehab_coach.kinematics.form.scorer import FormScorer
from rehab_coach.learning.form_scorer import (
    ScorerRecipe,
    score_unseen_subjects,
    train_scorer,
    view_repetitions,
)

RECIPE = ScorerRecipe(views=2, networks=2, epochs=40, batch=32, seed=1)


@pytest.fixture(scope="module")
def executions(act):
    """Three people; the incorrect squats are half as deep."""
    random = np.random.default_rng(0)
    made = []
    for subject in "123":
        for number in range(8):
            correct = number % 2 == 0
            depth = (1.0 if correct else 0.5) + 0.05 * random.standard_normal()
            amount = depth * (1 - np.cos(np.linspace(0, 2 * np.pi, int(2 * RATE)))) / 2
            made.append(Execution("deep_squat", subject, str(number), correct, act.joints("squat", amount)))
    return made


@pytest.fixture(scope="module")
def viewed(executions):
    return view_repetitions(executions, RECIPE.views, RECIPE.seed, keep_sequences=True)


@pytest.fixture(scope="module")
def scorer(viewed):
    return train_scorer(viewed, RECIPE, {"data": "stick figures"})


def test_what_was_incorrect_scores_higher_in_people_that_were_not_seen(viewed):
    scores = score_unseen_subjects(viewed, viewed, RECIPE)
    correct = np.array([one.execution.correct for one in viewed])
    assert np.median(scores[~correct]) > np.median(scores[correct]) + 1
    assert np.mean((scores > 0) == ~correct) > 0.8


def test_the_file_gives_the_same_scores_and_says_what_it_is(scorer, viewed, tmp_path):
    path = tmp_path / "scorer.safetensors"
    scorer.save(str(path))
    loaded = FormScorer.load(str(path))
    assert loaded.contract == scorer.contract
    assert loaded.contract.training == {"data": "stick figures"}
    for one in viewed[:4]:
        score = loaded.score(one.sequence, "squat")
        assert 0 < score < 1 and score == scorer.score(one.sequence, "deep_squat")


def test_a_mirrored_person_scores_the_same(scorer, viewed):
    for one in viewed[:4]:
        expected = scorer.score(one.sequence, "squat")
        assert scorer.score(one.sequence.mirror(), "squat") == pytest.approx(expected, abs=1e-4)


def test_exercises_without_a_scorer(scorer, viewed):
    with pytest.raises(ValueError, match="no scorer for 'lunge|no scorer for 'inline_lunge"):
        scorer.score(viewed[0].sequence, "lunge")


def test_too_little_seen_is_no_score(scorer, viewed):
    sequence = viewed[0].sequence
    assert scorer.score(sequence[:2], "squat") is None
    assert repetition_features(sequence[:0]) is None
    assert trajectories(sequence).shape == (FRAMES, 13, 2)


@pytest.mark.parametrize("damage", ["missing", "cut", "other kind", "version", "weights"])
def test_a_broken_file_is_told(scorer, tmp_path, damage):
    from safetensors.numpy import save

    path = tmp_path / "scorer.safetensors"
    scorer.save(str(path))
    contract = json.loads(scorer.contract.to_json())
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "other kind":
        path.write_bytes(save({"weight": np.zeros(3, np.float32)}))
    elif damage == "version":
        path.write_bytes(save(scorer.weights, {"form_scorer": json.dumps({**contract, "format_version": 99})}))
    else:
        weights = {**scorer.weights, "deep_squat.mean": np.zeros(3, np.float32)}
        path.write_bytes(save(weights, {"form_scorer": scorer.contract.to_json()}))
    with pytest.raises(RehabCoachError, match="rehab-coach benchmark form"):
        FormScorer.load(str(path))
