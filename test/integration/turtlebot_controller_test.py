#!/usr/bin/env python3
"""The controller, as its neighbours see it: requests and predictions in, messages and velocities out."""

import itertools
import math
import signal
import subprocess
import sys
import threading
import time
import unittest

import roslib.packages
import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from rehab_coach.msg import ActionClass, DisplayMessage, Prediction
from rehab_coach.ros.testing import PATIENCE, wait_for

ROUNDS = itertools.count(1)


class Neighbours:
    """Everything around a controller in one namespace."""

    def __init__(self, namespace):
        self.velocities, self.messages, self.stopped = [], [], []
        self._node, self._round = namespace.strip("/") + "/turtlebot_controller", None
        self.asks = rospy.Publisher(namespace + "/action_class", ActionClass, queue_size=10)
        self.predicts = rospy.Publisher(namespace + "/stgcn_prediction", Prediction, queue_size=10)
        self.scans = rospy.Publisher(namespace + "/scan", LaserScan, queue_size=10)
        self._subscribers = [
            rospy.Subscriber(namespace + "/cmd_vel", Twist, self._on_velocity, queue_size=1000),
            rospy.Subscriber(namespace + "/display_message", DisplayMessage, self.messages.append, queue_size=100),
            rospy.Subscriber(
                namespace + "/stopped", Bool, lambda message: self.stopped.append(message.data), queue_size=10
            ),
        ]
        self._diagnostics = rospy.Subscriber("/diagnostics", DiagnosticArray, self._on_diagnostics, queue_size=10)
        self.stop = rospy.ServiceProxy(namespace + "/stop", SetBool)
        self._scan_of, self._scanning = None, None
        self.wait_for_controller()

    def wait_for_controller(self):
        wait_for(
            lambda: all(
                topic.get_num_connections() for topic in [self.asks, self.predicts, self.scans] + self._subscribers
            ),
            "the controller",
        )
        self.stop.wait_for_service(PATIENCE)

    def _on_velocity(self, twist):
        self.velocities.append((twist.linear.x, twist.angular.z))

    def _on_diagnostics(self, message):
        for status in message.status:
            if status.name == self._node + ": motion":
                self._round = {value.key: value.value for value in status.values}.get("round")

    def ask(self, label="squat"):
        """Begin a round: requests and predictions use two connections, so wait until the first was heard."""
        number = next(ROUNDS)
        self.asks.publish(ActionClass(round=number, label=label))
        wait_for(lambda: self._round == str(number), "round {} in the diagnostics".format(number))
        return number

    def predict(self, number, status, label="", confidence=0.9):
        self.predicts.publish(Prediction(round=number, status=status, label=label, confidence=confidence))

    def answer(self, status, label="", asked="squat"):
        """A whole round; returns its message, after the velocities of an earlier one were forgotten."""
        del self.velocities[:], self.messages[:]
        number = self.ask(asked)
        self.predict(number, status, label)
        wait_for(lambda: self.messages, "the answer")
        assert self.messages[0].round == number
        return self.messages[0]

    def moves(self):
        return [velocity for velocity in self.velocities if velocity != (0.0, 0.0)]

    def wait_for_motion(self):
        wait_for(self.moves, "a motion")

    def move_in_the_end(self, label):
        """Rounds until one moves the robot: nobody can see when a scan was heard."""

        def moved():
            self.answer("recognised", label)
            time.sleep(1.0)
            return self.moves()

        wait_for(moved, "a motion after a free scan")

    def wait_for_rest(self):
        """Until the final zeros came and nothing else followed for a while."""
        wait_for(lambda: self.velocities[-3:] == [(0.0, 0.0)] * 3, "the final zeros")
        number = len(self.moves())
        time.sleep(0.5)
        assert len(self.moves()) == number, "it moved again"

    def scan(self, *blocked, distance=2.0):
        """One scan of a free room, with something 0.2 m away in the directions given in degrees."""
        ranges = [0.2 if degree in blocked else distance for degree in range(360)]
        message = LaserScan(
            angle_min=0.0,
            angle_max=2 * math.pi,
            angle_increment=math.radians(1.0),
            range_min=0.12,
            range_max=3.5,
            ranges=ranges,
        )
        message.header.stamp = rospy.Time.now()
        self.scans.publish(message)

    def keep_scanning(self, *blocked):
        self._scan_of = blocked
        if self._scanning is None:
            self._scanning = threading.Thread(target=self._scan, daemon=True)
            self._scanning.start()
        time.sleep(1.0)

    def stop_scanning(self):
        self._scan_of = None
        if self._scanning is not None:
            self._scanning.join()
            self._scanning = None

    def _scan(self):
        while self._scan_of is not None:
            self.scan(*self._scan_of)
            time.sleep(0.1)


class AnswerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.robot = Neighbours("/free")

    def setUp(self):
        self.robot.ask()  # ends what an earlier test left
        time.sleep(0.5)

    def test_correct_moves_within_the_limits_and_ends_in_zeros(self):
        message = self.robot.answer("recognised", "squat")
        self.assertEqual((message.kind, message.text), ("correct", "Well done! That was a squat"))
        self.robot.wait_for_rest()
        self.assertEqual({(0.0, 1.5), (-0.2, 0.0)}, set(self.robot.moves()))

    def test_wrong_says_what_it_saw(self):
        message = self.robot.answer("recognised", "push_up", asked="lunge")
        self.assertEqual((message.kind, message.text), ("wrong", "I saw a push-up"))
        self.robot.wait_for_motion()

    def test_unknown_is_wrong_with_a_kind_text(self):
        message = self.robot.answer("unknown", "unknown", asked="lunge")
        self.assertEqual((message.kind, message.text), ("wrong", "I did not recognise that as a lunge"))
        self.robot.wait_for_rest()
        self.assertEqual({(0.0, 0.5)}, set(self.robot.moves()))

    def test_no_person_and_a_failure_are_problems_without_motion(self):
        for status in ("not_seen", "failed"):
            message = self.robot.answer(status)
            self.assertEqual(message.kind, "problem")
            time.sleep(0.5)
            self.assertEqual(self.robot.moves(), [])

    def test_a_failure_that_the_recorder_explained_is_not_talked_over(self):
        says = rospy.Publisher("/free/display_message", DisplayMessage, queue_size=10)
        self.addCleanup(says.unregister)
        wait_for(lambda: says.get_num_connections() == 2, "the listeners of messages")
        number = self.robot.ask()
        del self.robot.messages[:]
        says.publish(DisplayMessage(round=number, kind="problem", text="Please check the camera"))
        wait_for(lambda: self.robot.messages, "the explanation")
        time.sleep(1.5)  # the controller hears it on a connection of its own
        self.robot.predict(number, "failed")
        time.sleep(0.5)
        self.assertEqual([message.text for message in self.robot.messages], ["Please check the camera"])

    def test_a_prediction_of_another_round_is_ignored(self):
        del self.robot.messages[:]
        old, number = self.robot.ask(), self.robot.ask("lunge")
        self.robot.predict(old, "recognised", "squat")
        self.robot.predict(number + 1, "recognised", "lunge")
        self.robot.predict(number, "not_seen")
        wait_for(lambda: self.robot.messages, "the answer")
        time.sleep(0.5)
        self.assertEqual([(message.round, message.kind) for message in self.robot.messages], [(number, "problem")])

    def test_what_is_shown_is_not_judged_and_the_robot_rests_meanwhile(self):
        del self.robot.velocities[:], self.robot.messages[:]
        number = next(ROUNDS)
        self.robot.asks.publish(ActionClass(round=number, label="side_bend", teach=True))
        time.sleep(0.5)
        self.robot.predict(number, "taught", "side_bend")
        time.sleep(1.0)
        self.assertEqual((self.robot.messages, self.robot.moves()), ([], []))
        self.assertEqual(self.robot.answer("recognised", "squat").kind, "correct")
        self.robot.wait_for_motion()

    def test_a_round_is_answered_once(self):
        self.robot.answer("not_seen")
        number = self.robot.messages[0].round
        self.robot.predict(number, "recognised", "squat")
        time.sleep(0.5)
        self.assertEqual(len(self.robot.messages), 1)
        self.assertEqual(self.robot.moves(), [])

    def test_a_new_round_ends_the_motion(self):
        self.robot.answer("recognised", "lunge")
        self.robot.wait_for_motion()
        self.robot.ask()
        self.robot.wait_for_rest()

    def test_stop_ends_the_motion_and_stays_until_released(self):
        self.robot.answer("recognised", "lunge")
        self.robot.wait_for_motion()
        self.assertTrue(self.robot.stop(True).success)
        self.robot.wait_for_rest()
        wait_for(lambda: self.robot.stopped[-1], "the stop on the topic stopped")
        self.assertEqual(self.robot.answer("recognised", "squat").kind, "correct")
        time.sleep(0.5)
        self.assertEqual(self.robot.moves(), [])
        self.assertTrue(self.robot.stop(False).success)
        wait_for(lambda: not self.robot.stopped[-1], "the release on the topic stopped")
        self.robot.answer("recognised", "squat")
        self.robot.wait_for_motion()


class LaserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.robot = Neighbours("/laser")

    @classmethod
    def tearDownClass(cls):
        cls.robot.stop_scanning()

    def setUp(self):
        self.robot.ask()
        self.robot.stop_scanning()
        self.robot.scans.publish(LaserScan())  # not valid: the scans of an earlier test are still fresh

    def test_the_direction_of_motion_decides_what_is_in_the_way(self):
        self.robot.keep_scanning(180)  # behind
        self.robot.move_in_the_end("lunge")  # drives forwards
        self.robot.keep_scanning(0)
        self.robot.wait_for_rest()
        self.robot.answer("recognised", "lunge")
        time.sleep(0.5)
        self.assertEqual(self.robot.moves(), [])

    def test_something_beside_the_robot_forbids_turning(self):
        self.robot.keep_scanning(90)
        self.robot.answer("recognised", "squat")
        time.sleep(0.5)
        self.assertEqual(self.robot.moves(), [])
        self.robot.keep_scanning()
        self.robot.move_in_the_end("squat")

    def test_a_broken_scan_ends_the_motion(self):
        self.robot.keep_scanning()
        self.robot.move_in_the_end("lunge")
        self.robot.stop_scanning()
        self.robot.scans.publish(LaserScan())
        self.robot.wait_for_rest()


class SilenceTest(unittest.TestCase):
    """The age of scans."""

    def test_a_robot_moves_only_while_scans_come(self):
        robot = Neighbours("/silence")
        self.addCleanup(robot.stop_scanning)
        self.assertEqual(robot.answer("recognised", "lunge").kind, "wrong")
        time.sleep(1.0)
        self.assertEqual(robot.moves(), [])
        robot.keep_scanning()
        robot.move_in_the_end("lunge")
        robot.stop_scanning()
        robot.wait_for_rest()


class EndTest(unittest.TestCase):
    """Controllers that are started here, because they are to end."""

    def start(self, *arguments):
        program = roslib.packages.find_node("rehab_coach", "turtlebot_controller")[0]
        command = [program, "__ns:=/ending", "_require_scan:=false", "_diagnostic_period:=0.2"]
        process = subprocess.Popen(
            command + list(arguments), universal_newlines=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def drive_and_end_by(self, number):
        rospy.set_param("/ending/turtlebot_controller/motions/correct", [{"linear": 0.1, "seconds": 4.0}])
        process = self.start()
        robot = Neighbours("/ending")
        robot.answer("recognised", "squat")
        robot.wait_for_motion()
        process.send_signal(number)
        process.wait(PATIENCE)
        return robot

    def test_an_interrupted_controller_leaves_zeros_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            robot = self.drive_and_end_by(number)
            wait_for(lambda: robot.velocities[-2:] == [(0.0, 0.0)] * 2, "the zeros")

    def test_a_killed_controller_sends_zeros_when_it_comes_back(self):
        robot = self.drive_and_end_by(signal.SIGKILL)
        time.sleep(0.5)
        self.assertNotEqual(robot.velocities[-1], (0.0, 0.0))  # nothing can be sent then
        self.start()
        wait_for(lambda: robot.velocities[-3:] == [(0.0, 0.0)] * 3, "zeros of the new controller")

    def test_the_stop_outlives_the_controller(self):
        process = self.start()
        robot = Neighbours("/ending")
        robot.stop(True)
        process.kill()
        process.wait(PATIENCE)
        self.start()
        robot.stopped[:] = []
        wait_for(lambda: robot.stopped == [True], "the stop that is still on")
        rospy.delete_param("/ending/turtlebot_controller/stopped")

    def test_a_wrong_parameter_ends_it_with_its_name(self):
        for name, value, words in (
            ("stop_distance", "near", "/turtlebot_controller/stop_distance is 'near'"),
            ("linear_limit", "0.5", "a number from 0.0 to 0.26"),
            ("motions", "{correct: [{linear: 1.0}]}", "segment 1 of"),
            ("motions", "{corect: []}", "it may have them for: correct, wrong"),
        ):
            process = self.start("_{}:={}".format(name, value))
            output = process.communicate(timeout=PATIENCE)[0]
            self.assertEqual(process.returncode, 1)
            self.assertIn(words, output)
            self.assertNotIn("Traceback", output)
            rospy.delete_param("/ending/turtlebot_controller/" + name)


if __name__ == "__main__":
    rospy.init_node("turtlebot_controller_test", anonymous=True)
    case = {"answers": AnswerTest, "laser": LaserTest, "silence": SilenceTest, "end": EndTest}[sys.argv[1]]
    rostest.rosrun("rehab_coach", "turtlebot_controller_" + sys.argv[1], case)
