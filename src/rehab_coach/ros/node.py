"""How every node starts and ends."""

import queue
import signal
import sys
import threading
import traceback
from typing import Any, Callable

import rospy

from rehab_coach.errors import RehabCoachError
from rehab_coach.ros.parameters import warn_of_unread

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def is_ending() -> bool:
    """Whether the node shuts down or is about to: its topics are closed before `rospy.is_shutdown` says so."""
    return rospy.core.is_shutdown_requested()


def run(name: str, factory: Callable[[], Any]) -> None:
    """Make a node and keep it running until ROS shuts it down or its ``spin`` returns.

    A :class:`RehabCoachError` (a wrong parameter, a missing file ...) and any other exception end the process
    with exit code 1 after a message on the log. A ``close`` method of the node is called on every way out.

    Args:
        name: node name where roslaunch gives no other.
        factory: makes the node after ``rospy.init_node``; usually its class. The node may have ``spin()``
            (default ``rospy.spin``) and ``close()``.
    """
    node = None
    failed = False
    # rospy's own handler shuts down in the main thread, which waits for itself for ever where it was talking to the
    # master; so a thread does it.
    reasons: "queue.SimpleQueue[str]" = queue.SimpleQueue()
    ending = threading.Thread(target=lambda: rospy.signal_shutdown(reasons.get()), name="shutdown")
    ending.start()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        rospy.init_node(name)
        for number in SIGNALS:
            signal.signal(number, lambda number, _: reasons.put("signal-%d" % number))
        node = factory()
        warn_of_unread()
        getattr(node, "spin", rospy.spin)()
    except rospy.ROSInterruptException:  # Ctrl-C while something waited: an ordinary end
        pass
    except RehabCoachError as error:
        failed = True
        rospy.logfatal("%s", error)
    except Exception as error:  # pylint: disable=broad-except
        # Where it published while the shutdown closed its topics, that is an ordinary end, too.
        failed = not (isinstance(error, rospy.ROSException) and is_ending())
        if failed:
            rospy.logfatal("this node ends because of an error in its program: %s: %s", type(error).__name__, error)
            sys.stderr.write(traceback.format_exc())
    finally:
        try:
            if node is not None and hasattr(node, "close"):
                node.close()
        finally:
            reasons.put("the node has ended")  # the threads of its connections would keep the process
            ending.join()
            for number, handler in handlers.items():
                signal.signal(number, handler)
    if failed:
        sys.exit(1)
