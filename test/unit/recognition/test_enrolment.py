import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from rehab_coach.errors import RehabCoachError
from rehab_coach.recognition import STGCN, ModelContract, NetworkConfig, Recognizer
from rehab_coach.recognition.embedding import Embedding, Thresholds, default_embedding, fit_embedding, unit
from rehab_coach.recognition.enrolment import (
    EnrolledExercise,
    EnrolledRecognizer,
    EnrolmentDoubt,
    LooksKnown,
    NobodySeen,
    TakesDisagree,
    disagreeing,
    enrol,
)
from rehab_coach.recognition.model_file import METADATA_KEY, ModelError
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.render import Film, Scene
from rehab_coach.skeleton import SkeletonSequence

SMALL = NetworkConfig(channels=(8, 12), strides=(1, 2), classes=3)
THRESHOLDS = Thresholds(unknown=0.5, known=0.7, agreement=0.4)


@pytest.fixture(scope="module")
def shipped():
    return EnrolledRecognizer(Recognizer.load(), Embedding.load())


def small(answer=2):
    """A recogniser of random features whose model always gives the same answer."""
    torch.manual_seed(0)
    network = STGCN(SMALL).eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(5.0 * torch.nn.functional.one_hot(torch.tensor(answer), 3))
    labels = ("squat", "lunge", "unknown")
    recognizer = Recognizer(network, ModelContract(labels=labels, network=SMALL, window=20))
    embedding = Embedding(np.zeros(12, np.float32), np.eye(12, dtype=np.float32), THRESHOLDS, recognizer.digest)
    return EnrolledRecognizer(recognizer, embedding)


def recording(seed=0, frames=60):
    key_points = np.random.default_rng(seed).uniform(0.2, 1, (frames, 18, 3)).astype(np.float32)
    return SkeletonSequence(key_points * np.float32([640, 480, 1]), np.arange(frames) / 15, (640, 480))


def nobody(frames=60):
    return SkeletonSequence(np.zeros((frames, 18, 3), np.float32), np.arange(frames) / 15, (640, 480))


def film(exercise, seed, duration=9.0):
    """The true key points of a rendered person."""
    return Film(Scene(exercise, duration, 15.0, seed=seed)).sequence()


def takes_of(exercise, seed):
    """Three repetitions of one person."""
    sequence = film(exercise, seed, 14.0)
    performed = make_motion(exercise, 14.0, 15.0, seed).performed[:3]
    return [sequence[int(one.start * 15) : int(one.end * 15) + 1] for one in performed]


def add(recognizer, *exercises):
    return EnrolledRecognizer(recognizer.recognizer, recognizer.embedding, exercises)


@pytest.mark.parametrize("exercise, others", [("side_bend", "biceps_curl"), ("toe_touch", "lateral_raise")])
def test_what_one_person_showed_is_recognised_in_another(shipped, exercise, others):
    pytest.importorskip("anny")
    added = enrol(exercise, takes_of(exercise, 3), shipped, sure=True)
    recognizer = add(shipped, added)
    assert recognizer.labels == shipped.labels + (exercise,)
    answer = recognizer.recognize(film(exercise, 4))
    assert (answer.label, answer.status) == (exercise, "recognised")
    assert answer.labels == recognizer.labels
    assert 0.5 <= answer.confidence == pytest.approx(answer.probabilities[-1])
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
    for other in ("squat", "jumping_jack", others):
        plain, beside = shipped.recognize(film(other, 5)), recognizer.recognize(film(other, 5))
        assert (beside.label, beside.confidence) == (plain.label, plain.confidence)


def test_an_exercise_that_the_coach_knows_is_named(shipped):
    pytest.importorskip("anny")
    with pytest.raises(LooksKnown, match="looks like 'squat'") as caught:
        enrol("my_squat", takes_of("squat", 3), shipped)
    assert caught.value.label == "squat" and isinstance(caught.value, EnrolmentDoubt)
    assert enrol("my_squat", takes_of("squat", 3), shipped, sure=True).label == "my_squat"
    mine = enrol("side_bend", takes_of("side_bend", 3), shipped, sure=True)
    with pytest.raises(LooksKnown) as caught:
        enrol("other", takes_of("side_bend", 3), add(shipped, mine))
    assert caught.value.label == "side_bend"


def test_takes_that_disagree_are_named(shipped):
    pytest.importorskip("anny")
    takes = takes_of("side_bend", 3)
    with pytest.raises(TakesDisagree, match="take 3 looks") as caught:
        enrol("mine", takes[:2] + [film("toe_touch", 3)], shipped)
    assert caught.value.takes == (3,)


