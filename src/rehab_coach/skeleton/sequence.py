"""The one representation of a moving person: everything makes it, keeps it or reads it."""

import io
import os
from dataclasses import dataclass, replace
from typing import BinaryIO, Optional, Tuple, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.skeleton.layout import COCO_18, Layout, get_layout, to_coco_18


@dataclass(frozen=True, eq=False)
class SkeletonSequence:
    """The skeleton of one person over time.

    Attributes:
        key_points: float32 (T, V, 3): x to the right and y down in pixels, score in 0..1; score 0 = not seen.
        stamps: float64 (T,) seconds, increasing.
        size: width and height of the picture in pixels.
        layout: which joint is which.
        world: float32 (T, V, 3) metres around the hips where the estimator gives them, else None.

    Raises:
        ValueError: shapes that do not fit each other, values that are not finite, stamps that do not increase.
    """

    key_points: np.ndarray
    stamps: np.ndarray
    size: Tuple[int, int]
    layout: Layout = COCO_18
    world: Optional[np.ndarray] = None

    def __post_init__(self):
        key_points = np.asarray(self.key_points, np.float32)
        stamps = np.asarray(self.stamps, np.float64)
        expected = (len(stamps), len(self.layout), 3)
        if stamps.ndim != 1 or key_points.shape != expected:
            raise ValueError(
                "key points %s do not fit %d stamps of %s: expected %s"
                % (key_points.shape, stamps.size, self.layout.name, expected)
            )
        if not (np.isfinite(key_points).all() and np.isfinite(stamps).all()):
            raise ValueError("key points and stamps must be finite: an unseen joint has score 0, not NaN")
        if (np.diff(stamps) <= 0).any():
            raise ValueError("stamps must increase")
        if min(self.size) <= 0:
            raise ValueError("picture size must be positive, not %s" % (self.size,))
        object.__setattr__(self, "key_points", key_points)
        object.__setattr__(self, "stamps", stamps)
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        if self.world is not None:
            world = np.asarray(self.world, np.float32)
            if world.shape != expected:
                raise ValueError("world coordinates %s do not fit key points %s" % (world.shape, expected))
            object.__setattr__(self, "world", world)

    def __len__(self) -> int:
        return len(self.stamps)

    def __getitem__(self, frames: slice) -> "SkeletonSequence":
        """The sequence of a slice of the frames."""
        if not isinstance(frames, slice):
            raise TypeError("a sequence is indexed by a slice of frames, not by %s" % type(frames).__name__)
        world = None if self.world is None else self.world[frames]
        return replace(self, key_points=self.key_points[frames], stamps=self.stamps[frames], world=world)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return float(self.stamps[-1] - self.stamps[0]) if len(self) else 0.0

    @property
    def rate(self) -> float:
        """Mean frames per second; 0 for fewer than two frames."""
        return (len(self) - 1) / self.duration if len(self) > 1 else 0.0

    @property
    def seen(self) -> np.ndarray:
        """(T,) bool: at least one joint was seen in the frame."""
        return (self.key_points[..., 2] > 0).any(axis=1)

    def coco_18(self) -> "SkeletonSequence":
        """The same person in the COCO-18 layout (world coordinates are dropped: they belong to the full layout)."""
        if self.layout.name == COCO_18.name:
            return self
        return replace(self, key_points=to_coco_18(self.key_points, self.layout), layout=COCO_18, world=None)

    def mirror(self) -> "SkeletonSequence":
        """The person as in a mirror: left becomes right."""
        order = list(self.layout.mirror)
        key_points = self.key_points[:, order].copy()
        key_points[..., 0] = np.where(key_points[..., 2] > 0, self.size[0] - 1 - key_points[..., 0], 0)
        world = None if self.world is None else self.world[:, order] * np.array([-1, 1, 1], np.float32)
        return replace(self, key_points=key_points, world=world)

    def repeat(self, frames: int) -> "SkeletonSequence":
        """Exactly this many frames: repeated from the start if shorter (the thesis's padding), cut if longer.

        The stamps go on at the mean rate.
        """
        if len(self) == 0:
            raise ValueError("an empty sequence cannot be repeated")
        index = np.arange(frames) % len(self)
        step = 1 / self.rate if self.rate else 1.0
        period = self.duration + step
        stamps = self.stamps[index] + period * (np.arange(frames) // len(self))
        world = None if self.world is None else self.world[index]
        return replace(self, key_points=self.key_points[index], stamps=stamps, world=world)

    def resample(self, rate: float, method: str = "interpolate") -> "SkeletonSequence":
        """Put the sequence on a regular time grid.

        Args:
            rate: frames per second of the result, > 0.
            method: "interpolate" (linear between the neighbouring frames in which the joint was seen) or
                "copy" (nearest frame; the thesis's way from 9 to 27 fps).

        Returns:
            A new sequence of round(duration * rate) + 1 frames; interpolated, a joint keeps score 0 unless it
            was seen in both neighbouring frames (at a frame's own stamp: in that frame).

        Raises:
            ValueError: fewer than two frames, a rate that is not positive, an unknown method.
        """
        if len(self) < 2:
            raise ValueError("resampling needs at least two frames, there are %d" % len(self))
        if not rate > 0:
            raise ValueError("the frame rate must be positive, not %r" % rate)
        stamps = self.stamps[0] + np.arange(int(round(self.duration * rate)) + 1) / rate
        if method == "copy":
            after = np.clip(np.searchsorted(self.stamps, stamps), 1, len(self) - 1)
            nearest = after - (stamps - self.stamps[after - 1] < self.stamps[after] - stamps)
            world = None if self.world is None else self.world[nearest]
            return replace(self, key_points=self.key_points[nearest], stamps=stamps, world=world)
        if method != "interpolate":
            raise ValueError("unknown resampling method '%s'; known: interpolate, copy" % method)
        after = np.clip(np.searchsorted(self.stamps, stamps, side="right"), 1, len(self) - 1)
        before = after - 1
        weight = (stamps - self.stamps[before]) / (self.stamps[after] - self.stamps[before])
        key_points, weight = _between(self.key_points[before], self.key_points[after], weight)
        world = None
        if self.world is not None:
            world = self.world[before] * (1 - weight) + self.world[after] * weight
        return replace(self, key_points=key_points, stamps=stamps, world=world)

    def save(self, path: str) -> None:
        """Write the sequence as .npz (key_points, stamps, size, layout[, world]), whole or not at all."""
        with written_whole(path) as temporary, open(temporary, "wb") as stream:
            stream.write(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The content of the file that `save` writes."""
        arrays = {
            "key_points": self.key_points,
            "stamps": self.stamps,
            "size": np.array(self.size),
            "layout": np.array(self.layout.name),
        }
        if self.world is not None:
            arrays["world"] = self.world
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)
        return stream.getvalue()

    @classmethod
    def load(cls, path: str) -> "SkeletonSequence":
        """Read what `save` wrote; RehabCoachError if the file is missing, broken or something else."""
        return cls._read(os.fspath(path), path)

    @classmethod
    def from_bytes(cls, content: bytes) -> "SkeletonSequence":
        """Read what `to_bytes` wrote; RehabCoachError if it is broken or something else."""
        return cls._read(io.BytesIO(content), "the content of the file")

    @classmethod
    def _read(cls, source: Union[str, BinaryIO], name: str) -> "SkeletonSequence":
        try:
            with np.load(source, allow_pickle=False) as arrays:
                return cls(
                    arrays["key_points"],
                    arrays["stamps"],
                    tuple(arrays["size"].tolist()),
                    get_layout(str(arrays["layout"])),
                    arrays.get("world"),
                )
        except FileNotFoundError:
            raise RehabCoachError("there is no file %s" % name) from None
        except Exception as error:
            raise RehabCoachError(
                "%s is not a skeleton sequence (.npz as `save` writes it): %s" % (name, error)
            ) from error


def key_points_between(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Key points at moments between neighbouring frames, as `SkeletonSequence.resample` interpolates them.

    Args:
        first, second: (T, V, 3) or (V, 3), the frames before and after each moment.
        weight: (T,), 0 at the first frame, 1 at the second.

    Returns:
        (T, V, 3); a joint has score 0 unless it was seen in both (at a frame's own stamp: in that frame).
    """
    return _between(first, second, np.asarray(weight, np.float64))[0]


def _between(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    # A moment on a frame takes that frame alone, so that equal rates change nothing.
    weight = np.clip(np.where(np.abs(weight - np.round(weight)) < 1e-6, np.round(weight), weight), 0, 1)
    weight = weight[:, None, None].astype(np.float32)
    seen = ((first[..., 2] > 0) | (weight[..., 0] == 1)) & ((second[..., 2] > 0) | (weight[..., 0] == 0))
    return np.where(seen[..., None], first * (1 - weight) + second * weight, 0), weight
