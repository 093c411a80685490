"""From a video to the patient's skeleton sequence."""

from typing import Callable, Iterable, List, Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.estimator import Pose, PoseEstimator
from rehab_coach.pose.tracking import PatientTracker
from rehab_coach.skeleton import Layout, SkeletonSequence
from rehab_coach.video import VideoSource

SHORTEST = 0.9
"""Share of the wanted part under which a video is taken for truncated."""


def sequence_of(
    poses: Iterable[Tuple[float, Optional[Pose]]], size: Tuple[int, int], layout: Layout
) -> SkeletonSequence:
    """Put the patient's poses of single frames together.

    Args:
        poses: (stamp in seconds, pose or None where the patient was not seen), stamps increasing.
        size: width and height of the pictures.
        layout: the estimator's joints.
    """
    frames = list(poses)
    key_points = np.zeros((len(frames), len(layout), 3), np.float32)
    world = np.zeros_like(key_points)
    for frame, (_, pose) in enumerate(frames):
        if pose is not None:
            key_points[frame] = pose.key_points
            if pose.world is not None:
                world[frame] = pose.world
    has_world = any(pose is not None and pose.world is not None for _, pose in frames)
    return SkeletonSequence(
        key_points, np.array([stamp for stamp, _ in frames]), size, layout, world if has_world else None
    )


def estimate_video(
    path: str,
    estimator: PoseEstimator,
    start: Optional[float] = None,
    end: Optional[float] = None,
    progress: Optional[Callable[[], None]] = None,
    on_frame: Optional[Callable[[np.ndarray, Optional[Pose]], None]] = None,
    rate: Optional[float] = None,
) -> SkeletonSequence:
    """The skeleton of the patient in a video, frame by frame as the robot does it.

    Args:
        path: video file or directory of pictures.
        estimator: it is reset first.
        start, end: seconds of the video to take.
        progress: called after each frame.
        on_frame: called with each picture and the patient's pose.
        rate: look at no more frames per second than this, as a slower camera would.

    Raises:
        RehabCoachError: not a video, or no frame between start and end.
    """
    estimator.reset()
    tracker = PatientTracker()
    frames: List[Tuple[float, Optional[Pose]]] = []
    due = start or 0.0
    with VideoSource(path) as source:
        if source.live:
            raise RehabCoachError("%s is a camera; give a video file" % path)
        size = source.size
        for picture, stamp in source.read(start or 0.0, end):
            if rate and stamp < due - 1e-6:
                continue
            while rate and due <= stamp + 1e-6:
                due += 1 / rate
            size = (picture.shape[1], picture.shape[0])
            pose = tracker.update(estimator.estimate(picture), size, stamp)
            frames.append((stamp, pose))
            if on_frame:
                on_frame(picture, pose)
            if progress:
                progress()
    if not frames:
        raise RehabCoachError(
            "%s has no frame%s"
            % (
                path,
                ""
                if start is None and end is None
                else " from %g s to %s" % (start or 0, "%g s" % end if end else "its end"),
            )
        )
    return sequence_of(frames, size, estimator.layout)


def shortfall(sequence: SkeletonSequence, rate: float, wanted: float) -> str:
    """What is to be said about a video that ended long before it should; empty: it did not.

    Args:
        sequence: its skeletons, one a frame.
        rate: frames per second that were looked at.
        wanted: seconds, as the header or a table says; 0: unknown.
    """
    read = sequence.duration + 1 / rate
    if read >= SHORTEST * wanted:
        return ""
    return "only %.1f of %.1f s can be read: is it truncated, or shorter than the table says?" % (read, wanted)
