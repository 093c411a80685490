"""The catalogue: what its records name exists, and what nobody described has defaults."""

import os

import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import ALIASES, EXERCISES, UNKNOWN, Exercise, check_labels, find, label_of_motion, registry
from rehab_coach.kinematics.form.limits import load_limits
from rehab_coach.kinematics.form.rules import RULES
from rehab_coach.kinematics.repetitions.signal import MEASURES
from rehab_coach.opensim.coordinates import COORDINATES
from rehab_coach.paths import share_path
from rehab_coach.recognition.model_file import load_model
from rehab_coach.recognition.recognizer import default_model
from rehab_coach.simulation.motions import KINDS
from rehab_coach.texts import languages, load_texts

ANGLES = {name for name, coordinate in COORDINATES.items() if coordinate.sided} | {"shoulder_elv"}


@pytest.fixture(autouse=True)
def nothing_of_ones_own(monkeypatch):
    monkeypatch.setattr(registry, "_own", {})


@pytest.mark.parametrize("label", EXERCISES)
def test_what_a_record_names_exists(label):
    exercise = EXERCISES[label]
    assert exercise.label == label
    assert set(languages()) <= set(exercise.names)
    assert exercise.signal is None or exercise.signal in MEASURES
    assert exercise.rules is None or exercise.rules in RULES and exercise.rules in load_limits()
    assert exercise.motion is None or exercise.motion in KINDS
    assert {exercise.sided_angle, exercise.angle} <= ANGLES | {""}
    assert exercise.figure is None or all(len(pose.split()) == 22 for pose in exercise.figure.poses)
    assert exercise.figure is None or set(exercise.figure.equipment.split()) <= {"floor", "barbell", "bar"}


def test_every_record_has_a_file_of_its_own():
    files = os.listdir(os.path.dirname(registry.__file__))
    assert {label + ".py" for label in EXERCISES} <= set(files)


def test_labels_and_aliases_are_clear():
    check_labels([*EXERCISES, UNKNOWN], "the catalogue")
    assert not set(ALIASES) & set(EXERCISES)
    assert len(ALIASES) == sum(len(exercise.aliases) for exercise in EXERCISES.values())


def test_nothing_mechanical_is_left_without_an_exercise():
    assert set(MEASURES) == {exercise.signal for exercise in EXERCISES.values()}
    assert set(RULES) == {exercise.rules for exercise in EXERCISES.values()}
    assert [label_of_motion(exercise.motion) for exercise in EXERCISES.values()] == list(EXERCISES)
    assert label_of_motion("waving") == UNKNOWN


def test_the_model_that_ships_knows_the_catalogue():
    assert load_model(default_model())[1].labels == (*EXERCISES, UNKNOWN)


def test_what_nobody_described_has_defaults():
    assert find("squat") is EXERCISES["squat"]
    swing = find("kettlebell_swing")
    assert isinstance(swing, Exercise) and (swing.signal, swing.rules, swing.motion, swing.figure) == (None,) * 4
    assert load_texts("no").an("kettlebell_swing") == "kettlebell swing"


def test_the_user_names_exercises_of_his_own_and_of_the_catalogue(tmp_path):
    picture = tmp_path / "swing.png"
    picture.touch()
    registry.add_own(
        {
            "welcome": {"names": {"en": ["warm welcome", "a warm welcome"]}, "picture": str(picture)},
            "squat": {"names": {"en": ["knee bend", "a knee bend"]}},
        }
    )
    assert load_texts().an("welcome") == load_texts("no").an("welcome") == "a warm welcome"
    assert load_texts()("welcome").startswith("Welcome to")  # a label is no key of a sentence
    assert (load_texts().exercise("squat"), load_texts("no").exercise("squat")) == ("knee bend", "knebøy")
    assert find("squat").rules == "squat" and find("welcome").picture == str(picture)


@pytest.mark.parametrize(
    "table, said",
    [
        ("squat", "own_exercises must be a table of labels, not 'squat'; see docs/exercises.md"),
        ({"arm swing": {}}, "own_exercises has the label 'arm swing'.* such as arm_swing;"),
        ({"swing": {"rules": "squat"}}, "own_exercises: swing may have names and a picture, not"),
        ({"swing": {"names": {"en": "swing"}}}, "own_exercises: swing: names must be two texts for each language"),
        ({"swing": {"names": {False: ["sving", "en sving"]}}}, '"no" in quotes'),
        ({"swing": {"picture": "/nowhere/swing.png"}}, "there is no picture /nowhere/swing.png; give the whole path"),
    ],
)
def test_a_table_that_is_wrong_adds_nothing(table, said):
    good = {"hop": {"names": {"en": ["hop", "a hop"]}}}
    with pytest.raises(RehabCoachError, match=said):
        registry.add_own({**good, **table} if isinstance(table, dict) else table)
    assert find("hop").names == {}


def test_the_example_in_the_configuration_is_right(tmp_path):
    with open(share_path("config", "coach.yaml"), encoding="utf-8") as stream:
        text = stream.read()
    example = yaml.safe_load(text[text.index("# own_exercises:") :].replace("\n# ", "\n").lstrip("# "))
    (values,) = example["own_exercises"].values()
    del values["picture"]
    (tmp_path / "coach.yaml").write_text(yaml.safe_dump(example))
    registry.read_own(str(tmp_path / "coach.yaml"))
    assert load_texts("no").an("arm_circle") == "en armsirkel"


@pytest.mark.parametrize(
    "content, said",
    [
        (None, "cannot read the configuration .*coach.yaml"),
        ("a: [", "cannot read the configuration .*coach.yaml"),
        ("- 1", "coach.yaml is no configuration"),
        ("own_exercises: 3", "coach.yaml: own_exercises must be a table"),
    ],
)
def test_a_configuration_that_is_none_is_told(tmp_path, content, said):
    path = tmp_path / "coach.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RehabCoachError, match=said):
        registry.read_own(str(path))
