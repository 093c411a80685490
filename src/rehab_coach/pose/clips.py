"""From labelled videos to skeletons: the table of clips, and what an estimator sees of each.

A table is a CSV file in UTF-8, a line for each clip:

    label    what is done
    file     a video, relative to the table or absolute; or its url, which only `rehab-coach dataset from-videos` loads
    start    seconds, optional
    end      seconds, optional
    group    one person or one original video, optional: default is the file

Further columns are kept. Where `file` is missing or empty, `path`, `url` and `youtube_id` are taken, the first that is
there; `time_start` for `start`, `stop` and `time_end` for `end`. So the tables of Kinetics (label, youtube_id,
time_start, time_end, split) can be used as they are.

Key points are estimated once and kept as skeleton sequences:

CACHE/ESTIMATOR/NAME-HASH.npz     one SkeletonSequence a clip; HASH: of the video, the part, the rate, the network,
                                  its precision
"""

import functools
import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import check_label
from rehab_coach.files import make_folder, read_table
from rehab_coach.pose.estimator import PoseEstimator
from rehab_coach.pose.network_file import MOBILENET_THIN, find_network
from rehab_coach.pose.registry import create_estimator
from rehab_coach.pose.video import estimate_video, shortfall
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.video import VideoSource
from rehab_coach.workers import run_here, run_in_processes

ALIASES = {"path": "file", "url": "file", "time_start": "start", "stop": "end", "time_end": "end"}
YOUTUBE = "https://www.youtube.com/watch?v="


@dataclass(frozen=True)
class Clip:
    """A labelled part of a video.

    Attributes:
        path: the video, or its url.
        row: the whole line of the table: label, file and whatever else, by the names of the module's docstring.
        start, end: seconds; None = from the start, to the end.
        line: of the table.
    """

    path: str
    row: Dict[str, str] = field(default_factory=dict)
    start: Optional[float] = None
    end: Optional[float] = None
    line: int = 0

    @property
    def label(self) -> str:
        """What is done."""
        return self.row["label"]

    @property
    def group(self) -> str:
        """One person or one original video, as the table says; else the video itself."""
        return self.row.get("group") or self.row["file"]

    @property
    def is_url(self) -> bool:
        """Whether it has to be downloaded."""
        return _is_url(self.path)


class BadLine(NamedTuple):
    """A line of the table that cannot be used, and why."""

    line: int
    file: str
    reason: str


def read_clips(
    path: str, labels: Optional[Sequence[str]] = None, report: Optional[Callable[[BadLine], None]] = None
) -> List[Clip]:
    """The clips of a table.

    Args:
        path: of the CSV file.
        labels: those that may occur; None = any.
        report: called with each line that cannot be used; without it such a line is an error.

    Raises:
        RehabCoachError: no such table, a column is missing, a line cannot be used or is there twice.
    """
    rows = [_renamed(row) for row in read_table(path, ("label",))]
    if "file" not in rows[0]:
        raise RehabCoachError(
            "%s has no column 'file' (or path, url, youtube_id; its columns: %s)" % (path, ", ".join(rows[0]))
        )
    folder = os.path.dirname(os.path.abspath(path))
    clips: List[Clip] = []
    lines: Dict[Tuple[str, Optional[float], Optional[float]], int] = {}
    for number, row in enumerate(rows, start=2):
        try:
            clip = _clip(row, folder, number, labels)
            first = lines.setdefault((os.path.normpath(clip.path), clip.start, clip.end), number)
            if first != number:
                raise ValueError("the same part of the same video as line %d" % first)
            clips.append(clip)
        except (ValueError, RehabCoachError) as error:
            if report is None:
                raise RehabCoachError("%s, line %d: %s" % (path, number, error)) from error
            report(BadLine(number, row["file"], str(error)))
    return clips


def _renamed(row: Dict[str, str]) -> Dict[str, str]:
    """A line under the names that its columns have here."""
    if "youtube_id" in row:
        row["url"] = row.get("url") or (row["youtube_id"] and YOUTUBE + row["youtube_id"])
    for alias, name in ALIASES.items():
        if alias in row:
            row[name] = row.get(name) or row[alias]
    row["label"] = " ".join(row["label"].split())
    return row


def _clip(row: Dict[str, str], folder: str, line: int, labels: Optional[Sequence[str]]) -> Clip:
    """The clip of a line; ValueError says why there is none."""
    if not row["label"]:
        raise ValueError("no label")
    if labels is not None and row["label"] not in labels:
        check_label(row["label"], "it")  # says how the label could be written
        raise ValueError("unknown label '%s'; known: %s" % (row["label"], ", ".join(labels)))
    if not row["file"]:
        raise ValueError("it names no file")
    if row["file"] == row.get("url") and not _is_url(row["file"]):
        raise ValueError("a url starts with http:// or https://, not '%s'" % row["file"])
    start, end = _seconds(row, "start"), _seconds(row, "end")
    if end is not None and end <= (start or 0):
        raise ValueError("end %g must come after start %g" % (end, start or 0))
    location = row["file"] if _is_url(row["file"]) else os.path.join(folder, row["file"])
    return Clip(location, row, start, end, line)


