import math
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from rehab_coach.visits.errors import NoConsentError, VisitStoreError
from rehab_coach.visits.store import (
    VISIT_GAP,
    Consent,
    EnrolledPatient,
    RoundResult,
    VisitStore,
    dump_movement,
    load_movement,
)


def test_a_round_comes_back_as_it_was(store, round_result, skeleton):
    result = round_result(skeleton=skeleton)
    assert store.add_round("P-017", result)
    (kept,) = store.rounds("P-017", skeletons=True)
    for name in RoundResult.__dataclass_fields__:
        if name not in ("movement", "skeleton", "visit"):
            assert getattr(kept, name) == getattr(result, name), name
    assert kept.visit == 1
    assert dump_movement(kept.movement) == dump_movement(result.movement)
    assert kept.movement.remarks == result.movement.remarks
    assert math.isnan(kept.movement.repetitions[0].smoothness)
    np.testing.assert_array_equal(kept.skeleton.key_points, skeleton.key_points)
    assert store.rounds("P-017")[0].skeleton is None


def test_what_was_not_measured_stays_empty(store, round_result):
    store.add_round("P-017", round_result(status="not_seen", recognised="", verdict="not_seen", movement=None))
    (kept,) = store.rounds("P-017")
    assert kept.movement is None and kept.skeleton is None and kept.recognised == ""


def test_numbers_of_numpy_are_numbers(movement):
    one = movement(count=1)
    ranges = {"knee_angle_r": (np.float32(0.5), np.float64(1.5))}
    repetition = one.repetitions[0].__class__(
        **{**one.repetitions[0].__dict__, "range_of_motion": ranges, "start": np.float64("nan")}
    )
    text = dump_movement(one.__class__("squat", np.float32(10), (repetition,)))
    assert "NaN" not in text
    assert load_movement(text).repetitions[0].range_of_motion == {"knee_angle_r": (0.5, 1.5)}


def test_the_same_round_counts_once(store, round_result):
    assert store.add_round("P-017", round_result())
    assert not store.add_round("P-017", round_result())
    # Another number at the same moment and the same number at another moment are other rounds.
    assert store.add_round("P-017", round_result(number=2))
    assert store.add_round("P-017", round_result(started=1030.0))
    assert [(one.started, one.number) for one in store.rounds("P-017")] == [(1000, 1), (1000, 2), (1030, 1)]


def test_a_movement_that_comes_later_is_added_to_its_round(store, round_result):
    store.add_round("P-017", round_result(movement=None))
    assert not store.add_round("P-017", round_result())
    assert not store.add_round("P-017", round_result(movement=None))
    (kept,) = store.rounds("P-017")
    assert len(kept.movement.repetitions) == 2


def test_a_pause_begins_a_visit_and_a_restart_does_not(store, round_result):
    later = 1000.0 + VISIT_GAP * 3
    # A round that waited for the database comes after its successors.
    for number, started in ((1, 1000), (3, 1060), (1, 1100), (2, 1030), (1, later), (2, later + VISIT_GAP)):
        store.add_round("P-017", round_result(number, started))
    assert [one.visit for one in store.rounds("P-017")] == [1, 1, 1, 1, 2, 2]


def test_patients_are_apart(store, round_result):
    store.give_consent("P-018", "1", at=600.0)
    store.add_round("P-017", round_result())
    store.add_round("P-018", round_result())
    store.add_round("P-018", round_result(started=9000.0))
    assert [(one.name, one.visits, one.rounds, one.first, one.last) for one in store.patients()] == [
        ("P-017", 1, 1, 1000.0, 1000.0),
        ("P-018", 2, 2, 1000.0, 9000.0),
    ]


def test_nothing_is_kept_without_consent(store, round_result):
    assert store.consent("P-018") is None
    with pytest.raises(NoConsentError, match="P-018 has not agreed.*visits consent P-018 --database %s$" % store.place):
        store.add_round("P-018", round_result())
    assert [one.name for one in store.patients()] == ["P-017"]


def test_consent_can_be_withdrawn_and_given_again(store, round_result):
    assert store.consent("P-017") == Consent(500.0, "1")
    store.add_round("P-017", round_result())
    store.withdraw_consent("P-017")
    assert store.consent("P-017") is None
    with pytest.raises(NoConsentError):
        store.add_round("P-017", round_result(number=2))
    assert len(store.rounds("P-017")) == 1
    store.give_consent("P-017", "2", at=700.0)
    assert store.consent("P-017") == Consent(700.0, "2")
    assert store.add_round("P-017", round_result(number=2))


@pytest.mark.parametrize("name", ["P-017", "7", "Åse_2", "a.b", "Ola Nordmann", "患者-3", "x" * 64])
def test_pseudonyms(store, name, round_result):
    store.give_consent(name, "1")
    store.add_round(name, round_result())
    assert len(store.rounds(name)) == 1
    assert name in [one.name for one in store.patients()]


