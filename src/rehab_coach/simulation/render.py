"""Films a virtual patient: pictures one after the other, or a video file."""

from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import Body, Physique, load_model
from rehab_coach.simulation.motions import MOTIONS, Motion, make_motion
from rehab_coach.simulation.scene import Camera, Room, cylinder, dressed
from rehab_coach.simulation.solver import bar_height
from rehab_coach.video_file import VideoFile

NOBODY = "nobody"
SCENES = MOTIONS + (NOBODY,)
STEEL = (0.45, 0.46, 0.48)
# Views from which the whole body is in the picture all the time.
VIEWS = {
    "jumping_jack": Camera(yaw=0, distance=3.1, look_at=1.08),
    "push_up": Camera(yaw=75, distance=2.4, height=1.0, look_at=0.33),
    "pull_up": Camera(yaw=20, distance=3.9, height=1.2, look_at=1.25),
    "lunge": Camera(yaw=40, distance=3.0, look_at=0.82),
}
VIEW = Camera(yaw=25, distance=2.7, look_at=0.87)


def default_view(exercise: str) -> Camera:
    """The view from which an exercise is filmed unless told otherwise."""
    return VIEWS.get(exercise, VIEW)


def someone(seed: int) -> Physique:
    """A person drawn at random, an adult of usual size."""
    rng = np.random.default_rng([seed, 1])
    gender = ("female", "male")[rng.integers(2)]
    return Physique(
        gender=gender,
        age=float(rng.uniform(20, 70)),
        height=float(np.clip(rng.normal(1.66 if gender == "female" else 1.78, 0.06), 1.5, 1.95)),
    )


class Actor:
    """One person in the picture: body, clothes, motion, place.

    Args:
        motion: what the person does.
        physique: what the person is like.
        seed: chooses the clothes.
        place: metres sideways and backwards from the middle of the room.
        model: see `Body`.
    """

    def __init__(
        self,
        motion: Motion,
        physique: Physique,
        seed: int,
        place: Tuple[float, float] = (0.0, 0.0),
        model=None,
    ):
        self.body, self.motion = Body(physique, model), motion
        self._colours, self.body.rest = dressed(self.body, np.random.default_rng([seed, 2]))
        self.rotations, self.heads = self.body.pose(motion)
        middle = np.zeros(3)
        if motion.contact == "hands_and_toes":  # the middle between head and toes stands in the room's middle
            middle[1] = self.heads[0, :, 1].mean() - 0.1
        self.heads = self.heads + np.array([place[0], place[1], 0.0]) - middle
        self._place = np.array([place[0], place[1], 0.0])
        self._bar = self._equipment()

    def _hands(self) -> np.ndarray:
        """Where the fists' insides are, (T, 2, 3)."""
        index = self.body.skeleton.index
        return np.stack(
            [
                (self.heads[:, index["finger3-1." + side]] + self.heads[:, index["finger3-3." + side]]) / 2
                for side in "RL"
            ],
            axis=1,
        )

    def _equipment(self) -> List[Dict[str, np.ndarray]]:
        """Meshes around the origin (a barbell) or in the room (the bar that one hangs from)."""
        if self.motion.equipment == "barbell":
            radius = float(np.clip(self._hands()[:, :, 2].mean(axis=1).min(), 0.10, 0.225))
            plates = [
                cylinder([x - 0.03, 0, 0], [x + 0.03, 0, 0], radius, (0.08, 0.08, 0.09), 32) for x in (-0.62, 0.62)
            ]
            return [cylinder([-0.85, 0, 0], [0.85, 0, 0], 0.014, STEEL)] + plates
        if self.motion.equipment == "bar":
            height = bar_height(self.body.skeleton)
            posts = [cylinder([x, -0.02, 0], [x, -0.02, height], 0.03, STEEL) for x in (-0.85, 0.85)]
            return [cylinder([-0.85, -0.02, height], [0.85, -0.02, height], 0.016, STEEL)] + posts
        return []

    def things(self, frame: int) -> List[Dict[str, np.ndarray]]:
        """The meshes of one frame: the person and what belongs to the exercise."""
        vertices = self.body.vertices(self.rotations[frame], self.heads[frame])
        person = {"vertices": vertices, "faces": self.body.faces, "colours": self._colours}
        shift = self._hands()[frame].mean(axis=0) if self.motion.equipment == "barbell" else self._place
        return [person] + [{**mesh, "vertices": mesh["vertices"] + shift} for mesh in self._bar]


