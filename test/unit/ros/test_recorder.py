"""What the recorder says about the movement, whatever the measuring does."""

import contextlib
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
    with recorder_with() as made:
        yield made


@contextlib.contextmanager
def recorder_with(**parameters):
    time = mock.Mock(now=lambda: rospy.Time(1001), from_sec=rospy.Time.from_sec)
    replaced = dict(
        get_parameter=lambda name, default, *_, **__: parameters.get(name[1:], default),
        rospy=mock.MagicMock(Time=time),
        Readiness=mock.MagicMock(),
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
    sequence, label, _ = analyse.call_args[0]
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


def test_angles_by_a_network_are_measured_and_said_to_be(act, repeats):
    whole = act("squat", repeats(2))
    flat = (whole.key_points[..., :2] - whole.key_points[:, 23:25, :2].mean(axis=1, keepdims=True)) / 150
    world = np.concatenate([flat, np.zeros_like(flat[..., :1])], axis=2)
    sequence = SkeletonSequence(whole.key_points, whole.stamps + 1000.0, whole.size, whole.layout, world)
    with recorder_with(estimator="mediapipe", angles="d3ke") as recorder:
        message = published(recorder, Prediction(round=5, status="recognised", label="squat"), sequence)
    assert message.angles == "d3ke" and message.measured_by.endswith(", angles from d3ke")
    names = message.repetitions[0].names
    assert {"knee_angle_r", "hip_flexion_l", "shoulder_elv_r", "arm_rot_r"} <= set(names)


@pytest.mark.parametrize("source", ["3d", "d3ke"])
def test_angles_in_space_need_an_estimator_that_sees_space(source):
    with pytest.raises(RehabCoachError, match="angles %s needs recorder/estimator mediapipe" % source):
        with recorder_with(estimator="tf_pose", angles=source):
            pass


def test_a_model_of_angles_that_is_not_there_is_told_at_the_start():
    with pytest.raises(RehabCoachError, match="there is no model"):
        with recorder_with(estimator="mediapipe", angles="d3ke", angles_model="/nowhere.safetensors"):
            pass
