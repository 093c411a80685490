"""How fast films are drawn, and how far estimators' key points are from the true ones."""

import time
from dataclasses import replace
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.exercises import EXERCISE_KINDS
from rehab_coach.simulation.films import estimated
from rehab_coach.simulation.render import RENDERERS, Film, Look, Scene, default_view
from rehab_coach.skeleton import COCO_18, SkeletonSequence

PLAIN = "pyrender"
BLOCK = 10  # pictures
VIEWS = {"front": 0.0, "oblique": 45.0, "side": 90.0}
LEAST_SCORE = 0.05
"""Key points at or under this score count as not seen, as in the drawing of skeletons."""


def measure_speed(exercise: str = "squat", frames: int = 100, size: Tuple[int, int] = (640, 480)) -> str:
    """A table: seconds per picture and ratio to the plain way, in turns in one process.

    Raises:
        RehabCoachError: unknown exercise, a package or OpenGL missing.
    """
    films = {
        name: Film(Scene(exercise, frames / 30 + 1, 30, size, camera=default_view(exercise), renderer=name))
        for name in RENDERERS
    }
    shots = {name: film.shoot() for name, film in films.items()}
    times: Dict[str, List[float]] = {name: [] for name in films}
    pictures: Dict[str, np.ndarray] = {name: next(shot)[0] for name, shot in shots.items()}
    apart = []
    # In turns: whatever else the machine does falls on both alike.
    for _ in tqdm(range(0, frames, BLOCK), desc="drawing", unit="block", leave=False):
        for name, shot in shots.items():
            for _ in range(BLOCK):
                started = time.perf_counter()
                pictures[name] = next(shot)[0]
                times[name].append(time.perf_counter() - started)
        difference = np.abs(pictures[PLAIN].astype(int) - pictures["moderngl"]).max(axis=2)
        apart.append((difference > 2).mean())
    for shot in shots.values():
        shot.close()
    medians = {name: float(np.median(seconds)) for name, seconds in times.items()}
    lines = ["%s, %d pictures of %dx%d each, in turns; medians" % (exercise, frames, *size)]
    lines.append("%-12s %10s %10s %8s" % ("", "a picture", "pictures/s", "ratio"))
    for name, seconds in medians.items():
        lines.append("%-12s %7.1f ms %10.1f %7.2fx" % (name, seconds * 1e3, 1 / seconds, medians[PLAIN] / seconds))
    lines.append("ratio: against %s; %.4f %% of the pixels differ by more than 2 of 255" % (PLAIN, 100 * max(apart)))
    return "\n".join(lines)


class Errors(NamedTuple):
    """What one estimator saw of some films: a row for each joint that was in the picture.

    Attributes:
        joint: number in COCO-18.
        seen: whether the estimator saw it.
        hidden: whether something is before it.
        pixels: distance from the truth, NaN where it was not seen.
        share: the same over the person's height in the picture.
    """

    joint: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray
    pixels: np.ndarray
    share: np.ndarray

    @staticmethod
    def join(parts: Sequence["Errors"]) -> "Errors":
        """All rows of several."""
        return Errors(*(np.concatenate(columns) for columns in zip(*parts)))


Rows = Dict[Tuple[str, str], Dict[str, Errors]]
"""(exercise, view) -> estimator -> what it saw."""


def errors_of(film: Film, sequence: SkeletonSequence) -> Errors:
    """How far a sequence's key points are from those of the film that it was estimated from."""
    found, true = sequence.coco_18().key_points, film.key_points
    inside = true[..., 2] > 0
    seen = inside & (found[..., 2] > LEAST_SCORE)
    pixels = np.where(seen, np.linalg.norm(found[..., :2] - true[..., :2], axis=2), np.nan)
    away = film.camera.seen(film.subject.world.mean(axis=1))[:, 2]
    tall = film.subject.patient.body.height * film.camera.focal_length(film.scene.size) / away
    joints = np.broadcast_to(np.arange(len(COCO_18)), inside.shape)
    share = pixels / tall[:, None]
    return Errors(joints[inside], seen[inside], (true[..., 2] < 1)[inside], pixels[inside], share[inside])


