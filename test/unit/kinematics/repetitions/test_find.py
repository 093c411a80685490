import csv
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.kinematics.angles.measure import joint_angles
from rehab_coach.kinematics.projection import EstimatorErrors
from rehab_coach.kinematics.repetitions.find import (
    count_repetitions,
    find_cycles,
    find_repetitions,
    spectral_arc_length,
    turning_points,
)
from rehab_coach.kinematics.repetitions.signal import RATE, MovementSignal
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.paths import share_path
from rehab_coach.pose import create_estimator, estimate_video
from rehab_coach.skeleton import COCO_18, SkeletonSequence

EXERCISES = ("squat", "lunge", "deadlift", "push_up", "pull_up", "jumping_jack")
YAWS = (0, 45, 90, 180)


def without(sequence, *parts):
    """The joints whose names contain one of the parts are never seen."""
    key_points = sequence.key_points.copy()
    for index, joint in enumerate(sequence.layout.joints):
        if any(part in joint for part in parts):
            key_points[:, index] = 0
    return replace(sequence, key_points=key_points)


@pytest.mark.parametrize("yaw", YAWS)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_exercise_is_counted_from_every_side(exercise, yaw, act, repeats):
    clean = act(exercise, repeats(5), yaw)
    assert count_repetitions(clean, exercise) == 5
    assert count_repetitions(clean) == 5
    noisy = act(exercise, repeats(5), yaw, EstimatorErrors(), seed=yaw)
    assert count_repetitions(noisy, exercise) == 5


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("count, period, rest", [(8, 0.9, 0.1), (3, 6.0, 1.0), (3, 2.0, 5.0), (6, 1.5, 0.0)])
def test_fast_slow_with_and_without_rests(exercise, count, period, rest, act, repeats):
    sequence = act(exercise, repeats(count, period, rest), 45, EstimatorErrors(), seed=1)
    assert count_repetitions(sequence, exercise) == count


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_cameras_and_estimators_do_to_a_skeleton(exercise, act, repeats):
    sequence = act(exercise, repeats(5), 45, EstimatorErrors(), seed=2)
    assert count_repetitions(sequence.mirror(), exercise) == 5
    assert count_repetitions(sequence.coco_18(), exercise) == 5
    assert count_repetitions(without(sequence, "ankle", "heel", "foot"), exercise) == 5
    assert count_repetitions(without(sequence, "left_"), exercise) == 5
    assert count_repetitions(act(exercise, repeats(5), 45, EstimatorErrors(missing=0.6, never=0.1)), exercise) == 5
    assert count_repetitions(act(exercise, repeats(5), 45, camera_rate=5.0), exercise) == 5
    gone = sequence.key_points.copy()
    gone[(sequence.stamps > 4.2) & (sequence.stamps < 4.8)] = 0
    assert count_repetitions(replace(sequence, key_points=gone), exercise) == 5


def test_a_camera_that_pans_slowly_changes_nothing(act, repeats):
    sequence = act("squat", repeats(5), 45)
    moved = sequence.key_points.copy()
    moved[..., 0] += (30 * sequence.stamps)[:, None]
    moved[..., 1] += (20 * np.sin(sequence.stamps / 3))[:, None]
    assert count_repetitions(replace(sequence, key_points=moved), "squat") == 5


@pytest.mark.parametrize("exercise", EXERCISES)
def test_one_repetition_and_parts_of_one(exercise, act, repeats):
    one = act(exercise, repeats(1, 1.5, 0, before=0.2, after=0.2), 60)
    assert count_repetitions(one, exercise) == 1
    turn = int(np.argmin(np.abs(one.stamps - 0.95)))
    assert count_repetitions(one[:turn], exercise) == 0, "there is no way back"
    assert count_repetitions(one[turn:], exercise) == 1, "the recording begins at the turning point"
    begins_within = act(exercise, repeats(5)[100:], 60)
    assert count_repetitions(begins_within, exercise) == 5


@pytest.mark.parametrize("share, count", [(0.3, 3), (0.49, 3), (0.55, 4), (1.0, 4)])
def test_what_began_before_the_recording_counts_if_most_of_its_way_back_is_seen(share, count):
    """Arms that sink before the first squat are no squat."""
    wave = (1 - np.cos(2 * np.pi * np.arange(3 * 40 + 1) / 40)) / 2
    values = np.concatenate([np.linspace(share, 0, 20), np.zeros(20), wave])
    stays = np.ones(len(values))
    assert len(find_cycles(MovementSignal(np.arange(len(values)) / RATE, values, stays, stays), "squat")) == count


