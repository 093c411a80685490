"""How well people are told apart, by which method, in which protocol: the tables of docs/identification.md."""

import glob
import json
import os
from collections import defaultdict
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from rehab_coach.dataset.ui_prmd import RATE, read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder, written_whole
from rehab_coach.identification.features import MiniRocket
from rehab_coach.identification.fitting import (
    Learned,
    Pair,
    Sample,
    fit_space,
    known_and_strangers,
    learn_spaces,
    measured_pairs,
)
from rehab_coach.identification.measures import equal_error
from rehab_coach.identification.model import Space
from rehab_coach.identification.network import GaitNetwork, NetworkRecipe, scores, train_people
from rehab_coach.identification.proportions import body_proportions, trunk_turning
from rehab_coach.identification.run import load_network
from rehab_coach.identification.sets import SEGLEARN, Cycle, cut, read_set, sensor_samples, set_path
from rehab_coach.identification.skeletons import WIDEST_YAW, filmed, made_up, recordings_of
from rehab_coach.inertial import cut_spans
from rehab_coach.kinematics.projection import NO_ERRORS, EstimatorErrors, film, random_view
from rehab_coach.skeleton import SkeletonSequence

KERNELS = 3000
"""Of MiniRocket for each sensor, where it is a classifier of its own."""

PENALTIES = np.logspace(1, 6, 8)
"""Of the ridge regression; it chooses among them by leaving out one training cycle after the other."""

DTW_LENGTH, DTW_WINDOW = 50, 8
"""Moments to which a cycle is thinned for dynamic time warping, and how far it may be shifted."""

SHOTS = (1, 2, 3, 5)
SENSORS = {"gyroscope": ("gyroscope",), "accelerometer": ("accelerometer",), "both": ("accelerometer", "gyroscope")}


class Case(NamedTuple):
    """People of one set in one exercise.

    Attributes:
        set: its name.
        movements: that make one execution.
        place, form: of which recordings; "": any.
    """

    set: str
    movements: Tuple[str, ...]
    place: str = ""
    form: str = ""


CASES = {
    "transitions": Case("pocket_transitions", ("stand_up", "sit_down"), "phone"),
    "whole execution": Case("pocket_transitions", ("stand_up", "walk", "turn", "sit_down"), "phone"),
    "squat": Case("ui_prmd", ("deep_squat",), "", "correct"),
    "thigh squat": Case("utd_mhad", ("squat",), "thigh"),
}
"""What is measured by default. Shoulder exercises of seglearn are one recording each, which is no other time."""


def select(cycles: Sequence[Cycle], case: Case) -> List[Cycle]:
    """The cycles of a case."""
    return [
        one
        for one in cycles
        if one.movement in case.movements and case.place in ("", one.place) and case.form in ("", one.form)
    ]


class Split(NamedTuple):
    """What is learned from and what is judged; cycles of one execution are judged together."""

    training: List[Cycle]
    judged: List[Cycle]


def random_split(cycles: Sequence[Cycle], seed: int, share: float = 0.6) -> Split:
    """The paper's: cycles at random, so that two of one execution fall on both sides."""
    draw = np.random.default_rng(seed)
    chosen = np.zeros(len(cycles), bool)
    for key, own in _by(cycles, lambda one: (one.person, one.movement)).items():
        chosen[draw.permutation(own)[: int(round(share * len(own)))]] = True
    return _split(cycles, chosen)


