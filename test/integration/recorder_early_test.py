#!/usr/bin/env python3
"""A round that ends early. The clock waits for the recorder: it sees 15 pictures a second, whatever the machine."""

import itertools
import threading
import unittest

import cv2
import numpy as np
import rospy
import rostest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage

from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction, PredictionSoFar, Skeleton
from rehab_coach.paths import share_path
from rehab_coach.ros.testing import wait_for
from rehab_coach.video import VideoSource

RATE = 15.0
AWAY = range(20, 55)
"""Pictures of the recording in which nobody is to be seen."""


class RecorderEarly(unittest.TestCase):
    def setUp(self):
        with VideoSource(share_path("test", "data", "squat.mp4")) as source:
            pictures = [picture for picture, _ in source.read(end=8.0)][::2]
        self.pictures = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
        self.empty = cv2.imencode(".jpg", np.full_like(pictures[0], 90))[1].tobytes()
        self.so_far, self.predictions, self.movements, self.messages = [], [], [], []
        self.estimated = threading.Event()
        for topic, kind, callback in (
            ("prediction_so_far", PredictionSoFar, self.so_far.append),
            ("stgcn_prediction", Prediction, self.predictions.append),
            ("movement", Movement, self.movements.append),
            ("display_message", DisplayMessage, self.messages.append),
            ("skeleton", Skeleton, lambda _: self.estimated.set()),
        ):
            rospy.Subscriber(topic, kind, callback, queue_size=1000)
        self.clock = rospy.Publisher("/clock", Clock, queue_size=10)
        self.camera = rospy.Publisher("camera/image/compressed", CompressedImage, queue_size=2)
        self.actions = rospy.Publisher("action_class", ActionClass, queue_size=1, latch=True)
        threading.Thread(target=self.play, daemon=True).start()

    def play(self):
        """One picture after the other, each when the one before was estimated."""
        for number in itertools.count():
            stamp = rospy.Time.from_sec(1000 + number / RATE)
            data = self.empty if len(self.so_far) in AWAY else self.pictures[number % len(self.pictures)]
            message = CompressedImage(format="jpeg", data=data)
            message.header.stamp = stamp
            self.estimated.clear()
            self.clock.publish(stamp)
            self.camera.publish(message)
            # Before the request nothing is estimated, and a picture may be lost while topics are connected.
            self.estimated.wait(2.0 if self.messages else 0.1)
            if rospy.is_shutdown() or self.predictions:
                return

    def test_somebody_leaves_comes_back_and_the_round_ends_early(self):
        wait_for(self.actions.get_num_connections, "the recorder")
        self.actions.publish(ActionClass(round=1, label="squat"))
        wait_for(lambda: self.movements, "the end of the round")
        (prediction,), (movement,) = self.predictions, self.movements
        self.assertEqual((prediction.status, prediction.label), ("recognised", "squat"))
        self.assertLess(prediction.frames, 20 * RATE)  # of the 60 seconds
        self.assertEqual(len(self.so_far), prediction.frames)
        (notice,) = [each.notice for each in self.so_far if each.notice]
        self.assertRegex(notice, r"the person was away for \d\.\d s")
        first, last = self.so_far[0], self.so_far[-1]
        self.assertEqual((first.label, first.stable, sum(first.probabilities)), ("unknown", False, 0.0))
        self.assertEqual((last.label, last.stable), ("squat", True))
        self.assertEqual(set(last.labels), set(prediction.labels))
        self.assertAlmostEqual(sum(last.probabilities), 1.0, places=4)
        self.assertGreaterEqual(len(movement.repetitions), 1)


if __name__ == "__main__":
    rospy.init_node("recorder_early_test")
    rostest.rosrun("rehab_coach", "recorder_early_test", RecorderEarly)
