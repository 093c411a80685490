#!/usr/bin/env python3
"""The node that keeps visits, with its neighbours played by the test: consent, identity, kills, a locked database."""

import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import roslib.packages
import rospy
import rostest
from std_msgs.msg import Bool

from rehab_coach.movement import Movement as Measured
from rehab_coach.movement import Remark, Repetition
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Patient, Prediction, Skeleton
from rehab_coach.ros.conversions import to_movement_message
from rehab_coach.ros.testing import PATIENCE, wait_for
from rehab_coach.texts import load_texts
from rehab_coach.visits.store import VisitStore

NAMESPACES = itertools.count(1)
MEASURED = Measured(
    "squat",
    1.0,
    (Repetition(0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 0.0, {"knee_angle_r": (0.1, 1.5)}, -1.5, 0.9),),
    (Remark("knees_inwards", "warning", 0.8, 0.9, "ratio", (0,), "left"),),
    {"heels_up": "needs heels and toes"},
)


class Neighbours:
    """What a keeper listens to and says, in a namespace of its own."""

    def __init__(self):
        self.namespace = "/keeper_%d" % next(NAMESPACES)
        self.messages = []
        self._publishers = {
            name: rospy.Publisher(
                self.namespace + "/" + name, kind, queue_size=50, latch=name in ("movement", "action_class", "patient")
            )
            for name, kind in (
                ("action_class", ActionClass),
                ("stgcn_prediction", Prediction),
                ("movement", Movement),
                ("skeleton", Skeleton),
                ("consent", Bool),
                ("patient", Patient),
            )
        }
        rospy.Subscriber(self.namespace + "/display_message", DisplayMessage, self.messages.append, queue_size=50)
        self.process = None

    def start(self, ready=True, **parameters):
        self.log = tempfile.TemporaryFile()
        command = [roslib.packages.find_node("rehab_coach", "visit_keeper")[0], "__ns:=" + self.namespace]
        self.process = subprocess.Popen(
            command + ["_%s:=%s" % item for item in parameters.items()], stdout=self.log, stderr=subprocess.STDOUT
        )
        if ready:
            optional = {"skeleton": "keep_skeletons", "patient": "identify"}
            topics = [
                each
                for name, each in self._publishers.items()
                if name not in optional or parameters.get(optional[name]) == "true"
            ]
            wait_for(lambda: all(each.get_num_connections() for each in topics), "the keeper")

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        wait_for(lambda: not self._publishers["movement"].get_num_connections(), "the end of its connections")
        return code, self.said()

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def play(self, number, measured=True, teach=False, who=None, recognised=True):
        """A round: request, skeletons, prediction and, unless the recorder died, movement; then who it was."""
        started = rospy.Time.now()
        request = ActionClass(round=number, label="squat", teach=teach)
        request.header.stamp = started
        self._publishers["action_class"].publish(request)
        for step in range(11):
            skeleton = Skeleton(layout="coco_18", width=640, height=480, key_points=[100.0, 200.0, 0.9] * 18)
            skeleton.header.stamp = started + rospy.Duration(0.1 * step)
            self._publishers["skeleton"].publish(skeleton)
            time.sleep(0.01)
        prediction = Prediction(
            round=number, status="recognised", label="squat", confidence=0.75, waiting_time=0.125, frames=11
        )
        prediction.header.stamp = started + rospy.Duration(1.5)
        if not recognised:
            prediction.status, prediction.label = Prediction.UNKNOWN, "unknown"
        time.sleep(0.3)
        self._publishers["stgcn_prediction"].publish(prediction)
        if measured:
            movement = to_movement_message(MEASURED if recognised else None)
            movement.header.stamp = started
            movement.round, movement.request, movement.prediction = number, request, prediction
            movement.measured_by = "a test"
            self._publishers["movement"].publish(movement)
        if who is not None:
            patient = Patient(round=number, name=who, confidence=0.9, source="imu")
            patient.header.stamp = started
            self._publishers["patient"].publish(patient)

    def answer(self, yes):
        self._publishers["consent"].publish(yes)

    def questions(self):
        return [message.text for message in self.messages if message.kind == DisplayMessage.QUESTION and message.text]

    def texts(self):
        return [message.text for message in self.messages]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.database = os.path.join(self.folder, "visits.sqlite")
        self.neighbours = Neighbours()
        self.addCleanup(
            lambda: (
                self.neighbours.process and self.neighbours.process.poll() is None and self.neighbours.process.kill()
            )
        )

    def start(self, **parameters):
        self.neighbours.start(**dict(dict(patient="anna", database=self.database), **parameters))

    def agree(self, *patients):
        with VisitStore(self.database) as store:
            for patient in patients or ("anna",):
                store.give_consent(patient, "said yes")

    def rounds(self, patient="anna", **options):
        with VisitStore(self.database) as store:
            return store.rounds(patient, **options)

    def numbers(self):
        """Of the rounds in everybody's file."""
        with VisitStore(self.database) as store:
            return {one.name: [kept.number for kept in store.rounds(one.name)] for one in store.patients()}

    def kept(self, count):
        wait_for(lambda: os.path.exists(self.database) and len(self.rounds()) >= count, "%d rounds on the disk" % count)


