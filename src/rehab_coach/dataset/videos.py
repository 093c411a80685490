"""The table of videos that a set is made from.

    label    what is done
    url      of a page or file (or youtube_id), or
    path     a file, relative to the table or absolute (or file)
    start    seconds, optional (or time_start)
    stop     seconds, optional (or end, time_end)
    group    one person or one original video, optional: default is the url or path

So the tables of Kinetics (label, youtube_id, time_start, time_end, split) can be used as they are.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import read_table

ALIASES = {"file": "path", "time_start": "start", "end": "stop", "time_end": "stop"}
YOUTUBE = "https://www.youtube.com/watch?v="


@dataclass(frozen=True)
class VideoClip:
    """One line of the table.

    Attributes:
        name: of the skeleton files, made from source, start and stop: the same in every run.
        label: what is done.
        group: one person or one original video.
        source: url or path.
        is_url: it has to be downloaded.
        start, stop: seconds; None = from the start, to the end.
        line: of the table.
    """

    name: str
    label: str
    group: str
    source: str
    is_url: bool
    start: Optional[float]
    stop: Optional[float]
    line: int


class BadLine(NamedTuple):
    """A line of the table that cannot be used, and why."""

    line: int
    source: str
    reason: str


def read_videos(path: str) -> Tuple[List[VideoClip], List[BadLine]]:
    """Read a table of videos.

    Returns:
        The clips, and the lines that cannot be used.

    Raises:
        RehabCoachError: no such file, no column label, or neither url nor path.
    """
    rows = read_table(path, ("label",))
    for row in rows:
        row["label"] = " ".join(row["label"].split())
        for alias, name in ALIASES.items():
            if alias in row and not row.get(name):
                row[name] = row[alias]
        if row.get("youtube_id") and not row.get("url"):
            row["url"] = YOUTUBE + row["youtube_id"]
    if not any(row.get("url") or row.get("path") for row in rows):
        raise RehabCoachError("%s names no video: it needs a column url (or youtube_id) or path (or file)" % path)
    folder = os.path.dirname(os.path.abspath(path))
    clips: List[VideoClip] = []
    problems: List[BadLine] = []
    lines: Dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        try:
            clip = _clip(row, folder, number)
            if clip.name in lines:
                raise ValueError("the same part of the same video as line %d" % lines[clip.name])
            lines[clip.name] = number
            clips.append(clip)
        except ValueError as error:
            problems.append(BadLine(number, row.get("url") or row.get("path") or "", str(error)))
    return clips, problems


def _clip(row: Dict[str, str], folder: str, line: int) -> VideoClip:
    url, path = row.get("url", ""), row.get("path", "")
    if bool(url) == bool(path):
        raise ValueError("give a url or a path, and not both")
    if url and not re.match(r"https?://", url):
        raise ValueError("a url starts with http:// or https://")
    if not row["label"]:
        raise ValueError("no label")
    start, stop = _seconds(row, "start"), _seconds(row, "stop")
    if stop is not None and stop <= (start or 0):
        raise ValueError("stop %g must come after start %g" % (stop, start or 0))
    source = url or path
    digest = hashlib.sha256(("%s %s %s" % (source, start, stop)).encode()).hexdigest()[:8]
    stem = row.get("youtube_id") or os.path.splitext(os.path.basename(source.partition("?")[0].rstrip("/")))[0]
    name = "%s-%s" % (re.sub(r"[^A-Za-z0-9_]+", "_", stem).strip("_")[:60] or "clip", digest)
    location = url or os.path.join(folder, path)
    return VideoClip(name, row["label"], row.get("group") or source, location, bool(url), start, stop, line)


def _seconds(row: Dict[str, str], key: str) -> Optional[float]:
    text = row.get(key, "")
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError("%s must be seconds, not '%s'" % (key, text))
    return value


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
