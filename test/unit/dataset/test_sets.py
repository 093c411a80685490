import json
import os
import pickle

import numpy as np
import pytest

from rehab_coach.dataset import FORMATS, convert, open_set
from rehab_coach.dataset.packed import read_label_pickle
from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import BLAZEPOSE_33, SkeletonSequence, read_kinetics


def stem(path, format):
    return path + "_data.npy" if format == "packed" else path


def nothing(line):
    raise AssertionError("left out: " + line)


@pytest.mark.parametrize("second", FORMATS)
@pytest.mark.parametrize("first", FORMATS)
def test_every_format_into_every_other_keeps_skeletons_labels_and_groups(
    first, second, make_set, make_clip, make_person, tmp_path
):
    clips = [
        make_clip("a", "lunge", "p1", make_person(1, 300), make_person(2, 300)),
        make_clip("b", "squat", "p2", make_person(3, 300)),
    ]
    source = open_set(stem(make_set(first, clips), first))
    path = str(tmp_path / "other" / "set")
    assert convert(source, path, second, nothing) == 2
    copy = open_set(stem(path, second))
    assert copy.format == second and copy.labels == ("squat", "lunge", "unknown")
    for before, after in zip(clips, copy.clips()):
        assert after.entry == before.entry
        assert len(after.people) == len(before.people)
        for one, other in zip(before.people, after.people):
            np.testing.assert_allclose(other.key_points, one.key_points, atol=5e-3)
            np.testing.assert_allclose(other.stamps, one.stamps)


def test_the_packed_pair_is_the_published_one(make_set, make_clip, make_person):
    short = make_person(4, 100)
    short.key_points[7, 5] = 0
    path = make_set("packed", [make_clip("b", "lunge", "", short), make_clip("a", "squat", "", make_person(5, 310))])
    array = np.load(path + "_data.npy", mmap_mode="r")
    assert array.shape == (2, 3, 300, 18, 2) and array.dtype == np.float32
    np.testing.assert_allclose(array[0, :2, 7, 3, 0], short.key_points[7, 3, :2] / (340, 256) - 0.5, atol=1e-6)
    np.testing.assert_allclose(array[0, 2, 7, 3, 0], short.key_points[7, 3, 2])
    assert not array[0, :, 7, 5, 0].any() and not array[..., 1].any()
    np.testing.assert_array_equal(array[0, :, 100:200], array[0, :, :100])  # padded from the start
    with open(path + "_label.pkl", "rb") as stream:
        assert pickle.load(stream) == (["b.json", "a.json"], [1, 0])


def test_of_many_people_the_two_most_certain_of_each_frame_are_packed(make_set, make_clip, make_person):
    people = [make_person(seed, 300) for seed in range(3)]
    for number, person in enumerate(people):
        person.key_points[..., 2] = (0.2, 0.9, 0.5)[number]
    people[0].key_points[10, :, 2] = 1
    array, _ = (lambda path: (np.load(path + "_data.npy"), path))(
        make_set("packed", [make_clip("a", "squat", "", *people)])
    )
    np.testing.assert_allclose(array[0, 2, 9, 0], (0.9, 0.5))
    np.testing.assert_allclose(array[0, 2, 10, 0], (1, 0.9))


def test_other_layouts_rates_and_picture_sizes_become_what_kinetics_files_hold(make_set, make_clip, tmp_path):
    key_points = np.zeros((11, 33, 3), np.float32)
    key_points[...] = (60, 80, 0.9)
    tall = SkeletonSequence(key_points, np.arange(11) / 10, (120, 160), BLAZEPOSE_33)
    source = open_set(make_set("npz", [make_clip("a", "squat", "", tall)]))
    path = str(tmp_path / "out" / "set")
    convert(source, path, "kinetics", nothing)
    people, _, _ = read_kinetics(path + "/a.json")
    assert people[0].key_points.shape == (31, 18, 3)  # one second at 10 per second is one second at 30
    np.testing.assert_allclose(people[0].key_points[5, 0], (170, 128, 0.9), atol=5e-3)  # the middle stays the middle


def test_without_a_summary_a_kinetics_folder_tells_its_labels_itself(make_set, make_clip):
    path = make_set("kinetics", [make_clip("a", "lunge", "p1"), make_clip("b")])
    os.remove(path + "_label.json")
    with_file = open_set(path)
    os.remove(os.path.join(os.path.dirname(path), "label_name.txt"))
    without = open_set(path)
    assert with_file.entries == without.entries and [entry.label for entry in without.entries] == ["lunge", "squat"]
    assert with_file.labels == ("squat", "lunge", "unknown") and without.labels == ("squat", "lunge")


