"""What a worn sensor measures: series of acceleration and angular velocity, and the cycles in them."""

from rehab_coach.inertial.cycles import Cycles, cut_cycles, cut_spans
from rehab_coach.inertial.series import InertialSeries, SensorError

__all__ = ["Cycles", "InertialSeries", "SensorError", "cut_cycles", "cut_spans"]
