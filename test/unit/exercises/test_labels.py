import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import check_asked, check_label, check_labels


@pytest.mark.parametrize("label", ["squat", "unknown", "push-up", "Squat2", "x" * 64])
def test_ordinary_words_are_labels(label):
    check_label(label, "the table")


@pytest.mark.parametrize(
    "label, said",
    [
        ("arm swing", "the table has the label 'arm swing': .* without spaces, .* such as arm_swing; what people read"),
        ("Knie beugen", "such as knie_beugen"),
        ("knebøy", "such as kneboey"),
        ("Ausfallschritt rückwärts", "such as ausfallschritt_rueckwaerts"),
        ("2_squats", "begins with a letter"),
        ("スクワット", "at most; what"),
        ("", "the label ''"),
        ("x" * 65, "64 at most"),
        ("no", "which YAML takes for something else than a word; .* such as no_exercise"),
        ("true", "YAML takes"),
        ("Null", "YAML takes"),
        (False, "the table has False for a label: YAML takes yes, no"),
        (7, "the table has 7 for a label"),
        (None, "the table has None for a label"),
    ],
)
def test_what_files_and_messages_would_not_agree_on_is_refused(label, said):
    with pytest.raises(RehabCoachError, match=said):
        check_label(label, "the table")


def test_two_that_differ_only_in_case_are_named_both():
    with pytest.raises(RehabCoachError, match="a model has the labels 'swing' and 'Swing', which differ only in case"):
        check_labels(["swing", "squat", "Swing"], "a model")
    with pytest.raises(RehabCoachError, match="has the label 'Unknown'; what is none of the exercises is 'unknown'"):
        check_labels(["swing", "Unknown"], "a model")
    check_labels(["swing", "squat", "unknown"], "a model")


@pytest.mark.parametrize(
    "asked, said",
    [
        ([], "EXERCISES is empty; choose one or more of those that mine.safetensors knows: swing, hop"),
        (["hop", "hpo"], "EXERCISES asks for 'hpo', which mine.safetensors does not know; it knows swing, hop"),
        (["unknown"], "EXERCISES asks for 'unknown', which is what none of the exercises is; choose"),
    ],
)
def test_only_what_the_model_knows_can_be_asked_for(asked, said):
    check_asked(["hop"], ["swing", "hop"], "EXERCISES", "mine.safetensors")
    with pytest.raises(RehabCoachError, match=said):
        check_asked(asked, ["swing", "hop"], "EXERCISES", "mine.safetensors")
