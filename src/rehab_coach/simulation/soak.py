"""What came of many rounds with a virtual patient: was the coach right, did the robot keep to its limits?

No ROS and no clock: whoever watches the coach tells a `SoakLog` what happened, in any order, and asks for the result.
"""

import math
from collections import defaultdict
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from rehab_coach.exercises import EXERCISES, UNKNOWN
from rehab_coach.robot.answer import RoundJoin
from rehab_coach.robot.velocity import Velocity, VelocityLimits
from rehab_coach.rounds import Kind

WARM = 5  # rounds after which memory must not grow any more
VIEWS = (("front", 30.0), ("oblique", 60.0), ("side", 90.0))
"""Names, and degrees between the camera and the person's front or back up to which they hold."""
VERDICTS = (Kind.CORRECT, Kind.WRONG, Kind.PROBLEM)
REACTION = 0.2  # s that a request may need to reach a robot that still moves, and by which two nodes' clocks may differ
ROUNDING = 1e-6  # of a velocity on its way through a message


def view_of(yaw: float) -> str:
    """From where the camera saw a person who was turned by so many degrees: one of VIEWS."""
    aside = abs(math.remainder(yaw, 180.0))
    return next(name for name, limit in VIEWS if aside <= limit)


@dataclass
class Round:
    """What happened in one round; what is None did not come.

    Attributes:
        round: its number.
        asked: the exercise asked for.
        response, label: the motion that the patient did, and what a recogniser should say of it.
        faults: what she did wrong in it.
        yaw: degrees by which she was turned.
        person: number of the person.
        predictions: how many came: one is right.
        status, seen, confidence, input_rate: of the prediction; the rate is in pictures per second.
        verdict: kind of the coach's answer, one of VERDICTS.
        in_view: share of the joints that were in the picture, over the pictures of the recording.
        key_point_error: median distance of the estimated joints from the true ones, as a share of how large she is in
            the picture.
    """

    round: int
    asked: Optional[str] = None
    response: Optional[str] = None
    label: Optional[str] = None
    faults: Tuple[str, ...] = ()
    yaw: float = 0.0
    person: int = 0
    predictions: int = 0
    status: Optional[str] = None
    seen: Optional[str] = None
    confidence: float = 0.0
    input_rate: float = 0.0
    verdict: Optional[str] = None
    in_view: Optional[float] = None
    key_point_error: Optional[float] = None

    @property
    def right(self) -> bool:
        """The verdict agrees with the truth."""
        expected = Kind.CORRECT if self.label == self.asked else Kind.WRONG
        return self.label is not None and self.verdict == expected

    @property
    def recognised(self) -> bool:
        """The network said what she did."""
        return self.label is not None and self.seen == self.label

    @property
    def inconsistent(self) -> str:
        """Why the round cannot have gone as it should; empty: it did, whether the network was right or not."""
        if self.response is None:
            return "the patient did nothing"
        if self.predictions != 1:
            return "%d predictions" % self.predictions
        join = RoundJoin()
        join.request(self.round, self.asked or "")
        due = join.answer(self.status or "", self.seen or "", self.confidence).kind
        return "" if self.verdict == due else "the answer was %s, not %s" % (self.verdict, due)


class _Memory(NamedTuple):
    """Resident set of a node after a round."""

    round: int
    process: int
    size: int


