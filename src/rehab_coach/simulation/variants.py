"""Other ways to do the exercises: what an exercise's record lists as its variants and a recogniser calls by its label.

Angles in degrees, OpenSim's names and signs, as in `exercises`.
"""

from functools import partial
from typing import Dict

import numpy as np

from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.exercises import (
    BAR_VIEW,
    EXERCISE_KINDS,
    FRONT_VIEW,
    HANDS_BEFORE_CHEST,
    deadlift,
    jumping_jack,
    pull_up,
    push_up,
    squat,
)
from rehab_coach.simulation.phases import (
    Angles,
    Kind,
    Made,
    Number,
    Person,
    both,
    flat_leg,
    of_legs,
    ramp,
    trailing_leg,
)

LUNGE_VIEW = EXERCISE_KINDS["lunge"].view
WALKING_VIEW = Camera(yaw=55, distance=3.9, look_at=0.85)
JUMPING_VIEW = Camera(yaw=40, distance=3.2, look_at=0.95)
BAR_ON_THE_SHOULDERS = dict(arm_flex=22.0, arm_add=-24.0, arm_rot=-92.0, elbow_flex=143.0, finger_flex=70.0)
BAR_BEFORE_THE_SHOULDERS = dict(arm_flex=34.0, arm_add=10.0, arm_rot=-15.0, elbow_flex=143.0, finger_flex=70.0)
WEIGHT_BEFORE_THE_CHEST = dict(arm_flex=30.0, **HANDS_BEFORE_CHEST)


def _right_leads(person: Person, changing: bool = True) -> np.ndarray:
    """Whether the right leg leads (T,); it changes with every repetition, or stays."""
    turn = person.turn if changing else np.zeros_like(person.turn)
    return turn % 2 == (0 if person.style < 0.5 else 1)


def _arms_of_a_lunge(person: Person) -> Angles:
    if 0.25 < person.style < 0.75:
        return both(arm_flex=36.0, **HANDS_BEFORE_CHEST)
    return both(arm_flex=6.0, arm_add=-14.0, elbow_flex=18.0, pro_sup=10.0, finger_flex=25.0)


def _lunging(person: Person, right: np.ndarray, tilt: Number, leading: Angles, trailing: Angles) -> Angles:
    """All angles of a lunge whose legs are known."""
    angles: Angles = {
        "pelvis_tilt": tilt,
        "neck_extension": 2.0,
        "lumbar_extension": 2.0,
        **of_legs(right, leading, trailing),
    }
    angles.update(both(hip_adduction=-2.0 - person.stance, hip_rotation=-4.0))
    angles.update(_arms_of_a_lunge(person))
    return angles


def _stand(right: np.ndarray, leading: np.ndarray, trailing: np.ndarray) -> np.ndarray:
    """Which feet stand, right and left (T, 2)."""
    one, other = np.where(right, leading, trailing), np.where(right, trailing, leading)
    return np.stack([one, other], axis=1)


def _reverse_lunge(person: Person) -> Made:
    """The trailing leg steps back, the hips sink between the feet, and it comes back."""
    step = 0.88 * ramp(person.phase, (0.04, 0.30, 0.70, 0.96))
    rest = person.pause / 2
    sink = 0.40 * person.depth * ramp(person.phase, (0.16, 0.50 - rest, 0.50 + rest, 0.84))
    lift = 0.09 * (ramp(person.phase, (0.04, 0.16, 0.17, 0.29)) + ramp(person.phase, (0.71, 0.83, 0.84, 0.96)))
    right = _right_leads(person)
    back, height = 0.46 * step, 0.985 - sink - 0.09 * step
    tilt = -4 - (6 + 3 * person.lean) * sink / 0.40
    heel = np.radians(66 * step / 0.88 * (0.55 + 0.45 * sink / 0.40))
    leading = flat_leg(back, height, tilt)
    trailing = trailing_leg(back - step, height - lift, tilt, heel)
    stands = (lift < 1e-6) & ((step < 1e-6) | (step > 0.88 - 1e-6))
    return Made(_lunging(person, right, tilt, leading, trailing), _stand(right, np.ones_like(stands), stands))


