import json

import cv2
import numpy as np
import pytest
import torch

from rehab_coach.cli.main import main
from rehab_coach.pose import Pose, PoseEstimator
from rehab_coach.recognition import STGCN, ModelContract, NetworkConfig, save_model
from rehab_coach.skeleton import COCO_18

RATE, FRAMES = 15.0, 30


class Standing(PoseEstimator):
    """Sees the same person in every picture, or nobody."""

    layout = COCO_18

    def __init__(self, somebody=True):
        self.somebody = somebody

    def estimate(self, picture):
        key_points = np.random.default_rng(0).uniform((40, 20, 0.5), (120, 110, 1), (18, 3))
        return [Pose(key_points.astype(np.float32))] if self.somebody else []


@pytest.fixture
def video(tmp_path):
    path = str(tmp_path / "video.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), RATE, (160, 120))
    for frame in range(FRAMES):
        writer.write(np.full((120, 160, 3), 4 * frame, np.uint8))
    writer.release()
    return path


@pytest.fixture
def model(tmp_path):
    """Answers squat with 70 %, whatever it is shown."""
    config = NetworkConfig(channels=(4,), strides=(1,), classes=3)
    network = STGCN(config)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.log(torch.tensor([0.7, 0.2, 0.1])))
    path = str(tmp_path / "model.safetensors")
    save_model(path, network, ModelContract(("squat", "jumping_jack", "unknown"), config))
    return path


@pytest.fixture
def estimator(monkeypatch):
    standing = Standing()
    monkeypatch.setattr("rehab_coach.pose.create_estimator", lambda name: standing)
    return standing


def test_skeletons_are_no_video(capsys):
    assert main(["recognize", "squat.npz"]) == 2
    assert "squat.npz holds skeletons, not pictures" in capsys.readouterr().err


def test_json_answer(video, model, estimator, capsys):
    assert main(["recognize", video, "--model", model, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["label"], answer["status"]) == ("squat", "recognised")
    assert answer["confidence"] == pytest.approx(0.7, abs=1e-3)
    probabilities = {"squat": 0.7, "jumping_jack": 0.2, "unknown": 0.1}
    assert answer["probabilities"] == pytest.approx(probabilities, abs=1e-3)
    assert (answer["frames"], answer["frames_with_person"]) == (FRAMES, FRAMES)
    assert answer["pose_fps"] > 0 and answer["waiting_time_s"] > 0


def test_table_for_people_has_the_best_first(video, model, estimator, capsys):
    assert main(["recognize", video, "--model", model, "--method", "copy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "squat 70 %"
    assert [line.split()[0] for line in lines[2:5]] == ["squat", "jumping_jack", "unknown"]
    assert lines[2].count("#") == 21
    assert "30 frames, 30 with a person" in lines[-1]


def test_start_and_end(video, model, estimator, capsys):
    assert main(["recognize", video, "--model", model, "--start", "0.4", "--end", "1.6", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 18


def test_nobody_in_the_video(video, model, estimator, capsys):
    estimator.somebody = False
    assert main(["recognize", video, "--model", model]) == 0
    assert capsys.readouterr().out.startswith("nobody to be seen")


def test_save_draws_over_every_frame(video, model, estimator, tmp_path, capsys):
    out = str(tmp_path / "out" / "seen.mp4")
    assert main(["recognize", video, "--model", model, "--end", "1", "--save", out]) == 0
    assert out in capsys.readouterr().out
    capture = cv2.VideoCapture(out)
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(RATE)
    pictures = []
    while capture.grab():
        pictures.append(capture.retrieve()[1])
    assert len(pictures) == 15
    assert all(picture.std() > 10 for picture in pictures)  # the video's own pictures are plain grey


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["nothing.mp4"], "no video nothing.mp4"),
        (["VIDEO", "--start", "2", "--end", "1"], "--end must come after"),
        (["VIDEO", "--start", "100"], "no frame"),
        (["VIDEO", "--start", "nan"], "--start must be 0 or more seconds, not nan"),
        (["VIDEO", "--end", "nan"], "--end must come after"),
        (["VIDEO", "--save", "VIDEO"], "would replace the video"),
        (["VIDEO", "--model", "nothing.safetensors"], "no model nothing.safetensors"),
        (["VIDEO", "--save", "out.gif"], "must end in .mp4"),
        (["VIDEO", "--save", "VIDEO/out.mp4"], "cannot write"),
    ],
)
def test_what_the_user_can_put_right_is_said_in_one_line(arguments, reason, video, model, estimator, capsys):
    arguments = [argument.replace("VIDEO", video) for argument in arguments]
    assert main(["recognize", "--model", model] + arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert reason in error and error.startswith("rehab-coach recognize: ")
