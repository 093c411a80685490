"""Repetitions: how many, from when to when, how fast, how far, how smoothly, how evenly."""

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import find
from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.repetitions.signal import RATE, MovementSignal, movement_signal
from rehab_coach.movement import Repetition
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.skeleton import SkeletonSequence

LEAST_SWING = 0.2
"""Of a full repetition: what swings less is sway, noise or a change of weight from foot to foot."""
SHARE_OF_TYPICAL = 0.45
"""Of the person's own usual swing: the hysteresis between one direction and the other."""
NEARER = 1.25
"""Factor by which a person's size in the picture changes only when they walk."""
FARTHER = 0.5
"""Body heights from the left to the right or back within a repetition; only who walks in it (a lunge) goes farther."""
REST, HALF, EXTREME = 0.05, 0.5, 0.9
"""Shares of a repetition's range: below the first is rest, above the second is held."""

MOST_UNCERTAIN = np.radians(15)
"""Standard deviation of an angle above which its two sides are not compared: one is hidden, or the view is wrong."""

MARGIN = 0.25
"""Seconds beside a repetition that belong to its range of motion: the last bit of straightening moves little."""


class Cycle(NamedTuple):
    """A repetition in a signal: sample numbers of the lowest points around the turning point, and of that."""

    before: int
    turn: int
    after: int


def count_repetitions(sequence: SkeletonSequence, exercise: Optional[str] = None) -> int:
    """How many `find_repetitions` finds, without measuring them: milliseconds instead of seconds."""
    moved = movement_signal(sequence, exercise)
    return 0 if moved is None else len(find_cycles(moved, exercise))


def find_repetitions(
    sequence: SkeletonSequence, exercise: Optional[str] = None, angles: Optional[JointAngles] = None
) -> Tuple[Repetition, ...]:
    """The repetitions of an exercise.

    One counts when its way back is done, at least by half; if the recording begins in the middle of one, the first
    counts if more than half of its way back is seen.

    Args:
        sequence: any layout, any view.
        exercise: label; None, or one whose record names no signal: any periodic movement.
        angles: the sequence's joint angles, if they are known already; None: they are measured.

    Returns:
        In the order of time; none when nobody or too little is seen.
    """
    moved = movement_signal(sequence, exercise)
    if moved is None:
        return ()
    cycles = find_cycles(moved, exercise)
    if not cycles:
        return ()
    if angles is None:
        try:
            angles = joint_angles(sequence)
        except RehabCoachError:  # seen too badly for angles; the repetitions are counted all the same
            angles = None
    spans = [_span(moved.values, cycle) for cycle in cycles]
    found = []
    for number, (cycle, span) in enumerate(zip(cycles, spans)):
        following = spans[number + 1][0] if number + 1 < len(spans) else span[3]
        found.append(_measured(moved, cycle, span, following, angles, exercise))
    return tuple(found)


def find_cycles(moved: MovementSignal, exercise: Optional[str]) -> List[Cycle]:
    """Where a movement signal goes out and comes back while the person stays.

    The hysteresis adapts to the person: it is a share of the swing that makes up most of the movement, so that
    neither a single large move (coming into place) nor small ones (resting) decide about it.
    """
    stays: Dict[Cycle, bool] = {}  # most cycles are looked at twice
    cycles = _cycles(moved, exercise, LEAST_SWING, stays)
    if not cycles:
        return []
    swings = [abs(moved.values[one.turn] - moved.values[end]) for one in cycles for end in (one.before, one.after)]
    typical = _typical(np.array(swings))
    cycles = _cycles(moved, exercise, max(LEAST_SWING, SHARE_OF_TYPICAL * typical), stays)
    if cycles and cycles[0].before == cycles[0].turn:  # begun before the recording; all that is known is its way back
        way_back = moved.values[cycles[0].turn] - moved.values[cycles[0].after]
        return cycles if way_back > HALF * typical else cycles[1:]
    return cycles


def _cycles(moved: MovementSignal, exercise: Optional[str], hysteresis: float, stays: Dict[Cycle, bool]) -> List[Cycle]:
    values = moved.values
    points = turning_points(values, hysteresis)
    cycles = [Cycle(*samples) for samples in zip([points[0]] + points, points, points[1:])] if points else []
    cycles = [one for one in cycles if values[one.turn] > values[one.after]]
    stays.update({one: _stays(moved, one, exercise) for one in cycles if one not in stays})
    return [one for one in cycles if stays[one]]


def _stays(moved: MovementSignal, cycle: Cycle, exercise: Optional[str]) -> bool:
    """Whoever comes nearer, goes away or passes by moves the joints as well, but repeats nothing."""
    start, end = _ends(moved.values, cycle, HALF)
    before, after = moved.heights[[start, end]]
    if not 1 / NEARER <= after / before <= NEARER:
        return False
    way = abs(moved.places[end] - moved.places[start]) / max(before, after)
    return way <= FARTHER or (exercise is not None and find(exercise).travels)


def _typical(swings: np.ndarray) -> float:
    """The swing that half of all the way is done in swings as large or larger."""
    ordered = np.sort(swings)[::-1]
    return float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])


def turning_points(values: np.ndarray, hysteresis: float) -> List[int]:
    """Samples at which the direction changes by more than a hysteresis, the first and the last extreme included."""
    points: List[int] = []
    lowest = highest = direction = 0
    values = values.tolist()  # a loop over numbers of Python's own is several times faster
    for sample, value in enumerate(values):
        if value < values[lowest]:
            lowest = sample
        if value > values[highest]:
            highest = sample
        if direction >= 0 and values[highest] - value > hysteresis:
            points.append(highest)
            direction, lowest, highest = -1, sample, sample
        elif direction <= 0 and value - values[lowest] > hysteresis:
            points.append(lowest)
            direction, lowest, highest = 1, sample, sample
    if direction:
        points.append(highest if direction > 0 else lowest)
    return points


