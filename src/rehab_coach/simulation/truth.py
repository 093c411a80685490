"""What is true of a film, in files beside it.

squat.npz    the key points: SkeletonSequence, COCO-18; score 1 = seen, 0.5 = hidden, 0 = outside the picture;
             `world` in metres right, down, away from between the hips
squat.mot    joint angles, OpenSim's names, degrees
squat.trc    markers, metres in OpenSim's axes (x to where the person faces, y up, z to her right)
squat.json   exercise and variant, label, faults and the repetitions that show them, repetitions, person, look, camera
"""

import json
import os
from dataclasses import asdict
from typing import Dict

import numpy as np

from rehab_coach.exercises import usual_motion
from rehab_coach.files import written_whole
from rehab_coach.kinematics.points import BodyPoints
from rehab_coach.opensim.coordinates import JointAngles
from rehab_coach.opensim.files import write_mot, write_trc
from rehab_coach.simulation.body import MARKS
from rehab_coach.simulation.render import NOBODY, Film

ENDINGS = (".npz", ".mot", ".trc", ".json")


def describe(film: Film) -> Dict[str, object]:
    """Everything but the numbers of single frames, for JSON."""
    scene, motion = film.scene, film.motion
    person = None
    if scene.exercise != NOBODY:
        body = film.subject.patient.body
        person = {**asdict(film.physique), "height": body.height, "weight": body.weight}
        if not film.physique.limbs:  # films of people without it keep their files
            del person["limbs"]
    timed = ("start", "turn", "end", "down", "hold", "up", "pause")
    return {
        "version": 1,
        "exercise": usual_motion(scene.exercise),
        "variant": scene.exercise,
        "label": scene.label,
        "faults": {fault: list(numbers) for fault, numbers in motion.faults.items()},
        "repetitions": [
            {name: round(getattr(repetition, name), 4) for name in timed} for repetition in motion.performed
        ],
        "frames": len(film),
        "rate": scene.rate,
        "size": list(scene.size),
        "seed": scene.seed,
        "motion": {name: list(value) if isinstance(value, tuple) else value for name, value in scene.motion.items()},
        "person": person,
        "bystander": scene.bystander,
        "look": asdict(scene.look),
        "camera": film.camera.as_dict(scene.size),
    }


def true_angles(film: Film) -> JointAngles:
    """The joint angles of the patient; nothing is uncertain."""
    angles = film.subject.performance.angles
    values = np.stack(list(angles.values()), axis=1)
    return JointAngles(tuple(angles), film.motion.stamps, values, np.zeros_like(values), "truth")


def true_markers(film: Film) -> BodyPoints:
    """Key points and points of the feet as `write_trc` takes them."""
    patient, performance, _ = film.subject
    marks = patient.body.marks(performance.rotations, performance.heads)
    # The room's axes are left, back, up; the writer turns the last two of right, down, away round.
    forward, up, right = -marks[..., 1], marks[..., 2], -marks[..., 0]
    turned = np.stack([forward, -up, -right], axis=-1)
    places = {name: turned[:, number] for number, name in enumerate(MARKS)}
    places["neck"] = (places["right_shoulder"] + places["left_shoulder"]) / 2
    return BodyPoints(film.motion.stamps, places, {name: np.ones(len(film)) for name in places})


def write_truth(path: str, film: Film) -> None:
    """Write the files of a film that was shot, beside it.

    Args:
        path: of the video, or without an ending. The .json is written last: where it is, the others are.
        film: what was filmed.

    Raises:
        RehabCoachError: a file cannot be written.
    """
    base = os.path.splitext(path)[0] if path.endswith((".mp4",) + ENDINGS) else path
    film.sequence().save(base + ".npz")
    if film.scene.exercise != NOBODY:
        write_mot(base + ".mot", true_angles(film))
        markers = true_markers(film)
        write_trc(base + ".trc", markers.stamps, markers.places)
    write_json(base + ".json", describe(film))


def write_json(path: str, content: Dict[str, object]) -> None:
    """Write JSON, whole or not at all."""
    with written_whole(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1)
        stream.write("\n")
