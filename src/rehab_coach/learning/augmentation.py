"""Domain randomisation: one path that makes a training window out of a sequence of any source.

A class must not be recognised by the source that it came from, so every sequence takes every step: a stretch
in time as a camera of a random frame rate would have filmed it, a random view, the noise, gaps and mistakes
of a pose estimator, scores that mean nothing in common, and then the very resampling and padding that a
recording gets.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Dict, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.skeleton import COCO_18, SkeletonSequence

ARMS = [[COCO_18.index(side + joint) for joint in ("_elbow", "_wrist")] for side in ("right", "left")]
LEGS = [[COCO_18.index(side + joint) for joint in ("_knee", "_ankle")] for side in ("right", "left")]
FACE = [COCO_18.index(joint) for joint in ("right_eye", "left_eye", "right_ear", "left_ear")]
HEAD = [COCO_18.index("nose")] + FACE
CROPPABLE = ([joint for leg in LEGS for joint in leg], [joint for arm in ARMS for joint in arm], HEAD)


@dataclass(frozen=True)
class Augmentation:
    """How strongly windows are changed; lengths are parts of the body's size (the diagonal of its box).

    Attributes:
        speed: slowest and fastest playback.
        camera_rate: lowest and highest frame rate (Hz) of the imagined camera and estimator.
        full_rate: probability of the highest camera rate.
        copy: probability of resampling by copying instead of interpolating.
        pause: probability that the person stops for up to `longest_pause` seconds somewhere.
        longest_pause: seconds.
        yaw: degrees to either side for estimated depth; measured depth is seen from all around.
        pitch: lowest and highest camera inclination in degrees, where the source has depth.
        distance: nearest and farthest camera in metres, where the source has depth.
        roll: degrees to either side.
        stretch: most that width may change against height, as a factor above 1.
        noise: highest standard deviation of a joint's place; half as high where an estimator's own noise is
            there.
        joint_missing: probability of one joint never being seen.
        face_missing: probability that eyes and ears are never seen.
        limb_missing: probability that an arm or a leg is never seen below shoulder or hip.
        crop: probability that feet, hands or head are out of the picture.
        gaps: highest probability of a joint being unseen in a frame.
        false_joints: highest probability of a joint being at a wrong place in a frame.
        swaps: probability that the estimator confuses left and right for a while.
        lost: probability that nobody is seen for a while.
        flicker: probability that the person is found in a part of the frames only.
        hide_scores: probability that all scores of seen joints are 1.
    """

    speed: Tuple[float, float] = (0.6, 1.6)
    camera_rate: Tuple[float, float] = (4.0, 30.0)
    full_rate: float = 0.35
    copy: float = 0.3
    pause: float = 0.25
    longest_pause: float = 1.5
    yaw: float = 30.0
    pitch: Tuple[float, float] = (-15.0, 25.0)
    distance: Tuple[float, float] = (2.0, 7.0)
    roll: float = 8.0
    stretch: float = 1.2
    noise: float = 0.02
    joint_missing: float = 0.03
    face_missing: float = 0.5
    limb_missing: float = 0.12
    crop: float = 0.12
    gaps: float = 0.15
    false_joints: float = 0.04
    swaps: float = 0.1
    lost: float = 0.08
    flicker: float = 0.12
    hide_scores: float = 0.3


def make_augmentation(values: Dict[str, Any]) -> Augmentation:
    """Defaults with some entries exchanged; RehabCoachError names a wrong one and what is allowed."""
    defaults = Augmentation()
    names = [entry.name for entry in fields(Augmentation)]
    for name, value in values.items():
        if name not in names:
            raise RehabCoachError("unknown key 'augmentation: %s'; allowed: %s" % (name, ", ".join(names)))
        pair = isinstance(getattr(defaults, name), tuple)
        numbers = value if isinstance(value, (list, tuple)) else [value]
        if (
            len(numbers) != (2 if pair else 1)
            or isinstance(value, (list, tuple)) != pair
            or not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers)
        ):
            raise RehabCoachError(
                "'augmentation: %s' must be %s, not %r"
                % (name, "two numbers [low, high]" if pair else "a number", value)
            )
        if pair and numbers[0] > numbers[1]:
            raise RehabCoachError("'augmentation: %s' must be [low, high], not %r" % (name, value))
        if name in ("speed", "camera_rate", "distance") and numbers[0] <= 0:
            raise RehabCoachError("'augmentation: %s' must be above 0, not %r" % (name, value))
    return replace(
        defaults, **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )


def draw_window(
    sequence: SkeletonSequence,
    frames: int,
    rate: float,
    random: np.random.Generator,
    strength: Augmentation = Augmentation(),
    idle: bool = False,
    estimated: bool = True,
) -> SkeletonSequence:
    """One random training window of a sequence.

    Args:
        sequence: COCO-18, at least two frames.
        frames: length of the window.
        rate: its frames per second.
        random: the only source of chance.
        strength: what may happen.
        idle: hold one random posture with a little sway instead of playing the sequence.
        estimated: the sequence holds an estimator's own noise and, if `world` is there, only estimated depth.

    Returns:
        A COCO-18 sequence of `frames` frames at `rate`, in pixels, ready for the same preprocessing as a
        recording.
    """
    stamps = _camera_stamps((frames - 1) / rate, random, strength)
    if idle:
        key_points, world = _hold(sequence, stamps, random)
    else:
        key_points, world = _film(sequence, stamps, random, strength)
    if (key_points[..., 2] > 0).sum() < 8:
        return SkeletonSequence(np.zeros((frames, len(COCO_18), 3)), np.arange(frames) / rate, sequence.size)
    if world is not None:
        key_points = _turn(key_points, world, random, strength, all_around=not estimated)
    if random.random() < 0.5:
        key_points = key_points[:, list(COCO_18.mirror)]
        key_points[..., 0] *= -1
    key_points = _tilt_and_stretch(key_points, random, strength)
    size = _body_size(key_points)
    key_points = _shake(key_points, size, strength.noise * (0.5 if estimated else 1.0), random)
    key_points = _mistake(key_points, size, random, strength)
    key_points = _hide(key_points, random, strength)
    key_points[..., 2] = _scores(key_points[..., 2], random, strength)
    key_points[key_points[..., 2] <= 0] = 0
    filmed = SkeletonSequence(key_points, stamps, sequence.size)
    return filmed.resample(rate, "copy" if random.random() < strength.copy else "interpolate").repeat(frames)


def _camera_stamps(duration: float, random: np.random.Generator, strength: Augmentation) -> np.ndarray:
    low, high = strength.camera_rate
    rate = high if random.random() < strength.full_rate else random.uniform(low, high)
    count = int(np.ceil(duration * rate)) + 2
    unsteady = random.uniform(0, 0.3)
    stamps = (np.arange(count) + random.uniform(-unsteady, unsteady, count)) / rate
    return stamps - stamps[0]


def _film(sequence, stamps, random, strength):
    """Key points (and world) at the camera's stamps: random start and speed, looped if short."""
    speed = np.exp(random.uniform(*np.log(strength.speed)))
    elapsed = stamps
    if random.random() < strength.pause:
        begin, length = random.uniform(0, stamps[-1]), random.uniform(0.2, strength.longest_pause)
        elapsed = np.where(stamps < begin, stamps, np.maximum(begin, stamps - length))
    period = sequence.duration + 1 / sequence.rate
    spare = sequence.duration - elapsed[-1] * speed
    start = random.uniform(0, spare) if spare > 0 else random.uniform(0, period)
    moments = sequence.stamps[0] + (start + elapsed * speed) % period
    return _at(sequence, moments)


