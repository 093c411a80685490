#!/usr/bin/env python3
"""An exercise is shown to the coach, who asks for it in the next round and recognises it; another one is added to the
folder while it runs."""

import os
import signal
import subprocess
import tempfile
import unittest

import rosgraph
import rospy
import rostest
import yaml

from rehab_coach.exercises import EXERCISES
from rehab_coach.msg import ActionClass, DisplayMessage, Exercises, Prediction
from rehab_coach.paths import share_path
from rehab_coach.recognition.enrolment import EnrolledExercise
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.simulation.live import missing

NEW = "side_bend"
PROBLEM = missing()


def configure(path, folder):
    """The configuration that ships, quicker, with a patient who does what she is asked for."""
    with open(share_path("config", "coach.yaml")) as stream:
        configuration = yaml.safe_load(stream)
    configuration["pick_action"].update(start_delay=0.0, pause=1.0, rounds=2, teach=NEW)
    configuration["recorder"].update(countdown=2.0, duration=6.0, showing=16.0, exercises_folder=folder)
    configuration["displayer"]["rate"] = 5.0
    configuration["virtual_patient"].update(rate=10.0, seed=1, obedience=1.0, faults=0.0, turned=10.0, duration=25.0)
    with open(path, "w") as stream:
        yaml.safe_dump(configuration, stream)


@unittest.skipIf(PROBLEM, PROBLEM)
class TeachingTest(unittest.TestCase):
    def test_what_is_shown_is_asked_for_and_recognised(self):
        actions, predictions, messages, known = [], [], [], []
        for topic, kind, heard in (
            ("action_class", ActionClass, actions),
            ("stgcn_prediction", Prediction, predictions),
            ("display_message", DisplayMessage, messages),
            ("exercises", Exercises, known),
        ):
            self.addCleanup(rospy.Subscriber(topic, kind, heard.append, queue_size=100).unregister)
        with tempfile.TemporaryDirectory() as folder:
            exercises, configuration = os.path.join(folder, "exercises"), os.path.join(folder, "coach.yaml")
            configure(configuration, exercises)
            coach = subprocess.Popen(
                ["roslaunch", "--no-summary", "rehab_coach", "demo.launch", "headless:=true", "voice:=off"]
                + ["config:=" + configuration],
                env=dict(os.environ, ROS_MASTER_URI=rosgraph.get_master_uri()),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
            )
            try:
                wait_for(lambda: any(one.status == "taught" for one in predictions), "what was learned", 2 * PATIENCE)
                shown = EnrolledExercise.load(os.path.join(exercises, NEW + ".safetensors"))
                wait_for(lambda: len(actions) > len(predictions) or len(predictions) > 1, "the next round")
                os.rename(shown.save(folder), os.path.join(exercises, "twin.safetensors"))  # label and name differ
                said = coach.communicate(timeout=PATIENCE)[0]
            finally:
                if coach.poll() is None:
                    coach.send_signal(signal.SIGINT)
                    coach.wait(PATIENCE)
        lessons = [action for action in actions if action.teach]
        asked = [action.label for action in actions if not action.teach]
        self.assertTrue(lessons and len(lessons) <= 2, said)
        self.assertEqual({action.label for action in lessons}, {NEW})
        self.assertEqual(asked[0], NEW, said)
        self.assertIn("Please show me side bend", messages[1].text + "".join(one.text for one in messages))
        (first,) = [one for one in predictions if one.round == actions[len(lessons)].round]
        self.assertEqual((first.status, first.label), ("recognised", NEW), said)
        self.assertEqual(known[0].labels, list(EXERCISES), said)
        self.assertIn(NEW, known[-1].labels)
        self.assertIn("twin.safetensors is left out: there is an exercise 'side_bend' already", said)
        correct = [one.text for one in messages if one.kind == DisplayMessage.CORRECT]
        self.assertIn("Well done! That was side bend", correct)
        for trouble in ("Traceback", "[ERROR]", "[FATAL]"):
            self.assertNotIn(trouble, said)


if __name__ == "__main__":
    rospy.init_node("teaching_test")
    rostest.rosrun("rehab_coach", "teaching", TeachingTest)
