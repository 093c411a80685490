"""Pictures to learn from, and what the whole network says of each: made once, kept in a folder.

    pictures.npy    uint8 (N, S, S, 3) BGR: parts of the clips' pictures as the estimator shows them to a network
    maps.npy        float16 (N, S / 8, S / 8, 57): heat maps and fields of the teacher
    crops.json      the clips' groups, which of them are held out, and what decides all this

Where beside a video NAME.mp4 lies NAME.npz, as `rehab-coach render` leaves it, it tells where the person's joints are:
the maps are then in part made of these labels. Nobody else may be in the video.

Whoever holds still is seen in many pictures of a clip, so clips are divided by their group: of a group that is held out
no picture is learned from.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, written_whole
from rehab_coach.pose.clips import Clip
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.networks import create_network
from rehab_coach.pose.part_affinity import JOINTS
from rehab_coach.pose.tf_pose import BACK, LOOKS, letterbox, turn_back
from rehab_coach.shrinking.labels import maps_of
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.video import VideoSource

PICTURES, MAPS, CROPS = "pictures.npy", "maps.npy", "crops.json"
INPUT = (432, 368)
"""The estimator's input, of which crops are parts."""
SCALES = (0.5, 1.2)
"""The estimator makes the picture half as large for somebody who is close."""
TURNED = 0.3
"""Part of the crops that are turned by 90 degrees, as the estimator does for somebody who lies."""
LEANING = 15.0
"""Degrees by which a crop is turned besides, at most."""
BRIGHTNESS = (0.6, 1.4)
SEEN = 0.3
"""Highest value of a joint's heat map from which a crop shows somebody."""
EMPTY = 0.15
"""Part of the crops without anybody that is kept: the network must learn of rooms, too."""


@dataclass(frozen=True)
class Crops:
    """What is in a folder of crops; the arrays are read from the disk as they are used.

    Attributes:
        pictures: uint8 (N, S, S, 3).
        maps: float16 (N, S / 8, S / 8, 57).
        learned: numbers of those to learn from.
        held_out: numbers of the others.
        identity: of clips and options.
    """

    pictures: np.ndarray
    maps: np.ndarray
    learned: np.ndarray
    held_out: np.ndarray
    identity: str


