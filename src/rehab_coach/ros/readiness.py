"""What the first round waits for: each node that it needs says what it lacks, and when it lacks nothing any more.

The topic is ``readiness``, diagnostic_msgs/DiagnosticStatus, latched: `name` of the node as in coach.launch, `message`
for the person, in her language; empty: ready. `values` holds the cause, for the log.
"""

from socket import create_connection
from typing import Dict, Optional, Sequence
from urllib.parse import urlparse

import rosgraph
import rospy
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue


class Readiness:
    """Says what a node lacks, whenever that changes.

    Args:
        name: of the node.
    """

    def __init__(self, name: str):
        self._name = name
        self._told: Optional[DiagnosticStatus] = None
        self._publisher = rospy.Publisher("readiness", DiagnosticStatus, queue_size=1, latch=True)

    @property
    def ready(self) -> bool:
        """The node has said that it lacks nothing."""
        return self._told is not None and not self._told.message

    def lacks(self, text: str, cause: str) -> None:
        """Tell the person what is missing, and the log why."""
        self._tell(DiagnosticStatus(DiagnosticStatus.WARN, self._name, text, "", [KeyValue("cause", cause)]))

    def is_complete(self) -> None:
        """Tell that the node is ready."""
        self._tell(DiagnosticStatus(DiagnosticStatus.OK, self._name, "", "", []))

    def _tell(self, status: DiagnosticStatus) -> None:
        if status != self._told:
            self._told = status
            self._publisher.publish(status)


class WaitingList:
    """Who is not ready yet.

    Args:
        names: of the nodes that must be.
        starting: what the person reads about one that has said nothing.
    """

    def __init__(self, names: Sequence[str], starting: str):
        missing = KeyValue("cause", "has not started yet")
        self._states: Dict[str, DiagnosticStatus] = {
            name: DiagnosticStatus(DiagnosticStatus.WARN, name, starting, "", [missing]) for name in names
        }
        self._subscriber = rospy.Subscriber("readiness", DiagnosticStatus, self._on_status, queue_size=10)

    def _on_status(self, message: DiagnosticStatus) -> None:
        if message.name in self._states:
            self._states[message.name] = message

    @property
    def texts(self) -> str:
        """What the person reads; empty: all are ready."""
        return ". ".join(dict.fromkeys(state.message for state in self._states.values() if state.message))

    @property
    def causes(self) -> str:
        """What stands in the log."""
        waiting = [state for state in self._states.values() if state.message]
        return "; ".join("%s: %s" % (state.name, ", ".join(each.value for each in state.values)) for state in waiting)


def why_silent(topic: str, kind: str) -> str:
    """Why nothing comes on a topic, as far as master and network tell.

    Args:
        topic: its full name.
        kind: the type that is expected, such as "sensor_msgs/LaserScan".
    """
    try:
        master = rosgraph.Master(rospy.get_name())
        kinds = dict(master.getTopicTypes())
        publishers = dict(master.getSystemState()[0]).get(topic, [])
        if not publishers:
            return "nobody publishes %s: start its node, or remap the topic" % topic
        if kinds.get(topic, kind) != kind:
            return "%s carries %s, expected %s: remap the topic, or set ~transport to raw or compressed" % (
                topic,
                kinds[topic],
                kind,
            )
        for node in publishers:
            address = urlparse(master.lookupNode(node))
            try:
                create_connection((address.hostname, address.port), timeout=1.0).close()
            except OSError as error:
                return (
                    "%s publishes %s, but its address %s:%s cannot be reached from here (%s): set ROS_IP, or "
                    "ROS_HOSTNAME, where it runs" % (node, topic, address.hostname, address.port, error)
                )
    except (rosgraph.MasterException, OSError) as error:
        return "nothing comes on %s, and the ROS master does not answer: %s" % (topic, error)
    return "nothing comes on %s although %s publishes %s there: does it still start, or is its device unplugged?" % (
        topic,
        " and ".join(publishers),
        kind,
    )
