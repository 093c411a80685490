"""Pictures with time stamps from a video file, a webcam or a directory of pictures."""

import glob
import os
from typing import Iterator, Optional, Tuple

import cv2
import numpy as np

from rehab_coach.errors import RehabCoachError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")


class VideoSource:
    """One source of pictures.

    Args:
        source: "0", "1", ... for a webcam; the path of a video file; a directory whose pictures are shown in the
            order of their names.
        rate: frames per second of a directory; files and webcams say their own.
        size: width and height that a webcam is asked for; it may give others.

    Attributes:
        live: a webcam: frames come when they come, and never again.
        rate: frames per second (0 where a webcam does not say).
        size: width and height in pixels.
        frames: number of pictures that the source claims to have, 0 for a webcam.

    Raises:
        RehabCoachError: no such camera or file, not a video, no picture in the directory.
    """

    def __init__(self, source: str, rate: float = 30.0, size: Optional[Tuple[int, int]] = None):
        self.source = str(source)
        self.live = self.source.isdigit()
        self._capture = None
        self._files = []
        if os.path.isdir(self.source):
            self._open_directory(rate)
        else:
            self._open_capture(size)

    def _open_directory(self, rate: float) -> None:
        self._files = sorted(
            path for path in glob.glob(os.path.join(glob.escape(self.source), "*")) if path.lower().endswith(PICTURES)
        )
        if not self._files:
            raise RehabCoachError("%s holds no pictures (%s)" % (self.source, ", ".join(PICTURES)))
        first = cv2.imread(self._files[0])
        if first is None:
            raise RehabCoachError("%s is not a picture that OpenCV can read" % self._files[0])
        self.rate, self.frames, self.size = float(rate), len(self._files), (first.shape[1], first.shape[0])

    def _open_capture(self, size: Optional[Tuple[int, int]]) -> None:
        if not self.live and not os.path.isfile(self.source):
            raise RehabCoachError(
                "there is no video %s (looked for from %s); give a webcam's number, a video file or a directory of "
                "pictures" % (self.source, os.getcwd())
            )
        self._capture = cv2.VideoCapture(int(self.source) if self.live else self.source)
        if not self._capture.isOpened():
            self.close()
            if self.live:
                raise RehabCoachError(
                    "webcam %s cannot be opened: is it plugged in, is another program using it, may "
                    "this user read /dev/video%s?" % (self.source, self.source)
                )
            raise RehabCoachError("%s is not a video that OpenCV can read" % self.source)
        if self.live and size:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        self.rate = self._capture.get(cv2.CAP_PROP_FPS)
        if not 1 <= self.rate <= 1000:
            self.rate = 0.0 if self.live else 30.0
        self.frames = 0 if self.live else max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    def read(self, start: float = 0.0, end: Optional[float] = None) -> Iterator[Tuple[np.ndarray, float]]:
        """The pictures once from start to end: BGR uint8 (H, W, 3) and seconds from the source's beginning.

        Empty frames are left out. A webcam's iterator ends when it gives no more pictures; its stamps are the rate's
        and only count frames: take the clock instead.
        """
        frame = 0
        rate = self.rate or 30.0
        while True:
            stamp = frame / rate
            if end is not None and stamp >= end:
                return
            skip = stamp < start
            if self._capture is None:
                if frame == len(self._files):
                    return
                picture = None if skip else cv2.imread(self._files[frame])
            else:
                if not self._capture.grab():
                    return
                picture = None if skip else self._capture.retrieve()[1]
            frame += 1
            if picture is not None and picture.size:
                yield picture, stamp

    def rewind(self) -> None:
        """Back to the first picture of a file."""
        if self._capture is not None and not self.live:
            self._capture.release()
            self._capture = cv2.VideoCapture(self.source)

    def close(self) -> None:
        """Give the camera or file back."""
        if self._capture is not None:
            self._capture.release()

    def __enter__(self) -> "VideoSource":
        return self

    def __exit__(self, *_) -> None:
        self.close()
