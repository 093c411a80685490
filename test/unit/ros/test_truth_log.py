"""What the log says about a virtual patient."""

import pytest

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

from rehab_coach.msg import Prediction  # noqa: E402
from rehab_coach.ros import truth_log as module  # noqa: E402
from rehab_coach.simulation.obedience import STRANGERS, Response  # noqa: E402


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(module.rospy, "loginfo", lambda text, *values: lines.append(text % values))
    return lines


def response(asked, shown):
    return Response(asked, shown, 1.0, (), 0.0, 1)


def test_what_she_did_and_how_many_verdicts_agree(said):
    log = module.TruthLog()
    waved = Prediction(round=1, status="unknown", label="unknown")
    for _ in range(3):  # told again and again, said once
        log.tell(waved, response("deadlift", "waving"))
    log.tell(Prediction(round=2, status="recognised", label="squat"), response("squat", "squat"))
    log.tell(Prediction(round=3, status="recognised", label="lunge"), response("squat", "squat"))
    log.tell(Prediction(round=4, status="recognised", label="squat"), response("squat", "push_up"))
    log.tell(Prediction(round=5, status="failed"), response("squat", "squat"))
    log.close()
    assert said == [
        "Round 1: she waved instead: the verdict is right",
        "Round 2: she did a squat, as asked: the verdict is right",
        "Round 3: she did a squat, as asked: the verdict is wrong",
        "Round 4: she did a push-up instead: the verdict is wrong",
        "Round 5: she did a squat, as asked: no verdict",
        "2 of 5 verdicts agree with what she did",
    ]


def test_without_a_round_there_is_nothing_to_sum_up(said):
    module.TruthLog().close()
    assert not said


@pytest.mark.parametrize("shown", STRANGERS)
def test_everything_that_she_does_instead_can_be_told(shown):
    assert response("squat", shown).deed == STRANGERS[shown] + " instead"
