"""Holds the body where a motion says: feet on the floor without sliding, hands on the floor or on the bar."""

from typing import Dict, Tuple

import numpy as np

from rehab_coach.opensim.coordinates import limits
from rehab_coach.simulation.motions import ON_HANDS, Motion
from rehab_coach.simulation.posing import (
    BAR_CLEARANCE,
    DOWN,
    FORWARD,
    LEFT,
    PALM_HEIGHT,
    Skeleton,
    add_fingers,
    add_hand,
    frame,
    reach,
    rotation,
    turns_of,
    unit,
)

Turns = Dict[str, np.ndarray]
PITCH = {"knees": 0.0, "back": np.pi / 2}
"""How far the whole body is turned backwards, radians."""

FLESH = {"lowerleg01": 0.05, "foot": 0.07, "toe2-1": 0.02, "upperleg01": 0.10, "spine05": 0.10, "spine02": 0.11}
FLESH.update({"spine01": 0.11, "head": 0.06, "lowerarm01": 0.05, "wrist": 0.04})
"""What lies between a bone's head and the floor, metres."""

ALIKE = 0.03
"""Metres by which one foot may be higher than the other and yet stand."""


def solve(skeleton: Skeleton, motion: Motion) -> Tuple[np.ndarray, np.ndarray]:
    """Where all bones are in every frame, floor at z = 0.

    Returns:
        rotations from rest (T, B, 3, 3) and heads (T, B, 3), metres.
    """
    turns = turns_of(motion)
    hold = {
        "feet": _stand,
        "recorded": _follow,
        "hands_and_toes": _lie_on_hands,
        "hands_and_knees": _lie_on_hands,
        "bar": _hang,
        "dip_bars": _lean_on_bars,
        "feet_and_hands": _stand_and_lie,
        "knees": _rest,
        "back": _rest,
    }[motion.contact]
    return skeleton.place(turns, hold(skeleton, motion, turns))


def _head(skeleton: Skeleton, turns: Turns, root: np.ndarray, *labels: str):
    heads = skeleton.place(turns, root)[1]
    found = [heads[:, skeleton.index[label]] for label in labels]
    return found if len(found) > 1 else found[0]


def _foot_points(skeleton: Skeleton, side: str) -> Dict[str, np.ndarray]:
    """Heel and ball of a foot as seen from its ankle at rest; the ball on the sole's plane."""
    ankle, ball = (skeleton.heads[skeleton.index[label + side]] for label in ("foot.", "toe2-1."))
    heel = skeleton.heels[side]
    return {"heel": heel - ankle, "ball": np.array([ball[0], ball[1], heel[2]]) - ankle}


