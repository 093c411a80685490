"""The answer while somebody moves: what the recorder says of each picture of a recording, and when that is enough."""

from typing import Callable, Optional, Tuple

import rospy
from std_msgs.msg import Header

from rehab_coach.early import EarlyEnd
from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import ActionClass, PredictionSoFar
from rehab_coach.pose import Pose
from rehab_coach.recognition import Recognition, Recognizer
from rehab_coach.recognition.second_look import OtherLabels
from rehab_coach.recognition.streaming import StreamingRecognizer, default_streaming_model
from rehab_coach.robot.recording import Recording
from rehab_coach.ros.conversions import to_so_far_message
from rehab_coach.skeleton import Layout, SkeletonSequence


class AnswerSoFar:
    """Follows a recording, picture by picture.

    Publishes:
        prediction_so_far (rehab_coach/PredictionSoFar): what the movement is taken for, with each picture recorded.

    Args:
        path: of the model for streams; empty: the one that ships.
        runtime: of an ONNX file, see `load_onnx`.
        recognizer: of whole recordings, that has a second look. With other labels in the model for streams nothing is
            followed.
        method: how the second look's frames get to its model's rate, see `Recognizer.recognize`.
        early: a recording ends as soon as its answer is sure.

    Raises:
        RehabCoachError: the model for streams is broken, or was asked for and has other labels.
    """

    def __init__(self, path: str, runtime: str, recognizer: Recognizer, method: str, early: bool):
        self._early = early
        self._stream = _load(path, runtime, recognizer, method, bool(path) or early)
        self._end: Optional[EarlyEnd] = None  # there is one while a recording is followed
        self._publisher = rospy.Publisher("prediction_so_far", PredictionSoFar, queue_size=10)

    def warm_up(self) -> None:
        """Recognise an empty stream: no first-time set-up then falls into a round."""
        if self._stream is not None:
            self._stream.warm_up()

    def begin(
        self, action: ActionClass, recording: Recording, recognize: Callable[[SkeletonSequence], Recognition]
    ) -> None:
        """Follow a recording from now on; not that of a movement which the model for streams does not know.

        Args:
            action: what was asked for.
            recording: of the round; it is ended if the answer is sure before its time.
            recognize: a whole recording.
        """
        self._round, self._recording, self._end = action.round, recording, None
        if self._stream is None or action.teach or action.label not in self._stream.labels:
            return
        self._stream.reset()

        def recognize_so_far() -> Optional[Recognition]:
            sequence = recording.sequence()
            return None if sequence is None else recognize(sequence)

        self._end = EarlyEnd(recognize_so_far)

    def add(self, header: Header, taken: float, patient: Optional[Pose], size: Tuple[int, int], layout: Layout) -> None:
        """Say what the movement is taken for, and end the recording if that is enough.

        Args:
            header: of the picture.
            taken: when the picture was, seconds.
            patient: in the picture; None: not there.
            size: width and height of the picture.
            layout: of the patient's key points.
        """
        if self._stream is None or self._end is None:
            return
        key_points = None if patient is None else patient.key_points
        so_far = self._stream.add(taken, key_points, size, layout)
        self._publisher.publish(to_so_far_message(so_far, header, self._round))
        if so_far.notice:
            rospy.logwarn("round %d: %s; the answer so far begins anew", self._round, so_far.notice)
        if self._early and self._end.reached(so_far, key_points, layout):
            rospy.loginfo("round %d ends early, after %.1f s: %s", self._round, so_far.seconds, so_far.label)
            self._recording.end()


def _load(path: str, runtime: str, recognizer: Recognizer, method: str, wanted: bool) -> Optional[StreamingRecognizer]:
    """The model for streams; None: it has other labels than the model, and nobody asked for it."""
    path = path or default_streaming_model()
    try:
        return StreamingRecognizer.load(path, runtime, second=recognizer, method=method)
    except OtherLabels as error:
        if wanted:
            raise RehabCoachError(
                "%s: give recorder/streaming_model one with the same labels, or leave it and early out" % error
            ) from error
        rospy.loginfo("%s: the screen shows no answer while somebody moves", error)
        return None
