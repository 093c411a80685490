"""A body in space from key points of one camera: the depth that a picture lacks, from what is known of bodies.

Wanted are the joints in metres in the camera's frame, for all frames at once, that explain the picture best while

    - limbs keep their length: the longest that they were seen, if bodies have such lengths;
    - nothing accelerates or turns more than exercising people do;
    - hips and shoulders lie square to the trunk and about parallel, thighs and shanks move about forwards;
    - knees bend backwards and hips forwards;
    - limbs are straight rather than bent where the picture does not tell: near its full length a limb looks as long
      for 0 as for 20 degrees, and people who stand stand straight;
    - feet that do not move in the picture do not move in space, and who stands has both on one floor;
    - who stands has the centre of mass over the feet, which also tells how the camera is pitched;
    - depths are near to those of the estimator's world coordinates, where there are some.

All of it is one least-squares problem (`Weights` has the standard deviations), solved by Gauss-Newton.
"""

from dataclasses import dataclass
from typing import Dict, Iterator, List, Tuple, Union

import numpy as np
from scipy.interpolate import PchipInterpolator

from rehab_coach.errors import RehabCoachError
from rehab_coach.kinematics.angles.body_model import FOUND, HEIGHT, JOINTS, MASSES, SEGMENTS, Weights
from rehab_coach.kinematics.angles.first_depths import first_depths
from rehab_coach.kinematics.angles.frame_equations import FrameEquations
from rehab_coach.kinematics.geometry import dot, unit
from rehab_coach.kinematics.points import SIDES, BodyPoints, body_points, resampled
from rehab_coach.kinematics.threads import one_thread
from rehab_coach.skeleton import SkeletonSequence

FOCAL_LENGTH = 0.8
"""Of the longer side of the picture: phones and webcams have 0.7 to 1."""
RATE = 12.0
"""Frames per second of the fit: exercises stay below 3 Hz."""
STEPS = 12
STEADY = 0.25
"""Seconds before and after over which the speed of a foot is taken: it trembles in the picture while it stands."""
FEET = ("ankle", "heel", "foot_index")
SETTLED = 0.002
"""Metres, root mean square, that a last step may move the joints: a degree or less."""
BACKWARDS = 0.26
"""Sine of the angle by which somebody who stands leans back at most (15 degrees)."""
LONGEST_LIMBS = ("trunk", "thigh", "shank")
LEAST_SIDE = 0.95
"""Of the longer side's limb, the other's: not bodies, but where estimators mark their joints, is uneven by that."""


@dataclass(frozen=True, eq=False)
class FittedBody:
    """What came out.

    Attributes:
        points: D = 3, metres in the camera's frame at the sequence's own stamps, NaN where a joint was not seen.
        up: (3,) direction against gravity.
        lengths: of each kind of segment, over the body's height.
        steps: of Gauss-Newton until nothing moved any more.
    """

    points: BodyPoints
    up: np.ndarray
    lengths: Dict[str, float]
    steps: int


@one_thread
def fit_body(sequence: SkeletonSequence, weights: Weights = Weights(), world: bool = True) -> FittedBody:
    """Fit the body.

    Args:
        sequence: any layout; both hips, both shoulders and a knee must be seen somewhere.
        weights: how much each thing that is known counts.
        world: use the sequence's world coordinates if it has them.

    Raises:
        RehabCoachError: too little of the body is seen, or nothing like one.
    """
    fit = _Fit(sequence, weights, world)
    try:
        steps = fit.run()
        if not np.isfinite(fit.places).all():
            raise np.linalg.LinAlgError("the estimate is not finite")
    except np.linalg.LinAlgError as error:
        raise RehabCoachError(
            "no body fits what was seen (%s): take the angles from the picture (2d)" % error
        ) from error
    return FittedBody(
        fit.points(),
        unit(np.array([0, -1, -fit.pitch])),
        {kind: fit.length(kind) / HEIGHT for kind in fit.kinds},
        steps,
    )