class SoakLog:
    """Collects what happens.

    Args:
        limits: of the velocities that the robot is configured for.
    """

    def __init__(self, limits: VelocityLimits):
        self._limits = limits
        self._rounds: Dict[int, Round] = {}
        self._recordings: Dict[int, List[float]] = {}  # from the request to the prediction, seconds
        self._outside: List[str] = []
        self._moving: List[float] = []
        self._joints: Dict[int, List[float]] = defaultdict(list)
        self._true: Dict[float, Tuple[int, np.ndarray]] = {}  # stamp of a picture -> round and true key points
        self._errors: Dict[int, List[float]] = defaultdict(list)
        self._memory: Dict[str, List[_Memory]] = defaultdict(list)
        self._pictures: List[Tuple[float, float]] = []  # stamps, and when they came
        self._way = [np.zeros(3)]  # of the robot: x, y, yaw

    def _round(self, number: int) -> Round:
        return self._rounds.setdefault(number, Round(number))

    def request(self, stamp: float, number: int, label: str) -> None:
        """Somebody was asked."""
        self._round(number).asked = label
        self._recordings[number] = [stamp, math.inf]

    def truth(self, stamp: float, number: int, key_points: np.ndarray, **values: Any) -> None:
        """What the patient does about a round, told with every picture: true key points (18, 3), fields of Round."""
        entry = self._round(number)
        if entry.predictions:  # it is over; soon somebody else may stand there
            return
        self._joints[number].append(float((key_points[:, 2] > 0).mean()))
        self._true[stamp] = number, key_points
        for name, value in values.items():
            setattr(entry, name, value)

    def skeleton(self, stamp: float, key_points: np.ndarray) -> None:
        """What the estimator saw, (18, 3), in the picture with a stamp; those before it need no truth any more."""
        number, true = self._true.get(stamp, (0, key_points))
        for earlier in [other for other in list(self._true) if other <= stamp]:  # another thread may add to it
            del self._true[earlier]
        inside = true[:, 2] > 0
        seen = inside & (key_points[:, 2] > 0)
        if number and seen.any():
            large = np.ptp(true[inside, :2], axis=0).max()
            self._errors[number] += (np.linalg.norm((key_points - true)[seen, :2], axis=1) / large).tolist()

    def prediction(
        self, stamp: float, number: int, status: str, label: str, confidence: float, input_rate: float = 0.0
    ) -> None:
        """The network answered."""
        entry = self._round(number)
        entry.predictions += 1
        entry.status, entry.seen = status, label or status
        entry.confidence, entry.input_rate = round(confidence, 4), round(input_rate, 2)
        self._recordings.setdefault(number, [-math.inf, stamp])[1] = stamp

    def verdict(self, number: int, kind: str) -> None:
        """The coach answered; other messages than VERDICTS are nothing to a round."""
        if kind in VERDICTS and number:
            self._round(number).verdict = kind

    def command(self, stamp: float, linear: float, angular: float) -> None:
        """A velocity went to the wheels."""
        finite = math.isfinite(linear) and math.isfinite(angular)
        allowed = self._limits.clamp(Velocity(linear, angular))
        if not finite or max(abs(allowed.linear - linear), abs(allowed.angular - angular)) > ROUNDING:
            self._outside.append("%.3f m/s and %.3f rad/s at %.2f s" % (linear, angular, stamp))
        if not (finite and Velocity(linear, angular).is_still):
            self._moving.append(stamp)

    def picture(self, stamp: float, now: float) -> None:
        """The camera took a picture; `now` is this computer's time, in seconds."""
        self._pictures.append((stamp, now))

    def place(self, x: float, y: float, yaw: float) -> None:
        """Where the robot is, counted from where it began: metres and radians."""
        self._way.append(np.array([x, y, yaw]))

    def memory(self, number: int, node: str, process: int, size: int) -> None:
        """Bytes that a node held after a round."""
        self._memory[node].append(_Memory(number, process, size))

    @property
    def done(self) -> List[Round]:
        """The rounds that are over, in their order."""
        return [
            entry
            for number, entry in sorted(self._rounds.items())
            # Before its prediction the verdict may be a problem that passes, such as a camera that comes late.
            if entry.verdict is not None and entry.predictions or number < max(self._rounds)
        ]

    @property
    def asked(self) -> bool:
        """Whether there was any request."""
        return bool(self._recordings)

    @property
    def violations(self) -> List[str]:
        """Velocities outside the limits, and those while a person was filmed."""
        return self._outside + [
            "a motion %.2f s after the request of round %d" % (stamp - start, number)
            for stamp in self._moving
            for number, (start, end) in self._recordings.items()
            if start + REACTION < stamp < end - REACTION
        ]

    def memory_growth(self) -> Dict[str, float]:
        """Megabytes by which each node's memory was larger than after round WARM, at most."""
        growth = {}
        for node, entries in self._memory.items():
            warm = [entry for entry in entries if entry.round >= WARM]
            # A node that was started again has a memory of its own.
            first = {entry.process: entry.size for entry in reversed(warm)}
            if len(warm) > 1:
                growth[node] = max(entry.size - first[entry.process] for entry in warm) / 1e6
        return growth

    def result(self) -> Dict[str, Any]:
        """What soak.json holds: see the module `ros.soak`."""
        rounds, growth = self.done, self.memory_growth()
        for entry in rounds:
            joints, errors = self._joints[entry.round], self._errors[entry.round]
            entry.in_view = round(sum(joints) / len(joints), 3) if joints else None
            entry.key_point_error = round(median(errors), 4) if errors else None
        groups: Dict[Tuple[str, str], List[Round]] = defaultdict(list)
        for entry in rounds:
            if entry.label is not None:
                groups[entry.label, view_of(entry.yaw)].append(entry)
        own = sorted({label for label, _ in groups} - {*EXERCISES, UNKNOWN})
        order = [*EXERCISES, *own, UNKNOWN]
        views = [name for name, _ in VIEWS]
        return {
            "rounds": len(rounds),
            "right_answers": sum(entry.right for entry in rounds),
            "recognised": sum(entry.recognised for entry in rounds),
            "inconsistent_rounds": sum(bool(entry.inconsistent) for entry in rounds),
            "limit_violations": len(self.violations),
            "violations": self.violations,
            "memory_growth_mb": round(max(growth.values()), 1) if growth else None,
            "memory_growth_mb_of": {node: round(size, 1) for node, size in sorted(growth.items())},
            "memory_mb": {
                node: [round(entry.size / 1e6, 1) for entry in entries]
                for node, entries in sorted(self._memory.items())
            },
            "input_rate_hz": _median(entry.input_rate for entry in rounds),
            **self._pace(),
            "robot": self._journey(),
            "people": len({entry.person for entry in rounds}),
            "per_exercise_and_view": [
                {
                    "shown": label,
                    "view": view,
                    "rounds": len(group),
                    "right_answers": sum(entry.right for entry in group),
                    "recognised": sum(entry.recognised for entry in group),
                    "key_point_error": _median(entry.key_point_error for entry in group),
                }
                for (label, view), group in sorted(
                    groups.items(), key=lambda item: (order.index(item[0][0]), views.index(item[0][1]))
                )
            ],
            "outcomes": [
                dict(
                    asdict(entry),
                    right=entry.right,
                    recognised=entry.recognised,
                    inconsistent=entry.inconsistent or None,
                )
                for entry in rounds
            ],
        }

    def _pace(self) -> Dict[str, Optional[float]]:
        """Pictures per second of the nodes' clock, and that clock's seconds per second of this computer."""
        if len(self._pictures) < 2:
            return {"camera_rate_hz": None, "real_time_factor": None}
        stamps, real = np.subtract(self._pictures[-1], self._pictures[0])
        return {
            "camera_rate_hz": round((len(self._pictures) - 1) / stamps, 1),
            "real_time_factor": round(stamps / real, 2),
        }

    def _journey(self) -> Dict[str, float]:
        """Where the robot stands at the end, and how far it drove and turned on the way."""
        way = np.array(self._way)
        x, y, yaw = way[-1]
        steps = np.diff(way, axis=0)
        turns = np.remainder(steps[:, 2] + np.pi, 2 * np.pi) - np.pi
        return {
            "metres": round(math.hypot(x, y), 3),
            "degrees": round(math.degrees(math.remainder(yaw, 2 * math.pi)), 1),
            "driven_m": round(float(np.hypot(steps[:, 0], steps[:, 1]).sum()), 2),
            "turned_deg": round(math.degrees(np.abs(turns).sum())),
        }