def _walking_lunge(person: Person) -> Made:
    """The leading leg steps out, the hips sink, and the trailing leg comes to its side: one step further."""
    out = 0.86 * ramp(person.phase, (0.02, 0.28, 2.0, 3.0))
    joins = 0.86 * ramp(person.phase, (0.70, 0.97, 2.0, 3.0))
    rest = person.pause / 3
    sink = 0.38 * person.depth * ramp(person.phase, (0.16, 0.46 - rest, 0.50 + rest, 0.86))
    hips = 0.5 * (out + joins)
    apart = (out - joins) / 0.86
    lift_out, lift_in = (0.09 * ramp(person.phase, at) for at in ((0.02, 0.14, 0.16, 0.28), (0.70, 0.82, 0.84, 0.97)))
    right = _right_leads(person)
    height = 0.985 - sink - 0.08 * apart
    tilt = -5 - (6 + 3 * person.lean) * sink / 0.38
    heel = np.radians(66 * apart * (0.45 + 0.55 * sink / 0.38))
    leading = flat_leg(out - hips, height - lift_out, tilt, 70 * lift_out)
    trailing = trailing_leg(joins - hips, height - lift_in, tilt, heel)
    stands = _stand(
        right, (person.phase <= 0.02) | (person.phase >= 0.28), (person.phase <= 0.70) | (person.phase >= 0.97)
    )
    return Made(_lunging(person, right, tilt, leading, trailing), stands)


def _split_squat(person: Person) -> Made:
    """The feet stay apart, the same one in front; the hips sink between them and rise."""
    rest = person.pause / 2
    sink = 0.34 * person.depth * ramp(person.phase, (0.03, 0.50 - rest, 0.50 + rest, 0.97))
    right = _right_leads(person, changing=False)
    height = 0.90 - sink
    tilt = -4 - (5 + 3 * person.lean) * sink / 0.34
    heel = np.radians(42 + 20 * sink / 0.34)
    leading, trailing = flat_leg(0.42, height, tilt), trailing_leg(-0.44, height, tilt, heel)
    return Made(_lunging(person, right, tilt, leading, trailing))


def _jumping_lunge(person: Person) -> Made:
    """From a lunge up into the air, where the legs change, down into the next one; the turning point is the deepest."""
    apart = 2 * ramp(person.phase, (-0.14, 0.14, 0.86, 1.14)) - 1
    sink = 0.30 * person.depth * ramp(person.phase, (0.10, 0.50, 0.50, 0.90))
    height = 0.90 - sink
    # In the air from 0.86 to 0.14 of the next repetition: a parabola.
    aloft = np.clip(1 - (np.minimum(person.phase, 1 - person.phase) / 0.14) ** 2, 0, None)
    right = _right_leads(person)
    tilt = -6 - (6 + 3 * person.lean) * sink / 0.30
    # Where the legs pass each other they are alike.
    leading, trailing = (
        trailing_leg(0.42 * ahead, height, tilt, np.radians((1 - ahead) / 2 * (46 + 14 * sink / 0.30) + 12 * aloft))
        for ahead in (apart, -apart)
    )
    angles = _lunging(person, right, tilt, leading, trailing)
    swing = 24 * apart * np.where(right, 1, -1)
    angles.update(arm_flex_r=10 - swing, arm_flex_l=10 + swing)
    angles.update(both(arm_add=-14.0, elbow_flex=62.0, finger_flex=60.0))
    landed = (person.phase > 0.14) & (person.phase < 0.86)
    return Made(angles, _stand(right, landed, landed), 0.15 * aloft)


def _jump_squat(person: Person) -> Made:
    """Down, up into the air, and down to where it began."""
    down = person.depth * ramp(person.phase, (0.02, 0.46, 0.50, 0.66))
    landing = ramp(person.phase, (0.80, 0.87, 0.88, 0.99))
    aloft = np.clip(1 - ((person.phase - 0.735) / 0.085) ** 2, 0, None)
    pushes = ramp(person.phase, (0.48, 0.68, 0.74, 0.84))
    knee = 8 + 84 * down + 34 * landing
    shank = 4 + 23 * down + 14 * landing
    tilt = -2 - 34 * down - 14 * landing
    heel = 26 * pushes
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": -8 * down, "neck_extension": 20 * down}
    angles.update(both(hip_flexion=knee - shank - tilt, knee_angle=knee, ankle_angle=shank - heel, mtp_angle=heel))
    angles.update(both(hip_adduction=-9.0 - 3 * person.stance, hip_rotation=-12.0 - 5 * person.toes_out))
    if person.style < 0.5:  # the arms swing
        angles.update(both(arm_flex=10 + 34 * down + 42 * pushes, arm_add=-10.0, elbow_flex=38.0, finger_flex=40.0))
    else:
        angles.update(both(arm_flex=36 + 14 * down, **HANDS_BEFORE_CHEST))
    stands = (person.phase < 0.65) | (person.phase > 0.82)
    return Made(angles, np.repeat(stands[:, None], 2, axis=1), 0.17 * aloft)


def _sumo_deadlift(person: Person) -> Made:
    """Feet wide apart and turned out, the hands between the knees, the trunk more upright."""
    made = deadlift(person, knee=78.0, shank=10.0, hinge=44.0, apart=27.0, out=34.0, arms_apart=-2.0)
    straight = np.clip((83 - np.asarray(made.angles["knee_angle_r"])) / 78, 0, 1)
    # Legs that are apart and straight would stand on their heels.
    return Made({**made.angles, **both(ankle_angle=made.angles["ankle_angle_r"] - 13 * straight)})


