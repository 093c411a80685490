"""What pose estimators do wrong: noise, wrong joints, confused sides, gaps, missing limbs, scores."""

import numpy as np

from rehab_coach.skeleton import COCO_18

ARMS = [[COCO_18.index(side + joint) for joint in ("_elbow", "_wrist")] for side in ("right", "left")]
LEGS = [[COCO_18.index(side + joint) for joint in ("_knee", "_ankle")] for side in ("right", "left")]
FACE = [COCO_18.index(joint) for joint in ("right_eye", "left_eye", "right_ear", "left_ear")]
HEAD = [COCO_18.index("nose")] + FACE
CROPPABLE = ([joint for leg in LEGS for joint in leg], [joint for arm in ARMS for joint in arm], HEAD)


def shake(key_points, size, highest, random):
    """Noise from frame to frame, and slower errors that stay with a joint."""
    frames, joints = key_points.shape[:2]
    deviation = np.float32(highest * random.random() ** 2 * size * random.uniform(0.5, 1.5, (joints, 1)))
    fast = random.standard_normal((frames, joints, 2), np.float32)
    slow = random.standard_normal((frames // 8 + 2, joints, 2), np.float32)
    place = np.arange(frames) / 8
    below, part = place.astype(int), (place % 1)[:, None, None].astype(np.float32)
    slow = slow[below] * (1 - part) + slow[below + 1] * part
    lasting = np.float32(random.standard_normal((joints, 2)) * highest * size * random.random())
    result = key_points.copy()
    result[..., :2] += deviation * (fast + slow) + lasting
    return result


def mistake(key_points, size, random, strength):
    """Joints at wrong places; left taken for right."""
    frames, joints = key_points.shape[:2]
    result = key_points.copy()
    wrong = random.random((frames, joints)) < strength.false_joints * random.random() ** 2
    count = int(wrong.sum())
    if count:
        result[wrong, :2] += random.standard_normal((count, 2)) * size * 0.25
    if random.random() < strength.swaps:
        begin, end = stretch_of_time(frames, 0.4, random)
        both = [LEGS, ARMS, LEGS + ARMS][random.integers(3)]
        joints_swapped = [joint for limb in both for joint in limb]
        others = [COCO_18.mirror[joint] for joint in joints_swapped]
        result[begin:end, joints_swapped] = result[begin:end, others]
    return result


def hide(key_points, random, strength):
    """Joints, limbs and people that are not seen, for a frame, for a while or at all."""
    frames, joints = key_points.shape[:2]
    seen = key_points[..., 2] > 0
    seen &= random.random((frames, joints)) >= strength.gaps * random.random() ** 2
    seen &= random.random(joints) >= strength.joint_missing
    chance = random.random(6)
    if chance[0] < strength.face_missing:
        seen[:, FACE] = False
    if chance[1] < strength.limb_missing:
        limb = (LEGS + ARMS)[random.integers(4)]
        seen[:, limb[random.integers(2) :]] = False
    if chance[2] < strength.crop:
        begin, end = (0, frames) if random.random() < 0.5 else stretch_of_time(frames, 1.0, random)
        seen[begin:end, CROPPABLE[random.integers(len(CROPPABLE))]] = False
    if chance[3] < 0.3:  # one side of the face, as in a side view
        seen[:, [[14, 16], [15, 17]][random.integers(2)]] = False
    if chance[4] < strength.lost:
        begin, end = stretch_of_time(frames, 0.3, random)
        seen[begin:end] = False
    if chance[5] < strength.flicker:
        seen &= (random.random(frames) >= random.uniform(0, 0.6))[:, None]
    result = key_points.copy()
    result[~seen] = 0
    return result


def stretch_of_time(frames, longest, random):
    """First frame and the one after the last of a random part, `longest` being a part of all frames."""
    length = max(1, int(frames * random.uniform(0, longest)))
    begin = random.integers(frames - length + 1)
    return begin, begin + length


def change_scores(scores, random, strength):
    """Scores of no common meaning: an estimator's, or all alike, never what gives the source away."""
    seen = scores > 0
    if random.random() < strength.hide_scores:
        return seen.astype(np.float32)
    frames, joints = scores.shape
    spread = random.uniform(0, 0.25)
    level = random.uniform(0.35, 1.0) + random.standard_normal(joints) * spread
    flicker = random.standard_normal((frames, joints)) * spread * random.uniform(0.1, 0.6)
    own = random.uniform(0, 1)
    changed = own * scores + (1 - own) * level + flicker
    return np.where(seen, np.clip(changed, 0.05, 1), 0).astype(np.float32)