class Consent(Case):
    def test_it_asks_once_and_keeps_what_was_agreed_to(self):
        self.start(language="no", keep_skeletons="true")
        question = load_texts("no")("may_i_keep", patient="anna")
        wait_for(self.neighbours.questions, "the question")
        self.assertEqual(self.neighbours.questions(), [question])
        self.neighbours.answer(True)
        wait_for(lambda: load_texts("no")("kept") in self.neighbours.texts(), "the thanks")
        self.neighbours.play(1)
        self.kept(1)
        (kept,) = self.rounds(skeletons=True)
        self.assertEqual((kept.number, kept.asked, kept.verdict, kept.measured_by), (1, "squat", "correct", "a test"))
        self.assertEqual((kept.recognised, kept.confidence, kept.waiting_time), ("squat", 0.75, 0.125))
        self.assertEqual(kept.movement, MEASURED)
        self.assertEqual((len(kept.skeleton), kept.skeleton.key_points[0, 0].tolist()[:2]), (11, [100.0, 200.0]))
        with VisitStore(self.database) as store:
            self.assertEqual(store.consent("anna").text, question)
        self.assertEqual(self.neighbours.end()[0], 0)
        del self.neighbours.messages[:]
        self.start(language="no", keep_skeletons="false")
        self.neighbours.play(2, teach=True)  # a lesson is no result
        self.neighbours.play(3)
        self.kept(2)
        self.assertEqual([one.number for one in self.rounds()], [1, 3])
        self.assertEqual(self.neighbours.questions(), [])
        self.assertTrue(all(one.skeleton is None for one in self.rounds(skeletons=True)[1:]))

    def test_skeletons_are_kept_also_where_no_exercise_was_recognised(self):
        with VisitStore(self.database) as store:
            store.give_consent("anna", "yes")
        self.start(keep_skeletons="true")
        self.neighbours.play(1, recognised=False)
        self.kept(1)
        (kept,) = self.rounds(skeletons=True)
        self.assertEqual((kept.verdict, kept.movement, len(kept.skeleton or ())), ("unknown", None, 11))

    def test_after_a_no_nothing_is_kept_and_nobody_asks_again_in_this_session(self):
        self.start()
        wait_for(self.neighbours.questions, "the question")
        self.neighbours.answer(False)
        wait_for(lambda: load_texts()("not_kept") in self.neighbours.texts(), "the word that nothing is kept")
        self.neighbours.play(1)
        wait_for(lambda: "round 1 is not kept" in self.neighbours.said(), "the refusal of the round")
        self.neighbours.end(signal.SIGKILL)
        self.start()
        wait_for(lambda: "round 1 is not kept" in self.neighbours.said(), "the refusal of the latched round")
        self.assertEqual(len(self.neighbours.questions()), 1)
        with VisitStore(self.database) as store:
            self.assertEqual(store.patients(), [])

    def test_an_answer_to_no_question_is_no_consent(self):
        self.start(question_timeout=5.0)
        wait_for(self.neighbours.questions, "the question")
        wait_for(lambda: load_texts()("not_kept") in self.neighbours.texts(), "the end of the question")
        self.neighbours.answer(True)
        self.neighbours.play(1)
        wait_for(lambda: "round 1 is not kept" in self.neighbours.said(), "the refusal of the round")

    def test_without_a_patient_nothing_is_kept_and_a_wrong_name_ends_it(self):
        self.neighbours.start(ready=False, database=self.database)
        wait_for(lambda: "nothing is kept" in self.neighbours.said(), "the line in the log")
        self.neighbours.play(1)
        self.assertEqual(self.neighbours.end()[0], 0)
        self.assertFalse(os.path.exists(self.database))
        self.neighbours.start(ready=False, database=self.database, patient="../anna")
        code, said = self.neighbours.process.wait(PATIENCE), self.neighbours.said()
        self.assertEqual(code, 1)
        self.assertIn("take a pseudonym such as P-017", said)
        self.assertNotIn("Traceback", said)


