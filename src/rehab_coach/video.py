"""Pictures with time stamps from a video file, a camera or a directory of pictures; see docs/videos.md."""

import functools
import logging
import os
import re
import shlex
from typing import Any, Iterator, List, Optional, Tuple

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageOps, UnidentifiedImageError

from rehab_coach.errors import RehabCoachError
from rehab_coach.webcam import is_address, is_live, open_webcam, without_password

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
RATE = 30.0
"""Frames per second where nothing says."""
PATIENCE = (10.0, 5.0)
"""Seconds to wait for a camera in the network: for its answer, and then for each of its pictures."""
JOINT = 0.5
"""Seconds that stamps must fall back to be those of another film behind the first, in one file."""

_warn_once = functools.lru_cache(maxsize=None)(logging.getLogger(__name__).warning)


class VideoSource:
    """One source of pictures.

    Args:
        source: "0", "1", ... or "/dev/..." for a webcam; "rtsp://..." or "http://..." for a camera in the network;
            the path of a video file; a directory whose pictures are shown in the order of their names, numbers in
            them by their value.
        rate: frames per second of a directory; files and cameras say their own.
        size: width and height that a webcam is asked for; it may give others.

    Attributes:
        live: a camera: frames come when they come, and never again.
        rate: mean frames per second (0 where a camera does not say).
        size: width and height in pixels, the picture upright.
        duration: seconds that the source claims to have, 0 for a camera and where a file does not say.

    Raises:
        RehabCoachError: no such camera or file, not a video, no picture in the directory.
    """

    def __init__(self, source: str, rate: float = RATE, size: Optional[Tuple[int, int]] = None):
        self.source = str(source)
        self.live = is_live(self.source)
        self.rate, self.duration = float(rate), 0.0
        self._webcam: Optional[cv2.VideoCapture] = None
        self._stream: Optional[Tuple[_Film, Iterator[Tuple[Optional[np.ndarray], float]]]] = None
        self._files: List[str] = []
        if os.path.isdir(self.source):
            self._open_directory()
        elif self.live and not is_address(self.source):
            self._open_webcam(size)
        else:
            self._open_film()

    def _open_directory(self) -> None:
        names = [name for name in os.listdir(self.source) if name.lower().endswith(PICTURES)]
        self._files = [os.path.join(self.source, name) for name in sorted(sorted(names), key=_by_number)]
        if not self._files:
            raise RehabCoachError("%s holds no pictures (%s)" % (self.source, ", ".join(PICTURES)))
        # The first one that is whole; whatever is broken is told when it is its turn.
        first = next((picture for picture in map(_read_picture, self._files) if picture is not None), None)
        if first is None:
            raise RehabCoachError("none of the pictures in %s can be read" % self.source)
        self.duration, self.size = len(self._files) / self.rate, (first.shape[1], first.shape[0])

    def _open_webcam(self, size: Optional[Tuple[int, int]]) -> None:
        self._webcam = webcam = open_webcam(self.source, size)
        self.rate = webcam.get(cv2.CAP_PROP_FPS)
        if not 1 <= self.rate <= 1000:
            self.rate = 0.0
        self.size = (int(webcam.get(cv2.CAP_PROP_FRAME_WIDTH)), int(webcam.get(cv2.CAP_PROP_FRAME_HEIGHT)))

    def _open_film(self) -> None:
        if not self.live and not os.path.isfile(self.source):
            raise RehabCoachError(
                "there is no video %s (looked for from %s); give a webcam's number, a video file or a directory of "
                "pictures" % (self.source, os.getcwd())
            )
        film = _Film(self.source)
        pictures = film.pictures()
        first, _ = next(pictures, (None, 0.0))
        self.rate, self.duration = film.rate, 0.0 if self.live else film.duration
        if first is None:
            film.close()
            raise RehabCoachError(film.undecoded())
        self.size = (first.shape[1], first.shape[0])
        if self.live:
            self._stream = film, pictures
        else:
            film.close()

    def read(self, start: float = 0.0, end: Optional[float] = None) -> Iterator[Tuple[np.ndarray, float]]:
        """The pictures once from start to end: BGR uint8 (H, W, 3) and seconds from the source's beginning.

        All have the size of the first one: others are scaled into it. What is broken is left out. A camera's iterator
        ends when it gives no more pictures; a webcam's stamps only count frames: take the clock instead.
        """
        for picture, stamp in self._pictures(start):
            if end is not None and stamp >= end:
                return
            if stamp >= start and picture is not None:
                yield _fitted(picture, self.size), stamp

    def _pictures(self, start: float) -> Iterator[Tuple[Optional[np.ndarray], float]]:
        """All pictures and stamps from the beginning; None, or nothing, in place of those before the start."""
        if self._files:
            for number, path in enumerate(self._files):
                stamp = number / self.rate
                picture = None if stamp < start else _read_picture(path)
                if picture is None and stamp >= start:
                    _warn_once("%s is left out: it is damaged, or no picture", path)
                yield picture, stamp
        elif self._webcam is not None:
            frame = 0
            while self._webcam.grab():
                yield self._webcam.retrieve()[1], frame / (self.rate or RATE)
                frame += 1
        elif self._stream is not None:
            yield from self._stream[1]
        else:
            film = _Film(self.source)
            try:
                yield from film.pictures(start)
            finally:
                film.close()

    def close(self) -> None:
        """Give the camera or file back."""
        if self._webcam is not None:
            self._webcam.release()
        if self._stream is not None:
            self._stream[0].close()

    def __enter__(self) -> "VideoSource":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Film:
    """A video file or a stream from an address, through ffmpeg's libraries."""

    def __init__(self, source: str):
        self._source, self._name = source, without_password(source)
        try:
            if is_address(source):
                options = {"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {}
                self._container = av.open(source, timeout=PATIENCE, options=options)
            else:
                # "file:" takes every name literally; a playlist must not make it open other places.
                self._container = av.open("file:" + source, options={"protocol_whitelist": "file"})
        except (av.error.FFmpegError, OSError) as error:
            if is_address(source):
                raise RehabCoachError(
                    "no pictures come from %s (%s): is the camera on, is the address right?"
                    % (self._name, _reason(error))
                ) from error
            raise RehabCoachError(
                "%s is not a video that can be read (%s): is it one, and whole?" % (source, _reason(error))
            ) from error
        streams = self._container.streams.video
        if not streams:
            self.close()
            raise RehabCoachError("%s has no pictures, only sound or other data" % self._name)
        self._video = streams[0]
        self._reformatter = VideoReformatter()  # one for all frames: making one takes longer than using it
        if self._video.codec_context is not None:
            self._video.thread_type = "AUTO"

    @property
    def rate(self) -> float:
        """Mean frames per second, as far as the header or the first frames say."""
        # A stream without times has no mean either; its codec may know a rate.
        has_times = self._video.start_time is not None
        rate = float((self._video.average_rate if has_times else self._video.guessed_rate) or 0)
        return rate if 1 <= rate <= 1000 else RATE

    @property
    def duration(self) -> float:
        """Seconds that the header claims; 0 where it does not."""
        if self._video.frames and self._container.format.name == "avi":
            return self._video.frames / self.rate  # its duration is only that of what is there
        if self._video.duration and self._video.time_base:
            return float(self._video.duration * self._video.time_base)
        # Matroska and WebM name the end's time, whenever the pictures begin.
        late = (self._container.start_time or 0) if "matroska" in self._container.format.name else 0
        return ((self._container.duration or 0) - late) / av.time_base

    def undecoded(self) -> str:
        """What is to be said where not one picture could be decoded."""
        context = self._video.codec_context
        codec = "the codec %s" % context.name if context is not None else "an unknown codec"
        if is_address(self._source):
            return "no picture from %s can be decoded (%s)" % (self._name, codec)
        return (
            "no picture of %s can be decoded (%s); where it can be played, convert it: "
            "ffmpeg -i %s -c:v libx264 -pix_fmt yuv420p %s"
            % (self._name, codec, shlex.quote(self._name), shlex.quote(os.path.splitext(self._name)[0] + "_h264.mp4"))
        )

    def pictures(self, start: float = 0.0) -> Iterator[Tuple[Optional[np.ndarray], float]]:
        """Upright pictures and their stamps, None for those before the start.

        Stamps are the stream's own, from the first picture on. A picture without one comes a frame after the one
        before, one with an earlier stamp is left out, and where time begins again it goes on instead.
        """
        zero: Optional[int] = None
        shift, last = 0.0, -np.inf
        for frame in self._frames():
            if frame.pts is None:
                stamp = max(0.0, last + 1 / self.rate)
            else:
                zero = frame.pts if zero is None else zero
                assert frame.time_base is not None  # the demuxer's frames have one
                stamp = float((frame.pts - zero) * frame.time_base) + shift
            if stamp <= last - JOINT:
                shift += last + 1 / self.rate - stamp
                stamp = last + 1 / self.rate
            if stamp <= last:
                continue
            last = stamp
            yield None if stamp < start else self._upright(frame), stamp

    def _frames(self) -> Iterator[av.VideoFrame]:
        """Whatever can be decoded; the end of what is there is the end."""
        if self._video.codec_context is None:
            return
        try:
            for packet in self._container.demux(self._video):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    _warn_once("%s is damaged: some of its pictures are left out", self._name)
                    continue
                yield from frames
        except (av.error.FFmpegError, OSError):
            return

    def _upright(self, frame: av.VideoFrame) -> np.ndarray:
        """BGR with square pixels, turned as the container wants it shown."""
        aspect = float(self._video.codec_context.sample_aspect_ratio or 1) or 1.0
        width = max(1, round(frame.width * aspect))
        picture = self._reformatter.reformat(frame, width, frame.height, "bgr24").to_ndarray()
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's stub knows another key only
        if matrix is None:
            return picture
        # The picture's place (x, y) is shown at (a x + c y, b x + d y); only quarter turns and mirrors are known.
        a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5]
        if abs(b) > abs(a):
            picture, a, d = picture.transpose(1, 0, 2), c, b
        return np.ascontiguousarray(picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])

    def close(self) -> None:
        self._container.close()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _by_number(name: str) -> list:
    """Sorts 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split("([0-9]+)", name)]


def _read_picture(path: str) -> Optional[np.ndarray]:
    """BGR uint8 (H, W, 3), upright, without alpha; None where it is broken."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut, not scale
                picture = Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
            return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[..., ::-1])
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _fitted(picture: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """The picture in that size, not stretched, on black."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    inner = (min(size[0], max(1, round(width * scale))), min(size[1], max(1, round(height * scale))))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=interpolation)
    return fitted
