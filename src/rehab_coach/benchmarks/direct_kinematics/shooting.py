"""Films whose skeletons alone were kept, shot again: from elsewhere, or to change their pictures."""

import os
from dataclasses import replace
from typing import List, Optional

import yaml

from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.films import body_of
from rehab_coach.simulation.kinematics_truth import check_same
from rehab_coach.simulation.plan import Plan, clip_of, make_plan
from rehab_coach.simulation.render import Film


def plan_of(folder: str) -> Plan:
    """The plan that a folder of films was made from.

    Raises:
        RehabCoachError: it was made from none.
    """
    path = os.path.join(folder, "plan.json")
    try:
        with open(path, encoding="utf-8") as stream:
            values = yaml.safe_load(stream)
    except (OSError, yaml.YAMLError) as error:
        raise RehabCoachError(
            "%s has no plan.json, so its films cannot be shot again: render them with --plan" % folder
        ) from error
    return make_plan(path, {**values, "clips": 1})


def different(recordings: List[Recording], count: int) -> List[Recording]:
    """So many of the recordings, as different in movement and person as possible."""
    chosen: List[Recording] = []
    left = list(recordings)
    while left and len(chosen) < count:
        movements, people = ([getattr(one, what) for one in chosen] for what in ("movement", "person"))
        best = min(left, key=lambda one: (movements.count(one.movement), people.count(one.person)))
        left.remove(best)
        chosen.append(best)
    return chosen


def shot_again(folder: str, plan: Plan, recording: Recording, yaw: Optional[float] = None) -> Film:
    """A recording's film.

    Args:
        folder: of the films.
        plan: of the folder.
        recording: which film.
        yaw: degrees of another camera, at the same distance.

    Raises:
        RehabCoachError: the plan makes another film today.
    """
    clip = clip_of(plan, int(recording.name.split("-")[0]))
    body = body_of(clip.physique)
    film = Film(clip.scene, body)
    check_same(folder, clip, film)
    if yaw is None:
        return film
    return Film(replace(clip.scene, camera=replace(film.camera, yaw=yaw, turn=0.0)), body)
