"""Sets of labelled skeletons, read alike from every format.

FOLDER/label_name.txt                                  the labels
FOLDER/NAME_label.json                                 the summary
and one of
FOLDER/NAME/CLIP.json                 "kinetics"       Kinetics-skeleton, one file a clip
FOLDER/NAME/CLIP.npz                  "npz"            SkeletonSequence files: any layout, rate and picture size
FOLDER/NAME_data.npy + _label.pkl     "packed"         what ST-GCN trains on

for clip in open_set("FOLDER/NAME").clips(report=print):
    print(clip.entry.label, clip.person.key_points.shape)
"""

import os
import re
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from rehab_coach.dataset.labels import (
    Entry,
    check_label,
    label_file_of,
    labels_of,
    read_labels,
    read_summary,
)
from rehab_coach.dataset.packed import read_packed, unpack
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import SkeletonSequence, read_kinetics

FURTHER_PERSON = re.compile(r"(.+)\.person(\d+)$")
"""Name of an .npz file that holds the second, third ... person of a clip."""


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """A clip with its skeletons.

    Attributes:
        entry: name, label, group.
        people: filmed together; at least one, the first is the patient.
    """

    entry: Entry
    people: Tuple[SkeletonSequence, ...]

    @property
    def person(self) -> SkeletonSequence:
        """The patient."""
        return self.people[0]


class SkeletonSet:
    """A set of one format; `open_set` makes one.

    Attributes:
        path: FOLDER/NAME.
        name: its last part.
        labels: in the order of the label file (or, where that is missing, of the clips' label_index).
        entries: of the clips, by name.
        problems: lines about clips that cannot be used, found without opening them.
    """

    format = ""

    def __init__(self, path: str):
        self.path, self.name = path, os.path.basename(path)
        self.problems: List[str] = []
        entries = self._entries()
        self.labels: Tuple[str, ...] = ()
        if os.path.exists(label_file_of(path)):
            self.labels = read_labels(label_file_of(path))
        elif entries:
            self.labels = labels_of(entries)
        self.entries: List[Entry] = []
        for entry in entries:
            try:
                if entry.label:
                    check_label(entry, self.labels)
                self.entries.append(entry)
            except RehabCoachError as error:
                self.problems.append(str(error))

    def __len__(self) -> int:
        return len(self.entries)

    def _entries(self) -> List[Entry]:
        raise NotImplementedError

    def load(self, entry: Entry) -> Tuple[SkeletonSequence, ...]:
        """The people of one clip.

        Raises:
            RehabCoachError: the clip's file is missing or damaged, or contradicts the summary.
        """
        raise NotImplementedError

    def clips(
        self, entries: Optional[Iterable[Entry]] = None, report: Optional[Callable[[str], None]] = None
    ) -> Iterator[LabelledClip]:
        """Load one clip after the other.

        Args:
            entries: only these, in this order; default all.
            report: called with a line about each clip that is left out; without it such a clip is an error.

        Raises:
            RehabCoachError: a clip cannot be used and there is no `report`.
        """

        def tell(problem: str) -> None:
            if report is None:
                raise RehabCoachError(problem)
            report("left out: " + problem)

        if entries is None:
            for problem in self.problems:
                tell(problem)
        for entry in self.entries if entries is None else entries:
            try:
                people = self.load(entry)
            except RehabCoachError as error:
                tell(str(error))
                continue
            yield LabelledClip(entry, people)

    def _summary(self, files: Iterable[str]) -> Optional[List[Entry]]:
        """The summary's entries that have a file; None if there is no summary."""
        path = self.path + "_label.json"
        if not os.path.exists(path):
            return None
        entries, names = read_summary(path), set(files)
        for entry in entries:
            if entry.name not in names:
                self.problems.append("%s: the summary names it, but there is no file" % entry.name)
        known = {entry.name for entry in entries}
        self.problems += ["%s: the summary %s lacks it" % (name, path) for name in sorted(names - known)]
        return [entry for entry in entries if entry.name in names]


