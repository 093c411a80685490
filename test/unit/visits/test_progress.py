import math
from dataclasses import replace

import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.kinematics.angles.measure import ANGLES
from rehab_coach.movement import Remark
from rehab_coach.visits.example import example_rounds
from rehab_coach.visits.progress import RuleCount, RuleSummary, follow, measured, read_normal_ranges


@pytest.fixture
def ranges():
    return read_normal_ranges()


def test_every_exercise_has_its_angle_and_every_range_its_source(ranges):
    assert set(ranges) == set(EXERCISES) | {"symmetry"}
    for name, normal in ranges.items():
        assert name == "symmetry" or normal.angle + "_r" in ANGLES
        assert (normal.low is None) == (normal.high is None) == (not normal.source)
        assert normal.low is None or 0 < normal.low < normal.high <= 180


@pytest.mark.parametrize("content", [None, "squat: [1]", "squat: {angel: knee}", "- 1", "a: {"])
def test_ranges_that_cannot_be_read_are_told(tmp_path, content):
    path = tmp_path / "ranges.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RehabCoachError, match="cannot read the normal ranges .*ranges.yaml"):
        read_normal_ranges(str(path))


def test_recognition_counts_the_rounds_in_which_somebody_was_seen(ranges, round_result):
    rounds = [
        round_result(1, 1000.0, visit=1),
        round_result(2, 1030.0, visit=1, verdict="unknown", status="unknown", recognised="", movement=None),
        round_result(3, 1060.0, visit=1, verdict="not_seen", status="not_seen", recognised="", movement=None),
        round_result(4, 1090.0, visit=1, verdict="failed", status="failed", recognised="", movement=None),
        round_result(1, 90000.0, visit=2),
    ]
    progress = follow("P-017", rounds, ranges)
    assert progress.starts == (1000.0, 90000.0)
    assert progress.rounds == (4, 1) and progress.not_judged == (2, 0)
    assert [(one.asked, one.recognised) for one in progress.exercises["squat"]] == [(2, 1), (1, 1)]
    assert progress.measured_by == ("tests",)


def test_the_movement_counts_for_what_was_done_not_for_what_was_asked(ranges, round_result, movement):
    lunge = round_result(asked="squat", recognised="lunge", verdict="wrong", movement=movement("lunge"), visit=1)
    progress = follow("P-017", [lunge], ranges)
    (squat,), (done,) = progress.exercises["squat"], progress.exercises["lunge"]
    assert (squat.asked, squat.recognised, squat.sets) == (1, 0, 0)
    assert (done.asked, done.sets, done.repetitions) == (0, 1, (2,))


def test_a_movement_of_something_that_was_not_recognised_is_left_out(round_result, movement):
    assert measured(round_result(recognised="lunge", movement=movement("squat"))) is None
    assert measured(round_result(recognised="", verdict="unknown", movement=movement("squat"))) is None
    assert measured(round_result()) is not None


def test_what_the_repetitions_come_to(ranges, round_result):
    (visit,) = follow("P-017", [round_result(visit=1), round_result(2, visit=1)], ranges).exercises["squat"]
    assert visit.repetitions == (2, 2) and visit.sets == 2
    assert visit.peaks["right"] == pytest.approx([math.degrees(1.5)] * 4)
    assert visit.peaks["left"] == pytest.approx([math.degrees(1.4)] * 4)
    assert visit.phases == pytest.approx({"down": 0.9, "hold": 0.1, "up": 0.8, "pause": 0.2})
    assert visit.symmetry == pytest.approx([93.0] * 4)


def test_broken_rules_are_counted_in_repetitions(ranges, round_result, movement):
    remarks = [
        Remark("heels_up", "hint", 12.0, 10.0, "deg", (0, 2), "left"),
        Remark("too_fast", "warning", 0.5, 1.0, "s"),
        Remark("knees_inwards", "praise", 95.0, 85.0, "%", (0, 1, 2)),
    ]
    rounds = [
        round_result(1, movement=movement(count=3, remarks=remarks), visit=1),
        round_result(2, movement=movement(count=2), visit=1),
        round_result(
            1, 90000.0, movement=movement(remarks=[Remark("heels_up", "warning", 1, 1, "deg", (1,))]), visit=2
        ),
    ]
    progress = follow("P-017", rounds, ranges)
    first, second = progress.exercises["squat"]
    # A remark that names no repetition is about all of them; praise is about none that was bad.
    assert first.rules == {"heels_up": RuleCount(2, 5), "too_fast": RuleCount(3, 5), "knees_inwards": RuleCount(0, 5)}
    assert second.rules["heels_up"] == RuleCount(1, 2)
    assert progress.rules["squat"] == {
        "heels_up": RuleSummary("warning", ""),
        "too_fast": RuleSummary("warning", ""),
        "knees_inwards": RuleSummary("praise", ""),
    }
    assert list(progress.rules["squat"])[-1] == "knees_inwards"


def test_what_could_not_be_judged_is_not_good(ranges, round_result, movement):
    judged = movement(count=3, remarks=[Remark("heels_up", "hint", 12.0, 10.0, "deg", (0,), "left")])
    hidden = replace(movement(count=2), not_judged={"heels_up": "needs heels and toes"})
    rounds = [round_result(1, movement=judged, visit=1), round_result(2, movement=hidden, visit=1)]
    rounds.append(round_result(1, 90000.0, movement=hidden, visit=2))
    progress = follow("P-017", rounds, ranges)
    assert [visit.rules["heels_up"] for visit in progress.exercises["squat"]] == [RuleCount(1, 3), RuleCount(0, 0)]
    assert progress.rules["squat"]["heels_up"] == RuleSummary("hint", "left")


def test_nobody_came_yet(ranges):
    progress = follow("P-017", [], ranges)
    assert progress.starts == () and progress.exercises == {}


def test_the_example_is_always_the_same_and_gets_better(ranges):
    rounds = example_rounds()
    assert [one.started for one in rounds] == [one.started for one in example_rounds()]
    assert [one.movement for one in rounds] == [one.movement for one in example_rounds()]
    assert {one.measured_by for one in rounds} == {"made up for the example"}
    squats = [one.movement for one in rounds if measured(one) and one.recognised == "squat"]
    first, last = squats[0].repetitions[0], squats[-1].repetitions[0]
    assert first.range_of_motion["knee_angle_r"][1] < last.range_of_motion["knee_angle_r"][1]
    assert first.symmetry < last.symmetry
