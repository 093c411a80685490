"""The whole coach on one computer, started by one command."""

import os
import signal
import subprocess
import sys
import tempfile
from typing import Dict, List, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path
from rehab_coach.simulation.exercises import EXERCISES
from rehab_coach.simulation.live import missing
from rehab_coach.termination import Terminated, end_on_sigterm
from rehab_coach.texts import ENGLISH, load_texts
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
) -> int:
    """Start demo.launch, or simulation.launch, and wait for its end.

    Args:
        source: "patient" (the virtual one), "gazebo" (robot and patient in Gazebo), "clip" (the squat that ships),
            webcam number, video file or directory; empty: the virtual patient, and where there can be none the clip.
        rounds: how many; empty: 4 with the virtual patient, 2 on a file, endless on a webcam and in Gazebo.
        record: video to write what the screen shows to ("1": demo.mp4); empty: only where there is no screen and the
            pictures are not a webcam's.
        exercises: labels to ask for, one after the other; empty: all six at random.
        patient: pseudonym of the patient whose rounds are kept; empty: nothing is kept.
        database: where they are kept; empty: the usual place.
        language: of what is said.
        gui: show Gazebo's window.

    Returns:
        The exit code.

    Raises:
        RehabCoachError: roslaunch or the workspace is missing, no such file or language, no film can be written there,
            the coach ended before its last round.
    """
    enter_workspace()
    source = _chosen(source)
    webcam, gazebo, ours = source.isdigit(), source == GAZEBO, source == share_path(*CLIP)
    if rounds and not rounds.isdigit():
        raise RehabCoachError("ROUNDS is a number, 0 for endless, not '%s'" % rounds)
    load_texts(language)
    for exercise in exercises.replace(",", " ").split():
        if exercise not in EXERCISES:
            raise RehabCoachError("there is no exercise '%s'; EXERCISES are of %s" % (exercise, ", ".join(EXERCISES)))
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if record == "1" or (headless and not record and not webcam):
        record = "demo.mp4"
    if record and (os.path.isdir(record) or not os.access(os.path.dirname(os.path.abspath(record)), os.W_OK)):
        raise RehabCoachError("no film can be written to %s; RECORD is a file in a folder that is there" % record)
    rounds = rounds or ("0" if webcam or gazebo else "4" if source == PATIENT else "2")
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
    if patient:
        command.append("patient:=" + patient)
    if database:
        command.append("database:=" + (database if "://" in database else os.path.abspath(database)))
    if ours and not exercises:
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
    if source.isdigit() or source == GAZEBO:
        return source
    path = share_path(*CLIP) if source == "clip" else os.path.abspath(source)
    if not os.path.exists(path):
        raise RehabCoachError(
            "there is no %s; SOURCE is patient, gazebo, clip, a webcam's number, a video file or a directory of "
            "pictures" % path
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
        environment["ROS_HOME"] = tempfile.mkdtemp(prefix="rehab_coach_")
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
                for line in process.stdout:
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
