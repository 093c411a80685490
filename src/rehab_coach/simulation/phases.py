"""What the makers of motions share: who does it how, smooth phases, simple stances."""

from dataclasses import dataclass, field
from typing import Callable, Dict, Mapping, Optional, Tuple, Union

import numpy as np

from rehab_coach.simulation.camera import Camera

Number = Union[float, np.ndarray]
Angles = Dict[str, Number]
"""Name of an angle -> degrees; an array has one value for each moment (T,)."""

PERIOD, WAY = (0.3, 60.0), (0.1, 30.0)
"""Least and most seconds of a repetition, and of its way there or back."""


@dataclass(frozen=True, eq=False)
class Person:
    """How this person does it.

    Attributes:
        phase: (T,) 0..1 within the repetition; the turning point is at 0.5.
        depth: (T,) 1 = full, one value a repetition.
        pause: part of the phase that is spent at the turning point.
        turn: (T,) number of the repetition.
        style: 0..1, chooses between habits (arms forward or before the chest, which side begins ...).
        stance, toes_out, lean: wider feet, toes further out, trunk further forward than usual; -1..1 as a seed draws
            them, `make_motion`'s habits may be as far as 10. One of a squat is 3, 6 and 4 degrees.
        asymmetry: -1..1, the right (positive) or the left side does more.
        faults: fault -> strength (T,), 1 = clearly there, 0 = not in this repetition.
    """

    phase: np.ndarray
    depth: np.ndarray
    pause: float
    turn: np.ndarray
    style: float
    stance: float = 0.0
    toes_out: float = 0.0
    lean: float = 0.0
    asymmetry: float = 0.0
    faults: Dict[str, np.ndarray] = field(default_factory=dict)

    def fault(self, name: str) -> Number:
        """Strength of a fault, 0 for those that this person does not have."""
        return self.faults.get(name, 0.0)


@dataclass(frozen=True, eq=False)
class Made:
    """What a maker of motions made; angles in degrees, everything (T,) or a number.

    Attributes:
        angles: those that are not 0.
        support: bool (T, 2): right and left foot stand still; None = both all the time.
        hop: height of the jump, leg lengths.
        knee_out: right and left knee point so many degrees outside the toes' direction.
        sway: the pelvis is moved to the (left, front, top), leg lengths, the feet staying where they are.
        lying: how she lies on hands and toes in between ("feet_and_hands" only): angles, and how far (T,) the body
            and before it the hands are there, 0..1.
    """

    angles: Mapping[str, Number]
    support: Optional[np.ndarray] = None
    hop: Number = 0.0
    knee_out: Tuple[Number, Number] = (0.0, 0.0)
    sway: Tuple[Number, Number, Number] = (0.0, 0.0, 0.0)
    lying: Optional[Tuple[Mapping[str, Number], np.ndarray, np.ndarray]] = None


@dataclass(frozen=True)
class Kind:
    """A motion's maker and what must be known beforehand.

    Attributes:
        make: from a person to the motion.
        period: seconds of a repetition.
        contact: what holds the body, see `motions.Motion`.
        equipment: see `motions.Motion`.
        grip: metres between a hand and the line down or up from its shoulder, outwards, where hands hold the body.
        travels: the person walks in it.
        still: part of the phase at rest before and after the repetition.
        pauses: the maker keeps to `Person.pause`; False = it only turns round at 0.5.
        faults: fault -> what it looks like.
        view: from which the whole body is in the picture all the time; None: the usual one for what holds the body.
    """

    make: Callable[[Person], Made]
    period: float
    contact: str = "feet"
    equipment: Optional[str] = None
    grip: float = 0.1
    travels: bool = False
    still: float = 0.03
    pauses: bool = True
    faults: Dict[str, str] = field(default_factory=dict)
    view: Optional[Camera] = None


