#!/usr/bin/env python3
"""The displayer, as its neighbours see it: messages and pictures in, a film and calls of stop out."""

import itertools
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
from PIL import ImageGrab
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, SetBoolResponse

from rehab_coach.display import theme
from rehab_coach.display.renderer import Renderer
from rehab_coach.display.state import Phase, View
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.msg import ActionClass, DisplayMessage, Prediction, PredictionSoFar, Skeleton
from rehab_coach.ros.testing import PATIENCE, close_window, wait_for, x_server
from rehab_coach.skeleton import COCO_18
from rehab_coach.texts import load_texts

MAGENTA, CYAN = (200, 30, 200), (20, 200, 220)


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

    def show_until(self, condition, what, data=None):
        """Be a camera and a skeleton until something has come."""
        data = jpeg() if data is None else data

        def show():
            picture = CompressedImage(format="jpeg", data=data)
            picture.header.stamp = rospy.Time.now()
            self.pictures.publish(picture)
            self.skeletons.publish(
                Skeleton(
                    header=picture.header, layout="coco_18", width=320, height=240, key_points=[160.0, 120.0, 0.9] * 18
                )
            )
            time.sleep(0.03)
            return condition()

        wait_for(show, what)

    def say(self, text, kind, number, seconds=0.0):
        message = DisplayMessage(round=number, text=text, kind=kind, seconds=seconds)
        message.header.stamp = rospy.Time.now()
        self.messages.publish(message)

    def has_logged(self, text):
        return text.encode() in os.pread(self.log.fileno(), 1 << 20, 0)

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


def shares(pictures, colour):
    """For each picture the part of it that has nearly this colour."""
    return np.all(np.abs(pictures.astype(int) - colour) < 30, axis=3).mean(axis=(1, 2))


@unittest.skipUnless(shutil.which("Xvfb"), "Xvfb is the screen")
class Watched(unittest.TestCase):
    """The displayer has a screen of its own, which the test looks at."""

    WIDTH, HEIGHT = 1280, 800

    def setUp(self):
        server = x_server(self.WIDTH, self.HEIGHT)
        self.display = dict(os.environ, DISPLAY=server.__enter__())
        self.addCleanup(server.__exit__, None, None, None)
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "screen.mp4")

    def start(self, namespace, **parameters):
        screen = Screen(namespace, self.display, **parameters)
        self.addCleanup(lambda: screen.process.poll() is None and screen.process.kill())
        return screen

    def look(self):
        """What the window shows now, (600, 1024, 3) RGB; it opens in the middle."""
        left, top = (self.WIDTH - 1024) // 2, (self.HEIGHT - 600) // 2
        try:
            picture = ImageGrab.grab((left, top, left + 1024, top + 600), xdisplay=self.display["DISPLAY"])
        except OSError:  # a busy X server does not let it in
            return np.zeros((600, 1024, 3), np.uint8)
        return np.asarray(picture.convert("RGB"))

    def share(self, colour):
        """The part of the window that has nearly this colour."""
        return shares(self.look()[None], colour)[0]


