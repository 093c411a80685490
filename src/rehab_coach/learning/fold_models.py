"""Who judges which clip: one model, or the folds of a cross-validation, each of what it did not learn from."""

import os
from typing import Generic, List, Optional, Sequence, Set, Tuple, Type, TypeVar

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.transfer import MODEL, model_path
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.recognition.streaming import StreamingRecognizer

FOLDS = "cross_validation"


AnyRecognizer = TypeVar("AnyRecognizer", Recognizer, StreamingRecognizer)


class Judges(Generic[AnyRecognizer]):
    """Recognisers of one set of labels.

    Args:
        members: recognisers, each with the groups that it may judge; None = every group.
        name: of the model or run, for reports.
    """

    def __init__(self, members: Sequence[Tuple[AnyRecognizer, Optional[Set[str]]]], name: str):
        self._members: List[Tuple[AnyRecognizer, Optional[Set[str]]]] = list(members)
        self.name = name
        self.labels: Tuple[str, ...] = self._members[0][0].labels

    def of(self, group: str) -> AnyRecognizer:
        """The recogniser that may judge a group; RehabCoachError if there is none that did not learn from it."""
        for recognizer, groups in self._members:
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
    return _load(Recognizer, path, folds)


def load_streams(path: str, folds: bool = False) -> Judges[StreamingRecognizer]:
    """The same for streams; RehabCoachError also if the model needs the whole recording."""
    return _load(StreamingRecognizer, path, folds)


def _load(kind: Type[AnyRecognizer], path: str, folds: bool) -> Judges[AnyRecognizer]:
    if not folds:
        return Judges([(kind.load(model_path(path)), None)], path)
    folder = os.path.join(path, FOLDS)
    members: List[Tuple[AnyRecognizer, Optional[Set[str]]]] = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        file = os.path.join(folder, name, MODEL)
        if os.path.exists(file):
            network, contract = load_model(file)
            members.append((kind(network, contract), set(contract.training.get("held_out", ()))))
    if not members:
        raise RehabCoachError("%s has no folds: it must be the folder of a run with cross-validation" % path)
    return Judges(members, path)
