"""Motions as BVH files (Biovision Hierarchy), which Gazebo and most animation programs read.

The file begins with the tree of joints: the offset of each from its parent in the rest pose, and its channels. Then
follow the time between two frames and one line of channel values for each frame: the root's place, and for every joint
the angles of its turn against its parent in degrees, about z, then the new y, then the new x.
"""

import warnings
from typing import List, Sequence

import numpy as np

from rehab_coach.files import written_whole

ROTATIONS = "Zrotation Yrotation Xrotation"


def write_bvh(
    path: str,
    names: Sequence[str],
    parents: Sequence[int],
    places: np.ndarray,
    turns: np.ndarray,
    root: np.ndarray,
    rate: float,
) -> None:
    """Write a motion to a file, whole or not at all.

    Args:
        path: of the file; an older one is replaced.
        names: of the J joints, in depth-first order.
        parents: index of each joint's parent, -1 for the root, which comes first.
        places: (J, 3) of the joints in the rest pose.
        turns: (T, J, 3, 3) rotations of the joints from the rest pose, against the room.
        root: (T, 3) where the root is.
        rate: frames per second.

    Raises:
        RehabCoachError: the folder cannot be written.
    """
    with written_whole(path) as temporary, open(temporary, "w") as stream:
        stream.write("HIERARCHY\n")
        for line in _tree(names, list(parents), places):
            stream.write(line + "\n")
        stream.write("MOTION\nFrames: %d\nFrame Time: %.6f\n" % (len(turns), 1 / rate))
        np.savetxt(stream, _channels(parents, turns, root), fmt="%.4f")


def _tree(names: Sequence[str], parents: List[int], places: np.ndarray, number: int = 0, depth: int = 0) -> List[str]:
    """Lines of one joint and of those that hang on it."""
    indent, parent = "  " * depth, parents[number]
    offset = places[number] - (places[parent] if parent >= 0 else 0.0)
    lines = [
        indent + ("JOINT " if depth else "ROOT ") + names[number],
        indent + "{",
        indent + "  OFFSET %.4f %.4f %.4f" % tuple(offset),
        indent + ("  CHANNELS 3 " if depth else "  CHANNELS 6 Xposition Yposition Zposition ") + ROTATIONS,
    ]
    children = [child for child, of in enumerate(parents) if of == number]
    for child in children:
        lines += _tree(names, parents, places, child, depth + 1)
    if not children:
        lines += [indent + line for line in ("  End Site", "  {", "    OFFSET 0 0 0", "  }")]
    return lines + [indent + "}"]


def _channels(parents: Sequence[int], turns: np.ndarray, root: np.ndarray) -> np.ndarray:
    """(T, 3 + 3 J): the root's place, and the angles of each joint in degrees without jumps between frames."""
    from scipy.spatial.transform import Rotation

    columns = [root]
    for number, parent in enumerate(parents):
        turn = turns[:, number] if parent < 0 else turns[:, parent].swapaxes(1, 2) @ turns[:, number]
        with warnings.catch_warnings():
            # Where z and x turn about the same axis, one of the two angles may be anything: SciPy takes 0 and says so.
            warnings.simplefilter("ignore", UserWarning)
            angles = Rotation.from_matrix(turn).as_euler("ZYX")
        columns.append(np.degrees(np.unwrap(angles, axis=0)))
    return np.concatenate(columns, axis=1)
