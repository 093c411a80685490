import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence


def walker(frames=10, rate=10.0, seed=0, layout=COCO_18, world=False):
    generator = np.random.default_rng(seed)
    key_points = generator.uniform([0, 0, 0.1], [640, 480, 1], (frames, len(layout), 3)).astype(np.float32)
    return SkeletonSequence(
        key_points,
        np.arange(frames) / rate,
        (640, 480),
        layout,
        generator.normal(size=key_points.shape).astype(np.float32) if world else None,
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(key_points=np.zeros((3, 17, 3))), "expected"),
        (dict(key_points=np.full((3, 18, 3), np.nan)), "finite"),
        (dict(stamps=[0, 1, 1]), "increase"),
        (dict(size=(0, 480)), "positive"),
        (dict(world=np.zeros((2, 18, 3))), "world"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments = dict(key_points=np.zeros((3, 18, 3)), stamps=[0, 1, 2], size=(640, 480))
    with pytest.raises(ValueError, match=message):
        SkeletonSequence(**dict(arguments, **change))


@pytest.mark.parametrize("method", ["interpolate", "copy"])
def test_resampling_to_the_same_rate_changes_nothing(method):
    sequence = walker(30, 15.0)
    resampled = sequence.resample(15.0, method)
    np.testing.assert_array_equal(resampled.key_points, sequence.key_points)
    np.testing.assert_allclose(resampled.stamps, sequence.stamps)


@given(frames=st.integers(2, 40), source=st.floats(3, 60), target=st.floats(3, 60))
def test_resampled_length_follows_the_duration(frames, source, target):
    sequence = walker(frames, source)
    for method in ("interpolate", "copy"):
        assert len(sequence.resample(target, method)) == round(sequence.duration * target) + 1


def test_interpolation_is_linear_in_time():
    stamps = np.array([0, 0.1, 0.4, 0.5, 1.0])
    key_points = np.ones((5, 18, 3), np.float32)
    key_points[:, :, 0] = 100 * stamps[:, None]
    resampled = SkeletonSequence(key_points, stamps, (640, 480)).resample(20)
    np.testing.assert_allclose(resampled.key_points[:, 0, 0], 100 * resampled.stamps, atol=1e-3)


def test_interpolation_never_uses_an_unseen_joint():
    sequence = walker(5, 10.0)
    sequence.key_points[2, 4] = 0
    resampled = sequence.resample(20)
    np.testing.assert_array_equal(resampled.key_points[:, 4, 2] > 0, [1, 1, 1, 0, 0, 0, 1, 1, 1])


def test_copying_from_9_to_27_frames_a_second_shows_each_frame_three_times():
    sequence = walker(10, 9.0)
    copied = sequence.resample(27, "copy")
    nearest = [np.flatnonzero((sequence.key_points == frame).all(axis=(1, 2)))[0] for frame in copied.key_points]
    assert nearest == [0, 0] + sorted(list(range(1, 9)) * 3) + [9, 9]


def test_resampling_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="two frames"):
        walker(1).resample(10)
    with pytest.raises(ValueError, match="rate"):
        walker().resample(0)
    with pytest.raises(ValueError, match="unknown"):
        walker().resample(10, "guess")


def test_short_sequences_are_repeated_from_the_start_and_long_ones_cut():
    sequence = walker(7)
    padded = sequence.repeat(300)
    assert len(padded) == 300
    np.testing.assert_array_equal(padded.key_points[7:14], sequence.key_points)
    assert np.allclose(np.diff(padded.stamps), 0.1)
    np.testing.assert_array_equal(sequence.repeat(3).key_points, sequence.key_points[:3])


def test_a_mirror_image_swaps_sides_and_twice_is_the_original():
    sequence = walker(world=True)
    mirrored = sequence.mirror()
    right, left = COCO_18.index("right_wrist"), COCO_18.index("left_wrist")
    np.testing.assert_allclose(mirrored.key_points[:, left, 0], 639 - sequence.key_points[:, right, 0], rtol=1e-5)
    np.testing.assert_allclose(mirrored.mirror().key_points, sequence.key_points, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(mirrored.mirror().world, sequence.world)


def test_an_unseen_joint_stays_unseen_in_the_mirror():
    sequence = walker()
    sequence.key_points[:, 4] = 0
    assert not sequence.mirror().key_points[:, COCO_18.mirror[4]].any()


def test_blazepose_has_a_coco_18_view_with_the_neck_between_the_shoulders():
    sequence = walker(layout=BLAZEPOSE_33)
    coco = sequence.coco_18()
    assert coco.layout is COCO_18
    right, left = (sequence.key_points[:, BLAZEPOSE_33.index(side + "_shoulder")] for side in ("right", "left"))
    neck = coco.key_points[:, COCO_18.index("neck")]
    np.testing.assert_allclose(neck[:, :2], (right[:, :2] + left[:, :2]) / 2)
    np.testing.assert_allclose(neck[:, 2], np.minimum(right[:, 2], left[:, 2]))
    for joint in ("nose", "left_wrist", "right_ankle", "left_ear"):
        np.testing.assert_array_equal(
            coco.key_points[:, COCO_18.index(joint)], sequence.key_points[:, BLAZEPOSE_33.index(joint)]
        )


def test_files_give_back_what_was_saved(tmp_path):
    sequence = walker(layout=BLAZEPOSE_33, world=True)
    path = str(tmp_path / "folder" / "sequence.npz")
    sequence.save(path)
    loaded = SkeletonSequence.load(path)
    np.testing.assert_array_equal(loaded.key_points, sequence.key_points)
    np.testing.assert_array_equal(loaded.world, sequence.world)
    np.testing.assert_array_equal(loaded.stamps, sequence.stamps)
    assert (loaded.size, loaded.layout) == (sequence.size, BLAZEPOSE_33)


def test_bytes_are_the_content_of_the_file(tmp_path):
    sequence = walker(world=True)
    sequence.save(str(tmp_path / "one.npz"))
    loaded = SkeletonSequence.from_bytes((tmp_path / "one.npz").read_bytes())
    np.testing.assert_array_equal(loaded.key_points, sequence.key_points)
    assert (loaded.size, loaded.layout) == (sequence.size, sequence.layout)
    with pytest.raises(RehabCoachError, match="not a skeleton sequence"):
        SkeletonSequence.from_bytes(b"PK broken")


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_broken_and_missing_files_are_a_clear_error(tmp_path, content):
    path = tmp_path / "broken.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RehabCoachError, match="there is no file" if content is None else "not a skeleton sequence"):
        SkeletonSequence.load(str(path))


def test_frames_are_taken_by_slices():
    sequence = walker(10, world=True)
    assert len(sequence[2:5]) == 3 and sequence[2:5].world.shape == (3, 18, 3)
    with pytest.raises(TypeError):
        sequence[3]
