"""The node that keeps how the exercises of a patient went, if the patient agrees."""

import threading
import time
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple, Union

import rospy
from std_msgs.msg import Bool

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Patient, Prediction, Skeleton
from rehab_coach.ros.diagnostics import OK, WARN, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter, keep_parameter
from rehab_coach.texts import ENGLISH, languages, load_texts
from rehab_coach.visits.errors import NoConsentError, VisitStoreError
from rehab_coach.visits.owner import RoundOwner, Verdict

RETRY = 3.0
"""Seconds between two attempts to store what could not be stored."""
MOVEMENT_PATIENCE = 60.0
"""Seconds after a prediction in which its movement must come; then the round is kept without one."""
IDENTITY_PATIENCE = 30.0
"""Seconds after a movement in which the identifier must say who that was; then it is nobody known."""
BUSY = 1.0
"""Seconds that a call waits for another program which is writing; the next attempt comes anyway."""

_Identity = Tuple[float, int]  # of a round: stamp of its request, number


class _Question(NamedTuple):
    """What the screen asks.

    Attributes:
        text: the question.
        end: when it is taken back (`time.monotonic`).
        who: the patient whom somebody is asked to be; empty: the patient is asked for consent.
        round: that is waiting for the answer; 0: none.
    """

    text: str
    end: float
    who: str = ""
    round: int = 0


class _Unowned(NamedTuple):
    """A round, when it was over, and until when somebody may say who did it (`time.monotonic`)."""

    result: Any  # visits.store.RoundResult
    over: float
    deadline: float


