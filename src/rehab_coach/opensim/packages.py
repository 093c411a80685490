"""OpenSim itself, and the skeleton that comes with Pose2Sim: for making and checking kinematics, not for the robot."""

import importlib.util
import os
from types import ModuleType

from rehab_coach.errors import RehabCoachError

INSTALL_HINT = (
    "`pip install -e '.[kinematics]'` in the repository, then `pip install --no-deps opensim==4.6 pose2sim==0.10.49` "
    "(Python 3.10 or newer; --no-deps because they ask for a NumPy that other packages do not know yet)"
)
SETTINGS = "OpenSim_Setup"
DEFAULT_MODEL = "Model_Pose2Sim_simple.osim"


def load_opensim() -> ModuleType:
    """OpenSim's Python package, which says only what went wrong.

    Raises:
        RehabCoachError: it is not installed.
    """
    try:
        import opensim
    except ImportError as error:
        raise RehabCoachError("this needs OpenSim (%s): %s" % (error, INSTALL_HINT)) from error
    opensim.Logger.setLevelString("error")
    return opensim


def default_model() -> str:
    """Path of the model file that is taken where none is given: Pose2Sim's full body without muscles (BSD-3-Clause).

    Raises:
        RehabCoachError: Pose2Sim is not installed.
    """
    return pose2sim_file(DEFAULT_MODEL)


def pose2sim_file(name: str) -> str:
    """Path of one of the files for OpenSim that come with Pose2Sim.

    Raises:
        RehabCoachError: Pose2Sim is not installed.
    """
    found = importlib.util.find_spec("Pose2Sim")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = os.path.join(folder, SETTINGS, name)
        if os.path.exists(path):
            return path
    raise RehabCoachError("%s comes with Pose2Sim, which is not there: %s" % (name, INSTALL_HINT))
