"""An exercise that one person shows a few times, recognised from then on beside those of the model.

Nothing is trained: the mean direction of the takes in the model's `Embedding` is the exercise, and whatever is near
enough to it is recognised as it.
"""

import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN, check_label
from rehab_coach.recognition.array_file import read_arrays, write_arrays
from rehab_coach.recognition.embedding import Embedding, unit
from rehab_coach.recognition.model_file import ModelError
from rehab_coach.recognition.recognizer import Recognition, Recognizer
from rehab_coach.rounds import Status
from rehab_coach.skeleton import SkeletonSequence

KIND = "exercise"
EXTENSION = ".safetensors"
STEEPNESS = 0.05
"""Cosine above its threshold at which an added exercise's confidence is 73 %; it is 50 % at the threshold."""


class EnrolmentDoubt(RehabCoachError):
    """Takes that can be used, but perhaps should not be: ask once more, then `enrol(..., sure=True)`."""


class NobodySeen(RehabCoachError):
    """Takes in which too little of a person is seen.

    Attributes:
        takes: their numbers, from 1.
    """

    def __init__(self, takes: Sequence[int]):
        self.takes = tuple(takes)
        super().__init__(
            "nobody is seen long enough in take%s %s: film the whole body, for some seconds each"
            % ("" if len(self.takes) == 1 else "s", _listed(takes))
        )


class TakesDisagree(EnrolmentDoubt):
    """Takes that are too far from the others.

    Attributes:
        takes: their numbers, from 1.
    """

    def __init__(self, takes: Sequence[int]):
        self.takes = tuple(takes)
        super().__init__(
            "take%s %s look%s like another movement than the others: show the same exercise again, from the same side"
            % (("", _listed(takes), "s") if len(self.takes) == 1 else ("s", _listed(takes), ""))
        )


class LooksKnown(EnrolmentDoubt):
    """Takes that the coach already recognises as an exercise.

    Attributes:
        label: that exercise.
    """

    def __init__(self, label: str):
        self.label = label
        super().__init__("this looks like '%s', which the coach knows: choose that, or show what is different" % label)


