"""Form: explainable rules with a name, a measured value and a limit, or the reason why a rule cannot be judged.

What each rule measures is in `form_rules`; its limits, units, meaning and sources in config/form.yaml (`form_limits`);
the sentences for patients in config/texts/form.LANGUAGE.yaml, under the rule's name and the severity.
"""

import warnings
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from rehab_coach.exercises import find
from rehab_coach.kinematics.form.body import FormBody
from rehab_coach.kinematics.form.limits import Limit, load_limits
from rehab_coach.kinematics.form.rules import FRONTAL, OBLIQUE, RULES, SIDED, FormRule
from rehab_coach.movement import SEVERITIES, Remark, Repetition
from rehab_coach.skeleton import SkeletonSequence

LEAST_SHARE = 0.25
"""Of the repetitions in which a rule must be broken before it is said; of four or more at least two."""

NO_REPETITION = "no repetition was seen"
NO_VIEW = "shoulders or hips are hidden, so it is not known from which side the person is seen"


def measure_form(
    sequence: SkeletonSequence, exercise: str, repetitions: Sequence[Repetition]
) -> Tuple[Dict[str, np.ndarray], Dict[str, str], FormBody]:
    """What each rule measures in each repetition.

    Args:
        sequence, exercise, repetitions: as for `judge`.

    Returns:
        For each rule that can be judged float64 (R,), NaN in repetitions in which it was not seen; for the others
        the reason; and the body that was measured. An exercise whose record names no rules: nothing of either.
    """
    rules = RULES.get(find(exercise).rules or "", {})
    if len(sequence) < 2 or not repetitions:
        return {}, dict.fromkeys(rules, NO_REPETITION), FormBody(sequence, ())
    values: Dict[str, np.ndarray] = {}
    reasons: Dict[str, str] = {}
    with warnings.catch_warnings():
        # Medians of what was never seen: they are NaN, which is what they should be.
        warnings.simplefilter("ignore", RuntimeWarning)
        body = FormBody(sequence, repetitions)
        for name, rule in rules.items():
            reason = _hindrance(body, sequence, rule)
            if not reason:
                values[name] = np.array([rule.measure(body, number) for number in range(len(repetitions))])
                if np.isnan(values[name]).all():
                    del values[name]
                    reason = "not seen when it mattered, or it does not apply to this variant"
            if reason:
                reasons[name] = reason
    return values, reasons, body


def _hindrance(body: FormBody, sequence: SkeletonSequence, rule: FormRule) -> str:
    """Why a rule cannot be applied; "" if it can."""
    lacking = [name for name in rule.needs if name in ("mid_heel", "mid_foot_index") and not _in_layout(sequence, name)]
    if lacking:
        return "needs heels and toes, which this pose estimator does not give"
    hidden = [name for name in rule.needs if not body.seen(name)]
    if hidden:
        return "not seen well enough: %s" % ", ".join(_spoken(name) for name in hidden)
    if not body.view.name:
        return NO_VIEW
    if body.view.name not in rule.views or body.view.angle > rule.largest_angle:
        wanted = "from the front" if FRONTAL in rule.views else "from the side"
        if OBLIQUE not in rule.views:
            wanted = "straight " + wanted
        elif FRONTAL not in rule.views:
            wanted = "obliquely or " + wanted
        seen = {FRONTAL: "from the front", OBLIQUE: "obliquely"}.get(body.view.name, "from the side")
        if body.view.name in rule.views:
            seen = "%.0f degrees %s" % (body.view.angle, seen.replace("from", "off"))
        return "seen %s; it can be judged only %s" % (seen, wanted)
    return ""


def _in_layout(sequence: SkeletonSequence, name: str) -> bool:
    return any(joint.endswith(name[len("mid_") :]) for joint in sequence.layout.joints)


def _spoken(name: str) -> str:
    if name.startswith("mid_"):
        name = {"mid_foot_index": "toes"}.get(name, name[len("mid_") :] + "s")
    return name.replace("_", " ")


def judge(
    sequence: SkeletonSequence, exercise: str, repetitions: Sequence[Repetition]
) -> Tuple[Tuple[Remark, ...], Dict[str, str]]:
    """What there is to say about the form.

    Args:
        sequence: the recording, any layout and view.
        exercise: label; of one whose record names no rules there is nothing to say.
        repetitions: as `find_repetitions` found them; none: nothing can be judged.

    Returns:
        Remarks, the most important first: warnings, hints, then praise; and for each rule that could not be judged
        the reason.

    Raises:
        RehabCoachError: config/form.yaml cannot be read.
    """
    limits = load_limits().get(find(exercise).rules or "", {})
    values, reasons, body = measure_form(sequence, exercise, repetitions)
    remarks: List[Tuple[float, Remark]] = []
    for name, measured in values.items():
        found = _remark(name, measured, limits[name])
        if found is not None:
            weight, remark = found
            if name in SIDED and remark.severity != "praise":
                remark = _with_side(body, remark)
            remarks.append((weight, remark))
    order = {severity: place for place, severity in enumerate(reversed(SEVERITIES))}
    remarks.sort(key=lambda entry: (order[entry[1].severity], -entry[0]))
    return tuple(remark for _, remark in remarks), reasons


def _remark(name: str, measured: np.ndarray, limit: Limit) -> Optional[Tuple[float, Remark]]:
    """A remark and how much it matters among those of its severity; None if there is nothing to say."""
    judged = np.isfinite(measured)
    beyond = judged & (np.where(judged, limit.excess(measured), -1) > 0)
    if beyond.sum() >= max(1.0 if judged.sum() < 4 else 2.0, LEAST_SHARE * judged.sum()):
        value = float(np.median(measured[beyond]))
        severity = limit.severity(value)
        weight = float(limit.excess(value)) / limit.step + float(beyond.sum()) / float(judged.sum())
        reached = limit.warning if severity == "warning" and limit.warning is not None else limit.hint
        numbers = tuple(int(number) for number in np.flatnonzero(beyond))
        return weight, Remark(name, severity, value, float(reached), limit.unit, numbers)
    if limit.praise and judged.all() and not beyond.any():
        value = float(np.median(measured))
        numbers = tuple(range(len(measured)))
        weight = -float(limit.excess(value)) / limit.step
        return weight, Remark(name, "praise", value, float(limit.hint), limit.unit, numbers)
    return None


def _with_side(body: FormBody, remark: Remark) -> Remark:
    sides = {body.leading_side(number) for number in remark.repetitions}
    side = sides.pop() if len(sides) == 1 else ""
    return Remark(remark.rule, remark.severity, remark.value, remark.limit, remark.unit, remark.repetitions, side)


def form_score(values: Dict[str, np.ndarray], exercise: str) -> float:
    """One number from all rules that count: 0 = as usual for somebody who does it well, 1 = at the hints, 3 at most.

    The mean over the rules and the repetitions of how far a value is beyond the usual one, in steps from there to the
    hint; 0 where no rule could be judged.

    Args:
        values: as `measure_form` returns them.
        exercise: whose limits hold.
    """
    limits = load_limits().get(find(exercise).rules or "", {})
    beyond = [
        np.clip(1 + limits[name].excess(measured[np.isfinite(measured)]) / limits[name].step, 0, 3)
        for name, measured in values.items()
        if limits[name].counts
    ]
    means = [steps.mean() for steps in beyond if len(steps)]
    return float(np.mean(means)) if means else 0.0
