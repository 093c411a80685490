"""Writes pictures to an .mp4 file that appears under its name only when it is whole."""

import contextlib
import os
import shutil
import subprocess
from typing import IO, Optional, Sequence, Tuple, Union, cast

import cv2
import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole


def film_rate(stamps: Union[Sequence[float], np.ndarray]) -> float:
    """Frames per second for pictures with these stamps (seconds): the mean, or where the pace varies the usual."""
    steps = np.diff(stamps)
    if not len(steps):
        return 30.0
    mean, usual = float(np.mean(steps)), float(np.median(steps))
    return 1 / mean if abs(mean / usual - 1) < 0.05 else 1 / usual


class VideoFile:
    """A film: H.264 where ffmpeg is installed, otherwise MPEG-4 by OpenCV.

    Used in a `with` block, it is finished at the end of the block and abandoned by an exception.

    Args:
        path: the file, ending in .mp4; its folder is made where it is missing. An older file is replaced.
        size: width and height of the pictures in pixels. ffmpeg adds a line or a column to odd ones, which
            H.264 does not know.
        rate: pictures per second.
        live: the pictures come in real time: one core and little work for each, at the price of a larger file.
        ffmpeg: name or path of the encoder; "" writes with OpenCV.

    Raises:
        RehabCoachError: the path cannot be written.
    """

    def __init__(self, path: str, size: Tuple[int, int], rate: float, live: bool = False, ffmpeg: str = "ffmpeg"):
        self._size, self._rate, self._frames = tuple(size), rate, 0
        self._last: Optional[np.ndarray] = None
        with contextlib.ExitStack() as whole:
            temporary = whole.enter_context(written_whole(path))
            with open(temporary, "wb"):  # tells now, not at the end, whether one may write there
                pass
            program = shutil.which(ffmpeg) if ffmpeg else None
            self._encoder: Optional[Union[_Ffmpeg, _Opencv]] = (
                _Ffmpeg(program, temporary, size, rate, live) if program else _Opencv(temporary, size, rate)
            )
            self._whole = whole.pop_all()

    def write(self, picture: np.ndarray, stamp: Optional[float] = None) -> None:
        """Append one picture.

        Args:
            picture: BGR uint8 (H, W, 3).
            stamp: seconds from the film's beginning; None: one frame after the picture before. A picture stays until
                the next one's time, and one whose time another has already is left out.

        Raises:
            RehabCoachError: the picture has another size, or it cannot be written (the disk is full ...).
        """
        if picture.shape != (self._size[1], self._size[0], 3):
            raise RehabCoachError(
                "a picture of %dx%d does not fit a video of %dx%d"
                % (picture.shape[1], picture.shape[0], self._size[0], self._size[1])
            )
        encoder = self._encoder
        if encoder is None:
            raise RehabCoachError("the video has ended: nothing more can be written to it")
        place = self._frames if stamp is None else round(stamp * self._rate)
        if place < self._frames:
            return
        try:
            while self._frames < place:
                encoder.write(picture if self._last is None else self._last)
                self._frames += 1
            encoder.write(picture)
            self._frames += 1
            self._last = None if stamp is None else picture.copy()
        except OSError:
            if self._encoder is None:  # abandoned by another thread
                raise
            self._encoder = None
            with self._whole:
                encoder.close()  # raises with the reason, if the encoder told one
                raise

    def close(self) -> None:
        """Finish the file and give it its name; nothing is left of one that failed. Again: does nothing.

        Raises:
            RehabCoachError: the file cannot be written, or no picture was.
        """
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            with self._whole:
                encoder.close()
                if not self._frames:
                    raise OSError("there was no picture to write")

    def abandon(self) -> None:
        """Stop without a file; any thread may call it to end a `write` that does not return."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            with contextlib.suppress(_Abandoned), self._whole:
                encoder.abandon()
                raise _Abandoned

    def __enter__(self) -> "VideoFile":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


class _Abandoned(Exception):
    """Keeps the unfinished file from being renamed."""


class _Ffmpeg:
    """Pictures through a pipe to ffmpeg."""

    def __init__(self, program: str, path: str, size: Tuple[int, int], rate: float, live: bool):
        self._patience = 10.0 if live else None  # seconds; a node that is told to end has no more
        effort = ["-preset", "veryfast", "-threads", "1"] if live else ["-preset", "slow"]
        command = [
            program,
            "-hide_banner",
            "-loglevel",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "bgr24",
            "-s",
            "%dx%d" % tuple(size),
            "-r",
            str(rate),
            "-i",
            "pipe:",
            "-vf",
            "pad=ceil(iw/2)*2:ceil(ih/2)*2",
            "-c:v",
            "libx264",
            "-crf",
            "23",
            *effort,
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
            "-f",
            "mp4",
            path,
        ]
        self._log = open(os.memfd_create("ffmpeg"), "w+b")  # in memory: the disk may be full
        # Its own session: Ctrl-C in the terminal must reach this process only, which then decides about the film.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._log, start_new_session=True
        )
        self._input = cast(IO[bytes], self._process.stdin)  # it is a pipe

    def write(self, picture: np.ndarray) -> None:
        self._input.write(np.ascontiguousarray(picture).data)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the pipe is broken: the exit code says so
            self._input.close()
        try:
            code = self._process.wait(self._patience)
        except subprocess.TimeoutExpired as error:
            self.abandon()
            raise OSError("ffmpeg did not end") from error
        with self._log:
            self._log.seek(0)
            lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        if code or lines:  # a film whose last bytes found no space has an error, but may have exit code 0
            raise OSError(lines[-1].strip() if lines else "ffmpeg ended with exit code %d" % code)

    def abandon(self) -> None:
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._input.close()
        self._log.close()


class _Opencv:
    """Pictures through OpenCV's own encoder, for machines without ffmpeg."""

    def __init__(self, path: str, size: Tuple[int, int], rate: float):
        # OpenCV chooses the container by the ending, which the temporary name keeps.
        self._writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), rate, tuple(size))
        if not self._writer.isOpened():
            raise OSError("OpenCV cannot; install ffmpeg or choose a name that ends in .mp4")
        self._path = path

    def write(self, picture: np.ndarray) -> None:
        self._writer.write(picture)

    def close(self) -> None:
        self._writer.release()
        if not cv2.VideoCapture(self._path).isOpened():
            raise OSError("OpenCV wrote no readable file; is the disk full?")

    def abandon(self) -> None:
        self._writer.release()
