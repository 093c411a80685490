#!/usr/bin/env python3
"""Who stands before the robot: bags of what sensor and camera saw are played to the question on the screen."""

import contextlib
import io
import itertools
import os
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

import numpy as np
import rosbag
import roslib.packages
import rospy
import rostest
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Imu
from std_msgs.msg import Bool

from rehab_coach.cli.main import main
from rehab_coach.inertial.virtual import virtual_sensor
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Patient, Prediction, Skeleton
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.simulation.body import Body, Physique, load_model
from rehab_coach.simulation.render import Film, Scene
from rehab_coach.texts import load_texts
from rehab_coach.visits.store import VisitStore

# Who there is: body, how the sensor sits at the lower back (degrees), how she squats.
PEOPLE = {
    "P-017": (Physique("female", 25, 1.55, 50), (0, -10, 0), {"period": 2.4, "depth": 1.0}),
    "P-018": (Physique("male", 50, 1.90, 95), (90, 20, 15), {"period": 3.0, "depth": 0.7, "asymmetry": 0.5}),
    "a stranger": (Physique("male", 14, 1.60, 50), (-60, 5, -90), {"period": 2.0, "depth": 0.8, "asymmetry": -0.5}),
}
RATE, CAMERA_RATE, DURATION, COUNTDOWN = 50, 10, 12.0, 1.0
SPEED = 8  # a bag is played so many times as fast as it was recorded
NAMESPACES = itertools.count(1)
ROUNDS = itertools.count(1)


