"""Diagnostics of a node on ``/diagnostics``, once a second or every ``~diagnostic_period`` seconds."""

from typing import Any, Callable, Dict, Tuple

import rospy
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import FrequencyStatus, FrequencyStatusParam, Updater

from rehab_coach.ros.node import is_ending
from rehab_coach.ros.parameters import get_parameter

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
State = Tuple[int, str, Dict[str, Any]]


class Diagnostics:
    """A thin cover of diagnostic_updater.

    Args:
        hardware: what the node works with: "webcam 0", "TurtleBot 3" ...
    """

    def __init__(self, hardware: str = "none"):
        self._updater = Updater()
        self._updater.setHardwareID(hardware)
        period = get_parameter("~diagnostic_period", 1.0, float, minimum=0.1, maximum=60.0)
        self._timer = rospy.Timer(rospy.Duration(period), self._update, reset=True)

    def _update(self, _: Any) -> None:
        """Not ``Updater.update``: it asks the master for its period, and fails when the master has gone."""
        try:
            self._updater.force_update()
        except rospy.ROSException:  # the node ends, and the topic is closed
            if not is_ending():
                raise

    def add(self, name: str, state: Callable[[], State]) -> None:
        """Report a state: ``state()`` gives the level (OK, WARN or ERROR), a message, and named values."""

        def task(status: Any) -> Any:
            level, message, values = state()
            status.summary(level, message)
            for key, value in values.items():
                status.add(key, "%.3g" % value if isinstance(value, float) else str(value))
            return status

        self._updater.add(name, task)

    def add_rate(self, name: str, lowest: float, highest: float) -> FrequencyStatus:
        """Report how often something happens.

        Args:
            name: of the state.
            lowest, highest: expected frequency in Hz; 10 % beyond them are tolerated.

        Returns:
            An object whose ``tick()`` must be called each time.
        """
        rate = FrequencyStatus(FrequencyStatusParam({"min": lowest, "max": highest}), name)
        self._updater.add(rate)
        return rate

    def close(self) -> None:
        """Stop reporting."""
        self._timer.shutdown()
