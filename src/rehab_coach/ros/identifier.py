"""The node that says who did the exercise."""

import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Tuple

import numpy as np
import rospy
from sensor_msgs.msg import Imu

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification import Observation, Template, match, observe
from rehab_coach.identification.model import shipped_fingerprint, shipped_model
from rehab_coach.inertial import InertialSeries, SensorError
from rehab_coach.inertial.cycles import LENGTH
from rehab_coach.msg import ActionClass, Movement, Patient, Skeleton
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.imu import Sample, to_sample, to_series
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.ros.round_results import recorded, to_sequence
from rehab_coach.skeleton import SkeletonSequence

SOURCES = ("imu", "skeleton")
KEPT = 300.0
"""Seconds that samples and skeletons are kept: longer than any round."""
OVERTAKES = 1.0
"""Seconds by which what belongs to a round may come before its request: topics overtake each other."""
EDGE = 0.5
"""Seconds at the beginning and the end of a recording in which a sensor may be silent."""
SILENT = 2.0
"""Seconds without a sample after which a sensor counts as silent."""

_Arrivals = Deque[Tuple[float, Any]]  # time.monotonic when it came, and what


class Identifier:
    """Tells, after each round, which of the enrolled patients did it; in any doubt it names nobody.

    Subscribes:
        movement (rehab_coach/Movement): a round is over; from when to when it was recorded.
        action_class (rehab_coach/ActionClass): a round begins, so skeletons and samples of before are forgotten.
        skeleton (rehab_coach/Skeleton): with "skeleton" in ~sources.
        imu/data (sensor_msgs/Imu): of a sensor that the person wears; with "imu" in ~sources.
    Publishes:
        patient (rehab_coach/Patient, latched): exactly one for each round that is no lesson.
        /diagnostics
    Parameters: see config/coach.yaml.

    The callbacks only store; `spin` does the work. Who is enrolled is read anew for each round, so that who was deleted
    is not named any more.

    Raises:
        RehabCoachError: a wrong parameter, or SQLAlchemy is missing.
    """

    def __init__(self) -> None:
        self._place = get_parameter("~database", "", str)
        sources = get_parameter("~sources", list(SOURCES), list, choices=SOURCES)
        self._frame = get_parameter("~imu_frame", "", str)
        self._delay = get_parameter("~delay", 1.0, float, minimum=0.0, maximum=10.0)
        self._load()
        self._changed = threading.Condition()
        self._rounds: Deque[Movement] = deque()
        self._skeletons: _Arrivals = deque()  # of Skeleton
        self._samples: _Arrivals = deque()  # of imu.Sample
        self._last, self._enrolled = "nothing yet", 0
        self._patients = rospy.Publisher("patient", Patient, queue_size=10, latch=True)
        self._inputs: Dict[str, rospy.Subscriber] = {}
        if "imu" in sources:
            self._inputs["imu"] = rospy.Subscriber("imu/data", Imu, self._on_imu, queue_size=1000)
        if "skeleton" in sources:
            self._inputs["skeleton"] = rospy.Subscriber("skeleton", Skeleton, self._on_skeleton, queue_size=1000)
        self._others = [
            rospy.Subscriber("action_class", ActionClass, self._on_action, queue_size=10),
            rospy.Subscriber("movement", Movement, self._on_movement, queue_size=10),
        ]
        self._diagnostics = Diagnostics()
        self._diagnostics.add("identifier", self._state)

    def _load(self) -> None:
        try:
            from rehab_coach.visits import database, store
        except ImportError as error:
            raise RehabCoachError("to identify patients, install: pip install 'rehab_coach[visits]'") from error
        self._visits = store
        self._place = self._place or database.default_place()

    # Callbacks: they store

    def _on_action(self, message: ActionClass) -> None:
        with self._changed:
            if not self._rounds:  # else the round before is not done yet
                self._forget(OVERTAKES)

    def _on_skeleton(self, message: Skeleton) -> None:
        with self._changed:
            self._skeletons.append((time.monotonic(), message))
            self._forget(KEPT)
            self._changed.notify()

    def _on_imu(self, message: Imu) -> None:
        with self._changed:
            self._samples.append((time.monotonic(), to_sample(message)))
            self._forget(KEPT)
            self._changed.notify()

    def _forget(self, age: float) -> None:
        """What came so many seconds ago. By arrival: stamps begin anew when a bag is played again."""
        before = time.monotonic() - age
        for arrivals in (self._skeletons, self._samples):
            while arrivals and arrivals[0][0] < before:
                arrivals.popleft()

    def _on_movement(self, message: Movement) -> None:
        if not message.request.teach:
            with self._changed:
                self._rounds.append(message)
                self._changed.notify()

    # Main thread

    def spin(self) -> None:
        """Name somebody, or nobody, after each round until ROS shuts down."""
        self._warm_up()
        while not rospy.is_shutdown():
            with self._changed:
                self._changed.wait_for(lambda: self._rounds, timeout=0.1)
                movement = self._rounds[0] if self._rounds else None
            if movement is not None:
                self._patients.publish(self._identify(movement))
                with self._changed:
                    self._rounds.popleft()

    @staticmethod
    def _warm_up() -> None:
        """Nothing is compiled while somebody waits."""
        try:
            for space in shipped_model().spaces.values():
                if space.rocket is not None:
                    space.embed(np.zeros((1, 4, LENGTH), np.float32))
        except ImportError as error:
            raise RehabCoachError(
                "to identify patients, install: pip install 'rehab_coach[identification]' (%s)" % error
            ) from error
        rospy.loginfo("ready to identify patients")

    def _identify(self, movement: Movement) -> Patient:
        message = Patient(round=movement.round)
        message.header.stamp = movement.request.header.stamp or movement.prediction.header.stamp
        try:
            observation, message.source = self._observe(movement)
            found = match(observation, self._templates())
            message.name, message.confidence = found.name or "", found.confidence
            self._last = "round %d was %s" % (movement.round, message.name or "nobody known")
            rospy.loginfo("%s (nearest: %.0f %%, by %s)", self._last, 100 * message.confidence, message.source)
        except RehabCoachError as error:
            self._last = "round %d: nobody is named: %s" % (movement.round, error)
            rospy.logwarn("%s", self._last)
        except Exception as error:  # pylint: disable=broad-except
            # Whatever broke, a round has its answer, and nobody is named by a fault.
            self._last = "round %d: nobody is named: %s: %s" % (movement.round, type(error).__name__, error)
            rospy.logerr("%s", self._last)
        return message

    def _observe(self, movement: Movement) -> Tuple[Observation, str]:
        """What was recorded, and by what; a source that comes but cannot be used is a doubt."""
        if not movement.prediction.frames:
            raise RehabCoachError("nobody was recorded")
        start, end = recorded(movement)
        with self._changed:
            # A sensor that came and went in the middle of the round is a doubt, too.
            came = {"imu": bool(self._samples), "skeleton": bool(self._skeletons)}
        used = [name for name, source in self._inputs.items() if came[name] or source.get_num_connections()]
        if not used:
            topics = " and ".join(source.resolved_name for source in self._inputs.values())
            raise RehabCoachError("nobody publishes %s: start the sensor's driver or the recorder" % topics)
        series = self._series(start, end) if "imu" in used else None
        skeleton = self._skeleton(movement, start, end) if "skeleton" in used else None
        return observe(series, skeleton), " + ".join(used)

    def _skeleton(self, movement: Movement, start: float, end: float) -> SkeletonSequence:
        with self._changed:
            self._changed.wait_for(
                lambda: self._skeletons and self._skeletons[-1][1].header.stamp.to_sec() >= end - 1e-3,
                timeout=self._delay,
            )
            sequence = to_sequence((message for _, message in self._skeletons), start, end - start)
        if sequence is None or len(sequence) < 0.9 * movement.prediction.frames:
            raise RehabCoachError(
                "%d of the %d skeletons came on %s: the computer is too busy"
                % (0 if sequence is None else len(sequence), movement.prediction.frames, self._topic("skeleton"))
            )
        return sequence

    def _series(self, start: float, end: float) -> InertialSeries:
        """What the sensor gave while the round was recorded."""
        topic = self._topic("imu")
        with self._changed:
            self._changed.wait_for(
                lambda: self._samples and self._samples[-1][1].stamp >= end - EDGE / 5, timeout=self._delay
            )
            came: List[Sample] = [sample for _, sample in self._samples]
        during = _within(came, start, end)
        try:
            if not during and came and came[-1].stamp:
                raise SensorError(
                    "no sample is of the recording, and the newest is %+.1f s from its end: set both computers' clocks"
                    % (came[-1].stamp - end)
                )
            series = to_series(during, self._frame)
            if series.times[0] - start > EDGE or end - series.times[-1] > EDGE:
                raise SensorError(
                    "of the recording's %.1f s the sensor was silent for the first %.1f s and the last %.1f s"
                    % (end - start, series.times[0] - start, end - series.times[-1])
                )
            return series
        except SensorError as error:
            raise SensorError("%s: %s" % (topic, error)) from error

    def _topic(self, source: str) -> str:
        return self._inputs[source].resolved_name

    def _templates(self) -> List[Template]:
        with self._visits.VisitStore(self._place, create=False) as store:
            enrolled = store.enrolled()
        self._enrolled = len(enrolled)
        if not enrolled:
            raise RehabCoachError("nobody is enrolled in %s; rehab-coach patient enrol --help" % self._place)
        templates = []
        for patient in enrolled:
            try:
                if patient.model != shipped_fingerprint():
                    raise RehabCoachError("the template was made with another model; enrol anew")
                templates.append(Template.from_bytes(patient.name, patient.template))
            except RehabCoachError as error:
                rospy.logerr("%s cannot be recognised: %s", patient.name, error)
        return templates

    def _state(self) -> State:
        with self._changed:
            last = self._samples[-1][0] if self._samples else None
        values: Dict[str, Any] = {"enrolled": self._enrolled, "last round": self._last}
        imu: Optional[rospy.Subscriber] = self._inputs.get("imu")
        if imu is None or not imu.get_num_connections():
            return OK, "ready, without a sensor", values
        if last is None or time.monotonic() - last > SILENT:
            return WARN, "%s is silent" % imu.resolved_name, values
        return OK, "ready", values

    def close(self) -> None:
        """Stop reporting."""
        self._diagnostics.close()


def _within(samples: List[Sample], start: float, end: float) -> List[Sample]:
    """Those from the first to the last one of a time, with what came between them, whatever its stamp."""
    inside = [number for number, sample in enumerate(samples) if start <= sample.stamp <= end]
    return samples[inside[0] : inside[-1] + 1] if inside else []
