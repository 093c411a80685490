"""Who judges which clip: one model, or the folds of a cross-validation, each of what it did not learn from."""

import os
from typing import Generic, List, Optional, Sequence, Set, Tuple, TypeVar, Union

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.transfer import MODEL, model_path
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.streaming import StreamingRecognizer

FOLDS = "cross_validation"


AnyRecognizer = TypeVar("AnyRecognizer", Recognizer, StreamingRecognizer)


class Judges(Generic[AnyRecognizer]):
    """Recognisers of one set of labels.

    Args:
        members: recognisers, each with the groups that it may judge; None = every group.
        name: of the model or run, for reports.

    Attributes:
        members, name: as given.
        labels: what they answer.
    """

    def __init__(self, members: Sequence[Tuple[AnyRecognizer, Optional[Set[str]]]], name: str):
        self.members: List[Tuple[AnyRecognizer, Optional[Set[str]]]] = list(members)
        self.name = name
        self.labels: Tuple[str, ...] = self.members[0][0].labels

    def of(self, group: str) -> AnyRecognizer:
        """The recogniser that may judge a group; RehabCoachError if there is none that did not learn from it."""
        for recognizer, groups in self.members:
            if groups is None or group in groups:
                return recognizer
        raise RehabCoachError(
            "no fold of %s held out the group '%s': judge its clips by the model itself, without --folds"
            % (self.name, group)
        )


def load_judges(path: str, folds: bool = False) -> Judges[Recognizer]:
    """The recogniser of a model file or run, or those of a run's folds.

    Raises:
        RehabCoachError: there is no such model, or the run has no folds.
    """
    recognizers = [Recognizer.load(file) for file in _files(path, folds)]
    return Judges([(recognizer, _groups(recognizer, folds)) for recognizer in recognizers], path)


def load_streams(
    path: str, folds: bool = False, second: Optional[Judges[Recognizer]] = None
) -> Judges[StreamingRecognizer]:
    """The same for streams.

    Args:
        path, folds: see `load_judges`.
        second: of whole recordings, that have a second look, each at the groups that it may judge.

    Raises:
        RehabCoachError: as there, the model needs the whole recording, or the second one has other labels.
    """
    members: List[Tuple[StreamingRecognizer, Optional[Set[str]]]] = []
    for file in _files(path, folds):
        for recognizer, groups in [(None, None)] if second is None else second.members:
            stream = StreamingRecognizer.load(file, second=recognizer)
            members.append((stream, _common(_groups(stream, folds), groups)))
    return Judges(members, path)


def has_folds(path: str) -> bool:
    """Whether this is the folder of a run with cross-validation."""
    return bool(path) and os.path.isdir(os.path.join(path, FOLDS))


def _files(path: str, folds: bool) -> List[str]:
    """Paths of the models that judge."""
    if not folds:
        return [model_path(path)]
    folder = os.path.join(path, FOLDS)
    files = [os.path.join(folder, name, MODEL) for name in sorted(os.listdir(folder))] if has_folds(path) else []
    files = [file for file in files if os.path.exists(file)]
    if not files:
        raise RehabCoachError("%s has no folds: it must be the folder of a run with cross-validation" % path)
    return files


def _groups(recognizer: Union[Recognizer, StreamingRecognizer], folds: bool) -> Optional[Set[str]]:
    """Whom it may judge; None: everybody."""
    return set(recognizer.contract.training.get("held_out", ())) if folds else None


def _common(one: Optional[Set[str]], other: Optional[Set[str]]) -> Optional[Set[str]]:
    return other if one is None else one if other is None else one & other
