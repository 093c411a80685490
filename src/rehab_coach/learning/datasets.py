"""Labelled skeleton sequences: what is read, from where, under which group.

A data folder holds
    skeletons/sequences_2d.npz + .csv   2-D sequences of public sets (see `rehab_coach.dataset.sequences`)
    skeletons/sequences_3d.npz + .csv   3-D sequences of public sets
    clips/clips.csv + the videos        label, file, group, ...
Every one becomes the same thing, a `Sample` around a COCO-18 `SkeletonSequence`; 3-D ones carry `world`
besides a front view, so that what follows cannot tell the sources apart.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.dataset.sequences import FLAT, SPATIAL, read_sequences
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import ALIASES, UNKNOWN
from rehab_coach.learning.recipe_checks import CLIPS, SEQUENCE_SOURCES
from rehab_coach.skeleton import COCO_18, SkeletonSequence, to_coco_18

FLAT_SIZE = {"penn": (640, 480), "jhmdb": (640, 480), "pushfit": (1920, 1080), "kaiakol": (640, 360)}
"""Picture sizes (pixels): pushfit's and kaiakol's own, a guess where the set does not say."""

PIXELS_PER_METRE = 200.0
LONGEST_STEP = 0.5
"""Metres from one frame to the next; a tracked joint that jumps further was lost."""

ESTIMATED = {CLIPS, "pushfit", "kaiakol"}
"""Sources whose key points come from a pose estimator, so that its noise is already there."""

TRUTH = "truth"

SAME_ACTION = {
    **ALIASES,
    "bowl": "bowling",
    "golf": "golf_swing",
    "tennis_swing": "tennis_forehand",
    "sit2stand": "sit_to_stand",
    "stand2sit": "stand_to_sit",
}
"""Names of one movement in different sets: two classes for it would only teach which set a sequence comes from."""

DEADLIFT_RATE = 15.0
"""Frames per second of the first pull of a clean, filmed at 30: a deadlift is pulled half as fast."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled sequence of one person.

    Attributes:
        sequence: COCO-18; `world` where the source is three-dimensional or the estimator gave it.
        label: the class.
        group: one person or one original video across all sources: what splits must not divide.
        source: the data set ("penn", ...) or "clips".
        name: how messages call it.
        estimator: which pose estimator saw the clip; "" for data sets, `TRUTH` for the true places of rendered people.
        whole_body: False for clips marked as showing no whole body.
        variant: the way in which the exercise is done, where the table says it.
        action: what the source itself calls the movement, as `SAME_ACTION` unites it; "" = it does not say.
    """

    sequence: SkeletonSequence
    label: str
    group: str
    source: str
    name: str
    estimator: str = ""
    whole_body: bool = True
    variant: str = ""
    action: str = ""

    @property
    def estimated(self) -> bool:
        """Whether the key points come from a pose estimator."""
        return self.estimator not in ("", TRUTH) or self.source in ESTIMATED

    @property
    def teaches(self) -> bool:
        """Whether there is something to learn from: several frames, and somebody in them."""
        return len(self.sequence) > 1 and bool(self.sequence.seen.any())


def read_data_sets(folder: str, sources: Iterable[str], label_column: str = "label") -> List[Sample]:
    """The sequences of the named data sets (any of `SEQUENCE_SOURCES`) in a data folder.

    Sequences in which a tracked joint jumps by more than `LONGEST_STEP` are left out; of the clean and jerk
    only the first pull is taken, as a deadlift.

    Args:
        folder: the data folder.
        sources: names of the data sets; others are passed over.
        label_column: "label", or "action" for what the set itself calls the movement, as `SAME_ACTION` unites it
            (the clean and jerk then stays whole).

    Raises:
        RehabCoachError: files missing or not as the module's docstring says.
    """
    wanted = {source for source in SEQUENCE_SOURCES if source in set(sources)}
    samples: List[Sample] = []
    if wanted & set(FLAT_SIZE):
        for entry in _read_set(folder, FLAT, label_column):
            if entry.row["source"] in wanted & set(FLAT_SIZE):
                samples += _flat(entry, label_column)
    if wanted - set(FLAT_SIZE):
        for entry in _read_set(folder, SPATIAL, label_column):
            if entry.row["source"] in wanted - set(FLAT_SIZE):
                samples += _spatial(entry, label_column)
    return samples


class _Entry(NamedTuple):
    row: Dict[str, str]
    rate: float  # frames per second
    pull: Optional[Tuple[int, int]]  # first and last frame of the first pull
    frames: np.ndarray

    @property
    def name(self) -> str:
        return "%s %s" % (self.row["source"], self.row["sequence"])

    def label(self, column: str) -> str:
        return _united(self.row[column])

    @property
    def action(self) -> str:
        return _united(self.row.get("action", ""))


def _united(action: str) -> str:
    return SAME_ACTION.get(action, action)


def _read_set(folder: str, name: str, label_column: str) -> Iterator[_Entry]:
    found = read_sequences(folder, name, (label_column, "group", "fps"))
    for line, row in enumerate(found.rows):
        where, frames = found.where(line), found.of(found.number(line))
        yield _Entry(row, _rate(row["fps"], where), _pull(row.get("deadlift_pulls", ""), len(frames), where), frames)


def _rate(text: str, where: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise RehabCoachError("%s: fps must be frames per second, not '%s'" % (where, text))
    return rate


def _pull(text: str, length: int, where: str) -> Optional[Tuple[int, int]]:
    if not text:
        return None
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) < int(last) < length):
        raise RehabCoachError(
            "%s: deadlift_pulls must be FIRST:LAST, two of the %d frames, not '%s'" % (where, length, text)
        )
    return int(first), int(last)


def _flat(entry: _Entry, label_column: str) -> List[Sample]:
    source = entry.row["source"]
    size = FLAT_SIZE[source]
    key_points = np.array(entry.frames, np.float32)
    if source == "jhmdb":  # distances from the middle of the picture, alike in x and y
        key_points[..., :2] = key_points[..., :2] * 100 + np.asarray(size, np.float32) / 2
    elif source == "kaiakol":
        key_points[..., :2] *= np.asarray(size, np.float32)
    key_points[key_points[..., 2] <= 0] = 0
    sequence = _sequence(key_points, entry.rate, size)
    sample = Sample(sequence, entry.label(label_column), entry.row["group"], source, entry.name, action=entry.action)
    if entry.pull is None or label_column == "action":
        return [sample]
    start, end = entry.pull
    up = key_points[start : end + 1]
    repetition = np.concatenate([up, up[-2:0:-1]])
    return [replace(sample, label="deadlift", sequence=_sequence(repetition, DEADLIFT_RATE, size))]


def _spatial(entry: _Entry, label_column: str) -> List[Sample]:
    metres = entry.frames.astype(np.float32) / 1000
    if len(metres) < 2 or np.linalg.norm(np.diff(metres, axis=0), axis=-1).max() > LONGEST_STEP:
        return []
    world = metres - metres.reshape(-1, 3).mean(axis=0)
    size = (1000, 1000)
    key_points = np.ones_like(world)
    key_points[..., :2] = world[..., :2] * PIXELS_PER_METRE + np.asarray(size, np.float32) / 2
    sequence = _sequence(key_points, entry.rate, size)
    sequence = replace(sequence, world=world)
    row = entry.row
    return [Sample(sequence, entry.label(label_column), row["group"], row["source"], entry.name, action=entry.action)]


def _sequence(key_points: np.ndarray, rate: float, size: Tuple[int, int]) -> SkeletonSequence:
    return SkeletonSequence(key_points, np.arange(len(key_points)) / rate, size)


def clip_sample(sequence: SkeletonSequence, row: Dict[str, str], estimator: str, source: str = CLIPS) -> Sample:
    """A sample of what an estimator saw of a clip (world coordinates, where it gave them, stay)."""
    flat = sequence.coco_18()
    if sequence.world is not None and flat.world is None:
        world = to_coco_18(sequence.world, sequence.layout)
        neck, right, left = (COCO_18.index(joint) for joint in ("neck", "right_shoulder", "left_shoulder"))
        world[:, neck] = (world[:, right] + world[:, left]) / 2
        flat = replace(flat, world=world)
    return Sample(
        flat,
        row["label"],
        row.get("group") or row["file"],
        source,
        row["file"],
        estimator,
        row.get("body", "yes") != "no",
        row.get("variant", ""),
        _united(row.get("exercise", "")),
    )


def check_known(samples: Sequence[Sample], labels: Sequence[str]) -> None:
    """Refuse labels that the recipe lacks; RehabCoachError names one and its source."""
    for sample in samples:
        if sample.label not in labels:
            raise RehabCoachError(
                "%s has the label '%s', which the recipe does not list (%s)"
                % (sample.source, sample.label, ", ".join(labels))
            )


def check_labels(samples: Sequence[Sample], labels: Sequence[str]) -> None:
    """Refuse labels that the recipe lacks, and classes without a sample that teaches; RehabCoachError names them."""
    check_known(samples, labels)
    found = {sample.label for sample in samples}
    taught = {sample.label for sample in samples if sample.teaches}
    empty = [label for label in labels if label not in taught and label != UNKNOWN]
    if empty:
        problem = "nobody is seen in any sequence labelled" if empty[0] in found else "no sequence is labelled"
        raise RehabCoachError(
            "%s '%s': add a source that has some, or take the class out of the recipe" % (problem, empty[0])
        )


def fingerprint(samples: Sequence[Sample]) -> str:
    """SHA-256 over everything that is learned from: values, labels and groups, in order."""
    digest = hashlib.sha256()
    for sample in samples:
        words = (sample.label, sample.group, sample.source, sample.name, sample.estimator)
        digest.update("\t".join(words).encode())
        digest.update(np.ascontiguousarray(sample.sequence.key_points).tobytes())
        digest.update(sample.sequence.stamps.tobytes())
    return digest.hexdigest()
