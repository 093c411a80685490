"""Further sources of training sequences: sets of labelled skeletons, and rendered people.

A set is whatever `rehab-coach dataset` reads and writes (Kinetics-skeleton folders, packed pairs, folders of .npz
files). Rendered people (`rehab-coach render --plan ... --skeletons-only`), or any other sequences in files of their
own, are a folder with a table beside the files:

    FOLDER/skeletons.csv    label, file (an .npz file of SkeletonSequence.save, relative to the table), and optionally
                            group (one person), estimator (who saw them; "truth": their true places), body ("no": the
                            whole body is never in view), variant (the way in which the exercise is done)
"""

import os
from typing import Callable, List, Sequence

from rehab_coach.dataset import open_set
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import PLAN, read_table
from rehab_coach.learning.datasets import Sample, clip_sample
from rehab_coach.skeleton import SkeletonSequence

FROM_A_SET = "somebody"
"""Sets do not say which estimator their key points come from, but they do come from one."""


def read_source(name: str, path: str, labels: Sequence[str], report: Callable[[str], None]) -> List[Sample]:
    """The labelled sequences of one further source.

    Args:
        name: of the source, as the recipe weighs it.
        path: a set, a table, or a folder with one table.
        labels: those that may occur; sequences of other labels are an error.
        report: called with a line about each sequence that cannot be used.

    Raises:
        RehabCoachError: there is nothing like that, a label is unknown, or no sequence can be used.
    """
    table = table_of(path)
    samples = _from_table(name, table, report) if table else _from_set(name, path, report)
    strange = sorted({sample.label for sample in samples} - set(labels))
    if strange:
        raise RehabCoachError(
            "%s has the label '%s', which is none of those that may occur (%s)" % (path, strange[0], ", ".join(labels))
        )
    if not samples:
        raise RehabCoachError("no sequence of %s could be used" % path)
    return samples


def table_of(path: str) -> str:
    """The table that a path is, or that a folder holds; "" = neither, as for any other set."""
    if path.endswith(".csv"):
        return path
    if not os.path.isdir(path):
        return ""
    tables = sorted(entry for entry in os.listdir(path) if entry.endswith(".csv") and not entry.startswith("."))
    if len(tables) > 1:
        raise RehabCoachError("%s holds several tables (%s): name the one that is meant" % (path, ", ".join(tables)))
    if not tables and os.path.exists(os.path.join(path, PLAN)):
        raise RehabCoachError(
            "%s has no table yet, its rendering was interrupted: run the same `rehab-coach render` command again, it "
            "makes only what is missing" % path
        )
    return os.path.join(path, tables[0]) if tables else ""


def _from_table(name: str, table: str, report: Callable[[str], None]) -> List[Sample]:
    samples = []
    for row in read_table(table, ("label", "file")):
        try:
            sequence = SkeletonSequence.load(os.path.join(os.path.dirname(os.path.abspath(table)), row["file"]))
            if len(sequence) < 2:
                raise RehabCoachError("%s has fewer than two frames" % row["file"])
            samples.append(clip_sample(sequence, row, row.get("estimator", ""), name))
        except RehabCoachError as error:
            report("left out: %s" % error)
    return samples


def _from_set(name: str, path: str, report: Callable[[str], None]) -> List[Sample]:
    opened = open_set(path)
    samples = []
    for clip in opened.clips(opened.entries, report):
        if not clip.entry.label or len(clip.person) < 2:
            report("left out: %s has no label, or fewer than two frames" % clip.entry.name)
            continue
        row = {"label": clip.entry.label, "group": clip.entry.group, "file": clip.entry.name}
        samples.append(clip_sample(clip.person, row, FROM_A_SET, name))
    for problem in opened.problems:
        report("left out: " + problem)
    return samples
