import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Remark
from rehab_coach.robot.answer import RoundJoin, remark_sentence
from rehab_coach.rounds import Outcome
from rehab_coach.texts import load_texts


def asked(label="squat", number=3):
    join = RoundJoin()
    join.request(number, label)
    return join


@pytest.mark.parametrize(
    "prediction, outcome, kind, text, line",
    [
        (
            ("recognised", "squat", 0.92),
            "correct",
            "correct",
            "Well done! That was a squat",
            "Round 3: asked for squat, saw squat (92 %): correct",
        ),
        (
            ("recognised", "push_up", 0.918),
            "wrong",
            "wrong",
            "I saw a push-up",
            "Round 3: asked for squat, saw push_up (92 %): wrong",
        ),
        (
            ("unknown", "unknown", 0.4),
            "unknown",
            "wrong",
            "I did not recognise that as a squat",
            "Round 3: asked for squat, saw unknown (40 %): wrong",
        ),
        (
            ("unknown", "", 0.0),
            "unknown",
            "wrong",
            "I did not recognise that as a squat",
            "Round 3: asked for squat, saw unknown: wrong",
        ),
        (
            ("recognised", "unknown", 0.4),
            "unknown",
            "wrong",
            "I did not recognise that as a squat",
            "Round 3: asked for squat, saw unknown (40 %): wrong",
        ),
        (
            ("not_seen", "", 0.0),
            "not_seen",
            "problem",
            "I could not see you",
            "Round 3: asked for squat, saw nobody: problem",
        ),
        (
            ("failed", "squat", 0.9),
            "failed",
            "problem",
            "Something went wrong with the recording. Let us go on",
            "Round 3: asked for squat, saw nothing: problem",
        ),
        (
            ("brilliant", "squat", 0.9),
            "failed",
            "problem",
            "Something went wrong with the recording. Let us go on",
            "Round 3: asked for squat, saw nothing: problem",
        ),
    ],
)
def test_every_status_has_its_answer(prediction, outcome, kind, text, line):
    answer = asked().answer(*prediction)
    assert (answer.outcome, answer.kind, answer.text, str(answer)) == (outcome, kind, text, line)
    assert answer.outcome in set(Outcome) and answer.round == 3


def test_a_prediction_before_any_request_is_not_answered():
    assert "nobody was asked" in RoundJoin().objection(1)


@pytest.mark.parametrize("number", [2, 4, 0])
def test_a_prediction_of_another_round_is_not_answered(number):
    assert asked().objection(number) == "this is round 3"


def test_a_round_is_answered_once():
    join = asked()
    assert join.objection(3) is None and join.waiting
    join.answer("recognised", "squat", 0.9)
    assert "answered before" in join.objection(3) and not join.waiting


def test_a_new_request_with_the_same_number_starts_afresh():
    join = asked(number=1)
    join.answer("not_seen", "", 0.0)
    join.request(1, "lunge")
    assert join.objection(1) is None
    assert join.answer("recognised", "lunge", 0.8).outcome == "correct"


def test_answers_in_norwegian():
    join = RoundJoin(load_texts("no"))
    join.request(1, "squat")
    assert join.answer("recognised", "push_up", 0.9).text == "Jeg så en armheving"


def test_a_remark_is_said_by_its_rule_and_severity():
    remark = Remark("heels_up", "hint", 4.0, 2.0, "cm")
    assert remark_sentence(remark, load_texts()) == "Try to keep your heels on the floor"
    assert remark_sentence(remark, load_texts("no")) == "Prøv å holde hælene i gulvet"


def test_a_rule_without_a_sentence_is_an_error_that_names_the_file():
    with pytest.raises(RehabCoachError, match="no text 'tail_up_hint'; add it to config/texts/form.en.yaml"):
        remark_sentence(Remark("tail_up", "hint", 1.0, 0.0, "m"), load_texts())