class Identity(Case):
    def start(self, **parameters):
        super().start(**dict(dict(patient="", identify="true"), **parameters))

    def asks(self, count):
        wait_for(lambda: len(self.neighbours.questions()) == count, "question %d" % count)
        return self.neighbours.questions()[-1]

    def is_not_kept(self, number):
        wait_for(lambda: "round %d is not kept" % number in self.neighbours.said(), "the word about round %d" % number)

    def test_only_a_yes_brings_a_round_into_a_file_and_the_right_one(self):
        self.agree("anna", "berit")
        self.start(language="no")
        self.neighbours.play(1, who="berit")
        self.assertEqual(self.asks(1), load_texts("no")("are_you", patient="berit"))
        self.neighbours.play(2, who="berit")  # nobody answered yet
        time.sleep(1.0)
        self.assertEqual(self.numbers(), {"anna": [], "berit": []})
        self.neighbours.answer(True)
        wait_for(lambda: self.numbers()["berit"] == [1, 2], "both rounds, the second without a question")
        self.neighbours.play(3, who="anna")
        self.assertEqual(self.asks(2), load_texts("no")("are_you", patient="anna"))
        self.neighbours.answer(False)
        self.is_not_kept(3)
        self.neighbours.play(4, who="anna")  # not asked again
        self.is_not_kept(4)
        self.neighbours.play(5, who="")
        self.is_not_kept(5)
        self.neighbours.play(6, who="berit")
        self.asks(3)
        self.neighbours.answer(True)
        wait_for(lambda: self.numbers() == {"anna": [], "berit": [1, 2, 6]}, "the sixth round")
        self.neighbours.play(7, who="")  # is it still she?
        self.assertEqual(self.asks(4), load_texts("no")("are_you", patient="berit"))
        self.neighbours.play(8, who="")
        code, said = self.neighbours.end()
        self.assertEqual(code, 0)
        self.assertIn("round 7 is not kept", said)
        self.assertIn("round 8 is not kept", said)
        self.assertEqual(self.numbers(), {"anna": [], "berit": [1, 2, 6]})

    def test_no_answer_is_no_and_a_yes_to_no_question_is_nothing(self):
        self.agree()
        self.start(question_timeout=5.0)
        self.neighbours.answer(True)
        self.neighbours.play(1, who="anna")
        self.asks(1)
        self.is_not_kept(1)
        self.assertIn(load_texts()("not_kept"), self.neighbours.texts())
        self.neighbours.answer(True)
        self.neighbours.play(2, who="anna")
        self.is_not_kept(2)
        self.neighbours.play(3, who="../anna")
        self.is_not_kept(3)
        self.assertEqual(self.numbers(), {"anna": []})
        self.assertNotIn("Traceback", self.neighbours.said())

    def test_who_was_named_and_moves_like_another_is_told_and_nothing_is_written(self):
        self.agree("anna", "berit")
        self.start(patient="anna")
        self.neighbours.play(1, who="berit")
        text = load_texts()("other_patient", patient="anna", other="berit")
        wait_for(lambda: text in self.neighbours.texts(), "the word on the screen")
        self.neighbours.play(2, who="")
        self.neighbours.play(3, who="anna")
        self.kept(2)
        self.neighbours.play(4)  # the identifier is gone
        self.assertEqual(self.neighbours.end()[0], 0)
        self.assertEqual(self.numbers(), {"anna": [2, 3, 4], "berit": []})
        self.assertEqual(self.neighbours.questions(), [])

    def test_a_keeper_killed_before_the_answer_asks_again(self):
        self.agree()
        self.start()
        self.neighbours.play(1, who="anna")
        self.asks(1)
        self.neighbours.end(signal.SIGKILL)
        self.start()
        self.asks(2)
        self.assertEqual(self.numbers(), {"anna": []})
        self.neighbours.answer(True)
        self.kept(1)

    def test_who_withdrew_is_asked_before_anything_is_kept(self):
        self.agree()
        with VisitStore(self.database) as store:
            store.withdraw_consent("anna")
        self.start()
        self.neighbours.play(1, who="anna")
        self.asks(1)
        self.neighbours.answer(True)
        self.assertEqual(self.asks(2), load_texts()("may_i_keep", patient="anna"))
        self.neighbours.answer(False)
        self.is_not_kept(1)
        self.assertEqual(self.numbers(), {"anna": []})


