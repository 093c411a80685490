"""The order of stops and releases: the last wish counts, whatever the robot's service is doing."""

import threading
from unittest import mock

import pytest

pytest.importorskip("rospy")

from rehab_coach.display.state import Motion  # noqa: E402
from rehab_coach.ros import stop_switch as module  # noqa: E402
from rehab_coach.ros.testing import wait_for  # noqa: E402


class Robot:
    """A stop service that can be away, and that can be slow to answer a release."""

    def __init__(self):
        self.calls, self.waiting, self.answering = [], [], threading.Event()
        self.present, self.answers_releases = threading.Event(), threading.Event()

    def wait_for_service(self, name, timeout):
        """Those who wait find it one after the other, the last one first."""
        found = threading.Event()
        self.waiting.append(found)
        if not self.present.is_set():
            found.wait()

    def proxy(self, name, kind):
        def call(stop):
            if not stop:
                self.answering.set()
                self.answers_releases.wait()
            self.calls.append(stop)
            return mock.Mock(success=True)

        return call


@pytest.fixture
def robot():
    robot = Robot()
    with mock.patch.multiple(
        module.rospy, wait_for_service=robot.wait_for_service, ServiceProxy=robot.proxy, logerr_throttle=mock.Mock()
    ):
        yield robot


@pytest.fixture
def switch(robot):
    switch = module.StopSwitch(mock.Mock(), timeout=30.0)
    switch.robot_says(True)
    yield switch
    switch.close()


def pressed(switch, robot, wish):
    """A key was pressed, and its call is waiting for the service."""
    number = len(robot.waiting)
    wish()
    wait_for(lambda: len(robot.waiting) > number, "the call")
    return robot.waiting[-1]


def test_a_release_that_waited_is_not_sent_after_a_stop(switch, robot):
    robot.answers_releases.set()
    release = pressed(switch, robot, switch.release)
    stop = pressed(switch, robot, switch.stop)
    stop.set()
    wait_for(lambda: robot.calls == [True], "the stop")
    before = set(threading.enumerate())
    release.set()
    for thread in before:
        if thread.name in ("stop service", "stop switch"):
            thread.join()
    assert robot.calls == [True]
    assert switch._motion is Motion.STOPPED


def test_a_stop_that_waited_is_not_sent_after_a_release(switch, robot):
    robot.answers_releases.set()
    stop = pressed(switch, robot, switch.stop)
    release = pressed(switch, robot, switch.release)
    release.set()
    wait_for(lambda: switch._motion is Motion.ALLOWED, "the release")
    threads = [thread for thread in threading.enumerate() if thread.name == "stop service"]
    stop.set()
    for thread in threads:
        thread.join()
    assert robot.calls == [False]


def test_a_stop_does_not_wait_for_a_release_that_hangs_and_comes_again_after_it(switch, robot):
    robot.present.set()
    switch.release()
    wait_for(robot.answering.is_set, "the call of the release")
    switch.stop()
    wait_for(lambda: True in robot.calls, "the stop while the release hangs")
    assert False not in robot.calls and switch._motion is not Motion.STOPPED
    robot.answers_releases.set()
    wait_for(lambda: switch._motion is Motion.STOPPED, "the confirmed stop", patience=30.0)
    assert False in robot.calls and robot.calls[-1] is True
    assert robot.calls.count(False) == 1
