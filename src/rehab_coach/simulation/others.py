"""What patients do besides the six exercises, near misses of them included; for the network all of it is `unknown`.

Angles in degrees, OpenSim's names and signs, as in `exercises`.
"""

import numpy as np

from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.exercises import FRONT_VIEW
from rehab_coach.simulation.phases import (
    Angles,
    Kind,
    Made,
    Person,
    both,
    by_side,
    down_and_up,
    leg_to,
    legs_bent,
    ramp,
    standing_angles,
)

OVERHEAD_VIEW = Camera(yaw=25, distance=3.3, look_at=1.05)
SITTING_VIEW = Camera(yaw=40, distance=2.7, look_at=0.87)
ON_THE_HIPS = dict(arm_flex=-28.0, arm_add=-36.0, arm_rot=52.0, elbow_flex=84.0, pro_sup=30.0, finger_flex=30.0)


def _right(person: Person) -> bool:
    return person.style < 0.5


def _standing(person: Person) -> Made:
    return Made(standing_angles(person))


def _walking_in_place(person: Person, knees: float = 48.0) -> Made:
    cycle = 2 * np.pi * person.phase
    angles: Angles = {"pelvis_tilt": -2.0, "neck_extension": 2.0}
    lifts = []
    for side, swing in (("_r", np.sin(cycle)), ("_l", -np.sin(cycle))):
        lift = np.clip(swing, 0, None) ** 1.5 * person.depth
        lifts.append(lift)
        angles.update(
            {
                "hip_flexion" + side: 5 + knees * lift,
                "knee_angle" + side: 6 + (knees + 24) * lift,
                "ankle_angle" + side: 3 - 8 * lift,
                "hip_adduction" + side: -3.0,
                "hip_rotation" + side: -7.0,
                "arm_flex" + side: 2 - 26 * swing,
                "arm_add" + side: -9.0,
                "elbow_flex" + side: 32 - 10 * swing,
                "finger_flex" + side: 30.0,
            }
        )
    return Made(angles, np.stack(lifts, axis=1) < 1e-6)


def _high_knees(person: Person) -> Made:
    return _walking_in_place(person, 84.0)


def _waving(person: Person) -> Made:
    swing = person.depth * np.sin(2 * np.pi * person.phase)
    waving: Angles = dict(
        arm_flex=10.0, arm_add=-72 + 6 * swing, arm_rot=-88.0, elbow_flex=88 + 26 * swing, pro_sup=60.0, finger_flex=4.0
    )
    return Made({**standing_angles(person), **by_side(_right(person), waving, {})})


def _talking(person: Person) -> Made:
    cycle = 2 * np.pi * person.phase
    angles = standing_angles(person)
    angles["neck_rotation"] = 16 * np.sin(cycle)
    one: Angles = dict(
        arm_flex=18 + 8 * np.sin(cycle), elbow_flex=82 + 22 * np.sin(2 * cycle), arm_rot=12 * np.cos(cycle)
    )
    other: Angles = dict(arm_flex=12 + 6 * np.cos(cycle), elbow_flex=62 - 26 * np.cos(cycle), arm_rot=20.0)
    angles.update(by_side(_right(person), one, other))
    return Made(angles)


def _biceps_curl(person: Person) -> Made:
    up = down_and_up(person)
    angles = standing_angles(person)
    angles.update(both(arm_flex=3 + 14 * up, elbow_flex=10 + 122 * up, pro_sup=-75.0, finger_flex=80.0))
    return Made(angles)


def _shoulder_press(person: Person) -> Made:
    up = down_and_up(person)
    angles = standing_angles(person)
    angles.update(
        both(arm_flex=8.0, arm_add=-62 - 98 * up, arm_rot=-82 + 40 * up, elbow_flex=112 - 96 * up, finger_flex=80.0)
    )
    return Made(angles)


def _lateral_raise(person: Person) -> Made:
    up = down_and_up(person)
    angles = standing_angles(person)
    angles.update(both(arm_flex=6.0, arm_add=-10 - 78 * up, elbow_flex=14.0, pro_sup=20.0, finger_flex=80.0))
    return Made(angles)