def _span(values: np.ndarray, cycle: Cycle) -> Tuple[int, int, int, int]:
    """Samples at which the repetition starts, reaches its extreme, leaves it, ends."""
    out = values[cycle.before : cycle.turn + 1]
    back = values[cycle.turn : cycle.after + 1]
    start, end = _ends(values, cycle, REST)
    reached = cycle.before + _last(out < _level(values, cycle.before, cycle.turn, EXTREME), -1) + 1
    left = cycle.turn + _first(back < _level(values, cycle.after, cycle.turn, EXTREME), len(back)) - 1
    return start, reached, left, end


def _ends(values: np.ndarray, cycle: Cycle, rest: float) -> Tuple[int, int]:
    """Samples between which the signal is above a share of the way from either end to the turning point."""
    out = values[cycle.before : cycle.turn + 1] <= _level(values, cycle.before, cycle.turn, rest)
    back = values[cycle.turn : cycle.after + 1] <= _level(values, cycle.after, cycle.turn, rest)
    return cycle.before + _last(out, 0), cycle.turn + _first(back, len(back) - 1)


def _level(values: np.ndarray, low: int, high: int, share: float) -> float:
    return values[low] + share * (values[high] - values[low])


def _first(mask: np.ndarray, otherwise: int) -> int:
    found = mask.nonzero()[0]
    return int(found[0]) if len(found) else otherwise


def _last(mask: np.ndarray, otherwise: int) -> int:
    found = mask.nonzero()[0]
    return int(found[-1]) if len(found) else otherwise


def _measured(
    moved: MovementSignal,
    cycle: Cycle,
    span: Tuple[int, int, int, int],
    following: int,
    angles: Optional[JointAngles],
    exercise: Optional[str],
) -> Repetition:
    start, reached, left, end = span
    first = max(moved.stamps[cycle.before], moved.stamps[start] - MARGIN)
    last = min(moved.stamps[cycle.after], moved.stamps[end] + MARGIN)
    ranges = {} if angles is None else _ranges(angles, first, last)
    return Repetition(
        start=float(moved.stamps[start]),
        turn=float(moved.stamps[cycle.turn]),
        end=float(moved.stamps[end]),
        down=(reached - start) / RATE,
        hold=(left - reached) / RATE,
        up=(end - left) / RATE,
        pause=max(following - end, 0) / RATE,
        range_of_motion=ranges,
        smoothness=_smoothness(moved.values, (start, cycle.turn, end)),
        symmetry=None if angles is None else _symmetry(ranges, angles, exercise),
    )


def _ranges(angles: JointAngles, start: float, end: float) -> Dict[str, Tuple[float, float]]:
    during = angles.values[(angles.stamps >= start - 1e-6) & (angles.stamps <= end + 1e-6)]
    seen = np.isfinite(during)
    return {
        name: (float(np.nanmin(during[:, column])), float(np.nanmax(during[:, column])))
        for column, name in enumerate(angles.names)
        if len(during) and seen[:, column].mean() >= 0.5
    }


def _symmetry(ranges: Dict[str, Tuple[float, float]], angles: JointAngles, exercise: Optional[str]) -> Optional[float]:
    names = ["%s_%s" % (find(exercise or "").sided_angle, side) for side in "lr"]
    if not all(name in ranges for name in names):
        return None
    if any(np.nanmedian(angles.uncertainty[:, angles.names.index(name)]) > MOST_UNCERTAIN for name in names):
        return None
    left, right = (ranges[name][1] - ranges[name][0] for name in names)
    return left / right if right > 0 else None


def _smoothness(values: np.ndarray, bounds: Tuple[int, int, int]) -> float:
    """The way out and the way back are two movements, each from rest to rest: the mean of both."""
    parts = [
        spectral_arc_length(np.abs(np.gradient(values[a : b + 1])), RATE)
        for a, b in zip(bounds, bounds[1:])
        if b - a > 2
    ]
    return float(np.mean(parts)) if parts else float("nan")


def spectral_arc_length(speed: np.ndarray, rate: float, cutoff: float = 10.0, threshold: float = 0.05) -> float:
    """SPARC, the length of the normalised spectrum of a speed profile; negative, nearer to 0 is smoother.

    Balasubramanian, Melendez-Calderon, Roby-Brami, Burdet: On the analysis of movement smoothness, Journal of
    NeuroEngineering and Rehabilitation 2015, with the authors' parameters (zero padding by a factor of 16).

    Args:
        speed: (N,) in any unit, not negative.
        rate: samples per second.
        cutoff: Hz; the spectrum is looked at up to here, at most.
        threshold: of the largest amplitude; what stays below it at the end is not looked at.
    """
    size = 2 ** int(np.ceil(np.log2(len(speed))) + 4)
    spectrum = np.abs(np.fft.rfft(speed, size))
    frequency = np.fft.rfftfreq(size, 1 / rate)
    if not spectrum.max() > 0:
        return float("nan")
    spectrum = (spectrum / spectrum.max())[frequency <= cutoff]
    frequency = frequency[frequency <= cutoff]
    loud = np.flatnonzero(spectrum >= threshold)
    part = slice(loud[0], loud[-1] + 1)
    steps = np.diff(frequency[part]) / (frequency[part][-1] - frequency[part][0])
    return float(-np.sum(np.hypot(steps, np.diff(spectrum[part]))))
