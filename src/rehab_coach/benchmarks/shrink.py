"""What a smaller pose network costs and what it is worth, against all six stages of mobilenet_thin in the same run.

Measured on whole pictures of the clips' groups that retraining holds out. A joint is found where the person is found
and the joint is seen; parts are of the joints that six stages see.
"""

import glob
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from rehab_coach.benchmarks.shrunk_recognition import answer_clips, every, recognition_table
from rehab_coach.errors import RehabCoachError
from rehab_coach.plotting import new_figure, save_figure
from rehab_coach.pose.clips import Clip, read_clips
from rehab_coach.pose.estimator import Pose
from rehab_coach.pose.network_file import MOBILENET_THIN, NetworkFile, find_network
from rehab_coach.pose.networks import PRECISIONS, Network, create_network
from rehab_coach.pose.part_affinity import JOINTS, decode
from rehab_coach.pose.tracking import SAME_PERSON, similarity
from rehab_coach.recognition.recognizer import Recognizer
from rehab_coach.shrinking.crops import INPUT, is_held_out, whole_pictures
from rehab_coach.shrinking.export import note_quality
from rehab_coach.shrinking.recipe import ShrinkRecipe

SCALES = (0.5, 1.0, 1.5, 2.0)
"""Of the network's input."""
EACH = 2
"""Places in a clip that are looked at, two pictures each."""
STEP = 1 / 15
"""Seconds between the two pictures, whose angles give a velocity."""
NEAR = 5.0
"""Pixels of the network's input."""
CORRECT = 0.1
"""Of the longer side of a person's box: PCK (Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of
Parts", 2013)."""
POWER = "/sys/class/powercap/*-rapl:[0-9]/energy_uj"
"""Counters of the processors' energy in microjoules, where the machine has them and lets them be read."""
ANGLES = {  # at the middle joint of each three, right and left, numbers of COCO-18
    "knee": ((8, 9, 10), (11, 12, 13)),
    "hip": ((2, 8, 9), (5, 11, 12)),
    "elbow": ((2, 3, 4), (5, 6, 7)),
}
HEAT = JOINTS + 1

Errors = List[Tuple[np.ndarray, Dict[str, np.ndarray]]]
"""For each person key points (18, 3) of the reference, and of each kind of angle the errors, right and left."""
Pictures = List[List[np.ndarray]]
"""For each place one or two pictures, uint8 (368, 432, 3)."""


@dataclass
class Accuracy:
    """Of one network, against six stages.

    Attributes:
        heat, fields: L2 distance of a picture's heat maps (with background), and of its fields.
        people: that are found, of `expected`.
        found, near, correct: joints that are seen, that are within NEAR, and within CORRECT, of `joints`.
        angles: of each kind the errors in degrees.
        velocities: likewise in degrees per second.
    """

    heat: List[float] = field(default_factory=list)
    fields: List[float] = field(default_factory=list)
    people: int = 0
    expected: int = 0
    found: int = 0
    near: int = 0
    correct: int = 0
    joints: int = 0
    angles: Dict[str, List[float]] = field(default_factory=lambda: {name: [] for name in ANGLES})
    velocities: List[float] = field(default_factory=list)

    @property
    def quality(self) -> float:
        """Joints within NEAR, in %."""
        return 100 * self.near / max(self.joints, 1)


class Size(NamedTuple):
    """Of a network: parameters, and floating-point operations for a picture of the estimator's input."""

    parameters: int
    operations: float


class Cost(NamedTuple):
    """Of a network, in one thread.

    Attributes:
        seconds: of the processor's time for a picture of the estimator's input times each of SCALES, the least of
            several.
        memory: bytes, the most that a process needs that computes pictures of that input and nothing else, Python and
            OpenVINO with it.
        energy: joules of the whole processor for such a picture, whatever else it does; None where they cannot be read.
    """

    seconds: Dict[float, float]
    memory: int
    energy: Optional[float] = None


class Asked(NamedTuple):
    """One of the networks that are compared.

    Attributes:
        name: of it, or path of its contract.
        precision: see `rehab_coach.pose.networks`.
        contract: of it.
    """

    name: str
    precision: str
    contract: NetworkFile

    @property
    def title(self) -> str:
        """In the tables."""
        return self.contract.name if self.precision == "f32" else "%s, %s" % (self.contract.name, self.precision)


