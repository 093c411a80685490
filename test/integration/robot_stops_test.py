#!/usr/bin/env python3
"""What the robot does when controller or master are frozen or killed while it drives: it stops, and stays so."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

with socket.socket() as free:
    free.bind(("localhost", 0))
    PORT = free.getsockname()[1]
os.environ.update(ROS_MASTER_URI="http://localhost:%d" % PORT, ROS_HOSTNAME="localhost")

import rosgraph  # noqa: E402
import roslib.packages  # noqa: E402
import rospy  # noqa: E402
import rostest  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402

from rehab_coach.msg import ActionClass, Prediction  # noqa: E402
from rehab_coach.ros.testing import PATIENCE, wait_for  # noqa: E402

LONGEST = 4.0  # s of the motion
SPEED = 0.1  # m/s


class RobotStops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.master = subprocess.Popen(["rosmaster", "--core", "-p", str(PORT)])
        wait_for(rosgraph.is_master_online, "the master")
        rospy.init_node("robot_stops_test")
        rospy.set_param("/turtlebot_controller/motions", {"correct": [{"linear": SPEED, "seconds": LONGEST}]})
        cls.places, cls.speeds, cls.round = [], [], 0
        cls.log = tempfile.TemporaryFile()
        cls.asks = rospy.Publisher("action_class", ActionClass, queue_size=1)
        cls.predicts = rospy.Publisher("stgcn_prediction", Prediction, queue_size=1)
        rospy.Subscriber("odom", Odometry, cls.on_odometry, queue_size=100)
        cls.robot = cls.start("fake_turtlebot", "_walls:=[-50, 50, -2, 2]", "_patient:=[45, 0]")
        cls.controller = cls.start("turtlebot_controller")

    @classmethod
    def on_odometry(cls, message):
        cls.places.append(message.pose.pose.position.x)
        cls.speeds.append(message.twist.twist.linear.x)

    @classmethod
    def tearDownClass(cls):
        for process in (cls.controller, cls.robot, cls.master):
            process.kill()
            process.wait(PATIENCE)

    @classmethod
    def start(cls, node, *arguments):
        command = [roslib.packages.find_node("rehab_coach", node)[0], *arguments]
        return subprocess.Popen(command, stdout=cls.log, stderr=subprocess.STDOUT)

    def drive(self):
        """A motion begins."""
        wait_for(lambda: self.asks.get_num_connections() and self.predicts.get_num_connections(), "the controller")
        wait_for(lambda: self.speeds, "the robot")

        def moves():
            type(self).round += 1
            self.asks.publish(ActionClass(round=self.round, label="squat"))
            time.sleep(0.3)
            self.predicts.publish(Prediction(round=self.round, status="recognised", label="squat"))
            time.sleep(0.5)
            return self.speeds[-1] > 0

        wait_for(moves, "the motion")

    def expect_the_end(self):
        """It stands, and stays where it is."""
        wait_for(lambda: self.speeds[-1] == 0, "the robot to stop")
        count = len(self.places)
        wait_for(lambda: len(self.places) > count + 40, "more than a second of odometry")
        self.assertEqual(set(self.speeds[count:]), {0.0})
        self.assertAlmostEqual(self.places[-1], self.places[count], places=6)

    def test_1_a_frozen_controller(self):
        self.drive()
        began = self.places[-1]
        self.controller.send_signal(signal.SIGSTOP)
        self.expect_the_end()
        self.assertLess(self.places[-1] - began, SPEED * LONGEST / 2)  # its own watchdog ended it, not the motion
        self.controller.send_signal(signal.SIGCONT)
        self.expect_the_end()  # it does not drive on where it was frozen

    def test_2_a_killed_controller(self):
        self.drive()
        began = self.places[-1]
        self.controller.kill()
        self.controller.wait(PATIENCE)
        self.expect_the_end()
        self.assertLess(self.places[-1] - began, SPEED * LONGEST / 2)
        type(self).controller = self.start("turtlebot_controller")
        self.expect_the_end()

    def test_3_a_frozen_master(self):
        self.drive()
        self.master.send_signal(signal.SIGSTOP)
        self.expect_the_end()
        self.master.send_signal(signal.SIGCONT)

    def test_4_a_killed_master(self):
        self.drive()
        self.master.kill()
        self.expect_the_end()
        said = os.pread(self.log.fileno(), 1 << 20, 0).decode()
        self.assertNotIn("Traceback", said, said)


if __name__ == "__main__":
    rostest.rosrun("rehab_coach", "robot_stops", RobotStops)
