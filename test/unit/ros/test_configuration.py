"""config/coach.yaml says what the nodes do when nothing is configured, entry by entry."""
import importlib
import os
from unittest import mock

import pytest
import yaml

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

CONFIGURATION = os.path.join(os.path.dirname(__file__), "..", "..", "..", "config", "coach.yaml")


def defaults_in_the_code(node, class_name):
    """Make the node without ROS and note which parameters it reads, with their defaults."""
    defaults = {}

    def note(name, default, *_, **__):
        defaults[name.lstrip("~")] = default
        return default

    module = importlib.import_module("rehab_coach.ros." + node)
    replaced = dict(get_parameter=note, rospy=mock.MagicMock(), Diagnostics=mock.MagicMock())
    with mock.patch.multiple(module, **replaced), mock.patch("threading.Thread"):
        getattr(module, class_name)()
    return defaults


@pytest.mark.parametrize("node, class_name", [
    ("camera", "Camera"), ("pick_action", "PickAction"), ("turtlebot_controller", "TurtlebotController")])
def test_configuration_and_code_agree(node, class_name):
    with open(CONFIGURATION) as file:
        configured = yaml.safe_load(file)[node]
    defaults = defaults_in_the_code(node, class_name)
    if node == "turtlebot_controller":
        from rehab_coach.ros.turtlebot_controller import MOTIONS
        defaults["motions"] = MOTIONS
        assert defaults.pop("stopped") is False  # kept by the node itself, not to be configured
    assert configured == defaults