def test_who_stands_or_walks_repeats_nothing(act, repeats):
    for seed in range(4):
        assert count_repetitions(act("squat", np.zeros(500), 45, EstimatorErrors(), seed=seed), "squat") == 0
    coming = np.stack([np.linspace(-3, 0, 400), np.zeros(400)], axis=1)
    passing = np.stack([np.zeros(400), np.linspace(-1.5, 1.5, 400)], axis=1)
    for place in (coming, passing):
        assert count_repetitions(act("squat", np.zeros(400), 30, place=place), "squat") == 0


@pytest.mark.parametrize("exercise", ["squat", "deadlift", "jumping_jack"])
def test_only_what_happens_in_place_counts_for_somebody_who_comes_and_goes(exercise, act, repeats):
    amount = repeats(4, before=4, after=4)
    place = np.zeros((len(amount), 2))
    place[:150, 1] = np.linspace(2.0, 0, 150)
    place[-150:, 1] = np.linspace(0, 2.0, 150)
    assert count_repetitions(act(exercise, amount, 45, place=place), exercise) == 4


def test_small_movements_between_are_not_repetitions(act, repeats):
    sequence = act("squat", repeats(5, depth=[1, 0.3, 1, 0.3, 1]), 45)
    assert count_repetitions(sequence, "squat") == 3
    shallow = act("squat", repeats(4, depth=0.6), 45)
    assert count_repetitions(shallow, "squat") == 4, "somebody who cannot go deeper is counted by the own range"


def test_boundaries_and_tempo(act, repeats):
    # 1 s at rest, then twice: 1 s down, 0.8 s at the turning point, 2 s up, 1.5 s of rest
    ease = (1 - np.cos(np.linspace(0, np.pi, 50))) / 2
    one = np.concatenate([ease, np.ones(40), np.interp(np.arange(100), np.arange(50) * 2, ease[::-1]), np.zeros(75)])
    sequence = act("squat", np.concatenate([np.zeros(50), one, one]), 60, camera_rate=30.0)
    first, second = find_repetitions(sequence, "squat", joint_angles(sequence, source="2d"))
    for number, repetition in enumerate((first, second)):
        begin = 1 + 5.3 * number
        assert repetition.start == pytest.approx(begin, abs=0.35)
        assert begin + 0.8 <= repetition.turn <= begin + 2.0
        # The last bit of a slow way up moves the hips by less than the 5 % that are called rest.
        assert begin + 3.0 <= repetition.end <= begin + 3.9
        assert repetition.start < repetition.turn < repetition.end
        assert repetition.down + repetition.hold + repetition.up == pytest.approx(
            repetition.end - repetition.start, abs=1e-6
        )
        assert repetition.hold == pytest.approx(0.8, abs=0.5)
        assert repetition.up > 1.3 * repetition.down
    assert first.pause == pytest.approx(second.start - first.end)
    assert 1.5 <= first.pause <= 2.5
    assert second.pause == 0


def test_stamps_are_the_recordings_own(act, repeats):
    sequence = act("squat", repeats(2), 60)
    angles = joint_angles(sequence, source="2d")
    later = replace(sequence, stamps=sequence.stamps + 1000)
    shifted = find_repetitions(later, "squat", replace(angles, stamps=later.stamps))
    assert [one.turn for one in shifted] == pytest.approx(
        [one.turn + 1000 for one in find_repetitions(sequence, "squat", angles)]
    )


def test_range_of_motion_of_a_figure_whose_angles_are_known(act, repeats):
    sequence = act("squat", repeats(3, period=3, rest=1), 90)
    for repetition in find_repetitions(sequence, "squat", joint_angles(sequence, source="2d")):
        low, high = np.degrees(repetition.range_of_motion["knee_angle_l"])
        assert low == pytest.approx(0, abs=12)
        assert high == pytest.approx(115, abs=12)


