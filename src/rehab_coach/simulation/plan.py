"""Plans of many films: a YAML file that says between which limits each is drawn. See config/plans/training.yaml.

Every film has a random number generator of its own, made of the plan's seed and the film's number, so that films
can be made in any order, by several workers, and taken up again after a kill.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import yaml

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.clothing import CLOTHES
from rehab_coach.simulation.habits import habits_of
from rehab_coach.simulation.motions import HELD, KINDS, ON_THE_FLOOR
from rehab_coach.simulation.patient import anyone
from rehab_coach.simulation.phases import PERIOD
from rehab_coach.simulation.recorded import RECORDED, motion_files
from rehab_coach.simulation.render import SCENES, VIEW, Look, Scene, default_view
from rehab_coach.simulation.room import LIGHTS, ROOMS

Range = Tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """What films there shall be; a range is [lowest, highest], shares are 0 to 1.

    Attributes:
        clips: how many films.
        exercises: weight of each motion (or "nobody", or "recorded").
        clips_per_person: consecutive films of one person, the group that splits must not divide.
        seed: of everything random.
        duration: seconds.
        rate: frames per second.
        size: width and height, pixels.
        age: years.
        limbs: how much people's limbs differ beside height, as a multiple of what real people's do; see `anyone`.
        habits: how much people differ in their own way of moving, which each keeps in all her films, as a multiple of
            what real people do; tempo, depth, pause and asymmetry are then hers, around the middle of their limits.
            0 = everything is drawn anew for each film.
        faulty: share of the films of exercises in which something is wrong.
        most_faults: that occur together.
        fault_strength: 0.3 to 1.3, 1 = clearly there.
        fault_share: of the repetitions that show the faults.
        bare: share of the films in which nothing is in the hands, where usually something is.
        depth, pause, start_phase, asymmetry, variation: see `make_motion`.
        slowness: seconds of a repetition, as a factor of the exercise's usual ones.
        yaw: degrees of the camera for people who stand, to either side.
        floor_yaw: the same for people who lie or do push-ups.
        distance: as a factor of what just shows the whole body.
        height: metres of the camera over the floor.
        aim: metres by which the camera aims too high or too low.
        turn: degrees by which it aims aside, to either side.
        field_of_view: degrees, vertical.
        clothes, rooms, lights: names to choose from.
        bystander: share of the films with a second person beside, among those seen from the front.
        motions: OpenSim motions (.mot), or folders with some, of which each film of "recorded" performs one. Such films
            have the label unknown: they are for joint angles.
    """

    clips: int
    exercises: Dict[str, float]
    clips_per_person: int = 10
    seed: int = 0
    duration: Range = (6.0, 10.0)
    rate: float = 15.0
    size: Tuple[int, int] = (640, 480)
    age: Range = (12.0, 90.0)
    limbs: float = 0.0
    habits: float = 0.0
    faulty: float = 0.4
    most_faults: int = 2
    fault_strength: Range = (0.6, 1.2)
    fault_share: Range = (0.6, 1.0)
    bare: float = 0.0
    depth: Range = (0.75, 1.05)
    pause: Range = (0.0, 0.3)
    start_phase: Range = (0.0, 1.0)
    asymmetry: Range = (-0.5, 0.5)
    variation: Range = (0.5, 1.6)
    slowness: Range = (0.75, 1.5)
    yaw: Range = (0.0, 90.0)
    floor_yaw: Range = (35.0, 110.0)
    distance: Range = (1.0, 1.8)
    height: Range = (0.4, 1.7)
    aim: Range = (-0.1, 0.1)
    turn: Range = (0.0, 6.0)
    field_of_view: Range = (38.0, 65.0)
    clothes: List[str] = field(default_factory=lambda: list(CLOTHES))
    rooms: List[str] = field(default_factory=lambda: list(ROOMS))
    lights: List[str] = field(default_factory=lambda: list(LIGHTS))
    bystander: float = 0.0
    motions: List[str] = field(default_factory=list)

    def as_json(self) -> str:
        """What a folder of films was made from: the plan without the number of films, which may grow.

        Recorded motions are told by their content too: the same folders may hold others tomorrow.
        """
        entries = {**asdict(self), "clips": None}
        if self.motions:
            entries["motions"] = [[file, _digest(file)] for file in motion_files(tuple(self.motions))]
        for name in ("motions", "limbs", "habits"):
            if not entries[name]:  # plans without it keep their folders
                del entries[name]
        return json.dumps(entries, sort_keys=True)


def _digest(file: str) -> str:
    with open(file, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


LIMITS = {
    "clips": (1, 1e7),
    "clips_per_person": (1, 1e6),
    "seed": (0, 2**62),
    "duration": (0.2, 600),
    "rate": (1, 120),
    "size": (32, 4096),
    "age": (12, 90),
    "limbs": (0, 1.5),
    "habits": (0, 1.5),
    "faulty": (0, 1),
    "most_faults": (1, 8),
    "fault_strength": (0.3, 1.3),
    "fault_share": (0, 1),
    "bare": (0, 1),
    "depth": (0.2, 1.1),
    "pause": (0, 0.6),
    "start_phase": (0, 1),
    "asymmetry": (-1, 1),
    "variation": (0, 2),
    "slowness": (0.3, 5),
    "yaw": (0, 360),
    "floor_yaw": (0, 360),
    "distance": (0.3, 5),
    "height": (0.05, 5),
    "aim": (-1, 1),
    "turn": (0, 90),
    "field_of_view": (10, 120),
    "bystander": (0, 1),
}
CHOICES = {"clothes": tuple(CLOTHES), "rooms": tuple(ROOMS), "lights": tuple(LIGHTS)}
WHOLE = ("clips", "clips_per_person", "seed", "size", "most_faults")


class Clip(NamedTuple):
    """One film of a plan: its name, the person's name, and everything about it."""

    name: str
    group: str
    scene: Scene
    physique: Physique


