"""Parametric motions of exercises: joint angles over time, made of nothing but NumPy.

Names and signs of the angles are those of `opensim.coordinates`. Tables are in degrees because people read them; what
`make_motion` returns is in radians.
"""

from dataclasses import dataclass, replace
from numbers import Real
from typing import Dict, Iterable, List, Mapping, Optional, Tuple, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.movement import Repetition
from rehab_coach.opensim.coordinates import COORDINATES, limits
from rehab_coach.simulation.exercises import EXERCISE_KINDS
from rehab_coach.simulation.habits import FARTHEST
from rehab_coach.simulation.near_misses import NEAR_MISSES
from rehab_coach.simulation.others import OTHERS as USUAL_OTHERS
from rehab_coach.simulation.phases import PERIOD, WAY, Kind, Made, Number, Person
from rehab_coach.simulation.variants import VARIANTS

_POSED = [coordinate for coordinate in COORDINATES.values() if coordinate.posed]
CENTRAL_ANGLES = tuple(coordinate.name for coordinate in _POSED if not coordinate.sided)
SIDE_ANGLES = tuple(coordinate.name for coordinate in _POSED if coordinate.sided)

OTHERS: Dict[str, Kind] = {**USUAL_OTHERS, **NEAR_MISSES}
KINDS: Dict[str, Kind] = {**EXERCISE_KINDS, **VARIANTS, **OTHERS}
MOTIONS = tuple(KINDS)
STILL = ("standing", "plank")  # motions in which there is nothing to count
HELD = ("barbell", "barbell_on_the_shoulders", "dumbbells", "kettlebell")  # equipment that the hands carry
ARMS = ("arm_", "elbow")  # how the names of their angles begin
ON_HANDS = ("hands_and_toes", "hands_and_knees")  # contacts of who lies on her hands
ON_THE_FLOOR = (*ON_HANDS, "back")
INWARDS = 2.0  # degrees by which thighs may point inwards: with more the feet would cross


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint angles over time and what holds the body.

    Attributes:
        name: one of `MOTIONS`.
        stamps: float64 (T,) seconds from 0.
        angles: radians, each float64 (T,), for every name of `CENTRAL_ANGLES`, and of `SIDE_ANGLES`
            with "_r" and with "_l" behind it. Where hands or feet are held somewhere the body solver changes
            those of that limb: see `solver.angles_of`.
        contact: "feet" (stands), "hands_and_toes" or "hands_and_knees" (on the floor), "bar" (hangs by the hands),
            "dip_bars" (leans on the hands), "feet_and_hands" (stands, and lies in between), "knees" (kneels) or "back"
            (lies).
        support: bool (T, 2): right and left foot stand still ("feet" only).
        hop: float64 (T,), height of the jump as a fraction of the leg's length.
        equipment: None, "barbell", "dumbbells" or "kettlebell" (in the hands), "barbell_on_the_shoulders" (behind the
            neck), "bar" (overhead), "dip_bars" (at either side), "chair" or "wall" (behind).
        grip: metres by which each hand is outside its shoulder, where hands hold the body.
        repetitions: (starts and ends of the repetitions, seconds), one longer than there are repetitions.
        knee_out: float64 (T, 2) radians by which right and left knee point outside the toes' direction.
        sway: float64 (T, 3) the pelvis is moved to the left, front and top by so many leg lengths.
        faults: what is done wrong, fault -> numbers of the repetitions (as in `performed`) in which it is.
        performed: the repetitions that lie wholly inside the motion.
        lying: what she does lying on hands and toes in between ("feet_and_hands" only), a motion of the same length,
            and how far (T,) the body, and how far the hands are there, 0..1.
    """

    name: str
    stamps: np.ndarray
    angles: Dict[str, np.ndarray]
    contact: str
    support: np.ndarray
    hop: np.ndarray
    equipment: Optional[str]
    grip: float
    repetitions: Tuple[float, ...]
    knee_out: np.ndarray
    sway: np.ndarray
    faults: Dict[str, Tuple[int, ...]]
    performed: Tuple[Repetition, ...]
    lying: Optional[Tuple["Motion", np.ndarray, np.ndarray]] = None

    @property
    def rate(self) -> float:
        """Samples per second."""
        return 1.0 / self.stamps[1] if len(self.stamps) > 1 else 30.0


def check_motion(name: str, faults: Iterable[str] = ()) -> Kind:
    """The kind of a motion; RehabCoachError names one that does not exist, or a fault that it does not know."""
    if name not in KINDS:
        raise RehabCoachError("there is no motion '%s'; choose one of %s" % (name, ", ".join(MOTIONS)))
    kind = KINDS[name]
    for fault in faults:
        if fault not in kind.faults:
            known = "it knows " + ", ".join(kind.faults) if kind.faults else "it has no faults"
            raise RehabCoachError("%s has no fault '%s'; %s" % (name, fault, known))
    return kind


def _repetitions(
    duration: float,
    period: float,
    repetitions: Optional[int],
    start_phase: float,
    spread: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Boundaries of the repetitions, seconds; the first is negative when the motion starts within one."""
    count = int(np.ceil(duration / period + start_phase)) + 1 if repetitions is None else repetitions
    lengths = np.exp(spread * 0.05 * rng.standard_normal(count))
    scale = period * count if repetitions is None else duration
    ends = np.concatenate([[0.0], np.cumsum(lengths / lengths.sum() * scale)])
    return ends - start_phase * (ends[1] - ends[0])


