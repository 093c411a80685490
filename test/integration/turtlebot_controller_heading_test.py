#!/usr/bin/env python3
"""The controller and a simulated robot that turns farther to the left than it is told: it looks back in the end."""

import math
import time
import unittest

import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry

from rehab_coach.msg import ActionClass, Prediction
from rehab_coach.ros.testing import wait_for

LEFT = 1.6
"""How much farther it turns to the left than it is told."""
NEAR = math.radians(3.0)


class HeadingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.round, cls.commands, cls.heard, cls.turns_right = 0, [], {}, True
        cls.now, cls.heading = 0.0, None
        cls.asks = rospy.Publisher("action_class", ActionClass, queue_size=10)
        cls.predicts = rospy.Publisher("stgcn_prediction", Prediction, queue_size=10)
        cls.wheels = rospy.Publisher("wheels", Twist, queue_size=10)
        cls._subscribers = [
            rospy.Subscriber("odom", Odometry, cls.on_odometry, queue_size=10),
            rospy.Subscriber("cmd_vel", Twist, cls.on_command, queue_size=100),
            rospy.Subscriber("/diagnostics", DiagnosticArray, cls.on_diagnostics, queue_size=10),
        ]
        topics = cls.asks, cls.predicts, cls.wheels
        wait_for(lambda: all(topic.get_num_connections() for topic in topics), "controller and robot")
        wait_for(lambda: cls.heading is not None and cls.commands, "odometry and the controller's first zeros")
        # Only once the laser, too, was heard would it move.
        wait_for(lambda: cls.heard.get("message", "").startswith("still"), "a controller that may move")

    @classmethod
    def on_odometry(cls, message):
        rotation = message.pose.pose.orientation
        cls.now, cls.heading = message.header.stamp.to_sec(), 2.0 * math.atan2(rotation.z, rotation.w)

    @classmethod
    def on_command(cls, twist):
        cls.commands.append((twist.linear.x, twist.angular.z))
        if twist.angular.z > 0.0:
            twist.angular.z *= LEFT
        elif not cls.turns_right:
            twist.angular.z = 0.0
        cls.wheels.publish(twist)

    @classmethod
    def on_diagnostics(cls, message):
        for status in message.status:
            if status.name == "turtlebot_controller: motion":
                cls.heard = dict({value.key: value.value for value in status.values}, message=status.message)

    def setUp(self):
        type(self).turns_right = True

    def away(self, heading):
        return abs(math.remainder(self.heading - heading, 2.0 * math.pi))

    def ask(self):
        type(self).round += 1
        self.asks.publish(ActionClass(round=self.round, label="squat"))
        wait_for(lambda: self.heard.get("round") == str(self.round), "the request in the diagnostics")
        del self.commands[:]

    def predict(self, status):
        self.predicts.publish(Prediction(round=self.round, status=status, label="squat", confidence=0.9))

    def moves(self):
        return [command for command in self.commands if command != (0.0, 0.0)]

    def pass_time(self, seconds):
        """On the clock of the robot."""
        start = self.now
        wait_for(lambda: self.now > start + seconds, "the robot's odometry")

    def play(self, status="recognised"):
        self.ask()
        self.predict(status)
        wait_for(self.moves, "a motion")
        self.wait_for_rest()

    def wait_for_rest(self):
        """Until nothing is owed any more, and as long as the controller needs to see that the robot stands still."""
        wait_for(lambda: self.commands[-5:] == [(0.0, 0.0)] * 5, "zeros")
        wait_for(lambda: self.heard.get("moving") == "False", "the end of turning back")
        self.pass_time(3.0)

    def turn_by_hand(self, angle):
        """Somebody turns the robot while the controller is still."""
        goal, twist = self.heading + angle, Twist()
        twist.angular.z = math.copysign(0.5, angle)
        wait_for(lambda: self.wheels.publish(twist) or time.sleep(0.05) or self.away(goal) < 0.1, "a turned robot")
        self.wheels.publish(Twist())
        self.pass_time(1.0)

    def expect_back(self, heading, status="recognised"):
        """On a very busy computer odometry comes late, and one turn back may be given up: the next makes up for it."""

        def back():
            self.play(status)
            return self.away(heading) < NEAR

        wait_for(back, "the robot to look where it looked before")

    def test_1_it_looks_back_after_each_motion(self):
        heading = self.heading
        for _ in range(2):
            self.expect_back(heading)
        self.assertLess(max(abs(angular) for _, angular in self.commands[-20:]), 0.41)

    def test_2_whoever_moves_it_decides_where_it_looks(self):
        before = self.heading
        self.turn_by_hand(0.8)
        heading = self.heading
        self.expect_back(heading)
        self.assertGreater(self.away(before), 0.5)

    def test_3_it_does_not_move_while_it_films_and_makes_up_for_it_then(self):
        heading = self.heading
        type(self).turns_right = False  # so that it is turned away, however late the second request comes
        self.ask()
        self.predict("recognised")
        wait_for(lambda: self.away(heading) > 0.3, "the robot in the middle of its motion")
        self.ask()
        type(self).turns_right = True
        self.pass_time(1.0)
        del self.commands[:]
        self.pass_time(3.0)
        self.assertEqual(self.moves(), [])
        self.assertGreater(self.away(heading), 0.2)
        self.predict("not_seen")  # no motion of its own
        wait_for(self.moves, "the rest of turning back")
        self.wait_for_rest()
        self.assertEqual({linear for linear, _ in self.moves()}, {0.0})
        if self.away(heading) > NEAR:
            self.expect_back(heading, "recognised")

    def test_4_a_robot_that_does_not_turn_is_reported(self):
        type(self).turns_right = False
        self.ask()
        self.predict("recognised")
        wait_for(lambda: "not turned back" in self.heard.get("message", ""), "the reason in the diagnostics")


if __name__ == "__main__":
    rospy.init_node("turtlebot_controller_heading_test")
    rostest.rosrun("rehab_coach", "turtlebot_controller_heading", HeadingTest)