def test_a_name_has_one_spelling(store):
    store.give_consent("A\u030ase", "1")
    assert store.consent("\u00c5se")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "O'Hara",
        'a"b',
        "../etc/passwd",
        "a/b",
        "a\\b",
        "a\nb",
        "a\0b",
        "-a",
        "a--b",
        "=1+1",
        "<b>",
        "x" * 65,
        ".",
    ],
)
def test_other_names_are_refused_in_plain_words(store, name):
    for call in (store.consent, store.rounds, store.delete, lambda name: store.give_consent(name, "1")):
        with pytest.raises(VisitStoreError, match="take a pseudonym such as P-017") as error:
            call(name)
        assert len(str(error.value).splitlines()) == 1 and len(str(error.value)) < 300


def test_an_unknown_patient_is_told_with_those_that_are_known(store):
    for call in (store.rounds, store.delete, store.withdraw_consent):
        with pytest.raises(VisitStoreError, match="no patient P-O17 .*known: P-017"):
            call("P-O17")


@pytest.mark.parametrize("changes", [{"verdict": "good"}, {"started": float("nan")}, {"confidence": float("inf")}])
def test_a_round_that_makes_no_sense_is_refused(round_result, changes):
    with pytest.raises(ValueError):
        round_result(**changes)


def test_delete_leaves_the_others(store, round_result):
    store.give_consent("P-018", "1")
    store.add_round("P-017", round_result())
    store.add_round("P-017", round_result(number=2))
    store.add_round("P-018", round_result())
    assert store.delete("P-017") == 2
    assert [(one.name, one.rounds) for one in store.patients()] == [("P-018", 1)]
    assert store.consent("P-017") is None


def test_threads_share_a_store(store, round_result):
    def add(first):
        for number in range(first, first + 5):
            store.add_round("P-017", round_result(number, 1000.0 + number))

    # Each round comes twice, from different threads.
    threads = [threading.Thread(target=add, args=(first,)) for first in (1, 6, 1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.number for one in store.rounds("P-017")] == list(range(1, 11))
    assert store.patients()[0].visits == 1


WRITER = """
import sys
from rehab_coach.visits.store import RoundResult, VisitStore
with VisitStore(sys.argv[1]) as store:
    store.give_consent("P-017", "1")
    for number in range(int(sys.argv[2]), 100000):
        store.add_round(
            "P-017",
            RoundResult(number, 1000.0 + number, 1010.0, "squat", "recognised", "squat", 0.9, "correct"),
        )
        print(number, flush=True)
"""


def test_nothing_that_was_acknowledged_is_lost_when_the_writer_is_killed(place):
    stored = 1
    for kill_after in (7, 1, 12):
        process = subprocess.Popen(
            # Each new writer begins with a round that is there already.
            [sys.executable, "-c", WRITER, place, str(stored)],
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        lines = [process.stdout.readline() for _ in range(kill_after)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines(True)
        assert process.wait() == -signal.SIGKILL
        acknowledged = [int(line) for line in lines if line.endswith("\n")]
        with VisitStore(place) as store:
            numbers = [one.number for one in store.rounds("P-017")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert acknowledged[-1] <= len(numbers) <= acknowledged[-1] + 1
        stored = len(numbers)


def enrolled(name="P-017", content=b"template", **changes):
    values = dict(name=name, time=700.0, consent="yes", made_from="squat.mp4", model="one", template=content)
    values.update(changes)
    return EnrolledPatient(**values)


def test_who_was_enrolled_is_there_once(store):
    assert store.enrolled() == []
    store.enrol(enrolled(content=b"older"))
    store.enrol(enrolled())
    (kept,) = store.enrolled()
    assert kept.__dict__ == enrolled().__dict__


def test_nobody_is_enrolled_without_consent(store):
    for name in ("P-018", "P-017"):
        with pytest.raises(NoConsentError, match="%s has not agreed.*nobody is enrolled.*visits consent" % name):
            store.enrol(enrolled(name))
        assert store.enrolled() == []
        store.withdraw_consent("P-017")


def test_who_withdrew_is_not_recognised_any_more(store):
    store.enrol(enrolled())
    store.withdraw_consent("P-017")
    assert store.enrolled() == []
    assert [one.name for one in store.enrolled(withdrawn=True)] == ["P-017"]


def test_to_forget_leaves_the_visits_and_the_others(store, round_result):
    store.give_consent("P-018", "1")
    store.add_round("P-017", round_result())
    store.enrol(enrolled())
    store.enrol(enrolled("P-018"))
    assert store.forget("P-017")
    assert not store.forget("P-017")
    assert [one.name for one in store.enrolled()] == ["P-018"]
    assert len(store.rounds("P-017")) == 1
    with pytest.raises(VisitStoreError, match="no patient P-019"):
        store.forget("P-019")


def test_with_a_patient_the_template_is_deleted(store):
    store.enrol(enrolled())
    store.delete("P-017")
    assert store.enrolled(withdrawn=True) == []
