import numpy as np
import pytest

from rehab_coach.benchmarks.direct_kinematics.changes import CHANGES, FLIPPED, SLOWER


@pytest.fixture
def picture():
    grey = np.linspace(60, 180, 40 * 60).reshape(40, 60, 1)
    return np.repeat(grey, 3, axis=2).astype(np.uint8)


def test_every_change_changes_and_leaves_the_picture_as_it_was(picture):
    before = picture.copy()
    for name, change in CHANGES.items():
        for strength in change.strengths:
            changed = change.apply(picture, strength)
            assert changed.dtype == np.uint8 and changed.shape[2] == 3, name
            np.testing.assert_array_equal(picture, before)
            assert (name == SLOWER) == (changed.shape == picture.shape and (changed == picture).all()), name


def test_a_flipped_picture_flipped_is_the_same(picture):
    flip = CHANGES[FLIPPED].apply
    np.testing.assert_array_equal(flip(flip(picture, 1), 1), picture)
    np.testing.assert_array_equal(flip(picture, 1)[:, 0], picture[:, -1])


def test_changes_do_what_they_say(picture):
    assert CHANGES["cropped below"].apply(picture, 0.25).shape == (30, 60, 3)
    small = CHANGES["smaller"].apply(picture, 0.5)
    assert (small[:10] == 127).all() and abs(int(small[10, 15, 0]) - int(picture[0, 0, 0])) < 3
    near = CHANGES["nearer"].apply(picture, 2.0)
    assert abs(int(near[0, 0, 0]) - int(picture[10, 15, 0])) < 3
    dark, bright = (CHANGES["darker"].apply(picture, factor).mean() for factor in (0.5, 3))
    assert dark == pytest.approx(picture.mean() / 2, abs=1) and bright > 250 * 0.9
    flat = CHANGES["less contrast"].apply(picture, 0.5)
    assert flat.std() == pytest.approx(picture.std() / 2, rel=0.05) and abs(flat.mean() - picture.mean()) < 1
    covered = CHANGES["occluded"].apply(picture, 0.5)
    assert (covered[10:30, 20:40] == 127).all() and (covered[0] == picture[0]).all()
