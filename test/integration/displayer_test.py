#!/usr/bin/env python3
"""The displayer, as its neighbours see it: messages and pictures in, a film and calls of stop out."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import cv2
import numpy as np
import pygame
import roslib.packages
import rospy
import rostest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, SetBoolResponse

from rehab_coach.display import theme
from rehab_coach.display.renderer import Renderer
from rehab_coach.display.state import Phase, View
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.msg import ActionClass, DisplayMessage, Prediction, PredictionSoFar, Skeleton
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.skeleton import COCO_18
from rehab_coach.texts import load_texts

MAGENTA = (200, 30, 200)


class Screen:
    """A displayer under test, with everything that it listens to."""

    def __init__(self, namespace, environment=None, **parameters):
        self.topics = [
            rospy.Publisher(namespace + "/" + name, kind, queue_size=20)
            for name, kind in (
                ("display_message", DisplayMessage),
                ("action_class", ActionClass),
                ("stgcn_prediction", Prediction),
                ("prediction_so_far", PredictionSoFar),
                ("skeleton", Skeleton),
                ("stopped", Bool),
                ("camera/image/compressed", CompressedImage),
            )
        ]
        (self.messages, self.actions, self.predictions, self.so_far, self.skeletons, self.stopped, self.pictures) = (
            self.topics
        )
        self.log = tempfile.TemporaryFile()
        command = [roslib.packages.find_node("rehab_coach", "displayer")[0], "__ns:=" + namespace]
        self.process = subprocess.Popen(
            command + ["_{}:={}".format(name, value) for name, value in parameters.items()],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        wait_for(lambda: all(topic.get_num_connections() for topic in self.topics), "the displayer")

    def show_for(self, seconds, data=None):
        """Be a camera and a skeleton for a while."""
        data = jpeg() if data is None else data
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            picture = CompressedImage(format="jpeg", data=data)
            picture.header.stamp = rospy.Time.now()
            self.pictures.publish(picture)
            self.skeletons.publish(
                Skeleton(
                    header=picture.header, layout="coco_18", width=320, height=240, key_points=[160.0, 120.0, 0.9] * 18
                )
            )
            time.sleep(0.04)

    def say(self, text, kind, number, seconds=0.0):
        message = DisplayMessage(round=number, text=text, kind=kind, seconds=seconds)
        message.header.stamp = rospy.Time.now()
        self.messages.publish(message)

    def end(self, number=signal.SIGINT):
        """Exit code and log after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.log.seek(0)
        return code, self.log.read().decode("utf-8", "replace")


def jpeg(colour=MAGENTA):
    return cv2.imencode(".jpg", np.full((240, 320, 3), colour[::-1], np.uint8))[1].tobytes()


