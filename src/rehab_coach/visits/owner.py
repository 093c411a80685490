"""Whose file a round goes to: nobody's without a yes."""

import math
from enum import Enum
from typing import NamedTuple


class Verdict(str, Enum):
    """What is to be done with a round."""

    KEEP = "keep"
    """It is the patient's."""
    ASK = "ask"
    """The person must say whether she is the patient."""
    DROP = "drop"
    """It is nobody's: it is not kept."""
    OTHER = "other"
    """Somebody else than the patient who was named for the coach moved like this: it is not kept, and she is told."""


class Decision(NamedTuple):
    """About one round.

    Attributes:
        verdict: what is to be done.
        patient: whose the round is, who is asked for, or who it looked like; empty with DROP.
    """

    verdict: Verdict
    patient: str = ""


class RoundOwner:
    """Joins who was named at the start, who was recognised, and what she answered.

    A patient who was named at the start stays the patient; a round in which somebody else is recognised is nobody's.
    Else the person is asked whether she is the one who was recognised. A yes holds for the rounds after it while the
    same patient is recognised; when nobody is, or after a pause, she is asked again. A no, or no answer, is not
    followed by the same question while the same patient is recognised.

    Args:
        given: the patient who was named at the start; empty: nobody.
        holds: seconds from a round that was hers to the next one, after which a yes is over.

    Attributes:
        patient: whose rounds are kept now; empty: nobody's.
    """

    def __init__(self, given: str = "", holds: float = 120.0):
        self.patient = given
        self._given, self._holds = given, holds
        self._asked = self._refused = ""
        self._confirmed = -math.inf

    def decide(self, recognised: str, now: float) -> Decision:
        """What to do with a round.

        Args:
            recognised: name of the patient who did it, as far as her movement tells; empty: unknown.
            now: when it was over, in seconds; of any clock that never jumps.
        """
        if self._given:
            if recognised in ("", self._given):
                return Decision(Verdict.KEEP, self._given)
            return Decision(Verdict.OTHER, recognised)
        if recognised != self._refused:
            self._refused = ""
        fresh = now - self._confirmed <= self._holds
        if recognised and recognised == self.patient and fresh:
            self._confirmed = now
            return Decision(Verdict.KEEP, recognised)
        self._asked = recognised or self.patient
        if not self._asked or self._asked == self._refused:
            return Decision(Verdict.DROP)
        return Decision(Verdict.ASK, self._asked)

    def answer(self, yes: bool, now: float) -> None:
        """What the person answered to the question that `decide` asked for, or False for no answer.

        Args:
            yes: she is that patient.
            now: when, of the same clock.
        """
        self.patient = self._asked if yes else ""
        self._refused = "" if yes else self._asked
        self._confirmed = now if yes else -math.inf
