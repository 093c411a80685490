import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.coordinates import limits
from rehab_coach.simulation.exercises import EXERCISE_KINDS
from rehab_coach.simulation.motions import (
    CENTRAL_ANGLES,
    KINDS,
    MOTIONS,
    OTHERS,
    SIDE_ANGLES,
    make_motion,
)
from rehab_coach.simulation.variants import VARIANTS

CYCLIC = [name for name in MOTIONS if name not in ("standing", "plank")]
CHANGING_SIDES = (
    "lunge",
    "leg_raise",
    "side_step",
    "reverse_lunge",
    "walking_lunge",
    "jumping_lunge",
)  # repeat after two
FAULTS = [(name, fault) for name, kind in KINDS.items() for fault in kind.faults]


def test_the_six_exercises_are_there():
    assert set(EXERCISE_KINDS) == {"squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack"}
    assert set(MOTIONS) == set(EXERCISE_KINDS) | set(VARIANTS) | set(OTHERS)
    assert len(MOTIONS) == len(EXERCISE_KINDS) + len(VARIANTS) + len(OTHERS)


def test_what_issue_and_form_rules_call_faults_is_there():
    squat = "knees_over_toes knees_inwards knees_outwards heels_up hips_shifted_left hips_shifted_right"
    assert set((squat + " improper_hip_flexion").split()) <= set(EXERCISE_KINDS["squat"].faults)
    assert all(len(kind.faults) >= 2 for kind in EXERCISE_KINDS.values())


@pytest.mark.parametrize("name, fault", FAULTS)
def test_a_fault_changes_the_motion_and_keeps_it_human(name, fault):
    right, wrong = (make_motion(name, 6, seed=4, variation=0, faults=faults) for faults in ((), (fault,)))
    angles = max(np.abs(wrong.angles[angle] - right.angles[angle]).max() for angle in right.angles)
    other = max(np.abs(wrong.knee_out).max(), np.abs(wrong.sway).max())
    assert angles > np.radians(12) or other > 0.1
    assert set(wrong.faults) == {fault} and wrong.faults[fault] == tuple(range(len(wrong.performed)))
    for angle, values in wrong.angles.items():
        low, high = np.radians(limits(angle))
        moving = np.ptp(values) > 1e-6
        assert not moving or (values.min() > low or low == 0) and values.max() < high, angle


def test_faults_belong_to_some_repetitions_only():
    motion = make_motion("squat", 40, period=4, variation=0, seed=1, faults={"shallow_depth": 1.0}, fault_share=0.5)
    deep = [
        motion.angles["knee_angle_r"][np.abs(motion.stamps - repetition.turn) < 0.1].max() > 1.5
        for repetition in motion.performed
    ]
    assert 0 < sum(deep) < len(deep) == 10
    assert motion.faults["shallow_depth"] == tuple(np.flatnonzero(~np.array(deep)))


@pytest.mark.parametrize("name", ("squat", "lunge", "jumping_jack", "push_up"))
def test_tempo_is_what_the_repetitions_keep(name):
    motion = make_motion(name, 14, variation=0, tempo=(3, 1, 2, 0.5), rate=100)
    assert [repetition.turn for repetition in motion.performed] == pytest.approx([3.75, 10.25])
    for repetition in motion.performed:
        times = repetition.down, repetition.hold, repetition.up, repetition.pause
        assert times == pytest.approx((3, 1, 2, 0.5))
    joint = {"jumping_jack": "arm_add_r", "push_up": "elbow_flex_l", "lunge": "knee_angle_r"}.get(name, "knee_angle_r")
    values = motion.angles[joint]
    held = np.abs(values - values[int(3.75 * 100)]) < np.radians(0.5)
    assert held[330:420].all() and not held[:200].any() and not held[520:600].any()


def test_only_whole_repetitions_count():
    motion = make_motion("squat", 10, period=4, variation=0, start_phase=0.5)
    assert [repetition.turn for repetition in motion.performed] == pytest.approx([4.0, 8.0])
    assert make_motion("standing").performed == ()