class Take:
    """Messages of one round: what people wear and what the camera sees, in simulated seconds."""

    def __init__(self, person, body, take):
        _, seat, habits = PEOPLE[person]
        random = np.random.default_rng(take)
        motion = dict(
            habits, period=habits["period"] * (1 + 0.02 * random.standard_normal()), start_phase=random.random()
        )
        seed = sorted(PEOPLE).index(person)
        film = Film(Scene("squat", DURATION, RATE, seed=seed, physique=body.physique, motion=motion), body)
        bone = body.skeleton.labels.index("root")
        performance = film.subject.performance
        axes = performance.rotations[:, bone] @ Rotation.from_euler("xyz", seat, degrees=True).as_matrix()
        self.series = virtual_sensor(film.motion.stamps, performance.heads[:, bone], np.swapaxes(axes, 1, 2))
        noise = random.standard_normal((2, len(self.series), 3))
        self.acceleration = self.series.accelerometer + 0.05 * noise[0]
        self.turn = self.series.gyroscope + 0.01 * noise[1]
        self.skeleton = film.sequence()[:: RATE // CAMERA_RATE]
        self.number, self.stamp = next(ROUNDS), 0.0

    def write(self, bag, start, spoil):
        """A round from the request to the movement, which begins at a time; `spoil` changes what the sensor gives."""
        self.stamp = start
        action = ActionClass(round=self.number, label="squat")
        action.header.stamp = rospy.Time.from_sec(start)
        bag.write("action_class", action, action.header.stamp)
        begin = start + COUNTDOWN
        times = np.arange(-COUNTDOWN, DURATION + 0.3, 1 / RATE)  # the sensor gives all the time
        nearest = np.clip(np.round(times * RATE).astype(int), 0, len(self.series) - 1)
        samples = [self._sample(begin + time, index) for time, index in zip(times, nearest)]
        for came, sample in spoil([(begin + time, sample) for time, sample in zip(times, samples)]):
            bag.write("imu/data", sample, rospy.Time.from_sec(came))
        for stamp, points in zip(self.skeleton.stamps, self.skeleton.key_points):
            message = Skeleton(layout="coco_18", width=640, height=480, key_points=points.ravel().tolist())
            message.header.stamp = rospy.Time.from_sec(begin + stamp)
            bag.write("skeleton", message, message.header.stamp + rospy.Duration(0.1))
        prediction = Prediction(
            round=self.number, status="recognised", label="squat", confidence=0.9, frames=len(self.skeleton)
        )
        prediction.waiting_time = 0.2
        prediction.header.stamp = rospy.Time.from_sec(begin + self.skeleton.stamps[-1] + 0.2)
        bag.write("stgcn_prediction", prediction, prediction.header.stamp)
        movement = Movement(round=self.number, label="squat", duration=self.skeleton.duration, measured_by="a test")
        movement.request, movement.prediction = action, prediction
        movement.header.stamp = rospy.Time.from_sec(begin)
        bag.write("movement", movement, prediction.header.stamp + rospy.Duration(0.1))
        return prediction.header.stamp.to_sec() + 5.0

    def _sample(self, stamp, index):
        message = Imu()
        message.header.stamp, message.header.frame_id = rospy.Time.from_sec(stamp), "lumbar"
        message.orientation_covariance[0] = -1
        for field, values in (("linear_acceleration", self.acceleration), ("angular_velocity", self.turn)):
            vector = getattr(message, field)
            vector.x, vector.y, vector.z = (float(value) for value in values[index])
        return message


class IdentifierTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        model = load_model()
        cls.bodies = {name: Body(physique, model) for name, (physique, _, _) in PEOPLE.items()}
        cls.pristine = os.path.join(cls.folder, "enrolled.sqlite")
        with VisitStore(cls.pristine) as store:
            for name in ("P-017", "P-018"):
                store.give_consent(name, "said yes")
        for name in ("P-017", "P-018"):
            bag = cls.bag(name, takes=(0, 1, 2))
            with mock.patch("builtins.input", lambda question: "y"), contextlib.redirect_stdout(io.StringIO()):
                assert main(["patient", "enrol", name, "--database", cls.pristine, "--bag", bag]) == 0

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def bag(cls, person, takes=(9,), spoilt=(lambda samples: samples,)):
        """Path of a bag with rounds of one person: each take, as the sensor gave it or spoilt in each of the ways."""
        number = next(ROUNDS)
        path, start = os.path.join(cls.folder, "%s_%d.bag" % (person, number)), 1700000000.0 + 100 * number
        with rosbag.Bag(path, "w") as bag:
            for take, spoil in itertools.product(takes, spoilt):
                start = Take(person, cls.bodies[person], take).write(bag, start, spoil)
        return path

    def setUp(self):
        self.database = os.path.join(self.folder, "%s.sqlite" % self.id())
        shutil.copy(self.pristine, self.database)
        self.namespace = "/identifier_%d" % next(NAMESPACES)
        self.patients, self.messages, self.processes, self.logs = [], [], {}, {}
        for name, kind, kept in (
            ("patient", Patient, self.patients),
            ("display_message", DisplayMessage, self.messages),
        ):
            subscriber = rospy.Subscriber("%s/%s" % (self.namespace, name), kind, kept.append, queue_size=50)
            self.addCleanup(subscriber.unregister)
        self.movements = rospy.Publisher(self.namespace + "/movement", Movement, queue_size=5)  # to see who listens
        self.addCleanup(self.movements.unregister)
        self.consent = rospy.Publisher(self.namespace + "/consent", Bool, queue_size=5)
        self.addCleanup(self.consent.unregister)

    def start(self, node, **parameters):
        path = roslib.packages.find_node("rehab_coach", node)[0]
        command = [path, "__ns:=" + self.namespace, "_database:=" + self.database]
        self.logs[node] = tempfile.TemporaryFile()
        process = subprocess.Popen(
            command + ["_%s:=%s" % item for item in parameters.items()],
            stdout=self.logs[node],
            stderr=subprocess.STDOUT,
        )
        self.processes[node] = process
        self.addCleanup(lambda: (process.terminate(), process.wait(PATIENCE)))

    def said(self, node="identifier"):
        return os.pread(self.logs[node].fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def play(self, path, rounds=1):
        """Play a bag to the nodes; returns what they said of its last round."""
        before = len(self.patients)
        # The delay is for the connections: rosbag can only wait for subscribers of everything that it plays.
        command = ["rosbag", "play", "--quiet", "--delay", "2", "--rate", str(SPEED), path]
        topics = ("action_class", "imu/data", "skeleton", "stgcn_prediction", "movement")
        remapped = ["%s:=%s/%s" % (topic, self.namespace, topic) for topic in topics]
        listening = len(self.processes)
        wait_for(lambda: self.movements.get_num_connections() == listening, "the nodes")
        subprocess.run(command + remapped, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
        wait_for(lambda: len(self.patients) == before + rounds, "who did the rounds")
        return self.patients[-1]

    def questions(self):
        return [one.text for one in self.messages if one.kind == DisplayMessage.QUESTION and one.text]

    def kept(self):
        with VisitStore(self.database) as store:
            return {one.name: one.rounds for one in store.patients()}

    def test_only_a_yes_brings_a_round_into_a_file_and_the_right_one(self):
        self.start("identifier")
        self.start("visit_keeper", identify="true")
        found = self.play(self.bag("a stranger"))
        self.assertEqual((found.name, found.source), ("", "imu + skeleton"))
        wait_for(lambda: "is not kept" in self.said("visit_keeper"), "the word that nothing is kept")
        self.assertEqual(self.questions(), [])

        found = self.play(self.bag("P-018"))
        self.assertEqual((found.name, found.source), ("P-018", "imu + skeleton"))
        self.assertGreater(found.confidence, 0.5)
        wait_for(self.questions, "the question")
        self.assertEqual(self.questions(), [load_texts()("are_you", patient="P-018")])
        self.assertEqual(self.kept(), {"P-017": 0, "P-018": 0})
        self.consent.publish(True)
        wait_for(lambda: self.kept() == {"P-017": 0, "P-018": 1}, "the visit")

        found = self.play(self.bag("P-017"))
        self.assertEqual(found.name, "P-017")
        wait_for(lambda: len(self.questions()) == 2, "the question of the next person")
        self.consent.publish(False)
        wait_for(lambda: "nobody said that it was P-017" in self.said("visit_keeper"), "the word that nothing is kept")
        self.assertEqual(self.kept(), {"P-017": 0, "P-018": 1})

        with VisitStore(self.database) as store:
            store.delete("P-017")
            store.withdraw_consent("P-018")
        self.assertEqual(self.play(self.bag("P-017")).name, "")
        wait_for(lambda: "nobody is enrolled in " + self.database in self.said(), "the word that nobody is enrolled")
        self.assertEqual(len(self.questions()), 2)

    def test_the_camera_alone_knows_who_it_is(self):
        self.start("identifier", sources="skeleton")
        found = self.play(self.bag("P-018"))
        self.assertEqual((found.name, found.source), ("P-018", "skeleton"))

    def test_a_sensor_that_cannot_be_trusted_names_nobody(self):
        self.start("identifier", sources="imu", imu_frame="lumbar", delay=0.2)

        def frame(samples):
            for _, sample in samples:
                sample.header.frame_id = "imu_link"
            return samples

        def flat(samples):
            for _, sample in samples:
                sample.angular_velocity.x = sample.angular_velocity.y = sample.angular_velocity.z = 0.0
            return samples

        def back(samples):
            for _, sample in samples[200:400]:
                sample.header.stamp -= rospy.Duration(3.0)
            return samples

        def unsynchronised(samples):
            for _, sample in samples:
                sample.header.stamp -= rospy.Duration(3600.0)
            return samples

        spoilt = (
            (lambda samples: samples[:250], "the sensor was silent for the first 0.0 s and the last"),
            (lambda samples: samples[:200] + samples[260:], "the sensor gave nothing for 1.2 s"),
            (frame, "the sensor's frame is 'imu_link' and must be 'lumbar'"),
            (flat, "the gyroscope is a flat line"),
            (back, "the stamps go back by 2.98 s"),
            (unsynchronised, "set both computers' clocks"),
        )
        self.play(self.bag("P-017", spoilt=[spoil for spoil, _ in spoilt]), len(spoilt))
        for found, (_, sentence) in zip(self.patients, spoilt):
            self.assertEqual((found.name, found.confidence), ("", 0.0), sentence)
            wait_for(lambda text=sentence: text in self.said(), sentence, 10.0)
        found = self.play(self.bag("P-017"))  # and it goes on
        self.assertEqual((found.name, found.source), ("P-017", "imu"))
        self.assertNotIn("Traceback", self.said())


if __name__ == "__main__":
    rospy.init_node("identifier_test")
    rostest.rosrun("rehab_coach", "identifier", IdentifierTest)