class Trouble(Case):
    def test_a_killed_keeper_loses_nothing_and_keeps_nothing_twice(self):
        self.agree()
        self.start()
        self.neighbours.play(1)
        self.kept(1)
        self.neighbours.end(signal.SIGKILL)
        self.neighbours.play(2)  # nobody listens
        self.start()
        self.kept(2)
        self.neighbours.end(signal.SIGKILL)
        self.start()  # the second round comes once more
        self.neighbours.play(3)
        self.kept(3)
        self.assertEqual([one.number for one in self.rounds()], [1, 2, 3])
        self.assertEqual(self.neighbours.questions(), [])

    def test_a_locked_database_delays_and_loses_nothing(self):
        self.agree()
        self.start()
        self.neighbours.play(1)
        self.kept(1)
        lock = sqlite3.connect(self.database, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        self.neighbours.play(2)
        self.neighbours.play(3)
        wait_for(lambda: load_texts()("cannot_keep") in self.neighbours.texts(), "the message on the screen")
        lock.execute("ROLLBACK")
        lock.close()
        self.kept(3)
        self.assertEqual([one.number for one in self.rounds()], [1, 2, 3])
        self.assertIn("in use by another program", self.neighbours.said())
        wait_for(lambda: "nothing was lost" in self.neighbours.said(), "the word that it works again")

    def test_a_broken_database_is_left_alone_and_said(self):
        with open(self.database, "w") as stream:
            stream.write("no database, but something that somebody needs" * 100)
        self.start(ready=False)
        wait_for(lambda: "is not a database" in self.neighbours.said(), "the reason in the log")
        self.neighbours.end()
        with open(self.database) as stream:
            self.assertTrue(stream.read().startswith("no database, but"))
        self.assertNotIn("Traceback", self.neighbours.said())

    def test_a_round_without_its_movement_is_kept_at_the_end(self):
        self.agree()
        self.start()
        self.neighbours.play(1, measured=False)
        self.neighbours.play(2)
        self.kept(1)
        self.assertEqual(self.neighbours.end()[0], 0)
        self.assertEqual([(one.number, one.movement is None) for one in self.rounds()], [(1, True), (2, False)])


TESTS = {"consent": Consent, "identity": Identity, "trouble": Trouble}

if __name__ == "__main__":
    rospy.init_node("visit_keeper_test")
    rostest.rosrun("rehab_coach", "visit_keeper_" + sys.argv[1], TESTS[sys.argv[1]])