def first_half(cycles: Sequence[Cycle], seed: int = 0) -> Split:
    """The first half of a person's executions is learned from, the second judged."""
    chosen = np.zeros(len(cycles), bool)
    for own in _by(cycles, lambda one: one.person).values():
        sessions = sorted({cycles[number].session for number in own}, key=_natural)
        first = set(sessions[: (len(sessions) + 1) // 2])
        for number in own:
            chosen[number] = cycles[number].session in first
    return _split(cycles, chosen)


def few_shots(cycles: Sequence[Cycle], shots: int, seed: int) -> Split:
    """So many executions of each person, drawn at random, are learned from; all others are judged."""
    draw = np.random.default_rng(seed)
    chosen = np.zeros(len(cycles), bool)
    for own in _by(cycles, lambda one: one.person).values():
        sessions = sorted({cycles[number].session for number in own}, key=_natural)
        first = set(draw.permutation(sessions)[:shots])
        for number in own:
            chosen[number] = cycles[number].session in first
    return _split(cycles, chosen)


def other(training: Sequence[Cycle], judged: Sequence[Cycle]) -> Split:
    """Another side, placement, movement or form is judged; people who are in both."""
    people = {one.person for one in training} & {one.person for one in judged}
    # One movement, whatever its name is: nothing could be learned for a movement that is only judged.
    return Split(
        [one._replace(movement="any") for one in training if one.person in people],
        [one._replace(movement="any") for one in judged if one.person in people],
    )


def _natural(session: str) -> Tuple[int, str]:
    number = session.split(" ")[0]
    return (int(number), session) if number.isdigit() else (0, session)


def _by(cycles: Sequence[Cycle], key: Callable[[Cycle], Any]) -> Dict[Any, List[int]]:
    groups: Dict[Any, List[int]] = defaultdict(list)
    for number, one in enumerate(cycles):
        groups[key(one)].append(number)
    return groups


def _split(cycles: Sequence[Cycle], chosen: np.ndarray) -> Split:
    return Split(
        [one for one, is_chosen in zip(cycles, chosen) if is_chosen],
        [one for one, is_chosen in zip(cycles, chosen) if not is_chosen],
    )


Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""(cycles to learn from (n, C, 100), people int (n,), cycles to judge (m, C, 100), seed) -> scores (m, people)."""


def minirocket(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
    """MiniRocket of each sensor, and one ridge regression."""
    from sklearn.linear_model import RidgeClassifierCV

    features, wanted = [], []
    for first in range(0, training.shape[1], 4):
        rocket = MiniRocket.fit(training[:, first : first + 4], KERNELS, seed)
        features.append(rocket(training[:, first : first + 4]))
        wanted.append(rocket(judged[:, first : first + 4]))
    known, asked = np.concatenate(features, axis=1), np.concatenate(wanted, axis=1)
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-2
    ridge = RidgeClassifierCV(PENALTIES).fit((known - mean) / deviation, people)
    decided = ridge.decision_function((asked - mean) / deviation)
    if decided.ndim == 1:
        decided = np.stack([-decided, decided], axis=1)
    return _columns(decided, ridge.classes_, people)


def dtw(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
    """The nearest cycle by dynamic time warping, all channels together (dtaidistance)."""
    from dtaidistance import dtw_ndim

    thin = np.linspace(0, training.shape[2] - 1, DTW_LENGTH).round().astype(int)
    scale = np.sqrt((training**2).mean(axis=(0, 2)))[:, None] + 1e-6
    both = np.concatenate([judged, training]) / scale
    series = [np.ascontiguousarray(one[:, thin].T, dtype=np.float64) for one in both]
    nearness = np.full((len(judged), people.max() + 1), -np.inf)
    matrix = dtw_ndim.distance_matrix_fast(
        series,
        ndim=training.shape[1],
        window=DTW_WINDOW,
        parallel=False,
        block=((0, len(judged)), (len(judged), len(both))),
    )
    for person in np.unique(people):
        own = len(judged) + np.flatnonzero(people == person)
        nearness[:, person] = -matrix[: len(judged), own].min(axis=1)
    return nearness


def network(recipe: NetworkRecipe, start: Optional[GaitNetwork] = None) -> Method:
    """The people's network, from random weights or from the gait network's features; one sensor."""

    def judge(training: np.ndarray, people: np.ndarray, judged: np.ndarray, seed: int) -> np.ndarray:
        trained, _ = train_people(replace(recipe, seed=seed), training, people, start)
        return scores(trained, judged)

    return judge


def _columns(decided: np.ndarray, classes: np.ndarray, people: np.ndarray) -> np.ndarray:
    full = np.full((len(decided), people.max() + 1), decided.min() - 1.0)
    full[:, classes] = decided
    return full


class Outcome(NamedTuple):
    """Who the judged executions are of, and who they were taken for; `single` is the share of single cycles."""

    people: List[str]
    done: np.ndarray
    named: np.ndarray
    single: float

    @property
    def rank_1(self) -> float:
        return float((self.done == self.named).mean())


def judge(split: Split, method: Method, sensors: Sequence[str], seed: int = 0) -> Outcome:
    """Learn and judge; each movement by itself, the scores of one execution added up.

    Raises:
        RehabCoachError: the cycles lack a sensor, or there are not two people.
    """
    people = sorted({one.person for one in split.training})
    if len(people) < 2:
        raise RehabCoachError("there is %d person to tell apart: two are needed" % len(people))
    totals: Dict[Tuple[str, str], np.ndarray] = {}
    right = []
    for movement in sorted({one.movement for one in split.training}):
        training = [one for one in split.training if one.movement == movement]
        judged = [one for one in split.judged if one.movement == movement and one.person in people]
        if not judged:
            continue
        numbers = np.array([people.index(one.person) for one in training])
        found = method(_values(training, sensors), numbers, _values(judged, sensors), seed)
        right += [people[row.argmax()] == one.person for row, one in zip(found, judged)]
        for row, one in zip(found, judged):
            key = (one.person, "%s %s" % (one.session, one.place))
            totals[key] = totals.get(key, np.zeros(len(people)))[: len(row)] + row
    done = np.array([people.index(person) for person, _ in totals])
    named = np.array([int(row.argmax()) for row in totals.values()])
    return Outcome(people, done, named, float(np.mean(right)))


def _values(cycles: Sequence[Cycle], sensors: Sequence[str]) -> np.ndarray:
    rows = []
    for one in cycles:
        if not set(sensors) <= set(one.sensors):
            raise RehabCoachError("a recording of %s has no %s" % (one.person, " and ".join(sensors)))
        rows.append(np.concatenate([one.values[4 * one.sensors.index(name) :][:4] for name in sensors]))
    return np.stack(rows)


def verification(learned: Learned, streams: Sequence[str]) -> List[Tuple[str, int, float, float, float]]:
    """How people who were left out are verified, by set and place of the sensor; movements of one session together.

    Returns:
        Set and place, executions, rank-1, equal error rate of pairs, equal error rate of known against stranger.
    """
    sums: Dict[Pair, List[float]] = defaultdict(list)
    for stream in streams:
        space = learned.model.spaces[stream]
        for pair, value in learned.distances[stream].items():
            name, place, _, form = pair.context.split("|")
            sums[pair._replace(context="%s %s %s" % (name, place, form))].append(space.log_odds(value))
    rows = []
    for context in sorted({pair.context for pair in sums}):
        odds = {pair: float(np.mean(values)) for pair, values in sums.items() if pair.context == context}
        known, strangers = known_and_strangers(odds)
        if len({pair.person for pair in odds}) < 3:
            continue
        same = np.array([value for pair, value in odds.items() if pair.person == pair.enrolled])
        others = np.array([value for pair, value in odds.items() if pair.person != pair.enrolled])
        rank = float((known > strangers).mean())
        rows.append((context.strip(), len(known), rank, equal_error(same, others)[0], equal_error(known, strangers)[0]))
    return rows


def run(
    data: str, cases: Sequence[str], seeds: int = 5, progress: Callable[[str], None] = lambda line: None
) -> Iterator[Dict[str, Any]]:
    """The classifiers in the protocols; a row each: case, protocol, method, sensor, rank_1, single, deviation."""
    for name in cases:
        cycles = select(cut(read_set(data, CASES[name].set)), CASES[name])
        splits: Dict[str, List[Split]] = {
            "random 60:40": [random_split(cycles, seed) for seed in range(seeds)],
            "first half, second half": [first_half(cycles)],
        }
        for shots in SHOTS:
            splits["%d enrolled" % shots] = [few_shots(cycles, shots, seed) for seed in range(seeds)]
        for protocol, ones in splits.items():
            if not all(one.judged for one in ones):
                continue
            for label, method in (("MiniRocket", minirocket), ("DTW", dtw)):
                for sensor, sensors in SENSORS.items():
                    if method is dtw and (sensor != "both" or "enrolled" in protocol):
                        continue
                    progress("%s, %s: %s, %s" % (name, protocol, label, sensor))
                    yield row(name, protocol, label, sensor, [judge(one, method, sensors) for one in ones])


def row(case: str, protocol: str, method: str, sensor: str, outcomes: Sequence[Outcome]) -> Dict[str, Any]:
    """One line of a table."""
    ranks = [one.rank_1 for one in outcomes]
    return {
        "case": case,
        "protocol": protocol,
        "method": method,
        "sensor": sensor,
        "rank_1": float(np.mean(ranks)),
        "deviation": float(np.std(ranks)),
        "single": float(np.mean([one.single for one in outcomes])),
        "people": len(outcomes[0].people),
        "judged": len(outcomes[0].done),
    }


def crossed(data: str) -> Iterator[Dict[str, Any]]:
    """What identity does not survive: another movement, placement, side or form, MiniRocket with both sensors."""
    transitions = cut(read_set(data, "pocket_transitions"))
    squats = cut(read_set(data, "ui_prmd"))

    def of(cycles: Sequence[Cycle], movement: str, place: str = "", form: str = "") -> List[Cycle]:
        return select(cycles, Case("", (movement,), place, form))

    splits = {
        "standing up -> sitting down": other(
            of(transitions, "stand_up", "phone"), of(transitions, "sit_down", "phone")
        ),
        "phone -> watch": other(of(transitions, "stand_up", "phone"), of(transitions, "stand_up", "watch")),
        "squat, correct -> incorrect": other(
            of(squats, "deep_squat", "", "correct"), of(squats, "deep_squat", "", "incorrect")
        ),
        "deep squat -> sit to stand": other(
            of(squats, "deep_squat", "", "correct"), of(squats, "sit_to_stand", "", "correct")
        ),
    }
    for name, split in splits.items():
        yield row(name, "other", "MiniRocket", "both", [judge(split, minirocket, SENSORS["both"])])


def forms(data: str) -> Iterator[Dict[str, Any]]:
    """Correct or incorrect, by the pelvis sensor: with the same people (random 60:40), and with each left out."""
    for movement in ("deep_squat", "inline_lunge", "side_lunge", "sit_to_stand"):
        cycles = select(cut(read_set(data, "ui_prmd")), Case("", (movement,)))
        # What is to be told is now the form: it takes the person's place.
        told = [one._replace(person=one.form, session="%s.%s" % (one.person, one.session)) for one in cycles]
        mixed = [judge(random_split(told, seed), minirocket, SENSORS["both"]) for seed in range(3)]
        yield row(movement, "random 60:40", "MiniRocket", "both", mixed)
        apart = []
        for person in sorted({one.person for one in cycles}):
            left_out = [one.session.split(".")[0] == person for one in told]
            apart.append(judge(_split(told, ~np.array(left_out)), minirocket, SENSORS["both"]))
        yield row(movement, "each person left out", "MiniRocket", "both", apart)


def write_report(folder: str, rows: Sequence[Dict[str, Any]], outcome: Optional[Outcome] = None) -> None:
    """REPORT/rows.json, people.csv and confusion.png.

    Args:
        folder: made if needed.
        rows: of the tables.
        outcome: whose people are listed with precision, recall, F1 and support.
    """
    make_folder(folder)
    with written_whole(os.path.join(folder, "rows.json")) as temporary, open(temporary, "w") as stream:
        json.dump(list(rows), stream, indent=1)
    if outcome is None:
        return
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    from rehab_coach.learning.plots import plot_confusion_matrix

    numbers = range(len(outcome.people))
    values = precision_recall_fscore_support(outcome.done, outcome.named, labels=list(numbers), zero_division=0)
    with written_whole(os.path.join(folder, "people.csv")) as temporary, open(temporary, "w") as stream:
        stream.write("person,precision,recall,f1,support\n")
        for person, precision, recall, f1, support in zip(outcome.people, *values):
            stream.write("%s,%.3f,%.3f,%.3f,%d\n" % (person, precision, recall, f1, support))
    matrix = confusion_matrix(outcome.done, outcome.named, labels=list(numbers))
    plot_confusion_matrix(matrix, outcome.people, os.path.join(folder, "confusion.png"))


def table(rows: Sequence[Dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    lines = [
        "| case | protocol | method | sensor | rank-1 | one cycle | people | judged |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        lines.append(
            "| %(case)s | %(protocol)s | %(method)s | %(sensor)s | " % one
            + "%.3f ± %.3f | %.3f | " % (one["rank_1"], one["deviation"], one["single"])
            + "%(people)d | %(judged)d |" % one
        )
    return "\n".join(lines)


def honest_outcome(data: str, case: str) -> Outcome:
    """Of one case, first half of the executions against the second, MiniRocket with both sensors."""
    cycles = select(cut(read_set(data, CASES[case].set)), CASES[case])
    return judge(first_half(cycles), minirocket, SENSORS["both"])


def networks(data: str, init: str, cases: Sequence[str], seeds: int) -> Iterator[Dict[str, Any]]:
    """The people's network in the paper's protocol and by executions: transfer, frozen, random start.

    Args:
        data: folder with imu/ and mocap/.
        init: run of the gait network, whose sensor is used.
        cases: of `CASES`.
        seeds: of weights and splits.
    """
    start, header = load_network(init)
    torch.set_num_threads(1)
    recipe = NetworkRecipe(stage="people", learning_rate=1e-3, steps=300, batch=32, log_every=15, plateau=3, patience=8)
    ways = {
        "transfer": network(recipe, start),
        "frozen": network(replace(recipe, freeze=1.0), start),
        "random start": network(recipe),
    }
    for name in cases:
        # One network for all movements of an execution.
        cycles = [
            one._replace(session="%s %s" % (one.session, one.movement), movement="any")
            for one in select(cut(read_set(data, CASES[name].set)), CASES[name])
        ]
        for protocol in ("random 60:40", "first half, second half"):
            for way, method in ways.items():
                outcomes = []
                for seed in range(seeds):
                    split = random_split(cycles, seed) if protocol.startswith("random") else first_half(cycles)
                    outcomes.append(judge(split, method, (header["sensor"],), seed))
                yield row(name, protocol, way, header["sensor"], outcomes)


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


def fit_model(data: str, progress: Callable[[str], None] = lambda line: None) -> Learned:
    """Learn the sensor's spaces from all sets of a data folder.

    Raises:
        RehabCoachError: none of the sets is there.
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
    }
    learned = learn_spaces(samples, progress=progress, training=training)
    if "ui_prmd" not in sets:
        return learned
    # The threshold and the overlap are those of the sensors: there are no people who were measured both ways.
    spaces = {**learned.model.spaces, "proportions": proportions_space(data, progress)}
    return learned._replace(model=replace(learned.model, spaces=spaces))


def proportions_space(data: str, progress: Callable[[str], None] = lambda line: None) -> Space:
    """The space of proportions, for key points as wrong as an estimator's."""
    people = made_up(recordings_of(read_executions(data)), 2 * MADE_UP, FILMS, NOISE["an estimator's"], 0)
    return learn_spaces({"proportions": people}, progress=progress).model.spaces["proportions"]


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
        for context, count, rank, pairs, strangers in verification(learned, streams):
            lines.append("| %s | %s | %d | %.3f | %.3f | %.3f |" % (context, way, count, rank, pairs, strangers))
    return "\n".join(lines)


NOISE = {
    "true key points": NO_ERRORS,
    "trembling": replace(NO_ERRORS, slow=0.03, fast=0.015),
    "standing errors of 1 %": replace(NO_ERRORS, standing=0.01, slow=0.03, fast=0.015),
    "an estimator's": replace(EstimatorErrors(), never=0.0),
}
"""Errors of key points, in trunk lengths; standing ones are drawn anew for each recording."""

MADE_UP, FILMS = 60, 6
PROJECTED, OTHER_FORM, VIRTUAL = "UI-PRMD, projected", "the same, correct -> incorrect", "virtual patients"


def skeletons(data: str, rendered: Optional[str] = None) -> Iterator[str]:
    """Proportions from one camera as lines of a Markdown table: half of the people are learned from, half measured.

    Args:
        data: folder with mocap/ui_prmd.
        rendered: folder that `rehab-coach render --plan ... --skeletons-only --estimator truth` wrote.
    """
    yield "| people | key points | recordings | rank-1 | EER | known against stranger |"
    yield "|---|---|---|---|---|---|"
    executions = read_executions(data)
    captured = recordings_of(executions)
    wrong = [
        (person, "wrong " + session, joints) for person, session, joints in recordings_of(executions, correct=False)
    ]
    people = sorted({person for person, _, _ in captured})
    halves = [set(people[::2]), set(people[1::2])]
    virtual = read_rendered(rendered) if rendered else []
    for name, errors in NOISE.items():
        found: Dict[str, Dict[Pair, float]] = {name: {} for name in (PROJECTED, OTHER_FORM, VIRTUAL)}
        for number, half in enumerate(halves):
            others = [one for one in captured if one[0] not in half]
            space = fit_space(made_up(others, MADE_UP, FILMS, errors, number), None)
            measured = filmed([one for one in captured if one[0] in half], errors, 100 + number)
            found[PROJECTED].update(measured_pairs(space, measured, 2))
            # "wrong" comes after all the numbers of the correct sessions, which are enrolled: the first half.
            measured += filmed([one for one in wrong if one[0] in half], errors, 200 + number)
            found[OTHER_FORM].update(measured_pairs(space, measured, len(measured)))
        if virtual:
            samples = [
                Sample(body_proportions(spoiled(one, errors, order)), person, session, "squat")
                for order, (person, session, one) in enumerate(virtual)
            ]
            found[VIRTUAL].update(measured_pairs(space, samples, 2))
        for who, distances in found.items():
            if distances:
                known, strangers = known_and_strangers({pair: -value for pair, value in distances.items()})
                same = np.array([-value for pair, value in distances.items() if pair.person == pair.enrolled])
                apart = np.array([-value for pair, value in distances.items() if pair.person != pair.enrolled])
                yield "| %s | %s | %d | %.3f | %.3f | %.3f |" % (
                    "%s (%d)" % (who, len({pair.enrolled for pair in distances})),
                    name,
                    len(known),
                    float((known > strangers).mean()),
                    equal_error(same, apart)[0],
                    equal_error(known, strangers)[0],
                )


def read_rendered(folder: str) -> List[Tuple[str, str, SkeletonSequence]]:
    """Person, session and true key points of a plan's films.

    Raises:
        RehabCoachError: there are none.
    """
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "truth", "*.npz")))
    if not paths:
        raise RehabCoachError(
            "there are no key points in %s: rehab-coach render --plan PLAN --out %s --skeletons-only --estimator truth"
            % (os.path.join(folder, "truth"), folder)
        )
    found = []
    for path in paths:
        with open(path[: -len(".npz")] + ".json", encoding="utf-8") as stream:
            person = json.dumps(json.load(stream)["person"], sort_keys=True)
        found.append((person, os.path.basename(path), SkeletonSequence.load(path)))
    return found


