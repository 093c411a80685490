#!/usr/bin/env python3
"""Exercises that no catalogue knows, all the way: rendered, trained, asked for, recognised, answered, counted."""

import csv
import os
import signal
import subprocess
import tempfile
import unittest

import rosgraph
import rospy
import rostest
import yaml

from rehab_coach.exercises import EXERCISES, UNKNOWN
from rehab_coach.learning.run import Options, train_recipe
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction, Truth
from rehab_coach.paths import share_path
from rehab_coach.ros.testing import PATIENCE
from rehab_coach.simulation import Camera, Film, Scene
from rehab_coach.simulation.body import Body
from rehab_coach.simulation.live import missing
from rehab_coach.simulation.patient import someone

OWN = ("lateral_raise", "hip_hinge")
OTHERS = ("waving", "walking_in_place", "standing", "talking", "squat", "biceps_curl", "torso_twist")
RECIPE = {
    "labels": [*OWN, UNKNOWN],
    "sources": {"rendered": 1},
    "sets": {"rendered": "skeletons.csv"},
    "rate": 8,
    "window": 32,
    "streams": ["joint", "bone"],
    "channels": [24, 48],
    "strides": [2, 2],
    "windows": 2400,
    "batch": 32,
    "learning_rate": 0.01,
    "weight_average": 0.9,
    "augmentation": {"estimator_like": 0.3},
    "idle_share": 0.3,
}
PROBLEM = missing()


def train(folder):
    """A model of the two exercises, learned from the true places of the joints of two rendered people."""
    rows = []
    for person in range(2):
        body = Body(someone(person))
        for motion in OWN * 3 + OTHERS:
            number = len(rows)
            camera = Camera(yaw=(-30, 0, 30)[number % 3], look_at=1.0)
            options = {"start_phase": 0.37 * number % 1}
            film = Film(
                Scene(motion, 5.0, 15.0, seed=number, physique=someone(person), camera=camera, motion=options), body
            )
            film.sequence().save(os.path.join(folder, "%d.npz" % number))
            rows.append((motion if motion in OWN else UNKNOWN, "%d.npz" % number, "truth", "person %d" % person))
    with open(os.path.join(folder, "skeletons.csv"), "w", newline="") as stream:
        csv.writer(stream).writerows([("label", "file", "estimator", "group"), *rows])
    with open(os.path.join(folder, "recipe.yaml"), "w") as stream:
        yaml.safe_dump(RECIPE, stream)
    return train_recipe(os.path.join(folder, "recipe.yaml"), Options(folder, os.path.join(folder, "run"), loaders=0))


def configure(path):
    """The configuration that ships, quicker, with a name for one of the two exercises."""
    with open(share_path("config", "coach.yaml")) as stream:
        configuration = yaml.safe_load(stream)
    configuration["pick_action"].update(start_delay=0.0, pause=1.0, rounds=2, order="listed")
    configuration["recorder"].update(countdown=2.0, duration=8.0)
    configuration["displayer"]["rate"] = 5.0
    configuration["virtual_patient"].update(rate=10.0, seed=1, obedience=1.0, faults=0.0, turned=20.0)
    configuration["own_exercises"] = {OWN[0]: {"names": {"en": ["arm lift", "an arm lift"]}}}
    with open(path, "w") as stream:
        yaml.safe_dump(configuration, stream)


@unittest.skipIf(PROBLEM, PROBLEM)
class OwnExercises(unittest.TestCase):
    def setUp(self):
        self.heard = {}
        for topic, kind in (
            ("action_class", ActionClass),
            ("stgcn_prediction", Prediction),
            ("movement", Movement),
            ("display_message", DisplayMessage),
            ("virtual_patient/truth", Truth),
        ):
            messages = self.heard[topic] = []
            self.addCleanup(rospy.Subscriber(topic, kind, messages.append, queue_size=1000).unregister)

    def texts(self, kind):
        return [message.text for message in self.heard["display_message"] if message.kind == kind]

    def turns(self, movement):
        """How often the patient really was at a turning point while she was recorded."""
        begin = movement.header.stamp.to_sec()
        phases = [
            truth.phase if truth.repetition else 0.0
            for truth in self.heard["virtual_patient/truth"]
            if begin <= truth.header.stamp.to_sec() <= begin + movement.duration
        ]
        return sum(before < 0.5 <= after for before, after in zip(phases, phases[1:]))

    def test_two_that_are_none_of_the_six(self):
        self.assertFalse(set(OWN) & set(EXERCISES))
        with tempfile.TemporaryDirectory() as folder:
            configuration = os.path.join(folder, "coach.yaml")
            configure(configuration)
            command = ["roslaunch", "--no-summary", "rehab_coach", "demo.launch", "headless:=true", "voice:=off"]
            command += ["model:=" + train(folder), "config:=" + configuration]
            coach = subprocess.Popen(
                command,
                env=dict(os.environ, ROS_MASTER_URI=rosgraph.get_master_uri()),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
            )
            try:
                said = coach.communicate(timeout=PATIENCE)[0]
            finally:
                if coach.poll() is None:
                    coach.send_signal(signal.SIGINT)
                    coach.wait(PATIENCE)
        self.assertEqual([action.label for action in self.heard["action_class"]], list(OWN), said)
        self.assertEqual(self.texts("prompt"), ["Please do an arm lift", "Please do hip hinge"])
        self.assertEqual(
            [(prediction.status, prediction.label) for prediction in self.heard["stgcn_prediction"]],
            [("recognised", label) for label in OWN],
            said,
        )
        self.assertEqual(self.texts("correct"), ["Well done! That was an arm lift", "Well done! That was hip hinge"])
        self.assertEqual(self.texts("remark"), ["I do not judge this one yet"] * 2)
        for movement, label in zip(self.heard["movement"], OWN):
            self.assertEqual(movement.label, label)
            self.assertGreater(len(movement.repetitions), 0)
            self.assertAlmostEqual(len(movement.repetitions), self.turns(movement), delta=1)
        for trouble in ("Traceback", "[ERROR]", "[FATAL]", "cannot be measured", "not counted"):
            self.assertNotIn(trouble, said)


if __name__ == "__main__":
    rospy.init_node("own_exercises_test")
    rostest.rosrun("rehab_coach", "own_exercises", OwnExercises)
