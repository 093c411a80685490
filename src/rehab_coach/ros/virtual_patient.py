"""A camera in front of a person who is not there: she does what the robot asks for, or something else."""

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Optional

import cv2
import numpy as np
import rospy
import tf2_ros
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import ActionClass, Prediction, Truth
from rehab_coach.ros.diagnostics import OK, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.ros.truth_log import TruthLog
from rehab_coach.simulation import live
from rehab_coach.simulation.camera import Camera
from rehab_coach.simulation.motions import make_motion
from rehab_coach.simulation.obedience import Obedience, Response, motion_of
from rehab_coach.simulation.render import Look
from rehab_coach.simulation.room import LIGHTS, ROOMS
from rehab_coach.simulation.turtlebot import Place, camera_at

MOTION_RATE = 30.0  # Hz, samples of the motion
SECOND_THOUGHT = 0.5  # s from the robot's answer until she stops
LATEST = 60.0  # s, an older request is not for her
LONGEST_STEP = 1.0  # s: when the clock is set, her own time goes on


class _Turn(NamedTuple):
    """What she does about one request, and when."""

    round: int
    response: Response
    begin: float
    performance: Future


class VirtualPatient:
    """A virtual patient before the robot's camera, which moves with the robot.

    Publishes:
        camera/image/compressed (sensor_msgs/CompressedImage), camera/image (sensor_msgs/Image),
        camera/camera_info (sensor_msgs/CameraInfo)
        ~truth (rehab_coach/Truth): of each picture.
        tf_static: base_footprint -> the camera
        /diagnostics
    Subscribes:
        action_class (rehab_coach/ActionClass): she reads it, and after a moment begins.
        stgcn_prediction (rehab_coach/Prediction): she sees that it is over, and stops.
        odom (nav_msgs/Odometry): where the robot is; she stands in front of where it started.
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: a wrong parameter, the extra [simulation] or OpenGL missing.
    """

    def __init__(self) -> None:
        seed = get_parameter("~seed", -1, int, minimum=-1)
        self._seed = seed if seed >= 0 else int(np.random.SeedSequence().generate_state(1)[0])
        self._obedience = Obedience(
            self._seed,
            get_parameter("~obedience", 0.8, float, minimum=0.0, maximum=1.0),
            get_parameter("~faults", 0.25, (float, list)),
            get_parameter("~turned", 50.0, float, minimum=0.0, maximum=180.0),
        )
        self._rounds_per_person = get_parameter("~rounds_per_person", 0, int, minimum=0)
        self._duration = get_parameter("~duration", 20.0, float, minimum=1.0, maximum=120.0)
        self._rate = get_parameter("~rate", 20.0, float, minimum=1.0, maximum=60.0)
        self._size = (
            get_parameter("~width", 640, int, minimum=64, maximum=1920),
            get_parameter("~height", 480, int, minimum=64, maximum=1080),
        )
        self._quality = get_parameter("~jpeg_quality", 85, int, minimum=1, maximum=100)
        self._frame_id = get_parameter("~frame_id", "camera", str)
        self._camera = Camera(
            distance=get_parameter("~distance", 3.2, float, minimum=1.0, maximum=10.0),
            height=get_parameter("~camera_height", 1.0, float, minimum=0.05, maximum=3.0),
            look_at=get_parameter("~look_at", 1.15, float, minimum=0.0, maximum=3.0),
            field_of_view=get_parameter("~field_of_view", 48.8, float, minimum=10.0, maximum=120.0),
        )
        room = get_parameter("~room", "clinic", str, choices=tuple(ROOMS))
        light = get_parameter("~light", "even", str, choices=tuple(LIGHTS))
        # Before the person is made, which takes seconds: whoever looks for the topics finds them.
        self._compressed = rospy.Publisher("camera/image/compressed", CompressedImage, queue_size=2)
        self._raw = rospy.Publisher("camera/image", Image, queue_size=2)
        self._lens = rospy.Publisher("camera/camera_info", CameraInfo, queue_size=2)
        self._truths = rospy.Publisher("~truth", Truth, queue_size=100)
        rospy.loginfo("the virtual patient gets ready; the first time on a computer that takes a minute or more")
        try:
            self._patient = live.VirtualPatient(
                self._seed, look=Look(room=room, light=light), size=self._size, camera=self._camera, rate=MOTION_RATE
            )
        except RehabCoachError as error:
            raise RehabCoachError("%s; or show a clip instead (SOURCE=clip, source:=FILE)" % error) from error
        self._lock = threading.Lock()
        self._request: Optional[ActionClass] = None
        self._answered = Prediction()  # the last one
        self._truth_log = TruthLog()
        self._place = Place()
        self._turn: Optional[_Turn] = None
        self._begun, self._stop_at = False, math.inf
        self._people, self._rounds = 1, 0
        self._next: Optional[Future] = None  # the next person
        self._now, self._last = 0.0, rospy.Time.now()
        self._worker = ThreadPoolExecutor(1)
        self._fixed = tf2_ros.StaticTransformBroadcaster()
        self._fixed.sendTransform(_mounted(self._camera, self._frame_id))
        self._diagnostics = Diagnostics("virtual patient %d" % self._seed)
        self._diagnostics.add("patient", self._state)
        self._frequency = self._diagnostics.add_rate("pictures", 0.5 * self._rate, 120.0)
        self._subscribers = [
            rospy.Subscriber("odom", Odometry, self._on_odometry, queue_size=1),
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
            self._answered = message

    def _on_odometry(self, message: Odometry) -> None:
        position, rotation = message.pose.pose.position, message.pose.pose.orientation
        with self._lock:
            self._place = Place(position.x, position.y, 2 * math.atan2(rotation.z, rotation.w))

    # Main thread: the drawing surface belongs to it

    def spin(self) -> None:
        """Publish a picture after the other until ROS shuts down."""
        rate = rospy.Rate(self._rate, reset=True)
        while not rospy.is_shutdown():
            stamp = rospy.Time.now()
            self._now += min(max((stamp - self._last).to_sec(), 0.0), LONGEST_STEP)
            self._last = stamp
            with self._lock:
                request, self._request = self._request, None
                answered, place = self._answered, self._place
            if request is not None:
                self._listen(request)
            self._act(answered)
            self._patient.camera = camera_at(place, self._camera)
            self._publish(self._patient.picture(self._now), stamp)
            rate.sleep()

    def _listen(self, request: ActionClass) -> None:
        """Decide what to do, and think it over while she gets ready."""
        if self._next is not None:
            self._change_person(self._next)  # what she is going to do must fit her own body
        response = self._obedience.respond(request.label)
        if motion_of(request.label) is None:
            rospy.logwarn_once("she cannot do every exercise: for '%s' she does something else", request.label)
        motion = make_motion(response.shown, self._duration, MOTION_RATE, response.seed, faults=response.faults)
        performance = self._worker.submit(self._patient.prepare, motion, response.yaw)
        self._turn = _Turn(request.round, response, self._now + response.delay, performance)
        self._begun, self._stop_at = False, math.inf

    def _act(self, answered: Prediction) -> None:
        """Begin and stop when it is time, and make room for the next person."""
        turn = self._turn
        if turn is not None and not self._begun and self._now >= turn.begin and turn.performance.done():
            self._patient.begin(turn.performance.result(), self._now)
            self._begun = True
        if turn is not None and turn.round == answered.round and self._stop_at == math.inf:
            self._stop_at = self._now + SECOND_THOUGHT
            self._rounds += 1
            if self._rounds_per_person and self._rounds % self._rounds_per_person == 0:
                self._next = self._worker.submit(self._patient.somebody, self._seed + 1000 * self._people)
        if turn is not None and self._now >= self._stop_at:
            self._truth_log.tell(answered, turn.response)
        if self._now >= self._stop_at and self._begun and self._patient.busy(self._now):
            self._patient.stop(self._now)
        if self._next is not None and self._next.done() and not self._patient.busy(self._now):
            self._change_person(self._next)

    def _change_person(self, somebody: Future) -> None:
        self._patient.take_over(somebody.result(), self._now)
        self._people, self._next = self._people + 1, None

    def _publish(self, moment: live.Moment, stamp: rospy.Time) -> None:
        height, width = moment.picture.shape[:2]
        compressed = CompressedImage(format="jpeg")
        compressed.header.stamp, compressed.header.frame_id = stamp, self._frame_id
        encoded = cv2.imencode(".jpg", moment.picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
        compressed.data = encoded.tobytes()
        self._compressed.publish(compressed)
        if self._raw.get_num_connections():
            raw = Image(height=height, width=width, encoding="bgr8", step=3 * width, data=moment.picture.tobytes())
            raw.header = compressed.header
            self._raw.publish(raw)
        if self._lens.get_num_connections():
            self._lens.publish(_camera_info(compressed.header, self._camera, (width, height)))
        if self._truths.get_num_connections():
            self._truths.publish(self._truth(compressed.header, moment))
        self._frequency.tick()

    def _truth(self, header, moment: live.Moment) -> Truth:
        message = Truth(header=header, shown=moment.motion.name, changing=moment.changing, person=self._people)
        message.height, message.width = moment.picture.shape[:2]
        message.key_points = moment.key_points.ravel().tolist()
        if self._turn is not None:
            response = self._turn.response
            message.round, message.asked, message.response = self._turn.round, response.asked, response.shown
            message.label, message.faults, message.yaw = response.label, response.faults, response.yaw
        if not (moment.idle or moment.changing):
            message.repetition, message.phase = moment.repetition, moment.phase
        return message

    def _state(self) -> State:
        turn = self._turn
        return OK, "performs" if turn and self._begun else "waits", {"round": turn.round if turn else "none"}

    def close(self) -> None:
        """Give the drawing surface back."""
        self._truth_log.close()
        self._diagnostics.close()
        self._worker.shutdown()
        self._patient.close()


def _camera_info(header, camera: Camera, size) -> CameraInfo:
    """The lens without distortion, as REP 104 wants it."""
    focal, (width, height) = camera.focal_length(size), size
    message = CameraInfo(header=header, width=width, height=height, distortion_model="plumb_bob", D=[0.0] * 5)
    message.K = [focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1]
    message.R = np.eye(3).ravel().tolist()
    message.P = [focal, 0, width / 2, 0, 0, focal, height / 2, 0, 0, 0, 1, 0]
    return message


def _mounted(camera: Camera, frame_id: str) -> TransformStamped:
    """Where the camera sits over the wheels' axle; its frame is an optical one (REP 103: z ahead, y down)."""
    from scipy.spatial.transform import Rotation

    up = math.atan2(camera.look_at - camera.height, camera.distance)
    ahead = np.array([math.cos(up), 0.0, math.sin(up)])
    right = np.array([0.0, -1.0, 0.0])
    rotation = Rotation.from_matrix(np.stack([right, np.cross(ahead, right), ahead], axis=1)).as_quat()
    transform = TransformStamped(child_frame_id=frame_id)
    transform.header.stamp, transform.header.frame_id = rospy.Time.now(), "base_footprint"
    transform.transform.translation.z = camera.height
    place = transform.transform.rotation
    place.x, place.y, place.z, place.w = (float(value) for value in rotation)
    return transform