class KineticsSet(SkeletonSet):
    """A folder of Kinetics-skeleton files. Without a summary each of them is opened once to learn its label."""

    format = "kinetics"

    def _entries(self) -> List[Entry]:
        names = _names(self.path, ".json")
        entries = self._summary(names)
        if entries is not None:
            return entries
        entries = []
        for name in names:
            try:
                people, label, index = read_kinetics(self._file(name))
                entries.append(Entry(name, label, index, "", any(person.seen.any() for person in people)))
            except RehabCoachError as error:
                self.problems.append(str(error))
        return entries

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name + ".json")

    def load(self, entry: Entry) -> Tuple[SkeletonSequence, ...]:
        people, label, _ = read_kinetics(self._file(entry.name))
        if label != entry.label:
            raise RehabCoachError("%s is labelled '%s', in the summary '%s'" % (entry.name, label, entry.label))
        if not people:
            raise RehabCoachError("%s has no frames" % entry.name)
        return tuple(people)


class SequenceSet(SkeletonSet):
    """A folder of .npz files. Without a summary the clips have no labels."""

    format = "npz"

    def _entries(self) -> List[Entry]:
        self._people: Dict[str, List[str]] = {}
        for name in _names(self.path, ".npz"):
            further = FURTHER_PERSON.match(name)
            self._people.setdefault(further.group(1) if further else name, []).append(name)
        entries = self._summary(self._people)
        return [Entry(name) for name in sorted(self._people)] if entries is None else entries

    def load(self, entry: Entry) -> Tuple[SkeletonSequence, ...]:
        files = sorted(self._people[entry.name], key=lambda name: (len(name), name))
        people = tuple(SkeletonSequence.load(os.path.join(self.path, name + ".npz")) for name in files)
        if not len(people[0]):
            raise RehabCoachError("%s has no frames" % entry.name)
        return people


class PackedSet(SkeletonSet):
    """A packed pair. The label file must be beside it: the pair knows only numbers."""

    format = "packed"

    def _entries(self) -> List[Entry]:
        self._array, names, numbers = read_packed(self.path)
        self._row = {name: row for row, name in enumerate(names)}
        if len(self._row) < len(names):
            raise RehabCoachError("%s_label.pkl names a clip twice" % self.path)
        summary = {}
        if os.path.exists(self.path + "_label.json"):
            summary = {entry.name: entry for entry in read_summary(self.path + "_label.json")}
        labels = read_labels(label_file_of(self.path))
        entries = []
        for name, number in zip(names, numbers):
            if not 0 <= number < len(labels):
                self.problems.append(
                    "%s: the label file has %d labels, none is number %d" % (name, len(labels), number)
                )
                continue
            group = summary[name].group if name in summary else ""
            entries.append(Entry(name, labels[number], number, group))
        return entries

    def load(self, entry: Entry) -> Tuple[SkeletonSequence, ...]:
        try:
            return unpack(self._array[self._row[entry.name]])
        except ValueError as error:
            raise RehabCoachError("%s: %s" % (entry.name, error)) from error


def _names(folder: str, ending: str) -> List[str]:
    """Names, without ending, of a folder's files; hidden ones (unfinished) are passed over."""
    return sorted(
        name[: -len(ending)] for name in os.listdir(folder) if name.endswith(ending) and not name.startswith(".")
    )


def open_set(path: str) -> SkeletonSet:
    """Open a set, whatever its format.

    Args:
        path: a folder of .json or .npz files, a file NAME_data.npy, or the stem FOLDER/NAME.

    Raises:
        RehabCoachError: there is nothing like that, or its labels are wrong.
    """
    path = os.path.normpath(path)
    stem = path[: -len("_data.npy")] if path.endswith("_data.npy") else path
    try:
        if os.path.isdir(path):
            if _names(path, ".json"):
                return KineticsSet(path)
            if _names(path, ".npz"):
                return SequenceSet(path)
            raise RehabCoachError("%s holds neither .json nor .npz files" % path)
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    if os.path.exists(stem + "_data.npy"):
        return PackedSet(stem)
    raise RehabCoachError(
        "there is no set %s: give a folder of .json or .npz files, or NAME_data.npy (looked for from %s)"
        % (path, os.getcwd())
    )
