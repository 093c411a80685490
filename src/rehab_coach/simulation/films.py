"""Many films at once: videos with their truth, or only what pose estimators saw of them; taken up again after a kill.

    OUT/plan.json               what the folder was made from
    OUT/clips.csv               videos: label, file, group, and what is true of each film
    OUT/clips/NAME.mp4 + truth  see `truth`
    OUT/skeletons.csv           skeletons only: label, file, group, estimator, and the same
    OUT/ESTIMATOR/NAME.npz      SkeletonSequence
    OUT/truth/NAME.json .mot .trc, and .npz: the true key points, listed where "truth" is one of the estimators

The tables are what `rehab_coach.learning` reads. They are written at the end, also of an interrupted run, from the
files that are there.
"""

import csv
import functools
import json
import multiprocessing
import os
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, Optional, Tuple

from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import PLAN, written_whole
from rehab_coach.pose.registry import NAMES
from rehab_coach.simulation.body import Body, Physique
from rehab_coach.simulation.plan import Clip, Plan, clip_of
from rehab_coach.simulation.render import Film, write_video
from rehab_coach.simulation.truth import write_truth
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.termination import end_with_parent

if TYPE_CHECKING:
    from rehab_coach.pose import Pose, PoseEstimator

TRUTH = "truth"
ESTIMATORS = NAMES + (TRUTH,)
COLUMNS = (
    "label file group estimator exercise variant faults repetitions yaw distance height clothes room light age seed"
).split()


@dataclass(frozen=True)
class Order:
    """What shall be made.

    Attributes:
        plan: of which films.
        folder: where.
        estimators: whose skeletons are wanted; none = videos are.
        threads: of each worker.
    """

    plan: Plan
    folder: str
    estimators: Tuple[str, ...] = ()
    threads: int = 0

    def truth(self, clip: Clip) -> str:
        """Path of the film's truth, without an ending."""
        return os.path.join(self.folder, TRUTH if self.estimators else "clips", clip.name)

    def files(self, clip: Clip) -> List[str]:
        """All that belongs to a finished film."""
        wanted = [os.path.join(self.folder, name, clip.name + ".npz") for name in self.estimators]
        video = [] if self.estimators else [self.truth(clip) + ".mp4"]
        return wanted + video + [self.truth(clip) + ".json"]