def test_symmetry_compares_left_with_right(act, repeats):
    sequence = act("push_up", repeats(2), 60)
    moved = np.interp(np.arange(len(sequence)), np.arange(len(repeats(2))) * 0.3, repeats(2))
    angles = JointAngles(
        ("elbow_flex_r", "elbow_flex_l"),
        sequence.stamps,
        np.stack([2.0 * moved, 1.5 * moved], axis=1),
        np.full((len(sequence), 2), 0.1),
    )
    for repetition in find_repetitions(sequence, "push_up", angles):
        assert repetition.symmetry == pytest.approx(0.75, abs=1e-6)
    one_side = replace(angles, values=np.where([True, False], angles.values, np.nan))
    assert all(one.symmetry is None for one in find_repetitions(sequence, "push_up", one_side))
    assert "elbow_flex_l" not in find_repetitions(sequence, "push_up", one_side)[0].range_of_motion


def test_nobody_and_next_to_nothing_are_no_repetitions(act, repeats):
    sequence = act("squat", repeats(2), 60)
    nobody = replace(sequence, key_points=np.zeros_like(sequence.key_points))
    empty = SkeletonSequence(np.zeros((0, 18, 3)), np.zeros(0), (640, 480))
    for few in (nobody, empty, sequence[:1], sequence[:2], without(sequence, "hip", "shoulder", "knee")):
        for exercise in EXERCISES + (None,):
            assert find_repetitions(few, exercise) == ()


def test_what_no_catalogue_knows_is_counted_as_any_periodic_movement(act, repeats):
    sequence = act("jumping_jack", repeats(4), 20)
    found = find_repetitions(sequence, "star_jump")
    assert len(found) == 4 and [one.turn for one in found] == [one.turn for one in find_repetitions(sequence)]
    assert all(one.symmetry is None for one in found)


def test_turning_points_need_more_than_the_hysteresis():
    values = np.array([0, 0.1, 1.0, 0.9, 1.1, 0.2, 0.3, 0.0, 0.8])
    assert turning_points(values, 0.5) == [0, 4, 7, 8]
    assert turning_points(values, 0.15)[0] == 0
    assert turning_points(values, 2.0) == []
    assert turning_points(np.zeros(10), 0.1) == []


def test_spectral_arc_length_knows_smooth_from_jerky():
    time = np.linspace(0, 1, 101)
    minimum_jerk = 30 * time**2 - 60 * time**3 + 30 * time**4
    smooth = spectral_arc_length(minimum_jerk, 100.0)
    # The most that is possible is a single narrow hump; Balasubramanian et al. show about -1.4 for minimum jerk.
    assert smooth == pytest.approx(-1.42, abs=0.05)
    assert spectral_arc_length(7 * minimum_jerk, 100.0) == pytest.approx(smooth)
    assert spectral_arc_length(minimum_jerk, 50.0) == pytest.approx(smooth, abs=0.03), "twice as slow is as smooth"
    stops = minimum_jerk * (1 + np.cos(2 * np.pi * 4 * time))
    assert spectral_arc_length(stops, 100.0) < smooth - 0.5
    assert np.isnan(spectral_arc_length(np.zeros(20), 100.0))


@pytest.fixture(scope="session")
def shipped():
    """Key points of the clips that ship, as MediaPipe sees them."""
    estimator = create_estimator("mediapipe")
    names = ("squat", "push_up", "jumping_jack")
    found = {name: estimate_video(share_path("test", "data", name + ".mp4"), estimator, rate=10.0) for name in names}
    estimator.close()
    return found


@pytest.mark.parametrize("exercise, count", [("squat", 3), ("push_up", 4), ("jumping_jack", 9)])
def test_the_clips_that_ship(exercise, count, shipped):
    assert count_repetitions(shipped[exercise], exercise) == count
    assert count_repetitions(shipped[exercise]) == count


def test_counts_by_eye_are_consistent():
    with open(share_path("test", "data", "counts.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["file"] for row in rows}) == len(rows) == 102
    for row in rows:
        assert row["file"].split("/")[0] in EXERCISES
        assert 0 <= int(row["minimum"]) <= int(row["count"]) <= int(row["maximum"])


def test_layouts_agree(act, repeats):
    both = [act("squat", repeats(3), 45, layout=layout) for layout in (COCO_18, act("squat", [0, 0]).layout)]
    assert [count_repetitions(one, "squat") for one in both] == [3, 3]