def measure(
    data: str,
    names: Sequence[str],
    plot: str = "",
    note: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Measure maps, joints, angles, time and cost of networks, and report tables.

    Args:
        data: holds clips/clips.csv.
        names: of networks, or paths of their contracts, with ":bf16" behind them in bfloat16; six stages are always
            first.
        plot: PNG file for a picture of accuracy over time; "": none.
        note: whether the contracts are told the quality that was measured in float32 (of mobilenet_thin none is
            written).
        report: called with each table.

    Raises:
        RehabCoachError: no such data or network, or a network of another layout or stride.
    """
    asked = [ask(name) for name in (MOBILENET_THIN.name, *names)]
    networks = [create_network("auto", one.precision, network=one.contract) for one in asked]
    pictures = held_out_pictures(read_clips(os.path.join(data, "clips", "clips.csv")))
    titles = [one.title for one in asked]
    found = compare(networks, pictures)
    report(accuracy_table(titles, found))
    for one, result in zip(asked, found):
        if note and one.precision == "f32" and one.contract != MOBILENET_THIN:
            note_quality(one.name, result.quality)
    costs = [cost_of(one.contract, one.precision) for one in asked]
    report("\n" + speed_table(titles, costs))
    report("\n" + cost_table(titles, [size_of(one.contract) for one in asked], costs))
    if plot:
        _plot(plot, titles, [1000 * cost.seconds[1.0] for cost in costs], found)


def measure_recognition(data: str, names: Sequence[str], nth: int, cache: Optional[str] = None) -> str:
    """Every n-th clip of each label recognised and its repetitions counted with each network, as a table.

    Args:
        data, names: as of `measure`.
        nth: 1 or more.
        cache: folder of the clips' key points; None: they are not kept.

    Raises:
        RehabCoachError: no such data or network, or a clip that cannot be read.
    """
    asked = [ask(name) for name in (MOBILENET_THIN.name, *names)]
    clips = every(read_clips(os.path.join(data, "clips", "clips.csv")), nth)
    recognizer = Recognizer.load()
    answers = [answer_clips(clips, one.name, recognizer, cache, one.precision.replace("f32", "")) for one in asked]
    return recognition_table([one.title for one in asked], answers)


def ask(name: str) -> Asked:
    """A network as it is named on the command line; RehabCoachError where it cannot be compared."""
    name, _, precision = name.partition(":")
    if precision and precision not in PRECISIONS:
        raise RehabCoachError("%s:%s: a precision is one of %s" % (name, precision, ", ".join(PRECISIONS)))
    contract = find_network(name)
    if (contract.layout, contract.stride) != (MOBILENET_THIN.layout, MOBILENET_THIN.stride):
        raise RehabCoachError(
            "%s has another layout or stride than %s: their maps cannot be compared"
            % (contract.name, MOBILENET_THIN.name)
        )
    return Asked(name, precision or "f32", contract)


def held_out_pictures(clips: Sequence[Clip], each: int = EACH) -> Pictures:
    """Whole pictures of the clips that retraining learns nothing of, as the estimator shows them to a network."""
    clips = [clip for clip in clips if is_held_out(clip.group, ShrinkRecipe.held_out)]
    if not clips:
        raise RehabCoachError("none of the clips' groups is held out: give clips of more people")
    clips = tqdm(clips, desc="pictures", unit="clip", disable=None, leave=False)
    return [place for clip in clips for place in whole_pictures(clip, each, together=2, step=STEP)]


def compare(networks: Sequence[Network], pictures: Pictures) -> List[Accuracy]:
    """What each network gives of pictures against what the first does."""
    results = [Accuracy() for _ in networks]
    for place in tqdm(pictures, desc="comparing", unit="place", disable=None, leave=False):
        before: List[Errors] = []
        for picture in place:
            maps = [network(picture.astype(np.float32)) for network in networks]
            expected = _people(maps[0])
            after = []
            for given, result in zip(maps, results):
                difference = given - maps[0]
                result.heat.append(float(np.linalg.norm(difference[..., :HEAT])))
                result.fields.append(float(np.linalg.norm(difference[..., HEAT:])))
                after.append(_compare_people(_people(given), expected, result))
            for earlier, later, result in zip(before, after, results):
                _compare_velocities(earlier, later, result)
            before = after
    return results


def _people(maps: np.ndarray) -> List[Pose]:
    people = []
    for person in decode(maps):
        person[:, :2] *= np.where(person[:, 2:] > 0, MOBILENET_THIN.stride, 0)
        people.append(Pose(person))
    return people


def _compare_people(people: List[Pose], expected: List[Pose], result: Accuracy) -> Errors:
    """Count what is found; for each person that is, the joints of the reference and the errors of all angles."""
    left, matched = list(people), []
    for person in expected:
        result.expected += 1
        result.joints += int(person.seen.sum())
        best = max(left, key=lambda other: similarity(other, person), default=None)
        if best is None or similarity(best, person) < SAME_PERSON:
            continue
        left = [other for other in left if other is not best]
        result.people += 1
        both = best.seen & person.seen
        distance = np.linalg.norm(best.key_points[:, :2] - person.key_points[:, :2], axis=1)
        result.found += int(both.sum())
        result.near += int((both & (distance < NEAR)).sum())
        result.correct += int((both & (distance < CORRECT * person.height)).sum())
        ours, theirs = angles_of(best), angles_of(person)
        errors = {name: ours[name] - theirs[name] for name in ANGLES}
        for name, values in errors.items():
            result.angles[name].extend(np.abs(values[np.isfinite(values)]))
        matched.append((person.key_points, errors))
    return matched


def _compare_velocities(before: Errors, after: Errors, result: Accuracy) -> None:
    """The error of a velocity is how an angle's error changes; for those who are seen in both pictures."""
    for key_points, errors in after:
        for earlier, earlier_errors in before:
            if similarity(Pose(key_points), Pose(earlier)) >= SAME_PERSON:
                for name, values in errors.items():
                    change = np.abs(values - earlier_errors[name]) / STEP
                    result.velocities.extend(change[np.isfinite(change)])
                break


def angles_of(pose: Pose) -> Dict[str, np.ndarray]:
    """For each kind (right, left) in degrees, in the picture; NaN where a joint is not seen."""
    points = np.where(pose.seen[:, None], pose.key_points[:, :2], np.nan)
    found = {}
    for name, sides in ANGLES.items():
        values = []
        for first, middle, last in sides:
            one, other = points[first] - points[middle], points[last] - points[middle]
            values.append(np.degrees(np.abs(np.arctan2(one[0] * other[1] - one[1] * other[0], one @ other))))
        found[name] = np.array(values)
    return found


def _scaled(scale: float) -> Tuple[int, int]:
    """Width and height of the estimator's input times a scale, on the network's cells."""
    width, height = (int(side * scale) // MOBILENET_THIN.stride * MOBILENET_THIN.stride for side in INPUT)
    return width, height


def size_of(network: NetworkFile) -> Size:
    """Counted in the network as OpenVINO reads it."""
    from rehab_coach.pose.networks import read_openvino

    model = read_openvino(network)
    model.reshape([1, INPUT[1], INPUT[0], 3])
    parameters = 0
    operations = 0.0
    for operation in model.get_ops():
        if operation.get_type_name() not in ("Convolution", "GroupConvolution"):
            continue
        weights = operation.input(1).get_shape()
        groups = weights[0] if operation.get_type_name() == "GroupConvolution" else 1
        outputs = operation.output(0).get_shape()
        biased = any(reader.get_node().get_type_name() == "Add" for reader in operation.output(0).get_target_inputs())
        parameters += int(np.prod(weights)) + (outputs[1] if biased else 0)
        operations += 2.0 * np.prod(weights) / groups / (weights[0] if groups == 1 else weights[1]) * np.prod(outputs)
    return Size(parameters, operations)


def accuracy_table(titles: Sequence[str], results: Sequence[Accuracy]) -> str:
    """One line a network: distances of the maps, people, joints, errors of angles and velocities."""
    lines = [
        "%d pictures of held-out groups, %d people; against %s"
        % (len(results[0].heat), results[0].expected, titles[0]),
        "%-22s %7s %7s %6s %7s %6s %6s %12s %12s %12s %14s"
        % ("", "heat L2", "PAF L2", "people", "found %", "5 px %", "PCK %", "knee", "hip", "elbow", "velocity"),
    ]
    for title, result in zip(titles, results):
        spread = [_median_and_most(result.angles[name]) for name in ANGLES] + [_median_and_most(result.velocities)]
        lines.append(
            "%-22s %7.2f %7.2f %6d %7.1f %6.1f %6.1f"
            % (
                title,
                np.mean(result.heat),
                np.mean(result.fields),
                result.people,
                100 * result.found / max(result.joints, 1),
                result.quality,
                100 * result.correct / max(result.joints, 1),
            )
            + " %12s %12s %12s %14s" % tuple(spread)
        )
    lines.append("angles: error in degrees, velocity: in degrees per second; median / 95 %")
    return "\n".join(lines)


def speed_table(titles: Sequence[str], costs: Sequence[Cost]) -> str:
    """One line a network: milliseconds of the processor's time and ratio to the first at each scale."""
    sizes = " ".join("%17s" % ("%d x %d" % _scaled(scale)) for scale in SCALES)
    lines = ["%-22s %s" % ("processor ms", sizes)]
    for title, cost in zip(titles, costs):
        times = [(1000 * cost.seconds[scale], costs[0].seconds[scale] / cost.seconds[scale]) for scale in SCALES]
        lines.append("%-22s %s" % (title, " ".join("%17s" % ("%.1f (%.2fx)" % values) for values in times)))
    return "\n".join(lines)


def cost_of(network: NetworkFile, precision: str = "f32") -> Cost:
    """Measured in a process of its own, in one thread."""
    # Started anew: a copy of this process would hold this one's memory.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_cost_here, network, precision).result()


def _cost_here(network: NetworkFile, precision: str, pictures: int = 7) -> Cost:
    run = create_network("auto", precision, 1, network)
    random = np.random.default_rng(0)
    seconds: Dict[float, float] = {}
    memory, energy = 0, None
    for scale in sorted(SCALES, key=lambda scale: abs(scale - 1)):  # 1 first: larger pictures need more memory
        width, height = _scaled(scale)
        picture = random.uniform(0, 255, (height, width, 3)).astype(np.float32)
        run(picture)
        used, before = [], energy_so_far()
        for _ in range(pictures):
            began = time.process_time()
            run(picture)
            used.append(time.process_time() - began)
        seconds[scale] = min(used)  # whatever else runs only adds to it
        if scale == 1:
            after = energy_so_far()
            # A counter that has begun anew says nothing.
            energy = None if before is None or after is None or after < before else (after - before) / pictures
            with open("/proc/self/status", encoding="ascii") as status:
                memory = 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return Cost(seconds, memory, energy)


def energy_so_far(counters: str = POWER) -> Optional[float]:
    """Joules that the processors have used since some moment; None where no counter can be read."""
    try:
        values = [int(open(path, encoding="ascii").read()) for path in glob.glob(counters)]
    except OSError:  # for the system's administrator alone
        return None
    return sum(values) / 1e6 if values else None


def cost_table(titles: Sequence[str], sizes: Sequence[Size], costs: Sequence[Cost]) -> str:
    """One line a network: parameters, operations, memory, energy."""
    lines = ["%-22s %12s %7s %10s %10s" % ("", "parameters", "GFLOP", "memory MB", "energy J")]
    for title, size, cost in zip(titles, sizes, costs):
        energy = "unreadable" if cost.energy is None else "%.2f" % cost.energy
        lines.append(
            "%-22s %12d %7.2f %10.0f %10s" % (title, size.parameters, size.operations / 1e9, cost.memory / 1e6, energy)
        )
    return "\n".join(lines)


def _median_and_most(errors: Sequence[float]) -> str:
    return "%.1f / %.1f" % tuple(np.percentile(errors, (50, 95))) if len(errors) else "none"


def pareto_front(points: Sequence[Tuple[float, float]]) -> List[int]:
    """Numbers of the points (cost, worth) that no other beats in both, by cost."""
    order = sorted(range(len(points)), key=lambda number: (points[number][0], -points[number][1]))
    front: List[int] = []
    for number in order:
        if not front or points[number][1] > points[front[-1]][1]:
            front.append(number)
    return front


def _plot(path: str, titles: Sequence[str], milliseconds: Sequence[float], results: Sequence[Accuracy]) -> None:
    worth = [result.quality for result in results]
    front = pareto_front(list(zip(milliseconds, worth)))
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    axes.plot([milliseconds[i] for i in front], [worth[i] for i in front], "-", color="#5b8c5a", label="Pareto front")
    axes.plot(milliseconds, worth, "o", color="#2a6f97")
    middle = (min(milliseconds) + max(milliseconds)) / 2
    for title, x, y in zip(titles, milliseconds, worth):
        # Towards the middle, so that none runs past an edge.
        side, shift = ("left", (5, -10)) if x < middle else ("right", (-5, 4))
        axes.annotate(title, (x, y), xytext=shift, textcoords="offset points", fontsize=8, horizontalalignment=side)
    axes.set_xlabel("processor milliseconds for a picture of %d x %d" % INPUT)
    axes.set_ylabel("joints within %d pixels of six stages' (%%)" % NEAR)
    axes.margins(x=0.15)
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)
