"""Films a virtual patient: pictures one after the other with what is true of each, or a video file."""

from dataclasses import dataclass, field
from typing import Any, Dict, Generator, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Type, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import label_of_motion
from rehab_coach.simulation.body import Body, Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.clothing import check_clothes
from rehab_coach.simulation.exercises import BAR_VIEW
from rehab_coach.simulation.mesh import Mesh
from rehab_coach.simulation.motions import KINDS, MOTIONS, ON_THE_FLOOR, Motion, make_motion
from rehab_coach.simulation.patient import (
    Patient,
    Performance,
    camera_world,
    covering,
    key_points_of,
    someone,
    used,
    world_of,
)
from rehab_coach.simulation.plain_renderer import PlainRenderer
from rehab_coach.simulation.recorded import RECORDED, recorded_motion
from rehab_coach.simulation.renderer import Renderer
from rehab_coach.simulation.room import check_room, furnished, lit
from rehab_coach.skeleton import SkeletonSequence
from rehab_coach.video_file import VideoFile

NOBODY = "nobody"
SCENES = MOTIONS + (NOBODY, RECORDED)
RENDERERS: Dict[str, Union[Type[Renderer], Type[PlainRenderer]]] = {"moderngl": Renderer, "pyrender": PlainRenderer}
FEWEST = 5  # joints that a camera must see in some frame
VIEW = Camera(yaw=25, distance=2.7, look_at=0.87)
FLOOR_VIEW = Camera(yaw=75, distance=2.4, height=1.0, look_at=0.33)


@dataclass(frozen=True)
class Look:
    """Names of clothes (`clothing.CLOTHES`), room (`room.ROOMS`) and light (`room.LIGHTS`)."""

    clothes: str = "sports"
    room: str = "plain"
    light: str = "even"

    def check(self) -> None:
        """Raise RehabCoachError for a name that does not exist."""
        check_clothes(self.clothes)
        check_room(self.room, self.light)


def default_view(exercise: str) -> Camera:
    """The view from which an exercise is filmed unless told otherwise."""
    kind = KINDS.get(exercise)
    if kind is None:
        return VIEW
    usual = FLOOR_VIEW if kind.contact in ON_THE_FLOOR else BAR_VIEW if kind.contact == "bar" else VIEW
    return kind.view or usual


@dataclass(frozen=True)
class Scene:
    """Everything about one film; what is None is drawn from the seed, or the exercise's usual value.

    Attributes:
        exercise: one of `SCENES`.
        duration: seconds.
        rate: frames per second.
        size: width and height, pixels.
        seed: chooses person, clothes, habits and room; the same seed gives the same pictures.
        physique: what the person is like.
        camera: where it stands.
        look: clothes, room and light.
        bystander: metres to the patient's left at which a second person stands; None = nobody.
        motion: options of `make_motion`; of "recorded" the file, see `recorded.recorded_motion`.
        renderer: one of `RENDERERS`.
    """

    exercise: str
    duration: float = 10.0
    rate: float = 30.0
    size: Tuple[int, int] = (640, 480)
    seed: int = 0
    physique: Optional[Physique] = None
    camera: Optional[Camera] = None
    look: Look = Look()
    bystander: Optional[float] = None
    motion: Dict[str, Any] = field(default_factory=dict)
    renderer: str = "moderngl"

    @property
    def label(self) -> str:
        """The class that a recogniser should answer."""
        return label_of_motion(self.exercise)

    def checked(self) -> Tuple[Motion, Camera, Physique]:
        """Motion, camera and person of the film; RehabCoachError names what is impossible."""
        if self.exercise not in SCENES:
            raise RehabCoachError("there is no exercise '%s'; choose one of %s" % (self.exercise, ", ".join(SCENES)))
        width, height = self.size
        if not (32 <= width <= 4096 and 32 <= height <= 4096):
            raise RehabCoachError("the picture's size must be between 32x32 and 4096x4096, not %dx%d" % self.size)
        if self.renderer not in RENDERERS:
            raise RehabCoachError("there is no renderer '%s'; choose one of %s" % (self.renderer, ", ".join(RENDERERS)))
        if self.exercise == RECORDED:
            if "file" not in self.motion:
                raise RehabCoachError("what is recorded is named by the entry 'motions' of a plan: render --plan PLAN")
            motion = recorded_motion(self.motion["file"], self.duration, self.rate)
        else:
            # An empty room is as long as a motion and takes the same options.
            name = "standing" if self.exercise == NOBODY else self.exercise
            motion = make_motion(name, self.duration, self.rate, self.seed, **self.motion)
        camera = self.camera or default_view(self.exercise)
        camera.check()
        self.look.check()
        physique = self.physique or someone(self.seed)
        physique.check()
        if self.bystander is not None and not 0.3 <= abs(self.bystander) <= 5:
            raise RehabCoachError("the bystander must stand 0.3 to 5 m to either side, not %g" % self.bystander)
        return motion, camera, physique


class Subject(NamedTuple):
    """Who is filmed.

    Attributes:
        patient: body and clothes.
        performance: what she does.
        world: float (T, 18, 3) her COCO-18 key points in the room, metres.
    """

    patient: Patient
    performance: Performance
    world: np.ndarray