def test_sequences_without_a_summary_have_no_labels_and_cannot_become_a_labelled_set(make_set, make_clip, tmp_path):
    path = make_set("npz", [make_clip("a")])
    os.remove(path + "_label.json")
    source = open_set(path)
    assert [entry.label for entry in source.entries] == [""]
    lines = []
    with pytest.raises(RehabCoachError, match="no clip was usable"):
        convert(source, str(tmp_path / "out" / "set"), "packed", lines.append)
    assert "has no label" in lines[0]
    assert not [name for name in os.listdir(str(tmp_path / "out")) if "data" in name or "pkl" in name]


@pytest.mark.parametrize(
    "damage, line",
    [
        (lambda content: content["data"][0]["skeleton"][0].update(pose=[0.5] * 34, score=[1] * 17), "17 joints"),
        (lambda content: content["data"][0]["skeleton"][0]["pose"].__setitem__(3, float("nan")), "finite"),
        (lambda content: content.update(label="cartwheel"), "labelled 'cartwheel', in the summary 'squat'"),
        (lambda content: content.update(data=[]), "no frames"),
        (lambda content: content["data"][0].update(frame_index=10**12), "frame_index 1000000000000"),
        (lambda content: content["data"][0].update(frame_index=float("inf")), "not a Kinetics-skeleton"),
        (lambda content: content.pop("data"), "it has no 'data'"),
    ],
)
def test_a_broken_clip_is_left_out_with_a_line_and_the_others_are_kept(make_set, make_clip, tmp_path, damage, line):
    path = make_set("kinetics", [make_clip("a"), make_clip("b")])
    with open(path + "/a.json") as stream:
        content = json.load(stream)
    damage(content)
    with open(path + "/a.json", "w") as stream:
        json.dump(content, stream)
    lines = []
    source = open_set(path)
    assert convert(source, str(tmp_path / "out" / "set"), "packed", lines.append) == 1
    assert len(lines) == 1 and line in lines[0] and lines[0].startswith("left out: ")
    with pytest.raises(RehabCoachError):
        list(source.clips())


def test_labels_that_the_label_file_lacks_are_left_out_with_a_line(make_set, make_clip):
    for format in FORMATS:
        path = make_set(format, [make_clip("a"), make_clip("b", "unknown")])
        with open(os.path.join(os.path.dirname(path), "label_name.txt"), "w") as stream:
            stream.write("squat\nlunge\n")
        lines = []
        clips = list(open_set(stem(path, format)).clips(report=lines.append))
        assert [clip.entry.name for clip in clips] == ["a"] and len(lines) == 1 and "label file" in lines[0]


def test_files_without_summary_entry_and_entries_without_file_are_told(make_set, make_clip):
    path = make_set("kinetics", [make_clip("a"), make_clip("b"), make_clip("c")])
    os.rename(path + "/a.json", path + "/d.json")
    lines = []
    names = [clip.entry.name for clip in open_set(path).clips(report=lines.append)]
    assert names == ["b", "c"] and len(lines) == 2
    assert "a: the summary names it" in lines[0] and "d: the summary" in lines[1]


def test_names_that_lead_out_of_the_folder_are_left_out(make_set, make_clip, tmp_path):
    path = make_set("packed", [make_clip("a"), make_clip("b")])
    with open(path + "_label.pkl", "wb") as stream:
        pickle.dump((["../../a.json", "b.json"], [0, 0]), stream)
    lines = []
    assert convert(open_set(path + "_data.npy"), str(tmp_path / "out" / "set"), "kinetics", lines.append) == 1
    assert "cannot be the name of a file" in lines[0]
    assert os.listdir(str(tmp_path / "out" / "set")) == ["b.json"]


class Bomb:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.mark.parametrize(
    "content, reason",
    [
        (Bomb(), "it wants to load"),
        ((["a"], [Bomb()]), "it wants to load"),
        ((["a"], np.array([1])), "it wants to load"),
        ({"a": 1}, "it holds a dict"),
        ((["a"], ["1"]), "it holds a str"),
        ((["a"], [True]), "it holds a bool"),
        ((["a", "b"], [1]), "2 names and 1 numbers"),
        ((["a"],), "it holds a tuple"),
    ],
)
def test_a_label_file_with_anything_but_names_and_numbers_is_refused(tmp_path, monkeypatch, content, reason):
    monkeypatch.chdir(tmp_path)
    with open("set_label.pkl", "wb") as stream:
        pickle.dump(content, stream)
    with pytest.raises(RehabCoachError, match="two lists of equal length") as refused:
        read_label_pickle("set_label.pkl")
    assert reason in str(refused.value) and not os.path.exists("harmed")


@pytest.mark.parametrize("damage", [b"", b"abc", b"\x80\x04."])
def test_a_damaged_label_file_is_refused(tmp_path, damage):
    path = tmp_path / "set_label.pkl"
    path.write_bytes(damage)
    with pytest.raises(RehabCoachError, match="two lists"):
        read_label_pickle(str(path))


