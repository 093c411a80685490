#!/usr/bin/env python3
"""A cold start: empty caches, no home, no robot, no camera, then a bad one. The first round waits and is right."""

import os
import signal
import subprocess
import tempfile
import unittest

import rosgraph
import roslib.packages
import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Bool

from rehab_coach.msg import ActionClass, DisplayMessage, Prediction
from rehab_coach.paths import share_path
from rehab_coach.ros.testing import PATIENCE, thinned, wait_for
from rehab_coach.visits.store import VisitStore

SPACE = "/bot1"  # a coach in a namespace of its own
LAUNCH = """<launch><group ns="bot1">
  <include file="$(find rehab_coach)/launch/coach.launch">
    <arg name="headless" value="true"/> <arg name="voice" value="off"/> <arg name="rounds" value="1"/>
    <arg name="exercises" value="squat"/> <arg name="start_delay" value="0.5"/> <arg name="pause" value="0.5"/>
    <arg name="language" value="no"/> <arg name="patient" value="Åse"/>
    <arg name="database" value="{folder}/visits.sqlite"/>
  </include>
</group></launch>
"""


class ColdStart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "two_coaches.launch")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(LAUNCH.format(folder=folder.name))
        self.database = os.path.join(folder.name, "visits.sqlite")
        self.film = thinned(share_path("test", "data", "squat.mp4"), folder.name)
        # A home that nobody can write to; empty caches; no UTF-8.
        self.environment = dict(
            os.environ,
            HOME="/proc",
            ROS_HOME=folder.name,
            ROS_LOG_DIR=folder.name,
            XDG_CACHE_HOME=os.path.join(folder.name, "cache"),
            MPLCONFIGDIR=folder.name,
            LC_ALL="C",
        )
        self.messages, self.states, self.requests, self.predictions = [], {}, [], []
        for topic, kind, store in (
            ("/display_message", DisplayMessage, self.messages.append),
            ("/readiness", DiagnosticStatus, self.keep),
            ("/action_class", ActionClass, self.requests.append),
            ("/stgcn_prediction", Prediction, self.predictions.append),
        ):
            rospy.Subscriber(SPACE + topic, kind, store, queue_size=100)
        self.start(["roslaunch", "--no-summary", path], signal.SIGINT)

    def keep(self, message):
        self.states[message.name] = message

    def cause(self, name):
        return " ".join(each.value for each in self.states[name].values) if name in self.states else ""

    def start(self, command, end=signal.SIGTERM, **environment):
        """A process that is ended after the test at the latest; returns the function that ends it."""
        process = subprocess.Popen(command, env=dict(self.environment, **environment))

        def stop():
            if process.poll() is None:
                process.send_signal(end)
            process.wait(PATIENCE)

        self.addCleanup(stop)
        return stop

    def start_camera(self, **environment):
        program = roslib.packages.find_node("rehab_coach", "camera")[0]
        return self.start([program, "_source:=" + self.film, "__ns:=bot1"], **environment)

    def wait_for_text(self, words):
        wait_for(lambda: any(words in message.text for message in list(self.messages)), "'%s' on the screen" % words)

    def test_the_first_round_waits_says_for_what_and_is_right(self):
        self.wait_for_text("Gjør klar …")
        self.wait_for_text("Venter på kameraet. Jeg venter på roboten og laseren")
        self.assertIn("nobody publishes /bot1/camera/image/compressed", self.cause("recorder"))
        self.assertIn("nobody publishes /bot1/scan", self.cause("turtlebot_controller"))

        pictures = rospy.Publisher(SPACE + "/camera/image/compressed", CompressedImage, queue_size=2)
        timer = rospy.Timer(rospy.Duration(0.2), lambda _: pictures.publish(CompressedImage(data=b"no picture")))
        self.wait_for_text("Jeg kan ikke lese bildene fra kameraet: the picture is damaged")
        timer.shutdown()
        pictures.unregister()

        stop = self.start_camera(ROS_HOSTNAME="nowhere.invalid")
        wait_for(lambda: "nowhere.invalid" in self.cause("recorder"), "the address that leads nowhere")
        self.assertIn("set ROS_IP", self.cause("recorder"))
        stop()
        self.start_camera()
        wait_for(lambda: self.cause("recorder") == "" and "recorder" in self.states, "the recorder")
        self.assertEqual(self.requests, [])  # there is no robot yet
        self.start([roslib.packages.find_node("rehab_coach", "fake_turtlebot")[0], "__ns:=bot1"])

        self.wait_for_text("Kan jeg ta vare på resultatene dine, Åse?")
        consent = rospy.Publisher(SPACE + "/consent", Bool, queue_size=1, latch=True)
        consent.publish(True)
        self.assert_in_its_own_namespace()
        wait_for(lambda: self.predictions, "the end of the first round")
        self.assertEqual([request.round for request in self.requests], [1])
        (prediction,) = self.predictions
        self.assertEqual((prediction.round, prediction.status, prediction.label), (1, "recognised", "squat"))
        self.wait_for_text("Bra! Det var en knebøy")
        wait_for(lambda: self.kept_rounds() == [(1, "squat", "correct")], "the round in the database")
        self.assertFalse([message.text for message in self.messages if message.kind == "problem"])

    def kept_rounds(self):
        with VisitStore(self.database) as store:
            return [(one.number, one.asked, one.verdict) for one in store.rounds("Åse")]

    def assert_in_its_own_namespace(self):
        """Two coaches under one master share nothing but what all of ROS shares."""
        shared = {"/rosout", "/rosout_agg", "/diagnostics", "/tf", "/tf_static"}
        nodes = [
            [name for name, users in kind if any(each.startswith(SPACE) for each in users)]
            for kind in rosgraph.Master(rospy.get_name()).getSystemState()
        ]
        self.assertTrue(all(nodes))
        outside = {name for kind in nodes for name in kind if not name.startswith(SPACE + "/")}
        self.assertLessEqual(outside, shared)


if __name__ == "__main__":
    rospy.init_node("readiness_test")
    rostest.rosrun("rehab_coach", "readiness", ColdStart)
