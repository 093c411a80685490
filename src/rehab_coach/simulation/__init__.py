"""The virtual patient: exercise motions, a body that does them, and a camera that films it."""

from rehab_coach.simulation.body import Physique
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.motions import MOTIONS, Motion, make_motion
from rehab_coach.simulation.render import SCENES, Film, Look, Scene, default_view, render_frames, write_video

__all__ = [
    "Camera",
    "Film",
    "Look",
    "MOTIONS",
    "Motion",
    "Physique",
    "SCENES",
    "Scene",
    "default_view",
    "make_motion",
    "render_frames",
    "write_video",
]
