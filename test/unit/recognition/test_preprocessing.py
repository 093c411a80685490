import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehab_coach.recognition.contract import ModelContract
from rehab_coach.recognition.preprocessing import mirrored, normalise, to_network, window_starts, windows
from rehab_coach.recognition.st_gcn import NetworkConfig
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

SIZE = (640, 480)


def contract(**values):
    return ModelContract(
        **{"labels": ("squat", "unknown"), "network": NetworkConfig(classes=2), "rate": 15.0, "window": 20, **values}
    )


def person(frames=40, seed=0, joints=18):
    """Joints that swing around fixed places, some never seen."""
    random = np.random.default_rng(seed)
    places = random.uniform((200, 100), (400, 400), (1, joints, 2))
    swing = 20 * np.sin(np.arange(frames) / 5)[:, None, None] * random.uniform(-1, 1, (1, joints, 2))
    key_points = np.concatenate([places + swing, random.uniform(0.6, 1, (frames, joints, 1))], axis=-1)
    key_points[:, -2:] = 0
    return key_points.astype(np.float32)


def sequence(frames=40, rate=15.0, **values):
    return SkeletonSequence(person(frames, **values), np.arange(frames) / rate, SIZE)


def test_picture_is_the_published_preprocessing():
    key_points = np.zeros((1, 18, 3), np.float32)
    key_points[0, 0] = 640, 0, 0.9
    key_points[0, 1] = 320, 240, 0.5
    normalised = normalise(key_points, SIZE, "picture")
    np.testing.assert_allclose(normalised[0, 0], [0.5, -0.5, 0.9], atol=1e-6)
    np.testing.assert_allclose(normalised[0, 1], [0, 0, 0.5], atol=1e-6)
    assert not normalised[0, 2:].any()


