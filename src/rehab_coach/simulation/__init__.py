"""The virtual patient: exercise motions, a body that does them, and a camera that films it."""

from rehab_coach.simulation.body import Physique
from rehab_coach.simulation.motions import MOTIONS, Motion, make_motion
from rehab_coach.simulation.render import SCENES, default_view, render_frames, write_video
from rehab_coach.simulation.scene import Camera

__all__ = [
    "Camera",
    "MOTIONS",
    "Motion",
    "Physique",
    "SCENES",
    "default_view",
    "make_motion",
    "render_frames",
    "write_video",
]
