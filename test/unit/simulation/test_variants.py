"""What makes each variant the one that it is; `test_motions` and `test_solver` see that a human can do it."""

import numpy as np
import pytest

from rehab_coach.exercises import EXERCISES, label_of_motion, usual_motion
from rehab_coach.simulation.motions import KINDS, make_motion
from rehab_coach.simulation.solver import angles_of, solve
from rehab_coach.simulation.variants import VARIANTS


class Done:
    """Two textbook repetitions in four seconds: places of bones, (T, 3), and true angles, degrees."""

    def __init__(self, skeleton, name, **options):
        options = {"duration": 4, "repetitions": 2, "variation": 0, **options}
        self.motion = make_motion(name, **options)
        rotations, heads = solve(skeleton, self.motion)
        self.at = {label: heads[:, bone] for label, bone in skeleton.index.items()}
        angles = angles_of(skeleton, self.motion, rotations)
        self.angles = {name: np.degrees(values) for name, values in angles.items()}

    def apart(self, label):
        return self.at[label + ".L"] - self.at[label + ".R"]

    def height(self, label):
        return self.at[label][:, 2]

    @property
    def lowest(self):
        return self.height("root").argmin()


@pytest.fixture
def done(skeleton):
    return lambda name, **options: Done(skeleton, name, **options)


def test_every_variant_belongs_to_one_exercise():
    named = [variant for exercise in EXERCISES.values() for variant in exercise.variants]
    assert sorted(named) == sorted(VARIANTS)
    for label, exercise in EXERCISES.items():
        for variant in exercise.variants:
            assert label_of_motion(variant) == label and usual_motion(variant) == exercise.motion
    assert usual_motion("squat") == "squat" and usual_motion("waving") == "waving"


def test_what_is_in_the_hands_may_be_left_out():
    assert make_motion("deadlift").equipment == "barbell" and make_motion("deadlift", bare=True).equipment is None
    assert make_motion("pull_up", bare=True).equipment == "bar"


@pytest.mark.parametrize("name", ("back_squat", "front_squat", "goblet_squat"))
def test_a_weight_is_held_at_the_chest_or_the_shoulders_while_the_hips_go_down(done, name):
    squat = done(name)
    for side in "RL":
        away = np.linalg.norm(squat.at["wrist." + side] - squat.at["spine01"], axis=1)
        assert away.max() < 0.45
    bottom = squat.lowest
    assert abs(squat.at["upperleg01.R"][bottom, 2] - squat.at["lowerleg01.R"][bottom, 2]) < 0.15
    assert KINDS[name].equipment in ("barbell", "barbell_on_the_shoulders", "kettlebell")


def test_the_trunk_leans_most_with_the_bar_on_the_back(done):
    lean = [done(name).motion.angles["pelvis_tilt"].min() for name in ("back_squat", "squat", "front_squat")]
    assert lean[0] < lean[1] < lean[2]


def test_a_jump_squat_leaves_the_floor_after_the_deepest_point(done):
    squat = done("jump_squat", repetitions=1, duration=2)
    flying = np.flatnonzero(~squat.motion.support.any(axis=1))
    assert flying[0] > squat.lowest and min(squat.height("foot." + side)[flying].max() for side in "RL") > 0.12
    assert 0.2 < len(flying) / squat.motion.rate < 0.5
    assert squat.motion.angles["knee_angle_r"].max() > np.radians(80)


def test_in_a_reverse_lunge_the_leading_foot_stays_and_the_other_goes_back(done):
    lunge = done("reverse_lunge", repetitions=1, duration=3)
    moved = {side: lunge.at["foot." + side][:, 1] - lunge.at["foot." + side][0, 1] for side in "RL"}
    stays, steps = sorted(moved.values(), key=np.ptp)
    assert np.ptp(stays) < 0.02 and steps.max() > 0.6  # the body faces -y
    assert min(lunge.height("lowerleg01." + side).min() for side in "RL") < 0.25


def test_a_walking_lunge_goes_on_by_a_step_with_every_repetition(done):
    walk = done("walking_lunge", repetitions=4, duration=8)
    way = -walk.at["root"][:, 1]
    assert np.diff(way).min() > -0.002
    steps = np.diff(way[[0, 60, 120, 180, 239]])
    assert steps.min() > 0.5 and np.ptp(steps) < 0.1
    first, second = (walk.at["foot.R"][when, 1] < walk.at["foot.L"][when, 1] for when in (30, 90))
    assert first != second


