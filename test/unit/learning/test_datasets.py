"""Data sets become samples that cannot be told apart by their source."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table
from rehab_coach.learning.datasets import check_labels, clip_sample, fingerprint, read_data_sets
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence


def write_set(folder, name, key, rows, sequences, dtype):
    folder.mkdir(exist_ok=True)
    with open(str(folder / (name + ".csv")), "w", newline="") as stream:
        writer = csv.DictWriter(stream, ["sequence", "source", "label", "group", "fps", "deadlift_pulls"])
        writer.writeheader()
        writer.writerows(dict(row, sequence=number) for number, row in enumerate(rows))
    offsets = np.cumsum([0] + [len(sequence) for sequence in sequences])
    np.savez(str(folder / (name + ".npz")), offsets=offsets, **{key: np.concatenate(sequences).astype(dtype)})


@pytest.fixture
def data(tmp_path):
    """Two flat and two spatial sequences; one of these jumps."""
    random = np.random.default_rng(0)
    flat = [random.uniform(50, 300, (20, 18, 3)) for _ in range(2)]
    for frames in flat:
        frames[..., 2] = 1
        frames[:, 14:, 2] = 0
    write_set(
        tmp_path / "skeletons",
        "sequences_2d",
        "frames",
        [
            {"source": "penn", "label": "push_up", "group": "a", "fps": 30, "deadlift_pulls": ""},
            {"source": "penn", "label": "unknown", "group": "b", "fps": 30, "deadlift_pulls": "2:9"},
        ],
        flat,
        np.float32,
    )
    still = np.tile(random.uniform(-800, 800, (1, 18, 3)), (15, 1, 1))
    jumping = still.copy()
    jumping[7:, 4, 0] += 600
    write_set(
        tmp_path / "skeletons",
        "sequences_3d",
        "frames_mm",
        [
            {"source": "utd", "label": "lunge", "group": "c", "fps": 30},
            {"source": "utd", "label": "lunge", "group": "c", "fps": 30},
        ],
        [still, jumping],
        np.int16,
    )
    return tmp_path


def test_a_first_pull_becomes_a_deadlift_and_back(data):
    samples = read_data_sets(str(data), ["penn"])
    assert [sample.label for sample in samples] == ["push_up", "deadlift"]
    pull = samples[1].sequence
    assert len(pull) == 8 + 6  # frames 2 to 9 and back, without the two ends
    np.testing.assert_array_equal(pull.key_points[8], pull.key_points[6])
    assert pull.rate == pytest.approx(15)


def test_the_sets_own_names_of_movements_can_be_the_labels(data):
    path = data / "skeletons" / "sequences_2d.csv"
    with open(str(path), newline="") as stream:
        rows = [dict(row, action=action) for row, action in zip(csv.DictReader(stream), ("pushup", "clean_and_jerk"))]
    with open(str(path), "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    samples = read_data_sets(str(data), ["penn"], "action")
    assert [sample.label for sample in samples] == ["push_up", "clean_and_jerk"]
    assert len(samples[1].sequence) == 20  # the whole of it
    labelled = read_data_sets(str(data), ["penn"])
    assert [(sample.label, sample.action) for sample in labelled] == [
        ("push_up", "push_up"),
        ("deadlift", "clean_and_jerk"),
    ]
    with pytest.raises(RehabCoachError, match="no column 'action'"):
        read_data_sets(str(data), ["utd"], "action")


def test_joints_without_a_score_are_all_zero(data):
    for sample in read_data_sets(str(data), ["penn"]):
        assert not sample.sequence.key_points[:, 14:].any()


def test_lost_joints_leave_the_sequence_out_and_depth_is_kept_in_metres(data):
    (sample,) = read_data_sets(str(data), ["utd"])
    world, key_points = sample.sequence.world, sample.sequence.key_points
    assert np.abs(world).max() < 2
    distance = np.linalg.norm(world[0, 0, :2] - world[0, 10, :2])
    assert np.linalg.norm(key_points[0, 0, :2] - key_points[0, 10, :2]) == pytest.approx(200 * distance, rel=1e-4)


def test_only_what_is_asked_for_is_read(data):
    assert {sample.source for sample in read_data_sets(str(data), ["penn", "utd"])} == {"penn", "utd"}
    assert read_data_sets(str(data), ["jhmdb"]) == []


def test_missing_and_unfitting_files_are_named(data):
    with pytest.raises(RehabCoachError, match="sequences_2d.csv"):
        read_data_sets(str(data / "nowhere"), ["penn"])
    np.savez(str(data / "skeletons" / "sequences_2d.npz"), frames=np.zeros((5, 17, 3)), offsets=np.zeros(3))
    with pytest.raises(RehabCoachError, match="do not fit"):
        read_data_sets(str(data), ["penn"])


@pytest.mark.parametrize(
    "column, text, words",
    [
        ("sequence", "one", "sequence must be a number from 0 to 1, not 'one'"),
        ("sequence", "2", "not '2'"),
        ("sequence", "-1", "not '-1'"),
        ("fps", "", "fps must be frames per second, not ''"),
        ("fps", "0", "not '0'"),
        ("fps", "nan", "not 'nan'"),
        ("deadlift_pulls", "2", "deadlift_pulls must be FIRST:LAST"),
        ("deadlift_pulls", "9:2", "not '9:2'"),
        ("deadlift_pulls", "2:20", "two of the 20 frames"),
    ],
)
def test_a_bad_value_is_told_with_its_file_and_line(data, column, text, words):
    path = data / "skeletons" / "sequences_2d.csv"
    with open(str(path), newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[1][column] = text
    with open(str(path), "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(RehabCoachError) as caught:
        read_data_sets(str(data), ["penn"])
    assert "sequences_2d.csv, line 3: " in str(caught.value) and words in str(caught.value)


@pytest.mark.parametrize("offsets", ([0, 20, 41], [0, 30, 20], [0.0, 20.0, 40.0], [-1, 20, 40]))
def test_offsets_that_lead_elsewhere_are_refused(data, offsets):
    np.savez(str(data / "skeletons" / "sequences_2d.npz"), frames=np.zeros((40, 18, 3)), offsets=offsets)
    with pytest.raises(RehabCoachError, match="do not fit"):
        read_data_sets(str(data), ["penn"])


def test_a_set_that_is_no_archive_is_named(data):
    (data / "skeletons" / "sequences_2d.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(RehabCoachError, match="cannot read .*sequences_2d.npz"):
        read_data_sets(str(data), ["penn"])


def test_tables_name_what_they_lack(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text("label,video\nsquat,a.mp4\n")
    with pytest.raises(RehabCoachError, match="no column 'file'.*label, video"):
        read_table(str(path), ["label", "file"])
    path.write_text("label,file\n")
    with pytest.raises(RehabCoachError, match="no rows"):
        read_table(str(path), ["label", "file"])


def test_a_clip_keeps_the_estimators_depth_in_the_coco_order():
    random = np.random.default_rng(0)
    key_points = random.uniform(1, 100, (5, 33, 3)).astype(np.float32) / (1, 1, 100)
    world = random.uniform(-1, 1, (5, 33, 3)).astype(np.float32)
    seen = SkeletonSequence(key_points, np.arange(5.0), (640, 480), BLAZEPOSE_33, world)
    row = {"label": "squat", "file": "a.mp4", "group": "", "body": "no", "exercise": "goblet_squat"}
    sample = clip_sample(seen, row, "mediapipe")
    assert sample.sequence.layout is COCO_18 and sample.group == "a.mp4" and not sample.whole_body
    assert sample.action == "goblet_squat"
    knee = BLAZEPOSE_33.index("left_knee")
    np.testing.assert_array_equal(sample.sequence.world[:, COCO_18.index("left_knee")], world[:, knee])
    shoulders = [BLAZEPOSE_33.index(side + "_shoulder") for side in ("left", "right")]
    np.testing.assert_allclose(
        sample.sequence.world[:, COCO_18.index("neck")], world[:, shoulders].mean(axis=1), atol=1e-6
    )


def test_labels_are_checked_both_ways(samples):
    check_labels(samples, ["squat", "jumping_jack", "unknown"])
    with pytest.raises(RehabCoachError, match="jumping_jack"):
        check_labels(samples, ["squat", "unknown"])
    with pytest.raises(RehabCoachError, match="no sequence is labelled 'lunge'"):
        check_labels(samples, ["squat", "jumping_jack", "lunge", "unknown"])
    unseen = [
        replace(sample, sequence=replace(sample.sequence, key_points=0 * sample.sequence.key_points))
        for sample in samples
        if sample.label == "squat"
    ]
    with pytest.raises(RehabCoachError, match="nobody is seen in any sequence labelled 'squat'"):
        check_labels([sample for sample in samples if sample.label != "squat"] + unseen, ["squat", "jumping_jack"])
    check_labels(samples + unseen, ["squat", "jumping_jack"])


def test_the_fingerprint_follows_values_and_order(samples):
    assert fingerprint(samples) == fingerprint(list(samples))
    assert fingerprint(samples) != fingerprint(samples[::-1])
    assert fingerprint(samples) != fingerprint(samples[1:])
