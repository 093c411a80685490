"""From heat maps and part affinity fields to people: the second half of OpenPose.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, section 2.3 and 2.4:
peaks of the heat maps are joint candidates; the line integral of a limb's field between two candidates says how well
they belong together; candidates are matched limb by limb, best first, and limbs that share a candidate form a person.
"""

from typing import List, Tuple

import cv2
import numpy as np

# The limbs in the order in which people are put together, and the channel of each one's x field (y follows it).
LIMBS = (
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (1, 8),
    (8, 9),
    (9, 10),
    (1, 11),
    (11, 12),
    (12, 13),
    (1, 0),
    (0, 14),
    (14, 16),
    (0, 15),
    (15, 17),
    (2, 16),
    (5, 17),
)
FIELDS = (12, 20, 14, 16, 22, 24, 0, 2, 4, 6, 8, 10, 28, 30, 34, 32, 36, 18, 26)
JOINTS = 18
# The last two (shoulder to ear) only confirm; they never start a person.
STARTING_LIMBS = 17

SAMPLES = 10  # points on the line integral
FIELD_THRESHOLD = 0.05  # a sample agrees when the field along the limb is stronger than this
AGREEMENT = 0.8  # share of the samples that must agree
CANDIDATES = 16  # peaks kept for each joint: a picture with more people is no exercise


def find_peaks(heat_maps: np.ndarray, threshold: float) -> List[np.ndarray]:
    """Local maxima of each heat map, refined to a fraction of a cell by a parabola through the neighbours.

    Args:
        heat_maps: float32 (h, w, 18), already smoothed.
        threshold: least value of a peak.

    Returns:
        For each joint float32 (n, 3): x, y in cells, value; highest first.
    """
    highest = cv2.dilate(heat_maps, np.ones((3, 3), np.uint8))
    rows, columns, joints = np.nonzero((heat_maps >= highest) & (heat_maps > threshold))
    padded = np.pad(heat_maps, ((1, 1), (1, 1), (0, 0)), mode="edge")

    def offset(before: np.ndarray, value: np.ndarray, after: np.ndarray) -> np.ndarray:
        curvature = before - 2 * value + after
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.where(curvature < 0, (before - after) / (2 * curvature), 0)
        return np.clip(shift, -0.5, 0.5)

    value = heat_maps[rows, columns, joints]
    x = columns + offset(padded[rows + 1, columns, joints], value, padded[rows + 1, columns + 2, joints])
    y = rows + offset(padded[rows, columns + 1, joints], value, padded[rows + 2, columns + 1, joints])
    found = np.stack([x, y, value], axis=1).astype(np.float32)
    order = np.argsort(-value, kind="stable")
    found, joints = found[order], joints[order]
    return [found[joints == joint][:CANDIDATES] for joint in range(JOINTS)]


def limb_scores(first: np.ndarray, second: np.ndarray, field_x: np.ndarray, field_y: np.ndarray) -> np.ndarray:
    """How well each pair of candidates is connected by the limb's field.

    The line integral of equation 11 in SAMPLES points (nearest cell), minus a penalty for limbs longer than half
    the map (as the reference implementation does); -1 where too few samples agree.

    Args:
        first, second: float32 (n, 3), (m, 3) candidates of the limb's two joints: x, y in cells, value.
        field_x, field_y: float32 (h, w).

    Returns:
        float32 (n, m).
    """
    height, width = field_x.shape
    vector = second[None, :, :2] - first[:, None, :2]
    length = np.maximum(np.linalg.norm(vector, axis=-1), 1e-6)
    steps = np.linspace(0, 1, SAMPLES, dtype=np.float32)
    points = first[:, None, None, :2] + vector[:, :, None] * steps[:, None]
    cells = np.clip(np.rint(points).astype(int), 0, (width - 1, height - 1))
    x, y = cells[..., 0], cells[..., 1]
    unit = vector / length[..., None]
    along = field_x[y, x] * unit[..., None, 0] + field_y[y, x] * unit[..., None, 1]
    score = along.mean(axis=-1) + np.minimum(height / 2 / length - 1, 0)
    agree = (along > FIELD_THRESHOLD).mean(axis=-1) >= AGREEMENT
    return np.where(agree & (score > 0), score, -1).astype(np.float32)


def match(scores: np.ndarray) -> List[Tuple[int, int, float]]:
    """Pairs of a limb, best score first, each candidate at most once; scores that are not positive never match."""
    pairs = []
    scores = scores.copy()
    while scores.size and scores.max() > 0:
        row, column = np.unravel_index(int(scores.argmax()), scores.shape)
        pairs.append((int(row), int(column), float(scores[row, column])))
        scores[row] = -1
        scores[:, column] = -1
    return pairs


def assemble(connections: List[List[Tuple[int, int, float]]]) -> List[dict]:
    """Join limbs that share a candidate into people.

    Args:
        connections: for each limb of LIMBS the pairs of `match`.

    Returns:
        For each person a dict joint -> index of its candidate.
    """
    people: List[dict] = []
    for limb, pairs in enumerate(connections):
        first, second = LIMBS[limb]
        for one, other, _ in pairs:
            sharing = [person for person in people if person.get(first) == one or person.get(second) == other]
            if not sharing:
                if limb < STARTING_LIMBS:
                    people.append({first: one, second: other})
                continue
            person = sharing[0]
            if len(sharing) > 1 and not set(person) & set(sharing[1]):
                person.update(sharing[1])
                people = [kept for kept in people if kept is not sharing[1]]
            # A joint that the person has already stays: the limb that gave it came earlier and is nearer the trunk.
            person.setdefault(first, one)
            person.setdefault(second, other)
    return people


def decode(
    output: np.ndarray, threshold: float = 0.1, least_joints: int = 4, least_score: float = 0.2
) -> List[np.ndarray]:
    """The people in the network's output.

    Args:
        output: float32 (h, w, 57): 18 heat maps, background, 38 field channels.
        threshold: least value of a peak to be a joint.
        least_joints: people with fewer joints are noise.
        least_score: least mean value of a person's peaks.

    Returns:
        For each person float32 (18, 3): x, y in cells (a cell's centre is a whole number), score in 0..1; 0 = not seen.
    """
    # The smoothing merges double peaks of one joint; it must not merge two people, hence so narrow.
    heat_maps = cv2.GaussianBlur(np.ascontiguousarray(output[..., :JOINTS]), (3, 3), 0.8)
    fields = output[..., JOINTS + 1 :]
    peaks = find_peaks(heat_maps, threshold)
    connections = [
        match(limb_scores(peaks[first], peaks[second], fields[..., channel], fields[..., channel + 1]))
        if len(peaks[first]) and len(peaks[second])
        else []
        for (first, second), channel in zip(LIMBS, FIELDS)
    ]
    people = []
    for joints in assemble(connections):
        person = np.zeros((JOINTS, 3), np.float32)
        for joint, candidate in joints.items():
            person[joint] = peaks[joint][candidate]
        if len(joints) >= least_joints and person[list(joints), 2].mean() >= least_score:
            people.append(np.clip(person, 0, [np.inf, np.inf, 1]).astype(np.float32))
    return people
