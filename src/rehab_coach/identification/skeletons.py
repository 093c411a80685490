"""Filmed people to learn and measure proportions from: motion capture, seen by one camera.

There are eight people with markers, too few to learn what differs between people. So people are made up: the limbs of
one who was captured are made longer or shorter, each by its own factor, and the new person is filmed from several
places, doing what several people did. What the same person looks like from elsewhere is learned from that.
"""

from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from rehab_coach.dataset.ui_prmd import RATE, Execution
from rehab_coach.errors import RehabCoachError
from rehab_coach.identification.fitting import Sample
from rehab_coach.identification.proportions import NAMES, body_proportions
from rehab_coach.kinematics.projection import EstimatorErrors, film, random_view
from rehab_coach.skeleton import BLAZEPOSE_33, COCO_18, SkeletonSequence

SPREAD = 0.06
"""Standard deviation of the logarithm of a limb's length: UI-PRMD's eight people differ by 0.03 to 0.14."""

WIDEST_YAW = 45.0
"""Degrees between the person's front and the camera: the coach asks for a place before it."""

OTHER_FORM = "wrong "
"""Before the names of sessions in another form: they come after all others in their order."""

REPETITIONS = 2
"""That are filmed in one go."""

CHAINS = (("shoulder", "elbow", "upper_arm"), ("elbow", "wrist", "forearm"))
LEGS = (("hip", "knee", "thigh"), ("knee", "ankle", "shank"))
HANDS = ("wrist", "pinky", "index", "thumb")
FEET = ("ankle", "heel", "foot_index")

Recording = Tuple[str, str, np.ndarray]
"""Person, session, and joints float64 (T, 33, 3), metres, z up, `RATE`."""

Measure = Callable[[SkeletonSequence], np.ndarray]
"""What is taken of one film, float32 (P,); RehabCoachError where it cannot be."""


def recordings_of(
    executions: Sequence[Execution], movement: str = "deep_squat", correct: bool = True
) -> List[Recording]:
    """Two repetitions after each other are one recording."""
    found: List[Recording] = []
    for person in sorted({one.subject for one in executions}):
        own = [one for one in executions if (one.subject, one.movement, one.correct) == (person, movement, correct)]
        for first in range(0, len(own) - REPETITIONS + 1, REPETITIONS):
            joints = np.concatenate([one.joints for one in own[first : first + REPETITIONS]])
            found.append((person, "%02d" % first, joints))
    return found


def scaled(joints: np.ndarray, factors: Dict[str, float]) -> np.ndarray:
    """The same movement by somebody whose limbs are longer or shorter.

    Args:
        joints: float (T, 33, 3), z up.
        factors: by the name of the segment, all of `NAMES`.
    """
    index = BLAZEPOSE_33.index
    hips = (joints[:, index("left_hip")] + joints[:, index("right_hip")]) / 2
    neck = (joints[:, index("left_shoulder")] + joints[:, index("right_shoulder")]) / 2
    new_neck = hips + factors["trunk"] * (neck - hips)
    moved = joints + (new_neck - neck)[:, None]  # the head goes with the neck
    for side in ("left_", "right_"):

        def limb(begin: str, end: str, factor: float, follow: Sequence[str] = (), side: str = side) -> None:
            bone = joints[:, index(side + end)] - joints[:, index(side + begin)]
            place = moved[:, index(side + begin)] + factor * bone
            for other in follow:
                moved[:, index(side + other)] = place + joints[:, index(side + other)] - joints[:, index(side + end)]
            moved[:, index(side + end)] = place

        shoulder, hip = index(side + "shoulder"), index(side + "hip")
        moved[:, shoulder] = new_neck + factors["shoulders"] * (joints[:, shoulder] - neck)
        moved[:, hip] = hips + factors["hips"] * (joints[:, hip] - hips)
        limb("shoulder", "elbow", factors["upper_arm"])
        limb("elbow", "wrist", factors["forearm"], HANDS[1:])
        limb("hip", "knee", factors["thigh"])
        limb("knee", "ankle", factors["shank"], FEET[1:])
    # Longer legs: the feet stay where they were, the body is higher.
    feet = [index(side + "ankle") for side in ("left_", "right_")]
    moved[..., 2] += (joints[:, feet, 2].mean(axis=1) - moved[:, feet, 2].mean(axis=1))[:, None]
    return moved


def filmed(
    recordings: Sequence[Recording],
    errors: EstimatorErrors,
    seed: int,
    views: int = 1,
    measure: Measure = body_proportions,
) -> List[Sample]:
    """What is measured of recordings, each from so many places; those in which a limb is never seen are left out."""
    draw = np.random.default_rng(seed)
    samples = []
    for person, session, joints in recordings:
        for view in range(views):
            sequence = film(joints, RATE, random_view(draw, 0, WIDEST_YAW), draw, errors, layout=COCO_18)
            try:
                values = measure(sequence)
            except RehabCoachError:
                continue
            samples.append(Sample(values, person, "%s.%d" % (session, view), "squat"))
    return samples


def made_up(
    recordings: Sequence[Recording],
    people: int,
    each: int,
    errors: EstimatorErrors,
    seed: int,
    measure: Measure = body_proportions,
    wrong: Sequence[Recording] = (),
) -> List[Sample]:
    """What is measured of made-up people, each filmed `each` times and called "NAME.NUMBER" after the one it is of.

    Args:
        recordings: of the people whose limbs are made longer or shorter.
        people: how many are made up.
        each: films of each.
        errors: of the pose estimator.
        seed: of all that is drawn.
        measure: what is taken of a film.
        wrong: the same people in another form: half as many films more, whose sessions begin with `OTHER_FORM`.
    """
    draw = np.random.default_rng(seed)
    samples = []
    for person in range(people):
        factors = {name: float(np.exp(draw.normal(0, SPREAD))) for name in NAMES}
        # One real person's body, whose proportions are changed; the movement is another one each time.
        subject = recordings[draw.integers(len(recordings))][0]
        for form, those, films in (("", recordings, each), (OTHER_FORM, wrong, each // 2 if wrong else 0)):
            own = [joints for name, _, joints in those if name == subject]
            chosen = [
                ("%s.%d" % (subject, person), "%s%02d" % (form, number), scaled(own[draw.integers(len(own))], factors))
                for number in range(films)
            ]
            samples += filmed(chosen, errors, int(draw.integers(2**31)), measure=measure)
    return samples
