"""Commands that need ROS and the built workspace find them by themselves."""

import importlib.util
import os
import shutil
import sys

from rehab_coach.errors import RehabCoachError
from rehab_coach.paths import share_path

ENTERED = "REHAB_COACH_WORKSPACE_ENTERED"


def enter_workspace() -> None:
    """Begin this command anew inside the workspace of the repository, unless it runs in a workspace already.

    Raises:
        RehabCoachError: ROS is not installed, or the workspace is not built.
    """
    messages = importlib.util.find_spec("rehab_coach.msg") is not None
    if shutil.which("roslaunch") and os.environ.get("ROS_PACKAGE_PATH") and messages:
        return
    setup = share_path(".ws", "devel", "setup.bash")
    if os.environ.get(ENTERED) or not os.path.exists(setup) or not shutil.which("roslaunch"):
        raise RehabCoachError(
            "ROS and the built workspace are needed: `make setup`, or `source devel/setup.bash` of your own workspace"
        )
    again = [sys.executable, "-m", "rehab_coach.cli.main"] + sys.argv[1:]
    os.environ[ENTERED] = "1"
    sys.stdout.flush()
    os.execvp("bash", ["bash", "-c", 'source "$0" && exec "$@"', setup] + again)
