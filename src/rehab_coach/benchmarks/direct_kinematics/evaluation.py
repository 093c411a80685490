"""All tables about one network."""

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional

import numpy as np

from rehab_coach.benchmarks.direct_kinematics import causes, robustness, speed, two_cameras
from rehab_coach.benchmarks.direct_kinematics.multi_step import MarkersThenOpenSim
from rehab_coach.benchmarks.direct_kinematics.plots import plot_errors, plot_robustness
from rehab_coach.benchmarks.direct_kinematics.results import Result, compare, fitted_errors, known, mean_answer
from rehab_coach.benchmarks.direct_kinematics.shooting import different
from rehab_coach.benchmarks.direct_kinematics.tables import (
    Table,
    against_fitted,
    by_angle,
    by_group,
    by_recording,
    overview,
)
from rehab_coach.benchmarks.films import available_estimators
from rehab_coach.direct_kinematics.answers import Answer, answer_features
from rehab_coach.direct_kinematics.backbones import backbone_of
from rehab_coach.direct_kinematics.contract import KinematicsContract
from rehab_coach.direct_kinematics.data import ESTIMATOR, Points, Recording, answered, read_films, split
from rehab_coach.direct_kinematics.model_file import load_network
from rehab_coach.direct_kinematics.recipe import KEY_POINTS, make_recipe
from rehab_coach.direct_kinematics.refinement import answer
from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_folder, written_whole
from rehab_coach.opensim.model import Model
from rehab_coach.pose import create_estimator
from rehab_coach.simulation.plan import Plan

MEAN_ANSWER = "always the mean"
"""Baseline: the same answer for every frame, the mean of what was learned from."""
NOT_REFINED = "not refined"
HEIGHT_KNOWN = "with the person's height"
MULTI_STEP = "markers, then OpenSim"


@dataclass(frozen=True)
class Choice:
    """What is measured.

    Attributes:
        everybody: all films of the folder, because the model has seen none of them; else those of the people that its
            training kept, chosen as there.
        masked: leave out the angles whose markers OpenSim did not meet.
        markers: path of a network that answers markers, the baseline; "" = without it.
        plan: from which the films were made, to shoot some again.
        two_cameras: how many films are shot again by two cameras, the other baseline.
        robustness: how many films are shot again and changed.
    """

    everybody: bool = False
    masked: bool = True
    markers: str = ""
    plan: Optional[Plan] = None
    two_cameras: int = 0
    robustness: int = 0


def evaluate(path: str, folder: str, out: str, choice: Choice = Choice()) -> str:
    """Measure a model on the people of a folder of films that it was not trained on, and write tables and pictures.

    Args:
        path: of the model file.
        folder: of films with their true kinematics.
        out: folder for kinematics.md (all tables), a CSV file for each table, and pictures.
        choice: what is measured.

    Returns:
        The tables as text.

    Raises:
        RehabCoachError: a model or films that cannot be used together.
    """
    network, contract = load_network(path)
    recipe = make_recipe(contract.recipe)
    if recipe.backbone != KEY_POINTS and (choice.robustness or choice.markers):
        raise RehabCoachError("--markers and --robustness are for models of key points, not of pictures")
    model, recordings = read_films(folder, backbone=backbone_of(recipe, weights=contract.backbone_sha256))
    if answered(model) != contract.names or model.bodies != contract.bodies:
        raise RehabCoachError("%s answers for another skeleton than the one of %s" % (path, folder))
    learned: List[Recording] = []
    chosen = recordings
    if not choice.everybody:
        divided = split(recordings, recipe.validation, recipe.test, recipe.seed)
        learned, chosen = divided["train"], divided["test"]
        if any(one.body in contract.met for one in chosen):
            raise RehabCoachError(
                "among those of %s who would be measured are some of whom %s has learned: give the films that it was "
                "trained with, as many as then, or films of other people with --everybody" % (folder, path)
            )
    if not chosen:
        raise RehabCoachError(
            "the model's training kept nobody of %s: give films of other people with --everybody" % folder
        )
    make_folder(out)
    points = Points(model, contract.names)

    given = {one.name: answer(network, contract, one.sequence, one.picture_features) for one in chosen}
    name = "network (%s)" % recipe.sequence
    with ExitStack() as stack:
        multi_step = (
            stack.enter_context(MarkersThenOpenSim(choice.markers, contract, model)) if choice.markers else None
        )
        ways: Dict[str, Callable[[Recording], Answer]] = {name: lambda one: given[one.name]}
        ways[NOT_REFINED] = lambda one: answer_features(network, contract, one.features, one.mirrored)
        if all(one.height for one in chosen):
            ways[HEIGHT_KNOWN] = lambda one: answer(network, contract, one.sequence, one.picture_features, one.height)
        if multi_step:
            ways[MULTI_STEP] = multi_step
        ways[MEAN_ANSWER] = mean_answer(learned, contract)
        found = {way: _results(answering, chosen, points, choice.masked) for way, answering in ways.items()}
        tables = [overview("ways", "All kept films", found)]
        tables += [by_angle(contract.names, found), *by_group(found[name])]
        fitted = [replace(one, errors=fitted_errors(one.recording, contract, choice.masked)) for one in found[name]]
        both = [
            replace(one, errors=np.where(np.isfinite(other.errors), one.errors, np.nan))
            for one, other in zip(found[name], fitted)
        ]
        tables.append(against_fitted(contract.names, both, fitted))
        tables.append(causes.table(list(given.values()), chosen, points, choice.masked))
        solved = found.get(MULTI_STEP)
        tables.append(
            speed.measure(network, points, (solved or found[name])[0].recording, multi_step if solved else None)
        )
    if choice.plan and choice.two_cameras:
        tables += _against_two_cameras(folder, choice.plan, contract, points, found, choice)
    if choice.plan and choice.robustness:
        with closing(create_estimator(ESTIMATOR, 1)) as estimator:
            some = different(chosen, choice.robustness)
            changed = robustness.measure(network, contract, folder, choice.plan, some, estimator)
        tables.append(robustness.table(changed))
        plot_robustness(os.path.join(out, "robustness.png"), changed)
    for table in [*tables, by_recording(found[name])]:
        table.write(out)
    plot_errors(os.path.join(out, "errors.png"), contract.names, found[name])
    text = "\n\n".join([_heading(found, model), *(table.markdown() for table in tables)])
    with written_whole(os.path.join(out, "kinematics.md")) as temporary, open(
        temporary, "w", encoding="utf-8"
    ) as stream:
        stream.write(text + "\n")
    return text


