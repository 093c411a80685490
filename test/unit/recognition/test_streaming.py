"""The streaming recogniser: as the recogniser about the same frames; it begins anew when it must, and says so."""

import numpy as np
import pytest
import torch

from rehab_coach.recognition import STGCN, ModelContract, ModelError, NetworkConfig, Recognizer
from rehab_coach.recognition.steady_answer import Hysteresis
from rehab_coach.recognition.streaming import StreamingRecognizer
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

LABELS = ("squat", "lunge", "unknown")
SIZE = (640, 480)


def _model(**changes):
    torch.manual_seed(3)
    config = NetworkConfig(
        channels=(8, 8, 16), strides=(1, 2, 2), classes=3, causal=True, streams=("joint", "bone", "motion")
    )
    contract = ModelContract(
        **{"labels": LABELS, "network": config, "normalisation": "running_box", "unknown_threshold": 0.0, **changes}
    )
    return STGCN(config).eval(), contract


def _person(seconds, rate=15.0, place=(320.0, 240.0)):
    """Somebody who bends their knees once in two seconds; float32 (T, 18, 3) and stamps."""
    stamps = np.arange(int(seconds * rate)) / rate
    random = np.random.default_rng(4)
    body = random.uniform(-1, 1, (18, 2)) * (40, 100)
    down = 30 * (1 - np.cos(np.pi * stamps))[:, None] * np.linspace(1, 0, 18)
    key_points = np.tile(np.concatenate([body + place, np.full((18, 1), 0.8)], axis=1), (len(stamps), 1, 1))
    key_points[..., 1] += down
    return key_points.astype(np.float32), stamps


def _stream(recognizer, key_points, stamps):
    return [recognizer.add(stamp, frame, SIZE) for stamp, frame in zip(stamps, key_points)]


@pytest.mark.parametrize("rate", [15.0, 30.0])
def test_every_prefix_is_recognised_as_by_the_recogniser(rate):
    network, contract = _model()
    key_points, stamps = _person(6, rate)
    key_points[:5] = key_points[-4:] = 0  # nobody yet, and nobody any more
    key_points[40:45] = 0  # missed for a moment
    streaming = StreamingRecognizer(network, contract)
    whole = Recognizer(network, contract)
    step = int(rate / 15 * contract.network.step)
    compared = 0
    for number, answer in enumerate(_stream(streaming, key_points, stamps)):
        count = number + 1 - 5
        if count % step == 1 % step and count > rate and key_points[number, 0, 2]:
            recording = SkeletonSequence(key_points[: number + 1], stamps[: number + 1], SIZE)
            expected = whole.recognize(recording).probabilities
            np.testing.assert_allclose(answer.probabilities, expected, atol=1e-4)
            compared += 1
    assert compared > 15


def test_a_stream_of_another_rate_with_unsteady_stamps_is_put_on_the_models():
    network, contract = _model()
    key_points, stamps = _person(5, 22.0)
    stamps = stamps + np.random.default_rng(5).uniform(-0.01, 0.01, len(stamps))
    answer = _stream(StreamingRecognizer(network, contract), key_points, stamps)[-1]
    assert answer.seconds == pytest.approx(stamps[-1] - stamps[0], abs=0.1)
    expected = Recognizer(network, contract).recognize(SkeletonSequence(key_points, stamps, SIZE)).probabilities
    np.testing.assert_allclose(answer.probabilities, expected, atol=0.01)  # but for a step at the end


def test_nothing_is_answered_before_somebody_was_there_for_long_enough():
    network, contract = _model()
    key_points, stamps = _person(2)
    answers = _stream(StreamingRecognizer(network, contract, minimum_seconds=1.0), key_points, stamps)
    assert not any(answer.probabilities.any() for answer in answers[:14])
    assert answers[-1].probabilities.sum() == pytest.approx(1, abs=1e-5)


def _notices(key_points, stamps):
    network, contract = _model()
    answers = _stream(StreamingRecognizer(network, contract), key_points, stamps)
    return answers, {number: answer.notice for number, answer in enumerate(answers) if answer.notice}


def test_frames_that_stay_away():
    key_points, stamps = _person(4)
    stamps[30:] += 3
    answers, notices = _notices(key_points, stamps)
    assert notices == {30: "no frame came for 3.1 s"}
    assert answers[29].seconds == pytest.approx(2) and answers[30].seconds == pytest.approx(1 / 15)
    assert not answers[30].probabilities.any() and answers[-1].probabilities.any()


def test_stamps_that_fall():
    key_points, stamps = _person(4)
    stamps[30:] -= 1
    _, notices = _notices(key_points, stamps)
    assert notices == {30: "the stamps fell back by 0.9 s"}


def test_a_frame_that_comes_twice_changes_nothing():
    network, contract = _model()
    streaming, other = StreamingRecognizer(network, contract), StreamingRecognizer(network, contract)
    key_points, stamps = _person(2)
    for stamp, frame in zip(stamps, key_points):
        once = other.add(stamp, frame, SIZE)
        streaming.add(stamp, frame, SIZE)
        twice = streaming.add(stamp, frame, SIZE)
    assert np.array_equal(once.probabilities, twice.probabilities) and once.seconds == twice.seconds


def test_a_person_who_leaves_and_comes_back():
    key_points, stamps = _person(7)
    key_points[30:75] = 0
    answers, notices = _notices(key_points, stamps)
    assert list(notices.values()) == ["the person was away for 2.1 s"]
    assert answers[70].seconds == 0 and answers[70].label == "unknown" and not answers[70].probabilities.any()
    assert answers[-1].seconds == pytest.approx(2)