def _arm_circles(person: Person) -> Made:
    cycle = 2 * np.pi * person.phase
    angles = standing_angles(person)
    wide = 24 * person.depth
    angles.update(both(arm_flex=wide * np.sin(cycle), arm_add=-82 + wide * np.cos(cycle), elbow_flex=5.0))
    return Made(angles)


def _arms_only_jack(person: Person) -> Made:
    up = person.depth * (1 - np.cos(2 * np.pi * person.phase)) / 2
    angles = standing_angles(person)
    angles.update(
        both(arm_flex=8.0, arm_add=-10 - 148 * up, arm_rot=-50 * up, elbow_flex=20 + 14 * up, pro_sup=25 * (1 - up))
    )
    return Made(angles)


def _side_bend(person: Person) -> Made:
    bent = down_and_up(person)
    right = _right(person)
    angles = standing_angles(person)
    angles["lumbar_bending"] = (-1 if right else 1) * 24 * bent
    angles.update(both(hip_adduction=-9.0))
    up = ramp(person.phase, (0.0, 0.2, 0.8, 1.0))
    raised: Angles = dict(
        arm_flex=6.0, arm_add=-10 - 155 * up, arm_rot=-50 * up, elbow_flex=14 + 14 * up, finger_flex=8.0
    )
    angles.update(by_side(right, raised, ON_THE_HIPS))
    return Made(angles)


def _overhead_stretch(person: Person) -> Made:
    up = down_and_up(person)
    angles = standing_angles(person)
    angles.update(lumbar_extension=9 * up, neck_extension=12 * up)
    angles.update(both(arm_flex=4 + 160 * up, arm_add=-6.0, elbow_flex=16 - 8 * up, finger_flex=8.0))
    return Made(angles)


def _toe_touch(person: Person) -> Made:
    down = down_and_up(person)
    tilt, lumbar = -2 - 62 * down, -36 * down
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": -12 * down}
    angles.update(legs_bent(5 + 4 * down, 2 - 5 * down, tilt))
    angles.update(both(hip_adduction=-4.0, hip_rotation=-8.0))
    angles.update(both(arm_flex=-(tilt + lumbar), arm_add=-6.0, elbow_flex=8.0, finger_flex=8.0))
    return Made(angles)


def _hip_hinge(person: Person) -> Made:
    down = down_and_up(person)
    tilt = -2 - 62 * down
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": -6 * down, "neck_extension": 26 * down}
    angles.update(legs_bent(5 + 22 * down, 2 - 3 * down, tilt))
    angles.update(both(hip_adduction=-4.0, hip_rotation=-8.0, **ON_THE_HIPS))
    return Made(angles)


def _picking_up(person: Person) -> Made:
    down = down_and_up(person)
    right = _right(person)
    tilt, lumbar = -2 - 52 * down, -32 * down
    lean = -(tilt + lumbar)
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": 0.2 * lean}
    angles["lumbar_bending"] = (1 if right else -1) * 6 * down
    angles.update(legs_bent(5 + 58 * down, 2 + 16 * down, tilt))
    angles.update(both(hip_adduction=-4.0, hip_rotation=-10.0))
    picks: Angles = dict(arm_flex=lean + 18 * down, arm_add=-6.0, elbow_flex=14 - 8 * down, finger_flex=20 + 45 * down)
    helps: Angles = dict(arm_flex=0.55 * lean, arm_add=-10.0, elbow_flex=14 + 40 * down, finger_flex=20.0)
    angles.update(by_side(right, picks, helps))
    return Made(angles)


