"""Between ROS messages and the library's objects."""

import math
from typing import TYPE_CHECKING, Optional, Tuple, Union

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from rehab_coach import msg
from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Movement, Remark, Repetition
from rehab_coach.msg import Skeleton
from rehab_coach.pose import Pose
from rehab_coach.skeleton import Layout

if TYPE_CHECKING:  # it loads PyTorch, which most nodes do without
    from rehab_coach.recognition.streaming import SoFar

# encoding -> (bytes of a pixel, conversion to BGR); cv_bridge would do it too, for 770 MB of disk. OpenCV names a Bayer
# pattern by the second row's second and third pixel, ROS by the first row's first two and the second row's.
_ENCODINGS = {
    "bgr8": (3, None),
    "8UC3": (3, None),
    "rgb8": (3, cv2.COLOR_RGB2BGR),
    "mono8": (1, cv2.COLOR_GRAY2BGR),
    "8UC1": (1, cv2.COLOR_GRAY2BGR),
    "mono16": (2, cv2.COLOR_GRAY2BGR),
    "bgra8": (4, cv2.COLOR_BGRA2BGR),
    "8UC4": (4, cv2.COLOR_BGRA2BGR),
    "rgba8": (4, cv2.COLOR_RGBA2BGR),
    "yuv422_yuy2": (2, cv2.COLOR_YUV2BGR_YUY2),
    "yuyv": (2, cv2.COLOR_YUV2BGR_YUY2),
    "yuv422": (2, cv2.COLOR_YUV2BGR_UYVY),
    "uyvy": (2, cv2.COLOR_YUV2BGR_UYVY),
    "bayer_rggb8": (1, cv2.COLOR_BayerBG2BGR),
    "bayer_bggr8": (1, cv2.COLOR_BayerRG2BGR),
    "bayer_gbrg8": (1, cv2.COLOR_BayerGR2BGR),
    "bayer_grbg8": (1, cv2.COLOR_BayerGB2BGR),
}

_TIMES = ("start", "turn", "end", "down", "hold", "up", "pause")  # fields that message and object share
_REMARK = {"rule": str, "severity": str, "value": float, "limit": float, "unit": str, "side": str}


def to_picture(message: Union[CompressedImage, Image]) -> np.ndarray:
    """uint8 (H, W, 3) BGR of a raw or compressed picture.

    Raises:
        RehabCoachError: an empty, damaged or unsupported picture; the message says which.
    """
    if not message.data:
        raise RehabCoachError("the picture is empty")
    try:
        return _decode(message)
    except cv2.error as error:
        raise RehabCoachError("OpenCV cannot decode the picture: %s" % str(error).strip()) from error


def _decode(message: Union[CompressedImage, Image]) -> np.ndarray:
    buffer = np.frombuffer(message.data, np.uint8)
    if hasattr(message, "format"):
        picture = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
        if picture is None:
            raise RehabCoachError("the picture is damaged, or neither JPEG nor PNG (format: %s)" % message.format)
        return picture
    if message.encoding not in _ENCODINGS:
        raise RehabCoachError("the picture's encoding is %s; known: %s" % (message.encoding, ", ".join(_ENCODINGS)))
    pixel, conversion = _ENCODINGS[message.encoding]
    if (
        not message.width
        or not message.height
        or message.step < message.width * pixel
        or (buffer.size < message.height * message.step)
    ):
        raise RehabCoachError("the picture's data does not fit its size of %d x %d" % (message.width, message.height))
    rows = buffer[: message.height * message.step].reshape(message.height, message.step)
    picture = rows[:, : message.width * pixel].reshape(message.height, message.width, pixel)
    if message.encoding == "mono16":
        picture = picture[..., :1] if message.is_bigendian else picture[..., 1:]  # the upper byte
    picture = np.ascontiguousarray(picture)
    return picture if conversion is None else cv2.cvtColor(picture, conversion)


def to_skeleton_message(header: Header, pose: Optional[Pose], size: Tuple[int, int], layout: Layout) -> Skeleton:
    """The patient's key points in a picture; None: nobody was seen."""
    key_points = [] if pose is None else pose.key_points.ravel().tolist()
    return Skeleton(header=header, layout=layout.name, width=size[0], height=size[1], key_points=key_points)


def to_movement_message(movement: Optional[Movement]) -> msg.Movement:
    """The measured part of the message; the stamps of `movement` are seconds after the first frame. None: nothing.

    Raises:
        TypeError, ValueError: something in it is no number where there must be one.
    """
    if movement is None:
        return msg.Movement()
    return msg.Movement(
        label=movement.exercise,
        duration=float(movement.duration),
        repetitions=[_to_repetition_message(one) for one in movement.repetitions],
        remarks=[_to_remark_message(one) for one in movement.remarks],
        not_judged=list(movement.not_judged),
        reasons=list(movement.not_judged.values()),
        angles=movement.angles,
    )


def from_movement_message(message: msg.Movement) -> Optional[Movement]:
    """What was measured; None: there was nothing to measure."""
    if not message.label:
        return None
    return Movement(
        message.label,
        message.duration,
        tuple(_from_repetition_message(one) for one in message.repetitions),
        tuple(_from_remark_message(one) for one in message.remarks),
        dict(zip(message.not_judged, message.reasons)),
        message.angles,
    )


def _to_repetition_message(repetition: Repetition) -> msg.Repetition:
    ranges = repetition.range_of_motion
    return msg.Repetition(
        names=list(ranges),
        minimum=[float(smallest) for smallest, _ in ranges.values()],
        maximum=[float(largest) for _, largest in ranges.values()],
        smoothness=float(repetition.smoothness),
        symmetry=math.nan if repetition.symmetry is None else float(repetition.symmetry),
        **{name: float(getattr(repetition, name)) for name in _TIMES},
    )


def _from_repetition_message(message: msg.Repetition) -> Repetition:
    return Repetition(
        range_of_motion=dict(zip(message.names, zip(message.minimum, message.maximum))),
        smoothness=message.smoothness,
        symmetry=None if math.isnan(message.symmetry) else message.symmetry,
        **{name: getattr(message, name) for name in _TIMES},
    )


def _to_remark_message(remark: Remark) -> msg.Remark:
    fields = {name: kind(getattr(remark, name)) for name, kind in _REMARK.items()}
    return msg.Remark(repetitions=[int(number) for number in remark.repetitions], **fields)


def _from_remark_message(message: msg.Remark) -> Remark:
    return Remark(repetitions=tuple(message.repetitions), **{name: getattr(message, name) for name in _REMARK})


def to_so_far_message(so_far: "SoFar", header: Header, number: int) -> msg.PredictionSoFar:
    """What is known of a movement, in the round of a number."""
    return msg.PredictionSoFar(
        header=header,
        round=number,
        label=so_far.label,
        confidence=so_far.confidence,
        stable=so_far.stable,
        seconds=so_far.seconds,
        labels=so_far.labels,
        probabilities=so_far.probabilities.tolist(),
        notice=so_far.notice,
    )