def test_a_truncated_or_foreign_array_is_refused(make_set, make_clip):
    path = make_set("packed", [make_clip("a"), make_clip("b")])
    data = path + "_data.npy"
    with open(data, "rb+") as stream:
        stream.truncate(os.path.getsize(data) - 1000)
    with pytest.raises(RehabCoachError, match="not a whole .npy"):
        open_set(data)
    np.save(data, np.zeros((2, 3, 300, 25, 2), np.float32))
    with pytest.raises(RehabCoachError, match="has shape"):
        open_set(data)
    np.save(data, np.zeros((5, 3, 300, 18, 2), np.float32))
    with pytest.raises(RehabCoachError, match="5 clips, its label file 2"):
        open_set(data)
    np.save(data, np.array([{}], object), allow_pickle=True)
    with pytest.raises(RehabCoachError, match="not a whole .npy"):
        open_set(data)


def test_nan_in_a_packed_clip_leaves_out_that_clip(make_set, make_clip):
    path = make_set("packed", [make_clip("a"), make_clip("b")])
    array = np.load(path + "_data.npy", mmap_mode="r+")
    array[0, 0, 3, 3, 0] = np.nan
    array.flush()
    lines = []
    assert [clip.entry.name for clip in open_set(path).clips(report=lines.append)] == ["b"]
    assert "a: " in lines[0] and "finite" in lines[0]


@pytest.mark.parametrize("format", FORMATS)
def test_an_interrupted_conversion_leaves_no_half_set(format, tmp_path, make_clip):
    from rehab_coach.dataset import SetWriter

    with pytest.raises(KeyboardInterrupt):
        with SetWriter(str(tmp_path / "set"), format, ("squat",)) as writer:
            writer.add(make_clip("a"))
            raise KeyboardInterrupt
    assert os.listdir(str(tmp_path)) == ["label_name.txt"]


def test_what_a_killed_conversion_left_is_no_part_of_the_next(tmp_path, make_clip, make_set):
    source = open_set(make_set("npz", [make_clip("a")]))
    (tmp_path / "new" / ".set.part").mkdir(parents=True)
    (tmp_path / "new" / ".set.part" / "old.npz").write_text("half")
    convert(source, str(tmp_path / "new" / "set"), "npz", nothing)
    assert sorted(os.listdir(str(tmp_path / "new"))) == ["label_name.txt", "set", "set_label.json"]
    assert os.listdir(str(tmp_path / "new" / "set")) == ["a.npz"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_an_error_and_nothing_is_half_written(format, make_set, make_clip, make_person, tiny_disk):
    source = open_set(make_set("npz", [make_clip("c%d" % n, "squat", "", make_person(n, 300)) for n in range(8)]))
    with pytest.raises(RehabCoachError, match="cannot write .*No space left on device"):
        convert(source, str(tiny_disk / "set"), format, nothing)
    assert os.listdir(str(tiny_disk)) == ["label_name.txt"]


def test_sets_are_not_overwritten_nor_mixed(make_set, make_clip, tmp_path):
    source = open_set(make_set("kinetics", [make_clip("a")]))
    for format in FORMATS:
        path = str(tmp_path / format / "set")
        convert(source, path, format, nothing)
        with pytest.raises(RehabCoachError, match="there already"):
            convert(source, path, format, nothing)
    with open(str(tmp_path / "label_name.txt"), "w") as stream:
        stream.write("walking\n")
    with pytest.raises(RehabCoachError, match="other labels"):
        convert(source, str(tmp_path / "set"), "npz", nothing)


@pytest.mark.parametrize("content", ["", "squat\n\nlunge\n", "squat\nsquat\n", None])
def test_wrong_label_files_are_refused(make_set, make_clip, content):
    path = make_set("packed", [make_clip("a")])
    labels = os.path.join(os.path.dirname(path), "label_name.txt")
    os.remove(labels)
    if content is not None:
        with open(labels, "w") as stream:
            stream.write(content)
    with pytest.raises(RehabCoachError, match="label"):
        open_set(path)


def test_what_is_no_set_is_a_clear_error(tmp_path):
    with pytest.raises(RehabCoachError, match="there is no set"):
        open_set(str(tmp_path / "nowhere"))
    with pytest.raises(RehabCoachError, match="neither .json nor .npz"):
        open_set(str(tmp_path))


def test_a_set_of_another_program_may_have_byte_order_marks(make_set, make_clip, make_person):
    path = make_set("kinetics", [make_clip("a", "lunge", "p1", make_person(1, 300))])
    files = [path + "_label.json", os.path.join(os.path.dirname(path), "label_name.txt"), os.path.join(path, "a.json")]
    for file in files:
        with open(file, "rb") as stream:
            content = stream.read()
        with open(file, "wb") as stream:
            stream.write(b"\xef\xbb\xbf" + content)
    again = open_set(path)
    assert not again.problems and [clip.entry.label for clip in again.clips()] == ["lunge"]