def test_asymmetry_moves_one_side_more():
    motion = make_motion("jumping_jack", 4, variation=0, asymmetry=0.8)
    right, left = (np.ptp(motion.angles["arm_add" + side]) for side in ("_r", "_l"))
    assert left < 0.85 * right
    assert make_motion("squat", 4, variation=0, asymmetry=0.8).sway[:, 0].min() < -0.04


@pytest.mark.parametrize("name", MOTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_every_angle_is_there_and_within_human_range(name, seed):
    motion = make_motion(name, duration=6, seed=seed, variation=2)
    assert set(motion.angles) == set(CENTRAL_ANGLES) | {joint + side for joint in SIDE_ANGLES for side in ("_r", "_l")}
    for angle, values in motion.angles.items():
        low, high = np.radians(limits(angle))
        assert values.shape == motion.stamps.shape == (180,)
        assert low - 1e-9 <= values.min() and values.max() <= high + 1e-9, angle


@pytest.mark.parametrize("name", MOTIONS)
def test_textbook_motion_keeps_inside_the_limits_by_itself(name):
    """The limits are a safety net, not what shapes the motion: no angle rests on one."""
    motion = make_motion(name, duration=4, variation=0)
    for angle, values in motion.angles.items():
        low, high = np.radians(limits(angle))
        moving = np.ptp(values) > 1e-6
        assert not moving or (values.min() > low or low == 0) and values.max() < high, angle


@pytest.mark.parametrize("name", MOTIONS)
def test_periodic_without_variation(name):
    motion = make_motion(name, duration=8, rate=30, period=2.0, variation=0)
    shift = 120 if name in CHANGING_SIDES else 60
    for values in motion.angles.values():
        np.testing.assert_allclose(values[:-shift], values[shift:], atol=1e-9)


@pytest.mark.parametrize("name", CYCLIC)
def test_a_repetition_ends_where_it_began_and_moves_in_between(name):
    motion = make_motion(name, duration=4, rate=100, repetitions=1, variation=0)
    largest = 0.0
    for values in motion.angles.values():
        assert abs(values[-1] - values[0]) < np.radians(4)
        largest = max(largest, np.ptp(values))
    moves = np.ptp(motion.sway) > 0.1  # or the body moves while hands and feet stay, and the solver bends the arms
    assert largest > np.radians(10) or moves


@pytest.mark.parametrize("name", MOTIONS)
def test_no_jumps(name):
    """Nothing turns faster than 15 rad/s, more than the quickest arm of a jumping jack needs."""
    motion = make_motion(name, duration=6, rate=120, seed=3)
    for angle, values in motion.angles.items():
        assert np.abs(np.diff(values)).max() * 120 < 15, angle


def test_repetitions_fill_the_duration():
    motion = make_motion("squat", duration=9, repetitions=3, seed=5)
    assert len(motion.repetitions) == 4
    assert motion.repetitions[0] == 0 and motion.repetitions[-1] == pytest.approx(9)
    deepest = motion.angles["knee_angle_r"] > np.radians(90)
    assert np.count_nonzero(np.diff(deepest.astype(int)) == 1) == 3


def test_depth_makes_it_deeper():
    shallow, full = (make_motion("squat", depth=depth, variation=0).angles["knee_angle_l"].max() for depth in (0.5, 1))
    assert shallow < 0.65 * full


def test_start_phase_begins_in_the_middle():
    whole = make_motion("squat", duration=4, period=4, variation=0, rate=50)
    later = make_motion("squat", duration=2, period=4, variation=0, rate=50, start_phase=0.5)
    np.testing.assert_allclose(later.angles["knee_angle_r"], whole.angles["knee_angle_r"][100:], atol=1e-9)


def test_pause_holds_the_turning_point():
    def held(pause):
        knee = make_motion("squat", duration=4, period=4, variation=0, pause=pause).angles["knee_angle_r"]
        return np.count_nonzero(knee > knee.max() - 1e-6)

    assert held(0.4) > held(0.05) + 30


def test_the_seed_is_the_person():
    first, again, other = (make_motion("squat", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.angles["knee_angle_r"], again.angles["knee_angle_r"])
    assert np.abs(first.angles["knee_angle_r"] - other.angles["knee_angle_r"]).max() > 0.05


def test_lunge_changes_legs():
    motion = make_motion("lunge", duration=8, period=4, variation=0)
    front = motion.angles["hip_flexion_r"] > motion.angles["hip_flexion_l"] + 0.5
    assert front[:120].any() and not front[120:].any()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"name": "cartwheel"}, "choose one of squat"),
        ({"name": "squat", "depth": 3}, "depth must be between 0.2 and 1.1"),
        ({"name": "squat", "duration": 0}, "duration must be"),
        ({"name": "squat", "repetitions": 0}, "repetitions must be"),
        ({"name": "squat", "period": 0.01}, "period must be"),
        ({"name": "squat", "pause": 0.9}, "pause must be"),
        ({"name": "squat", "rate": float("nan")}, "rate must be"),
        ({"name": "squat", "faults": ["hips_sag"]}, "squat has no fault 'hips_sag'; it knows knees_over_toes"),
        ({"name": "waving", "faults": ["shallow_depth"]}, "it has no faults"),
        ({"name": "squat", "faults": {"shallow_depth": 3}}, "strength of shallow_depth must be between 0.3 and 1.3"),
        ({"name": "squat", "tempo": (1, 2)}, "four times"),
        ({"name": "squat", "tempo": (0, 1, 1, 0)}, "the tempo's time down must be"),
        ({"name": "squat", "asymmetry": 2}, "asymmetry must be"),
    ],
)
def test_bad_values_are_named(options, words):
    with pytest.raises(RehabCoachError, match=words):
        make_motion(**options)


