"""The protocols divide as they say, and the methods name people who differ."""

import json

import numpy as np
import pytest

from rehab_coach.benchmarks.identification import (
    dtw,
    few_shots,
    first_half,
    judge,
    minirocket,
    other,
    random_split,
    row,
    table,
    write_report,
)
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.sets import Cycle, sensor_samples


@pytest.fixture
def cycles():
    """Three people x 6 sessions x 2 movements of one cycle each."""
    draw = np.random.default_rng(0)
    moments = np.linspace(0, 2 * np.pi, 100)
    made = []
    for session in range(1, 7):
        for person in range(3):
            for number, movement in enumerate(("up", "down")):
                axes = np.stack([np.sin((1 + number + k) * moments + 0.7 * person * k) for k in range(3)])
                axes = axes + draw.normal(0, 0.1, (3, 100))
                values = np.vstack([axes, np.linalg.norm(axes, axis=0)])
                both = np.vstack([9.8 + values, values]).astype(np.float32)
                name = "s%d" % person
                made.append(
                    Cycle(name, "%02d" % session, "phone", movement, "", session, both, ("accelerometer", "gyroscope"))
                )
    return made


def sessions(cycles, person="s0"):
    return {one.session for one in cycles if one.person == person}


def test_first_half_is_earlier(cycles):
    split = first_half(cycles)
    assert sessions(split.training) == {"01", "02", "03"} and sessions(split.judged) == {"04", "05", "06"}


def test_few_shots_are_as_many_and_whole(cycles):
    split = few_shots(cycles, 2, 0)
    for person in ("s0", "s1", "s2"):
        assert len(sessions(split.training, person)) == 2
        assert not sessions(split.training, person) & sessions(split.judged, person)


def test_random_split_is_sixty_to_forty_of_each_movement(cycles):
    split = random_split(cycles, 0)
    assert len(split.training) == 3 * 2 * 4 and len(split.judged) == 3 * 2 * 2


@pytest.mark.parametrize("method", [minirocket, dtw])
def test_methods_name_people(cycles, method):
    outcome = judge(first_half(cycles), method, ("gyroscope",))
    assert outcome.rank_1 == 1 and len(outcome.done) == 9


def test_other_keeps_who_is_in_both_and_calls_the_movement_one(cycles):
    split = other(
        [one for one in cycles if one.movement == "up"],
        [one for one in cycles if one.movement == "down" and one.person != "s2"],
    )
    assert {one.person for one in split.training} == {one.person for one in split.judged} == {"s0", "s1"}
    assert {one.movement for one in split.training + split.judged} == {"any"}
    assert len(judge(split, dtw, ("gyroscope",)).done) == 12


def test_one_person_and_a_missing_sensor_are_refused(cycles):
    alone = [one for one in cycles if one.person == "s0"]
    with pytest.raises(RehabCoachError, match="two are needed"):
        judge(first_half(alone), dtw, ("gyroscope",))
    half = [one._replace(sensors=("accelerometer",), values=one.values[:4]) for one in cycles]
    with pytest.raises(RehabCoachError, match="has no gyroscope"):
        judge(first_half(half), dtw, ("gyroscope",))


def test_one_recording_is_halved_into_sessions(cycles):
    once = [one._replace(session="1") for one in cycles]
    samples = sensor_samples({"set": once})["gyroscope"]
    assert {sample.session for sample in samples if sample.person == "set:s0"} == {"1.0", "1.1"}
    assert {sample.context for sample in samples} == {"set|phone|up|", "set|phone|down|"}


def test_report(cycles, tmp_path):
    outcome = judge(first_half(cycles), dtw, ("gyroscope",))
    rows = [row("case", "protocol", "DTW", "gyroscope", [outcome])]
    write_report(str(tmp_path / "report"), rows, outcome)
    assert json.loads((tmp_path / "report" / "rows.json").read_text())[0]["rank_1"] == 1
    people = (tmp_path / "report" / "people.csv").read_text().splitlines()
    assert people[:2] == ["person,precision,recall,f1,support", "s0,1.000,1.000,1.000,3"]
    assert (tmp_path / "report" / "confusion.png").stat().st_size > 1000
    assert "| case | protocol | DTW | gyroscope | 1.000" in table(rows)
