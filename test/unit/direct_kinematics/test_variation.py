import numpy as np
import pytest
import torch

from rehab_coach.direct_kinematics.features import FEATURES, PICTURE, SCORES, WORLD
from rehab_coach.direct_kinematics.networks import frame_of
from rehab_coach.direct_kinematics.recipe import make_recipe
from rehab_coach.direct_kinematics.variation import at_pace, vary

NOTHING = {"noise": 0.0}


@pytest.fixture
def windows():
    torch.manual_seed(0)
    features = torch.rand(4, 6, FEATURES)
    features[0, 2] = 0  # nobody was seen
    root = torch.eye(3).expand(4, 6, 3, 3)
    return features, root


def varied(windows, **entries):
    return vary(*windows, make_recipe({**NOTHING, **entries}), np.random.default_rng(1))


def test_nothing_changes_where_nothing_is_asked_for(windows):
    for one, other in zip(varied(windows), windows):
        torch.testing.assert_close(one, other)


def test_the_pelvis_turns_with_the_points(windows):
    features, root = varied(windows, turned=20.0)
    turn = root[:, :1] @ windows[1][:, :1].transpose(2, 3)
    before, after = (one[..., WORLD].unflatten(-1, (-1, 3)) for one in (windows[0], features))
    torch.testing.assert_close(after, before @ turn.transpose(2, 3), atol=1e-5, rtol=0)
    assert (features[..., PICTURE] - windows[0][..., PICTURE]).abs().max() > 0.05
    # The axes of the body turn with it, so it looks the same from them.
    seen = windows[0][..., SCORES].any(dim=2)
    torch.testing.assert_close(frame_of(features)[seen], (turn @ frame_of(windows[0]))[seen], atol=1e-2, rtol=0)


def test_frames_are_lost_and_nobody_appears(windows):
    features, _ = varied(windows, lost=0.5, noise=0.1, wandering=0.05, resized=0.1, shifted=0.5)
    gone = (features == 0).all(dim=2)
    assert gone[0, 2] and 4 < gone.sum() < 20


@pytest.mark.parametrize("pace", [1.0, 1.5, 3.0])
def test_windows_stay_within_the_recording(pace):
    random = np.random.default_rng(0)
    made = np.array([at_pace(30, 20, pace, random) for _ in range(200)])
    assert made.shape == (200, 20) and made.min() >= 0 and made.max() <= 29 + 1e-9
    steps = np.diff(made, axis=1)
    inside = (made[:, :-1] > pace) & (made[:, :-1] < 29 - pace) & (made[:, 1:] > pace) & (made[:, 1:] < 29 - pace)
    for row, here in zip(np.abs(steps), inside):
        assert not here.any() or np.ptp(row[here]) < 1e-9  # evenly, but for where it turns
    if pace == 1:
        assert (made == made.astype(int)).all() and len({row[0] for row in made}) == 11
    else:
        speeds = np.abs(steps).max(axis=1)
        assert speeds.min() < 0.9 and pace * 0.95 < speeds.max() <= pace + 1e-9
        assert (steps < 0).any() and (steps > 0).any()  # forwards, and backwards after an end


def test_a_film_of_one_frame_is_played_as_well():
    assert (at_pace(1, 5, 2.0, np.random.default_rng(0)) == 0).all()
