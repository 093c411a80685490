"""A few classes out of a large set, some of the rest as `unknown`, split by person or video."""

import re
from collections import Counter
from dataclasses import replace
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.dataset.labels import Entry
from rehab_coach.dataset.sets import LabelledClip, SkeletonSet
from rehab_coach.dataset.writing import SetWriter, write_clips
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.files import read_table

SPLITS = ("train", "validation", "test")


def choose(entries: Sequence[Entry], classes: Sequence[str], unknown: int, seed: int = 0) -> List[Entry]:
    """Every clip of the chosen classes, and some of the others as `unknown`.

    Clips in which nobody is seen are left out.

    Args:
        entries: of the large set.
        classes: labels to keep; they get the numbers 0, 1, ... in this order, `unknown` the next.
        unknown: how many of the other clips to take, at random.
        seed: of the choice.

    Raises:
        RehabCoachError: a class has no clip, or there are fewer others than wanted.
    """
    if len(set(classes)) < len(classes) or UNKNOWN in classes:
        raise RehabCoachError("name each class once and '%s' not at all: it becomes the last class by itself" % UNKNOWN)
    usable = [entry for entry in entries if entry.has_skeleton]
    there = sorted({entry.label for entry in usable})
    missing = [label for label in classes if label not in there]
    if missing:
        raise RehabCoachError("no clip of '%s'; classes with clips: %s" % (missing[0], ", ".join(there)))
    chosen = [replace(entry, label_index=classes.index(entry.label)) for entry in usable if entry.label in classes]
    others = [entry for entry in usable if entry.label not in classes]
    if not 0 <= unknown <= len(others):
        raise RehabCoachError("%d others are wanted as '%s', there are %d" % (unknown, UNKNOWN, len(others)))
    random = np.random.default_rng(seed)
    picked = sorted(random.choice(len(others), unknown, replace=False).tolist()) if unknown else []
    return chosen + [replace(others[number], label=UNKNOWN, label_index=len(classes)) for number in picked]


def groups_from_table(entries: Sequence[Entry], path: str) -> Tuple[List[Entry], Dict[str, str]]:
    """Take groups from a CSV file: columns name and group, and optionally split.

    Returns:
        The entries with their groups, and the split of those clips that the table gives one.

    Raises:
        RehabCoachError: a clip is not in the table, or a split has an unknown name.
    """
    rows = {row["name"]: row for row in read_table(path, ("name", "group"))}
    missing = [entry.name for entry in entries if not rows.get(entry.name, {}).get("group")]
    if missing:
        raise RehabCoachError("%s has no group for %s (and %d more)" % (path, missing[0], len(missing) - 1))
    fixed = {entry.name: rows[entry.name].get("split", "") for entry in entries}
    odd = [name for name in fixed.values() if name and name not in SPLITS]
    if odd:
        raise RehabCoachError("%s has the split '%s'; known: %s" % (path, odd[0], ", ".join(SPLITS)))
    grouped = [replace(entry, group=rows[entry.name]["group"]) for entry in entries]
    return grouped, {name: split for name, split in fixed.items() if split}


