#!/usr/bin/env python3
"""The robot that is not there, as its neighbours see it: commands in, odometry, transforms and scans out."""

import math
import sys
import unittest

import numpy as np
import rospy
import rostest
import tf2_ros
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from rehab_coach.ros.testing import wait_for
from rehab_coach.simulation.turtlebot import Laser, Place, floor_plan

PLAN = floor_plan([-1.5, 4.0, -2.5, 2.5], [2.7, 0.0], 0.25)


class FakeTurtlebotTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.odometry, cls.scan = [], []
        cls._subscribers = [
            rospy.Subscriber("odom", Odometry, cls.odometry.append, queue_size=100),
            rospy.Subscriber("scan", LaserScan, cls.scan.append, queue_size=100),
        ]
        cls.commands = rospy.Publisher("cmd_vel", Twist, queue_size=1)
        wait_for(lambda: cls.odometry and cls.scan and cls.commands.get_num_connections(), "the robot")

    def drive(self, linear, angular, until, what):
        """Send a velocity again and again, as the controller does, until something is so."""
        command = Twist()
        command.linear.x, command.angular.z = linear, angular

        def send_and_look():
            self.commands.publish(command)
            return until()

        wait_for(send_and_look, what)

    def next(self, messages):
        count = len(messages)
        wait_for(lambda: len(messages) > count + 1, "the next message")
        return messages[-1]

    def stop(self):
        self.drive(0.0, 0.0, lambda: self.next(self.odometry).twist.twist == Twist(), "standstill")

    def way(self, start):
        position = self.odometry[-1].pose.pose.position
        return math.hypot(position.x - start.x, position.y - start.y)

    def yaw(self):
        rotation = self.odometry[-1].pose.pose.orientation
        return 2 * math.atan2(rotation.z, rotation.w)

    def test_it_drives_no_faster_than_the_robot_and_the_laser_sees_the_way(self):
        self.assertAlmostEqual(self.scan[0].ranges[0], 2.7 - 0.25 + 0.064, places=2)  # before any motion
        self.stop()
        start = self.next(self.odometry).pose.pose.position
        self.drive(5.0, 0.0, lambda: self.way(start) > 0.3, "30 cm of driving")
        self.assertAlmostEqual(self.odometry[-1].twist.twist.linear.x, 0.26)
        self.stop()
        position = self.next(self.odometry).pose.pose.position
        place = Place(position.x, position.y, self.yaw())
        np.testing.assert_allclose(self.next(self.scan).ranges, Laser(noise=0.0).scan(place, PLAN), atol=1e-3)
        odometry = [(message.header.stamp.to_sec(), message.pose.pose.position) for message in self.odometry]
        for (earlier, before), (later, after) in zip(odometry, odometry[1:]):
            self.assertLessEqual(math.hypot(after.x - before.x, after.y - before.y), 0.26 * (later - earlier) + 1e-6)

    def test_it_turns_to_the_left_and_tells_it_on_tf(self):
        self.stop()
        before = self.yaw()
        self.drive(0.0, 0.5, lambda: math.remainder(self.yaw() - before, 2 * math.pi) > 0.3, "a turn to the left")
        self.stop()
        buffer = tf2_ros.Buffer()
        listener = tf2_ros.TransformListener(buffer)
        wait_for(lambda: buffer.can_transform("odom", "base_scan", rospy.Time(0)), "the transform of the laser")
        rotation = buffer.lookup_transform("odom", "base_scan", rospy.Time(0)).transform.rotation
        self.assertAlmostEqual(2 * math.atan2(rotation.z, rotation.w), self.yaw(), places=3)
        listener.unregister()

    def test_without_commands_it_stands_still(self):
        self.drive(0.0, 1.0, lambda: self.odometry[-1].twist.twist.angular.z == 1.0, "turning")
        wait_for(lambda: self.odometry[-1].twist.twist == Twist(), "standstill without a command")

    def test_a_command_that_is_no_number_stops_it(self):
        self.drive(0.0, 1.0, lambda: self.odometry[-1].twist.twist.angular.z == 1.0, "turning")
        self.drive(float("nan"), 1.0, lambda: self.next(self.odometry).twist.twist == Twist(), "standstill")


if __name__ == "__main__":
    rospy.init_node("fake_turtlebot_test")
    rostest.rosrun("rehab_coach", "fake_turtlebot", FakeTurtlebotTest, sys.argv)
