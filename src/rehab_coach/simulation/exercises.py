"""How each exercise goes: joint angles (degrees, OpenSim's signs, see `motions`) over a repetition's phase.

A maker takes a `Person` and returns a `Made`. A name that ends in neither _r nor _l belongs to the trunk. To
add a motion, write a maker and list it below (or in `others`, when it is none of the coach's exercises), and let the
exercise's record name it. Other ways to do the same exercise are in `variants`.
"""

from typing import Mapping, Optional

import numpy as np

from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.phases import (
    Angles,
    Kind,
    Made,
    Number,
    Person,
    both,
    down_and_up,
    ease,
    flat_leg,
    legs_bent,
    of_legs,
    ramp,
    trailing_leg,
)

FRONT_VIEW = Camera(yaw=0, distance=3.1, look_at=1.08)
BAR_VIEW = Camera(yaw=20, distance=3.9, height=1.2, look_at=1.25)
HANDS_BEFORE_CHEST = dict(arm_add=-12.0, arm_rot=38.0, elbow_flex=122.0, pro_sup=10.0, finger_flex=25.0)


def squat(person: Person, upright: float = 0.0, arms: Optional[Mapping[str, Number]] = None) -> Made:
    """A squat whose trunk leans less by `upright` degrees; `arms`: angles of both arms instead of a habit."""
    down = down_and_up(person) * (1 - 0.52 * person.fault("shallow_depth"))
    over_toes, bends = person.fault("knees_over_toes"), person.fault("improper_hip_flexion")
    heels = person.fault("heels_up")
    shifted = person.fault("hips_shifted_left") - person.fault("hips_shifted_right")
    knee = 6 + (106 - 38 * bends + 4 * over_toes) * down
    shank = 3 + (29 + 8 * over_toes - 12 * bends + 7 * heels + 0.3 * upright) * down
    tilt = -2 - (25 - upright + 4 * person.lean - 9 * over_toes + 32 * bends - 4 * heels) * down
    lumbar = -(9 - 2 * over_toes + 12 * bends) * down
    trunk = -(tilt + lumbar)
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": np.minimum(0.6 * trunk, 34.0)}
    angles["pelvis_list"] = 4.0 * shifted * down
    angles["lumbar_bending"] = -4.0 * shifted * down
    angles.update(legs_bent(knee, shank, tilt))
    angles.update(both(hip_adduction=-11.0 - 3 * person.stance, hip_rotation=-15.0 - 6 * person.toes_out))
    heel = 30.0 * heels * down
    angles.update(both(ankle_angle=shank - heel, mtp_angle=heel))
    if arms is not None:
        angles.update(both(**arms))
    elif person.style < 0.6:  # the arms rise forwards as the body goes down
        raised = 0.12 + 0.88 * ease(down / np.maximum(person.depth, 1e-6) * 1.3)
        angles.update(both(arm_flex=np.minimum(82 + trunk, 150) * raised, arm_add=-4.0, elbow_flex=12.0, pro_sup=40.0))
    else:
        angles.update(both(arm_flex=38 + 0.5 * trunk, **HANDS_BEFORE_CHEST))
    out = (28 * person.fault("knees_outwards") - 25 * person.fault("knees_inwards")) * np.minimum(1.4 * down, 1)
    # On the balls of the feet the body must come forward, or it would fall backwards.
    return Made(
        angles, knee_out=(out, out), sway=(0.17 * shifted * down, (0.05 * heels + 0.04 * over_toes) * down, 0.0)
    )


def deadlift(
    person: Person,
    knee: float = 73.0,
    shank: float = 17.0,
    hinge: float = 58.0,
    apart: float = 3.0,
    out: float = 8.0,
    arms_apart: float = 9.0,
) -> Made:
    """A deadlift; degrees by which knees, shanks and pelvis go at the bottom, thighs and arms are apart, toes out."""
    short = 0.3 * person.fault("not_locked_out")
    down = short + (1 - short) * down_and_up(person)
    early = person.fault("hips_rise_first") * (person.phase > 0.5)
    legs = down ** (1 + 1.8 * early)  # on the way up the knees straighten before the trunk rises
    trunk = down ** (1 - 0.45 * early)
    rounded = person.fault("back_rounded")
    tilt, lumbar = -2 - (hinge + 4 * person.lean - 14 * rounded) * trunk, -(9 + 33 * rounded) * trunk
    back = person.fault("leaning_back") * (1 - down)
    tilt, lumbar = tilt + 11 * back, lumbar + 13 * back
    lean = -(tilt + lumbar)
    away = person.fault("bar_away")
    angles: Angles = {"pelvis_tilt": tilt, "lumbar_extension": lumbar, "neck_extension": (0.45 - 0.5 * rounded) * lean}
    angles.update(legs_bent(5 + knee * legs, 2 + shank * legs, tilt))
    angles.update(
        both(
            hip_adduction=-apart - 2 * person.stance,
            hip_rotation=-out - 4 * person.toes_out,
            arm_flex=lean + 14 * (1 - down) + (8 + 24 * down) * away,
            arm_add=-arms_apart,
            elbow_flex=3.0,
            pro_sup=75.0,
            finger_flex=75.0,
        )
    )
    return Made(angles)