def produce(order: Order, workers: int = 1) -> Iterator[str]:
    """Make all films that are not there yet, with a progress bar.

    Args:
        order: what.
        workers: processes.

    Yields:
        A line about each film that could not be made.

    Raises:
        RehabCoachError: the folder belongs to another plan or cannot be written, or no film could be made.
    """
    claim(order)
    clips = [clip_of(order.plan, number) for number in range(order.plan.clips)]
    left = [number for number, clip in enumerate(clips) if not all(map(os.path.exists, order.files(clip)))]
    order = replace(order, threads=max(1, (os.cpu_count() or 1) // max(workers, 1)))
    done = len(clips) - len(left)
    try:
        with tqdm(total=len(clips), initial=done, desc="films", unit="film", dynamic_ncols=True) as bar:
            for problem in _made(order, left, workers):
                bar.update()
                if problem:
                    yield problem
                else:
                    done += 1
    finally:
        write_table(order, clips)
    if not done:
        raise RehabCoachError("no film of the plan could be made")


def claim(order: Order) -> None:
    """A folder holds the films of one plan, or resuming would mix two."""
    path = os.path.join(order.folder, PLAN)
    content = order.plan.as_json()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            if stream.read().strip() != content:
                raise RehabCoachError(
                    "%s was made from another plan, or from other motions (only the number of clips may change): "
                    "choose another folder" % order.folder
                )
        return
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        stream.write(content + "\n")


def _made(order: Order, numbers: List[int], workers: int) -> Iterator[str]:
    """What went wrong with each film, "" = nothing, as they are finished."""
    if not numbers:
        return
    if workers <= 1:
        for number in numbers:
            yield make(order, number)
        return
    # OpenGL and the estimators' threads do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(workers, _share_cores, (order.threads,)) as pool:
        # Neighbours are films of one person, whose body is then made once.
        chunk = max(1, min(order.plan.clips_per_person, len(numbers) // (4 * workers)))
        for problem in pool.imap_unordered(functools.partial(make, order), numbers, chunk):
            yield problem


def _share_cores(threads: int) -> None:
    """Mesa's threads, like the estimators', would only wait for each other."""
    os.environ["LP_NUM_THREADS"] = str(threads)
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the pool; its processes need not say so each


def make(order: Order, number: int) -> str:
    """Make one film and everything beside it; returns what went wrong.

    Raises:
        RehabCoachError: it cannot be written, so that no other film could be either.
    """
    clip = clip_of(order.plan, number)
    try:
        film = Film(clip.scene, None if clip.scene.exercise == "nobody" else body_of(clip.physique))
        sequences = _seen(order, film) if order.estimators else {}
        if not order.estimators:
            write_video(order.truth(clip) + ".mp4", film.shoot(), clip.scene.size, clip.scene.rate)
    except RehabCoachError as error:
        if str(error).startswith("cannot write"):
            raise
        return "left out: %s: %s" % (clip.name, error)
    for name, sequence in sequences.items():
        sequence.save(os.path.join(order.folder, name, clip.name + ".npz"))
    write_truth(order.truth(clip), film)
    return ""


@functools.lru_cache(maxsize=2)
def body_of(physique: Physique) -> Body:
    """The body, or the nearest one that the model has."""
    try:
        return Body(physique)
    except RehabCoachError:  # as thin or as stout as drawn is nobody of that age in the model
        return Body(replace(physique, weight=None))


@functools.lru_cache(maxsize=len(ESTIMATORS))
def _estimator(name: str, threads: int) -> "PoseEstimator":
    from rehab_coach.pose import create_estimator

    return create_estimator(name, threads)


def _seen(order: Order, film: Film) -> Dict[str, SkeletonSequence]:
    """What each estimator sees of a film; the pictures are not kept."""
    names = [name for name in order.estimators if name != TRUTH]
    return estimated(film, {name: _estimator(name, order.threads) for name in names}) if names else {}


def estimated(film: Film, estimators: Mapping[str, "PoseEstimator"]) -> Dict[str, SkeletonSequence]:
    """The patient's skeletons as estimators see them, frame by frame as the robot does it.

    Args:
        film: to be shot.
        estimators: by their names.
    """
    from rehab_coach.pose.tracking import PatientTracker
    from rehab_coach.pose.video import sequence_of

    size = film.scene.size
    trackers = {name: PatientTracker() for name in estimators}
    poses: Dict[str, List[Tuple[float, Optional["Pose"]]]] = {name: [] for name in estimators}
    for estimator in estimators.values():
        estimator.reset()
    for picture, stamp in film.shoot():
        for name, estimator in estimators.items():
            poses[name].append((stamp, trackers[name].update(estimator.estimate(picture), size, stamp)))
    return {name: sequence_of(poses[name], size, estimator.layout) for name, estimator in estimators.items()}


def write_table(order: Order, clips: List[Clip]) -> Optional[str]:
    """Write the table of the films that are there; returns its path, None if there are none."""
    rows = []
    for clip in clips:
        if not all(map(os.path.exists, order.files(clip))):
            continue
        with open(order.truth(clip) + ".json", encoding="utf-8") as stream:
            truth = json.load(stream)
        row = {
            "label": truth["label"],
            "group": clip.group,
            "exercise": truth["exercise"],
            "variant": truth["variant"],
            "faults": " ".join(truth["faults"]),
            "repetitions": len(truth["repetitions"]),
            "yaw": truth["camera"]["yaw"],
            "distance": truth["camera"]["distance"],
            "height": truth["camera"]["height"],
            "clothes": truth["look"]["clothes"],
            "room": truth["look"]["room"],
            "light": truth["look"]["light"],
            "age": round(truth["person"]["age"]) if truth["person"] else "",
            "seed": truth["seed"],
        }
        for path in order.files(clip)[:-1]:
            estimator = os.path.basename(os.path.dirname(path)) if order.estimators else ""
            rows.append({**row, "file": os.path.relpath(path, order.folder), "estimator": estimator})
    if not rows:
        return None
    table = os.path.join(order.folder, "skeletons.csv" if order.estimators else "clips.csv")
    with written_whole(table) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return table
