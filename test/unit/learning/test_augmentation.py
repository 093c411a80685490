"""Whatever happens to a window, it stays one that the recogniser could have been given."""

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.augmentation import Augmentation, draw_window, make_augmentation
from rehab_coach.skeleton import COCO_18, SkeletonSequence

NOTHING = dict(
    speed=(1, 1),
    camera_rate=(30, 30),
    copy=0,
    pause=0,
    yaw=0,
    pitch=(0, 0),
    distance=(1e6, 1e6),
    roll=0,
    stretch=1,
    noise=0,
    joint_missing=0,
    face_missing=0,
    limb_missing=0,
    crop=0,
    gaps=0,
    false_joints=0,
    swaps=0,
    lost=0,
    flicker=0,
)


def with_world(sequence: SkeletonSequence) -> SkeletonSequence:
    world = np.zeros_like(sequence.key_points)
    world[..., :2] = (sequence.key_points[..., :2] - (320, 240)) / 100
    world[:, COCO_18.index("nose"), 2] = -0.2
    return SkeletonSequence(sequence.key_points, sequence.stamps, sequence.size, world=world)


@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("estimated", [False, True])
def test_windows_are_finite_and_of_the_asked_shape(figure, idle, estimated):
    sequences = [
        figure("squat"),
        with_world(figure("squat")),
        figure("jumping_jack", frames=2),
        figure("squat", frames=400),
    ]
    for seed in range(60):
        window = draw_window(
            sequences[seed % 4], 64, 15.0, np.random.default_rng(seed), Augmentation(), idle, estimated
        )
        assert window.key_points.shape == (64, 18, 3)
        assert np.isfinite(window.key_points).all()
        scores = window.key_points[..., 2]
        assert scores.min() >= 0 and scores.max() <= 1
        assert not window.key_points[scores == 0].any()
        assert window.rate == pytest.approx(15.0)


def test_the_same_seed_gives_the_same_window(figure):
    first, second, other = (draw_window(figure("squat"), 64, 15.0, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.key_points, second.key_points)
    assert not np.array_equal(first.key_points, other.key_points)


def test_a_joint_that_was_never_seen_stays_unseen(figure):
    sequence = with_world(figure("squat"))
    joint = COCO_18.index("right_wrist")
    key_points = sequence.key_points.copy()
    key_points[:, [joint, COCO_18.mirror[joint]]] = 0
    sequence = SkeletonSequence(key_points, sequence.stamps, sequence.size, world=sequence.world)
    for seed in range(40):
        window = draw_window(sequence, 64, 15.0, np.random.default_rng(seed))
        assert not window.key_points[:, [joint, COCO_18.mirror[joint]]].any()


def test_without_any_change_the_sequence_is_played_as_it_is_or_mirrored(figure):
    sequence = figure("squat", frames=200)
    strength = make_augmentation(dict(NOTHING, hide_scores=1))
    nose = sequence.key_points[:, 0, 1]
    for seed in range(10):
        window = draw_window(sequence, 64, 15.0, np.random.default_rng(seed), strength)
        # Somewhere in the sequence is this movement of the nose, up to the place of the person in the picture.
        played = window.key_points[:, 0, 1]
        fits = [
            np.abs((played - played.mean()) - (part - part.mean())).max()
            for part in (nose[start : start + 127 : 2] for start in range(len(nose) - 127))
        ]
        assert min(fits) < 8  # pixels of 200; the imagined camera's clock is unsteady


def test_depth_decides_what_a_turned_person_looks_like(figure):
    sequence = with_world(figure("squat", frames=200))
    quiet = dict(NOTHING, hide_scores=1)
    front = draw_window(sequence, 64, 15.0, np.random.default_rng(0), make_augmentation(quiet))
    widths = []
    for seed in range(30):
        window = draw_window(sequence, 64, 15.0, np.random.default_rng(seed), make_augmentation(quiet), estimated=False)
        x = window.key_points[..., 0]
        widths.append(np.ptp(x, axis=1).mean())
    assert min(widths) < 0.5 * np.ptp(front.key_points[..., 0], axis=1).mean()


def test_idle_people_hardly_move(figure):
    strength = make_augmentation(dict(NOTHING, hide_scores=1))
    for seed in range(20):
        window = draw_window(figure("jumping_jack"), 64, 15.0, np.random.default_rng(seed), strength, idle=True)
        moved = np.ptp(window.key_points[..., :2], axis=0).max()
        assert moved < 40  # of 200 pixels; the wrists of a jumping jack move by 80
        assert moved > 0 or seed


def test_low_frame_rates_by_copying_repeat_frames(figure):
    strength = make_augmentation(dict(NOTHING, camera_rate=(4, 4), full_rate=0, copy=1, hide_scores=1))
    window = draw_window(figure("squat"), 64, 15.0, np.random.default_rng(0), strength)
    distinct = len(np.unique(window.key_points[:, 0, 1]))
    assert 14 <= distinct <= 20  # 4.2 s at 4 Hz


@pytest.mark.parametrize(
    "values, words",
    [
        ({"nose": 1}, "unknown key 'augmentation: nose'"),
        ({"speed": 1}, "two numbers"),
        ({"noise": [0, 1]}, "a number"),
        ({"speed": [2, 1]}, "[low, high]"),
        ({"distance": [0, 3]}, "above 0"),
        ({"copy": True}, "a number"),
    ],
)
def test_wrong_entries_are_named(values, words):
    with pytest.raises(RehabCoachError) as caught:
        make_augmentation(values)
    assert words in str(caught.value)
