"""A patient for Gazebo: what an actor with Gazebo's own skin does, as an animation (BVH) and a script (SDF).

Gazebo cannot be told in the middle of a script to do something else, so every change is a new act: it begins in the
pose of the one before, and the actor is deleted and spawned anew with it.
"""

import os
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Tuple
from xml.sax.saxutils import escape

import numpy as np

from rehab_coach.simulation.gazebo import skin as gazebo_skin
from rehab_coach.simulation.gazebo.bvh import write_bvh
from rehab_coach.simulation.motions import ON_THE_FLOOR, Motion, make_motion
from rehab_coach.simulation.obedience import Response
from rehab_coach.simulation.phases import ease
from rehab_coach.simulation.posing import rotation
from rehab_coach.simulation.solver import bar_height
from rehab_coach.skeleton import COCO_18

RATE = 20.0  # Hz: Gazebo 11 moves actors no more often
CHANGE_SECONDS = 1.2  # from one motion to the next
IDLE_SECONDS = 60.0  # of standing around; then the actor freezes
SKIN = "walk.dae"
UNDERGROUND = -10.0  # m, where no camera sees an actor
HIDDEN_SECONDS = 1.0  # that an actor spends there after it was spawned
UP = np.array([0.0, 1.0, 0.0])

# Where the skin's face is: joint, and metres from it to the left, up and forwards in the T-pose.
FACE = {
    "nose": (0.0, 0.07, 0.13),
    "right_eye": (-0.03, 0.10, 0.11),
    "left_eye": (0.03, 0.10, 0.11),
    "right_ear": (-0.07, 0.08, 0.03),
    "left_ear": (0.07, 0.08, 0.03),
}
LIMBS = {"shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot"}


class Place(NamedTuple):
    """Where the patient stands: metres in Gazebo's world; she faces the world's -x, where the robot is."""

    x: float = 4.5
    y: float = 0.0


@dataclass(frozen=True, eq=False)
class Act:
    """What the actor does from one spawning to the next, sampled at `RATE`.

    Attributes:
        turns: (T, 31, 3, 3) of the skin's joints from the T-pose, against the room, in the skin's axes.
        hips: (T, 3) metres, in the skin's axes from the place on the floor where the patient stands.
        motion: what is done in the middle of the act; before and after it the patient stands around.
        begin: seconds from the start of the act to that of the motion.
        yaw: degrees by which the patient is turned during the motion.
    """

    turns: np.ndarray
    hips: np.ndarray
    motion: Motion
    begin: float
    yaw: float

    def __len__(self) -> int:
        return len(self.turns)

    @property
    def seconds(self) -> float:
        """How long it takes; then the actor freezes."""
        return (len(self) - 1) / RATE

    @property
    def end(self) -> float:
        """Seconds from the start of the act to the end of the motion."""
        return self.begin + len(self.motion.stamps) / RATE

    @property
    def hanging(self) -> bool:
        """Whether the motion needs a bar to hang from."""
        return self.motion.equipment == "bar"

    def changing(self, since: float) -> bool:
        """Whether the patient is on her way to the motion or back."""
        before = self.begin - CHANGE_SECONDS <= since < self.begin
        return before or self.end < since < min(self.end + CHANGE_SECONDS, self.seconds)

    def repetition(self, since: float) -> Tuple[int, float]:
        """Number, from 1, of the repetition so many seconds after the act started, and the phase within it, 0..1.

        Number and phase are 0 before and after the motion.
        """
        if not self.begin <= since <= self.end:
            return 0, 0.0
        ends, at = self.motion.repetitions, since - self.begin
        number = int(np.clip(np.searchsorted(ends, at, side="right"), 1, len(ends) - 1))
        start, end = ends[number - 1 : number + 1]
        return number, float(np.clip((at - start) / (end - start), 0.0, 1.0))

    def frame(self, since: float) -> int:
        """The sample so many seconds after the act started."""
        return int(np.clip(round(since * RATE), 0, len(self) - 1))


