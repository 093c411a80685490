"""A second person in the picture: beside the patient, and now and then taken for the patient."""

from dataclasses import replace
from typing import Tuple

import numpy as np

from rehab_coach.learning.estimator_faults import ARMS, LEGS, stretch_of_time
from rehab_coach.learning.random_view import body_size, place_quantiles
from rehab_coach.skeleton import SkeletonSequence


def add_company(
    patient: SkeletonSequence, other: SkeletonSequence, mix_up: float, random: np.random.Generator
) -> Tuple[SkeletonSequence, SkeletonSequence]:
    """Film two people together.

    Args:
        patient: who is to be recognised.
        other: as many frames; stands beside the patient, a little nearer or farther.
        mix_up: probability that for up to a third of the time the estimator, or who follows people from frame to
            frame, takes all of the other's joints, or those of an arm or a leg, for the patient's.
        random: the only source of chance.

    Returns:
        Both, in the patient's picture.
    """
    beside = replace(other, key_points=_beside(patient.key_points, other.key_points, random), size=patient.size)
    if random.random() >= mix_up:
        return patient, beside
    begin, end = stretch_of_time(len(patient), 0.33, random)
    joints = slice(None) if random.random() < 0.5 else (ARMS + LEGS)[random.integers(4)]
    mixed = patient.key_points.copy()
    taken = beside.key_points[begin:end, joints]
    mixed[begin:end, joints] = np.where(taken[..., 2:] > 0, taken, mixed[begin:end, joints])
    return replace(patient, key_points=mixed), beside


def _beside(patient: np.ndarray, other: np.ndarray, random: np.random.Generator) -> np.ndarray:
    seen_other = other[..., 2] > 0
    if not (seen_other.any() and (patient[..., 2] > 0).any()):
        return other
    size = body_size(patient)
    scale = size * random.uniform(0.6, 1.2) / body_size(other)
    side = random.choice((-1, 1)) * random.uniform(0.4, 1.3) * size
    centre = place_quantiles(patient, 0.5) + (side, random.uniform(-0.1, 0.1) * size)
    result = other.copy()
    result[..., :2] = (other[..., :2] - place_quantiles(other, 0.5)) * scale + centre
    result[~seen_other] = 0
    return result
