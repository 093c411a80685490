"""The decoder against a slow one that follows the paper's text joint by joint."""

import cv2
import numpy as np
import pytest

from rehab_coach.pose import part_affinity
from rehab_coach.pose.part_affinity import FIELDS, LIMBS, decode, find_peaks, limb_scores, match

HEIGHT, WIDTH = 46, 54
STANDING = np.array(
    [  # x, y of the 18 joints in cells, for a person of 30 cells around x = 0
        (0, 4),
        (0, 8),
        (-4, 8),
        (-5, 13),
        (-5, 17),
        (4, 8),
        (5, 13),
        (5, 17),
        (-2, 18),
        (-2, 25),
        (-2, 32),
        (2, 18),
        (2, 25),
        (2, 32),
        (-1, 3),
        (1, 3),
        (-2, 4),
        (2, 4),
    ],
    np.float32,
)


def network_output(people, seed=0, noise=0.02):
    """What the network would say about people whose joints (18, 2) are given; NaN: not in the picture."""
    generator = np.random.default_rng(seed)
    output = generator.normal(0, noise, (HEIGHT, WIDTH, 57)).astype(np.float32)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for joints in people:
        for joint, (x, y) in enumerate(joints):
            if np.isfinite(x):
                blob = 0.8 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2)
                output[..., joint] = np.maximum(output[..., joint], blob)
        for (first, second), channel in zip(LIMBS, FIELDS):
            start, vector = joints[first], joints[second] - joints[first]
            length = np.linalg.norm(vector)
            if not np.isfinite(length):
                continue
            unit = vector / length
            along = (columns - start[0]) * unit[0] + (rows - start[1]) * unit[1]
            across = np.abs((columns - start[0]) * unit[1] - (rows - start[1]) * unit[0])
            inside = (along > -0.7) & (along < length + 0.7) & (across < 1.2)
            output[inside, 19 + channel] = 0.9 * unit[0]
            output[inside, 20 + channel] = 0.9 * unit[1]
    return output


def slow_decode(output, threshold=0.1):
    """Peaks, line integrals, greedy matching and grouping with plain loops."""
    maps = cv2.GaussianBlur(output[..., :18].copy(), (3, 3), 0.8)
    peaks = []
    for joint in range(18):
        found = []
        for y in range(HEIGHT):
            for x in range(WIDTH):
                around = maps[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2, joint]
                if maps[y, x, joint] > threshold and maps[y, x, joint] == around.max():
                    found.append([refined(maps[y, :, joint], x), refined(maps[:, x, joint], y), maps[y, x, joint]])
        peaks.append(sorted(found, key=lambda peak: -peak[2]))
    people = []
    for limb, ((first, second), channel) in enumerate(zip(LIMBS, FIELDS)):
        scored = []
        for one, start in enumerate(peaks[first]):
            for other, end in enumerate(peaks[second]):
                score = slow_integral(start, end, output[..., 19 + channel], output[..., 20 + channel])
                if score > 0:
                    scored.append((score, one, other))
        taken = set()
        for score, one, other in sorted(scored, reverse=True):
            if ("first", one) in taken or ("second", other) in taken:
                continue
            taken |= {("first", one), ("second", other)}
            owners = [person for person in people if person.get(first) == one or person.get(second) == other]
            if len(owners) == 2 and not set(owners[0]) & set(owners[1]):
                people.remove(owners[1])
                owners[0].update(owners[1])
            if owners:
                owners[0].setdefault(first, one)
                owners[0].setdefault(second, other)
            elif limb < 17:
                people.append({first: one, second: other})
    return [{joint: peaks[joint][peak] for joint, peak in person.items()} for person in people if len(person) >= 4]


def refined(line, index):
    if 0 < index < len(line) - 1 and line[index - 1] - 2 * line[index] + line[index + 1] < 0:
        shift = (line[index - 1] - line[index + 1]) / (2 * (line[index - 1] - 2 * line[index] + line[index + 1]))
        return index + min(max(shift, -0.5), 0.5)
    return float(index)


def slow_integral(start, end, field_x, field_y):
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(np.hypot(dx, dy), 1e-6)
    samples = []
    for step in np.linspace(0, 1, 10):
        x, y = int(np.rint(start[0] + step * dx)), int(np.rint(start[1] + step * dy))
        x, y = min(max(x, 0), WIDTH - 1), min(max(y, 0), HEIGHT - 1)
        samples.append((field_x[y, x] * dx + field_y[y, x] * dy) / length)
    if np.mean(np.array(samples) > 0.05) < 0.8:
        return -1
    return np.mean(samples) + min(HEIGHT / 2 / length - 1, 0)


SCENES = {
    "one person": [STANDING + (27, 5)],
    "two people side by side": [STANDING + (15, 5), STANDING + (38, 6)],
    "three people, one behind": [STANDING + (12, 5), STANDING * 0.7 + (26, 8), STANDING + (42, 5)],
    "nobody": [],
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_decoder_agrees_with_the_slow_one_and_with_the_truth(scene):
    truth = SCENES[scene]
    output = network_output(truth)
    # Peaks of equal height come in any order, so people do: compare them from left to right.
    people = sorted(decode(output), key=lambda person: person[1, 0])
    slow = sorted(slow_decode(output), key=lambda person: person[1][0])
    assert len(people) == len(slow) == len(truth)
    for person, reference in zip(people, slow):
        assert set(np.flatnonzero(person[:, 2])) == set(reference)
        for joint, peak in reference.items():
            np.testing.assert_allclose(person[joint], peak, atol=1e-3)
    for joints in truth:
        assert min(np.abs(person[:, :2] - joints).max() for person in people) < 0.6


def test_joints_out_of_the_picture_are_not_seen():
    joints = STANDING + (27, 5)
    joints[[10, 13]] = np.nan
    (person,) = decode(network_output([joints]))
    assert person[[10, 13], 2].tolist() == [0, 0] and (person[[9, 12], 2] > 0).all()


def test_peaks_are_found_between_the_cells():
    rows, columns = np.mgrid[:20, :20]
    maps = np.zeros((20, 20, 18), np.float32)
    maps[..., 3] = np.exp(-((columns - 7.3) ** 2 + (rows - 11.8) ** 2) / 4)
    peaks = find_peaks(maps, 0.1)
    np.testing.assert_allclose(peaks[3], [[7.3, 11.8, 1]], atol=0.1)
    assert all(len(found) == 0 for joint, found in enumerate(peaks) if joint != 3)


def test_a_field_across_the_limb_does_not_connect():
    start, end = np.float32([[5, 5, 1]]), np.float32([[5, 15, 1]])
    along, none = np.ones((20, 20), np.float32), np.zeros((20, 20), np.float32)
    assert limb_scores(start, end, none, along)[0, 0] > 0.5
    assert limb_scores(start, end, along, none)[0, 0] == -1
    assert limb_scores(start, end, none, -along)[0, 0] == -1


def test_matching_takes_the_best_first_and_each_candidate_once():
    scores = np.float32([[0.9, 0.8], [0.85, -1], [0.1, 0.2]])
    assert [(row, column) for row, column, _ in match(scores)] == [(0, 0), (2, 1)]
    assert match(np.zeros((0, 3), np.float32)) == []


def test_the_number_of_candidates_is_bounded():
    maps = np.random.default_rng(0).uniform(0.2, 1, (HEIGHT, WIDTH, 18)).astype(np.float32)
    assert max(len(found) for found in find_peaks(maps, 0.1)) == part_affinity.CANDIDATES
