"""Parametric motions of exercises: joint angles over time, made of nothing but NumPy.

Names and signs are OpenSim's (Rajagopal et al. 2016, full-body model): `hip_flexion_r` and `arm_flex_r` are
positive forwards, `knee_angle_r` and `elbow_flex_r` positive when bent, `ankle_angle_r` positive with the
toes up, `hip_adduction_r` and `arm_add_r` positive towards the middle of the body, `*_rotation_r` and
`arm_rot_r` positive inwards, `pelvis_tilt` and `lumbar_extension` positive backwards. Of our own are
`neck_extension` (positive looking up), `pro_sup` (0 = thumb forwards, positive = palm backwards) and
`finger_flex`. All angles are 0 for a person who stands upright with hanging arms. Tables are in degrees
because people read them; what `make_motion` returns is in radians.
"""

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.exercises import EXERCISES, OTHERS, Angles, Person

CENTRAL_ANGLES = (
    "pelvis_tilt",
    "pelvis_list",
    "pelvis_rotation",
    "lumbar_extension",
    "lumbar_bending",
    "neck_extension",
)
SIDE_ANGLES = (
    "hip_flexion",
    "hip_adduction",
    "hip_rotation",
    "knee_angle",
    "ankle_angle",
    "mtp_angle",
    "arm_flex",
    "arm_add",
    "arm_rot",
    "elbow_flex",
    "pro_sup",
    "wrist_flex",
    "finger_flex",
)

# Degrees that no motion leaves: a healthy adult's range, wide enough for a deep squat and arms overhead.
LIMITS = {
    "pelvis_tilt": (-75, 30),
    "pelvis_list": (-20, 20),
    "pelvis_rotation": (-45, 45),
    "lumbar_extension": (-45, 20),
    "lumbar_bending": (-30, 30),
    "neck_extension": (-45, 45),
    "hip_flexion": (-30, 125),
    "hip_adduction": (-50, 30),
    "hip_rotation": (-45, 45),
    "knee_angle": (0, 150),
    "ankle_angle": (-50, 45),
    "mtp_angle": (-20, 80),
    "arm_flex": (-60, 180),
    "arm_add": (-180, 40),
    "arm_rot": (-100, 100),
    "elbow_flex": (0, 150),
    "pro_sup": (-90, 90),
    "wrist_flex": (-80, 80),
    "finger_flex": (0, 90),
}

MOTIONS = tuple(EXERCISES) + tuple(OTHERS)


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint angles over time and what holds the body.

    Attributes:
        name: one of `MOTIONS`.
        stamps: float64 (T,) seconds from 0.
        angles: radians, each float64 (T,), for every name of `CENTRAL_ANGLES`, and of `SIDE_ANGLES`
            with "_r" and with "_l" behind it.
        contact: "feet" (stands), "hands_and_toes" (on the floor) or "bar" (hangs by the hands).
        support: bool (T, 2): right and left foot stand still ("feet" only).
        hop: float64 (T,), height of the jump as a fraction of the leg's length.
        equipment: None, "barbell" (in the hands) or "bar" (overhead).
        repetitions: (starts and ends of the repetitions, seconds), one longer than there are repetitions.
    """

    name: str
    stamps: np.ndarray
    angles: Angles
    contact: str
    support: np.ndarray
    hop: np.ndarray
    equipment: Optional[str]
    repetitions: Tuple[float, ...]


def _repetitions(
    duration: float,
    period: float,
    repetitions: Optional[int],
    start_phase: float,
    spread: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Boundaries of the repetitions, seconds; the first is negative when the motion starts within one."""
    count = int(np.ceil(duration / period + start_phase)) + 1 if repetitions is None else repetitions
    lengths = np.exp(spread * 0.05 * rng.standard_normal(count))
    scale = period * count if repetitions is None else duration
    ends = np.concatenate([[0.0], np.cumsum(lengths / lengths.sum() * scale)])
    return ends - start_phase * (ends[1] - ends[0])


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))


