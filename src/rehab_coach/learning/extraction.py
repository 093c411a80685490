"""Training samples of labelled videos, as estimators see them."""

import os
from typing import Callable, List, Optional, Sequence

from rehab_coach.errors import RehabCoachError
from rehab_coach.learning.datasets import Sample, clip_sample
from rehab_coach.pose.clips import Job, cached_name, estimate_clips, read_clips


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
