"""The node that keeps how the exercises of a patient went, if the patient agrees."""

import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, Tuple

import rospy
from std_msgs.msg import Bool

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction, Skeleton
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.texts import ENGLISH, languages, load_texts
from rehab_coach.visits.errors import NoConsentError

RETRY = 3.0
"""Seconds between two attempts to store what could not be stored."""
MOVEMENT_PATIENCE = 60.0
"""Seconds after a prediction in which its movement must come; then the round is kept without one."""
BUSY = 1.0
"""Seconds that a call waits for another program which is writing; the next attempt comes anyway."""


class VisitKeeper:
    """Stores each round as soon as it was measured: on the disk before anything else happens to it.

    A movement message says all about its round and is latched, so a keeper that was killed gets the last round when it
    is back; the store takes no round twice. What cannot be stored (the database is locked, the disk is full) stays in
    memory and is tried again.

    Subscribes:
        movement (rehab_coach/Movement): how a round went.
        stgcn_prediction (rehab_coach/Prediction), action_class (rehab_coach/ActionClass): the same, where the recorder
            died before it could say how the movement was.
        skeleton (rehab_coach/Skeleton): only with ~keep_skeletons.
        consent (std_msgs/Bool): the answer to the question.
    Publishes:
        display_message (rehab_coach/DisplayMessage, latched): kind question, once for a patient who was never asked;
            info.
        /diagnostics
    Parameters: see config/coach.yaml. Without a ~patient nothing is kept.

    Raises:
        RehabCoachError: a wrong parameter.
    """

    def __init__(self) -> None:
        self._texts = load_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        self._patient = get_parameter("~patient", "", str)
        self._place = get_parameter("~database", "", str)
        self._keep_skeletons = get_parameter("~keep_skeletons", False, bool)
        self._question_timeout = get_parameter("~question_timeout", 60.0, float, minimum=5.0, maximum=3600.0)
        # Survives a restart: who said no in this session is not asked again in the middle of it.
        self._refused = get_parameter("~refused", "", str)
        self._changed = threading.Condition()
        self._store: Any = None
        self._agreed = self._known = False  # agreed, but not stored yet; the store knows that they agreed
        self._question, self._question_end = "", 0.0
        self._requests: Dict[int, ActionClass] = {}
        self._incomplete: Dict[Tuple[float, int], Tuple[float, Any]] = {}  # by identity: deadline, round
        self._unstored: Deque[Any] = deque()  # of visits.store.RoundResult
        self._skeletons: List[Skeleton] = []
        self._busy = False  # a round is being played: the person reads other things
        self._closing = threading.Event()
        self._problem, self._told, self._stored = "", False, 0
        self._subscribers: List[rospy.Subscriber] = []
        if not self._patient:
            rospy.loginfo("no ~patient is named: nothing is kept")
            return
        self._load()
        self._patient = self._visits.check_name(self._patient)
        self._messages = rospy.Publisher("display_message", DisplayMessage, queue_size=10, latch=True)
        self._diagnostics = Diagnostics(self._place.rpartition("@")[2])
        self._diagnostics.add("visits", self._state)
        self._subscribers = [
            rospy.Subscriber("action_class", ActionClass, self._on_action, queue_size=10),
            rospy.Subscriber("stgcn_prediction", Prediction, self._on_prediction, queue_size=10),
            rospy.Subscriber("movement", Movement, self._on_movement, queue_size=10),
            rospy.Subscriber("consent", Bool, self._on_consent, queue_size=10),
        ]
        if self._keep_skeletons:
            self._subscribers.append(rospy.Subscriber("skeleton", Skeleton, self._on_skeleton, queue_size=1000))
        # Not in the main thread: a signal that comes there while something is logged would wait for itself.
        self._worker = threading.Thread(target=self._run, name="database", daemon=True)
        self._worker.start()

    def _load(self) -> None:
        """Only where something is kept: SQLAlchemy takes half a second and 40 MB."""
        try:
            from rehab_coach.ros import round_results
            from rehab_coach.visits import database, store
        except ImportError as error:
            raise RehabCoachError("to keep visits, install: pip install 'rehab_coach[visits]' (%s)" % error) from error
        self._results, self._visits = round_results, store
        self._place = self._place or database.default_place()

    # Callbacks: they store in memory

    def _on_action(self, message: ActionClass) -> None:
        with self._changed:
            self._requests = {} if message.teach else {message.round: message}  # a lesson is no result
            # Topics overtake each other: the first skeletons of this round may be here already.
            self._skeletons = [one for one in self._skeletons if one.header.stamp >= message.header.stamp]
            self._busy = True

    def _on_skeleton(self, message: Skeleton) -> None:
        with self._changed:
            self._skeletons.append(message)

    def _on_prediction(self, message: Prediction) -> None:
        with self._changed:
            self._busy = False
            request = self._requests.get(message.round)
            if request is not None:
                self._take(Movement(round=message.round, request=request, prediction=message), complete=False)

    def _on_movement(self, message: Movement) -> None:
        if message.request.teach:
            return
        with self._changed:
            self._take(message, complete=True)

    def _take(self, message: Movement, complete: bool) -> None:
        try:
            result = self._results.to_round_result(message, self._sequence(message) if complete else None)
        except (ValueError, TypeError) as error:
            rospy.logerr("round %d cannot be kept: %s", message.round, error)
            return
        identity = (result.started, result.number)
        if complete:
            self._incomplete.pop(identity, None)
            self._unstored.append(result)
        else:
            self._incomplete[identity] = (time.monotonic() + MOVEMENT_PATIENCE, result)
        self._changed.notify()

    def _sequence(self, message: Movement):
        """The skeletons of the recording, if they are wanted and all there."""
        if not self._keep_skeletons or not message.prediction.frames:
            return None
        sequence = self._results.to_sequence(self._skeletons, message.header.stamp.to_sec(), message.duration)
        if sequence is None or len(sequence) < 0.9 * message.prediction.frames:
            rospy.logwarn("the skeletons of round %d are not kept: some of them did not come", message.round)
            return None
        return sequence

    def _on_consent(self, message: Bool) -> None:
        with self._changed:
            if not self._question:
                return
            self._agreed = bool(message.data)
            self._end_question("kept" if message.data else "not_kept")
            self._changed.notify()

    # Its own thread: the database

    def _run(self) -> None:
        """Store what comes until the node is closed; after a failure not before RETRY."""
        attempt = 0.0
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=0.2)
                self._give_up_waiting()
            if time.monotonic() >= attempt:
                attempt = 0.0 if self._work() else time.monotonic() + RETRY
            else:
                self._closing.wait(0.1)

    def _has_work(self) -> bool:
        return bool((self._unstored and not self._question) or self._agreed or self._closing.is_set())

    def _give_up_waiting(self, everything: bool = False) -> None:
        """Rounds whose movement does not come are kept without it; an unanswered question is taken back."""
        now = time.monotonic()
        for identity, (deadline, result) in list(self._incomplete.items()):
            if everything or now > deadline:
                del self._incomplete[identity]
                self._unstored.append(result)
        if self._question and now > self._question_end:
            rospy.logwarn("nobody answered, so nothing is kept; ask: rehab-coach visits consent %s", self._patient)
            self._end_question("not_kept")

    def _work(self) -> bool:
        """Do what there is to do with the database; False: it cannot be used now."""
        try:
            if self._store is None:
                self._store = self._visits.VisitStore(self._place, busy_timeout=BUSY)
                rospy.loginfo("rounds of %s are kept in %s", self._patient, self._store.place)
            self._settle_consent()
            while self._unstored and not self._question:
                self._keep(self._unstored[0])
                self._unstored.popleft()  # only callbacks append, so it is still the first
        except Exception as error:  # pylint: disable=broad-except
            # Whatever it is, the rounds stay in memory and the next attempt comes.
            known = isinstance(error, RehabCoachError)
            self._report(str(error) if known else "%s: %s" % (type(error).__name__, error))
            return False
        if self._problem:
            rospy.loginfo("the database can be used again; nothing was lost")
            self._closing = threading.Event()
        self._problem, self._told = "", False
        return True

    def _settle_consent(self) -> None:
        """Store an answer, or ask the question if it is time."""
        if self._agreed:
            self._store.give_consent(self._patient, self._texts("may_i_keep", patient=self._patient))
            self._agreed, self._known = False, True
        if self._known or self._question or self._busy or self._refused == self._patient:
            return
        self._known = self._store.consent(self._patient) is not None
        if not self._known:
            with self._changed:
                self._question = self._texts("may_i_keep", patient=self._patient)
                self._question_end = time.monotonic() + self._question_timeout
            self._say("question", self._question, self._question_timeout)

    def _end_question(self, answer: str) -> None:
        self._question = ""
        if answer == "not_kept":
            self._refused = self._patient
            rospy.set_param("~refused", self._refused)
        self._say("question", "", 0.0)
        self._say("info", self._texts(answer), 4.0)

    def _keep(self, result: Any) -> None:
        try:
            if self._store.add_round(self._patient, result):
                self._stored += 1
                rospy.loginfo("round %d is kept", result.number)
        except NoConsentError:
            rospy.loginfo("round %d is not kept: %s has not agreed", result.number, self._patient)

    def _report(self, problem: str) -> None:
        """In the log at once; on the screen when it lasts, and when nobody is exercising."""
        if problem != self._problem:
            rospy.logerr("%s. %d rounds wait in memory", problem, len(self._unstored))
            self._problem = problem
        elif not self._told and not self._busy:
            self._told = True
            self._say("info", self._texts("cannot_keep"), 4.0)

    def _say(self, kind: str, text: str, seconds: float) -> None:
        message = DisplayMessage(text=text, kind=kind, seconds=seconds)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    def _state(self) -> State:
        values = {"patient": self._patient, "stored": self._stored, "waiting in memory": len(self._unstored)}
        return (WARN, self._problem, values) if self._problem else (OK, "ready", values)

    def close(self) -> None:
        """Store what is left."""
        for subscriber in self._subscribers:
            subscriber.unregister()
        if not self._subscribers:
            return
        self._diagnostics.close()
        self._closing.set()
        self._worker.join(10.0)
        with self._changed:
            self._question = ""
            self._give_up_waiting(everything=True)
        if self._unstored and not self._work():
            rospy.logerr("%d rounds of %s could not be stored and are lost", len(self._unstored), self._patient)
        if self._store is not None:
            self._store.close()
