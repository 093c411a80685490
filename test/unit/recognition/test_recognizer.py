import numpy as np
import pytest
import torch

from rehab_coach.benchmarks.recognition import benchmark_recognition, report
from rehab_coach.recognition import STGCN, ModelContract, NetworkConfig, Recognizer, save_model
from rehab_coach.recognition.model_file import ModelError
from rehab_coach.recognition.preprocessing import mirrored, windows
from rehab_coach.recognition.recognizer import default_model
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence

LABELS = ("squat", "lunge", "unknown")
SMALL = NetworkConfig(channels=(8, 12), strides=(1, 2), classes=3)
SIZE = (640, 480)


def contract(**values):
    return ModelContract(**{"labels": LABELS, "network": SMALL, "rate": 15.0, "window": 20, **values})


def constant(probabilities, **values):
    """A recognizer whose network answers the same whatever it is shown."""
    network = STGCN(SMALL)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.log(torch.tensor(probabilities)))
    return Recognizer(network.eval(), contract(**values))


def recording(frames=60, rate=15.0, seen=None):
    random = np.random.default_rng(0)
    key_points = random.uniform(0.2, 1, (frames, 18, 3)).astype(np.float32) * np.float32([640, 480, 1])
    if seen is not None:
        key_points[~np.asarray(seen)] = 0
    return SkeletonSequence(key_points, np.arange(frames) / rate, SIZE)


def random_recognizer():
    """A recognizer whose answer hangs on small differences of its input."""
    torch.manual_seed(0)
    network = STGCN(SMALL).eval()
    with torch.no_grad():
        network.head.weight.normal_(0, 50)
        usual = network.features(torch.from_numpy(windows(recording(), contract()))).mean(dim=0)
        network.head.bias.copy_(-network.head.weight @ usual)
    return Recognizer(network, contract()), network


def test_a_sure_answer():
    recognition = constant([0.1, 0.8, 0.1]).recognize(recording())
    assert (recognition.label, recognition.status) == ("lunge", "recognised")
    assert recognition.confidence == pytest.approx(0.8, abs=1e-5)
    assert recognition.labels == LABELS
    np.testing.assert_allclose(recognition.probabilities, [0.1, 0.8, 0.1], atol=1e-5)
    assert recognition.probabilities.dtype == np.float32


@pytest.mark.parametrize(
    "probabilities, threshold",
    [
        ([0.30, 0.10, 0.60], 0.2),  # the network itself says unknown
        ([0.55, 0.25, 0.20], 0.6),
    ],
)  # the best exercise is not sure enough
def test_unknown(probabilities, threshold):
    recognition = constant(probabilities, unknown_threshold=threshold).recognize(recording())
    assert (recognition.label, recognition.status) == ("unknown", "unknown")
    assert recognition.confidence == pytest.approx(probabilities[2], abs=1e-5)


def test_the_threshold_itself_is_sure_enough():
    assert constant([0.5, 0.3, 0.2], unknown_threshold=0.4).recognize(recording()).label == "squat"


def test_a_model_without_unknown_rejects_by_its_threshold():
    network = STGCN(SMALL)
    torch.nn.init.zeros_(network.head.weight)
    torch.nn.init.zeros_(network.head.bias)
    exercises_only = contract(labels=("squat", "lunge", "push_up"), unknown_threshold=0.5)
    assert Recognizer(network.eval(), exercises_only).recognize(recording()).label == "unknown"


def flickering():
    """Seen in every second frame, and hardly a point of the model's time grid falls on a frame."""
    return recording(61, rate=14.7, seen=np.arange(61) % 2 == 1)


@pytest.mark.parametrize(
    "sequence",
    [recording(seen=np.zeros(60, bool)), recording(seen=np.arange(60) < 15), flickering()],
    ids=["nobody", "in a quarter of the frames", "never in two neighbouring frames"],
)
def test_too_little_seen(sequence):
    recognition = constant([0.8, 0.1, 0.1]).recognize(sequence)
    assert (recognition.label, recognition.status, recognition.confidence) == ("unknown", "not_seen", 0)
    assert not recognition.probabilities.any()


def test_only_heels_are_nobody_however_little_is_asked_for():
    recognizer = Recognizer(STGCN(SMALL).eval(), contract(), minimum_seen=0, minimum_seconds=0)
    key_points = np.zeros((60, len(BLAZEPOSE_33), 3), np.float32)
    key_points[:, BLAZEPOSE_33.index("left_heel")] = (20, 20, 0.9)
    sequence = SkeletonSequence(key_points, np.arange(60) / 15, SIZE, BLAZEPOSE_33)
    assert recognizer.recognize(sequence).status == "not_seen"
    assert recognizer.features(sequence) is None


