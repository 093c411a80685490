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
from rehab_coach.learning.estimator_faults import change_scores, hide, mistake, shake
from rehab_coach.learning.estimator_noise import NOISE, imitate
from rehab_coach.learning.random_view import body_size, place_in_picture, tilt_and_stretch, turn
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.training.recipe_file import is_number

NO_PROBABILITY = (
    "speed",
    "camera_rate",
    "distance",
    "longest_pause",
    "yaw",
    "pitch",
    "roll",
    "stretch",
    "noise",
    "fill",
)


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
        estimator_like: probability that clean key points get the jitter, gaps, wrong joints and scores that were
            measured on one of the estimators, instead of noise, false joints and scores of no common kind.
        second_person: probability that somebody else is in the picture.
        mix_up: probability that the second person's joints, all or an arm or leg, are taken for the patient's for a
            while.
        fill: part of the picture's height (or width) that the person fills; only where the model sees the picture.
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
    estimator_like: float = 0.0
    second_person: float = 0.0
    mix_up: float = 0.3
    fill: Tuple[float, float] = (0.3, 1.0)


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
            or not all(map(is_number, numbers))
        ):
            raise RehabCoachError(
                "'augmentation: %s' must be %s, not %r"
                % (name, "two numbers [low, high]" if pair else "a number", value)
            )
        if pair and numbers[0] > numbers[1]:
            raise RehabCoachError("'augmentation: %s' must be [low, high], not %r" % (name, value))
        if name not in NO_PROBABILITY and not 0 <= value <= 1:
            raise RehabCoachError("'augmentation: %s' must be between 0 and 1, not %r" % (name, value))
        if name in ("speed", "camera_rate", "distance", "fill") and numbers[0] <= 0:
            raise RehabCoachError("'augmentation: %s' must be above 0, not %r" % (name, value))
    taken: Dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return replace(defaults, **taken)


def draw_window(
    sequence: SkeletonSequence,
    frames: int,
    rate: float,
    random: np.random.Generator,
    strength: Augmentation = Augmentation(),
    idle: bool = False,
    estimated: bool = True,
    place: bool = False,
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
        place: put the person somewhere in the picture; for models that see more than the person's own box.

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
        key_points = turn(key_points, world, random, strength, all_around=not estimated)
    if random.random() < 0.5:
        key_points = key_points[:, list(COCO_18.mirror)]
        key_points[..., 0] *= -1
    key_points = tilt_and_stretch(key_points, random, strength)
    size = body_size(key_points)
    # An entry that is 0 must not ask for a random number: windows of recipes without it stay what they were.
    if not estimated and strength.estimator_like and random.random() < strength.estimator_like:
        noise = NOISE[sorted(NOISE)[random.integers(len(NOISE))]]
        rate_seen = (len(stamps) - 1) / (stamps[-1] - stamps[0])
        key_points = hide(imitate(key_points, size, rate_seen, noise, random), random, strength)
    else:
        key_points = shake(key_points, size, strength.noise * (0.5 if estimated else 1.0), random)
        key_points = mistake(key_points, size, random, strength)
        key_points = hide(key_points, random, strength)
        key_points[..., 2] = change_scores(key_points[..., 2], random, strength)
    key_points[key_points[..., 2] <= 0] = 0
    if place:
        key_points = place_in_picture(key_points, sequence.size, random, strength)
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
    size = body_size(key_points)

    def slow(count: int) -> np.ndarray:
        frequency = random.uniform(0.05, 0.6, (2, count))
        phase = random.uniform(0, 2 * np.pi, (2, count))
        angle = 2 * np.pi * frequency[:, None] * stamps[:, None] + phase[:, None]
        return np.sin(angle.astype(np.float32)).sum(axis=0)  # float32's sine is many times as fast

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