def test_habits_are_the_persons_and_not_the_seeds():
    usual = make_motion("squat", 4, seed=3, habits={"choice": 0.1})
    own = make_motion("squat", 4, seed=3, habits={"choice": 0.1, "elbow_flex": 10.0, "stance": 2.0})
    changed = {name for name, values in own.angles.items() if not np.array_equal(values, usual.angles[name])}
    assert changed == {"elbow_flex_r", "elbow_flex_l", "hip_adduction_r", "hip_adduction_l"}
    np.testing.assert_allclose(own.angles["elbow_flex_r"] - usual.angles["elbow_flex_r"], np.radians(10), atol=1e-9)
    folded = make_motion("squat", 4, seed=3, habits={"choice": 0.9})  # the hands before the chest
    assert np.ptp(folded.angles["elbow_flex_r"]) < np.radians(10) < np.radians(90) < folded.angles["elbow_flex_r"].min()
    held = [make_motion("deadlift", 4, seed=3, habits={"elbow_flex": degrees}) for degrees in (0.0, 10.0)]
    np.testing.assert_array_equal(held[0].angles["elbow_flex_r"], held[1].angles["elbow_flex_r"])  # by the bar
    with pytest.raises(RehabCoachError, match="there is no habit 'whistling'; choose of choice, stance"):
        make_motion("squat", 4, habits={"whistling": 1.0})


@pytest.mark.parametrize(
    ("habits", "words"),
    [
        ({"stance": float("nan")}, "the habit stance must be between -10 and 10, not nan"),
        ({"stance": "wide"}, "the habit stance must be between -10 and 10, not wide"),
        ({"arm_flex": 1e9}, "the habit arm_flex must be between -90 and 90, not 1000000000.0"),
        ({"choice": -0.1}, "the habit choice must be between 0 and 1, not -0.1"),
    ],
)
def test_bad_habits_are_named(habits, words):
    with pytest.raises(RehabCoachError, match=words):
        make_motion("squat", 4, habits=habits)
