"""What a set of skeletons says about its clips: the label file and the summary.

    FOLDER/label_name.txt      one label a line; its number, from 0, is the label_index
    FOLDER/NAME_label.json     {"CLIP": {"has_skeleton": true, "label": "squat", "label_index": 0, "group": "p07"}, ...}

Both are the Kinetics-skeleton family's; `group` (one person or one original video, what splits must not divide) is
an addition that other readers pass over.
"""

import json
import os
from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole

LABEL_FILE = "label_name.txt"


@dataclass(frozen=True)
class Entry:
    """One clip of a set, without its skeletons.

    Attributes:
        name: of the clip, without an ending.
        label: its class; "" if nobody said.
        label_index: number of the class in the label file; -1 if nobody said.
        group: one person or one original video; "" if nobody said.
        has_skeleton: somebody is seen in at least one frame.
    """

    name: str
    label: str = ""
    label_index: int = -1
    group: str = ""
    has_skeleton: bool = True


def label_file_of(path: str) -> str:
    """The label file of a set: beside it, so that the splits of one set share it."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), LABEL_FILE)


def read_labels(path: str) -> Tuple[str, ...]:
    """The labels of a label file, in order.

    Raises:
        RehabCoachError: the file is missing or empty, not UTF-8, or names a label twice.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            labels = [line.strip() for line in stream.read().strip().splitlines()]
    except OSError as error:
        raise RehabCoachError("cannot read the labels %s: %s" % (path, error.strerror)) from error
    except UnicodeDecodeError as error:
        raise RehabCoachError("%s is not a label file in UTF-8: %s" % (path, error)) from error
    if not labels or "" in labels:
        raise RehabCoachError("%s must have one label a line and no empty line" % path)
    twice = [label for number, label in enumerate(labels) if label in labels[:number]]
    if twice:
        raise RehabCoachError("%s has the label '%s' twice" % (path, twice[0]))
    return tuple(labels)


def write_labels(path: str, labels: Sequence[str]) -> None:
    """Write a label file; one that is there already must say the same.

    Raises:
        RehabCoachError: the folder belongs to a set with other labels, or it cannot be written.
    """
    if os.path.exists(path):
        if read_labels(path) != tuple(labels):
            raise RehabCoachError(
                "%s has other labels (%s): choose another folder" % (path, ", ".join(read_labels(path)))
            )
        return
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.write("".join("%s\n" % label for label in labels))


def check_label(entry: Entry, labels: Sequence[str]) -> None:
    """RehabCoachError unless the label file has the clip's label, with the same number."""
    if entry.label not in labels:
        raise RehabCoachError(
            "%s: the label file lacks '%s' (it has: %s)" % (entry.name, entry.label, _shortened(labels))
        )
    if labels[entry.label_index : entry.label_index + 1] != (entry.label,):
        raise RehabCoachError(
            "%s: '%s' is number %d in the label file, not %d"
            % (entry.name, entry.label, labels.index(entry.label), entry.label_index)
        )


def _shortened(labels: Sequence[str], most: int = 12) -> str:
    return ", ".join(labels[:most]) + (" ... %d labels" % len(labels) if len(labels) > most else "")


def labels_of(entries: Iterable[Entry]) -> Tuple[str, ...]:
    """The label file that entries imply; numbers that no clip has become "class 7".

    Raises:
        RehabCoachError: one number has two labels.
    """
    names: Dict[int, str] = {}
    for entry in entries:
        if names.setdefault(entry.label_index, entry.label) != entry.label:
            raise RehabCoachError(
                "label_index %d is '%s' and, in %s, '%s'"
                % (entry.label_index, names[entry.label_index], entry.name, entry.label)
            )
    return tuple(names.get(number, "class %d" % number) for number in range(max(names, default=-1) + 1))


def read_summary(path: str) -> List[Entry]:
    """The entries of a summary, by name.

    Raises:
        RehabCoachError: the file is missing or no summary.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            content = json.load(stream)
        return [
            Entry(
                name,
                str(value["label"]),
                int(value["label_index"]),
                str(value.get("group", "")),
                bool(value["has_skeleton"]),
            )
            for name, value in sorted(content.items())
        ]
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except KeyError as error:
        raise RehabCoachError("%s is not a summary: a clip has no %s" % (path, error)) from error
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise RehabCoachError("%s is not a summary: %s" % (path, error)) from error


def write_summary(path: str, entries: Iterable[Entry]) -> None:
    """Write a summary, whole or not at all."""
    content = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        content[entry.name] = {
            "has_skeleton": entry.has_skeleton,
            "label": entry.label,
            "label_index": entry.label_index,
        }
        if entry.group:
            content[entry.name]["group"] = entry.group
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=0)
