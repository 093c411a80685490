#!/usr/bin/env python3
"""The controller on a clock that this test sets: a clock that cannot be trusted ends the motion."""

import threading
import time
import unittest

import rospy
import rostest
from geometry_msgs.msg import Twist
from rosgraph_msgs.msg import Clock

from rehab_coach.msg import ActionClass, Prediction
from rehab_coach.ros.testing import wait_for

HOUR = 3600.0  # s, as at the end of summer time on a robot that keeps local time


class ClockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.now, cls.runs = 100000.0, True
        clock = rospy.Publisher("/clock", Clock, queue_size=10)

        def tick():
            while not rospy.is_shutdown():
                if cls.runs:
                    cls.now += 0.02
                clock.publish(rospy.Time.from_sec(cls.now))
                time.sleep(0.02)

        threading.Thread(target=tick, daemon=True).start()
        cls.velocities, cls.round = [], 0
        cls.asks = rospy.Publisher("action_class", ActionClass, queue_size=10)
        cls.predicts = rospy.Publisher("stgcn_prediction", Prediction, queue_size=10)
        rospy.Subscriber("cmd_vel", Twist, lambda twist: cls.velocities.append(twist.linear.x), queue_size=1000)
        topics = cls.asks, cls.predicts
        wait_for(lambda: all(topic.get_num_connections() for topic in topics), "the controller")
        wait_for(lambda: cls.velocities, "its first zeros")

    def setUp(self):
        """A motion is going on."""
        type(self).round += 1
        self.asks.publish(ActionClass(round=self.round, label="squat"))
        time.sleep(0.5)
        del self.velocities[:]

        def moves():
            """A prediction that overtook its request was ignored: again."""
            self.predicts.publish(Prediction(round=self.round, status="recognised", label="squat"))
            time.sleep(0.5)
            return 0.1 in self.velocities

        wait_for(moves, "the motion")

    def expect_the_end(self):
        wait_for(lambda: self.velocities[-3:] == [0.0] * 3, "the final zeros")
        number = len(self.velocities) - self.velocities[::-1].index(0.1)
        time.sleep(0.5)
        self.assertNotIn(0.1, self.velocities[number:])

    def test_a_clock_that_is_set_back(self):
        for seconds in (500.0, HOUR):
            type(self).now -= seconds
            self.expect_the_end()
            self.setUp()

    def test_a_clock_that_jumps_ahead(self):
        for seconds in (5.0, HOUR):
            type(self).now += seconds
            self.expect_the_end()
            self.setUp()

    def test_a_clock_that_stands_still(self):
        type(self).runs = False
        try:
            self.expect_the_end()
        finally:
            type(self).runs = True


if __name__ == "__main__":
    rospy.init_node("turtlebot_controller_clock_test")
    rostest.rosrun("rehab_coach", "turtlebot_controller_clock", ClockTest)