def ease(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 without speed or acceleration at the ends: the minimum-jerk path (Flash and Hogan 1985)."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def ramp(phase: np.ndarray, times: Tuple[float, float, float, float]) -> np.ndarray:
    """0, rising between the first two phases, 1, falling between the last two, 0."""
    rise, top, fall, end = times
    return ease((phase - rise) / (top - rise)) * (1 - ease((phase - fall) / (end - fall)))


def down_and_up(person: Person) -> np.ndarray:
    """0 at a repetition's ends, `depth` in the middle, where it rests for the fraction `pause`."""
    half = (0.94 - person.pause) / 2
    return person.depth * ramp(person.phase, (0.03, 0.03 + half, 0.03 + half + person.pause, 0.97))


def both(**angles: Number) -> Angles:
    """The same values for the right and the left side."""
    return {name + side: value for name, value in angles.items() for side in ("_r", "_l")}


def by_side(right: bool, moving: Mapping[str, Number], resting: Mapping[str, Number]) -> Angles:
    """One side's angles for the moving limb, the other side's for the resting one."""
    one, other = ("_r", "_l") if right else ("_l", "_r")
    return {**{name + one: value for name, value in moving.items()}, **{n + other: v for n, v in resting.items()}}


def of_legs(right: np.ndarray, one: Mapping[str, Number], other: Mapping[str, Number]) -> Angles:
    """Angles of both legs where they change roles: `right` (T,) says when `one` is what the right leg does."""
    angles: Angles = {}
    for name in ("hip_flexion", "knee_angle", "ankle_angle", "mtp_angle"):
        first, second = one.get(name, 0.0), other.get(name, 0.0)
        angles[name + "_r"] = np.where(right, first, second)
        angles[name + "_l"] = np.where(right, second, first)
    return angles


def standing_angles(person: Person) -> Angles:
    """Upright, feet under the hips, arms at the sides."""
    angles: Angles = {"pelvis_tilt": np.full(len(person.phase), -2.0)}
    angles.update(
        both(
            hip_flexion=4.0,
            knee_angle=4.0,
            ankle_angle=2.0,
            hip_adduction=-4.0 - 2 * person.stance,
            hip_rotation=-8.0 - 4 * person.toes_out,
            arm_flex=2.0,
            arm_add=-8.0,
            elbow_flex=14.0,
            finger_flex=25.0,
        )
    )
    return angles


def legs_bent(knee: Number, shank: Number, tilt: Number) -> Angles:
    """Both legs with the feet flat: the shank leans forward by `shank`, the pelvis by `-tilt` (degrees)."""
    return both(hip_flexion=knee - shank - tilt, knee_angle=knee, ankle_angle=shank)


def leg_to(forward: Number, down: Number) -> Tuple[Number, Number]:
    """The thigh's pitch and the knee's angle (degrees) that put the ankle there, seen from the hip.

    In leg lengths, thigh and shank each half of it. The body solver removes what a real leg's proportions
    differ.
    """
    distance = np.minimum(np.hypot(forward, down), 0.9995)
    half_knee = np.arccos(distance)
    return np.degrees(np.arctan2(forward, down) + half_knee), np.degrees(2 * half_knee)


def flat_leg(forward: Number, down: Number, tilt: Number, toes: Number = 0.0) -> Angles:
    """One leg, without side, whose ankle is there (see `leg_to`) and whose sole is level, or its toes up by `toes`."""
    thigh, knee = leg_to(forward, down)
    return {"hip_flexion": thigh - tilt, "knee_angle": knee, "ankle_angle": knee - thigh + toes}


def trailing_leg(forward: Number, down: Number, tilt: Number, heel: Number) -> Angles:
    """The same with the heel raised by `heel` radians: the ankle turns about the ball of the foot.

    That is 0.17 leg lengths in front of the ankle and 0.06 below it; the place is that of the ankle over a level sole.
    """
    forward = forward + 0.17 - 0.17 * np.cos(heel) + 0.06 * np.sin(heel)
    height = 0.17 * np.sin(heel) + 0.06 * (np.cos(heel) - 1)
    raised = flat_leg(forward, down - height, tilt, -np.degrees(heel))
    return {**raised, "mtp_angle": np.degrees(heel)}
