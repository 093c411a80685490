"""The node that films and recognises: skeletons frame by frame while recording, the exercise right after it."""

import functools
import math
import os
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Callable, Deque, Optional, Tuple, Union

import numpy as np
import rospy
from sensor_msgs.msg import CompressedImage, Image

from rehab_coach.direct_kinematics.recording import SOURCE as NETWORK_SOURCE
from rehab_coach.direct_kinematics.recording import AngleNetwork
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import check_asked, check_labels
from rehab_coach.kinematics.analysis import analyse
from rehab_coach.kinematics.angles.measure import SOURCES, joint_angles
from rehab_coach.kinematics.form.judge import load_limits
from rehab_coach.msg import ActionClass, DisplayMessage, Exercises, Movement, Prediction, Skeleton
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.pose.network_choice import AUTO, choose_network
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.registry import DEFAULT, NAMES, create_estimator, get_estimator
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.enrolment import EnrolledRecognizer
from rehab_coach.recognition.onnx_file import RUNTIMES
from rehab_coach.recognition.recognizer import default_model
from rehab_coach.robot.recording import Phase, Recording, Timing
from rehab_coach.robot.steady_time import LONGEST_STEP, PictureTimes, SteadyClock
from rehab_coach.ros.answer_so_far import AnswerSoFar
from rehab_coach.ros.conversions import to_movement_message, to_picture, to_skeleton_message
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter, keep_parameter
from rehab_coach.ros.readiness import Readiness, why_silent
from rehab_coach.rounds import Kind
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.teaching import AddedExercises, teach
from rehab_coach.texts import ENGLISH, languages, load_texts

PICTURES = 3
"""Pictures that must have been read and estimated before the first round."""
MEDIAPIPE, IN_SPACE = "mediapipe", ("3d", NETWORK_SOURCE)
"""The estimator with key points in space, and the sources of angles that need it."""
FOLDER_INTERVAL = 1.0
"""Seconds between two looks for exercises that were added or removed."""


