import math

import numpy as np
import pytest

from rehab_coach.robot.laser import LaserCheck, Scan
from rehab_coach.robot.safety import SafetyState
from rehab_coach.robot.velocity import Velocity

TURN = Velocity(0.0, 0.5)


def scan(distance=2.0):
    return Scan(np.full(360, distance), 0.0, math.radians(1.0), 0.12, 3.5)


def state(require_scan=True):
    return SafetyState(LaserCheck(), require_scan, scan_timeout=1.0)


def test_without_a_scan_the_requirement_decides():
    assert "no laser scan" in state().objection(TURN, 10.0, 10.0)
    assert state(require_scan=False).objection(TURN, 10.0, 10.0) is None


@pytest.mark.parametrize("require_scan", [True, False])
def test_a_scan_must_be_fresh_once_one_came(require_scan):
    safety = state(require_scan)
    safety.set_scan(scan(), stamp=10.0, monotonic=5.0)
    assert safety.objection(TURN, 10.9, 5.9) is None
    assert "1.1 s ago" in safety.objection(TURN, 10.9, 6.1)
    safety.set_scan(scan(), stamp=11.1, monotonic=6.1)
    assert safety.objection(TURN, 11.2, 6.2) is None


@pytest.mark.parametrize("now", [11.5, 8.5])
def test_stamps_that_do_not_fit_the_clock_are_a_doubt(now):
    safety = state()
    safety.set_scan(scan(), stamp=10.0, monotonic=5.0)
    assert "clocks" in safety.objection(TURN, now, 5.1)


def test_a_scan_without_stamp_counts_from_its_arrival():
    safety = state()
    safety.set_scan(scan(), stamp=None, monotonic=5.0)
    assert safety.objection(TURN, 1e9, 5.5) is None
    assert safety.objection(TURN, 1e9, 6.5)


def test_something_near_forbids():
    safety = state(require_scan=False)
    safety.set_scan(scan(0.2), None, 5.0)
    assert "something is" in safety.objection(TURN, 10.0, 5.1)


@pytest.mark.parametrize("flag, word", [("stopped", "stop"), ("recording", "recording")])
def test_stop_and_recording_forbid_until_released(flag, word):
    safety = state(require_scan=False)
    setattr(safety, flag, True)
    assert word in safety.objection(TURN, 10.0, 10.0)
    setattr(safety, flag, False)
    assert safety.objection(TURN, 10.0, 10.0) is None