def _check(name: str, value: float, low: float, high: float) -> None:
    if not isinstance(value, Real) or not low <= value <= high:
        raise RehabCoachError("%s must be between %g and %g, not %s" % (name, low, high, value))


def make_motion(
    name: str,
    duration: float = 10.0,
    rate: float = 30.0,
    seed: int = 0,
    variation: float = 1.0,
    period: Optional[float] = None,
    repetitions: Optional[int] = None,
    depth: float = 1.0,
    pause: float = 0.08,
    start_phase: float = 0.0,
    tempo: Optional[Tuple[float, float, float, float]] = None,
    asymmetry: float = 0.0,
    faults: Union[Iterable[str], Mapping[str, float]] = (),
    fault_share: float = 1.0,
    bare: bool = False,
    habits: Optional[Mapping[str, float]] = None,
) -> Motion:
    """The joint angles of one person who does one exercise.

    Args:
        name: one of `MOTIONS`.
        duration: seconds.
        rate: samples per second.
        seed: chooses the person's habits; the same seed gives the same motion.
        variation: 0 = the same textbook repetition again and again, 1 = as people do it (tempo and depth
            change a little from one repetition to the next, the sides differ, the body sways).
        period: seconds per repetition; None = the exercise's usual one, a little different for each person.
        repetitions: how many fill the duration exactly; overrides `period`.
        depth: 1 = full, 0.5 = half.
        pause: fraction of a repetition in which the body rests at the turning point.
        start_phase: where in the repetition the motion starts, 0..1.
        tempo: seconds to the turning point, at it, back, and at rest, as coaches write it (3-1-2-0);
            overrides `period` and `pause`, and only their proportions count where `repetitions` is given.
        asymmetry: -1..1: the right (positive) or the left side does more.
        faults: names (or name -> strength, 0.3 to 1.3, 1 = clearly there), see the exercise's `Kind.faults`.
        fault_share: probability of a repetition to show the faults.
        bare: without what the exercise has in the hands.
        habits: what is the person's own instead of the seed's: "stance", "toes_out", "lean" and "choice" (the `style`)
            of a `Person`, and degrees by which she holds other angles of `habits.FARTHEST` otherwise, within the
            limits there; see `habits.habits_of`.

    Raises:
        RehabCoachError: unknown name or fault, or a value out of range.
    """
    strengths = dict(faults) if isinstance(faults, Mapping) else dict.fromkeys(faults, 1.0)
    kind = check_motion(name, strengths)
    if tempo is not None:
        if len(tempo) != 4:
            raise RehabCoachError("a tempo has four times (down, hold, up, rest), not %d" % len(tempo))
        for label, value, least in zip(("down", "hold", "up", "rest"), tempo, (WAY[0], 0.0, WAY[0], 0.0)):
            _check("the tempo's time " + label, value, least, WAY[1])
        period, pause = float(sum(tempo)), float(np.clip(tempo[1] / sum(tempo), 0, 0.6))
    for label, value, low, high in (
        ("seed", seed, 0, 2**63),
        ("duration", duration, 0.03, 3600),
        ("rate", rate, 1, 240),
        ("variation", variation, 0, 2),
        ("depth", depth, 0.2, 1.1),
        ("pause", pause, 0, 0.6),
        ("start_phase", start_phase, 0, 1),
        ("period", kind.period if period is None else period, *PERIOD),
        ("repetitions", 1 if repetitions is None else repetitions, 1, 3600),
        ("asymmetry", asymmetry, -1, 1),
        ("fault_share", fault_share, 0, 1),
    ) + tuple(("strength of " + fault, strength, 0.3, 1.3) for fault, strength in strengths.items()):
        _check(label, value, low, high)
    own = dict(habits or {})
    for habit, much in own.items():
        if habit not in FARTHEST:
            raise RehabCoachError("there is no habit '%s'; choose of %s" % (habit, ", ".join(FARTHEST)))
        _check("the habit " + habit, much, *FARTHEST[habit])
    rng = np.random.default_rng(seed)
    stamps = np.arange(max(1, int(round(duration * rate)))) / rate
    usual = kind.period * float(np.exp(variation * 0.08 * rng.standard_normal()))
    ends = _repetitions(duration, period or usual, repetitions, start_phase, variation, rng)
    turn = np.searchsorted(ends, stamps, side="right") - 1
    knots = _knots(kind, pause, tempo)
    # Depth belongs to the repetition; it may only change where the body is back at the start.
    depths = depth * (1 - 0.04 * variation * rng.random(len(ends)))
    shows, strong = rng.random(len(ends)) < fault_share, 1 + 0.1 * variation * rng.uniform(-1, 1, len(ends))
    stance, toes_out, lean = np.clip(variation * 0.6 * rng.standard_normal(3), -1, 1)
    style = float(rng.random()) if variation else 0.0
    stance, toes_out, lean = (own.pop(n, v) for n, v in zip(("stance", "toes_out", "lean"), (stance, toes_out, lean)))
    style = own.pop("choice", style)
    person = Person(
        np.interp((stamps - ends[turn]) / (ends[turn + 1] - ends[turn]), *knots),
        depths[turn],
        pause,
        turn,
        style,
        float(stance),
        float(toes_out),
        float(lean),
        asymmetry,
        faults={fault: (strength * shows * strong)[turn] for fault, strength in strengths.items()},
    )
    made = kind.make(person)
    if kind.equipment is not None:  # the arms are where it is
        own = {angle: degrees for angle, degrees in own.items() if not angle.startswith(ARMS)}
    angles = _complete(made, person, stamps, variation, kind.contact, asymmetry, rng, own)
    numbers, performed = _performed(ends, knots[0], duration, name)
    shown = {fault: tuple(n for n, number in enumerate(numbers) if shows[number]) for fault in strengths}
    motion = Motion(
        name,
        stamps,
        angles,
        kind.contact,
        np.ones((len(stamps), 2), bool) if made.support is None else made.support,
        np.broadcast_to(np.asarray(made.hop, float), stamps.shape),
        None if bare and kind.equipment in HELD else kind.equipment,
        kind.grip,
        tuple(float(end) for end in ends),
        np.radians(_columns(made.knee_out, len(stamps))),
        _columns(made.sway, len(stamps)) + _leaning_aside(person, kind, made, asymmetry),
        shown,
        performed,
    )
    if made.lying is None:
        return motion
    lying, body, hands = made.lying
    angles = _complete(Made(lying), person, stamps, variation, "hands_and_toes", asymmetry, rng, {})
    return replace(motion, lying=(replace(motion, contact="hands_and_toes", angles=angles), body, hands))


