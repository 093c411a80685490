"""Which demo.launch is started; none is."""

import os
import subprocess
import sys

import pytest

from rehab_coach import demo
from rehab_coach.errors import RehabCoachError
from rehab_coach.recognition.model_file import ModelContract, save_model
from rehab_coach.recognition.st_gcn import STGCN, NetworkConfig
from rehab_coach.ros import gazebo_packages, launched
from rehab_coach.skeleton import COCO_18


@pytest.fixture
def command(monkeypatch):
    """The last command as a dictionary of its arguments; the coach ends well at once."""
    arguments = {}

    def run(command):
        arguments.clear()
        arguments.update(word.split(":=", 1) for word in command if ":=" in word)
        return ["the last round is over"], False

    monkeypatch.setattr(demo, "enter_workspace", lambda: None)
    monkeypatch.setattr(demo, "_run", run)
    monkeypatch.setattr(launched, "check_alone", lambda: None)
    monkeypatch.setattr(demo, "end_on_sigterm", lambda: None)
    monkeypatch.setattr(demo, "missing", lambda: "")
    monkeypatch.setenv("DISPLAY", ":0")
    return arguments


def test_by_default_there_is_a_virtual_patient_who_is_asked_for_anything(command):
    assert demo.run_demo() == 0
    assert (command["source"], command["rounds"], command["headless"]) == ("patient", "4", "false")
    assert "exercises" not in command and "record" not in command


def test_without_her_a_clip_takes_her_place_and_one_line_says_why(command, monkeypatch, capsys):
    monkeypatch.setattr(demo, "missing", lambda: "there is no OpenGL")
    assert demo.run_demo() == 0
    assert command["source"].endswith("squat.mp4") and command["exercises"] == "squat, lunge"
    assert [line for line in capsys.readouterr().out.splitlines() if "there is no OpenGL" in line]
    with pytest.raises(RehabCoachError, match="there is no OpenGL"):
        demo.run_demo("patient")


def test_gazebo_is_asked_for_or_told_to_be_missing(command, monkeypatch):
    packages = []
    monkeypatch.setattr(gazebo_packages, "missing_gazebo_packages", lambda: packages)
    assert demo.run_demo("gazebo", gui=True) == 0
    assert (command["gui"], command["rounds"]) == ("true", "0") and "source" not in command
    packages.append("gazebo_ros")
    with pytest.raises(RehabCoachError, match="needs Gazebo 11 and these ROS packages: gazebo_ros "):
        demo.run_demo("gazebo")


def test_an_unknown_exercise_is_told_before_anything_starts(command):
    with pytest.raises(
        RehabCoachError,
        match="EXERCISES asks for 'sqat', which the model coach.safetensors does not know; it knows squat",
    ):
        demo.run_demo(exercises="squat, sqat")
    assert not command


def test_a_model_and_a_configuration_of_ones_own(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = ModelContract(("hop", "swing", "unknown"), NetworkConfig(classes=3, channels=(8,), strides=(1,)))
    save_model("mine.safetensors", STGCN(own.network, COCO_18), own)
    (tmp_path / "mine.yaml").write_text("recorder: {}")
    demo.run_demo(model="mine.safetensors", config="mine.yaml", exercises="swing")
    assert (command["model"], command["config"]) == (str(tmp_path / "mine.safetensors"), str(tmp_path / "mine.yaml"))
    demo.run_demo("clip", model="mine.safetensors")
    assert "exercises" not in command
    command.clear()
    for wrong, said in (
        (
            dict(model="mine.safetensors", exercises="squat"),
            "'squat', which the model mine.safetensors does not know; .*hop, sw",
        ),
        (dict(model="your.safetensors"), "there is no file your.safetensors; MODEL is one"),
        (dict(model="mine.yaml"), "mine.yaml is broken, cut short or not a model file"),
        (dict(config="your.yaml"), "there is no file your.yaml; CONFIG is one"),
    ):
        with pytest.raises(RehabCoachError, match=said):
            demo.run_demo(**wrong)
    assert not command


def test_a_film_that_cannot_be_written_is_told_before_anything_starts(command, tmp_path):
    for record in (tmp_path, tmp_path / "nowhere" / "film.mp4"):
        with pytest.raises(RehabCoachError, match="no film can be written to"):
            demo.run_demo(record=str(record))
    assert not command
    demo.run_demo(record=str(tmp_path / "film.mp4"))
    assert command["record"] == str(tmp_path / "film.mp4")


def test_sigterm_ends_what_was_started():
    # As roslaunch does: who is started in the background of a shell would inherit that SIGINT is ignored.
    started = "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    started += "try:\n print('%sready', flush=True); time.sleep(60)\n" % demo.MARK
    started += "except KeyboardInterrupt: print('%sended')" % demo.MARK
    program = "import sys; from rehab_coach import demo; demo.end_on_sigterm(); demo._run([sys.executable, '-c', %r])"
    process = subprocess.Popen(
        [sys.executable, "-c", program % started], stdout=subprocess.PIPE, universal_newlines=True
    )
    assert process.stdout.readline().strip() == "ready"
    process.terminate()
    assert process.communicate(timeout=60)[0].strip() == "ended"


def test_a_home_that_is_read_only_gets_its_logs_elsewhere(capsys, tmp_path):
    environment = {"HOME": "/proc"}
    demo._keep_logs(environment)
    assert os.path.isdir(environment["ROS_HOME"]) and "/proc/.ros cannot be written" in capsys.readouterr().out
    os.rmdir(environment["ROS_HOME"])
    environment = {"HOME": str(tmp_path)}
    demo._keep_logs(environment)
    assert "ROS_HOME" not in environment and os.path.isdir(tmp_path / ".ros")


def test_other_sources(command, monkeypatch, tmp_path):
    demo.run_demo("clip", rounds="1")
    assert command["source"].endswith("squat.mp4") and command["rounds"] == "1"
    demo.run_demo("0")
    assert (command["source"], command["rounds"]) == ("0", "0")
    for camera in ("/dev/video2", "/dev/v4l/by-id/usb-C270-video-index0", "rtsp://camera/stream", "http://camera:81/"):
        demo.run_demo(camera)
        assert (command["source"], command["rounds"]) == (camera, "0")
    with pytest.raises(RehabCoachError, match="there is no .*²; SOURCE is"):
        demo.run_demo("²")
    with pytest.raises(RehabCoachError, match="ROUNDS is a number"):
        demo.run_demo("clip", rounds="²")
    demo.run_demo(str(tmp_path), exercises="lunge")
    assert (command["source"], command["exercises"], command["order"]) == (str(tmp_path), "lunge", "listed")
    with pytest.raises(RehabCoachError, match="patient, gazebo, clip, a webcam's number or device"):
        demo.run_demo(str(tmp_path / "nowhere.mp4"))
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    demo.run_demo()
    assert command["headless"] == "true" and command["record"].endswith("demo.mp4")
    demo.run_demo("0")
    assert "record" not in command  # people are not filmed unless asked