class Rounds(Watched):
    def start(self, **parameters):
        parameters.setdefault("record", self.path)
        return super().start("/" + self.id().rsplit(".", 1)[-1], **parameters)

    def test_a_round_is_shown_and_filmed(self):
        screen = self.start()
        screen.show_until(lambda: self.share(MAGENTA) > 0.1 and self.share(theme.AMBER) > 0.04, "the first screen")
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Please do a squat", "prompt", 1)
        screen.show_until(lambda: self.share(theme.AMBER) < 0.01, "the prompt")
        screen.say("Get ready", "countdown", 1, 1.0)
        screen.say("Go!", "recording", 1, 20.0)
        screen.show_until(lambda: self.share(theme.CORAL) > 0.008, "the recording")
        ring = self.share(theme.CORAL)
        screen.show_until(lambda: self.share(theme.CORAL) < ring / 1.5, "the ring to run out")
        screen.predictions.publish(Prediction(round=1, status="recognised", label="squat", confidence=0.9))
        screen.say("Well done! That was a squat", "correct", 1)
        screen.show_until(lambda: self.share(theme.GREEN) > 0.2, "the answer")
        code, log = screen.end()
        self.assertEqual(code, 0, log)
        self.assertEqual(os.listdir(self.folder), ["screen.mp4"], log)
        pictures = film(self.path)
        amber, coral, green = (shares(pictures, colour) for colour in (theme.AMBER, theme.CORAL, theme.GREEN))
        self.assertGreater(shares(pictures, MAGENTA)[-1], 0.1)  # the camera
        first_prompt = np.flatnonzero(amber < 0.01)[0]
        self.assertGreater(first_prompt, 0)
        self.assertTrue((amber[:first_prompt] > 0.04).all())  # "not a medical device"
        recording = np.flatnonzero(coral > 0.008)
        self.assertGreater(len(recording), 15)
        self.assertGreater(green[-1], 0.2)
        self.assertTrue((green[: recording[-1]] < 0.02).all())

    def test_repetitions_are_counted_live_in_norwegian(self):
        screen = self.start(language="no")
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Ta en knebøy", "prompt", 1)
        screen.say("Kjør!", "recording", 1, 999.0)
        pygame.font.init()

        def drawn(count, language):
            """What a count looks like in a language."""
            surface = pygame.Surface((1024, 600))
            view = View(Phase.RECORDING, "Ta en knebøy", label="squat", count=count, remaining=950.0, fraction=0.95)
            Renderer(surface, load_texts(language)).draw(view, None, 0.0)
            return pygame.surfarray.array3d(surface).transpose(1, 0, 2).astype(int)

        digits, words = np.s_[220:420, 700:900], np.s_[470:530, 600:785]  # below the ring, beside the seconds
        counts = [drawn(count, "no")[digits] for count in range(20)]
        counter = RepetitionCounter("squat")
        begin, steps = rospy.Time.now(), itertools.count()

        def squat_on():
            """One more second of squats; what the screen counts then."""
            for step in itertools.islice(steps, 15):
                skeleton = Skeleton(layout="coco_18", width=640, height=480, key_points=squatting(step / 15).ravel())
                skeleton.header.stamp = begin + rospy.Duration(step / 15)
                counter.add(skeleton.header.stamp.to_sec(), squatting(step / 15), COCO_18)
                screen.skeletons.publish(skeleton)
                time.sleep(0.03)
            shown = self.look()[digits]
            return min(range(20), key=lambda count: np.abs(counts[count] - shown).mean())

        wait_for(lambda: 3 <= squat_on() < 20, "three repetitions on the screen")
        self.assertLessEqual(squat_on(), counter.count)
        shown = self.look()[words]
        norwegian, english = (np.abs(drawn(3, language)[words] - shown).mean() for language in ("no", "en"))
        self.assertLess(norwegian, 0.5 * english)

    def test_the_answer_grows_while_somebody_moves(self):
        screen = self.start()
        screen.actions.publish(ActionClass(round=1, label="squat"))
        screen.say("Please do a squat", "prompt", 1)
        screen.say("Go!", "recording", 1, 600.0)

        def bars(colour, label, squat):
            """The part of the lower right that has a colour, once the recorder has said so."""
            probabilities = [0.1 * (1 - squat), squat, 0.9 * (1 - squat)]
            labels = ["lunge", "squat", "unknown"]
            screen.so_far.publish(PredictionSoFar(round=1, label=label, labels=labels, probabilities=probabilities))
            return shares(self.look()[None, 384:544, 784:1000], colour)[0]

        # Quiet until it is the answer, and in colour from then on; it grows.
        wait_for(lambda: bars(theme.MUTED, "unknown", 0.6) > 0.02, "the bars")
        self.assertLess(bars(theme.ACCENT, "unknown", 0.6), 0.005)
        wait_for(lambda: bars(theme.ACCENT, "squat", 0.7) > 0.02, "the answer")
        before = bars(theme.ACCENT, "squat", 0.7)
        wait_for(lambda: bars(theme.ACCENT, "squat", 0.9) > 1.1 * before, "the answer to grow")
        code, log = screen.end()
        self.assertEqual(code, 0, log)

    def test_sigterm_in_a_recording_leaves_a_whole_film_and_garbage_is_skipped(self):
        screen = self.start()
        screen.show_until(lambda: self.share(MAGENTA) > 0.1, "the camera")
        for data in (b"", b"garbage", jpeg()[:200]):
            screen.show_until(lambda: screen.has_logged("is skipped"), "the warning", data)
        screen.skeletons.publish(Skeleton(layout="seventeen", key_points=[1.0]))
        screen.skeletons.publish(Skeleton(layout="coco_18", key_points=[1.0]))
        wait_for(lambda: screen.has_logged("unknown joint layout 'seventeen'"), "the other warning")
        screen.show_until(lambda: self.share(CYAN) > 0.1, "the camera again", jpeg(CYAN))
        code, log = screen.end(signal.SIGTERM)
        self.assertEqual(code, 0, log)
        self.assertNotIn("Traceback", log)
        self.assertGreater(shares(film(self.path)[-1:], CYAN)[0], 0.1)

    def test_a_silent_camera_is_told(self):
        screen = self.start(picture_timeout=0.5)
        screen.show_until(lambda: self.share(MAGENTA) > 0.1, "the camera")
        wait_for(lambda: self.share(MAGENTA) < 0.01 < self.share(theme.AMBER), "its silence on the screen")
        code, log = screen.end()
        self.assertEqual(code, 0, log)

    def test_a_recording_that_cannot_be_written_does_not_end_the_screen(self):
        screen = self.start(record="/proc/no/such/folder/screen.mp4", headless="true")
        wait_for(lambda: screen.has_logged("cannot write /proc/no/such/folder/screen.mp4"), "the error")
        screen.show_until(lambda: screen.pictures.get_num_connections() == 1, "the listener")
        code, log = screen.end()
        self.assertEqual(code, 0, log)

    def test_a_wrong_parameter_ends_the_node_with_a_message(self):
        command = [roslib.packages.find_node("rehab_coach", "displayer")[0], "__ns:=/wrong", "_rate:=1000.0"]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"/wrong/displayer/rate is 1000.0; it must be a number from 1.0 to 60.0", run.stdout)


