"""The whole coach on one computer, started by one command."""
import os
import shutil
import subprocess
import sys

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path


def run_demo(source: str = "", rounds: str = "", record: str = "") -> int:
    """Start demo.launch and wait for its end.

    Args:
        source: webcam number, video file or directory; empty: the squat that ships.
        rounds: how many; empty: 2 on a file, endless on a webcam.
        record: video to write what the screen shows to ("1": demo.mp4); empty: only where there is no screen and the
            pictures are not a webcam's.

    Returns:
        The exit code: 0, or 1 when the coach ended before its rounds were over.

    Raises:
        RehabCoachError: roslaunch or the workspace is missing, no such file.
    """
    if shutil.which("roslaunch") is None or not os.environ.get("ROS_PACKAGE_PATH"):
        raise RehabCoachError("ROS and the built workspace are needed: run `make setup`, then `make demo`")
    webcam = source.isdigit()
    ours = not source
    source = source if webcam else os.path.abspath(source or share_path("test", "data", "squat.mp4"))
    if not webcam and not os.path.exists(source):
        raise RehabCoachError("there is no %s; SOURCE is a webcam's number, a video file or a directory of pictures"
                              % source)
    if rounds and not rounds.isdigit():
        raise RehabCoachError("ROUNDS is a number, 0 for endless, not '%s'" % rounds)
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if record == "1" or (headless and not record and not webcam):
        record = "demo.mp4"
    rounds = rounds or ("0" if webcam else "2")
    command = ["roslaunch", "--no-summary", "rehab_coach", "demo.launch", "source:=" + source, "rounds:=" + rounds,
               "headless:=%s" % str(headless).lower()]
    if ours:
        # The patient on the clip squats: the first answer is right, the second wrong.
        command += ["exercises:=squat, lunge", "order:=listed"]
    if record:
        command.append("record:=" + os.path.abspath(record))
    environment = dict(os.environ, ROS_HOSTNAME=os.environ.get("ROS_HOSTNAME", "localhost"),
                       ROSCONSOLE_FORMAT="${message}")
    print("The coach starts%s. Not a medical device. Ctrl-C ends it." % (" without a screen" if headless else ""))
    sys.stdout.flush()
    try:
        code = subprocess.run(command, env=environment).returncode
    except KeyboardInterrupt:
        return 130
    if record and os.path.exists(record):
        print("What the screen showed: %s" % os.path.abspath(record))
    return code
