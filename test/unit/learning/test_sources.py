"""Sets and tables of sequences as sources of a training."""

import pytest

from rehab_coach.dataset import Entry, LabelledClip, SetWriter
from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.recipe import make_recipe
from rehab_coach.learning.run import Options, read_samples
from rehab_coach.learning.sources import read_source

LABELS = ("squat", "jumping_jack", "unknown")


@pytest.fixture
def table(tmp_path, figure):
    folder = tmp_path / "rendered"
    folder.mkdir()
    lines = ["label,file,group,estimator,body"]
    for number, label in enumerate(LABELS[:2]):
        figure(label).save(str(folder / ("%d.npz" % number)))
        lines.append("%s,%d.npz,person %d,tf_pose,yes" % (label, number, number))
    lines += ["squat,missing.npz,person 7,tf_pose,yes", "unknown,short.npz,person 8,mediapipe,no"]
    figure("squat")[:1].save(str(folder / "short.npz"))
    (folder / "people.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_table_of_sequences_is_read_and_what_is_broken_is_told(table):
    lines = []
    samples = read_source("rendered", str(table), LABELS, lines.append)
    assert [(sample.label, sample.group, sample.source, sample.estimator) for sample in samples] == [
        ("squat", "person 0", "rendered", "tf_pose"),
        ("jumping_jack", "person 1", "rendered", "tf_pose"),
    ]
    assert all(sample.estimated for sample in samples)
    assert len(lines) == 2 and "missing.npz" in lines[0] and "short.npz" in lines[1]


def test_a_rendering_that_was_interrupted_is_no_set(table):
    (table / "people.csv").unlink()
    (table / "plan.json").write_text("{}\n")
    with pytest.raises(RehabCoachError, match="its rendering was interrupted: run the same `rehab-coach render`"):
        read_source("rendered", str(table), LABELS, print)


@pytest.mark.parametrize("format", ["kinetics", "npz", "packed"])
def test_every_kind_of_set_is_a_source(tmp_path, figure, format):
    path = str(tmp_path / "sets" / "train")
    with SetWriter(path, format, LABELS) as writer:
        for number in range(4):
            label = LABELS[number % 2]
            writer.add(
                LabelledClip(Entry("clip%d" % number, label, number % 2, "p%d" % (number // 2)), (figure(label),))
            )
    recipe = make_recipe(
        {
            "labels": list(LABELS),
            "sources": {"mine": 2},
            "sets": {"mine": "sets/train" + "_data.npy" * (format == "packed")},
        }
    )
    samples = read_samples(recipe, Options(str(tmp_path), str(tmp_path / "run")))
    assert [sample.label for sample in samples] == ["squat", "jumping_jack"] * 2
    assert [sample.group for sample in samples] == ["p0", "p0", "p1", "p1"]
    assert {sample.source for sample in samples} == {"mine"}


def test_a_label_that_the_recipe_lacks_is_named(table):
    with pytest.raises(RehabCoachError, match="label 'jumping_jack', which is none of those that may occur"):
        read_source("rendered", str(table), ("squat", "unknown"), print)


def test_several_tables_or_nothing_are_named(table, tmp_path):
    with pytest.raises(RehabCoachError, match="there is no set"):
        read_source("mine", str(tmp_path / "nowhere"), LABELS, print)
    (table / "more.csv").write_text("label,file\n")
    with pytest.raises(RehabCoachError, match="several tables .*more.csv, people.csv"):
        read_source("rendered", str(table), LABELS, print)


def test_nothing_usable_is_an_error(tmp_path):
    (tmp_path / "people.csv").write_text("label,file\nsquat,none.npz\n")
    with pytest.raises(RehabCoachError, match="no sequence of"):
        read_source("rendered", str(tmp_path), LABELS, lambda line: None)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"sets": {"penn": "x"}}, "new names"),
        ({"sets": {"mine": 3}}, "a path"),
        ({"sets": {"mine": "x"}, "sources": {"penn": 1}}, "weight for the set 'mine'"),
    ],
)
def test_sets_in_a_recipe_are_checked(changes, words):
    with pytest.raises(RehabCoachError, match=words):
        make_recipe(dict({"labels": list(LABELS), "sources": {"mine": 1}}, **changes))
