#!/usr/bin/env python3
"""The closed loop: the whole coach with the virtual patient and the simulated robot, and Ctrl-C in the middle of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import rosgraph
import rostest

from rehab_coach.errors import RehabCoachError
from rehab_coach.ros.gazebo_packages import missing_gazebo_packages
from rehab_coach.ros.launched import check_alone
from rehab_coach.ros.testing import wait_for
from rehab_coach.simulation.live import missing

PROBLEM = missing()


@unittest.skipIf(PROBLEM, PROBLEM)
class SoakTest(unittest.TestCase):
    def test_rounds_agree_with_the_truth_and_an_interrupted_soak_keeps_them(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "rehab_coach.cli.main", "soak", "--out", folder, "--rounds", "50"]
            command += ["--seed", "27", "--duration", "6", "--early"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
            try:
                for event in ("Round 1: please", "Round 1: asked", "Round 2: asked", "Round 3: please"):
                    wait_for(lambda sign=event: sign in self.said(folder) or process.poll() is not None, event)
            finally:
                process.send_signal(signal.SIGINT)
                table, _ = process.communicate()
            self.assertEqual(process.returncode, 130, table)
            with open(os.path.join(folder, "soak.json")) as stream:
                result = json.load(stream)
        self.assertEqual((result["rounds"], result["inconsistent_rounds"], result["limit_violations"]), (2, 0, 0))
        self.assertTrue(result["early"])
        first, second = result["outcomes"]
        self.assertEqual((first["asked"], first["response"]), ("squat", "squat"))
        for outcome in (first, second):
            self.assertGreater(outcome["in_view"], 0.9)
            self.assertGreater(outcome["input_rate"], 0)
            self.assertIn(outcome["status"], ("recognised", "unknown"))
        self.assertIn("2 rounds", table)

    def test_a_second_coach_under_the_same_master_is_refused(self):
        check_alone()
        rosgraph.Master("/recorder").registerPublisher("/something", "std_msgs/String", "http://localhost:1/")
        with self.assertRaisesRegex(RehabCoachError, "a coach runs already at " + os.environ["ROS_MASTER_URI"]):
            check_alone()

    @unittest.skipUnless(missing_gazebo_packages(), "Gazebo is installed: gazebo.test tries it")
    def test_without_gazebo_it_says_what_is_missing(self):
        command = [sys.executable, "-m", "rehab_coach.cli.main", "soak", "--gazebo", "--out", "/dev/null/soak"]
        process = subprocess.run(command, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(process.returncode, 2)
        self.assertIn(missing_gazebo_packages()[0], process.stderr)

    @staticmethod
    def said(folder):
        path = os.path.join(folder, "roslaunch.log")
        if not os.path.exists(path):
            return ""
        with open(path) as stream:
            return stream.read()


if __name__ == "__main__":
    rostest.rosrun("rehab_coach", "soak", SoakTest)
