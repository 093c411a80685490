"""What the benchmark of form counts."""

import numpy as np
import pytest

from rehab_coach.benchmarks.form import FAULTY, auroc, auroc_table, remarks_table, summarise, whole_repetition
from rehab_coach.dataset.ui_prmd import Execution
from rehab_coach.kinematics.projection import CameraView
from rehab_coach.learning.form_scorer import ViewedRepetition


@pytest.mark.parametrize(
    "scores, expected",
    [([0, 1, 2, 3], 1.0), ([3, 2, 1, 0], 0.0), ([1, 1, 1, 1], 0.5), ([0, 2, 1, 3], 0.75), ([0, 1, np.nan, 3], 0.875)],
)
def test_auroc(scores, expected):
    assert auroc(np.array(scores), np.array([False, False, True, True])) == expected


def test_auroc_needs_both_kinds():
    assert np.isnan(auroc(np.array([1.0, 2.0]), np.array([True, True])))


@pytest.fixture()
def viewed():
    """Two people; each two correct and two incorrect repetitions."""
    return [
        ViewedRepetition(
            Execution("deep_squat", subject, str(number), number < 2, np.zeros(0)), CameraView(), None, None
        )
        for subject in "12"
        for number in range(4)
    ]


def test_the_summary_is_within_people(viewed):
    # The second person scores higher throughout, and the other way round half of the time.
    found = summarise(viewed, np.array([0, 1, 2, 3, 10, 12, 11, 13.0]))["deep_squat"]
    assert found.subjects == {"1": 1.0, "2": 0.75}
    assert found.mean == 0.875 and found.low == 0.75 and found.high == 1.0
    assert found.views == {"front": 0.875}
    assert found.pooled == pytest.approx(11 / 16)
    text = auroc_table({"rules": {"deep_squat": found}, "learned": {"deep_squat": found}})
    assert "0.875   0.750 - 1.000" in text and "nan" in text


def test_false_remarks_are_those_on_correct_repetitions(viewed):
    text = remarks_table(viewed, np.array(["", "hint", "hint", "warning"] * 2))
    assert text.split("\n")[1].split() == ["deep_squat", "50", "%", "0.0", "%", "100", "%", "50.0", "%"]


def test_the_turning_point_is_where_the_hips_are_lowest(act):
    amount = (1 - np.cos(np.linspace(0, 2 * np.pi, 100))) / 2
    found = whole_repetition(act("squat", amount))
    assert found.start == 0 and found.turn == pytest.approx(1.0, abs=0.15) and found.end == pytest.approx(2.0, abs=0.1)


def test_clips_with_a_fault_are_known_by_their_names():
    for name in ("kaiakol__squat_incorrect_002.mp4", "riyer8__wrong10.mp4", "jeff_j_chen__nico_blocked.mp4"):
        assert FAULTY.search(name)
    assert not FAULTY.search("squat/kaiakol__squat_correct_001.mp4")
