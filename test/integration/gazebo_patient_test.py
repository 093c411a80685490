#!/usr/bin/env python3
"""The patient in Gazebo against Gazebo's services, recorded: what is spawned when, and what the truth says about it."""

import os
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

import numpy as np
import roslib.packages
import rospkg
import rospy
import rostest
import tf2_ros
from genpy.generator import SrvGenerator
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import CameraInfo

from rehab_coach.msg import ActionClass, Prediction, Truth
from rehab_coach.ros.testing import wait_for

SERVICES = {
    "SpawnModel": "string model_name\nstring model_xml\nstring robot_namespace\ngeometry_msgs/Pose initial_pose\n"
    "string reference_frame\n---\nbool success\nstring status_message\n",
    "DeleteModel": "string model_name\n---\nbool success\nstring status_message\n",
    "GetWorldProperties": "---\nfloat64 sim_time\nstring[] model_names\nbool rendering_enabled\nbool success\n"
    "string status_message\n",
}
LEFT_BEHIND = "rehab_coach_patient_7"


def make_gazebo_msgs(folder):
    """The part of Gazebo's package that the patient needs, for machines where it is not installed."""
    srv = os.path.join(folder, "gazebo_msgs", "srv")
    os.makedirs(srv)
    for name, text in SERVICES.items():
        with open(os.path.join(srv, name + ".srv"), "w") as file:
            file.write(text)
    files = [os.path.join(srv, name + ".srv") for name in SERVICES]
    packages = ("geometry_msgs", "std_msgs")
    search = {package: [os.path.join(rospkg.RosPack().get_path(package), "msg")] for package in packages}
    assert SrvGenerator().generate_messages("gazebo_msgs", files, srv, search) == 0
    open(os.path.join(folder, "gazebo_msgs", "__init__.py"), "w").close()
    with open(os.path.join(srv, "__init__.py"), "w") as file:
        file.writelines("from ._{0} import *\n".format(name) for name in SERVICES)


class FakeGazebo:
    """Answers as Gazebo does, and remembers."""

    def __init__(self, srv):
        self.srv, self.models, self.actors, self.poses, self.deleted = srv, {LEFT_BEHIND}, [], {}, []
        self.broken = 1  # so many actors cannot be spawned
        self.services = [
            rospy.Service("gazebo/spawn_sdf_model", srv.SpawnModel, self.spawn),
            rospy.Service("gazebo/delete_model", srv.DeleteModel, self.delete),
            rospy.Service("gazebo/get_world_properties", srv.GetWorldProperties, self.world),
        ]

    def spawn(self, request):
        root = ElementTree.fromstring(request.model_xml)
        actor = root.find("actor")
        if actor is not None and self.broken:
            self.broken -= 1
            return self.srv.SpawnModelResponse(False, "spawn service timed out")
        if request.model_name in self.models:
            return self.srv.SpawnModelResponse(False, "SpawnModel: Failure - entity already exists.")
        self.models.add(request.model_name)
        self.poses[request.model_name] = request.initial_pose.position
        if actor is not None:
            assert actor.get("name") == request.model_name
            with open(actor.findtext("animation/filename")) as file:  # Gazebo reads it now, and only now
                frames = file.read().split("Frames: ")[1].split()[0]
            self.actors.append((request.model_name, int(frames), len(list(actor.iter("waypoint")))))
        return self.srv.SpawnModelResponse(True, "")

    def delete(self, request):
        if request.model_name not in self.models:
            return self.srv.DeleteModelResponse(False, "DeleteModel: model does not exist")
        self.models.remove(request.model_name)
        self.deleted.append(request.model_name)
        return self.srv.DeleteModelResponse(True, "")

    def world(self, _):
        return self.srv.GetWorldPropertiesResponse(0.0, ["floor"] + sorted(self.models), True, True, "")


