import os
import re

import pytest
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES
from rehab_coach.paths import share_path
from rehab_coach.texts import languages, load_texts

ROOT = share_path()


def sentences(name):
    with open(share_path("config", "texts", name), encoding="utf-8") as stream:
        return yaml.safe_load(stream)


@pytest.mark.parametrize("language", languages())
def test_every_language_that_ships_is_whole(language):
    texts = load_texts(language)
    assert texts.language == language
    assert {"en", "no"} <= set(languages())


def test_every_exercise_has_its_names():
    assert [load_texts().an(label) for label in EXERCISES] == [
        "a squat",
        "a lunge",
        "a deadlift",
        "a push-up",
        "a pull-up",
        "a jumping jack",
    ]
    for language in languages():
        texts = load_texts(language)
        assert all(texts.an(label).endswith(texts.exercise(label)) for label in EXERCISES)


def test_an_exercise_without_a_text_is_shown_as_it_is():
    assert (load_texts("no").exercise("arm_circle"), load_texts("no").an("arm_circle")) == ("arm circle", "arm circle")


def test_what_is_said_is_in_the_file_and_what_is_in_the_file_is_said():
    code = ""
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as stream:
                    code += stream.read()
    keys = set(sentences("en.yaml"))
    english = [name for name in os.listdir(share_path("config", "texts")) if name.endswith(".en.yaml")]
    assert set(re.findall(r'texts\(\s*"(\w+)"', code)) <= keys.union(*map(sentences, english))
    # "_hint" is put to the names of the stop's states.
    assert [key for key in keys if '"%s"' % re.sub("_hint$", "", key) not in code] == []


def written(folder, **files):
    files = dict({"form__en": "heels_up: Heels\n", "form__de": "heels_up: Fersen\n"}, **files)
    for name, content in files.items():
        (folder / (name.replace("__", ".") + ".yaml")).write_text(content, encoding="utf-8")
    return str(folder)


ENGLISH = "hello: Hello {name}\nbye: Bye\n"
NAMES = "".join("{0}: {0}-de\na_{0}: ein {0}-de\n".format(label) for label in EXERCISES)


def test_a_language_is_added_by_adding_a_file(tmp_path):
    folder = written(tmp_path, en=ENGLISH, de="hello: Hallo {name}\nbye: Tschüs\n" + NAMES)
    assert languages(folder) == ("en", "de")
    assert load_texts("de", folder=folder)("hello", name="Anna") == "Hallo Anna"
    assert load_texts("de", folder=folder).an("squat") == "ein squat-de"


def test_a_language_needs_the_names_of_the_exercises_whose_records_lack_it(tmp_path):
    folder = written(tmp_path, en=ENGLISH, de=ENGLISH + NAMES.replace("a_lunge", "a_lonche"))
    with pytest.raises(RehabCoachError, match="de.yaml lacks the texts: lunge and a_lunge; they are the exercise's"):
        load_texts("de", folder=folder)


@pytest.mark.parametrize(
    "content, words",
    [
        ("hello: Hallo {name}\n", "lacks the texts: bye"),
        ("hello: Hallo {name}\nbye: Tschüs\nbey: Tschüs\n", "nobody says: bey"),
        ("hello: Hallo {nmae}\nbye: Tschüs\n", "'hello' in .*de.yaml must have these words in braces: {name}"),
        ("hello: Hallo {name\nbye: Tschüs\n", "'hello' in .* is damaged"),
        ("hello: Hallo {name}\nbye: no\n", "one sentence each"),
        ("hello: [\n", "no YAML"),
        ("- hello\n", "one sentence each"),
        ("", "one sentence each"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_when_it_is_loaded(tmp_path, content, words):
    folder = written(tmp_path, en=ENGLISH, de=content + (NAMES if "Hallo" in content else ""))
    with pytest.raises(RehabCoachError, match=words):
        load_texts("de", folder=folder)


def test_a_language_needs_every_file_of_english(tmp_path):
    folder = written(tmp_path, en=ENGLISH, de=ENGLISH + NAMES)
    assert languages(folder) == ("en", "de")
    assert load_texts("de", folder=folder)("heels_up") == "Fersen"
    load_texts.cache_clear()
    (tmp_path / "form.de.yaml").unlink()
    with pytest.raises(RehabCoachError, match="cannot read the texts .*form.de.yaml"):
        load_texts("de", folder=folder)


def test_a_part_has_its_own_keys(tmp_path):
    folder = written(tmp_path, en=ENGLISH, report__en="hello: Report\n")
    assert load_texts(part="report", folder=folder)("hello") == "Report"


def test_a_language_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(RehabCoachError, match="'xx'; there are: en, no"):
        load_texts("xx")
