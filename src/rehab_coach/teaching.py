"""A new exercise, shown to the coach: one recording of several repetitions, and another one where there is a doubt."""

import os
from contextlib import suppress
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.kinematics.repetitions.find import find_cycles
from rehab_coach.kinematics.repetitions.signal import movement_signal
from rehab_coach.pose import Pose, PoseEstimator
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.embedding import Embedding
from rehab_coach.recognition.enrolment import (
    EXTENSION,
    EnrolledExercise,
    EnrolledRecognizer,
    LooksKnown,
    NobodySeen,
    TakesDisagree,
    enrol,
)
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.texts import Texts, load_texts

MARGIN = 0.2
"""Seconds before and after a repetition that belong to a take of it."""
AS_TALL = 0.6
"""Share of the tallest person's height in the picture from which a second one is in the way."""
MOST_CROWDED = 0.3
"""Share of the frames in which a second person may be."""
LEAST_TAKES = 2
"""Repetitions in a recording under which the person is asked once more."""


def default_folder() -> str:
    """Where added exercises are kept unless somebody says otherwise: $XDG_DATA_HOME, as desktop programs do."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "rehab_coach", "exercises")


def cut_takes(sequence: SkeletonSequence) -> List[SkeletonSequence]:
    """Each repetition of whatever moves by itself; the whole recording where there is none."""
    moved = movement_signal(sequence)
    if moved is None:
        return [sequence]
    takes = []
    for cycle in find_cycles(moved, None):
        first, last = moved.stamps[cycle.before] - MARGIN, moved.stamps[cycle.after] + MARGIN
        start, end = np.searchsorted(sequence.stamps, [first, last])
        takes.append(sequence[int(start) : int(end)])
    return takes or [sequence]


class CrowdWatch(PoseEstimator):
    """An estimator that also notices a second person who is as near as the first one.

    Args:
        estimator: that does the work.
    """

    def __init__(self, estimator: PoseEstimator):
        self.layout = estimator.layout
        self._estimator = estimator
        self._frames = self._crowded_frames = 0

    def estimate(self, picture: np.ndarray) -> List[Pose]:
        """See `PoseEstimator`."""
        poses = self._estimator.estimate(picture)
        heights = sorted((pose.height for pose in poses if pose.seen.sum() >= 8), reverse=True)
        self._frames += bool(heights)
        self._crowded_frames += len(heights) > 1 and heights[1] > AS_TALL * heights[0]
        return poses

    def reset(self) -> None:
        """See `PoseEstimator`."""
        self._estimator.reset()

    @property
    def crowded(self) -> bool:
        """Whether the second person was there for a good part of the time."""
        return self._crowded_frames > MOST_CROWDED * max(self._frames, 1)


class AddedExercises:
    """The exercises of a folder, and the recogniser that knows them beside the model's own.

    Args:
        recognizer: of the model.
        folder: of the exercises' files; "" = `default_folder`.
        report: called with a sentence about each file that cannot be used; the others are.

    Raises:
        RehabCoachError: the folder is a file.

    Attributes:
        folder: of the files.
        recognizer: answers with the model's labels and the added ones.
    """

    def __init__(self, recognizer: Recognizer, folder: str = "", report: Callable[[str], None] = lambda line: None):
        self.folder = os.path.expanduser(folder) if folder else default_folder()
        self.recognizer: Union[Recognizer, EnrolledRecognizer] = recognizer
        self._plain, self._report = recognizer, report
        self._read: Optional[Dict[str, int]] = None
        if os.path.lexists(self.folder) and not os.path.isdir(self.folder):
            raise RehabCoachError("%s is no folder: name the folder that the exercises are in" % self.folder)
        self.refresh()

    @property
    def labels(self) -> Tuple[str, ...]:
        """Those that were added."""
        return tuple(label for label in self.recognizer.labels if label not in self._plain.labels)

    @property
    def exercises(self) -> Tuple[str, ...]:
        """Everything that somebody can be asked for."""
        return tuple(label for label in self.recognizer.labels if label != UNKNOWN)

    def path(self, label: str) -> str:
        """Of an exercise's file."""
        return os.path.join(self.folder, label + EXTENSION)

    def refresh(self) -> bool:
        """Take what was added to the folder or removed from it; returns whether anything was."""
        files = self._files()
        if files == self._read:
            return False
        self._read = files
        self.recognizer = self._plain
        for name in sorted(files):
            try:
                known = self._with_embedding()
                added = known.exercises + (EnrolledExercise.load(os.path.join(self.folder, name)),)
                self.recognizer = EnrolledRecognizer(self._plain, known.embedding, added)
            except RehabCoachError as error:
                self._report("%s is left out: %s" % (os.path.join(self.folder, name), error))
        return True

    def teach(self, label: str, takes: List[SkeletonSequence], sure: bool = False) -> str:
        """Add an exercise; returns the path of its file.

        Raises:
            EnrolmentDoubt: the takes disagree, or look like an exercise that is known (not where `sure`).
            RehabCoachError: nobody is seen, a label that is taken, a model that no embedding was made for, a full disk.
        """
        return self.add(enrol(label, takes, self._with_embedding(), sure))

    def add(self, exercise: EnrolledExercise) -> str:
        """Keep an exercise that was made before; returns the path of its file.

        Raises:
            RehabCoachError: a label that is taken, an exercise of another model, a full disk.
        """
        if exercise.label.lower() in [label.lower() for label in self.recognizer.labels]:
            raise RehabCoachError("there is an exercise '%s' already: rename or remove it first" % exercise.label)
        known = self._with_embedding()
        EnrolledRecognizer(self._plain, known.embedding, known.exercises + (exercise,))  # refuses what does not fit
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise RehabCoachError("cannot write %s: %s" % (self.folder, error.strerror)) from error
        path = exercise.save(self.folder)
        self.refresh()
        return path

    def _with_embedding(self) -> EnrolledRecognizer:
        if isinstance(self.recognizer, EnrolledRecognizer):
            return self.recognizer
        return EnrolledRecognizer(self._plain, Embedding.load())

    def _files(self) -> Dict[str, int]:
        """Names and times of change."""
        files = {}
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(EXTENSION) and not entry.name.startswith("."):
                    with suppress(OSError):  # a link to nowhere, or a file that is gone meanwhile
                        files[entry.name] = entry.stat().st_mtime_ns
        return files


