"""The books of a soak, told a story whose sums are known."""

import json
import math

import numpy as np
import pytest

from rehab_coach.robot.velocity import VelocityLimits
from rehab_coach.simulation.soak import SoakLog, table, view_of

MEGABYTE = 1_000_000
TRUE = np.array([[10.0 * joint, 17 * 5.0, joint > 0] for joint in range(18)])  # 160 pixels wide, one joint outside
SEEN = np.array([[10.0 * joint + 8, 17 * 5.0, 0.5 * (joint != 3)] for joint in range(18)])  # 8 pixels off, one unseen


def play(log, number, asked, response, seen, kind, yaw=0.0, label=None, status="recognised"):
    """One round of ten seconds in which everything comes."""
    start = 20.0 * number
    log.request(start, number, asked)
    for _ in range(3):
        log.truth(start, number, TRUE, response=response, label=label or response, faults=(), yaw=yaw, person=1)
    log.skeleton(start, SEEN)
    log.prediction(start + 10, number, status, seen, 0.8)
    log.verdict(number, "remark")
    log.verdict(number, kind)
    return start


@pytest.fixture
def log():
    return SoakLog(VelocityLimits(0.15, 1.0))


def test_verdicts_are_held_against_what_the_patient_did(log):
    play(log, 1, "squat", "squat", "squat", "correct")
    play(log, 2, "squat", "lunge", "lunge", "wrong", yaw=45)
    play(log, 3, "squat", "squat", "lunge", "wrong", yaw=-80)  # a recognition error
    play(log, 4, "squat", "waving", "squat", "correct", label="unknown")  # another
    play(log, 5, "squat", "waving", "unknown", "wrong", label="unknown", status="unknown")
    play(log, 6, "lunge", "squat", "deadlift", "wrong", yaw=100)  # right, although it saw something else
    result = log.result()
    assert (result["rounds"], result["right_answers"], result["recognised"]) == (6, 4, 3)
    assert result["inconsistent_rounds"] == 0 and result["limit_violations"] == 0
    assert [tuple(group.values()) for group in result["per_exercise_and_view"]] == [
        ("squat", "front", 1, 1, 1, 0.05),
        ("squat", "side", 2, 1, 0, 0.05),
        ("lunge", "oblique", 1, 1, 1, 0.05),
        ("unknown", "front", 2, 1, 1, 0.05),
    ]
    assert result["outcomes"][0]["in_view"] == round(17 / 18, 3)
    json.dumps(result)
    lines = {line.split()[0]: line for line in table(result).splitlines()}
    assert "2 of 3" in lines["squat"] and "4 of 6" in lines["all"] and "6 rounds" in lines["6"]


def test_exercises_of_ones_own_stand_between_the_catalogue_and_the_unknown(log):
    play(log, 1, "hip_hinge", "waving", "unknown", "wrong", label="unknown", status="unknown")
    play(log, 2, "hip_hinge", "hip_hinge", "hip_hinge", "correct")
    play(log, 3, "squat", "squat", "squat", "correct")
    result = log.result()
    assert [group["shown"] for group in result["per_exercise_and_view"]] == ["squat", "hip_hinge", "unknown"]
    assert result["right_answers"] == 3 and "hip_hinge" in table(result)


@pytest.mark.parametrize(
    "response, seen, kind, status, why",
    [
        ("squat", "squat", "wrong", "recognised", "not correct"),
        ("squat", "lunge", "correct", "recognised", "not wrong"),
        ("squat", "", "wrong", "not_seen", "not problem"),
        (None, "squat", "correct", "recognised", "the patient did nothing"),
    ],
)
def test_an_answer_that_does_not_follow_is_counted_apart(log, response, seen, kind, status, why):
    play(log, 1, "squat", response, seen, kind, label="squat", status=status)
    assert why in log.result()["outcomes"][0]["inconsistent"]


