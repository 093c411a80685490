"""Rounds out of a recorded bag: what a worn sensor and the camera saw of the person."""

import os
from typing import Any, Dict, List, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.enrolment import Recording
from rehab_coach.ros.imu import to_sample, to_series
from rehab_coach.ros.round_results import to_sequence

KINDS = {"sensor_msgs/Imu": "imu", "rehab_coach/Skeleton": "skeleton", "rehab_coach/Movement": "movement"}


def read_bag(path: str) -> List[Recording]:
    """The recordings in a bag of imu/data, skeleton, or both: one for each round, by movement; without it the whole.

    Raises:
        RehabCoachError: no bag, or not one topic of each kind; a sensor that cannot be used (`SensorError`).
    """
    import rosbag

    found: Dict[str, List[Any]] = {kind: [] for kind in KINDS.values()}
    topics: Dict[str, str] = {}
    try:
        with rosbag.Bag(os.fspath(path)) as bag:
            for topic, message, _ in bag.read_messages():
                kind = KINDS.get(message._type)
                if kind is None:
                    continue
                if topics.setdefault(kind, topic) != topic:
                    raise RehabCoachError(
                        "%s has two topics of %s, %s and %s: record those of one person alone (rosbag filter)"
                        % (path, message._type, topics[kind], topic)
                    )
                found[kind].append(message)
    except (OSError, rosbag.ROSBagException) as error:
        raise RehabCoachError("cannot read the bag %s: %s" % (path, error)) from error
    if not (found["imu"] or found["skeleton"]):
        raise RehabCoachError("%s has neither a sensor_msgs/Imu nor a rehab_coach/Skeleton: record those topics" % path)
    samples = [to_sample(message) for message in found["imu"]]
    name = os.path.basename(os.fspath(path))
    recordings = []
    for number, start, end in _spans(found):
        during = [one for one in samples if start <= one.stamp <= end]
        recordings.append(
            Recording(
                "round %d in %s" % (number, name) if number else name,
                to_series(during) if samples else None,
                to_sequence(found["skeleton"], start, end - start) if found["skeleton"] else None,
            )
        )
    return recordings


def _spans(found: Dict[str, List[Any]]) -> List[Tuple[int, float, float]]:
    """Number, beginning and end of each recorded round; number 0: all there is."""
    rounds = [
        (one.round, one.header.stamp.to_sec(), one.prediction.header.stamp.to_sec() - one.prediction.waiting_time)
        for one in found["movement"]
        if one.prediction.frames and not one.request.teach
    ]
    stamps = [message.header.stamp.to_sec() for kind in ("imu", "skeleton") for message in found[kind]]
    return rounds or [(0, min(stamps), max(stamps))]