def spoiled(sequence: SkeletonSequence, errors: EstimatorErrors, seed: int) -> SkeletonSequence:
    """Key points with an estimator's errors, in trunk lengths as `film` has them; hidden joints count as seen."""
    draw = np.random.default_rng(seed)
    points = sequence.key_points.copy()
    frames, joints = points.shape[:2]
    hips = (points[:, 8, :2] + points[:, 11, :2]) / 2
    trunk = float(np.percentile(np.linalg.norm(points[:, 1, :2] - hips, axis=1), 90))
    place = np.arange(frames) / max(sequence.rate, 1.0) / errors.slow_time
    slow = draw.standard_normal((int(place[-1]) + 2, joints, 2))
    below, part = place.astype(int), (place % 1)[:, None, None]
    wrong = errors.standing * draw.standard_normal((joints, 2)) + errors.fast * draw.standard_normal(
        (frames, joints, 2)
    )
    wrong += errors.slow * (slow[below] * (1 - part) + slow[below + 1] * part)
    points[..., :2] += trunk * wrong
    points[..., 2] = points[..., 2] > 0
    return replace(sequence, key_points=points, world=None)


def trunk(data: str, progress: Callable[[], None] = lambda: None) -> Dict[str, Any]:
    """Who squats by how the trunk of the body turns that is fitted to one camera's true key points.

    First half of the recordings against the second, MiniRocket.
    """
    draw = np.random.default_rng(0)
    cycles = []
    for order, (person, session, joints) in enumerate(recordings_of(read_executions(data))):
        sequence = film(joints, RATE, random_view(draw, 0, WIDEST_YAW), draw, NO_ERRORS)
        series = trunk_turning(sequence)
        # Two repetitions are too few to find a cycle: each half of the recording is one.
        begin, end = float(series.times[0]), float(series.times[-1])
        halves = cut_spans(series, [(begin, (begin + end) / 2), ((begin + end) / 2, end)])
        for values in halves.values:
            cycles.append(Cycle(person, session, "camera", "squat", "", order, values, halves.sensors))
        progress()
    outcome = judge(first_half(cycles), minirocket, ("gyroscope",))
    return row("trunk's turning", "first half, second half", "MiniRocket", "camera", [outcome])