def read_plan(path: str) -> Plan:
    """A plan from a YAML file; RehabCoachError names what is wrong in it."""
    try:
        with open(path, encoding="utf-8") as stream:
            values = yaml.safe_load(stream)
    except OSError as error:
        raise RehabCoachError("cannot read the plan %s: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RehabCoachError("%s is not YAML: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(values, dict):
        raise RehabCoachError("%s is not a plan: it must be entries such as 'clips: 100'" % path)
    names = [entry.name for entry in fields(Plan)]
    for name in values:
        if name not in names:
            raise RehabCoachError("%s: a plan has no entry '%s'; known: %s" % (path, name, ", ".join(names)))
    for name in ("clips", "exercises"):
        if name not in values:
            raise RehabCoachError("%s: the entry '%s' is missing" % (path, name))
    try:
        plan = Plan(**{name: _checked(name, value) for name, value in values.items()})
        if (RECORDED in plan.exercises) != bool(plan.motions):
            raise RehabCoachError("the exercise '%s' and the entry 'motions' go together" % RECORDED)
    except RehabCoachError as error:
        raise RehabCoachError("%s: %s" % (path, error)) from error
    return plan


def _checked(name: str, value: Any) -> Any:
    if name == "exercises":
        return _weights(value)
    if name == "motions":
        if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
            raise RehabCoachError("motions must be a list of .mot files and folders, not %s" % value)
        motion_files(tuple(value))  # a folder without any is told now, not after the first film
        return value
    if name in CHOICES:
        if not isinstance(value, list) or not value:
            raise RehabCoachError("%s must be a list, such as [%s]" % (name, ", ".join(CHOICES[name][:2])))
        for choice in value:
            if choice not in CHOICES[name]:
                raise RehabCoachError("%s knows no '%s'; choose of %s" % (name, choice, ", ".join(CHOICES[name])))
        return value
    low, high = LIMITS[name]
    pair = isinstance(getattr(Plan, name, None), tuple)
    numbers = value if pair else [value]
    kinds = (int,) if name in WHOLE else (int, float)
    fits = isinstance(numbers, list) and len(numbers) == (2 if pair else 1)
    if not fits or not all(isinstance(number, kinds) and not isinstance(number, bool) for number in numbers):
        what = "two numbers, such as [%g, %g]" % getattr(Plan, name) if pair else "a number"
        raise RehabCoachError("%s must be %s, not %s" % (name, what, value))
    if not all(low <= number <= high for number in numbers):
        raise RehabCoachError("%s must be between %g and %g, not %s" % (name, low, high, value))
    if pair and name != "size" and numbers[0] > numbers[1]:
        raise RehabCoachError("%s must be [lowest, highest], not %s" % (name, value))
    return tuple(numbers) if pair else value


def _weights(value: Any) -> Dict[str, float]:
    if not isinstance(value, dict) or not value:
        raise RehabCoachError("exercises must be a weight for each, such as {squat: 2, waving: 1}")
    for exercise, weight in value.items():
        if exercise not in SCENES:
            raise RehabCoachError("there is no exercise '%s'; choose of %s" % (exercise, ", ".join(SCENES)))
        if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 <= weight < float("inf"):
            raise RehabCoachError("the weight of %s must be a number from 0, not %s" % (exercise, weight))
    if not sum(value.values()) > 0:
        raise RehabCoachError("the weights of all exercises are 0")
    return {exercise: float(weight) for exercise, weight in value.items()}


def clip_of(plan: Plan, number: int) -> Clip:
    """The film of this number, from 0."""
    rng = np.random.default_rng([plan.seed, 1, number])
    person = number // plan.clips_per_person
    physique = anyone(int(np.random.default_rng([plan.seed, 2, person]).integers(2**31)), plan.age, plan.limbs)
    weights = np.array(list(plan.exercises.values()))
    exercise = list(plan.exercises)[rng.choice(len(weights), p=weights / weights.sum())]

    def between(limits: Range) -> float:
        return float(np.round(rng.uniform(*limits), 4))

    motion: Dict[str, Any] = {
        name: between(getattr(plan, name)) for name in ("depth", "pause", "start_phase", "asymmetry", "variation")
    }
    kind = KINDS.get(exercise)
    if kind is not None:
        motion["period"] = float(np.clip(round(kind.period * between(plan.slowness), 4), *PERIOD))
        if plan.habits:
            del motion["pause"], motion["period"]  # the tempo says them
            own, new = (np.random.default_rng([plan.seed, part, who]) for part, who in ((3, person), (4, number)))
            usual = {name: float(np.mean(getattr(plan, name))) for name in ("slowness", "depth", "pause", "asymmetry")}
            motion.update(habits_of(own, new, kind, usual, plan.habits))
        faults = _faults(plan, list(kind.faults), rng)
        if faults:
            motion.update(faults=faults, fault_share=between(plan.fault_share))
        # Plans without it keep their films: nothing is drawn then.
        if plan.bare and kind.equipment in HELD and rng.random() < plan.bare:
            motion["bare"] = True
    called = exercise
    if exercise == RECORDED:
        file = str(rng.choice(motion_files(tuple(plan.motions))))
        motion, called = {"file": file}, os.path.basename(file)[: -len(".mot")].split("-")[0]
    camera = _camera(plan, exercise, rng)
    look = Look(*(str(rng.choice(getattr(plan, name))) for name in ("clothes", "rooms", "lights")))
    beside = float(rng.choice((-1, 1)) * rng.uniform(0.9, 1.6)) if rng.random() < plan.bystander else None
    # Seen from the side who stands beside the patient stands before her.
    bystander = beside if abs(camera.yaw) < 40 else None
    scene = Scene(
        exercise,
        between(plan.duration),
        plan.rate,
        plan.size,
        int(rng.integers(2**31)),
        physique,
        camera,
        look,
        bystander,
        motion,
    )
    return Clip("%06d-%s" % (number, called), "person-%06d" % person, scene, physique)


def _faults(plan: Plan, known: List[str], rng: np.random.Generator) -> Dict[str, float]:
    if not known or rng.random() >= plan.faulty:
        return {}
    chosen = rng.choice(known, size=min(len(known), int(rng.integers(1, plan.most_faults + 1))), replace=False)
    opposite = (
        {"knees_inwards", "knees_outwards"},
        {"hips_shifted_left", "hips_shifted_right"},
        {"hips_sag", "hips_piked"},
    )
    kept: List[str] = []
    for fault in map(str, chosen):
        if not any({fault, other} == pair for other in kept for pair in opposite):
            kept.append(fault)
    return {fault: float(np.round(rng.uniform(*plan.fault_strength), 3)) for fault in kept}


def _camera(plan: Plan, exercise: str, rng: np.random.Generator) -> Camera:
    """A view of the whole body: a wide lens comes nearer."""
    usual, kind = default_view(exercise), KINDS.get(exercise)
    on_the_floor = kind is not None and kind.contact in ON_THE_FLOOR
    side, aside = rng.choice((-1.0, 1.0), 2)
    yaw = side * rng.uniform(*(plan.floor_yaw if on_the_floor else plan.yaw))
    lens = rng.uniform(*plan.field_of_view)
    nearer = np.tan(np.radians(VIEW.field_of_view) / 2) / np.tan(np.radians(lens) / 2)
    return Camera(
        yaw=round(float(yaw), 2),
        distance=round(float(np.clip(usual.distance * nearer * rng.uniform(*plan.distance), 1.0, 20)), 3),
        height=round(float(rng.uniform(*plan.height)), 3),
        look_at=round(float(np.clip(usual.look_at + rng.uniform(*plan.aim), 0, 4)), 3),
        field_of_view=round(float(lens), 2),
        turn=round(float(aside * rng.uniform(*plan.turn)), 2),
    )
