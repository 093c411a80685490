"""The virtual patient's bones as a camera sees them: every rule finds its fault and leaves a good repetition alone."""

import numpy as np
import pytest
import yaml

from rehab_coach.kinematics.form.judge import (
    NO_REPETITION,
    form_score,
    judge,
    measure_form,
)
from rehab_coach.kinematics.form.limits import load_limits
from rehab_coach.kinematics.form.rules import FRONTAL, RULES, SIDE
from rehab_coach.kinematics.projection import NO_ERRORS, CameraView, EstimatorErrors, film
from rehab_coach.kinematics.repetitions.find import find_repetitions
from rehab_coach.movement import SEVERITIES
from rehab_coach.paths import share_path
from rehab_coach.robot.answer import remark_sentence
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.solver import solve
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence
from rehab_coach.texts import languages, load_texts

RATE = 30.0
CASES = [(exercise, rule) for exercise, rules in RULES.items() for rule in rules]
YAW = {FRONTAL: 0.0, SIDE: 90.0}
STRENGTH = 1.3
"""Of a fault that nobody should overlook."""

BONES = {"shoulder": "upperarm01", "elbow": "lowerarm01", "wrist": "wrist", "hip": "upperleg01", "knee": "lowerleg01"}


def joints_of(skeleton, motion):
    """BlazePose's 33 joints (T, 33, 3) in metres, z up."""
    rotations, heads = solve(skeleton, motion)

    def point(bone, offset=(0.0, 0.0, 0.0)):
        number = skeleton.index[bone]
        return heads[:, number] + rotations[:, number] @ np.array(offset)

    joints = {name: point("head", (0.0, -0.12, 0.05)) for name in BLAZEPOSE_33.joints}
    for side, letter, sign in (("right_", ".R", -1), ("left_", ".L", 1)):
        for joint, bone in BONES.items():
            joints[side + joint] = point(bone + letter)
        joints[side + "ear"] = point("head", (0.07 * sign, 0.01, 0.06))
        joints[side + "ankle"] = point("foot" + letter)
        number = skeleton.index["foot" + letter]
        joints[side + "heel"] = point("foot" + letter, skeleton.heels[letter[1]] - skeleton.heads[number])
        joints[side + "foot_index"] = point("toe2-1" + letter, (0.0, -0.05, -0.02))
        for finger in ("pinky", "index", "thumb"):
            joints[side + finger] = point("finger3-1" + letter)
    return np.stack([joints[name] for name in BLAZEPOSE_33.joints], axis=1)


@pytest.fixture(scope="module")
def perform(skeleton):
    """perform(exercise, faults, yaw, ...) -> sequence and its repetitions."""

    def play(exercise, faults=(), yaw=0.0, layout=BLAZEPOSE_33, errors=NO_ERRORS, seed=3, variation=0.3, **view):
        motion = make_motion(exercise, 10.0, RATE, seed=seed, variation=variation, faults=faults)
        camera = CameraView(yaw=yaw, distance=3.5, height=0.8, **view)
        random = np.random.default_rng(seed)
        return film(joints_of(skeleton, motion), RATE, camera, random, errors, RATE, layout), motion.performed

    return play


def rules_of(remarks, severities=("hint", "warning")):
    return {remark.rule for remark in remarks if remark.severity in severities}


@pytest.mark.parametrize("exercise, rule", CASES)
def test_each_rule_finds_its_fault(perform, exercise, rule):
    for view in set(RULES[exercise][rule].views) & set(YAW):
        sequence, repetitions = perform(exercise, {rule: STRENGTH}, YAW[view])
        remarks, reasons = judge(sequence, exercise, repetitions)
        assert rule not in reasons, reasons
        assert rule in rules_of(remarks), (view, measure_form(sequence, exercise, repetitions)[0][rule])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("view", YAW)
@pytest.mark.parametrize("exercise", RULES)
def test_a_good_repetition_gets_no_remark_but_praise(perform, exercise, view, seed):
    sequence, repetitions = perform(exercise, yaw=YAW[view], seed=seed)
    remarks, reasons = judge(sequence, exercise, repetitions)
    assert not rules_of(remarks), measure_form(sequence, exercise, repetitions)[0]
    assert set(reasons) == {rule for rule, one in RULES[exercise].items() if view not in one.views}


