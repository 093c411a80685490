"""Enrolling somebody: only from recordings that agree with each other and show nobody who is known by another name."""

from dataclasses import dataclass
from itertools import combinations
from typing import Dict, List, Optional, Sequence

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.model import IdentityModel, shipped_model
from rehab_coach.identification.observation import CAMERA, Observation, observe
from rehab_coach.identification.verifier import Template, match
from rehab_coach.inertial import InertialSeries
from rehab_coach.kinematics.repetitions.find import count_repetitions
from rehab_coach.skeleton import SkeletonSequence

FEWEST_CYCLES = 2
"""Whole repetitions in a recording under which it is not known what the person repeats: nothing of it is kept. A match
makes do with one, because it is no more than a question."""

MARGIN = 2.0
"""Log odds by which a recording must be nearer to the rest of the person's own than to anybody else's."""


COPY = 0.01
"""Of how much a sensor's recording varies: two recordings that differ by less are copies, because no sensor is so quiet
and nobody moves so evenly."""


class IdentityDoubt(RehabCoachError):
    """It is not certain that the recordings show one person, and nobody else who is enrolled. Nothing was enrolled."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording of one person who repeats one exercise.

    Attributes:
        name: for messages: a file's, or "round 3".
        series: of a worn sensor; None: there was none.
        skeleton: of the camera; None: there was none.
    """

    name: str
    series: Optional[InertialSeries] = None
    skeleton: Optional[SkeletonSequence] = None

    def observe(self) -> Observation:
        """See `observation.observe`; the sentence names the recording."""
        try:
            return observe(self.series, self.skeleton)
        except RehabCoachError as error:
            raise RehabCoachError("%s: %s" % (self.name, error)) from error


def enrol(
    name: str,
    recordings: Sequence[Recording],
    others: Sequence[Template] = (),
    sure: bool = False,
    model: Optional[IdentityModel] = None,
) -> Template:
    """Make a template, or say what is doubtful.

    Args:
        name: the person's pseudonym.
        recordings: of that person alone; one that holds several repetitions will do, three are better.
        others: templates of everybody who is enrolled.
        sure: enrol in spite of an `IdentityDoubt`.
        model: default: the one that ships.

    Raises:
        IdentityDoubt: the recordings look like several people, or like another one of those who are enrolled.
        RehabCoachError: a recording cannot be used, too little is repeated in it, or it is there twice; the sentence
            names it.
    """
    model = model or shipped_model()
    observations = [_repeated(one) for one in recordings]
    _check_copies(recordings)
    template = Template.of(name, observations, model)
    if not sure:
        _check(name, recordings, observations, others, model)
    return template


def _repeated(recording: Recording) -> Observation:
    observation = recording.observe()
    found = whole_repetitions(recording, observation)
    if found < FEWEST_CYCLES:
        raise RehabCoachError(
            "%s: %s: record three to five repetitions of one exercise, without a stop"
            % (recording.name, "only one repetition is found" if found else "nothing is repeated")
        )
    return observation


def _check_copies(recordings: Sequence[Recording]) -> None:
    """A recording and its copy agree with each other, and say nothing about how the person varies."""
    for one, other in combinations(recordings, 2):
        if _same_series(one.series, other.series) or _same_skeleton(one.skeleton, other.skeleton):
            raise RehabCoachError(
                "%s and %s are the same recording: name each once, or record the exercise again"
                % (one.name, other.name)
            )


def _same_series(one: Optional[InertialSeries], other: Optional[InertialSeries]) -> bool:
    if one is None or other is None or one.sensors != other.sensors or len(one) != len(other):
        return False
    values = one.channels()
    return float(np.std(values - other.channels())) < COPY * float(np.std(values - values.mean(axis=0)))


def _same_skeleton(one: Optional[SkeletonSequence], other: Optional[SkeletonSequence]) -> bool:
    """Key points of another film are never the same: there are hundreds."""
    if one is None or other is None or one.key_points.shape != other.key_points.shape:
        return False
    return np.allclose(one.key_points, other.key_points, atol=1e-3)


def whole_repetitions(recording: Recording, observation: Observation) -> int:
    """The fewest that a source shows of a recording."""
    counts = [len(values) for stream, values in observation.streams.items() if stream not in CAMERA]
    if recording.skeleton is not None:
        counts.append(count_repetitions(recording.skeleton))
    return min(counts)


def _check(
    name: str,
    recordings: Sequence[Recording],
    observations: Sequence[Observation],
    others: Sequence[Template],
    model: IdentityModel,
) -> None:
    """Each recording looks like the rest of them, and more so than like somebody else; of a single one each half."""
    alone = len(recordings) == 1
    takes = _halves(recordings[0], observations[0]) if alone else list(observations)
    odd, alike = [], set()
    for number, take in enumerate(takes):
        own = Template.of(name, takes[:number] + takes[number + 1 :], model)
        against = match(take, [own] + [other for other in others if other.name != name], model).distances
        if against[name] > 0:
            odd.append(recordings[0 if alone else number].name)
        limit = min(against[name] + MARGIN, -model.threshold)
        alike |= {other for other, distance in against.items() if other != name and distance < limit}
    if odd and alone:
        raise IdentityDoubt("the halves of %s look like two people: one alone must be recorded." % odd[0])
    if odd:
        who = (
            "do not look like one person"
            if len(odd) == len(takes)
            else "%s like another person than the others" % ("look" if len(odd) > 1 else "looks")
        )
        raise IdentityDoubt(
            "%s %s: record one person alone, the same exercise, the sensor in the same place."
            % (" and ".join(odd), who)
        )
    if alike:
        known = " and ".join(sorted(alike))
        raise IdentityDoubt("this looks like %s, who is enrolled already: is it the same person?" % known)


def _halves(recording: Recording, observation: Observation) -> List[Observation]:
    """The earlier and the later half of one recording."""
    halves = []
    for part in (0, 1):
        streams: Dict[str, np.ndarray] = {}
        for stream, values in observation.streams.items():
            if stream not in CAMERA:
                streams[stream] = np.array_split(values, 2)[part]
            elif recording.skeleton is not None:
                frames = len(recording.skeleton)
                half = recording.skeleton[part * frames // 2 : (part + 1) * frames // 2]
                streams[stream] = CAMERA[stream](half)[None]
        halves.append(Observation(streams))
    return halves
