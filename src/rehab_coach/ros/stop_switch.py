"""Calls the robot's stop service for the keys of the screen, and knows whether the robot has obeyed."""

import threading
import time
from typing import Callable

import rospy
from std_srvs.srv import SetBool

from rehab_coach.display.state import Motion

_STOP_WAITS = 0.3  # s that a stop waits for an earlier call to end


class StopSwitch:
    """Stops and releases the robot without keeping the screen waiting.

    Every wish is sent at once by a thread of its own, and the last wish counts: an earlier one that still
    waits is not sent any more. A stop that was not confirmed is repeated every second until it is, or until
    the robot is released; a release is tried once.

    Args:
        on_change: called from any thread with each new :class:`Motion`.
        timeout: seconds until a robot that does not answer counts as not reachable.
    """

    def __init__(self, on_change: Callable[[Motion], None], timeout: float = 1.5):
        self._on_change, self._timeout = on_change, timeout
        self._lock = threading.Lock()
        self._calling = threading.Lock()  # held while the robot hears a call
        self._wishes = 0
        self._motion = Motion.ALLOWED
        self._closing = threading.Event()

    def stop(self) -> None:
        """End all motion."""
        self._wish(True)

    def release(self) -> None:
        """Let the robot move again; nothing happens where it is not stopped."""
        if self._motion is not Motion.ALLOWED:
            self._wish(False)

    def robot_says(self, stopped: bool) -> None:
        """The robot tells whether it is stopped, by whomever; while a call is under way its answer counts."""
        with self._lock:
            if self._motion in (Motion.STOPPING, Motion.RELEASING):
                return
            if stopped or self._motion is not Motion.STOP_FAILED:
                self._set(Motion.STOPPED if stopped else Motion.ALLOWED)

    def close(self) -> None:
        self._closing.set()

    def _set(self, motion: Motion) -> None:
        if motion is not self._motion:
            self._motion = motion
            self._on_change(motion)

    def _wish(self, stop: bool) -> None:
        with self._lock:
            self._wishes += 1
            if not (stop and self._motion is Motion.STOPPED):
                self._set(Motion.STOPPING if stop else Motion.RELEASING)
            wish = self._wishes
        threading.Thread(target=self._pursue, args=(stop, wish), name="stop switch", daemon=True).start()

    def _pursue(self, stop: bool, wish: int) -> None:
        while not self._closing.is_set():
            failure = self._call(stop, wish)
            with self._lock:
                if wish != self._wishes:
                    return
                if not failure:
                    self._set(Motion.STOPPED if stop else Motion.ALLOWED)
                    return
                self._set(Motion.STOP_FAILED if stop else Motion.RELEASE_FAILED)
            rospy.logerr_throttle(
                10,
                "the service %s cannot be called: %s. Is turtlebot_controller running? %s"
                % (
                    rospy.resolve_name("stop"),
                    failure,
                    "STOP THE ROBOT BY ITS POWER SWITCH" if stop else "The robot stays stopped",
                ),
            )
            if not stop or self._closing.wait(1.0) or wish != self._wishes:
                return

    def _call(self, stop: bool, wish: int) -> str:
        """Why the call failed, "" when it did not. rospy's calls know no time-out, so it runs in a thread.

        A wish that is no longer the last one, or that was given up, is not sent. The robot hears one call at a
        time, because two at once would end in any order; only a stop does not wait long for an earlier call,
        but then it counts as not confirmed, and is repeated.
        """
        result = ["it did not answer within %s s" % self._timeout]
        end = time.monotonic() + self._timeout

        def call() -> None:
            try:
                rospy.wait_for_service("stop", timeout=self._timeout)
                rest = max(0.0, end - time.monotonic())
                alone = self._calling.acquire(timeout=min(rest, _STOP_WAITS) if stop else rest)
                try:
                    if wish == self._wishes and (stop or (alone and time.monotonic() < end)):
                        answer = rospy.ServiceProxy("stop", SetBool)(stop)
                        if not answer.success:
                            result[0] = answer.message or "it refused"
                        else:
                            result[0] = "" if alone else "an earlier call is still under way"
                finally:
                    if alone:
                        self._calling.release()
            except (rospy.ROSException, rospy.ServiceException) as error:
                result[0] = str(error)

        thread = threading.Thread(target=call, name="stop service", daemon=True)
        thread.start()
        thread.join(self._timeout + 0.5)
        return result[0]
