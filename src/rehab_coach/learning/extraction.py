"""Key points of labelled videos: estimated once, kept as skeleton sequences, taken up again after a kill.

CACHE/ESTIMATOR/NAME-HASH.npz     one SkeletonSequence a clip; HASH: of the video, the part, the rate
"""

import functools
import hashlib
import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import check_label
from rehab_coach.files import make_folder, read_table
from rehab_coach.learning.datasets import Sample, clip_sample
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.termination import end_with_parent
from rehab_coach.video import VideoSource


@dataclass(frozen=True)
class Clip:
    """A labelled part of a video.

    Attributes:
        path: the video.
        row: the whole line of the table: label, file and whatever else.
        start, end: seconds; None = from the start, to the end.
    """

    path: str
    row: Dict[str, str]
    start: Optional[float] = None
    end: Optional[float] = None


@dataclass(frozen=True)
class Job:
    """One clip to be seen by one estimator.

    Attributes:
        clip: what.
        estimator: by whom.
        rate: no more frames per second than this are looked at; None = all.
    """

    clip: Clip
    estimator: str
    rate: Optional[float] = None


def read_clips(path: str, labels: Optional[Sequence[str]] = None) -> List[Clip]:
    """The clips of a CSV file: columns label, file (relative to it or absolute), optional start, end.

    Raises:
        RehabCoachError: a column is missing, a label is unknown, a time is not a number, a clip is there twice.
    """
    clips: List[Clip] = []
    lines: Dict[Tuple, int] = {}
    for number, row in enumerate(read_table(path, ("label", "file")), start=2):
        where = "%s, line %d" % (path, number)
        if labels is not None and row["label"] not in labels:
            check_label(row["label"], where)
            raise RehabCoachError("%s: unknown label '%s'; known: %s" % (where, row["label"], ", ".join(labels)))
        if not row["file"]:
            raise RehabCoachError("%s names no file" % where)
        start, end = (_seconds(row.get(key, ""), key, where) for key in ("start", "end"))
        if end is not None and end <= (start or 0):
            raise RehabCoachError("%s: end %g must be after start %g" % (where, end, start or 0))
        clip = Clip(os.path.join(os.path.dirname(os.path.abspath(path)), row["file"]), row, start, end)
        first = lines.setdefault((os.path.normpath(clip.path), start, end), number)
        if first != number:
            raise RehabCoachError("%s: the same part of the same video as line %d" % (where, first))
        clips.append(clip)
    return clips


def _seconds(text: str, key: str, where: str) -> Optional[float]:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise RehabCoachError("%s: %s must be seconds, not '%s'" % (where, key, text))
    return value


def estimate_clips(
    jobs: Sequence[Job], cache: Optional[str] = None, workers: int = 1
) -> Iterator[Tuple[int, Optional[SkeletonSequence], str]]:
    """Do the jobs, in this process or in several, with a progress bar.

    Args:
        jobs: what to do.
        cache: folder for finished sequences; they are not estimated again.
        workers: processes; each makes an estimator once.

    Yields:
        (number of the job, its sequence or None, what went wrong), as they are finished.
    """
    if cache:
        make_folder(cache)
    tasks = [(number, job, cache) for number, job in enumerate(jobs)]
    with tqdm(total=len(jobs), desc="key points", unit="clip", dynamic_ncols=True) as bar:
        if workers <= 1 or len(jobs) == 1:
            for task in tasks:
                yield _estimate(task)
                bar.update()
            return
        # Threads of this process (OpenMP, OpenVINO) do not survive a fork.
        workers = min(workers, len(jobs))
        with multiprocessing.get_context("spawn").Pool(workers, _share_cores, (workers,)) as pool:
            for result in pool.imap_unordered(_estimate, tasks):
                yield result
                bar.update()


