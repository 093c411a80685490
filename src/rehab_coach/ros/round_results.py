"""What the store of visits keeps of a round, out of its messages."""

from typing import Dict, Iterable, Optional, Tuple

import numpy as np

from rehab_coach import msg
from rehab_coach.robot.answer import RoundJoin
from rehab_coach.ros.conversions import from_movement_message
from rehab_coach.skeleton import SkeletonSequence, get_layout
from rehab_coach.visits.store import RoundResult


def to_round_result(message: msg.Movement, skeleton: Optional[SkeletonSequence] = None) -> RoundResult:
    """What the store keeps of a round.

    Args:
        message: request and prediction are filled in; the rest where it was measured.
        skeleton: to be kept too.

    Raises:
        ValueError: times or confidence are no numbers.
    """
    request, prediction = message.request, message.prediction
    join = RoundJoin()
    join.request(request.round, request.label)
    answer = join.answer(prediction.status, prediction.label, prediction.confidence)
    ended = prediction.header.stamp.to_sec()
    return RoundResult(
        number=request.round,
        # A request without a stamp must have a time all the same: the one thing that every listener has in common.
        started=request.header.stamp.to_sec() or ended,
        ended=ended,
        asked=request.label,
        status=prediction.status,
        recognised=prediction.label if prediction.status == msg.Prediction.RECOGNISED else "",
        confidence=prediction.confidence,
        verdict=answer.outcome,
        waiting_time=prediction.waiting_time,
        movement=from_movement_message(message),
        skeleton=skeleton,
        measured_by=message.measured_by,
    )


def recorded(movement: msg.Movement) -> Tuple[float, float]:
    """Stamps of a recording's first and last frame in seconds; also where there was no movement to measure."""
    return (
        movement.header.stamp.to_sec(),
        movement.prediction.header.stamp.to_sec() - movement.prediction.waiting_time,
    )


def to_sequence(messages: Iterable[msg.Skeleton], start: float, duration: float) -> Optional[SkeletonSequence]:
    """The skeletons of a recording, with stamps from its first frame on; None: not even two.

    Args:
        messages: in the order of time; those of other moments are left out.
        start: stamp of the first frame in seconds.
        duration: seconds to the last frame.
    """
    frames: Dict[float, msg.Skeleton] = {}
    for one in messages:
        stamp = one.header.stamp.to_sec() - start
        if -1e-3 <= stamp <= duration + 1e-3:
            frames[stamp] = one
    if len(frames) < 2:
        return None
    stamps = sorted(frames)
    first = frames[stamps[0]]
    layout = get_layout(first.layout)
    empty = np.zeros((len(layout), 3), np.float32)
    key_points = [
        np.reshape(frames[stamp].key_points, (-1, 3)) if frames[stamp].key_points else empty for stamp in stamps
    ]
    return SkeletonSequence(np.array(key_points, np.float32), np.array(stamps), (first.width, first.height), layout)