@dataclass(frozen=True, eq=False)
class EnrolledExercise:
    """An exercise that was shown.

    Attributes:
        label: its name.
        prototype: float32 (D,), length 1: the mean direction of the takes.
        model: `Recognizer.digest` of the network whose features these are.
        takes: how many were shown.
    """

    label: str
    prototype: np.ndarray
    model: str
    takes: int

    def save(self, folder: str) -> str:
        """Write FOLDER/LABEL.safetensors, whole or not at all; returns the path.

        Raises:
            RehabCoachError: it cannot be written.
        """
        path = os.path.join(folder, self.label + EXTENSION)
        header = {"label": self.label, "model": self.model, "takes": self.takes}
        write_arrays(path, KIND, header, {"prototype": self.prototype})
        return path

    @classmethod
    def load(cls, path: str) -> "EnrolledExercise":
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, broken or of another kind.
        """
        header, tensors = read_arrays(os.fspath(path), KIND)
        try:
            prototype = tensors["prototype"]
            if prototype.ndim != 1 or not abs(float(np.linalg.norm(prototype)) - 1) < 1e-3:
                raise ValueError("the prototype is no direction")
            label, model, takes = str(header["label"]), str(header["model"]), int(header["takes"])
            check_label(label, "the file")
            return cls(label, prototype, model, takes)
        except (KeyError, TypeError, ValueError, RehabCoachError) as error:
            raise ModelError(
                "the content of %s does not fit together (%s): show the exercise again" % (path, error)
            ) from error


class EnrolledRecognizer:
    """A recogniser that also knows the exercises that somebody showed.

    An added exercise takes over where a recording is near enough to it, which takes more where the model recognises one
    of its own exercises than where it answers `unknown` (see `Thresholds`). Everything else is the model's own answer.

    Args:
        recognizer: of the model.
        embedding: made for that model.
        exercises: that were added.

    Raises:
        ModelError: embedding or exercise belongs to another model.
        RehabCoachError: a label is there twice.
    """

    def __init__(self, recognizer: Recognizer, embedding: Embedding, exercises: Sequence[EnrolledExercise] = ()):
        if embedding.model != recognizer.digest:
            raise ModelError(
                "exercises can be added by showing them only to the model that the embedding was made for: use the "
                "model that ships, or make an embedding for this one"
            )
        self.recognizer, self.embedding, self.exercises = recognizer, embedding, tuple(exercises)
        for exercise in self.exercises:
            if exercise.model != recognizer.digest:
                raise ModelError("'%s' was shown to another model: show it again" % exercise.label)
        twice = [label for label, count in Counter(self.labels).items() if count > 1]
        if twice:
            raise RehabCoachError("there is an exercise '%s' already: choose another label, or remove it" % twice[0])
        self._prototypes = np.array([exercise.prototype for exercise in self.exercises], np.float32)

    @property
    def labels(self) -> Tuple[str, ...]:
        """The model's and the added exercises'."""
        return self.recognizer.labels + tuple(exercise.label for exercise in self.exercises)

    def warm_up(self, duration: float = 10.0) -> None:
        """See `Recognizer.warm_up`."""
        self.recognizer.warm_up(duration)

    def embed(self, sequence: SkeletonSequence, method: str = "interpolate") -> Optional[np.ndarray]:
        """Direction of a recording, float32 (D,) of length 1; None where too little of a person is seen."""
        features = self.recognizer.features(sequence, method)
        return None if features is None else self.embedding(features)

    def recognize(self, sequence: SkeletonSequence, method: str = "interpolate") -> Recognition:
        """Say which exercise a recording shows; see `Recognizer.recognize`."""
        answer = self.recognizer.recognize(sequence, method)
        return self.decide(answer, self.embed(sequence, method) if self.exercises else None)

    def decide(self, answer: Recognition, direction: Optional[np.ndarray]) -> Recognition:
        """The model's answer, or the nearest added exercise in its place.

        Args:
            answer: the model's about a recording.
            direction: of the same recording, see `embed`.

        Returns:
            With the labels of both. An added exercise that takes over has a confidence of 0.5 (at its threshold) to 1,
            the model's labels share the rest; one that does not has 0.
        """
        added = np.zeros(len(self.exercises), np.float32)
        answer = replace(
            answer,
            labels=answer.labels + tuple(exercise.label for exercise in self.exercises),
            probabilities=np.concatenate([answer.probabilities, added]),
        )
        if direction is None or not self.exercises:
            return answer
        thresholds = self.embedding.thresholds
        cosines = self._prototypes @ direction
        best = int(cosines.argmax())
        beyond = cosines[best] - (thresholds.unknown if answer.label == UNKNOWN else thresholds.known)
        if beyond < 0:
            return answer
        confidence = float(1 / (1 + np.exp(-beyond / STEEPNESS)))
        probabilities = answer.probabilities * np.float32(1 - confidence)
        probabilities[len(answer.labels) - len(added) + best] = confidence
        return Recognition(self.exercises[best].label, Status.RECOGNISED, confidence, answer.labels, probabilities)


def enrol(
    label: str, takes: Sequence[SkeletonSequence], recognizer: EnrolledRecognizer, sure: bool = False
) -> EnrolledExercise:
    """Make an exercise of what one person shows.

    Args:
        label: its name.
        takes: of that person alone, best three to five; each may hold one repetition or several.
        recognizer: what the coach knows so far.
        sure: take the takes although there is a doubt about them.

    Raises:
        NobodySeen: in one of the takes too little of a person is seen.
        TakesDisagree: one of the takes is too far from the others (not where `sure`).
        LooksKnown: most of the takes are recognised as an exercise already (not where `sure`).
        RehabCoachError: no takes, or a label that is taken or cannot be used.
    """
    check_label(label, "the new exercise")
    if label.lower() in [known.lower() for known in recognizer.labels + (UNKNOWN,)]:
        raise RehabCoachError("there is an exercise '%s' already: choose another label, or remove it" % label)
    if not takes:
        raise RehabCoachError("there is no take of '%s': show it once at least, better three times" % label)
    directions = [recognizer.embed(take) for take in takes]
    seen = [direction for direction in directions if direction is not None]
    unseen = [number for number, direction in enumerate(directions, start=1) if direction is None]
    if unseen:
        raise NobodySeen(unseen)
    if not sure:
        apart = disagreeing(np.stack(seen), recognizer.embedding.thresholds.agreement)
        if apart:
            raise TakesDisagree(apart)
        known = _known(takes, recognizer)
        if known:
            raise LooksKnown(known)
    prototype = unit(np.mean(seen, axis=0))
    return EnrolledExercise(label, prototype, recognizer.recognizer.digest, len(takes))


def disagreeing(directions: np.ndarray, agreement: float) -> List[int]:
    """Numbers (from 1) of the takes whose cosine to the mean of the others is below `agreement`."""
    return [int(number) + 1 for number in np.flatnonzero(agreements(directions) < agreement)]


def agreements(directions: np.ndarray) -> np.ndarray:
    """Cosine of each of the takes' directions (takes, D) to the mean of the others, (takes,); 1 of a single take."""
    if len(directions) < 2:
        return np.ones(len(directions), np.float32)
    return (unit(directions.sum(axis=0) - directions) * directions).sum(axis=1)


def _known(takes: Sequence[SkeletonSequence], recognizer: EnrolledRecognizer) -> str:
    """The exercise that more than half of the takes are recognised as; "" if there is none."""
    counts: Dict[str, int] = Counter(recognizer.recognize(take).label for take in takes)
    label, count = max(counts.items(), key=lambda entry: entry[1])
    return label if label != UNKNOWN and 2 * count > len(takes) else ""


def _listed(numbers: Sequence[int]) -> str:
    words = [str(number) for number in numbers]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