def test_disagreement_is_about_the_others():
    one, other = np.eye(2, dtype=np.float32)
    assert disagreeing(np.stack([one, one, other]), 0.5) == [3]
    assert disagreeing(np.stack([one, one, one]), 0.5) == []
    assert disagreeing(one[None], 0.5) == []
    assert disagreeing(np.stack([one, other]), 0.5) == [1, 2]


def test_takes_in_which_nobody_is_seen():
    with pytest.raises(NobodySeen, match="in takes 2 and 3: film") as caught:
        enrol("mine", [recording(), nobody(), nobody()], small())
    assert caught.value.takes == (2, 3) and not isinstance(caught.value, EnrolmentDoubt)
    with pytest.raises(NobodySeen):
        enrol("mine", [nobody()], small(), sure=True)


def test_no_take_at_all():
    with pytest.raises(RehabCoachError, match="no take of 'mine'"):
        enrol("mine", [], small())


@pytest.mark.parametrize("label", ["", "heel raise", "hæl", "../mine", "yes", "a\n"])
def test_labels_that_cannot_be_used(label):
    with pytest.raises(RehabCoachError, match="has the label"):
        enrol(label, [recording()], small())


def test_an_exercise_is_not_added_twice():
    recognizer = small()
    for label in ("squat", "Squat", "unknown"):
        with pytest.raises(RehabCoachError, match="an exercise '%s' already" % label):
            enrol(label, [recording()], recognizer, sure=True)
    mine = enrol("mine", [recording()], recognizer)
    with pytest.raises(RehabCoachError, match="an exercise 'mine' already"):
        enrol("mine", [recording()], add(recognizer, mine))
    with pytest.raises(RehabCoachError, match="an exercise 'mine' already"):
        add(recognizer, mine, mine)


def test_the_model_answers_what_is_not_near_enough():
    recognizer = small(answer=0)
    plain = recognizer.recognize(recording())
    direction = recognizer.embed(recording())
    far = EnrolledExercise("mine", -direction, recognizer.recognizer.digest, 1)
    answer = add(recognizer, far).recognize(recording())
    assert (answer.label, answer.confidence) == (plain.label, plain.confidence) == ("squat", plain.confidence)
    np.testing.assert_array_equal(answer.probabilities, np.append(plain.probabilities, 0))


def test_the_nearest_of_several_takes_over():
    recognizer = small()
    digest = recognizer.recognizer.digest
    direction = recognizer.embed(recording())
    near = EnrolledExercise("near", direction, digest, 1)
    nearly = EnrolledExercise("nearly", unit(direction + 0.5 * unit(np.ones(12))), digest, 1)
    answer = add(recognizer, nearly, near).recognize(recording())
    assert answer.label == "near" and answer.confidence == pytest.approx(answer.probabilities.max())


@pytest.mark.parametrize("answer, limit", [("unknown", THRESHOLDS.unknown), ("squat", THRESHOLDS.known)])
def test_it_takes_more_to_take_over_from_an_exercise_of_the_model(answer, limit):
    recognizer = small(("squat", "lunge", "unknown").index(answer))
    direction = recognizer.embed(recording())
    aside = np.random.default_rng(0).standard_normal(12)
    aside = unit(aside - (aside @ direction) * direction)
    plain = recognizer.recognize(recording())
    assert plain.label == answer
    for cosine, label in ((limit - 0.01, answer), (limit + 0.001, "mine"), (limit + 0.1, "mine")):
        prototype = unit(cosine * direction + np.sqrt(1 - cosine**2) * aside)
        mine = EnrolledExercise("mine", prototype, recognizer.recognizer.digest, 1)
        decided = add(recognizer, mine).decide(plain, direction)
        assert decided.label == label
        if label == "mine":
            assert decided.confidence == pytest.approx(1 / (1 + np.exp(-(cosine - limit) / 0.05)), abs=1e-3)


def test_nobody_is_still_nobody():
    recognizer = small()
    mine = enrol("mine", [recording()], recognizer)
    answer = add(recognizer, mine).recognize(nobody())
    assert (answer.label, answer.status, answer.confidence) == ("unknown", "not_seen", 0.0)
    assert len(answer.probabilities) == len(answer.labels) == 4


def test_an_exercise_is_kept_whole(tmp_path):
    recognizer = small()
    folder = str(tmp_path / "exercises")
    mine = enrol("mine", [recording(0), recording(0)], recognizer)
    path = mine.save(folder)
    assert os.listdir(folder) == ["mine.safetensors"] and path == os.path.join(folder, "mine.safetensors")
    read = EnrolledExercise.load(path)
    np.testing.assert_array_equal(read.prototype, mine.prototype)
    assert (read.label, read.model, read.takes) == ("mine", mine.model, 2)
    assert add(recognizer, read).recognize(recording()).label == "mine"


