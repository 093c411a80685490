"""People of one set, named by several methods in several protocols."""

import json
import os
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import numpy as np
import torch

from rehab_coach.benchmarks.identification.methods import Outcome, dtw, judge, minirocket, network
from rehab_coach.benchmarks.identification.protocols import (
    CASES,
    Case,
    Split,
    divided,
    few_shots,
    first_half,
    other,
    random_split,
    select,
)
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder, written_whole
from rehab_coach.identification.network import NetworkRecipe
from rehab_coach.identification.run import load_network
from rehab_coach.identification.sets import Cycle, cut, read_set

SHOTS = (1, 2, 3, 5)
SENSORS = {"gyroscope": ("gyroscope",), "accelerometer": ("accelerometer",), "both": ("accelerometer", "gyroscope")}


def run(
    data: str, cases: Sequence[str], seeds: int = 5, progress: Callable[[str], None] = lambda line: None
) -> Iterator[Dict[str, Any]]:
    """The classifiers in the protocols; a row each: case, protocol, method, sensor, rank_1, single, deviation."""
    for name in cases:
        cycles = _cycles(data, CASES[name])
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
    phone, squat = Case("pocket_transitions", ("stand_up",), "phone"), CASES["squat"]
    for name, learned, judged in (
        ("standing up -> sitting down", phone, phone._replace(movements=("sit_down",))),
        ("phone -> watch", phone, phone._replace(place="watch")),
        ("squat, correct -> incorrect", squat, squat._replace(form="incorrect")),
        ("deep squat -> sit to stand", squat, squat._replace(movements=("sit_to_stand",))),
    ):
        split = other(_cycles(data, learned), _cycles(data, judged))
        yield row(name, "other", "MiniRocket", "both", [judge(split, minirocket, SENSORS["both"])])


def forms(data: str) -> Iterator[Dict[str, Any]]:
    """Correct or incorrect, by the pelvis sensor: with the same people (random 60:40), and with each left out."""
    for movement in ("deep_squat", "inline_lunge", "side_lunge", "sit_to_stand"):
        cycles = _cycles(data, Case("ui_prmd", (movement,)))
        # What is to be told is now the form: it takes the person's place.
        told = [one._replace(person=one.form, session="%s.%s" % (one.person, one.session)) for one in cycles]
        persons = np.array([one.person for one in cycles])
        mixed = [random_split(told, seed) for seed in range(3)]
        apart = [divided(told, persons != person) for person in np.unique(persons)]
        for protocol, splits in (("random 60:40", mixed), ("each person left out", apart)):
            yield row(
                movement, protocol, "MiniRocket", "both", [judge(one, minirocket, SENSORS["both"]) for one in splits]
            )


def _cycles(data: str, case: Case) -> List[Cycle]:
    return select(cut(read_set(data, case.set)), case)


def write_report(
    folder: str, rows: Sequence[Dict[str, Any]], outcome: Optional[Outcome] = None, title: str = ""
) -> None:
    """REPORT/rows.json, people.csv and confusion.png.

    Args:
        folder: made if needed.
        rows: of the tables.
        outcome: whose people are listed with precision, recall, F1 and support.
        title: of the confusion matrix.
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
    path = os.path.join(folder, "confusion.png")
    plot_confusion_matrix(matrix, outcome.people, path, title, "executions", ("who it was", "who was named"))


def table(rows: Sequence[Dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    lines = [
        "| case | protocol | method | sensor | rank-1 | one cycle | people | judged |",
        "|---|---|---|---|---|---|---|---|",
    ]
    line = (
        "| %(case)s | %(protocol)s | %(method)s | %(sensor)s | %(rank_1).3f ± %(deviation).3f | %(single).3f "
        "| %(people)d | %(judged)d |"
    )
    return "\n".join(lines + [line % one for one in rows])


def honest_outcome(data: str, case: str) -> Outcome:
    """Of one case, first half of the executions against the second, MiniRocket with both sensors."""
    return judge(first_half(_cycles(data, CASES[case])), minirocket, SENSORS["both"])


def _without_movement(outcome: Outcome) -> Outcome:
    """Of classes "PERSON MOVEMENT", who was named."""
    names = [name.rsplit(" ", 1)[0] for name in outcome.people]
    people = sorted(set(names))
    numbers = np.array([people.index(name) for name in names])
    done, named = numbers[outcome.done], numbers[outcome.named]
    return Outcome(people, done, named, float((done == named).mean()))


def networks(data: str, init: str, cases: Sequence[str], seeds: int) -> Iterator[Dict[str, Any]]:
    """The people's network in the paper's protocol and by executions: transfer, frozen, random start.

    From features of stage "all" each movement of a person is a class, cycles keep their strength and are varied, and
    none is set aside.

    Args:
        data: folder with imu/ and mocap/.
        init: run of the gait network, whose sensor is used.
        cases: of `CASES`.
        seeds: of weights and splits.

    Raises:
        RehabCoachError: the features were learned from the people who are to be judged.
    """
    start, header = load_network(init)
    is_wide = header["stage"] == "all"
    for name in cases:
        if is_wide and CASES[name].set not in header["training"]["recipe"]["without"]:
            raise RehabCoachError(
                "%s learned from the people of %s: put that set under 'without' in its recipe, and train it anew"
                % (init, CASES[name].set)
            )
    torch.set_num_threads(1)
    recipe = NetworkRecipe(stage="people", learning_rate=1e-3, steps=300, batch=32, log_every=15, plateau=3, patience=8)
    recipe = replace(recipe, strength=header["strength"])
    if is_wide:
        recipe = replace(recipe, vary=0.1, validation=0.0)
    ways = {
        "transfer": network(recipe, start),
        "frozen": network(replace(recipe, freeze=1.0), start),
        "random start": network(recipe),
    }
    for name in cases:
        # One network for all movements of an execution.
        cycles = [
            one._replace(
                person="%s %s" % (one.person, one.movement) if is_wide else one.person,
                session="%s %s" % (one.session, one.movement),
                movement="any",
            )
            for one in _cycles(data, CASES[name])
        ]
        splits = {
            "random 60:40": [random_split(cycles, seed) for seed in range(seeds)],
            "first half, second half": [first_half(cycles)] * seeds,
        }
        for protocol, ones in splits.items():
            for way, method in ways.items():
                outcomes = [judge(one, method, (header["sensor"],), seed) for seed, one in enumerate(ones)]
                if is_wide:
                    outcomes = [_without_movement(one) for one in outcomes]
                yield row(name, protocol, way, header["sensor"], outcomes)