class Lesson(NamedTuple):
    """What came of a recording in which somebody showed an exercise.

    Attributes:
        learned: the exercise is known from now on.
        takes: repetitions that were seen.
        text: for the person.
    """

    learned: bool
    takes: Tuple[SkeletonSequence, ...]
    text: str


def teach(
    added: AddedExercises, label: str, sequence: Optional[SkeletonSequence], texts: Optional[Texts] = None
) -> Lesson:
    """Learn an exercise from one recording of several repetitions, or say why it must be shown once more.

    Args:
        added: where it goes to.
        label: its name.
        sequence: what was recorded; None: nothing.
        texts: the language; None: English.

    Raises:
        RehabCoachError: a label that is taken, a model that no exercise can be added to, a full disk.
    """
    texts = texts or load_texts()
    if sequence is None or not sequence.seen.any():
        return Lesson(False, (), texts("show_again_unseen"))
    takes = tuple(cut_takes(sequence))
    if len(takes) < LEAST_TAKES:
        return Lesson(False, takes, texts("show_again_few"))
    try:
        added.teach(label, list(takes))
    except NobodySeen:
        return Lesson(False, takes, texts("show_again_unseen"))
    except TakesDisagree as doubt:
        numbers = ", ".join(map(str, doubt.takes))
        return Lesson(False, takes, texts("show_again_differs", numbers=numbers, count=len(takes)))
    except LooksKnown as doubt:
        return Lesson(False, takes, texts("show_again_known", exercise=texts.an(doubt.label)))
    return Lesson(True, takes, texts("learned", exercise=texts.an(label), count=len(takes)))