@pytest.mark.parametrize("frames", [0, 1, 4])
def test_too_short_to_say_anything(frames):
    assert constant([0.8, 0.1, 0.1]).recognize(recording(60)[:frames]).status == "not_seen"


def test_a_causal_network_answers_from_its_first_step_on():
    config = NetworkConfig(channels=(8, 12), strides=(2, 2), classes=3, causal=True)
    causal = contract(network=config, normalisation="running_box", rate=4.0)
    recognizer = Recognizer(STGCN(config).eval(), causal)
    assert recognizer.recognize(recording(frames=9)).status == "not_seen"  # three frames at the model's rate
    assert recognizer.recognize(recording(frames=12)).probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_how_much_must_be_seen_can_be_chosen():
    network = STGCN(SMALL).eval()
    sequence = recording(seen=np.arange(60) < 15)
    lenient = Recognizer(network, contract(), minimum_seen=0.2)
    assert lenient.recognize(sequence).status != "not_seen"
    patient = Recognizer(network, contract(), minimum_seen=0.2, minimum_seconds=2)
    assert patient.recognize(sequence).status == "not_seen"


def each_window(network, inputs):
    """Probabilities of the windows, each the mean of itself and its mirror image."""
    with torch.inference_mode():
        return (
            sum(torch.softmax(network(torch.from_numpy(way)), dim=1).numpy() for way in (inputs, mirrored(inputs))) / 2
        )


def test_probabilities_are_the_mean_of_the_windows():
    recognizer, network = random_recognizer()
    sequence = recording(70)
    inputs = windows(sequence, recognizer.contract)
    assert len(inputs) > 2
    expected = each_window(network, inputs).mean(axis=0)
    np.testing.assert_allclose(recognizer.recognize(sequence).probabilities, expected, atol=1e-5)


def test_a_window_counts_as_much_as_it_shows_of_a_person():
    recognizer, network = random_recognizer()
    seen = (np.arange(40) < 20) | (np.arange(40) == 39)
    sequence = recording(40, seen=seen)  # windows begin at 0 and 20
    each = each_window(network, windows(sequence, recognizer.contract))
    expected = (each[0] + each[1] * 0.05) / 1.05
    np.testing.assert_allclose(recognizer.recognize(sequence).probabilities, expected, atol=1e-5)


def test_copying_and_interpolating_agree_at_the_models_rate_and_differ_elsewhere():
    recognizer, _ = random_recognizer()
    same, slow = recording(60, 15.0), recording(36, 9.0)
    np.testing.assert_allclose(
        recognizer.recognize(same, "copy").probabilities, recognizer.recognize(same).probabilities, atol=1e-5
    )
    assert (
        np.abs(recognizer.recognize(slow, "copy").probabilities - recognizer.recognize(slow).probabilities).max() > 1e-3
    )
    with pytest.raises(ValueError):
        recognizer.recognize(same, "guess")


def test_warming_up_changes_no_answer():
    recognizer, _ = random_recognizer()
    before = recognizer.recognize(recording()).probabilities
    recognizer.warm_up()
    np.testing.assert_array_equal(recognizer.recognize(recording()).probabilities, before)


def test_loading(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "package.xml").write_text("<package/>")
    monkeypatch.setenv("REHAB_COACH_SHARE", str(tmp_path))
    with pytest.raises(ModelError, match="no model"):
        Recognizer.load()
    save_model(default_model(), STGCN(SMALL), contract())
    assert Recognizer.load().labels == LABELS
    with pytest.raises(ModelError):
        Recognizer.load(tmp_path / "package.xml")


def test_benchmark_measures_both_networks_on_every_input(tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(path, STGCN(SMALL), contract())
    result = benchmark_recognition(str(path), repeats=1)
    assert [(row["network"], row["input"]) for row in result["networks"]] == [
        (network, size)
        for network in ("published", "coach")
        for size in ("300 frames x 1 person", "300 frames x 2 persons")
    ]
    assert all(row["plain"]["min_ms"] > 0 and row["fused"]["min_ms"] > 0 for row in result["networks"])
    assert result["recording"]["windows"] == 16  # 151 frames, 20 each, also as in a mirror
    text = report(result)
    assert "3076139" in text and "from a 10 s recording to the answer" in text
