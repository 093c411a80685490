"""The node that answers: on the screen, and with a short motion of the robot."""

import functools
import math
import threading
import time
from typing import Any, Callable, Optional

import numpy as np
import rospy
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, SetBoolRequest, SetBoolResponse

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import find
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction
from rehab_coach.robot.answer import Answer, RoundJoin, remark_sentence
from rehab_coach.robot.heading import HeadingKeeper
from rehab_coach.robot.laser import LaserCheck, Scan
from rehab_coach.robot.motion import Motion, MotionRunner, read_motion
from rehab_coach.robot.safety import SafetyState
from rehab_coach.robot.velocity import STILL, WAFFLE_ANGULAR, WAFFLE_LINEAR, Velocity, VelocityLimits
from rehab_coach.ros.conversions import from_movement_message
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.parameters import ParameterError, get_parameter
from rehab_coach.ros.readiness import Readiness, why_silent
from rehab_coach.ros.texts import get_texts
from rehab_coach.rounds import Outcome
from rehab_coach.texts import ENGLISH, languages

# Small, and back to where they began: people stand in front of the robot.
WIGGLE = [{"angular": 0.8, "seconds": 0.5}, {"angular": -0.8, "seconds": 1.0}, {"angular": 0.8, "seconds": 0.5}]
SHAKE = [{"linear": -0.1, "seconds": 0.3}, {"linear": 0.1, "seconds": 0.3}]
MOTIONS = {"correct": WIGGLE, "wrong": SHAKE, "unknown": SHAKE, "not_seen": [], "failed": []}
ZEROS = 5  # commands of velocity zero after each motion: a single one may get lost


def _stops_on_error(callback: Callable) -> Callable:
    """An error in a callback must not leave the robot moving."""

    @functools.wraps(callback)
    def wrapper(self: "TurtlebotController", *arguments: Any) -> Any:
        try:
            return callback(self, *arguments)
        except Exception as error:
            self.end_motion(_describe(error))
            raise

    return wrapper


def _describe(error: Exception) -> str:
    return "an error in the controller: %s: %s" % (type(error).__name__, error)


