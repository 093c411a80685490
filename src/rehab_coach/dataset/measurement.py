"""What one clip of a set is like."""

from dataclasses import dataclass

import numpy as np

from rehab_coach.dataset.sets import LabelledClip

UNLABELLED = "(no label)"


@dataclass(frozen=True)
class Measurement:
    """What one clip is like.

    Attributes:
        set: name of its set; estimators and sources are compared by it.
        name: of the clip.
        label: its class.
        group: person or video; "" if nobody said.
        frames: how many.
        seconds: its length.
        share: of the frames in which somebody is seen, 0..1.
        joints: mean number of the patient's 18 COCO joints that are seen in those frames.
        people: most of them at once.
    """

    set: str
    name: str
    label: str
    group: str
    frames: int
    seconds: float
    share: float
    joints: float
    people: int


def measure(clip: LabelledClip, set_name: str) -> Measurement:
    """Measure one clip."""
    seen = np.stack([person.key_points[..., 2] > 0 for person in clip.people])  # people, frames, joints
    people = seen.any(axis=2)
    patient = (clip.person.coco_18().key_points[people[0], :, 2] > 0).sum(axis=1)
    return Measurement(
        set_name,
        clip.entry.name,
        clip.entry.label or UNLABELLED,
        clip.entry.group,
        len(clip.person),
        len(clip.person) / clip.person.rate if clip.person.rate else 0.0,
        float(people.any(axis=0).mean()),
        float(patient.mean()) if len(patient) else 0.0,
        int(people.sum(axis=0).max()),
    )