def _stand(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person on her feet; changes the legs' turns so that a foot that stands does not slide."""
    balls, lowest = _level_feet(skeleton, turns)
    root = np.zeros((len(motion.stamps), 3))
    root[:, 2] = motion.hop * (skeleton.thigh + skeleton.shank) - lowest.min(axis=1)
    root[:, :2] = _without_sliding(balls[:, :, :2], motion.support)
    planted = root
    root = root + motion.sway * (skeleton.thigh + skeleton.shank) * np.array([1.0, -1.0, 1.0])
    hips = _head(skeleton, turns, root, "upperleg01.R", "upperleg01.L")
    for number, side in enumerate("RL"):
        points = _foot_points(skeleton, side)
        goal = _planted(balls[:, number] + planted, motion.support[:, number])
        ankle = goal - (turns["foot" + side] @ points["ball"])
        toes_forward = turns["foot" + side] @ FORWARD
        toes_forward = np.where(np.abs(toes_forward[:, 2:]) < 0.95, toes_forward, FORWARD)
        outwards = motion.knee_out[:, number] * (1.0 if side == "R" else -1.0)
        reach(
            turns,
            "thigh" + side,
            "shank" + side,
            hips[number],
            ankle,
            (skeleton.thigh, skeleton.shank),
            _about(unit(ankle - hips[number]), outwards, toes_forward),
            LEFT,
        )
    return root


def _follow(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person whose legs' angles are kept: the foot that is lower stands still, both where they are alike."""
    balls, lowest = _level_feet(skeleton, turns)
    root = np.zeros((len(motion.stamps), 3))
    root[:, 2] = -lowest.min(axis=1)
    root[:, :2] = _without_sliding(balls[:, :, :2], lowest < lowest.min(axis=1, keepdims=True) + ALIKE)
    root[:, :2] -= root[:, :2].mean(axis=0)
    return root


def _level_feet(skeleton: Skeleton, turns: Turns) -> Tuple[np.ndarray, np.ndarray]:
    """Take the roll out of both feet: their balls (T, 2, 3) and heights of their soles (T, 2), seen from the root."""
    for side in "RL":
        _level_foot(turns, side)
    still = np.zeros((len(turns["footR"]), 3))
    balls, lowest = [], []
    for side, ankle in zip("RL", _head(skeleton, turns, still, "foot.R", "foot.L")):
        points = _foot_points(skeleton, side)
        balls.append(ankle + turns["foot" + side] @ points["ball"])
        lowest.append(np.minimum(balls[-1][:, 2], (ankle + turns["foot" + side] @ points["heel"])[:, 2]))
    return np.stack(balls, axis=1), np.stack(lowest, axis=1)


def _about(axes: np.ndarray, angle: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors (T, 3) turned by `angle` (T,) about unit axes (T, 3) (Rodrigues' formula)."""
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    along = np.sum(axes * vectors, axis=1, keepdims=True)
    return vectors * cosine + np.cross(axes, vectors) * sine + axes * along * (1 - cosine)


def _rest(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person who kneels or lies: what is lowest lies on the floor."""
    turn = rotation(-LEFT, np.full(len(motion.stamps), PITCH[motion.contact]))
    for name in turns:
        turns[name] = turn @ turns[name]
    heads = skeleton.place(turns, np.zeros((len(motion.stamps), 3)))[1]
    lowest = [
        heads[:, bone, 2] - FLESH[label.split(".")[0]]
        for bone, label in enumerate(skeleton.labels)
        if label.split(".")[0] in FLESH
    ]
    root = np.zeros((len(motion.stamps), 3))
    root[:, 2] = -np.min(lowest, axis=0)
    return root


def _level_foot(turns: Turns, side: str) -> None:
    """Take the roll out of a foot; keep its heading and its pitch, but call a pitch of some degrees flat."""
    pointing = turns["foot" + side] @ FORWARD
    heading = np.unwrap(np.arctan2(pointing[:, 0], -pointing[:, 1]))
    pitch = np.arcsin(np.clip(pointing[:, 2], -1, 1))
    pitch = np.where(np.abs(pitch) < np.radians(6), 0.0, pitch - np.sign(pitch) * np.radians(6))
    mtp = np.clip(-pitch, 0, np.radians(60))
    turns["foot" + side] = rotation(-DOWN, heading) @ rotation(-LEFT, pitch)
    turns["toes" + side] = turns["foot" + side] @ rotation(-LEFT, mtp)


def _without_sliding(balls: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Path of the root (T, 2) on which the feet that stand keep their place; balls (T, 2 feet, 2)."""
    both = support[1:] & support[:-1]
    weights = np.where(both.any(axis=1, keepdims=True), both, True)[:, :, None].astype(float)
    steps = -(np.diff(balls, axis=0) * weights).sum(axis=1) / weights.sum(axis=1)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) - balls[0].mean(axis=0)


def _planted(path: np.ndarray, support: np.ndarray) -> np.ndarray:
    """The path (T, 3) of a foot's ball with every stretch of support held at one place on the floor.

    Between two stretches the correction changes linearly, so that the foot neither jumps off nor lands with a
    jerk.
    """
    if not support.any():
        return path
    correction = np.zeros_like(path)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], support.astype(int), [0]])))
    for start, end in zip(edges[::2], edges[1::2]):
        place = path[start:end].mean(axis=0)
        place[2] = 0.0
        correction[start:end] = place - path[start:end]
    frames, standing = np.arange(len(path)), np.flatnonzero(support)
    for axis in range(3):
        correction[:, axis] = np.interp(frames, standing, correction[standing, axis])
    return path + correction


