"""Errors and calls that meet inside the controller: nothing of that kind may leave the robot moving."""

import threading
from threading import Thread  # the real one: the fixture replaces it
from unittest import mock

import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

from rehab_coach.movement import Movement, Remark, Repetition  # noqa: E402
from rehab_coach.msg import ActionClass, Prediction  # noqa: E402
from rehab_coach.robot.motion import Motion, Segment  # noqa: E402
from rehab_coach.robot.velocity import Velocity  # noqa: E402
from rehab_coach.ros import turtlebot_controller as module  # noqa: E402
from rehab_coach.ros.conversions import to_movement_message  # noqa: E402
from rehab_coach.ros.testing import wait_for  # noqa: E402
from rehab_coach.texts import load_texts  # noqa: E402


@pytest.fixture
def moving():
    """A controller without ROS, in the middle of a motion."""
    replaced = dict(
        get_parameter=lambda name, default, *_, **__: default,
        get_texts=load_texts,
        rospy=mock.MagicMock(),
        Diagnostics=mock.MagicMock(),
    )
    replaced["rospy"].Time.now.return_value.to_sec.return_value = 10.0
    with mock.patch.multiple(module, **replaced), mock.patch("threading.Thread"):
        controller = module.TurtlebotController()
        controller._commands = mock.Mock()
        controller._runner.start(Motion((Segment(Velocity(0.1, 0.0), 3.0),)), 10.0, module.time.monotonic())
        yield controller


def sent(controller):
    return [call[0][0].linear.x for call in controller._commands.publish.call_args_list]


@pytest.mark.parametrize(
    "callback", ["_on_scan", "_on_action_class", "_on_prediction", "_on_movement", "_on_message", "_on_stop"]
)
def test_an_error_in_a_callback_ends_the_motion(moving, callback):
    with pytest.raises(AttributeError):
        getattr(moving, callback)(None)
    assert not moving._runner.running
    assert sent(moving) == [0.0]


def test_an_error_in_the_ticker_ends_the_motion_and_zeros_follow(moving):
    moving._closing = mock.Mock()
    moving._closing.is_set.return_value = False
    moving._closing.wait.side_effect = [False] * 4 + [True]
    moving._safety.objection = mock.Mock(side_effect=ZeroDivisionError)
    moving._run()
    assert not moving._runner.running
    assert sent(moving) == [0.0] * 4


def test_a_closed_controller_has_sent_zeros_and_sends_nothing_more(moving):
    moving.close()
    assert sent(moving) == [0.0] * module.ZEROS
    moving._tick()
    moving.close()
    assert sent(moving) == [0.0] * module.ZEROS


def test_a_stop_during_a_release_that_waits_for_the_master_acts_at_once_and_is_kept(moving):
    kept, release_writes, master_answers = [], threading.Event(), threading.Event()

    def set_param(_, stopped):
        if not stopped:
            release_writes.set()
            master_answers.wait()
        kept.append(stopped)

    module.rospy.set_param = set_param
    release = Thread(target=moving._on_stop, args=[mock.Mock(data=False)])
    release.start()
    wait_for(release_writes.is_set, "the release to reach the master")
    assert moving._runner.running
    stop = Thread(target=moving._on_stop, args=[mock.Mock(data=True)])
    stop.start()
    wait_for(lambda: sent(moving) == [0.0], "the stop")
    assert moving._safety.stopped and not moving._runner.running
    stop.join(0.5)  # where nothing holds it up it is kept before the release
    master_answers.set()
    stop.join()
    release.join()
    assert moving._safety.stopped and kept[-1] is True


def movement(number, *remarks):
    repetition = Repetition(0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 0.0)
    return movement_of("squat", number, (repetition,), remarks)


def movement_of(label, number, repetitions=(), remarks=()):
    message = to_movement_message(Movement(label, 10.0, repetitions, remarks))
    message.round = number
    return message


def said(controller):
    return [(call[0][0].round, call[0][0].kind) for call in controller._messages.publish.call_args_list]


HEELS = Remark("heels_up", "hint", 4.0, 2.0, "cm")


@pytest.mark.parametrize("movement_first", [True, False])
def test_the_most_important_remark_follows_the_answer(moving, movement_first):
    moving._messages = mock.Mock()
    moving._on_action_class(ActionClass(round=3, label="squat"))
    calls = [
        lambda: moving._on_movement(movement(3, HEELS, Remark("knees_inwards", "hint", 1.0, 2.0, "cm"))),
        lambda: moving._on_prediction(Prediction(round=3, status="recognised", label="squat", confidence=0.9)),
    ]
    for call in calls if movement_first else reversed(calls):
        call()
    moving._on_movement(movement(2, HEELS))  # an old round's, as a latched topic sends it
    assert said(moving) == [(3, "correct"), (3, "remark")]
    assert moving._messages.publish.call_args[0][0].text == "Try to keep your heels on the floor"


@pytest.mark.parametrize("remarks", [(), (Remark("no_such_rule", "hint", 1.0, 2.0, "cm"),)])
def test_without_a_remark_or_its_sentence_the_answer_stands_alone(moving, remarks):
    moving._messages = mock.Mock()
    moving._on_action_class(ActionClass(round=3, label="squat"))
    moving._on_prediction(Prediction(round=3, status="recognised", label="squat", confidence=0.9))
    moving._on_movement(movement(3, *remarks))
    assert said(moving) == [(3, "correct")]


def test_an_exercise_without_rules_is_answered_and_not_judged(moving):
    moving._messages = mock.Mock()
    moving._on_action_class(ActionClass(round=3, label="arm_circle"))
    moving._on_prediction(Prediction(round=3, status="recognised", label="arm_circle", confidence=0.9))
    moving._on_movement(movement_of("arm_circle", 3))
    texts = [call[0][0].text for call in moving._messages.publish.call_args_list]
    assert texts == ["Well done! That was arm circle", "I do not judge this one yet"]


def test_a_late_prediction_of_the_round_before_does_not_end_the_stillness_of_a_lesson(moving):
    moving._on_action_class(ActionClass(round=3, label="squat"))
    moving._on_action_class(ActionClass(round=4, label="arm_circle", teach=True))
    moving._on_prediction(Prediction(round=3, status="recognised", label="squat", confidence=0.9))
    assert moving._safety.recording and not moving._runner.running
    moving._on_prediction(Prediction(round=4, status="taught", label="arm_circle"))
    assert not moving._safety.recording
