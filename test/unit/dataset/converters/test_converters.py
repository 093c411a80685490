"""Public sets in their original layout become what the recipes read."""

import numpy as np
import pytest

from rehab_coach.cli.dataset import PUBLIC_SETS
from rehab_coach.cli.main import main
from rehab_coach.dataset.converters import CONVERTERS
from rehab_coach.dataset.converters.penn_action import first_pull
from rehab_coach.dataset.converters.utd_mhad import ACTIONS
from rehab_coach.dataset.public_sets import add_public_set
from rehab_coach.dataset.sequences import FLAT, SPATIAL, read_sequences
from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.datasets import read_data_sets
from rehab_coach.learning.recipe_checks import SEQUENCE_SOURCES
from rehab_coach.skeleton import COCO_18


def joint(frames, name):
    return frames[:, COCO_18.index(name)]


def convert(name, source, data, everything=False):
    lines = []
    counts = add_public_set(name, str(source), str(data), everything, lines.append)
    return counts, lines


def test_recipes_and_the_command_know_every_converted_set():
    assert set(CONVERTERS) <= set(SEQUENCE_SOURCES)
    assert PUBLIC_SETS == tuple(CONVERTERS)  # the command names them before anything is imported


def test_penn_action(tmp_path, write):
    values = write("penn", tmp_path / "in", 7)
    write("penn", tmp_path / "in", 8, action="pushup", train=0)
    assert convert("penn", tmp_path / "in", tmp_path) == ({"squat": 1}, [])  # the test part is left out
    found = read_sequences(str(tmp_path), FLAT)
    assert found.rows[0]["group"] == "penn_vid0007" and found.rows[0]["view"] == "front"
    frames = found.of(0)
    # What the set's description calls the left shoulder is the right one: on the left, seen from the front.
    for ours, theirs in (("nose", 0), ("right_shoulder", 1), ("left_wrist", 6), ("left_ankle", 12)):
        np.testing.assert_allclose(joint(frames, ours)[:, 0], values["x"][:, theirs])
        np.testing.assert_allclose(joint(frames, ours)[:, 1], values["y"][:, theirs])
    shoulders = (joint(frames, "right_shoulder") + joint(frames, "left_shoulder")) / 2
    np.testing.assert_allclose(joint(frames, "neck"), shoulders)
    assert not frames[:, 14:].any()  # no eyes, no ears
    (sample,) = read_data_sets(str(tmp_path), ["penn"])
    assert sample.label == "squat" and sample.sequence.rate == pytest.approx(30)
    assert convert("penn", tmp_path / "in", tmp_path, True)[0] == {"push_up": 1, "squat": 1}


def test_hidden_joints_of_penn_action_are_less_certain_and_those_in_the_corner_are_nowhere(tmp_path, write):
    visibility = np.ones((6, 13), np.uint8)
    visibility[:, 1:4] = 0
    x, y = np.full((6, 13), 90.0), np.full((6, 13), 70.0)
    x[:3, 1], y[:3, 1] = 0.75, 0.75  # a shoulder
    write("penn", tmp_path / "in", 1, x=x, y=y, visibility=visibility)
    convert("penn", tmp_path / "in", tmp_path)
    frames = read_sequences(str(tmp_path), FLAT).of(0)
    assert joint(frames, "right_shoulder")[:, 2].tolist() == [0, 0, 0, 0.5, 0.5, 0.5]
    assert not joint(frames, "right_shoulder")[:3].any() and not joint(frames, "neck")[:3].any()
    assert joint(frames, "right_elbow")[:, 2].tolist() == [0.5] * 6 and joint(frames, "left_hip")[0, 2] == 1


def lifter(frames):
    """Wrists that rise from below the knees to the shoulders."""
    key_points = np.ones((frames, 18, 3), np.float32)
    heights = {"shoulder": 100, "hip": 200, "knee": 270}
    for name, height in heights.items():
        for side in ("right_", "left_"):
            joint(key_points, side + name)[:, 1] = height
    for side in ("right_", "left_"):
        joint(key_points, side + "wrist")[:, 1] = np.linspace(300, 100, frames)
    return key_points


