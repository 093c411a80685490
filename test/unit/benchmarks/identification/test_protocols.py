"""The protocols divide as they say."""

from rehab_coach.benchmarks.identification.methods import dtw, judge
from rehab_coach.benchmarks.identification.protocols import few_shots, first_half, other, random_split
from rehab_coach.identification.sets import sensor_samples


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


def test_other_keeps_who_is_in_both_and_calls_the_movement_one(cycles):
    split = other(
        [one for one in cycles if one.movement == "up"],
        [one for one in cycles if one.movement == "down" and one.person != "s2"],
    )
    assert {one.person for one in split.training} == {one.person for one in split.judged} == {"s0", "s1"}
    assert {one.movement for one in split.training + split.judged} == {"any"}
    assert len(judge(split, dtw, ("gyroscope",)).done) == 12


def test_one_recording_is_halved_into_sessions(cycles):
    once = [one._replace(session="1") for one in cycles]
    samples = sensor_samples({"set": once})["gyroscope"]
    assert {sample.session for sample in samples if sample.person == "set:s0"} == {"1.0", "1.1"}
    assert {sample.context for sample in samples} == {"set|phone|up|", "set|phone|down|"}
