"""The packed pair that ST-GCN trains on.

    NAME_data.npy     float32 (N, 3, 300, 18, 2): clips; x, y, score; frames at 30 per second; COCO-18 joints; people
    NAME_label.pkl    ([name, ...], [label_index, ...]), a pickle

x and y are fractions of the picture's width and height minus 0.5, so that the middle is 0, 0; a joint that was not
seen is 0, 0, 0. Clips shorter than 300 frames are repeated from the start, longer ones are cut.
"""

import pickle
import struct
from contextlib import ExitStack
from typing import List, Sequence, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.skeleton import COCO_18, SkeletonSequence
from rehab_coach.skeleton.kinetics import RATE, SIZE

FRAMES, PEOPLE = 300, 2
SHAPE = (3, FRAMES, len(COCO_18), PEOPLE)


def pack(people: Sequence[SkeletonSequence]) -> np.ndarray:
    """One clip's block of the array.

    Args:
        people: filmed together at 30 frames per second. Of more than two, each frame keeps the two with the largest
            sum of scores, the larger first, as the published files do.

    Returns:
        float32 (3, 300, 18, 2).

    Raises:
        ValueError: nobody, no frames, or lengths that differ.
    """
    if not people or len({len(person) for person in people}) > 1:
        raise ValueError("a packed clip needs people with the same number of frames")
    block = np.zeros((len(people), FRAMES, len(COCO_18), 3), np.float32)
    for target, person in zip(block, people):
        person = person.coco_18().repeat(FRAMES)
        target[...] = person.key_points
        target[..., :2] = target[..., :2] / person.size - 0.5
        target[target[..., 2] <= 0] = 0
    if len(people) > PEOPLE:
        order = np.argsort(-block[..., 2].sum(axis=2), axis=0, kind="stable")
        block = np.take_along_axis(block, order[:, :, None, None], axis=0)
    packed = np.zeros(SHAPE, np.float32)
    packed[..., : len(block[:PEOPLE])] = block[:PEOPLE].transpose(3, 1, 2, 0)
    return packed


def unpack(block: np.ndarray, size: Tuple[int, int] = SIZE, rate: float = RATE) -> Tuple[SkeletonSequence, ...]:
    """The people of one clip's block (3, T, 18, M); the first one always, the others if they are ever seen.

    Raises:
        ValueError: values that are not finite.
    """
    people = np.array(block, np.float32).transpose(3, 1, 2, 0)
    people[..., :2] = np.where(people[..., 2:] > 0, (people[..., :2] + 0.5) * np.asarray(size, np.float32), 0)
    stamps = np.arange(people.shape[1]) / rate
    return tuple(
        SkeletonSequence(person, stamps, size)
        for number, person in enumerate(people)
        if number == 0 or (person[..., 2] > 0).any()
    )


class PackedWriter:
    """Writes the pair clip by clip, without holding the array in memory; use it in a `with` block.

    The array is written front to back rather than through a memory map: there a full disk would end the process
    with a signal, here it is an error that can be told.

    Args:
        path: stem of both files.
    """

    def __init__(self, path: str):
        self._names: List[str] = []
        self._labels: List[int] = []
        with ExitStack() as stack:
            self._pickle = stack.enter_context(written_whole(path + "_label.pkl"))
            temporary = stack.enter_context(written_whole(path + "_data.npy"))
            self._stream = stack.enter_context(open(temporary, "wb"))
            self._stream.write(_header(0))
            self._stack = stack.pop_all()

    def add(self, name: str, label_index: int, block: np.ndarray) -> None:
        """Append one clip: its name, its class, float32 (3, 300, 18, 2)."""
        if block.shape != SHAPE:
            raise ValueError("a packed clip is %s, not %s" % (SHAPE, block.shape))
        self._stream.write(np.ascontiguousarray(block, "<f4").tobytes())
        self._names.append(name + ".json")  # the published pair names files
        self._labels.append(int(label_index))

    def __enter__(self) -> "PackedWriter":
        return self

    def __exit__(self, kind, error, trace) -> None:
        with self._stack:
            if kind is not None:
                raise error
            self._stream.seek(0)
            self._stream.write(_header(len(self._names)))
            with open(self._pickle, "wb") as stream:
                # Protocol 2: whatever trains on this may be old.
                pickle.dump((self._names, self._labels), stream, protocol=2)


def _header(count: int) -> bytes:
    """An .npy header of always 128 bytes, so that the number of clips can be filled in at the end."""
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % ((count,) + SHAPE,)
    return np.lib.format.magic(1, 0) + struct.pack("<H", 118) + text.ljust(117).encode("ascii") + b"\n"


def read_packed(path: str) -> Tuple[np.ndarray, List[str], List[int]]:
    """Open a packed pair.

    Args:
        path: stem of both files.

    Returns:
        The array (N, 3, T, 18, M), read from the disk as it is used, the clips' names without endings, their
        classes.

    Raises:
        RehabCoachError: a file is missing or damaged, or the two do not fit each other.
    """
    data = path + "_data.npy"
    try:
        array = np.load(data, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (data, error.strerror or error)) from error
    except (ValueError, EOFError) as error:
        raise RehabCoachError("%s is not a whole .npy file of numbers: %s" % (data, error)) from error
    names, labels = read_label_pickle(path + "_label.pkl")
    if array.ndim != 5 or array.shape[1] != 3 or array.shape[3] != len(COCO_18) or array.dtype.kind != "f":
        raise RehabCoachError(
            "%s has shape %s of %s; expected (clips, 3, frames, %d, people) of float32"
            % (data, array.shape, array.dtype, len(COCO_18))
        )
    if len(array) != len(names):
        raise RehabCoachError("%s has %d clips, its label file %d" % (data, len(array), len(names)))
    return array, names, labels


class _ListsOnly(pickle.Unpickler):
    """Refuses everything that is not built into the pickle format.

    A pickle that names a class or function can run any program.
    """

    def find_class(self, module, name):
        raise pickle.UnpicklingError("it wants to load %s.%s" % (module, name))


def read_label_pickle(path: str) -> Tuple[List[str], List[int]]:
    """Names (without endings) and classes of a label file.

    Raises:
        RehabCoachError: it is missing, damaged, or holds anything but a list of names and a list of numbers.
    """
    expected = "%s must hold two lists of equal length, names and numbers, and nothing else: %%s" % path
    try:
        with open(path, "rb") as stream:
            content = _ListsOnly(stream).load()
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (path, error.strerror)) from error
    except Exception as error:  # a damaged pickle raises nearly anything
        raise RehabCoachError(expected % (error or type(error).__name__)) from error
    if not isinstance(content, (list, tuple)) or len(content) != 2:
        raise RehabCoachError(expected % "it holds a %s" % type(content).__name__)
    names, labels = content
    for values, kind in ((names, str), (labels, int)):
        if not isinstance(values, (list, tuple)):
            raise RehabCoachError(expected % "it holds a %s" % type(values).__name__)
        odd = [value for value in values if type(value) is not kind]
        if odd:
            raise RehabCoachError(expected % "it holds a %s" % type(odd[0]).__name__)
    if len(names) != len(labels):
        raise RehabCoachError(expected % "there are %d names and %d numbers" % (len(names), len(labels)))
    return [name[: -len(".json")] if name.endswith(".json") else name for name in names], list(labels)