def test_the_first_pull_ends_where_the_bar_is_at_the_thighs():
    key_points = lifter(41)  # 5 pixels a frame
    assert first_pull(key_points) == (0, 16)  # 220: a fifth of the trunk below the hips
    joint(key_points, "left_wrist")[:] = 0  # one hand is hidden
    assert first_pull(key_points) == (0, 16)
    assert first_pull(key_points[18:]) is None  # the bar is up already
    assert first_pull(np.zeros_like(key_points)) is None


def test_a_clean_and_jerk_gives_a_deadlift(tmp_path, write):
    lifted = lifter(41)
    order = [COCO_18.index(name) for name in ("nose", "right_shoulder", "left_shoulder", "right_elbow", "left_elbow")]
    order += [COCO_18.index(side + name) for name in ("wrist", "hip", "knee", "ankle") for side in ("right_", "left_")]
    write("penn", tmp_path / "in", 3, "clean_and_jerk", frames=41, x=lifted[:, order, 0], y=lifted[:, order, 1])
    assert convert("penn", tmp_path / "in", tmp_path)[0] == {"unknown": 1}
    assert read_data_sets(str(tmp_path), ["penn"])[0].label == "deadlift"
    assert read_data_sets(str(tmp_path), ["penn"], "action")[0].label == "clean_and_jerk"


def test_jhmdb(tmp_path, write):
    names = {"My_Bar_2_pullup_f_cm_np1_ba_goo_%d" % number: part for number, part in ((0, 1), (1, 1), (2, 2))}
    places = write("jhmdb", tmp_path / "in", "pullup", names)
    write("jhmdb", tmp_path / "in", "shoot_bow", {"Bow_shoot_bow_u_nm_np1_fr_med_0": 1})  # not among the recipes'
    assert convert("jhmdb", tmp_path / "in", tmp_path) == ({"pull_up": 2}, [])
    found = read_sequences(str(tmp_path), FLAT)
    assert {row["group"] for row in found.rows} == {"jhmdb_My_Bar_2_pullup"}  # one video
    assert found.rows[0]["view"] == "back"
    for ours, theirs in (("nose", 2), ("neck", 0), ("right_shoulder", 3), ("left_hip", 6), ("left_ankle", 14)):
        np.testing.assert_allclose(joint(found.of(0), ours)[:, :2], places[:, theirs].T, rtol=1e-6)
    assert convert("jhmdb", tmp_path / "in", tmp_path, True)[0] == {"pull_up": 3, "unknown": 1}


def test_jhmdb_without_its_splits_is_told_what_to_do(tmp_path, write):
    write("jhmdb", tmp_path / "in", "wave", {"A_wave_u_nm_np1_fr_med_0": 1})
    split = tmp_path / "in" / "splits" / "wave_test_split1.txt"
    split.write_text("A_wave_u_nm_np1_fr_med_0.avi yes\n")
    with pytest.raises(RehabCoachError, match="wave_test_split1.txt is no split"):
        convert("jhmdb", tmp_path / "in", tmp_path)
    split.unlink()
    with pytest.raises(RehabCoachError, match="unpack splits.zip beside joint_positions"):
        convert("jhmdb", tmp_path / "in", tmp_path)


def test_utd_mhad(tmp_path, write):
    places = write("utd", tmp_path / "in", ACTIONS.index("squat") + 1, 2)
    write("utd", tmp_path / "in", 1, 8)  # a test person
    assert convert("utd", tmp_path / "in", tmp_path) == ({"squat": 1}, [])
    found = read_sequences(str(tmp_path), SPATIAL)
    assert found.rows[0]["group"] == "utd2" and found.rows[0]["action"] == "squat"
    for ours, theirs in (("nose", 0), ("left_ear", 0), ("neck", 1), ("left_shoulder", 4), ("right_knee", 17)):
        expected = places[theirs].T * (-1000, -1000, 1000)  # right, down, away
        np.testing.assert_allclose(joint(found.of(0), ours), expected, atol=0.51)
    assert convert("utd", tmp_path / "in", tmp_path, True)[0] == {"squat": 1, "unknown": 1}