class _Fit:
    """One problem: what was seen, and the estimate so far."""

    def __init__(self, sequence: SkeletonSequence, weights: Weights, world: bool):
        self.weights = weights
        self.seen = body_points(sequence, 2)
        picture = resampled(self.seen, RATE)
        self.stamps = picture.stamps
        self.joints = {
            name: number for number, name in enumerate(name for name in JOINTS if picture.scores[name].any())
        }
        missing = {side + joint for side in SIDES for joint in ("_hip", "_shoulder")} - set(self.joints)
        if missing or not {"right_knee", "left_knee"} & set(self.joints):
            raise RehabCoachError("a body cannot be fitted: hips, shoulders and knees are not all in the picture")
        self.kinds = [kind for kind in SEGMENTS if any(True for _ in self._pairs(kind))]
        self.numbers: Dict[str, List[int]] = {}  # of each pair's length: limbs have one on each side
        for kind in self.kinds:
            first, pairs = sum(map(len, map(set, self.numbers.values()))), len(list(self._pairs(kind)))
            self.numbers[kind] = list(range(first, first + pairs)) if SEGMENTS[kind].sided else [first] * pairs
        focal_length = FOCAL_LENGTH * max(sequence.size)
        centre = (np.array(sequence.size) - 1) / 2
        self.image = (np.stack([picture.places[name] for name in self.joints], axis=1) - centre) / focal_length
        self.distance, self.lengths = self._sizes()
        self.speeds = self._speeds()
        self.expected, self.pitch = self.lengths.copy(), 0.0
        self.certainty = self._certainty(np.stack([picture.scores[name] for name in self.joints], axis=1))
        self.world = self._world(sequence) if world and sequence.world is not None else None
        if self.world is None:
            depth = first_depths(self.joints, self.image * self.distance, self.stamps, self.seen)
        else:
            depth = self.world - self.world.mean(axis=1, keepdims=True)
        depth = np.maximum(self.distance + depth, 0.3)[..., None]
        self.places = np.concatenate([self.image * depth, depth], axis=2)

    def _pairs(self, kind: str) -> Iterator[Tuple[int, int]]:
        for first, second in SEGMENTS[kind].pairs:
            if first in self.joints and second in self.joints:
                yield self.joints[first], self.joints[second]

    def _sizes(self) -> Tuple[float, np.ndarray]:
        """Metres to the person, and the lengths of the segments: as long as they were seen, if that can be."""
        seen: Dict[str, List[float]] = {
            kind: [
                float(np.percentile(np.linalg.norm(self.image[:, first] - self.image[:, second], axis=1), 90))
                for first, second in self._pairs(kind)
            ]
            for kind in self.kinds
        }
        ratios = [max(seen[kind]) / SEGMENTS[kind].length for kind in LONGEST_LIMBS if kind in seen]
        distance = HEIGHT / max(float(np.median(ratios)), 1e-3)
        lengths = np.zeros(self.numbers[self.kinds[-1]][-1] + 1)
        for kind in self.kinds:
            segment, longer = SEGMENTS[kind], max(seen[kind])
            usual = segment.length * HEIGHT
            for number, own in zip(self.numbers[kind], seen[kind]):
                share = (max(own, LEAST_SIDE * longer) if segment.sided else longer) * distance / usual
                lengths[number] = usual * min(share, segment.longest) if share > segment.shortest else usual
        return distance, lengths

    def _speeds(self) -> np.ndarray:
        """How fast joints move in the picture's plane from frame to frame, m/s (T - 1, V)."""
        reach = max(1, int(round(STEADY * RATE)))
        near = np.arange(len(self.stamps) - 1)
        after, before = np.minimum(near + 1 + reach, len(self.stamps) - 1), np.maximum(near - reach, 0)
        way = np.linalg.norm(self.image[after] - self.image[before], axis=2) * self.distance
        return way / (self.stamps[after] - self.stamps[before])[:, None]

    def _certainty(self, scores: np.ndarray) -> np.ndarray:
        """One over the standard deviation of each key point, (T, V); what is a high score differs with estimators."""
        found = np.array([FOUND[name.split("_", 1)[1]] for name in self.joints])
        scores = scores / np.percentile(scores[scores > 0], 90)
        return np.where(scores > 0, np.clip(scores, 0.1, 1) * self.distance / (found * self.weights.picture), 0)

    def _world(self, sequence: SkeletonSequence) -> np.ndarray:
        """Depths (T, V) of the estimator's world coordinates, metres for a body of HEIGHT."""
        points = resampled(body_points(sequence, 3), RATE)
        world = np.stack([points.places[name] for name in self.joints], axis=1)
        ratios = [
            SEGMENTS[kind].length * HEIGHT / np.median(np.linalg.norm(world[:, first] - world[:, second], axis=1))
            for kind in LONGEST_LIMBS
            for first, second in self._pairs(kind)
        ]
        return world[..., 2] * np.median(ratios)

    def run(self) -> int:
        """Gauss-Newton, damped at first; the number of steps that it took."""
        for number in range(STEPS):
            move, shared = self._equations().solve(1.0 if number < 4 else 0.01)
            self.places = self.places + np.clip(move, -0.3, 0.3)
            self.places[..., 2] = np.maximum(self.places[..., 2], 0.3)
            self.lengths = np.maximum(self.lengths + np.clip(shared[:-1], -0.05, 0.05), 0.02)
            self.pitch = float(np.clip(self.pitch + np.clip(shared[-1], -0.2, 0.2), -1, 1))
            shape = move - move[:, :1]  # where the whole body is does not matter
            if np.sqrt((shape**2).mean()) < SETTLED:
                break
        return number + 1

    def points(self) -> BodyPoints:
        """The fitted joints at the sequence's own stamps; the head, which is not fitted, is left out."""
        nowhere = np.full((len(self.seen.stamps), 3), np.nan)
        places = dict.fromkeys(self.seen.places, nowhere)
        for name, joint in self.joints.items():
            place = self.places[:, joint]
            if len(self.stamps) > 1:
                place = PchipInterpolator(self.stamps, place, axis=0)(self.seen.stamps)
            places[name] = np.where((self.seen.scores[name] > 0)[:, None], place, np.nan)
        for name, sides in (("neck", "_shoulder"), ("pelvis", "_hip")):
            places[name] = (places["right" + sides] + places["left" + sides]) / 2
        return BodyPoints(self.seen.stamps, places, self.seen.scores)

    # What is known, as equations.

    def _equations(self) -> FrameEquations:
        equations = FrameEquations(len(self.stamps), len(self.joints), len(self.lengths) + 1)
        self._picture(equations)
        self._segments(equations)
        self._over_time(equations)
        self._trunk(equations)
        for side in SIDES:
            self._arm(equations, side)
            self._leg(equations, side)
        self._balance(equations)
        return equations

    def _picture(self, equations: FrameEquations) -> None:
        for joint in range(len(self.joints)):
            x, y, z = self.places[:, joint].T
            residual = (np.stack([x / z, y / z], axis=1) - self.image[:, joint]) * self.certainty[:, joint, None]
            far = np.linalg.norm(residual, axis=1)
            # Huber's: what is further off than two standard deviations pulls no harder than two.
            weight = np.sqrt(2 / np.maximum(far, 2))
            derivative = np.zeros((len(z), 2, 3))
            derivative[:, 0, 0] = derivative[:, 1, 1] = 1 / z
            derivative[:, 0, 2], derivative[:, 1, 2] = -x / z**2, -y / z**2
            derivative *= (weight * self.certainty[:, joint])[:, None, None]
            equations.add(residual * weight[:, None], {joint: derivative})

    def _segments(self, equations: FrameEquations) -> None:
        sight = np.array([0.0, 0, 1])
        for kind in self.kinds:
            segment = SEGMENTS[kind]
            for number, (first, second) in zip(self.numbers[kind], self._pairs(kind)):
                length = self.lengths[number]
                way = self.places[:, second] - self.places[:, first]
                far = np.linalg.norm(way, axis=1)
                direction = (way / np.maximum(far, 1e-6)[:, None] / segment.give)[:, None]
                equations.add(
                    ((far - length) / segment.give)[:, None],
                    {first: -direction, second: direction},
                    (number, np.array(-1 / segment.give)),
                )
                if self.world is not None:
                    depth = self.world[:, second] - self.world[:, first]
                    self._along(equations, first, second, sight, self.weights.world, depth)
                elif kind in ("upper_arm", "forearm"):
                    self._along(equations, first, second, sight, self.weights.arm_depth * length)
            broad = kind in ("hips", "shoulders", "diagonal")
            share = self.weights.breadth if broad else self.weights.length
            for number in sorted(set(self.numbers[kind])):
                difference = self.lengths[number] - self.expected[number]
                equations.expect(number, difference, share * segment.length * HEIGHT)

    def _over_time(self, equations: FrameEquations) -> None:
        if len(self.stamps) < 2:
            return
        step = self.stamps[1] - self.stamps[0]
        for joint in range(len(self.joints)):
            equations.add_over_time((1, -2, 1), {joint: 1}, self.places, self.weights.acceleration * step**2)
        for name, joint in self.joints.items():
            if name.split("_", 1)[1] in FEET:
                away = self.weights.still * step**0.5 + 2 * self.speeds[:, joint] * step
                equations.add_over_time((-1, 1), {joint: 1}, self.places, away)
        for kind in ("hips", "shoulders"):
            ((right, left),) = self._pairs(kind)
            deviation = self.weights.turning * step**0.5 * SEGMENTS[kind].length * HEIGHT
            equations.add_over_time((-1, 1), {right: 1, left: -1}, self.places, deviation)

    def _trunk(self, equations: FrameEquations) -> None:
        ((right_hip, left_hip),), ((right_shoulder, left_shoulder),) = self._pairs("hips"), self._pairs("shoulders")
        hips = (left_hip, right_hip, self.length("hips"))
        shoulders = (left_shoulder, right_shoulder, self.length("shoulders"))
        place = self.places
        up = unit(place[:, right_shoulder] + place[:, left_shoulder] - place[:, right_hip] - place[:, left_hip])
        for start, end, length in (hips, shoulders):
            self._along(equations, start, end, up, self.weights.square * length)
        self._alike(equations, hips, shoulders, self.weights.parallel)
        self._across = unit(
            unit(place[:, right_hip] - place[:, left_hip]) + unit(place[:, right_shoulder] - place[:, left_shoulder])
        )
        self._ahead = np.cross(up, self._across)

    def _arm(self, equations: FrameEquations, side: str) -> None:
        shoulder = self.joints[side + "_shoulder"]
        elbow, wrist = self.joints.get(side + "_elbow"), self.joints.get(side + "_wrist")
        if elbow is not None and wrist is not None:
            upper, lower = self.length("upper_arm"), self.length("forearm")
            self._alike(equations, (shoulder, elbow, upper), (elbow, wrist, lower), self.weights.elbow, robust=True)

    def _leg(self, equations: FrameEquations, side: str) -> None:
        weights = self.weights
        shoulder, hip = self.joints[side + "_shoulder"], self.joints[side + "_hip"]
        knee, ankle = self.joints.get(side + "_knee"), self.joints.get(side + "_ankle")
        if knee is None:
            return
        thigh = (hip, knee, self.length("thigh"))
        self._along(equations, hip, knee, self._across, weights.sideways * thigh[2])
        self._alike(equations, (shoulder, hip, self.length("trunk")), thigh, weights.hip)
        self._bends(equations, (shoulder, hip, knee), -1, weights.extension)
        if ankle is None:
            return
        shank = (knee, ankle, self.length("shank"))
        self._along(equations, knee, ankle, self._across, weights.sideways * shank[2])
        self._alike(equations, thigh, shank, weights.knee, robust=True)
        self._bends(equations, (hip, knee, ankle), 1, 0.0)

    def _balance(self, equations: FrameEquations) -> None:
        """The centre of mass is over the ankles; the direction of gravity is fitted with it."""
        equations.expect(len(self.lengths), self.pitch, self.weights.pitch)
        if not all(side + joint in self.joints for side in SIDES for joint in MASSES):
            return
        shares = {
            self.joints[side + joint]: (mass - (joint == "_ankle")) / 2
            for side in SIDES
            for joint, mass in MASSES.items()
        }
        way = sum(share * self.places[:, joint] for joint, share in shares.items())
        stature = (
            sum(
                self.places[:, self.joints[side + "_ankle"]] - self.places[:, self.joints[side + "_shoulder"]]
                for side in SIDES
            )
            / 2
        )
        tall = sum(SEGMENTS[kind].length * HEIGHT for kind in LONGEST_LIMBS)
        stands = (stature[:, 1] > 0.35 * tall) & (np.abs(stature[:, 0]) < stature[:, 1])
        residual = (way[:, 2] - self.pitch * way[:, 1]) / self.weights.balance
        weight = stands / np.sqrt(1 + residual**2 / 4)
        direction = np.array([0, -self.pitch, 1]) * (weight / self.weights.balance)[:, None]
        equations.add(
            (residual * weight)[:, None],
            {joint: (share * direction)[:, None] for joint, share in shares.items()},
            (len(self.lengths), (-way[:, 1] * weight / self.weights.balance)[:, None]),
        )
        upright = np.array([0, -1, -self.pitch]) * stands[:, None]
        self._not_backwards(equations, upright)
        right, left = (self.joints[side + "_ankle"] for side in SIDES)
        self._along(equations, right, left, upright, self.weights.floor)
        for heel, toes in self._pairs("foot") if "foot" in self.kinds else ():
            self._along(equations, heel, toes, upright, self.weights.foot)

    def _not_backwards(self, equations: FrameEquations, upright: np.ndarray) -> None:
        """A trunk that looks short leans forwards: nobody who stands leans back by more than BACKWARDS."""
        (right_hip, right_shoulder), (left_hip, left_shoulder) = self._pairs("trunk")
        front = np.cross(self._across, upright)
        front = front / np.maximum(np.linalg.norm(front, axis=1), 1e-6)[:, None] * upright.any(axis=1)[:, None]
        for hip, shoulder in ((right_hip, right_shoulder), (left_hip, left_shoulder)):
            offset = dot(self.places[:, shoulder] - self.places[:, hip], front) + BACKWARDS * self.length("trunk")
            wrong = np.where(offset < 0, 1 / self.weights.limit, 0)
            derivative = (wrong[:, None] * front)[:, None]
            equations.add((offset * wrong)[:, None], {hip: -derivative, shoulder: derivative})

    def length(self, kind: str) -> float:
        """Metres, the mean of both sides."""
        return float(np.mean(self.lengths[self.numbers[kind]]))

    def _along(
        self,
        equations: FrameEquations,
        first: int,
        second: int,
        direction: np.ndarray,
        deviation: float,
        target: Union[float, np.ndarray] = 0.0,
    ) -> None:
        """The way from one joint to another has about this component along a direction."""
        direction = np.broadcast_to(direction, (len(self.stamps), 3))
        residual = (dot(self.places[:, second] - self.places[:, first], direction) - target) / deviation
        derivative = (direction / deviation)[:, None]
        equations.add(residual[:, None], {first: -derivative, second: derivative})

    def _alike(
        self,
        equations: FrameEquations,
        first: Tuple[int, int, float],
        second: Tuple[int, int, float],
        deviation: float,
        robust: bool = False,
    ) -> None:
        """Two segments, each (from, to, length), point in about the same direction.

        Robust (Cauchy's): the more they differ the less it counts.
        """
        residual = np.zeros((len(self.stamps), 3))
        factors: Dict[int, float] = {}
        for sign, (start, end, length) in ((1, first), (-1, second)):
            residual = residual + sign * (self.places[:, end] - self.places[:, start]) / (length * deviation)
            for joint, direction in ((start, -1), (end, 1)):
                factors[joint] = factors.get(joint, 0.0) + sign * direction / (length * deviation)
        weight = 1 / np.sqrt(1 + (residual**2).sum(axis=1)) if robust else np.ones(len(residual))
        unity = np.eye(3) * weight[:, None, None]
        equations.add(residual * weight[:, None], {joint: factor * unity for joint, factor in factors.items()})

    def _bends(self, equations: FrameEquations, joints: Tuple[int, int, int], sense: int, margin: float) -> None:
        """The middle joint is before (sense 1) or behind (-1) the line between the others, but for a margin."""
        start, middle, end = joints
        front = unit(np.cross(self._across, unit(self.places[:, end] - self.places[:, start])))
        front = sense * front * np.where(np.median(dot(front, self._ahead)) < 0, -1, 1)
        offset = dot(self.places[:, middle] - (self.places[:, start] + self.places[:, end]) / 2, front) + margin
        wrong = np.where(offset < 0, 1 / self.weights.limit, 0)
        derivative = (wrong[:, None] * front)[:, None]
        equations.add((offset * wrong)[:, None], {middle: derivative, start: -derivative / 2, end: -derivative / 2})
