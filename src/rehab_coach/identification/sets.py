"""The recordings of a data folder, as samples to learn and measure from."""

import os
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import Sample
from rehab_coach.inertial.readers import READERS, Recording
from rehab_coach.inertial.series import SENSORS

SEGLEARN = "seglearn_watch"

PLACES = {
    "ui_prmd": os.path.join("mocap", "ui_prmd"),
    SEGLEARN: os.path.join("imu", "seglearn", "watch_dataset.npy"),
}
"""Where the sets are that are not in imu/NAME."""

LAYOUT = "docs/identification.md says where public sets come from and how their folder is laid out"

MOST_CYCLES = 8
"""Of one recording: the forty strides of a minute say no more than eight."""


class Cycle(NamedTuple):
    """One cycle of one person.

    Attributes:
        person, session, place, movement, form: see `Recording`.
        order: of the recording among all of the set's.
        values: float32 (4 or 8, 100), as in `Cycles`.
        sensors: names of the sensors.
    """

    person: str
    session: str
    place: str
    movement: str
    form: str
    order: int
    values: np.ndarray
    sensors: Tuple[str, ...]


def set_path(data: str, name: str) -> Optional[str]:
    """Where a public set is; None where it is not."""
    path = os.path.join(data, PLACES.get(name, os.path.join("imu", name)))
    return path if os.path.exists(path) else None


def read_set(data: str, name: str) -> List[Recording]:
    """Recordings of one public set.

    Raises:
        RehabCoachError: it is not there, or not in its layout.
    """
    path = set_path(data, name)
    if not os.path.isdir(data):
        raise RehabCoachError("there is no folder %s; %s" % (data, LAYOUT))
    if path is None:
        wanted = PLACES.get(name, os.path.join("imu", name))
        raise RehabCoachError("there is no %s in %s; %s" % (wanted, data, LAYOUT))
    return READERS[name](path)


def cut(recordings: Sequence[Recording], most: int = MOST_CYCLES) -> List[Cycle]:
    """The cycles of recordings, at most `most` of each; recordings without a cycle are left out."""
    found = []
    for order, one in enumerate(recordings):
        cycles = one.cycles()
        for values in [] if cycles is None else cycles.values[:most]:
            assert cycles is not None
            found.append(
                Cycle(one.person, one.session, one.place, one.movement, one.form, order, values, cycles.sensors)
            )
    return found


def sensor_samples(sets: Mapping[str, Sequence[Cycle]]) -> Dict[str, List[Sample]]:
    """Samples of each sensor; where a person was recorded once, the recording's halves stand for two sessions.

    Args:
        sets: cycles by the name of the set.
    """
    samples: Dict[str, List[Sample]] = {sensor: [] for sensor in SENSORS}
    for name, cycles in sets.items():
        sessions: Dict[Tuple[str, str], List[str]] = {}
        counted: Dict[Tuple[str, str, str], int] = {}
        for one in cycles:
            context = "|".join((name, one.place, one.movement, one.form))
            known = sessions.setdefault((context, one.person), [])
            if one.session not in known:
                known.append(one.session)
        for one in cycles:
            context = "|".join((name, one.place, one.movement, one.form))
            place = (context, one.person, one.session)
            number = counted.get(place, 0)
            counted[place] = number + 1
            session = one.session
            if len(sessions[(context, one.person)]) == 1:
                session += ".%d" % (number // (MOST_CYCLES // 2))
            for sensor in one.sensors:
                first = 4 * one.sensors.index(sensor)
                values = one.values[first : first + 4]
                samples[sensor].append(Sample(values, name + ":" + one.person, session, context))
    return samples
