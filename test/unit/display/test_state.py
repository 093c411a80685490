import pytest

from rehab_coach.display.state import Motion, Phase, ScreenState, emphasised
from rehab_coach.texts import load_texts


def asked(label="squat", number=1, now=0.0):
    state = ScreenState()
    state.request(number, label)
    state.message("Please do a " + label, "prompt", 0, number, now)
    return state


def test_the_first_screen_stays_until_somebody_is_asked():
    state = ScreenState()
    assert state.view(0.0).phase is Phase.WELCOME
    state.message("Welcome to your exercise coach. This is not a medical device", "info", 0, 0, 0.5)
    assert (state.view(0.5).phase, state.view(0.5).note) == (Phase.WELCOME, "")
    state.message("Loading the networks", "info", 0, 0, 1.0)
    view = state.view(1.0)
    assert (view.phase, view.note) == (Phase.WELCOME, "Loading the networks")


def test_a_round_from_prompt_to_answer():
    state = asked(now=0.0)
    assert (state.view(0.0).phase, state.view(0.0).headline) == (Phase.PROMPT, "Please do a squat")
    for left in (3, 2, 1):
        state.message("Get ready", "countdown", left, 1, 4.0 - left)
        view = state.view(4.5 - left)
        assert (view.phase, view.number, view.note) == (Phase.COUNTDOWN, str(left), "Get ready")
        assert view.fraction == pytest.approx((left - 0.5) / 3)
    state.message("Go!", "recording", 10, 1, 4.0)
    view = state.view(6.0)
    assert (view.phase, view.number, view.headline) == (Phase.RECORDING, "8", "Please do a squat")
    assert view.fraction == pytest.approx(0.8)
    assert state.view(14.05).phase is Phase.THINKING
    state.prediction(1, "recognised", "squat", 0.9)
    state.message("Well done!", "correct", 5, 1, 14.1)
    view = state.view(14.1)
    assert (view.phase, view.headline, view.seen, view.confidence) == (
        Phase.CORRECT,
        "Well done!",
        "squat",
        0.9,
    )
    assert state.view(20.0).phase is Phase.REST


def test_a_recording_may_be_shorter_than_its_countdown():
    state = asked()
    state.message("Get ready", "countdown", 5, 1, 0.0)
    state.message("Go!", "recording", 2, 1, 5.0)
    assert state.view(5.0).phase is Phase.RECORDING


def test_a_countdown_that_starts_again_is_no_recording():
    state = asked()
    state.message("Get ready", "countdown", 3, 1, 0.0)
    state.message("Get ready", "countdown", 3, 1, 4.0)
    view = state.view(4.5)
    assert (view.phase, view.number, view.fraction) == (Phase.COUNTDOWN, "3", pytest.approx(2.5 / 3))


def test_messages_of_one_countdown_do_not_make_the_ring_jump():
    state = asked()
    state.message("", "countdown", 3, 1, 0.0)
    before = state.view(1.0).fraction
    state.message("", "countdown", 2, 1, 1.15)  # late
    assert before > state.view(1.15).fraction == pytest.approx((3 - 1.15) / 3)


@pytest.mark.parametrize("kind", ["info", "problem"])
def test_advice_comes_between_countdown_and_recording(kind):
    state = asked()
    state.message("Get ready", "countdown", 3, 1, 0.0)
    state.message("Please step back", kind, 0, 1, 3.0)
    assert (state.view(3.0).phase, state.view(3.0).headline) == (Phase.ADVICE, "Please step back")
    state.message("Go!", "recording", 10, 1, 9.0)
    assert state.view(9.0).phase is Phase.RECORDING
    state.message("The camera is gone", "problem", 0, 1, 10.0)
    assert state.view(10.0).phase is Phase.PROBLEM


def test_a_message_with_a_time_gives_way_to_the_prompt_or_to_the_recording():
    state = asked()
    state.message("Two people", "problem", 2, 1, 1.0)
    assert state.view(2.9).phase is Phase.PROBLEM
    assert (state.view(3.1).phase, state.view(3.1).headline) == (Phase.PROMPT, "Please do a squat")
    state.message("Go!", "recording", 10, 1, 4.0)
    state.message("Stay in the picture", "info", 2, 1, 6.0)
    view = state.view(8.5)
    assert (view.phase, view.number, view.note) == (Phase.RECORDING, "6", "")


