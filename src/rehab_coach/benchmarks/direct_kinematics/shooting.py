"""Films whose skeletons alone were kept, shot again: from elsewhere, or to change their pictures."""

from dataclasses import replace
from typing import List, Optional

from rehab_coach.direct_kinematics.data import Recording
from rehab_coach.simulation.films import body_of
from rehab_coach.simulation.kinematics_truth import check_same
from rehab_coach.simulation.plan import Plan, clip_of
from rehab_coach.simulation.render import Film


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
        plan: from which they were made.
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