def cached_name(job: Job, cache: str) -> str:
    """Where the sequence of a job is kept; another video, part, rate or estimator is another file."""
    digest = hashlib.sha256(("%s %s %s" % (job.clip.start, job.clip.end, job.rate)).encode())
    try:
        with open(job.clip.path, "rb") as stream:
            for block in iter(functools.partial(stream.read, 1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise RehabCoachError("cannot read %s: %s" % (job.clip.path, error.strerror)) from error
    name = os.path.splitext(os.path.basename(job.clip.path))[0]
    return os.path.join(cache, job.estimator, "%s-%s.npz" % (name, digest.hexdigest()[:12]))


_estimators: Dict[str, object] = {}  # one a process: making one takes seconds
_threads = 0  # of a network in this process; 0 = the library's choice


def _share_cores(workers: int) -> None:
    """Networks that each want every core only wait for each other."""
    global _threads
    _threads = max(1, (os.cpu_count() or 1) // workers)
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the pool; its processes need not say so each


def _estimate(task: Tuple[int, Job, Optional[str]]) -> Tuple[int, Optional[SkeletonSequence], str]:
    number, job, cache = task
    try:
        path = cached_name(job, cache) if cache else ""
        if path and os.path.exists(path):
            return number, SkeletonSequence.load(path), ""
        from rehab_coach.pose import create_estimator
        from rehab_coach.pose.video import estimate_video, shortfall

        if job.estimator not in _estimators:
            options = {"threads": _threads} if job.estimator == "tf_pose" else {}
            _estimators[job.estimator] = create_estimator(job.estimator, **options)
        sequence = estimate_video(
            job.clip.path, _estimators[job.estimator], job.clip.start, job.clip.end, rate=job.rate
        )
        rate, wanted = _wanted(job.clip)
        problem = shortfall(sequence, min(rate, job.rate or rate), wanted)
        if problem:
            return number, None, "%s: %s" % (job.clip.path, problem)
        if path:
            sequence.save(path)
        return number, sequence, ""
    except RehabCoachError as error:
        return number, None, str(error)


def _wanted(clip: Clip) -> Tuple[float, float]:
    """Frames per second of a video, and the length of the part in seconds by the table or the header."""
    with VideoSource(clip.path) as source:
        end = source.duration if clip.end is None else clip.end
        return source.rate, max(0.0, end - (clip.start or 0))


def clip_samples(
    clips_csv: str,
    labels: Sequence[str],
    estimators: Sequence[str],
    cache: str,
    rate: Optional[float],
    report: Callable[[str], None],
    workers: int = 1,
) -> List[Sample]:
    """Samples of all labelled clips as every estimator saw them, through the cache.

    Clips that cannot be read are reported and left out. Those in which nobody is seen are reported and kept:
    nothing is learned from them, but they count when a model is measured.

    Args:
        clips_csv: the table of clips.
        labels: those that may occur.
        estimators: their names.
        cache: folder for finished sequences.
        rate: frames per second that are looked at, at most.
        report: called with a line about each such clip.
        workers: processes, if anything is to be estimated.

    Raises:
        RehabCoachError: the table is wrong, or no clip could be estimated at all.
    """
    clips = read_clips(clips_csv, labels)
    jobs = [Job(clip, name, rate) for clip in clips for name in estimators]
    if all(os.path.exists(cached_name(job, cache)) for job in jobs if os.path.exists(job.clip.path)):
        workers = 1
    samples, problems = [], []
    results = sorted(estimate_clips(jobs, cache, workers), key=lambda result: result[0])
    for number, sequence, problem in results:
        job = jobs[number]
        if sequence is None:
            problems.append(problem)
            report("left out: " + problem)
        else:
            samples.append(clip_sample(sequence, job.clip.row, job.estimator))
            if not sequence.seen.any():
                report("%s sees nobody in %s" % (job.estimator, job.clip.row["file"]))
    if not samples:
        raise RehabCoachError("no clip of %s could be used: %s" % (clips_csv, problems[0]))
    return samples
