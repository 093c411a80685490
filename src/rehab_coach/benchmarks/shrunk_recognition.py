"""What a smaller pose network does to the answers: recognition and repetitions of labelled clips."""

from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises.labels import UNKNOWN
from rehab_coach.kinematics.repetitions.find import count_repetitions
from rehab_coach.pose.clips import Clip, Job, estimate_clips
from rehab_coach.recognition.recognizer import Recognizer

ESTIMATOR = "tf_pose"
RATE = 9.0
"""Frames per second that are looked at, at most."""


class Answer(NamedTuple):
    """About one clip.

    Attributes:
        label: what it shows.
        predicted: the recogniser's answer.
        repetitions: of the exercise that it shows; None where it shows none.
    """

    label: str
    predicted: str
    repetitions: Optional[int]


def every(clips: Sequence[Clip], nth: int) -> List[Clip]:
    """Every n-th clip of each label, from the first on, in the order of the table."""
    before: Dict[str, int] = Counter()
    chosen = []
    for clip in clips:
        label = clip.row["label"]
        if before[label] % nth == 0:
            chosen.append(clip)
        before[label] += 1
    return chosen


def answer_clips(
    clips: Sequence[Clip], network: str, recognizer: Recognizer, cache: Optional[str] = None, precision: str = ""
) -> List[Answer]:
    """What is answered about clips when the estimator runs a network.

    Args:
        clips: with labels.
        network: its name, or the path of its contract.
        recognizer: of sequences.
        cache: folder for key points; None: they are not kept.
        precision: of the network; "": its own, float32.

    Raises:
        RehabCoachError: a clip cannot be read.
    """
    found: Dict[int, Answer] = {}
    jobs = [Job(clip, ESTIMATOR, RATE, network, precision) for clip in clips]
    for number, sequence, problem in estimate_clips(jobs, cache):
        if sequence is None:
            raise RehabCoachError(problem)
        label = clips[number].row["label"]
        count = None if label == UNKNOWN else count_repetitions(sequence, label)
        found[number] = Answer(label, recognizer.recognize(sequence).label, count)
    return [found[number] for number in range(len(clips))]


def recognition_table(titles: Sequence[str], answers: Sequence[Sequence[Answer]]) -> str:
    """One line a network: clips recognised, answered as with the first network, and the repetitions' differences."""
    first = answers[0]
    counted = [number for number, answer in enumerate(first) if answer.repetitions is not None]
    lines = [
        "%d labelled clips, %d of them with repetitions, at %g frames per second" % (len(first), len(counted), RATE),
        "%-22s %16s %16s %18s %18s" % ("", "recognised", "same answer", "same repetitions", "repetitions"),
    ]
    for title, given in zip(titles, answers):
        counts = [(given[number].repetitions or 0, first[number].repetitions or 0) for number in counted]
        lines.append(
            "%-22s %16s %16s %18s %18s"
            % (
                title,
                _part([answer.predicted == answer.label for answer in given]),
                _part([answer.predicted == other.predicted for answer, other in zip(given, first)]),
                _part([one == other for one, other in counts]),
                "%d of %d" % (sum(one for one, _ in counts), sum(other for _, other in counts)),
            )
        )
    return "\n".join(lines)


def _part(right: Sequence[bool]) -> str:
    return "%d (%.1f %%)" % (sum(right), 100 * sum(right) / max(len(right), 1))
