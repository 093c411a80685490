"""A patient in Gazebo: an actor with Gazebo's own skin that does what the robot asks for, or something else."""

import os
import shutil
import threading
from typing import NamedTuple, Optional

import numpy as np
import rospy
import tf2_ros
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import CameraInfo

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import make_temporary_folder
from rehab_coach.msg import ActionClass, Prediction, Truth
from rehab_coach.ros.diagnostics import ERROR, OK, Diagnostics, State
from rehab_coach.ros.parameters import ParameterError, get_parameter
from rehab_coach.ros.truth_log import TruthLog
from rehab_coach.simulation.gazebo.actor import (
    HIDDEN_SECONDS,
    Act,
    Actor,
    Place,
    actor_sdf,
    bar_sdf,
    key_points,
    obstacle_sdf,
    write_act,
)
from rehab_coach.simulation.obedience import Obedience, Response, motion_of

PREFIX = "rehab_coach_patient_"  # of the names of our actors
BAR = "rehab_coach_patient_bar"
OBSTACLE = "rehab_coach_patient_for_the_laser"
SECOND_THOUGHT = 0.5  # s from the robot's answer until she stops
LATEST = 60.0  # s, an older request is not for her
AHEAD = 0.05  # s before the next actor appears, this one goes
RETRY = 2.0  # s between two attempts to change the actor


class _Scene(NamedTuple):
    """What the actor does since when, and for which request."""

    act: Act
    since: rospy.Time
    round: int = 0
    response: Optional[Response] = None


class _Answer(NamedTuple):
    """What the robot said of what she did, and when she has read it."""

    prediction: Prediction
    response: Response
    read: rospy.Time