def test_in_a_split_squat_no_foot_moves(done):
    squat = done("split_squat")
    assert max(np.ptp(squat.at["toe2-1." + side], axis=0).max() for side in "RL") < 0.03
    assert np.abs(squat.apart("foot")[:, 1]).min() > 0.5 and np.ptp(squat.height("root")) > 0.2


def test_a_jumping_lunge_changes_the_legs_in_the_air(done):
    lunge = done("jumping_lunge", repetitions=4, duration=6)
    flying = ~lunge.motion.support.any(axis=1)
    ahead = np.sign(-lunge.apart("foot")[:, 1])
    changes = np.flatnonzero(np.diff(ahead))
    assert len(changes) == 3 and flying[changes].all()
    assert np.abs(lunge.apart("foot")[~flying, 1]).min() > 0.5


def test_sumo_stands_wide_with_the_hands_between_the_knees(done):
    sumo, usual = done("sumo_deadlift"), done("deadlift")
    bottom = sumo.lowest
    assert sumo.apart("foot")[bottom, 0] > usual.apart("foot")[bottom, 0] + 0.3
    assert sumo.apart("wrist")[bottom, 0] < sumo.apart("lowerleg01")[bottom, 0]
    assert sumo.motion.angles["pelvis_tilt"].min() > usual.motion.angles["pelvis_tilt"].min() + np.radians(8)


def test_in_a_romanian_deadlift_the_hips_bend_and_hardly_the_knees(done):
    lift = done("romanian_deadlift")
    assert lift.angles["knee_angle_r"].max() < 30 and lift.angles["hip_flexion_r"].max() > 70


def test_a_partial_deadlift_ends_at_the_knees(done):
    partial, usual = done("partial_deadlift"), done("deadlift")
    over_the_knees = [one.height("wrist.R") - one.height("lowerleg01.R") for one in (partial, usual)]
    assert -0.15 < over_the_knees[0].min() and over_the_knees[1].min() < over_the_knees[0].min() - 0.1
    assert done("dumbbell_deadlift").motion.equipment == "dumbbells"


def test_push_ups_differ_by_where_the_hands_are(done):
    wide, usual, narrow = (done(name) for name in ("wide_push_up", "push_up", "narrow_push_up"))
    hands = [one.apart("wrist")[0, 0] for one in (wide, usual, narrow)]
    assert hands[0] > hands[1] + 0.25 and hands[2] < hands[1] - 0.3
    elbows = [one.apart("lowerarm01")[one.lowest, 0] for one in (wide, usual, narrow)]
    assert elbows[0] > elbows[1] > elbows[2]
    for one in (wide, narrow):
        assert one.height("upperarm01.R").min() < 0.75 * one.height("upperarm01.R").max()


def test_an_archer_bends_one_arm_and_stretches_the_other_then_the_other_way(done):
    archer = done("archer_push_up", duration=6, repetitions=2)
    elbows = np.stack([archer.angles["elbow_flex" + side] for side in ("_r", "_l")])
    first, second = elbows[:, 45], elbows[:, 135]
    for bent, straight in (sorted(first)[::-1], sorted(second)[::-1]):
        assert bent > 60 and straight < 20
    assert first.argmax() != second.argmax()
    assert max(np.ptp(archer.at["wrist." + side], axis=0).max() for side in "RL") < 0.02


def test_on_the_knees_the_feet_are_off_the_floor(done):
    push_up = done("knee_push_up")
    for side in "RL":
        assert push_up.height("lowerleg01." + side).max() < 0.12 < push_up.height("foot." + side).min()
        assert np.ptp(push_up.at["wrist." + side], axis=0).max() < 0.02
    assert push_up.height("upperarm01.R").min() < 0.75 * push_up.height("upperarm01.R").max()


def test_pull_ups_differ_by_the_grip(done):
    wide, usual, chin = (done(name) for name in ("wide_pull_up", "pull_up", "chin_up"))
    hands = [one.apart("wrist")[0, 0] for one in (wide, usual, chin)]
    assert hands[0] > hands[1] + 0.2 and hands[2] < hands[1] - 0.2
    for one in (wide, chin):
        assert np.ptp(one.height("head")) > 0.2


def test_a_slow_jumping_jack_rests_at_both_ends(done):
    slow, usual = (done(name, repetitions=1, duration=2.4) for name in ("slow_jumping_jack", "jumping_jack"))

    def resting(jack):
        feet = jack.apart("foot")[:, 0]
        return np.mean((feet < feet.min() + 0.1 * np.ptp(feet)) | (feet > feet.max() - 0.1 * np.ptp(feet)))

    assert resting(slow) > resting(usual) + 0.15
    assert 0 < slow.motion.hop.max() < usual.motion.hop.max()