def _hold(sequence, stamps, random):
    """One posture, with the sway of somebody who stands or lies still."""
    # Often the first posture, which is how people stand before they begin.
    frame = random.integers(len(sequence) if random.random() < 0.6 else min(3, len(sequence)))
    still = np.full(len(stamps), frame)
    key_points = sequence.key_points[still]
    world = None if sequence.world is None else sequence.world[still]
    size = _body_size(key_points)

    def slow(count: int) -> np.ndarray:
        frequency = random.uniform(0.05, 0.6, (2, count))
        phase = random.uniform(0, 2 * np.pi, (2, count))
        return np.sin(2 * np.pi * frequency[:, None] * stamps[:, None] + phase[:, None]).sum(axis=0)

    own = random.uniform(0, 0.008) * size
    whole = random.uniform(0, 0.03) * size
    sway = slow(2 * key_points.shape[1]).reshape(len(stamps), -1, 2) * own + slow(2)[:, None] * whole
    key_points[..., :2] += sway.astype(np.float32)
    return key_points, world


def _at(sequence, moments):
    """Values between frames; a joint that one neighbour lacks is taken from the nearer one, if seen there."""
    after = np.clip(np.searchsorted(sequence.stamps, moments, side="right"), 1, len(sequence) - 1)
    before = after - 1
    first, second = sequence.key_points[before], sequence.key_points[after]
    weight = (moments - sequence.stamps[before]) / (sequence.stamps[after] - sequence.stamps[before])
    weight = np.clip(weight, 0, 1).astype(np.float32)[:, None, None]
    both = ((first[..., 2] > 0) & (second[..., 2] > 0))[..., None]
    key_points = np.where(both, first + (second - first) * weight, np.where(weight < 0.5, first, second))
    world = None
    if sequence.world is not None:
        world = sequence.world[before] + (sequence.world[after] - sequence.world[before]) * weight
    return key_points, world


