"""A virtual patient in front of a camera that runs: what is asked for now, one picture at a time."""

import importlib.util
from dataclasses import dataclass
from typing import Dict, NamedTuple, Optional, Tuple, Union

import numpy as np

from rehab_coach.errors import RehabCoachError
from rehab_coach.simulation.body import INSTALL_HINT, Body, Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.motions import Motion, make_motion
from rehab_coach.simulation.patient import (
    Patient,
    Performance,
    camera_world,
    covering,
    key_points_of,
    someone,
    turned,
    used,
    world_of,
)
from rehab_coach.simulation.phases import ease
from rehab_coach.simulation.render import RENDERERS, Look, default_view
from rehab_coach.simulation.renderer import Renderer
from rehab_coach.simulation.room import furnished, lit

IDLE_SECONDS = 20.0  # of standing around that are worked out at a time
IDLE = ("standing", "talking")
CHANGE_SECONDS = 1.2  # from one motion to the next


@dataclass(frozen=True, eq=False)
class Moment:
    """One picture and what is true of it.

    Attributes:
        picture: BGR uint8 (H, W, 3).
        stamp: seconds, as asked for.
        motion: what the patient does; between two motions the one that comes.
        changing: she is on her way from one motion to the next.
        since: seconds since the motion began, 0 while changing.
        key_points: float32 (18, 3) COCO-18 x, y, score, see `patient.key_points_of`.
        world: float32 (18, 3) metres right, down, away from between the hips.
        angles: name -> radians, OpenSim's names; those of the motion's first frame while changing.
    """

    picture: np.ndarray
    stamp: float
    motion: Motion
    changing: bool
    since: float
    key_points: np.ndarray
    world: np.ndarray
    angles: Dict[str, float]

    @property
    def repetitions(self) -> int:
        """How many repetitions of the motion are done."""
        return sum(repetition.end <= self.since for repetition in self.motion.performed)

    @property
    def repetition(self) -> int:
        """Number of the present repetition, from 1."""
        ends = self.motion.repetitions
        return int(np.clip(np.searchsorted(ends, self.since, side="right"), 1, len(ends) - 1))

    @property
    def phase(self) -> float:
        """Where she is in the present repetition: 0 at its beginning, towards 1 at its end."""
        start, end = self.motion.repetitions[self.repetition - 1 : self.repetition + 1]
        return float(np.clip((self.since - start) / (end - start), 0.0, 1.0))

    @property
    def idle(self) -> bool:
        """She stands around, and nobody told her to."""
        return self.motion.name in IDLE


def missing() -> str:
    """Why there can be no virtual patient on this computer, and what to do about it; empty: there can."""
    if any(importlib.util.find_spec(name) is None for name in ("anny", "moderngl", "trimesh")):
        return INSTALL_HINT
    try:
        Renderer([], lit("even", 0.0), (64, 48)).close()
    except RehabCoachError as error:
        return str(error)
    return ""


class _Stage(NamedTuple):
    """What is performed from `begin` on, after a change from an earlier pose."""

    performance: Performance
    begin: float
    before: Optional[Tuple[np.ndarray, np.ndarray]]  # rotations (B, 3, 3) and heads (B, 3)


