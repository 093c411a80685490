"""Proportions and motion of limbs in the picture, and people whose limbs are made longer."""

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.identification import observe
from rehab_coach.identification.fitting import fit_space, measured_pairs
from rehab_coach.identification.proportions import (
    JOINTS,
    LONGEST,
    NAMES,
    SIZES,
    body_proportions,
    limb_motion,
    limb_posture,
)
from rehab_coach.identification.skeletons import filmed, made_up, scaled
from rehab_coach.kinematics.projection import NO_ERRORS, CameraView, film
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

PLACES = {
    "hip": (0.12, 1.0),
    "knee": (0.12, 0.55),
    "ankle": (0.12, 0.1),
    "heel": (0.12, 0.05),
    "foot_index": (0.12, 0.05),
    "shoulder": (0.19, 1.5),
    "elbow": (0.25, 1.2),
    "wrist": (0.28, 0.95),
    "pinky": (0.29, 0.9),
    "index": (0.29, 0.9),
    "thumb": (0.29, 0.9),
}


@pytest.fixture
def joints():
    """Somebody who faces +x and bends the knees a little, twice: (100, 33, 3) metres, z up."""
    still = np.zeros((33, 3))
    still[:11] = (0.1, 0, 1.65)
    for side, sign in (("left_", 1), ("right_", -1)):
        for name, (aside, height) in PLACES.items():
            still[BLAZEPOSE_33.index(side + name)] = (0.1 if "foot" in name else 0.0, sign * aside, height)
    depth = 0.1 * np.sin(np.linspace(0, 2 * np.pi, 100)) ** 2
    moved = np.repeat(still[None], 100, axis=0)
    moved[:, still[:, 2] > 0.8, 2] -= depth[:, None]
    return moved


def length(joints, first, second):
    return np.linalg.norm(joints[:, BLAZEPOSE_33.index(first)] - joints[:, BLAZEPOSE_33.index(second)], axis=1)


def filmed_once(joints, **view):
    return film(joints, 50.0, CameraView(**view), np.random.default_rng(0), NO_ERRORS, layout=COCO_18)


def test_proportions_do_not_depend_on_the_distance(joints):
    near, far = (body_proportions(filmed_once(joints, distance=distance)) for distance in (3.5, 4.5))
    assert near.shape == (len(NAMES) * len(LONGEST),)
    np.testing.assert_allclose(near, far, atol=0.06)


def test_proportions_are_those_of_the_body(joints):
    values = body_proportions(filmed_once(joints, distance=4.5, height=1.0)).reshape(len(NAMES), len(LONGEST))
    whole = 0.5 + 0.45 + 0.45
    assert np.exp(values[NAMES.index("thigh"), LONGEST.index(90)]) == pytest.approx(0.45 / whole, rel=0.05)
    assert np.exp(values[NAMES.index("shoulders"), LONGEST.index(90)]) == pytest.approx(0.38 / whole, rel=0.05)


def test_motion_knows_nothing_of_where_a_joint_stands(joints):
    sequence = filmed_once(joints)
    points = sequence.key_points.copy()
    points[..., :2] += np.random.default_rng(0).normal(0, 6, (18, 2))  # an estimator's standing errors
    shifted = SkeletonSequence(points, sequence.stamps, sequence.size)
    motion = limb_motion(sequence)
    assert motion.shape == (2 * len(NAMES) + 5,)
    np.testing.assert_allclose(limb_motion(shifted), motion, atol=0.15)  # the trunk's length is the measure of all
    assert np.abs(body_proportions(shifted) - body_proportions(sequence)).max() > 0.1


def test_motion_knows_how_quick_and_how_far(joints):
    slow, quick = (limb_motion(filmed_once(moved)) for moved in (np.repeat(joints, 2, axis=0), joints))
    np.testing.assert_allclose(quick[:-5], slow[:-5], atol=0.1)
    np.testing.assert_allclose(quick[-5:-3] - slow[-5:-3], np.log(2), atol=0.25)
    np.testing.assert_allclose(quick[-3:-1], slow[-3:-1], atol=0.15)
    assert quick[-1] == pytest.approx(0.0, abs=0.1)  # a repetition a second
    assert slow[-1] == pytest.approx(np.log(2), abs=0.1)
    shallow = joints[:1] + 0.5 * (joints - joints[:1])
    less = limb_motion(filmed_once(joints)) - limb_motion(filmed_once(shallow))
    assert less[2 * NAMES.index("thigh") + 1] == pytest.approx(np.log(2), abs=0.15)  # down the picture


