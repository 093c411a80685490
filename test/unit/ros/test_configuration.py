"""config/coach.yaml says what the nodes do when nothing is configured, entry by entry."""

import importlib
import os
from unittest import mock

import pytest
import yaml

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

CONFIGURATION = os.path.join(os.path.dirname(__file__), "..", "..", "..", "config", "coach.yaml")

NODES = [
    ("camera", "Camera"),
    ("pick_action", "PickAction"),
    ("recorder", "Recorder"),
    ("turtlebot_controller", "TurtlebotController"),
    ("displayer", "Displayer"),
    ("speaker", "Speaker"),
    ("identifier", "Identifier"),
    ("visit_keeper", "VisitKeeper"),
    ("fake_turtlebot", "FakeTurtlebot"),
    ("virtual_patient", "VirtualPatient"),
    ("gazebo_patient", "GazeboPatient"),
]
# What a node keeps by itself on the parameter server, with its value at first; not to be configured.
KEPT = {"recorder": {"answered": ""}, "turtlebot_controller": {"stopped": False}, "visit_keeper": {"refused": ""}}
# What would load networks, open a window, or need Gazebo.
HEAVY = {
    "fake_turtlebot": ["tf2_ros"],
    "virtual_patient": ["tf2_ros", "live"],
    "gazebo_patient": ["tf2_ros", "_services", "Actor"],
    "recorder": ["create_estimator", "Recognizer"],
    "displayer": ["get_texts", "window", "Renderer", "StopSwitch"],
    "pick_action": ["get_texts"],
    "turtlebot_controller": ["get_texts"],
    "speaker": ["Voice"],
}


def defaults_in_the_code(node, class_name):
    """Make the node without ROS and note which parameters it reads, with their defaults."""
    defaults = {}

    def note(name, default, *_, **__):
        defaults[name.lstrip("~")] = default
        return default

    module = importlib.import_module("rehab_coach.ros." + node)
    names = ["rospy"] + [name for name in ["Diagnostics"] if hasattr(module, name)] + HEAVY.get(node, [])
    replaced = dict({name: mock.MagicMock() for name in names}, get_parameter=note)
    with mock.patch.multiple(module, **replaced), mock.patch("threading.Thread"):
        getattr(module, class_name)()
    return defaults


@pytest.mark.parametrize("node, class_name", NODES)
def test_configuration_and_code_agree(node, class_name):
    with open(CONFIGURATION) as file:
        sections = yaml.safe_load(file)
    defaults = defaults_in_the_code(node, class_name)
    if node == "turtlebot_controller":
        from rehab_coach.ros.turtlebot_controller import MOTIONS

        defaults["motions"] = MOTIONS
    assert dict(sections[node], **KEPT.get(node, {})) == defaults


def test_there_is_a_section_for_each_node_and_no_other():
    with open(CONFIGURATION) as file:
        assert sorted(yaml.safe_load(file)) == sorted(node for node, _ in NODES)
