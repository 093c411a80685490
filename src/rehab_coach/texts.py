"""What the coach says, in the language of the person.

A language is a few files in ``config/texts``: ``CODE.yaml`` for all that is said on the way through a round,
``form.CODE.yaml`` for the remarks about the form, ``report.CODE.yaml`` for the report. Each is a flat table of keys and
sentences, in which words in braces stand for what is put in. English is the measure: another language has the same
files, keys and words in braces, or it is refused when it is loaded. The names of the exercises are in their records; in
a language that those lack, CODE.yaml has them too: ``squat: Kniebeuge`` and ``a_squat: eine Kniebeuge``.
"""

import functools
import glob
import os
import string
from typing import Any, Dict, Mapping, Optional, Set, Tuple

import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import EXERCISES, find
from rehab_coach.exercises.record import ENGLISH
from rehab_coach.paths import share_path


def languages(folder: str = "") -> Tuple[str, ...]:
    """Codes of the languages that have a file, English first.

    Args:
        folder: where the files are; empty: those that ship.
    """
    names = [os.path.basename(path)[: -len(".yaml")] for path in glob.glob(os.path.join(_folder(folder), "*.yaml"))]
    return (ENGLISH,) + tuple(sorted(name for name in names if "." not in name and name != ENGLISH))


class Texts:
    """The sentences of one language: ``texts("well_done", exercise=texts.an("squat"))``.

    Args:
        language: its code.
        sentences: key -> sentence, perhaps with words in braces.
        names: exercise -> its name and as in "please do ...", where its record lacks the language.

    Attributes:
        language: its code.
    """

    def __init__(self, language: str, sentences: Dict[str, str], names: Optional[Mapping[str, Tuple[str, str]]] = None):
        self.language = language
        self._sentences, self._names = sentences, names or {}

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of a key.

        Args:
            key: as in the file.
            values: for the words in braces; those that the sentence does not have are left out.

        Raises:
            KeyError: there is no such key, or a word in braces has no value.
        """
        return self._sentences[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def exercise(self, label: str) -> str:
        """Name of an exercise: "push-up" for "push_up"; a label without a name is shown as it is."""
        return self._name(label)[0]

    def an(self, label: str) -> str:
        """One of an exercise, as in "please do a push-up"."""
        return self._name(label)[1]

    def _name(self, label: str) -> Tuple[str, str]:
        exercise = find(label)
        return exercise.names.get(self.language) or self._names.get(label) or exercise.spoken


@functools.lru_cache(maxsize=None)
def load_texts(language: str = ENGLISH, part: str = "", folder: str = "") -> Texts:
    """Read a language and check that nothing is missing.

    Args:
        language: code of the language.
        part: "report" for the report's texts; empty: all that the coach says, remarks about the form included.
        folder: where the files are; empty: those that ship.

    Raises:
        RehabCoachError: no such language, a file that is damaged, or not the same keys and words in braces as English;
            the message names the file and what to do.
    """
    if language not in languages(folder):
        raise RehabCoachError(
            "there are no texts in the language '%s'; there are: %s. To add it, translate %s and form.en.yaml"
            % (language, ", ".join(languages(folder)), os.path.join(_folder(folder), "en.yaml"))
        )
    sentences: Dict[str, str] = {}
    names: Dict[str, Tuple[str, str]] = {}
    for prefix in (part + ".",) if part else ("", "form."):
        path = os.path.join(_folder(folder), prefix + language + ".yaml")
        own = _read(path)
        if not prefix:
            names = _names(path, language, own)
        if language != ENGLISH:
            _compare(path, own, _read(os.path.join(_folder(folder), prefix + ENGLISH + ".yaml")))
        sentences.update(own)
    return Texts(language, sentences, names)


def _names(path: str, language: str, own: Dict[str, str]) -> Dict[str, Tuple[str, str]]:
    """Take the names of exercises out of a language's texts; each must be there or in the exercise's record."""
    names = {}
    for label, exercise in EXERCISES.items():
        keys = (label, "a_" + label)
        given = [own.pop(key) for key in keys if key in own]
        if len(given) == 2:
            names[label] = (given[0], given[1])
        elif language not in exercise.names:
            raise RehabCoachError(
                "%s lacks the texts: %s; they are the exercise's name, and as in 'please do ...'"
                % (path, " and ".join(keys))
            )
    return names


def _folder(folder: str) -> str:
    return folder or share_path("config", "texts")


def _read(path: str) -> Dict[str, str]:
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except OSError as error:
        raise RehabCoachError("cannot read the texts %s: %s" % (path, error.strerror or error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehabCoachError("the texts %s are no YAML: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(content, dict) or not all(isinstance(text, str) for text in content.values()):
        raise RehabCoachError("the texts %s must be keys with one sentence each; put quotes around it" % path)
    for key, text in content.items():
        try:
            _braces(text)
        except ValueError as error:
            raise RehabCoachError("the text '%s' in %s is damaged: %s" % (key, path, error)) from error
    return content


def _compare(path: str, own: Dict[str, str], english: Dict[str, str]) -> None:
    missing, unknown = sorted(set(english) - set(own)), sorted(set(own) - set(english))
    if missing:
        raise RehabCoachError("%s lacks the texts: %s; take them from the English file" % (path, ", ".join(missing)))
    if unknown:
        raise RehabCoachError("%s has texts that nobody says: %s; misspelt?" % (path, ", ".join(unknown)))
    for key, text in own.items():
        if _braces(text) != _braces(english[key]):
            words = " ".join("{%s}" % word for word in sorted(_braces(english[key]))) or "none"
            raise RehabCoachError("the text '%s' in %s must have these words in braces: %s" % (key, path, words))


def _braces(text: str) -> Set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