@pytest.mark.parametrize(
    "status, label, kind, phase",
    [
        ("recognised", "lunge", "wrong", Phase.WRONG),
        ("unknown", "unknown", "wrong", Phase.UNKNOWN),
        ("recognised", "unknown", "wrong", Phase.UNKNOWN),
        ("not_seen", "", "problem", Phase.NOT_SEEN),
        ("failed", "", "problem", Phase.PROBLEM),
    ],
)
@pytest.mark.parametrize("prediction_first", [True, False])
def test_outcomes_in_either_order(status, label, kind, phase, prediction_first):
    state = asked()
    calls = [
        lambda: state.prediction(1, status, label, 0.5),
        lambda: state.message("What I saw", kind, 0, 1, 1.0),
    ]
    for call in calls if prediction_first else reversed(calls):
        call()
    view = state.view(2.0)
    assert view.phase is phase
    assert view.seen == ("lunge" if phase is Phase.WRONG else "")


def test_a_problem_after_an_answer_is_no_answer():
    state = asked()
    state.prediction(1, "recognised", "squat", 0.9)
    state.message("Well done!", "correct", 0, 1, 1.0)
    state.message("Something is in the way", "problem", 0, 1, 2.0)
    assert state.view(2.0).phase is Phase.PROBLEM
    assert state.view(2.0).outcomes == (Phase.CORRECT,)


def test_the_score_counts_each_judged_round_once():
    state = ScreenState()
    for number, (status, kind) in enumerate(
        (
            ("recognised", "correct"),
            ("recognised", "wrong"),
            ("unknown", "wrong"),
            ("not_seen", "problem"),
            ("failed", "problem"),
        ),
        1,
    ):
        state.request(number, "squat")
        state.prediction(number, status, "lunge", 0.5)
        for _ in range(2):
            state.message("", kind, 0, number, float(number))
    view = state.view(9.0)
    assert view.outcomes == (Phase.CORRECT, Phase.WRONG, Phase.UNKNOWN, Phase.NOT_SEEN)
    assert (view.correct, view.answered) == (1, 3)


def test_a_new_session_starts_with_a_new_score():
    state = asked(number=7)
    state.message("Well done!", "correct", 0, 7, 1.0)
    assert state.view(1.0).correct == 1
    state.request(1, "lunge")
    assert state.view(2.0).outcomes == ()


def test_an_empty_answer_still_says_something():
    state = asked()
    state.message("", "correct", 0, 1, 1.0)
    assert state.view(1.0).headline == "Correct!"


def test_strange_seconds_are_taken_as_until_the_next_message():
    state = asked()
    for seconds in (float("nan"), float("inf"), -3.0):
        state.message("Hello", "info", seconds, 1, 1.0)
        assert state.view(1e6).phase is Phase.ADVICE


def test_the_motion_is_passed_on():
    state = asked()
    state.motion = Motion.STOPPED
    assert state.view(0.0).motion is Motion.STOPPED


@pytest.mark.parametrize(
    "text, label, words",
    [
        ("Please do a jumping jack", "jumping_jack", {3, 4}),
        ("Please do a push-up!", "push_up", {3}),
        ("Do five pull ups", "pull_up", {2, 3}),
        ("Do some lunges", "lunge", {2}),
        ("Please do a squat", "lunge", set()),
        ("Please do a squat", "", set()),
    ],
)
def test_the_words_of_the_exercise_are_found(text, label, words):
    assert emphasised(text, label) == words


def recorded(count=None):
    """In the middle of the recording of round 1."""
    state = asked()
    state.message("Go!", "recording", 10, 1, 4.0)
    if count is not None:
        state.counting(count)
    return state


