"""Parametric motions of exercises: joint angles over time, made of nothing but NumPy.

Names and signs are OpenSim's (Rajagopal et al. 2016, full-body model): `hip_flexion_r` and `arm_flex_r` are positive
forwards, `knee_angle_r` and `elbow_flex_r` positive when bent, `ankle_angle_r` positive with the toes up,
`hip_adduction_r` and `arm_add_r` positive towards the middle of the body, `*_rotation_r` and `arm_rot_r` positive
inwards, `pelvis_tilt` and `lumbar_extension` positive backwards. Of our own are `neck_extension` (positive looking up),
`pro_sup` (0 = thumb forwards, positive = palm backwards) and `finger_flex`. All angles are 0 for a person who stands
upright with hanging arms; a name that a motion does not mention is 0. Tables in this file are in degrees because people
read them; what `make_motion` returns is in radians.
"""
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError

CENTRAL_ANGLES = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "lumbar_extension", "lumbar_bending",
                  "neck_extension")
SIDE_ANGLES = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "mtp_angle", "arm_flex",
               "arm_add", "arm_rot", "elbow_flex", "pro_sup", "wrist_flex", "finger_flex")

# Degrees that no motion leaves: a healthy adult's range, wide enough for a deep squat and arms overhead.
LIMITS = {
    "pelvis_tilt": (-75, 30), "pelvis_list": (-20, 20), "pelvis_rotation": (-45, 45), "lumbar_extension": (-45, 20),
    "lumbar_bending": (-30, 30), "neck_extension": (-45, 45), "hip_flexion": (-30, 125), "hip_adduction": (-50, 30),
    "hip_rotation": (-45, 45), "knee_angle": (0, 150), "ankle_angle": (-50, 45), "mtp_angle": (-20, 80),
    "arm_flex": (-60, 180), "arm_add": (-180, 40), "arm_rot": (-100, 100), "elbow_flex": (0, 150),
    "pro_sup": (-90, 90), "wrist_flex": (-80, 80), "finger_flex": (0, 90)}

Angles = Dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint angles over time and what holds the body.

    Attributes:
        name: one of `MOTIONS`.
        stamps: float64 (T,) seconds from 0.
        angles: radians, each float64 (T,), for every name of `CENTRAL_ANGLES` and every name of `SIDE_ANGLES` + "_r"
            or "_l".
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


@dataclass(frozen=True, eq=False)
class _Person:
    """How this person does it; everything (T,) or a number. `style` in 0..1 chooses between habits."""

    phase: np.ndarray
    depth: np.ndarray
    pause: float
    turn: np.ndarray
    style: float


@dataclass(frozen=True)
class _Kind:
    """A motion's maker and what it needs to know beforehand; period in seconds."""

    make: Callable[[_Person], Tuple[Angles, np.ndarray, np.ndarray]]
    period: float
    contact: str = "feet"
    equipment: Optional[str] = None


