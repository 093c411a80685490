"""What gyms do that looks like one of the six exercises and is none; more in `others`. Angles as in `exercises`."""

from dataclasses import replace
from typing import Dict

import numpy as np

from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.exercises import HANDS_BEFORE_CHEST, deadlift, push_up
from rehab_coach.simulation.phases import Angles, Kind, Made, Person, both, down_and_up, ease, leg_to, legs_bent, ramp
from rehab_coach.simulation.variants import BAR_ON_THE_SHOULDERS

DIP_VIEW = Camera(yaw=30, distance=3.2, height=1.1, look_at=1.05)
BURPEE_VIEW = Camera(yaw=55, distance=3.6, look_at=0.85)
JUMPING_VIEW = Camera(yaw=30, distance=3.3, look_at=1.05)


def _good_morning(person: Person) -> Made:
    """A bow with a bar on the shoulders."""
    made = deadlift(person, knee=14.0, shank=-3.0, hinge=56.0, apart=5.0)
    return Made({**made.angles, **both(**BAR_ON_THE_SHOULDERS, pro_sup=0.0)})


def _bent_over_row(person: Person) -> Made:
    """The trunk stays bent, the arms pull what they hold to the belly."""
    up = down_and_up(person)
    tilt, lumbar = -52.0 - 4 * person.lean + 4 * up, -8.0
    lean = -(tilt + lumbar)
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 20.0}
    angles.update(legs_bent(26.0, 4.0, tilt))
    angles.update(both(hip_adduction=-4.0, hip_rotation=-8.0, arm_flex=lean - (lean + 22) * up, arm_add=-12 - 14 * up))
    angles.update(both(elbow_flex=5 + 92 * up, pro_sup=70.0, finger_flex=75.0))
    return Made(angles)


def _kettlebell_swing(person: Person) -> Made:
    """From between the legs up to the chest by the hips' push; the turning point is at the top."""
    up = person.depth * (1 - np.cos(2 * np.pi * person.phase)) / 2
    bent = (1 - ease(1.25 * up)) * min(float(np.max(person.depth)), 1.0)
    tilt, lumbar = -2 - (52 + 4 * person.lean) * bent, -2 - 6 * bent
    lean = -(tilt + lumbar)
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.45 * lean}
    angles.update(legs_bent(6 + 34 * bent, 2 + 5 * bent, tilt))
    angles.update(both(hip_adduction=-9.0 - 3 * person.stance, hip_rotation=-14.0 - 5 * person.toes_out))
    angles.update(
        both(arm_flex=lean - 34 * bent + 88 * up, arm_add=6.0, elbow_flex=8.0, pro_sup=60.0, finger_flex=75.0)
    )
    return Made(angles)


def _tuck_jump(person: Person) -> Made:
    """Up into the air with the knees at the chest; the turning point is the highest."""
    dips = ramp(person.phase, (0.02, 0.18, 0.20, 0.34)) + ramp(person.phase, (0.66, 0.76, 0.78, 0.97))
    aloft = np.clip(1 - ((person.phase - 0.5) / 0.17) ** 2, 0, None)
    tucked = person.depth * ramp(person.phase, (0.34, 0.48, 0.52, 0.66))
    far = 0.985 - 0.26 * dips - 0.46 * tucked
    thigh, knee = leg_to(0.10 * tucked, far)
    tilt = -2 - 26 * dips + 6 * tucked
    pointing = 16 * ramp(person.phase, (0.20, 0.36, 0.62, 0.74))
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": -6 * dips - 8 * tucked, "neck_extension": 10 * dips}
    angles.update(both(hip_flexion=thigh - tilt, knee_angle=knee, ankle_angle=knee - thigh - pointing))
    angles.update(both(hip_adduction=-5.0, hip_rotation=-8.0))
    if person.style < 0.5:
        angles.update(both(arm_flex=8 + 62 * tucked - 24 * dips, arm_add=-12.0, elbow_flex=42.0, finger_flex=40.0))
    else:
        angles.update(both(arm_flex=36.0, **HANDS_BEFORE_CHEST))
    stands = (person.phase < 0.33) | (person.phase > 0.67)
    # The hips fly; the feet are as much higher as the legs are shorter.
    return Made(angles, np.repeat(stands[:, None], 2, axis=1), 0.26 * aloft + 0.46 * tucked)


def _dip(person: Person) -> Made:
    """Between two bars, the legs bent behind or hanging; the elbows bend and the body sinks."""
    down = down_and_up(person)
    bent = person.style < 0.7
    angles: Angles = {"pelvis_tilt": -4 - 10 * down, "lumbar_extension": -3 - 4 * down, "neck_extension": 8 * down}
    angles.update(
        both(hip_flexion=8.0 + 6 * down, knee_angle=82.0 if bent else 24.0, ankle_angle=-25.0, hip_adduction=-2.0)
    )
    angles.update(both(elbow_flex=8 + 86 * down, finger_flex=75.0))
    return Made(angles)


def _burpee(person: Person) -> Made:
    """Hands on the floor, a jump back into a push-up, a jump forward, and up into the air with raised arms."""
    down = ramp(person.phase, (0.03, 0.22, 0.74, 0.89))
    hands = ramp(person.phase, (0.08, 0.21, 0.73, 0.84))
    body = ramp(person.phase, (0.24, 0.38, 0.62, 0.74))
    lowered = person.depth * ramp(person.phase, (0.40, 0.49, 0.51, 0.60))
    pushes = ramp(person.phase, (0.82, 0.90, 0.93, 0.99))
    raised = ramp(person.phase, (0.74, 0.92, 2.0, 3.0)) + ramp(person.phase, (-2.0, -1.0, 0.0, 0.18))
    aloft = np.clip(1 - ((person.phase - 0.925) / 0.045) ** 2, 0, None)
    tilt, lumbar = -2 - 40 * down, -2 - 38 * down
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 36 * down}
    angles.update(legs_bent(5 + 102 * down, 2 + 28 * down - 22 * pushes, tilt))
    angles.update(both(hip_adduction=-8.0, hip_rotation=-10.0, finger_flex=6.0, mtp_angle=22 * pushes))
    angles.update(both(arm_flex=-(tilt + lumbar) * down + 140 * raised, arm_add=-10.0, elbow_flex=14.0))
    lying = push_up(replace(person, phase=0 * person.phase, depth=0 * person.depth))
    lying_angles = {**lying.angles, **both(elbow_flex=8 + 88 * lowered)}
    stands = (body < 1e-6) & (aloft <= 0)
    return Made(
        angles,
        np.repeat(stands[:, None], 2, axis=1),
        0.13 * aloft,
        lying=(lying_angles, np.asarray(body), np.asarray(hands)),
    )


NEAR_MISSES: Dict[str, Kind] = {
    "good_morning": Kind(_good_morning, 3.4, equipment="barbell_on_the_shoulders"),
    "bent_over_row": Kind(_bent_over_row, 2.4, equipment="barbell"),
    "kettlebell_swing": Kind(_kettlebell_swing, 1.8, equipment="kettlebell", still=0.0, pauses=False),
    "tuck_jump": Kind(_tuck_jump, 1.7, still=0.02, pauses=False, view=JUMPING_VIEW),
    "burpee": Kind(_burpee, 3.4, contact="feet_and_hands", still=0.0, pauses=False, view=BURPEE_VIEW),
    "dip": Kind(_dip, 2.6, contact="dip_bars", equipment="dip_bars", grip=0.07, view=DIP_VIEW),
}
