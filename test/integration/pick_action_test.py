#!/usr/bin/env python3
"""The node that asks, with this test in the recorder's place."""

import signal
import subprocess
import time
import unittest

import roslib.packages
import rospy
import rostest
from diagnostic_msgs.msg import DiagnosticStatus

from rehab_coach.exercises import EXERCISES
from rehab_coach.msg import ActionClass, DisplayMessage, Exercises, Movement, Prediction
from rehab_coach.ros.testing import PATIENCE, wait_for


class PickActionTest(unittest.TestCase):
    def setUp(self):
        self.actions, self.messages = [], []
        self.predictions = rospy.Publisher("stgcn_prediction", Prediction, queue_size=10)
        self.addCleanup(self.predictions.unregister)
        self.exercises = rospy.Publisher("exercises", Exercises, queue_size=1, latch=True)
        self.addCleanup(self.exercises.unregister)
        self.recognise(*EXERCISES)
        self.readiness = rospy.Publisher("readiness", DiagnosticStatus, queue_size=10)
        self.addCleanup(self.readiness.unregister)
        self.addCleanup(
            rospy.Subscriber("display_message", DisplayMessage, self.messages.append, queue_size=100).unregister
        )

    def recognise(self, *labels):
        self.exercises.publish(Exercises(model="mine.safetensors", labels=labels))

    def be_the_recorder(self, predicts=True, lessons=()):
        """Be ready, with the controller, listen for requests and, where wanted, answer each one; lessons with these."""
        lessons = list(lessons)

        def on_action(message):
            self.actions.append(message)
            status = lessons.pop(0) if message.teach else "not_seen"
            if status == "taught":
                self.recognise(*EXERCISES, message.label)
            if predicts:
                self.predictions.publish(Prediction(round=message.round, status=status))

        self.addCleanup(rospy.Subscriber("action_class", ActionClass, on_action, queue_size=10).unregister)
        timer = rospy.Timer(rospy.Duration(0.1), lambda _: self.tell(recorder="", turtlebot_controller=""))
        self.addCleanup(timer.shutdown)

    def tell(self, **texts):
        """What nodes say that they lack."""
        for name, text in texts.items():
            self.readiness.publish(DiagnosticStatus(name=name, message=text))

    def start(self, **parameters):
        program = roslib.packages.find_node("rehab_coach", "pick_action")[0]
        parameters = dict(dict(start_delay=0, pause=0.2), **parameters)
        arguments = ["_{}:={}".format(name, value) for name, value in parameters.items()]
        process = subprocess.Popen(
            [program] + arguments, universal_newlines=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

        def end():
            process.kill()
            process.communicate(timeout=PATIENCE)
            if rospy.has_param("/pick_action"):
                rospy.delete_param("/pick_action")

        self.addCleanup(end)
        return process

    def texts(self, kind):
        return [message.text for message in self.messages if message.kind == kind]

    def test_it_says_what_it_is_not_and_what_it_waits_for_until_all_is_there(self):
        self.start(start_delay=1.0)
        wait_for(lambda: self.messages, "the first screen")
        self.assertEqual(self.messages[0].kind, DisplayMessage.INFO)
        self.assertIn("not a medical device", self.messages[0].text)
        wait_for(lambda: self.texts(DisplayMessage.INFO)[1:] == ["Getting ready …"], "what it waits for")
        wait_for(self.readiness.get_num_connections, "its ear")
        self.tell(recorder="No camera", turtlebot_controller="No robot", speaker="No voice")
        wait_for(lambda: self.texts(DisplayMessage.INFO)[-1] == "No camera. No robot", "what is missing now")
        self.tell(recorder="")
        wait_for(lambda: self.texts(DisplayMessage.INFO)[-1] == "No robot", "the rest")
        time.sleep(1.0)
        self.assertEqual(self.texts(DisplayMessage.INFO)[-2:], ["No camera. No robot", "No robot"])
        self.assertEqual(self.texts(DisplayMessage.PROMPT), [])
        self.be_the_recorder()
        wait_for(lambda: self.actions, "the first request")
        self.assertEqual(self.actions[0].round, 1)

    def test_nobody_who_could_predict_is_waited_for(self):
        self.predictions.unregister()
        self.be_the_recorder(predicts=False)
        self.start()
        wait_for(lambda: self.messages, "the first screen")
        time.sleep(1.0)
        self.assertEqual(self.actions, [])

    def test_a_list_is_asked_in_order_and_the_node_ends_after_the_rounds(self):
        self.be_the_recorder()
        process = self.start(rounds=3, order="listed", exercises="[push_up, jumping_jack]")
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(
            [(action.round, action.label) for action in self.actions],
            [(1, "push_up"), (2, "jumping_jack"), (3, "push_up")],
        )
        self.assertEqual(
            self.texts(DisplayMessage.PROMPT),
            ["Please do a push-up", "Please do a jumping jack", "Please do a push-up"],
        )
        self.assertEqual(self.texts(DisplayMessage.PROBLEM), [])

    def test_a_recorder_that_comes_back_does_not_begin_the_list_anew(self):
        self.be_the_recorder()
        process = self.start(rounds=3, order="listed", exercises="[push_up, lunge, squat]", pause=1.0)
        wait_for(lambda: self.actions, "the first request")
        self.recognise(*EXERCISES)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual([action.label for action in self.actions], ["push_up", "lunge", "squat"])

    def test_what_was_shown_is_asked_for_next(self):
        self.be_the_recorder(lessons=["failed", "taught"])
        process = self.start(rounds=2, teach="side_bend")
        self.assertEqual(process.wait(PATIENCE), 0)
        told = [(action.round, action.label if action.round < 4 else "", action.teach) for action in self.actions]
        self.assertEqual(
            told, [(1, "side_bend", True), (2, "side_bend", True), (3, "side_bend", False), (4, "", False)]
        )
        self.assertIn("show me side bend", self.texts(DisplayMessage.PROMPT)[0])
        self.assertEqual(self.texts(DisplayMessage.PROMPT)[2], "Please do side bend")

    def test_after_two_doubts_it_goes_on_without(self):
        self.be_the_recorder(lessons=["failed", "not_seen"])
        self.assertEqual(self.start(rounds=1, teach="side_bend").wait(PATIENCE), 0)
        self.assertEqual([action.teach for action in self.actions], [True, True, False])
        self.assertIn(self.actions[2].label, EXERCISES)
        self.assertIn("could not learn", self.texts(DisplayMessage.PROBLEM)[0])

    def test_what_is_known_is_not_shown_again(self):
        self.recognise(*EXERCISES, "side_bend")
        self.be_the_recorder()
        self.assertEqual(self.start(rounds=1, teach="side_bend").wait(PATIENCE), 0)
        self.assertEqual([(action.label, action.teach) for action in self.actions], [("side_bend", False)])

    def test_a_new_exercise_is_asked_for_in_the_next_round(self):
        self.be_the_recorder()
        process = self.start(rounds=2, pause=1.5)
        wait_for(lambda: self.actions, "the first request")
        self.recognise(*EXERCISES, "side_bend")
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(self.actions[1].label, "side_bend")

    def test_the_seed_decides_what_is_asked(self):
        self.be_the_recorder()
        for _ in range(2):
            self.assertEqual(self.start(rounds=4, seed=7, pause=0).wait(PATIENCE), 0)
        labels = [action.label for action in self.actions]
        self.assertEqual(labels[:4], labels[4:])
        self.assertTrue(all(before != after for before, after in zip(labels[:3], labels[1:4])))

    def test_a_round_without_outcome_is_given_up(self):
        self.be_the_recorder(predicts=False)
        process = self.start(rounds=2, round_timeout=1.5)
        wait_for(lambda: self.actions, "the first request")
        self.predictions.publish(Prediction(round=7, status="recognised", label="squat"))  # not this round's
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual([action.round for action in self.actions], [1, 2])
        self.assertEqual(len(self.texts(DisplayMessage.PROBLEM)), 2)

    def test_a_round_goes_on_until_its_movement_is_measured(self):
        movements = rospy.Publisher("movement", Movement, queue_size=10)
        self.addCleanup(movements.unregister)
        process = self.start(rounds=1, pause=0)
        wait_for(movements.get_num_connections, "the node")
        self.be_the_recorder()
        wait_for(lambda: self.actions, "the first request")
        time.sleep(1.0)
        self.assertIsNone(process.poll())
        movements.publish(Movement(round=1))
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_a_question_comes_before_the_first_round(self):
        self.be_the_recorder()
        asks = rospy.Publisher("display_message", DisplayMessage, queue_size=10, latch=True)
        self.addCleanup(asks.unregister)
        asks.publish(DisplayMessage(kind=DisplayMessage.QUESTION, text="May I?"))
        self.start(start_delay=2.0)
        wait_for(self.texts_of_welcome, "the first screen")
        time.sleep(4.0)
        self.assertEqual(self.actions, [])
        asks.publish(DisplayMessage(kind=DisplayMessage.QUESTION))
        wait_for(lambda: self.actions, "the first request")

    def test_a_question_after_a_round_is_answered_before_the_next_one_or_the_end(self):
        self.be_the_recorder()
        asks = rospy.Publisher("display_message", DisplayMessage, queue_size=10, latch=True)
        self.addCleanup(asks.unregister)
        process = self.start(rounds=1, pause=2.0)
        wait_for(lambda: self.actions, "the request")
        asks.publish(DisplayMessage(kind=DisplayMessage.QUESTION, text="Are you?"))
        time.sleep(4.0)
        self.assertIsNone(process.poll())
        asks.publish(DisplayMessage(kind=DisplayMessage.QUESTION))
        self.assertEqual(process.wait(PATIENCE), 0)

    def texts_of_welcome(self):
        return [text for text in self.texts(DisplayMessage.INFO) if "not a medical device" in text]

    def test_it_asks_in_norwegian(self):
        self.be_the_recorder()
        self.assertEqual(self.start(rounds=1, exercises="squat", language="no").wait(PATIENCE), 0)
        self.assertEqual(self.texts(DisplayMessage.PROMPT), ["Ta en knebøy"])

    def test_a_late_listener_hears_the_current_request(self):
        self.be_the_recorder(predicts=False)
        self.start()
        wait_for(lambda: self.actions, "the first request")
        late = rospy.wait_for_message("action_class", ActionClass, timeout=PATIENCE)
        self.assertEqual((late.round, late.label), (1, self.actions[0].label))

    def test_wrong_parameters_end_it_with_a_message(self):
        for parameters, words in (
            (
                dict(exercises="[squat, Squat]"),
                "exercises has the labels 'squat' and 'Squat', which differ",
            ),
            (dict(exercises="[squat, no]"), "exercises has False for a label: YAML takes"),
            (dict(order="backwards"), "one of: random, listed"),
            (dict(pause=-1), "parameter /pick_action/pause is -1"),
        ):
            process = self.start(**parameters)
            output = process.communicate(timeout=PATIENCE)[0]
            self.assertEqual(process.returncode, 1, output)
            self.assertIn(words, output)
            self.assertNotIn("Traceback", output)
            rospy.delete_param("/pick_action")

    def test_what_the_model_does_not_know_is_not_asked_for(self):
        self.be_the_recorder()
        for exercises, words in (
            ("[squat, sqat]", "asks for 'sqat', which the model mine.safetensors does not know; it knows squat, lunge"),
            ("[unknown]", "asks for 'unknown', which is what none of the exercises is"),
        ):
            process = self.start(exercises=exercises)
            output = process.communicate(timeout=PATIENCE)[0]
            self.assertEqual(process.returncode, 1, output)
            self.assertIn("parameter /pick_action/exercises " + words, output)
            self.assertNotIn("Traceback", output)
            rospy.delete_param("/pick_action")
        self.assertEqual(self.actions, [])

    def test_it_asks_for_all_that_the_recorder_recognises_by_then(self):
        rospy.set_param("/own_exercises", {"arm_circle": {"names": {"no": ["armsirkel", "en armsirkel"]}}, "hop": {}})
        self.addCleanup(rospy.delete_param, "/own_exercises")
        self.recognise("arm_circle")
        self.be_the_recorder()
        process = self.start(order="listed", language="no", pause=0.5)
        wait_for(lambda: len(self.actions) > 1, "two requests")
        self.assertEqual({action.label for action in self.actions}, {"arm_circle"})
        self.assertEqual(self.texts(DisplayMessage.PROMPT)[0], "Ta en armsirkel")
        self.recognise("arm_circle", "side_step")
        wait_for(lambda: self.actions[-1].label == "side_step", "the exercise that was added")
        process.kill()
        self.assertIn("own_exercises describes 'hop', which the model mine.safetensors", process.communicate()[0])

    def test_it_can_be_interrupted_while_it_waits(self):
        process = self.start()
        wait_for(lambda: self.messages, "the first screen")
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 0)
        self.assertNotIn("Traceback", output)


if __name__ == "__main__":
    rospy.init_node("pick_action_test")
    rostest.rosrun("rehab_coach", "pick_action", PickActionTest)