class Recorder:
    """Recording and ST-GCN.

    Publishes:
        exercises (rehab_coach/Exercises, latched): what it recognises; once the networks are warm, and when somebody
            adds an exercise or removes one.
        stgcn_prediction (rehab_coach/Prediction): exactly one for each round.
        movement (rehab_coach/Movement, latched): exactly one for each round, after its prediction.
        prediction_so_far (rehab_coach/PredictionSoFar): see AnswerSoFar.
        skeleton (rehab_coach/Skeleton): the patient in each picture that was estimated.
        readiness (diagnostic_msgs/DiagnosticStatus, latched): what it lacks until pictures come that it can read.
        display_message (rehab_coach/DisplayMessage): kinds countdown, recording, info (what to do to be seen), problem.
        /diagnostics
    Subscribes:
        action_class (rehab_coach/ActionClass): starts a round; only once the networks are warm.
        camera/image/compressed (sensor_msgs/CompressedImage), or camera/image (sensor_msgs/Image) with ~transport raw.
    Parameters: see config/coach.yaml.

    The callbacks only store; `spin` does the work and always takes the newest picture.

    Raises:
        RehabCoachError: a wrong parameter, a broken model or file of limits, a missing pose network.
    """

    def __init__(self) -> None:
        self._texts = load_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        self._timing = Timing(
            countdown=get_parameter("~countdown", 3.0, float, minimum=0.0, maximum=60.0),
            duration=get_parameter("~duration", 10.0, float, minimum=1.0, maximum=120.0),
            framing=get_parameter("~framing_timeout", 20.0, float, minimum=0.0, maximum=600.0),
            picture=get_parameter("~picture_timeout", 2.0, float, minimum=0.2, maximum=60.0),
        )
        self._showing = get_parameter("~showing", 15.0, float, minimum=3.0, maximum=120.0)
        self._method = get_parameter("~resampling", "interpolate", str, choices=("interpolate", "copy"))
        self._request_timeout = get_parameter("~request_timeout", 120.0, float, minimum=1.0, maximum=3600.0)
        self._transport = get_parameter("~transport", "compressed", str, choices=("compressed", "raw"))
        self._messages = rospy.Publisher("display_message", DisplayMessage, queue_size=10, latch=True)
        self._condition = threading.Condition()
        self._requests: Deque[ActionClass] = deque()
        # Survives a restart: the latched request of a round that is over must not be played again.
        self._answered = get_parameter("~answered", "", str)
        self._picture, self._arrived = None, -math.inf
        self._readiness = Readiness("recorder")
        self._read, self._read_at, self._looked_at = 0, 0.0, -math.inf  # pictures before the first round
        self._unreadable = ""  # why the last picture could not be read
        self._folder_looked_at = time.monotonic()
        self._round = 0
        self._last_stamp = 0.0
        self._estimate_time, self._last_person = 0.0, None
        try:
            self._load()
        except RehabCoachError as error:
            text = self._texts("cannot_start", reason=str(error).split(";")[0].split("\n")[0])
            self._readiness.lacks(text, str(error))
            self._say(0, text, "problem", 0.0)
            rospy.sleep(0.5)  # the message must leave before the node does
            raise
        self._diagnostics = Diagnostics()
        self._frequency = self._diagnostics.add_rate("estimated pictures", 4.0, 120.0)
        self._diagnostics.add("recorder", self._state)
        self._predictions = rospy.Publisher("stgcn_prediction", Prediction, queue_size=10)
        self._movements = rospy.Publisher("movement", Movement, queue_size=10, latch=True)
        self._skeletons = rospy.Publisher("skeleton", Skeleton, queue_size=5)
        self._exercises = rospy.Publisher("exercises", Exercises, queue_size=1, latch=True)
        self._announce()
        kind = CompressedImage if self._transport == "compressed" else Image
        topic = "camera/image/compressed" if self._transport == "compressed" else "camera/image"
        self._pictures = rospy.Subscriber(topic, kind, self._on_picture, queue_size=1, buff_size=2**24)
        self._actions = rospy.Subscriber("action_class", ActionClass, self._on_action, queue_size=10)

    def _load(self) -> None:
        """Make and warm up both networks: nothing is compiled while somebody waits."""
        load_limits()  # a broken file is told now, not when the first movement is judged
        name = get_parameter("~estimator", DEFAULT, str, choices=NAMES)
        options = {
            option.name: get_parameter(
                "~" + option.name,
                option.default,
                option.kind,
                minimum=option.minimum,
                maximum=option.maximum,
                choices=option.choices or None,
            )
            for option in get_estimator(name).options
        }
        if options.get("network") == AUTO:
            wanted = {key: options[key] for key in ("backend", "precision", "threads")}
            options["network"], reason = choose_network(options["input_size"], **wanted)
            rospy.loginfo("%s", reason)
        self._measure = self._load_angles(name)
        self._estimator = create_estimator(name, **options)
        model = get_parameter("~model", "", str) or default_model()
        runtime = get_parameter("~runtime", "auto", str, choices=("auto", *RUNTIMES))
        runtime = "" if runtime == "auto" else runtime
        recognizer = Recognizer.load(
            model,
            runtime,
            threads=1,  # of so small a network they wait for each other longer than they work, and spin meanwhile
            minimum_seen=get_parameter("~minimum_seen", 0.3, float, minimum=0.0, maximum=1.0),
            minimum_seconds=get_parameter("~minimum_seconds", 0.5, float, minimum=0.0, maximum=60.0),
        )
        check_labels(recognizer.labels, "the model %s" % model)
        streaming_model, early = get_parameter("~streaming_model", "", str), get_parameter("~early", False, bool)
        self._answer_so_far = AnswerSoFar(streaming_model, runtime, recognizer, self._method, early)
        self._added = AddedExercises(recognizer, get_parameter("~exercises_folder", "", str), rospy.logwarn)
        self._model = os.path.basename(model)
        made = recognizer.contract.training.get("date", "unknown date")
        network = options.get("network", MOBILENET_THIN.name)
        seen_by = name if network == MOBILENET_THIN.name else "%s with %s" % (name, network)
        self._measured_by = "%s, %s of %s" % (seen_by, self._model, made)
        for _ in range(3):
            self._estimator.estimate(np.full((480, 640, 3), 128, np.uint8))
        recognizer.warm_up(self._timing.duration)
        self._answer_so_far.warm_up()
        rospy.loginfo("%s and the model for %s are ready", name, ", ".join(self._recognizer.labels))

    def _load_angles(self, estimator: str) -> Callable[[SkeletonSequence], JointAngles]:
        """What makes a round's joint angles."""
        source = get_parameter("~angles", AUTO, str, choices=(*SOURCES, NETWORK_SOURCE))
        model = get_parameter("~angles_model", "", str)
        if source in IN_SPACE and estimator != MEDIAPIPE:
            raise RehabCoachError("recorder/angles %s needs recorder/estimator %s" % (source, MEDIAPIPE))
        if source != NETWORK_SOURCE:
            return functools.partial(joint_angles, source=source)
        network = AngleNetwork.load(model or None)
        return lambda sequence: network.measure(sequence).angles

    @property
    def _recognizer(self) -> Union[Recognizer, EnrolledRecognizer]:
        """With the exercises that were added by now."""
        return self._added.recognizer

    def _announce(self) -> None:
        """Say what can be recognised."""
        message = Exercises(model=self._model, labels=self._added.exercises)
        message.header.stamp = rospy.Time.now()
        self._exercises.publish(message)

    def _on_action(self, message: ActionClass) -> None:
        age = (rospy.Time.now() - message.header.stamp).to_sec() if message.header.stamp else 0.0
        if age > self._request_timeout:
            rospy.logwarn("the request of round %d is %.0f s old and is ignored", message.round, age)
        elif _identity(message) == self._answered:
            rospy.loginfo("round %d is over; its request is not played again", message.round)
        else:
            with self._condition:
                self._requests.append(message)
                self._condition.notify()

    def _on_picture(self, message) -> None:
        with self._condition:
            self._picture, self._arrived = message, time.monotonic()
            self._condition.notify()

    def spin(self) -> None:
        """Work until ROS shuts down."""
        while not rospy.is_shutdown():
            with self._condition:
                self._condition.wait_for(lambda: self._requests, timeout=0.1)
                action = self._requests.popleft() if self._requests else None
            if time.monotonic() - self._folder_looked_at > FOLDER_INTERVAL:
                self._folder_looked_at = time.monotonic()
                if self._added.refresh():
                    self._announce()
            if action is not None:
                prediction, sequence = self._play_round(action)
                if not rospy.is_shutdown():
                    self._publish_movement(action, prediction, sequence)
            elif not self._readiness.ready:
                self._await_pictures()

    def _await_pictures(self) -> None:
        """The first round waits until pictures come, one soon after the other, that can be read and estimated."""
        with self._condition:
            message, self._picture = self._picture, None
        if message is not None:
            picture = self._to_picture(message)
            if picture is not None:
                self._estimator.estimate(picture)
                late = time.monotonic() - self._read_at > self._timing.picture
                self._read, self._read_at = 1 if late else self._read + 1, time.monotonic()
        if self._read >= PICTURES:
            self._readiness.is_complete()
        elif time.monotonic() - self._looked_at > 1.0:  # looking asks the master
            self._looked_at = time.monotonic()
            if time.monotonic() - self._read_at > self._timing.picture:
                self._readiness.lacks(self._no_picture_text("waiting_for_camera"), self._no_pictures())

    def _to_picture(self, message) -> Optional[np.ndarray]:
        """None: it cannot be read; the log says why, and the person is told if it goes on."""
        try:
            picture = to_picture(message)
        except RehabCoachError as error:
            rospy.logwarn_throttle(10, "%s: %s; it is left out" % (self._pictures.resolved_name, error))
            self._unreadable = str(error)
            return None
        self._unreadable = ""
        return picture

    @property
    def _picture_problem(self) -> str:
        """Why the pictures that come cannot be read; empty: they can, or none come."""
        return self._unreadable if time.monotonic() - self._arrived < self._timing.picture else ""

    def _no_picture_text(self, otherwise: str) -> str:
        """What the person reads while there is no picture to work with."""
        problem = self._picture_problem
        return self._texts("unreadable_picture", reason=problem.split(";")[0]) if problem else self._texts(otherwise)

    def _play_round(self, action: ActionClass) -> Tuple[Prediction, Optional[SkeletonSequence]]:
        """From the request to its one prediction; returns it, and what was recorded."""
        prediction = Prediction(round=action.round, status=Prediction.FAILED, labels=self._recognizer.labels)
        sequence = None
        self._round = action.round
        last_stamp = rospy.Time.now().to_sec()
        try:
            if not action.teach:
                check_asked(
                    [action.label], self._added.exercises, "round %d" % action.round, "the model " + self._model
                )
            recording = self._record(action)
            if recording is not None:
                last_stamp = self._last_stamp or last_stamp
                sequence = recording.sequence()
                if action.teach:
                    self._learn(action, sequence, prediction)
                else:
                    self._recognise(recording, sequence, prediction)
        except RehabCoachError as error:
            rospy.logerr("round %d: %s", action.round, error)
            self._say(action.round, self._texts("wrong_set_up"), "problem", 0.0)
        except Exception as error:  # pylint: disable=broad-except
            # Whatever broke, the round must end and the person must be told.
            rospy.logerr("round %d failed: %s: %s", action.round, type(error).__name__, error)
            self._say(action.round, self._texts("try_again"), "problem", 0.0)
        finally:
            self._round = 0
            now = rospy.Time.now()
            prediction.header.stamp = now
            prediction.waiting_time = max(0.0, now.to_sec() - last_stamp)
            if not rospy.is_shutdown():
                self._predictions.publish(prediction)
                self._answered = _identity(action)
                keep_parameter("~answered", self._answered)
        return prediction, sequence

    def _publish_movement(
        self, action: ActionClass, prediction: Prediction, sequence: Optional[SkeletonSequence]
    ) -> None:
        """Measure the movement; only after the prediction, so that nobody waits for it."""
        message = Movement()
        if prediction.status == Prediction.RECOGNISED and sequence is not None:
            try:
                from_zero = replace(sequence, stamps=sequence.stamps - sequence.stamps[0])
                message = to_movement_message(analyse(from_zero, prediction.label, self._measure))
            except Exception as error:  # pylint: disable=broad-except
                # The round is over and answered: a movement that cannot be measured takes nothing away from it.
                rospy.logerr(
                    "the movement of round %d cannot be measured: %s: %s", action.round, type(error).__name__, error
                )
        message.header.stamp = prediction.header.stamp
        if sequence is not None:
            message.header.stamp = rospy.Time.from_sec(float(sequence.stamps[0]))
        message.round, message.request, message.prediction = action.round, action, prediction
        message.measured_by = self._measured_by + (message.angles and ", angles from %s" % message.angles)
        self._movements.publish(message)

    def _record(self, action: ActionClass) -> Optional[Recording]:
        """Film until the recording is over; None when a newer request or the shutdown ended it."""
        self._estimator.reset()
        clock, times = SteadyClock(), PictureTimes()
        timing = self._timing._replace(duration=self._showing) if action.teach else self._timing
        recording = Recording(clock.follow(rospy.get_time()), self._estimator.layout, timing, self._texts)
        self._last_stamp = 0.0
        self._answer_so_far.begin(
            action, recording, lambda sequence: self._recognizer.recognize(sequence, self._method)
        )
        with self._condition:
            self._picture = None  # one from before the request
        while recording.phase is not Phase.OVER:
            recording.no_picture = self._no_picture_text("no_picture")
            for notice in recording.update(clock.follow(rospy.get_time())):
                self._say(action.round, notice.text, notice.kind, notice.seconds)
                if self._pictures.get_num_connections() == 0:
                    rospy.logwarn_throttle(10, self._no_pictures())
            with self._condition:
                self._condition.wait_for(lambda: self._picture is not None or self._requests, timeout=0.05)
                picture, self._picture = self._picture, None
                newer = bool(self._requests)
            if newer or rospy.is_shutdown():
                rospy.logwarn("round %d was ended by %s", action.round, "a newer request" if newer else "the shutdown")
                return None
            if picture is not None:
                self._estimate(recording, picture, clock, times)
        return recording

    def _estimate(self, recording: Recording, message, clock: SteadyClock, times: PictureTimes) -> None:
        stamp = message.header.stamp.to_sec()
        taken = times.time_of(stamp or rospy.get_time(), clock.follow(rospy.get_time()))
        if taken != stamp:
            rospy.logwarn_throttle(10, "the pictures' stamps are missing or jump; the time of arrival is taken instead")
        picture = self._to_picture(message)
        if picture is None:
            return
        size = (picture.shape[1], picture.shape[0])
        started = time.perf_counter()
        poses = self._estimator.estimate(picture)
        self._estimate_time = time.perf_counter() - started
        now = rospy.get_time()
        phase = recording.phase
        patient = recording.add(taken, clock.follow(now), poses, size)
        self._last_stamp = taken if abs(now - taken) < LONGEST_STEP else now
        self._skeletons.publish(to_skeleton_message(message.header, patient, size, self._estimator.layout))
        if Phase.RECORDING in (phase, recording.phase):  # the frame belongs to the recording
            self._answer_so_far.add(message.header, taken, patient, size, self._estimator.layout)
        self._frequency.tick()
        if patient is not None:
            self._last_person = rospy.get_time()

    def _learn(self, action: ActionClass, sequence: Optional[SkeletonSequence], prediction: Prediction) -> None:
        """Take what was shown as a new exercise, or say why it must be shown once more."""
        try:
            lesson = teach(self._added, action.label, sequence, self._texts)
        except RehabCoachError as error:
            rospy.logerr("round %d: %s", action.round, error)
            self._say(action.round, self._texts("not_learned"), Kind.PROBLEM, 0.0)
            return
        rospy.loginfo("Round %d: %s", action.round, lesson.text)
        self._say(action.round, lesson.text, Kind.INFO, 0.0)
        if lesson.learned:
            prediction.status, prediction.label = Prediction.TAUGHT, action.label
            self._announce()

    def _recognise(self, recording: Recording, sequence: Optional[SkeletonSequence], prediction: Prediction) -> None:
        """Fill in the prediction from what was recorded."""
        if sequence is None:
            if recording.camera_lost:
                rospy.logerr("%s", self._no_pictures())
                self._say(prediction.round, recording.no_picture, "problem", 0.0)
                return
            prediction.status = Prediction.NOT_SEEN
            return
        if recording.camera_lost:
            rospy.logwarn(
                "the pictures stopped after %.1f s of %.1f; what was recorded is used",
                sequence.duration,
                self._timing.duration,
            )
        recognition = self._recognizer.recognize(sequence, self._method)
        prediction.status = recognition.status
        prediction.label = recognition.label
        prediction.confidence = recognition.confidence
        prediction.probabilities = recognition.probabilities.tolist()
        prediction.input_rate = sequence.rate
        prediction.frames = len(sequence)
        prediction.frames_with_person = int(sequence.seen.sum())

    def _no_pictures(self) -> str:
        """Why there are no pictures, as far as anybody knows."""
        return self._picture_problem or why_silent(self._pictures.resolved_name, self._pictures.type)

    def _say(self, number: int, text: str, kind: str, seconds: float) -> None:
        message = DisplayMessage(round=number, text=text, kind=kind, seconds=seconds)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    def _state(self) -> State:
        values = {
            "round": self._round or "none",
            "estimator time (ms)": self._estimate_time * 1000,
            "last person seen (s ago)": "never" if self._last_person is None else rospy.get_time() - self._last_person,
        }
        if not self._pictures.get_num_connections():
            return WARN, self._no_pictures(), values
        return OK, "recording round %d" % self._round if self._round else "waiting for a request", values

    def close(self) -> None:
        """Give the estimator back."""
        if hasattr(self, "_diagnostics"):
            self._diagnostics.close()
        if hasattr(self, "_estimator"):
            self._estimator.close()


def _identity(message: ActionClass) -> str:
    """Tells a request from every other, also from one with the same number in an earlier session."""
    return "%d %s" % (message.round, message.header.stamp)