def _turn(key_points, world, random, strength, all_around):
    """See the person from elsewhere: each joint moves in the picture as it does when the body turns.

    Where depth was only estimated the turn is small, and the picture keeps what `world` does not know, such
    as the movement of the whole body.
    """
    seen = (key_points[..., 2] > 0) & np.isfinite(world).all(axis=-1)
    flat, places = key_points[..., :2], world.astype(np.float32)
    spread = np.linalg.norm(places[..., :2][seen].std(axis=0))
    if not spread > 1e-3:
        return key_points
    scale = np.linalg.norm(flat[seen].std(axis=0)) / spread  # pixels per metre
    part = 1.0 if all_around else 0.5
    yaw = np.radians(random.uniform(-180, 180) if all_around else random.uniform(-strength.yaw, strength.yaw))
    pitch = np.radians(random.uniform(*strength.pitch)) * part
    cos, sin = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    turned = places @ (about_x @ about_y).T.astype(np.float32)
    moved = flat + scale * (turned - places)[..., :2]
    middle = moved[seen].mean(axis=0)
    away = random.uniform(*strength.distance) / part
    nearer = away / np.maximum(away + turned[..., 2:] - turned[..., 2][seen].mean(), 0.5)
    result = key_points.copy()
    result[..., :2] = middle + (moved - middle) * nearer
    return result


def _tilt_and_stretch(key_points, random, strength):
    seen = key_points[..., 2] > 0
    roll = np.radians(random.uniform(-strength.roll, strength.roll))
    wide = strength.stretch ** random.uniform(-1, 1)
    shear = (strength.stretch - 1) * random.uniform(-0.3, 0.3)
    tilt = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    matrix = tilt @ np.array([[wide, shear], [0, 1]])
    middle = key_points[seen][:, :2].mean(axis=0)
    result = key_points.copy()
    result[..., :2] = (key_points[..., :2] - middle) @ matrix.T.astype(np.float32) + middle
    return result


