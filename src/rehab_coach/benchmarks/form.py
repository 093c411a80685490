"""Rules and learned scorer against the labels of UI-PRMD, and how often people who do it well get a remark."""

import datetime
import os
import re
import subprocess
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.stats import rankdata

from rehab_coach.dataset.ui_prmd import read_executions
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import ALIASES
from rehab_coach.kinematics.form.judge import form_score, judge, measure_form
from rehab_coach.kinematics.form.limits import load_limits
from rehab_coach.kinematics.form.rules import RULES
from rehab_coach.kinematics.points import body_points
from rehab_coach.kinematics.projection import VIEWS
from rehab_coach.kinematics.repetitions.find import find_repetitions
from rehab_coach.learning.form_scorer import (
    ScorerRecipe,
    ViewedRepetition,
    score_unseen_subjects,
    train_scorer,
    view_repetitions,
)
from rehab_coach.movement import Repetition
from rehab_coach.paths import share_path
from rehab_coach.pose.clips import Job, estimate_clips, read_clips
from rehab_coach.pose.registry import NAMES
from rehab_coach.skeleton import SkeletonSequence

TARGETS = {"rules": 0.75, "learned": 0.90}
MEASURED_VIEWS = 4
MEASURED_SEED = 1000
RESAMPLINGS = 10000
"""Of the bootstrap."""
FAULTY = re.compile("incorrect|wrong|bad|heellift|blocked")
"""In the file names of clips whose performer shows, or may show, a fault."""
FRAME_RATE = 15.0


class Measured(NamedTuple):
    """How well one way of scoring tells correct from incorrect repetitions of one movement.

    Attributes:
        mean: of the AUROC within each subject.
        low, high: 95 % interval of that mean, by bootstrap over the subjects.
        pooled: AUROC of all subjects on one scale.
        subjects, views: AUROC for each subject; for each place of the camera, within subjects, mean.
    """

    mean: float
    low: float
    high: float
    pooled: float
    subjects: Dict[str, float]
    views: Dict[str, float]


def auroc(scores: np.ndarray, incorrect: np.ndarray) -> float:
    """Area under the receiver operating characteristic: how often an incorrect one scores above a correct one.

    NaN scores count as no better than a guess: they stand in the middle of the others.
    """
    scores, incorrect = np.asarray(scores, float), np.asarray(incorrect, bool)
    known = np.isfinite(scores)
    scores = np.where(known, scores, np.median(scores[known]) if known.any() else 0.0)
    positive, negative = int(incorrect.sum()), int((~incorrect).sum())
    if not positive or not negative:
        return float("nan")
    return float((rankdata(scores)[incorrect].sum() - positive * (positive + 1) / 2) / (positive * negative))


def whole_repetition(sequence: SkeletonSequence) -> Repetition:
    """The only repetition of a sequence: all of it, the turning point where the hips are lowest."""
    height = body_points(sequence, smooth=False).places["pelvis"][:, 1]
    turn = int(np.nanargmax(height)) if np.isfinite(height).any() else len(sequence) // 2
    start, middle, end = (float(sequence.stamps[number]) for number in (0, turn, -1))
    return Repetition(start, middle, end, middle - start, 0.0, end - middle, 0.0)


def summarise(viewed: Sequence[ViewedRepetition], scores: np.ndarray) -> Dict[str, Measured]:
    """What the scores are worth, for each movement."""
    incorrect = np.array([not one.execution.correct for one in viewed])
    subjects = np.array([one.execution.subject for one in viewed])
    movements = np.array([one.execution.movement for one in viewed])
    views = np.array([one.view.name for one in viewed])
    random = np.random.default_rng(0)

    def within(chosen: np.ndarray) -> Dict[str, float]:
        each = {}
        for subject in sorted(set(subjects[chosen])):
            these = chosen & (subjects == subject)
            each[subject] = auroc(scores[these], incorrect[these])
        return {subject: value for subject, value in each.items() if np.isfinite(value)}

    summary = {}
    for movement in dict.fromkeys(movements):
        these = movements == movement
        each = within(these)
        values = np.array(list(each.values()))
        resampled = random.choice(values, (RESAMPLINGS, len(values))).mean(axis=1)
        low, high = np.percentile(resampled, [2.5, 97.5])
        seen = {name: within(these & (views == name)) for name in dict.fromkeys(views[these])}
        means = {name: float(np.mean(list(found.values()))) for name, found in seen.items() if found}
        pooled = auroc(scores[these], incorrect[these])
        summary[movement] = Measured(float(values.mean()), float(low), float(high), pooled, each, means)
    return summary


def apply_rules(viewed: Sequence[ViewedRepetition]) -> Tuple[np.ndarray, np.ndarray]:
    """For each view the score made of all rules, and the severity ("", "hint" or "warning") of the worst remark."""
    scores, remarks = [], []
    for one in viewed:
        if one.sequence is None:
            raise ValueError("the rules need the sequences: make the views with keep_sequences")
        exercise = ALIASES[one.execution.movement]
        values = measure_form(one.sequence, exercise, [whole_repetition(one.sequence)])[0]
        scores.append(form_score(values, exercise))
        found = {load_limits()[exercise][name].severity(measured[0]) for name, measured in values.items()}
        remarks.append("warning" if "warning" in found else "hint" if "hint" in found else "")
    return np.array(scores), np.array(remarks)


