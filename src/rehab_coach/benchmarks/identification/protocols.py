"""Whose cycles are measured, and which of them are learned from."""

from collections import defaultdict
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from rehab_coach.identification.sets import Cycle


class Case(NamedTuple):
    """People of one set in one exercise.

    Attributes:
        set: its name.
        movements: that make one execution.
        place, form: of which recordings; "": any.
    """

    set: str
    movements: Tuple[str, ...]
    place: str = ""
    form: str = ""


CASES = {
    "transitions": Case("pocket_transitions", ("stand_up", "sit_down"), "phone"),
    "whole execution": Case("pocket_transitions", ("stand_up", "walk", "turn", "sit_down"), "phone"),
    "squat": Case("ui_prmd", ("deep_squat",), "", "correct"),
    "thigh squat": Case("utd_mhad", ("squat",), "thigh"),
}
"""What is measured by default. Shoulder exercises of seglearn are one recording each, which is no other time."""


def select(cycles: Sequence[Cycle], case: Case) -> List[Cycle]:
    """The cycles of a case."""
    return [
        one
        for one in cycles
        if one.movement in case.movements and case.place in ("", one.place) and case.form in ("", one.form)
    ]


class Split(NamedTuple):
    """What is learned from and what is judged; cycles of one execution are judged together."""

    training: List[Cycle]
    judged: List[Cycle]


def random_split(cycles: Sequence[Cycle], seed: int, share: float = 0.6) -> Split:
    """The paper's: cycles at random, so that two of one execution fall on both sides."""
    draw = np.random.default_rng(seed)
    chosen = np.zeros(len(cycles), bool)
    for own in _by(cycles, lambda one: (one.person, one.movement)).values():
        chosen[draw.permutation(own)[: int(round(share * len(own)))]] = True
    return divided(cycles, chosen)


def first_half(cycles: Sequence[Cycle]) -> Split:
    """The first half of a person's executions is learned from, the second judged."""
    return _by_sessions(cycles, lambda sessions: sessions[: (len(sessions) + 1) // 2])


def few_shots(cycles: Sequence[Cycle], shots: int, seed: int) -> Split:
    """So many executions of each person, drawn at random, are learned from; all others are judged."""
    draw = np.random.default_rng(seed)
    return _by_sessions(cycles, lambda sessions: list(draw.permutation(sessions)[:shots]))


def other(training: Sequence[Cycle], judged: Sequence[Cycle]) -> Split:
    """Another side, placement, movement or form is judged; people who are in both."""
    people = {one.person for one in training} & {one.person for one in judged}
    # One movement, whatever its name is: nothing could be learned for a movement that is only judged.
    return Split(
        [one._replace(movement="any") for one in training if one.person in people],
        [one._replace(movement="any") for one in judged if one.person in people],
    )


def divided(cycles: Sequence[Cycle], learned: np.ndarray) -> Split:
    """Cycles that are learned from, bool (n,), and the others, which are judged."""
    return Split(
        [one for one, is_learned in zip(cycles, learned) if is_learned],
        [one for one, is_learned in zip(cycles, learned) if not is_learned],
    )


def _by_sessions(cycles: Sequence[Cycle], choose: Callable[[List[str]], Sequence[str]]) -> Split:
    """Of each person the sessions that are chosen, given in order, are learned from."""
    chosen = np.zeros(len(cycles), bool)
    for own in _by(cycles, lambda one: one.person).values():
        learned = set(choose(sorted({cycles[number].session for number in own}, key=_natural)))
        for number in own:
            chosen[number] = cycles[number].session in learned
    return divided(cycles, chosen)


def _natural(session: str) -> Tuple[int, str]:
    number = session.split(" ")[0]
    return (int(number), session) if number.isdigit() else (0, session)


def _by(cycles: Sequence[Cycle], key: Callable[[Cycle], Any]) -> Dict[Any, List[int]]:
    groups: Dict[Any, List[int]] = defaultdict(list)
    for number, one in enumerate(cycles):
        groups[key(one)].append(number)
    return groups