def _columns(values: Iterable[Number], frames: int) -> np.ndarray:
    return np.stack([np.broadcast_to(np.asarray(value, float), (frames,)) for value in values], axis=1)


def _knots(
    kind: Kind, pause: float, tempo: Optional[Tuple[float, float, float, float]]
) -> Tuple[np.ndarray, np.ndarray]:
    """Where rest, way, hold, way back and rest begin: as parts of the repetition's time, and of the phase."""
    pause = pause if kind.pauses else 0.0
    phases = np.array([0.0, kind.still, 0.5 - pause / 2, 0.5 + pause / 2, 1 - kind.still, 1.0])
    if tempo is None:
        return phases, phases
    down, hold, up, rest = np.asarray(tempo, float) / sum(tempo)
    return np.cumsum([0.0, rest / 2, down, hold, up, rest / 2]), phases


def _performed(
    ends: np.ndarray, times: np.ndarray, duration: float, name: str
) -> Tuple[List[int], Tuple[Repetition, ...]]:
    """Numbers of the whole repetitions, and what is true of them."""
    numbers, performed = [], []
    for number, (start, end) in enumerate(zip(ends[:-1], ends[1:])):
        begins, turns, returns, stops = (float(time) for time in start + (end - start) * times[1:5])
        if name in STILL or begins < -1e-9 or stops > duration + 1e-9:
            continue
        rest = float((end - start) * (times[1] + times[5] - times[4]))
        numbers.append(number)
        performed.append(
            Repetition(begins, (turns + returns) / 2, stops, turns - begins, returns - turns, stops - returns, rest)
        )
    return numbers, tuple(performed)