def test_posture_knows_how_somebody_stands_and_nothing_of_the_size(joints):
    wide = joints.copy()
    for side, sign in (("left_", 1), ("right_", -1)):
        for joint in ("knee", "ankle", "heel", "foot_index"):
            wide[:, BLAZEPOSE_33.index(side + joint), 1] = sign * 0.24
    usual, apart = (limb_posture(filmed_once(one)) for one in (joints, wide))
    at_rest, turned = usual[: len(usual) // 2], usual[len(usual) // 2 :]
    ankles = JOINTS.index("ankle")
    assert np.exp(at_rest[ankles]) == pytest.approx(0.24 / 0.5, rel=0.1)  # over the trunk's length
    np.testing.assert_allclose(apart[ankles] - usual[ankles], np.log(2), atol=0.05)
    np.testing.assert_allclose(apart[: JOINTS.index("hip")], usual[: JOINTS.index("hip")], atol=0.01)
    shorter = turned - at_rest
    assert shorter[len(JOINTS) + 3 * 3 + 1] == pytest.approx(-0.2, abs=0.05)  # the thigh leads 0.1 m less far down
    np.testing.assert_allclose(limb_posture(filmed_once(joints, distance=4.5)), usual, atol=0.06)
    mirrored = joints * (1, -1, 1)
    np.testing.assert_allclose(limb_posture(filmed_once(mirrored[:, list(BLAZEPOSE_33.mirror)])), usual, atol=0.02)


def test_posture_of_somebody_who_holds_still(joints):
    values = limb_posture(filmed_once(np.repeat(joints[:1], 40, axis=0)))
    np.testing.assert_allclose(values[: len(values) // 2], values[len(values) // 2 :], atol=1e-6)


def test_longer_limbs_are_longer_and_nothing_else_is(joints):
    factors = dict.fromkeys(NAMES, 1.0)
    np.testing.assert_allclose(scaled(joints, factors), joints, atol=1e-9)
    longer = scaled(joints, {**factors, "shank": 1.1, "upper_arm": 0.9})
    for side in ("left_", "right_"):
        for first, second, factor in (("knee", "ankle", 1.1), ("shoulder", "elbow", 0.9), ("hip", "knee", 1.0)):
            before, after = (length(one, side + first, side + second) for one in (joints, longer))
            np.testing.assert_allclose(after, factor * before, rtol=1e-6)
    ankle = BLAZEPOSE_33.index("left_ankle")
    np.testing.assert_allclose(longer[:, ankle, 2], joints[:, ankle, 2], atol=1e-9)  # on the same floor


def test_made_up_people_are_told_apart_from_other_places(joints):
    recordings = [("one", "0", joints), ("one", "1", joints[::-1].copy())]
    space = fit_space(made_up(recordings, 24, 4, NO_ERRORS, 0), None)
    others = made_up(recordings, 8, 4, NO_ERRORS, 1)
    pairs = measured_pairs(space, others, 2)
    same = [value for pair, value in pairs.items() if pair.person == pair.enrolled]
    apart = [value for pair, value in pairs.items() if pair.person != pair.enrolled]
    assert np.median(same) < np.median(apart) - np.log(2)  # less than half as far


def test_made_up_people_do_it_in_another_form_too(joints):
    wrong = [("one", "0", np.repeat(joints, 2, axis=0))]
    samples = made_up([("one", "0", joints)], 2, 4, NO_ERRORS, 0, limb_motion, wrong)
    for person in ("one.0", "one.1"):
        own = [one for one in samples if one.person == person]
        assert sorted(one.session for one in own)[4:] == ["wrong 00.0", "wrong 01.0"] and len(own) == 6
        periods = [np.exp(one.values[-1]) for one in own]
        assert min(periods[4:]) > 1.5 * max(periods[:4])


def test_film_without_a_limb_is_left_out(joints):
    sequence = filmed_once(joints)
    points = sequence.key_points.copy()
    points[:, [COCO_18.index("left_ankle"), COCO_18.index("right_ankle")]] = 0
    with pytest.raises(RehabCoachError, match="the shank is not seen"):
        body_proportions(SkeletonSequence(points, sequence.stamps, sequence.size))
    with pytest.raises(RehabCoachError, match="a limb is not seen"):
        limb_motion(SkeletonSequence(points, sequence.stamps, sequence.size))
    with pytest.raises(RehabCoachError, match="a limb is not seen"):
        limb_posture(SkeletonSequence(points, sequence.stamps, sequence.size))
    assert len(filmed([("one", "0", joints)], NO_ERRORS, 0, views=2)) == 2


def test_a_trunk_without_length_is_named(joints):
    sequence = filmed_once(joints)
    shoulders, hips = ([COCO_18.index(side + joint) for side in ("left_", "right_")] for joint in ("shoulder", "hip"))
    points = sequence.key_points.copy()
    points[:, shoulders] = points[:, hips]
    for measure in (body_proportions, limb_motion, limb_posture):
        with pytest.raises(RehabCoachError, match="the trunk is not seen"):
            measure(SkeletonSequence(points, sequence.stamps, sequence.size))


def test_skeleton_becomes_an_observation(joints):
    seen = observe(skeleton=filmed_once(joints))
    assert {name: values.shape for name, values in seen.streams.items()} == {n: (1, size) for n, size in SIZES.items()}
    with pytest.raises(RehabCoachError, match="neither"):
        observe()


def test_what_one_measure_cannot_use_another_may(joints):
    sequence = filmed_once(joints)
    points = sequence.key_points.copy()
    half = len(points) // 2
    points[:half, COCO_18.index("left_wrist")] = 0
    points[half:, COCO_18.index("right_wrist")] = 0
    hidden = SkeletonSequence(points, sequence.stamps, sequence.size)
    with pytest.raises(RehabCoachError, match="whole body"):
        limb_motion(hidden)
    assert set(observe(skeleton=hidden).streams) == {"proportions"}