def _median(values: Iterable[Optional[float]]) -> Optional[float]:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def table(result: Dict[str, Any]) -> str:
    """The result for people: how often the coach was right, per exercise and view, and everything else that counts."""
    views = [name for name, _ in VIEWS]
    lines = ["%-14s" % "shown" + "".join("%12s" % name for name in views + ["all", "recognised"])]
    cells: Dict[str, Dict[str, List[int]]] = {}
    for group in result["per_exercise_and_view"]:
        for label in (group["shown"], "all"):
            for view in (group["view"], "all"):
                sums = cells.setdefault(label, {}).setdefault(view, [0, 0, 0])
                for place, name in enumerate(("right_answers", "rounds", "recognised")):
                    sums[place] += group[name]
    for label in [label for label in cells if label != "all"] + ["all"]:
        of_label = cells.get(label, {})
        texts = ["%d of %d" % tuple(of_label[view][:2]) if view in of_label else "-" for view in views + ["all"]]
        texts.append("%d of %d" % (of_label["all"][2], of_label["all"][1]) if "all" in of_label else "-")
        lines.append("%-14s" % label + "".join("%12s" % text for text in texts))
    lines.append("front, oblique, side, all: rounds in which the verdict agreed with the truth")
    error = _median(entry["key_point_error"] for entry in result["outcomes"])
    if result["input_rate_hz"]:
        text = "pictures estimated, while recording: %.1f per second" % result["input_rate_hz"]
        lines.append(text + ("" if error is None else "; key points off by %.1f %% of her size" % (100 * error)))
    if result["real_time_factor"]:
        lines.append("camera: %(camera_rate_hz).1f pictures a second; real-time factor %(real_time_factor).2f" % result)
    lines.append(
        "the robot drove %(driven_m).2f m and turned %(turned_deg).0f degrees in all; it ended %(metres).2f m and "
        "%(degrees).0f degrees from where it began" % result["robot"]
    )
    growth = result["memory_growth_mb"]
    lines.append(
        "%d rounds with %d people; %d inconsistent; %d motions outside the limits; %s"
        % (
            result["rounds"],
            result["people"],
            result["inconsistent_rounds"],
            result["limit_violations"],
            "memory not known, too few rounds" if growth is None else "memory grew by %.1f MB at most" % growth,
        )
    )
    return "\n".join(lines)
