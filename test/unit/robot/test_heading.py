import math

import pytest

from rehab_coach.robot.heading import FASTEST, TOLERANCE, HeadingKeeper, difference

RATE = 20.0


class Robot:
    """A robot on a turntable: one clock, odometry and commands in step; ``wheels`` may turn more or less."""

    def __init__(self, heading=0.0, timeout=5.0, fastest=FASTEST, wheels=1.0):
        self.keeper = HeadingKeeper(timeout, fastest)
        self.heading, self.wheels = heading, wheels
        self.now, self.ahead, self.odometry = 100.0, 1000.0, True
        self.commands = []
        self.wait(1.0)

    def step(self, angular=0.0):
        self.now += 1.0 / RATE
        self.heading += angular * self.wheels / RATE
        if self.odometry:
            self.keeper.set_heading(math.remainder(self.heading, 2.0 * math.pi), self.now, self.now + self.ahead)

    def wait(self, seconds):
        for _ in range(round(seconds * RATE)):
            self.step()

    def move(self, angle):
        """A motion that ends so far from where it began."""
        self.keeper.begin(self.now, self.now + self.ahead)
        for _ in range(10):
            self.step(angle / self.wheels / 10.0 * RATE)

    def turn_back(self, longest=1000):
        """Until it is back or gives up; returns why."""
        if self.keeper.start(self.now):
            for _ in range(longest):
                angular = self.keeper.advance(self.now, self.now + self.ahead)
                if angular is None:
                    break
                self.commands.append(angular)
                self.step(angular)
            else:
                return "goes on"
        self.keeper.end(self.now)
        return self.keeper.fault


@pytest.mark.parametrize(
    "heading, other, expected",
    [(0.1, -0.1, 0.2), (3.1, -3.1, 6.2 - 2.0 * math.pi), (-3.1, 3.1, 2.0 * math.pi - 6.2), (7.0, 7.0, 0.0)],
)
def test_differences_go_the_short_way_round(heading, other, expected):
    assert difference(heading, other) == pytest.approx(expected)


@pytest.mark.parametrize("start", [0.0, 1.0, math.pi, -3.1])
@pytest.mark.parametrize("angle", [0.8, -0.8, 0.1, -0.1])
@pytest.mark.parametrize("wheels", [0.6, 1.0, 1.4])
def test_it_turns_back_the_short_way_within_its_limits(start, angle, wheels):
    robot = Robot(start, wheels=wheels)
    robot.move(angle)
    assert robot.turn_back() == ""
    assert abs(difference(robot.heading, start)) <= TOLERANCE
    assert max(map(abs, robot.commands)) <= FASTEST
    assert all(command * angle <= 0.0 for command in robot.commands)
    assert robot.keeper.turned_away == pytest.approx(difference(robot.heading, start))
    assert not robot.keeper.unfinished


def test_it_first_comes_to_rest_and_stays_where_it_is_when_that_is_near_enough():
    robot = Robot()
    robot.move(0.8 * TOLERANCE)
    assert robot.turn_back() == "" and set(robot.commands) == {0.0}
    robot.move(0.5)
    robot.turn_back()
    assert robot.commands[0] == 0.0 and any(robot.commands)


def test_what_is_left_over_does_not_add_up():
    robot = Robot(1.0)
    for _ in range(50):
        robot.move(0.4)
        assert robot.turn_back() == ""
        robot.wait(10.0)
    assert abs(robot.heading - 1.0) <= TOLERANCE


def test_the_limit_of_the_robot_is_kept():
    robot = Robot(fastest=0.05, timeout=30.0)
    robot.move(0.5)
    assert robot.turn_back() == ""
    assert max(map(abs, robot.commands)) == 0.05


@pytest.mark.parametrize("options", [{"timeout": 0.0}, {"fastest": 0.0}])
def test_it_can_be_switched_off(options):
    robot = Robot(**options)
    robot.move(0.5)
    assert robot.turn_back() == "" and not robot.commands


def test_without_odometry_nothing_happens():
    keeper = HeadingKeeper(5.0)
    keeper.begin(100.0, 100.0)
    assert not keeper.start(102.0) and keeper.fault == "" and not keeper.unfinished
    assert keeper.advance(102.0, 102.0) is None
    keeper.set_heading(math.nan, 102.0, 102.0)
    assert keeper.turned_away is None


def test_odometry_that_was_old_when_the_motion_began_gives_no_heading():
    robot = Robot()
    robot.odometry = False
    robot.wait(1.0)
    robot.odometry = True
    robot.move(0.5)
    assert "when it began, the last odometry came 1.0 s ago" in robot.turn_back()
    assert not robot.commands


def test_stale_odometry_is_waited_for_with_zeros():
    robot = Robot()
    robot.move(0.8)
    assert robot.turn_back(longest=12) == "goes on"
    robot.odometry = False
    robot.wait(0.6)
    assert robot.keeper.advance(robot.now, robot.now + robot.ahead) == 0.0
    robot.odometry = True
    robot.wait(0.1)
    assert robot.keeper.advance(robot.now, robot.now + robot.ahead) < 0.0