def _results(
    answering: Callable[[Recording], Answer], recordings: List[Recording], points: Points, masked: bool
) -> List[Result]:
    """Of the films that a way answers: OpenSim cannot solve every one."""
    results = []
    for recording in recordings:
        try:
            given = answering(recording)
        except RehabCoachError:
            continue
        results.append(compare(recording, given, points, masked))
    return results


def _against_two_cameras(
    folder: str,
    plan: Plan,
    contract: KinematicsContract,
    points: Points,
    found: Dict[str, List[Result]],
    choice: Choice,
) -> List[Table]:
    """Some films by all ways and by two cameras; those that one of the ways cannot answer are left out, and counted."""
    first = next(iter(found.values()))
    some = different([one.recording for one in first], choice.two_cameras)
    with ExitStack() as stack:
        names = available_estimators()
        estimators = {name: stack.enter_context(closing(create_estimator(name, 1))) for name in names}
        answers = two_cameras.answers(folder, plan, some, contract.names, contract.bodies, estimators)
    ways = dict(found)
    for name, given in answers.items():
        ways["%s, two cameras, OpenSim" % name] = [
            compare(recording, given[recording.name], points, choice.masked)
            for recording in some
            if recording.name in given
        ]
    names_of = [{one.recording.name for one in group} for group in ways.values()]
    both = set.intersection({recording.name for recording in some}, *names_of)
    ways = {way: [one for one in group if one.recording.name in both] for way, group in ways.items()}
    title = "%d of these films, also by two cameras" % len(both)
    if len(both) < len(some):
        title += " (%d more left out: a camera never sees the person, or OpenSim fails)" % (len(some) - len(both))
    by_joint = replace(by_angle(contract.names, ways), name="angles_two_cameras", title=title + ", by angle")
    return [overview("two_cameras", title, ways), by_joint]


def _heading(found: Dict[str, List[Result]], model: Model) -> str:
    """What was measured, and how much nearer the network is than the multi-step way."""
    name, results = next(iter(found.items()))
    lines = [
        "%d films, %d frames of %d people; skeleton %s. Angles, also the pelvis's: degrees; MV: degrees per second; "
        "MAE body, of lengths, and MPBLPE (mean per bony landmark position error), of joints and markers as seen from "
        "the pelvis: millimetres"
        % (
            len(results),
            sum(len(one.recording.seen) for one in results),
            len({one.recording.person for one in results}),
            model.name,
        )
    ]
    solved = found.get(MULTI_STEP, [])
    if MULTI_STEP in found and len(solved) < len(results):
        lines.append("OpenSim fails on %d of them, which %s lacks." % (len(results) - len(solved), MULTI_STEP))
    if solved:
        names = {one.recording.name for one in solved}
        same = [one for one in results if one.recording.name in names]
        ours, theirs = (np.abs(known(group, lambda one: one.errors)).mean() for group in (same, solved))
        lines.append(
            "The network's MAE of angles is %.0f %% below that of %s." % (100 * (1 - ours / theirs), MULTI_STEP)
        )
    return "\n".join(lines)
