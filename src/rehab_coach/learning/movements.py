"""Recordings of many movements, each under its own name, as an estimator would have seen them from the robot's place.

A data folder holds the sets of `rehab_coach.learning.datasets` and

    enrolment/skeletons.csv   rendered people of config/plans/enrolment.yaml, which says how they are made

From these come the embedding that ships and the measurement of exercises of one's own.
"""

import json
import os
import zlib
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from rehab_coach.files import read_table
from rehab_coach.learning.datasets import ESTIMATED, SAME_ACTION, Sample, read_data_sets
from rehab_coach.learning.estimator_noise import NOISE, as_seen_by
from rehab_coach.recognition import Recognizer
from rehab_coach.recognition.embedding import Embedding, Thresholds, fit_embedding
from rehab_coach.skeleton import COCO_18, SkeletonSequence

SETS = ("penn", "jhmdb", "pushfit", "kaiakol", "uiprmd", "utd")
VIRTUAL = "virtual"
MOST_OF_A_PERSON, MOST_OF_AN_ACTION = 6, 12
"""Recordings that are taken of one person and movement, and of one movement of a set of videos."""
LONGEST = 10.0
"""Seconds of a recording, the robot's."""
STANDING_YAW, LYING_YAW = (0.0, 45.0), (35.0, 110.0)
"""Degrees to either side of the person's front from which people who stand, and who lie, are seen."""
LYING = ("push_up", "situp", "crunch", "plank")

SAME_MOVEMENT = {
    "waving": "wave",
    "biceps_curl": "arm_curl",
    "sitting_down": "sit_to_stand",
    "stand_to_sit": "sit_to_stand",
    "sit": "sit_to_stand",
    "stand": "sit_to_stand",
    "crunch": "situp",
    "pick": "picking_up",
    "pickup_throw": "picking_up",
    "leg_raise": "standing_active_straight_leg_raise",
    "standing_shoulder_abduction": "lateral_raise",
    "standing_shoulder_scaption": "lateral_raise",
    "walking_in_place": "walk",
    "high_knees": "jog",
    "run": "jog",
    "tennis_swing": "tennis_forehand",
    "clean_and_jerk": "deadlift",
    "side_lunge": "lunge",
}
"""Names under which one movement, or nearly the same one, is known: one is not learned from while another is judged."""


class Recording(NamedTuple):
    """One person who does one movement.

    Attributes:
        sequence: COCO-18, in the picture.
        action: the movement's own name.
        group: the person, or the video.
        source: a data set or `VIRTUAL`.
        repetitions: (start, end) in seconds of those that are known; none = the whole recording.
    """

    sequence: SkeletonSequence
    action: str
    group: str
    source: str
    repetitions: Tuple[Tuple[float, float], ...] = ()

    @property
    def movement(self) -> str:
        """What unites the names of one movement."""
        return movement_of(self.action)

    def takes(self) -> List[SkeletonSequence]:
        """Its repetitions, at most five, each as a recording."""
        stamps = self.sequence.stamps
        spans = [np.flatnonzero((stamps >= start) & (stamps <= end)) for start, end in self.repetitions[:5]]
        return [self.sequence[span[0] : span[-1] + 1] for span in spans if len(span) > 5] or [self.sequence]


def movement_of(action: str) -> str:
    """The one name of a movement that goes under several."""
    return SAME_MOVEMENT.get(action, action)


def read_recordings(folder: str) -> List[Recording]:
    """All recordings of a data folder, the same each time.

    Raises:
        RehabCoachError: files are missing or broken.
    """
    recordings: List[Recording] = []
    counts: Dict[Tuple[str, ...], int] = {}
    for sample in read_data_sets(folder, SETS, "action"):
        spatial = sample.sequence.world is not None
        key = (sample.source, sample.label) + ((sample.group,) if spatial else ())
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= (MOST_OF_A_PERSON if spatial else MOST_OF_AN_ACTION):
            recordings.append(_of_sample(sample))
    return recordings + _virtual(os.path.join(folder, "enrolment"))


def halves(names: List[str]) -> Dict[str, int]:
    """Every other name in the alphabet: 0 or 1 for each."""
    return {name: number % 2 for number, name in enumerate(sorted(set(names)))}


