"""The node that shows prompts, the camera picture with the skeleton, and answers on the robot's screen."""

import threading
import time
from typing import List, Optional, Union

import cv2
import numpy as np
import rospy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Bool

from rehab_coach.display import figures, theme, window
from rehab_coach.display.picture import PictureBuffer, PictureDecoder, PictureSkeleton, compose
from rehab_coach.display.renderer import Renderer
from rehab_coach.display.screen_video import ScreenVideo
from rehab_coach.display.state import Motion, Phase, ScreenState
from rehab_coach.errors import RehabCoachError
from rehab_coach.exercises import UNKNOWN
from rehab_coach.kinematics.repetitions.live import RepetitionCounter
from rehab_coach.msg import ActionClass, DisplayMessage, Movement, Prediction, PredictionSoFar, Skeleton
from rehab_coach.robot.steady_time import SteadyClock
from rehab_coach.ros.conversions import to_picture
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.ros.stop_switch import StopSwitch
from rehab_coach.ros.texts import get_texts
from rehab_coach.skeleton import get_layout
from rehab_coach.texts import ENGLISH, languages


class Displayer:
    """Draws the robot's screen: callbacks store under a lock, the main thread draws.

    Subscribes:
        display_message (rehab_coach/DisplayMessage): what the person should read.
        action_class (rehab_coach/ActionClass): round and exercise.
        stgcn_prediction (rehab_coach/Prediction): what was seen, and how sure.
        prediction_so_far (rehab_coach/PredictionSoFar): what the movement is taken for while it goes on.
        movement (rehab_coach/Movement): how many repetitions there were.
        camera/image/compressed (sensor_msgs/CompressedImage): the picture; or camera/image (sensor_msgs/Image) with
            ~transport raw.
        skeleton (rehab_coach/Skeleton): drawn over the picture with the same stamp; its repetitions are counted
            while it is recorded.
        stopped (std_msgs/Bool): whether the robot's stop is on.
    Publishes:
        consent (std_msgs/Bool): Y (true) or N (false) was pressed while a question was shown.
    Calls:
        stop (std_srvs/SetBool): true when Esc is pressed, false when Space is.
    Keys: Esc stops the robot, Space releases it, F changes between window and full screen, Q ends the node,
        Y and N answer a question.
    Parameters: see config/coach.yaml.
    """

    def __init__(self) -> None:
        texts = get_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        for label in rospy.get_param("own_exercises", {}):
            figures.figure(label, 0, 64, theme.TEXT)  # a picture that cannot be read is told now
        size = (
            get_parameter("~width", 1024, int, minimum=320, maximum=3840),
            get_parameter("~height", 600, int, minimum=240, maximum=2160),
        )
        full_screen = get_parameter("~fullscreen", False, bool)
        headless = get_parameter("~headless", False, bool)
        self._mirror = get_parameter("~mirror", True, bool)
        self._rate = get_parameter("~rate", 15.0, float, minimum=1.0, maximum=60.0)
        record = get_parameter("~record", "", str)
        compressed = get_parameter("~transport", "compressed", str, choices=("compressed", "raw")) == "compressed"
        self._topic = "camera/image/compressed" if compressed else "camera/image"
        picture_timeout = get_parameter("~picture_timeout", 2.0, float, minimum=0.2, maximum=60.0)

        self._lock = threading.Lock()
        self._clock = SteadyClock()
        self._texts = texts
        self._state = ScreenState(texts)
        self._counter: Optional[RepetitionCounter] = None
        self._pictures = PictureBuffer(stale=picture_timeout)
        self._decoder = PictureDecoder()
        self._shown: Optional[np.ndarray] = None
        self._shown_key: object = None
        self._running = True
        self._early: Optional[List[DisplayMessage]] = []
        self._early_end = time.monotonic() + 0.5  # s, for the connections to the other nodes
        self._window = window.Window(size, full_screen, headless)
        if self._window.problem:
            rospy.logwarn(
                "no screen can be used (%s); drawing without one. With ~headless this is no warning; to use a "
                "screen, start the node where DISPLAY names one with 16 bits of colour or more",
                self._window.problem,
            )
        self._renderer = Renderer(self._window.surface, texts)
        self._video = self._open_video(record, size)
        self._stop_switch = StopSwitch(self._on_motion)
        self._consent = rospy.Publisher("consent", Bool, queue_size=1)
        self._subscribers = [
            rospy.Subscriber("display_message", DisplayMessage, self._on_message, queue_size=20),
            rospy.Subscriber("action_class", ActionClass, self._on_action_class, queue_size=10),
            rospy.Subscriber("stgcn_prediction", Prediction, self._on_prediction, queue_size=10),
            rospy.Subscriber("prediction_so_far", PredictionSoFar, self._on_so_far, queue_size=10),
            rospy.Subscriber("movement", Movement, self._on_movement, queue_size=10),
            rospy.Subscriber("skeleton", Skeleton, self._on_skeleton, queue_size=5),
            rospy.Subscriber(
                "stopped", Bool, lambda message: self._stop_switch.robot_says(message.data), queue_size=10
            ),
            rospy.Subscriber(
                self._topic,
                CompressedImage if compressed else Image,
                self._on_picture,
                queue_size=1,
                buff_size=2**24,
            ),
        ]

    def _open_video(self, path: str, size: tuple) -> Optional[ScreenVideo]:
        if not path:
            return None
        try:
            video = ScreenVideo(path, size, self._rate, lambda problem: rospy.logerr("%s", problem))
        except RehabCoachError as error:
            rospy.logerr("%s. The screen works without the recording (~record)", error)
            return None
        rospy.loginfo("what the screen shows is being recorded to %s", video.path)
        return video

    def _now(self) -> float:
        """Seconds of the screen's own clock; under the lock."""
        return self._clock.follow(rospy.get_time())

    # Callbacks: they store, and draw nothing

    def _on_message(self, message: DisplayMessage) -> None:
        with self._lock:
            if self._early is not None:
                self._early.append(message)
            else:
                self._tell(message, self._now())

    def _tell(self, message: DisplayMessage, now: float) -> None:
        self._state.message(message.text, message.kind, message.seconds, message.round, now)

    def _sort_early_messages(self, now: float) -> None:
        """A screen that starts late gets the last message of each node in any order: tell them in theirs."""
        for message in sorted(self._early or (), key=lambda early: early.header.stamp):
            stamp = message.header.stamp.to_sec()
            self._tell(message, now - max(rospy.get_time() - stamp, 0.0) if stamp else now)
        self._early = None

    def _on_action_class(self, message: ActionClass) -> None:
        with self._lock:
            self._state.request(message.round, message.label)
            self._counter = RepetitionCounter(message.label)
            self._state.counting(0)

    def _on_prediction(self, message: Prediction) -> None:
        with self._lock:
            self._state.prediction(message.round, message.status, message.label, message.confidence)

    def _on_so_far(self, message: PredictionSoFar) -> None:
        shares = {label: p for label, p in zip(message.labels, message.probabilities) if label != UNKNOWN}
        with self._lock:
            self._state.so_far(message.round, message.label, shares)

    def _on_movement(self, message: Movement) -> None:
        if message.label:
            with self._lock:
                self._state.counted(message.round, len(message.repetitions))

    def _on_motion(self, motion: Motion) -> None:
        with self._lock:
            self._state.motion = motion

    def _on_picture(self, message: Union[CompressedImage, Image]) -> None:
        data = message.data
        if isinstance(message, Image):
            try:
                data = cv2.imencode(".bmp", to_picture(message))[1].tobytes()  # quick to write and to read
            except RehabCoachError as error:
                rospy.logwarn_throttle(10, "a picture is not shown: %s" % error)
                return
        with self._lock:
            self._pictures.add_picture(data, message.header.stamp.to_sec(), self._now())

    def _on_skeleton(self, message: Skeleton) -> None:
        try:
            layout = get_layout(message.layout)
        except ValueError as error:
            rospy.logwarn_throttle(10, "a skeleton is not drawn: %s" % error)
            return
        if len(message.key_points) % 3:
            rospy.logwarn_throttle(10, "a skeleton is not drawn: its key points are not triples of x, y, score")
            return
        skeleton = PictureSkeleton(
            np.array(message.key_points, np.float32).reshape(-1, 3),
            (message.width, message.height),
            message.header.stamp.to_sec(),
            layout,
        )
        with self._lock:
            self._pictures.add_skeleton(skeleton)
        self._count(skeleton)

    def _count(self, skeleton: PictureSkeleton) -> None:
        """Not under the lock: drawing does not wait for it."""
        with self._lock:
            counter = self._counter if self._state.recording else None
        if counter is None:
            return
        try:
            count: Optional[int] = counter.add(skeleton.stamp, skeleton.key_points, skeleton.layout)
        except Exception as error:  # pylint: disable=broad-except
            # The number is an extra: without it the screen shows the seconds.
            rospy.logerr("the repetitions are not counted any more: %s: %s", type(error).__name__, error)
            count = None
        with self._lock:
            if counter is self._counter:  # no new round has begun meanwhile
                self._state.counting(count)
                self._counter = None if count is None else counter

    # Main thread

    def spin(self) -> None:
        """Draw until the node is shut down, Q is pressed or the window is closed."""
        while self._running and not rospy.is_shutdown():
            for command in self._window.commands():
                self.obey(command)
            self.draw()
            self._window.wait(self._rate)

    def obey(self, command: str) -> None:
        """Do what a key asks for: one of the commands in :mod:`rehab_coach.display.window`."""
        if command == window.STOP:
            self._stop_switch.stop()
        elif command == window.RELEASE:
            self._stop_switch.release()
        elif command in (window.YES, window.NO):
            with self._lock:
                asked = self._state.view(self._now()).phase is Phase.QUESTION
            if asked:
                self._consent.publish(command == window.YES)
        elif command == window.QUIT:
            self._running = False
        elif command == window.FULL_SCREEN:
            problem = self._window.toggle_full_screen()
            self._renderer = Renderer(self._window.surface, self._texts)
            if problem:
                rospy.logwarn("full screen does not work here: %s", problem)

    def draw(self) -> None:
        """Bring the screen up to date."""
        with self._lock:
            now = self._now()
            if self._early is not None and time.monotonic() > self._early_end:
                self._sort_early_messages(now)
            view = self._state.view(now)
            had_pictures = self._pictures.has_pictures
        self._update_picture(self._renderer.picture_box(view), now)
        changed = self._renderer.draw(view, self._shown, now, had_pictures, self._shown_key)
        if changed:
            self._window.show(changed)
            if self._video is not None:
                self._video.show(self._window.surface)

    def _update_picture(self, box: tuple, now: float) -> None:
        """Decode the picture to show; one that cannot be decoded is skipped, and the one before stays."""
        with self._lock:
            picture, skeleton = self._pictures.select(now)
        if picture is None:
            self._shown, self._shown_key = None, None
            return
        key = (picture.stamp, picture.received, skeleton and skeleton.stamp, tuple(box))
        if key == self._shown_key:
            return
        decoded = self._decoder.decode(picture.data, box)
        if decoded is None:
            with self._lock:
                self._pictures.discard(picture)
            rospy.logwarn_throttle(
                10,
                "a picture on %s is skipped: it is empty or damaged, or no JPEG or PNG"
                % rospy.resolve_name(self._topic),
            )
            return
        self._shown, self._shown_key = compose(decoded, skeleton, self._mirror), key

    def close(self) -> None:
        """Finish the recording and close the window."""
        self._stop_switch.close()
        for subscriber in self._subscribers:
            subscriber.unregister()
        if self._video is not None and self._video.close():
            rospy.loginfo("what the screen showed is in %s", self._video.path)
        self._window.close()