def _is_url(text: str) -> bool:
    return bool(re.match(r"https?://", text))


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
class Job:
    """One clip to be seen by one estimator.

    Attributes:
        clip: what.
        estimator: by whom.
        rate: no more frames per second than this are looked at; None = all.
        network: of the estimator, where it has a choice; "" = its own.
        precision: of the network, where the estimator has a choice; "" = its own.
    """

    clip: Clip
    estimator: str
    rate: Optional[float] = None
    network: str = ""
    precision: str = ""


def cached_name(job: Job, cache: str) -> str:
    """Where the sequence of a job is kept; another video, part, rate, estimator, network, precision: another file."""
    digest = hashlib.sha256(("%s %s %s" % (job.clip.start, job.clip.end, job.rate)).encode())
    if job.network not in ("", MOBILENET_THIN.name):
        digest.update(find_network(job.network).sha256.encode())
    digest.update(job.precision.encode())
    try:
        with open(job.clip.path, "rb") as stream:
            for block in iter(functools.partial(stream.read, 1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (job.clip.path, error.strerror)) from error
    name = os.path.splitext(os.path.basename(job.clip.path))[0]
    return os.path.join(cache, job.estimator, "%s-%s.npz" % (name, digest.hexdigest()[:12]))


Estimate = Tuple[int, Optional[SkeletonSequence], str]
"""Number of the job, its sequence or None, what went wrong."""


def estimate_clips(jobs: Sequence[Job], cache: Optional[str] = None, workers: int = 1) -> Iterator[Estimate]:
    """Do the jobs, in this process or in several, with a progress bar.

    Processes end with this one, and one that dies costs its clip.

    Args:
        jobs: what to do.
        cache: folder for finished sequences; they are not estimated again.
        workers: processes; each makes an estimator once.

    Yields:
        (number of the job, its sequence or None, what went wrong), as they are finished.
    """
    if cache:
        make_folder(cache)
    workers = max(1, min(workers, len(jobs)))
    threads = 0 if workers == 1 else threads_each(workers)
    tasks = [(number, job, cache, threads) for number, job in enumerate(jobs)]
    results = run_here(_estimate, tasks) if workers == 1 else run_in_processes(_estimate, tasks, workers)
    with tqdm(total=len(jobs), desc="key points", unit="clip", dynamic_ncols=True) as bar:
        for (number, job, _, _), result, problem in results:
            yield result or (number, None, "%s: %s" % (job.clip.path, problem))
            bar.update()


def threads_each(workers: int) -> int:
    """Threads for each of so many processes: networks that each want every core only wait for each other."""
    return max(1, (os.cpu_count() or 1) // max(1, workers))


_estimators: Dict[Tuple[str, int, str, str], PoseEstimator] = {}


def estimator_here(name: str, threads: int = 0, network: str = "", precision: str = "") -> PoseEstimator:
    """The one estimator of this kind in this process: making one takes seconds."""
    key = (name, threads, network, precision)
    if key not in _estimators:
        chosen = {"network": network, "precision": precision}
        _estimators[key] = create_estimator(
            name, threads, **{option: value for option, value in chosen.items() if value}
        )
    return _estimators[key]


def skeleton_of(
    path: str,
    estimator: PoseEstimator,
    start: Optional[float] = None,
    end: Optional[float] = None,
    rate: Optional[float] = None,
    seconds: Optional[float] = None,
) -> Tuple[SkeletonSequence, str]:
    """What an estimator sees of a part of a video.

    Args:
        path: of the video.
        estimator: is reset first.
        start, end: seconds.
        rate: frames per second that are looked at, at most; None = all.
        seconds: how long the part should be; None = as start and end say, or the video's header.

    Returns:
        The patient's skeletons, and what is to be said if it is much shorter than it should be.

    Raises:
        RehabCoachError: not a video, or no frame in the part.
    """
    sequence = estimate_video(path, estimator, start, end, rate=rate)
    with VideoSource(path) as source:
        if seconds is None:
            seconds = max(0.0, (source.duration if end is None else end) - (start or 0))
        looked_at = min(source.rate, rate or source.rate)
    return sequence, shortfall(sequence, looked_at, seconds)


def _estimate(task: Tuple[int, Job, Optional[str], int]) -> Estimate:
    number, job, cache, threads = task
    clip = job.clip
    try:
        if clip.is_url:
            raise RehabCoachError("%s is not on this disk; `rehab-coach dataset from-videos` loads urls" % clip.path)
        path = cached_name(job, cache) if cache else ""
        if path and os.path.exists(path):
            return number, SkeletonSequence.load(path), ""
        estimator = estimator_here(job.estimator, threads, job.network, job.precision)
        sequence, problem = skeleton_of(clip.path, estimator, clip.start, clip.end, job.rate)
        if problem:
            return number, None, "%s: %s" % (clip.path, problem)
        if path:
            sequence.save(path)
        return number, sequence, ""
    except RehabCoachError as error:
        return number, None, str(error)
