"""How every node starts and ends."""

import sys
import traceback
from typing import Any, Callable

import rospy

from rehab_coach.errors import RehabCoachError
from rehab_coach.ros.parameters import warn_of_unread


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
    try:
        rospy.init_node(name)
        node = factory()
        warn_of_unread()
        getattr(node, "spin", rospy.spin)()
    except rospy.ROSInterruptException:  # Ctrl-C while something waited: an ordinary end
        pass
    except RehabCoachError as error:
        failed = True
        rospy.logfatal("%s", error)
    except Exception as error:  # pylint: disable=broad-except
        failed = True
        rospy.logfatal("this node ends because of an error in its program: %s: %s", type(error).__name__, error)
        sys.stderr.write(traceback.format_exc())
    finally:
        if node is not None and hasattr(node, "close"):
            node.close()
        rospy.signal_shutdown("the node has ended")  # the threads of its connections would keep the process
    if failed:
        sys.exit(1)