@given(scale=st.floats(0.2, 5), right=st.floats(-2000, 2000), down=st.floats(-2000, 2000), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_box_is_invariant_to_where_the_person_stands_and_how_far(scale, right, down, seed):
    key_points = person(seed=seed)
    moved = key_points.copy()
    moved[..., :2] = moved[..., :2] * scale + np.float32([right, down])
    np.testing.assert_allclose(normalise(moved, SIZE, "box"), normalise(key_points, SIZE, "box"), atol=5e-3)


def test_box_keeps_the_aspect_ratio():
    tall = person()
    tall[..., 1] *= 2
    normalised = normalise(tall, SIZE, "box")
    pixels = tall[0, 0, :2] - tall[0, 1, :2]
    units = normalised[0, 0, :2] - normalised[0, 1, :2]
    np.testing.assert_allclose(units[0] / units[1], pixels[0] / pixels[1], rtol=1e-3)


def test_box_takes_one_place_for_all_frames_so_that_movement_stays_visible():
    jumping = np.repeat(person(1), 10, axis=0)
    jumping[:, :, 1] -= np.arange(10, dtype=np.float32)[:, None] * 10
    heights = normalise(jumping, SIZE, "box")[:, 0, 1]
    assert (np.diff(heights) < 0).all()


def test_a_few_false_joints_do_not_move_the_box():
    clean = person(seed=3)
    spoilt = clean.copy()
    spoilt[::9, 4, :2] = 5000  # every ninth frame, one joint of sixteen
    spoilt[5:9, 7, :2] = -5000
    right = np.ones(clean.shape[:2], bool)
    right[::9, 4] = right[5:9, 7] = False
    difference = (normalise(clean, SIZE, "box") - normalise(spoilt, SIZE, "box"))[right]
    assert np.abs(difference).max() < 0.1
    assert np.abs(normalise(spoilt, SIZE, "box")).max() <= 2


def test_badly_seen_joints_do_not_count_for_the_box():
    key_points = person()
    guessed = key_points.copy()
    guessed[:, 10:14] = 3000, 3000, 0.05
    others = np.r_[0:10, 14:16]
    without = key_points.copy()
    without[:, 10:14] = 0
    np.testing.assert_allclose(
        normalise(guessed, SIZE, "box")[:, others], normalise(without, SIZE, "box")[:, others], atol=1e-5
    )


@pytest.mark.parametrize("method", ["picture", "box"])
def test_unseen_joints_are_zero_in_all_three(method):
    key_points = person()
    key_points[3, 5] = 123, 456, 0  # coordinates without a score are no information
    normalised = normalise(key_points, SIZE, method)
    assert not normalised[3, 5].any() and not normalised[:, -2:].any()
    assert normalised.dtype == np.float32


@pytest.mark.parametrize("method", ["picture", "box"])
def test_nobody_and_a_single_joint_stay_finite(method):
    key_points = np.zeros((4, 18, 3), np.float32)
    assert not normalise(key_points, SIZE, method).any()
    key_points[:, 0] = 10, 10, 1
    assert np.isfinite(normalise(key_points, SIZE, method)).all()


@pytest.mark.parametrize("method", ["picture", "box"])
def test_a_mirrored_person_becomes_the_mirrored_input(method):
    original = sequence()
    mirrored = normalise(original.mirror().key_points, SIZE, method)
    expected = normalise(original.key_points, SIZE, method)[:, list(COCO_18.mirror)]
    expected[..., 0] *= -1
    np.testing.assert_allclose(mirrored, expected, atol=2e-3)  # "picture" is half a pixel off the middle


@pytest.mark.parametrize("method", ["picture", "box"])
def test_windows_at_once_equal_windows_one_by_one(method):
    many = np.stack([person(seed=seed) for seed in range(5)])
    many[2] = 0
    one_by_one = np.stack([normalise(window, SIZE, method) for window in many])
    np.testing.assert_allclose(normalise(many, SIZE, method), one_by_one, atol=1e-6)


def test_sizes_may_differ_between_windows():
    many = np.stack([person(), person()])
    result = normalise(many, np.array([(640, 480), (1280, 960)]), "picture")
    np.testing.assert_allclose(
        (result[1] + 0.5)[..., :2][many[1][..., 2] > 0], (result[0] + 0.5)[..., :2][many[0][..., 2] > 0] / 2, atol=1e-5
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    key_points = person()
    key_points[0, 0, 0] = value
    with pytest.raises(ValueError, match="finite"):
        normalise(key_points, SIZE, "box")


def test_wrong_shapes_and_names_are_refused():
    with pytest.raises(ValueError, match="frames, joints"):
        normalise(np.zeros((18, 2)), SIZE, "box")
    with pytest.raises(ValueError, match="picture, box"):
        normalise(person(), SIZE, "sphere")


def test_to_network_puts_the_person_first():
    array = to_network(person(20)[None], SIZE, contract(persons=2))
    assert array.shape == (1, 3, 20, 18, 2) and array.dtype == np.float32
    np.testing.assert_array_equal(array[0, ..., 0].transpose(1, 2, 0), normalise(person(20), SIZE, "box"))
    assert not array[..., 1].any()


@given(frames=st.integers(1, 400), window=st.integers(1, 100))
@settings(max_examples=100, deadline=None)
def test_window_starts_cover_everything_with_as_few_as_can_be(frames, window):
    starts = window_starts(frames, window)
    covered = np.zeros(max(frames, window), bool)
    for start in starts:
        covered[start : start + window] = True
    assert covered.all()
    assert starts[0] == 0 and starts[-1] == max(frames - window, 0)
    assert len(starts) == math.ceil(frames / window)


def test_a_short_recording_is_repeated_from_the_start():
    array = windows(sequence(7), contract(normalisation="picture"))
    assert array.shape == (1, 3, 20, 18, 1)
    np.testing.assert_array_equal(array[:, :, 7:14], array[:, :, :7])
    np.testing.assert_array_equal(array[:, :, 14:], array[:, :, :6])


def test_a_long_recording_becomes_several_windows():
    recording = sequence(50)
    array = windows(recording, contract(normalisation="picture"))
    assert array.shape == (3, 3, 20, 18, 1)
    whole = normalise(recording.key_points, SIZE, "picture").transpose(2, 0, 1)
    np.testing.assert_allclose(array[1, ..., 0], whole[:, 15:35], atol=1e-6)
    np.testing.assert_allclose(array[-1, ..., 0], whole[:, -20:], atol=1e-6)


@pytest.mark.parametrize("normalisation", ["box", "picture"])
def test_mirrored_windows_are_those_of_the_mirrored_person(normalisation):
    recording = sequence(50)
    agreed = contract(normalisation=normalisation)
    inputs = windows(recording, agreed)
    before = inputs.copy()
    # A picture of W pixels has its middle at (W - 1) / 2, the model's is at W / 2.
    np.testing.assert_allclose(mirrored(inputs), windows(recording.mirror(), agreed), atol=1.1 / SIZE[0])
    np.testing.assert_array_equal(mirrored(mirrored(inputs)), before)
    np.testing.assert_array_equal(inputs, before)


def test_frames_before_and_after_the_person_are_left_out_but_not_those_between():
    key_points = person(50)
    key_points[:10] = key_points[20:24] = key_points[45:] = 0
    recording = SkeletonSequence(key_points, np.arange(50) / 15, SIZE)
    array = windows(recording, contract(window=35))
    assert array.shape[0] == 1 and array[0, 2, 0].any() and array[0, 2, -1].any()
    assert not array[0, :, 10:14].any()
    np.testing.assert_array_equal(array, windows(recording[10:45], contract(window=35)))


def test_copy_and_interpolation_agree_at_the_models_own_rate():
    recording = sequence(50, rate=15.0)
    copied, interpolated = (windows(recording, contract(), method) for method in ("copy", "interpolate"))
    np.testing.assert_allclose(copied, interpolated, atol=1e-5)


@pytest.mark.parametrize("method", ["interpolate", "copy"])
def test_any_rate_is_put_on_the_models(method):
    for rate in (4.0, 9.0, 30.0):
        recording = sequence(int(2 * rate) + 1, rate=rate)  # two seconds: 31 frames at 15 frames/s
        assert windows(recording, contract(window=31), method).shape == (1, 3, 31, 18, 1)
        assert windows(recording, contract(window=30), method).shape == (2, 3, 30, 18, 1)


def test_other_layouts_come_in_as_coco_18():
    recording = SkeletonSequence(person(40, joints=33), np.arange(40) / 15, SIZE, BLAZEPOSE_33)
    np.testing.assert_array_equal(windows(recording, contract()), windows(recording.coco_18(), contract()))


def test_a_single_frame_is_repeated_and_none_is_refused():
    assert windows(sequence(1), contract()).shape == (1, 3, 20, 18, 1)
    with pytest.raises(ValueError, match="no frames"):
        windows(sequence(5)[:0], contract())
    with pytest.raises(ValueError, match="resampling"):
        windows(sequence(), contract(), "guess")


def test_frames_taken_as_they_are_keep_their_number_and_their_places():
    recording = sequence(frames=20, rate=9.0)
    agreed = contract(rate=30.0, window=20)
    taken = windows(recording, agreed, "as_it_is")
    assert taken.shape[0] == 1 and taken.shape[2] == 20
    np.testing.assert_allclose(taken, windows(replace(recording, stamps=np.arange(20) / 30.0), agreed), atol=1e-6)


@pytest.mark.parametrize("rate", [9.0, 30.0])
@pytest.mark.parametrize("method", ["interpolate", "copy"])
def test_uniform_sampling_spreads_one_window_over_a_short_recording(rate, method):
    recording = sequence(frames=int(3 * rate), rate=rate)
    agreed = contract(rate=10.0, window=50, sampling="uniform")
    (window,) = windows(recording, agreed, method)
    x = window[0, :, 0, 0]
    ends = to_network(recording.key_points[None], recording.size, agreed)[0][0, [0, -1], 0, 0]
    np.testing.assert_allclose(x[[0, -1]], ends, atol=0.05)
    assert window.shape[1] == 50


def test_uniform_sampling_divides_what_is_longer_than_its_window():
    recording = sequence(frames=361, rate=30.0)
    agreed = contract(rate=10.0, window=51, sampling="uniform")
    consecutive = contract(rate=10.0, window=51)
    assert len(windows(recording, agreed)) == len(windows(recording, consecutive)) == 3
    np.testing.assert_allclose(windows(recording, agreed), windows(recording, consecutive), atol=1e-6)


def test_a_single_frame_fills_a_uniform_window():
    assert len(windows(sequence(frames=1), contract(window=16, sampling="uniform"))) == 1


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="interpolate, copy, as_it_is"):
        windows(sequence(), contract(), "guess")


def test_the_running_box_is_what_is_known_at_each_frame():
    key_points = person(100)
    key_points[..., 0] += np.arange(100)[:, None]  # somebody who walks
    running = normalise(key_points, SIZE, "running_box")
    for frame in (0, 1, 30, 63):
        np.testing.assert_array_equal(running[frame], normalise(key_points[: frame + 1], SIZE, "box")[-1])
    for frame in (64, 99):  # the last 64 frames
        np.testing.assert_array_equal(running[frame], normalise(key_points[frame - 63 : frame + 1], SIZE, "box")[-1])


def test_no_later_frame_changes_what_a_causal_network_gets():
    causal = contract(network=NetworkConfig(classes=2, causal=True), normalisation="running_box")
    whole = windows(sequence(70), causal)
    assert whole.shape == (1, 3, 70, 18, 1)  # one window, of whatever length
    np.testing.assert_array_equal(windows(sequence(70)[:33], causal), whole[:, :, :33])
    assert windows(sequence(70), causal, whole=False).shape == (4, 3, 20, 18, 1)


@pytest.mark.parametrize("values", [{"normalisation": "box"}, {"normalisation": "picture", "sampling": "uniform"}])
def test_a_causal_network_is_not_given_what_looks_ahead(values):
    with pytest.raises(ValueError, match="look ahead"):
        contract(network=NetworkConfig(classes=2, causal=True), **values)