def _leaning_aside(person: Person, kind: Kind, made: Made, asymmetry: float) -> np.ndarray:
    """How the stronger leg takes the weight where both feet stand, (T, 3) as `Motion.sway`."""
    sway = np.zeros((len(person.phase), 3))
    if kind.contact == "feet" and made.support is None:
        sway[:, 0] = -0.06 * asymmetry * _effort(person)
    return sway


def _effort(person: Person) -> np.ndarray:
    """0 at a repetition's ends, 1 at its turning point."""
    return (1 - np.cos(2 * np.pi * person.phase)) / 2


def _complete(
    made: Made,
    person: Person,
    stamps: np.ndarray,
    variation: float,
    contact: str,
    asymmetry: float,
    rng: np.random.Generator,
    habits: Mapping[str, float],
) -> Dict[str, np.ndarray]:
    """Every angle there is, in radians, with this person's sway, unevenness and habits, inside the limits."""
    effort = _effort(person)
    angles: Dict[str, np.ndarray] = {}
    weaker = "_l" if asymmetry > 0 else "_r"
    # Held by both hands, the body turns when one arm does more.
    turning = {"bar": "pelvis_list", "dip_bars": "pelvis_list", **dict.fromkeys(ON_HANDS, "pelvis_rotation")}.get(
        contact
    )
    for name in CENTRAL_ANGLES + tuple(name + side for name in SIDE_ANGLES for side in ("_r", "_l")):
        values = np.broadcast_to(np.asarray(made.angles.get(name, 0.0), float), stamps.shape).copy()
        joint = name[:-2] if name[:-2] in SIDE_ANGLES else name
        if name == turning:
            values += 6 * asymmetry * effort
        elif joint.startswith(ARMS) and name.endswith(weaker):
            rest = values[effort.argmin()]
            values = rest + (values - rest) * (1 - 0.3 * abs(asymmetry))
        uneven, sway = np.clip(rng.standard_normal(2), -2, 2)
        period, start = rng.uniform(2, 5), rng.random()
        # Arms and trunk wander; the legs carry the body, so they keep to the exercise.
        if joint.startswith(("arm", "elbow", "lumbar", "neck")) and contact == "feet":
            values += variation * (1.6 * uneven + 0.8 * sway * np.sin(2 * np.pi * (stamps / period + start)))
            values += habits.get(joint, 0.0)
        low, high = limits(name)
        if joint == "hip_adduction":
            high = min(high, INWARDS)
        angles[name] = np.radians(np.clip(values, low, high))
    return angles
