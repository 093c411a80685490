import pytest

from rehab_coach.visits.owner import Decision, RoundOwner, Verdict


def test_without_anybody_known_nothing_is_kept_and_nobody_is_asked():
    owner = RoundOwner()
    assert owner.decide("", 0.0) == Decision(Verdict.DROP)
    assert owner.patient == ""


def test_a_round_is_hers_after_a_yes_and_so_are_the_next_ones():
    owner = RoundOwner(holds=100.0)
    assert owner.decide("P-017", 0.0) == Decision(Verdict.ASK, "P-017")
    assert owner.decide("P-017", 0.0) == Decision(Verdict.ASK, "P-017")  # until there is an answer
    assert owner.patient == ""
    owner.answer(True, 5.0)
    assert owner.patient == "P-017"
    for now in (90.0, 180.0, 270.0):  # each is within the time after the one before
        assert owner.decide("P-017", now) == Decision(Verdict.KEEP, "P-017")
    assert owner.decide("P-017", 371.0) == Decision(Verdict.ASK, "P-017")


@pytest.mark.parametrize("recognised", ["P-018", ""])
def test_a_yes_does_not_hold_for_a_round_in_which_somebody_else_or_nobody_is_recognised(recognised):
    owner = RoundOwner()
    owner.decide("P-017", 0.0)
    owner.answer(True, 0.0)
    asked = recognised or "P-017"
    assert owner.decide(recognised, 30.0) == Decision(Verdict.ASK, asked)
    owner.answer(True, 31.0)
    assert owner.decide(asked, 60.0) == Decision(Verdict.KEEP, asked)
    assert owner.decide(recognised, 61.0).verdict is (Verdict.KEEP if recognised else Verdict.ASK)


def test_who_said_no_is_not_asked_the_same_again_until_somebody_else_came():
    owner = RoundOwner()
    owner.decide("P-017", 0.0)
    owner.answer(False, 0.0)
    assert owner.patient == ""
    assert owner.decide("P-017", 30.0) == Decision(Verdict.DROP)
    assert owner.decide("P-018", 60.0) == Decision(Verdict.ASK, "P-018")
    owner.answer(False, 60.0)
    assert owner.decide("P-017", 90.0) == Decision(Verdict.ASK, "P-017")


def test_a_no_takes_an_earlier_yes_back():
    owner = RoundOwner()
    owner.decide("P-017", 0.0)
    owner.answer(True, 0.0)
    owner.decide("P-018", 30.0)
    owner.answer(False, 30.0)
    assert owner.decide("", 60.0) == Decision(Verdict.DROP)
    assert owner.decide("P-017", 61.0) == Decision(Verdict.ASK, "P-017")


def test_zero_seconds_ask_about_each_round():
    owner = RoundOwner(holds=0.0)
    owner.decide("P-017", 0.0)
    owner.answer(True, 1.0)
    assert owner.decide("P-017", 2.0) == Decision(Verdict.ASK, "P-017")


def test_who_was_named_stays_and_the_rounds_of_others_are_nobodys():
    owner = RoundOwner("P-017")
    assert owner.decide("", 0.0) == Decision(Verdict.KEEP, "P-017")
    assert owner.decide("P-017", 1e6) == Decision(Verdict.KEEP, "P-017")
    assert owner.decide("P-018", 2e6) == Decision(Verdict.OTHER, "P-018")
    assert owner.decide("", 3e6) == Decision(Verdict.KEEP, "P-017")
    assert owner.patient == "P-017"