class GazeboPatient:
    """Spawns an actor that stands before the robot and spawns it anew for everything that it is to do.

    Publishes:
        ~truth (rehab_coach/Truth): of each picture of the camera.
        /diagnostics
    Subscribes:
        action_class (rehab_coach/ActionClass): she reads it, and after a moment begins.
        stgcn_prediction (rehab_coach/Prediction): she sees that it is over, and stops.
        camera/camera_info (sensor_msgs/CameraInfo): comes with each picture.
    Calls:
        gazebo/spawn_sdf_model, gazebo/delete_model, gazebo/get_world_properties (gazebo_msgs)
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: a wrong parameter, or gazebo_msgs is missing.
    """

    def __init__(self) -> None:
        seed = get_parameter("~seed", -1, int, minimum=-1)
        seed = seed if seed >= 0 else int(np.random.SeedSequence().generate_state(1)[0])
        self._obedience = Obedience(
            seed,
            get_parameter("~obedience", 0.8, float, minimum=0.0, maximum=1.0),
            get_parameter("~faults", 0.25, (float, list)),
            get_parameter("~turned", 50.0, float, minimum=0.0, maximum=180.0),
        )
        self._duration = get_parameter("~duration", 20.0, float, minimum=1.0, maximum=120.0)
        place = get_parameter("~place", [4.5, 0.0], list, minimum=-100.0, maximum=100.0)
        if len(place) != 2:
            raise ParameterError("parameter %s needs x and y, not %s" % (rospy.resolve_name("~place"), place))
        self._place = Place(*map(float, place))
        self._radius = get_parameter("~radius", 0.25, float, minimum=0.01, maximum=2.0)
        self._world_frame = get_parameter("~world_frame", "odom", str)
        services = _services()
        self._spawn = rospy.ServiceProxy("gazebo/spawn_sdf_model", services.SpawnModel)
        self._delete = rospy.ServiceProxy("gazebo/delete_model", services.DeleteModel)
        self._world = rospy.ServiceProxy("gazebo/get_world_properties", services.GetWorldProperties)
        self._actor = Actor(seed)
        self._folder = make_temporary_folder()
        self._lock = threading.Lock()
        self._scene: Optional[_Scene] = None
        self._request: Optional[ActionClass] = None
        self._truth_log = TruthLog()
        self._answer: Optional[_Answer] = None  # that she has not read yet
        self._number, self._name, self._problem = 0, "", ""
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer)
        self._truths = rospy.Publisher("~truth", Truth, queue_size=100)
        self._diagnostics = Diagnostics("patient %d in Gazebo" % seed)
        self._diagnostics.add("patient", self._state)
        self._subscribers = [
            rospy.Subscriber("camera/camera_info", CameraInfo, self._on_picture, queue_size=10),
            rospy.Subscriber("stgcn_prediction", Prediction, self._on_prediction, queue_size=10),
            rospy.Subscriber("action_class", ActionClass, self._on_action, queue_size=10),
        ]

    # Callbacks: they store

    def _on_action(self, message: ActionClass) -> None:
        if message.header.stamp and (rospy.Time.now() - message.header.stamp).to_sec() > LATEST:
            rospy.loginfo("the request of round %d is too old for the patient", message.round)
            return
        with self._lock:
            self._request = message

    def _on_prediction(self, message: Prediction) -> None:
        with self._lock:
            scene = self._scene
            if scene is not None and scene.response is not None and message.round == scene.round:
                self._answer = _Answer(message, scene.response, rospy.Time.now() + rospy.Duration(SECOND_THOUGHT))

    # Main thread: it waits for Gazebo

    def spin(self) -> None:
        """Act until ROS shuts down."""
        self._wait_for_gazebo()
        self._clear()
        self._attempt(lambda: self._create(OBSTACLE, obstacle_sdf(OBSTACLE, self._radius)))
        self._enter(self._actor.stand())
        while not rospy.is_shutdown():
            with self._lock:
                scene = self._scene
                assert scene is not None  # she has entered
                request, self._request = self._request, None
                answer, stopping = self._answer, False
                if answer is not None and rospy.Time.now() >= answer.read:
                    self._answer = None
                    self._truth_log.tell(answer.prediction, answer.response)
                    stopping = answer.prediction.round == scene.round  # it may have come while she changed
            act, since = scene.act, max((rospy.Time.now() - scene.since).to_sec(), 0.0)
            then = since + HIDDEN_SECONDS
            if request is not None:
                response = self._obedience.respond(request.label)
                if motion_of(request.label) is None:
                    rospy.logwarn_once("she cannot do every exercise: for '%s' she does something else", request.label)
                self._enter(self._actor.respond(response, self._duration, act, then), request.round, response)
            elif stopping and since < act.end or since > act.seconds:
                self._enter(self._actor.stand(act, then), scene.round, scene.response)
            rospy.rostime.wallsleep(0.05)

    def _wait_for_gazebo(self) -> None:
        while not rospy.is_shutdown():
            try:
                for service in (self._spawn, self._delete, self._world):
                    service.wait_for_service(timeout=5.0)
                return
            except rospy.ROSException:
                rospy.logwarn_throttle(15, "still waiting for Gazebo's service %s" % self._spawn.resolved_name)

    def _clear(self) -> None:
        """Delete what an earlier patient, who was killed, has left behind."""
        try:
            for name in self._world().model_names:
                if name.startswith(PREFIX):
                    self._delete(name)
        except rospy.ServiceException as error:
            rospy.logwarn("Gazebo did not tell what is in its world: %s", error)

    def _enter(self, act: Act, number: int = 0, response: Optional[Response] = None) -> None:
        """Let another actor go on where this one is; there are two of them, one unseen, for a second."""
        self._number += 1
        name = "%s%d" % (PREFIX, self._number)
        animation = os.path.join(self._folder, name + ".bvh")
        write_act(animation, act)
        sdf = actor_sdf(name, act, animation, self._place)
        self._attempt(lambda: self._create(name, sdf))
        os.remove(animation)
        appears = rospy.Time.now() + rospy.Duration(HIDDEN_SECONDS)
        if self._name:
            self._wait_until(appears - rospy.Duration(AHEAD))
            self._attempt(lambda: self._remove(self._name))
        if self._scene is not None and self._scene.act.hanging:
            self._attempt(lambda: self._remove(BAR))
        if act.hanging:
            self._attempt(lambda: self._create(BAR, bar_sdf(BAR, act)))
        with self._lock:
            self._scene, self._name = _Scene(act, appears, number, response), name

    @staticmethod
    def _wait_until(time: rospy.Time) -> None:
        """Sleep in Gazebo's time, also when that is set back."""
        start = rospy.Time.now()
        while not rospy.is_shutdown() and start <= rospy.Time.now() < time:
            rospy.rostime.wallsleep(0.005)

    def _attempt(self, action) -> None:
        """Do it until it works: without the actor there is no patient."""
        while not rospy.is_shutdown():
            try:
                self._problem = action()
            except rospy.ServiceException as error:
                self._problem = str(error)
            if not self._problem:
                return
            rospy.logerr_throttle(10, "Gazebo cannot change the patient: %s" % self._problem)
            rospy.rostime.wallsleep(RETRY)
            self._wait_for_gazebo()

    def _create(self, name: str, sdf: str) -> str:
        """Returns why it did not work."""
        pose = Pose(Point(self._place.x, self._place.y, 0.0), Quaternion(w=1.0))  # of a model; an actor has its script
        answer = self._spawn(model_name=name, model_xml=sdf, initial_pose=pose)
        return "" if answer.success or "exist" in answer.status_message else answer.status_message

    def _remove(self, name: str) -> str:
        """Returns why it did not work."""
        answer = self._delete(name)
        return "" if answer.success or "not exist" in answer.status_message else answer.status_message

    def _on_picture(self, lens: CameraInfo) -> None:
        with self._lock:
            scene = self._scene
        if scene is None or not self._truths.get_num_connections():
            return
        since = max((lens.header.stamp - scene.since).to_sec(), 0.0)
        act = scene.act
        message = Truth(header=lens.header, shown="standing", person=1, width=lens.width, height=lens.height)
        if scene.response is not None:
            response = scene.response
            message.round, message.asked, message.response = scene.round, response.asked, response.shown
            message.label, message.faults, message.yaw = response.label, response.faults, response.yaw
        if act.begin <= since <= act.end:
            message.shown = act.motion.name
            if act.motion.name not in ("standing", "talking"):
                message.repetition, message.phase = act.repetition(since)
        message.changing = act.changing(since)
        message.key_points = self._seen(key_points(act, act.frame(since), self._place), lens)
        self._truths.publish(message)

    def _seen(self, world: np.ndarray, lens: CameraInfo) -> list:
        """Pixels and scores of points (V, 3) of the world; nothing where the camera's place is not known."""
        try:
            transform = self._buffer.lookup_transform(lens.header.frame_id, self._world_frame, rospy.Time(0)).transform
        except tf2_ros.TransformException:
            return []
        from scipy.spatial.transform import Rotation

        turn, shift = transform.rotation, transform.translation
        rotation = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w])
        camera = rotation.apply(world) + [shift.x, shift.y, shift.z]
        focal, size = (lens.K[0], lens.K[4]), (lens.width, lens.height)
        pixels = camera[:, :2] / np.maximum(camera[:, 2:], 0.05) * focal + [lens.K[2], lens.K[5]]
        inside = (camera[:, 2] > 0.05) & (pixels >= 0).all(axis=1) & (pixels < size).all(axis=1)
        return (np.column_stack([pixels, np.ones(len(pixels))]) * inside[:, None]).ravel().tolist()

    def _state(self) -> State:
        scene = self._scene
        if self._problem:
            return ERROR, self._problem, {}
        return OK, "waits for Gazebo" if scene is None else scene.act.motion.name, {"spawned": self._number}

    def close(self) -> None:
        """Remove the animations."""
        self._truth_log.close()
        self._diagnostics.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _services():
    """The service types of Gazebo, which are not there where Gazebo is not."""
    try:
        from gazebo_msgs import srv
    except ImportError as error:
        raise RehabCoachError(
            "the patient needs the ROS package gazebo_msgs; install gazebo_ros_pkgs (docs/gazebo.md says how) "
            "or try the coach without Gazebo: make demo"
        ) from error
    return srv
