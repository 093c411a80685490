"""A TurtleBot 3 Waffle that is not there: for the demo and the tests, on the topics of the real one."""

import math
import threading
from typing import Any, Callable

import numpy as np
import rospy
import tf2_ros
from geometry_msgs.msg import Quaternion, TransformStamped, Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from rehab_coach.robot.velocity import STILL, Velocity, VelocityLimits
from rehab_coach.ros.node import is_ending
from rehab_coach.ros.parameters import get_parameter
from rehab_coach.simulation.turtlebot import Laser, Place, driven, floor_plan


class FakeTurtlebot:
    """Drives by velocity commands in a room with four walls and a person.

    Publishes:
        odom (nav_msgs/Odometry), and on tf odom -> base_footprint: 30 Hz, as the robot does.
        scan (sensor_msgs/LaserScan): 5 Hz, 360 rays, of the room's walls and the person.
        tf_static: base_footprint -> base_scan
    Subscribes:
        cmd_vel (geometry_msgs/Twist): clamped to the Waffle's 0.26 m/s and 1.82 rad/s.
    Parameters: see config/coach.yaml.

    Raises:
        RehabCoachError: a wrong parameter.
    """

    def __init__(self) -> None:
        walls = get_parameter("~walls", [-1.5, 5.4, -2.0, 2.0], list, minimum=-100.0, maximum=100.0)
        patient = get_parameter("~patient", [3.2, 0.0], list, minimum=-100.0, maximum=100.0)
        self._plan = floor_plan(
            walls, patient, get_parameter("~patient_radius", 0.25, float, minimum=0.01, maximum=2.0)
        )
        self._timeout = get_parameter("~command_timeout", 0.5, float, minimum=0.05, maximum=10.0)
        self._laser = Laser(noise=get_parameter("~laser_noise", 0.01, float, minimum=0.0, maximum=1.0))
        self._rng = np.random.default_rng(get_parameter("~seed", 0, int, minimum=0))
        self._place, self._velocity = Place(), STILL
        self._limits = VelocityLimits()
        self._lock = threading.Lock()
        self._commanded = self._moved = rospy.Time.now()
        self._odometry = rospy.Publisher("odom", Odometry, queue_size=10)
        self._scans = rospy.Publisher("scan", LaserScan, queue_size=5)
        self._transforms = tf2_ros.TransformBroadcaster()
        self._fixed = tf2_ros.StaticTransformBroadcaster()
        self._fixed.sendTransform(
            _transform(self._moved, "base_footprint", "base_scan", self._laser.x, 0.0, 0.132, 0.0)
        )
        self._commands = rospy.Subscriber("cmd_vel", Twist, self._on_command, queue_size=10)
        self._timers = [
            rospy.Timer(rospy.Duration(1 / 30), self._move, reset=True),
            rospy.Timer(rospy.Duration(1 / 5), self._scan, reset=True),
        ]

    def _on_command(self, message: Twist) -> None:
        with self._lock:
            self._advance(rospy.Time.now())
            self._velocity = self._limits.clamp(Velocity(message.linear.x, message.angular.z))
            self._commanded = self._moved

    def _advance(self, now: rospy.Time) -> None:
        """Drive until now; without a command for too long the robot has stood still since."""
        if now < self._moved:  # the clock was set back
            self._velocity, self._moved, self._commanded = STILL, now, now
        until = min(now, self._commanded + rospy.Duration(self._timeout))
        self._place = driven(self._place, self._velocity, max((until - self._moved).to_sec(), 0.0))
        if until < now:
            self._velocity = STILL
        self._moved = now

    def _move(self, _event) -> None:
        with self._lock:
            self._advance(rospy.Time.now())
            stamp, place, velocity = self._moved, self._place, self._velocity
        message = Odometry(child_frame_id="base_footprint")
        message.header.stamp, message.header.frame_id = stamp, "odom"
        message.pose.pose.position.x, message.pose.pose.position.y = place.x, place.y
        message.pose.pose.orientation = _quaternion(place.yaw)
        message.twist.twist.linear.x, message.twist.twist.angular.z = velocity.linear, velocity.angular
        _publish(self._odometry.publish, message)
        pose = _transform(stamp, "odom", "base_footprint", place.x, place.y, 0.0, place.yaw)
        _publish(self._transforms.sendTransform, pose)

    def _scan(self, _event) -> None:
        with self._lock:
            self._advance(rospy.Time.now())
            stamp, place = self._moved, self._place
        message = LaserScan(angle_min=0.0, angle_max=2 * math.pi * (1 - 1 / self._laser.rays))
        message.header.stamp, message.header.frame_id = stamp, "base_scan"
        message.angle_increment, message.scan_time = 2 * math.pi / self._laser.rays, 1 / 5
        message.range_min, message.range_max = self._laser.nearest, self._laser.farthest
        message.ranges = self._laser.scan(place, self._plan, self._rng)
        _publish(self._scans.publish, message)

    def close(self) -> None:
        """Stop the timers: nothing is published during shutdown."""
        for timer in self._timers:
            timer.shutdown()


def _publish(publish: Callable[[Any], None], message: Any) -> None:
    try:
        publish(message)
    except rospy.ROSException:  # the node ends, and the topic is closed
        if not is_ending():
            raise


def _quaternion(yaw: float) -> Quaternion:
    return Quaternion(z=math.sin(yaw / 2), w=math.cos(yaw / 2))


def _transform(
    stamp: rospy.Time, parent: str, child: str, x: float, y: float, z: float, yaw: float
) -> TransformStamped:
    transform = TransformStamped(child_frame_id=child)
    transform.header.stamp, transform.header.frame_id = stamp, parent
    translation = transform.transform.translation
    translation.x, translation.y, translation.z = x, y, z
    transform.transform.rotation = _quaternion(yaw)
    return transform
