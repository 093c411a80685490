"""Writes what the screen shows to an .mp4 file at a constant rate, without holding the screen up."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from typing import Callable, Optional, Tuple

import cv2
import numpy as np
import pygame

from rehab_coach.errors import RehabCoachError


class ScreenVideo:
    """A film of the screen in real time: H.264 where ffmpeg is installed, otherwise MPEG-4 by OpenCV.

    A thread takes the last picture that was shown, as often as the rate says, so the film keeps its pace when
    the screen does not change or the encoder is slow. It is written under a temporary name beside `path` and
    renamed by :meth:`close`: a file with the final name is whole.

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
            raise RehabCoachError("cannot record to {}: give a file that ends in .mp4".format(path))
        if os.path.isdir(self.path):
            raise RehabCoachError("cannot record to {}: it is a folder; give a file in it".format(path))
        self._size, self._rate, self._on_error = size, rate, on_error
        folder, name = os.path.split(self.path)
        self._partial = os.path.join(folder, ".partial-{}-{}".format(os.getpid(), name))
        try:
            os.makedirs(folder, exist_ok=True)
            with open(self._partial, "wb"):
                pass
        except OSError as error:
            raise RehabCoachError(
                "cannot record to {}: {}; choose another place".format(self.path, error.strerror)
            ) from error
        found = shutil.which(ffmpeg) if ffmpeg else None
        self._sink = (
            _FfmpegSink(found, self._partial, size, rate) if found else _OpencvSink(self._partial, size, rate)
        )
        self._lock = threading.Lock()
        self._picture: Optional[bytes] = None
        self._closing = threading.Event()
        self._failed = ""
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
            self._thread.join(timeout=10.0)
            try:
                self._sink.close()
                if self._picture is None:
                    raise OSError("the screen never showed anything")
                if not self._failed:
                    os.replace(self._partial, self.path)
            except OSError as error:
                self._fail(error)
            if os.path.exists(self._partial):
                os.remove(self._partial)
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
                try:
                    while written < due:
                        self._sink.write(picture)
                        written += 1
                except OSError as error:
                    self._fail(error)
            if is_last:
                return

    def _fail(self, error: OSError) -> None:
        if not self._failed:
            self._failed = str(self._sink.complaint() or error.strerror or error)
            self._on_error(
                "the recording of the screen to {} has failed: {}; the screen goes on without it".format(
                    self.path, self._failed
                )
            )


class _FfmpegSink:
    """Pictures through a pipe to ffmpeg."""

    def __init__(self, ffmpeg: str, path: str, size: Tuple[int, int], rate: float):
        self._log = tempfile.TemporaryFile()
        # Its own session: Ctrl-C in the terminal must reach this process only, which then finishes the film.
        self._process = subprocess.Popen(
            [
                ffmpeg,
                "-hide_banner",
                "-loglevel",
                "error",
                "-y",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "bgr0",
                "-s",
                "{}x{}".format(*size),
                "-r",
                str(rate),
                "-i",
                "pipe:",
                "-vf",
                "pad=ceil(iw/2)*2:ceil(ih/2)*2",  # H.264 wants even sides
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "23",
                "-threads",
                "1",
                "-pix_fmt",
                "yuv420p",
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
                path,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )

    def write(self, picture: bytes) -> None:
        self._process.stdin.write(picture)

    def close(self) -> None:
        try:
            self._process.stdin.close()
        except OSError:  # the pipe is broken: the exit code below says so
            pass
        try:
            code = self._process.wait(timeout=10.0)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise OSError("ffmpeg did not end") from error
        if code:
            raise OSError("ffmpeg ended with exit code {}".format(code))

    def complaint(self) -> str:
        """The last line that ffmpeg wrote about an error; "" without one."""
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""


class _OpencvSink:
    """Pictures through OpenCV's own encoder, for machines without ffmpeg."""

    def __init__(self, path: str, size: Tuple[int, int], rate: float):
        # OpenCV chooses the container by the ending, which the temporary name keeps.
        self._writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
        if not self._writer.isOpened():
            raise RehabCoachError(
                "cannot record the screen: neither ffmpeg nor OpenCV can write {}; install ffmpeg".format(
                    path
                )
            )
        self._path, self._size = path, size

    def write(self, picture: bytes) -> None:
        pixels = np.frombuffer(picture, np.uint8).reshape(self._size[1], self._size[0], 4)
        self._writer.write(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR))

    def close(self) -> None:
        self._writer.release()
        if not cv2.VideoCapture(self._path).isOpened():
            raise OSError("OpenCV wrote no readable file; is the disk full?")

    def complaint(self) -> str:
        return ""
