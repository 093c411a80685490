import os
import shutil
import time

import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.robot import voice
from rehab_coach.robot.voice import Voice

RATE = 22050

speaks = pytest.mark.skipif(not any(map(shutil.which, voice.PROGRAMS)), reason="espeak-ng speaks")


@pytest.fixture
def sound(tmp_path, monkeypatch):
    """A sound device that writes samples to a file."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(tmp_path / "sound.raw"))
    return tmp_path / "sound.raw"


def heard(path):
    """Seconds in which the file is not silent."""
    samples = np.fromfile(path, np.int16)
    blocks = samples[: len(samples) // 441 * 441].reshape(-1, 441).astype(float)
    return (blocks.std(axis=1) > 300).sum() * 441 / RATE


@speaks
def test_sentences_are_said_one_after_the_other_and_nobody_waits(sound, monkeypatch):
    monkeypatch.setattr(voice, "LATE", 600.0)  # on a slow machine too
    speaker = Voice("en")
    speaker.say("Well done! That was a squat")
    speaker.say("-v is no option here")
    assert not speaker.idle
    while not speaker.idle:
        time.sleep(0.02)
    speaker.close()
    assert heard(sound) > 1.5


@speaks
def test_a_sentence_that_is_late_is_not_said(sound, monkeypatch):
    monkeypatch.setattr(voice, "LATE", -1.0)
    speaker = Voice("en")
    speaker.say("Well done! That was a squat")
    while not speaker.idle:
        time.sleep(0.02)
    speaker.close()
    assert heard(sound) == 0.0


@speaks
def test_closing_ends_the_sentence(sound):
    speaker = Voice("en")
    speaker.say("one two three four five six seven eight nine ten " * 20)
    speaker.close()
    assert not os.path.exists(speaker._folder)


@speaks
def test_no_sound_device_is_an_error_that_says_so(monkeypatch, capfd):
    monkeypatch.setenv("SDL_AUDIODRIVER", "no_such_driver")
    with pytest.raises(RehabCoachError, match="no sound device"):
        Voice("en")
    assert capfd.readouterr().err == ""


@speaks
def test_a_language_that_the_program_does_not_speak(sound):
    with pytest.raises(RehabCoachError, match="cannot speak 'xx'"):
        Voice("xx")


def test_no_program_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RehabCoachError, match="install the package espeak-ng"):
        Voice("en")