def make_motion(
    name: str,
    duration: float = 10.0,
    rate: float = 30.0,
    seed: int = 0,
    variation: float = 1.0,
    period: Optional[float] = None,
    repetitions: Optional[int] = None,
    depth: float = 1.0,
    pause: float = 0.08,
    start_phase: float = 0.0,
) -> Motion:
    """The joint angles of one person who does one exercise.

    Args:
        name: one of `MOTIONS`.
        duration: seconds.
        rate: samples per second.
        seed: chooses the person's habits; the same seed gives the same motion.
        variation: 0 = the same textbook repetition again and again, 1 = as people do it (tempo and depth
            change a little from one repetition to the next, the sides differ, the body sways).
        period: seconds per repetition; None = the exercise's usual one, a little different for each person.
        repetitions: how many fill the duration exactly; overrides `period`.
        depth: 1 = full, 0.5 = half.
        pause: fraction of a repetition in which the body rests at the turning point.
        start_phase: where in the repetition the motion starts, 0..1.

    Raises:
        RehabCoachError: unknown name, or a value out of range.
    """
    kind = {**EXERCISES, **OTHERS}.get(name)
    if kind is None:
        raise RehabCoachError("there is no motion '%s'; choose one of %s" % (name, ", ".join(MOTIONS)))
    for label, value, low, high in (
        ("seed", seed, 0, 2**63),
        ("duration", duration, 0.03, 3600),
        ("rate", rate, 1, 240),
        ("variation", variation, 0, 2),
        ("depth", depth, 0.2, 1.1),
        ("pause", pause, 0, 0.6),
        ("start_phase", start_phase, 0, 1),
        ("period", kind.period if period is None else period, 0.3, 60),
        ("repetitions", 1 if repetitions is None else repetitions, 1, 3600),
    ):
        _check(label, value, low, high)
    rng = np.random.default_rng(seed)
    stamps = np.arange(max(1, int(round(duration * rate)))) / rate
    usual = kind.period * float(np.exp(variation * 0.08 * rng.standard_normal()))
    ends = _repetitions(duration, period or usual, repetitions, start_phase, variation, rng)
    turn = np.searchsorted(ends, stamps, side="right") - 1
    phase = (stamps - ends[turn]) / (ends[turn + 1] - ends[turn])
    # Depth belongs to the repetition; it may only change where the body is back at the start.
    depths = depth * (1 - 0.04 * variation * rng.random(len(ends)))
    person = Person(phase, depths[turn], pause, turn, float(rng.random()) if variation else 0.0)
    made, support, hop = kind.make(person)
    angles = _complete(made, stamps, variation, kind.contact, rng)
    return Motion(name, stamps, angles, kind.contact, support, hop, kind.equipment, tuple(float(end) for end in ends))


def _complete(made: Angles, stamps: np.ndarray, variation: float, contact: str, rng: np.random.Generator) -> Angles:
    """Every angle there is, in radians, with this person's sway and unevenness, inside the limits."""
    angles = {}
    for name in CENTRAL_ANGLES + tuple(name + side for name in SIDE_ANGLES for side in ("_r", "_l")):
        values = np.broadcast_to(np.asarray(made.get(name, 0.0), float), stamps.shape).copy()
        joint = name[:-2] if name[:-2] in SIDE_ANGLES else name
        uneven, sway = np.clip(rng.standard_normal(2), -2, 2)
        period, start = rng.uniform(2, 5), rng.random()
        # Arms and trunk wander; the legs carry the body, so they keep to the exercise.
        if joint.startswith(("arm", "elbow", "lumbar", "neck")) and contact == "feet":
            values += variation * (1.6 * uneven + 0.8 * sway * np.sin(2 * np.pi * (stamps / period + start)))
        low, high = LIMITS[joint]
        angles[name] = np.radians(np.clip(values, low, high))
    return angles
