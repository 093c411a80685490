#!/usr/bin/env python3
"""The whole coach in Gazebo, where Gazebo is installed: asked, shown, recognised, answered, driven."""

import math
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import rospkg
import rospy
import rostest
from geometry_msgs.msg import Point, Pose
from nav_msgs.msg import Odometry

from rehab_coach.msg import ActionClass, DisplayMessage, Prediction, Truth
from rehab_coach.ros.gazebo_packages import missing_gazebo_packages
from rehab_coach.ros.testing import wait_for
from rehab_coach.simulation.gazebo.actor import obstacle_sdf
from rehab_coach.simulation.obedience import Obedience

PATIENCE = 400.0
MISSING = missing_gazebo_packages()
ASKED = ("jumping_jack", "squat", "jumping_jack")
AROUND = ((0.27, 0.0), (-0.27, 0.0), (0.0, 0.27), (0.0, -0.27))


def fitting_seed():
    """A patient who does the first and the third thing that she is asked for, and something else the second time."""
    for seed in range(10000):
        patient = Obedience(seed, 0.5, 0.0, 0.0)
        if [patient.respond(asked).right for asked in ASKED] == [True, False, True]:
            return seed
    raise AssertionError("no seed fits")


@unittest.skipIf(MISSING, "not installed: " + ", ".join(MISSING))
class GazeboTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.places, cls.messages, cls.predictions, cls.truths, cls.asked = [], [], [], [], []
        cls.subscribers = [
            rospy.Subscriber(topic, kind, store.append, queue_size=100)
            for topic, kind, store in (
                ("odom", Odometry, cls.places),
                ("display_message", DisplayMessage, cls.messages),
                ("stgcn_prediction", Prediction, cls.predictions),
                ("gazebo_patient/truth", Truth, cls.truths),
                ("action_class", ActionClass, cls.asked),
            )
        ]
        with open(os.path.join(rospkg.RosPack().get_path("rehab_coach"), "config", "coach.yaml")) as stream:
            text = stream.read()
        cls.folder = tempfile.TemporaryDirectory()
        config = os.path.join(cls.folder.name, "coach.yaml")
        with open(config, "w") as stream:  # she faces the camera and makes no faults: this is no test of the network
            stream.write(text.replace("turned: 50.0", "turned: 0.0").replace("faults: 0.25", "faults: 0.0"))
        arguments = {
            "config": config,
            "headless": "true",
            "voice": "off",
            "order": "listed",
            "exercises": ", ".join(ASKED),
            "rounds": "3",
            "pause": "8",
            "obedience": "0.5",
            "seed": str(fitting_seed()),
        }
        command = ["roslaunch", "rehab_coach", "simulation.launch"]
        cls.launch = subprocess.Popen(
            command + ["{}:={}".format(*argument) for argument in arguments.items()],
        )

        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        cls.launch.send_signal(signal.SIGINT)
        cls.launch.wait(timeout=60)
        cls.folder.cleanup()

    def answer(self, number):
        """The controller's answer in a round."""

        def answers():
            kinds = DisplayMessage.CORRECT, DisplayMessage.WRONG
            return [message for message in self.messages if message.round == number and message.kind in kinds]

        wait_for(answers, "the answer in round {}".format(number), PATIENCE)
        return answers()[0]

    def way(self, since):
        """Metres and radians that the robot has driven and turned since a number of odometry messages."""
        total = 0.0
        for before, after in zip(self.places[since:], self.places[since + 1 :]):
            (x, y, yaw), (to_x, to_y, to_yaw) = self.place(before), self.place(after)
            total += math.hypot(to_x - x, to_y - y) + abs(math.remainder(to_yaw - yaw, 2 * math.pi))
        return total

    @staticmethod
    def place(message):
        position, rotation = message.pose.pose.position, message.pose.pose.orientation
        return position.x, position.y, 2 * math.atan2(rotation.z, rotation.w)

    def truth_of(self, number):
        return [truth for truth in self.truths if truth.round == number][-1]

    def test_1_right(self):
        wait_for(lambda: self.places and self.truths and self.asked, "robot and patient", PATIENCE)
        start = len(self.places)
        answer = self.answer(1)
        self.assertEqual(self.truth_of(1).response, ASKED[0])
        self.assertLess(self.way(start), 0.05)  # it stands still while it films
        self.assertEqual(answer.kind, DisplayMessage.CORRECT)
        start = len(self.places)
        wait_for(lambda: self.way(start) > 0.8, "a wiggle", PATIENCE)

    def test_2_wrong(self):
        answer = self.answer(2)
        truth = self.truth_of(2)
        self.assertNotEqual(truth.response, ASKED[1])
        self.assertEqual(answer.kind, DisplayMessage.WRONG)
        start = len(self.places)
        wait_for(lambda: self.way(start) > 0.03, "a shake", PATIENCE)

    def test_3_surrounded_it_does_not_move(self):
        from gazebo_msgs.srv import SpawnModel

        wait_for(lambda: self.asked[-1].round == 3, "the third round", PATIENCE)
        spawn = rospy.ServiceProxy("gazebo/spawn_sdf_model", SpawnModel)
        x, y, _ = self.place(self.places[-1])
        for number, (right, left) in enumerate(AROUND):
            name = "post_%d" % number
            pose = Pose(position=Point(x + right, y + left, 0.0))
            pose.orientation.w = 1.0
            self.assertTrue(spawn(model_name=name, model_xml=obstacle_sdf(name, 0.03), initial_pose=pose).success)
        self.answer(3)
        start = len(self.places)
        wait_for(lambda: len(self.places) > start + 90, "three seconds of odometry", PATIENCE)
        self.assertLess(self.way(start), 0.02)


if __name__ == "__main__":
    rospy.init_node("gazebo_test")
    if MISSING:  # rosunit counts a skipped test as passed, so say it where people look
        rospy.logwarn("gazebo_test is SKIPPED, not installed: %s", ", ".join(MISSING))
    rostest.rosrun("rehab_coach", "gazebo", GazeboTest, sys.argv)