def _wrist_goals(shoulders, width: float) -> Tuple[np.ndarray, np.ndarray]:
    """Sideways places of right and left wrist, `width` outside the shoulders."""
    half = float(np.mean(shoulders[1][:, 0] - shoulders[0][:, 0])) / 2 + width
    return np.array([-half, 0, 0]), np.array([half, 0, 0])


def _reach_of(skeleton: Skeleton, motion: Motion) -> np.ndarray:
    """Distance from shoulder to wrist (T,) by the law of cosines, mean of both elbows."""
    elbow = (motion.angles["elbow_flex_r"] + motion.angles["elbow_flex_l"]) / 2
    return np.sqrt(
        skeleton.upper_arm**2 + skeleton.forearm**2 + 2 * skeleton.upper_arm * skeleton.forearm * np.cos(elbow)
    )


def _arms_to(skeleton: Skeleton, motion: Motion, turns: Turns, root: np.ndarray, wrists, bends, hands) -> None:
    """Lead both arms to the wrists' places; `hands` (fingers' and palm's direction) fixes the hands."""
    shoulders = _head(skeleton, turns, root, "upperarm01.R", "upperarm01.L")
    fingers, palm = hands
    for side, shoulder, wrist, bend in zip("RL", shoulders, wrists, bends):
        reach(
            turns,
            "upper_arm" + side,
            "forearm" + side,
            shoulder,
            wrist,
            (skeleton.upper_arm, skeleton.forearm),
            bend,
            -LEFT,
        )
        add_hand(turns, motion.angles, side)
        # Upright, fingers point down and the palm to the body: to the left for the right hand.
        inwards = LEFT if side == "R" else -LEFT
        turn = frame(fingers, palm) @ frame(DOWN, inwards).T
        turns["hand" + side] = np.broadcast_to(turn, turns["hand" + side].shape)
        add_fingers(turns, motion.angles, side)