def test_ui_prmd(tmp_path, write, somebody):
    markers = somebody()
    write("uiprmd", tmp_path / "in", 1, 3, markers)
    write("uiprmd", tmp_path / "in", 4, 3, markers, incorrect=True, separator="  ")
    write("uiprmd", tmp_path / "in", 1, 9, markers)  # a test person
    assert convert("uiprmd", tmp_path / "in", tmp_path) == ({"lunge": 1, "squat": 1}, [])
    found = read_sequences(str(tmp_path), SPATIAL)
    rows = [(row["action"], row["group"], row["execution"], row["fps"]) for row in found.rows]
    assert rows == [("deep_squat", "ui3", "correct", "33.3"), ("side_lunge", "ui3", "incorrect", "33.3")]
    frames = found.of(0).astype(float)
    assert len(frames) == 3  # of 7: every third
    hips = (joint(frames, "left_hip") + joint(frames, "right_hip")) / 2
    np.testing.assert_allclose(hips, [[0, 70, 0], [30, 70, 0], [60, 70, 0]], atol=1)  # from the pelvis's markers
    for name in COCO_18.joints:
        if name.startswith("left_"):  # away from a camera on the right of somebody who looks to the right
            other = joint(frames, "right_" + name[len("left_") :])
            np.testing.assert_allclose(joint(frames, name)[:, 2], -other[:, 2], atol=1)
            assert (joint(frames, name)[:, 2] > 0).all()
    heights = [joint(frames, name)[0, 1] for name in ("nose", "neck", "left_hip", "left_knee", "left_ankle")]
    assert heights == sorted(heights) and heights[-1] == pytest.approx(1010 - 90, abs=1)


def test_lost_markers_are_filled_and_one_that_is_never_seen_leaves_the_repetition_out(tmp_path, write, somebody):
    markers = somebody()
    write("uiprmd", tmp_path / "in", 1, 1, markers)
    markers[3, 11] = 0
    write("uiprmd", tmp_path / "in", 1, 2, markers)
    markers[:, 11] = 0
    write("uiprmd", tmp_path / "in", 1, 3, markers)
    counts, lines = convert("uiprmd", tmp_path / "in", tmp_path)
    assert counts == {"squat": 2} and len(lines) == 1 and "marker LELB is never seen" in lines[0]
    found = read_sequences(str(tmp_path), SPATIAL)
    np.testing.assert_array_equal(found.of(0), found.of(1))


def test_a_set_is_added_beside_others_and_takes_its_own_place(tmp_path, write):
    write("penn", tmp_path / "in", 1)
    write("jhmdb", tmp_path / "jhmdb", "wave", {"A_wave_u_nm_np1_fr_med_0": 1})
    convert("penn", tmp_path / "in", tmp_path)
    convert("jhmdb", tmp_path / "jhmdb", tmp_path)
    before = read_data_sets(str(tmp_path), ["jhmdb"])[0]
    write("penn", tmp_path / "in", 2, action="pullup")
    convert("penn", tmp_path / "in", tmp_path)
    assert [row["source"] for row in read_sequences(str(tmp_path), FLAT).rows] == ["jhmdb", "penn", "penn"]
    after = read_data_sets(str(tmp_path), ["jhmdb"])[0]
    np.testing.assert_array_equal(before.sequence.key_points, after.sequence.key_points)
    assert [sample.label for sample in read_data_sets(str(tmp_path), ["penn"])] == ["squat", "pull_up"]


def test_what_cannot_be_read_is_left_alone(tmp_path, write):
    write("penn", tmp_path / "in", 1)
    convert("penn", tmp_path / "in", tmp_path)
    (tmp_path / "skeletons" / "sequences_2d.npz").write_bytes(b"PK cut off")
    table = (tmp_path / "skeletons" / "sequences_2d.csv").read_text()
    with pytest.raises(RehabCoachError, match="cannot read .*sequences_2d.npz"):
        convert("penn", tmp_path / "in", tmp_path)
    assert (tmp_path / "skeletons" / "sequences_2d.npz").read_bytes() == b"PK cut off"
    assert (tmp_path / "skeletons" / "sequences_2d.csv").read_text() == table