class VirtualPatient:
    """One person in a room, filmed by a camera that may move.

    Stands around until `begin` tells her what to do, and again when that is over. Use it from one thread: the
    drawing surface belongs to the thread that made it.

    Args:
        seed: chooses person, colours and habits.
        physique: what the person is like; None = drawn from the seed.
        look: clothes, room and light.
        size: width and height of the pictures.
        camera: where it stands; may be changed at any time through the attribute `camera`.
        rate: samples of motion per second; pictures may be asked for at any time.
        renderer: one of `render.RENDERERS`.

    Raises:
        RehabCoachError: a value out of range, a package or OpenGL missing.
    """

    def __init__(
        self,
        seed: int = 0,
        physique: Optional[Physique] = None,
        look: Look = Look(),
        size: Tuple[int, int] = (640, 480),
        camera: Optional[Camera] = None,
        rate: float = 30.0,
        renderer: str = "moderngl",
    ):
        look.check()
        if renderer not in RENDERERS:
            raise RehabCoachError("there is no renderer '%s'; choose one of %s" % (renderer, ", ".join(RENDERERS)))
        self.camera = camera or default_view("standing")
        self.camera.check()
        self.size, self._rate, self._seed, self._idles = size, rate, seed, 0
        self._clothes = look.clothes
        self._patient = Patient(Body(physique or someone(seed)), seed, look.clothes)
        meshes = furnished(look.room, self.camera.yaw, np.random.default_rng([seed, 3]))
        self._renderer = RENDERERS[renderer](meshes, lit(look.light, self.camera.yaw), size)
        self._stage = _Stage(self._idle(), 0.0, None)

    def _idle(self) -> Performance:
        self._idles += 1
        name = IDLE[self._idles % 3 == 2]
        return self._patient.perform(make_motion(name, IDLE_SECONDS, self._rate, self._seed + self._idles))

    def prepare(self, motion: Motion, yaw: float = 0.0) -> Performance:
        """Work out for `begin` what the body does in a motion; any thread may do this ahead.

        Args:
            motion: what she is to do.
            yaw: degrees by which she turns for it; 0 = her front is to where the first camera stood, 90 = her left
                side is.
        """
        return turned(self._patient.perform(motion), yaw)

    def begin(self, motion: Union[Motion, Performance], now: float) -> None:
        """Go over to a motion, which then begins at `now + CHANGE_SECONDS` (stamps of `picture`)."""
        self._enter(motion if isinstance(motion, Performance) else self._patient.perform(motion), now)

    def somebody(self, seed: int) -> Patient:
        """Make another person for `take_over`; any thread may do this ahead."""
        return Patient(Body(someone(seed)), seed, self._clothes)

    def take_over(self, patient: Patient, now: float) -> None:
        """Another person stands in her place from now on."""
        self._patient = patient
        self._stage = _Stage(self._idle(), now, None)

    def stop(self, now: float) -> None:
        """Go back to standing around."""
        self._enter(self._idle(), now)

    def busy(self, now: float) -> bool:
        """Whether the motion that `begin` was told is still going on."""
        stage = self._stage
        return stage.performance.motion.name not in IDLE and now < self._end(stage)

    def _end(self, stage: _Stage) -> float:
        change = CHANGE_SECONDS if stage.before is not None else 0.0
        motion = stage.performance.motion
        return stage.begin + change + len(motion.stamps) / motion.rate

    def _enter(self, performance: Performance, now: float) -> None:
        rotations, heads, _, _ = self._pose(now)
        self._stage = _Stage(performance, now, (rotations, heads))

    def _pose(self, now: float) -> Tuple[np.ndarray, np.ndarray, int, bool]:
        """Rotations, heads, frame of the performance, and whether she is still changing to it."""
        performance, begin, before = self._stage
        since = now - begin
        if before is not None:
            if since < CHANGE_SECONDS:
                part = float(ease(np.array(since / CHANGE_SECONDS)))
                return (*self._between(before, performance, part), 0, True)
            since -= CHANGE_SECONDS
        frame = int(np.clip(since * performance.motion.rate + 1e-6, 0, len(performance) - 1))
        return performance.rotations[frame], performance.heads[frame], frame, False

    def _between(
        self, before: Tuple[np.ndarray, np.ndarray], performance: Performance, part: float
    ) -> Tuple[np.ndarray, np.ndarray]:
        """The bones on the shortest way from a pose to the first one of a performance."""
        from scipy.spatial.transform import Rotation

        rotations, heads = before
        turn = Rotation.from_matrix(performance.rotations[0] @ rotations.swapaxes(1, 2)).as_rotvec()
        turned = Rotation.from_rotvec(part * turn).as_matrix() @ rotations
        root = (1 - part) * heads[0] + part * performance.heads[0, 0]
        return turned, self._patient.body.skeleton.follow(turned, root)

    def picture(self, now: float) -> Moment:
        """The patient as the camera sees her at a time in seconds; times must not go backwards."""
        if now >= self._end(self._stage):
            self._enter(self._idle(), now)
        performance, begin, before = self._stage
        rotations, heads, frame, changing = self._pose(now)
        things = [self._patient.show(rotations, heads)] + used(performance, frame)
        world = world_of(self._patient.body, rotations, heads)
        cover = covering(self._patient, performance, frame)
        return Moment(
            self._renderer.draw(self.camera, things),
            now,
            performance.motion,
            changing,
            0.0 if changing else frame / performance.motion.rate,
            key_points_of(world, self.camera, self.size, cover),
            camera_world(world, self.camera),
            {name: float(values[frame]) for name, values in performance.angles.items()},
        )

    def close(self) -> None:
        """Give the drawing surface back."""
        self._renderer.close()

    def __enter__(self) -> "VirtualPatient":
        return self

    def __exit__(self, *_) -> None:
        self.close()
