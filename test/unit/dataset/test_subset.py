import pytest

from rehab_coach.dataset import Entry, open_set
from rehab_coach.dataset.subset import (
    check_groups,
    choose,
    groups_from_names,
    groups_from_table,
    split,
    write_splits,
)
from rehab_coach.errors import RehabCoachError


def large_set(classes=8, persons=20):
    return [
        Entry("p%02d_%s" % (person, label), label, number, "p%02d" % person)
        for number, label in enumerate("abcdefgh"[:classes])
        for person in range(persons)
    ]


def test_chosen_classes_are_renumbered_and_others_become_unknown():
    chosen = choose(large_set(), ["c", "a"], 30, seed=1)
    assert [sum(entry.label == label for entry in chosen) for label in ("c", "a", "unknown")] == [20, 20, 30]
    assert {(entry.label, entry.label_index) for entry in chosen} == {("c", 0), ("a", 1), ("unknown", 2)}
    assert not [entry for entry in chosen if entry.label == "unknown" and entry.name[-1] in "ac"]


def test_the_choice_depends_on_the_seed_alone():
    first, again, other = (choose(large_set(), ["a"], 10, seed) for seed in (3, 3, 4))
    assert first == again and first != other


def test_clips_without_anybody_are_not_chosen():
    entries = large_set(2, 5) + [Entry("empty", "a", 0, "p1", has_skeleton=False)]
    assert "empty" not in [entry.name for entry in choose(entries, ["a"], 0)]


@pytest.mark.parametrize(
    "classes, unknown, reason",
    [
        (["z"], 0, "no clip of 'z'; classes with clips: a, b"),
        (["a"], 6, "there are 5"),
        (["a"], -1, "-1 others"),
        (["a", "a"], 0, "once"),
    ],
)
def test_what_cannot_be_chosen_is_said(classes, unknown, reason):
    with pytest.raises(RehabCoachError, match=reason):
        choose(large_set(2, 5), classes, unknown)


def test_splits_never_divide_a_group_and_keep_the_classes_apart_evenly():
    entries = large_set(classes=4, persons=40)
    splits = split(entries, (0.7, 0.15, 0.15), seed=2)
    groups = {name: {entry.group for entry in members} for name, members in splits.items()}
    assert not groups["train"] & groups["validation"] | groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    assert sum(map(len, splits.values())) == len(entries)
    for name, share in (("train", 0.7), ("validation", 0.15), ("test", 0.15)):
        for label in "abcd":
            assert sum(entry.label == label for entry in splits[name]) == pytest.approx(40 * share, abs=2)


def test_a_large_group_stays_whole():
    entries = [Entry("v%d" % number, "a", 0, "video") for number in range(90)]
    entries += [Entry("w%d" % number, "a", 0, "other %d" % number) for number in range(10)]
    splits = split(entries, (0.5, 0.25, 0.25))
    assert [len({entry.name[0] for entry in members} & {"v"}) for members in splits.values()].count(1) == 1


def test_classes_of_one_group_each_are_spread_over_the_splits():
    entries = [Entry("%s%d" % (label, n), label, 0, "person " + label) for label in "abcd" for n in range(5)]
    assert sorted(map(len, split(entries, (0.5, 0.25, 0.25)).values())) == [5, 5, 10]


def test_a_share_of_nothing_leaves_a_split_empty():
    splits = split(large_set(2, 6), (0.5, 0, 0.5))
    assert splits["validation"] == [] and len(splits["train"]) == len(splits["test"]) == 6


def test_split_by_clip_is_refused():
    with pytest.raises(RehabCoachError, match="belongs to no group"):
        split([Entry("a", "x", 0)])
    with pytest.raises(RehabCoachError, match="add up to 1"):
        split(large_set(), (0.7, 0.2, 0.2))


def test_a_group_in_two_splits_is_an_error(tmp_path):
    first, second = Entry("one", "a", 0, "p1"), Entry("two", "a", 0, "p1")
    with pytest.raises(RehabCoachError, match="group 'p1' would be in train and in test"):
        check_groups({"train": [first], "test": [second]})
    table = tmp_path / "groups.csv"
    table.write_text("name,group,split\none,p1,train\ntwo,p1,test\n")
    entries, fixed = groups_from_table([Entry("one", "a", 0), Entry("two", "a", 0)], str(table))
    with pytest.raises(RehabCoachError, match="group 'p1' would be in train and in test"):
        split(entries, fixed=fixed)


def test_a_decided_split_takes_the_whole_group(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("name,group,split\n" + "".join("n%d,g%d,%s\n" % (n, n // 2, "test" * (n == 0)) for n in range(8)))
    entries, fixed = groups_from_table([Entry("n%d" % n, "a", 0) for n in range(8)], str(table))
    splits = split(entries, (0.75, 0.0, 0.25), fixed=fixed)
    assert [entry.name for entry in splits["test"]] == ["n0", "n1"]


@pytest.mark.parametrize(
    "table, reason",
    [("name,group\none,p1\n", "no group for two"), ("name,group,split\none,a,x\ntwo,b,\n", "the split 'x'")],
)
def test_wrong_tables_of_groups_are_refused(tmp_path, table, reason):
    path = tmp_path / "groups.csv"
    path.write_text(table)
    with pytest.raises(RehabCoachError, match=reason):
        groups_from_table([Entry("one"), Entry("two")], str(path))


def test_groups_from_the_names():
    entries = [Entry("s07_squat_1"), Entry("s11_lunge_2")]
    assert [entry.group for entry in groups_from_names(entries, r"^(s\d+)_")] == ["s07", "s11"]
    for pattern, reason in (("(", "no regular expression"), ("s", "needs parentheses"), ("(s07)", "does not match")):
        with pytest.raises(RehabCoachError, match=reason):
            groups_from_names(entries, pattern)


def test_splits_are_written_as_sets_that_can_be_opened(make_set, make_clip, tmp_path):
    clips = [make_clip("p%d_%s" % (n, label), label, "p%d" % n) for n in range(4) for label in ("squat", "lunge")]
    source = open_set(make_set("kinetics", clips))
    chosen = choose(source.entries, ["lunge"], 4, 0)
    lines = []
    counts = write_splits(
        source, split(chosen, (0.5, 0.0, 0.5)), ("lunge", "unknown"), str(tmp_path / "new"), "packed", lines.append
    )
    assert counts == {name: {"lunge": 2, "unknown": 2} for name in ("train", "test")} and not lines
    test = open_set(str(tmp_path / "new" / "test"))
    assert test.labels == ("lunge", "unknown")
    assert {clip.entry.label for clip in test.clips()} == {"lunge", "unknown"}
    train_groups = {entry.group for entry in open_set(str(tmp_path / "new" / "train")).entries}
    assert train_groups and not train_groups & {entry.group for entry in test.entries}
