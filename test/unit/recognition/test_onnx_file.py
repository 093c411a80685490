"""Exported networks answer as PyTorch does, keep their contract, and are refused in a sentence where they lack it."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from rehab_coach.errors import RehabCoachError
from rehab_coach.recognition import STGCN, ModelContract, ModelError, NetworkConfig, Recognizer
from rehab_coach.recognition.continual import ContinualSTGCN
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.onnx_file import RUNTIMES, load_onnx, save_onnx
from rehab_coach.recognition.recognizer import default_model
from rehab_coach.recognition.streaming import StreamingRecognizer, default_streaming_model
from rehab_coach.skeleton import SkeletonSequence

LABELS = ("squat", "lunge", "unknown")
CONFIG = NetworkConfig(channels=(8, 12), strides=(1, 2), classes=3, streams=("joint", "bone", "motion"))


def _model(**changes):
    torch.manual_seed(0)
    config = replace(CONFIG, **changes)
    normalisation = "running_box" if config.causal else "box"
    contract = ModelContract(labels=LABELS, network=config, window=24, normalisation=normalisation)
    return STGCN(config).eval(), contract


def _squats(seconds=6.0, rate=20.0):
    stamps = np.arange(int(seconds * rate)) / rate
    body = np.random.default_rng(1).uniform(0, 1, (18, 2)) * (100, 300) + (250, 100)
    key_points = np.tile(np.concatenate([body, np.full((18, 1), 0.8)], axis=1), (len(stamps), 1, 1))
    key_points[..., 1] += 40 * (1 - np.cos(np.pi * stamps))[:, None] * np.linspace(1, 0, 18)
    return SkeletonSequence(key_points, stamps, (640, 480))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("changes", [{}, {"architecture": "st_gcn++"}, {"fully_connected": 5}])
def test_windows_are_answered_as_by_pytorch(tmp_path, runtime, changes):
    network, contract = _model(**changes)
    path = str(tmp_path / "model.onnx")
    assert set(save_onnx(path, network, contract)) == set(RUNTIMES)
    loaded, read = load_onnx(path, runtime)
    assert read == contract
    for count in (1, 4):
        windows = torch.randn(count, 3, 24, 18, 1)
        with torch.no_grad():
            torch.testing.assert_close(loaded(windows), network(windows), atol=1e-4, rtol=0)
            torch.testing.assert_close(loaded.features(windows), network.features(windows), atol=1e-4, rtol=0)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_stream_is_answered_as_by_pytorch(tmp_path, runtime):
    network, contract = _model(causal=True)
    path = str(tmp_path / "model.onnx")
    save_onnx(path, network, contract)
    loaded, read = load_onnx(path, runtime)
    assert read == contract
    continual = ContinualSTGCN(network)
    state, ours = loaded.begin(), continual.begin(2)
    with torch.no_grad():
        for _ in range(20):
            frames = torch.randn(2, 3, continual.step, 18, 1)
            answer, *state = loaded(frames, *state)
            expected, *ours = continual(frames, *ours)
            torch.testing.assert_close(answer, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_shipped_models_recognise_alike_wherever_they_run(tmp_path, runtime):
    recording = _squats()
    save_onnx(str(tmp_path / "coach.onnx"), *load_model(default_model()))
    ours, theirs = Recognizer.load(), Recognizer.load(str(tmp_path / "coach.onnx"), runtime)
    assert theirs.digest == ours.digest  # added exercises belong to both
    np.testing.assert_allclose(
        theirs.recognize(recording).probabilities, ours.recognize(recording).probabilities, atol=1e-4
    )
    np.testing.assert_allclose(theirs.features(recording), ours.features(recording), atol=1e-4)

    save_onnx(str(tmp_path / "streaming.onnx"), *load_model(default_streaming_model()))
    streams = StreamingRecognizer.load(), StreamingRecognizer.load(str(tmp_path / "streaming.onnx"), runtime)
    for stamp, key_points in zip(recording.stamps, recording.key_points):
        ours, theirs = (each.add(stamp, key_points, recording.size) for each in streams)
        np.testing.assert_allclose(theirs.probabilities, ours.probabilities, atol=1e-4)
    assert ours.probabilities.any()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_takes_as_many_threads_as_the_recogniser_is_told(tmp_path, runtime, one_thread):
    path = str(tmp_path / "model.onnx")
    save_onnx(path, *_model())
    torch.set_num_threads(2)
    session = Recognizer.load(path, runtime, threads=1)._network._session
    if runtime == "openvino":
        assert session._compiled.get_property("INFERENCE_NUM_THREADS") == 1
    else:
        assert session._session.get_session_options().intra_op_num_threads == 1


def test_a_layer_that_cannot_be_exported(tmp_path):
    class Attention(nn.Module):
        pass

    network, contract = _model()
    network.layers[1].temporal = Attention()
    with pytest.raises(ModelError, match=r"layer layers\.1\.temporal is a Attention, which cannot be written as ONNX"):
        save_onnx(str(tmp_path / "model.onnx"), network, contract)
    assert not list(tmp_path.iterdir())


def test_what_a_runtime_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    from rehab_coach.recognition import onnx_file

    class Wrong(onnx_file._OnnxRuntime):
        def run(self, arrays):
            return [output + np.float32(0.01) for output in super().run(arrays)]

    monkeypatch.setitem(onnx_file._SESSIONS, "onnxruntime", Wrong)
    with pytest.raises(RehabCoachError, match="onnxruntime answers otherwise than PyTorch, by 0.01"):
        save_onnx(str(tmp_path / "model.onnx"), *_model())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_files_that_cannot_be_used(tmp_path, runtime):
    path = tmp_path / "model.onnx"
    with pytest.raises(ModelError, match="there is no model"):
        load_onnx(str(path), runtime)
    save_onnx(str(path), *_model())
    content = path.read_bytes()

    (tmp_path / "half.onnx").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"half\.onnx is broken, cut short or no ONNX file"):
        load_onnx(str(tmp_path / "half.onnx"), runtime)

    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    (tmp_path / "bare.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"no contract of rehab_coach: only files that `rehab-coach export` wrote"):
        load_onnx(str(tmp_path / "bare.onnx"), runtime)

    onnx.helper.set_model_props(model, {"rehab_coach": '{"format_version": 9}'})
    (tmp_path / "newer.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"the contract of .*newer\.onnx cannot be kept \(format version 9"):
        load_onnx(str(tmp_path / "newer.onnx"), runtime)

    _, of_streams = _model(causal=True)
    onnx.helper.set_model_props(model, {"rehab_coach": of_streams.to_json()})
    (tmp_path / "mixed.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="takes windows, not frames as its contract says"):
        load_onnx(str(tmp_path / "mixed.onnx"), runtime)


def test_a_model_of_the_other_kind(tmp_path):
    save_onnx(str(tmp_path / "clip.onnx"), *_model())
    save_onnx(str(tmp_path / "stream.onnx"), *_model(causal=True))
    with pytest.raises(ModelError, match="needs the whole recording"):
        StreamingRecognizer.load(str(tmp_path / "clip.onnx"))
    with pytest.raises(ModelError, match="takes a few frames at a time"):
        Recognizer.load(str(tmp_path / "stream.onnx"))


def test_a_runtime_that_is_not_installed(tmp_path, monkeypatch):
    from rehab_coach.recognition import onnx_file

    save_onnx(str(tmp_path / "model.onnx"), *_model())
    monkeypatch.setattr(onnx_file, "installed_runtimes", lambda: ["openvino"])
    with pytest.raises(
        ModelError, match=r"needs onnxruntime, which is not installed: pip install 'rehab_coach\[export\]'"
    ):
        load_onnx(str(tmp_path / "model.onnx"), "onnxruntime")
    load_onnx(str(tmp_path / "model.onnx"))