@unittest.skipUnless(shutil.which("xdotool"), "xdotool presses the keys")
class Keys(Watched):
    def setUp(self):
        super().setUp()
        self.calls = []

    def xdotool(self, *arguments):
        """What it says; None when it fails, as when a busy X server does not let it in."""
        run = subprocess.run(
            ["xdotool", *arguments],
            env=self.display,
            timeout=PATIENCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return run.stdout.decode().strip() if run.returncode == 0 else None

    def press(self, key):
        wait_for(lambda: self.xdotool("key", key) is not None, "the key " + key)

    def focus(self):
        """The displayer's window when it has the keyboard: it takes it by itself, a moment after it opens."""
        window = self.xdotool("getwindowfocus")
        return window if window and self.xdotool("getwindowname", window) == "Exercise coach" else None

    def answer(self, request):
        self.calls.append(request.data)
        return SetBoolResponse(success=True)

    def start(self, namespace, **parameters):
        screen = super().start(namespace, **parameters)
        wait_for(self.focus, "the window")
        return screen

    def test_escape_stops_space_releases_and_q_ends(self):
        service = rospy.Service("/keys/stop", SetBool, self.answer)
        self.addCleanup(service.shutdown)
        screen = self.start("/keys")
        self.press("space")  # nothing to release
        self.press("Escape")
        wait_for(lambda: self.calls, "the call of stop")
        self.press("Escape")
        wait_for(lambda: len(self.calls) > 1, "the second call of stop")
        self.assertTrue(all(self.calls))  # a stop whose answer is slow is called again
        self.press("space")
        wait_for(lambda: False in self.calls, "the release")
        for _ in range(2):
            before = self.focus()
            self.press("f")
            wait_for(lambda: self.focus() not in (None, before), "the keyboard to follow into and out of full screen")
        self.press("q")
        self.assertEqual(screen.process.wait(PATIENCE), 0, screen.end()[1])

    def test_a_closed_window_ends_it(self):
        screen = self.start("/closed", record=self.path)
        screen.show_until(lambda: self.share(MAGENTA) > 0.1, "the camera")
        close_window(self.display["DISPLAY"], int(self.focus()))
        code, log = screen.process.wait(PATIENCE), screen.end()[1]
        self.assertEqual(code, 0, log)
        self.assertNotIn("Traceback", log)
        self.assertGreater(shares(film(self.path)[-1:], MAGENTA)[0], 0.1)

    def test_y_and_n_answer_only_when_something_is_asked(self):
        service = rospy.Service("/question/stop", SetBool, self.answer)
        self.addCleanup(service.shutdown)
        answers = []
        consent = rospy.Subscriber("/question/consent", Bool, lambda message: answers.append(message.data))
        screen = self.start("/question")
        wait_for(consent.get_num_connections, "the answers")
        wait_for(lambda: self.share(theme.AMBER) > 0.04, "the first screen")
        self.press("y")
        self.press("Escape")
        wait_for(lambda: self.calls, "the call of stop, when the key before it was heard too")
        screen.say("May I keep your results?", "question", 0)
        wait_for(lambda: self.share(theme.AMBER) < 0.01, "the question")
        self.press("n")
        wait_for(lambda: answers, "the answer")
        self.press("y")
        wait_for(lambda: len(answers) == 2, "the other answer")
        screen.say("", "question", 0)
        wait_for(lambda: self.share(theme.AMBER) > 0.04, "the first screen again")
        self.press("y")
        self.press("q")
        screen.process.wait(PATIENCE)
        self.assertEqual(answers, [False, True])

    def test_a_stop_that_does_not_arrive_is_shown_and_repeated(self):
        screen = self.start("/unreachable")
        self.press("Escape")
        wait_for(lambda: screen.has_logged("STOP THE ROBOT BY ITS POWER SWITCH"), "the warning")
        wait_for(lambda: self.share(theme.RED) > 0.15, "the warning on the screen")
        service = rospy.Service("/unreachable/stop", SetBool, self.answer)
        self.addCleanup(service.shutdown)
        wait_for(lambda: self.calls, "the repeated call")
        self.assertTrue(self.calls[0])

    def test_a_stop_by_somebody_else_is_shown(self):
        screen = self.start("/somebody")
        screen.stopped.publish(True)
        wait_for(lambda: self.share(theme.RED) > 0.15, "the stop on the screen")
        screen.stopped.publish(False)
        wait_for(lambda: self.share(theme.RED) < 0.02, "the screen without it")


if __name__ == "__main__":
    rospy.init_node("displayer_test")
    suites = {"rounds": Rounds, "keys": Keys}
    name = sys.argv[1] if len(sys.argv) > 1 else "rounds"
    rostest.rosrun("rehab_coach", "displayer_" + name, suites[name])