class Actor:
    """One patient: continues every act from where the last one was.

    Args:
        seed: of how she stands around.
    """

    def __init__(self, seed: int = 0):
        self._skeleton = gazebo_skin.make_skeleton()
        self._seed, self._idles = seed, 0

    def stand(self, last: Optional[Act] = None, since: float = 0.0) -> Act:
        """Stand around, from the pose that the last act had so many seconds after its start."""
        motion = self._idle(IDLE_SECONDS)
        turns, hips = self._pose(motion, 0.0)
        if last is None:
            return Act(turns, hips, motion, 0.0, 0.0)
        return _joined([_held(last, since, 0.0), (turns, hips)], motion, 0, 0.0)

    def respond(self, response: Response, duration: float, last: Act, since: float) -> Act:
        """Answer a request: think, do it for so many seconds, stand."""
        motion = make_motion(response.shown, duration, RATE, response.seed, faults=response.faults)
        stretches = [
            _held(last, since, max(response.delay - HIDDEN_SECONDS, 0.0)),
            self._pose(motion, response.yaw),
            self._pose(self._idle(CHANGE_SECONDS), 0.0),
        ]
        return _joined(stretches, motion, 0, response.yaw)

    def _idle(self, seconds: float) -> Motion:
        self._idles += 1
        name = "talking" if self._idles % 3 == 0 else "standing"
        return make_motion(name, seconds, RATE, self._seed + self._idles)

    def _pose(self, motion: Motion, yaw: float) -> Tuple[np.ndarray, np.ndarray]:
        turns, hips = gazebo_skin.pose(self._skeleton, motion)
        if motion.contact in ON_THE_FLOOR:  # the middle of the body is over the place
            hips = hips - [0.0, 0.0, gazebo_skin.joints(turns[0], hips[0])[:, 2].mean()]
        turn = rotation(UP, np.pi - np.radians(yaw))
        return turn @ turns, hips @ turn.T


Stretch = Tuple[np.ndarray, np.ndarray]


def _held(act: Act, since: float, seconds: float) -> Stretch:
    """A part of an act; where it is over, its last pose."""
    first = act.frame(since)
    frames = np.minimum(first + np.arange(int(round(seconds * RATE)) + 1), len(act) - 1)
    return act.turns[frames], act.hips[frames]


def _joined(stretches: List[Stretch], motion: Motion, number: int, yaw: float) -> Act:
    """Stretches one after the other with changes between them; the motion is the one after `number`."""
    turns, hips = [stretches[0][0]], [stretches[0][1]]
    begin = 0.0
    for index, (next_turns, next_hips) in enumerate(stretches[1:]):
        between = _between((turns[-1][-1], hips[-1][-1]), (next_turns[0], next_hips[0]))
        turns += [between[0], next_turns]
        hips += [between[1], next_hips]
        if index == number:
            begin = (sum(map(len, turns)) - len(next_turns)) / RATE
    return Act(np.concatenate(turns), np.concatenate(hips), motion, begin, yaw)


def _between(before, after) -> Stretch:
    """From one pose to another, every joint on the shortest way; neither of the two is part of it."""
    from scipy.spatial.transform import Rotation

    steps = int(CHANGE_SECONDS * RATE)
    parts = ease(np.arange(1, steps) / steps)
    turn = Rotation.from_matrix(after[0] @ before[0].swapaxes(1, 2)).as_rotvec()
    ways = Rotation.from_rotvec((parts[:, None, None] * turn).reshape(-1, 3)).as_matrix()
    turns = ways.reshape(len(parts), -1, 3, 3) @ before[0]
    hips = before[1] + parts[:, None] * (after[1] - before[1])
    lowest = gazebo_skin.joints(turns, hips)[..., 1].min(axis=1)
    hips[:, 1] += np.maximum(-lowest, 0.0)  # not through the floor
    return turns, hips


def write_act(path: str, act: Act) -> None:
    """Write an act's animation as BVH; its path is in the script, because Gazebo does not read the root's place.

    Raises:
        RehabCoachError: the folder cannot be written.
    """
    still = np.zeros_like(act.hips)
    write_bvh(path, gazebo_skin.NAMES, gazebo_skin.PARENTS, gazebo_skin.PLACES, act.turns, still, RATE)


