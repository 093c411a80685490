"""The ROS packages that only simulation.launch needs, and which many computers do not have."""

from typing import List

import rospkg

from rehab_coach.errors import RehabCoachError

GAZEBO_PACKAGES = (
    "gazebo_ros",
    "gazebo_msgs",
    "gazebo_plugins",
    "turtlebot3_description",
    "xacro",
    "robot_state_publisher",
    "compressed_image_transport",
)


def missing_gazebo_packages() -> List[str]:
    """Those of GAZEBO_PACKAGES that this computer does not have."""
    return sorted(set(GAZEBO_PACKAGES) - set(rospkg.RosPack().list()))


def check_gazebo() -> None:
    """roslaunch would stop at the first missing package without advice.

    Raises:
        RehabCoachError: a package is missing.
    """
    missing = missing_gazebo_packages()
    if missing:
        raise RehabCoachError(
            "the simulation needs Gazebo 11 and these ROS packages: %s (docs/gazebo.md says how to get them; "
            "`make demo` needs none)" % ", ".join(missing)
        )
