import math

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.motion import Motion, MotionRunner, Segment, read_motion
from rehab_coach.robot.velocity import Velocity

LEFT, BACK = Velocity(0.0, 0.5), Velocity(-0.1, 0.0)
MOTION = Motion((Segment(LEFT, 1.0), Segment(BACK, 0.5)))


def run(runner, times):
    """The velocities at these times, with both clocks in step."""
    return [runner.advance(now, now) for now in times]


def started(motion=MOTION, longest=5.0):
    runner = MotionRunner(longest)
    runner.start(motion, 100.0, 100.0)
    return runner


@pytest.mark.parametrize(
    "elapsed, velocity",
    [(-0.1, None), (0.0, LEFT), (0.99, LEFT), (1.0, BACK), (1.49, BACK), (1.5, None), (math.inf, None)],
)
def test_segments_follow_each_other(elapsed, velocity):
    assert MOTION.velocity_at(elapsed) == velocity


def test_reading_gives_the_segments():
    motion = read_motion("m", [{"angular": 0.5, "seconds": 1}, {"linear": -0.1, "seconds": 0.5}], longest=5.0)
    assert motion == MOTION
    assert motion.duration == 1.5
    assert read_motion("m", [], longest=5.0).duration == 0.0


@pytest.mark.parametrize(
    "entries, message",
    [
        ("left", "must be a list"),
        ([0.5], "segment 1 of m"),
        ([{"angular": 0.5}], "seconds"),
        ([{"speed": 1.0, "seconds": 1.0}], "it may hold"),
        ([{"linear": "fast", "seconds": 1.0}], "must be numbers"),
        ([{"linear": 0.1, "seconds": 1.0}, {"linear": math.nan, "seconds": 1.0}], "segment 2 of m"),
        ([{"linear": True, "seconds": 1.0}], "must be numbers"),
        ([{"linear": 0.1, "seconds": 0.0}], "above 0"),
        ([{"linear": 0.1, "seconds": 3.0}] * 2, "lasts 6.0 s"),
    ],
)
def test_a_wrong_motion_is_refused_with_its_place(entries, message):
    with pytest.raises(RehabCoachError, match=message):
        read_motion("m", entries, longest=5.0)


def test_a_motion_ends_by_itself():
    runner = started()
    assert run(runner, [100.0, 100.9, 101.2, 101.6, 101.7]) == [LEFT, LEFT, BACK, None, None]
    assert not runner.running and not runner.fault


def test_no_motion_before_a_start_and_after_a_stop():
    runner = MotionRunner(5.0)
    assert runner.advance(1.0, 1.0) is None
    runner.start(MOTION, 1.0, 1.0)
    runner.stop()
    assert runner.advance(1.1, 1.1) is None


def test_no_motion_is_longer_than_the_longest():
    runner = started(Motion((Segment(LEFT, 60.0),)), longest=1.0)
    assert run(runner, [100.5, 100.99, 101.0]) == [LEFT, LEFT, None]


@pytest.mark.parametrize("now", [99.0, 102.0, 50000.0, 0.0])
def test_a_clock_that_jumps_ends_the_motion(now):
    runner = started(Motion((Segment(LEFT, 1e6),)), longest=1e6)
    assert runner.advance(100.1, 100.1) == LEFT
    assert runner.advance(now, 100.2) is None
    assert "jumped" in runner.fault
    assert not runner.running


def test_a_clock_that_stands_still_ends_the_motion():
    runner = started()
    assert runner.advance(100.1, 100.1) == LEFT
    assert runner.advance(100.1, 100.9) == LEFT
    assert runner.advance(100.1, 101.3) is None
    assert "stands still" in runner.fault


def test_a_simulation_slower_than_the_world_gets_the_whole_motion():
    runner = started()
    velocities = [runner.advance(100.0 + 0.1 * step, 100.0 + 0.5 * step) for step in range(20)]
    assert velocities[:15] == [LEFT] * 10 + [BACK] * 5
    assert velocities[15:] == [None] * 5 and not runner.fault


def test_a_new_start_forgets_the_fault():
    runner = started()
    runner.advance(50.0, 100.1)
    runner.start(MOTION, 50.0, 100.1)
    assert not runner.fault and runner.advance(50.1, 100.2) == LEFT
