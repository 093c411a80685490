#!/usr/bin/env python3
"""The whole coach on clips: every node, the real networks, from the request to the wheels."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from xmlrpc.client import ServerProxy

import rosgraph
import rosnode
import rospy
import rostest
import yaml
from geometry_msgs.msg import Twist

from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction, Skeleton
from rehab_coach.paths import share_path
from rehab_coach.ros.conversions import from_movement_message
from rehab_coach.ros.testing import close_window, thinned, wait_for, x_server
from rehab_coach.video import VideoSource
from rehab_coach.visits.store import VisitStore


class Coach:
    """demo.launch, and everything that it says: topic, message and when it came, in that order."""

    def __init__(self, clip, exercises, display=None, **changes):
        self.log = []
        self._listeners = [
            rospy.Subscriber(
                topic,
                kind,
                lambda message, name=topic: self.log.append((name, message, rospy.Time.now())),
                queue_size=1000,
            )
            for topic, kind in (
                ("action_class", ActionClass),
                ("stgcn_prediction", Prediction),
                ("cmd_vel", Twist),
                ("display_message", DisplayMessage),
                ("skeleton", Skeleton),
                ("movement", Movement),
            )
        ]
        with open(share_path("config", "coach.yaml")) as stream:
            configuration = yaml.safe_load(stream)
        configuration["pick_action"].update(
            start_delay=0.0, pause=4.0, rounds=len(exercises), exercises=exercises, order="listed"
        )
        configuration["displayer"]["rate"] = 5.0
        for node, values in changes.items():
            configuration[node].update(values)
        self._folder = tempfile.TemporaryDirectory()
        path = os.path.join(self._folder.name, "coach.yaml")
        with open(path, "w") as stream:
            yaml.safe_dump(configuration, stream)
        self.process = subprocess.Popen(
            [
                "roslaunch",
                "--no-summary",
                "rehab_coach",
                "demo.launch",
                "headless:=" + ("false" if display else "true"),
                "config:=" + path,
                "source:=" + thinned(share_path("test", "data", clip), self._folder.name),
            ],
            env=dict(os.environ, ROS_MASTER_URI=rosgraph.get_master_uri(), **({"DISPLAY": display} if display else {})),
        )

    def of(self, topic, **fields):
        return [
            message
            for name, message, _ in list(self.log)
            if name == topic and all(getattr(message, field) == value for field, value in fields.items())
        ]

    def velocities(self, after=0):
        return [(message.linear.x, message.angular.z) for name, message, _ in self.log[after:] if name == "cmd_vel"]

    @staticmethod
    def kill(node):
        """What a power cut does to a node."""
        api = rosnode.get_api_uri(rosgraph.Master(rospy.get_name()), node)
        os.kill(ServerProxy(api).getPid(rospy.get_name())[2], signal.SIGKILL)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        for listener in self._listeners:
            listener.unregister()
        self._folder.cleanup()


class Squat(unittest.TestCase):
    """The patient on the clip does squats."""

    def test_right_then_wrong(self):
        coach = Coach("squat.mp4", ["squat", "lunge"], recorder={"duration": 6.0})
        try:
            wait_for(lambda: coach.of("stgcn_prediction", round=1), "the first prediction")
            wait_for(lambda: coach.of("action_class", round=2), "the second request")
            # A late prediction of the round that is over changes nothing.
            stale = rospy.Publisher("stgcn_prediction", Prediction, queue_size=1)
            wait_for(lambda: stale.get_num_connections() >= 4, "the listeners of predictions")
            stale.publish(Prediction(round=1, status="recognised", label="lunge", confidence=0.99))
            wait_for(lambda: coach.process.poll() is not None, "the end of the last round")
        finally:
            coach.close()
        first, late = coach.of("stgcn_prediction", round=1)
        (second,) = coach.of("stgcn_prediction", round=2)
        self.assertEqual(late.label, "lunge")
        for prediction in (first, second):
            self.assertEqual((prediction.status, prediction.label), ("recognised", "squat"))
            self.assertGreater(prediction.frames, 5)
            self.assertGreater(prediction.frames_with_person, 0.9 * prediction.frames)
            self.assertAlmostEqual(sum(prediction.probabilities), 1, places=4)
            self.assertGreater(prediction.waiting_time, 0)
        answers = [message for message in coach.of("display_message") if message.kind in ("correct", "wrong")]
        self.assertEqual([(answer.round, answer.kind) for answer in answers], [(1, "correct"), (2, "wrong")])
        self.assertIn("squat", answers[1].text)
        self.assert_motion(coach)
        # From several nodes: what was said first may come second.
        said = sorted(coach.of("display_message", round=1), key=lambda message: message.header.stamp)
        kinds = [message.kind for message in said]
        self.assertEqual(kinds[0], "prompt")
        self.assertLess(kinds.index("countdown"), kinds.index("correct"))
        skeletons = coach.of("skeleton")
        self.assertGreaterEqual(len(skeletons), first.frames + second.frames)
        self.assertTrue(all(len(skeleton.key_points) in (0, 54) for skeleton in skeletons))

    def assert_motion(self, coach):
        """The robot moves after each answer, within its limits, never while it films, and stands at the end."""
        # By stamps: which of two topics comes first says little on a busy machine, but nothing comes before it is sent.
        filmed = {
            request.round: (request.header.stamp, coach.of("stgcn_prediction", round=request.round)[0].header.stamp)
            for request in coach.of("action_class")
        }
        moved = {1: 0, 2: 0}
        for topic, message, came in coach.log:
            if topic == "cmd_vel" and (message.linear.x, message.angular.z) != (0, 0):
                self.assertFalse([number for number, (begin, end) in filmed.items() if begin < came < end])
                self.assertLessEqual(abs(message.linear.x), 0.26)
                self.assertLessEqual(abs(message.angular.z), 1.82)
                moved[max(number for number, (begin, _) in filmed.items() if begin < came)] += 1
        self.assertTrue(moved[1] and moved[2], moved)
        self.assertEqual(coach.velocities()[-1], (0, 0))


class Nobody(unittest.TestCase):
    """An empty room."""

    def test_it_says_so_and_does_not_move(self):
        coach = Coach("scenes/nobody.mp4", ["squat"], recorder={"framing_timeout": 10.0, "countdown": 1.0})
        try:
            wait_for(lambda: coach.process.poll() is not None, "the end of the round")
        finally:
            coach.close()
        (prediction,) = coach.of("stgcn_prediction")
        self.assertEqual(prediction.status, "not_seen")
        advice = [message.text for message in coach.of("display_message", kind="info")]
        self.assertTrue(any("I cannot see you" in text for text in advice), advice)
        (answer,) = coach.of("display_message", kind="problem")
        self.assertEqual(answer.text, "I could not see you")
        self.assertFalse([velocity for velocity in coach.velocities() if velocity != (0, 0)])


class Killed(unittest.TestCase):
    """The recorder dies in the middle of a round and comes back."""

    def test_the_next_round_works(self):
        coach = Coach("squat.mp4", ["squat", "lunge"], recorder={"duration": 5.0}, pick_action={"round_timeout": 100.0})
        try:
            wait_for(lambda: coach.of("display_message", kind="recording"), "the recording")
            coach.kill("recorder")
            killed_at = len(coach.log)
            wait_for(lambda: coach.process.poll() is not None, "the end of the round")
        finally:
            coach.close()
        self.assertFalse([message for name, message, _ in coach.log[:killed_at] if name == "stgcn_prediction"])
        # The recorder that came back plays the round again, then the next one.
        self.assertEqual(
            [(prediction.round, prediction.status, prediction.label) for prediction in coach.of("stgcn_prediction")],
            [(1, "recognised", "squat"), (2, "recognised", "squat")],
        )
        self.assertTrue(coach.of("display_message", kind="correct", round=1))
        self.assertTrue(coach.of("display_message", kind="wrong", round=2))


class Kept(unittest.TestCase):
    """A patient who agreed; the keeper is killed just when there is something to keep."""

    def test_the_database_holds_exactly_the_rounds_and_their_movements(self):
        with tempfile.TemporaryDirectory() as folder:
            database = os.path.join(folder, "visits.sqlite")
            with VisitStore(database) as store:
                store.give_consent("P-017", "said yes")
            coach = Coach(
                "squat.mp4",
                ["squat", "lunge"],
                visit_keeper={"patient": "P-017", "database": database, "keep_skeletons": True},
            )
            try:
                wait_for(lambda: coach.of("stgcn_prediction", round=1), "the first prediction")
                coach.kill("visit_keeper")
                wait_for(lambda: coach.process.poll() is not None, "the end of the last round")
            finally:
                coach.close()
            with VisitStore(database) as store:
                rounds = store.rounds("P-017", skeletons=True)
        movements = coach.of("movement")
        self.assertEqual([movement.round for movement in movements], [1, 2])
        names = [name for name, _, _ in coach.log]
        self.assertLess(names.index("stgcn_prediction"), names.index("movement"))
        for movement, prediction in zip(movements, coach.of("stgcn_prediction")):
            self.assertEqual((movement.label, movement.prediction), ("squat", prediction))
            self.assertGreaterEqual(len(movement.repetitions), 2)  # the patient on the clip needs 3.3 s for each
            self.assertAlmostEqual(movement.duration, 10.0, delta=1.5)
            for repetition in movement.repetitions:
                self.assertTrue(0 <= repetition.start <= repetition.turn <= repetition.end <= movement.duration + 0.5)
        self.assertEqual(
            [(one.number, one.asked, one.verdict) for one in rounds], [(1, "squat", "correct"), (2, "lunge", "wrong")]
        )
        self.assertEqual(
            [repr(one.movement) for one in rounds], [repr(from_movement_message(each)) for each in movements]
        )
        self.assertGreaterEqual(len(rounds[1].skeleton), 0.9 * movements[1].prediction.frames)
        self.assertEqual({one.visit for one in rounds}, {1})


@unittest.skipUnless(shutil.which("Xvfb") and shutil.which("xdotool"), "Xvfb and xdotool have a window")
class Closed(unittest.TestCase):
    """The window is closed in mid round: all ends, the robot stands, and the rounds that are over are kept."""

    def test_all_ends_cleanly(self):
        with tempfile.TemporaryDirectory() as folder, x_server() as display:
            database, screen = os.path.join(folder, "visits.sqlite"), os.path.join(folder, "screen.mp4")
            with VisitStore(database) as store:
                store.give_consent("P-017", "said yes")
            coach = Coach(
                "squat.mp4",
                ["squat", "lunge"],
                display,
                recorder={"duration": 5.0},
                visit_keeper={"patient": "P-017", "database": database},
                displayer={"record": screen},
            )
            try:
                wait_for(lambda: coach.of("display_message", kind="recording", round=2), "the second recording")
                window = subprocess.check_output(["xdotool", "getwindowfocus"], env=dict(os.environ, DISPLAY=display))
                close_window(display, int(window))
                wait_for(lambda: coach.process.poll() is not None, "the end of all")
            finally:
                coach.close()
            with VisitStore(database) as store:
                kept = [(one.number, one.verdict) for one in store.rounds("P-017")]
            with VideoSource(screen) as film:
                self.assertGreater(film.duration, 10)
        self.assertEqual(kept, [(1, "correct")])
        self.assertEqual([prediction.round for prediction in coach.of("stgcn_prediction")], [1])
        moved = [velocity for velocity in coach.velocities() if velocity != (0, 0)]
        self.assertTrue(moved)
        self.assertEqual(coach.velocities()[-1], (0, 0))


class Broken(unittest.TestCase):
    """A set-up that cannot work is said on the screen and in the log, without a traceback."""

    def test_a_broken_model(self):
        with tempfile.NamedTemporaryFile(suffix=".safetensors") as model:
            model.write(b"no model")
            model.flush()
            coach = Coach("squat.mp4", ["squat"], recorder={"model": model.name})
            try:
                wait_for(lambda: coach.of("display_message", kind="problem"), "the message on the screen")
            finally:
                coach.close()
        self.assertIn("I cannot start", coach.of("display_message", kind="problem")[0].text)
        self.assertFalse(coach.of("action_class"))
        self.assertFalse([velocity for velocity in coach.velocities() if velocity != (0, 0)])


TESTS = {"squat": Squat, "nobody": Nobody, "killed": Killed, "kept": Kept, "closed": Closed, "broken": Broken}

if __name__ == "__main__":
    rospy.init_node("coach_test")
    which = TESTS[sys.argv[1]]
    rostest.rosrun("rehab_coach", "coach_" + sys.argv[1], which)
