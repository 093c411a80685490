"""What the recorder says about the movement, whatever the measuring does."""

from unittest import mock

import numpy as np
import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

import rospy  # noqa: E402

from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.movement import Movement, Remark  # noqa: E402
from rehab_coach.msg import ActionClass, Prediction  # noqa: E402
from rehab_coach.ros import recorder as module  # noqa: E402
from rehab_coach.skeleton import SkeletonSequence  # noqa: E402

SEQUENCE = SkeletonSequence(np.full((4, 18, 3), 0.5), np.arange(4) / 10 + 1000.0, (640, 480))
REQUEST = ActionClass(round=5, label="squat")


@pytest.fixture
def recorder():
    """A recorder without ROS and networks."""
    time = mock.Mock(now=lambda: rospy.Time(1001), from_sec=rospy.Time.from_sec)
    replaced = dict(
        get_parameter=lambda name, default, *_, **__: default,
        rospy=mock.MagicMock(Time=time),
        Diagnostics=mock.MagicMock(),
        create_estimator=mock.MagicMock(),
        Recognizer=mock.MagicMock(),
    )
    with mock.patch.multiple(module, **replaced):
        made = module.Recorder()
        made._movements = mock.Mock()
        yield made


def published(recorder, prediction, sequence):
    recorder._publish_movement(REQUEST, prediction, sequence)
    (call,) = recorder._movements.publish.call_args_list
    return call[0][0]


def test_the_movement_is_measured_as_the_recognised_exercise_from_the_first_frame_on(recorder):
    prediction = Prediction(round=5, status="recognised", label="lunge")
    with mock.patch.object(module, "analyse", return_value=Movement("lunge", 0.3)) as analyse:
        message = published(recorder, prediction, SEQUENCE)
    sequence, label = analyse.call_args[0]
    assert label == "lunge" and sequence.stamps == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert (message.round, message.label, message.duration) == (5, "lunge", 0.3)
    assert (message.request, message.prediction, message.header.stamp.secs) == (REQUEST, prediction, 1000)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"side_effect": ZeroDivisionError("no person is that short")},
        {"return_value": None},
        {"return_value": Movement("squat", 0.3, (), (Remark("heels_up", "hint", None, 1.0, "cm"),))},
    ],
)
def test_a_movement_that_cannot_be_measured_takes_nothing_away_from_the_round(recorder, behaviour):
    prediction = Prediction(round=5, status="recognised", label="squat")
    with mock.patch.object(module, "analyse", **behaviour):
        message = published(recorder, prediction, SEQUENCE)
    assert (message.round, message.label, message.prediction.label) == (5, "", "squat")


@pytest.mark.parametrize("status, sequence", [("unknown", SEQUENCE), ("not_seen", SEQUENCE), ("failed", None)])
def test_without_an_exercise_there_is_a_message_without_a_movement(recorder, status, sequence):
    with mock.patch.object(module, "analyse", side_effect=AssertionError("nothing to measure")):
        message = published(recorder, Prediction(round=5, status=status), sequence)
    assert (message.round, message.label, message.prediction.status) == (5, "", status)


@pytest.mark.parametrize(
    "labels, said",
    [(["Bein heben", "unknown"], "such as bein_heben"), (["hop", "Hop"], "'hop' and 'Hop', which differ")],
)
def test_a_model_whose_labels_nobody_could_ask_for_is_told_at_the_start(labels, said):
    recognizer = mock.MagicMock()
    recognizer.load.return_value.labels = labels
    replaced = dict(
        get_parameter=lambda name, default, *_, **__: default,
        rospy=mock.MagicMock(),
        Readiness=mock.MagicMock(),
        create_estimator=mock.MagicMock(),
        Recognizer=recognizer,
    )
    with mock.patch.multiple(module, **replaced), pytest.raises(
        RehabCoachError, match="coach.safetensors has .*" + said
    ):
        module.Recorder()