def actor_sdf(name: str, act: Act, animation: str, place: Place) -> str:
    """The SDF of an actor that does an act once, `HIDDEN_SECONDS` after it is spawned.

    Args:
        name: of the actor.
        act: what it does.
        animation: absolute path of the file from `write_act`.
        place: where.
    """
    ground = gazebo_skin.TO_WORLD.T @ [place.x, place.y, 0.0]
    waypoints = "\n".join(WAYPOINT % (number / RATE, *point) for number, point in enumerate(act.hips + ground))
    below = act.hips[0] + ground + [0.0, UNDERGROUND, 0.0]
    hidden = "\n".join(WAYPOINT % (time, *below) for time in (0.0, HIDDEN_SECONDS))
    file = escape(os.path.abspath(animation))
    return ACTOR % dict(
        name=name, x=place.x, y=place.y, z=UNDERGROUND, skin=SKIN, animation=file, hidden=hidden, waypoints=waypoints
    )


def obstacle_sdf(name: str, radius: float) -> str:
    """The SDF of an invisible cylinder for the laser, which does not see actors; it is spawned where she stands."""
    return OBSTACLE % dict(name=name, radius=radius)


ACTOR = """<?xml version="1.0"?>
<sdf version="1.6">
  <actor name="%(name)s">
    <pose>%(x)s %(y)s %(z)s 0 0 0</pose>
    <skin><filename>%(skin)s</filename><scale>1.0</scale></skin>
    <animation name="act"><filename>%(animation)s</filename><scale>1.0</scale></animation>
    <script>
      <loop>false</loop>
      <auto_start>true</auto_start>
      <trajectory id="0" type="act">
%(hidden)s
      </trajectory>
      <trajectory id="1" type="act">
%(waypoints)s
      </trajectory>
    </script>
  </actor>
</sdf>
"""
WAYPOINT = "        <waypoint><time>%.3f</time><pose>%.4f %.4f %.4f 0 0 0</pose></waypoint>"
# Waypoints are in the skin's axes, y up: Gazebo turns an actor with a BVH animation as a whole. While its camera is
# busy, Gazebo may draw a new actor twice, and the second one stays for ever, in T-pose, where it was then: underground.

OBSTACLE = """<?xml version="1.0"?>
<sdf version="1.6">
  <model name="%(name)s">
    <static>true</static>
    <link name="body">
      <pose>0 0 0.9 0 0 0</pose>
      <collision name="body">
        <geometry><cylinder><radius>%(radius)s</radius><length>1.8</length></cylinder></geometry>
      </collision>
    </link>
  </model>
</sdf>
"""


def bar_sdf(name: str, act: Act) -> str:
    """The SDF of the bar that she hangs from in an act, for the camera only; it is spawned where she stands."""
    height = bar_height(gazebo_skin.make_skeleton())
    return BAR % dict(name=name, yaw=np.pi - np.radians(act.yaw), height=height, middle=height / 2)


BAR = """<?xml version="1.0"?>
<sdf version="1.6">
  <model name="%(name)s">
    <static>true</static>
    <link name="bar">
      <pose>0 0 0 0 0 %(yaw)s</pose>
      <visual name="bar">
        <pose>0.02 0 %(height)s 1.5708 0 0</pose>
        <geometry><cylinder><radius>0.016</radius><length>1.7</length></cylinder></geometry>
      </visual>
      <visual name="left">
        <pose>0.02 0.85 %(middle)s 0 0 0</pose>
        <geometry><cylinder><radius>0.03</radius><length>%(height)s</length></cylinder></geometry>
      </visual>
      <visual name="right">
        <pose>0.02 -0.85 %(middle)s 0 0 0</pose>
        <geometry><cylinder><radius>0.03</radius><length>%(height)s</length></cylinder></geometry>
      </visual>
    </link>
  </model>
</sdf>
"""


def key_points(act: Act, frame: int, place: Place) -> np.ndarray:
    """COCO-18 joints (18, 3) in Gazebo's world, metres, of one sample of an act."""
    turns = act.turns[frame]
    joints = gazebo_skin.joints(turns, act.hips[frame])
    at = dict(zip(gazebo_skin.NAMES, joints))
    head = gazebo_skin.NAMES.index("Head")
    points = {name: joints[head] + turns[head] @ offset for name, offset in FACE.items()}
    for side in ("right", "left"):
        points.update({side + "_" + joint: at[side.title() + bone] for joint, bone in LIMBS.items()})
    points["neck"] = (points["right_shoulder"] + points["left_shoulder"]) / 2
    world = np.array([points[joint] for joint in COCO_18.joints]) @ gazebo_skin.TO_WORLD.T
    return world + [place.x, place.y, 0.0]
