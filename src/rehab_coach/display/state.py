"""What the screen shows, worked out from what has happened: no drawing, no ROS, no clock of its own."""

import enum
import math
import re
from dataclasses import dataclass
from typing import Dict, Mapping, NamedTuple, Optional, Set, Tuple

from rehab_coach.rounds import Kind, Status
from rehab_coach.texts import Texts, load_texts


class Phase(enum.Enum):
    """What the screen is about at a moment."""

    WELCOME = "welcome"
    PROMPT = "prompt"
    COUNTDOWN = "countdown"
    ADVICE = "advice"
    RECORDING = "recording"
    THINKING = "thinking"
    CORRECT = "correct"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_SEEN = "not_seen"
    PROBLEM = "problem"
    REST = "rest"
    QUESTION = "question"


class Motion(enum.Enum):
    """What the person at the keyboard wants of the robot's wheels, and whether the robot has confirmed it."""

    ALLOWED = "allowed"
    STOPPING = "stopping"
    STOPPED = "stopped"
    RELEASING = "releasing"
    STOP_FAILED = "stop_failed"
    RELEASE_FAILED = "release_failed"


class Bar(NamedTuple):
    """How much a movement looks like an exercise, so far."""

    label: str
    share: float  # 0..1
    shown: bool  # it is the answer so far


@dataclass(frozen=True)
class View:
    """All that the renderer needs besides the picture of the camera."""

    phase: Phase
    headline: str
    note: str = ""  # a second, smaller text
    label: str = ""  # the exercise that was asked for
    seen: str = ""  # the exercise that was recognised
    count: Optional[int] = None  # repetitions: so far, or at the end; None: not counted
    remark: str = ""  # what there is to say about the form
    bars: Tuple[Bar, ...] = ()  # what the movement is taken for so far
    confidence: float = 0.0
    remaining: float = 0.0  # seconds of a countdown or recording
    fraction: float = 0.0  # the same as a part of its whole, 1 = just started
    round: int = 0
    outcomes: Tuple[Phase, ...] = ()  # of the rounds so far, oldest first
    motion: Motion = Motion.ALLOWED

    @property
    def number(self) -> str:
        """The countdown as a person reads it: 3, 2, 1, then 0 at its end."""
        return str(int(math.ceil(max(self.remaining, 0.0) - 1e-3)))

    @property
    def correct(self) -> int:
        return sum(outcome is Phase.CORRECT for outcome in self.outcomes)

    @property
    def answered(self) -> int:
        """Rounds in which a movement was judged; nobody is to blame for not having been seen."""
        return sum(outcome is not Phase.NOT_SEEN for outcome in self.outcomes)


BAR_STEP = 0.05
"""Bars grow and shrink by steps of this size: smaller changes would only be unrest."""
BAR_INERTIA = 0.6
"""Share of the bar before in the new one."""

# A question waits while the person is busy with a round.
_BUSY = (Phase.PROMPT, Phase.COUNTDOWN, Phase.ADVICE, Phase.RECORDING, Phase.THINKING)


class _Message(NamedTuple):
    text: str
    kind: str
    seconds: float
    round: int
    time: float


class _Prediction(NamedTuple):
    status: str
    label: str
    confidence: float