def start(environment, *arguments):
    """Start the node as roslaunch does."""
    path = roslib.packages.find_node("rehab_coach", "gazebo_patient")[0]
    return subprocess.Popen(
        [path, "__name:=gazebo_patient", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )


class GazeboPatientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.environment = {"TMPDIR": cls.folder.name}
        try:
            from gazebo_msgs import srv
        except ImportError:
            make_gazebo_msgs(cls.folder.name)
            sys.path.append(cls.folder.name)
            cls.environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "") + os.pathsep + cls.folder.name
            from gazebo_msgs import srv
        cls.gazebo = FakeGazebo(srv)
        cls.truths = []
        cls.subscriber = rospy.Subscriber("gazebo_patient/truth", Truth, cls.truths.append, queue_size=100)
        cls.actions = rospy.Publisher("action_class", ActionClass, queue_size=1)
        cls.predictions = rospy.Publisher("stgcn_prediction", Prediction, queue_size=1)
        cls.lens = rospy.Publisher("camera/camera_info", CameraInfo, queue_size=1)
        cls.transforms = tf2_ros.StaticTransformBroadcaster()
        camera = TransformStamped(child_frame_id="webcam_optical")
        camera.header.frame_id, camera.transform.translation.z = "odom", 1.0
        turn = camera.transform.rotation  # z ahead, y down
        turn.x, turn.y, turn.z, turn.w = -0.5, 0.5, -0.5, 0.5
        cls.transforms.sendTransform(camera)
        cls.node = start(cls.environment, "_seed:=5", "_obedience:=1.0", "_faults:=0.0", "_turned:=0.0")
        wait_for(lambda: len(cls.gazebo.actors) == 1, "the first actor")
        topics = cls.actions, cls.predictions, cls.lens, cls.subscriber
        wait_for(lambda: all(topic.get_num_connections() for topic in topics), "the patient's ears")

    @classmethod
    def tearDownClass(cls):
        cls.node.terminate()
        cls.node.communicate()
        cls.folder.cleanup()

    def film(self, condition, what):
        """Take pictures until the truth of one of them is so; returns it."""
        count = len(self.truths)
        lens = CameraInfo(width=640, height=480, K=[693, 0, 320, 0, 693, 240, 0, 0, 1])
        lens.header.frame_id = "webcam_optical"

        def found():
            lens.header.stamp = rospy.Time.now()
            self.lens.publish(lens)
            rospy.sleep(0.05)
            return [truth for truth in self.truths[count:] if condition(truth)]

        wait_for(found, what)
        return found()[0]

    def ask(self, number, label):
        action = ActionClass(round=number, label=label)
        action.header.stamp = rospy.Time.now()
        self.actions.publish(action)

    def test_1_the_first_actor_stands_where_the_laser_sees_something(self):
        self.assertIn(LEFT_BEHIND, self.gazebo.deleted)  # of a patient who was killed
        self.assertEqual(self.gazebo.broken, 0)  # it tried again
        for name, place in self.gazebo.poses.items():
            self.assertEqual((place.x, place.y), (4.5, 0.0), name)
        self.assertEqual(len(self.gazebo.models), 2)
        truth = self.film(lambda truth: truth.key_points, "a picture of somebody")
        self.assertEqual((truth.round, truth.shown, truth.repetition), (0, "standing", 0))
        points = np.reshape(truth.key_points, (18, 3))
        self.assertTrue((points[:, 2] == 1).all())
        # A person of 1.7 m at 4.5 m, her right shoulder on the picture's left.
        self.assertAlmostEqual(np.ptp(points[:, 1]), 693 * 1.5 / 4.5, delta=20)
        self.assertLess(points[2, 0], points[5, 0])

    def test_2_a_request_is_answered_and_after_the_prediction_she_stands(self):
        spawned = len(self.gazebo.actors)
        self.ask(1, "squat")
        truth = self.film(lambda truth: truth.repetition and 0.4 < truth.phase < 0.6, "a squat")
        self.assertEqual((truth.round, truth.asked, truth.response, truth.label), (1, "squat", "squat", "squat"))
        self.assertEqual(truth.shown, "squat")
        self.assertEqual(len(self.gazebo.actors), spawned + 1)
        self.assertEqual(len(self.gazebo.models), 2)  # one actor at a time
        name, frames, waypoints = self.gazebo.actors[-1]
        self.assertIn(name, self.gazebo.models)
        self.assertEqual(frames + 2, waypoints)  # it waits below the floor first
        low = np.reshape(truth.key_points, (18, 3))
        self.predictions.publish(Prediction(round=1))
        truth = self.film(
            lambda truth: not truth.changing and truth.shown in ("standing", "talking"), "standing after the answer"
        )
        self.assertEqual(len(self.gazebo.actors), spawned + 2)
        self.assertLess(np.reshape(truth.key_points, (18, 3))[0, 1], low[0, 1] - 30)  # the nose is higher again

    def test_3_a_prediction_of_another_round_changes_nothing(self):
        self.ask(2, "lunge")
        self.film(lambda truth: truth.repetition >= 1, "a lunge")
        spawned = len(self.gazebo.actors)
        self.predictions.publish(Prediction(round=1))
        self.film(lambda truth: truth.repetition >= 2 and truth.shown == "lunge", "another lunge")
        self.assertEqual(len(self.gazebo.actors), spawned)

    def test_4_gazebo_breaks_down_for_a_moment(self):
        self.gazebo.broken = 2
        self.ask(3, "jumping_jack")
        wait_for(lambda: self.gazebo.broken < 2, "the first attempt")
        self.predictions.publish(Prediction(round=2))  # too late to stop her: she has read the next request
        self.film(lambda truth: truth.shown == "jumping_jack" and truth.repetition > 0, "jumping jacks")
        self.assertEqual(self.gazebo.broken, 0)
        self.predictions.publish(Prediction(round=3))

    def test_5_there_is_a_bar_while_she_hangs(self):
        self.ask(4, "pull_up")
        self.film(lambda truth: truth.shown == "pull_up" and truth.repetition > 0, "pull-ups")
        self.assertIn("rehab_coach_patient_bar", self.gazebo.models)
        self.predictions.publish(Prediction(round=4))
        self.film(lambda truth: not truth.changing and truth.shown in ("standing", "talking"), "standing again")
        self.assertNotIn("rehab_coach_patient_bar", self.gazebo.models)

    def test_6_a_wrong_parameter_ends_the_node_with_advice(self):
        for argument, message in (
            ("_place:=[1.0]", "place needs x and y"),
            ("_obedience:=2.0", "obedience is 2.0; it must be a number from 0.0 to 1.0"),
            ("_faults:=[flying]", "no motion has a fault 'flying'"),
        ):
            name = "__name:=wrong"
            process = start(self.environment, argument, name)
            output = process.communicate(timeout=120)[0]
            self.assertEqual(process.returncode, 1, output)
            self.assertIn(message, output)
            rospy.delete_param("wrong")

    def test_7_without_gazebo_it_says_what_to_install(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "gazebo_msgs"))
            with open(os.path.join(folder, "gazebo_msgs", "__init__.py"), "w") as file:
                file.write("raise ImportError('not here')\n")
            path = folder + os.pathsep + os.environ.get("PYTHONPATH", "")
            process = start({"PYTHONPATH": path}, "__name:=alone")
            output = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 1, output)
        self.assertIn("the patient needs the ROS package gazebo_msgs", output)


if __name__ == "__main__":
    rospy.init_node("gazebo_patient_test")
    rostest.rosrun("rehab_coach", "gazebo_patient", GazeboPatientTest, sys.argv)