def render_frames(
    exercise: str,
    duration: float = 10.0,
    rate: float = 30.0,
    size: Tuple[int, int] = (640, 480),
    seed: int = 0,
    physique: Optional[Physique] = None,
    camera: Optional[Camera] = None,
    bystander: Optional[float] = None,
    **motion_options,
) -> Iterator[Tuple[np.ndarray, float]]:
    """Film somebody who does an exercise.

    Args:
        exercise: one of `SCENES`: a motion, or "nobody" for an empty room.
        duration: seconds.
        rate: frames per second.
        size: width and height, pixels.
        seed: chooses person, clothes, habits and room; the same seed gives the same pictures.
        physique: what the person is like; None = drawn from the seed.
        camera: None = `default_view(exercise)`.
        bystander: metres to the patient's left at which a second person stands; None = nobody.
        motion_options: see `make_motion`.

    Returns:
        An iterator over pictures, BGR uint8 (H, W, 3), and their stamps in seconds. Everything is checked
        before the iterator is returned.

    Raises:
        RehabCoachError: unknown exercise, a value out of range, a package or OSMesa missing.
    """
    if exercise not in SCENES:
        raise RehabCoachError("there is no exercise '%s'; choose one of %s" % (exercise, ", ".join(SCENES)))
    width, height = size
    if not (32 <= width <= 4096 and 32 <= height <= 4096):
        raise RehabCoachError("the picture's size must be between 32x32 and 4096x4096, not %dx%d" % size)
    # An empty room is as long as a motion and takes the same options.
    motion = make_motion("standing" if exercise == NOBODY else exercise, duration, rate, seed, **motion_options)
    camera = camera or default_view(exercise)
    camera.check()
    (physique or Physique()).check()
    if bystander is not None and not 0.3 <= abs(bystander) <= 5:
        raise RehabCoachError("the bystander must stand 0.3 to 5 m to either side, not %g" % bystander)
    room = Room(camera, size, np.random.default_rng([seed, 3]))
    try:
        actors = _cast(exercise, motion, seed, physique, bystander)
    except BaseException:
        room.close()
        raise
    return _film(room, actors, motion.stamps)


def _cast(
    exercise: str, motion: Motion, seed: int, physique: Optional[Physique], bystander: Optional[float]
) -> List[Actor]:
    if exercise == NOBODY and bystander is None:
        return []
    model = load_model()
    actors = []
    if exercise != NOBODY:
        actors.append(Actor(motion, physique or someone(seed), seed, model=model))
    if bystander is not None:
        other = seed + 1000
        still = make_motion("standing", len(motion.stamps) / _rate(motion), _rate(motion), other)
        actors.append(Actor(still, replace(someone(other)), other, (bystander, 0.1), model))
    return actors


def _rate(motion: Motion) -> float:
    return 1.0 / motion.stamps[1] if len(motion.stamps) > 1 else 30.0


def _film(room: Room, actors: List[Actor], stamps: np.ndarray) -> Iterator[Tuple[np.ndarray, float]]:
    with room:
        for frame, stamp in enumerate(stamps):
            yield room.draw([thing for actor in actors for thing in actor.things(frame)]), float(stamp)


def write_video(path: str, frames: Iterator[Tuple[np.ndarray, float]], size: Tuple[int, int], rate: float) -> None:
    """Write pictures to a video that appears under its name only when it is complete.

    Raises:
        RehabCoachError: an odd size, or the file cannot be written.
    """
    if size[0] % 2 or size[1] % 2:
        raise RehabCoachError("a video's width and height must be even, not %dx%d" % size)
    with VideoFile(path, size, rate) as video:
        for picture, _ in frames:
            video.write(picture)
