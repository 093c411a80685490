"""Films what the screen shows at a constant rate, without holding the screen up."""

import os
import threading
import time
from typing import Callable, Optional, Tuple

import numpy as np
import pygame

from rehab_coach.errors import RehabCoachError
from rehab_coach.video_file import VideoFile


class ScreenVideo:
    """A film of the screen in real time.

    A thread takes the last picture that was shown, as often as the rate says, so the film keeps its pace when
    the screen does not change or the encoder is slow. A file with the final name is whole
    (:class:`~rehab_coach.video_file.VideoFile`).

    Args:
        path: the file, ending in .mp4; its folder is made where it is missing. An older file is replaced.
        size: width and height in pixels.
        rate: pictures per second.
        on_error: called once, with a message, when writing fails later (the disk is full ...); from then on
            nothing is written.
        ffmpeg: name or path of the encoder; "" writes with OpenCV.

    Raises:
        RehabCoachError: the path cannot be written.
    """

    def __init__(
        self,
        path: str,
        size: Tuple[int, int],
        rate: float,
        on_error: Callable[[str], None],
        ffmpeg: str = "ffmpeg",
    ):
        self.path = os.path.abspath(os.path.expanduser(path))
        if not self.path.endswith(".mp4"):
            raise RehabCoachError("cannot record to %s: give a file that ends in .mp4" % path)
        if os.path.isdir(self.path):
            raise RehabCoachError("cannot record to %s: it is a folder; give a file in it" % path)
        self._size, self._rate, self._on_error = size, rate, on_error
        try:
            self._file = VideoFile(self.path, size, rate, live=True, ffmpeg=ffmpeg)
        except RehabCoachError as error:
            raise RehabCoachError("cannot record the screen: %s; choose another place" % error) from error
        self._lock = threading.Lock()
        self._picture: Optional[bytes] = None
        self._closing = threading.Event()
        self._failed = self._hurrying = False
        self._thread = threading.Thread(target=self._run, name="screen video", daemon=True)
        self._thread.start()

    def show(self, surface: pygame.Surface) -> None:
        """The screen has changed; the surface has 32 bits a pixel, blue first."""
        picture = surface.get_buffer().raw
        with self._lock:
            self._picture = picture

    def close(self) -> bool:
        """Finish the film; True if there is one. Calling it again does nothing."""
        if not self._closing.is_set():
            self._closing.set()
            self._thread.join(timeout=5.0)
            self._hurrying = True  # an encoder that is far behind does not catch up: a film that is too short is one
            self._thread.join(timeout=10.0)
            if self._thread.is_alive():
                self._fail("the encoder takes no more pictures")
            if self._failed:
                self._file.abandon()
            else:
                try:
                    self._file.close()
                except RehabCoachError as error:
                    self._fail(error)
        return not self._failed

    def _run(self) -> None:
        """Write one picture for each period of real time since the first."""
        started, written = None, 0
        while not self._failed:
            is_last = self._closing.wait(0.5 / self._rate)
            with self._lock:
                picture = self._picture
            if picture is not None:
                started = time.monotonic() if started is None else started
                due = 1 + int((time.monotonic() - started) * self._rate)
                pixels = np.frombuffer(picture, np.uint8).reshape(self._size[1], self._size[0], 4)[..., :3]
                try:
                    while written < due and not self._hurrying:
                        self._file.write(pixels)
                        written += 1
                except (RehabCoachError, OSError) as error:  # OSError: the file was abandoned meanwhile
                    self._fail(error)
            if is_last:
                return

    def _fail(self, problem: object) -> None:
        if not self._failed:
            self._failed = True
            self._on_error("the recording of the screen has failed: %s; the screen goes on without it" % problem)