def jumping_jack(person: Person) -> Made:
    """A jumping jack, also to the warped phase of a slow one."""
    cycle = 2 * np.pi * person.phase
    apart = person.depth * (1 - np.cos(cycle)) / 2
    # The feet are on the floor near both ends of the jump; the knees give way there.
    landed = np.cos(2 * cycle)
    knee = 13 + 9 * landed
    raised = 148 - 76 * person.fault("arms_not_overhead")
    angles: Angles = {"pelvis_tilt": -3.0, "lumbar_extension": -2.0, "neck_extension": 3.0}
    angles.update(
        both(
            hip_flexion=knee / 2 + 3,
            knee_angle=knee,
            ankle_angle=knee / 2 - 6 * (1 - landed),
            hip_adduction=-1 - (23 + 2 * person.stance - 19 * person.fault("feet_not_apart")) * apart,
            hip_rotation=-6.0,
            arm_flex=8.0,
            arm_add=-10 - raised * apart,
            arm_rot=-50 * apart,
            elbow_flex=20 + 14 * apart,
            pro_sup=25 * (1 - apart),
        )
    )
    lower = "arm_add_r" if person.style < 0.5 else "arm_add_l"
    angles[lower] = -10 - (raised - 62 * person.fault("arms_uneven")) * apart
    hop = 0.05 * np.clip(0.5 - landed, 0, None) * person.depth
    return Made(angles, np.repeat((landed > 0.55)[:, None], 2, axis=1), hop)


def _lunge(person: Person) -> Made:
    # Lengths in leg lengths. The leading leg steps out, the hips sink between the feet, and back.
    step = 0.92 * ramp(person.phase, (0.04, 0.30, 0.70, 0.96))
    rest = person.pause / 2
    sunk = ramp(person.phase, (0.20, 0.50 - rest, 0.50 + rest, 0.80))
    right = person.turn % 2 == (0 if person.style < 0.5 else 1)
    weaker = np.where(right, np.clip(-person.asymmetry, 0, 1), np.clip(person.asymmetry, 0, 1))
    sink = 0.40 * person.depth * sunk * (1 - 0.62 * person.fault("shallow_lunge")) * (1 - 0.35 * weaker)
    out, back = (0.04, 0.16, 0.17, 0.29), (0.71, 0.83, 0.84, 0.96)
    lift = 0.10 * (ramp(person.phase, out) + ramp(person.phase, back))
    hip_forward = 0.50 * step + 0.22 * person.fault("front_knee_over_toes") * sunk * np.minimum(person.depth, 1)
    hip_height = 0.985 - sink - 0.10 * step
    heel = np.radians(68 * np.minimum(1.0, step / 0.92) * (0.35 + 0.65 * sink / 0.40))
    leans = person.fault("trunk_lean") * sunk
    sideways = 23 * person.fault("leaning_sideways") * sunk
    tilt = -4 - (5 + 2 * person.lean) * sink / 0.40 - 20 * leans
    stepping = flat_leg(step - hip_forward, hip_height - lift, tilt, 75 * lift)
    staying = trailing_leg(-hip_forward, hip_height, tilt, heel)
    angles: Angles = {"pelvis_tilt": tilt, "neck_extension": 2.0 + 18 * leans, "lumbar_extension": 2.0 - 20 * leans}
    angles["lumbar_bending"] = np.where(right, sideways, -sideways)
    angles["pelvis_list"] = 0.4 * angles["lumbar_bending"]
    angles.update(of_legs(right, stepping, staying))
    angles.update(both(hip_adduction=-2.0 - person.stance, hip_rotation=-4.0))
    if 0.25 < person.style < 0.75:
        angles.update(both(arm_flex=36.0, **HANDS_BEFORE_CHEST))
    else:
        angles.update(both(arm_flex=4 + 10 * sink, arm_add=-14.0, elbow_flex=18.0, pro_sup=10.0, finger_flex=25.0))
    leading_stands = (lift < 1e-6) & ((step < 1e-6) | (step > 0.92 - 1e-6))
    always = np.ones(len(step), bool)
    support = np.where(
        right[:, None], np.stack([leading_stands, always], axis=1), np.stack([always, leading_stands], axis=1)
    )
    inwards = -30 * person.fault("front_knee_inwards") * sunk
    return Made(angles, support, knee_out=(np.where(right, inwards, 0.0), np.where(right, 0.0, inwards)))


