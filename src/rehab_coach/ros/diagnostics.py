"""Diagnostics of a node on ``/diagnostics``, once a second."""

from typing import Any, Callable, Dict, Tuple

import rospy
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import FrequencyStatus, FrequencyStatusParam, Updater

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
        self._timer = rospy.Timer(rospy.Duration(0.2), lambda _: self._updater.update(), reset=True)

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
