"""The words in which a round is told: what was recognised, how it ended, what the screen shows.

They travel in messages and files as they are, so each is also a string: `Status.UNKNOWN == "unknown"`.
"""

from enum import Enum


class _Word(str, Enum):
    def __str__(self) -> str:
        return str(self.value)


class Status(_Word):
    """What became of a recording; the constants of Prediction.msg."""

    RECOGNISED = "recognised"
    """One of the exercises."""
    UNKNOWN = "unknown"
    """A person was seen, but doing none of them."""
    NOT_SEEN = "not_seen"
    """Too few frames hold a person."""
    TAUGHT = "taught"
    """A new exercise was shown, and is known from now on."""
    FAILED = "failed"
    """Camera, estimator or model failed, or a new exercise must be shown once more."""


class Outcome(_Word):
    """How a round ended for the person who was asked."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_SEEN = "not_seen"
    FAILED = "failed"


class Kind(_Word):
    """Of a message on the screen; the constants of DisplayMessage.msg."""

    INFO = "info"
    PROMPT = "prompt"
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    CORRECT = "correct"
    WRONG = "wrong"
    PROBLEM = "problem"
    REMARK = "remark"
    QUESTION = "question"
