"""The videos that a set is made from, what its files are called, and the views of each.

The table is that of `rehab_coach.pose.clips`.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import List, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.clips import BadLine, Clip, read_clips


def read_videos(path: str) -> Tuple[List[Clip], List[BadLine]]:
    """Read a table of videos, of which each part may occur once.

    Returns:
        The clips, and the lines that cannot be used.

    Raises:
        RehabCoachError: no such table, or a column is missing.
    """
    problems: List[BadLine] = []
    clips = read_clips(path, report=problems.append)
    return clips, problems


def skeleton_name(clip: Clip) -> str:
    """What the files of a clip are called, made from file, start and end: the same in every run."""
    file = clip.row["file"]
    digest = hashlib.sha256(("%s %s %s" % (file, clip.start, clip.end)).encode()).hexdigest()[:8]
    stem = clip.row.get("youtube_id") or os.path.splitext(os.path.basename(file.partition("?")[0].rstrip("/")))[0]
    return "%s-%s" % (re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_")[:60] or "clip", digest)


@dataclass(frozen=True)
class Variant:
    """A way to see a clip.

    Attributes:
        zoom: larger than 1 cuts the border off, smaller than 1 adds one.
        flip: left and right are exchanged in the picture.
    """

    zoom: float = 1.0
    flip: bool = False

    @property
    def suffix(self) -> str:
        """What the names of its files end in."""
        return ("" if self.zoom == 1 else "-zoom%g" % self.zoom) + ("-flip" if self.flip else "")


def variants(zooms: List[float], flips: bool) -> Tuple[Variant, ...]:
    """The picture as it is and at each zoom, each of them mirrored too if wanted.

    Raises:
        RehabCoachError: a zoom outside 0.2 to 5.
    """
    for zoom in zooms:
        if not 0.2 <= zoom <= 5:
            raise RehabCoachError("a zoom must be between 0.2 and 5, not %g" % zoom)
    sizes = [1.0] + sorted(set(zooms) - {1.0})
    return tuple(Variant(zoom, flip) for zoom in sizes for flip in ((False, True) if flips else (False,)))