def is_held_out(group: str, part: float) -> bool:
    """Whether a group belongs to the part that nothing is learned from: by its name alone, whatever else there is."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) < part * 16**8


def make_crops(
    clips: Sequence[Clip], folder: str, each: int, size: int, held_out: float, seed: int, labels: float = 0.0
) -> Crops:
    """Crops of the clips with the teacher's maps; those that are there already are taken.

    Args:
        clips: videos with their groups.
        folder: where they are kept; made where it is missing.
        each: crops of a clip, at most: one of a picture.
        size: side of a crop in pixels, a multiple of 8.
        held_out: part of the groups, 0..1.
        seed: of places, sizes and turns.
        labels: part of the maps that comes from labels where a clip has some, 0..1.

    Raises:
        RehabCoachError: a video cannot be read, nobody is seen in the pictures, the folder cannot be written.
    """
    described = [[clip.path, clip.group, clip.start, clip.end] for clip in clips]
    text = json.dumps([described, each, size, held_out, seed, labels, LEANING, MOBILENET_THIN.sha256])
    identity = hashlib.sha256(text.encode()).hexdigest()
    path = os.path.join(folder, CROPS)
    with locked(folder):
        if not os.path.exists(path) or _read(path)["identity"] != identity:
            _write(clips, folder, each, size, seed, labels, identity)
    content = _read(path)
    out = np.array([is_held_out(group, held_out) for group in content["groups"]])
    if out.all() or not out.any():
        raise RehabCoachError(
            "the %d groups of the clips cannot be divided into those to learn from and those held out: "
            "give clips of more people, or change held_out" % len(set(content["groups"]))
        )
    return Crops(
        np.load(os.path.join(folder, PICTURES), mmap_mode="r"),
        np.load(os.path.join(folder, MAPS), mmap_mode="r"),
        np.flatnonzero(~out),
        np.flatnonzero(out),
        identity,
    )


def _read(path: str) -> Dict:
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def _write(clips: Sequence[Clip], folder: str, each: int, size: int, seed: int, labels: float, identity: str) -> None:
    teacher = create_network("auto")
    random = np.random.default_rng(seed)
    pictures: List[np.ndarray] = []
    maps: List[np.ndarray] = []
    groups: List[str] = []
    looked_at = 0
    for clip in tqdm(clips, desc="crops", unit="clip", disable=None, leave=False):
        truth = _truth_of(clip) if labels else None
        with VideoSource(clip.path) as source:
            start = clip.start or 0.0
            step = max(1, int(((clip.end or source.duration) - start) * source.rate / each))
            for number, (picture, stamp) in enumerate(source.read(start, clip.end)):
                if number % step:
                    continue
                looked_at += 1
                known = None if truth is None else truth.key_points[np.abs(truth.stamps - stamp).argmin()]
                crop, known = random_crop(picture, size, random, known)
                given = teacher(crop.astype(np.float32))
                if known is not None:
                    given = (1 - labels) * given + labels * maps_of(known, size)
                if given[..., :JOINTS].max() < SEEN and random.random() > EMPTY:
                    continue
                pictures.append(crop)
                maps.append(given.astype(np.float16))
                groups.append(clip.group)
    if not any(given[..., :JOINTS].max() >= SEEN for given in maps):
        raise RehabCoachError(
            "nobody is seen in the %d pictures to learn from: give clips that show whole people" % looked_at
        )
    for name, values in ((PICTURES, pictures), (MAPS, maps)):
        with written_whole(os.path.join(folder, name)) as temporary, open(temporary, "wb") as stream:
            np.save(stream, np.stack(values))
    with written_whole(os.path.join(folder, CROPS)) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump({"identity": identity, "groups": groups}, stream)


def _truth_of(clip: Clip) -> Optional[SkeletonSequence]:
    """The joints of the person in a clip, where they lie beside it."""
    path = os.path.splitext(clip.path)[0] + ".npz"
    if not os.path.exists(path):
        return None
    truth = SkeletonSequence.load(path)
    if truth.layout is not COCO_18:
        raise RehabCoachError("%s: the joints beside a video must be COCO's 18, as `rehab-coach render` writes" % path)
    return truth


def random_crop(
    picture: np.ndarray, size: int, random: np.random.Generator, key_points: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """A part of a picture as the estimator may show it to a network: turned, smaller, mirrored, brighter or darker.

    Args:
        picture: uint8 (H, W, 3).
        size: side of the result.
        key_points: (18, 3) in the picture, where they are known.

    Returns:
        uint8 (size, size, 3), grey where there is no picture, and the key points in it.
    """
    points = np.zeros((JOINTS, 3)) if key_points is None else key_points.astype(float)
    if random.random() < TURNED:
        turns = [look.turn for look in LOOKS if look.turn is not None]
        turn = turns[random.integers(len(turns))]
        points = turn_back(points, BACK[turn], picture.shape[0], picture.shape[1])
        picture = cv2.rotate(picture, turn)
    smaller = np.exp(random.uniform(*np.log(SCALES)))
    width, height = (max(8, int(side * smaller)) for side in INPUT)
    fitted, scale, corner = letterbox(picture, (width, height))
    points[:, :2] = (points[:, :2] + 0.5) * scale - 0.5 + corner
    left, top = (int(random.integers(min(0, side - size), max(0, side - size) + 1)) for side in (width, height))
    lean = random.uniform(-LEANING, LEANING)
    matrix = np.array(cv2.getRotationMatrix2D((left + size / 2, top + size / 2), lean, 1.0), float)
    matrix[:, 2] -= (left, top)
    if random.random() < 0.5:
        matrix[0] = np.array([0, 0, size - 1]) - matrix[0]
        points = points[list(COCO_18.mirror)]
    crop = cv2.warpAffine(fitted, matrix, (size, size), borderValue=(128, 128, 128))
    points[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    gain = random.uniform(*BRIGHTNESS)
    return np.clip(crop * gain, 0, 255).astype(np.uint8), None if key_points is None else points


def worsen(picture: np.ndarray, most: float, random: np.random.Generator) -> np.ndarray:
    """The picture of a poorer camera or a darker room: other colours, less light and contrast, blurred, noisy.

    Args:
        picture: uint8 (H, W, 3).
        most: how much of it at most, 0..1; with 1 a seventh of the light may be left.

    Returns:
        The same shape.
    """
    much = random.uniform(0, most)
    values: np.ndarray = picture.astype(np.float32)
    if random.random() < 0.5:
        values = cv2.GaussianBlur(values, (0, 0), 0.3 + 2 * much)
    light = 0.15**much * (1 + much * random.uniform(-0.2, 0.2, 3))
    contrast = 1 - 0.5 * much
    values = ((values - values.mean()) * contrast + values.mean()) * light
    values += random.normal(0, 10 * much, values.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def whole_pictures(clip: Clip, places: int, together: int = 1, step: float = 0.0) -> List[List[np.ndarray]]:
    """Pictures of a clip as the estimator shows them to a network, from its beginning and places that lie evenly in it.

    Args:
        clip: a video or a part of it.
        places: how many.
        together: pictures of each place; fewer where the clip ends.
        step: seconds between two of a place, at least.

    Returns:
        For each place uint8 (368, 432, 3).
    """
    with VideoSource(clip.path) as source:
        start, end = clip.start or 0.0, clip.end or source.duration
        # One pass: a film is decoded from its beginning whatever is wanted of it.
        moments = [
            (place, start + (end - start) * place / places + number * step)
            for place in range(places)
            for number in range(together)
        ]
        found: List[List[np.ndarray]] = [[] for _ in range(places)]
        for picture, stamp in source.read(start, clip.end):
            while moments and stamp >= moments[0][1]:
                found[moments.pop(0)[0]].append(letterbox(picture, INPUT)[0])
            if not moments:
                break
    return [taken for taken in found if taken]
