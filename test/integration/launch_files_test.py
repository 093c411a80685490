#!/usr/bin/env python3
"""Every launch file loads, its nodes exist, and its arguments reach them. Nothing is started."""

import ast
import glob
import os
import re
import tempfile
import unittest
from unittest import mock

import rosgraph
import roslaunch.config
import roslaunch.substitution_args
import roslib.packages
import rospkg
import rostest

PACKAGE = rospkg.RosPack().get_path("rehab_coach")
COACH = {"/pick_action", "/recorder", "/turtlebot_controller", "/displayer"}
STUBS = {
    "turtlebot3_bringup/launch/turtlebot3_core.launch": (
        "<launch><node pkg='rosserial_python' type='serial_node.py' name='turtlebot3_core'>"
        "<param name='port' value='/dev/ttyACM0'/></node></launch>"
    ),
    "turtlebot3_bringup/launch/turtlebot3_lidar.launch": "<launch/>",
    "gazebo_ros/launch/empty_world.launch": (
        "<launch><arg name='world_name'/><arg name='gui'/><arg name='use_sim_time'/><arg name='server_required'/>"
        "<param name='/use_sim_time' value='$(arg use_sim_time)'/>"
        "<node name='gazebo' pkg='gazebo_ros' type='gzserver' args='$(arg world_name)'/>"
        "<node if='$(arg gui)' name='gazebo_gui' pkg='gazebo_ros' type='gzclient'/></launch>"
    ),
    "turtlebot3_description/urdf/turtlebot3_waffle_pi.urdf.xacro": "<robot/>",
    "xacro/xacro": "#!/bin/sh\necho \"<robot name='$*'/>\"\n",  # says with what it was called
}


def load(name, **arguments):
    """A launch file's configuration, as roslaunch itself reads it."""
    return read(os.path.join(PACKAGE, "launch", name + ".launch"), **arguments)


def read(path, **arguments):
    """The same by its path; without what roscore adds, which starts two programs each time to say its version."""
    files = [(path, ["{}:={}".format(key, value) for key, value in arguments.items()])]
    with mock.patch("roslaunch.config.load_roscore"):
        return roslaunch.config.load_config_default(files, None, verbose=False)


def nodes(config):
    return {rosgraph.names.ns_join(node.namespace, node.name) for node in config.nodes}


def parameter(config, name):
    return config.params[name].value


class LaunchFilesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The robot's own packages are often not at hand; files of the same names take their place."""
        cls.folder = tempfile.TemporaryDirectory()
        for name, text in STUBS.items():
            path = os.path.join(cls.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o755)
            package = name.split("/")[0]
            with open(os.path.join(cls.folder.name, package, "package.xml"), "w") as file:
                file.write("<package><name>{}</name></package>".format(package))
        # Before the real ones, where those are installed.
        os.environ["ROS_PACKAGE_PATH"] = cls.folder.name + os.pathsep + os.environ["ROS_PACKAGE_PATH"]
        roslaunch.substitution_args._rospack = None

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_file_loads_and_its_nodes_exist(self):
        files = [os.path.basename(path)[: -len(".launch")] for path in glob.glob(PACKAGE + "/launch/*.launch")]
        self.assertLessEqual({"coach", "demo", "robot", "simulation"}, set(files))
        for name in files:
            config = load(name)
            self.assertEqual(config.config_errors, [], name)
            own = [node for node in config.nodes if node.package == "rehab_coach"]
            self.assertLessEqual(COACH, nodes(config), name)
            for node in own:
                self.assertTrue(roslib.packages.find_node("rehab_coach", node.type), node.type)
                self.assertEqual(node.output, "screen")

    def test_each_node_has_a_sample(self):
        for name in sorted(os.listdir(os.path.join(PACKAGE, "nodes"))):
            config = load(os.path.join("samples", "sample_" + name))
            self.assertEqual(config.config_errors, [], name)
            self.assertEqual([node.type for node in config.nodes], [name])

    def test_only_the_demo_on_a_camera_moves_without_a_laser(self):
        for name, required in (("coach", True), ("robot", True), ("demo", True), ("simulation", True)):
            self.assertIs(parameter(load(name), "/turtlebot_controller/require_scan"), required)
        self.assertIs(parameter(load("demo", source="0"), "/turtlebot_controller/require_scan"), False)
        careful = load("demo", source="0", require_scan="true")
        self.assertIs(parameter(careful, "/turtlebot_controller/require_scan"), True)

    def test_every_node_reads_the_configuration(self):
        config = load("demo")
        self.assertEqual(parameter(config, "/pick_action/order"), "random")
        self.assertEqual(parameter(config, "/pick_action/rounds"), 0)
        self.assertIs(parameter(config, "/displayer/headless"), False)
        self.assertIs(parameter(load("robot"), "/displayer/fullscreen"), True)
        self.assertEqual(parameter(config, "/turtlebot_controller/motions/not_seen"), [])

    def test_the_demo_has_a_virtual_patient_and_robot_or_a_camera(self):
        simulated = {"/virtual_patient", "/fake_turtlebot"}
        virtual, webcam = load("demo", seed="4"), load("demo", source="0")
        self.assertEqual(nodes(virtual) & (simulated | {"/camera"}), simulated)
        self.assertEqual(nodes(webcam) & (simulated | {"/camera"}), {"/camera"})
        self.assertEqual(parameter(virtual, "/virtual_patient/seed"), 4)

    def test_patients_are_identified_only_where_that_is_asked_for(self):
        for name in ("coach", "demo", "robot", "simulation"):
            config = load(name)
            self.assertNotIn("/identifier", nodes(config), name)
            self.assertIs(parameter(config, "/visit_keeper/identify"), False)
            config = load(name, identify="true", database="/kept/visits.sqlite")
            self.assertIn("/identifier", nodes(config), name)
            self.assertIs(parameter(config, "/visit_keeper/identify"), True)
            self.assertEqual(parameter(config, "/identifier/database"), "/kept/visits.sqlite")

    def test_two_coaches_each_stay_in_their_namespace(self):
        path = os.path.join(self.folder.name, "two.launch")
        coach = PACKAGE + "/launch/coach.launch"
        group = "<group ns='{}'><include file='{}'><arg name='rounds' value='{}'/></include></group>"
        with open(path, "w") as file:
            file.write("<launch>" + group.format("left", coach, 2) + group.format("right", coach, 3) + "</launch>")
        alone, config = load("coach"), read(path)
        self.assertEqual(config.config_errors, [])
        both = {side + name for side in ("/left", "/right") for name in nodes(alone)}
        self.assertEqual(nodes(config), both)
        self.assertEqual(
            set(config.params),
            {side + name for side in ("/left", "/right") for name in alone.params},
        )
        for side, rounds in (("/left", 2), ("/right", 3)):
            self.assertEqual(parameter(config, side + "/pick_action/rounds"), rounds)
        for node in config.nodes:
            self.assertFalse([name for pair in node.remap_args for name in pair if name.startswith("/")], node.name)

    def test_no_node_uses_a_topic_service_or_parameter_of_the_root(self):
        """A name that begins with a slash would be the same for two coaches in two namespaces."""
        files = set(glob.glob(PACKAGE + "/src/rehab_coach/ros/*.py"))
        files -= {PACKAGE + "/src/rehab_coach/ros/%s.py" % tool for tool in ("launched", "soak")}  # they watch a graph
        self.assertGreater(len(files), 10)
        for path in files:
            with open(path) as file:
                tree = ast.parse(file.read())
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            absolute = [text for text in texts if isinstance(text, str) and re.fullmatch(r"(/\w+)+", text)]
            self.assertEqual(absolute, [], path)

    def test_arguments_go_before_the_configuration(self):
        config = load(
            "demo",
            source="0",
            rounds="0",
            exercises="squat, lunge",
            order="listed",
            seed="3",
            start_delay="1.5",
            pause="2",
            headless="true",
            record="out.mp4",
        )
        for name, value in (
            ("camera/source", "0"),
            ("pick_action/rounds", 0),
            ("pick_action/order", "listed"),
            ("pick_action/exercises", "squat, lunge"),
            ("pick_action/seed", 3),
            ("pick_action/start_delay", 1.5),
            ("pick_action/pause", 2),
            ("displayer/headless", True),
            ("displayer/record", "out.mp4"),
        ):
            self.assertEqual(parameter(config, "/" + name), value, name)

    def test_the_last_round_and_the_window_end_all_and_others_come_back(self):
        by_name = {node.name: node for node in load("coach").nodes}
        self.assertTrue(by_name["pick_action"].required)
        self.assertTrue(by_name["displayer"].required)
        for name in ("recorder", "turtlebot_controller"):
            self.assertTrue(by_name[name].respawn)
            self.assertGreater(by_name[name].respawn_delay, 0)

    def test_the_robot_has_its_camera_and_its_port(self):
        config = load("robot", camera="2", opencr_port="/dev/ttyACM1")
        self.assertLessEqual({"/camera", "/turtlebot3_core"}, nodes(config))
        self.assertEqual(parameter(config, "/camera/source"), "2")
        self.assertEqual(parameter(config, "/turtlebot3_core/port"), "/dev/ttyACM1")

    def test_the_simulation_is_gazebos_and_the_robots_and_ours(self):
        config = load("simulation", camera_height="1.3", seed="4", obedience="0.5")
        self.assertLessEqual(
            {"/gazebo", "/spawn_turtlebot3", "/robot_state_publisher", "/gazebo_patient"}, nodes(config)
        )
        self.assertNotIn("/gazebo_gui", nodes(config))
        self.assertIn("/gazebo_gui", nodes(load("simulation", gui="true")))
        self.assertIs(parameter(config, "/use_sim_time"), True)
        by_name = {node.name: node for node in config.nodes}
        self.assertTrue(os.path.isfile(by_name["gazebo"].args))
        self.assertTrue(by_name["gazebo_patient"].required)
        called = parameter(config, "/robot_description")
        self.assertRegex(called, r"/urdf/turtlebot3_waffle_pi_webcam.urdf.xacro camera_height:=1.3'")
        self.assertEqual(parameter(config, "/gazebo_patient/seed"), 4)
        self.assertEqual(parameter(config, "/pick_action/seed"), 4)
        self.assertEqual(parameter(config, "/gazebo_patient/obedience"), 0.5)
        for name in ("recorder", "displayer"):
            self.assertIn(["camera/image/compressed", "webcam/image/compressed"], by_name[name].remap_args)
        self.assertIn(["camera/camera_info", "webcam/camera_info"], by_name["gazebo_patient"].remap_args)


if __name__ == "__main__":
    rostest.rosrun("rehab_coach", "launch_files", LaunchFilesTest)
