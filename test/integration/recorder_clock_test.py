#!/usr/bin/env python3
"""Rounds on a clock that is missing, that begins anew as a looped bag does, and that somebody sets by an hour."""

import subprocess
import threading
import time
import unittest

import cv2
import roslib.packages
import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticStatus
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage

from rehab_coach.msg import DisplayMessage, Prediction
from rehab_coach.paths import share_path
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.video import VideoSource

BAG = 6.0  # s, then it begins anew
JUMPS = {3: 3600.0, 4: -3600.0}  # s, by how much the clock is set in the middle of a round


class RecorderClock(unittest.TestCase):
    def setUp(self):
        with VideoSource(share_path("test", "data", "squat.mp4")) as source:
            self.pictures = [cv2.imencode(".jpg", picture)[1].tobytes() for picture, _ in source.read(end=BAG)][::2]
        self.set, self.back, self.over = 0.0, 0, threading.Event()
        self.predictions, self.messages, self.filmed = [], [], set()
        rospy.Subscriber("stgcn_prediction", Prediction, self.predictions.append, queue_size=10)
        rospy.Subscriber("display_message", DisplayMessage, self.on_message, queue_size=100)
        self.clock = rospy.Publisher("/clock", Clock, queue_size=10)
        self.camera = rospy.Publisher("camera/image/compressed", CompressedImage, queue_size=2)
        self.ready = rospy.Publisher("readiness", DiagnosticStatus, queue_size=1, latch=True)
        self.ready.publish(DiagnosticStatus(name="turtlebot_controller"))

    def on_message(self, message):
        self.messages.append(message)
        if message.kind == "recording" and message.round not in self.filmed:
            self.filmed.add(message.round)
            self.set += JUMPS.get(message.round, 0.0)

    def play(self):
        """The looped bag: pictures and clock."""
        while not self.over.is_set():
            for number, picture in enumerate(self.pictures):
                stamp = rospy.Time.from_sec(1e6 + self.set + number * BAG / len(self.pictures))
                self.clock.publish(stamp)
                message = CompressedImage(format="jpeg", data=picture)
                message.header.stamp = stamp
                self.camera.publish(message)
                time.sleep(BAG / len(self.pictures))
            self.back += 1

    def test_every_round_is_made(self):
        program = roslib.packages.find_node("rehab_coach", "pick_action")[0]
        arguments = ["_rounds:=4", "_exercises:=squat", "_start_delay:=0.5", "_pause:=0.5"]
        process = subprocess.Popen([program] + arguments)
        self.addCleanup(process.kill)
        wait_for(
            lambda: [each for each in self.messages if "my set-up" in each.text], "the missing clock on the screen"
        )
        player = threading.Thread(target=self.play, daemon=True)
        player.start()
        self.addCleanup(player.join)
        self.addCleanup(self.over.set)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(
            [(each.round, each.status, each.label) for each in self.predictions],
            [(number, "recognised", "squat") for number in (1, 2, 3, 4)],
        )
        self.assertGreaterEqual(self.back, 2)
        self.assertTrue(all(0 <= each.waiting_time < 60 and each.frames > 5 for each in self.predictions))
        self.assertFalse([each.text for each in self.messages if each.kind == "problem"])


if __name__ == "__main__":
    rospy.init_node("recorder_clock_test")
    rostest.rosrun("rehab_coach", "recorder_clock", RecorderClock)