def test_files_that_are_no_exercise(tmp_path):
    path = enrol("mine", [recording()], small()).save(str(tmp_path))
    with open(path, "rb") as stream:
        content = stream.read()
    for broken in (b"", content[: len(content) // 2], b"not a file of ours" * 9):
        with open(path, "wb") as stream:
            stream.write(broken)
        with pytest.raises(ModelError, match="mine.safetensors is broken"):
            EnrolledExercise.load(path)
    with pytest.raises(ModelError, match="there is no file"):
        EnrolledExercise.load(str(tmp_path / "other.safetensors"))
    with pytest.raises(ModelError, match="is no exercise"):
        EnrolledExercise.load(default_embedding())
    with pytest.raises(ModelError, match="is no embedding"):
        with open(path, "wb") as stream:
            stream.write(content)
        Embedding.load(path)


def test_what_was_made_for_another_model(tmp_path):
    recognizer = small()
    other = EnrolledExercise("mine", unit(np.ones(12)), "another", 1)
    with pytest.raises(ModelError, match="'mine' was shown to another model"):
        add(recognizer, other)
    with pytest.raises(ModelError, match="the model that the embedding was made for"):
        EnrolledRecognizer(recognizer.recognizer, Embedding.load())


def test_the_embedding_overlooks_what_differs_within_a_movement():
    random = np.random.default_rng(0)
    places = random.standard_normal((8, 1, 6))
    features = places + random.standard_normal((8, 40, 6)) * [0.1, 0.1, 0.1, 9, 9, 9]
    names = np.repeat(np.arange(8).astype(str), 40)
    embedding = fit_embedding(features.reshape(-1, 6).astype(np.float32), names, "model", THRESHOLDS, people=3)
    within = (features - features.mean(axis=1, keepdims=True)).reshape(-1, 6) @ embedding.weights
    scatter = np.linalg.eigvalsh(within.T @ within / len(within))
    assert scatter[-1] < 1.01 and scatter[0] < 0.01 * scatter[-1]
    directions = embedding(features.astype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1, atol=1e-5)
    assert embedding.training == {"people": 3}
    with pytest.raises(RehabCoachError, match="several recordings"):
        fit_embedding(features[:, 0], list("abcdefgh"), "model", THRESHOLDS)


def test_the_embedding_that_ships_is_of_the_model_that_ships(shipped, tmp_path):
    path = str(tmp_path / "copy.safetensors")
    shipped.embedding.save(path)
    copy = Embedding.load(path)
    np.testing.assert_array_equal(copy.weights, shipped.embedding.weights)
    assert copy.thresholds == shipped.embedding.thresholds and copy.training == shipped.embedding.training
    assert copy.thresholds.unknown < copy.thresholds.known
    assert os.path.getsize(default_embedding()) < 1e6


@pytest.mark.parametrize("thresholds", [{"unknown": 0.5, "known": 0.7}, 0.5, {**THRESHOLDS._asdict(), "more": 1}, None])
def test_an_embedding_without_its_thresholds_is_refused(tmp_path, thresholds):
    path = str(tmp_path / "embedding.safetensors")
    header = {"format_version": 1, "kind": "embedding", "model": "m", "training": {}, "thresholds": thresholds}
    tensors = {"mean": np.zeros(2, np.float32), "weights": np.eye(2, dtype=np.float32)}
    save_file(tensors, path, {METADATA_KEY: json.dumps(header)})
    with pytest.raises(ModelError, match="does not fit together"):
        Embedding.load(path)


def test_the_limit_between_takes_is_its_own():
    takes = [recording(0), recording(1)]
    recognizer = small()
    apart = float(recognizer.embed(takes[0]) @ recognizer.embed(takes[1]))
    for agreement, doubted in ((apart + 0.01, True), (apart - 0.01, False)):
        thresholds = Thresholds(unknown=1.1, known=1.1, agreement=agreement)
        other = EnrolledRecognizer(recognizer.recognizer, replace(recognizer.embedding, thresholds=thresholds))
        if doubted:
            with pytest.raises(TakesDisagree, match="takes 1 and 2 look"):
                enrol("mine", takes, other)
        else:
            assert enrol("mine", takes, other).takes == 2


def test_features_are_what_the_models_last_layer_sees():
    recognizer = small().recognizer
    features = recognizer.features(recording())
    assert features.shape == (12,) and features.dtype == np.float32
    assert recognizer.features(nobody()) is None