def _wide_push_up(person: Person) -> Made:
    """With hands far apart the body is lower, and the toes give way less."""
    made = push_up(person)
    return Made({**made.angles, **both(ankle_angle=13 + 14 * person.fault("hips_sag"))})


def _archer_push_up(person: Person) -> Made:
    """The body goes down over one hand while the other arm is straight; then over the other."""
    made = _wide_push_up(person)
    rest = person.pause / 2
    aside = 0.22 * person.depth * ramp(person.phase, (0.03, 0.50 - rest, 0.50 + rest, 0.97))
    angles = {**made.angles, **both(elbow_flex=8.0, hip_adduction=-14.0)}
    return Made(angles, sway=(np.where(_right_leads(person), -aside, aside), 0.0, 0.0))


def _knee_push_up(person: Person) -> Made:
    made = push_up(person)
    return Made({**made.angles, **both(knee_angle=68.0, ankle_angle=-28.0, mtp_angle=0.0)})


def _slow_jumping_jack(person: Person) -> Made:
    """The same with a rest at both ends, and hardly a jump."""
    slowed = person.phase - 0.75 * np.sin(4 * np.pi * person.phase) / (4 * np.pi)
    made = jumping_jack(Person(**{**vars(person), "phase": slowed}))
    return Made(made.angles, made.support, 0.5 * made.hop)


def _upright(arms: Dict[str, float], upright: float):
    return partial(squat, upright=upright, arms=arms)


_OF_A_SQUAT = EXERCISE_KINDS["squat"].faults
_OF_A_PUSH_UP = EXERCISE_KINDS["push_up"].faults
_OF_A_PULL_UP = EXERCISE_KINDS["pull_up"].faults
_OF_A_DEADLIFT = EXERCISE_KINDS["deadlift"].faults

VARIANTS: Dict[str, Kind] = {
    "back_squat": Kind(
        _upright(BAR_ON_THE_SHOULDERS, -7.0), 3.4, equipment="barbell_on_the_shoulders", faults=_OF_A_SQUAT
    ),
    "front_squat": Kind(_upright(BAR_BEFORE_THE_SHOULDERS, 8.0), 3.4, equipment="barbell", faults=_OF_A_SQUAT),
    "goblet_squat": Kind(_upright(WEIGHT_BEFORE_THE_CHEST, 7.0), 3.2, equipment="kettlebell", faults=_OF_A_SQUAT),
    "jump_squat": Kind(_jump_squat, 2.2, still=0.02, pauses=False, view=JUMPING_VIEW),
    "reverse_lunge": Kind(_reverse_lunge, 3.2, still=0.04, view=LUNGE_VIEW),
    "walking_lunge": Kind(_walking_lunge, 2.4, travels=True, still=0.02, view=WALKING_VIEW),
    "split_squat": Kind(_split_squat, 2.8, view=LUNGE_VIEW),
    "jumping_lunge": Kind(_jumping_lunge, 1.5, still=0.0, pauses=False, view=JUMPING_VIEW),
    "sumo_deadlift": Kind(_sumo_deadlift, 3.6, equipment="barbell", faults=_OF_A_DEADLIFT),
    "romanian_deadlift": Kind(
        partial(deadlift, knee=15.0, shank=-3.0, hinge=60.0), 3.4, equipment="barbell", faults=_OF_A_DEADLIFT
    ),
    "partial_deadlift": Kind(
        partial(deadlift, knee=38.0, shank=7.0, hinge=38.0), 2.8, equipment="barbell", faults=_OF_A_DEADLIFT
    ),
    "dumbbell_deadlift": Kind(
        partial(deadlift, hinge=54.0, arms_apart=14.0), 3.4, equipment="dumbbells", faults=_OF_A_DEADLIFT
    ),
    "wide_push_up": Kind(_wide_push_up, 2.4, contact="hands_and_toes", grip=0.24, faults=_OF_A_PUSH_UP),
    "narrow_push_up": Kind(push_up, 2.4, contact="hands_and_toes", grip=-0.07, faults=_OF_A_PUSH_UP),
    "archer_push_up": Kind(_archer_push_up, 3.2, contact="hands_and_toes", grip=0.26),
    "knee_push_up": Kind(_knee_push_up, 2.4, contact="hands_and_knees", faults=_OF_A_PUSH_UP),
    "wide_pull_up": Kind(pull_up, 3.0, contact="bar", equipment="bar", grip=0.26, view=BAR_VIEW, faults=_OF_A_PULL_UP),
    "chin_up": Kind(pull_up, 3.0, contact="bar", equipment="bar", grip=-0.02, view=BAR_VIEW, faults=_OF_A_PULL_UP),
    "slow_jumping_jack": Kind(_slow_jumping_jack, 2.4, still=0.0, pauses=False, view=FRONT_VIEW),
}