def test_frames_that_come_slowly_are_no_absence():
    key_points, stamps = _person(30, rate=1.0)
    answers, notices = _notices(key_points, stamps)
    assert not notices
    assert answers[-1].seconds == pytest.approx(29, abs=0.1)


@pytest.mark.parametrize("missed", [8, 25])
def test_somebody_who_is_missed_for_a_moment_goes_on(missed):
    key_points, stamps = _person(4)
    key_points[30 : 30 + missed] = 0
    answers, notices = _notices(key_points, stamps)
    assert not notices
    assert answers[-1].seconds == pytest.approx(4)


def test_somebody_else_who_comes_after_the_person_was_missed():
    key_points, stamps = _person(6)
    key_points[30:50] = 0
    key_points[50:, :, 0] -= 400
    answers, notices = _notices(key_points, stamps)
    assert notices == {55: "somebody else is there"}
    assert answers[-1].seconds == pytest.approx((90 - 55) / 15)


def test_somebody_else_in_mid_stream():
    first, stamps = _person(4)
    second, _ = _person(4, place=(100.0, 240.0))
    second[..., 0] -= 200
    answers, notices = _notices(np.concatenate([first[:30], second[30:]]), stamps)
    assert notices == {35: "somebody else is there"}  # after a third of a second: it was no error
    assert answers[-1].seconds == pytest.approx((60 - 35) / 15)


def test_an_error_of_the_estimator_is_left_out():
    key_points, stamps = _person(4)
    key_points[30:32, :, 0] -= 400
    answers, notices = _notices(key_points, stamps)
    assert not notices
    assert answers[-1].seconds == pytest.approx(4)


def test_another_layout():
    network, contract = _model()
    key_points = np.random.default_rng(6).uniform(10, 400, (30, 33, 3)).astype(np.float32)
    key_points[..., :2] = key_points[:1, :, :2] + np.arange(30)[:, None, None]
    key_points[..., 2] = 0.9
    streaming = StreamingRecognizer(network, contract)
    for number, frame in enumerate(key_points):
        answer = streaming.add(number / 15, frame, SIZE, BLAZEPOSE_33)
    expected = Recognizer(network, contract).recognize(
        SkeletonSequence(key_points[:28], np.arange(28) / 15, SIZE, BLAZEPOSE_33)
    )
    np.testing.assert_allclose(answer.probabilities, expected.probabilities, atol=1e-4)


def test_wrong_key_points():
    network, contract = _model()
    streaming = StreamingRecognizer(network, contract)
    with pytest.raises(ValueError, match="do not fit coco_18"):
        streaming.add(0.0, np.zeros((17, 3)), SIZE)
    with pytest.raises(ValueError, match="must be finite"):
        streaming.add(0.0, np.full((18, 3), np.nan), SIZE)


@pytest.mark.parametrize("stamp", [float("nan"), float("inf")])
def test_a_stamp_that_is_no_time(stamp):
    streaming = StreamingRecognizer(*_model())
    streaming.add(0.0, np.ones((18, 3)), SIZE)
    with pytest.raises(ValueError, match="the stamp must be finite"):
        streaming.add(stamp, np.ones((18, 3)), SIZE)


def test_a_model_that_needs_the_whole_recording_is_refused():
    config = NetworkConfig(channels=(8,), strides=(1,), classes=3)
    with pytest.raises(ModelError, match="trained with `causal: true`"):
        StreamingRecognizer(STGCN(config), ModelContract(labels=LABELS, network=config))


def test_a_stable_answer():
    network, contract = _model()
    network.head.bias.data[:] = torch.tensor([9.0, 0.0, 0.0])
    key_points, stamps = _person(5)
    answers = _stream(StreamingRecognizer(network, contract, Hysteresis()), key_points, stamps)
    assert not answers[20].stable and answers[-1].stable
    assert answers[-1].label == "squat" and answers[-1].confidence > 0.9


def test_a_recogniser_of_recordings_has_a_second_look():
    network, contract = _model()
    second = Recognizer(*_model(unknown_threshold=0.5))
    key_points, stamps = _person(5)
    key_points[:5] = 0  # nobody yet
    alone = _stream(StreamingRecognizer(network, contract), key_points, stamps)
    answers = _stream(StreamingRecognizer(network, contract, second=second), key_points, stamps)
    looked = next(number for number, (one, other) in enumerate(zip(answers, alone)) if not _same(one, other))
    assert answers[looked].seconds == pytest.approx(2.0, abs=contract.network.step / 15)
    so_far = SkeletonSequence(key_points[5 : looked + 1], stamps[5 : looked + 1], SIZE)
    mixture = 0.7 * second.recognize(so_far).probabilities + 0.3 * alone[looked].probabilities
    np.testing.assert_allclose(answers[looked].probabilities, mixture, atol=1e-6)


def test_a_second_look_does_not_see_somebody_who_has_left():
    network, contract = _model()
    second = Recognizer(*_model())
    second.recognize = lambda sequence: pytest.fail("asked about %d frames" % len(sequence))
    key_points, stamps = _person(5.8)
    key_points[28:60] = 0
    _stream(StreamingRecognizer(network, contract, second=second), key_points, stamps)


def _same(one, other):
    return np.array_equal(one.probabilities, other.probabilities)