def test_repetitions_are_shown_while_they_are_counted():
    assert recorded().view(6.0).count is None
    state = recorded(0)
    assert (state.recording, state.view(6.0).count) == (True, 0)
    state.counting(3)
    assert state.view(7.0).count == 3
    assert state.view(15.0).count is None  # thinking
    state.request(2, "lunge")
    state.message("Go!", "recording", 10, 2, 20.0)
    assert state.view(21.0).count is None


def test_after_the_answer_the_measured_repetitions_and_the_remark_stand_beside_it():
    state = recorded(3)
    for call in (lambda: state.counted(1, 4), lambda: state.message("Heels down", "remark", 0, 1, 14.2)):
        call()
        assert (state.view(14.5).count, state.view(14.5).remark) == (None, "")
    state.prediction(1, "recognised", "squat", 0.9)
    state.message("Well done!", "correct", 0, 1, 14.6)
    view = state.view(14.7)
    assert (view.phase, view.headline, view.count, view.remark) == (Phase.CORRECT, "Well done!", 4, "Heels down")
    state.request(2, "lunge")
    state.message("Please do a lunge", "prompt", 0, 2, 20.0)
    state.prediction(2, "recognised", "lunge", 0.9)
    state.message("Well done!", "correct", 0, 2, 21.0)
    assert (state.view(21.0).count, state.view(21.0).remark) == (None, "")


def test_a_question_waits_while_somebody_is_busy_and_stays_until_it_is_taken_back():
    state = ScreenState()
    state.message("May I?", "question", 0, 0, 0.0)
    state.message("Welcome", "info", 0, 0, 0.1)
    assert (state.view(0.2).phase, state.view(0.2).headline) == (Phase.QUESTION, "May I?")
    state.request(1, "squat")
    state.message("Please do a squat", "prompt", 0, 1, 1.0)
    assert state.view(1.0).phase is Phase.PROMPT
    state.prediction(1, "recognised", "squat", 0.9)
    state.message("Well done!", "correct", 0, 1, 2.0)
    assert state.view(2.0).phase is Phase.QUESTION
    state.message("", "question", 0, 0, 3.0)
    assert state.view(3.0).phase is Phase.CORRECT


def test_a_question_with_a_time_ends_by_itself():
    state = ScreenState()
    state.message("May I?", "question", 5, 0, 0.0)
    assert state.view(4.9).phase is Phase.QUESTION
    assert state.view(5.1).phase is Phase.WELCOME


def test_the_screen_speaks_the_language_of_its_texts():
    state = ScreenState(load_texts("no"))
    assert state.view(0.0).headline == "Treneren din"
    state.request(1, "squat")
    state.message("", "correct", 0, 1, 1.0)
    assert state.view(1.0).headline == "Riktig!"


def test_the_bars_of_the_answer_so_far_are_quiet_and_only_there_while_recording():
    state = asked()
    state.so_far(1, "unknown", {"squat": 0.0, "lunge": 0.0})
    assert state.view(0.0).bars == ()
    state.message("Go!", "recording", 10, 1, 1.0)
    assert [(bar.share, bar.shown) for bar in state.view(1.0).bars] == [(0.0, False)] * 2
    state.so_far(1, "unknown", {"squat": 1.0, "lunge": 0.0})
    assert state.view(1.1).bars[0].share == pytest.approx(0.4)  # it grows, it does not jump
    for _ in range(20):
        state.so_far(1, "squat", {"squat": 0.8, "lunge": 0.1})
    first, second = state.view(1.2).bars
    assert (first.label, first.share, first.shown) == ("squat", pytest.approx(0.8), True)
    assert (second.label, second.share, second.shown) == ("lunge", pytest.approx(0.1), False)
    bars = state.view(1.2).bars
    for share in (0.79, 0.81, 0.8) * 5:
        state.so_far(1, "squat", {"squat": share, "lunge": 0.1})
        assert state.view(1.3).bars == bars
    state.so_far(2, "lunge", {"squat": 0.0, "lunge": 1.0})  # of another round
    assert state.view(1.4).bars == bars
    state.request(2, "lunge")
    state.message("Go!", "recording", 10, 2, 20.0)
    assert state.view(20.0).bars == ()