def _body_size(key_points) -> float:
    seen = key_points[key_points[..., 2] > 0][:, :2]
    if len(seen) < 2:
        return 1.0
    low, high = np.percentile(seen, (3, 97), axis=0)
    return float(max(np.hypot(*(high - low)), 1.0))


def _shake(key_points, size, highest, random):
    """Noise from frame to frame, and slower errors that stay with a joint."""
    frames, joints = key_points.shape[:2]
    deviation = highest * random.random() ** 2 * size * random.uniform(0.5, 1.5, (joints, 1))
    fast = random.standard_normal((frames, joints, 2), np.float32)
    slow = random.standard_normal((frames // 8 + 2, joints, 2), np.float32)
    place = np.arange(frames) / 8
    below, part = place.astype(int), (place % 1)[:, None, None].astype(np.float32)
    slow = slow[below] * (1 - part) + slow[below + 1] * part
    lasting = random.standard_normal((joints, 2)) * highest * size * random.random()
    result = key_points.copy()
    result[..., :2] += deviation * (fast + slow) + lasting
    return result


def _mistake(key_points, size, random, strength):
    """Joints at wrong places; left taken for right."""
    frames, joints = key_points.shape[:2]
    result = key_points.copy()
    wrong = random.random((frames, joints)) < strength.false_joints * random.random() ** 2
    count = int(wrong.sum())
    if count:
        result[wrong, :2] += random.standard_normal((count, 2)) * size * 0.25
    if random.random() < strength.swaps:
        begin, end = _stretch_of_time(frames, 0.4, random)
        both = [LEGS, ARMS, LEGS + ARMS][random.integers(3)]
        joints_swapped = [joint for limb in both for joint in limb]
        others = [COCO_18.mirror[joint] for joint in joints_swapped]
        result[begin:end, joints_swapped] = result[begin:end, others]
    return result


def _hide(key_points, random, strength):
    frames, joints = key_points.shape[:2]
    seen = key_points[..., 2] > 0
    seen &= random.random((frames, joints)) >= strength.gaps * random.random() ** 2
    seen &= random.random(joints) >= strength.joint_missing
    chance = random.random(6)
    if chance[0] < strength.face_missing:
        seen[:, FACE] = False
    if chance[1] < strength.limb_missing:
        limb = (LEGS + ARMS)[random.integers(4)]
        seen[:, limb[random.integers(2) :]] = False
    if chance[2] < strength.crop:
        begin, end = (0, frames) if random.random() < 0.5 else _stretch_of_time(frames, 1.0, random)
        seen[begin:end, CROPPABLE[random.integers(len(CROPPABLE))]] = False
    if chance[3] < 0.3:  # one side of the face, as in a side view
        seen[:, [[14, 16], [15, 17]][random.integers(2)]] = False
    if chance[4] < strength.lost:
        begin, end = _stretch_of_time(frames, 0.3, random)
        seen[begin:end] = False
    if chance[5] < strength.flicker:
        seen &= (random.random(frames) >= random.uniform(0, 0.6))[:, None]
    result = key_points.copy()
    result[~seen] = 0
    return result


def _stretch_of_time(frames, longest, random):
    length = max(1, int(frames * random.uniform(0, longest)))
    begin = random.integers(frames - length + 1)
    return begin, begin + length


def _scores(scores, random, strength):
    """Scores of no common meaning: an estimator's, or all alike, never what gives the source away."""
    seen = scores > 0
    if random.random() < strength.hide_scores:
        return seen.astype(np.float32)
    frames, joints = scores.shape
    spread = random.uniform(0, 0.25)
    level = random.uniform(0.35, 1.0) + random.standard_normal(joints) * spread
    flicker = random.standard_normal((frames, joints)) * spread * random.uniform(0.1, 0.6)
    own = random.uniform(0, 1)
    changed = own * scores + (1 - own) * level + flicker
    return np.where(seen, np.clip(changed, 0.05, 1), 0).astype(np.float32)