@pytest.mark.parametrize("exercise, rule, yaw", [("squat", "knees_inwards", 0.0), ("lunge", "trunk_lean", 90.0)])
def test_what_an_estimator_gets_wrong_does_not_hide_a_fault(perform, exercise, rule, yaw):
    sequence, repetitions = perform(exercise, [rule], yaw, errors=EstimatorErrors(never=0, head_never=0))
    assert rule in rules_of(judge(sequence, exercise, repetitions)[0])


def test_a_remark_names_the_repetitions_and_what_was_measured(skeleton):
    motion = make_motion("squat", 16.0, RATE, seed=5, variation=0.3, faults=["knees_inwards"], fault_share=0.5)
    wrong = motion.faults["knees_inwards"]
    assert 0 < len(wrong) < len(motion.performed)
    camera = CameraView(yaw=0)
    sequence = film(joints_of(skeleton, motion), RATE, camera, np.random.default_rng(0), NO_ERRORS, RATE)
    remarks, _ = judge(sequence, "squat", motion.performed)
    remark = next(one for one in remarks if one.rule == "knees_inwards")
    assert remark.repetitions == wrong
    limit = load_limits()["squat"]["knees_inwards"]
    assert remark.value < remark.limit and remark.unit == limit.unit
    assert remark.limit == (limit.warning if remark.severity == "warning" else limit.hint)


@pytest.mark.parametrize("rule", ["front_knee_inwards", "front_knee_over_toes"])
def test_a_remark_about_one_leg_says_which(skeleton, rule):
    yaw = 0.0 if rule == "front_knee_inwards" else 90.0
    motion = make_motion("lunge", 12.0, RATE, seed=1, variation=0.0, faults={rule: STRENGTH})
    sequence = film(joints_of(skeleton, motion), RATE, CameraView(yaw=yaw), np.random.default_rng(0), NO_ERRORS, RATE)
    sides = []
    for repetition in motion.performed:
        remarks, _ = judge(sequence, "lunge", [repetition])
        sides += [one.side for one in remarks if one.rule == rule]
    assert len(sides) == len(motion.performed)
    assert all(first != second for first, second in zip(sides, sides[1:])), sides


def test_the_mirrored_person_shifts_to_the_other_side(perform):
    sequence, repetitions = perform("squat", ["hips_shifted_left"])
    assert "hips_shifted_left" in rules_of(judge(sequence, "squat", repetitions)[0])
    assert "hips_shifted_right" in rules_of(judge(sequence.mirror(), "squat", repetitions)[0])
    behind, repetitions = perform("squat", ["hips_shifted_left"], yaw=180.0)
    assert "hips_shifted_left" in rules_of(judge(behind, "squat", repetitions)[0])


@pytest.mark.parametrize(
    "yaw, missing",
    [
        (0.0, "knees_over_toes"),
        (0.0, "improper_hip_flexion"),
        (90.0, "knees_inwards"),
        (28.0, "hips_shifted_left"),
        (55.0, "hips_shifted_left"),
    ],
)
def test_what_the_view_hides_is_not_judged(perform, yaw, missing):
    sequence, repetitions = perform("squat", [missing], yaw=yaw)
    remarks, reasons = judge(sequence, "squat", repetitions)
    assert missing not in {remark.rule for remark in remarks}
    assert "it can be judged only" in reasons[missing]


def test_heels_need_a_layout_with_heels(perform):
    sequence, repetitions = perform("squat", ["heels_up"], yaw=90.0, layout=COCO_18)
    assert "needs heels and toes" in judge(sequence, "squat", repetitions)[1]["heels_up"]


def test_knees_over_toes_is_judged_without_toes_too(perform):
    for faults, expected in (((), False), ({"knees_over_toes": STRENGTH}, True)):
        sequence, repetitions = perform("squat", faults, yaw=90.0, layout=COCO_18)
        assert ("knees_over_toes" in rules_of(judge(sequence, "squat", repetitions)[0])) is expected


