"""How each exercise goes: joint angles (degrees, OpenSim's signs, see `motions`) over a repetition's phase.

A maker takes a `Person` and returns the angles that are not 0, which feet stand still, and the height of the
jump. A name that ends in neither _r nor _l belongs to the trunk. To add a motion, write a maker and list it
below.
"""

from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

import numpy as np

Angles = Dict[str, np.ndarray]
Made = Tuple[Angles, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Person:
    """How this person does it; everything (T,) or a number. `style` in 0..1 chooses between habits."""

    phase: np.ndarray
    depth: np.ndarray
    pause: float
    turn: np.ndarray
    style: float


@dataclass(frozen=True)
class Kind:
    """A motion's maker and what it needs to know beforehand; period in seconds."""

    make: Callable[[Person], Made]
    period: float
    contact: str = "feet"
    equipment: Optional[str] = None


def _ease(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 without speed or acceleration at the ends: the minimum-jerk path (Flash and Hogan 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def _ramp(phase: np.ndarray, times: Tuple[float, float, float, float]) -> np.ndarray:
    """0, rising between the first two phases, 1, falling between the last two, 0."""
    rise, top, fall, end = times
    return _ease((phase - rise) / (top - rise)) * (1 - _ease((phase - fall) / (end - fall)))


def _down_and_up(person: Person) -> np.ndarray:
    """0 at a repetition's ends, `depth` in the middle, where it rests for the fraction `pause`."""
    half = (0.94 - person.pause) / 2
    return person.depth * _ramp(person.phase, (0.03, 0.03 + half, 0.03 + half + person.pause, 0.97))


def _both(**angles) -> Angles:
    return {name + side: value for name, value in angles.items() for side in ("_r", "_l")}


def _standing_still(phase: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    return np.ones((len(phase), 2), bool), np.zeros(len(phase))


def _leg(forward: np.ndarray, down: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The thigh's pitch and the knee's angle (degrees) that put the ankle there, seen from the hip.

    In leg lengths, thigh and shank each half of it. The body solver removes what a real leg's proportions
    differ.
    """
    distance = np.minimum(np.hypot(forward, down), 0.9995)
    half_knee = np.arccos(distance)
    return np.degrees(np.arctan2(forward, down) + half_knee), np.degrees(2 * half_knee)


def _squat(person: Person) -> Made:
    down = _down_and_up(person)
    knee, shank = 6 + 106 * down, 3 + 29 * down
    tilt, lumbar = -2 - 27 * down, -12 * down
    lean = -(tilt + lumbar)
    angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.6 * lean}
    angles.update(
        _both(
            hip_flexion=knee - shank - tilt, knee_angle=knee, ankle_angle=shank, hip_adduction=-11.0, hip_rotation=-15.0
        )
    )
    if person.style < 0.6:  # the arms rise forwards as the body goes down
        raised = 0.12 + 0.88 * _ease(down / np.maximum(person.depth, 1e-6) * 1.3)
        angles.update(_both(arm_flex=(82 + lean) * raised, arm_add=-4.0, elbow_flex=12.0, pro_sup=40.0))
    else:  # hands before the chest
        angles.update(
            _both(
                arm_flex=38 + 0.5 * lean, arm_add=-12.0, arm_rot=38.0, elbow_flex=122.0, pro_sup=10.0, finger_flex=25.0
            )
        )
    return (angles,) + _standing_still(down)


def _deadlift(person: Person) -> Made:
    down = _down_and_up(person)
    knee, shank = 5 + 73 * down, 2 + 17 * down
    tilt, lumbar = -2 - 58 * down, -9 * down
    lean = -(tilt + lumbar)
    angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.45 * lean}
    angles.update(
        _both(
            hip_flexion=knee - shank - tilt,
            knee_angle=knee,
            ankle_angle=shank,
            hip_adduction=-3.0,
            hip_rotation=-8.0,
            arm_flex=lean + 14 * (1 - down),
            arm_add=-9.0,
            elbow_flex=3.0,
            pro_sup=75.0,
            finger_flex=75.0,
        )
    )
    return (angles,) + _standing_still(down)


def _jumping_jack(person: Person) -> Made:
    cycle = 2 * np.pi * person.phase
    apart = person.depth * (1 - np.cos(cycle)) / 2
    # The feet are on the floor near both ends of the jump; the knees give way there.
    landed = np.cos(2 * cycle)
    knee = 13 + 9 * landed
    angles = {"pelvis_tilt": -3.0, "lumbar_extension": -2.0, "neck_extension": 3.0}
    angles.update(
        _both(
            hip_flexion=knee / 2 + 3,
            knee_angle=knee,
            ankle_angle=knee / 2 - 6 * (1 - landed),
            hip_adduction=-1 - 23 * apart,
            hip_rotation=-6.0,
            arm_flex=8.0,
            arm_add=-10 - 148 * apart,
            arm_rot=-50 * apart,
            elbow_flex=20 + 14 * apart,
            pro_sup=25 * (1 - apart),
        )
    )
    support = np.repeat((landed > 0.55)[:, None], 2, axis=1)
    hop = 0.05 * np.clip(0.5 - landed, 0, None) * person.depth
    return angles, support, hop


def _lunge(person: Person) -> Made:
    # Lengths in leg lengths. The leading leg steps out, the hips sink between the feet, and back.
    step = 0.92 * _ramp(person.phase, (0.04, 0.30, 0.70, 0.96))
    rest = person.pause / 2
    sink = 0.40 * person.depth * _ramp(person.phase, (0.20, 0.50 - rest, 0.50 + rest, 0.80))
    out, back = (0.04, 0.16, 0.17, 0.29), (0.71, 0.83, 0.84, 0.96)
    lift = 0.10 * (_ramp(person.phase, out) + _ramp(person.phase, back))
    hip_forward = 0.50 * step
    hip_height = 0.985 - sink - 0.10 * step
    # The trailing heel rises; its ankle turns about the ball of the foot, 0.17 in front of it and 0.06 below.
    heel = np.radians(68 * np.minimum(1.0, step / 0.92) * (0.35 + 0.65 * sink / 0.40))
    trailing_forward = 0.17 - 0.17 * np.cos(heel) + 0.06 * np.sin(heel) - hip_forward
    trailing_height = 0.17 * np.sin(heel) + 0.06 * (np.cos(heel) - 1)
    front_thigh, front_knee = _leg(step - hip_forward, hip_height - lift)
    back_thigh, back_knee = _leg(trailing_forward, hip_height - trailing_height)
    toes = 25 * lift / 0.10
    tilt = -4 - 5 * sink / 0.40
    stepping = {
        "hip_flexion": front_thigh - tilt,
        "knee_angle": front_knee,
        "ankle_angle": front_knee - front_thigh + 0.3 * toes,
    }
    staying = {
        "hip_flexion": back_thigh - tilt,
        "knee_angle": back_knee,
        "ankle_angle": back_knee - back_thigh - np.degrees(heel),
        "mtp_angle": np.degrees(heel),
    }
    angles = {"pelvis_tilt": tilt, "neck_extension": 2.0, "lumbar_extension": 2.0}
    right = person.turn % 2 == (0 if person.style < 0.5 else 1)
    for name in ("hip_flexion", "knee_angle", "ankle_angle", "mtp_angle"):
        ahead, behind = stepping.get(name, np.zeros_like(step)), staying[name]
        angles[name + "_r"] = np.where(right, ahead, behind)
        angles[name + "_l"] = np.where(right, behind, ahead)
    angles.update(_both(hip_adduction=-2.0, hip_rotation=-4.0))
    if 0.25 < person.style < 0.75:  # hands before the chest, else at the sides
        angles.update(
            _both(arm_flex=36.0, arm_add=-12.0, arm_rot=38.0, elbow_flex=122.0, pro_sup=10.0, finger_flex=25.0)
        )
    else:
        angles.update(_both(arm_flex=4 + 10 * sink, arm_add=-14.0, elbow_flex=18.0, pro_sup=10.0, finger_flex=25.0))
    leading_stands = (lift < 1e-6) & ((step < 1e-6) | (step > 0.92 - 1e-6))
    always = np.ones(len(step), bool)
    support = np.where(
        right[:, None], np.stack([leading_stands, always], axis=1), np.stack([always, leading_stands], axis=1)
    )
    return angles, support, np.zeros(len(step))


def _push_up(person: Person) -> Made:
    down = _down_and_up(person)
    angles = {"pelvis_tilt": np.zeros_like(down), "lumbar_extension": 3.0, "neck_extension": 14.0}
    angles.update(
        _both(
            hip_flexion=7.0,
            knee_angle=5.0,
            ankle_angle=4.0,
            mtp_angle=58.0,
            hip_adduction=-3.0,
            elbow_flex=8 + 92 * down,
        )
    )
    return (angles,) + _standing_still(down)


def _pull_up(person: Person) -> Made:
    up = _down_and_up(person)
    angles = {"pelvis_tilt": 4 + 6 * up, "lumbar_extension": 6 * up, "neck_extension": 6 + 10 * up}
    angles.update(
        _both(
            hip_flexion=12 - 4 * up,
            knee_angle=35 + 18 * up,
            ankle_angle=-25.0,
            hip_adduction=-2.0,
            elbow_flex=10 + 118 * up,
            finger_flex=80.0,
        )
    )
    return (angles,) + _standing_still(up)


def _walking_in_place(person: Person) -> Made:
    cycle = 2 * np.pi * person.phase
    angles = {"pelvis_tilt": -2.0, "neck_extension": 2.0}
    lifts = []
    for side, swing in (("_r", np.sin(cycle)), ("_l", -np.sin(cycle))):
        lift = np.clip(swing, 0, None) ** 1.5 * person.depth
        lifts.append(lift)
        angles.update(
            {
                "hip_flexion" + side: 5 + 48 * lift,
                "knee_angle" + side: 6 + 72 * lift,
                "ankle_angle" + side: 3 - 8 * lift,
                "hip_adduction" + side: -3.0,
                "hip_rotation" + side: -7.0,
                "arm_flex" + side: 2 - 26 * swing,
                "arm_add" + side: -9.0,
                "elbow_flex" + side: 32 - 10 * swing,
                "finger_flex" + side: 30.0,
            }
        )
    support = np.stack(lifts, axis=1) < 1e-6
    return angles, support, np.zeros(len(cycle))


def _standing(person: Person) -> Made:
    angles = {"pelvis_tilt": np.full(len(person.phase), -2.0)}
    angles.update(
        _both(
            hip_flexion=4.0,
            knee_angle=4.0,
            ankle_angle=2.0,
            hip_adduction=-4.0,
            hip_rotation=-8.0,
            arm_flex=2.0,
            arm_add=-8.0,
            elbow_flex=14.0,
            finger_flex=25.0,
        )
    )
    return (angles,) + _standing_still(person.phase)


def _waving(person: Person) -> Made:
    angles, support, hop = _standing(person)
    side = "_r" if person.style < 0.5 else "_l"
    swing = person.depth * np.sin(2 * np.pi * person.phase)
    angles.update(
        {
            "arm_flex" + side: 10.0,
            "arm_add" + side: -72 + 6 * swing,
            "arm_rot" + side: -88.0,
            "elbow_flex" + side: 88 + 26 * swing,
            "pro_sup" + side: 60.0,
            "finger_flex" + side: 4.0,
        }
    )
    return angles, support, hop


EXERCISES = {
    "squat": Kind(_squat, 3.2),
    "lunge": Kind(_lunge, 3.6),
    "deadlift": Kind(_deadlift, 3.6, equipment="barbell"),
    "push_up": Kind(_push_up, 2.4, contact="hands_and_toes"),
    "pull_up": Kind(_pull_up, 3.0, contact="bar", equipment="bar"),
    "jumping_jack": Kind(_jumping_jack, 1.15),
}
OTHERS = {
    "walking_in_place": Kind(_walking_in_place, 1.1),
    "waving": Kind(_waving, 0.8),
    "standing": Kind(_standing, 4.0),
}