def benchmark_form(
    folder: str,
    recipe: ScorerRecipe = ScorerRecipe(),
    write: str = "",
    report: Callable[[str], None] = lambda line: None,
) -> str:
    """Measure rules and learned scorer on UI-PRMD; train the scorer that ships if asked.

    Args:
        folder: with mocap/ui_prmd in it.
        recipe: of the training.
        write: path for a scorer that has learned from all subjects; "": none.
        report: called with a line about each step.

    Returns:
        Tables.
    """
    executions = [one for one in read_executions(folder) if one.movement in ALIASES]
    subjects = sorted({one.subject for one in executions})
    if len(subjects) < 3:
        raise RehabCoachError("subjects apart need at least three subjects in %s" % folder)
    report("%d repetitions of %d people" % (len(executions), len(subjects)))
    measured = view_repetitions(executions, MEASURED_VIEWS, MEASURED_SEED, keep_sequences=True)
    scores, remarks = apply_rules(measured)
    results = {"rules": summarise(measured, scores)}
    report("rules applied in %d views" % len(measured))
    learned = view_repetitions(executions, recipe.views, recipe.seed)
    results["learned"] = summarise(measured, score_unseen_subjects(learned, measured, recipe, report))
    if write:
        training = _training(recipe, results["learned"], subjects, len(executions))
        train_scorer(learned, recipe, training).save(write)
        report("%s has learned from all of them" % write)
    return auroc_table(results) + "\n\n" + remarks_table(measured, remarks)


def _training(
    recipe: ScorerRecipe, results: Dict[str, Measured], subjects: List[str], repetitions: int
) -> Dict[str, Any]:
    run = subprocess.run(
        ["git", "-C", share_path(), "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return {
        "data": "UI-PRMD (Vakanski et al. 2018), markers, projected",
        "subjects": subjects,
        "repetitions": repetitions,
        "recipe": vars(recipe),
        "date": datetime.date.today().isoformat(),
        "revision": run.stdout.decode().strip(),
        "auroc_unseen_subjects": {movement: round(one.mean, 3) for movement, one in results.items()},
    }


def auroc_table(results: Dict[str, Dict[str, Measured]]) -> str:
    """AUROC of "rules" and "learned" as text."""
    places = [name for name, _, _ in VIEWS]
    header = ("", "", "target", "mean", "95 % interval", "worst", "pooled") + tuple(places)
    lines = [
        "AUROC, correct against incorrect repetitions of UI-PRMD, %d random views of each" % MEASURED_VIEWS,
        "%-13s %-8s %6s %6s %15s %6s %7s" % header[:7] + "".join(" %8s" % place for place in places),
    ]
    for movement in results["rules"]:
        for kind in ("rules", "learned"):
            one = results[kind][movement]
            name = movement if kind == "rules" else ""
            interval = "%.3f - %.3f" % (one.low, one.high)
            worst = min(one.subjects.values())
            line = "%-13s %-8s %6.2f %6.3f %15s %6.2f %7.3f" % (
                (name, kind, TARGETS[kind], one.mean, interval) + (worst, one.pooled)
            )
            lines.append(line + "".join(" %8.2f" % one.views.get(place, float("nan")) for place in places))
    lines.append(
        "mean, interval (bootstrap), worst: over the people; pooled: all people on one scale; then by the camera's"
    )
    lines.append("place. The learned scorer never saw the person that it is measured on.")
    return "\n".join(lines)


def remarks_table(viewed: Sequence[ViewedRepetition], remarks: np.ndarray) -> str:
    """How often a repetition of UI-PRMD gets a remark; on correct ones it is a false one."""
    lines = ["repetitions of UI-PRMD with a remark   correct: any, warning   incorrect: any, warning"]
    for movement in dict.fromkeys(one.execution.movement for one in viewed):
        shares = []
        for correct in (True, False):
            these = np.array(
                [one.execution.movement == movement and one.execution.correct == correct for one in viewed]
            )
            shares += [100 * np.mean(remarks[these] != ""), 100 * np.mean(remarks[these] == "warning")]
        lines.append("%-38s %9.0f %% %6.1f %% %14.0f %% %6.1f %%" % ((movement,) + tuple(shares)))
    return "\n".join(lines)


def remarks_on_clips(folder: str, cache: Optional[str] = None) -> str:
    """How often the labelled clips get a remark, of people who do it well and of others.

    Args:
        folder: with clips/clips.csv in it.
        cache: folder of key points that were estimated before; None: they are estimated now and not kept.
    """
    clips = [clip for clip in read_clips(os.path.join(folder, "clips", "clips.csv")) if clip.row["label"] in RULES]
    jobs = [Job(clip, estimator, FRAME_RATE) for clip in clips for estimator in NAMES]
    found: Dict[Tuple[str, bool], List[str]] = {}
    for number, sequence, problem in estimate_clips(jobs, cache, 1 if cache else os.cpu_count() or 1):
        if sequence is None:
            raise RehabCoachError(problem)
        row = jobs[number].clip.row
        remarks, reasons = judge(sequence, row["label"], find_repetitions(sequence, row["label"]))
        if len(reasons) < len(RULES[row["label"]]):
            severities = {remark.severity for remark in remarks}
            worst = next((name for name in ("warning", "hint") if name in severities), "")
            found.setdefault((jobs[number].estimator, bool(FAULTY.search(row["file"]))), []).append(worst)
    lines = ["labelled clips with a remark            shown well: any, warning   with a fault: any, warning"]
    for estimator in NAMES:
        cells = []
        for faulty in (False, True):
            severest = found.get((estimator, faulty), [])
            cells.append("%d, %d of %d" % (sum(map(bool, severest)), severest.count("warning"), len(severest)))
        lines.append("%-38s %26s %28s" % (estimator, cells[0], cells[1]))
    return "\n".join(lines)