def push_up(person: Person) -> Made:
    """A push-up; where the hands are, the kind of motion says."""
    down = down_and_up(person) * (1 - 0.45 * person.fault("shallow_push_up"))
    sag, piked = person.fault("hips_sag"), person.fault("hips_piked")
    angles: Angles = {
        "pelvis_tilt": np.zeros_like(down),
        "lumbar_extension": 3.0 + 14 * sag - 6 * piked,
        "neck_extension": 14.0 - 8 * piked - 50 * person.fault("head_drop"),
    }
    angles.update(
        both(
            hip_flexion=7.0 + 42 * piked - 29 * sag,
            knee_angle=5.0,
            ankle_angle=4.0 + 14 * sag,
            mtp_angle=58.0,
            hip_adduction=-3.0 - 2 * person.stance,
            elbow_flex=8 + 92 * down,
        )
    )
    return Made(angles)


def pull_up(person: Person) -> Made:
    """A pull-up; where the hands are, the kind of motion says."""
    up = down_and_up(person) * (1 - 0.5 * person.fault("chin_below_bar"))
    bent = person.fault("elbows_not_extended")
    elbow = 10 + 118 * up + 52 * bent * (1 - up)
    swing = person.fault("swinging") * np.sin(2 * np.pi * person.phase)
    angles: Angles = {
        "pelvis_tilt": 4 + 6 * up + 12 * swing,
        "lumbar_extension": 6 * up + 7 * swing,
        "neck_extension": 6 + 10 * up,
    }
    angles.update(
        both(
            hip_flexion=12 - 4 * up + 20 * swing,
            knee_angle=35 + 18 * up,
            ankle_angle=-25.0,
            hip_adduction=-2.0,
            elbow_flex=elbow,
            finger_flex=80.0,
        )
    )
    return Made(angles, sway=(0.0, 0.11 * swing, 0.0))


EXERCISE_KINDS = {
    "squat": Kind(
        squat,
        3.2,
        faults={
            "knees_over_toes": "the knees go far in front of the toes",
            "knees_inwards": "the knees fall inwards",
            "knees_outwards": "the knees go outside the feet",
            "heels_up": "the heels leave the floor",
            "hips_shifted_left": "the hips move to the left",
            "hips_shifted_right": "the hips move to the right",
            "improper_hip_flexion": "the trunk falls forward instead of the hips going down",
            "shallow_depth": "half as deep as it should be",
        },
    ),
    "lunge": Kind(
        _lunge,
        3.6,
        still=0.04,
        view=Camera(yaw=40, distance=3.0, look_at=0.82),
        faults={
            "front_knee_over_toes": "the front knee goes far in front of the toes",
            "front_knee_inwards": "the front knee falls inwards",
            "trunk_lean": "the trunk leans forward",
            "leaning_sideways": "the trunk leans to the side of the leading leg",
            "shallow_lunge": "the rear knee stays high",
        },
    ),
    "deadlift": Kind(
        deadlift,
        3.6,
        equipment="barbell",
        faults={
            "hips_rise_first": "the knees straighten before the trunk rises",
            "bar_away": "the bar is far from the legs",
            "leaning_back": "the trunk leans back at the top",
            "not_locked_out": "knees and hips stay bent at the top",
            "back_rounded": "the back is round",
        },
    ),
    "push_up": Kind(
        push_up,
        2.4,
        contact="hands_and_toes",
        faults={
            "hips_sag": "the hips hang down",
            "hips_piked": "the hips stick up",
            "head_drop": "the head hangs down",
            "shallow_push_up": "the arms hardly bend",
        },
    ),
    "pull_up": Kind(
        pull_up,
        3.0,
        contact="bar",
        equipment="bar",
        grip=0.12,
        view=BAR_VIEW,
        faults={
            "chin_below_bar": "the chin stays under the bar",
            "elbows_not_extended": "the arms are not straightened at the bottom",
            "swinging": "the body swings",
        },
    ),
    "jumping_jack": Kind(
        jumping_jack,
        1.15,
        still=0.0,
        pauses=False,
        view=FRONT_VIEW,
        faults={
            "arms_not_overhead": "the arms come up to the shoulders only",
            "arms_uneven": "one arm stays lower than the other",
            "feet_not_apart": "the feet hardly go apart",
        },
    ),
}
