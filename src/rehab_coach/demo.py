"""The whole coach on one computer, started by one command."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from typing import IO, Dict, List, Tuple, cast

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import check_asked, check_label, check_labels
from rehab_coach.files import make_temporary_folder
from rehab_coach.paths import share_path
from rehab_coach.simulation.live import missing
from rehab_coach.termination import Terminated, end_on_sigterm
from rehab_coach.texts import ENGLISH, load_texts
from rehab_coach.webcam import is_live
from rehab_coach.workspace import enter_workspace

PATIENT, GAZEBO = "patient", "gazebo"
CLIP = ("test", "data", "squat.mp4")
MARK = "[coach] "  # what the nodes say, among what roslaunch says


def run_demo(
    source: str = "",
    rounds: str = "",
    record: str = "",
    exercises: str = "",
    patient: str = "",
    database: str = "",
    language: str = ENGLISH,
    gui: bool = False,
    model: str = "",
    config: str = "",
    teach: str = "",
) -> int:
    """Start demo.launch, or simulation.launch, and wait for its end.

    Args:
        source: "patient" (the virtual one), "gazebo" (robot and patient in Gazebo), "clip" (the squat that ships),
            webcam number or device, rtsp:// or http:// address of a camera, video file or directory; empty: the
            virtual patient, and where there can be none the clip.
        rounds: how many; empty: 4 with the virtual patient, 2 on a file, endless on a camera and in Gazebo.
        record: video to write what the screen shows to ("1": demo.mp4); empty: only where there is no screen and the
            pictures are not a camera's.
        exercises: labels to ask for, one after the other; empty: all that the model knows, at random.
        patient: pseudonym of the patient whose rounds are kept; empty: nothing is kept.
        database: where they are kept; empty: the usual place.
        language: of what is said.
        gui: show Gazebo's window.
        model: model file made by `rehab-coach train`; empty: the one that the configuration names or that ships.
        config: configuration file like config/coach.yaml; empty: that one.
        teach: name of a new exercise that the person shows first; empty: none.

    Returns:
        The exit code.

    Raises:
        RehabCoachError: roslaunch or the workspace is missing, no such file, language or exercise, no film can be
            written there, the coach ended before its last round.
    """
    enter_workspace()
    source = _chosen(source)
    camera, gazebo, ours = is_live(source), source == GAZEBO, source == share_path(*CLIP)
    if rounds and not re.fullmatch("[0-9]+", rounds):
        raise RehabCoachError("ROUNDS is a number, 0 for endless, not '%s'" % rounds)
    load_texts(language)
    asked, files = exercises.replace(",", " ").split(), _files(model, config)
    if model or (asked and not config):  # a configuration may name another model: the nodes check it
        _check_model(model, asked)
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if record == "1" or (headless and not record and not camera):
        record = "demo.mp4"
    if record and (os.path.isdir(record) or not os.access(os.path.dirname(os.path.abspath(record)), os.W_OK)):
        raise RehabCoachError("no film can be written to %s; RECORD is a file in a folder that is there" % record)
    rounds = rounds or ("0" if camera or gazebo else "4" if source == PATIENT else "2")
    command = [
        "roslaunch",
        "--no-summary",
        "rehab_coach",
        "simulation.launch" if gazebo else "demo.launch",
        "gui:=%s" % str(gui).lower() if gazebo else "source:=" + source,
        "rounds:=" + rounds,
        "headless:=%s" % str(headless).lower(),
        "language:=" + language,
    ]
    if teach:
        check_label(teach, "TEACH")
        command.append("teach:=" + teach)
    if patient:
        command.append("patient:=" + patient)
    command += files
    if database:
        command.append("database:=" + (database if "://" in database else os.path.abspath(database)))
    if ours and not (exercises or model or config):
        exercises = "squat, lunge"  # the patient on the clip squats: the first answer is right, the second wrong
    if exercises:
        command += ["exercises:=" + exercises, "order:=listed"]
    if record:
        command.append("record:=" + os.path.abspath(record))
    from rehab_coach.ros.launched import check_alone

    check_alone()
    end_on_sigterm()
    print("The coach starts%s. Not a medical device. Ctrl-C ends it." % (" without a screen" if headless else ""))
    output, interrupted = _run(command)
    said = "".join(output)
    # Q and the end of the last round end a required node cleanly; one that died of an error does not.
    if (
        not interrupted
        and "the last round is over" not in said
        and ("please do" not in said or "process has died [" in said)
    ):
        print("".join(output[-60:]), file=sys.stderr)
        raise RehabCoachError("the coach ended before its time; above is what it said last")
    return 0


def _files(model: str, config: str) -> List[str]:
    """The arguments model and config of demo.launch; the nodes run in another folder."""
    arguments = []
    for name, path in (("model", model), ("config", config)):
        if path and not os.path.isfile(path):
            raise RehabCoachError("there is no file %s; %s is one" % (path, name.upper()))
        if path:
            arguments.append("%s:=%s" % (name, os.path.abspath(path)))
    return arguments


def _check_model(model: str, asked: List[str]) -> None:
    """Refuse in a second what the coach would refuse when it has started."""
    from rehab_coach.recognition import Recognizer
    from rehab_coach.recognition.recognizer import default_model
    from rehab_coach.teaching import AddedExercises

    path = model or default_model()
    recognizer, name = Recognizer.load(path), "the model " + os.path.basename(path)
    check_labels(recognizer.labels, name)
    known = AddedExercises(recognizer).exercises
    check_asked(asked or known, known, "EXERCISES", name)


def _chosen(source: str) -> str:
    """The argument source of demo.launch."""
    if source in ("", PATIENT):
        problem = missing()
        if not problem:
            return PATIENT
        if source:
            raise RehabCoachError(problem)
        print("A clip takes the virtual patient's place: %s." % problem)
        source = "clip"
    if source == GAZEBO:
        from rehab_coach.ros.gazebo_packages import check_gazebo

        check_gazebo()
    if is_live(source) or source == GAZEBO:
        return source
    path = share_path(*CLIP) if source == "clip" else os.path.abspath(source)
    if not os.path.exists(path):
        raise RehabCoachError(
            "there is no %s; SOURCE is patient, gazebo, clip, a webcam's number or device, the address of a camera "
            "(rtsp://...), a video file or a directory of pictures" % path
        )
    return path


def _keep_logs(environment: Dict[str, str]) -> None:
    """roslaunch does not start where it cannot write its logs, as in a home that is read-only."""
    home = environment.get("ROS_HOME") or os.path.join(environment.get("HOME", "/"), ".ros")
    try:
        os.makedirs(home, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        environment["ROS_HOME"] = make_temporary_folder()
        environment.pop("ROS_LOG_DIR", None)
        print("Logs are in %s: %s cannot be written (%s)." % (environment["ROS_HOME"], home, error.strerror))


def _run(command: List[str]) -> Tuple[List[str], bool]:
    """Run roslaunch, show what the nodes say and keep the rest, which is roslaunch's talk about processes.

    Returns:
        Everything that was said, and whether Ctrl-C ended it.
    """
    environment = dict(
        os.environ,
        ROS_HOSTNAME=os.environ.get("ROS_HOSTNAME", "localhost"),
        ROSCONSOLE_FORMAT=MARK + "${message}",
        PYTHONUNBUFFERED="1",
    )
    _keep_logs(environment)
    output, interrupted = [], False
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    ) as process:
        while True:
            try:
                for line in cast(IO[str], process.stdout):
                    output.append(line)
                    if MARK in line:
                        print("  " + line.split(MARK, 1)[1].rstrip().replace("\x1b[0m", ""), flush=True)
                break
            except KeyboardInterrupt as reason:
                # roslaunch gets a Ctrl-C as well; its nodes stop the robot and finish their files.
                interrupted = True
                if isinstance(reason, Terminated):
                    process.send_signal(signal.SIGINT)
    return output, interrupted