def measure_key_points(estimators: Sequence[str], people: int = 2, duration: float = 3.2, rate: float = 10.0) -> str:
    """Tables in Markdown: error and joints seen for each exercise and view, and for each joint.

    Args:
        estimators: names of pose estimators.
        people: in each exercise and view.
        duration: seconds of each film.
        rate: frames per second.

    Raises:
        RehabCoachError: an estimator or a package is missing.
    """
    from rehab_coach.pose import create_estimator

    makers = {name: create_estimator(name) for name in estimators}
    rows: Rows = {}
    cases = [(exercise, view) for exercise in EXERCISE_KINDS for view in VIEWS]
    for exercise, view in tqdm(cases, desc="key points", unit="view"):
        parts: Dict[str, List[Errors]] = {name: [] for name in estimators}
        for seed in range(people):
            camera = replace(default_view(exercise), yaw=VIEWS[view])
            look = Look(("sports", "shorts")[seed % 2], ("plain", "living_room")[seed % 2])
            motion = {"period": duration * (1.0 if EXERCISE_KINDS[exercise].period > 2 else 0.5)}
            film = Film(Scene(exercise, duration, rate, seed=seed, camera=camera, look=look, motion=motion))
            for name, sequence in estimated(film, makers).items():
                parts[name].append(errors_of(film, sequence))
        rows[exercise, view] = {name: Errors.join(part) for name, part in parts.items()}
    for estimator in makers.values():
        estimator.close()
    return "\n".join(_table(rows, estimators) + [""] + _joints(rows, estimators))


def _cells(errors: Errors) -> List[str]:
    if not errors.seen.any():
        return ["", "", "0 %"]
    share = 100 * np.nanmedian(errors.share)
    return ["%.1f" % np.nanmedian(errors.pixels), "%.1f %%" % share, "%.0f %%" % (100 * errors.seen.mean())]


def _table(rows: Rows, estimators: Sequence[str]) -> List[str]:
    header = ["exercise", "view"] + [
        "%s: %s" % (name, what) for name in estimators for what in ("px", "height", "seen")
    ]
    lines = ["| %s |" % " | ".join(header), "|%s" % ("---|" * len(header))]
    everything = {("all", view): [part for (_, seen), part in rows.items() if seen == view] for view in VIEWS}
    joined = {
        key: {n: Errors.join([part[n] for part in parts]) for n in estimators} for key, parts in everything.items()
    }
    for (exercise, view), part in {**rows, **joined}.items():
        cells = [cell for name in estimators for cell in _cells(part[name])]
        lines.append("| %s |" % " | ".join([exercise, view] + cells))
    return lines


def _joints(rows: Rows, estimators: Sequence[str]) -> List[str]:
    header = ["joint"] + ["%s: %s" % (name, what) for name in estimators for what in ("in view", "hidden", "seen")]
    lines = ["| %s |" % " | ".join(header), "|%s" % ("---|" * len(header))]
    whole = {name: Errors.join([part[name] for part in rows.values()]) for name in estimators}
    for joint in range(len(COCO_18)):
        cells = [COCO_18.joints[joint].replace("_", " ")]
        for errors in whole.values():
            chosen = errors.joint == joint
            for part in (chosen & ~errors.hidden, chosen & errors.hidden):
                known = part & errors.seen
                cells.append("%.1f %%" % (100 * np.median(errors.share[known])) if known.any() else "")
            cells.append("%.0f %%" % (100 * errors.seen[chosen].mean()) if chosen.any() else "")
        lines.append("| %s |" % " | ".join(cells))
    return lines


def available_estimators() -> List[str]:
    """Those that can be made here.

    Raises:
        RehabCoachError: there is none.
    """
    from rehab_coach.pose.registry import NAMES, create_estimator

    names, problem = [], None
    for name in NAMES:
        try:
            create_estimator(name).close()
            names.append(name)
        except RehabCoachError as error:
            problem = error
    if not names:
        raise RehabCoachError(str(problem))
    return names
