"""The node that asks: one exercise after the other."""

import threading
import time
from typing import Callable, List, Optional, cast

import rospy

from rehab_coach.exercises import check_asked, check_label, check_labels
from rehab_coach.msg import ActionClass, DisplayMessage, Exercises, Movement, Prediction
from rehab_coach.robot.exercise_picker import ORDERS, ExercisePicker
from rehab_coach.robot.steady_time import SteadyClock
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.ros.readiness import WaitingList
from rehab_coach.ros.texts import get_texts
from rehab_coach.texts import ENGLISH, languages, load_texts

NEEDED = ("recorder", "turtlebot_controller")
"""Nodes that must be ready before the first round: without them nobody is seen, or answered."""
MEASURING = 60.0
"""Seconds that the movement may be measured after its prediction; then the next round begins without it."""
CLOCK_PATIENCE = 5.0
"""Seconds until a missing /clock is told."""


class PickAction:
    """Leads through the rounds and ends after the last one.

    Publishes:
        action_class (rehab_coach/ActionClass, latched): what the person is asked for.
        display_message (rehab_coach/DisplayMessage, latched): kinds info, prompt, problem.
        /diagnostics
    Subscribes:
        exercises (rehab_coach/Exercises): what the recorder recognises, so what can be asked for.
        stgcn_prediction (rehab_coach/Prediction): the end of a round.
        movement (rehab_coach/Movement): the last that there is to say about a round.
        display_message (rehab_coach/DisplayMessage): while a question is open, the next round waits, or the end.
        readiness (diagnostic_msgs/DiagnosticStatus): while somebody lacks something, the first round waits.
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: a wrong parameter; also while it runs, when it is to ask for what cannot be recognised.
    """

    def __init__(self) -> None:
        self._texts = get_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        self._wanted = get_parameter("~exercises", [], list)
        check_labels(self._wanted, self._where())
        self._order = get_parameter("~order", "random", str, choices=ORDERS)
        seed = get_parameter("~seed", -1, int, minimum=-1)
        self._seed = None if seed < 0 else seed
        self._picker: Optional[ExercisePicker] = None
        self._known: Optional[Exercises] = None  # what the recorder recognises
        self._asked: List[str] = []  # what the picker chooses from
        self._teach = get_parameter("~teach", "", str)
        if self._teach:
            check_label(self._teach, "parameter %s" % rospy.resolve_name("~teach"))
        self._fresh: List[str] = []  # exercises that are new: asked for next
        self._status = ""  # of the last prediction
        self._rounds = get_parameter("~rounds", 0, int, minimum=0)
        self._round_timeout = get_parameter("~round_timeout", 90.0, float, minimum=1.0, maximum=3600.0)
        self._pause = get_parameter("~pause", 6.0, float, minimum=0.0, maximum=600.0)
        self._start_delay = get_parameter("~start_delay", 4.0, float, minimum=0.0, maximum=600.0)
        self._round = 0
        self._doing = "starting"
        self._timed_out = 0
        self._question: Optional[DisplayMessage] = None
        self._ended = threading.Event()
        self._measured = 0  # the last round whose movement came
        self._actions = rospy.Publisher("action_class", ActionClass, queue_size=1, latch=True)
        self._messages = rospy.Publisher("display_message", DisplayMessage, queue_size=10, latch=True)
        self._diagnostics = Diagnostics()
        self._diagnostics.add("rounds", self._state)
        self._recognisable = rospy.Subscriber("exercises", Exercises, self._on_exercises, queue_size=1)
        self._predictions = rospy.Subscriber("stgcn_prediction", Prediction, self._on_prediction, queue_size=10)
        self._movements = rospy.Subscriber("movement", Movement, self._on_movement, queue_size=10)
        self._waiting = WaitingList(NEEDED, self._texts("getting_ready"))
        self._others = rospy.Subscriber("display_message", DisplayMessage, self._on_message, queue_size=20)

    def spin(self) -> None:
        """Ask until the last round is over or ROS shuts down."""
        self._say(DisplayMessage.INFO, self._texts("welcome"))
        self._wait_for_clock()
        self._wait(self._start_delay)
        self._wait_until_all_are_ready()
        self._wait_for_answer()
        lessons = self._learn() if self._teach else 0
        while not rospy.is_shutdown() and (self._rounds == 0 or self._round < self._rounds + lessons):
            self._play_round(self._choose())
        if not rospy.is_shutdown():
            rospy.loginfo("the last round is over")

    def _learn(self) -> int:
        """Ask the person to show the new exercise, once more in doubt; returns how many rounds it took."""
        known = cast(Exercises, self._known)
        if self._teach in known.labels:
            rospy.loginfo("'%s' is known already: nobody has to show it", self._teach)
            self._fresh.append(self._teach)
            return 0
        for lesson in (1, 2):
            if not rospy.is_shutdown():
                self._play_round(self._teach, teach=True)
            if self._status == Prediction.TAUGHT:
                self._fresh.append(self._teach)
                return lesson
        if not rospy.is_shutdown():
            self._say(DisplayMessage.PROBLEM, self._texts("not_learned"))
            rospy.logwarn("'%s' was not learned; the log of the recorder says why", self._teach)
            self._wait(self._pause)
        return 2

    def _play_round(self, label: str, teach: bool = False) -> None:
        self._round += 1
        self._ended.clear()
        self._status = ""
        self._doing = "waiting for the outcome"
        action = ActionClass(round=self._round, label=label, teach=teach)
        key = "please_show" if teach else "please_do"
        # First what is asked: the recorder counts down as soon as it hears of the round.
        self._say(DisplayMessage.PROMPT, self._texts(key, exercise=self._texts.an(label)))
        action.header.stamp = rospy.Time.now()
        self._actions.publish(action)
        rospy.loginfo("Round %d: please %s %s", self._round, "show" if teach else "do", load_texts().an(label))
        if not self._wait(self._round_timeout, self._ended.is_set) and not rospy.is_shutdown():
            self._timed_out += 1
            self._say(DisplayMessage.PROBLEM, self._texts("no_outcome"))
            rospy.logwarn(
                "round %d had no outcome on %s within %.0f s; is the recorder running?",
                self._round,
                self._predictions.resolved_name,
                self._round_timeout,
            )
        self._doing = "pause"
        self._wait(MEASURING, self._is_measured)
        self._wait(self._pause)
        self._wait_for_answer()

    @staticmethod
    def _where() -> str:
        return "parameter %s" % rospy.resolve_name("~exercises")

    def _choose(self) -> str:
        """What is new first, else from the list, or from all that is recognised by now.

        A recorder that came back changes nothing.
        """
        known = cast(Exercises, self._known)  # no round begins before
        asked = self._wanted or known.labels
        check_asked(asked, known.labels, self._where(), "the model " + known.model)
        if self._picker is None or asked != self._asked:
            if self._asked:
                self._fresh += [label for label in asked if label not in self._asked and label not in self._fresh]
            self._picker, self._asked = ExercisePicker(asked, self._order, self._seed), asked
        self._fresh = [label for label in self._fresh if label in known.labels]
        return self._fresh.pop(0) if self._fresh else self._picker.pick()

    def _on_exercises(self, message: Exercises) -> None:
        self._known = message  # before the master is asked, which may be away
        for label in rospy.get_param("own_exercises", {}):
            if label not in message.labels:
                rospy.logwarn("own_exercises describes '%s', which the model %s does not know", label, message.model)

    def _is_measured(self) -> bool:
        """Whether nothing more will be said about the round."""
        nobody_measures = not (self._ended.is_set() and self._movements.get_num_connections())
        return nobody_measures or self._measured == self._round

    def _on_prediction(self, message: Prediction) -> None:
        if message.round == self._round:
            self._status = message.status
            self._ended.set()

    def _on_movement(self, message: Movement) -> None:
        self._measured = message.round

    def _on_message(self, message: DisplayMessage) -> None:
        if message.kind == DisplayMessage.QUESTION:
            self._question = message if message.text else None

    def _wait_for_answer(self) -> None:
        """Somebody who reads a question cannot exercise."""
        question = self._question
        if question is not None:
            self._doing = "waiting for an answer"
            self._wait(question.seconds or float("inf"), lambda: self._question is None)
            self._question = None  # also when whoever asked is gone

    def _wait_for_clock(self) -> None:
        """In simulated time nothing goes on before the first message on /clock."""
        self._doing = "waiting for /clock"
        began = time.monotonic()
        while not (rospy.is_shutdown() or rospy.get_time()):
            time.sleep(0.1)
            if time.monotonic() - began > CLOCK_PATIENCE:
                began = float("inf")  # said once
                self._say(DisplayMessage.INFO, self._texts("wrong_set_up"))
                rospy.logerr(
                    "/use_sim_time is set, but nothing comes on /clock: start the simulation or `rosbag play --clock`, "
                    "or `rosparam set use_sim_time false` and start anew"
                )

    def _wait_until_all_are_ready(self) -> None:
        """Say on the screen what is missing, and in the log why, each time that it changes."""
        self._doing = "waiting until all is ready"
        said = ""
        while not rospy.is_shutdown():
            texts, causes = self._waiting.texts, self._waiting.causes
            if not texts and self._known and self._predictions.get_num_connections():
                return
            if texts and texts + causes != said:
                said = texts + causes
                self._say(DisplayMessage.INFO, texts)
                rospy.loginfo("the first round waits: %s", causes)
            time.sleep(0.1)

    def _wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait in ROS time, whether or not somebody sets the clock. Returns whether ``until`` came true in time."""
        clock = SteadyClock()
        while not rospy.is_shutdown() and not until():
            if clock.follow(rospy.get_time()) >= seconds:
                return False
            time.sleep(0.05)
        return until()

    def _say(self, kind: str, text: str) -> None:
        message = DisplayMessage(round=self._round, kind=kind, text=text)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    def _state(self) -> State:
        values = {"round": self._round, "rounds": self._rounds or "endless", "timed out": self._timed_out}
        return (WARN if self._doing.startswith("waiting until") else OK), self._doing, values

    def close(self) -> None:
        """Stop reporting."""
        self._diagnostics.close()
