"""The coach started by a program that watches it: roslaunch on a master of its own."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import IO, Any, Iterator, List, Tuple, Union, cast
from xmlrpc.client import ServerProxy

import psutil
import rosgraph
import rospy

from rehab_coach.errors import RehabCoachError

START_TIMEOUT = 300.0  # s; networks and people are loaded, on whatever machine


def check_alone() -> None:
    """A second coach under the same ROS master would take the nodes of the first one away.

    Raises:
        RehabCoachError: a coach runs there.
    """
    with suppress(rosgraph.MasterException, OSError):  # no master, or no such node
        rosgraph.Master("/watcher").lookupNode("/recorder")
        raise RehabCoachError(
            "a coach runs already at %s: end it first, or give this one a ROS_MASTER_URI of its own"
            % rosgraph.get_master_uri()
        )


@contextmanager
def launched(
    arguments: List[str], output: Union[int, IO] = subprocess.DEVNULL, launch_file: str = "demo.launch"
) -> Iterator[subprocess.Popen]:
    """Run a launch file on a free port; this process becomes a node of the same master. Ends with the block.

    Args:
        arguments: such as "rounds:=3".
        output: where roslaunch's own words go.
        launch_file: demo.launch, or simulation.launch, whose time is Gazebo's.

    Raises:
        RehabCoachError: the master did not come up.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    os.environ.update(ROS_MASTER_URI="http://localhost:%d" % port, ROS_HOSTNAME="localhost")
    command = ["roslaunch", "-p", str(port), "rehab_coach", launch_file, "headless:=true"] + arguments
    process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_while(process, rosgraph.is_master_online, START_TIMEOUT, "the ROS master")
        if launch_file == "simulation.launch":  # a node asks once, when it begins, whose time it is
            master = rosgraph.Master("watcher")
            wait_while(process, lambda: master.hasParam("/use_sim_time"), START_TIMEOUT, "simulated time")
        # That the master goes before this node is meant, not worth a warning.
        rospy.init_node("watcher", anonymous=True, disable_signals=True, disable_rosout=True, log_level=rospy.FATAL)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_while(process: subprocess.Popen, condition: Any, seconds: float, what: str) -> None:
    """Wait until something is so; RehabCoachError when roslaunch ends or the time is over before."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RehabCoachError("waited in vain for %s" % what)
        time.sleep(0.01)


def process_of(node: str) -> psutil.Process:
    """The operating system's process of a node, such as "/recorder"."""
    master = rosgraph.Master(rospy.get_name())
    _, _, number = cast(Tuple[int, str, int], ServerProxy(master.lookupNode(node)).getPid(rospy.get_name()))
    return psutil.Process(number)
