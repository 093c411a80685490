"""Imitated estimators go wrong as often as the measured ones; a second person stands beside the patient."""

import numpy as np
import pytest

from rehab_coach.learning.augmentation import draw_window, make_augmentation
from rehab_coach.learning.bystanders import add_company
from rehab_coach.learning.estimator_noise import KINDS, NOISE, imitate, measure
from rehab_coach.learning.random_view import body_size
from rehab_coach.skeleton import COCO_18, SkeletonSequence


def standing(frames=90, rate=15.0):
    """Somebody who moves slowly, every joint seen."""
    random = np.random.default_rng(3)
    places = random.uniform((250, 100), (390, 400), (1, len(COCO_18), 2))
    moved = places + 10 * np.sin(np.arange(frames) / rate)[:, None, None]
    key_points = np.concatenate([moved, np.ones((frames, len(COCO_18), 1))], axis=-1)
    return SkeletonSequence(key_points, np.arange(frames) / rate, (640, 480))


@pytest.mark.parametrize("estimator", sorted(NOISE))
def test_what_is_imitated_measures_like_the_estimator(estimator):
    clean, noise, random = standing(), NOISE[estimator], np.random.default_rng(0)
    size = body_size(clean.key_points)
    seen = [
        SkeletonSequence(imitate(clean.key_points, size, 15.0, noise, random), clean.stamps, clean.size)
        for _ in range(150)
    ]
    measured = measure(seen)
    table, expected = (np.array([of.joints[kind] for kind in KINDS]) for of in (measured, noise))
    jitter, never, missing, false, score, between, within = table.T
    np.testing.assert_allclose(jitter, expected[:, 0], rtol=0.35)
    np.testing.assert_allclose(never, expected[:, 1], atol=0.06)
    np.testing.assert_allclose(missing, expected[:, 2], atol=0.05)
    np.testing.assert_allclose(score, expected[:, 4], atol=0.08)
    assert measured.gap == pytest.approx(noise.gap, rel=0.4)
    assert false.max() < 0.06


def test_unseen_joints_stay_unseen_and_the_clean_key_points_untouched():
    clean = standing()
    key_points = clean.key_points.copy()
    key_points[:, 4] = 0
    before = key_points.copy()
    seen = imitate(key_points, 300.0, 15.0, NOISE["tf_pose"], np.random.default_rng(1))
    assert not seen[:, 4].any() and np.array_equal(key_points, before)
    assert np.isfinite(seen).all() and seen[..., 2].max() <= 1 and seen[..., 2].min() >= 0
    assert not seen[seen[..., 2] == 0].any()


def test_too_short_recordings_cannot_be_measured():
    with pytest.raises(ValueError, match="20 frames"):
        measure([standing(10)])


def test_clean_windows_look_estimated_and_estimated_ones_are_left_alone(figure):
    strength = make_augmentation({"estimator_like": 1, "hide_scores": 1, "flicker": 0, "lost": 0, "gaps": 0})
    clean, estimated = (
        draw_window(figure("squat"), 64, 15.0, np.random.default_rng(2), strength, estimated=known)
        for known in (False, True)
    )
    assert len(np.unique(clean.key_points[..., 2])) > 20  # the scores of an estimator
    assert set(np.unique(estimated.key_points[..., 2])) <= {0.0, 1.0}  # as `hide_scores` leaves them


def test_a_placed_person_is_in_the_picture(figure):
    for seed in range(20):
        window = draw_window(figure("squat"), 32, 15.0, np.random.default_rng(seed), place=True)
        seen = window.key_points[window.key_points[..., 2] > 0]
        if len(seen):
            assert (seen[:, :2] >= 0).all() and (seen[:, :2] <= (640, 480)).all()


def test_the_second_person_stands_beside_the_patient(figure):
    patient, other = figure("squat"), figure("jumping_jack", seed=1)
    for seed in range(20):
        alone, beside = add_company(patient, other, 0.0, np.random.default_rng(seed))
        assert alone is patient
        apart = np.median(beside.key_points[..., 0]) - np.median(patient.key_points[..., 0])
        size = body_size(patient.key_points)
        assert 0.3 * size < abs(apart) < 1.5 * size
        assert 0.5 * size < body_size(beside.key_points) < 1.4 * size


def test_joints_of_the_second_person_are_taken_for_the_patients_for_a_while(figure):
    patient, other = figure("squat"), figure("jumping_jack", seed=1)
    whole = 0
    for seed in range(20):
        mixed, beside = add_company(patient, other, 1.0, np.random.default_rng(seed))
        changed = (mixed.key_points != patient.key_points).any(axis=-1)
        assert 0 < changed.any(axis=1).sum() <= 0.34 * len(patient)
        np.testing.assert_array_equal(mixed.key_points[changed], beside.key_points[changed])
        whole += changed.any(axis=0).sum() > 2
    assert 3 < whole < 17