def groups_from_names(entries: Sequence[Entry], pattern: str) -> List[Entry]:
    """Take groups from the clips' names: what the parentheses of a regular expression match (all of them together).

    Raises:
        RehabCoachError: the pattern is no regular expression, has no parentheses, or a name does not match.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise RehabCoachError("'%s' is no regular expression: %s" % (pattern, error)) from error
    if not expression.groups:
        raise RehabCoachError("'%s' needs parentheses around the part of the name that is the group" % pattern)
    matches = [expression.search(entry.name) for entry in entries]
    odd = [entry.name for entry, match in zip(entries, matches) if not match or not any(match.groups())]
    if odd:
        raise RehabCoachError("'%s' does not match the name %s (and %d more)" % (pattern, odd[0], len(odd) - 1))
    return [
        replace(entry, group=" ".join(part for part in match.groups() if part))
        for entry, match in zip(entries, matches)
        if match
    ]


def split(
    entries: Sequence[Entry],
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
    fixed: Optional[Dict[str, str]] = None,
) -> Dict[str, List[Entry]]:
    """Divide clips among train, validation and test without dividing a group.

    Large groups are placed first, each where its classes, and clips at all, lack most: so the splits have about the
    same share of every class, as far as the groups allow.

    Args:
        entries: each with a group.
        fractions: of the clips, for train, validation, test; 0 leaves a split out.
        seed: of the order among equally large groups.
        fixed: split of clips (by name) for which it was decided already; their whole group follows.

    Raises:
        RehabCoachError: a clip has no group; a group was given two splits; fractions that do not add up to 1.
    """
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise RehabCoachError("the shares of %s must add up to 1, not %s" % (", ".join(SPLITS), list(fractions)))
    ungrouped = [entry.name for entry in entries if not entry.group]
    if ungrouped:
        raise RehabCoachError(
            "%s (and %d more) belongs to no group: say who or which video it is with --groups or --group-pattern; a "
            "split by clip would put the same person on both sides" % (ungrouped[0], len(ungrouped) - 1)
        )
    classes = sorted({entry.label for entry in entries})
    groups: Dict[str, List[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    order = [sorted(groups)[number] for number in np.random.default_rng(seed).permutation(len(groups))]
    order.sort(key=lambda group: -len(groups[group]))

    decided = _decided(entries, fixed or {})
    totals = np.array(_counts(entries, classes) + [len(entries)], float)
    wanted = np.outer(fractions, totals)
    have = np.zeros_like(wanted)
    splits: Dict[str, List[Entry]] = {name: [] for name in SPLITS}
    for group in sorted(order, key=lambda group: group not in decided):
        counts = np.array(_counts(groups[group], classes) + [len(groups[group])])
        if group in decided:
            place = SPLITS.index(decided[group])
        else:
            # Classes count alike, rare or common; relative to the split's size, or the largest would take all.
            lack = ((wanted - have) * counts / totals).sum(axis=1) / np.maximum(fractions, 1e-9)
            place = int(np.argmax(np.where(np.array(fractions) > 0, lack, -np.inf)))
        have[place] += counts
        splits[SPLITS[place]] += groups[group]
    check_groups(splits)
    return {name: sorted(members, key=lambda entry: entry.name) for name, members in splits.items()}


def _counts(entries: Sequence[Entry], classes: Sequence[str]) -> List[int]:
    counter = Counter(entry.label for entry in entries)
    return [counter[label] for label in classes]


def _decided(entries: Sequence[Entry], fixed: Dict[str, str]) -> Dict[str, str]:
    """The split of each group that has one."""
    given: Dict[str, List[Entry]] = {name: [] for name in SPLITS}
    for entry in entries:
        if entry.name in fixed:
            given[fixed[entry.name]].append(entry)
    check_groups(given)
    return {entry.group: name for name, members in given.items() for entry in members}


def check_groups(splits: Mapping[str, Sequence[Entry]]) -> None:
    """RehabCoachError if a group is in two splits."""
    home: Dict[str, str] = {}
    for name, members in splits.items():
        for entry in members:
            if home.setdefault(entry.group, name) != name:
                raise RehabCoachError(
                    "group '%s' would be in %s and in %s: a person or video belongs to one split"
                    % (entry.group, home[entry.group], name)
                )


def write_splits(
    source: SkeletonSet,
    splits: Dict[str, List[Entry]],
    labels: Sequence[str],
    out: str,
    format: str,
    report: Callable[[str], None],
    progress=iter,
) -> Dict[str, Dict[str, int]]:
    """Write each split as a set OUT/train, OUT/validation, OUT/test.

    Args:
        source: where the skeletons are.
        splits: what to write, with new labels; an empty one is left out.
        labels: of the new sets.
        out: folder.
        format: of the new sets.
        report: called with a line about each clip that is left out.
        progress: wraps the entries while they are read (tqdm).

    Returns:
        How many clips of each class were written, per split.
    """
    originals = {entry.name: entry for entry in source.entries}
    counts: Dict[str, Dict[str, int]] = {}
    for name, members in splits.items():
        if not members:
            continue
        renamed = {entry.name: entry for entry in members}
        with SetWriter("%s/%s" % (out, name), format, labels) as writer:
            clips = source.clips(progress([originals[entry.name] for entry in members]), report)
            write_clips(writer, (LabelledClip(renamed[clip.entry.name], clip.people) for clip in clips), report)
        counts[name] = dict(zip(labels, _counts(writer.entries, labels)))
    return counts
