"""The model that ships, and how people are verified whom it had not seen."""

from collections import defaultdict
from dataclasses import replace
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from rehab_coach.benchmarks.identification.camera import LIKE_AN_ESTIMATOR, MADE_UP, NOISE, camera_spaces, made_up_films
from rehab_coach.dataset.ui_prmd import read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import Learned, Pair, Sample, Verification, learn_spaces, verified
from rehab_coach.identification.sets import SEGLEARN, cut, read_set, sensor_samples, set_path
from rehab_coach.identification.skeletons import recordings_of

FITTED_SETS = (
    "pocket_transitions",
    "lumbar_gait",
    "pocket_gait",
    "barbell_wrist",
    "wisdm_watch",
    "utd_mhad",
    "ui_prmd",
)
"""Sets that the model that ships is learned from, and seglearn's where it is."""


def fit_model(data: str, progress: Callable[[str], None] = lambda line: None, beside: Sequence[Sample] = ()) -> Learned:
    """Learn the sensor's spaces from all sets of a data folder, and the camera's from UI-PRMD where it is there.

    Args:
        data: folder with imu/ and mocap/.
        progress: is told what was done.
        beside: films of virtual patients to learn the camera's spaces from as well, see `camera_spaces`.

    Raises:
        RehabCoachError: none of the sets is there, or there are virtual patients and UI-PRMD is not.
    """
    sets = {}
    for name in (*FITTED_SETS, SEGLEARN):
        if set_path(data, name):
            progress(name)
            sets[name] = cut(read_set(data, name))
    if not sets:
        raise RehabCoachError("none of the sets %s is in %s" % (", ".join(FITTED_SETS), data))
    samples = {name: one for name, one in sensor_samples(sets).items() if one}
    people = {sample.person for one in samples.values() for sample in one}
    training = {
        "sets": sorted(sets),
        "people": len(people),
        "cycles": {name: len(one) for name, one in samples.items()},
        "virtual_patients": len({film.person for film in beside}),
    }
    if beside and "ui_prmd" not in sets:
        raise RehabCoachError("virtual patients are learned from beside UI-PRMD's people, who are not in %s" % data)
    learned = learn_spaces(samples, progress=progress, training=training)
    if "ui_prmd" not in sets:
        return learned
    # The threshold and the overlap are those of the sensors: there are no people who were measured both ways.
    executions = read_executions(data)
    usual, wrong = (recordings_of(executions, correct=correct) for correct in (True, False))
    made = made_up_films(usual, wrong, NOISE[LIKE_AN_ESTIMATOR], 2 * MADE_UP, seed=0)
    spaces = camera_spaces(made, beside)
    return learned._replace(model=replace(learned.model, spaces={**learned.model.spaces, **spaces}))


def verification(learned: Learned, streams: Sequence[str]) -> List[Tuple[str, Verification]]:
    """How people who were left out are verified, by set and place of the sensor; movements of one session together."""
    sums: Dict[str, Dict[Pair, List[float]]] = defaultdict(lambda: defaultdict(list))
    for stream in streams:
        space = learned.model.spaces[stream]
        for pair, value in learned.distances[stream].items():
            name, place, _, form = pair.context.split("|")
            context = "%s %s %s" % (name, place, form)
            sums[context][pair._replace(context=context)].append(space.log_odds(value))
    return [
        (context.strip(), verified({pair: float(np.mean(values)) for pair, values in sums[context].items()}))
        for context in sorted(sums)
        if len({pair.person for pair in sums[context]}) > 2
    ]


def verification_table(learned: Learned) -> str:
    """How people that a model had not seen are verified, as a Markdown table."""
    lines = [
        "| set, sensor's place | measured | executions | rank-1 | EER | known against stranger |",
        "|---|---|---|---|---|---|",
    ]
    ways = {name: [name] for name in learned.distances}
    if len(ways) > 1:
        ways["all"] = list(learned.distances)
    for way, streams in ways.items():
        for context, found in verification(learned, streams):
            lines.append("| %s | %s | %d | %.3f | %.3f | %.3f |" % (context, way, *found))
    return "\n".join(lines)
