import math

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot.heading import HeadingKeeper
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
    assert run(runner, [100.0, 100.9, 101.0, 101.4, 101.5, 101.6]) == [LEFT, LEFT, BACK, BACK, None, None]
    assert not runner.running and not runner.fault


def test_a_late_call_does_not_cut_the_next_segment_short():
    runner = started()
    assert run(runner, [100.9, 101.3, 101.75, 101.8]) == [LEFT, BACK, BACK, None]
    wiggle = Motion((Segment(Velocity(0.0, 0.8), 0.5), Segment(Velocity(0.0, -0.8), 0.5)))
    runner.start(wiggle, 0.0, 0.0)
    turned = 0.0
    times = [0.0, 0.3, 1.2, 1.3, 1.6, 2.0]
    for now, after in zip(times, times[1:]):
        turned += (after - now) * (runner.advance(now, now) or Velocity()).angular
    assert turned == pytest.approx(0.8 * (1.2 - 0.8))  # by the clock alone it would be 0.96: the way back is skipped


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


def turned_after(runner, keeper, seconds, now=100.0, heading=0.0, rate=20.0, wheels=1.2):
    """Follow a runner on a robot that turns too far; heading and time at the end."""
    for _ in range(round(seconds * rate)):
        velocity = runner.advance(now, now)
        now += 1.0 / rate
        heading += wheels * (velocity.angular if velocity else 0.0) / rate
        keeper.set_heading(heading, now, now)
    return heading, now


def test_after_a_motion_the_robot_is_turned_back():
    keeper = HeadingKeeper(5.0)
    runner = MotionRunner(5.0, heading=keeper)
    keeper.set_heading(0.0, 100.0, 100.0)
    runner.start(MOTION, 100.0, 100.0)
    heading, now = turned_after(runner, keeper, 1.5)
    assert heading > 0.5 and runner.running
    heading, now = turned_after(runner, keeper, 6.0, now, heading)
    assert abs(heading) <= 0.03 and not runner.running and not runner.fault


def test_turning_back_can_be_stopped_and_made_up_for_later():
    keeper = HeadingKeeper(5.0)
    runner = MotionRunner(5.0, heading=keeper)
    keeper.set_heading(0.0, 100.0, 100.0)
    runner.start(MOTION, 100.0, 100.0)
    heading, now = turned_after(runner, keeper, 2.2)
    runner.stop()
    assert not runner.running and runner.advance(now, now) is None
    heading, now = turned_after(runner, keeper, 5.0, now, heading)
    assert heading > 0.3 and keeper.unfinished
    runner.start(Motion(), now, now)
    heading, now = turned_after(runner, keeper, 6.0, now, heading)
    assert abs(heading) <= 0.03 and not keeper.unfinished


def test_a_clock_that_jumps_during_turning_back_leaves_a_fault():
    keeper = HeadingKeeper(5.0)
    runner = MotionRunner(5.0, heading=keeper)
    keeper.set_heading(0.0, 100.0, 100.0)
    runner.start(MOTION, 100.0, 100.0)
    heading, now = turned_after(runner, keeper, 2.2)
    assert runner.advance(now + 500.0, now) is None
    assert "not turned back" in runner.fault and not runner.running