def test_a_round_has_exactly_one_prediction(log):
    play(log, 1, "squat", "squat", "squat", "correct")
    log.prediction(31.0, 1, "recognised", "squat", 0.8)
    log.request(40.0, 2, "squat")
    log.verdict(2, "problem")
    assert [entry.round for entry in log.done] == [1]  # a problem before the prediction may pass
    log.request(60.0, 3, "squat")
    assert [entry.inconsistent for entry in log.done] == ["2 predictions", "the patient did nothing"]


def test_motions_outside_the_limits_and_while_filming_are_violations(log):
    start = play(log, 1, "squat", "squat", "squat", "correct")
    for stamp, linear, angular in (
        (start - 1, 0.1, 0.0),
        (start + 0.1, 0.0, 0.5),  # on its way when the request came
        (start + 9.9, 0.0, 0.5),  # the prediction came, by a clock that is a little late
        (start + 5, 0.0, 0.0),  # a stop is allowed at any time
        (start + 11, 0.0, 1.0),
        (start + 11, -0.15, 0.0),
    ):
        log.command(stamp, linear, angular)
    assert len(log.violations) == 0
    log.command(start + 5, 0.0, 0.1)
    assert log.violations == ["a motion 5.00 s after the request of round 1"]
    log.command(start + 12, 0.2, 0.0)
    log.command(start + 12, 0.0, -1.1)
    log.command(start + 12, float("nan"), 0.0)
    assert len(log.violations) == 4
    log.request(100.0, 2, "squat")  # not answered yet
    log.command(101.0, 0.0, 0.1)
    assert len(log.violations) == 5


def test_memory_may_grow_until_all_is_warm(log):
    assert log.memory_growth() == {} and log.result()["memory_growth_mb"] is None
    for number, size in enumerate((100, 200, 210, 230, 300, 310, 330, 320), 1):
        log.memory(number, "recorder", 7, size * MEGABYTE)
        log.memory(number, "displayer", 7 if number < 7 else 8, (50 if number < 7 else 500) * MEGABYTE)  # restarted
    assert log.memory_growth() == {"recorder": 30.0, "displayer": 0.0}
    assert log.result()["memory_growth_mb"] == 30.0


def test_views_have_names():
    assert [view_of(yaw) for yaw in (0, -29, 31, -60, 75, -90, 120, 170)] == [
        "front",
        "front",
        "oblique",
        "oblique",
        "side",
        "side",
        "oblique",
        "front",
    ]


def test_only_the_picture_that_was_estimated_is_compared_with_its_truth(log):
    for stamp, away in ((1.0, 40.0), (2.0, 0.0), (3.0, 40.0)):
        log.truth(stamp, 1, TRUE + [away, 0, 0], response="squat", label="squat")
    log.skeleton(2.0, SEEN)
    log.skeleton(2.5, SEEN)  # of no picture that is known
    log.prediction(10.0, 1, "recognised", "squat", 0.9)
    log.truth(11.0, 1, TRUE, person=2)  # somebody else comes when it is over
    log.verdict(1, "correct")
    outcome = log.result()["outcomes"][0]
    assert outcome["key_point_error"] == 0.05 and outcome["person"] == 0


def test_pace_and_the_way_of_the_robot(log):
    result = log.result()
    assert result["camera_rate_hz"] is None and result["robot"]["driven_m"] == 0
    for number in range(11):
        log.picture(100 + 0.05 * number, 7 + 0.1 * number)
    for place in ((0.0, 0.0, 3.0), (0.3, 0.4, -3.0), (0.0, 0.0, -3.0)):
        log.place(*place)
    result = log.result()
    assert (result["camera_rate_hz"], result["real_time_factor"]) == (20.0, 0.5)
    turned = round(math.degrees(3 + 2 * math.pi - 6))
    assert result["robot"] == {"metres": 0.0, "degrees": -171.9, "driven_m": 1.0, "turned_deg": turned}
    assert "20.0 pictures a second" in table(result)