def _ease(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 with no speed and no acceleration at the ends: the minimum-jerk path (Flash and Hogan 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return x ** 3 * (10 - 15 * x + 6 * x ** 2)


def _ramp(phase: np.ndarray, times: Tuple[float, float, float, float]) -> np.ndarray:
    """0, rising between the first two phases, 1, falling between the last two, 0."""
    rise, top, fall, end = times
    return _ease((phase - rise) / (top - rise)) * (1 - _ease((phase - fall) / (end - fall)))


def _down_and_up(person: _Person) -> np.ndarray:
    """0 at a repetition's ends, `depth` in the middle, where it rests for the fraction `pause` of the repetition."""
    half = (0.94 - person.pause) / 2
    return person.depth * _ramp(person.phase, (0.03, 0.03 + half, 0.03 + half + person.pause, 0.97))


def _both(**angles) -> Angles:
    return {name + side: value for name, value in angles.items() for side in ("_r", "_l")}


def _standing_still(phase: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    return np.ones((len(phase), 2), bool), np.zeros(len(phase))


def _leg(forward: np.ndarray, down: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The thigh's pitch and the knee's angle (degrees) that put the ankle there, seen from the hip.

    In leg lengths, thigh and shank each half of it. The body solver removes what a real leg's proportions differ.
    """
    distance = np.minimum(np.hypot(forward, down), 0.9995)
    half_knee = np.arccos(distance)
    return np.degrees(np.arctan2(forward, down) + half_knee), np.degrees(2 * half_knee)


def _squat(person: _Person):
    down = _down_and_up(person)
    knee, shank = 6 + 106 * down, 3 + 29 * down
    tilt, lumbar = -2 - 27 * down, -12 * down
    lean = -(tilt + lumbar)
    angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.6 * lean}
    angles.update(_both(hip_flexion=knee - shank - tilt, knee_angle=knee, ankle_angle=shank, hip_adduction=-11.0,
                        hip_rotation=-15.0))
    if person.style < 0.6:  # the arms rise forwards as the body goes down
        raised = 0.12 + 0.88 * _ease(down / np.maximum(person.depth, 1e-6) * 1.3)
        angles.update(_both(arm_flex=(82 + lean) * raised, arm_add=-4.0, elbow_flex=12.0, pro_sup=40.0))
    else:  # hands before the chest
        angles.update(_both(arm_flex=38 + 0.5 * lean, arm_add=-12.0, arm_rot=38.0, elbow_flex=122.0, pro_sup=10.0,
                            finger_flex=25.0))
    return (angles,) + _standing_still(down)


def _deadlift(person: _Person):
    down = _down_and_up(person)
    knee, shank = 5 + 73 * down, 2 + 17 * down
    tilt, lumbar = -2 - 58 * down, -9 * down
    lean = -(tilt + lumbar)
    angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.45 * lean}
    angles.update(_both(hip_flexion=knee - shank - tilt, knee_angle=knee, ankle_angle=shank, hip_adduction=-3.0,
                        hip_rotation=-8.0, arm_flex=lean + 14 * (1 - down), arm_add=-9.0, elbow_flex=3.0, pro_sup=75.0,
                        finger_flex=75.0))
    return (angles,) + _standing_still(down)


def _jumping_jack(person: _Person):
    cycle = 2 * np.pi * person.phase
    apart = person.depth * (1 - np.cos(cycle)) / 2
    # The feet are on the floor near both ends of the jump; the knees give way there.
    landed = np.cos(2 * cycle)
    knee = 13 + 9 * landed
    angles = {"pelvis_tilt": -3.0, "lumbar_extension": -2.0, "neck_extension": 3.0}
    angles.update(_both(hip_flexion=knee / 2 + 3, knee_angle=knee, ankle_angle=knee / 2 - 6 * (1 - landed),
                        hip_adduction=-1 - 23 * apart, hip_rotation=-6.0, arm_flex=8.0, arm_add=-10 - 148 * apart,
                        arm_rot=-50 * apart, elbow_flex=20 + 14 * apart, pro_sup=25 * (1 - apart)))
    support = np.repeat((landed > 0.55)[:, None], 2, axis=1)
    hop = 0.05 * np.clip(0.5 - landed, 0, None) * person.depth
    return angles, support, hop


def _lunge(person: _Person):
    # Lengths in leg lengths. The leading leg steps out, the hips sink between the feet, and back.
    step = 0.92 * _ramp(person.phase, (0.04, 0.30, 0.70, 0.96))
    sink = 0.40 * person.depth * _ramp(person.phase, (0.20, 0.50 - person.pause / 2, 0.50 + person.pause / 2, 0.80))
    lift = 0.10 * (_ramp(person.phase, (0.04, 0.16, 0.17, 0.29)) + _ramp(person.phase, (0.71, 0.83, 0.84, 0.96)))
    hip_forward = 0.50 * step
    hip_height = 0.985 - sink - 0.10 * step
    heel = np.radians(68 * np.minimum(1.0, step / 0.92) * (0.35 + 0.65 * sink / 0.40))  # the trailing heel rises
    # The trailing ankle turns about the ball of the foot, 0.17 in front of it and 0.06 below.
    trailing_forward = 0.17 - 0.17 * np.cos(heel) + 0.06 * np.sin(heel) - hip_forward
    trailing_height = 0.17 * np.sin(heel) + 0.06 * (np.cos(heel) - 1)
    front_thigh, front_knee = _leg(step - hip_forward, hip_height - lift)
    back_thigh, back_knee = _leg(trailing_forward, hip_height - trailing_height)
    toes = 25 * lift / 0.10
    tilt = -4 - 5 * sink / 0.40
    stepping = {"hip_flexion": front_thigh - tilt, "knee_angle": front_knee,
                "ankle_angle": front_knee - front_thigh + 0.3 * toes}
    staying = {"hip_flexion": back_thigh - tilt, "knee_angle": back_knee,
               "ankle_angle": back_knee - back_thigh - np.degrees(heel), "mtp_angle": np.degrees(heel)}
    angles = {"pelvis_tilt": tilt, "neck_extension": 2.0, "lumbar_extension": 2.0}
    right = person.turn % 2 == (0 if person.style < 0.5 else 1)
    for name in ("hip_flexion", "knee_angle", "ankle_angle", "mtp_angle"):
        ahead, behind = stepping.get(name, np.zeros_like(step)), staying[name]
        angles[name + "_r"] = np.where(right, ahead, behind)
        angles[name + "_l"] = np.where(right, behind, ahead)
    angles.update(_both(hip_adduction=-2.0, hip_rotation=-4.0))
    if 0.25 < person.style < 0.75:  # hands before the chest, else at the sides
        angles.update(_both(arm_flex=36.0, arm_add=-12.0, arm_rot=38.0, elbow_flex=122.0, pro_sup=10.0,
                            finger_flex=25.0))
    else:
        angles.update(_both(arm_flex=4 + 10 * sink, arm_add=-14.0, elbow_flex=18.0, pro_sup=10.0, finger_flex=25.0))
    leading_stands = (lift < 1e-6) & ((step < 1e-6) | (step > 0.92 - 1e-6))
    always = np.ones(len(step), bool)
    support = np.where(right[:, None], np.stack([leading_stands, always], axis=1),
                       np.stack([always, leading_stands], axis=1))
    return angles, support, np.zeros(len(step))


def _push_up(person: _Person):
    down = _down_and_up(person)
    angles = {"pelvis_tilt": np.zeros_like(down), "lumbar_extension": 3.0, "neck_extension": 14.0}
    angles.update(_both(hip_flexion=7.0, knee_angle=5.0, ankle_angle=4.0, mtp_angle=58.0, hip_adduction=-3.0,
                        elbow_flex=8 + 92 * down))
    return (angles,) + _standing_still(down)


def _pull_up(person: _Person):
    up = _down_and_up(person)
    angles = {"pelvis_tilt": 4 + 6 * up, "lumbar_extension": 6 * up, "neck_extension": 6 + 10 * up}
    angles.update(_both(hip_flexion=12 - 4 * up, knee_angle=35 + 18 * up, ankle_angle=-25.0, hip_adduction=-2.0,
                        elbow_flex=10 + 118 * up, finger_flex=80.0))
    return (angles,) + _standing_still(up)


def _walking_in_place(person: _Person):
    cycle = 2 * np.pi * person.phase
    angles = {"pelvis_tilt": -2.0, "neck_extension": 2.0}
    lifts = []
    for side, swing in (("_r", np.sin(cycle)), ("_l", -np.sin(cycle))):
        lift = np.clip(swing, 0, None) ** 1.5 * person.depth
        lifts.append(lift)
        angles.update({"hip_flexion" + side: 5 + 48 * lift, "knee_angle" + side: 6 + 72 * lift,
                       "ankle_angle" + side: 3 - 8 * lift, "hip_adduction" + side: -3.0, "hip_rotation" + side: -7.0,
                       "arm_flex" + side: 2 - 26 * swing, "arm_add" + side: -9.0,
                       "elbow_flex" + side: 32 - 10 * swing, "finger_flex" + side: 30.0})
    support = np.stack(lifts, axis=1) < 1e-6
    return angles, support, np.zeros(len(cycle))


def _standing(person: _Person):
    angles = {"pelvis_tilt": np.full(len(person.phase), -2.0)}
    angles.update(_both(hip_flexion=4.0, knee_angle=4.0, ankle_angle=2.0, hip_adduction=-4.0, hip_rotation=-8.0,
                        arm_flex=2.0, arm_add=-8.0, elbow_flex=14.0, finger_flex=25.0))
    return (angles,) + _standing_still(person.phase)


def _waving(person: _Person):
    angles, support, hop = _standing(person)
    side = "_r" if person.style < 0.5 else "_l"
    swing = person.depth * np.sin(2 * np.pi * person.phase)
    angles.update({"arm_flex" + side: 10.0, "arm_add" + side: -72 + 6 * swing, "arm_rot" + side: -88.0,
                   "elbow_flex" + side: 88 + 26 * swing, "pro_sup" + side: 60.0, "finger_flex" + side: 4.0})
    return angles, support, hop


EXERCISES = {
    "squat": _Kind(_squat, 3.2), "lunge": _Kind(_lunge, 3.6),
    "deadlift": _Kind(_deadlift, 3.6, equipment="barbell"),
    "push_up": _Kind(_push_up, 2.4, contact="hands_and_toes"),
    "pull_up": _Kind(_pull_up, 3.0, contact="bar", equipment="bar"), "jumping_jack": _Kind(_jumping_jack, 1.15)}
OTHERS = {"walking_in_place": _Kind(_walking_in_place, 1.1), "waving": _Kind(_waving, 0.8),
          "standing": _Kind(_standing, 4.0)}
MOTIONS = tuple(EXERCISES) + tuple(OTHERS)


def _repetitions(duration: float, period: float, repetitions: Optional[int], start_phase: float, spread: float,
                 rng: np.random.Generator) -> np.ndarray:
    """Boundaries of the repetitions in seconds; the first lies before 0 when the motion starts in the middle of one."""
    count = int(np.ceil(duration / period + start_phase)) + 1 if repetitions is None else repetitions
    lengths = np.exp(spread * 0.05 * rng.standard_normal(count))
    scale = period * count if repetitions is None else duration
    ends = np.concatenate([[0.0], np.cumsum(lengths / lengths.sum() * scale)])
    return ends - start_phase * (ends[1] - ends[0])


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise RehabCoachError("%s must be between %g and %g, not %g" % (name, low, high, value))


def make_motion(name: str, duration: float = 10.0, rate: float = 30.0, seed: int = 0, variation: float = 1.0,
                period: Optional[float] = None, repetitions: Optional[int] = None, depth: float = 1.0,
                pause: float = 0.08, start_phase: float = 0.0) -> Motion:
    """The joint angles of one person who does one exercise.

    Args:
        name: one of `MOTIONS`.
        duration: seconds.
        rate: samples per second.
        seed: chooses the person's habits; the same seed gives the same motion.
        variation: 0 = the same textbook repetition again and again, 1 = as people do it (tempo and depth change a
            little from one repetition to the next, the sides differ, the body sways).
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
            ("duration", duration, 0.03, 3600), ("rate", rate, 1, 240), ("variation", variation, 0, 2),
            ("depth", depth, 0.2, 1.1), ("pause", pause, 0, 0.6), ("start_phase", start_phase, 0, 1),
            ("period", kind.period if period is None else period, 0.3, 60),
            ("repetitions", 1 if repetitions is None else repetitions, 1, 3600)):
        _check(label, value, low, high)
    rng = np.random.default_rng(seed)
    stamps = np.arange(max(1, int(round(duration * rate)))) / rate
    usual = kind.period * float(np.exp(variation * 0.08 * rng.standard_normal()))
    ends = _repetitions(duration, period or usual, repetitions, start_phase, variation, rng)
    turn = np.searchsorted(ends, stamps, side="right") - 1
    phase = (stamps - ends[turn]) / (ends[turn + 1] - ends[turn])
    # Depth belongs to the repetition; it may only change where the body is back at the start.
    depths = depth * (1 - 0.04 * variation * rng.random(len(ends)))
    person = _Person(phase, depths[turn], pause, turn, float(rng.random()) if variation else 0.0)
    made, support, hop = kind.make(person)
    return Motion(name, stamps, _complete(made, stamps, variation, kind.contact, rng), kind.contact, support, hop,
                  kind.equipment, tuple(float(end) for end in ends))


def _complete(made: Angles, stamps: np.ndarray, variation: float, contact: str, rng: np.random.Generator) -> Angles:
    """Every angle there is, in radians, with this person's sway and unevenness, inside the limits."""
    angles = {}
    for name in CENTRAL_ANGLES + tuple(name + side for name in SIDE_ANGLES for side in ("_r", "_l")):
        values = np.broadcast_to(np.asarray(made.get(name, 0.0), float), stamps.shape).copy()
        joint = name[:-2] if name[:-2] in SIDE_ANGLES else name
        uneven, sway, period, start = rng.standard_normal(), rng.standard_normal(), rng.uniform(2, 5), rng.random()
        # Arms and trunk wander; the legs carry the body, so they keep to the exercise.
        if joint.startswith(("arm", "elbow", "lumbar", "neck")) and contact == "feet":
            values += variation * (1.6 * np.clip(uneven, -2, 2)
                                   + 0.8 * np.clip(sway, -2, 2) * np.sin(2 * np.pi * (stamps / period + start)))
        low, high = LIMITS[joint]
        angles[name] = np.radians(np.clip(values, low, high))
    return angles