class VisitKeeper:
    """Stores each round as soon as it was measured: on the disk before anything else happens to it.

    A movement message says all about its round and is latched, so a keeper that was killed gets the last round when it
    is back; the store takes no round twice. What cannot be stored (the database is locked, the disk is full) stays in
    memory and is tried again.

    With ~identify a round first waits for what the identifier says, and goes to a patient's file only after she said
    that it is she (`visits.owner`).

    Subscribes:
        movement (rehab_coach/Movement): how a round went.
        stgcn_prediction (rehab_coach/Prediction), action_class (rehab_coach/ActionClass): the same, where the recorder
            died before it could say how the movement was.
        skeleton (rehab_coach/Skeleton): only with ~keep_skeletons.
        patient (rehab_coach/Patient): who did the round; only with ~identify.
        consent (std_msgs/Bool): the answer to the question.
    Publishes:
        display_message (rehab_coach/DisplayMessage, latched): kind question, once for a patient who was never asked
            and, with ~identify, whether somebody is the patient who was recognised; info.
        /diagnostics
    Parameters: see config/coach.yaml. Without a ~patient and without ~identify nothing is kept.

    Raises:
        RehabCoachError: a wrong parameter.
    """

    def __init__(self) -> None:
        self._texts = load_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        given = get_parameter("~patient", "", str)
        self._identify = get_parameter("~identify", False, bool)
        holds = get_parameter("~identity_holds", 120.0, float, minimum=0.0, maximum=3600.0)
        self._place = get_parameter("~database", "", str)
        self._keep_skeletons = get_parameter("~keep_skeletons", False, bool)
        self._question_timeout = get_parameter("~question_timeout", 60.0, float, minimum=5.0, maximum=3600.0)
        # Survives a restart: who said no in this session is not asked again in the middle of it.
        self._refused = get_parameter("~refused", "", str)
        self._changed = threading.Condition()
        self._store: Any = None
        self._agreed = self._known = ""  # who agreed, but that is not stored yet; of whom the store knows it
        self._question: Optional[_Question] = None
        self._requests: Dict[int, ActionClass] = {}
        self._incomplete: Dict[_Identity, Tuple[float, Any]] = {}  # deadline, round
        self._unowned: Deque[_Unowned] = deque()
        self._recognised: Dict[_Identity, str] = {}  # by the identifier
        self._unstored: Deque[Tuple[str, Any]] = deque()  # patient, visits.store.RoundResult
        self._skeletons: List[Skeleton] = []
        self._busy = False  # a round is being played: the person reads other things
        self._over: Optional[_Identity] = None  # the last round that was measured
        self._closing = threading.Event()
        self._problem, self._told, self._stored = "", False, 0
        self._subscribers: List[rospy.Subscriber] = []
        if not (given or self._identify):
            rospy.loginfo("no ~patient is named: nothing is kept")
            return
        self._load()
        self._owner = RoundOwner(given and self._visits.check_name(given), holds)
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
        if self._identify:
            self._subscribers.append(rospy.Subscriber("patient", Patient, self._on_patient, queue_size=10))
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
            # Topics overtake each other: the result of the round before may still come, and the first skeletons of
            # this one may be here already. A lesson is no result.
            before = dict(list(self._requests.items())[-1:])
            self._requests = {} if message.teach else {**before, message.round: message}
            self._skeletons = [one for one in self._skeletons if one.header.stamp >= message.header.stamp]
            self._busy = _identity(message) != self._over

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
            self._over = _identity(message.request)
            for newest in list(self._requests.values())[-1:]:
                self._busy = _identity(newest) != self._over
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
            self._complete(result)
        else:
            self._incomplete[identity] = (time.monotonic() + MOVEMENT_PATIENCE, result)
        self._changed.notify()

    def _complete(self, result: Any) -> None:
        """All is known of a round but, perhaps, who did it."""
        now = time.monotonic()
        self._unowned.append(_Unowned(result, now, now + (IDENTITY_PATIENCE if self._identify else 0.0)))

    def _on_patient(self, message: Patient) -> None:
        try:
            name = message.name and self._visits.check_name(message.name)
        except VisitStoreError as error:
            rospy.logerr("who did round %d is not known: %s", message.round, error)
            name = ""
        with self._changed:
            # Of the rounds before only those matter that wait.
            waiting = {(one.result.started, one.result.number) for one in self._unowned}
            self._recognised = {key: value for key, value in self._recognised.items() if key in waiting}
            self._recognised[_identity(message)] = name
            self._changed.notify()

    def _sequence(self, message: Movement):
        """The skeletons of the recording, if they are wanted and all there."""
        if not self._keep_skeletons or not message.prediction.frames:
            return None
        start, end = self._results.recorded(message)
        sequence = self._results.to_sequence(self._skeletons, start, end - start)
        if sequence is None or len(sequence) < 0.9 * message.prediction.frames:
            rospy.logwarn("the skeletons of round %d are not kept: some of them did not come", message.round)
            return None
        return sequence

    def _on_consent(self, message: Bool) -> None:
        with self._changed:
            if self._question is not None:
                self._end_question(bool(message.data))
                self._changed.notify()

    # Its own thread: the database

    def _run(self) -> None:
        """Store what comes until the node is closed; after a failure not before RETRY."""
        attempt = 0.0
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=0.2)
                self._give_up_waiting()
                self._find_owners()
            if time.monotonic() >= attempt:
                attempt = 0.0 if self._work() else time.monotonic() + RETRY
            else:
                self._closing.wait(0.1)

    def _has_work(self) -> bool:
        waiting = self._unstored or self._unowned
        return bool((waiting and self._question is None) or self._agreed or self._closing.is_set())

    def _give_up_waiting(self, everything: bool = False) -> None:
        """Rounds whose movement does not come are kept without it; an unanswered question is taken back."""
        now = time.monotonic()
        for identity, (deadline, result) in list(self._incomplete.items()):
            if everything or now > deadline:
                del self._incomplete[identity]
                self._complete(result)
        question = self._question
        if question is not None and now > question.end:
            ask = "" if question.who else "; ask: rehab-coach visits consent %s" % self._owner.patient
            rospy.logwarn("nobody answered, so nothing is kept%s", ask)
            self._end_question(False)

    def _find_owners(self, everything: bool = False) -> None:
        """Say of each round whose it is, in their order; a question about one stops that until it is answered."""
        while self._unowned and self._question is None:
            result, over, deadline = self._unowned[0]
            name = self._recognised.get((result.started, result.number))
            if name is None and not everything and time.monotonic() < deadline:
                return
            if name is None and self._identify:
                rospy.logwarn("nobody says on patient who did round %d; is the identifier running?", result.number)
            verdict, patient = self._owner.decide(name or "", over)
            if verdict in (Verdict.ASK, Verdict.OTHER) and self._busy and not everything:
                return  # nobody reads it now
            if verdict is Verdict.ASK and not everything:
                self._ask(self._texts("are_you", patient=patient), patient, result.number)
                return
            self._unowned.popleft()
            if verdict is Verdict.KEEP:
                self._unstored.append((patient, result))
            elif verdict is Verdict.OTHER:
                given = self._owner.patient
                rospy.logwarn("round %d is not kept: %s moved, but %s was named", result.number, patient, given)
                self._say("info", self._texts("other_patient", patient=given, other=patient), 8.0, result.number)
            else:
                rospy.loginfo("round %d is not kept: it is nobody's", result.number)

    def _work(self) -> bool:
        """Do what there is to do with the database; False: it cannot be used now."""
        try:
            if self._store is None:
                self._store = self._visits.VisitStore(self._place, busy_timeout=BUSY)
                whose = self._owner.patient or "whoever says yes"
                rospy.loginfo("rounds of %s are kept in %s", whose, self._store.place)
            self._settle_consent()
            while self._unstored and self._question is None:
                self._keep(*self._unstored[0])
                self._unstored.popleft()  # only callbacks append, so it is still the first
        except Exception as error:  # pylint: disable=broad-except
            # Whatever it is, the rounds stay in memory and the next attempt comes.
            known = isinstance(error, RehabCoachError)
            self._report(str(error) if known else "%s: %s" % (type(error).__name__, error))
            return False
        if self._problem:
            rospy.loginfo("the database can be used again; nothing was lost")
        self._problem, self._told = "", False
        return True

    def _settle_consent(self) -> None:
        """Store an answer, or ask the question if it is time."""
        if self._agreed:
            self._store.give_consent(self._agreed, self._texts("may_i_keep", patient=self._agreed))
            self._agreed, self._known = "", self._agreed
        patient = self._owner.patient
        if patient in ("", self._known, self._refused) or self._question is not None or self._busy:
            return
        if self._store.consent(patient) is not None:
            self._known = patient
            return
        with self._changed:
            self._ask(self._texts("may_i_keep", patient=patient))

    def _ask(self, text: str, who: str = "", number: int = 0) -> None:
        self._question = _Question(text, time.monotonic() + self._question_timeout, who, number)
        self._say("question", text, self._question_timeout, number)

    def _end_question(self, yes: bool) -> None:
        """It was answered, or will not be; no answer is a no."""
        question, self._question = self._question, None
        if question is None:
            return
        if question.who:
            self._owner.answer(yes, time.monotonic())
            result = self._unowned.popleft().result
            if yes:
                self._unstored.append((question.who, result))
            else:
                rospy.loginfo("round %d is not kept: nobody said that it was %s", result.number, question.who)
        elif yes:
            self._agreed = self._owner.patient
        else:
            self._refused = self._owner.patient
            keep_parameter("~refused", self._refused)
        self._say("question", "", 0.0, question.round)
        self._say("info", self._texts("kept" if yes else "not_kept"), 4.0, question.round)

    def _keep(self, patient: str, result: Any) -> None:
        try:
            if self._store.add_round(patient, result):
                self._stored += 1
                rospy.loginfo("round %d of %s is kept", result.number, patient)
        except NoConsentError:
            rospy.loginfo("round %d is not kept: %s has not agreed", result.number, patient)

    def _report(self, problem: str) -> None:
        """In the log at once; on the screen when it lasts, and when nobody is exercising."""
        if problem != self._problem:
            rospy.logerr("%s. %d rounds wait in memory", problem, len(self._unstored))
            self._problem = problem
        elif not self._told and not self._busy:
            self._told = True
            self._say("info", self._texts("cannot_keep"), 4.0)

    def _say(self, kind: str, text: str, seconds: float, number: int = 0) -> None:
        message = DisplayMessage(round=number, text=text, kind=kind, seconds=seconds)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    def _state(self) -> State:
        waiting = len(self._unowned) + len(self._unstored)
        values = {"patient": self._owner.patient, "stored": self._stored, "waiting in memory": waiting}
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
            if self._question is not None and self._question.who:
                self._end_question(False)
            self._question = None
            self._give_up_waiting(everything=True)
            self._find_owners(everything=True)
        if self._unstored and not self._work():
            rospy.logerr("%d rounds could not be stored and are lost", len(self._unstored))
        if self._store is not None:
            self._store.close()


def _identity(message: Union[ActionClass, Patient]) -> _Identity:
    """Tells a round from every other, also from one with the same number in an earlier session."""
    return message.header.stamp.to_sec(), message.round
