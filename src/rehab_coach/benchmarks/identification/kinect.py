"""UTD-MHAD's squats: a sensor on the thigh, the skeleton in the picture of the Kinect that saw it, and both."""

from dataclasses import replace
from typing import Dict, Iterator, List, Tuple

import numpy as np

from rehab_coach.benchmarks.identification.camera import WAYS, camera_odds, line, seen, streams_of
from rehab_coach.benchmarks.identification.protocols import CASES, select
from rehab_coach.dataset.sequences import SPATIAL, read_sequences
from rehab_coach.identification.features import MiniRocket
from rehab_coach.identification.fitting import KERNELS, Pair, Sample, fit_space, measured_pairs
from rehab_coach.identification.model import Space, shipped_model
from rehab_coach.identification.observation import CAMERA
from rehab_coach.identification.sets import cut, read_set, sensor_samples
from rehab_coach.identification.verifier import together
from rehab_coach.inertial.series import SENSORS
from rehab_coach.skeleton import COCO_18, SkeletonSequence

FOCAL, SIZE = 525.0, (640, 480)
"""Of a Kinect's picture, in pixels."""

LEARNED = ("pocket_transitions", "ui_prmd")
"""Sets that the sensor's spaces are learned from here: nobody of UTD-MHAD."""

CYCLES = 2000
"""From which MiniRocket's biases are chosen."""

TRIALS = 4


def in_picture(data: str, action: str) -> List[Tuple[str, str, SkeletonSequence]]:
    """Person, trial and skeleton in the picture of every execution of an action.

    Args:
        data: folder with skeletons/sequences_3d.
        action: as the set calls it.

    Raises:
        RehabCoachError: the file is missing or broken.
    """
    stored = read_sequences(data, SPATIAL, ("action", "group", "fps"))
    found: List[Tuple[str, str, SkeletonSequence]] = []
    for number, row in enumerate(stored.rows):
        if (row["source"], row["action"]) == ("utd", action):
            places = stored.of(stored.number(number)).astype(np.float64)
            flat = FOCAL * places[..., :2] / np.maximum(places[..., 2:], 300) + np.array(SIZE) / 2
            points = np.concatenate([flat, np.ones(flat.shape[:2] + (1,))], axis=2)
            person = row["group"].replace("utd", "")
            trial = 1 + sum(other == person for other, _, _ in found)
            stamps = np.arange(len(points)) / float(row["fps"])
            found.append((person, str(trial), SkeletonSequence(points, stamps, SIZE, COCO_18)))
    return found


def kinect(data: str) -> Iterator[str]:
    """Lines of the camera's table: people that the model that ships has never seen from a camera."""
    model = shipped_model()
    squats, lunges = (
        [Sample(seen(one), person, trial, "") for person, trial, one in in_picture(data, action)]
        for action in ("squat", "lunge")
    )
    name = "a Kinect's"
    people = {sample.person for sample in squats}
    later = [one._replace(session="then " + one.session) for one in lunges]
    for way, streams in WAYS.items():
        for enrolled in (1, 2):
            odds = camera_odds(model.spaces, squats, enrolled, streams)
            yield line("UTD-MHAD, squats, %d enrolled" % enrolled, name, way, odds)
        odds = camera_odds(model.spaces, squats + later, TRIALS, streams)
        yield line("the same, squat -> lunge", name, way, odds)

    samples = streams_of(squats)
    spaces = {stream: model.spaces[stream] for stream in CAMERA}
    learned = sensor_samples({name: cut(read_set(data, name)) for name in LEARNED})
    judged = sensor_samples({"": select(cut(read_set(data, "utd_mhad")), CASES["thigh squat"])})
    for sensor in learned:
        samples[sensor] = [one._replace(person=one.person[1:]) for one in judged[sensor] if one.person[1:] in people]
        spaces[sensor] = _learned(learned[sensor], model.spaces[sensor])
    found = {stream: _each_enrolled(samples[stream], spaces[stream]) for stream in samples}
    for way, streams in (
        ("accelerometer", ("accelerometer",)),
        ("gyroscope", ("gyroscope",)),
        ("both sensors", SENSORS),
        ("proportions", ("proportions",)),
        ("proportions, motion and posture", tuple(CAMERA)),
        ("both sensors and proportions", (*SENSORS, "proportions")),
    ):
        pairs = set.intersection(*(set(found[stream]) for stream in streams))
        both = {pair: together(model, {stream: found[stream][pair] for stream in streams}) for pair in sorted(pairs)}
        yield line("the same, each in turn enrolled", name, way, both)


def _learned(samples: List[Sample], calibrated: Space) -> Space:
    """A sensor's space, with the odds of the one that ships: those are of people who were left out."""
    chosen = np.random.default_rng(0).permutation(len(samples))[:CYCLES]
    rocket = MiniRocket.fit(np.stack([samples[number].values for number in chosen]), KERNELS)
    return replace(fit_space(samples, rocket), centre=calibrated.centre, steepness=calibrated.steepness)


def _each_enrolled(samples: List[Sample], space: Space) -> Dict[Pair, float]:
    """Log odds with each trial enrolled in its turn, the others judged."""
    turned = [
        one._replace(session=str((int(one.session) - first) % TRIALS), context=str(first))
        for first in range(1, TRIALS + 1)
        for one in samples
    ]
    return {pair: space.log_odds(value) for pair, value in measured_pairs(space, turned, 1).items()}