class ScreenState:
    """Takes what comes in over the topics, in any order, and answers with a view at any time.

    Times are seconds of one clock, whichever the caller has. The class does no locking.

    Args:
        texts: the language of what the screen says by itself; None: English.
    """

    # Two countdown messages whose ends differ by less than this are one countdown: the ring runs on smoothly.
    _SAME_COUNTDOWN = 0.4

    def __init__(self, texts: Optional[Texts] = None) -> None:
        self.motion = Motion.ALLOWED
        self._texts = texts or load_texts()
        self._message: Optional[_Message] = None
        self._question: Optional[_Message] = None
        self._round, self._label = 0, ""
        self._prompts: Dict[int, str] = {}
        self._predictions: Dict[int, _Prediction] = {}
        self._answers: Dict[int, bool] = {}
        self._counted: Dict[int, int] = {}  # repetitions that were measured in the round
        self._counting: Optional[int] = None  # repetitions so far
        self._remarks: Dict[int, str] = {}
        self._bars: Dict[str, float] = {}
        self._so_far = ""
        self._countdown_end = self._countdown_whole = 0.0
        self._countdown_round = -1
        self._recording = False

    def request(self, round: int, label: str) -> None:
        """The robot asks for an exercise; a lower number than before begins a new session and a new score."""
        if round < self._round:
            self._prompts = {number: text for number, text in self._prompts.items() if number == round}
            for earlier in (self._predictions, self._answers, self._counted, self._remarks):
                earlier.clear()
        self._round, self._label, self._counting = round, label, None
        self._bars, self._so_far = {}, ""

    def message(self, text: str, kind: str, seconds: float, round: int, now: float) -> None:
        """A text for the person.

        Args:
            text, kind, seconds, round: as in DisplayMessage.msg.
            now: when it came.
        """
        seconds = seconds if math.isfinite(seconds) and seconds > 0 else 0.0
        message = _Message(text.strip(), kind, seconds, round, now)
        if kind == Kind.REMARK:
            self._remarks[round] = message.text
            return
        if kind == Kind.QUESTION:
            self._question = message if message.text else None
            return
        self._message = message
        if kind == Kind.PROMPT:
            self._prompts[round] = text.strip()
            self._recording, self._countdown_round = False, -1
        elif kind in (Kind.COUNTDOWN, Kind.RECORDING):
            self._count_down(kind == Kind.RECORDING, seconds, now, self._countdown_round == round)
            self._countdown_round = round
        elif kind in (Kind.CORRECT, Kind.WRONG):
            self._answers[round] = kind == Kind.CORRECT

    def prediction(self, round: int, status: str, label: str, confidence: float) -> None:
        """The network's answer for a round, as in Prediction.msg."""
        self._predictions[round] = _Prediction(status, label, confidence)

    def so_far(self, round: int, label: str, probabilities: Mapping[str, float]) -> None:
        """What the movement is taken for, as in PredictionSoFar.msg; probabilities of the exercises by their labels."""
        if round != self._round:
            return
        self._so_far = label
        self._bars = {
            name: BAR_INERTIA * self._bars.get(name, 0.0) + (1 - BAR_INERTIA) * value
            for name, value in probabilities.items()
        }

    def counting(self, count: Optional[int]) -> None:
        """Repetitions so far in the recording that is going on; None: they are not counted."""
        self._counting = count

    def counted(self, round: int, count: int) -> None:
        """Repetitions in the whole recording of a round."""
        self._counted[round] = count

    @property
    def recording(self) -> bool:
        """The recording has begun, and nothing was said since then but what belongs to it."""
        return self._recording

    def view(self, now: float) -> View:
        """What to show at a time that is not before the last call."""
        phase = self._phase(now)
        message = self._message
        number = self._round if phase in (Phase.WELCOME, Phase.REST) or not message else message.round or self._round
        prediction = self._predictions.get(number, _Prediction("", "", 0.0))
        headline, note = self._wording(phase, number)
        left = max(self._countdown_end - now, 0.0) if phase in (Phase.COUNTDOWN, Phase.RECORDING) else 0.0
        answered = phase in (Phase.CORRECT, Phase.WRONG)
        count = self._counting if phase is Phase.RECORDING else self._counted.get(number) if answered else None
        outcomes = [self._outcome(each) for each in sorted(set(self._answers) | set(self._predictions))]
        return View(
            phase,
            headline,
            note,
            label=self._label if number == self._round else "",
            seen=prediction.label if answered else "",
            count=count,
            remark=self._remarks.get(number, "") if answered else "",
            bars=self._shown_bars() if phase is Phase.RECORDING else (),
            confidence=prediction.confidence,
            remaining=left,
            fraction=min(left / self._countdown_whole, 1.0) if self._countdown_whole else 0.0,
            round=number,
            outcomes=tuple(outcome for outcome in outcomes if outcome),
            motion=self.motion,
        )

    def _shown_bars(self) -> Tuple[Bar, ...]:
        return tuple(
            Bar(label, round(round(share / BAR_STEP) * BAR_STEP, 2), label == self._so_far)
            for label, share in self._bars.items()
        )

    def _count_down(self, recording: bool, seconds: float, now: float, follows: bool) -> None:
        end = now + seconds
        longer = follows and end > self._countdown_end + self._SAME_COUNTDOWN
        is_new = recording != self._recording or not follows or abs(end - self._countdown_end) > self._SAME_COUNTDOWN
        if is_new:
            self._countdown_end = end
        if recording != self._recording or not follows or longer:
            self._countdown_whole = seconds
        self._recording = recording

    def _phase(self, now: float) -> Phase:
        phase = self._phase_of_round(now)
        question = self._question
        if question is None or phase in _BUSY or (question.seconds and now > question.time + question.seconds):
            return phase
        return Phase.QUESTION

    def _phase_of_round(self, now: float) -> Phase:
        message = self._message
        if message is None or (message.kind == Kind.INFO and not self._prompts):
            return Phase.WELCOME
        if message.kind == Kind.COUNTDOWN:
            return Phase.COUNTDOWN
        if message.kind == Kind.RECORDING:
            return Phase.RECORDING if now < self._countdown_end else Phase.THINKING
        if message.seconds and now > message.time + message.seconds:
            return self._after(message, now)
        if message.kind == Kind.PROMPT:
            return Phase.PROMPT
        if message.kind == Kind.INFO:
            return Phase.ADVICE
        if message.kind == Kind.PROBLEM and message.round == self._countdown_round and not self._recording:
            return Phase.ADVICE  # between countdown and recording: something about where the person stands
        outcome = self._outcome(message.round)
        # A problem after an answer (an obstacle in the way ...) is a problem of its own.
        if message.kind == Kind.PROBLEM and outcome is not Phase.NOT_SEEN:
            return Phase.PROBLEM
        return outcome or Phase.WELCOME  # there is no outcome when the answer was one of an earlier session

    def _after(self, message: _Message, now: float) -> Phase:
        """What follows when a message has been shown for its time."""
        if message.round in self._predictions or message.round in self._answers:
            return Phase.REST
        if self._recording and message.round == self._round:
            return Phase.RECORDING if now < self._countdown_end else Phase.THINKING
        return Phase.PROMPT if message.round in self._prompts or self._round in self._prompts else Phase.WELCOME

    def _outcome(self, number: int) -> Optional[Phase]:
        if self._answers.get(number):
            return Phase.CORRECT
        prediction = self._predictions.get(number)
        if prediction and prediction.status == Status.NOT_SEEN:
            return Phase.NOT_SEEN
        if prediction and Status.UNKNOWN in (prediction.status, prediction.label):
            return Phase.UNKNOWN
        return Phase.WRONG if number in self._answers else None

    def _wording(self, phase: Phase, number: int) -> Tuple[str, str]:
        texts = self._texts
        text, kind = (self._message.text, self._message.kind) if self._message else ("", "")
        prompt = self._prompts.get(number, "")
        if phase is Phase.QUESTION and self._question:
            return self._question.text, ""
        if phase is Phase.WELCOME:
            # The first screen says by itself that this is no medical device.
            return texts("your_coach"), "" if text == texts("welcome") else text
        if phase is Phase.PROMPT:
            return prompt or self._prompts.get(self._round, text), ""
        if phase in (Phase.COUNTDOWN, Phase.RECORDING):
            note = "" if re.fullmatch(r"[\d\s.…]*", text) else text
            is_word = kind in (Kind.COUNTDOWN, Kind.RECORDING)
            return (prompt, note if is_word else "") if prompt else (text or texts("get_ready"), "")
        if phase is Phase.THINKING:
            return texts("thinking"), ""
        if phase is Phase.REST:
            return texts("break"), ""
        return text or texts(kind if kind in (Kind.CORRECT, Kind.WRONG) else "problem"), ""


def emphasised(text: str, name: str) -> Set[int]:
    """Indices of the words of a text that name an exercise, in any spelling: "push-ups", "push up"."""
    words = [re.sub(r"[\W_]", "", word).lower() for word in text.split()]
    name = re.sub(r"[\W_]", "", name).lower()
    for start in range(len(words)):
        for end in range(start + 1, min(start + 4, len(words)) + 1):
            if name and "".join(words[start:end]) in (name, name + "s", name + "es"):
                return set(range(start, end))
    return set()