def film(path):
    capture = cv2.VideoCapture(path)
    pictures = []
    while True:
        good, picture = capture.read()
        if not good:
            return np.array(pictures)
        pictures.append(
            cv2.cvtColor(cv2.resize(picture, (256, 150), interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2RGB)
        )


def squatting(seconds):
    """COCO-18 key points (18, 3) of somebody who squats every 1.5 seconds, seen from the front."""
    down = 70 * (1 - np.cos(2 * np.pi * seconds / 1.5)) / 2
    points = np.zeros((18, 3), np.float32)
    for joint, x, y, moves in (
        ("nose", 0, 60, 1), ("neck", 0, 100, 1), ("right_eye", -8, 52, 1), ("left_eye", 8, 52, 1),
        ("right_ear", -14, 56, 1), ("left_ear", 14, 56, 1), ("right_shoulder", -40, 100, 1),
        ("left_shoulder", 40, 100, 1), ("right_elbow", -50, 160, 1), ("left_elbow", 50, 160, 1),
        ("right_wrist", -50, 215, 1), ("left_wrist", 50, 215, 1), ("right_hip", -25, 220, 1),
        ("left_hip", 25, 220, 1), ("right_knee", -28, 310, 0.3), ("left_knee", 28, 310, 0.3),
        ("right_ankle", -28, 400, 0), ("left_ankle", 28, 400, 0),
    ):  # fmt: skip
        points[COCO_18.index(joint)] = 320 + x, y + moves * down, 0.9
    return points


def last_picture(path):
    """The last one of a film, as large as it is, RGB."""
    capture, last = cv2.VideoCapture(path), None
    while True:
        good, picture = capture.read()
        if not good:
            return cv2.cvtColor(last, cv2.COLOR_BGR2RGB).astype(int)
        last = picture


def shares(pictures, colour):
    """For each picture the part of it that has nearly this colour."""
    return np.all(np.abs(pictures.astype(int) - colour) < 30, axis=3).mean(axis=(1, 2))


class Rounds(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "screen.mp4")

    def start(self, **parameters):
        parameters.setdefault("record", self.path)
        screen = Screen("/" + self.id().rsplit(".", 1)[-1], headless="true", **parameters)
        self.addCleanup(lambda: screen.process.poll() is None and screen.process.kill())
        return screen

    def test_a_round_is_shown_and_filmed(self):
        screen = self.start()
        started = time.monotonic()
        screen.show_for(1.0)
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Please do a squat", "prompt", 1)
        screen.show_for(0.6)
        screen.say("Get ready", "countdown", 1, 1.0)
        screen.show_for(1.0)
        screen.say("Go!", "recording", 1, 2.0)
        screen.show_for(2.2)
        screen.predictions.publish(Prediction(round=1, status="recognised", label="squat", confidence=0.9))
        screen.say("Well done! That was a squat", "correct", 1)
        screen.show_for(1.0)
        seconds = time.monotonic() - started
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        self.assertEqual(os.listdir(self.folder), ["screen.mp4"], log)
        pictures = film(self.path)
        self.assertGreaterEqual(len(pictures), 15 * seconds - 10)
        amber, coral, green = (shares(pictures, colour) for colour in (theme.AMBER, theme.CORAL, theme.GREEN))
        self.assertGreater(shares(pictures, MAGENTA)[-1], 0.1)  # the camera
        first_prompt = np.flatnonzero(amber < 0.01)[0]
        self.assertTrue((amber[5:first_prompt] > 0.04).all())  # "not a medical device"
        recording = np.flatnonzero(coral > 0.008)
        self.assertGreater(len(recording), 15)
        self.assertGreater(coral[recording[3]], 1.5 * coral[recording[-3]])  # the ring runs out
        self.assertTrue((green[-5:] > 0.2).all())
        self.assertTrue((green[: recording[-1]] < 0.02).all())

    def test_repetitions_are_counted_live_in_norwegian(self):
        screen = self.start(language="no")
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Ta en knebøy", "prompt", 1)
        screen.say("Kjør!", "recording", 1, 600.0)
        time.sleep(1.0)  # the two topics have connections of their own
        counter = RepetitionCounter("squat")
        begin = rospy.Time.now()
        for step in range(105):
            skeleton = Skeleton(layout="coco_18", width=640, height=480, key_points=squatting(step / 15).ravel())
            skeleton.header.stamp = begin + rospy.Duration(step / 15)
            counter.add(skeleton.header.stamp.to_sec(), squatting(step / 15), COCO_18)
            screen.skeletons.publish(skeleton)
            time.sleep(0.03)
        self.assertGreaterEqual(counter.count, 3)
        time.sleep(2.0)
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        shown = last_picture(self.path)
        pygame.font.init()

        def difference(count, language, part):
            """From the film, of what a count looks like in a language."""
            surface = pygame.Surface((1024, 600))
            view = View(Phase.RECORDING, "Ta en knebøy", label="squat", count=count, remaining=590.0, fraction=0.98)
            Renderer(surface, load_texts(language)).draw(view, None, 0.0)
            return np.abs(pygame.surfarray.array3d(surface).transpose(1, 0, 2).astype(int) - shown)[part].mean()

        digits, words = np.s_[220:420, 700:900], np.s_[450:530, 600:850]
        self.assertEqual(min(range(20), key=lambda count: difference(count, "no", digits)), counter.count)
        self.assertLess(difference(counter.count, "no", words), 0.5 * difference(counter.count, "en", words))

    def test_the_answer_grows_while_somebody_moves(self):
        screen = self.start()
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Please do a squat", "prompt", 1)
        screen.say("Go!", "recording", 1, 600.0)
        time.sleep(1.0)  # the topics have connections of their own
        labels = ["lunge", "squat", "unknown"]
        for step in range(40):
            squat = min(step / 30, 0.9)
            screen.so_far.publish(
                PredictionSoFar(
                    round=1,
                    label="squat" if step > 20 else "unknown",
                    labels=labels,
                    probabilities=[0.1 * (1 - squat), squat, 0.9 * (1 - squat)],
                )
            )
            time.sleep(0.05)
        time.sleep(1.0)
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        bars = film(self.path)[:, 96:136, 196:250]  # the right part of the lower right
        # Quiet until it is the answer, and in colour from then on; it only grows.
        quiet, answered = shares(bars, theme.MUTED), shares(bars, theme.ACCENT)
        self.assertGreater(quiet.max(), 0.02)
        self.assertGreater(answered[-1], 1.2 * quiet.max())
        self.assertLess(np.diff(answered[answered > 0.02]).min(initial=0.0), 0.02 + 1e-9)
        self.assertGreater(np.diff(answered[answered > 0.02]).min(initial=0.0), -0.02)

    def test_sigterm_in_a_recording_leaves_a_whole_film_and_garbage_is_skipped(self):
        screen = self.start()
        screen.show_for(1.2)
        for data in (b"", b"garbage", jpeg()[:200]):
            screen.show_for(0.4, data)
        screen.skeletons.publish(Skeleton(layout="seventeen", key_points=[1.0]))
        screen.skeletons.publish(Skeleton(layout="coco_18", key_points=[1.0]))
        screen.show_for(0.8, jpeg((20, 200, 220)))
        code, log = screen.end(signal.SIGTERM)
        self.assertEqual(code, 0, log)
        self.assertIn("is skipped", log)
        self.assertIn("unknown joint layout 'seventeen'", log)
        self.assertNotIn("Traceback", log)
        self.assertGreater(shares(film(self.path)[-3:], (20, 200, 220)).min(), 0.1)

    def test_a_silent_camera_is_told(self):
        screen = self.start(picture_timeout=0.5)
        screen.show_for(1.0)
        time.sleep(1.5)
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        magenta = shares(film(self.path), MAGENTA)
        self.assertGreater(magenta.max(), 0.1)
        self.assertLess(magenta[-5:].max(), 0.01)

    def test_a_recording_that_cannot_be_written_does_not_end_the_screen(self):
        screen = self.start(record="/proc/no/such/folder/screen.mp4")
        screen.show_for(0.5)
        self.assertIsNone(screen.process.poll())
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        self.assertIn("cannot write /proc/no/such/folder/screen.mp4", log)

    def test_a_wrong_parameter_ends_the_node_with_a_message(self):
        command = [roslib.packages.find_node("rehab_coach", "displayer")[0], "__ns:=/wrong", "_rate:=1000.0"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"/wrong/displayer/rate is 1000.0; it must be a number from 1.0 to 60.0", run.stdout)


@unittest.skipUnless(shutil.which("Xvfb") and shutil.which("xdotool"), "Xvfb and xdotool press the keys")
class Keys(unittest.TestCase):
    def setUp(self):
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "1280x800x24"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        with os.fdopen(read) as pipe:
            self.display = dict(os.environ, DISPLAY=":" + pipe.readline().strip())
        self.calls = []

    def press(self, key):
        # It fails when a busy X server does not let it in; then no key was pressed.
        wait_for(
            lambda: (
                subprocess.run(
                    ["xdotool", "key", key], env=self.display, timeout=PATIENCE, stderr=subprocess.DEVNULL
                ).returncode
                == 0
            ),
            "the key " + key,
        )

    def has_focus(self):
        """Without a window manager the window takes the keyboard by itself, a moment after it opens."""
        asked = subprocess.run(
            ["xdotool", "getwindowfocus", "getwindowname"],
            env=self.display,
            timeout=PATIENCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return b"Exercise coach" in asked.stdout

    def answer(self, request):
        self.calls.append(request.data)
        return SetBoolResponse(success=True)

    def start(self, namespace, **parameters):
        screen = Screen(namespace, self.display, **parameters)
        self.addCleanup(lambda: screen.process.poll() is None and screen.process.kill())
        wait_for(self.has_focus, "the window")
        return screen

    def test_escape_stops_space_releases_and_q_ends(self):
        service = rospy.Service("/keys/stop", SetBool, self.answer)
        self.addCleanup(service.shutdown)
        screen = self.start("/keys")
        self.press("space")  # nothing to release
        self.press("Escape")
        wait_for(lambda: self.calls, "the call of stop")
        self.press("Escape")
        wait_for(lambda: len(self.calls) == 2, "the second call of stop")
        self.assertEqual(self.calls, [True, True])
        self.press("space")
        wait_for(lambda: len(self.calls) == 3, "the release")
        self.assertFalse(self.calls[2])
        for _ in range(2):
            self.press("f")
            screen.show_for(0.5)
            wait_for(self.has_focus, "the keyboard to follow into and out of full screen")
        self.press("q")
        self.assertEqual(screen.process.wait(PATIENCE), 0, screen.end()[1])

    def test_y_and_n_answer_only_when_something_is_asked(self):
        answers = []
        rospy.Subscriber("/question/consent", Bool, lambda message: answers.append(message.data), queue_size=10)
        screen = self.start("/question")
        self.press("y")
        screen.say("May I keep your results?", "question", 0)
        screen.show_for(1.0)
        self.press("n")
        wait_for(lambda: answers, "the answer")
        self.press("y")
        wait_for(lambda: len(answers) == 2, "the other answer")
        screen.say("", "question", 0)
        screen.show_for(1.0)
        self.press("y")
        screen.show_for(0.5)
        self.press("q")
        screen.process.wait(PATIENCE)
        self.assertEqual(answers, [False, True])

    def test_a_stop_that_does_not_arrive_is_shown_and_repeated(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "screen.mp4")
        screen = self.start("/unreachable", record=path)
        self.press("Escape")
        wait_for(lambda: b"STOP THE ROBOT BY ITS POWER SWITCH" in self.read(screen.log), "the warning")
        service = rospy.Service("/unreachable/stop", SetBool, self.answer)
        self.addCleanup(service.shutdown)
        wait_for(lambda: self.calls, "the repeated call")
        self.assertTrue(self.calls[0])
        screen.show_for(0.5)
        screen.end()
        self.assertGreater(shares(film(path)[-3:], theme.RED).min(), 0.15)

    @staticmethod
    def read(log):
        return os.pread(log.fileno(), 1 << 20, 0)

    def test_a_stop_by_somebody_else_is_shown(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "screen.mp4")
        screen = self.start("/somebody", record=path)
        screen.stopped.publish(True)
        screen.show_for(0.6)
        screen.stopped.publish(False)
        screen.show_for(0.6)
        screen.end()
        red = shares(film(path), theme.RED)
        self.assertGreater(red.max(), 0.15)
        self.assertLess(red[-1], 0.02)


if __name__ == "__main__":
    rospy.init_node("displayer_test")
    suites = {"rounds": Rounds, "keys": Keys}
    name = sys.argv[1] if len(sys.argv) > 1 else "rounds"
    rostest.rosrun("rehab_coach", "displayer_" + name, suites[name])
