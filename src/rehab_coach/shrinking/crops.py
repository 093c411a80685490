"""Pictures to learn from, and what the whole network says of each: made once, kept in a folder.

    pictures.npy    uint8 (N, S, S, 3) BGR: parts of the clips' pictures as the estimator shows them to a network
    maps.npy        float16 (N, S / 8, S / 8, 57): heat maps and fields of the teacher
    crops.json      the clips' groups, which of them are held out, and what decides all this

Whoever holds still is seen in many pictures of a clip, so clips are divided by their group: of a group that is held out
no picture is learned from.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Dict, List, Sequence

import cv2
import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import locked, written_whole
from rehab_coach.pose.clips import Clip
from rehab_coach.pose.network_file import MOBILENET_THIN
from rehab_coach.pose.networks import Network, create_network
from rehab_coach.pose.tf_pose import LOOKS, letterbox
from rehab_coach.video import VideoSource

PICTURES, MAPS, CROPS = "pictures.npy", "maps.npy", "crops.json"
INPUT = (432, 368)
"""The estimator's input, of which crops are parts."""
SCALES = (0.5, 1.2)
"""The estimator makes the picture half as large for somebody who is close."""
TURNED = 0.3
"""Part of the crops that are turned by 90 degrees, as the estimator does for somebody who lies."""
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


def make_crops(clips: Sequence[Clip], folder: str, each: int, size: int, held_out: float, seed: int) -> Crops:
    """Crops of the clips with the teacher's maps; those that are there already are taken.

    Args:
        clips: videos with their groups.
        folder: where they are kept; made where it is missing.
        each: crops of a clip, at most: one of a picture.
        size: side of a crop in pixels, a multiple of 8.
        held_out: part of the groups, 0..1.
        seed: of places, sizes and turns.

    Raises:
        RehabCoachError: a video cannot be read, nobody is seen in the pictures, the folder cannot be written.
    """
    described = [[clip.path, clip.group, clip.start, clip.end] for clip in clips]
    text = json.dumps([described, each, size, held_out, seed, MOBILENET_THIN.sha256])
    identity = hashlib.sha256(text.encode()).hexdigest()
    path = os.path.join(folder, CROPS)
    with locked(folder):
        if not os.path.exists(path) or _read(path)["identity"] != identity:
            _write(clips, folder, each, size, seed, identity)
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


def _write(clips: Sequence[Clip], folder: str, each: int, size: int, seed: int, identity: str) -> None:
    teacher = create_network("auto")
    random = np.random.default_rng(seed)
    pictures: List[np.ndarray] = []
    maps: List[np.ndarray] = []
    groups: List[str] = []
    looked_at = 0
    for clip in tqdm(clips, desc="crops", unit="clip", disable=None, leave=False):
        with VideoSource(clip.path) as source:
            start = clip.start or 0.0
            step = max(1, int(((clip.end or source.duration) - start) * source.rate / each))
            for number, (picture, _) in enumerate(source.read(start, clip.end)):
                if number % step:
                    continue
                looked_at += 1
                crop = random_crop(picture, size, random)
                given = _kept(teacher, crop, random)
                if given is not None:
                    pictures.append(crop)
                    maps.append(given)
                    groups.append(clip.group)
    if not any(given[..., :18].max() >= SEEN for given in maps):
        raise RehabCoachError(
            "nobody is seen in the %d pictures to learn from: give clips that show whole people" % looked_at
        )
    for name, values in ((PICTURES, pictures), (MAPS, maps)):
        with written_whole(os.path.join(folder, name)) as temporary, open(temporary, "wb") as stream:
            np.save(stream, np.stack(values))
    with written_whole(os.path.join(folder, CROPS)) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump({"identity": identity, "groups": groups}, stream)


def _kept(teacher: Network, crop: np.ndarray, random: np.random.Generator):
    """The teacher's maps as they are kept, or None for a crop that is left out."""
    given = teacher(crop.astype(np.float32))
    if given[..., :18].max() < SEEN and random.random() > EMPTY:
        return None
    return given.astype(np.float16)


def random_crop(picture: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """A part of a picture as the estimator may show it to a network: turned, smaller, mirrored, brighter or darker.

    Args:
        picture: uint8 (H, W, 3).
        size: side of the result.

    Returns:
        uint8 (size, size, 3), grey where there is no picture.
    """
    if random.random() < TURNED:
        turns = [look.turn for look in LOOKS if look.turn is not None]
        picture = cv2.rotate(picture, turns[random.integers(len(turns))])
    scale = np.exp(random.uniform(*np.log(SCALES)))
    width, height = (max(8, int(side * scale)) for side in INPUT)
    fitted = letterbox(picture, (width, height))[0]
    crop = np.full((size, size, 3), 128, np.uint8)
    left, top = (int(random.integers(min(0, side - size), max(0, side - size) + 1)) for side in (width, height))
    part = fitted[max(top, 0) : top + size, max(left, 0) : left + size]
    crop[max(-top, 0) : max(-top, 0) + part.shape[0], max(-left, 0) : max(-left, 0) + part.shape[1]] = part
    if random.random() < 0.5:
        crop = np.ascontiguousarray(crop[:, ::-1])
    gain = random.uniform(*BRIGHTNESS)
    return np.clip(crop * gain, 0, 255).astype(np.uint8)


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
