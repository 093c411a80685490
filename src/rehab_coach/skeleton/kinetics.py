"""Kinetics-skeleton files: the JSON that the ST-GCN paper published its key points in, one file a clip.

    {"data": [{"frame_index": 1, "skeleton": [{"pose": [x0, y0, x1, y1, ...], "score": [s0, s1, ...]}, ...]}, ...],
     "label": "squat", "label_index": 0}

Eighteen joints in COCO-18 order; x and y are fractions of the picture's width and height, a joint that was not seen
is 0, 0 with score 0; `frame_index` counts from 1; a frame may hold no skeleton, or several people. The file knows
neither the frame rate nor the picture size: the reader is told.
"""

import json
from typing import List, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.skeleton.layout import COCO_18
from rehab_coach.skeleton.sequence import SkeletonSequence

RATE = 30.0
"""Frames per second of Kinetics-skeleton."""
SIZE = (340, 256)
"""Width and height in pixels of the pictures that Kinetics-skeleton was estimated in."""
FARTHEST = 10
"""Fraction of the picture, to either side, beyond which a coordinate is taken for pixels or damage."""
LONGEST = 100000
"""Frames (nearly an hour) over which a frame_index is taken for damage."""


def write_kinetics(path: str, people: Sequence[SkeletonSequence], label: str, label_index: int) -> None:
    """Write people that were filmed together (equal lengths) as one Kinetics-skeleton JSON file.

    Raises:
        ValueError: sequences of different lengths.
        RehabCoachError: the file cannot be written.
    """
    if len({len(person) for person in people}) > 1:
        raise ValueError("people of one file need the same number of frames")
    people = [person.coco_18() for person in people]
    frames = []
    for frame in range(len(people[0]) if people else 0):
        skeletons = []
        for person in people:
            joints = person.key_points[frame]
            if not (joints[:, 2] > 0).any():
                continue
            pose = np.where(joints[:, 2:] > 0, joints[:, :2] / person.size, 0)
            skeletons.append(
                {
                    "pose": [round(float(value), 5) for value in pose.ravel()],
                    "score": [round(float(value), 5) for value in joints[:, 2]],
                }
            )
        frames.append({"frame_index": frame + 1, "skeleton": skeletons})
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump({"data": frames, "label": label, "label_index": label_index}, stream)


def read_kinetics(
    path: str, rate: float = RATE, size: Tuple[int, int] = SIZE
) -> Tuple[List[SkeletonSequence], str, int]:
    """Read a Kinetics-skeleton JSON file.

    Args:
        path: the file.
        rate: frames per second that the clip was sampled at (Kinetics-skeleton: 30).
        size: width and height in pixels that the fractions are scaled to (Kinetics-skeleton: 340 x 256).

    Returns:
        The people (the k-th skeleton of each frame is the k-th person; score 0 where there are fewer; at least one,
        never seen, if the file has frames), the label and its index.

    Raises:
        RehabCoachError: no such file, no Kinetics-skeleton JSON, a wrong number of joints, a value that is not finite.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            content = json.load(stream)
        frames, label, label_index = content["data"], str(content["label"]), int(content["label_index"])
        length = max((int(frame["frame_index"]) for frame in frames), default=0)
        if length > LONGEST:
            raise ValueError("frame_index %d: more than %d frames" % (length, LONGEST))
        people = max((max(1, len(frame["skeleton"])) for frame in frames), default=0)
        key_points = np.zeros((people, length, len(COCO_18), 3), np.float32)
        if len({int(frame["frame_index"]) for frame in frames}) < len(frames):
            raise ValueError("a frame_index is there twice")
        for frame in frames:
            if int(frame["frame_index"]) < 1:
                raise ValueError("frame_index %s: frames count from 1" % frame["frame_index"])
            for person, skeleton in enumerate(frame["skeleton"]):
                pose, score = np.asarray(skeleton["pose"]), np.asarray(skeleton["score"])
                if any(values.size and values.dtype.kind not in "if" for values in (pose, score)):
                    raise ValueError("frame %s has coordinates or scores that are no numbers" % frame["frame_index"])
                pose = pose.reshape(-1, 2)
                if len(pose) != len(COCO_18) or score.shape != (len(COCO_18),):
                    raise ValueError(
                        "frame %s has %d joints and %d scores, expected %d"
                        % (frame["frame_index"], len(pose), score.size, len(COCO_18))
                    )
                if (np.abs(pose) > FARTHEST).any() or (score < 0).any():
                    raise ValueError(
                        "frame %s has a coordinate beyond %d (they are fractions of the picture's size) or a score "
                        "below 0" % (frame["frame_index"], FARTHEST)
                    )
                target = key_points[person, int(frame["frame_index"]) - 1]
                with np.errstate(over="ignore"):  # what is not finite is refused below
                    target[:, :2], target[:, 2] = pose * size, score
        stamps = np.arange(length) / rate
        return [SkeletonSequence(person, stamps, size) for person in key_points], label, label_index
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror or error)) from error
    except KeyError as error:
        raise RehabCoachError("%s is not a Kinetics-skeleton file: it has no %s" % (path, error)) from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise RehabCoachError("%s is not a Kinetics-skeleton file: %s" % (path, error)) from error