def _sitting_down(person: Person) -> Made:
    down = np.minimum(person.depth, 1) * ramp(person.phase, (0.04, 0.34, 0.66, 0.96))
    leaning = 4 * down * (1 - down)
    thigh, knee = leg_to(0.44 * down, 0.985 - 0.455 * down)
    tilt = -2 - 30 * leaning
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": -4 - 12 * leaning, "neck_extension": 14 * leaning}
    angles.update(both(hip_flexion=thigh - tilt, knee_angle=knee, ankle_angle=knee - thigh))
    angles.update(both(hip_adduction=-5.0, hip_rotation=-8.0))
    angles.update(both(arm_flex=4 + 22 * down + 24 * leaning, arm_add=-7.0, elbow_flex=16 + 46 * down, pro_sup=40.0))
    return Made(angles)


def _wall_sit(person: Person) -> Made:
    down = person.depth * ramp(person.phase, (0.02, 0.16, 0.84, 0.98))
    thigh, knee = leg_to(0.42, 0.86 - 0.36 * down)
    angles: Angles = {"pelvis_tilt": np.zeros_like(down), "lumbar_extension": 0.0}
    angles.update(both(hip_flexion=thigh, knee_angle=knee, ankle_angle=knee - thigh))
    angles.update(both(hip_adduction=-5.0, hip_rotation=-6.0, arm_flex=12 * down, arm_add=-8.0, elbow_flex=10.0))
    return Made(angles)


def _calf_raise(person: Person) -> Made:
    up = down_and_up(person)
    angles = standing_angles(person)
    heel = 34 * up
    angles.update(both(ankle_angle=2 - heel, mtp_angle=heel, **ON_THE_HIPS))
    return Made(angles, sway=(0.0, 0.04 * up, 0.0))


def _leg_raise(person: Person) -> Made:
    right = person.turn % 2 == (0 if _right(person) else 1)
    up = person.depth * ramp(person.phase, (0.08, 0.45, 0.55, 0.92))
    angles = standing_angles(person)
    angles.update(both(**ON_THE_HIPS))
    for side, moving in (("_r", right), ("_l", ~right)):
        angles["hip_flexion" + side] = 4 + 58 * up * moving
        angles["knee_angle" + side] = 4 + 8 * up * moving
    stands = np.stack([~(right & (up > 1e-6)), ~(~right & (up > 1e-6))], axis=1)
    return Made(angles, stands)


def _side_step(person: Person) -> Made:
    right = person.turn % 2 == (0 if _right(person) else 1)
    out = person.depth * ramp(person.phase, (0.06, 0.36, 0.64, 0.94))
    lift = ramp(person.phase, (0.06, 0.20, 0.22, 0.36)) + ramp(person.phase, (0.64, 0.78, 0.80, 0.94))
    angles = standing_angles(person)
    angles.update(both(arm_add=-14.0, elbow_flex=50.0, arm_flex=10.0))
    for side, moving in (("_r", right), ("_l", ~right)):
        angles["hip_adduction" + side] = -4 - 24 * out * moving
        angles["hip_flexion" + side] = 4 + 14 * lift * moving
        angles["knee_angle" + side] = 4 + 26 * lift * moving
    stands = np.stack([~(right & (lift > 1e-6)), ~(~right & (lift > 1e-6))], axis=1)
    return Made(angles, stands)


def _torso_twist(person: Person) -> Made:
    turn = person.depth * np.sin(2 * np.pi * person.phase)
    angles = standing_angles(person)
    angles.update(lumbar_rotation=34 * turn, neck_rotation=8 * turn)
    angles.update(both(hip_adduction=-8.0, arm_flex=40.0, arm_add=-14.0, arm_rot=40.0, elbow_flex=115.0))
    return Made(angles)


def _plank(person: Person) -> Made:
    breath = np.sin(2 * np.pi * person.phase)
    angles: Angles = {"pelvis_tilt": np.zeros_like(breath), "lumbar_extension": 2 + breath, "neck_extension": 10.0}
    angles.update(both(hip_flexion=7.0 + breath, knee_angle=5.0, ankle_angle=4.0, mtp_angle=58.0, hip_adduction=-3.0))
    angles.update(both(elbow_flex=8.0))
    return Made(angles)