def _lie_on_hands(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person in push-up position: the body pitches about the toes, or knees, by what the elbows allow."""
    still = np.zeros((len(motion.stamps), 3))
    on_toes = motion.contact == "hands_and_toes"
    joint = "toe2-1" if on_toes else "lowerleg01"
    rests = _head(skeleton, turns, still, joint + ".R", joint + ".L")
    shoulders = _head(skeleton, turns, still, "upperarm01.R", "upperarm01.L")
    pivot = (rests[0] + rests[1]) / 2
    pivot[:, 0] = 0
    height = FLESH[joint]
    line = (shoulders[0] + shoulders[1]) / 2 - pivot
    wrists = _wrist_goals(shoulders, motion.grip)
    aside = motion.sway[:, 0] * (skeleton.thigh + skeleton.shank)
    # Moved to one side, the body is as high as the farther arm lets it be; the nearer one bends.
    distance = np.sqrt(_reach_of(skeleton, motion) ** 2 - (np.abs(motion.grip) + np.abs(aside)) ** 2)
    # The wrists lie under the shoulders when the arms are straight, so solve the highest frame first.
    length, lean = np.hypot(line[:, 1], line[:, 2]), np.arctan2(-line[:, 1], line[:, 2])
    top = int(np.argmax(distance))
    steepest = np.arccos(np.clip((distance[top] + PALM_HEIGHT - height) / length[top], -1, 1))
    wrist_y = -length[top] * np.sin(steepest)
    # Cosine rule in the triangle toes, shoulders, wrists.
    to_wrist = np.hypot(wrist_y, PALM_HEIGHT - height)
    below = np.arctan2(PALM_HEIGHT - height, -wrist_y)
    inside = np.arccos(np.clip((length**2 + to_wrist**2 - distance**2) / (2 * length * to_wrist), -1, 1))
    pitch = np.pi / 2 - below - inside - lean
    turn = rotation(LEFT, pitch)
    for name in turns:
        turns[name] = turn @ turns[name]
    for side in "RL" if on_toes else "":  # the toes lie flat
        turns["toes" + side] = np.broadcast_to(np.eye(3), turn.shape)
    root = np.array([0.0, 0.0, height]) - np.einsum("tij,tj->ti", turn, pivot)
    root[:, 0] += aside
    goals = [place + np.array([0.0, wrist_y, PALM_HEIGHT]) for place in wrists]
    outwards = 0.75 * np.clip((motion.grip + 0.2) / 0.3, 0.2, 2.0)  # narrow: the elbows go along the body
    bends = [np.array([-outwards, 0.65, 0.1]), np.array([outwards, 0.65, 0.1])]
    _arms_to(skeleton, motion, turns, root, goals, bends, (FORWARD, DOWN))
    for side, sign in (("R", 1.0), ("L", -1.0)):  # the thumbs lie on the floor, not in it
        turns["thumb" + side] = rotation(FORWARD, sign * np.radians(40)) @ turns["thumb" + side]
    return root


BEFORE_THE_FEET = 0.42  # leg lengths from the feet to the hands that are put on the floor


def _stand_and_lie(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person who stands, puts her hands on the floor, jumps back until she lies on hands and toes, and back.

    The body goes from one pose to the other; the hands stay where they are on the floor, the feet jump.
    """
    assert motion.lying is not None
    other, body, hands_down = motion.lying
    body, hands_down = body[:, None], hands_down[:, None]
    leg = skeleton.thigh + skeleton.shank
    standing = _stand(skeleton, motion, turns)
    flat = turns_of(other)
    lying = _lie_on_hands(skeleton, other, flat)
    wrists = _head(skeleton, flat, lying, "wrist.R", "wrist.L")
    lying = lying - [0.0, wrists[0][0, 1] + BEFORE_THE_FEET * leg, 0.0]
    wrists = _head(skeleton, flat, lying, "wrist.R", "wrist.L")
    ankles = [
        (1 - body) * up + body * down + 0.3 * leg * (body * (1 - body)) * [0.0, 0.0, 1.0]
        for up, down in zip(
            _head(skeleton, turns, standing, "foot.R", "foot.L"), _head(skeleton, flat, lying, "foot.R", "foot.L")
        )
    ]
    feet = {}
    for side in "RL":  # as the shanks, on which they move, will have been turned
        for name, above in (("foot", "shank"), ("toes", "foot")):
            start, end = (_between(of[above + side], of[name + side]) for of in (turns, flat))
            feet[name + side] = _part_way(start, end, body[:, 0])
    for name in turns:
        turns[name] = _part_way(turns[name], flat[name], body[:, 0])
    root = (1 - body) * standing + body * lying
    hips = _head(skeleton, turns, root, "upperleg01.R", "upperleg01.L")
    for side, hip, ankle in zip("RL", hips, ankles):
        knee = turns["thigh" + side] @ FORWARD
        reach(turns, "thigh" + side, "shank" + side, hip, ankle, (skeleton.thigh, skeleton.shank), knee, LEFT)
        turns["foot" + side] = turns["shank" + side] @ feet["foot" + side]
        turns["toes" + side] = turns["foot" + side] @ feet["toes" + side]
    shoulders = _head(skeleton, turns, root, "upperarm01.R", "upperarm01.L")
    elbows = _head(skeleton, turns, root, "lowerarm01.R", "lowerarm01.L")
    hanging = _head(skeleton, turns, root, "wrist.R", "wrist.L")
    for side, sign, shoulder, elbow, high, low in zip("RL", (-1, 1), shoulders, elbows, hanging, wrists):
        aside = _across(elbow - shoulder, high - shoulder)
        reach(
            turns,
            "upper_arm" + side,
            "forearm" + side,
            shoulder,
            (1 - hands_down) * high + hands_down * low,
            (skeleton.upper_arm, skeleton.forearm),
            (1 - hands_down) * aside + hands_down * np.array([0.75 * sign, 0.65, 0.1]),
            -LEFT,
        )
        add_hand(turns, motion.angles, side)
        turns["hand" + side] = _part_way(turns["hand" + side], flat["hand" + side], hands_down[:, 0])
        add_fingers(turns, motion.angles, side)
    return root


def _across(vectors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """The direction (T, 3) in which vectors (T, 3) lead away from axes (T, 3)."""
    axes = unit(axes)
    return unit(vectors - np.sum(vectors * axes, axis=1, keepdims=True) * axes)


def _part_way(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Turns (T, 3, 3) the shorter way from one to the other, `share` (T,) of it."""
    from scipy.spatial.transform import Rotation

    between = Rotation.from_matrix(start.swapaxes(-1, -2) @ end).as_rotvec()
    return start @ Rotation.from_rotvec(share[:, None] * between).as_matrix()


def bar_height(skeleton: Skeleton) -> float:
    """Metres over the floor of a bar from which this person hangs with the feet just off the floor."""
    standing = skeleton.heads[skeleton.index["upperarm01.R"]][2] - skeleton.heels["R"][2]
    return float(standing + skeleton.upper_arm + skeleton.forearm + 0.10 + BAR_CLEARANCE)


def _hang(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person who hangs by the hands from the bar at y = 0."""
    still = np.zeros((len(motion.stamps), 3))
    sides = np.array([1.0, -1.0])
    # Raised arms raise the shoulders; less so when the chin is at the bar.
    straight = np.cos(motion.angles["elbow_flex_r"] / 2)
    for side, sign in zip("RL", sides):
        turns["clavicle" + side] = turns["spine01"] @ rotation(FORWARD, -sign * np.radians(28) * straight)
    shoulders = _head(skeleton, turns, still, "upperarm01.R", "upperarm01.L")
    wrists = _wrist_goals(shoulders, motion.grip)
    middle = (shoulders[0] + shoulders[1]) / 2
    behind = 0.04 + 0.14 * (1 - straight)  # the face passes the bar
    behind = behind - motion.sway[:, 1] * (skeleton.thigh + skeleton.shank)
    below = np.sqrt(np.clip(_reach_of(skeleton, motion) ** 2 - motion.grip**2 - behind**2, 0.02**2, None))
    wrist_height = bar_height(skeleton) - 0.07
    root = np.stack([still[:, 0], behind - middle[:, 1], wrist_height - below - middle[:, 2]], axis=1)
    goals = [place + np.array([0.0, 0.0, wrist_height]) for place in wrists]
    outwards = 0.8 * np.clip((motion.grip + 0.1) / 0.22, 0.2, 1.0)  # narrow: the elbows go to the front
    bends = [np.array([-outwards, -0.35, -0.5]), np.array([outwards, -0.35, -0.5])]
    _arms_to(skeleton, motion, turns, root, goals, bends, (-DOWN, FORWARD))
    return root


def dip_bars_height(skeleton: Skeleton) -> float:
    """Metres over the floor of the bars between which this person dips with the feet off the floor."""
    return bar_height(skeleton) - 2 * (skeleton.upper_arm + skeleton.forearm) + 0.12


def _lean_on_bars(skeleton: Skeleton, motion: Motion, turns: Turns) -> np.ndarray:
    """Root of a person who leans on straight or bent arms on two bars beside her, the middle of the hands at y = 0."""
    still = np.zeros((len(motion.stamps), 3))
    shoulders = _head(skeleton, turns, still, "upperarm01.R", "upperarm01.L")
    middle = (shoulders[0] + shoulders[1]) / 2
    reach_of = _reach_of(skeleton, motion)
    before = 0.35 * (reach_of.max() - reach_of)  # the body leans forward as it sinks
    above = np.sqrt(np.clip(reach_of**2 - motion.grip**2 - before**2, 0.02**2, None))
    wrist_height = dip_bars_height(skeleton) + 0.05
    root = np.stack([still[:, 0], -before - middle[:, 1], wrist_height + above - middle[:, 2]], axis=1)
    goals = [place + np.array([0.0, 0.0, wrist_height]) for place in _wrist_goals(shoulders, motion.grip)]
    bends = [np.array([-0.25, 1.0, 0.0]), np.array([0.25, 1.0, 0.0])]
    _arms_to(skeleton, motion, turns, root, goals, bends, (FORWARD, DOWN))
    return root


def angles_of(skeleton: Skeleton, motion: Motion, rotations: np.ndarray) -> Dict[str, np.ndarray]:
    """The joint angles that the solved body really has, radians, OpenSim's names, signs and order of axes.

    They differ from the motion's own where a hand or a foot is held in its place.

    Args:
        skeleton: of the body.
        motion: what was solved.
        rotations: (T, B, 3, 3) of the bones, from `solve`.

    Returns:
        Every angle of the motion; those of the pelvis are against the room.
    """
    turn = {label: skeleton.turn(rotations, label) for label in skeleton.labels}
    angles = dict(motion.angles)
    names = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
    angles.update(zip(names, _cardan(turn["root"], 1.0)))
    for side, sign in (("R", 1.0), ("L", -1.0)):
        end = "_" + side.lower()
        thigh, shank, foot = (turn[bone + side] for bone in ("upperleg01.", "lowerleg01.", "foot."))
        hip = _cardan(_between(turn["root"], thigh), sign)
        angles.update(zip(("hip_flexion" + end, "hip_adduction" + end, "hip_rotation" + end), hip))
        angles["knee_angle" + end] = -_cardan(_between(thigh, shank), sign)[0]
        angles["ankle_angle" + end] = _cardan(_between(shank, foot), sign)[0]
        angles["mtp_angle" + end] = _cardan(_between(foot, turn["toe2-1." + side]), sign)[0]
        if motion.contact not in (*ON_HANDS, "feet_and_hands", "bar", "dip_bars"):
            continue
        upper, fore = turn["upperarm01." + side], turn["lowerarm01." + side]
        shoulder = nearest_shoulder(*_cardan(_between(turn["spine01"], upper), sign))
        angles.update(zip(("arm_flex" + end, "arm_add" + end, "arm_rot" + end), shoulder))
        angles["elbow_flex" + end] = _cardan(_between(upper, fore), sign)[0]
    return angles


def _between(parent: np.ndarray, child: np.ndarray) -> np.ndarray:
    return parent.swapaxes(-1, -2) @ child


def _cardan(turn: np.ndarray, sign: float) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flexion, adduction and inward rotation (T,) of turns (T, 3, 3), in OpenSim's order; sign -1 = left side."""
    from scipy.spatial.transform import Rotation

    x, y, z = Rotation.from_matrix(turn).as_euler("XYZ").T
    return -x, -sign * y, sign * z


def nearest_shoulder(flexion: np.ndarray, adduction: np.ndarray, inwards: np.ndarray):
    """Of the two ways to write a shoulder's turn the one that a shoulder can do, without jumps over time."""
    ways = np.stack(
        [
            np.stack([flexion, adduction, inwards]),
            np.stack([flexion + np.pi, np.pi - adduction, inwards + np.pi]),
        ]
    )
    low, high = np.radians([limits(name + "_r") for name in ("arm_flex", "arm_add", "arm_rot")]).T[:, :, None]
    middle = (low + high) / 2
    ways = ways - 2 * np.pi * np.round((ways - middle) / (2 * np.pi))
    beyond = np.clip(ways - high, 0, None) + np.clip(low - ways, 0, None)
    best = ways[int(np.argmin(beyond.max(axis=(1, 2))))]
    return np.unwrap(best, axis=1)