def test_it_gives_up_when_odometry_stays_away_and_makes_up_for_it_later():
    robot = Robot()
    robot.move(0.8)
    robot.odometry = False
    robot.wait(0.6)
    assert "degrees away, the last odometry came" in robot.turn_back()
    assert set(robot.commands) == {0.0}
    robot.odometry = True
    robot.wait(10.0)
    assert robot.keeper.unfinished
    robot.keeper.begin(robot.now, robot.now + robot.ahead)
    assert robot.turn_back() == "" and abs(robot.heading) <= TOLERANCE


def test_stamps_that_do_not_fit_the_clock_are_a_doubt():
    robot = Robot()
    robot.move(0.8)
    robot.keeper.start(robot.now)
    robot.wait(1.0)
    late = robot.now + 0.6
    assert robot.keeper.advance(late, robot.now + robot.ahead) == 0.0
    assert robot.keeper.advance(robot.now + 5.0, robot.now + robot.ahead) is None
    assert "the stamp of the odometry is" in robot.keeper.fault


def test_a_clock_that_stands_still_is_not_waited_for():
    robot = Robot()
    robot.move(0.8)
    robot.keeper.start(robot.now)
    for seconds in range(6):
        robot.keeper.set_heading(robot.heading, robot.now, robot.now + robot.ahead + seconds)
        assert robot.keeper.advance(robot.now, robot.now + robot.ahead + seconds) == 0.0
    assert robot.keeper.advance(robot.now, robot.now + robot.ahead + 6.0) is None
    assert "the last odometry came" in robot.keeper.fault


def test_wheels_that_do_not_turn_it_end_it():
    robot = Robot()
    robot.move(0.8)
    robot.wheels = 0.0
    assert "46 degrees away, it does not turn" in robot.turn_back()
    assert len(robot.commands) < 2.0 * RATE
    assert robot.keeper.unfinished


def test_too_long_a_way_ends_in_time():
    robot = Robot(timeout=2.0)
    robot.move(3.0)
    assert "it took too long" in robot.turn_back()
    assert len(robot.commands) <= 2.0 * RATE + 1


@pytest.mark.parametrize("jump", [1.0, -2.0, math.pi])
def test_odometry_that_jumps_is_not_followed(jump):
    robot = Robot()
    robot.move(0.8)
    robot.turn_back(longest=12)
    robot.heading += jump
    robot.step()
    assert robot.keeper.advance(robot.now, robot.now + robot.ahead) is None
    assert "not turned back: the odometry jumped" in robot.keeper.fault
    assert not robot.keeper.unfinished
    here = robot.heading
    robot.wait(5.0)
    robot.move(0.5)
    assert robot.turn_back() == "" and abs(difference(robot.heading, here)) <= TOLERANCE


def test_odometry_that_jumps_during_a_motion_ends_it():
    robot = Robot()
    robot.move(0.4)
    robot.keeper.set_heading(robot.heading, robot.now - 50.0, robot.now + robot.ahead)
    assert "the odometry jumped" in robot.turn_back() and not robot.commands


def test_somebody_who_turns_it_meanwhile_is_not_fought():
    robot = Robot()
    robot.move(0.8)
    robot.wheels = -1.0  # as fast as it turns back, somebody turns it away
    assert "something turns it away" in robot.turn_back()
    assert robot.heading < 1.4 and not robot.keeper.unfinished


@pytest.mark.parametrize("hand, expected", [(0.5, 0.5), (-1.5, -1.5), (0.05, 0.0)])
def test_whoever_moves_it_between_rounds_decides_where_it_looks(hand, expected):
    robot = Robot()
    robot.move(0.5)
    robot.turn_back()
    robot.wait(5.0)
    rest = robot.heading
    for _ in range(20):
        robot.step(hand * RATE / 20)
    robot.wait(1.0)
    robot.move(0.5)
    assert robot.turn_back() == ""
    assert abs(robot.heading - (rest if expected else 0.0) - expected) <= TOLERANCE


def test_what_it_turns_right_after_a_motion_was_nobody_else():
    robot = Robot()
    robot.move(0.5)
    robot.keeper.end(robot.now)  # cut short
    for _ in range(10):
        robot.step(0.4)  # it has not heard the zeros yet
    robot.wait(5.0)
    assert robot.keeper.unfinished
    robot.move(0.5)
    assert robot.turn_back() == "" and abs(robot.heading) <= TOLERANCE


def test_a_robot_that_somebody_moved_owes_nothing():
    robot = Robot()
    robot.move(0.5)
    robot.keeper.end(robot.now)
    robot.wait(5.0)
    assert robot.keeper.unfinished
    robot.wheels = 1.0
    for _ in range(10):
        robot.step(0.4)
    assert not robot.keeper.unfinished
