import collections

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.simulation.motions import KINDS, make_motion
from rehab_coach.simulation.obedience import ACROSS, CHOICES, LONGEST, SHORTEST, Obedience, motion_of


@pytest.mark.parametrize("asked", EXERCISES)
def test_the_obedient_patient_does_what_she_is_asked_for_and_the_other_never_does(asked):
    obedient, defiant = Obedience(1, 1.0), Obedience(1, 0.0)
    assert {obedient.choose(asked) for _ in range(30)} == {asked}
    instead = {defiant.choose(asked) for _ in range(300)}
    assert asked not in instead and instead & set(EXERCISES) and instead - set(EXERCISES)


def test_chances_are_kept_and_the_seed_decides():
    asked = [list(EXERCISES)[number % 6] for number in range(1200)]

    def responses(seed):
        patient = Obedience(seed, 0.75, 0.4)
        return [patient.respond(exercise) for exercise in asked]

    shown = responses(3)
    assert shown == responses(3) and shown != responses(4)
    assert sum(one.right for one in shown) / 1200 == pytest.approx(0.75, abs=0.05)
    exercises = [one for one in shown if one.shown in EXERCISES]
    assert sum(bool(one.faults) for one in exercises) / len(exercises) == pytest.approx(0.4, abs=0.06)
    assert all(SHORTEST <= one.delay <= LONGEST for one in shown) and len({one.delay for one in shown}) > 1000
    assert all(one.label == (one.shown if one.shown in EXERCISES else "unknown") for one in shown)
    for one in shown:
        low, high = ACROSS if one.shown == "push_up" else (0, 50)
        assert low <= abs(one.yaw) <= high
    assert min(one.yaw for one in shown) < -45 and max(one.yaw for one in shown) > 45
    wrong = collections.Counter(one.label == "unknown" for one in shown if not one.right)
    assert min(wrong.values()) > 0.4 * sum(wrong.values())


def test_named_faults_are_shown_where_the_motion_knows_them():
    patient = Obedience(0, 1.0, ["heels_up", "hips_sag"])
    assert patient.respond("squat").faults == ("heels_up",)
    assert patient.respond("push_up").faults == ("hips_sag",)
    assert patient.respond("lunge").faults == ()


def test_only_what_she_can_do_is_shown():
    patient = Obedience(0, 0.5, choices=("squat", "waving"))
    assert {patient.choose("lunge") for _ in range(40)} == {"squat", "waving"}


def test_of_other_labels_she_does_the_motion_of_the_same_name_or_something_else():
    obedient = Obedience(1, 1.0)
    assert {obedient.choose("lateral_raise") for _ in range(20)} == {"lateral_raise"}
    response = obedient.respond("lateral_raise")
    assert response.right and response.label == "lateral_raise"
    assert motion_of("moon_walk") is None and motion_of("squat") == "squat"
    assert not any(obedient.respond("moon_walk").right for _ in range(20))
    assert {Obedience(1, 0.0).choose("lateral_raise") for _ in range(50)} <= set(CHOICES) - {"lateral_raise"}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_response_can_be_performed(choice):
    response = Obedience(2, 1.0, 1.0, choices=(choice, "standing")).respond(choice)
    assert bool(response.faults) == bool(KINDS[choice].faults)
    assert make_motion(response.shown, 2.0, seed=response.seed, faults=response.faults).name == choice


@pytest.mark.parametrize(
    "options, said",
    [
        ({"obedience": 1.2}, "obedience must be between 0 and 1"),
        ({"faults": -0.1}, "chance of faults"),
        ({"faults": ["lazy"]}, "no motion has a fault 'lazy'"),
        ({"turned": 200}, "between 0 and 180 degrees"),
        ({"choices": ["squat", "fly"]}, "no motion 'fly'"),
        ({"choices": ["squat"]}, "two motions"),
    ],
)
def test_what_is_impossible_is_said(options, said):
    with pytest.raises(RehabCoachError, match=said):
        Obedience(**options)