class TurtlebotController:
    """Joins request and prediction by round, answers, and moves where that is safe.

    Subscribes:
        action_class (rehab_coach/ActionClass): a round begins; no motion until its prediction.
        stgcn_prediction (rehab_coach/Prediction): answered when it belongs to the current round.
        movement (rehab_coach/Movement): its most important remark is said after the answer.
        scan (sensor_msgs/LaserScan): what is around the robot.
        odom (nav_msgs/Odometry): where it looks, to turn it back after each motion.
        display_message (rehab_coach/DisplayMessage): a problem that the recorder has explained.
    Publishes:
        cmd_vel (geometry_msgs/Twist): only during a motion, then zeros; zero to each new subscriber.
        display_message (rehab_coach/DisplayMessage): kinds correct, wrong, problem, remark.
        stopped (std_msgs/Bool, latched): the stop is on.
        readiness (diagnostic_msgs/DiagnosticStatus, latched): what it lacks until the robot and its laser are there.
        /diagnostics
    Service:
        stop (std_srvs/SetBool): true ends all motion at once until false releases it. The state outlives the
        node: it is kept in the parameter ~stopped.
    Parameters: see config/coach.yaml.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._keeping_stopped = threading.Lock()  # held while the parameter ~stopped is written
        self._read_parameters()
        self._texts = get_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        self._join = RoundJoin(self._texts)
        self._lesson = 0  # round in which somebody shows a new exercise
        self._asked_at = rospy.Time.now()
        self._zeros_left = 0
        self._last_answer: Optional[Answer] = None
        self._explained = 0  # round in which another node told the person about a problem
        self._movement: Optional[Movement] = None  # of this round, until its remark has been said
        self._refused = ""
        self._closing = threading.Event()
        self._commands = rospy.Publisher("cmd_vel", Twist, queue_size=1, subscriber_listener=_Greeting(self._greet))
        self._messages = rospy.Publisher("display_message", DisplayMessage, queue_size=10)
        self._stopped = rospy.Publisher("stopped", Bool, queue_size=1, latch=True)
        self._stopped.publish(self._safety.stopped)
        self._subscribers = [
            rospy.Subscriber("scan", LaserScan, self._on_scan, queue_size=1),
            rospy.Subscriber("odom", Odometry, self._on_odometry, queue_size=1),
            rospy.Subscriber("action_class", ActionClass, self._on_action_class, queue_size=10),
            rospy.Subscriber("stgcn_prediction", Prediction, self._on_prediction, queue_size=10),
            rospy.Subscriber("movement", Movement, self._on_movement, queue_size=10),
            rospy.Subscriber("display_message", DisplayMessage, self._on_message, queue_size=10),
        ]
        self._service = rospy.Service("stop", SetBool, self._on_stop)
        self._diagnostics = Diagnostics("TurtleBot 3")
        self._diagnostics.add("motion", self._state)
        self._readiness = Readiness("turtlebot_controller")
        rospy.on_shutdown(self.close)
        self._ticker = threading.Thread(target=self._run, name="ticker", daemon=True)
        self._ticker.start()

    def _read_parameters(self) -> None:
        self._limits = VelocityLimits(
            get_parameter("~linear_limit", 0.15, float, minimum=0.0, maximum=WAFFLE_LINEAR),
            get_parameter("~angular_limit", 1.0, float, minimum=0.0, maximum=WAFFLE_ANGULAR),
        )
        self._period = 1.0 / get_parameter("~rate", 20.0, float, minimum=5.0, maximum=100.0)
        longest = get_parameter("~longest_motion", 5.0, float, minimum=0.1, maximum=30.0)
        self._heading = HeadingKeeper(
            get_parameter("~turn_back_timeout", 5.0, float, minimum=0.0, maximum=30.0), self._limits.angular
        )
        self._runner = MotionRunner(longest, heading=self._heading)
        configured = get_parameter("~motions", {}, dict)
        if not set(configured) <= set(Outcome):
            raise ParameterError(
                "parameter %s has motions for %s; it may have them for: %s"
                % (rospy.resolve_name("~motions"), ", ".join(sorted(configured)), ", ".join(Outcome))
            )
        self._motions = {
            outcome: read_motion(
                rospy.resolve_name("~motions/" + outcome), configured.get(outcome, MOTIONS[outcome]), longest
            )
            for outcome in Outcome
        }
        for outcome, motion in self._motions.items():
            if any(self._limits.clamp(segment.velocity) != segment.velocity for segment in motion.segments):
                rospy.logwarn(
                    "the motion %r is faster than ~linear_limit or ~angular_limit: it is slowed down and goes less far",
                    outcome,
                )
        laser = LaserCheck(
            stop_distance=get_parameter("~stop_distance", 0.5, float, minimum=0.1, maximum=3.0),
            robot_radius=get_parameter("~robot_radius", 0.3, float, minimum=0.1, maximum=1.0),
            laser_x=get_parameter("~laser_x", -0.064, float, minimum=-1.0, maximum=1.0),
            laser_yaw=get_parameter("~laser_yaw", 0.0, float, minimum=-3.15, maximum=3.15),
        )
        self._safety = SafetyState(
            laser,
            get_parameter("~require_scan", True, bool),
            get_parameter("~scan_timeout", 1.0, float, minimum=0.1, maximum=10.0),
        )
        self._prediction_timeout = get_parameter("~prediction_timeout", 90.0, float, minimum=1.0)
        self._safety.stopped = get_parameter("~stopped", False, bool)
        if self._safety.stopped:
            rospy.logwarn("the stop is still on; release it with: rosservice call %s false", rospy.resolve_name("stop"))

    def spin(self) -> None:
        """Wait for the robot where one is expected, then until ROS shuts down; the callbacks and the ticker work."""
        while not (rospy.is_shutdown() or self._readiness.ready):
            cause = self._missing()
            if cause:
                self._readiness.lacks(self._texts("waiting_for_robot"), cause)
            else:
                self._readiness.is_complete()
            time.sleep(0.5)
        rospy.spin()

    def _missing(self) -> str:
        """What the robot lacks; empty: nothing, or none is expected."""
        scans = self._subscribers[0]
        if not self._safety.require_scan:
            return ""
        if not self._safety.has_scan:
            return why_silent(scans.resolved_name, scans.type)
        return "" if self._commands.get_num_connections() else "nobody listens to %s" % self._commands.resolved_name

    # Callbacks

    @_stops_on_error
    def _on_scan(self, message: LaserScan) -> None:
        scan = Scan(
            np.asarray(message.ranges, dtype=float),
            message.angle_min,
            message.angle_increment,
            message.range_min,
            message.range_max,
        )
        stamp = message.header.stamp.to_sec() or None
        with self._lock:
            self._safety.set_scan(scan, stamp, time.monotonic())

    @_stops_on_error
    def _on_odometry(self, message: Odometry) -> None:
        rotation = message.pose.pose.orientation
        stamp = (message.header.stamp or rospy.Time.now()).to_sec()
        with self._lock:
            self._heading.set_heading(2.0 * math.atan2(rotation.z, rotation.w), stamp, time.monotonic())

    @_stops_on_error
    def _on_action_class(self, message: ActionClass) -> None:
        with self._lock:
            self._safety.recording = True
            self.end_motion("round %d begins" % message.round)
            self._lesson = message.round if message.teach else 0
            if not message.teach:  # what is shown is not judged
                self._join.request(message.round, message.label)
            self._explained, self._movement = 0, None
            self._asked_at = rospy.Time.now()

    @_stops_on_error
    def _on_prediction(self, message: Prediction) -> None:
        with self._lock:
            if self._lesson:  # a late prediction of the round before must not let it move while somebody is filmed
                if message.round == self._lesson:
                    self._safety.recording = False
                return
            objection = self._join.objection(message.round)
            if objection:
                rospy.logwarn("a prediction of round %d is ignored: %s", message.round, objection)
                return
            answer = self._join.answer(message.status, message.label, message.confidence)
            self._last_answer = answer
            self._safety.recording = False
            rospy.loginfo("%s", answer)
            if not (answer.outcome is Outcome.FAILED and self._explained == answer.round):
                self._say(answer.round, answer.text, answer.kind)
            self._begin(answer.outcome)
            self._say_remark()

    @_stops_on_error
    def _on_movement(self, message: Movement) -> None:
        with self._lock:
            if message.round == self._join.round:
                self._movement = message
                self._say_remark()

    def _say_remark(self) -> None:
        """After the answer, whichever of prediction and movement comes first; once in a round."""
        number = self._join.round
        if self._movement is None or number is None or self._join.waiting:
            return
        movement, self._movement = from_movement_message(self._movement), None
        if movement is not None and movement.remarks:
            try:
                text = remark_sentence(movement.remarks[0], self._texts)
            except RehabCoachError as error:
                rospy.logwarn("%s", error)
                return
            self._say(number, text, DisplayMessage.REMARK)
        elif movement is not None and not find(movement.exercise).rules:
            self._say(number, self._texts("not_judged_yet"), DisplayMessage.REMARK)

    def _say(self, number: int, text: str, kind: str) -> None:
        message = DisplayMessage(round=number, text=text, kind=kind)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    @_stops_on_error
    def _on_message(self, message: DisplayMessage) -> None:
        """What the recorder said about a failure helps more than this node's "something went wrong"."""
        if message.kind == DisplayMessage.PROBLEM and message.round:
            with self._lock:
                self._explained = message.round

    @_stops_on_error
    def _on_stop(self, request: SetBoolRequest) -> SetBoolResponse:
        """At once for the robot; then the parameter is brought up to date, which may take the master a while.

        Calls write it one after the other, each what holds by then, so that the last one leaves the truth.
        """
        with self._lock:
            self._safety.stopped = bool(request.data)
            if request.data:
                self.end_motion("the stop was called", always=True)
            self._stopped.publish(self._safety.stopped)
            text = "stopped until released" if request.data else "released; the robot may move again"
            rospy.logwarn("stop: %s", text)
        with self._keeping_stopped:
            rospy.set_param("~stopped", self._safety.stopped)
        return SetBoolResponse(success=True, message=text)

    # Motion

    def _begin(self, outcome: Outcome) -> None:
        motion: Motion = self._motions[outcome]
        self._refused = ""
        if not motion.segments and not self._heading.unfinished:
            return
        objection = self._objection(motion.segments[0].velocity if motion.segments else STILL)
        if objection:
            self._refused = objection
            rospy.logwarn("no motion: %s", objection)
            return
        self._runner.start(motion, rospy.Time.now().to_sec(), time.monotonic())

    def _objection(self, velocity: Velocity) -> Optional[str]:
        return self._safety.objection(velocity, rospy.Time.now().to_sec(), time.monotonic())

    def _run(self) -> None:
        """Publish commands at a fixed rate of real time, whatever ROS time does."""
        while not self._closing.wait(self._period):
            try:
                self._tick()
            except Exception as error:  # pylint: disable=broad-except
                self.end_motion(_describe(error), always=True)

    def _tick(self) -> None:
        with self._lock:
            if self._closing.is_set():
                return
            self._warn_of_missing_prediction()
            if self._runner.running:
                velocity = self._runner.advance(rospy.Time.now().to_sec(), time.monotonic())
                if velocity is None:
                    self.end_motion(self._runner.fault, always=True)
                    return
                objection = self._objection(velocity)
                if objection:
                    self.end_motion(objection)
                    return
                self._publish(self._limits.clamp(velocity))
            elif self._zeros_left:
                self._zeros_left -= 1
                self._publish(STILL)

    def end_motion(self, reason: str, always: bool = False) -> None:
        """End a running motion at once, with zeros now and in the next ticks.

        Args:
            reason: for the log, when a motion ends before its time; empty when it came to its end.
            always: send the zeros even if no motion is running.
        """
        with self._lock:
            if not self._runner.running and not always:
                return
            self._runner.stop()
            self._zeros_left = ZEROS
            self._publish(STILL)
            if reason:
                self._refused = reason
                rospy.logwarn("the motion was ended: %s", reason)

    def _greet(self) -> None:
        with self._lock:
            self._zeros_left = ZEROS

    def _publish(self, velocity: Velocity) -> None:
        twist = Twist()
        twist.linear.x, twist.angular.z = velocity.linear, velocity.angular
        self._commands.publish(twist)

    def _warn_of_missing_prediction(self) -> None:
        waited = (rospy.Time.now() - self._asked_at).to_sec()
        if self._join.waiting and waited > self._prediction_timeout:
            rospy.logwarn_throttle(
                60,
                "no prediction for %.0f s on %s; is the recorder running?"
                % (waited, rospy.resolve_name("stgcn_prediction")),
            )

    def _state(self) -> State:
        with self._lock:
            turned_away = self._heading.turned_away
            values = {
                "round": self._join.round or "none",
                "stopped": self._safety.stopped,
                "recording": self._safety.recording,
                "moving": self._runner.running,
                "last answer": self._last_answer or "none",
                "degrees turned away": "unknown" if turned_away is None else math.degrees(turned_away),
            }
            blocked = self._objection(Velocity(angular=self._limits.angular))
            if self._refused:
                return WARN, "last motion: " + self._refused, values
            if blocked and not self._safety.recording:
                return WARN, "would not move now: " + blocked, values
            return OK, "moving" if self._runner.running else "still", values

    def close(self) -> None:
        """Send zeros and end; called on every way out, more than once where ways meet."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            self._runner.stop()
            for _ in range(ZEROS):
                self._publish(STILL)
                time.sleep(0.02)  # connections write in their own threads; give them time before they close
        self._diagnostics.close()


class _Greeting(rospy.SubscribeListener):
    """A motor driver first hears zeros, also after a controller that was killed and came back."""

    def __init__(self, greet: Callable[[], None]):
        self._greet = greet

    def peer_subscribe(self, topic_name: str, topic_publish: Callable, peer_publish: Callable) -> None:
        """The ticker publishes: peer_publish would share the publisher's buffer with it, without a lock."""
        self._greet()
