#!/usr/bin/env python3
"""The camera node with files that are made here, and with a webcam that comes and goes."""

import os
import subprocess
import tempfile
import unittest
from unittest import mock

import cv2
import numpy as np
import roslib.packages
import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CompressedImage

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import DisplayMessage
from rehab_coach.ros.camera import Camera
from rehab_coach.ros.testing import PATIENCE, wait_for


def grey(level, size=(160, 120)):
    return np.full((size[1], size[0], 3), level, np.uint8)


class CameraTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.pictures, self.messages, self.diagnostics = [], [], []
        for topic, kind, store in (
            ("camera/image/compressed", CompressedImage, self.pictures),
            ("display_message", DisplayMessage, self.messages),
            ("/diagnostics", DiagnosticArray, self.diagnostics),
        ):
            self.addCleanup(rospy.Subscriber(topic, kind, store.append, queue_size=1000).unregister)

    def make_video(self, levels, size=(160, 120), rate=20.0):
        path = os.path.join(self.folder, "video.avi")
        writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), rate, size)
        for level in levels:
            writer.write(grey(level, size))
        writer.release()
        return path

    def start(self, **parameters):
        program = roslib.packages.find_node("rehab_coach", "camera")[0]
        arguments = ["_{}:={}".format(name, value) for name, value in parameters.items()]
        process = subprocess.Popen(
            [program] + arguments, universal_newlines=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

        def end():
            process.terminate()
            process.communicate(timeout=PATIENCE)
            if rospy.has_param("/camera"):
                rospy.delete_param("/camera")

        self.addCleanup(end)
        return process

    def levels(self):
        return [
            int(cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR).mean())
            for picture in list(self.pictures)
        ]

    def test_a_video_is_played_again_and_again_in_real_time(self):
        self.start(source=self.make_video([40] * 10 + [200] * 10), frame_id="eye")
        wait_for(lambda: len(self.pictures) >= 50, "two and a half loops of the video")
        stamps = [picture.header.stamp.to_sec() for picture in self.pictures[:50]]
        self.assertTrue(all(before < after for before, after in zip(stamps, stamps[1:])))
        self.assertGreater(stamps[-1] - stamps[0], 2.0)  # 2.45 s; a slower machine only takes longer
        bright = np.array(self.levels()[:50]) > 120
        self.assertGreaterEqual(np.count_nonzero(np.diff(bright.astype(int))), 3)
        self.assertEqual({picture.header.frame_id for picture in self.pictures}, {"eye"})
        self.assertEqual({picture.format for picture in self.pictures}, {"jpeg"})

    def test_a_video_that_is_not_looped_ends_the_node(self):
        process = self.start(source=self.make_video([90] * 5), loop="false")
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_large_pictures_are_scaled_down(self):
        self.start(source=self.make_video([90] * 5, size=(1280, 720)))
        wait_for(lambda: self.pictures, "a picture")
        picture = cv2.imdecode(np.frombuffer(self.pictures[0].data, np.uint8), cv2.IMREAD_COLOR)
        self.assertEqual(picture.shape, (360, 640, 3))

    def test_a_directory_is_played_in_the_order_of_names(self):
        for name, level in (("b.png", 120), ("a.png", 30), ("c.png", 220)):
            cv2.imwrite(os.path.join(self.folder, name), grey(level))
        self.start(source=self.folder, rate=1)  # slow: a node that is late skips pictures
        wait_for(lambda: len(self.pictures) >= 4, "a loop of the directory and the next one's beginning")
        levels = self.levels()
        following = dict(zip(levels, levels[1:]))
        self.assertEqual({round(a, -1): round(b, -1) for a, b in following.items()}, {30: 120, 120: 220, 220: 30})

    def test_what_cannot_be_played_ends_the_node_with_a_message(self):
        text = os.path.join(self.folder, "text.mp4")
        with open(text, "w") as file:
            file.write("no video")
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        missing = os.path.join(self.folder, "missing.mp4")
        for parameters, words in (
            (dict(source=missing), "there is no video"),
            (dict(source=text), "is not a video"),
            (dict(source=empty), "holds no pictures"),
            (dict(source=0, jpeg_quality=101), "/camera/jpeg_quality is 101"),
        ):
            process = self.start(**parameters)
            output = process.communicate(timeout=PATIENCE)[0]
            self.assertEqual(process.returncode, 1, output)
            self.assertIn(words, output)
            self.assertNotIn("Traceback", output)
            rospy.delete_param("/camera")

    def test_a_missing_webcam_is_reported_and_waited_for(self):
        process = self.start(source=63, retry_delay=0.2)
        wait_for(
            lambda: any(
                "63" in status.message and status.level == 2 for array in self.diagnostics for status in array.status
            ),
            "the diagnostics",
        )
        wait_for(lambda: self.messages, "the message on the screen")
        self.assertEqual(self.messages[0].kind, DisplayMessage.PROBLEM)
        self.assertIsNone(process.poll())

    def test_a_webcam_that_is_unplugged_is_opened_again(self):
        opened, pictures = [], self.pictures

        class EndOfTest(Exception):
            pass

        class Webcam:
            """Three pictures, then unplugged; twice not there; then the same again."""

            def __init__(self, *_, **__):
                opened.append(self)
                if len(opened) > 6:
                    raise EndOfTest
                if len(opened) % 3:
                    raise RehabCoachError("webcam 0 cannot be opened")

            def read(self):
                for level in (50, 100, 150):
                    before = len(pictures)
                    yield grey(level), 0.0
                    wait_for(lambda: len(pictures) > before, "the picture that was read")

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

        rospy.set_param("~source", 0)
        rospy.set_param("~retry_delay", 0.1)
        with mock.patch("rehab_coach.ros.camera.VideoSource", Webcam):
            camera = Camera()
            self.addCleanup(camera.close)
            topics = camera._pictures, camera._messages
            wait_for(lambda: all(topic.get_num_connections() for topic in topics), "connections to this test")
            self.assertRaises(EndOfTest, camera.spin)
        wait_for(lambda: len(self.pictures) == 6, "the pictures of both times that the webcam was there")
        self.assertEqual(np.round(self.levels(), -1).tolist(), [50, 100, 150] * 2)
        wait_for(lambda: self.messages, "the message on the screen")


if __name__ == "__main__":
    rospy.init_node("camera_test")
    rostest.rosrun("rehab_coach", "camera", CameraTest)
