"""The node that publishes pictures: from a camera, from a video file in real time, from a directory."""

import contextlib
import time
from typing import Optional

import cv2
import numpy as np
import rospy
from sensor_msgs.msg import CompressedImage

from rehab_coach.errors import RehabCoachError
from rehab_coach.msg import DisplayMessage
from rehab_coach.ros.diagnostics import ERROR, OK, Diagnostics, State
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.texts import ENGLISH, languages, load_texts
from rehab_coach.video import VideoSource
from rehab_coach.webcam import camera_name, is_live, places, without_password


class Camera:
    """Publishes one source of pictures as JPEG, for as long as the node runs.

    A camera that is missing or unplugged is reported and opened again as soon as it is there. A file or
    directory that cannot be read ends the node.

    Publishes:
        camera/image/compressed (sensor_msgs/CompressedImage): stamped when the picture was taken, or, for a
            file, when its turn came.
        display_message (rehab_coach/DisplayMessage): kind problem while a camera gives no pictures.
        /diagnostics
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: no such file, not a video, an empty directory, a wrong parameter.
    """

    def __init__(self) -> None:
        self._name = get_parameter("~source", "0", str)
        self._loop = get_parameter("~loop", True, bool)
        self._rate = get_parameter("~rate", 30.0, float, minimum=0.1, maximum=120.0)
        self._frame_id = get_parameter("~frame_id", "camera", str)
        self._quality = get_parameter("~jpeg_quality", 85, int, minimum=1, maximum=100)
        self._size = (
            get_parameter("~width", 640, int, minimum=64, maximum=4096),
            get_parameter("~height", 480, int, minimum=64, maximum=4096),
        )
        self._retry = get_parameter("~retry_delay", 2.0, float, minimum=0.1, maximum=60.0)
        self._texts = load_texts(get_parameter("~language", ENGLISH, str, choices=languages()))
        self._problem, self._reported = "", 0.0
        self._source: Optional[VideoSource] = None
        self._live = is_live(self._name)
        self._shown = ("camera " if self._live else "") + without_password(self._name)
        self._camera, self._failures = "", 0  # what the webcam calls itself; in a row
        if not self._live:
            self._source = VideoSource(self._name, rate=self._rate)
        self._pictures = rospy.Publisher("camera/image/compressed", CompressedImage, queue_size=2)
        self._messages = rospy.Publisher("display_message", DisplayMessage, queue_size=10)
        self._diagnostics = Diagnostics(self._shown)
        self._diagnostics.add("source", self._state)
        expected = self._source.rate if self._source else 15.0  # webcams slow down in dim rooms
        self._frequency = self._diagnostics.add_rate("pictures", 0.5 * expected, 120.0)

    def spin(self) -> None:
        """Publish until ROS shuts down, or until a file that is not looped is over."""
        while not rospy.is_shutdown():
            if self._live:
                self._play_camera()
            elif not self._play_file():
                return

    def _play_camera(self) -> None:
        """From opening the camera to losing it; a webcam that was there is looked for under other numbers, too."""
        try:
            found = places(self._name, self._camera)
            place = found[self._failures % len(found)]
            with VideoSource(place, size=self._size) as source:
                self._failures, self._camera = 0, camera_name(place) or self._camera
                for picture, _ in source.read():
                    self._publish(picture, rospy.Time.now())
                    if self._problem:
                        rospy.loginfo("%s gives pictures again", self._shown)
                        self._problem = ""
                    if rospy.is_shutdown():
                        return
            problem = "%s gives no more pictures: unplugged? Plug it in again" % self._shown
        except RehabCoachError as error:
            problem = str(error)
            self._failures += 1
        self._report(problem)
        self._sleep(self._retry)

    def _play_file(self) -> bool:
        """Play the file or directory once, in real time.

        Returns:
            Whether to go on with the next loop.

        Raises:
            RehabCoachError: the file holds no picture.
        """
        assert self._source is not None
        started = rospy.Time.now()
        period = 1.0 / (self._source.rate or self._rate)
        published = skipped = 0
        for picture, stamp in self._source.read():
            if rospy.is_shutdown():
                return False
            late = (rospy.Time.now() - started).to_sec() - stamp
            if not -1.0 - period < late < 5.0:  # the clock was set, as at the start of a simulation
                started = rospy.Time.now() - rospy.Duration(stamp)
            elif late < 0.0:
                self._sleep(-late)
            elif late > period and skipped < 5:  # too slow a machine shows fewer pictures, not slower ones
                skipped += 1
                continue
            skipped = 0
            self._publish(picture, rospy.Time.now())
            published += 1
        if not published:
            raise RehabCoachError("%s holds no picture that can be read" % self._name)
        self._sleep(stamp + period - (rospy.Time.now() - started).to_sec())
        if not self._loop:
            rospy.loginfo("%s is over", self._name)
        return self._loop

    @staticmethod
    def _sleep(seconds: float) -> None:
        with contextlib.suppress(rospy.ROSTimeMovedBackwardsException):
            rospy.sleep(max(0.0, seconds))

    def _publish(self, picture: np.ndarray, stamp: rospy.Time) -> None:
        height, width = picture.shape[:2]
        scale = min(self._size[0] / width, self._size[1] / height, 1.0)
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        message = CompressedImage(format="jpeg")
        message.header.stamp = stamp
        message.header.frame_id = self._frame_id
        message.data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1].tobytes()
        self._pictures.publish(message)
        self._frequency.tick()

    def _report(self, problem: str) -> None:
        """Say it at once and then again every ten seconds: other messages must have their turn."""
        now = time.monotonic()
        if problem == self._problem and now - self._reported < 10.0:
            return
        self._problem, self._reported = problem, now
        rospy.logerr("%s", problem)
        message = DisplayMessage(text=self._texts("no_picture"), kind=DisplayMessage.PROBLEM, seconds=5.0)
        message.header.stamp = rospy.Time.now()
        self._messages.publish(message)

    def _state(self) -> State:
        if self._problem:
            return ERROR, self._problem, {"source": self._shown}
        return OK, "pictures from " + self._shown, {"source": self._shown}

    def close(self) -> None:
        """Give the file back."""
        self._diagnostics.close()
        if self._source is not None:
            self._source.close()