def train_embedding(
    recordings: Sequence[Recording], features: np.ndarray, recognizer: Recognizer, thresholds: Thresholds
) -> Embedding:
    """The embedding of a model, from recordings in which somebody is seen.

    Args:
        recordings: of many movements and people.
        features: (recordings, D), `Recognizer.features` of each.
        recognizer: of the model.
        thresholds: see `Embedding`.
    """
    # How a set differs from the others is no difference within a movement that the embedding should overlook.
    names = ["%s %s" % (recording.source, recording.action) for recording in recordings]
    counts = {"recordings": len(names), "movements_of_sets": len(set(names))}
    return fit_embedding(features, names, recognizer.digest, thresholds, **counts)


def _of_sample(sample: Sample) -> Recording:
    random = np.random.default_rng(zlib.crc32(sample.name.encode()))
    sequence = sample.sequence
    if sequence.world is not None:
        # A person's takes are filmed one after the other, by a camera that stays.
        camera = np.random.default_rng(zlib.crc32(("%s %s" % (sample.group, sample.label)).encode()))
        low, high = LYING_YAW if sample.label in LYING else STANDING_YAW
        yaw = camera.choice((-1, 1)) * camera.uniform(low, high) + random.uniform(-8, 8)
        sequence = seen_from(sequence, yaw, camera.uniform(-3, 12), camera.uniform(2.5, 5))
    if sample.source not in ESTIMATED:
        sequence = _estimated(sequence, random)
    return Recording(_shortened(sequence), sample.label, sample.group, sample.source)


def _virtual(folder: str) -> List[Recording]:
    recordings = []
    for row in read_table(os.path.join(folder, "skeletons.csv"), ("exercise", "file", "group")):
        sequence = SkeletonSequence.load(os.path.join(folder, row["file"]))
        with open(os.path.join(folder, os.path.splitext(row["file"])[0] + ".json"), encoding="utf-8") as stream:
            truth = json.load(stream)
        spans = tuple((float(one["start"]), float(one["end"])) for one in truth["repetitions"])
        random = np.random.default_rng(zlib.crc32(row["file"].encode()))
        action = SAME_ACTION.get(row["exercise"], row["exercise"])
        sequence = _shortened(_estimated(sequence, random))
        spans = tuple(span for span in spans if span[1] <= sequence.stamps[-1])
        recordings.append(Recording(sequence, action, row["group"], VIRTUAL, spans))
    return recordings


def _shortened(sequence: SkeletonSequence) -> SkeletonSequence:
    return sequence[: int(np.searchsorted(sequence.stamps, sequence.stamps[0] + LONGEST))]


def _estimated(sequence: SkeletonSequence, random: np.random.Generator) -> SkeletonSequence:
    return as_seen_by(sequence, sorted(NOISE)[random.integers(len(NOISE))], random)


def seen_from(sequence: SkeletonSequence, yaw: float, pitch: float, distance: float) -> SkeletonSequence:
    """Somebody whose places are known, as a camera sees them.

    Args:
        sequence: COCO-18 with `world`: right, down, away, in metres, not moved with the hips.
        yaw: degrees from the person's front.
        pitch: degrees by which the camera looks down.
        distance: metres.
    """
    assert sequence.world is not None
    world = sequence.world - sequence.world.reshape(-1, 3).mean(axis=0)
    left, right = ([COCO_18.index(side + joint) for joint in ("shoulder", "hip")] for side in ("left_", "right_"))
    across = (world[:, right] - world[:, left]).mean(axis=(0, 1))  # to the picture's left, seen from the front
    turn, tilt = np.radians(yaw) - np.arctan2(across[2], -across[0]), np.radians(pitch)
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    turned = world @ (about_x @ about_y).T
    size = (640, 480)
    places = turned[..., :2] * 500 / np.maximum(distance + turned[..., 2:], 0.5) + np.array(size) / 2
    key_points = np.concatenate([places, np.ones(places.shape[:2] + (1,))], axis=2)
    return SkeletonSequence(key_points, sequence.stamps, size)