@pytest.mark.parametrize("name", sorted(CONVERTERS))
def test_a_folder_without_the_set_is_told_what_is_looked_for(name, tmp_path, capsys):
    assert main(["dataset", "from-public", name, str(tmp_path / "nothing"), str(tmp_path / "data")]) == 2
    message = capsys.readouterr().err
    assert "does not hold %s" % CONVERTERS[name].title.split(" (")[0] in message and CONVERTERS[name].layout in message
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"joints": 14}, "has 14 joints in 2 dimensions, the set has 13 in 2"),
        ({"frames": 1}, "has fewer than two frames"),
        ({"visibility": None}, "has no variable 'visibility'"),
        ({"visibility": np.ones((6, 12))}, "x, y and visibility have different sizes"),
        ({"x": np.full((6, 13), np.nan)}, "holds a place that is not a number"),
        ({"action": 3}, "'action' must be a word"),
    ],
)
def test_a_broken_file_is_left_out_with_a_line(changes, words, tmp_path, write):
    write("penn", tmp_path / "in", 1)
    write("penn", tmp_path / "in", 2, **changes)
    counts, lines = convert("penn", tmp_path / "in", tmp_path)
    assert counts == {"squat": 1} and len(lines) == 1
    assert "0002.mat" in lines[0] and words in lines[0]


@pytest.mark.parametrize("content", [b"", b"no MATLAB file", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_where_nothing_can_be_read_nothing_is_written(content, tmp_path, write):
    write("penn", tmp_path / "in", 1)
    (tmp_path / "in" / "labels" / "0001.mat").write_bytes(content)
    with pytest.raises(RehabCoachError, match="nothing of .* could be used: .*0001.mat"):
        convert("penn", tmp_path / "in", tmp_path)
    assert not (tmp_path / "skeletons").exists()


def test_half_a_matlab_file_is_left_out(tmp_path, write):
    write("penn", tmp_path / "in", 1)
    write("utd", tmp_path / "in", 3, 1)
    write("utd", tmp_path / "in", 4, 1)
    path = tmp_path / "in" / "Skeleton" / "a4_s1_t1_skeleton.mat"
    path.write_bytes(path.read_bytes()[:400])
    counts, lines = convert("utd", tmp_path / "in", tmp_path)
    assert counts == {"unknown": 1} and "a4_s1_t1_skeleton.mat" in lines[0]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"joints": 25}, "has 25 joints in 3 dimensions, the set has 20 in 3"),
        ({"d_skel": np.full((20, 3, 4), 1e6)}, "another unit?"),
        ({"d_skel": np.zeros((20, 3))}, "does not hold the places of joints"),
    ],
)
def test_another_skeleton_of_utd_mhad_is_refused(changes, words, tmp_path, write):
    write("utd", tmp_path / "in", 3, 1, **changes)
    with pytest.raises(RehabCoachError) as caught:
        convert("utd", tmp_path / "in", tmp_path)
    assert words in str(caught.value)


def test_the_kinects_files_of_ui_prmd_are_refused(tmp_path, write):
    path = write("uiprmd", tmp_path / "in", 1, 1, np.zeros((5, 22, 3)))
    with pytest.raises(RehabCoachError, match="must have 117 numbers in every line.*not 66"):
        convert("uiprmd", tmp_path / "in", tmp_path)
    path.write_text("one,two\n")
    with pytest.raises(RehabCoachError, match="must hold numbers only"):
        convert("uiprmd", tmp_path / "in", tmp_path)


def test_the_command_says_what_it_wrote(tmp_path, write, capsys):
    write("penn", tmp_path / "in", 1)
    assert main(["dataset", "from-public", "penn", str(tmp_path / "in"), str(tmp_path / "data")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "penn: 1 sequences written to %s/skeletons" % (tmp_path / "data"),
        "  squat 1",
    ]
