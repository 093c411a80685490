"""Writing sets of labelled skeletons, and turning one format into another."""

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Callable, Iterator, List, Sequence, Set, Tuple

import numpy as np

from rehab_coach.dataset.labels import Entry, check_label, label_file_of, write_labels, write_summary
from rehab_coach.dataset.packed import PackedWriter, pack
from rehab_coach.dataset.sets import FURTHER_PERSON, LabelledClip, SkeletonSet
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import LOCK, locked
from rehab_coach.skeleton import SkeletonSequence, write_kinetics
from rehab_coach.skeleton.kinetics import RATE, SIZE

FORMATS = ("kinetics", "npz", "packed")


def fitted(person: SkeletonSequence, rate: float = RATE, size: Tuple[int, int] = SIZE) -> SkeletonSequence:
    """A person as Kinetics-skeleton files can hold it: COCO-18, on the rate, in the picture size.

    The picture is scaled until it fits and centred, never stretched: the files know no aspect ratio.
    """
    person = person.coco_18()
    regular = person.stamps[:1] + np.arange(len(person)) / rate
    if len(person) > 1 and np.abs(person.stamps - regular).max() > 0.25 / rate:
        person = person.resample(rate)
    if person.size == size:
        return person
    scale = min(size[0] / person.size[0], size[1] / person.size[1])
    border = (np.asarray(size, float) - scale * np.asarray(person.size, float)) / 2
    key_points = person.key_points.copy()
    key_points[..., :2] = np.where(key_points[..., 2:] > 0, scale * key_points[..., :2] + border, 0)
    return replace(person, key_points=key_points, size=size)


class SetWriter:
    """Writes one set; use it in a `with` block, at the end of which label file and summary are written.

    Args:
        path: FOLDER/NAME.
        format: one of `FORMATS`.
        labels: of the label file.

    Raises:
        RehabCoachError: there is such a set already, or the folder belongs to a set with other labels.
    """

    def __init__(self, path: str, format: str, labels: Sequence[str]):
        if format not in FORMATS:
            raise ValueError("unknown format '%s'; known: %s" % (format, ", ".join(FORMATS)))
        self.path, self.format, self.labels = os.path.normpath(path), format, tuple(labels)
        self.entries: List[Entry] = []
        self._names: Set[str] = set()
        self._stack = ExitStack()
        self._folder = self.path
        there = self.path + "_data.npy" if format == "packed" else self.path
        if os.path.isfile(there) or os.path.isdir(there) and os.listdir(there):
            raise RehabCoachError("%s is there already: remove it or choose another name" % there)
        write_labels(label_file_of(self.path), self.labels)
        if format == "packed":
            self._packed = self._stack.enter_context(PackedWriter(self.path))
        else:
            self._folder = self._stack.enter_context(_aside(self.path))

    def add(self, clip: LabelledClip) -> None:
        """Write one clip.

        Raises:
            RehabCoachError: the clip cannot be part of this set, or nothing can be written any more.
        """
        entry = replace(clip.entry, has_skeleton=any(person.seen.any() for person in clip.people))
        self._check(entry)
        path = os.path.join(self._folder, entry.name)
        try:
            if self.format == "npz":
                for number, person in enumerate(clip.people, start=1):
                    person.save(path + (".npz" if number == 1 else ".person%d.npz" % number))
            elif self.format == "kinetics":
                people = [fitted(person) for person in clip.people]
                write_kinetics(path + ".json", people, entry.label, entry.label_index)
            elif entry.has_skeleton:
                self._packed.add(entry.name, entry.label_index, pack([fitted(person) for person in clip.people]))
        except ValueError as error:
            raise UnfitClip("%s: %s" % (entry.name, error)) from error
        if self.format != "packed" or entry.has_skeleton:  # the published pair leaves out clips without anybody
            self.entries.append(entry)
            self._names.add(entry.name)

    def _check(self, entry: Entry) -> None:
        name = entry.name
        if not name or name.startswith(".") or name != os.path.basename(name) or FURTHER_PERSON.match(name):
            raise UnfitClip("'%s' cannot be the name of a file" % name)
        if name in self._names:
            raise UnfitClip("%s: there is another clip of that name" % name)
        if not entry.label:
            raise UnfitClip("%s has no label: the set needs a summary" % name)
        try:
            check_label(entry, self.labels)
        except RehabCoachError as error:
            raise UnfitClip(str(error)) from error

    def __enter__(self) -> "SetWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        with self._stack:
            if kind is not None:
                raise error
            if not self.entries:
                raise RehabCoachError("nothing could be written to %s: no clip was usable" % self.path)
            write_summary(self.path + "_label.json", self.entries)


@contextmanager
def _aside(path: str) -> Iterator[str]:
    """A folder that takes the set's name when the set is whole; half a set looks like a set."""
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), ".%s.part" % os.path.basename(path))
    with locked(folder):
        for name in set(os.listdir(folder)) - {LOCK}:  # of a killed run
            os.remove(os.path.join(folder, name))
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        os.remove(os.path.join(folder, LOCK))
        os.rename(folder, path)


class UnfitClip(RehabCoachError):
    """This clip cannot be part of the set; others can."""


def write_clips(writer: SetWriter, clips, report: Callable[[str], None]) -> None:
    """Add clips; those that do not fit are left out with a line in the report.

    Raises:
        RehabCoachError: nothing can be written any more (the disk is full ...).
    """
    for clip in clips:
        try:
            writer.add(clip)
        except UnfitClip as error:
            report("left out: %s" % error)


def convert(source: SkeletonSet, path: str, format: str, report: Callable[[str], None], progress=iter) -> int:
    """Write a set in another format.

    Args:
        source: what.
        path: FOLDER/NAME of the new set.
        format: one of `FORMATS`.
        report: called with a line about each clip that is left out.
        progress: wraps the entries while they are read (tqdm).

    Returns:
        How many clips were written.

    Raises:
        RehabCoachError: no clip could be used, or the set cannot be written.
    """
    for problem in source.problems:
        report("left out: " + problem)
    with SetWriter(path, format, source.labels) as writer:
        write_clips(writer, source.clips(progress(source.entries), report), report)
    return len(writer.entries)
