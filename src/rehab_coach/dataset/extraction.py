"""One clip from its video to skeleton files; what a worker does. At most one clip is on its disk at a time."""

import errno
import os
import resource
import tempfile
from dataclasses import dataclass, replace
from typing import List, Optional, Tuple

from rehab_coach.dataset.footage import cut, download, duration_of, require_downloader, require_ffmpeg
from rehab_coach.dataset.labels import Entry
from rehab_coach.dataset.packed import FRAMES
from rehab_coach.dataset.videos import Variant, skeleton_name
from rehab_coach.errors import RehabCoachError
from rehab_coach.pose.clips import Clip, estimator_here, skeleton_of
from rehab_coach.pose.estimator import PoseEstimator
from rehab_coach.skeleton import SkeletonSequence, write_kinetics
from rehab_coach.skeleton.kinetics import RATE

DONE, NOBODY, FAILED = "done", "nobody", "failed"
ENDINGS = {"kinetics": ".json", "npz": ".npz"}


class RunEnds(RehabCoachError):
    """No clip after this one can be better: the disk is full, a program is missing."""


@dataclass(frozen=True)
class Task:
    """One clip and what is to be made of it.

    Attributes:
        clip: which.
        label_index: number of its label.
        wanted: estimator and view of the picture, for each file to make; equal views follow each other.
        format: "kinetics" (300 frames: repeated from the start, or cut) or "npz" (as long as it is).
        fit: "letterbox" or "stretch".
        temporary: folder for the video meanwhile; None = the machine's.
        threads: of a network; 0 = the library's choice.
    """

    clip: Clip
    label_index: int
    wanted: Tuple[Tuple[str, Variant], ...]
    format: str = "kinetics"
    fit: str = "letterbox"
    temporary: Optional[str] = None
    threads: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one wanted file.

    Attributes:
        estimator: by which.
        entry: of the set.
        status: "done", "nobody" (the file is there, but nobody is ever seen) or "failed".
        reason: of a failure.
        frames: of the video, before repeating.
        frames_with_person: of these.
        processor_seconds: for cutting (the first file of a view) and estimating, not for the download.
        content: the whole file.
    """

    estimator: str
    entry: Entry
    status: str
    reason: str = ""
    frames: int = 0
    frames_with_person: int = 0
    processor_seconds: float = 0.0
    content: bytes = b""


def entry_of(clip: Clip, label_index: int, variant: Variant) -> Entry:
    """The entry of a clip's view, as the set will have it."""
    return Entry(skeleton_name(clip) + variant.suffix, clip.label, label_index, clip.group)


def extract(task: Task) -> List[Outcome]:
    """Download if need be, and make every wanted file.

    Raises:
        RunEnds: it is not the clip's fault.
    """
    require_ffmpeg_here(task.clip.is_url)
    outcomes: List[Outcome] = []
    try:
        if task.temporary:
            os.makedirs(task.temporary, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="clip-", dir=task.temporary) as folder:
            video = task.clip.path
            if task.clip.is_url:
                os.mkdir(os.path.join(folder, "download"))
                video = download(task.clip.path, os.path.join(folder, "download"))
            seconds = _seconds_wanted(task, duration_of(video))
            for number, (estimator, variant) in enumerate(task.wanted):
                seer = _estimator(estimator, task.threads)
                before = _processor_seconds()
                part = os.path.join(folder, "part.mkv")
                if number == 0 or variant != task.wanted[number - 1][1]:
                    most = FRAMES if task.format == "kinetics" else None
                    cut(video, part, task.clip.start, task.clip.end, variant, task.fit, most)
                sequence = _estimate(part, seconds, seer)
                outcomes.append(_outcome(task, estimator, variant, sequence, _processor_seconds() - before, folder))
    except RunEnds:
        raise
    except Exception as error:  # whatever a stranger's video provokes costs this clip, not the run
        reason = str(error) if isinstance(error, RehabCoachError) else "%s: %s" % (type(error).__name__, error)
        if is_disk_full(reason):
            raise RunEnds(reason) from error
        for estimator, variant in task.wanted[len(outcomes) :]:
            entry = replace(entry_of(task.clip, task.label_index, variant), has_skeleton=False)
            outcomes.append(Outcome(estimator, entry, FAILED, " ".join(reason.split())))
    return outcomes


def require_ffmpeg_here(is_url: bool) -> None:
    """RunEnds unless this machine has what cutting and, for urls, downloading need."""
    try:
        require_ffmpeg()
        if is_url:
            require_downloader()
    except RehabCoachError as error:
        raise RunEnds(str(error)) from error


def is_disk_full(text: str) -> bool:
    """Whether a message of Python, ffmpeg or yt-dlp says so."""
    return any(os.strerror(number) in text for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS))


def _seconds_wanted(task: Task, duration: Optional[float]) -> Optional[float]:
    """Length of the part, as far as it is known."""
    start, stop = task.clip.start or 0.0, task.clip.end
    if duration is not None and start >= duration:
        raise RehabCoachError("it ends after %.1f s, before start %g" % (duration, start))
    end = stop if stop is not None else duration
    if end is None:
        return None
    return min(end - start, FRAMES / RATE) if task.format == "kinetics" else end - start


def _estimate(part: str, seconds: Optional[float], estimator: PoseEstimator) -> SkeletonSequence:
    sequence, problem = skeleton_of(part, estimator, seconds=seconds or 0)
    if problem:
        raise RehabCoachError(problem)
    return sequence


def _outcome(
    task: Task, estimator: str, variant: Variant, sequence: SkeletonSequence, spent: float, folder: str
) -> Outcome:
    seen = int(sequence.seen.sum())
    entry = replace(entry_of(task.clip, task.label_index, variant), has_skeleton=seen > 0)
    content = _file_content(sequence, entry, task.format, folder)
    return Outcome(estimator, entry, DONE if seen else NOBODY, "", len(sequence), seen, spent, content)


def _file_content(sequence: SkeletonSequence, entry: Entry, format: str, folder: str) -> bytes:
    path = os.path.join(folder, "skeleton" + ENDINGS[format])
    if format == "kinetics":
        write_kinetics(path, [sequence.coco_18().repeat(FRAMES)], entry.label, entry.label_index)
    else:
        sequence.save(path)
    with open(path, "rb") as stream:
        content = stream.read()
    os.remove(path)
    return content


def _estimator(name: str, threads: int) -> PoseEstimator:
    try:
        return estimator_here(name, threads)
    except RehabCoachError as error:
        raise RunEnds(str(error)) from error


def _processor_seconds() -> float:
    """Of this process, all its threads, and the programs that it ran."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total
