"""What the coach answers: the request and the prediction of one round, joined by the round's number."""

from dataclasses import dataclass
from typing import Optional

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.movement import Remark
from rehab_coach.rounds import Kind, Outcome, Status
from rehab_coach.texts import Texts, load_texts

_KINDS = {
    Outcome.CORRECT: Kind.CORRECT,
    Outcome.WRONG: Kind.WRONG,
    Outcome.UNKNOWN: Kind.WRONG,
    Outcome.NOT_SEEN: Kind.PROBLEM,
    Outcome.FAILED: Kind.PROBLEM,
}


@dataclass(frozen=True)
class Answer:
    """The answer of one round.

    Attributes:
        round: number of the round.
        outcome: how it ended.
        asked: label that the person was asked for.
        seen: label that was recognised, or "unknown", "nobody", "nothing".
        confidence: probability of what was seen, 0..1; 0 where nothing was recognised.
        text: what the person reads.
    """

    round: int
    outcome: Outcome
    asked: str
    seen: str
    confidence: float
    text: str

    @property
    def kind(self) -> Kind:
        """Of the message on the screen: correct, wrong or problem."""
        return _KINDS[self.outcome]

    def __str__(self) -> str:
        """One line for the log: ``Round 3: asked for squat, saw lunge (92 %): wrong``."""
        confidence = " (%.0f %%)" % (100.0 * self.confidence) if self.confidence > 0.0 else ""
        saw = self.seen + confidence
        return "Round %d: asked for %s, saw %s: %s" % (self.round, self.asked, saw, self.kind)


class RoundJoin:
    """Joins requests and predictions by round; each request gets one answer, from its own prediction only.

    Args:
        texts: the language of the answers; None: English.
    """

    def __init__(self, texts: Optional[Texts] = None) -> None:
        self._texts = texts or load_texts()
        self._round: Optional[int] = None
        self._asked = ""
        self._answered = False

    @property
    def round(self) -> Optional[int]:
        """The current round's number, None before the first."""
        return self._round

    @property
    def waiting(self) -> bool:
        """Somebody was asked for an exercise, and its prediction has not come."""
        return self._round is not None and not self._answered

    def request(self, round_number: int, label: str) -> None:
        """A person was asked for an exercise; an unanswered earlier round is given up."""
        self._round, self._asked, self._answered = round_number, label, False

    def objection(self, round_number: int) -> Optional[str]:
        """Why a prediction of this round is not to be answered; None when it is the one waited for."""
        if self._round is None:
            return "nobody was asked for anything yet"
        if round_number != self._round:
            return "this is round %d" % self._round
        if self._answered:
            return "that round was answered before"
        return None

    def answer(self, status: str, label: str, confidence: float) -> Answer:
        """Answer the current round.

        Args:
            status: of the prediction; one that is not a `Status` counts as failed.
            label: what was recognised.
            confidence: its probability, 0..1.
        """
        self._answered = True
        texts, asked = self._texts, self._texts.an(self._asked)
        if status == Status.RECOGNISED and label == self._asked:
            outcome, seen, text = Outcome.CORRECT, label, texts("well_done", exercise=asked)
        elif status == Status.RECOGNISED and label != UNKNOWN:
            outcome, seen, text = Outcome.WRONG, label, texts("i_saw", exercise=texts.an(label))
        elif status in (Status.RECOGNISED, Status.UNKNOWN):
            outcome, seen, text = Outcome.UNKNOWN, UNKNOWN, texts("not_recognised", exercise=asked)
        elif status == Status.NOT_SEEN:
            outcome, seen, text = Outcome.NOT_SEEN, "nobody", texts("could_not_see")
        else:
            outcome, seen, text = Outcome.FAILED, "nothing", texts("recording_failed")
        recognised = outcome in (Outcome.CORRECT, Outcome.WRONG, Outcome.UNKNOWN)
        return Answer(self._round or 0, outcome, self._asked, seen, confidence if recognised else 0.0, text)


def remark_sentence(remark: Remark, texts: Texts) -> str:
    """What a person hears about a remark: the text RULE_SEVERITY.

    Raises:
        RehabCoachError: there is none.
    """
    key = "%s_%s" % (remark.rule, remark.severity)
    if key not in texts:
        raise RehabCoachError("there is no text '%s'; add it to config/texts/form.%s.yaml" % (key, texts.language))
    return texts(key)