def _hanging(person: Person) -> Made:
    swing = person.depth * np.sin(2 * np.pi * person.phase)
    angles: Angles = {"pelvis_tilt": 4 + 3 * swing, "lumbar_extension": 2 * swing, "neck_extension": 4.0}
    angles.update(both(hip_flexion=10 + 6 * swing, knee_angle=25.0, ankle_angle=-25.0, hip_adduction=-2.0))
    angles.update(both(elbow_flex=8.0, finger_flex=80.0))
    return Made(angles, sway=(0.0, 0.03 * swing, 0.0))


def _kneeling(person: Person) -> Made:
    bow = down_and_up(person)
    angles: Angles = {"pelvis_tilt": -4 - 18 * bow, "lumbar_extension": -10 * bow, "neck_extension": 4.0}
    angles.update(both(hip_flexion=8 + 18 * bow, knee_angle=94.0, ankle_angle=-45.0, hip_adduction=-4.0))
    angles.update(both(arm_flex=12 + 62 * bow, arm_add=-8.0, elbow_flex=40 - 28 * bow, finger_flex=20.0))
    return Made(angles)


def _crunch(person: Person) -> Made:
    up = down_and_up(person)
    angles: Angles = {"pelvis_tilt": np.zeros_like(up), "lumbar_extension": -2 - 38 * up, "neck_extension": -30 * up}
    angles.update(both(hip_flexion=48.0, knee_angle=96.0, ankle_angle=-8.0, hip_adduction=-6.0, hip_rotation=0.0))
    angles.update(both(arm_flex=30 + 10 * up, arm_add=-12.0, arm_rot=46.0, elbow_flex=125.0, finger_flex=25.0))
    return Made(angles)


OTHERS = {
    "walking_in_place": Kind(_walking_in_place, 1.1, still=0.0, pauses=False),
    "high_knees": Kind(_high_knees, 1.0, still=0.0, pauses=False),
    "waving": Kind(_waving, 0.8, still=0.0, pauses=False),
    "standing": Kind(_standing, 4.0),
    "talking": Kind(_talking, 3.0, still=0.0, pauses=False),
    "biceps_curl": Kind(_biceps_curl, 2.6, equipment="dumbbells"),
    "shoulder_press": Kind(_shoulder_press, 2.8, equipment="dumbbells", view=OVERHEAD_VIEW),
    "lateral_raise": Kind(_lateral_raise, 2.8, equipment="dumbbells"),
    "arm_circles": Kind(_arm_circles, 1.6, still=0.0, pauses=False),
    "arms_only_jack": Kind(_arms_only_jack, 1.3, still=0.0, pauses=False, view=FRONT_VIEW),
    "side_bend": Kind(_side_bend, 4.0, view=OVERHEAD_VIEW),
    "overhead_stretch": Kind(_overhead_stretch, 3.6, view=OVERHEAD_VIEW),
    "toe_touch": Kind(_toe_touch, 4.0),
    "hip_hinge": Kind(_hip_hinge, 3.4),
    "picking_up": Kind(_picking_up, 3.0),
    "sitting_down": Kind(_sitting_down, 4.5, equipment="chair", still=0.04, view=SITTING_VIEW),
    "wall_sit": Kind(_wall_sit, 10.0, equipment="wall", still=0.02, view=SITTING_VIEW),
    "calf_raise": Kind(_calf_raise, 2.2),
    "leg_raise": Kind(_leg_raise, 2.4, still=0.08),
    "side_step": Kind(_side_step, 2.2, still=0.06),
    "torso_twist": Kind(_torso_twist, 2.0, still=0.0, pauses=False),
    "plank": Kind(_plank, 4.0, contact="hands_and_toes", still=0.0, pauses=False),
    "hanging": Kind(_hanging, 3.0, contact="bar", equipment="bar", grip=0.12, still=0.0, pauses=False),
    "kneeling": Kind(_kneeling, 3.6, contact="knees"),
    "crunch": Kind(_crunch, 3.0, contact="back"),
}
