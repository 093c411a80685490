"""What the tests of animations share: a reader of BVH files that follows the format and not our writer."""

from typing import List, NamedTuple

import numpy as np
import pytest
from scipy.spatial.transform import Rotation


class BvhFile(NamedTuple):
    """Joints, seconds between two frames, and channels: the root's place and three angles of each joint."""

    names: List[str]
    parents: List[int]
    offsets: np.ndarray
    step: float
    values: np.ndarray

    @property
    def turns(self):
        """Rotations (T, J, 3, 3) against the room, from the angles about z, the new y, the new x."""
        turns = []
        for number, parent in enumerate(self.parents):
            angles = self.values[:, 3 + 3 * number : 6 + 3 * number]
            local = Rotation.from_euler("ZYX", angles, degrees=True).as_matrix()
            turns.append(local if parent < 0 else turns[parent] @ local)
        return np.stack(turns, axis=1)


def _read(path):
    with open(path) as stream:
        lines = [line.split() for line in stream]
    names, parents, offsets, stack, channels = [], [], [], [], 0
    rest = iter(lines[1:])
    for words in rest:
        if words[0] in ("ROOT", "JOINT"):
            parents.append(stack[-1] if stack else -1)
            stack.append(len(names))
            names.append(words[1])
        elif words[0] == "OFFSET":
            offsets.append([float(word) for word in words[1:]])
        elif words[0] == "CHANNELS":
            assert len(words) == 2 + int(words[1])
            channels += int(words[1])
        elif words == ["End", "Site"]:
            assert [next(rest)[0] for _ in range(3)] == ["{", "OFFSET", "}"]
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "MOTION":
            break
    assert lines[0] == ["HIERARCHY"] and not stack
    count, step = int(next(rest)[1]), float(next(rest)[2])
    values = np.array([[float(word) for word in words] for words in rest])
    assert values.shape == (count, channels)
    return BvhFile(names, parents, np.array(offsets), step, values)


@pytest.fixture(scope="session")
def read_bvh():
    return _read