class Film:
    """A film that can be shot, frame by frame, and what is true of it.

    Args:
        scene: everything about it. It is checked before anything is drawn.
        body: the patient's, if it was made before (of the scene's physique).

    Attributes:
        scene, motion, camera, physique: what is filmed.
        key_points: float32 (T, 18, 3) x, y, score in the picture, see `key_points_of`.

    Raises:
        RehabCoachError: unknown exercise, a value out of range, a camera that sees nobody, a package missing.
    """

    def __init__(self, scene: Scene, body: Optional[Body] = None):
        self.scene = scene
        self.motion, self.camera, self.physique = scene.checked()
        self._subject: Optional[Subject] = None
        self._others: List[Tuple[Patient, Performance]] = []
        frames = len(self.motion.stamps)
        self.key_points = np.zeros((frames, 18, 3), np.float32)
        if scene.exercise != NOBODY:
            patient = Patient(body or Body(self.physique), scene.seed, scene.look.clothes)
            performance = patient.perform(self.motion)
            world = world_of(patient.body, performance.rotations, performance.heads)
            self._subject = Subject(patient, performance, world)
            for frame in range(frames):
                self.key_points[frame] = key_points_of(world[frame], self.camera, scene.size)
            if ((self.key_points[..., 2] > 0).sum(axis=1) < FEWEST).all():
                raise RehabCoachError(
                    "the camera sees nobody: move it away or let it look at the person's height (distance %g m, "
                    "camera height %g m, look-at height %g m, turn %g degrees)"
                    % (self.camera.distance, self.camera.height, self.camera.look_at, self.camera.turn)
                )
        if scene.bystander is not None:
            other = scene.seed + 1000
            beside = Patient(Body(someone(other)), other, place=(scene.bystander, 0.1))
            still = make_motion("standing", scene.duration, scene.rate, other)
            self._others.append((beside, beside.perform(still)))

    def __len__(self) -> int:
        return len(self.motion.stamps)

    @property
    def subject(self) -> Subject:
        """Who is filmed; ValueError where nobody is."""
        if self._subject is None:
            raise ValueError("nobody is in this film")
        return self._subject

    def shoot(self) -> Generator[Tuple[np.ndarray, float], None, None]:
        """Pictures, BGR uint8 (H, W, 3), and their stamps in seconds; joints that the body hides are marked."""
        scene = self.scene
        meshes = furnished(scene.look.room, self.camera.yaw, np.random.default_rng([scene.seed, 3]))
        renderer = RENDERERS[scene.renderer](meshes, lit(scene.look.light, self.camera.yaw), scene.size)
        return self._shots(renderer)

    def _shots(self, renderer: Union[Renderer, PlainRenderer]) -> Generator[Tuple[np.ndarray, float], None, None]:
        subject = self._subject
        try:
            everybody = list(self._others)
            if subject is not None:
                everybody.insert(0, (subject.patient, subject.performance))
            for frame, stamp in enumerate(self.motion.stamps):
                things: List[Mesh] = []
                for patient, performance in everybody:
                    things.append(patient.show(performance.rotations[frame], performance.heads[frame]))
                    things += used(performance, frame)
                if subject is not None:
                    self.key_points[frame] = key_points_of(
                        subject.world[frame],
                        self.camera,
                        self.scene.size,
                        covering(subject.patient, subject.performance, frame),
                    )
                yield renderer.draw(self.camera, things), float(stamp)
        finally:
            renderer.close()

    def sequence(self) -> SkeletonSequence:
        """The true key points; which of them the body hides is known after `shoot`."""
        world = None if self._subject is None else camera_world(self._subject.world, self.camera)
        return SkeletonSequence(self.key_points, self.motion.stamps, self.scene.size, world=world)


def render_frames(
    exercise: str,
    duration: float = 10.0,
    rate: float = 30.0,
    size: Tuple[int, int] = (640, 480),
    seed: int = 0,
    physique: Optional[Physique] = None,
    camera: Optional[Camera] = None,
    bystander: Optional[float] = None,
    look: Look = Look(),
    renderer: str = "moderngl",
    **motion_options: Any,
) -> Iterator[Tuple[np.ndarray, float]]:
    """Film somebody who does an exercise; the arguments are those of `Scene` and `make_motion`.

    Returns:
        An iterator over pictures, BGR uint8 (H, W, 3), and their stamps in seconds. Everything is checked
        before the iterator is returned.

    Raises:
        RehabCoachError: unknown exercise, a value out of range, a package or OpenGL missing.
    """
    scene = Scene(
        exercise, duration, rate, size, seed, physique, camera, look, bystander, dict(motion_options), renderer
    )
    return Film(scene).shoot()


def write_video(path: str, frames: Iterable[Tuple[np.ndarray, float]], size: Tuple[int, int], rate: float) -> None:
    """Write pictures to a video that appears under its name only when it is complete.

    Raises:
        RehabCoachError: an odd size, or the file cannot be written.
    """
    if size[0] % 2 or size[1] % 2:
        raise RehabCoachError("a video's width and height must be even, not %dx%d" % size)
    with VideoFile(path, size, rate) as video:
        for picture, _ in frames:
            video.write(picture)
