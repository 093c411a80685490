"""Cameras: which sources are live, asking one for pictures, finding one again that was plugged in elsewhere."""

import glob
import os
import re
import sys
from typing import List, Optional, Tuple

import cv2

from rehab_coach.errors import RehabCoachError

DEVICES = "/sys/class/video4linux"
ENOUGH = 30.0
"""Frames per second of uncompressed pictures with which a webcam need not compress."""

_NUMBER = re.compile("[0-9]+")
_DEVICE = re.compile("/dev/(video[0-9]+|v4l/.+)")
_ADDRESS = re.compile("(rtsps?|rtmp|https?|tcp|udp)://.+", re.IGNORECASE)


def is_address(source: str) -> bool:
    """A camera in the network."""
    return bool(_ADDRESS.fullmatch(source))


def is_live(source: str) -> bool:
    """A webcam's number, its device (/dev/video2, /dev/v4l/by-id/...), or the address of a camera in the network."""
    return any(pattern.fullmatch(source) for pattern in (_NUMBER, _DEVICE, _ADDRESS))


def without_password(source: str) -> str:
    """A source as it may be shown."""
    return re.sub("(?<=://)[^/]*@", "", source)


def device_of(source: str) -> str:
    """The device of a webcam's number, or the device itself."""
    return "/dev/video" + source if _NUMBER.fullmatch(source) else source


def camera_name(source: str, devices: str = DEVICES) -> str:
    """What a webcam calls itself; "" where the system does not say.

    Args:
        source: its number or device.
        devices: where the system lists its webcams.
    """
    try:
        with open(os.path.join(devices, os.path.basename(device_of(source)), "name"), encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def places(source: str, name: str, devices: str = DEVICES) -> List[str]:
    """Where a webcam may be, which comes back under another number when the old one is not free.

    Args:
        source: its number or device.
        name: what it called itself when it was last there; "" if nobody knows.
        devices: where the system lists its webcams.

    Returns:
        The source, and behind it the devices of that name that have pictures, by their numbers.
    """
    found = [source]
    folders = glob.glob(os.path.join(glob.escape(devices), "video*")) if name else []
    for folder in sorted(folders, key=lambda folder: (len(folder), folder)):
        device = "/dev/" + os.path.basename(folder)
        if device != device_of(source) and camera_name(device, devices) == name and _index(folder) == 0:
            found.append(device)
    return found


def _index(folder: str) -> int:
    """Which of a camera's devices it is: the first has the pictures, others only tell about them."""
    try:
        with open(os.path.join(folder, "index"), encoding="ascii") as stream:
            return int(stream.read())
    except (OSError, ValueError):
        return 0


def open_webcam(source: str, size: Optional[Tuple[int, int]] = None) -> cv2.VideoCapture:
    """Open a webcam and ask it for a size.

    Args:
        source: its number or device.
        size: width and height that are wanted; it may give others.

    Raises:
        RehabCoachError: there is none, or it cannot be read.
    """
    device = device_of(source)
    number = re.findall("[0-9]*$", os.path.realpath(device))[0]  # behind the links of by-id and by-path
    capture = None
    if number and (os.path.exists(device) or sys.platform != "linux"):  # OpenCV would print a line of its own
        capture = cv2.VideoCapture(int(number))
    if capture is None or not capture.isOpened():
        raise RehabCoachError(
            "webcam %s cannot be opened: is it plugged in, is another program using it, may this user read %s?"
            % (source, device)
        )
    if size:
        ask_for(capture, size)
    return capture


def ask_for(capture: cv2.VideoCapture, size: Tuple[int, int]) -> None:
    """Ask an open webcam for a size, and for compressed pictures where these come quicker: USB carries few others."""
    _set_size(capture, size)
    rate, format = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FOURCC)
    if 0 < rate < ENOUGH:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        _set_size(capture, size)
        if not capture.get(cv2.CAP_PROP_FPS) > rate:
            capture.set(cv2.CAP_PROP_FOURCC, format)
            _set_size(capture, size)


def _set_size(capture: cv2.VideoCapture, size: Tuple[int, int]) -> None:
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    capture.set(cv2.CAP_PROP_FPS, ENOUGH)