def test_half_a_body_is_judged_by_what_is_seen(perform):
    sequence, repetitions = perform("squat", yaw=90.0)
    legs = [number for number, name in enumerate(BLAZEPOSE_33.joints) if name[-4:] in ("knee", "nkle", "heel", "ndex")]
    key_points = sequence.key_points.copy()
    key_points[:, legs] = 0
    sequence = SkeletonSequence(key_points, sequence.stamps, sequence.size, sequence.layout)
    remarks, reasons = judge(sequence, "squat", repetitions)
    assert "not seen well enough: knees, ankles" in reasons["shallow_depth"]
    assert "improper_hip_flexion" not in reasons
    assert {remark.rule for remark in remarks} <= {"improper_hip_flexion"}


@pytest.mark.parametrize("frames", [0, 1, 300])
def test_without_repetitions_nothing_is_judged(perform, frames):
    sequence, repetitions = perform("squat", ["knees_inwards"])
    remarks, reasons = judge(sequence[:frames], "squat", repetitions if frames == 1 else ())
    assert remarks == ()
    assert reasons == dict.fromkeys(RULES["squat"], NO_REPETITION)


def test_nobody_is_not_judged(perform):
    sequence, repetitions = perform("push_up", yaw=90.0)
    empty = SkeletonSequence(0 * sequence.key_points, sequence.stamps, sequence.size, sequence.layout)
    remarks, reasons = judge(empty, "push_up", repetitions)
    assert remarks == () and set(reasons) == set(RULES["push_up"])


def test_there_is_nothing_to_say_about_an_exercise_without_rules(perform):
    sequence, repetitions = perform("squat")
    assert judge(sequence, "juggling", repetitions) == ((), {})
    assert form_score(measure_form(sequence, "juggling", repetitions)[0], "juggling") == 0.0


def test_remarks_come_in_the_order_of_their_weight(perform):
    sequence, repetitions = perform("squat", ["knees_inwards", "shallow_depth"])
    remarks, _ = judge(sequence, "squat", repetitions)
    places = [SEVERITIES.index(remark.severity) for remark in remarks]
    assert places == sorted(places, reverse=True) and len(set(places)) >= 2


def test_found_repetitions_serve_as_well_as_known_ones(perform):
    sequence, known = perform("squat", ["knees_inwards"])
    found = find_repetitions(sequence, "squat")
    assert abs(len(found) - len(known)) <= 1
    assert "knees_inwards" in rules_of(judge(sequence, "squat", found)[0])


@pytest.mark.parametrize("rule, yaw", [("knees_inwards", 0.0), ("shallow_depth", 0.0), ("improper_hip_flexion", 90.0)])
def test_the_score_grows_with_the_fault(perform, rule, yaw):
    scores = []
    for strength in (0.0, 0.6, 1.2):
        sequence, repetitions = perform("squat", {rule: strength} if strength else (), yaw, variation=0.0)
        scores.append(form_score(measure_form(sequence, "squat", repetitions)[0], "squat"))
    assert all(low < high for low, high in zip(scores, scores[1:])), scores


def test_nothing_judged_is_no_score():
    assert form_score({}, "squat") == form_score({"knees_inwards": np.array([np.nan])}, "squat") == 0.0


@pytest.mark.parametrize("language", languages())
def test_every_remark_has_a_sentence(language):
    texts = load_texts(language)
    expected = set()
    for rules in load_limits().values():
        for rule, limit in rules.items():
            expected |= {rule + "_hint"} | ({rule + "_warning"} if limit.warning is not None else set())
            expected |= {rule + "_praise"} if limit.praise else set()
    with open(share_path("config", "texts", "form.%s.yaml" % language), encoding="utf-8") as stream:
        sentences = yaml.safe_load(stream)
    assert set(sentences) == expected
    assert all(len(sentence) <= 90 for sentence in sentences.values())
    assert all(key in texts for key in expected)


def test_what_is_judged_can_be_said(perform):
    sequence, repetitions = perform("squat", ["knees_inwards"])
    remarks, _ = judge(sequence, "squat", repetitions)
    assert remark_sentence(remarks[0], load_texts("en")).startswith("Your knees fall inwards")
    assert all(remark_sentence(remark, load_texts("no")) for remark in remarks)
