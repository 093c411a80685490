"""Says sentences aloud: eSpeak NG makes them, PyGame's mixer plays them, and nobody waits for either.

Python's text-to-speech covers were not taken: on Linux they call eSpeak too, but hang at the second sentence or do not
notice that there is no sound device.
"""

import contextlib
import os
import queue
import shutil
import subprocess
import threading
import time
from typing import Iterator, Optional, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_temporary_folder

PROGRAMS = ("espeak-ng", "espeak")
WORDS_A_MINUTE = 150
LATE = 5.0
"""Seconds after which a sentence that had to wait is not said any more."""
_RATE = 22050  # Hz, eSpeak's own


class Voice:
    """A thread that speaks one sentence after the other.

    SDL chooses the sound device; ``SDL_AUDIODRIVER=disk`` writes to the file ``SDL_DISKAUDIOFILE`` instead.

    Args:
        language: code of the language.

    Raises:
        RehabCoachError: no speech program, no voice for the language, no PyGame, no sound device.
    """

    def __init__(self, language: str):
        found = [path for path in map(shutil.which, PROGRAMS) if path]
        if not found:
            raise RehabCoachError("there is no program that speaks; install the package espeak-ng")
        self._program, self._language = found[0], language
        self._folder = make_temporary_folder()
        try:
            self._make(".")
            self._mixer = _open_mixer()
        except RehabCoachError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._sentences: "queue.Queue[Optional[Tuple[float, str]]]" = queue.Queue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def say(self, sentence: str) -> None:
        """Say it as soon as everything before it was said; returns at once."""
        self._sentences.put((time.monotonic(), sentence))

    @property
    def idle(self) -> bool:
        """Everything was said."""
        return not self._sentences.unfinished_tasks

    def close(self) -> None:
        """Be silent, in the middle of a word if need be."""
        self._closing.set()
        self._sentences.put(None)
        self._thread.join(5.0)
        self._mixer.quit()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> None:
        while True:
            entry = self._sentences.get()
            if entry is None or self._closing.is_set():
                return
            wished, sentence = entry
            with contextlib.suppress(RehabCoachError, RuntimeError):  # one sentence less; pygame.error is the latter
                if time.monotonic() - wished <= LATE:
                    self._play(self._make(sentence))
            self._sentences.task_done()

    def _make(self, sentence: str) -> str:
        """Path of a WAV file that says the sentence."""
        path = os.path.join(self._folder, "sentence.wav")
        command = [self._program, "-v", self._language, "-s", str(WORDS_A_MINUTE), "-w", path, "--stdin"]
        try:
            run = subprocess.run(
                command, input=sentence.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30.0
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RehabCoachError("%s does not work: %s" % (self._program, error)) from error
        if run.returncode or not os.path.exists(path):
            said = " ".join(run.stdout.decode("utf-8", "replace").split())
            raise RehabCoachError("%s cannot speak '%s': %s" % (self._program, self._language, said))
        return path

    def _play(self, path: str) -> None:
        channel = self._mixer.Sound(path).play()
        while channel is not None and channel.get_busy() and not self._closing.wait(0.02):
            pass


def _open_mixer():
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError as error:
        raise RehabCoachError("the voice needs PyGame: pip install 'rehab_coach[display]'") from error
    with _silent_libraries():
        try:
            pygame.mixer.init(_RATE, -16, 1)
        except pygame.error as error:
            raise RehabCoachError("there is no sound device (%s)" % error) from error
    return pygame.mixer


@contextlib.contextmanager
def _silent_libraries() -> Iterator[None]:
    """What C libraries write to standard error goes nowhere: ALSA takes ten lines to say that there is no card."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
